"""The network under a moving profile of input rates: every 100 ms the profile jumps to another centre."""

import math
from typing import Any

import numpy as np
from pydantic import ValidationInfo, model_validator

from replasticity.definitions.parameters import Cost, GridDuration, GridTime, is_recorded, quantity
from replasticity.definitions.ranges import Range
from replasticity.models.clopath_network_parameters import MovingProfile, sample_input_spikes, sample_network
from replasticity.models.clopath_parameters import POTENTIALS
from replasticity.numerics import events, random
from replasticity.pipeline import progress
from replasticity.storage.contract import Arrays, Variable, build

#: The course of the weights is kept after these shares of the duration.
COURSE_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

#: Shuffled weight matrices from which the null distribution of the reciprocity correlation comes.
SHUFFLES = 2000

#: The state around one spike is kept from this long before to this long after it [ms].
BEFORE_SPIKE_MS, AFTER_SPIKE_MS = 10.0, 60.0

#: Bin of the raster [ms], and model time between two reports of progress [ms].
RASTER_BIN_MS = 1.0
CHUNK_MS = 1000.0


class Parameters(MovingProfile):
    """Parameters of the protocol."""

    sample_interval_ms: GridDuration = quantity(
        "Interval at which the weights between neurons are kept.", output_option=True, varied=Range(10.0, 300.0)
    )
    raster_start_ms: GridTime = quantity(
        "Start of the window in which all spikes are kept as a raster.", output_option=True
    )
    raster_ms: GridTime = quantity("Duration of that window.", output_option=True)

    @model_validator(mode="after")
    def _fit_together(self, info: ValidationInfo) -> "Parameters":
        if is_recorded(info):
            # What follows concerns inputs that are sampled, and statistics.
            return self
        if self.exc_count < 2:
            raise ValueError("exc_count: has to be at least 2, for weights between excitatory neurons")
        if self.raster_start_ms + self.raster_ms > self.duration_ms:
            raise ValueError(f"raster_ms: the window has to end before the run does ({self.duration_ms:g} ms)")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: the network, kept weights, raster and potentials, fields, shuffled weights."""
        synapses = self.exc_count * (self.exc_count - 1)
        raster_steps, raster_bins = self.raster_ms / self.dt_ms, self.raster_ms / max(RASTER_BIN_MS, self.dt_ms)
        kept_numbers = (
            4 * (self.duration_ms / self.sample_interval_ms + 1 + len(COURSE_SHARES)) * synapses
            + 7 * self.exc_count * raster_steps
            + 3 * raster_bins * (self.input_count + self.exc_count)
            + 40 * (BEFORE_SPIKE_MS + AFTER_SPIKE_MS) / self.dt_ms
            + (10 + 3 * len(self.centres)) * self.input_count
            + (4 * len(self.centres) + 2 * self.input_count) * self.exc_count
            + 7 * SHUFFLES * synapses
        )
        return self.cost_with(kept_numbers, chunks=self.duration_ms / CHUNK_MS)


#: Projections of the network.
SYNAPSES = {
    "input_exc": "input to excitatory (plastic)",
    "input_inh": "input to inhibitory (static)",
    "exc_exc": "excitatory to excitatory (plastic)",
    "exc_inh": "excitatory to inhibitory (static, repeated pairs are separate synapses)",
    "inh_exc": "inhibitory to excitatory (static, repeated pairs are separate synapses)",
}

_SAMPLED = {
    "exc_V_initial_mV": Variable(("exc",), "initial membrane potential of the excitatory neurons"),
    "inh_V_initial_mV": Variable(("inh",), "initial membrane potential of the inhibitory neurons"),
    "profile_centre": Variable(("interval",), "centre channel of the rate profile in each interval", "int32"),
    **{
        f"{name}_{part}": Variable((name,), f"{text}, {meaning}", dtype)
        for name, meaning in SYNAPSES.items()
        for part, text, dtype in (
            ("pre", "source", "int32"),
            ("post", "target", "int32"),
            ("weight_initial_mV", "initial weight", "float64"),
        )
    },
}

#: What `sample_inputs` returns. The spikes of the inputs do not go into a run's file; the seed gives them again.
INPUTS = _SAMPLED | {
    "input_spike_step": Variable(("input_spike",), "grid step at which a channel's spike is delivered", "int64"),
    "input_spike_channel": Variable(("input_spike",), "channel of each spike", "int32"),
}

SHARES = ", ".join(f"{100 * share:g} %" for share in COURSE_SHARES)
_NO_SPIKE = "no excitatory neuron spikes in the raster's window, far enough from its ends"
_AROUND = "of the neuron with the first spike in the raster's window"
_WEIGHTS = "weights between excitatory neurons"
_BINS = ("raster_time_ms",)

RUN = _SAMPLED | {
    "time_ms": Variable(("time_ms",), "time of the samples of the weights"),
    "exc_exc_weight_mV": Variable(("time_ms", "exc_exc"), f"{_WEIGHTS}, before that time"),
    "course_time_ms": Variable(("course_time_ms",), f"{SHARES} of the duration", trace=True),
    "course_exc_exc_weight_mV": Variable(("course_time_ms", "exc_exc"), f"{_WEIGHTS}, before that time"),
    "exc_exc_weight_final_mV": Variable(("exc_exc",), f"{_WEIGHTS} at the end"),
    "input_exc_weight_final_mV": Variable(("input_exc",), "weights from inputs to excitatory neurons at the end"),
    "exc_spike_time_ms": Variable(("exc_spike",), "spikes of the excitatory neurons"),
    "exc_spike_index": Variable(("exc_spike",), "neuron of each of them", "int32"),
    "inh_spike_time_ms": Variable(("inh_spike",), "spikes of the inhibitory neurons"),
    "inh_spike_index": Variable(("inh_spike",), "neuron of each of them", "int32"),
    "raster_time_ms": Variable(_BINS, "start of each bin of the raster", trace=True),
    "raster_input_count": Variable((*_BINS, "input"), "spikes of each input channel per bin", "int32", trace=True),
    "raster_exc_count": Variable((*_BINS, "exc"), "spikes of each excitatory neuron per bin", "int32", trace=True),
    "spike_offset_ms": Variable(
        ("spike_offset_ms",), "time since the first excitatory spike in the raster's window", trace=True
    ),
    **{
        f"spike_{name}_mV": Variable(("spike_offset_ms",), f"{text} {_AROUND}", undefined=_NO_SPIKE, trace=True)
        for name, text in POTENTIALS.items()
    },
}

SHORTEST = {"duration_ms": 1000.0, "raster_start_ms": 0.0, "raster_ms": 1000.0}
SHORTEST_IN_PYTHON = {"duration_ms": 300.0, "raster_ms": 300.0}


def sample_inputs(parameters: Parameters, seed: int) -> Arrays:
    """Return initial potentials and weights, wiring, centres, and the spikes of the inputs."""
    values = sample_network(parameters, seed)
    intervals = math.ceil(parameters.duration_ms / parameters.interval_ms)
    centre = random.generator(seed, "profile centres").choice(parameters.centres, intervals)
    step, channel = sample_input_spikes(parameters, centre, random.generator(seed, "input spikes"))
    values |= {"profile_centre": centre, "input_spike_step": step, "input_spike_channel": channel}
    return build(INPUTS, values)


def simulate_network(parameters: Parameters, inputs: Arrays, **kept: Any) -> Any:
    """Run the network; ``kept`` and what is returned as in `replasticity.models.clopath_network.simulate_in_chunks`."""
    from replasticity.models import clopath_network as model

    p = parameters
    chunks = progress.in_chunks(p.steps(p.duration_ms), max(1, p.steps(CHUNK_MS)), "Clopath network")
    return model.simulate_in_chunks(p, inputs, chunks, **kept)


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: weights, spikes, a raster, and the potentials around one spike."""
    p = parameters
    step_count = p.steps(p.duration_ms)
    sample_step = np.arange(0, step_count + 1, p.steps(p.sample_interval_ms))
    course_step = np.maximum(np.round(np.array(COURSE_SHARES) * step_count).astype(np.int64), 1)
    kept_step = np.union1d(sample_step, course_step)
    first, end = p.steps(p.raster_start_ms), p.steps(p.raster_start_ms + p.raster_ms)
    trace_step = np.arange(first + 1, end + 1)
    neurons = np.arange(p.exc_count)
    simulated = simulate_network(p, inputs, exc_exc_step=kept_step, traced=neurons, trace_step=trace_step)
    step, neuron = simulated.spikes.T
    excitatory = neuron < p.exc_count
    values = {
        "time_ms": sample_step * p.dt_ms,
        "exc_exc_weight_mV": simulated.exc_exc_weight_mV[np.searchsorted(kept_step, sample_step)],
        "course_time_ms": course_step * p.dt_ms,
        "course_exc_exc_weight_mV": simulated.exc_exc_weight_mV[np.searchsorted(kept_step, course_step)],
        "exc_exc_weight_final_mV": simulated.exc_exc_weight_final_mV,
        "input_exc_weight_final_mV": simulated.input_exc_weight_final_mV,
        "exc_spike_time_ms": step[excitatory] * p.dt_ms,
        "exc_spike_index": neuron[excitatory],
        "inh_spike_time_ms": step[~excitatory] * p.dt_ms,
        "inh_spike_index": neuron[~excitatory] - p.exc_count,
    }
    bin_steps = max(1, p.steps(RASTER_BIN_MS))
    bins = (end - first) // bin_steps

    start = first + np.arange(bins + 1) * bin_steps
    values["raster_time_ms"] = start[:-1] * p.dt_ms
    # A bin has the steps from its start on, up to that of the next one.
    values["raster_input_count"] = events.counts(
        inputs["input_spike_step"], inputs["input_spike_channel"], start - 0.5, p.input_count
    )
    values["raster_exc_count"] = events.counts(step[excitatory], neuron[excitatory], start - 0.5, p.exc_count)

    before, after = p.steps(BEFORE_SPIKE_MS), p.steps(AFTER_SPIKE_MS)
    around = np.full((simulated.trace.shape[0], before + after + 1), np.nan)
    shown = np.flatnonzero(excitatory & (step > first + before) & (step + after <= end))
    if len(shown):
        at = step[shown[0]] - (first + 1)
        around = simulated.trace[:, neuron[shown[0]], at - before : at + after + 1]
    values["spike_offset_ms"] = np.arange(-before, after + 1) * p.dt_ms
    values["spike_V_mV"], *_, values["spike_u_plus_mV"], values["spike_u_minus_mV"], values["spike_u_bar_mV"] = around
    return build(RUN, values)
