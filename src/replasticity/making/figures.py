"""One figure without Snakemake: simulate what is missing, gather, judge, draw.

The files in ``results`` are those that the workflow makes, by the same functions, and each is made only if it is not
there, or was made from something else than is there now.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from replasticity import terminal
from replasticity.definitions import configuration, experiments
from replasticity.definitions.experiments import Resolved
from replasticity.definitions.seeds import seed_ranges
from replasticity.errors import UserError
from replasticity.making import marks, steps
from replasticity.pipeline import jobs, provenance
from replasticity.reporting.results import Results
from replasticity.storage import datasets, files, project
from replasticity.storage.integrity import CONTENT_DIGEST
from replasticity.study import protocols


class Made(NamedTuple):
    """What was made: the evaluation of each experiment in the figure that is judged with it, and the pictures."""

    evaluations: list[dict[str, Any]]
    pictures: list[Path]


def make(
    name: str,
    scale: str | None = None,
    seeds: list[int] | None = None,
    changes: Mapping[str, Any] | None = None,
    output: Path | None = None,
    cores: int = 1,
) -> Made:
    """Make a figure, with the experiments that it shows beside its own.

    Parameters
    ----------
    name : str
        Name of the figure.
    scale : {"quick", "standard", "full"}, optional
        Default: that of ``config/config.yaml``.
    seeds : list of int, optional
        Seeds of each experiment in it that has randomness, instead of those of the scale.
    changes : mapping of str to value, optional
        Parameters of the figure's own experiment. Its results are in a folder of their own then, below
        ``results/changed``, and those of the published one stay.
    output : Path, optional
        One picture, or what is drawn (``.nc``), instead of all of them in ``results/figures``.
    cores : int
        So many processes simulate at once.

    Returns
    -------
    Made
        Verdicts and pictures.

    Raises
    ------
    UserError
        If anything is not allowed, fails or cannot be written. What was made until then is whole, and kept.
    """
    drawn = experiments.drawn_figure(name)
    settings = configuration.read()
    chosen = scale or settings.scale

    def resolve(each: str) -> Resolved:
        own = seeds if seeds and (each == name or _is_random(each)) else None
        return experiments.resolve(
            each, chosen, changes if each == name else None, seeds=own or settings.seeds.get(each)
        )

    main = resolve(name)
    if not main.seeds:
        raise UserError(f"{name}: is left out at scale '{chosen}'; --scale or --seeds makes it")
    beside = [each for other in dict.fromkeys(drawn.beside.values()) if (each := resolve(other)).seeds]
    family = {each.name: each for each in (main, *beside)}
    with project.results_kept_in(_folder_of_changed(main) if changes else None, name):
        for place in {project.results_folder(), project.results_folder(name)}:
            files.check_writable(place / "any file")
        if output is not None:
            files.check_output(output, [project.ensemble_file(each) for each in family])
        try:
            todo = [(each, part) for each in family.values() for part in _missing_jobs(each, settings)]
            _simulate(todo, cores)
            for each in family.values():
                _gather(each, [project.record_file(each.name, job) for job in jobs.seeds_of_jobs(each, settings)])
            results = Results()
            evaluations = [_judge(each, family, results) for each in _judged(family, main, chosen)]
            return Made(evaluations, _draw(main, drawn, family, results, output))
        finally:
            files.remove_partial_files(project.results_folder())


def _is_random(name: str) -> bool:
    return not protocols.get(experiments.load(name).protocol).is_deterministic


def _folder_of_changed(resolved: Resolved) -> Path:
    """Return where the results of a changed experiment are: a folder named after the changes, if they are short."""
    text = ",".join(f"{name}={json.dumps(value, separators=(',', ':'))}" for name, value in resolved.changes.items())
    readable = re.fullmatch(r"[A-Za-z0-9_=.,+-]{1,100}", text)
    return project.results_folder() / "changed" / resolved.name / (text if readable else resolved.digest)


def _missing_jobs(resolved: Resolved, settings: configuration.Configuration) -> list[list[int]]:
    """Return the seeds of each simulate job whose record is not there, or of other runs than would be made now."""
    compiled = _compiled_file(resolved)
    parts = jobs.seeds_of_jobs(resolved, settings).values()
    return [part for part in parts if not compiled.is_file() or not _is_recorded(resolved, part)]


def _is_recorded(resolved: Resolved, seeds: list[int]) -> bool:
    # A record that Snakemake has made has no mark: each of its runs is looked at, and kept, while it is made again.
    return marks.record(resolved, seeds).is_current() and jobs.is_recorded(resolved, seeds)


def _compiled_file(resolved: Resolved) -> Path:
    kernels = provenance.kernels_digest(resolved.experiment.protocol)
    return project.results_folder() / "compiled" / f"{kernels}.json"


def _simulate(todo: Sequence[tuple[Resolved, list[int]]], cores: int) -> None:
    for resolved, _ in todo:
        if not _compiled_file(resolved).is_file():
            _tell(f"compiling the kernels of {resolved.experiment.protocol}")
            steps.compile_kernels(resolved.experiment.protocol, _compiled_file(resolved))
    if cores > 1 and len(todo) > 1:
        _simulate_in_processes(todo, cores)
    else:
        for resolved, seeds in todo:
            _tell(f"simulating {resolved.name}, seeds {seed_ranges(seeds)}")
            jobs.simulate(resolved, seeds)
    for resolved, seeds in todo:
        marks.record(resolved, seeds).set_mark()


def _tell(text: str) -> None:
    print(terminal.one_line(text), file=sys.stderr, flush=True)


def _simulate_in_processes(todo: Sequence[tuple[Resolved, list[int]]], cores: int) -> None:
    """Run simulate jobs, several at once, each in a process that ends as this one is interrupted."""
    waiting, running = list(todo), list[tuple[subprocess.Popen[str], str]]()
    try:
        while waiting or running:
            while waiting and len(running) < cores:
                resolved, seeds = waiting.pop(0)
                what = f"{resolved.name}, seeds {seed_ranges(seeds)}"
                _tell(f"simulating {what}")
                running.append((_process(resolved, seeds), what))
            process, what = running[0]
            _, said = process.communicate()
            running.pop(0)
            if process.returncode:
                last = next(filter(None, reversed(said.splitlines())), f"ended with status {process.returncode}")
                raise UserError(f"{what}: {last.removeprefix('error: ')}")
    finally:
        for process, _ in running:
            process.send_signal(signal.SIGINT)
        for process, _ in running:
            process.communicate()


#: What a process executes. It finds modules where this process does.
_PROGRAM = f"import sys; sys.path[:] = {{path!r}}; from {__name__} import serve; sys.exit(serve())"


def _process(resolved: Resolved, seeds: list[int]) -> subprocess.Popen[str]:
    folder = project.results_folder(resolved.name)
    job = {
        "name": resolved.name,
        "scale": resolved.scale,
        "changes": resolved.changes,
        "seeds": seeds,
        "folder": str(folder) if folder != project.results_folder() else None,
    }
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _PROGRAM.format(path=sys.path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(job))
    process.stdin.close()
    process.stdin = None
    return process


def serve() -> int:
    """Run the simulate job that comes through the standard input, and return the exit status."""
    job = json.load(sys.stdin)
    try:
        with project.results_kept_in(Path(job["folder"]) if job["folder"] else None, job["name"]):
            jobs.simulate(experiments.resolve(job["name"], job["scale"], job["changes"]), job["seeds"])
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(f"error: {terminal.one_line(datasets.mistake_in_a_study(error) or error)}", file=sys.stderr)
        return 2
    return 0


def _gather(resolved: Resolved, records: list[Path]) -> None:
    made = marks.ensemble(resolved, records)
    if not made.is_current():
        path = project.ensemble_file(resolved.name)
        ensemble = jobs.gather(resolved, resolved.seeds)
        if _content_digest(path) == ensemble.attrs[CONTENT_DIGEST]:
            # Whoever depends on its date need not be made again, unless its runs are newer.
            _renew_date(path, records)
        else:
            datasets.write(ensemble, path)
        made.set_mark()


def _content_digest(path: Path) -> object:
    try:
        return datasets.read(path, "ensemble").attrs[CONTENT_DIGEST]
    except UserError:
        return None


def _renew_date(path: Path, inputs: Sequence[Path]) -> None:
    if path.stat().st_mtime < max(each.stat().st_mtime for each in inputs):
        path.touch()


def _judged(family: Mapping[str, Resolved], main: Resolved, scale: str) -> list[Resolved]:
    """Return the experiments that are judged with this figure: of a changed one, no others, whose verdicts stay."""
    if main.changes:
        return [main]
    loaded = experiments.that_mention(family)
    loaded = {name: each for name, each in loaded.items() if name in family or getattr(each.scales, scale).seeds}
    return [each for each in family.values() if set(experiments.in_one_figure(each.name, loaded)) <= family.keys()]


def _judge(resolved: Resolved, family: Mapping[str, Resolved], results: Results) -> dict[str, Any]:
    made = marks.evaluation(resolved, list(family.values()))
    if not made.is_current():
        steps.judge(resolved, family, results)
        made.set_mark()
    return results.evaluation(resolved.name)


def _draw(
    main: Resolved,
    drawn: experiments.DrawnFigure,
    family: Mapping[str, Resolved],
    results: Results,
    output: Path | None,
) -> list[Path]:
    made = marks.figure(main, drawn, list(family))
    if output is not None or not made.is_current():
        roles = {"main": main.name} | {role: name for role, name in drawn.beside.items() if name in family}
        ensembles = {role: results.ensemble(name) for role, name in roles.items()}
        steps.import_matplotlib()
        shown = [project.ensemble_file(name) for name in family]
        steps.draw(main.name, drawn.module, ensembles, [output] if output else made.outputs, shown)
        if output is None:
            made.set_mark()
    return [output] if output else [path for path in made.outputs if path.suffix != ".nc"]
