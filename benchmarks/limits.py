"""The limit: what an update and a synaptic event of each model cost, against what this machine can do.

A time is that of compiled code alone: the function of a model that a protocol calls is replaced by one that calls it
and adds up processor time. Costs that share a function are told apart by a second run, without the one in question.

A limit is the largest of these times: to read and write the bytes of state and record once, in an array as large as
they are together; to reach random places of that array, which need not wait for each other, since they are known ahead;
to do the arithmetic, without fused multiply-add (it would change results). Operations are counted in the text of the
compiled functions, each once, whatever branches are taken. Where each result needs the one before, the chain of
operations between them is a limit of its own.
"""

import ast
import importlib
import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np

from benchmarks import measuring, network_growth
from benchmarks.limit_rows import ROWS, Done, Row
from replasticity.definitions import experiments
from replasticity.equations.dopamine_stdp import SYNAPSE
from replasticity.numerics import philox
from replasticity.study import protocols

#: Sizes of memory that the report shows.
SIZES = {"16 kB": 2**14, "256 kB": 2**18, "1 MB": 2**20, "4 MB": 2**22, "256 MB": 2**28}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Pow)


# What the machine can do ------------------------------------------------------------------------------


@numba.njit
def _change_all(values, rounds):
    for _ in range(rounds):
        for i in range(len(values)):
            values[i] += 1.0
    return values[0]


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
def _exponential_chain(value, rounds):
    for _ in range(rounds):
        value = np.exp(value) - 1.0
    return value


# A test for division by zero would keep it out of vectors.
@numba.njit(error_model="numpy")
def _divide(values, dividend, rounds):
    for _ in range(rounds):
        for i in range(len(values)):
            values[i] = dividend / values[i]
    return values[0]


@numba.njit
def _fold(word):
    high, low = philox.multiply(word, philox.M0)
    return high ^ low


@numba.njit
def _integer_products(word, rounds):
    # Eight that do not wait for each other, all in registers.
    a, b, c, d = word, word + word, ~word, word << word
    e, f, g, h = ~a ^ b, ~b ^ c, ~c ^ d, a ^ d
    for _ in range(rounds):
        a, b, c, d = _fold(a), _fold(b), _fold(c), _fold(d)
        e, f, g, h = _fold(e), _fold(f), _fold(g), _fold(h)
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h


def shortest_s(function: Callable[..., Any], *arguments: Any) -> float:
    """Return the shortest processor time of five calls, after one that compiles [s]."""
    function(*arguments)
    times = []
    for _ in range(5):
        begin = time.process_time()
        function(*arguments)
        times.append(time.process_time() - begin)
    return min(times)


