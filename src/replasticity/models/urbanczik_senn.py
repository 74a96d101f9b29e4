"""Dendritic prediction of somatic spiking (Urbanczik and Senn 2014): constants, synapses and time loop.

The order of events inside a step is that of docs/models/dendritic_prediction.md#order-of-a-step.
Time n, in steps, is the end of interval n - 1; an event at time n acts in interval n. The description calls it stamp n.

The run ends where a potential is further than `LARGEST_V_MV` from zero, or an error integral is not finite. NEST's
model has no limit; but a negative conductance drives a potential away from its reversal potential, and nothing holds
it.
"""

import math
from collections import namedtuple

import numpy as np

from replasticity.equations.urbanczik_senn import (
    Decays,
    Neuron,
    add_error,
    decay_over,
    errors_since,
    integrate,
    prediction_error,
    solve,
    spikes,
    time_of_step_ms,
    weight_of,
)
from replasticity.numerics.compilation import njit
from replasticity.numerics.limits import no_failure, note_failure, raise_failure
from replasticity.numerics.runge_kutta_fehlberg import STEPS_MORE, STEPS_PER_INTERVAL

#: Constants of one step: first those of the neuron and its plastic synapses, under the names of
#: `replasticity.models.urbanczik_senn_parameters` (``_s``: soma, ``_d``: dendrite, ``_E`` and ``_I``: excitatory and
#: inhibitory), then what `discretise` makes of them. ``tau_kernel_ms`` are the time constants of the dendritic response
#: to a presynaptic spike: `MEMBRANE`, `EXCITATORY`, `INHIBITORY`.
UrbanczikSennStep = namedtuple(
    "UrbanczikSennStep",
    "C_s_pF C_d_pF g_L_s_nS g_L_d_nS E_L_s_mV E_L_d_mV g_sp_nS g_ps_nS E_E_mV E_I_mV "
    "tau_E_s_ms tau_I_s_ms tau_E_d_ms tau_I_d_ms rate_max_per_ms rate_slope beta_per_mV theta_mV "
    "eta_pA_mV_per_ms tau_filter_ms weight_min_pA weight_max_pA "
    "dt_ms microseconds decays highest_probability refractory_steps delay_steps delay_ms tau_kernel_ms block_steps "
    "largest_V_mV",
)

#: Largest potential [mV].
LARGEST_V_MV = 1e6
#: What may leave its limits, with the limits, in the order of the numbers that are noted.
U_OUTSIDE, V_OUTSIDE, ERROR_OUTSIDE, TOO_STIFF = range(4)
LIMITS = (
    ("U_mV", f"{-LARGEST_V_MV:g} to {LARGEST_V_MV:g} mV"),
    ("V_mV", f"{-LARGEST_V_MV:g} to {LARGEST_V_MV:g} mV"),
    ("the integral of errors in 1/mV", "finite"),
    ("the solver's step in ms", f"dt_ms / {STEPS_PER_INTERVAL} or more on average"),
)

#: Smallest relative difference of the two time constants of the dendritic response. The published weight is a
#: difference of two sums over that of the time constants. Closer than this, rounding would change it more than keeping
#: the two apart does: both by about 1e-7 of its change.
CLOSEST = 1e-7

MEMBRANE, EXCITATORY, INHIBITORY = 0, 1, 2

#: A block of the error sums is this long, in units of the shortest time constant: within a block the
#: weight of an error falls to a fiftieth at most, so that sums lose no more than two of sixteen digits.
BLOCK_LENGTH = 4.0

#: Sums of the errors in each block, of shape (blocks, 3), the blocks' starts (blocks,), and the decay from the start of
#: each block to that of the next: (blocks, 3) with the kernel's time constants, (blocks,) with that of the filter.
ErrorSums = namedtuple("ErrorSums", ["plain", "filtered", "start_ms", "decay", "decay_filter"])

#: State of the plastic synapses, each of shape (synapses,); ``plain`` and ``filtered`` (synapses, 3) are the
#: error sums of the block of the last spike as they were at that spike, whose time is ``last`` (-1: none yet).
Synapses = namedtuple(
    "Synapses",
    [
        "weight_initial_pA",
        "weight_pA",
        "integral",
        "low_passed",
        "trace_leak",
        "trace_input",
        "last",
        "last_block",
        "plain",
        "filtered",
    ],
)

#: All that comes from outside. Spikes are sorted by step; kicks and random numbers have one value per step.
Inputs = namedtuple(
    "Inputs",
    ["spike_step", "spike_synapse", "weight_initial_pA", "kick_E_nS", "kick_I_nS", "uniform", "weights_fixed_from"],
)

