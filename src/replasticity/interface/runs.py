"""From an experiment to runs and statistics: `run`, `summarise` and `sweep`."""

import itertools
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError
from replasticity.interface import workers
from replasticity.interface.bars import progress_bar
from replasticity.interface.requests import plain, resolved_request, seeds_and_processes
from replasticity.interface.stacking import parts_of, stacked
from replasticity.pipeline import provenance, simulation
from replasticity.storage import datasets
from replasticity.storage.contract import Arrays, Variable
from replasticity.storage.integrity import CONTENT_DIGEST
from replasticity.study import protocols
from replasticity.study.ensembles import Gathering

#: Attribute ``kind`` of what `run`, `summarise` and `sweep` return.
RUNS, STATISTICS, SWEEP = "runs", "ensemble", "sweep"

_SEED = {"seed": Variable(("seed",), "seed of the run", "int64")}


def run(
    experiment: str,
    /,
    seeds: int | Iterable[int] | None = None,
    *,
    scale: str = "standard",
    processes: int | None = None,
    progress: bool | None = None,
    **parameters: Any,
) -> xr.Dataset:
    """Simulate seeds of an experiment.

    Parameters
    ----------
    experiment : str
        Its name, such as ``"zenke2015"``; see `experiments`.
    seeds : int or iterable of int, optional
        A number of seeds (the first one of the experiment, 1001, and those that follow), or the seeds. Default: those
        of the scale.
    scale : {"standard", "quick", "full"}
        Its size: ``"quick"`` may have shorter runs.
    processes : int, optional
        Over how many processes the seeds are spread. Default: none but this one. The results are the same, to the bit.
    progress : bool, optional
        Whether a bar shows how many seeds are done. Default: where it takes longer than two seconds.
    **parameters
        Parameters with other values than the experiment's; see `replasticity.parameters`. The unit is in the name.

    Returns
    -------
    xarray.Dataset
        What a file of ``results/runs`` holds, each variable with ``units`` and ``long_name``, and with the dimension
        ``seed`` in front; axes that all seeds share, such as the time, have none. What is longer in one seed than in
        another, such as a list of spikes, is filled up at its end, with NaN or -1 (attribute ``fill``); ``length``
        says how long each seed is along each dimension.

    Raises
    ------
    UserError
        If a name or a value is not allowed, the runs of all seeds do not fit into memory, or a run fails; then the
        message names its seed.

    Examples
    --------
    >>> import replasticity as rp
    >>> runs = rp.run("zenke2015", seeds=range(2), tau_H_ms=500.0, record_trains=True)
    >>> runs.weight_nS.dims, runs.weight_nS.units
    (('seed', 'time_ms'), 'nS')
    >>> spikes = runs.length.sel(dimension="population_spike")
    >>> bool((spikes == (runs.population_spike_step != -1).sum("population_spike")).all())
    True
    """
    resolved = resolved_request(experiment, scale, parameters)
    chosen, count = seeds_and_processes(resolved, seeds, processes)
    arrays = _simulated([resolved], chosen, count, progress, summarised=False)
    code = provenance.simulation_digest(resolved.experiment.protocol)
    command = f"replasticity.run({resolved.name!r}, seeds={_in_short(chosen)}, scale={scale!r}, **{resolved.changes})"
    attributes = provenance.attributes(resolved, RUNS, command, code) | {"scale": scale}
    return stacked(_protocol(resolved).RUN, arrays, {"seed": chosen}, _SEED, attributes)


