"""The pipeline's own cost: one warm job part by part, planning ten thousand jobs, and how busy the cores are.

Each repetition of the job is a fresh process. Its parts are measured inside it; "whole job" is the command line
itself, measured from outside. With ``--cold`` all figures of the scales named are made in a copy of the project with
empty caches, which takes many minutes.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import measuring
from replasticity.pipeline import costs

EXPERIMENT = "zenke2015"
PLANNED_SEEDS = 10_000
CORES = 2
#: All figures of a scale, from empty caches [s].
AIM_COLD_S = {"standard": 300, "full": 900}

PARTS = """
import json, sys, time
started, name, output = float(sys.argv[1]), sys.argv[2], sys.argv[3]
parts = {"interpreter start": time.time() - started}
mark = time.perf_counter()

def part(label):
    global mark
    now = time.perf_counter()
    parts[label] = now - mark
    mark = now

from pathlib import Path
# First, as in a job: it says how often to look for garbage, and which threads and plugins to do without.
import replasticity.__main__
import netCDF4
from replasticity import configuration, datasets, experiments, project, protocols, provenance, simulation
part("imports (numpy, netCDF, pydantic)")
resolved = experiments.resolve(name, "standard")
provenance.simulation_digest(resolved.experiment.protocol)
part("reading and checking the experiment")
import numba
part("import of numba")
protocol = protocols.get(resolved.experiment.protocol)
inputs = protocol.sample_inputs(resolved.parameters, 1)
part("draw")
protocol.simulate(resolved.parameters, inputs)
first = time.perf_counter() - mark
mark = time.perf_counter()
protocol.simulate(resolved.parameters, inputs)
part("run")
parts["numba load"] = first - parts["run"]
mark = time.perf_counter()
simulation.write_run(resolved, 1, Path(output))
part("write")
parts["write"] -= parts["draw"] + parts["run"]
print(json.dumps(parts))
"""


def measure(options: Any) -> dict[str, Any]:
    """Measure the parts of a job and the planning of many, and with ``--cold`` the whole pipeline."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = measuring.copy_of_project(Path(temporary))
        cold = {scale: _whole_pipeline(folder, scale) for scale in options.cold}
        output = str(folder / "run.nc")
        parts = measuring.alternate({"job": lambda: _job(output)}, options.repeats)["job"]
        seeds = f"seeds={{{EXPERIMENT}: {PLANNED_SEEDS}}}"
        plan = _snakemake(folder, "--dry-run", "--quiet", "--config", f"experiments=[{EXPERIMENT}]", seeds)
    return {"parts": parts, "plan_s": plan.wall_s, "plan_MB": plan.peak_MB, "cold": cold}


def _job(output: str) -> dict[str, float]:
    """Return the parts of one simulate job [s]."""
    sources = {"PYTHONPATH": str(measuring.ROOT / "src")}
    command = [sys.executable, "-c", PARTS, str(time.time()), EXPERIMENT, output]
    parts: dict[str, float] = measuring.run(command, environment=sources).last_json()
    whole_s = measuring.replasticity("simulate", EXPERIMENT, "--scale", "standard", "-o", output).wall_s
    rest_s = whole_s - sum(parts.values())
    return parts | {"exit of the interpreter, rest": rest_s, "whole job": whole_s}


def _snakemake(folder: Path, *arguments: str) -> measuring.Process:
    """Run Snakemake in a copy of the project, on its sources."""
    sources = {"PYTHONPATH": str(folder / "src")}
    return measuring.run([sys.executable, "-m", "snakemake", "--cores", str(CORES), *arguments], folder, sources)


def _whole_pipeline(folder: Path, scale: str) -> dict[str, float]:
    """Make every figure, without results and caches; return its time, and how busy the simulate jobs kept the cores."""
    for made in ("results", ".cache", ".snakemake"):
        shutil.rmtree(folder / made, ignore_errors=True)
    whole_s = _snakemake(folder, "--config", f"scale={scale}").wall_s
    jobs = list(costs.of_jobs(folder / "results" / "benchmarks"))
    return {"whole_s": whole_s, "rules": of_rules(jobs)} | utilisation(jobs)


def of_rules(jobs: list[costs.JobCost]) -> dict[str, tuple[int, float]]:
    """Return rule -> number of its jobs, and how long they took one after the other [s]; what takes longest first."""
    walls_s: dict[str, list[float]] = {}
    for job in jobs:
        walls_s.setdefault(job.rule, []).append(job.wall_s)
    return {rule: (len(each), sum(each)) for rule, each in sorted(walls_s.items(), key=lambda item: -sum(item[1]))}


def utilisation(jobs: list[costs.JobCost]) -> dict[str, float]:
    """Return how long the fan-out took [s], and the share of both cores' time in which a simulate job was running."""
    simulating = [(job.ended_s - job.wall_s, job.ended_s) for job in jobs if job.rule == "simulate"]
    phase_s = max(end for _, end in simulating) - min(start for start, _ in simulating)
    return {"fan_out_s": phase_s, "share_running": sum(end - start for start, end in simulating) / (CORES * phase_s)}


def report(measured: dict[str, Any]) -> str:
    """Return the table of parts, and the rest in words."""
    parts = measured["parts"]
    own_s = [
        whole - run - draw for whole, run, draw in zip(parts["whole job"], parts["run"], parts["draw"], strict=True)
    ]
    rows = [[label, measuring.spread(seconds)] for label, seconds in parts.items()]
    said = [
        f"One warm `simulate` job of `{EXPERIMENT}`, part by part. The job without draw and run takes "
        f"{measuring.spread(own_s)} s (aim: 0.6 s, {measuring.verdict(measuring.median(own_s) < 0.6)}).",
        measuring.table(["part", "seconds"], rows),
        f"Planning {PLANNED_SEEDS:,} runs (`snakemake --dry-run`) takes {measuring.number(measured['plan_s'])} s and "
        f"{measuring.number(measured['plan_MB'])} MB.",
    ]
    for scale, cold in measured["cold"].items():
        aim_s = AIM_COLD_S[scale]
        said.append(
            f"All figures of scale {scale} on {CORES} cores, with empty caches: {measuring.number(cold['whole_s'])} s "
            f"(aim: {aim_s} s, {measuring.verdict(cold['whole_s'] < aim_s)}). Between the first start and the last end "
            f"of simulate jobs are {measuring.number(cold['fan_out_s'])} s; in {100 * cold['share_running']:.0f} % of "
            f"both cores' time there a job was running. All jobs of each rule, one after the other:"
        )
        rule_rows = [
            [f"`{rule}`", str(count), measuring.number(seconds)] for rule, (count, seconds) in cold["rules"].items()
        ]
        said.append(measuring.table(["rule", "jobs", "seconds"], rule_rows))
    return "\n\n".join(said)
