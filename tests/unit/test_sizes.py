"""Lengths of the statistics' dimensions: known from the parameters alone, so that an index can be checked early."""

import json

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.pipeline import simulation
from replasticity.study import protocols
from tests.conftest import STUDIES

REFERENCES = sorted(STUDIES.glob("*/reference/*.json"))

#: The cheapest experiment of each protocol whose quick scale takes a second or less.
QUICK = ("beats", "clopath2010_pairing", "dopamine_ten", "dopamine_timing", "stdp_tutorial_window", "zenke2015")


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_sizes_are_those_of_the_committed_statistics(in_project, path):
    reference = json.loads(path.read_text())
    protocol = protocols.get(experiments.load(reference["experiment"]).protocol)
    sizes = protocol.sizes(protocol.Parameters.model_validate_json(json.dumps(reference["parameters"])))
    found = {}
    for name, values in reference["statistics"].items():
        found |= dict(zip(protocol.STATISTICS[name].dimensions, np.shape(values["mean"]), strict=True))
    assert {name: sizes[name] for name in found} == found


@pytest.mark.parametrize("name", QUICK)
def test_sizes_are_those_of_a_simulated_seed(in_project, name):
    resolved = experiments.resolve(name, "quick")
    protocol = protocols.get(resolved.experiment.protocol)
    statistics = protocol.summarise(resolved.parameters, simulation.simulate(resolved, 1))
    found = {}
    for each, values in statistics.items():
        found |= dict(zip(protocol.STATISTICS[each].dimensions, values.shape, strict=True))
    assert protocol.sizes(resolved.parameters) == found


def test_every_dimension_of_every_protocol_has_a_size(in_project):
    for name in experiments.names():
        resolved = experiments.resolve(name)
        protocol = protocols.get(resolved.experiment.protocol)
        dimensions = {each for variable in protocol.STATISTICS.values() for each in variable.dimensions}
        assert set(protocol.sizes(resolved.parameters)) == dimensions, name


def test_index_out_of_range_is_told_before_anything_runs(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    claim = (
        "{id: c1, kind: ours, statement: a, source: s, statistic: dw_nS, at: {pairing: INDEX}, test: mean_in_range, "
    )
    mine = project_copy.folder / "config/experiments/mine.yaml"
    text = f"title: t\nbased_on: zenke2015_paper\nclaims:\n- {claim}lower: 0.5, why_this_bound: w, refuted_if: r}}\n"
    sizes = [
        protocols.get("zenke2015").sizes(experiments.resolve("zenke2015_paper", scale).parameters)["pairing"]
        for scale in experiments.SCALES
    ]
    mine.write_text(text.replace("INDEX", str(min(sizes) - 1)))
    experiments.load("mine")
    mine.write_text(text.replace("INDEX", str(min(sizes))))
    with pytest.raises(UserError, match=rf"mine\.yaml: claims\.c1\.at\.pairing: dw_nS has {min(sizes)} values"):
        experiments.load("mine")
    # What a scale leaves out has no index to check; a scale with shorter lists has fewer.
    shorter = "scales: {quick: {seeds: SEEDS, parameters: {pre_times_ms: [100.0], post_times_ms: [120.0]}}, "
    shorter += "standard: {seeds: 2}, full: {seeds: 2}}\n"
    mine.write_text(text.replace("INDEX", "1") + shorter.replace("SEEDS", "0"))
    experiments.load("mine")
    mine.write_text(text.replace("INDEX", "1") + shorter.replace("SEEDS", "2"))
    with pytest.raises(UserError, match=r"at scale 'quick'; allowed: 0 to 0 \(it is 1\)"):
        experiments.load("mine")
