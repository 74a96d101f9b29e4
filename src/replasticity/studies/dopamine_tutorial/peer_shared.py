"""What this study's files for NEST and NESTML share: slices, and spikes that arrive in given steps.

Runs in an environment of its own: nothing of replasticity is installed there.
"""

import nest
import numpy as np

NEURON = {
    "E_L": "E_L_mV",
    "V_reset": "V_reset_mV",
    "V_th": "V_th_mV",
    "tau_m": "tau_m_ms",
}
SYNAPSE = {
    "delay": "delay_ms",
    "tau_pre": "tau_pre_ms",
    "tau_c": "tau_c_ms",
    "tau_n": "tau_n_ms",
    "b": "b",
    "A_plus": "A_plus",
    "A_minus": "A_minus",
}


def begin(p, module=None, delays=("delay", "relay_delay", "dopamine_delay")):
    """Begin with an empty NEST whose slices have the length of the parameters, and whose delays fit in."""
    if module and p["events"] != "slice":
        raise NotImplementedError("events: NESTML's third factor acts at the ends of slices")
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    if module:
        nest.Install(module)
    # NEST cuts a time to whole steps: 0.7 ms of 0.1 ms would be 6.
    half_ms = 0.5 * p["dt_ms"]
    longest_ms = max(p["slice_ms"], *(p[f"{each}_ms"] for each in delays))
    nest.set(resolution=p["dt_ms"], local_num_threads=1)
    # The length of a slice is the smallest delay that there may be.
    nest.set(min_delay=p["slice_ms"] + half_ms, max_delay=longest_ms + half_ms)


def steps(times_ms, p):
    """Return times as whole numbers of steps."""
    return np.rint(np.asarray(times_ms, float) / p["dt_ms"]).astype(int)


def on_arrival(of_each, targets, p, weight=1.0):
    """Let spikes reach each target in its own steps, over a delay that is one at least as long as a slice."""
    delay_ms = max(p["relay_delay_ms"], p["slice_ms"])
    sent = [np.sort(each) - steps(delay_ms, p) for each in of_each]
    if any(np.any(each < 1) for each in sent):
        raise NotImplementedError("early spike: NEST sends none before the first step")
    times = [{"spike_times": np.round(each * p["dt_ms"], 9)} for each in sent]
    generators = nest.Create("spike_generator", len(sent), times)
    nest.Connect(generators, targets, "one_to_one", {"weight": weight, "delay": delay_ms})


def dopamine_at(times_ms, p):
    """Return what brings dopamine to synapses, a relay's delay and its own after each of the times."""
    volume, relay = nest.Create("volume_transmitter"), nest.Create("parrot_neuron")
    delay_ms = max(p["dopamine_delay_ms"], p["slice_ms"])
    nest.Connect(relay, volume, syn_spec={"delay": delay_ms})
    delays = steps(p["relay_delay_ms"], p) + steps(p["dopamine_delay_ms"], p) - steps(delay_ms, p)
    on_arrival([steps(times_ms, p) + delays], relay, p)
    return volume


def require_kept_spikes(pre_step, post_step, p):
    """Raise a NotImplementedError where NEST has forgotten a postsynaptic spike that a synapse meets a second time.

    Two presynaptic spikes in a slice set the clock of their synapse back to the second, and the next trigger takes the
    postsynaptic spikes since then once more. A neuron forgets those that all its synapses have had, as soon as it
    spikes more than a delay and a slice after the spike that follows.
    """
    post = np.unique(post_step)
    length, delay = steps(p["slice_ms"], p), steps(p["delay_ms"], p)
    if not len(post) or np.min(np.diff(post), initial=length) >= length:
        # No two of them are so near to each other that this may happen.
        return
    pre = np.unique(pre_step)
    end = -(-pre // length) * length
    is_second = np.diff(end) == 0
    second, end = pre[1:][is_second], end[1:][is_second]
    first, last = np.searchsorted(post, second - delay), np.searchsorted(post, end - delay)
    newest = np.searchsorted(post, end + length, "right") - 1
    follows = post[np.minimum(first + 1, len(post) - 1)]
    if np.any((first < last) & (post[newest] > end) & (post[newest] - follows > delay + length)):
        raise NotImplementedError("forgotten spike: NEST's neuron keeps none that all of its synapses have had")


def require_limits(*states):
    """Raise a FloatingPointError where our model ends a run; what is not a number is not below the limit."""
    if not all(np.all(np.abs(each) <= 1e12) for each in states):
        raise FloatingPointError("weight, c, n or x is too large")


def require_potentials(neurons):
    """Raise a FloatingPointError where our model ends a run at a reading."""
    if not np.all(np.abs(neurons.V_m) <= 1e6):
        raise FloatingPointError("V_m is too large")
