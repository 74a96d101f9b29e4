"""What was made without Snakemake, and from what: marks below ``results/direct``.

Snakemake remembers the parameters and the code of each file that it makes, and makes it again when they have changed.
Of a file that it has not made it knows the date alone. So whoever makes one leaves a mark with a digest of what the
rule's parameters would be, and forgets what Snakemake remembers of an earlier file of this name: whole figures do, and
the single commands, unless they are called by a rule (`leave_to_snakemake`). Before Snakemake plans, what was made from
something else than is there now gets a date before all others (`outdate`), and so is made again.
"""

import contextlib
import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from replasticity.definitions import experiments
from replasticity.definitions.experiments import DrawnFigure, Resolved
from replasticity.definitions.seeds import name_of_seeds, seed_ranges
from replasticity.pipeline import provenance
from replasticity.storage import files, integrity, project

#: Formats of a figure's pictures: those of `plotting.rendering`, without matplotlib.
FORMATS = ("pdf", "svg", "png")

_FOLDER = "direct"
#: Environment variable of the jobs of a workflow.
_CALLED_BY_A_RULE = "REPLASTICITY_CALLED_BY_A_RULE"
#: The rule that makes each kind of result.
_RULES = {"runs": "simulate", "ensembles": "aggregate", "evaluations": "evaluate", "figures": "plot"}