def summarise(runs: xr.Dataset) -> xr.Dataset:
    """Return the statistics of each seed.

    Parameters
    ----------
    runs : xarray.Dataset
        From `run`, all seeds or some of them (``runs.sel(seed=[1, 2])``).

    Returns
    -------
    xarray.Dataset
        What a file of ``results/ensembles`` holds: statistics with the dimension ``seed``, and the traces that figures
        show, of the first seeds only, with the dimension ``trace_seed``.

    Raises
    ------
    UserError
        If it is given something else, or a statistic is infinite, or NaN where it has to be defined.

    Examples
    --------
    >>> import replasticity as rp
    >>> statistics = rp.summarise(rp.run("zenke2015", seeds=3))
    >>> statistics.seed.values.tolist(), statistics.G_pre_Hz.units
    ([1001, 1002, 1003], 'Hz')
    """
    require_kind(runs, RUNS)
    for name in ("seed", "dimension"):
        if name not in runs.dims:
            raise UserError(f"runs have lost the dimension '{name}'; choose with a list, such as .sel(seed=[1, 2])")
    resolved = _resolved(runs)
    protocol = _protocol(resolved)
    gathering, digests = Gathering(protocol, resolved.parameters), dict[int, str]()
    with datasets.content_of():
        for seed, arrays in parts_of(protocol.RUN, runs):
            gathering.add(seed, arrays, f"{resolved.name}, seed {seed}")
            attributes = simulation.run_attributes(resolved, seed)
            digests[seed] = datasets.as_dataset(protocol.RUN, arrays, **attributes).attrs[CONTENT_DIGEST]
        return simulation.as_ensemble(resolved, gathering, digests, [runs.attrs["code_digest"]])


def sweep(
    experiment: str,
    /,
    seeds: int | Iterable[int] | None = None,
    *,
    scale: str = "standard",
    processes: int | None = None,
    progress: bool | None = None,
    **parameters: Any,
) -> xr.Dataset:
    """Return statistics over seeds and over values of parameters.

    Parameters
    ----------
    experiment, seeds, scale, processes, progress
        As `run` takes them. Each combination of values has the same seeds.
    **parameters
        A list of values for each parameter to sweep: all combinations are simulated. One value, or one list for a
        parameter that is a list itself, is a changed parameter as in `run`.

    Returns
    -------
    xarray.Dataset
        The statistics, as `summarise` gives them, with a dimension for each swept parameter, called like it
        (``swept_A_vt`` where a statistic is called ``A_vt`` as well), and ``seed``. Where values of a parameter are
        lists, its coordinate has them as text. Lengths that the parameters change are filled up as in `run`. Traces are
        left out.

    Raises
    ------
    UserError
        As in `run`; all combinations are checked before the first one is simulated.

    Examples
    --------
    >>> import replasticity as rp
    >>> found = rp.sweep("zenke2015", tau_H_ms=[50, 100, 200], seeds=range(2))
    >>> found.dw_nS.sizes["tau_H_ms"], found.tau_H_ms.units
    (3, 'ms')
    >>> found.dw_nS.mean("seed").dims
    ('tau_H_ms', 'pairing')
    """
    whole = resolved_request(experiment, scale, {})
    given: dict[str, Any] = plain(parameters)
    swept = {name: value for name, value in given.items() if _depth(value) > _depth(whole.values.get(name, value))}
    fixed = {name: value for name, value in given.items() if name not in swept}
    contract = _protocol(whole).STATISTICS
    for name, values in swept.items():
        if not values:
            raise UserError(f"{experiment}: {name}: at least one value to sweep")
    taken = {*contract, *(each for variable in contract.values() for each in variable.dimensions)}
    # The prefix leaves the unit at the end of the name.
    dimension_of = {name: f"swept_{name}" if name in taken else name for name in swept}
    points = [
        resolved_request(experiment, scale, fixed | dict(zip(swept, each, strict=True)), whole.experiment)
        for each in itertools.product(*swept.values())
    ]
    chosen, count = seeds_and_processes(points[0], seeds, processes)
    arrays = _simulated(points, chosen, count, progress, summarised=True)
    # As they were checked: a whole number for a time has become a floating-point one.
    leading = {
        dimension: _distinct([_as_coordinate(point.values[name]) for point in points])
        for name, dimension in dimension_of.items()
    }
    for name, values in swept.items():
        if len(leading[dimension_of[name]]) != len(values):
            raise UserError(f"{experiment}: {name}: each value once, but one is there more than once")
    fields = type(whole.parameters).model_fields
    declared = {
        dimension: Variable((dimension,), str(fields[name].description), np.array(leading[dimension]).dtype.str)
        for name, dimension in dimension_of.items()
    }
    base = resolved_request(experiment, scale, fixed, whole.experiment)
    command = f"replasticity.sweep({experiment!r}, seeds={_in_short(chosen)}, scale={scale!r}, **{given})"
    code = provenance.statistics_digest(base.experiment.protocol)
    attributes = provenance.attributes(base, SWEEP, command, code) | {
        "scale": scale,
        "parameters": json.dumps({name: value for name, value in base.values.items() if name not in swept}),
        simulation.SIMULATED_BY: provenance.simulation_digest(base.experiment.protocol),
    }
    del attributes["parameters_digest"]
    return stacked(contract, arrays, {**leading, "seed": chosen}, declared | _SEED, attributes)


