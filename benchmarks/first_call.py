"""The first call: compiling all kernels into an empty cache on two cores, and loading them in a later process."""

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks import measuring
from replasticity.definitions import experiments
from replasticity.pipeline import provenance
from replasticity.study import protocols

CORES = 2


def measure(options: Any) -> dict[str, Any]:
    """Compile the kernels of every protocol, two at a time, as the workflow does; then load each once more."""
    together = sorted({provenance.compiled_together(protocol) for protocol in protocols.names()})
    shortest = {experiments.load(name).protocol: name for name in reversed(experiments.names())}
    with tempfile.TemporaryDirectory() as temporary:
        environment = {"NUMBA_CACHE_DIR": temporary}

        def compile_one(of_protocols: tuple[str, ...]) -> float:
            output = f"{temporary}/{of_protocols[0]}.json"
            return measuring.replasticity("compile", of_protocols[0], "-o", output, environment=environment).wall_s

        begin = time.perf_counter()
        with ThreadPoolExecutor(CORES) as pool:
            compiled = list(zip(together, pool.map(compile_one, together), strict=True))
        all_s = time.perf_counter() - begin
        loaded: dict[str, list[float]] = {}
        sources = {"PYTHONPATH": str(measuring.ROOT / "src")}
        for protocol, name in shortest.items():
            # In a short run, so that the difference between two of them is not lost in their own scatter.
            shorter = experiments.resolve_shortest(name, experiments.load(name)).changes
            assignments = [f"{key}={json.dumps(value)}" for key, value in shorter.items()]
            command = [sys.executable, measuring.HERE / "one_run.py", name, 'scale="quick"', *assignments]
            for _ in range(options.repeats):
                phases = measuring.run(command, environment=environment | sources).last_json()
                first, later = (phases[f"{which}run"] for which in ("first_", ""))
                loaded.setdefault(protocol, []).append(max(0.0, first - later))
    return {"all_s": all_s, "compiled_s": compiled, "loaded_s": loaded}


def report(measured: dict[str, Any]) -> str:
    """Return the total, and a table of protocols."""
    compiled_rows = [
        [", ".join(f"`{name}`" for name in together), measuring.number(seconds)]
        for together, seconds in measured["compiled_s"]
    ]
    loaded_rows = [[f"`{name}`", measuring.spread(seconds)] for name, seconds in measured["loaded_s"].items()]
    longest = max(map(measuring.median, measured["loaded_s"].values()))
    return "\n\n".join(
        [
            f"All protocols, cold, {CORES} at a time: {measuring.number(measured['all_s'])} s "
            f"(aim: 60 s, {measuring.verdict(measured['all_s'] < 60)}). Each job compiles by simulating a short "
            f"version of each of its experiments, which is counted too. Protocols with the same kernels share a job.",
            measuring.table(["protocols", "compile job [s]"], compiled_rows),
            f"Slowest load by a later process: {measuring.number(longest)} s "
            f"(aim: 0.3 s, {measuring.verdict(longest < 0.3)}).",
            measuring.table(["protocol", "load [s]"], loaded_rows),
        ]
    )
