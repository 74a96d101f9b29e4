"""What is said of every simulator that an experiment is compared with, from the committed references: no simulation."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.judging import regression, stored
from replasticity.judging.equivalence import DIFFERS, EQUIVALENT, IDENTICAL, POWER, TOO_FEW, UNDECIDED
from replasticity.judging.evaluation import compare_with_peer
from replasticity.pipeline import simulation
from replasticity.reporting import tables
from replasticity.storage import datasets, project
from replasticity.storage.contract import build
from replasticity.studies.clopath2010 import network_peer as clopath_network
from replasticity.study import protocols

COMPARED = [name for name in experiments.names() if experiments.load(name).peer is not None]
SAME_STREAMS = [name for name in COMPARED if name.startswith("izhikevich2007") and name != "izhikevich2007_cue"]


def ensemble_of_reference(resolved):
    """Return the ensemble that a reference was made from."""
    reference = regression.read_reference(resolved)
    protocol = protocols.get(resolved.experiment.protocol)
    contract = simulation.ensemble_contract(protocol)
    values = {name: entry["values"] for name, entry in reference["statistics"].items()}
    return datasets.as_dataset(contract, build(contract, {"seed": reference["seeds"]} | values))


def found_for(name):
    resolved = experiments.resolve(name, "full")
    return compare_with_peer(resolved, ensemble_of_reference(resolved), resolved.experiment.peer)


@pytest.mark.parametrize("name", COMPARED)
def test_agreement_is_claimed_where_seeds_have_the_power_and_nowhere_else(name, in_project):
    found = found_for(name)
    assert found["outcome"] != DIFFERS
    if found["common"]:
        assert found["outcome"] == IDENTICAL
        assert found["identical"] == found["common"]
    elif found["power"] < POWER:
        assert found["outcome"] == TOO_FEW
    else:
        assert found["outcome"] == (UNDECIDED if found["not_shown"] else EQUIVALENT)
    assert tables.peer_sentence(found)
    TypeAdapter(stored._Evaluation.model_fields["peer"].annotation).validate_python(found)


def test_which_peers_share_our_random_numbers():
    assert [name for name in COMPARED if experiments.load(name).peer.same_streams] == SAME_STREAMS


@pytest.mark.parametrize("name", SAME_STREAMS)
def test_the_same_seeds_are_compared_one_by_one(name, in_project):
    resolved = experiments.resolve(name, "full")
    ensemble = ensemble_of_reference(resolved)
    protocol = protocols.get(resolved.experiment.protocol)
    summary = protocol.peer.of_peer(
        datasets.open_netcdf(experiments.summary_file(name, resolved.experiment.peer)), resolved.parameters
    )
    seeds = summary["seed"].values.tolist()
    ours = summary[list(protocol.peer.data.summary)].assign_coords(seed=[*seeds[:-1], 1001])
    found = compare_with_peer(resolved, ours, resolved.experiment.peer)
    assert (found["outcome"], found["identical"], found["common"]) == (IDENTICAL, len(seeds) - 1, len(seeds) - 1)
    ours["chosen_weight_final_mV"].values[1] += 1e-3
    found = compare_with_peer(resolved, ours, resolved.experiment.peer)
    assert (found["outcome"], found["different"]) == (DIFFERS, ["chosen_weight_final_mV"])
    assert found["identical"] == found["common"] - 1
    # Without a seed in common two sets that look the same are too few to tell.
    others = ensemble.assign_coords(seed=np.arange(ensemble.sizes["seed"]) + 5001)
    assert compare_with_peer(resolved, others, resolved.experiment.peer)["outcome"] == TOO_FEW


def clopath_inputs(recording, parameters):
    return clopath_network.recorded_inputs(recording, parameters) | {"profile_centre": recording["pg_mu"].values}


def ten_inputs(recording, parameters):
    names = {"input_spike_ms": "pre_spike_time", "input_spike_index": "pre_spike_index"}
    return {ours: recording[theirs].values for ours, theirs in names.items()}


def cue_inputs(recording, parameters):
    names = {
        "subgroup_index": "subgroup_index",
        "stimulus_ms": "stim_scheduled_spike_time",
        "stimulus_subgroup": "stim_scheduled_spike_index",
        "dopamine_ms": "dopa_scheduled_time",
        "background_index": "background_spike_index",
    }
    inputs = {ours: recording[theirs].values for ours, theirs in names.items()}
    inputs["background_step"] = np.rint(recording["background_spike_time"].values / parameters.dt_ms).astype(int)
    for population in ("exc", "inh"):
        order = np.argsort(recording[f"{population}_pre"].values, kind="stable")
        for end in ("pre", "post"):
            inputs[f"{population}_{end}"] = recording[f"{population}_{end}"].values[order]
    return inputs


@pytest.mark.parametrize(
    ("name", "recordings", "inputs_of"),
    [
        ("clopath2010", "clopath/network_seed?.nc", clopath_inputs),
        ("dopamine_ten", "dopamine/dopa_ten_seed?.nc", ten_inputs),
        ("izhikevich2007_cue", "dopamine/dopa_cue_seed?.nc", cue_inputs),
    ],
)
def test_on_the_peers_own_inputs_a_seed_has_the_statistics_of_its_summary(name, recordings, inputs_of, in_project):
    # Random numbers are not the same, but of two seeds the inputs are recorded: all statistics are identical in 2 of 2.
    resolved = experiments.resolve(name)
    parameters, peer = resolved.parameters, resolved.experiment.peer
    protocol = protocols.get(resolved.experiment.protocol)
    seeds, rows = [], []
    for path in sorted((project.root() / "tests/peers").glob(recordings)):
        recording = datasets.open_netcdf(path)
        inputs = inputs_of(recording, parameters)
        rows.append(protocol.summarise(parameters, inputs | protocol.simulate(parameters, inputs)))
        seeds.append(int(recording.attrs["seed"]))
    contract = simulation.ensemble_contract(protocol)
    values = {name: np.stack([row[name] for row in rows]) for name in protocol.STATISTICS}
    ours = datasets.as_dataset(contract, build(contract, {"seed": seeds} | values))
    found = compare_with_peer(resolved, ours, peer.model_copy(update={"same_streams": True}))
    assert (found["outcome"], found["identical"], found["common"]) == (IDENTICAL, 2, 2)


def test_seeds_that_are_not_numbered_cannot_be_compared_one_by_one(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    resolved = experiments.resolve("zenke2015")
    peer = resolved.experiment.peer.model_copy(update={"same_streams": True, "summary": "nameless.nc"})
    summary = datasets.open_netcdf(experiments.summary_file("zenke2015", resolved.experiment.peer)).drop_vars("seed")
    for variable in summary.variables.values():
        variable.encoding.clear()
    datasets.write(summary, project.root() / "nameless.nc")
    with pytest.raises(UserError, match=r"nameless\.nc: has no variable 'seed'"):
        compare_with_peer(resolved, ensemble_of_reference(resolved), peer)
