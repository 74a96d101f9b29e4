"""Recordings of NEST's pairing of spikes: the same generators through our neurons, in NEST's names."""

from typing import TYPE_CHECKING, Any

import numpy as np

from replasticity.comparison import Tolerance
from replasticity.errors import UserError
from replasticity.storage.contract import Recorded, require_indices
from replasticity.studies.clopath2010.network_peer import ADAPTIVE_EXPONENTIAL, NEURON
from replasticity.studies.clopath2010.pairing import NEURONS, FloatArray, Parameters
from replasticity.studies.clopath2010.pairing_statistics import normalised_percent

if TYPE_CHECKING:
    import xarray as xr

RECORDINGS = ("clopath_spike_pairing",)

PEER_NAMES: dict[str, str] = {}

#: The runs of a recording have at most so many steps together.
MOST_RECORDED_STEPS = 10_000_000

_RECORDED_MODELS = {"adex": "aeif_psc_delta_clopath", "hh": "hh_psc_alpha_clopath"}

_SHARED = {theirs: ours for theirs, (ours, _) in NEURON.items()}
_SHARED |= {"V_m_initial": "V_initial_mV", "A_LTP": "A_LTP_per_mV2", "A_LTD": "A_LTD_per_mV"}

# fmt: off
#: Model -> recorded name of its parameters -> ours.
_MODEL_NAMES = {
    "adex": {
        **_SHARED,
        **{theirs: ours for theirs, (ours, _) in ADAPTIVE_EXPONENTIAL.items()},
        "gsl_error_tol": "tolerance", "post_input_weight": "forcing_weight_mV",
    },
    "hh": {
        **_SHARED,
        "g_Na": "g_Na_nS", "g_K": "g_K_nS", "E_Na": "E_Na_mV", "E_K": "E_K_mV",
        "tau_syn_ex": "tau_ex_ms", "tau_syn_in": "tau_in_ms", "post_input_weight": "forcing_weight_pA",
    },
}

_SYNAPSE_NAMES = {
    "weight": "weight_initial", "Wmin": "weight_min", "Wmax": "weight_max",
    "tau_x": "tau_x_ms", "delay": "delay_ms",
}

#: What a recording does not have. Its runs are data, each with its own model and times. NEST's Hodgkin-Huxley neuron
#: has no parameter for its tolerance, and the published script has 15 blocks.
_FIXED: dict[str, Any] = {
    "hh_tolerance": 1e-3, "extrapolation": 15.0, "shift_ms": 0.0, "potentials_ms": 1.0,
    "rates_Hz": [1.0], "intervals_ms": [0.0], "pre_times_ms": [[0.0]], "post_times_ms": [[0.0]],
    **{f"measured_{name}": [] for name in ("rates_Hz", "intervals_ms", "change_percent", "sem_percent")},
}
# fmt: on

_WEIGHT, _POTENTIAL, _TIME = Tolerance(absolute=1e-12), Tolerance(absolute=1e-5), Tolerance(absolute=1e-6)

#: Recorded model and order of an example -> recorded model, and whether the postsynaptic spike is first.
_EXAMPLES = {
    f"{name}_{order}": (model, order == "post_pre")
    for model, name in enumerate(("aeif", "hh"))
    for order in ("post_pre", "pre_post")
}

_TRACED = ("V_m", "u_bar_plus", "u_bar_minus", "u_bar_bar")

# fmt: off
TOLERANCES = {
    "run_weight_last": _WEIGHT, "run_weight_normalized": Tolerance(relative=1e-7),
    "event_time": _TIME, "event_run": Tolerance(), "event_weight": _WEIGHT,
    "post_spike_time": _TIME, "post_spike_run": Tolerance(),
    **{f"{example}_{name}": _POTENTIAL for example in _EXAMPLES for name in _TRACED},
}
# fmt: on

SPIKES: tuple[str, ...] = ()

RECORDED_INPUTS = (
    *("run_model", "run_protocol", "run_rate", "run_interval", "run_duration"),
    *("pre_gen_time", "pre_gen_run", "post_gen_time", "post_gen_run"),
    *(f"{example}_trace_time" for example in _EXAMPLES),
)