#: What the time loop writes: the state after every step or after some, whether the neuron spiked in each step, the
#: weight that each presynaptic spike transmitted, and all weights at the end of each presentation.
Record = namedtuple(
    "Record", ["U_mV", "V_mV", "g_E_nS", "g_I_nS", "I_E_pA", "has_spiked", "transmitted_pA", "weight_pA"]
)


def kept_apart(tau_ms, tau_L_ms):
    """Return the synaptic time constant of a dendritic response [ms], at least `CLOSEST` away from the membrane's."""
    if abs(tau_ms - tau_L_ms) >= CLOSEST * tau_L_ms:
        return tau_ms
    return tau_L_ms * (1.0 + CLOSEST) if tau_ms > tau_L_ms else tau_L_ms * (1.0 - CLOSEST)


def discretise(*, dt_ms, refractory_steps, delay_steps, largest_V_mV=LARGEST_V_MV, **constants):
    """Return the per-step constants.

    Parameters
    ----------
    dt_ms : float
        Time step [ms].
    refractory_steps : int
        Steps without a random number after a spike.
    delay_steps : int
        Delay of the plastic synapses, at least one step.
    largest_V_mV : float
        Largest potential, in the unit of the constants.
    **constants : float
        Constants of the neuron and its synapses: the first fields of the result.

    Returns
    -------
    UrbanczikSennStep
        Constants of one step.
    """
    tau_L_ms = constants["C_d_pF"] / constants["g_L_d_nS"]
    tau_kernel_ms = (tau_L_ms, *(kept_apart(constants[name], tau_L_ms) for name in ("tau_E_d_ms", "tau_I_d_ms")))
    shortest_ms = min(*tau_kernel_ms, constants["tau_filter_ms"])
    return UrbanczikSennStep(
        **constants,
        dt_ms=dt_ms,
        microseconds=round(dt_ms * 1000),
        decays=Decays(*(decay_over(dt_ms, constants[f"tau_{name}_ms"]) for name in ("E_s", "I_s", "E_d"))),
        highest_probability=-math.expm1(-constants["rate_max_per_ms"] * dt_ms),
        refractory_steps=refractory_steps,
        delay_steps=delay_steps,
        delay_ms=delay_steps * dt_ms,
        tau_kernel_ms=tau_kernel_ms,
        block_steps=max(1, math.floor(BLOCK_LENGTH * shortest_ms / dt_ms)),
        largest_V_mV=largest_V_mV,
    )


def in_model_units(p, name):
    """Return a parameter in the units in which the model computes.

    Source: docs/models/dendritic_prediction.md#unit-conventions.
    """
    # pF mV / ms is pA, as pF / ms is nS.
    current_pA = p.capacitance_unit_pF * p.potential_unit_mV
    value = float(getattr(p, name))
    for suffix, zero, unit in (
        ("_pA_mV_per_ms", 0.0, current_pA * p.potential_unit_mV),
        ("_per_mV", 0.0, 1.0 / p.potential_unit_mV),
        ("_mV", p.potential_zero_mV, p.potential_unit_mV),
        ("_pA", 0.0, current_pA),
        ("_pF", 0.0, p.capacitance_unit_pF),
        ("_nS", 0.0, p.capacitance_unit_pF),
    ):
        if name.endswith(suffix):
            return (value - zero) / unit
    return value


