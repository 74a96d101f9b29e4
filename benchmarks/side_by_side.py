"""Side by side with NEST and Brian2: the same experiments, one thread each, in one run on one machine.

The other simulators live in an environment of their own, made here from ``peers/requirements.txt``. They get our
parameters and, where both can be given the same inputs, ours: then the results must agree, and how well they
do is reported too.
"""

import json
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import measuring
from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.storage.contract import Arrays
from replasticity.studies.urbanczik2014 import peer as urbanczik_peer
from replasticity.study import protocols

DRIVERS = measuring.HERE / "peers"
ENVIRONMENT = measuring.ROOT / ".cache" / "peers"

#: Simulation of the cue network by NEST with the module that NESTML generates, when tests/peers/dopamine was
#: recorded [s]: another machine of the same kind. The module cannot be installed from a package.
CUE_NETWORK_RECORDED_S = 36.0


@dataclass(frozen=True)
class Peer:
    """Another simulator's run of one of our experiments.

    Attributes
    ----------
    experiment : str
        Ours.
    simulator, mode : str
        Which one, and how it is run if there is a choice.
    driver : str
        Its program in ``peers/``.
    drawn : tuple of str
        Inputs over time that the simulator draws by itself, as the published script does, or gets from us.
    aim_simulate, aim_process : float or None
        How many times faster we want to be: the simulation, and the whole process.
    """

    experiment: str
    simulator: str
    driver: str
    mode: str = ""
    drawn: tuple[str, ...] = ()
    aim_simulate: float | None = None
    aim_process: float | None = None

    def ways_of_input(self) -> tuple[bool, ...]:
        """Return whether it gets our inputs: both ways are measured where there is a choice and an aim."""
        if self.drawn and self.aim_simulate:
            return (False, True)
        return (not self.drawn,)

    @property
    def label(self) -> str:
        """How the tables call it."""
        return f"{self.simulator} ({self.mode})" if self.mode else self.simulator


_POPULATION = ("population_spike_step", "population_spike_cell")
_CHANNELS = ("input_spike_step", "input_spike_channel")
PEERS = (
    Peer("zenke2015", "Brian2", "brian2_homeostatic_stdp.py", "cpp_standalone", _POPULATION, 20, 10),
    Peer("zenke2015", "Brian2", "brian2_homeostatic_stdp.py", "runtime", _POPULATION),
    Peer("clopath2010", "NEST", "nest_clopath.py", "", _CHANNELS, 25, 5),
    Peer("urbanczik2014", "NEST", "nest_urbanczik.py", "", (), 60, 5),
    Peer("beats", "Brian2", "brian2_beats.py", "cpp_standalone", (), 50),
    Peer("beats", "Brian2", "brian2_beats.py", "runtime", (), 50),
)


def python() -> Path:
    """Return the interpreter of the peers' environment, which is made, or renewed after a change of its pins."""
    wanted = (DRIVERS / "requirements.txt").read_text()
    stamp = ENVIRONMENT / "installed.txt"
    interpreter = ENVIRONMENT / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"setting up NEST and Brian2 in {ENVIRONMENT} ...", flush=True)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        measuring.run([*pip, "-r", DRIVERS / "requirements.txt"])
        stamp.write_text(wanted)
    return interpreter


def resolve(peer: Peer) -> Resolved:
    """Return our experiment; single population spikes are kept where the peer may get them."""
    changes = {"record_trains": True} if peer.drawn == _POPULATION else {}
    return experiments.resolve(peer.experiment, "standard", changes)


def write_job(peer: Peer, seed: int, inputs_given: bool, code: Path, path: Path) -> None:
    """Write the job of a driver: parameters, our inputs without those that the peer is to draw, where to keep code."""
    resolved = resolve(peer)
    arrays = protocols.get(resolved.experiment.protocol).sample_inputs(resolved.parameters, seed)
    for name in () if inputs_given else peer.drawn:
        del arrays[name]
    np.savez(path, parameters=json.dumps(resolved.values), seed=seed, folder=str(code), **arrays)


def run_driver(peer: Peer, job: Path, output: Path) -> tuple[measuring.Process, dict[str, Any], Arrays]:
    """Return the cost of a driver's process, what it told, and its results."""
    mode = [peer.mode] if peer.mode else []
    process = measuring.run([python(), DRIVERS / peer.driver, job, output, *mode], output.parent)
    with np.load(output) as stored:
        results = {name: stored[name] for name in stored.files}
    return process, process.last_json(), results


# Do both simulate the same? ---------------------------------------------------------------------------


def deviation(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> float:
    """Return the largest absolute difference; infinite where the shapes differ."""
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.max(np.abs(ours - theirs), initial=0.0))


