"""STDP window of the synapses tutorial: many pairs of cells, the later the one spikes the earlier the other.

Source: docs/models/pair_stdp.md#tutorial-window. The numbers in the question that this study goes back to
are the first weights. No number is drawn: every seed gives the same run.
"""

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Cost, Positive, PositiveInt
from replasticity.storage.contract import Arrays, Recorded, Variable, build
from replasticity.studies.beats import shared as pair_stdp
from replasticity.studies.beats.window import closed_form

if TYPE_CHECKING:
    import xarray as xr


class Parameters(pair_stdp.SynapseParameters):
    """Parameters of the protocol."""

    duration_ms: Positive = Field(description="Duration of the run.")
    pairs: Annotated[PositiveInt, Field(ge=2)] = Field(description="Number of pairs.")
    latest_spike_ms: Positive = Field(
        description="Presynaptic spikes are asked for at 0 to this time, postsynaptic ones at this time down to 0."
    )

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        self.require_whole_steps("duration_ms", least=1)
        if not pair_stdp.is_recorded(info) and self.latest_spike_ms + 2 * self.dt_ms > self.duration_ms:
            raise ValueError("latest_spike_ms: has to be at least two steps before the run's end (see duration_ms)")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: two spikes at each synapse, and the time of each step, with temporaries."""
        memory_bytes, seconds = self.events_cost(self.pairs, 2 * self.pairs)
        return Cost(memory_bytes + 3 * 8 * self.duration_ms / self.dt_ms, seconds)


RUN: dict[str, Variable] = {
    "requested_pre_ms": Variable(("synapse",), "requested presynaptic time; the spike comes in the next step"),
    "requested_post_ms": Variable(("synapse",), "requested postsynaptic time"),
    "difference_ms": Variable(("synapse",), "postsynaptic minus presynaptic spike time; NaN if a cell does not spike"),
    **pair_stdp.RUN,
}

STATISTICS: dict[str, Variable] = {
    "weight_final": Variable(("synapse",), "weight after the last step", resolution=1e-12),
    "closed_form_departure": Variable(
        (),
        "largest departure of weight changes from the closed form",
        resolution=1e-12,
        undefined="a spike is requested after the end",
    ),
}

OUTPUT_OPTIONS: tuple[str, ...] = ()

TRACES = ("difference_ms",)

PEER_NAMES: dict[str, str] = {}


def requested_times_s(parameters: Parameters) -> tuple[pair_stdp.FloatArray, pair_stdp.FloatArray]:
    """Return the requested pre- and postsynaptic spike times [s], the product before the quotient."""
    cells = np.arange(parameters.pairs)
    latest_s, intervals = pair_stdp.seconds(parameters.latest_spike_ms), parameters.pairs - 1
    return cells * latest_s / intervals, (intervals - cells) * latest_s / intervals


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: each cell spikes once, in the first step that is later than requested.

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
    time_s = np.arange(steps) * pair_stdp.seconds(parameters.dt_ms)
    requested_s = requested_times_s(parameters)
    # t > T strictly: a spike requested at 0 comes in step 1.
    pre, post = (np.searchsorted(time_s, times, side="right") for times in requested_s)
    synapses = pair_stdp.run_synapses(
        parameters, *([pair_stdp.single_spike(step, steps) for step in side] for side in (pre, post))
    )
    return build(
        RUN,
        synapses
        | {
            "requested_pre_ms": requested_s[0] * 1e3,
            "requested_post_ms": requested_s[1] * 1e3,
            "difference_ms": np.where((pre < steps) & (post < steps), (post - pre) * parameters.dt_ms, np.nan),
        },
    )


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {"synapse": parameters.pairs}


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
        Variables of `STATISTICS`.
    """
    weight = run["weight_final"]
    expected = closed_form(run["difference_ms"], parameters)
    return build(
        STATISTICS,
        {
            "weight_final": weight,
            "closed_form_departure": np.abs(weight - parameters.weight_initial - expected).max(),
        },
    )


# Replaying recordings of Brian2 ----------------------------------------------------------------------

RECORDINGS = ("stdp_tutorial_window",)

TOLERANCES: dict[str, Tolerance] = {
    **pair_stdp.TOLERANCES,
    "requested_pre_time": Tolerance(absolute=1e-9),
    "requested_post_time": Tolerance(absolute=1e-9),
}

SPIKES = pair_stdp.SPIKES

RECORDED_INPUTS: tuple[str, ...] = ()

NEEDED_INPUTS: tuple[str, ...] = ()


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a recording's parameters in our names, ready for validation."""
    values = pair_stdp.recorded_parameters(parameters, {"n": "pairs", "tmax_ms": "latest_spike_ms"})
    latest_ms = values.get("latest_spike_ms", 0.0)
    values.setdefault("duration_ms", float(recording.attrs.get("duration_ms", latest_ms + 1.0)))
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
    variables["requested_pre_time"] = ("plastic", result["requested_pre_ms"])
    variables["requested_post_time"] = ("plastic", result["requested_post_ms"])
    return variables
