"""Statistics that are not defined: declared by their protocol, or refused when an ensemble is made."""

import numpy as np
import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.pipeline import simulation
from replasticity.storage import datasets
from replasticity.storage.contract import Variable, ratio, require_defined
from replasticity.study import protocols

SHORT = {"epoch_ms": 200.0, "pre_times_ms": [100.0, 500.0, 900.0], "post_times_ms": [101.0, 501.0, 901.0]}


def statistics_of(name, changes, seed=1):
    experiment = experiments.load(name)
    shortest = getattr(protocols.get(experiment.protocol), "SHORTEST", {})
    resolved = experiments.resolve(name, "quick", shortest | changes)
    protocol = protocols.get(experiment.protocol)
    return protocol, protocol.summarise(resolved.parameters, simulation.simulate(resolved, seed))


@pytest.mark.parametrize(
    ("variable", "time_ms", "value", "told"),
    [
        # The weight is read 10 ms after the second pairing.
        ("weight_nS", 510.0, np.nan, "dw_nS[1] is nan"),
        ("G_Hz", 590.0, np.inf, "G_late_mean_Hz[2] is inf"),
    ],
)
def test_a_value_that_is_none_is_refused_where_an_ensemble_is_made(
    in_project, tmp_path, variable, time_ms, value, told
):
    resolved = experiments.resolve("zenke2015", changes=SHORT)
    path = tmp_path / "run.nc"
    simulation.write_run(resolved, 1, path)
    with xr.open_dataset(path, decode_times=False) as run:
        run.load()
    run[variable].values[np.abs(run["time_ms"].values - time_ms).argmin()] = value
    datasets.write(run, path)
    with pytest.raises(UserError) as refused:
        simulation.aggregate(resolved, [path])
    assert str(refused.value) == f"{path}: {told}; it has to be a finite number"


def test_a_declared_undefined_value_is_kept(in_project, tmp_path):
    # One pairing: there is no line through it.
    resolved = experiments.resolve("zenke2015", changes={"pre_times_ms": [500.0], "post_times_ms": [501.0]})
    simulation.write_run(resolved, 1, tmp_path / "run.nc")
    ensemble = simulation.aggregate(resolved, [tmp_path / "run.nc"])
    assert np.isnan(ensemble["slope_sampled_nS_per_Hz"].values).all()
    assert np.isfinite(ensemble["dw_nS"].values).all()
    # Files do not say why: they are what they were.
    assert set(ensemble["slope_sampled_nS_per_Hz"].attrs) == {"units", "long_name", "resolution"}


def test_infinity_is_refused_even_where_nan_is_a_value():
    contract = {"x": Variable((), "x", undefined="there is none"), "n": Variable((), "n", "int32")}
    require_defined(contract, {"x": np.array(np.nan), "n": np.array(3)}, "a.nc")
    with pytest.raises(UserError, match=r"^a\.nc: x is inf; it has to be a finite number$"):
        require_defined(contract, {"x": np.array(np.inf)}, "a.nc")


@pytest.mark.parametrize(("over", "under"), [(1.0, 0.0), (0.0, 0.0), (-1.0, -0.0)])
def test_a_quotient_by_zero_is_not_defined(over, under):
    assert np.isnan(ratio(over, under))
    np.testing.assert_array_equal(ratio([over, 3.0], [under, 2.0]), [np.nan, 1.5])


@pytest.mark.parametrize(
    ("name", "changes", "undefined"),
    [
        ("beats", {"duration_ms": 5.0, "phase_recorded_ms": 1.0}, "pre_rate_actual_Hz"),
        ("beats_map", {"post_start_phases": [0.0]}, "share_moved_by_start_phase"),
        ("beats_map", {"pre_rates_Hz": [50.0], "post_rates_Hz": [50.0]}, "variance_explained_by_beat"),
        ("epsp", {"dA_pre": 0.0}, "additivity"),
        ("epsp", {"grid_rates_Hz": [1.0]}, "additivity_fails_from_Hz"),
        ("stdp_window", {"differences_ms": [10.0]}, "depressing_up_to_ms"),
        ("dopamine_timing", {}, "decay_ms"),
        ("dopamine_timing", {"b": 0.1}, "deviation"),
        ("dopamine_ten", {"epoch_edges_ms": [0.0, 2000.0, 2000.0, 5000.0]}, "rate_Hz"),
        ("izhikevich2007_cue", {"exc_indegree": 0}, "weight_max_pA"),
        ("izhikevich2007_cue", {"weight_initial_pA": 0.0}, "gain_rewarded_percent"),
        ("izhikevich2007_cue", {"stimulus_interval_min_ms": 5000.0}, "response_early"),
        ("izhikevich2007", {}, "chosen_high_s"),
        ("izhikevich2007_pavlov", {}, "response_ratio_early"),
        ("clopath2010", {"weight_exc_exc_mV": 0.0}, "dw_mean_percent"),
        ("urbanczik2014", {"presentations_before": 0, "presentations_after": 0}, "recall_error_ratio"),
        ("zenke2015", {"eta_nS_s": 0.0}, "slope_ratio"),
        ("zenke2015", {"sample_interval_ms": 5000.0}, "G_late_sd_Hz"),
    ],
)
def test_each_protocol_declares_what_may_be_undefined(in_project, name, changes, undefined):
    protocol, statistics = statistics_of(name, changes)
    assert np.isnan(statistics[undefined]).any()
    assert protocol.STATISTICS[undefined].undefined
    require_defined(protocol.STATISTICS, statistics, name)


def test_a_weight_that_is_no_number_does_not_become_a_missing_synapse(in_project):
    resolved = experiments.resolve("clopath2010", "quick", protocols.get("clopath2010_network").SHORTEST)
    run = simulation.simulate(resolved, 1)
    run["exc_exc_weight_final_mV"][0] = np.nan
    protocol = protocols.get("clopath2010_network")
    with pytest.raises(UserError, match=r"exc_exc_weight_final_mV\[\d+, \d+\] is nan"):
        require_defined(protocol.STATISTICS, protocol.summarise(resolved.parameters, run), "run.nc")
