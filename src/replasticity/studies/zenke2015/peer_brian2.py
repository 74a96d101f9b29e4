"""The published example in Brian2, on its public interface, with our population spikes.

Runs in Brian2's own environment: nothing of replasticity is installed there.
"""

import gc

import brian2
import numpy as np
from brian2 import Hz, ms, nS, second

# Brian2 collects garbage before each run, which takes longer than a short one: none of it is in what is loaded.
gc.freeze()

#: Limits of our model; Brian2 has none.
LARGEST_RATE_HZ = 1e9
LARGEST_WEIGHT_NS = 1e9

#: Whether a synapse can read a variable of a group that it does not connect. Before that G is written into it.
LINKS = tuple(map(int, brian2.__version__.split(".")[:2])) >= (2, 9)

# The constant term belongs to one of the two spikes: see the erratum "exchanged-traces".
WITH_CONSTANT = "{own} += 1; w += eta * (G * (1 + {other}))"
WITHOUT = "{own} += 1; w += eta * (G * {other})"
FACTOR = """
dH/dt = -H / tau_H : Hz
G = H - target : Hz
"""
PLASTIC = """
w : siemens
dzi/dt = -zi / tau : 1 (event-driven)
dzj/dt = -zj / tau : 1 (event-driven)
"""


def run(parameters, inputs):
    """Return H, G and the weight in their samples, the state at each event, and the final weight."""
    p = parameters
    begin(p)

    population = brian2.SpikeGeneratorGroup(
        p["population_size"], inputs["population_spike_cell"], inputs["population_spike_step"] * p["dt_ms"] * ms
    )
    unit, plastic, others = build(population, p)
    interval = p["sample_interval_ms"] * ms
    factor = brian2.StateMonitor(unit, ["H", "G"], record=[0], dt=interval)
    weight = brian2.StateMonitor(plastic, "w", record=[0], dt=interval)
    watch = Watch(unit, plastic, p)
    network = brian2.Network(population, unit, plastic, *others, factor, weight, *watch.operations)
    network.run(len(p["rates_Hz"]) * p["epoch_ms"] * ms)
    found = watch.found() | {
        "time_ms": np.asarray(factor.t / ms),
        "H_Hz": np.asarray(factor.H[0] / Hz),
        "G_Hz": np.asarray(factor.G[0] / Hz),
        "weight_nS": np.asarray(weight.w[0] / nS),
        "weight_final_nS": np.asarray(plastic.w[0] / nS),
    }
    for name, limit in (("H_Hz", LARGEST_RATE_HZ), ("weight_nS", LARGEST_WEIGHT_NS)):
        for each in (found[name], found[f"event_{name}"]):
            if not np.all(np.abs(each) <= limit):
                raise FloatingPointError(f"{name} is beyond {limit:g} in size")
    return found


def build(population, p):
    """Return the unit of the factor, the plastic synapse, and what else a network has beside its population."""
    namespace = {
        "tau_H": p["tau_H_ms"] * ms,
        "count": p["population_size"],
        "target": p["target_rate_Hz"] * Hz,
        "tau": p["tau_stdp_ms"] * ms,
        "eta": p["eta_nS_s"] * nS * second,
    }
    unit = brian2.NeuronGroup(1, FACTOR, method="exact", namespace=namespace, name="unit")
    counting = brian2.Synapses(population, unit, on_pre="H_post += 1 / (tau_H * count)", namespace=namespace)
    counting.connect()
    pre, post = (
        brian2.SpikeGeneratorGroup(1, np.zeros(len(times), int), np.array(times) * ms)
        for times in (p["pre_times_ms"], p["post_times_ms"])
    )
    on_pre, on_post = {
        "as_published": (WITHOUT.format(own="zi", other="zj"), WITH_CONSTANT.format(own="zj", other="zi")),
        "eq15": (WITH_CONSTANT.format(own="zj", other="zi"), WITHOUT.format(own="zi", other="zj")),
    }[p["rule"]]
    model = PLASTIC + ("G : Hz (linked)" if LINKS else "G : Hz")
    plastic = brian2.Synapses(pre, post, model, on_pre=on_pre, on_post=on_post, namespace=namespace)
    plastic.connect()
    plastic.w = p["weight_initial_nS"] * nS
    # As in a fresh session, where automatic names put them so.
    plastic.pre.order, counting.pre.order, plastic.post.order = -1, 0, 1
    others = [counting, pre, post]
    if LINKS:
        plastic.G = brian2.linked_var(unit, "G", index="j")
    else:

        def write_G():
            # Each time is as long as many steps.
            if len(pre.spikes) or len(post.spikes):
                plastic.G = unit.G[0]

        # Before both events of the synapse.
        others += [brian2.NetworkOperation(write_G, when="synapses", order=order) for order in (-2, 0.5)]
    return unit, plastic, others


