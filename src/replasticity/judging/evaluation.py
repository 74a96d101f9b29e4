"""Evaluating an ensemble: a verdict for each claim, and agreement with other simulators."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from replasticity.definitions.experiments import Claim, Experiment, Peer, Resolved, load, summary_file
from replasticity.definitions.seeds import seed_list_of
from replasticity.errors import UserError
from replasticity.judging.claims import Case, judge
from replasticity.judging.equivalence import compare_means, compare_seeds
from replasticity.judging.errata import measure
from replasticity.storage import datasets, project
from replasticity.storage.contract import require_defined
from replasticity.storage.integrity import CONTENT_DIGEST
from replasticity.study import protocols


def evaluate(resolved: Resolved, ensembles: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """Return all that is known about an experiment after its runs.

    Parameters
    ----------
    resolved : Resolved
        The experiment; gives claims, errata and the peer's summary.
    ensembles : mapping of str to Dataset
        Name -> ensemble, from `replasticity.pipeline.simulation.aggregate`: of the experiment, and of the others that
        its figure shows (`experiments.in_one_figure`). Claims of all of them are corrected together.

    Returns
    -------
    dict
        JSON-ready: ``experiment``, ``title``, ``seeds``, ``parameters``, digests, ``claims`` (each with its verdict,
        see `replasticity.judging.claims.Verdict`), ``judged_with`` (the other experiments whose claims were corrected
        together with these), ``ensembles`` (the content digest of each that was judged), ``errata`` (each with its
        ``measured`` effect, see `replasticity.judging.errata.measure`, or None) and ``peer``.
    """
    experiment, ensemble = resolved.experiment, ensembles[resolved.name]
    together = [
        (name, case_of(claim, each, own[claim.statistic].isel(claim.at).values, own["seed"].values.tolist()))
        for name, own in ensembles.items()
        for each in [experiment if name == resolved.name else load(name)]
        for claim in each.claims
    ]
    verdicts = judge([case for _, case in together])
    return {
        "experiment": resolved.name,
        "title": experiment.title,
        "seeds": ensemble["seed"].values.tolist(),
        "parameters": resolved.values,
        "parameters_digest": ensemble.attrs["parameters_digest"],
        "code_digest": ensemble.attrs["code_digest"],
        "judged_with": sorted(name for name in ensembles if name != resolved.name),
        "ensembles": {name: each.attrs.get(CONTENT_DIGEST, "") for name, each in ensembles.items()},
        "claims": [
            case.claim.model_dump(mode="json") | dataclasses.asdict(verdict)
            for (name, case), verdict in zip(together, verdicts, strict=True)
            if name == resolved.name
        ],
        "errata": [
            erratum.model_dump(mode="json")
            | {
                "measured": measure(erratum.measured_by, ensemble, ensembles[erratum.measured_by.corrected])
                if erratum.measured_by is not None and erratum.measured_by.corrected in ensembles
                else None
            }
            for erratum in experiment.errata
        ],
        "peer": None if experiment.peer is None else compare_with_peer(resolved, ensemble, experiment.peer),
    }


def case_of(claim: Claim, experiment: Experiment, values: npt.NDArray[np.float64], seeds: Sequence[int]) -> Case:
    """Return a claim with all that its test depends on.

    Parameters
    ----------
    claim : Claim
        The claim.
    experiment : Experiment
        Whose claim it is.
    values : ndarray of float64, shape (seeds,)
        The claim's statistic of each seed.
    seeds : sequence of int
        The seeds.
    """
    protocol = experiment.protocol
    statistic = protocols.get(protocol).STATISTICS[claim.statistic]
    seen = seed_list_of(experiment.seeds_seen) if experiment.seeds_seen else []
    return Case(
        claim=claim,
        values=values,
        deterministic=protocols.get(protocol).is_deterministic,
        resolution=statistic.resolution or 0.0,
        undefined=statistic.undefined,
        seen=len(set(seeds) & set(seen)),
    )


def compare_with_peer(resolved: Resolved, ensemble: xr.Dataset, peer: Peer) -> dict[str, Any]:
    """Return whether our seeds agree with another simulator's seeds.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    ensemble : xarray.Dataset
        Our statistics.
    peer : Peer
        Name and summary file of the other simulator, and whether its seeds have our random numbers.

    Returns
    -------
    dict
        JSON-ready: ``simulator``, ``comparable`` (and if not, ``different_parameters``), ``our_seeds``, number of the
        simulator's ``seeds``, ``same_streams``, and of ``common`` seeds. Where those have the same random numbers, what
        `replasticity.judging.equivalence.compare_seeds` says of them, otherwise what its `compare_means` says of all.

    Raises
    ------
    UserError
        If the summary lacks a statistic, or has an undefined value where our contract knows none.
    """
    protocol = protocols.get(resolved.experiment.protocol)
    path = summary_file(resolved.name, peer)
    summary = datasets.open_netcdf(path)
    recordings = protocol.require_peer()
    summary = recordings.of_peer(summary, resolved.parameters)
    datasets.require_names(summary, [*recordings.data.summary.values(), *["seed"] * peer.same_streams], path)
    recorded = datasets.json_attribute(summary.attrs, "parameters", path)
    theirs = protocol.Parameters.model_validate(
        recordings.recorded_parameters(summary, recorded), context={"recorded": True}
    ).model_dump(mode="json")
    ours = resolved.values
    different = [name for name in theirs if name not in protocol.OUTPUT_OPTIONS and ours[name] != theirs[name]]
    result: dict[str, Any] = {"simulator": peer.simulator, "summary": peer.summary}
    if different:
        # A user's own parameters: the other simulator has nothing to say about them.
        return result | {"comparable": False, "different_parameters": different}
    values = {name: summary[theirs].values for name, theirs in recordings.data.summary.items()}
    require_defined(protocol.STATISTICS, values, project.shown(path))
    seeds = summary["seed"].values.tolist() if peer.same_streams else []
    common = [seed for seed in ensemble["seed"].values.tolist() if seed in seeds]
    try:
        if common:
            rows = [seeds.index(seed) for seed in common]
            found = compare_seeds(
                {name: ensemble[name].sel(seed=common) for name in values},
                {name: recorded[rows] for name, recorded in values.items()},
            )
        else:
            found = compare_means({name: ensemble[name] for name in values}, values, protocol.STATISTICS)
    except ValueError as error:
        raise UserError(f"{project.shown(path)}: {error}") from error
    sizes = {
        "our_seeds": ensemble.sizes["seed"],
        "seeds": len(next(iter(values.values()))),
        "same_streams": peer.same_streams,
        "common": len(common),
    }
    return result | {"comparable": True} | sizes | found
