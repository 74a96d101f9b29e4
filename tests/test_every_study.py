"""Gates: what each study passes without a test of its own. A new study is found by its folder."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

import replasticity as rp
from replasticity import studies
from replasticity.definitions import experiments
from replasticity.definitions.parameters import Checked
from replasticity.interface import stacking
from replasticity.peers import replays
from replasticity.pipeline import provenance, simulation
from replasticity.storage.contract import require_defined
from replasticity.study import protocols
from tests.conftest import ROOT, STUDIES
from tests.figures.drawing import plot

NAMES = sorted(path.parent.name for path in STUDIES.glob("*/__init__.py"))

#: Files of a study, apart from those of a protocol called NAME: NAME.py, NAME_statistics.py, ...
PARTS = ("protocol", "statistics", "figure", "peer", "peer_brian2", "peer_nest")

#: Protocol -> changes of its shortest run for interpreted Python, which is a hundred times slower.
SHORTER = {
    "beats_map": {"pre_rates_Hz": [40.0, 50.0], "post_rates_Hz": [40.0], "post_start_phases": [0.0]},
    "dopamine_tutorial_cue": {"duration_ms": 500.0},
    "izhikevich2007_conditioning": {"exc_cells": 160, "inh_cells": 40},
    "izhikevich2007_reward": {"exc_cells": 400, "inh_cells": 100},
}


@cache
def shortest(protocol):
    """Return the first experiment of a protocol, as short as a run can be."""
    name = experiments.of_protocol(protocol)[0]
    return experiments.resolve_shortest(name, experiments.load(name))


@cache
def run_of(protocol):
    return simulation.simulate(shortest(protocol), 1)


@pytest.mark.parametrize("study", NAMES)
def test_a_study_has_the_files_that_a_reader_expects(study):
    folder = STUDIES / study
    known = {part for name in protocols.names() for part in PARTS}
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    own = {name.rpartition("_")[0] for name in modules if name.endswith("_statistics")}
    known |= own | {f"{name}_{part}" for name in own for part in PARTS[1:]} | {"shared"}
    assert modules <= known
    assert list(folder.glob("experiments/*.yaml"))
    assert list(folder.glob("reference/*.json"))


@pytest.mark.parametrize("study", NAMES)
def test_the_first_page_of_a_study_leads_to_its_equations(study):
    page = importlib.import_module(f"{studies.__name__}.{study}").__doc__
    models = re.findall(r"docs/models/\w+\.md", page)
    assert models
    assert all((ROOT / model).is_file() for model in models)
    assert len(page.splitlines()) <= 40


@pytest.mark.parametrize("study", NAMES)
def test_an_experiment_lies_with_its_protocol_and_has_a_reference(study, in_project):
    for path in (STUDIES / study / "experiments").glob("*.yaml"):
        experiment = experiments.load(path.stem)
        assert protocols.get(experiment.protocol).module.split(".")[-2] == study
        assert (STUDIES / study / "reference" / f"{path.stem}.json").is_file()
        if experiment.figure is not None:
            assert protocols.figures()[experiment.figure.module].split(".")[-2] == study


@pytest.mark.parametrize("protocol", protocols.names())
def test_a_quantity_is_described(protocol):
    for name, field in protocols.get(protocol).Parameters.model_fields.items():
        assert issubclass(protocols.get(protocol).Parameters, Checked)
        assert field.description, name
    for contract in (protocols.get(protocol).RUN, protocols.get(protocol).STATISTICS):
        assert all(variable.long_name for variable in contract.values())


@pytest.mark.parametrize("protocol", protocols.names())
def test_the_python_interface_can_name_each_quantity(protocol):
    known = protocols.get(protocol)
    asked = set(inspect.signature(rp.run).parameters) | {"dimension", stacking.LENGTH}
    for contract in (known.RUN, known.STATISTICS):
        dimensions = {name for variable in contract.values() for name in variable.dimensions}
        assert not ({*contract} | dimensions) & {"seed", "dimension", stacking.LENGTH}
    assert not set(known.Parameters.model_fields) & asked


@pytest.mark.parametrize("protocol", protocols.names())
def test_a_run_holds_what_its_contract_says(protocol, in_project):
    contract, run = protocols.get(protocol).RUN, run_of(protocol)
    assert [name for name in contract if name in run] == list(run)
    assert [name for name, variable in contract.items() if name not in run and not variable.optional] == []
    for name, array in run.items():
        assert array.dtype == contract[name].dtype
        assert array.ndim == len(contract[name].dimensions)


@pytest.mark.parametrize("protocol", protocols.names())
def test_an_edit_of_other_statistics_summarises_nothing_again(protocol):
    modules = {name: protocols.get(name).statistics_module for name in protocols.names()}
    own = modules.pop(protocol)
    assert not provenance._with_imported([own]) & set(modules.values())


@pytest.mark.parametrize("protocol", protocols.names())
def test_statistics_are_declared_and_finite_or_their_nan_is_declared(protocol, in_project):
    resolved, known = shortest(protocol), protocols.get(protocol)
    found = known.summarise(resolved.parameters, run_of(protocol))
    assert list(found) == list(known.STATISTICS)
    require_defined(known.STATISTICS, found)
    sizes = known.sizes(resolved.parameters)
    for name, values in found.items():
        assert values.dtype == known.STATISTICS[name].dtype
        assert values.shape == tuple(sizes[each] for each in known.STATISTICS[name].dimensions), name


@pytest.mark.parametrize("protocol", protocols.names())
def test_an_experiment_and_a_seed_give_the_same_bytes_twice(protocol, in_project, tmp_path):
    for name in ("a.nc", "b.nc"):
        simulation.write_run(shortest(protocol), 1, tmp_path / name)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


#: Simulates an experiment as Python understands its code, without a compiler.
INTERPRETED = """
import json
import sys