class Watch:
    """Notes H in the first steps, and the state at three moments of each step with a pre- or postsynaptic spike.

    The moments: before the step's spikes act, between the pre- and the postsynaptic event, after both.
    """

    def __init__(self, unit, plastic, p):
        self._plastic = plastic
        self._states = [unit.variables["H"], *(plastic.variables[name] for name in ("w", "zi", "zj", "lastupdate"))]
        self._first_steps = round(p["every_step_ms"] / p["dt_ms"])
        self._factor, self._events, self._steps = [], [], []
        # Population spikes act at 0: what is between comes after them.
        self.operations = [
            brian2.NetworkOperation(self._start, when="start"),
            brian2.NetworkOperation(self._before, when="before_synapses"),
            brian2.NetworkOperation(self._later, when="synapses", order=0.5),
            brian2.NetworkOperation(self._later, when="after_synapses"),
        ]

    def _start(self):
        if len(self._factor) < self._first_steps:
            self._factor.append(self._states[0].get_value()[0])

    def _before(self):
        kind = len(self._plastic.source.spikes) + 2 * len(self._plastic.target.spikes)
        self._spiking = kind > 0
        if self._spiking:
            self._steps.append((self._plastic.clock.timestep[:], kind))
        self._later()

    def _later(self):
        if self._spiking:
            self._events.append([state.get_value()[0] for state in self._states])

    def found(self):
        """Return all of it under our names, in our units."""
        step, kind = np.reshape(self._steps, (-1, 2)).T.astype(int)
        H_Hz, weight_S, z_i, z_j, last_s = np.moveaxis(np.reshape(self._events, (-1, 3, 5)), -1, 0)
        return {
            "H_every_step_Hz": np.array(self._factor, float),
            "event_step": step,
            "event_kind": kind,
            "event_H_Hz": H_Hz,
            "event_weight_nS": np.asarray(weight_S / float(nS)),
            "event_z_i": z_i,
            "event_z_j": z_j,
            "event_last_ms": np.asarray(last_s / float(ms)),
        }


def begin(p):
    """Begin with a Brian2 that knows of no other run."""
    brian2.start_scope()
    # numpy does each operation as it stands: no other code generation gives the same bits.
    brian2.prefs.codegen.target = "numpy"
    brian2.prefs.logging.file_log = False
    brian2.defaultclock.dt = p["dt_ms"] * ms


def poisson_population(p):
    """Return the population whose spikes Brian2 draws by itself."""
    epochs = brian2.TimedArray(np.array(p["rates_Hz"]) * Hz, dt=p["epoch_ms"] * ms)
    return brian2.PoissonGroup(p["population_size"], "epochs(t)", namespace={"epochs": epochs})


def draw(parameters, seed):
    """Return the spikes of the population that Brian2's own generator draws."""
    p = parameters
    begin(p)
    brian2.seed(seed)
    population = poisson_population(p)
    spikes = brian2.SpikeMonitor(population)
    brian2.Network(population, spikes).run(len(p["rates_Hz"]) * p["epoch_ms"] * ms)
    step = np.rint(np.asarray(spikes.t / ms) / p["dt_ms"]).astype(int)
    steps = round(len(p["rates_Hz"]) * p["epoch_ms"] / p["dt_ms"])
    return {
        "population_count": np.bincount(step, minlength=steps),
        "population_spike_step": step,
        "population_spike_cell": np.asarray(spikes.i),
    }
