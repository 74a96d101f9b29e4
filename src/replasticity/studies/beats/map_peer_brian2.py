"""Every presynaptic with every postsynaptic regularly firing neuron in Brian2, on its public interface."""

from typing import Any

import brian2
import numpy as np
from peer_brian2 import begin, firing_sides, pair_synapses, simulate, within_limits


def run(parameters, inputs):
    """Return the map of weights at the end and of their extremes, and the rates, with each time step."""
    p = parameters
    shape = len(p["pre_rates_Hz"]), len(p["post_start_phases"]), len(p["post_rates_Hz"])
    own, *finer = (on_grid(p, division, shape) for division in (1, *p["dt_divisions"]))
    return own | {
        name: np.reshape([each[of] for each in finer], (-1, *own[of].shape))
        for name, of in (
            ("weight_finer", "weight_final"),
            ("pre_rate_finer_Hz", "pre_rate_actual_Hz"),
            ("post_rate_finer_Hz", "post_rate_actual_Hz"),
        )
    }


def on_grid(p, division, shape):
    """Return all that a part of the time step gives."""
    dt_ms = p["dt_ms"] / division
    begin(dt_ms)
    sides = pre, post = firing_sides(p, p["post_start_phases"])
    plastic = pair_synapses(pre, post, p, one_to_one=False)
    state = plastic.variables["w"]
    lowest, highest = np.array(plastic.w), np.array(plastic.w)
    spiked: tuple[list[Any], list[Any]] = [], []

    def note_weights():
        np.minimum(lowest, state.get_value(), out=lowest)
        np.maximum(highest, state.get_value(), out=highest)

    def note_spikes():
        for of_side, group in zip(spiked, sides, strict=True):
            spiking = np.zeros(len(group), bool)
            spiking[group.spikes] = True
            of_side.append(spiking)
        note_weights()

    operations = [
        brian2.NetworkOperation(note_spikes, when="before_synapses"),
        brian2.NetworkOperation(note_weights, when="synapses", order=0),
        brian2.NetworkOperation(note_weights, when="after_synapses"),
    ]
    simulate(brian2.Network(*sides, plastic, *operations), round(p["duration_ms"] / dt_ms), dt_ms)
    pre_spikes, post_spikes = map(np.array, spiked)

    def as_map(values):
        return np.moveaxis(np.reshape(values, shape), 1, 0)

    return {
        "weight_final": as_map(within_limits(plastic.w)),
        "weight_lowest": as_map(within_limits(lowest)),
        "weight_highest": as_map(within_limits(highest)),
        "event_count": as_map((pre_spikes[:, :, None] | post_spikes[:, None, :]).sum(axis=0)),
        "pre_rate_actual_Hz": np.array([rate_between_spikes_Hz(train, dt_ms) for train in pre_spikes.T]),
        "post_rate_actual_Hz": np.array([rate_between_spikes_Hz(train, dt_ms) for train in post_spikes.T[: shape[2]]]),
    }


def rate_between_spikes_Hz(train, dt_ms):
    """Return one over the mean interval of a neuron's spikes [Hz]; NaN for fewer than two."""
    steps = np.flatnonzero(train)
    return 1000 * (len(steps) - 1) / ((steps[-1] - steps[0]) * dt_ms) if len(steps) > 1 else np.nan