class Result:
    """A result of one step: its files, and what it is made from.

    Parameters
    ----------
    kind : {"runs", "ensembles", "evaluations", "figures"}
        What it is.
    name : str
        Experiment or figure.
    outputs : sequence of Path
        Its files.
    origin : sequence
        What decides that it is made again, but for the files that it is made from; as JSON takes it.
    inputs : sequence of Path
        Those files.
    """

    def __init__(
        self, kind: str, name: str, outputs: Sequence[Path], origin: Sequence[object], inputs: Sequence[Path] = ()
    ):
        self._kind, self.outputs, self.inputs = kind, outputs, inputs
        # A simulate job has a name of its own.
        own = Path(name, outputs[0].stem) if kind == "runs" else Path(name)
        results = project.results_folder(name)
        self.mark = results / _FOLDER / kind / own.with_name(f"{own.name}.json")
        #: What Snakemake has measured of the job that made it. A file that is older than its inputs is made again.
        self._cost = results / "benchmarks" / _RULES[kind] / own.with_name(f"{own.name}.tsv")
        self._origin = hashlib.sha256(json.dumps(origin).encode()).hexdigest()

    def is_current(self) -> bool:
        """Return True if its files are those that were made from what is there now."""
        return self._marked() == self._present()

    def renew_dates(self) -> None:
        """Let Snakemake see that its files are made from the inputs, where those were made again and are the same."""
        newest = max((path.stat().st_mtime_ns for path in self.inputs), default=0)
        for path in (*self.outputs, self._cost):
            if path.is_file() and path.stat().st_mtime_ns < newest:
                path.touch()

    def set_mark(self, is_new: bool = True) -> None:
        """Say that its files are made from what is there now.

        Parameters
        ----------
        is_new : bool
            Whether they have been written just now: then what Snakemake knows of earlier ones is forgotten.
        """
        if is_new:
            _forget_what_snakemake_knows(self.outputs)
            self._cost.unlink(missing_ok=True)
        files.write_bytes((json.dumps(self._present(), indent=1) + "\n").encode(), self.mark)

    def set_mark_of_command(self) -> None:
        """Set the mark of what a command has written just now, unless a rule has called it."""
        if _CALLED_BY_A_RULE not in os.environ:
            self.set_mark()

    def outdate(self) -> None:
        """Let Snakemake make it again, if its files are still those of the mark, and the mark has another origin."""
        marked = self._marked()
        if marked.get("outputs") != _digests(self.outputs) or marked.get("origin") == self._origin:
            return
        for path in self.outputs:
            _set_date(path, 1)
        if self._kind == "ensembles":
            # Simulating other seeds or parameters has removed its records. Of a file that is there Snakemake makes no
            # missing input: so there is an empty one, newer than the file, and older than what it is made from.
            for path in self.inputs:
                if not path.exists():
                    _forget_what_snakemake_knows([path])
                    files.write_bytes(b"{}\n", path)
                    _set_date(path, 2)
        else:
            # The date says it from now on. What Snakemake makes may have the same bytes, and is of its own origin;
            # an ensemble holds digests of all that it is made from.
            self.mark.unlink(missing_ok=True)

    def _present(self) -> dict[str, object]:
        return {"outputs": _digests(self.outputs), "inputs": _digests(self.inputs), "origin": self._origin}

    def _marked(self) -> dict[str, object]:
        try:
            content = json.loads(self.mark.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


def _set_date(path: Path, seconds: int) -> None:
    with contextlib.suppress(OSError):
        os.utime(path, (seconds, seconds))


def _digests(paths: Iterable[Path]) -> dict[str, str]:
    return {path.name: integrity.of_file(path) if path.is_file() else "" for path in paths}


def leave_to_snakemake() -> None:
    """Let the commands that this process starts set no marks: Snakemake knows what it makes."""
    os.environ[_CALLED_BY_A_RULE] = "1"


def record(resolved: Resolved, seeds: Sequence[int]) -> Result:
    """Return the record of a simulate job."""
    path = project.record_file(resolved.name, name_of_seeds(list(seeds)))
    code = provenance.simulation_digest(resolved.experiment.protocol)
    origin = [resolved.arguments, seed_ranges(list(seeds)), resolved.digest, code, provenance.versions()]
    return Result("runs", resolved.name, [path], origin)


def ensemble(resolved: Resolved, records: Sequence[Path] = ()) -> Result:
    """Return the ensemble of an experiment."""
    path = project.ensemble_file(resolved.name)
    code = provenance.statistics_digest(resolved.experiment.protocol)
    origin = [resolved.arguments, seed_ranges(resolved.seeds), code]
    return Result("ensembles", resolved.name, [path], origin, records)


def evaluation(resolved: Resolved, together: Sequence[Resolved]) -> Result:
    """Return the verdicts on an experiment, judged together with others."""
    path = project.evaluation_file(resolved.name)
    names = [each.name for each in together]
    claims = [each.claims_digest for each in together]
    code = provenance.evaluation_digest(resolved.experiment)
    inputs = [project.ensemble_file(name) for name in names]
    if resolved.experiment.peer is not None:
        inputs.append(experiments.summary_file(resolved.name, resolved.experiment.peer))
    origin = [resolved.arguments, names, resolved.judged_digest, claims, code]
    return Result("evaluations", resolved.name, [path], origin, inputs)


def figure(resolved: Resolved, drawn: DrawnFigure, shown: Sequence[str]) -> Result:
    """Return the pictures of a figure, and what they draw; `shown` are the experiments in it, its own first."""
    outputs = [project.figure_file(resolved.name, suffix) for suffix in (*FORMATS, "nc")]
    origin = [list(shown), drawn.beside, provenance.figure_digest(drawn.module)]
    inputs = [project.ensemble_file(name) for name in shown]
    return Result("figures", resolved.name, outputs, origin, inputs)


def outdate(made: Mapping[str, Resolved], jobs_of: Callable[[str], Mapping[str, Sequence[int]]]) -> None:
    """Let Snakemake make again what was made without it, from something else than is there now.

    Parameters
    ----------
    made : mapping of str to Resolved
        The experiments that Snakemake makes.
    jobs_of : callable
        Name of an experiment -> the seeds of its simulate jobs, by the name of the job.
    """
    loaded = {name: each.experiment for name, each in made.items()}
    for path in sorted((project.results_folder() / _FOLDER).glob("*/**/*.json")):
        kind, *inside = path.relative_to(project.results_folder() / _FOLDER).parts
        name = Path(inside[0]).stem
        if name not in made:
            continue
        resolved = made[name]
        if kind == "runs":
            seeds = jobs_of(name).get(path.stem.removeprefix("seeds-"))
            if seeds is not None:
                record(resolved, seeds).outdate()
        elif kind == "ensembles":
            ensemble(resolved, [project.record_file(name, job) for job in jobs_of(name)]).outdate()
        elif kind == "evaluations":
            evaluation(resolved, [made[each] for each in experiments.in_one_figure(name, loaded)]).outdate()
        elif kind == "figures" and resolved.experiment.figure is not None:
            drawn = resolved.experiment.figure
            beside = drawn.beside.values()
            figure(resolved, drawn, [name, *(each for each in beside if each in made)]).outdate()


def _forget_what_snakemake_knows(paths: Iterable[Path]) -> None:
    """Remove Snakemake's records of files, which are of earlier ones: `--cleanup-metadata` without starting it."""
    folder = project.root() / ".snakemake" / "metadata"
    for path in paths:
        if path.is_relative_to(project.root()):
            name = urlsafe_b64encode(str(path.relative_to(project.root())).encode()).decode()
            # Names that are too long for a file become folders.
            *folders, last = [name[first : first + 254] for first in range(0, len(name), 254)]
            with contextlib.suppress(OSError):
                folder.joinpath(*(f"@{each}" for each in folders), last).unlink()