import numpy as np

from replasticity.numerics import compilation

for decorator in ("njit", "inline_njit", "inner_njit"):
    setattr(compilation, decorator, lambda function: function)

from replasticity.numerics import limits, philox, prefetch

# What numba gives machine code for only.
prefetch.prefetch = lambda record: None
philox.multiply = lambda a, b: tuple(np.uint64(each) for each in divmod(int(a) * int(b), 2**64))
limits.no_failure = lambda: np.array([(-1, 0, 0, 0.0)], limits.FAILURE).view(np.recarray)
np.seterr(all="ignore")

from replasticity.definitions import experiments
from replasticity.pipeline import simulation

name, changes, output = sys.argv[1:]
resolved = experiments.resolve(name, "quick", json.loads(changes))
np.savez(output, **simulation.simulate(resolved, 1))
"""


@pytest.mark.slow
@pytest.mark.parametrize("protocol", protocols.names())
def test_compiled_code_gives_what_the_same_code_gives_in_python(protocol, in_project, tmp_path):
    resolved = shortest(protocol)
    resolved = experiments.resolve(resolved.name, "quick", resolved.changes | SHORTER.get(protocol, {}))
    compiled = simulation.simulate(resolved, 1)
    output = tmp_path / "run.npz"
    arguments = [resolved.name, json.dumps(resolved.changes), str(output)]
    subprocess.run([sys.executable, "-W", "ignore", "-c", INTERPRETED, *arguments], check=True, cwd=ROOT)
    with np.load(output) as interpreted:
        assert set(interpreted.files) == set(compiled)
        for name, values in compiled.items():
            np.testing.assert_array_equal(interpreted[name], values, err_msg=name)


@pytest.mark.parametrize("path", sorted(replays.recordings(protocols.names(), longest_ms=10_000.0).values()), ids=str)
def test_a_recording_replays(path, in_project):
    _, deviations = replays.replay(path)
    assert replays.holds(deviations), [row for row in deviations if row.holds is False]


@pytest.mark.parametrize("protocol", protocols.names())
def test_a_figure_can_be_drawn_from_one_seed(protocol, in_project, tmp_path):
    shown = [name for name in experiments.of_protocol(protocol) if experiments.load(name).figure is not None]
    for name in shown:
        resolved = experiments.resolve_shortest(name, experiments.load(name))
        simulation.write_run(resolved, 1, tmp_path / "run.nc")
        assert plot(name, {"main": simulation.aggregate(resolved, [tmp_path / "run.nc"])}).axes


@pytest.mark.parametrize("protocol", protocols.names())
def test_each_stage_has_a_digest_of_its_own(protocol):
    digests = [provenance.simulation_digest(protocol), provenance.kernels_digest(protocol)]
    assert len(set(digests)) == len(digests)