def simulate_in_standard_units(p, inputs, presentation_steps, sample_every=1):
    """Return the record of a run in standard units, whatever the units in which the model computes.

    Parameters
    ----------
    p : DendriticSynapses and ModelUnits
        Parameters of the neuron, of the synapses and of the units.
    inputs : Inputs
        In standard units.
    presentation_steps, sample_every : int
        As in `simulate`.

    Raises
    ------
    StateError
        If a potential or a synapse leaves its limits.
    """
    zero_mV, potential_mV, capacitance_pF = p.potential_zero_mV, p.potential_unit_mV, p.capacitance_unit_pF
    current_pA = capacitance_pF * potential_mV
    given = type(p).model_fields
    step = discretise(
        **{name: in_model_units(p, name) for name in UrbanczikSennStep._fields if name in given},
        refractory_steps=round(p.refractory_ms / p.dt_ms),
        delay_steps=round(p.synapse_delay_ms / p.dt_ms),
        largest_V_mV=LARGEST_V_MV / potential_mV,
    )
    steps = len(inputs.uniform)
    record = empty_record(
        step_count=steps,
        sample_every=sample_every,
        spike_count=len(inputs.spike_step),
        presentation_count=steps // presentation_steps,
        synapse_count=len(inputs.weight_initial_pA),
    )
    failure = no_failure()
    simulate(
        inputs._replace(
            weight_initial_pA=inputs.weight_initial_pA / current_pA,
            kick_E_nS=inputs.kick_E_nS / capacitance_pF,
            kick_I_nS=inputs.kick_I_nS / capacitance_pF,
        ),
        Neuron(in_model_units(p, "U_initial_mV"), in_model_units(p, "V_initial_mV"), 0.0, 0.0, 0.0),
        presentation_steps,
        sample_every,
        step,
        record,
        failure,
    )
    if failure["variable"][0] in (U_OUTSIDE, V_OUTSIDE):
        failure["value"] = failure["value"] * potential_mV + zero_mV
    raise_failure(failure, LIMITS, p.dt_ms, "synapse" if failure["variable"][0] == ERROR_OUTSIDE else "neuron")
    return record._replace(
        U_mV=record.U_mV * potential_mV + zero_mV,
        V_mV=record.V_mV * potential_mV + zero_mV,
        g_E_nS=record.g_E_nS * capacitance_pF,
        g_I_nS=record.g_I_nS * capacitance_pF,
        I_E_pA=record.I_E_pA * current_pA,
        transmitted_pA=record.transmitted_pA * current_pA,
        weight_pA=record.weight_pA * current_pA,
    )


def empty_record(*, step_count, sample_every, spike_count, presentation_count, synapse_count):
    """Return the arrays that `simulate` fills, all zero.

    Parameters
    ----------
    step_count : int
        Steps of the run.
    sample_every : int
        Steps from one sample of the state to the next.
    spike_count : int
        Number of presynaptic spikes.
    presentation_count, synapse_count : int
        Number of presentations and of synapses.

    Returns
    -------
    Record
        float64 arrays of shapes (samples,), (spike_count,) and (presentation_count, synapse_count); bool of
        shape (step_count,).
    """
    samples = step_count // sample_every
    return Record(
        U_mV=np.zeros(samples),
        V_mV=np.zeros(samples),
        g_E_nS=np.zeros(samples),
        g_I_nS=np.zeros(samples),
        I_E_pA=np.zeros(samples),
        has_spiked=np.zeros(step_count, np.bool_),
        transmitted_pA=np.zeros(spike_count),
        weight_pA=np.zeros((presentation_count, synapse_count)),
    )


@njit
def quiet_synapses(weight_initial_pA):
    """Return synapses that have not had a spike yet.

    Parameters
    ----------
    weight_initial_pA : ndarray of float64, shape (synapses,)
        Weights at the start [pA].

    Returns
    -------
    Synapses
        Their state.
    """
    count = len(weight_initial_pA)
    return Synapses(
        weight_initial_pA,
        weight_initial_pA.copy(),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.full(count, -1),
        np.zeros(count, np.int64),
        np.zeros((count, 3)),
        np.zeros((count, 3)),
    )


@njit
def no_errors(step_count, step):
    """Return the error sums before the first step.

    Parameters
    ----------
    step_count : int
        Steps of the run.
    step : UrbanczikSennStep
        Constants from `discretise`.

    Returns
    -------
    ErrorSums
        Sums of zero, and the decays between the starts of the blocks.
    """
    # Loops: compiling np.diff and operations on whole arrays takes many times as long.
    blocks = step_count // step.block_steps + 1
    start_ms = np.zeros(blocks + 1)
    for block in range(blocks + 1):
        start_ms[block] = time_of_step_ms(block * step.block_steps, step)
    decay = np.zeros((blocks, 3))
    filter_decay = np.zeros(blocks)
    for block in range(blocks):
        length_ms = start_ms[block + 1] - start_ms[block]
        for kind in range(3):
            decay[block, kind] = math.exp(-length_ms / step.tau_kernel_ms[kind])
        filter_decay[block] = math.exp(-length_ms / step.tau_filter_ms)
    return ErrorSums(np.zeros((blocks, 3)), np.zeros((blocks, 3)), start_ms, decay, filter_decay)


