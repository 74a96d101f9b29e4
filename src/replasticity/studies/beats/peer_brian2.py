"""Pairs of regularly firing neurons in Brian2, on its public interface, and what the other files for Brian2 share.

Runs in Brian2's own environment: nothing of replasticity is installed there.
"""

import gc

import brian2
import numpy as np
from brian2 import Hz, ms, second

# Brian2 collects garbage before each run, which takes longer than a short one: none of it is in what is loaded.
gc.freeze()

#: The largest weight that our model allows: Brian2 has no limit.
LARGEST_WEIGHT = 1e9

FIRING = "dx/dt = rate : 1\nrate : Hz"
RESET = {"zero": "x = 0", "subtract": "x -= 1"}
PLASTIC = """
w : 1
dA/dt = -A / tau_pre : 1 (event-driven)
dB/dt = -B / tau_post : 1 (event-driven)
"""


def run(parameters, inputs):
    """Return spikes, phases, the weights over time and each event, and the last weights with finer time steps."""
    p = parameters
    pairs = len(p["pre_rates_Hz"])
    begin(p["dt_ms"])
    sides = pre, post = firing_sides(p)
    plastic = pair_synapses(pre, post, p)
    weight = brian2.StateMonitor(plastic, "w", record=True)
    watch = Watch(plastic)
    steps = round(p["duration_ms"] / p["dt_ms"])
    kept = min(round(p["phase_recorded_ms"] / p["dt_ms"]), steps)
    phases = [brian2.StateMonitor(group, "x", record=True) for group in sides if kept]
    network = brian2.Network(*sides, plastic, weight, *phases, *watch.operations)
    # A monitor cannot end before the run: the first part is a run of its own.
    simulate(network, kept, p["dt_ms"])
    for monitor in phases:
        monitor.active = False
    simulate(network, steps - kept, p["dt_ms"])
    finer = [final_weight_on_grid(p, division) for division in p["dt_divisions"]]
    return watch.found() | {
        "time_ms": np.asarray(weight.t / ms),
        "weight": np.asarray(weight.w).T,
        **{f"firing_phase_{side}": np.asarray(each.x).T for side, each in zip(("pre", "post"), phases, strict=False)},
        "weight_finer": np.reshape(finer, (-1, pairs)),
    }


def begin(dt_ms):
    """Forget all earlier objects, and set the time step."""
    brian2.start_scope()
    # numpy does each operation as it stands: no other code generation gives the same bits.
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.logging.file_log = False
    brian2.defaultclock.dt = dt_ms * ms


def simulate(network, steps, dt_ms):
    """Run so many steps."""
    if steps:
        network.run(steps * dt_ms * ms)


def firing_sides(p, post_phases=(0.0,)):
    """Return the presynaptic and the postsynaptic neurons, these once for each phase at which they start."""
    sides = []
    for rates_Hz, phases in ((p["pre_rates_Hz"], (0.0,)), (p["post_rates_Hz"], post_phases)):
        group = brian2.NeuronGroup(
            len(phases) * len(rates_Hz), FIRING, threshold="x > 1", reset=RESET[p["reset"]], method="euler"
        )
        group.rate = np.tile(rates_Hz, len(phases)) * Hz
        group.x = np.repeat(phases, len(rates_Hz))
        sides.append(group)
    return sides


def pair_synapses(pre, post, p, one_to_one=True):
    """Return the plastic synapses, as in Brian2's tutorial: from neuron k to neuron k, or from each to each."""
    clipped = "clip(w + {change}, 0, w_max)" if p["clip_weight"] else "w + {change}"
    tau_pre, tau_post = p["tau_pre_ms"] * ms, p["tau_post_ms"] * ms
    plastic = brian2.Synapses(
        pre,
        post,
        model=PLASTIC,
        on_pre=f"A += dA; w = {clipped.format(change='B')}",
        on_post=f"B += dB; w = {clipped.format(change='A')}",
        namespace={
            "tau_pre": tau_pre,
            "tau_post": tau_post,
            "dA": p["dA_pre"],
            "dB": -p["dA_pre"] * tau_pre / tau_post * p["depression_ratio"],
            "w_max": p["weight_max"],
        },
    )
    if one_to_one:
        plastic.connect(i=np.arange(len(pre)), j=np.arange(len(post)))
    else:
        plastic.connect()
    plastic.w = p["weight_initial"]
    # Between the two is room for whoever watches.
    plastic.pre.order, plastic.post.order = -1, 1
    return plastic


def final_weight_on_grid(p, division):
    """Return the last weights with a part of the time step."""
    dt_ms = p["dt_ms"] / division
    begin(dt_ms)
    pre, post = firing_sides(p)
    plastic = pair_synapses(pre, post, p)
    simulate(brian2.Network(pre, post, plastic), round(p["duration_ms"] / dt_ms), dt_ms)
    return within_limits(plastic.w)


def within_limits(weight):
    """Return weights as numbers; raise an error if one is no number, or beyond what our model allows."""
    weight = np.array(weight)
    if not np.all(np.abs(weight) <= LARGEST_WEIGHT):
        raise FloatingPointError(f"a weight is beyond {LARGEST_WEIGHT:g} in size")
    return weight


class Watch:
    """Notes spikes, and the state of synapses from neuron k to neuron k at three moments of each step with spikes."""

    def __init__(self, plastic):
        self._plastic = plastic
        self._states = [plastic.variables[name] for name in ("w", "A", "B", "lastupdate")]
        self._events, self._steps = [], []
        self.operations = [
            brian2.NetworkOperation(self._before, when="before_synapses"),
            brian2.NetworkOperation(self._later, when="synapses", order=0),
            brian2.NetworkOperation(self._later, when="after_synapses"),
        ]

    def _before(self):
        pre, post = np.array(self._plastic.source.spikes), np.array(self._plastic.target.spikes)
        self._spiking = np.union1d(pre, post)
        if len(self._spiking):
            kind = np.isin(self._spiking, pre) + 2 * np.isin(self._spiking, post)
            self._steps.append(np.array([np.full(len(kind), self._plastic.clock.timestep[:]), self._spiking, kind]))
        self._later()

    def _later(self):
        if len(self._spiking):
            self._events.append(np.array([state.get_value()[self._spiking] for state in self._states]))

    def found(self):
        """Return all of it under our names."""
        step, synapse, kind = np.concatenate([np.zeros((3, 0), int), *self._steps], axis=1)
        moments = [np.concatenate([np.zeros((4, 0)), *self._events[moment::3]], axis=1) for moment in range(3)]
        weight, A, B, last_s = np.stack(moments, axis=-1)
        pre, post = (kind & 1) > 0, (kind & 2) > 0
        within_limits(weight)
        return {
            "pre_spike_step": step[pre],
            "pre_spike_cell": synapse[pre],
            "post_spike_step": step[post],
            "post_spike_cell": synapse[post],
            "event_step": step,
            "event_synapse": synapse,
            "event_kind": kind,
            "event_weight": weight,
            "event_trace_pre": A,
            "event_trace_post": B,
            "event_last_ms": np.asarray(last_s * second / ms),
            "weight_final": within_limits(self._plastic.w),
        }
