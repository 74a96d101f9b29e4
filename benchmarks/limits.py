"""The limit: what an update and a synaptic event cost, against what this machine can do.

A limit is the larger of two times: to copy the bytes of the state through the cache in which it lies, and to do the
floating-point operations at the highest rate measured here, without fused multiply-add (it would change results).
The operations are counted in the text of the compiled functions, each once, whatever branches are taken. An event
cannot cost less than one access to a random place of an array as large as the synapses.
"""

import ast
import importlib
import inspect
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from benchmarks import measuring
from replasticity import experiments, protocols

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


@dataclass(frozen=True)
class Model:
    """One model, and how its two costs are told apart: by a run without events.

    Attributes
    ----------
    experiment, label : str
        Ours, and what is updated.
    quiet : dict
        Parameters without events.
    updates : callable
        Parameters -> how many there are.
    events : callable, optional
        Parameters and inputs -> how many there are, where they can be told apart.
    update_functions, event_functions : tuple of str
        Compiled functions of one update and of one event, as ``module.function`` below ``replasticity``.
    state_bytes : int
        Bytes of the state of one update.
    synapses : callable
        Parameters -> number of synapses.
    synapse_bytes : int
        Bytes of one synapse.
    why : str
        Where the time goes.
    """

    experiment: str
    label: str
    quiet: dict[str, Any]
    updates: Callable[[Any], float]
    events: Callable[[Any, Any], float] | None
    update_functions: tuple[str, ...]
    event_functions: tuple[str, ...]
    state_bytes: int
    synapses: Callable[[Any], int]
    synapse_bytes: int
    why: str


def _steps(p: Any) -> int:
    return round(p.duration_ms / p.dt_ms)


def _presentations(p: Any) -> int:
    return int(p.presentations_before + p.presentations_learning + p.presentations_after)


MODELS = (
    Model(
        experiment="zenke2015",
        label="step of the factor H",
        quiet={"rates_Hz": [0.0] * 5},
        updates=lambda p: len(p.rates_Hz) * p.epoch_ms / p.dt_ms,
        events=lambda p, inputs: int(inputs["population_count"].sum()),
        update_functions=("kernels.homeostatic_stdp.decay_secretory_factor",),
        event_functions=("kernels.homeostatic_stdp.add_population_spikes",),
        state_bytes=8,
        synapses=lambda p: 1,
        synapse_bytes=32,
        why="Each step needs the result of the one before, and each spike is added by itself, as Brian2 rounds: "
        "a chain of dependent operations, and no vector of them.",
    ),
    Model(
        experiment="clopath2010",
        label="neuron and step",
        quiet={"profile_gain": 0.0},
        updates=lambda p: (p.exc_count + p.inh_count) * _steps(p),
        events=lambda p, inputs: len(inputs["input_spike_stamp"]) * (p.exc_count + p.inh_count),
        update_functions=("models.adaptive_exponential.advance",),
        event_functions=("models.clopath.transmit",),
        state_bytes=8 * 8,
        synapses=lambda p: p.input_count * (p.exc_count + p.inh_count),
        synapse_bytes=24,
        why="Thirteen neurons fill two vectors only in part; the solver divides, takes seven exponentials, and "
        "repeats near spikes. What more spikes cost the solver is counted with the events here.",
    ),
    Model(
        experiment="urbanczik2014",
        label="neuron and step",
        quiet={"input_rate_Hz": 0.0},
        updates=lambda p: _presentations(p) * p.pattern_ms / p.dt_ms,
        events=lambda p, inputs: len(inputs["pattern_spike_input"]) * _presentations(p),
        update_functions=(
            "kernels.urbanczik_senn.solve",
            "kernels.urbanczik_senn.spikes",
            "kernels.urbanczik_senn.prediction_error",
            "kernels.urbanczik_senn.add_error",
        ),
        event_functions=("kernels.urbanczik_senn.errors_since", "kernels.urbanczik_senn.weight_of"),
        state_bytes=8 * 6,
        synapses=lambda p: p.input_count,
        synapse_bytes=80,
        why="One neuron: six stages of the solver, each needing the one before, and single exponentials. "
        "The errors of each presentation are part of the run.",
    ),
    Model(
        experiment="izhikevich2007",
        label="neuron and step",
        quiet={"noise_amplitude_mV": 0.0},
        updates=lambda p: 1000.0 * p.duration_s * (p.exc_cells + p.inh_cells),
        events=None,
        update_functions=("kernels.distal_reward.move_cells",),
        event_functions=(),
        state_bytes=8 * 4,
        synapses=lambda p: p.exc_cells * p.synapses_per_cell,
        synapse_bytes=24,
        why="One random number for each millisecond is part of it, and every 10 ms the weights of all 80,000 plastic "
        "synapses.",
    ),
)