@njit
def update_synapse(j, now, newest_error, block, synapses, sums, step, failure):
    """Update one synapse at a presynaptic spike, by all errors since its last one.

    Source: docs/models/dendritic_prediction.md#synapse-update.

    Parameters
    ----------
    j : int
        Synapse.
    now : int
        Time of the spike, in steps.
    newest_error : float
        The error that arrives at this time [1/mV].
    block : int
        Block of this time.
    synapses : Synapses
        State of all synapses; entry ``j`` is changed in place.
    sums : ErrorSums
        Sums of the errors that have arrived up to now.
    step : UrbanczikSennStep
        Per-step constants.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of what has left its limits.
    """
    # The time constant follows the weight that the last spike left, also where it is exactly zero.
    kind = EXCITATORY if synapses.weight_pA[j] > 0.0 else INHIBITORY
    tau_L_ms, tau_s_ms = step.tau_kernel_ms[MEMBRANE], step.tau_kernel_ms[kind]
    # Before the first spike both traces are zero, and so is all that would decay.
    if synapses.last[j] >= 0:
        now_ms, last_ms, last_block = (
            time_of_step_ms(now, step),
            time_of_step_ms(synapses.last[j], step),
            synapses.last_block[j],
        )
        trace_leak, trace_input = synapses.trace_leak[j], synapses.trace_input[j]
        if now - max(synapses.last[j], step.delay_steps) == 1:
            # One error alone, which arrives with the spike, is held back as a whole. Its share of both has to be one
            # number: the sign of what rounding would leave of a weight that starts at 0 chooses the time constant.
            arrival_ms = time_of_step_ms(now - step.delay_steps, step) + step.delay_ms
            age_ms = last_ms - arrival_ms
            response = trace_leak * math.exp(age_ms / tau_L_ms) - trace_input * math.exp(age_ms / tau_s_ms)
            plain = response * newest_error
            filtered = math.exp((arrival_ms - now_ms) / step.tau_filter_ms) * plain
        else:
            plain_then, filtered_then = synapses.plain[j], synapses.filtered[j]
            plain_L, filtered_L = errors_since(
                last_ms, last_block, now_ms, block, MEMBRANE, plain_then[MEMBRANE], filtered_then[MEMBRANE], sums, step
            )
            plain_s, filtered_s = errors_since(
                last_ms, last_block, now_ms, block, kind, plain_then[kind], filtered_then[kind], sums, step
            )
            plain = trace_leak * plain_L - trace_input * plain_s
            filtered = trace_leak * filtered_L - trace_input * filtered_s
        synapses.integral[j] += plain
        synapses.low_passed[j] = math.exp((last_ms - now_ms) / step.tau_filter_ms) * synapses.low_passed[j] + filtered
        synapses.trace_leak[j] = trace_leak * math.exp((last_ms - now_ms) / tau_L_ms)
        synapses.trace_input[j] = trace_input * math.exp((last_ms - now_ms) / tau_s_ms)
    held = synapses.integral[j] - synapses.low_passed[j]
    if not math.isfinite(held):
        note_failure(failure, ERROR_OUTSIDE, now, j, held)
    synapses.weight_pA[j] = weight_of(
        synapses.weight_initial_pA[j], synapses.integral[j], synapses.low_passed[j], tau_L_ms, tau_s_ms, step
    )
    synapses.trace_leak[j] += 1.0
    synapses.trace_input[j] += 1.0
    synapses.last[j] = now
    synapses.last_block[j] = block
    for k in range(3):
        synapses.plain[j, k] = sums.plain[block, k]
        synapses.filtered[j, k] = sums.filtered[block, k]


