"""The first call: compiling all kernels into an empty cache on two cores, and loading them in a later process."""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks import measuring
from replasticity import experiments, protocols

CORES = 2


def measure(options: Any) -> dict[str, Any]:
    """Compile every protocol, two at a time, as the workflow does; then load each once more."""
    shortest = {experiments.load(name).protocol: name for name in reversed(experiments.names())}
    with tempfile.TemporaryDirectory() as temporary:
        environment = {"NUMBA_CACHE_DIR": temporary}

        def compile_one(protocol: str) -> float:
            output = f"{temporary}/{protocol}.json"
            return measuring.replasticity("compile", protocol, "-o", output, environment=environment).wall_s

        begin = time.perf_counter()
        with ThreadPoolExecutor(CORES) as pool:
            compiled = dict(zip(protocols.names(), pool.map(compile_one, protocols.names()), strict=True))
        all_s = time.perf_counter() - begin
        loaded: dict[str, list[float]] = {}
        sources = {"PYTHONPATH": str(measuring.ROOT / "src")}
        for protocol, name in shortest.items():
            command = [sys.executable, measuring.HERE / "one_run.py", name, 'scale="quick"']
            for _ in range(min(options.repeats, 3)):
                phases = measuring.run(command, environment=environment | sources).last_json()
                first, later = (phases[f"{which}run"] for which in ("first_", ""))
                loaded.setdefault(protocol, []).append(max(0.0, first - later))
    return {"all_s": all_s, "compiled_s": compiled, "loaded_s": loaded}


def report(measured: dict[str, Any]) -> str:
    """Return the total, and a table of protocols."""
    rows = [
        [f"`{name}`", measuring.number(seconds), measuring.spread(measured["loaded_s"][name])]
        for name, seconds in measured["compiled_s"].items()
    ]
    longest = max(max(seconds) for seconds in measured["loaded_s"].values())
    return "\n\n".join(
        [
            f"All protocols, cold, {CORES} at a time: {measuring.number(measured['all_s'])} s "
            f"(aim: 60 s, {measuring.verdict(measured['all_s'] < 60)}). Each job compiles by simulating the quick "
            f"version of each of its experiments, which is counted too. Slowest load by a later process: "
            f"{measuring.number(longest)} s (aim: 0.3 s, {measuring.verdict(longest < 0.3)}).",
            measuring.table(["protocol", "compile job [s]", "load in a later process [s]"], rows),
        ]
    )
