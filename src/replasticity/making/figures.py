"""One figure without Snakemake: simulate what is missing, gather, judge, draw.

The files in ``results`` are those that the workflow makes, by the same functions, and each is made only if it is not
there, or was made from something else than is there now.
"""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
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
        ``results/changed``, and so are those of the experiments beside it that are not in ``results`` with the same
        scale and seeds: what is in ``results`` stays.
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
    folder = _folder_of_changed(main) if changes else project.results_folder()
    for place in {project.results_folder(), folder}:
        files.check_writable(place / "any file")
    there = {each.name for each in beside if changes and each.name != name and _is_there(each, settings)}
    with project.results_kept_in(folder if changes else None, *(family.keys() - there)):
        if output is not None:
            files.check_output(output, [project.ensemble_file(each) for each in family])
        try:
            make_ensembles([each for each in family.values() if each.name not in there], settings, cores)
            results = Results()
            judged = _judged(family, main, chosen)
            evaluations = [_judge(each, together, family, results) for each, together in judged.items()]
            return Made(evaluations, _draw(main, drawn, family, results, output))
        finally:
            files.remove_partial_files(project.results_folder())


def make_ensembles(wanted: Sequence[Resolved], settings: configuration.Configuration, cores: int = 1) -> None:
    """Simulate what is missing of experiments, and gather it.

    Parameters
    ----------
    wanted : sequence of Resolved
        The experiments with their seeds.
    settings : Configuration
        How many seeds share a simulate job.
    cores : int
        So many processes simulate at once.

    Raises
    ------
    UserError
        As in `make`.
    """
    _simulate([(each, part) for each in wanted for part in _missing_jobs(each, settings)], cores)
    for each in wanted:
        _gather(each, _records(each, settings))


def _records(resolved: Resolved, settings: configuration.Configuration) -> list[Path]:
    return [project.record_file(resolved.name, job) for job in jobs.seeds_of_jobs(resolved, settings)]


def _is_there(resolved: Resolved, settings: configuration.Configuration) -> bool:
    """Return True if an ensemble is the one that would be made now, from runs that would be made now."""
    if _missing_jobs(resolved, settings):
        return False
    if marks.ensemble(resolved, _records(resolved, settings)).is_current():
        return True
    now = jobs.gather(resolved, resolved.seeds).attrs[CONTENT_DIGEST]
    return bool(_content_digest(project.ensemble_file(resolved.name)) == now)


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
    record = marks.record(resolved, seeds)
    is_marked = record.is_current()
    is_recorded = jobs.is_recorded(resolved, seeds, is_marked)
    if is_recorded and not is_marked:
        record.set_mark(is_new=False)
    return is_recorded


def _compiled_file(resolved: Resolved) -> Path:
    kernels = provenance.kernels_digest(resolved.experiment.protocol)
    return project.results_folder() / "compiled" / f"{kernels}.json"


def _simulate(todo: Sequence[tuple[Resolved, list[int]]], cores: int) -> None:
    for resolved, _ in todo:
        if not _compiled_file(resolved).is_file():
            print(f"compiling the kernels of {resolved.experiment.protocol}", file=sys.stderr, flush=True)
            steps.compile_kernels(resolved.experiment.protocol, _compiled_file(resolved))
    if cores > 1 and len(todo) > 1:
        _simulate_in_processes(todo, cores)
        return
    for resolved, seeds in todo:
        _tell(resolved, seeds)
        jobs.simulate(resolved, seeds)
        marks.record(resolved, seeds).set_mark()


def _tell(resolved: Resolved, seeds: list[int]) -> None:
    print(f"simulating {resolved.name}, seeds {seed_ranges(seeds)}", file=sys.stderr, flush=True)


def _simulate_in_processes(todo: Sequence[tuple[Resolved, list[int]]], cores: int) -> None:
    """Run simulate jobs, several at once, in processes that end if one of them fails or this one is interrupted."""
    starting, is_stopped, processes = threading.Lock(), False, list[subprocess.Popen[str]]()

    def simulate(resolved: Resolved, seeds: list[int]) -> None:
        with starting:
            if is_stopped:
                return
            _tell(resolved, seeds)
            process = _process()
            processes.append(process)
        _, said = process.communicate(_job(resolved, seeds))
        if process.returncode:
            last = next(filter(None, reversed(said.splitlines())), f"ended with status {process.returncode}")
            raise UserError(f"{resolved.name}, seeds {seed_ranges(seeds)}: {last.removeprefix('error: ')}")

    with ThreadPoolExecutor(cores) as pool:
        running = {pool.submit(simulate, *job): job for job in todo}
        try:
            for done in as_completed(running):
                done.result()
                marks.record(*running[done]).set_mark()
        finally:
            with starting:
                is_stopped = True
                for process in processes:
                    process.send_signal(signal.SIGINT)


#: What a process executes. It finds modules where this process does.
_PROGRAM = f"import sys; sys.path[:] = {{path!r}}; from {__name__} import serve; sys.exit(serve())"


def _process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(path=sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _job(resolved: Resolved, seeds: list[int]) -> str:
    """Return a simulate job as `serve` reads it."""
    own, folder = project.results_folder(resolved.name), project.results_folder()
    return json.dumps(
        {
            "name": resolved.name,
            "scale": resolved.scale,
            "changes": resolved.changes,
            "seeds": seeds,
            "folder": None if own == folder else str(own),
        }
    )


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
        # One that Snakemake has made stays: whoever depends on its date need not be made again.
        is_new = _content_digest(path) != ensemble.attrs[CONTENT_DIGEST]
        if is_new:
            datasets.write(ensemble, path)
        made.set_mark(is_new)
    made.renew_dates()


def _content_digest(path: Path) -> object:
    try:
        return datasets.read(path, "ensemble").attrs[CONTENT_DIGEST]
    except UserError:
        return None


def _judged(family: Mapping[str, Resolved], main: Resolved, scale: str) -> dict[str, list[str]]:
    """Return the experiments that are judged, each with those whose claims are corrected together with its own.

    Those that another figure needs other ensembles for are not among them, nor, where the figure's own experiment is
    changed, any but that: verdicts on the others stay.
    """
    if main.changes:
        return {main.name: list(family)}
    loaded = experiments.that_mention(family)
    loaded = {name: each for name, each in loaded.items() if name in family or getattr(each.scales, scale).seeds}
    together = {name: experiments.in_one_figure(name, loaded) for name in family}
    return {name: others for name, others in together.items() if set(others) <= family.keys()}


def _judge(name: str, together: Sequence[str], family: Mapping[str, Resolved], results: Results) -> dict[str, Any]:
    made = marks.evaluation(family[name], [family[each] for each in together])
    if not made.is_current():
        steps.judge(family[name], together, results)
        made.set_mark()
    made.renew_dates()
    return results.evaluation(name)


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
    if output is None:
        made.renew_dates()
    return [output] if output else [path for path in made.outputs if path.suffix != ".nc"]