@njit
def simulate(inputs, neuron, presentation_steps, sample_every, step, record, failure):
    """Run the model and fill the record.

    Parameters
    ----------
    inputs : Inputs
        Presynaptic spikes (int64, shape (spikes,)), initial weights (synapses,), and for each step the kicks to
        the somatic conductances and one random number (float64, shape (steps,)); weights stay as they are from
        step ``weights_fixed_from`` on.
    neuron : Neuron
        State at the start.
    presentation_steps : int
        Steps of one presentation of the pattern.
    sample_every : int
        Steps from one sample of the state to the next.
    step : UrbanczikSennStep
        Constants from `discretise`.
    record : Record
        Arrays from `empty_record`; changed in place.
    failure : ndarray of `replasticity.numerics.limits.FAILURE`, shape (1,)
        Record of what has left its limits, changed in place; the loop then ends.
    """
    steps = len(inputs.uniform)
    synapses = quiet_synapses(inputs.weight_initial_pA)
    sums = no_errors(steps, step)
    # By time, in steps, and by the interval of arrival.
    error = np.zeros(steps + 1)
    current_pA = np.zeros(steps + step.delay_steps)
    h_ms = step.dt_ms
    steps_left = STEPS_MORE
    refractory = next_spike = block = presentation = sample = 0
    for n in range(steps):
        # 1. Presynaptic spikes of time n. The synapses see each error as late as their delay. The first block has
        #    the times 1 to B, the next one B + 1 to 2 B.
        if n > (block + 1) * step.block_steps:
            block += 1
        newest_error = 0.0
        if n > step.delay_steps:
            newest_error = error[n - step.delay_steps]
            arrival_ms = time_of_step_ms(n - step.delay_steps, step) + step.delay_ms
            add_error(sums, block, arrival_ms, newest_error, step)
        if n == (presentation + 1) * presentation_steps:
            record.weight_pA[presentation] = synapses.weight_pA
            presentation += 1
        while next_spike < len(inputs.spike_step) and inputs.spike_step[next_spike] == n:
            j = inputs.spike_synapse[next_spike]
            if n < inputs.weights_fixed_from:
                update_synapse(j, n, newest_error, block, synapses, sums, step, failure)
            record.transmitted_pA[next_spike] = synapses.weight_pA[j]
            current_pA[n + step.delay_steps - 1] += synapses.weight_pA[j]
            next_spike += 1

        # 2. Potentials, conductances and current over the interval. One step of the solver nearly always does.
        before = neuron
        neuron, r = solve(before, step.dt_ms, step.decays, step)
        steps_left += STEPS_PER_INTERVAL
        if h_ms < step.dt_ms or r > 1.1:
            neuron, h_ms, steps_left = integrate(before, h_ms, steps_left, step)
            if steps_left < 0:
                note_failure(failure, TOO_STIFF, n + 1, 0, h_ms)
        if not abs(neuron.U_mV) <= step.largest_V_mV:
            note_failure(failure, U_OUTSIDE, n + 1, 0, neuron.U_mV)
        if not abs(neuron.V_mV) <= step.largest_V_mV:
            note_failure(failure, V_OUTSIDE, n + 1, 0, neuron.V_mV)
        if failure[0].variable >= 0:
            return

        # 3. Kicks act on the potentials from the next interval on.
        neuron = Neuron(
            neuron.U_mV,
            neuron.V_mV,
            neuron.g_E_nS + inputs.kick_E_nS[n],
            neuron.g_I_nS + inputs.kick_I_nS[n],
            neuron.I_E_pA + current_pA[n],
        )

        # 4. A spike, if the neuron is not refractory; it changes no potential.
        has_spiked = False
        if refractory > 0:
            refractory -= 1
        elif spikes(neuron.U_mV, inputs.uniform[n], step):
            has_spiked = True
            refractory = step.refractory_steps
        record.has_spiked[n] = has_spiked

        # 5. The prediction error, and 6. the record, both of time n + 1.
        error[n + 1] = prediction_error(neuron.V_mV, has_spiked, step)
        if n + 1 == (sample + 1) * sample_every:
            record.U_mV[sample] = neuron.U_mV
            record.V_mV[sample] = neuron.V_mV
            record.g_E_nS[sample] = neuron.g_E_nS
            record.g_I_nS[sample] = neuron.g_I_nS
            record.I_E_pA[sample] = neuron.I_E_pA
            sample += 1
    if steps == (presentation + 1) * presentation_steps:
        record.weight_pA[presentation] = synapses.weight_pA


def simulate_presentations(p, spikes, kicks, uniform, sample_every=1):
    """Return the record of a presented pattern, sampled after every so many steps, in standard units.

    Parameters
    ----------
    p : PresentedPattern and ModelUnits
        Parameters.
    spikes : Spikes
        Presynaptic spikes.
    kicks : Kicks
        Kicks of the soma.
    uniform : ndarray of float64, shape (steps,)
        Random number of each step.
    sample_every : int
        As in `simulate`.
    """
    delivered = spikes.step < len(uniform)
    inputs = Inputs(
        spike_step=spikes.step[delivered],
        spike_synapse=spikes.spiking_input[delivered],
        weight_initial_pA=np.full(p.input_count, float(p.weight_initial_pA)),
        kick_E_nS=kicks.E_nS,
        kick_I_nS=kicks.I_nS,
        uniform=uniform,
        weights_fixed_from=len(uniform) if p.plastic_after else p.learning_window[1] * p.presentation_steps,
    )
    return simulate_in_standard_units(p, inputs, p.presentation_steps, sample_every)
