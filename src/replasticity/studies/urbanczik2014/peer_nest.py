"""The published example in NEST, on its public interface, with our pattern and with the escape noise of NEST itself.

NEST's neuron draws one uniform number in each step in which it is not refractory and its rate is not 0, and nothing
else draws from its generator. So the numbers are read out by other means, from a generator of the same seed, and given
to our model, each in its step. Both then decide on each spike for themselves, from the rates that they have worked out:
a rate of ours that were too high or too low would make or miss a spike wherever a number lies between the two
probabilities.

What is refused, and why: docs/models/dendritic_prediction.md#beside-nest.

Runs in NEST's own environment: nothing of replasticity is installed there.
"""

import math
from types import SimpleNamespace

import nest
import numpy as np

#: NEST's name of a state -> ours.
STATES = {"V_m.s": "U_mV", "V_m.p": "V_mV", "g_ex.s": "g_E_nS", "g_in.s": "g_I_nS", "I_ex.p": "I_E_pA"}

#: In place of a number where NEST draws none: our neuron does not spike.
NOT_DRAWN = 2.0

#: Largest potential [mV] of our model.
LARGEST_V_MV = 1e6

#: NEST's weight is a difference of two sums over that of two time constants. Of closer ones it keeps too few digits.
CLOSEST = 1e-5

#: A run with time constants that are longer by so much of their size, a few roundings, has to be the same: to so many
#: mV, or such a share of what is larger than 1 in its unit. That is a tenth of the tolerances.
ROUNDING, DETERMINED = 1e-15, 1e-10


def run(parameters, inputs):
    """Return states, spikes, and the weights after each presentation; and the random number of each step."""
    p = SimpleNamespace(**parameters)
    record = simulated(p, inputs)
    every = round(p.sample_interval_ms / p.dt_ms)
    samples = len(record.spiked) // every
    return {
        "uniform": record.uniform,
        "time_ms": np.arange(1, samples + 1) * every * p.dt_ms,
        **{name: getattr(record, name)[every - 1 : samples * every : every] for name in STATES.values()},
        "spike_count": record.spiked[: samples * every].reshape(samples, every).sum(axis=1),
        "weight_pA": record.weight_pA,
        "soma_spike_count": record.spiked.reshape(len(record.weight_pA), -1).sum(axis=1),
        "soma_spike_time_ms": (np.flatnonzero(record.spiked) + 1) * p.dt_ms,
    }


def simulated(p, inputs):
    """Return state, spike and random number of each step, and weights after each presentation, in standard units.

    Raises
    ------
    NotImplementedError
        If NEST's result is no number, or an accident of rounding.
    FloatingPointError
        If a potential leaves the limits of our model.
    """
    tau_L_ms = p.C_d_pF / p.g_L_d_nS
    if min(abs(tau_L_ms - p.tau_E_d_ms), abs(tau_L_ms - p.tau_I_d_ms)) < CLOSEST * tau_L_ms:
        raise NotImplementedError("equal-time-constants: NEST divides by the difference of C_d / g_L,d and tau_d")
    seed = 1 + int(inputs["uniform"][0] * 2**31)
    record = simulated_once(p, inputs, seed)
    if not max(np.abs(record.U_mV).max(), np.abs(record.V_mV).max()) <= LARGEST_V_MV:
        raise FloatingPointError(f"a potential is further than {LARGEST_V_MV:g} mV from 0")
    again = simulated_once(p, inputs, seed, 1 + ROUNDING)
    for name in (*STATES.values(), "spiked", "weight_pA"):
        values, others = getattr(record, name), getattr(again, name)
        deviation = np.abs(others - values)
        size = 1.0 if name.endswith("_mV") else np.maximum(1.0, np.abs(values))
        if not (deviation <= DETERMINED * size).all():
            raise NotImplementedError(f"amplified-rounding: slower by {ROUNDING:g}, NEST departs from itself")
    drawn = has_drawn(record.U_mV, record.spiked, p)
    record.uniform = np.full(len(drawn), NOT_DRAWN)
    record.uniform[drawn] = random_numbers(np.count_nonzero(drawn), seed)
    return record


