"""Ensembles for reference statistics: those of ``results``, or made in a place of their own, and ``results`` stays."""

from typing import TYPE_CHECKING

from replasticity.definitions import configuration, experiments
from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError
from replasticity.making import figures
from replasticity.pipeline import simulation
from replasticity.storage import datasets, files, project

if TYPE_CHECKING:
    import xarray as xr


def has_results(resolved: Resolved) -> bool:
    """Return False if ``results`` has no ensemble of an experiment, or that of another of its scales."""
    path = project.ensemble_file(resolved.name)
    if not path.is_file():
        return False
    try:
        found = datasets.open_attributes(path).get("parameters_digest")
    except UserError:
        # It is broken: whoever reads it says so.
        return True
    of_scales = {
        experiments.resolve(resolved.name, scale, experiment=resolved.experiment).digest for scale in experiments.SCALES
    }
    return found not in of_scales - {resolved.digest}


def make_ensemble(resolved: Resolved) -> "xr.Dataset":
    """Return the ensemble of an experiment, made below ``results/references``.

    Parameters
    ----------
    resolved : Resolved
        The experiment at one scale. A scale without parameters of its own has the reference of the standard one, and so
        its seeds.

    Raises
    ------
    UserError
        If the scale leaves the experiment out, a run fails or a file cannot be written. What was made until then stays,
        and is not made again.
    """
    name, scale = resolved.name, resolved.canonical_scale
    wanted = experiments.resolve(name, scale, experiment=resolved.experiment)
    if not wanted.seeds:
        raise UserError(f"{name}: is left out at scale '{scale}'")
    folder = project.results_folder() / "references" / scale
    with project.results_kept_in(folder, name):
        files.check_writable(folder / "any file")
        try:
            figures.make_ensembles([wanted], configuration.read())
            return simulation.read_ensemble(project.ensemble_file(name))
        finally:
            files.remove_partial_files(folder)
