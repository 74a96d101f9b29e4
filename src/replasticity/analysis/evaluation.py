"""Evaluating an ensemble: a verdict for each claim, and agreement with other simulators in distribution."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import xarray as xr

from replasticity import datasets, project, protocols
from replasticity.analysis.claims import Case, judge
from replasticity.analysis.distributions import FALSE_ALARM_RATE, compare_distributions, could_differ, seeds_needed
from replasticity.analysis.errata import measure
from replasticity.errors import UserError
from replasticity.experiments import Claim, Experiment, Peer, Resolved, load
from replasticity.integrity import CONTENT_DIGEST
from replasticity.seeds import seed_list_of


def evaluate(resolved: Resolved, ensembles: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """Return all that is known about an experiment after its runs.

    Parameters
    ----------
    resolved : Resolved
        The experiment; gives claims, errata and the peer's summary.
    ensembles : mapping of str to Dataset
        Name -> ensemble, from `replasticity.simulation.aggregate`: of the experiment, and of the others that its figure
        shows (`replasticity.experiments.in_one_figure`). Claims of all of them are corrected together.

    Returns
    -------
    dict
        JSON-ready: ``experiment``, ``title``, ``seeds``, digests, ``claims`` (each with its verdict, see
        `replasticity.analysis.claims.Verdict`), ``judged_with`` (the other experiments whose claims were corrected
        together with these), ``ensembles`` (the content digest of each that was judged), ``errata`` (each with its
        ``measured`` effect, see `replasticity.analysis.errata.measure`, or None) and ``peer``.
    """
    experiment, ensemble = resolved.experiment, ensembles[resolved.name]
    together = [
        (name, _case(claim, each, ensembles[name]))
        for name in ensembles
        for each in [experiment if name == resolved.name else load(name)]
        for claim in each.claims
    ]
    verdicts = judge([case for _, case in together])
    return {
        "experiment": resolved.name,
        "title": experiment.title,
        "seeds": ensemble["seed"].values.tolist(),
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


def _case(claim: Claim, experiment: Experiment, ensemble: xr.Dataset) -> Case:
    """Return a claim with all that its test depends on."""
    protocol = experiment.protocol
    statistic = protocols.get(protocol).STATISTICS[claim.statistic]
    seen = seed_list_of(experiment.seeds_seen) if experiment.seeds_seen else []
    return Case(
        claim=claim,
        values=ensemble[claim.statistic].isel(claim.at).values,
        deterministic=protocols.is_deterministic(protocol),
        resolution=statistic.resolution or 0.0,
        undefined=statistic.undefined,
        seen=len(set(ensemble["seed"].values.tolist()) & set(seen)),
    )


def compare_with_peer(resolved: Resolved, ensemble: xr.Dataset, peer: Peer) -> dict[str, Any]:
    """Return whether our seeds and another simulator's seeds are distributed alike.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    ensemble : xarray.Dataset
        Our statistics.
    peer : Peer
        Name and summary file of the other simulator.

    Returns
    -------
    dict
        JSON-ready: ``simulator``, ``comparable``, number of the simulator's ``seeds``, of ``our_seeds`` and of tests,
        smallest corrected p, the false-alarm rate, ``could_differ`` (whether so few seeds can show a difference at
        all), ``seeds_needed`` (of ours, for that; None if no number is enough), ``agrees`` (False where nothing could
        have been found), and the statistics that differ.

    Raises
    ------
    UserError
        If the summary lacks a statistic, or has an undefined value where our contract knows none.
    """
    protocol = protocols.get(resolved.experiment.protocol)
    path = project.root() / peer.summary
    summary = datasets.open_netcdf(path)
    of_peer = getattr(protocol, "of_peer", None)
    if of_peer is not None:
        summary = of_peer(summary, resolved.parameters)
    datasets.require_names(summary, protocol.PEER_NAMES.values(), path)
    recorded = datasets.json_attribute(summary.attrs, "parameters", path)
    theirs = protocol.Parameters.model_validate(
        protocol.recorded_parameters(summary, recorded), context={"recorded": True}
    ).model_dump(mode="json")
    ours = resolved.values
    different = [name for name in theirs if name not in protocol.OUTPUT_OPTIONS and ours[name] != theirs[name]]
    result: dict[str, Any] = {"simulator": peer.simulator, "summary": peer.summary}
    if different:
        # A user's own parameters: the other simulator has nothing to say about them.
        return result | {"comparable": False, "different_parameters": different}
    values = {name: summary[theirs].values for name, theirs in protocol.PEER_NAMES.items()}
    datasets.require_defined(protocol.STATISTICS, values, project.shown(path))
    try:
        agreements = compare_distributions({name: ensemble[name] for name in values}, values)
    except ValueError as error:
        raise UserError(f"{project.shown(path)}: {error}") from error
    seeds = len(next(iter(values.values())))
    enough = could_differ(ensemble.sizes["seed"], seeds, len(agreements))
    return result | {
        "comparable": True,
        "seeds": seeds,
        "our_seeds": ensemble.sizes["seed"],
        "tests": len(agreements),
        "smallest_p": min(agreement.p for agreement in agreements),
        "false_alarm_rate": FALSE_ALARM_RATE,
        "could_differ": enough,
        "seeds_needed": seeds_needed(seeds, len(agreements)),
        "agrees": enough and all(agreement.agrees for agreement in agreements),
        "different": [dataclasses.asdict(agreement) for agreement in agreements if not agreement.agrees],
    }