def unmatched(ours: list[npt.NDArray[Any]], theirs: list[npt.NDArray[Any]]) -> int:
    """Return how many events, given as arrays of their properties, are in one of two lists only."""
    mine, other = ({tuple(event) for event in zip(*side, strict=True)} for side in (ours, theirs))
    return len(mine ^ other)


def agreement(peer: Peer, inputs: Arrays, resolved: Resolved, theirs: Arrays) -> dict[str, float]:
    """Return how far our run on the peer's inputs is from the peer's results: quantity -> deviation.

    Parameters
    ----------
    peer : Peer
        Which one.
    inputs : dict of str to ndarray
        Our inputs, which the peer was given.
    resolved : Resolved
        Our experiment.
    theirs : dict of str to ndarray
        The driver's outputs.

    Returns
    -------
    dict of str to float
        Named with units; spikes are counted.
    """
    protocol = protocols.get(resolved.experiment.protocol)
    parameters: Any = resolved.parameters

    def steps(times_ms: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return np.rint(times_ms / parameters.dt_ms).astype(np.int64)

    if peer.experiment == "urbanczik2014":
        # Its escape noise cannot be given to NEST: our neuron is made to spike when NEST's did.
        forced = urbanczik_peer.forced(steps(theirs["soma_spike_time_ms"]), parameters)
        inputs = inputs | {"uniform": forced}
    ours = protocol.simulate(parameters, inputs)
    if peer.experiment == "zenke2015":
        return {
            "G [Hz]": deviation(ours["G_Hz"], theirs["G_Hz"]),
            "weight [nS]": deviation(ours["weight_nS"], theirs["weight_nS"]),
        }
    if peer.experiment == "clopath2010":
        times = np.concatenate([ours["exc_spike_time_ms"], ours["inh_spike_time_ms"]])
        neurons = np.concatenate([ours["exc_spike_index"], ours["inh_spike_index"] + parameters.exc_count])
        return {
            "spikes that differ": unmatched(
                [steps(times), neurons], [steps(theirs["spike_time_ms"]), theirs["spike_neuron"]]
            ),
            "weight [mV]": deviation(ours["exc_exc_weight_mV"], theirs["exc_exc_weight_mV"]),
        }
    if peer.experiment == "urbanczik2014":
        count = len(theirs["U_mV"])
        return {
            "spikes that differ": unmatched([steps(ours["soma_spike_time_ms"])], [steps(theirs["soma_spike_time_ms"])]),
            "weight [pA]": deviation(ours["weight_pA"], theirs["weight_pA"]),
            "potential U [mV]": deviation(ours["U_mV"][:count], theirs["U_mV"]),
        }
    sides = {
        side: [[source[f"{side}_spike_{part}"] for part in ("step", "cell")] for source in (ours, theirs)]
        for side in ("pre", "post")
    }
    return {
        "spikes that differ": sum(unmatched(*both) for both in sides.values()),
        "weight": deviation(ours["weight"], theirs["weight"]),
    }


# The part ---------------------------------------------------------------------------------------------


def measure(options: Any) -> dict[str, Any]:
    """Measure every peer beside our own run, in alternating order."""
    rows, versions = [], set()
    python()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for peer in PEERS:
            for inputs_given in peer.ways_of_input():
                print(f"{peer.experiment} beside {peer.label}, same inputs: {inputs_given}", flush=True)
                row = _measure_one(peer, inputs_given, folder, options.repeats)
                versions.add(row.pop("version"))
                rows.append(row)
    cue = measuring.alternate({"ours": lambda: _our_phases("izhikevich2007_cue")}, options.repeats)["ours"]
    # An hour is long against the loading of machine code, and against other disturbances: once is enough.
    hour = {quantity: [value] for quantity, value in _our_phases("izhikevich2007", "once=true").items()}
    alone = {"izhikevich2007_cue": cue, "izhikevich2007": hour}
    return {"versions": sorted(versions), "rows": rows, "alone": alone}


def _measure_one(peer: Peer, inputs_given: bool, folder: Path, repeats: int) -> dict[str, Any]:
    """Return first processes and repetitions of one peer and of ours, and how far the last results are apart."""
    job, output = folder / "job.npz", folder / "output.npz"
    simulate = ("simulate", peer.experiment, "--scale", "standard", "-o", str(folder / "ours.nc"))
    told: dict[str, Any] = {}

    def theirs() -> dict[str, float]:
        process, report, results = run_driver(peer, job, output)
        told.update(report, results=results)
        return {"simulate_s": report["seconds"]["simulate"], "process_s": process.wall_s, "peak_MB": process.peak_MB}

    def ours() -> dict[str, float]:
        phases = _our_phases(peer.experiment)
        process = measuring.replasticity(*simulate)
        # What the peer draws while it simulates we draw before: both are part of the simulation then.
        simulate_s = phases["run_s"] + (0.0 if inputs_given else phases["draw_s"])
        return {"simulate_s": simulate_s, "process_s": process.wall_s, "peak_MB": process.peak_MB}

    with tempfile.TemporaryDirectory() as empty:
        # The peer's machine code stays there from the first process to the last; ours has a cache of its own.
        write_job(peer, 1, inputs_given, Path(empty), job)
        first = {
            "ours": measuring.replasticity(*simulate, environment={"NUMBA_CACHE_DIR": f"{empty}/numba"}).wall_s,
            "theirs": theirs()["process_s"],
        }
        measured = measuring.alternate({"ours": ours, "theirs": theirs}, repeats)
    row: dict[str, Any] = {
        "experiment": peer.experiment,
        "peer": peer.label,
        "inputs_given": inputs_given,
        "aims": {"simulate_s": peer.aim_simulate, "process_s": peer.aim_process},
        "version": told["version"],
        "first_process_s": first,
        **measured,
    }
    if inputs_given:
        resolved = resolve(peer)
        inputs = protocols.get(resolved.experiment.protocol).sample_inputs(resolved.parameters, 1)
        row["agreement"] = agreement(peer, inputs, resolved, told["results"])
    return row


def _our_phases(experiment: str, *options: str) -> dict[str, float]:
    """Return draw and run of one warm seed [s], from a process of its own."""
    process = measuring.run(
        [sys.executable, measuring.HERE / "one_run.py", experiment, *options],
        environment={"PYTHONPATH": str(measuring.ROOT / "src")},
    )
    phases = process.last_json()
    return {"draw_s": phases["draw"], "run_s": phases["run"], "peak_MB": phases["peak_MB"]}


def report(measured: dict[str, Any]) -> str:
    """Return the tables: ratios with aims, agreement, and what is measured without a peer beside it."""
    ratios, costs, agreements = [], [], []
    for row in measured["rows"]:
        inputs = "the same" if row["inputs_given"] else "each its own"
        name = [f"`{row['experiment']}`", row["peer"], inputs]
        cells = []
        for quantity in ("simulate_s", "process_s", "peak_MB"):
            middle, low, high = measuring.ratio(row["theirs"][quantity], row["ours"][quantity])
            cell = f"{measuring.number(middle)} ({measuring.number(low)} to {measuring.number(high)})"
            aim = row["aims"].get(quantity)
            cells.append(f"{cell}; aim {aim}: {measuring.verdict(middle >= aim)}" if aim else cell)
        first = row["first_process_s"]
        ratios.append([*name, *cells, measuring.number(first["theirs"] / first["ours"])])
        for label in ("ours", "theirs"):
            values = [measuring.spread(row[label][quantity]) for quantity in ("simulate_s", "process_s", "peak_MB")]
            by = "replasticity" if label == "ours" else row["peer"]
            costs.append([name[0], by, inputs, *values, measuring.number(first[label])])
        if "agreement" in row:
            said = "; ".join(f"{quantity}: {value:.3g}" for quantity, value in row["agreement"].items())
            agreements.append([*name[:2], said])
    head = ["experiment", "beside", "inputs"]
    cue_s, hour_s = (
        measuring.median(each["run_s"]) + measuring.median(each["draw_s"]) for each in measured["alone"].values()
    )
    times = CUE_NETWORK_RECORDED_S / cue_s
    return "\n\n".join(
        [
            "How many times as much the other one needs (medians, and range over the pairs of repetitions). Where each "
            "draws its own inputs, drawing is part of both simulations; where both get the same, of neither. "
            "The simulation of Brian2's C++ program is the loop that it times itself, without files; ours is all of "
            "`run`, up to the finished dataset.",
            measuring.table([*head, "simulation", "whole process", "peak memory", "first process"], ratios),
            "The medians and ranges behind them:",
            measuring.table(
                ["experiment", "by", "inputs", "simulation [s]", "process [s]", "memory [MB]", "first process [s]"],
                costs,
            ),
            "Both simulate the same: largest deviations of all spikes, weights and traces when both have the same "
            "inputs (of the Urbanczik neuron: the same pattern and somatic spikes).",
            measuring.table(["experiment", "beside", "largest deviation"], agreements),
            f"The module that NESTML generates for the cue network cannot be installed from a package. It needed "
            f"{CUE_NETWORK_RECORDED_S:g} s for the 10 s network when the recordings of tests/peers/dopamine were made; "
            f"`izhikevich2007_cue` needs {measuring.number(cue_s)} s here, {measuring.number(times)} times less (aim: "
            f"100, {measuring.verdict(times >= 100)}; two machines, so no more than a rough figure). "
            f"One hour of `izhikevich2007` needs {measuring.number(hour_s)} s (aim: 30 s, "
            f"{measuring.verdict(hour_s < 30)}).",
            f"Versions: {', '.join(measured['versions'])}. Processes are warm, but for the first, which compiles (we "
            "and Brian2 do; measured once). Peak memory is the highest of a process and of its children.",
        ]
    )