def simulated_once(p, inputs, seed, factor=1.0):
    """Return all that but the random numbers, of one run in which all but the low-pass filter is slower by a factor."""
    q, units = in_model_units(p)
    for name in ("C_s_pF", "C_d_pF", "tau_E_s_ms", "tau_I_s_ms", "tau_E_d_ms", "tau_I_d_ms"):
        setattr(q, name, factor * getattr(q, name))
    presentations, steps = presentations_of(p)

    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    # Weights are updated when spikes are delivered: here in the step after they are sent, whatever the delays.
    # No delay may be longer than the longest, not even the default of 1 ms, which none has.
    longest_ms = max(1.0, p.relay_delay_ms, p.synapse_delay_ms, p.drive_delay_ms)
    nest.set(resolution=p.dt_ms, min_delay=p.dt_ms, max_delay=longest_ms, local_num_threads=1, rng_seed=seed)
    neuron = nest.Create("pp_cond_exp_mc_urbanczik", params=neuron_parameters(q))
    connect_drive(neuron, p, units["nS"])
    synapses, order = connect_inputs(neuron, p, q, inputs)
    state = nest.Create("multimeter", params={"record_from": list(STATES), "interval": p.dt_ms})
    spikes = nest.Create("spike_recorder")
    nest.Connect(state, neuron)
    nest.Connect(neuron, spikes)

    weights = []
    with nest.RunManager():
        for presentation in range(presentations):
            if presentation == presentations - p.presentations_after and not p.plastic_after:
                switch_off(synapses, q)
            nest.Run(p.pattern_ms)
            weights.append(np.atleast_1d(synapses.get("weight"))[order])
        # Recorders get what belongs to the last step one step later.
        nest.Run(p.dt_ms)
    record = {ours: np.array(state.events[theirs][:steps]) for theirs, ours in STATES.items()}
    spike_step = np.rint(spikes.events["times"] / p.dt_ms).astype(int)
    spiked = np.bincount(spike_step, minlength=steps + 2)[1 : steps + 1]
    record = {name: values * units[name.rpartition("_")[2]] for name, values in record.items()}
    record["U_mV"] += p.potential_zero_mV
    record["V_mV"] += p.potential_zero_mV
    return SimpleNamespace(spiked=spiked, weight_pA=np.array(weights) * units["pA"], **record)


def in_model_units(p):
    """Return the parameters in the units in which the model computes, and the size of these units in standard ones."""
    mV, pF = p.potential_unit_mV, p.capacitance_unit_pF
    # The longest ending first: pF / ms is nS, and nS mV is pA.
    units = {"pA_mV_per_ms": pF * mV * mV, "per_mV": 1 / mV, "mV": mV, "pA": pF * mV, "pF": pF, "nS": pF}
    q = SimpleNamespace(**vars(p))
    for name, value in vars(p).items():
        unit = next((unit for unit in units if name.endswith(f"_{unit}")), None)
        if unit is not None:
            setattr(q, name, (value - p.potential_zero_mV * (unit == "mV")) / units[unit])
    return q, units


def neuron_parameters(q):
    """Return the parameters of the neuron under NEST's names."""
    return {
        "t_ref": q.refractory_ms,
        "g_sp": q.g_sp_nS,
        "g_ps": q.g_ps_nS,
        "phi_max": q.rate_max_per_ms,
        "rate_slope": q.rate_slope,
        "beta": q.beta_per_mV,
        "theta": q.theta_mV,
        "soma": {
            "V_m": q.U_initial_mV,
            "C_m": q.C_s_pF,
            "E_L": q.E_L_s_mV,
            "g_L": q.g_L_s_nS,
            "E_ex": q.E_E_mV,
            "E_in": q.E_I_mV,
            "tau_syn_ex": q.tau_E_s_ms,
            "tau_syn_in": q.tau_I_s_ms,
        },
        "dendritic": {
            "V_m": q.V_initial_mV,
            "C_m": q.C_d_pF,
            "E_L": q.E_L_d_mV,
            "g_L": q.g_L_d_nS,
            "tau_syn_ex": q.tau_E_d_ms,
            "tau_syn_in": q.tau_I_d_ms,
        },
    }


def presentations_of(p):
    """Return the number of presentations, and of all their steps."""
    presentations = p.presentations_before + p.presentations_learning + p.presentations_after
    return presentations, presentations * round(p.pattern_ms / p.dt_ms)


def connect_drive(neuron, p, unit_nS):
    """Let generators kick the soma's conductances, as the script does: in each step of the learning window."""
    _, steps = presentations_of(p)
    time_ms = np.arange(p.dt_ms, steps * p.dt_ms, p.dt_ms)[: steps - 1]
    start_ms = p.presentations_before * p.pattern_ms
    inside = (start_ms <= time_ms) & (time_ms < start_ms + p.presentations_learning * p.pattern_ms)
    sine = np.sin(2 * np.pi * p.drive_frequency_per_ms * time_ms[inside])
    excitatory_nS = p.drive_amplitude_E_nS * sine + p.drive_offset_E_nS
    inhibitory_nS = np.full(len(sine), p.drive_amplitude_I_nS)
    times_ms = np.round((np.flatnonzero(inside) + 1) * p.dt_ms, 6)
    for receptor, kicks_nS in (("soma_exc", excitatory_nS), ("soma_inh", inhibitory_nS)):
        generator = nest.Create(
            "spike_generator", params={"spike_times": times_ms, "spike_weights": kicks_nS / unit_nS}
        )
        synapse = {
            "receptor_type": neuron.receptor_types[receptor],
            "weight": p.drive_factor,
            "delay": p.drive_delay_ms,
        }
        nest.Connect(generator, neuron, syn_spec=synapse)


