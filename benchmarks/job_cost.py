"""Measure what one warm simulate job costs, part by part: python benchmarks/job_cost.py [EXPERIMENT] [--repeats N].

Each repetition is a fresh process. The parts are measured inside it; "whole job" is the command line
itself, measured from outside. Medians over the repetitions, after one that is not counted.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PARTS = """
import gc, json, sys, time
gc.set_threshold(100_000)
started, name, output = float(sys.argv[1]), sys.argv[2], sys.argv[3]
parts = {"interpreter start": time.time() - started}
mark = time.perf_counter()

def part(label):
    global mark
    now = time.perf_counter()
    parts[label] = now - mark
    mark = now

from pathlib import Path
from replasticity import cli, configuration, datasets, experiments, project, protocols, provenance, simulation
part("imports (xarray, netCDF, pydantic)")
resolved = experiments.resolve(name, "standard")
provenance.simulation_digest(resolved.experiment.protocol)
part("reading and checking the experiment")
import numba
part("import of numba")
protocol = protocols.get(resolved.experiment.protocol)
inputs = protocol.draw(resolved.parameters, 1)
part("draw")
protocol.run(resolved.parameters, inputs)
first = time.perf_counter() - mark
mark = time.perf_counter()
protocol.run(resolved.parameters, inputs)
part("run")
parts["numba load"] = first - parts["run"]
mark = time.perf_counter()
datasets.write(simulation.simulate(resolved, 1), Path(output))
part("write")
parts["write"] -= parts["draw"] + parts["run"]
print(json.dumps(parts))
"""


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", nargs="?", default="zenke2015")
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    measured: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "run.nc")
        for repetition in range(options.repeats + 1):
            command = [sys.executable, "-c", PARTS, str(time.time()), options.experiment, output]
            parts = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            begin = time.perf_counter()
            command = [sys.executable, "-m", "replasticity", "simulate", options.experiment, "-o", output]
            subprocess.run([*command, "--scale", "standard"], check=True)
            parts["whole job"] = time.perf_counter() - begin
            parts["exit of the interpreter, rest"] = parts["whole job"] - sum(list(parts.values())[:-1])
            for label, seconds in parts.items() if repetition else ():
                measured.setdefault(label, []).append(seconds)
    print(f"| part of one `{options.experiment}` job | seconds |\n| --- | --- |")
    for label, seconds in measured.items():
        print(f"| {label} | {statistics.median(seconds):.3f} |")


if __name__ == "__main__":
    main()