# What the machine can do ------------------------------------------------------------------------------


@numba.njit
def _copy(source, target, rounds):
    for _ in range(rounds):
        for i in range(len(source)):
            target[i] = source[i]
    return target[0]


@numba.njit
def _multiply_add(values, factor, summand, rounds):
    # Eight independent vectors: enough to keep the units busy while each waits for its own result.
    for start in range(0, len(values), 64):
        part = values[start : start + 64].copy()
        for _ in range(rounds):
            for i in range(64):
                part[i] = part[i] * factor + summand
        values[start : start + 64] = part
    return values[0]


@numba.njit
def _chain(value, factor, rounds):
    for _ in range(rounds):
        value = value * factor
    return value


@numba.njit
def _exponentials(values, rounds):
    total = 0.0
    for _ in range(rounds):
        for i in range(len(values)):
            total += np.exp(values[i])
    return total


@numba.njit
def _chase(following, steps):
    place = 0
    for _ in range(steps):
        place = following[place]
    return place


def shortest_s(function: Callable[..., Any], *arguments: Any) -> float:
    """Return the shortest processor time of five calls, after one that compiles [s]."""
    function(*arguments)
    times = []
    for _ in range(5):
        begin = time.process_time()
        function(*arguments)
        times.append(time.process_time() - begin)
    return min(times)


