"""The steps from runs to ensembles, verdicts and pictures, as the commands and whole figures take them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from replasticity.definitions.experiments import Resolved
from replasticity.pipeline import jobs, provenance, simulation
from replasticity.storage import datasets, files, integrity, project

if TYPE_CHECKING:
    import xarray as xr

    from replasticity.reporting.results import Results


def compile_kernels(protocol: str, output: Path) -> None:
    """Compile by simulating a short seed of each experiment that uses the same kernels, and forget older code.

    Parameters
    ----------
    protocol : str
        Name of a protocol.
    output : Path
        A JSON file that will say what was compiled.
    """
    from replasticity.definitions import experiments
    from replasticity.numerics import compilation

    together = provenance.compiled_together(protocol)
    compiled = []
    for name in experiments.names():
        experiment = experiments.load(name)
        if experiment.protocol not in together:
            continue
        resolved = experiments.resolve_shortest(name, experiment)
        # What the quick scale leaves out takes too long, and needs no code of its own.
        if resolved.seeds:
            simulation.simulate(resolved, seed=1)
            compiled.append(name)
    compilation.forget_older_code()
    # Not the folder's name: it depends on where this project lies.
    content = json.dumps({"kernels": provenance.kernels_digest(protocol), "compiled_for": compiled}, indent=1)
    files.write_bytes(content.encode(), output)


def gather(resolved: Resolved, seeds: Sequence[int], output: Path) -> None:
    """Write the ensemble of the runs of some seeds; errors as in `jobs.gather`."""
    datasets.write(jobs.gather(resolved, seeds), output)


def judge(resolved: Resolved, others: Iterable[str], results: "Results") -> None:
    """Write the verdicts on an experiment, whose claims are corrected together with those of others."""
    from replasticity.judging import evaluation

    ensembles = {name: results.ensemble(name) for name in dict.fromkeys([resolved.name, *others])}
    with datasets.content_of(*map(project.ensemble_file, ensembles)):
        content = json.dumps(integrity.sealed(evaluation.evaluate(resolved, ensembles)), indent=1) + "\n"
    files.write_bytes(content.encode(), project.evaluation_file(resolved.name))


def scales_that_differ(ensembles: "Iterable[xr.Dataset]") -> str:
    """Return in one line which scales ensembles are of, or nothing if they may all be of one.

    An ensemble is of the scales that have its parameters, and of these, if any, of those that have its seeds. One with
    parameters of its own is of none, and fits to all.
    """
    from replasticity.definitions import experiments

    scales = {}
    for ensemble in ensembles:
        name = ensemble.attrs["experiment"]
        same = [
            resolved
            for scale in experiments.SCALES
            if (resolved := experiments.resolve(name, scale)).digest == ensemble.attrs["parameters_digest"]
        ]
        seeds = sorted(ensemble["seed"].values.tolist())
        if of := [each.scale for each in same if sorted(each.seeds) == seeds] or [each.scale for each in same]:
            scales[name] = of
    if not scales or set.intersection(*map(set, scales.values())):
        return ""
    told = ", ".join(f"{name} is of '{of[0]}'" for name, of in scales.items())
    return f"the experiments of this figure are of different scales: {told}"


def draw(
    name: str,
    module: str,
    ensembles: "Mapping[str, xr.Dataset]",
    outputs: Iterable[Path],
    shown: Iterable[Path],
    panel: str | None = None,
) -> None:
    """Draw a figure, once matplotlib has been imported by `plotting.environment`.

    Parameters
    ----------
    name : str
        Name of the figure.
    module : str
        What draws it, such as ``"zenke2015"``.
    ensembles : mapping of str to Dataset
        Role -> ensemble.
    outputs : iterable of Path
        Pictures; what ends in ``.nc`` is what is drawn, and says of the pictures before it that they belong to it.
    shown : iterable of Path
        Files that the ensembles are from, for errors.
    panel : str, optional
        Letter of the only panel to draw.
    """
    from replasticity.plotting import drawn_data, rendering
    from replasticity.study import protocols

    with datasets.content_of(*shown):
        figure = rendering.plot(protocols.figures()[module], ensembles)
        pictures: dict[str, str] = {}
        for path in outputs:
            if path.suffix == f".{drawn_data.SUFFIX}" and panel is None:
                datasets.write(drawn_data.collect(figure, name, ensembles, pictures), path)
            else:
                rendering.save(figure, path, panel)
                pictures[path.suffix.removeprefix(".")] = integrity.of_file(path)


def import_matplotlib() -> None:
    """Import matplotlib as it comes, with its list of fonts in a cache of ours and not in the home directory."""
    from replasticity.plotting import environment

    environment.import_matplotlib(project.cache_folder("matplotlib"))
