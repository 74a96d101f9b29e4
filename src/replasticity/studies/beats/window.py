"""STDP window: the weight change of one pre/post pairing against the spike-time difference.

Source: docs/models/pair_stdp.md#stdp-window. No number is drawn: every seed gives the same run.
"""

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, NonNegative, Positive
from replasticity.storage.contract import Arrays, Recorded, Variable, build
from replasticity.studies.beats import shared as pair_stdp

if TYPE_CHECKING:
    import xarray as xr


class Parameters(pair_stdp.SynapseParameters):
    """Parameters of the protocol."""

    duration_ms: Positive = Field(description="Duration of the run.")
    pre_time_ms: NonNegative = Field(description="Time of the presynaptic spike of each synapse.")
    differences_ms: Annotated[list[float], Field(min_length=1)] = Field(
        description="Postsynaptic minus presynaptic spike time of each synapse."
    )

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        self.require_whole_steps("duration_ms", least=1)
        self.require_whole_steps("pre_time_ms")
        first_ms, last_ms = min(0.0, *self.differences_ms), max(0.0, *self.differences_ms)
        # Brian2 refuses it, too (brian2/input/spikegeneratorgroup.py, _check_args).
        if self.pre_time_ms + first_ms < -self.dt_ms / 2:
            raise ValueError("differences_ms: no postsynaptic spike before the run's start (see pre_time_ms)")
        self.require_whole_steps("differences_ms", least=-round(self.pre_time_ms / self.dt_ms))
        if not pair_stdp.is_recorded(info) and self.pre_time_ms + last_ms > self.duration_ms - self.dt_ms / 2:
            raise ValueError(f"differences_ms: no spike after the run's end at {self.duration_ms:g} ms")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: two spikes at each synapse."""
        return self.events_cost(len(self.differences_ms), 2 * len(self.differences_ms))


RUN: dict[str, Variable] = {
    "difference_ms": Variable(("synapse",), "postsynaptic minus presynaptic spike time"),
    "dw": Variable(("synapse",), "weight change, final minus initial"),
    **pair_stdp.RUN,
}

STATISTICS: dict[str, Variable] = {
    "dw": Variable(("synapse",), "weight change, final minus initial", resolution=1e-12),
    "dw_at_zero": Variable((), "weight change of a coincidence", resolution=1e-12, undefined="no pairing coincides"),
    "closed_form_departure": Variable((), "largest departure of weight changes from the closed form", resolution=1e-12),
    "potentiating_from_ms": Variable(
        (), "smallest difference whose pairing potentiates", resolution=1e-9, undefined="no pairing potentiates"
    ),
    "depressing_up_to_ms": Variable(
        (), "largest difference whose pairing depresses", resolution=1e-9, undefined="no pairing depresses"
    ),
}

OUTPUT_OPTIONS: tuple[str, ...] = ()

TRACES = ("difference_ms",)

PEER_NAMES: dict[str, str] = {}


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: one synapse for each difference, with its two spikes.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        Not used.

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`.
    """
    steps = round(parameters.duration_ms / parameters.dt_ms)
    pre = round(parameters.pre_time_ms / parameters.dt_ms)
    differences = np.rint(np.array(parameters.differences_ms) / parameters.dt_ms).astype(np.int64)
    synapses = pair_stdp.run_synapses(
        parameters,
        [pair_stdp.single_spike(pre, steps) for _ in differences],
        [pair_stdp.single_spike(pre + difference, steps) for difference in differences],
    )
    return build(
        RUN,
        synapses
        | {
            "difference_ms": differences * parameters.dt_ms,
            "dw": synapses["weight_final"] - parameters.weight_initial,
        },
    )


def closed_form(difference_ms: pair_stdp.FloatArray, parameters: pair_stdp.SynapseParameters) -> pair_stdp.FloatArray:
    """Return the weight change of one isolated pairing, without bounds (docs/models/pair_stdp.md#closed-form).

    Parameters
    ----------
    difference_ms : ndarray of float64
        Postsynaptic minus presynaptic spike time [ms].
    parameters : SynapseParameters
        Parameters of the synapse.

    Returns
    -------
    ndarray of float64
        dA exp(-D / taupre) for D >= 0, dB exp(D / taupost) for D < 0 [1].
    """
    ratio = parameters.tau_pre_ms / parameters.tau_post_ms * parameters.depression_ratio
    size = np.abs(difference_ms)
    change: pair_stdp.FloatArray = parameters.dA_pre * np.where(
        difference_ms >= 0, np.exp(-size / parameters.tau_pre_ms), -ratio * np.exp(-size / parameters.tau_post_ms)
    )
    return change


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {"synapse": len(parameters.differences_ms)}


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`; NaN where no pairing coincides, potentiates or depresses.
    """
    difference_ms, dw = run["difference_ms"], run["dw"]
    at_zero, above, below = dw[difference_ms == 0], difference_ms[dw > 0], difference_ms[dw < 0]
    return build(
        STATISTICS,
        {
            "dw": dw,
            "dw_at_zero": at_zero[0] if len(at_zero) else np.nan,
            "closed_form_departure": np.abs(dw - closed_form(difference_ms, parameters)).max(),
            "potentiating_from_ms": above.min() if len(above) else np.nan,
            "depressing_up_to_ms": below.max() if len(below) else np.nan,
        },
    )


# Replaying recordings of Brian2 ----------------------------------------------------------------------

RECORDINGS = ("stdp_window",)

TOLERANCES: dict[str, Tolerance] = {
    **pair_stdp.TOLERANCES,
    "time_difference": Tolerance(absolute=1e-9),
    "dw": Tolerance(absolute=1e-12),
}

SPIKES = pair_stdp.SPIKES

RECORDED_INPUTS: tuple[str, ...] = ()

NEEDED_INPUTS: tuple[str, ...] = ()

#: Step of the presynaptic spikes in recordings, and duration [ms] where a recording does not say it.
_PRE_STEP, _DURATION_MS = 1000, 250.0


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = pair_stdp.recorded_parameters(parameters, {})
    dt_ms = values.get("dt_ms", 0.0)
    values["differences_ms"] = [steps * dt_ms for steps in values.pop("difference_steps", [])]
    values.setdefault("pre_time_ms", _PRE_STEP * dt_ms)
    values.setdefault("duration_ms", float(recording.attrs.get("duration_ms", _DURATION_MS)))
    return values


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Return what our simulation makes of a recording's parameters.

    Parameters
    ----------
    recording : xarray.Dataset
        The recording; nothing in it is an input.
    parameters : Parameters
        The recording's parameters.

    Returns
    -------
    dict of str to (dimensions, array)
        The recording's variables as our run gives them, under the recording's names and in its units.
    """
    result = simulate(parameters, {})
    variables = pair_stdp.replayed(parameters, result)
    variables["time_difference"] = ("plastic", result["difference_ms"])
    variables["dw"] = ("plastic", result["dw"])
    return variables
