"""Growth: time and memory against duration, seeds and neurons, with fitted exponents."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import measuring

#: Experiment -> how its duration is set -> durations [s].
DURATIONS: dict[str, tuple[str, float, tuple[int, ...]]] = {
    "izhikevich2007": ("duration_s", 1.0, (10, 60, 600, 3600)),
    "clopath2010": ("duration_ms", 1000.0, (10, 100, 1000)),
    "zenke2015_paper": ("epoch_ms", 200.0, (50, 300, 3600)),
}
#: The seeds are simulated and gathered by the commands that the workflow calls.
SEEDS = (1, 10, 100, 1000, 10_000)
SEEDS_EXPERIMENT = "zenke2015"
#: Neurons of the cue network; each keeps its number of incoming synapses.
NEURONS = (1000, 10_000, 100_000)
NEURONS_EXPERIMENT = "izhikevich2007_cue"
HIGHEST_EXPONENT = 1.1


def measure(options: Any) -> dict[str, Any]:
    """Measure all curves; their time is that of a warm pass."""
    return {
        "duration": {name: _over_duration(name) for name in DURATIONS},
        "seeds": _over_seeds([count for count in SEEDS if count <= options.most_seeds]),
        "neurons": _over_neurons(),
        "dense": _dense_networks(),
    }


def _over_duration(experiment: str) -> dict[str, list[float]]:
    """Return run time [s] and peak memory [MB] for each duration."""
    key, factor, durations_s = DURATIONS[experiment]
    curve: dict[str, list[float]] = {"size": list(durations_s), "seconds": [], "MB": []}
    for duration_s in durations_s:
        print(f"{experiment} for {duration_s} s", flush=True)
        value = duration_s * factor
        changes = [f"{key}={int(value) if key == 'duration_s' else value}"]
        if key == "epoch_ms":
            # Five epochs, and the pairing in the middle of each.
            for side, lag_ms in (("pre", 0.0), ("post", 1.0)):
                times = [value * (epoch + 0.5) + lag_ms for epoch in range(5)]
                changes.append(f"{side}_times_ms={times}")
        _add_run(curve, experiment, changes)
    return curve


def _add_run(curve: dict[str, list[float]], experiment: str, changes: list[str]) -> None:
    """Add time of draw and run [s] and peak memory [MB] of a process of its own to a curve."""
    command = [sys.executable, measuring.HERE / "one_run.py", experiment, *changes]
    phases = measuring.run(command, environment={"PYTHONPATH": str(measuring.ROOT / "src")}).last_json()
    curve["seconds"].append(phases["draw"] + phases["run"])
    curve["MB"].append(phases["peak_MB"])


def _over_seeds(counts: list[int]) -> dict[str, list[float]]:
    """Return time [s] and peak memory [MB] of simulating and gathering so many seeds."""
    curve: dict[str, list[float]] = {"size": list(counts), "seconds": [], "MB": []}
    for count in counts:
        print(f"{SEEDS_EXPERIMENT} with {count} seeds", flush=True)
        # Results go into a copy of the project; machine code comes from the cache of this one.
        warm = {"NUMBA_CACHE_DIR": str(measuring.ROOT / ".cache" / "numba")}
        with tempfile.TemporaryDirectory() as temporary:
            folder = measuring.copy_of_project(Path(temporary))
            seeds = ["--scale", "standard", "--seeds", f"1-{count}"]
            done = [
                measuring.replasticity(command, SEEDS_EXPERIMENT, *seeds, folder=folder, environment=warm)
                for command in ("simulate", "aggregate")
            ]
        curve["seconds"].append(sum(process.wall_s for process in done))
        curve["MB"].append(max(process.peak_MB for process in done))
    return curve


def _over_neurons() -> dict[str, list[float]]:
    """Return run time [s] and peak memory [MB] for each number of neurons."""
    curve: dict[str, list[float]] = {"size": list(NEURONS), "seconds": [], "MB": []}
    for neurons in NEURONS:
        print(f"{NEURONS_EXPERIMENT} with {neurons} neurons", flush=True)
        changes = [f"exc_count={neurons * 4 // 5}", f"inh_count={neurons // 5}"]
        _add_run(curve, NEURONS_EXPERIMENT, changes)
    return curve


def _dense_networks() -> str:
    """Return the table of the cue network whose synapses grow with the square of its neurons."""
    print("cue network with a tenth of all connections", flush=True)
    command = [sys.executable, measuring.HERE / "network_growth.py", "--repeats", "3"]
    return measuring.run(command, environment={"PYTHONPATH": str(measuring.ROOT / "src")}).output.strip()


def report(measured: dict[str, Any]) -> str:
    """Return one table of exponents with the curves, and that of the network."""
    rows = []
    curves = {f"duration of `{name}` [s]": curve for name, curve in measured["duration"].items()}
    curves[f"seeds of `{SEEDS_EXPERIMENT}`, simulated and gathered"] = measured["seeds"]
    curves[f"neurons of `{NEURONS_EXPERIMENT}`, 100 synapses onto each"] = measured["neurons"]
    for label, curve in curves.items():
        for quantity, unit in (("seconds", "s"), ("MB", "MB")):
            points = zip(curve["size"], curve[quantity], strict=True)
            exponent = measuring.growth_exponent(curve["size"], curve[quantity])
            steepest = measuring.steepest_exponent(curve["size"], curve[quantity])
            rows.append(
                [
                    label,
                    "time" if unit == "s" else "memory",
                    "; ".join(f"{size:,}: {measuring.number(value)} {unit}" for size, value in points),
                    f"{exponent:.2f}, {measuring.verdict(exponent <= HIGHEST_EXPONENT)}",
                    f"{steepest:.2f}",
                ]
            )
    head = ["against", "of", "measured", f"exponent (aim: at most {HIGHEST_EXPONENT})", "steepest between neighbours"]
    return "\n\n".join(
        [
            measuring.table(head, rows),
            "The same network with a tenth of all connections, so that the synapses grow with the square of the "
            "neurons (`python benchmarks/network_growth.py`):",
            measured["dense"],
        ]
    )
