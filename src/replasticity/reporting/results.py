"""Ensembles, evaluations and drawings as they are in ``results``: each read once, and only if it is to be believed.

Each file has a digest of its own content and those of the files that it was made from. Whoever shows a result reads it
here: what was changed, or made from something else than is there now, ends in one line.
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from replasticity.errors import MistakeError, UnavailableError, UserError
from replasticity.pipeline import jobs, simulation
from replasticity.storage import datasets, files, integrity, project
from replasticity.storage.integrity import CONTENT_DIGEST

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.definitions.experiments import Resolved

#: Verdicts made again may differ by this much relative to the stored ones: another processor rounds differently.
_RELATIVE_TOLERANCE = 1e-9

_REMEDY = "delete it and call Snakemake again, which makes it again"


def _remedy(command: str) -> str:
    """Return what makes a file again, with Snakemake and without it."""
    return f"{_REMEDY}, or 'python -m replasticity {command}'"


class Results:
    """The files of ``results`` during one command."""

    def __init__(self) -> None:
        self._ensembles: dict[str, xr.Dataset] = {}
        self._evaluations: dict[str, dict[str, Any]] = {}

    def ensemble(self, name: str) -> "xr.Dataset":
        """Return the ensemble of an experiment.

        Raises
        ------
        UserError
            If it is missing, broken, changed, or of another experiment.
        """
        if name not in self._ensembles:
            path, again = project.ensemble_file(name), f"aggregate {name} --scale SCALE"
            try:
                ensemble = simulation.read_ensemble(path)
            except (MistakeError, UnavailableError):
                raise
            except UserError as error:
                remedy = _remedy(again) if path.exists() else f"Snakemake makes it, or 'python -m replasticity {again}'"
                raise UserError(f"{error}; {remedy}") from error
            if ensemble.attrs["experiment"] != name:
                raise UserError(
                    f"{project.shown(path)}: is of experiment '{ensemble.attrs['experiment']}', not '{name}'; "
                    f"{_remedy(again)}"
                )
            self._ensembles[name] = ensemble
        return self._ensembles[name]

    def evaluation(self, name: str) -> dict[str, Any]:
        """Return the stored verdicts on an experiment.

        Raises
        ------
        UserError
            If there are none, or they are broken, changed, of another experiment, or rest on other ensembles than are
            there now.
        """
        from replasticity.judging import stored

        if name not in self._evaluations:
            path = project.evaluation_file(name)
            if not path.exists():
                raise UserError(
                    f"{project.shown(path)}: no such file; 'snakemake --cores all' makes it, or "
                    f"'python -m replasticity evaluate {name} --scale SCALE'"
                )
            evaluation = stored.read_evaluation(path, name)
            for other, digest in evaluation["ensembles"].items():
                self._require_digest(other, digest, f"{project.shown(path)}: judges", f"evaluate {name} --scale SCALE")
            self._evaluations[name] = evaluation
        return self._evaluations[name]

    def drawing(self, name: str) -> "xr.DataTree":
        """Return what a figure draws.

        Raises
        ------
        UserError
            If it is missing, broken, changed, of another figure, or drawn from other ensembles than are there now.
        """
        from replasticity.plotting import drawn_data

        path = project.figure_file(name, drawn_data.SUFFIX)
        files.require_file(path, "'make figures' makes it")
        drawing = drawn_data.read(path)
        datasets.require_unchanged(drawing, path)
        if drawing.attrs.get("figure") != name:
            raise UserError(
                f"{project.shown(path)}: is of figure '{drawing.attrs.get('figure')}', not '{name}'; "
                f"{_remedy(f'plot {name}')}"
            )
        for other, digest in datasets.json_attribute(drawing.attrs, "ensembles", path).items():
            self._require_digest(other, digest, f"{project.shown(path)}: draws", f"plot {name}")
        for suffix, digest in datasets.json_attribute(drawing.attrs, "pictures", path).items():
            picture = project.figure_file(name, str(suffix))
            files.require_file(picture, "'make figures' makes it")
            if integrity.of_file(picture) != digest:
                raise UserError(
                    f"{project.shown(picture)}: was changed, or is another drawing than {path.name}; "
                    f"{_remedy(f'plot {name}')}"
                )
        return drawing

    def _require_digest(self, name: str, digest: Any, what: str, again: str) -> None:
        """Check that the present ensemble of an experiment is the one that a result was made from."""
        if self.ensemble(name).attrs[CONTENT_DIGEST] != digest:
            ensemble = project.shown(project.ensemble_file(name))
            raise UserError(f"{what} another {ensemble} than is there now; {_remedy(again)}")

    def problems(self, resolved: "Resolved", with_verdicts: bool = True) -> Iterable[str]:
        """Yield what is wrong with the evidence on an experiment, from its runs up to its verdicts, in words.

        Runs are compared with the digests of when they were written, the ensemble with its runs, and the verdicts with
        those that the ensembles give now.
        """
        try:
            ensemble = self.ensemble(resolved.name)
            path = project.ensemble_file(resolved.name)
            jobs.require_runs_of(ensemble, path)
            require_parameters(resolved, ensemble)
            if with_verdicts and project.evaluation_file(resolved.name).exists():
                self._judge_again(resolved)
        except UserError as error:
            yield str(error)

    def _judge_again(self, resolved: "Resolved") -> None:
        from replasticity.judging import evaluation

        stored = self.evaluation(resolved.name)
        ensembles = {name: self.ensemble(name) for name in stored["ensembles"]}
        path = project.evaluation_file(resolved.name)
        with datasets.content_of(*map(project.ensemble_file, ensembles)):
            again = integrity.sealed(evaluation.evaluate(resolved, ensembles))
        if not _same(again, stored):
            again_by = _remedy(f"evaluate {resolved.name} --scale {resolved.scale}")
            raise UserError(f"{project.shown(path)}: says something else than its ensembles give; {again_by}")


def require_parameters(resolved: "Resolved", ensemble: "xr.Dataset") -> None:
    """Raise a `UserError` if an ensemble was made with other parameters than its experiment has."""
    if ensemble.attrs["parameters_digest"] != resolved.digest:
        seeds = f"{resolved.name} --scale {resolved.scale}"
        without = f"figure {seeds}" if resolved.experiment.figure else f"aggregate {seeds}"
        raise UserError(
            f"{project.shown(project.ensemble_file(resolved.name))}: made with other parameters than "
            f"'{resolved.name}' has at scale '{resolved.scale}'; run Snakemake first, or "
            f"'python -m replasticity {without}'"
        )


def _same(one: Any, other: Any) -> bool:
    """Return True if two contents of JSON are equal, numbers up to rounding and digests apart."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            key == CONTENT_DIGEST or _same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_RELATIVE_TOLERANCE) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)