def connect_inputs(neuron, p, q, inputs):
    """Let relays repeat our pattern, through plastic synapses; return these, and their order."""
    presentations, _ = presentations_of(p)
    pattern_step = np.rint(inputs["pattern_spike_time_ms"] / p.dt_ms).astype(int)
    of_input = inputs["pattern_spike_input"]
    onset = np.arange(presentations)[:, None] * round(p.pattern_ms / p.dt_ms)
    trains_ms = [
        np.round((onset + pattern_step[of_input == each]).ravel() * p.dt_ms, 6) for each in range(p.input_count)
    ]
    generators = nest.Create("spike_generator", p.input_count, [{"spike_times": train_ms} for train_ms in trains_ms])
    relays = nest.Create("parrot_neuron", p.input_count)
    nest.Connect(generators, relays, "one_to_one", {"delay": p.relay_delay_ms})
    synapse = {
        "synapse_model": "urbanczik_synapse",
        "receptor_type": neuron.receptor_types["dendritic_exc"],
        "weight": q.weight_initial_pA,
        "delay": p.synapse_delay_ms,
        "eta": q.eta_pA_mV_per_ms,
        "tau_Delta": q.tau_filter_ms,
        "Wmin": q.weight_min_pA,
        "Wmax": q.weight_max_pA,
    }
    nest.Connect(relays, neuron, syn_spec=synapse)
    synapses = nest.GetConnections(relays, neuron)
    return synapses, np.argsort(np.atleast_1d(synapses.get("source")))


def switch_off(synapses, q):
    """End plasticity: a synapse goes on from the weight that it has when it is told of a learning rate of 0."""
    if np.min(synapses.get("weight")) < 0 < q.weight_max_pA:
        raise NotImplementedError("sign-of-the-bound: NEST sets nothing in a synapse of another sign than Wmax")
    synapses.eta = 0.0


def has_drawn(U_mV, spiked, p):
    """Return for each step whether the neuron drew a number: it was not refractory, and its rate was not 0."""
    with np.errstate(over="ignore"):
        drawn = p.rate_max_per_ms / (1 + p.rate_slope * np.exp(p.beta_per_mV * (p.theta_mV - U_mV))) > 0
    for step in np.flatnonzero(spiked):
        drawn[step + 1 : step + 1 + round(p.refractory_ms / p.dt_ms)] = False
    return drawn


def random_numbers(count, seed):
    """Return the first numbers of the generator that NEST's neuron draws from: here weights do."""
    nest.ResetKernel()
    nest.set(rng_seed=seed, local_num_threads=1)
    # One connection alone would be told as a number.
    side = max(2, math.ceil(math.sqrt(count)))
    nodes = nest.Create("parrot_neuron", side)
    nest.Connect(nodes, nodes, "all_to_all", {"weight": nest.random.uniform()})
    told = nest.GetConnections().get(["source", "target", "weight"])
    # They are drawn target by target.
    return np.array(told["weight"])[np.lexsort((told["source"], told["target"]))][:count]


def draw(parameters, seed):
    """Return the pattern that NEST's own Poisson generators draw behind a relay; they skip the first step of a run."""
    p = SimpleNamespace(**parameters)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(resolution=p.dt_ms, local_num_threads=1, rng_seed=seed + 1)
    generators = nest.Create("poisson_generator", p.input_count, {"rate": p.input_rate_Hz})
    relays = nest.Create("parrot_neuron", p.input_count)
    recorder = nest.Create("spike_recorder")
    nest.Connect(generators, relays, "one_to_one", {"delay": p.relay_delay_ms})
    nest.Connect(relays, recorder, syn_spec={"delay": p.dt_ms})
    nest.Simulate(p.pattern_ms + p.dt_ms)
    step = np.rint(np.asarray(recorder.events["times"]) / p.dt_ms).astype(int)
    neuron = np.asarray(recorder.events["senders"], int) - relays[0].global_id
    order = np.lexsort((neuron, step))
    order = order[step[order] <= round(p.pattern_ms / p.dt_ms)]
    return {"pattern_spike_time_ms": step[order] * p.dt_ms, "pattern_spike_input": neuron[order]}