def memory(size: int) -> dict[str, float]:
    """Measure an array of so many bytes.

    Parameters
    ----------
    size : int
        Bytes; fewer than 4 kB are measured as 4 kB.

    Returns
    -------
    dict of str to float
        ``GB_per_s``, each read and written in place, which is faster than a copy to another place; ``dependent_ns`` and
        ``independent_ns`` of an access to a random place.
    """
    size = max(size, 2**12)
    values, rounds = np.ones(size // 8), max(1, 2**26 // size)
    dependent_ns, independent_ns = network_growth.random_access_ns(size // SYNAPSE.itemsize)
    return {
        "GB_per_s": size * rounds / shortest_s(_change_all, values, rounds) / 1e9,
        "dependent_ns": dependent_ns,
        "independent_ns": independent_ns,
    }


def machine() -> dict[str, Any]:
    """Measure some sizes of memory, and the rates of operations."""
    rounds = 20_000
    values = np.ones(640)
    return {
        "memory": {name: memory(size) for name, size in SIZES.items()},
        "operations_per_ns": 2 * len(values) * rounds / shortest_s(_multiply_add, values, 0.999, 0.001, rounds) / 1e9,
        "division_ns": shortest_s(_divide, np.ones(640), 1.5, rounds // 10) / (rounds // 10) / 640 * 1e9,
        "dependent_operation_ns": shortest_s(_chain, 1.0, 0.9999999, 10**6) / 10**6 * 1e9,
        "exponential_ns": shortest_s(_exponentials, np.linspace(-1, 1, 1000), 200) / 200_000 * 1e9,
        "dependent_exponential_ns": shortest_s(_exponential_chain, 0.5, 10**5) / 10**5 * 1e9,
        "integer_product_ns": shortest_s(_integer_products, np.uint64(3), 10**5) / 10**5 / 8 * 1e9,
    }


# What the models need ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operations:
    """How many additions, subtractions, products and powers there are, how many divisions and exponentials."""

    simple: float = 0
    divisions: float = 0
    exponentials: float = 0

    def plus(self, other: "Operations", times: float = 1) -> "Operations":
        """Return these and so many times the others."""
        return Operations(
            self.simple + times * other.simple,
            self.divisions + times * other.divisions,
            self.exponentials + times * other.exponentials,
        )


def operations(function: Any) -> Operations:
    """Return the arithmetic that stands in the text of a compiled function.

    Parameters
    ----------
    function : callable
        Compiled or plain. Functions of this package that it calls are counted at each call; indices are not counted,
        nor what is constant.

    Returns
    -------
    Operations
        Each once, whatever branches are taken and loops repeat.
    """
    plain = getattr(function, "py_func", function)
    found = Operations()
    places = [ast.parse(inspect.getsource(plain))]
    while places:
        node: Any = places.pop()
        if isinstance(node, ast.Subscript):
            places.append(node.value)
            continue
        if isinstance(node, ast.BinOp) and _is_constant(node):
            continue
        if isinstance(node, (ast.BinOp, ast.AugAssign)):
            is_simple, is_division = isinstance(node.op, ARITHMETIC), isinstance(node.op, ast.Div)
            found = found.plus(Operations(simple=is_simple, divisions=is_division))
        if isinstance(node, ast.Call):
            called = _called(node.func, plain.__globals__)
            if getattr(called, "__name__", "") == "exp":
                found = found.plus(Operations(exponentials=1))
            elif getattr(called, "__module__", "").startswith("replasticity") and hasattr(called, "py_func"):
                found = found.plus(operations(called))
        places += ast.iter_child_nodes(node)
    return found


def _is_constant(node: ast.expr) -> bool:
    """Say whether a compiler works an expression out: it has numbers only."""
    return all(not isinstance(each, (ast.Name, ast.Call)) for each in ast.walk(node))


def _called(node: ast.expr, names: dict[str, Any]) -> Any:
    """Return the function that an expression such as ``rkf.node_2`` names, or None."""
    if isinstance(node, ast.Attribute):
        return getattr(_called(node.value, names), node.attr, None)
    return names.get(node.id) if isinstance(node, ast.Name) else None


def counted(functions: Mapping[str, float]) -> Operations:
    """Return the operations of several functions together, each as often as it is needed."""
    found = Operations()
    for path, times in functions.items():
        found = found.plus(operations(_attribute(path)[2]), times)
    return found


def _attribute(path: str) -> tuple[Any, str, Any]:
    """Return the module below ``replasticity``, the name in it, and what it names."""
    module_name, _, name = path.rpartition(".")
    module = importlib.import_module(f"replasticity.{module_name}")
    return module, name, getattr(module, name)


# Measuring --------------------------------------------------------------------------------------------


class Stopwatch:
    """Stands for a compiled function: calls it, adds up processor time [s] and keeps the arguments."""

    def __init__(self, function: Any):
        self._function = function
        self._signature = inspect.signature(function.py_func)
        self.seconds = 0.0
        self.calls: list[Any] = []

    def __call__(self, *arguments: Any) -> Any:
        """Call the function."""
        begin = time.process_time()
        returned = self._function(*arguments)
        self.seconds += time.process_time() - begin
        self.calls.append(SimpleNamespace(**self._signature.bind(*arguments).arguments))
        return returned


def timed_run(row: Row, changes: Mapping[str, Any]) -> tuple[float, Done]:
    """Draw and run an experiment, or call the function by itself, and return the time of the function alone [s]."""
    module, name, function = _attribute(row.timed)
    watch = Stopwatch(function)
    if row.arguments is not None:
        watch(*row.arguments())
        return watch.seconds, Done(None, watch.calls, {})
    resolved = experiments.resolve(row.experiment, "standard", dict(changes))
    protocol: Any = protocols.get(resolved.experiment.protocol)
    inputs = protocol.sample_inputs(resolved.parameters, 1)
    setattr(module, name, watch)
    try:
        result = protocol.simulate(resolved.parameters, inputs)
    finally:
        setattr(module, name, function)
    return watch.seconds, Done(resolved.parameters, watch.calls, result)


def measure_row(row: Row, repeats: int) -> dict[str, Any]:
    """Return what one of a row's events takes: the shortest time counts, which has been disturbed least."""
    runs = {"with": row.changes} | ({} if row.without is None else {"without": row.without})
    shortest = dict.fromkeys(runs, np.inf)
    counts = dict.fromkeys(runs, 0.0)
    size = 0
    # One more comes first, to compile and to fill caches.
    for repetition in range(repeats + 1):
        for kind, changes in runs.items():
            seconds, done = timed_run(row, changes)
            if repetition:
                shortest[kind] = min(shortest[kind], seconds)
            counts[kind] = row.count(done)
            if kind == "with":
                size = sum(array.nbytes for array in row.memory(done)) if row.memory else 0
    more_s = shortest["with"] - shortest.get("without", 0.0)
    count = counts["with"] - counts.get("without", 0.0)
    return {
        "ns": more_s / count * 1e9,
        "count": count,
        "bytes": size,
        "memory": memory(size),
        "operations": asdict(counted(row.functions)),
    }


def measure(options: Any) -> dict[str, Any]:
    """Measure the machine, then each row."""
    measured: dict[str, Any] = {"machine": machine(), "rows": {}}
    for row in ROWS:
        print(row.name, flush=True)
        measured["rows"][row.name] = measure_row(row, options.repeats)
    return measured


# The report -------------------------------------------------------------------------------------------


def limits_ns(row: Row, one: Mapping[str, Any], can: Mapping[str, Any]) -> dict[str, float]:
    """Return the times that one of a row's events cannot go below [ns].

    Parameters
    ----------
    row : Row
        What is needed.
    one : dict
        From `measure_row`.
    can : dict
        From `machine`.

    Returns
    -------
    dict of str to float
        ``moving``, ``accesses`` and ``arithmetic``; and ``chain``, NaN where there is none.
    """
    needed = Operations(**one["operations"])
    vectors_ns = (
        needed.simple / can["operations_per_ns"]
        + needed.divisions * can["division_ns"]
        + needed.exponentials * can["exponential_ns"]
    )
    chain_ns = np.nan
    if row.chain is not None:
        chain_ns = row.chain[0] * can["dependent_operation_ns"] + row.chain[1] * can["dependent_exponential_ns"]
    return {
        "moving": row.moved_bytes / one["memory"]["GB_per_s"],
        "accesses": row.accesses * one["memory"]["independent_ns"],
        # Integers have units of their own.
        "arithmetic": max(vectors_ns, row.integer_products * can["integer_product_ns"]),
        "chain": chain_ns,
    }


def report(measured: dict[str, Any]) -> str:
    """Return what the machine can do, and how far each model is from it."""
    can = measured["machine"]
    kinds = {
        "read and written in place [GB/s]": "GB_per_s",
        "random access that waits for the one before [ns]": "dependent_ns",
        "random access that waits for none [ns]": "independent_ns",
    }
    parts = [
        measuring.table(
            ["", *can["memory"]],
            [[label, *(measuring.number(one[key]) for one in can["memory"].values())] for label, key in kinds.items()],
        ),
        f"In vectors: {measuring.number(can['operations_per_ns'])} multiplications and additions per ns; one division "
        f"in {measuring.number(can['division_ns'])} ns. One by one: an exponential in "
        f"{measuring.number(can['exponential_ns'])} ns, a product of two 64-bit integers in "
        f"{measuring.number(can['integer_product_ns'])} ns. Each of the result before: a multiplication in "
        f"{measuring.number(can['dependent_operation_ns'])} ns, an exponential in "
        f"{measuring.number(can['dependent_exponential_ns'])} ns.",
        "Measured is the compiled code alone, the shortest of the repetitions. The limit is the largest of the next "
        "three columns: to read and write so many bytes, to reach random places that wait for none, to do the "
        "arithmetic (operations; div: divisions, exp: exponentials, int: integer products). The chain is the time of "
        "what one result needs of the one before.",
    ]
    rows = []
    # A new row is shown once it has been measured, by a machine that does nothing else.
    shown = [row for row in ROWS if row.name in measured["rows"]]
    for row in shown:
        one = measured["rows"][row.name]
        limits = limits_ns(row, one, can)
        limit_ns = max(limits["moving"], limits["accesses"], limits["arithmetic"])
        rows.append(
            [
                row.experiment,
                row.what,
                measuring.number(one["ns"]),
                f"{measuring.number(limits['moving'])} ({row.moved_bytes:.3g} B)",
                measuring.number(limits["accesses"]) if row.accesses else "",
                f"{measuring.number(limits['arithmetic'])} ({_operations(row, one)})" if limits["arithmetic"] else "",
                measuring.number(one["ns"] / limit_ns),
                measuring.number(limits["chain"]) if row.chain else "",
                measuring.number(one["ns"] / limits["chain"]) if row.chain else "",
            ]
        )
    head = ["experiment", "what", "measured [ns]", "memory [ns] (bytes)", "random access [ns]"]
    head += ["arithmetic [ns] (operations)", "times the limit", "chain [ns]", "times the chain"]
    reasons = [f"- `{row.experiment}`, {row.what}: {row.why}" for row in shown]
    return "\n\n".join([*parts, measuring.table(head, rows), "\n".join(reasons)])


def _operations(row: Row, one: Mapping[str, Any]) -> str:
    """Return the numbers of operations, such as "21, 2 div, 3 exp"."""
    numbers = zip((*one["operations"].values(), row.integer_products), ("", " div", " exp", " int"), strict=True)
    return ", ".join(f"{number:.3g}{unit}" for number, unit in numbers if number)
