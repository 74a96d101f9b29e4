"""The published example in NEST, on its public interface, with our wiring, initial potentials and input spikes.

Runs in NEST's own environment: nothing of replasticity is installed there.
"""

import contextlib

import nest
import numpy as np

# Our name -> NEST's name.
NEURON = {
    "c_pF": "C_m",
    "g_L_nS": "g_L",
    "E_L_mV": "E_L",
    "Delta_T_mV": "Delta_T",
    "V_peak_mV": "V_peak",
    "V_reset_mV": "V_reset",
    "V_clamp_mV": "V_clamp",
    "t_ref_ms": "t_ref",
    "t_clamp_ms": "t_clamp",
    "a_nS": "a",
    "b_pA": "b",
    "tau_w_ms": "tau_w",
    "w_initial_pA": "w",
    "I_sp_pA": "I_sp",
    "tau_z_ms": "tau_z",
    "V_T_rest_mV": "V_th_rest",
    "V_T_max_mV": "V_th_max",
    "tau_T_ms": "tau_V_th",
    "I_e_pA": "I_e",
    "solver_tolerance": "gsl_error_tol",
    "tau_plus_ms": "tau_u_bar_plus",
    "tau_minus_ms": "tau_u_bar_minus",
    "tau_bar_ms": "tau_u_bar_bar",
    "A_LTP_per_mV": "A_LTP",
    "A_LTD": "A_LTD",
    "constant_A_LTD": "A_LTD_const",
    "u_ref2_mV2": "u_ref_squared",
    "theta_plus_mV": "theta_plus",
    "theta_minus_mV": "theta_minus",
    "delay_u_ms": "delay_u_bars",
}
WEIGHT_MAX = {"input_exc": "weight_max_input_mV", "exc_exc": "weight_max_exc_mV"}