NEEDED_INPUTS = ("run_model", "run_duration", "pre_gen_time", "pre_gen_run", "post_gen_time", "post_gen_run")


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    values = {"dt_ms": float(recording.attrs.get("resolution_ms", 0.1))}
    for model, theirs in _RECORDED_MODELS.items():
        recorded = parameters.get("models", {}).get(theirs, {})
        values |= {f"{model}_{ours}": recorded[name] for name, ours in _MODEL_NAMES[model].items() if name in recorded}
    synapse = parameters.get("synapse", {})
    return values | {ours: synapse[theirs] for theirs, ours in _SYNAPSE_NAMES.items() if theirs in synapse} | _FIXED


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    from replasticity.models.clopath_pairing import simulate_neuron

    def times_ms(name: str, one: int) -> FloatArray:
        times: FloatArray = np.sort(recording[f"{name}_gen_time"].values[recording[f"{name}_gen_run"].values == one])
        return times

    require_indices(recording, {"run_model": len(NEURONS)})
    recorded_steps = recording["run_duration"].values / parameters.dt_ms
    if not recorded_steps.sum() <= MOST_RECORDED_STEPS:
        raise UserError(f"run_duration: at most {MOST_RECORDED_STEPS:g} steps of {parameters.dt_ms:g} ms together")
    event: dict[str, list[Any]] = {"time": [], "run": [], "weight": []}
    spike: dict[str, list[Any]] = {"time": [], "run": []}
    last = np.full(recording.sizes["run"], np.nan)
    traces = []
    for one, (model, duration_ms) in enumerate(
        zip(recording["run_model"].values, recording["run_duration"].values, strict=True)
    ):
        pre_ms = times_ms("pre", one)
        transmitted, stamp, trace = simulate_neuron(
            parameters, NEURONS[model], pre_ms, times_ms("post", one), parameters.steps(duration_ms)
        )
        delivered = np.isfinite(transmitted)
        event["time"] += list(pre_ms[delivered] + parameters.dt_ms)
        event["run"] += [one] * int(delivered.sum())
        event["weight"] += list(transmitted[delivered])
        spike["time"] += list(stamp * parameters.dt_ms)
        spike["run"] += [one] * len(stamp)
        last[one] = transmitted[delivered][-1] if delivered.any() else np.nan
        traces.append(trace)
    variables: dict[str, tuple[str, Any]] = {
        "run_weight_last": ("run", last),
        "run_weight_normalized": ("run", normalised_percent(parameters, last)),
        **{f"event_{name}": ("event", np.array(values)) for name, values in event.items()},
        **{f"post_spike_{name}": ("post_spike", np.array(values)) for name, values in spike.items()},
    }
    for example, (model, post_first) in _EXAMPLES.items():
        if f"{example}_trace_time" in recording:
            at = np.rint(recording[f"{example}_trace_time"].values / parameters.dt_ms).astype(np.int64) - 1
            trace = traces[_example_run(recording, model, post_first)]
            if at.size and not 0 <= at.min() <= at.max() < trace.shape[1]:
                raise UserError(f"{example}_trace_time: times outside the run, which has {trace.shape[1]} steps")
            for row, name in enumerate(_TRACED):
                variables[f"{example}_{name}"] = (f"{example}_trace", trace[row, at])
    return variables


def _example_run(recording: "xr.Dataset", model: int, post_first: bool) -> int:
    """Return the run whose potentials are recorded: the fastest of the example with this model and order."""
    chosen = (recording["run_model"].values == model) & ((recording["run_interval"].values < 0) == post_first)
    if "run_protocol" in recording:
        chosen &= recording["run_protocol"].values == 0
    if not chosen.any():
        order = "postsynaptic" if post_first else "presynaptic"
        raise UserError(f"run_interval: no run of model {model} with the {order} spike first")
    return int(np.flatnonzero(chosen)[recording["run_rate"].values[chosen].argmax()])