def machine() -> dict[str, Any]:
    """Measure copying in each level of the memory, the rate of operations, exponentials and random access."""
    copies, accesses = {}, {}
    generator = np.random.default_rng(1)
    for name, size in (("16 kB", 2**14), ("256 kB", 2**18), ("4 MB", 2**22), ("256 MB", 2**28)):
        # Source and target together are as large as the name says.
        source = np.ones(size // 16)
        rounds = max(1, 2**27 // size)
        copies[name] = size / 2 * rounds / shortest_s(_copy, source, np.zeros_like(source), rounds) / 1e9
        # One place per cache line, all of them in one random circle.
        order = generator.permutation(size // 64) * 8
        following = np.zeros(size // 8, np.int64)
        following[order] = np.roll(order, -1)
        steps = 500_000
        accesses[name] = shortest_s(_chase, following, steps) / steps * 1e9
    rounds = 20_000
    values = np.ones(640)
    return {
        "copy_GB_per_s": copies,
        "random_access_ns": accesses,
        "operations_per_ns": 2 * len(values) * rounds / shortest_s(_multiply_add, values, 0.999, 0.001, rounds) / 1e9,
        "dependent_operation_ns": shortest_s(_chain, 1.0, 0.9999999, 10**6) / 10**6 * 1e9,
        "exponential_ns": shortest_s(_exponentials, np.linspace(-1, 1, 1000), 200) / 200_000 * 1e9,
    }


def level(size: float, by_level: dict[str, float]) -> float:
    """Return the value of the smallest level of the memory that holds so many bytes."""
    bytes_of = {"kB": 2**10, "MB": 2**20}
    for name, value in by_level.items():
        count, unit = name.split()
        if size <= int(count) * bytes_of[unit]:
            return value
    return list(by_level.values())[-1]


# What the models need ---------------------------------------------------------------------------------


def operations(function: Any) -> tuple[int, int]:
    """Return how many arithmetic operations and exponentials stand in the text of a compiled function.

    Parameters
    ----------
    function : callable
        Compiled or plain. Functions of this package that it calls are counted at each call; indices are not counted.

    Returns
    -------
    tuple of (int, int)
        Operations, where a power counts as one, and calls of ``exp``.
    """
    plain = getattr(function, "py_func", function)
    tree = ast.parse(inspect.getsource(plain))
    counted = [0, 0]

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Subscript):
            visit(node.value)
            return
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ARITHMETIC):
            counted[0] += 1
        if isinstance(node, ast.Call):
            called = _called(node.func, plain.__globals__)
            if getattr(called, "__name__", "") == "exp":
                counted[1] += 1
            elif getattr(called, "__module__", "").startswith("replasticity") and hasattr(called, "py_func"):
                inner = operations(called)
                counted[0] += inner[0]
                counted[1] += inner[1]
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return counted[0], counted[1]


def _called(node: ast.expr, names: dict[str, Any]) -> Any:
    """Return the function that an expression such as ``rkf.node_2`` names, or None."""
    if isinstance(node, ast.Attribute):
        return getattr(_called(node.value, names), node.attr, None)
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _count(paths: tuple[str, ...]) -> tuple[int, int]:
    """Return the operations of several functions together."""
    totals = [0, 0]
    for path in paths:
        module, _, name = path.rpartition(".")
        one = operations(getattr(importlib.import_module(f"replasticity.{module}"), name))
        totals = [totals[0] + one[0], totals[1] + one[1]]
    return totals[0], totals[1]


def measure(options: Any) -> dict[str, Any]:
    """Measure the machine, then each model with and without events."""
    can = machine()
    models = {}
    for model in MODELS:
        scale = {"duration_s": 120} if model.experiment == "izhikevich2007" else {}
        parameters: Any = experiments.resolve(model.experiment, "standard", scale).parameters
        inputs = protocols.get(experiments.load(model.experiment).protocol).draw(parameters, 1)
        measured = measuring.alternate(
            {
                "standard": lambda model=model, scale=scale: _run_s(model.experiment, scale),
                "quiet": lambda model=model, scale=scale: _run_s(model.experiment, scale | model.quiet),
            },
            options.repeats,
        )
        standard_s, quiet_s = (statistics.median(measured[each]["run"]) for each in ("standard", "quiet"))
        updates, events = model.updates(parameters), model.events(parameters, inputs) if model.events else None
        models[model.experiment] = {
            "update_ns": quiet_s / updates * 1e9,
            "event_ns": (standard_s - quiet_s) / events * 1e9 if events else None,
            "update_operations": _count(model.update_functions),
            "event_operations": _count(model.event_functions),
            "synapses": model.synapses(parameters),
        }
    return {"machine": can, "models": models}


def _run_s(experiment: str, changes: dict[str, Any]) -> dict[str, float]:
    assignments = [f"{key}={json.dumps(value)}" for key, value in changes.items()]
    sources = {"PYTHONPATH": str(measuring.ROOT / "src")}
    command = [sys.executable, measuring.HERE / "one_run.py", experiment, *assignments]
    return {"run": measuring.run(command, environment=sources).last_json()["run"]}


def report(measured: dict[str, Any]) -> str:
    """Return what the machine can do, and how far each model is from it."""
    can = measured["machine"]
    head = ["", *can["copy_GB_per_s"]]
    rows = [
        ["copying [GB/s, read and written each]", *map(measuring.number, can["copy_GB_per_s"].values())],
        ["dependent random access [ns]", *map(measuring.number, can["random_access_ns"].values())],
    ]
    parts = [
        measuring.table(head, rows),
        f"Multiplications and additions in vectors: {measuring.number(can['operations_per_ns'])} per ns. One "
        f"multiplication after another: {measuring.number(can['dependent_operation_ns'])} ns. "
        f"One exponential: {measuring.number(can['exponential_ns'])} ns.",
    ]
    rows, reasons = [], []
    for model in MODELS:
        one = measured["models"][model.experiment]
        for label, key, size, copied in (
            (model.label, "update", model.state_bytes, True),
            ("synaptic event", "event", model.synapse_bytes, False),
        ):
            if one[f"{key}_ns"] is None:
                continue
            count, exponentials = one[f"{key}_operations"]
            arithmetic_ns = count / can["operations_per_ns"] + exponentials * can["exponential_ns"]
            if copied:
                memory_ns = size / can["copy_GB_per_s"]["16 kB"]
            else:
                memory_ns = level(one["synapses"] * size, can["random_access_ns"])
            one_by_one_ns = count * can["dependent_operation_ns"] + exponentials * can["exponential_ns"]
            limit_ns = max(arithmetic_ns, memory_ns)
            rows.append(
                [
                    model.experiment,
                    label,
                    measuring.number(one[f"{key}_ns"]),
                    measuring.number(memory_ns),
                    f"{measuring.number(arithmetic_ns)} ({count}, {exponentials} exp)",
                    measuring.number(one_by_one_ns),
                    measuring.number(one[f"{key}_ns"] / limit_ns),
                ]
            )
        reasons.append(f"- `{model.experiment}`: {model.why}")
    head = ["experiment", "what", "measured [ns]", "memory [ns]", "arithmetic in vectors [ns] (operations)"]
    head += ["one operation after another [ns]", "times the limit"]
    return "\n\n".join([*parts, measuring.table(head, rows), "\n".join(reasons)])