def require_kind(dataset: xr.Dataset, *kinds: str) -> None:
    """Raise a `UserError` if a dataset is none of those that this interface returns, by their attribute ``kind``."""
    found = dataset.attrs.get("kind") if isinstance(dataset, xr.Dataset) else None
    if found not in kinds:
        made_by = {RUNS: "replasticity.run", STATISTICS: "replasticity.summarise"}
        allowed = " or ".join(f"'{kind}' (from {made_by[kind]})" for kind in kinds)
        what = f"{type(dataset).__name__} is no dataset" if found is None else f"attribute 'kind' is '{found}'"
        raise UserError(f"{what}; allowed here: a dataset of kind {allowed}")


def _protocol(resolved: Resolved) -> protocols.Protocol:
    return protocols.get(resolved.experiment.protocol)


def _simulated(
    points: Sequence[Resolved], seeds: Sequence[int], processes: int, progress: bool | None, summarised: bool
) -> list[Arrays]:
    """Return the runs, or their statistics, of all seeds of each point."""
    tasks = [
        workers.Task(_label(point), point.experiment.protocol, point.values, seed, summarised)
        for point in points
        for seed in seeds
    ]
    with progress_bar(points[0].name, len(tasks), progress) as advance:
        checked = False

        def done(result: Arrays) -> None:
            nonlocal checked
            if not checked:
                _require_memory(points[0].name, result, len(tasks))
                checked = True
            advance(1)

        return workers.results_of(tasks, processes, done, lambda: advance(0))


def _require_memory(name: str, first: Arrays, count: int) -> None:
    """Check, after the first of many results, that all fit into the memory of this machine.

    Raises
    ------
    UserError
        If they do not.
    """
    # They stand there one by one, then as one dataset, whose digest takes a copy of its largest variables: as measured.
    needed = 2.5 * count * sum(array.nbytes for array in first.values())
    if needed > (there := _memory_bytes()):
        raise UserError(
            f"{name}: {count} runs or combinations need about {needed / 1e9:.3g} GB of memory, this machine has "
            f"{there / 1e9:.3g} GB; fewer seeds need less, and replasticity.sweep keeps the statistics of a run only"
        )


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _in_short(seeds: list[int]) -> str:
    """Return seeds as Python has them; thousands that follow one another in few letters."""
    following = range(seeds[0], seeds[0] + len(seeds))
    return str(following) if len(seeds) > 2 and seeds == list(following) else str(seeds)


def _label(resolved: Resolved) -> str:
    """Return what an error calls an experiment: its name, and what was changed."""
    changes = ", ".join(f"{name}={json.dumps(value)}" for name, value in resolved.changes.items())
    return f"{resolved.name} with {changes}" if changes else resolved.name


def _resolved(runs: xr.Dataset) -> Resolved:
    """Return the experiment of runs.

    Raises
    ------
    UserError
        If its files say something else now.
    """
    where = Path("runs")
    changes = datasets.json_attribute(runs.attrs, "changed_parameters", where)
    resolved = resolved_request(str(runs.attrs["experiment"]), str(runs.attrs["scale"]), changes)
    if runs.attrs["parameters_digest"] != resolved.digest:
        raise UserError(f"{resolved.name}: its YAML file has other parameters than these runs; simulate them again")
    return resolved


def _depth(value: Any) -> int:
    """Return how many lists a value is in: 0 for a number, 1 for a list of numbers."""
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _as_coordinate(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