def run(parameters, inputs):
    """Return all spikes, the weights between excitatory neurons over time, and all plastic weights at the end."""
    p = parameters
    refuse(p)
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=p["dt_ms"], local_num_threads=1)
    # In the order in which our model delivers the spikes of a step: neurons of NEST emit theirs in that of creation.
    populations = {side: neurons(side, p, inputs) for side in ("exc", "inh") if p[f"{side}_count"]}
    spikes = {side: nest.Create("spike_recorder") for side in populations}
    for side, recorder in spikes.items():
        nest.Connect(populations[side], recorder, syn_spec={"delay": p["dt_ms"]})
    populations["input"] = channels(p, inputs)
    for name in ("input_exc", "input_inh", "exc_exc", "exc_inh", "inh_exc"):
        if len(inputs[f"{name}_pre"]):
            source, target = name.split("_")
            connect(name, populations[source], populations[target], p, inputs)

    steps, sample_steps = (round(p[name] / p["dt_ms"]) for name in ("duration_ms", "sample_interval_ms"))
    weights = [weights_of("exc_exc", populations, inputs)]
    with simulating():
        for _ in range(steps // sample_steps):
            nest.Run(p["sample_interval_ms"])
            weights.append(weights_of("exc_exc", populations, inputs))
        if steps % sample_steps:
            nest.Run(steps % sample_steps * p["dt_ms"])
    result = {
        "time_ms": np.arange(len(weights)) * p["sample_interval_ms"],
        "exc_exc_weight_mV": np.array(weights),
    }
    for name in ("exc_exc", "input_exc"):
        result[f"{name}_weight_final_mV"] = weights_of(name, populations, inputs)
    # Our model's limit: a spike per clamp or per step, on average.
    most = (p["exc_count"] + p["inh_count"]) * (steps // max(round(p["t_clamp_ms"] / p["dt_ms"]), 1) + 1)
    if sum(recorder.n_events for recorder in spikes.values()) > most:
        raise FloatingPointError("too many spikes")
    for side in ("exc", "inh"):
        if side in spikes and not np.isfinite(populations[side].V_m).all():
            raise FloatingPointError("V_m is not finite")
        events = spikes[side].events if side in spikes else {"times": np.zeros(0), "senders": np.zeros(0, int)}
        result[f"{side}_spike_time_ms"] = events["times"]
        result[f"{side}_spike_index"] = events["senders"].astype(int) - (
            populations[side][0].global_id if side in spikes else 0
        )
    return result


def refuse(p):
    """Raise a NotImplementedError for what NEST has no means for."""
    if p["history_start_mV"] != 0:
        raise NotImplementedError("delay-line-start: history_start_mV has to be 0, where NEST's delay lines start")
    if p["V_T_rest_mV"] != nest.GetDefaults("aeif_psc_delta_clopath", "V_th_rest"):
        raise NotImplementedError("threshold-start: NEST's moving threshold starts at -50.4 mV, whatever V_th_rest is")


@contextlib.contextmanager
def simulating():
    """Keep the kernel ready for `nest.Run`; raise a FloatingPointError if a neuron of NEST leaves its limits."""
    try:
        with nest.RunManager():
            yield
    except nest.NESTErrors.NumericalInstability as error:
        raise FloatingPointError(str(error)) from error


def neurons(side, p, inputs):
    """Return the excitatory or the inhibitory neurons; their low-passed potentials start at rest."""
    start = dict.fromkeys(("u_bar_plus", "u_bar_minus", "u_bar_bar"), p["E_L_mV"])
    values = {theirs: p[ours] for ours, theirs in NEURON.items()} | start
    population = nest.Create("aeif_psc_delta_clopath", p[f"{side}_count"], values)
    population.V_m = inputs[f"{side}_V_initial_mV"]
    return population


def channels(p, inputs):
    """Return neurons that relay our input spikes: a relayed spike arrives one step later."""
    step, channel = inputs["input_spike_step"], inputs["input_spike_channel"]
    times = [np.round((step[channel == k] - 1) * p["dt_ms"], 6) for k in range(p["input_count"])]
    generators = nest.Create("spike_generator", p["input_count"], [{"spike_times": each} for each in times])
    relays = nest.Create("parrot_neuron", p["input_count"])
    nest.Connect(generators, relays, "one_to_one", {"delay": p["dt_ms"]})
    return relays


def connect(name, sources, targets, p, inputs):
    """Connect two populations with our synapses."""
    pre, post, weight = (inputs[f"{name}_{part}"] for part in ("pre", "post", "weight_initial_mV"))
    model = "static_synapse"
    if name in WEIGHT_MAX:
        model = name
        # Weight and bounds have to have one sign in NEST's own default, too.
        limits = {"weight": weight[0], "Wmin": p["weight_min_mV"], "Wmax": p[WEIGHT_MAX[name]]}
        nest.CopyModel("clopath_synapse", name, limits | {"tau_x": p["tau_x_ms"]})
    delay_ms = p["delay_exc_exc_ms"] if name == "exc_exc" else p["delay_ms"]
    nest.Connect(
        np.array(sources.tolist())[pre],
        np.array(targets.tolist())[post],
        "one_to_one",
        {"synapse_model": model, "weight": weight, "delay": np.full(len(pre), delay_ms)},
    )


def weights_of(name, populations, inputs):
    """Return the weights of a projection whose pairs of neurons are different, in our order."""
    source, target = (populations[side] for side in name.split("_"))
    synapses = nest.GetConnections(source, target, synapse_model=name)
    theirs = np.lexsort((synapses.get("target"), synapses.get("source")))
    ours = np.lexsort((inputs[f"{name}_post"], inputs[f"{name}_pre"]))
    weights = np.empty(len(ours))
    weights[ours] = np.array(synapses.get("weight"))[theirs]
    return weights


def draw(parameters, seed):
    """Return centres, input spikes and initial potentials that NEST's own generators draw; the wiring is not theirs.

    NEST's Poisson generators draw nothing in the first step of a run; ours do.
    """
    p = parameters
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=p["dt_ms"], local_num_threads=1, rng_seed=seed + 1)
    potential = nest.random.normal(p["V_initial_mean_mV"], p["V_initial_sd_mV"])
    sides = {side: p[f"{side}_count"] for side in ("exc", "inh") if p[f"{side}_count"]}
    potentials = {
        f"{side}_V_initial_mV": np.atleast_1d(nest.Create("aeif_psc_delta_clopath", count, {"V_m": potential}).V_m)
        for side, count in sides.items()
    }
    generators = nest.Create("poisson_generator", p["input_count"])
    relays = nest.Create("parrot_neuron", p["input_count"])
    recorder = nest.Create("spike_recorder")
    nest.Connect(generators, relays, "one_to_one", {"delay": p["dt_ms"]})
    nest.Connect(relays, recorder, syn_spec={"delay": p["dt_ms"]})
    interval, steps = (round(p[name] / p["dt_ms"]) for name in ("interval_ms", "duration_ms"))
    which, channel = nest.random.uniform_int(len(p["centres"])), np.arange(p["input_count"])
    centres = []
    # A generator takes another rate where a call of Simulate begins, not within a RunManager.
    for first in range(0, steps, interval):
        centres.append(p["centres"][int(which.GetValue())])
        distance = channel - centres[-1]
        profile = np.exp(-(distance**2) / (2 * p["profile_sd"] ** 2))
        generators.rate = p["profile_gain"] * p["profile_rate_Hz"] * profile
        nest.Simulate(min(interval, steps - first) * p["dt_ms"])
    step = np.rint(np.asarray(recorder.events["times"]) / p["dt_ms"]).astype(int)
    neuron = np.asarray(recorder.events["senders"], int) - relays[0].global_id
    order = np.lexsort((neuron, step))
    order = order[step[order] < steps]
    return potentials | {
        "profile_centre": np.array(centres),
        "input_spike_step": step[order],
        "input_spike_channel": neuron[order],
    }
