"""The Clopath network and the pairing protocol step by step in plain Python: slow, obvious.

Written from docs/models/voltage_based_stdp.md.

Nothing is shared with the package. Parameters have the symbols used there. Histories are kept whole, and the
weight change of a spike is computed from them anew.
"""

import math

A21 = (1 / 4,)
A3 = (3 / 32, 9 / 32)
A4 = (1932 / 2197, -7200 / 2197, 7296 / 2197)
A5 = (8341 / 4104, -32832 / 4104, 29440 / 4104, -845 / 4104)
A6 = (-6080 / 20520, 41040 / 20520, -28352 / 20520, 9295 / 20520, -5643 / 20520)
FIFTH = (902880 / 7618050, 3953664 / 7618050, 3855735 / 7618050, -1371249 / 7618050, 277020 / 7618050)
ERROR = (1 / 360, -128 / 4275, -2197 / 75240, 1 / 50, 2 / 55)


def weighted(weights, slopes):
    """Sum from left to right."""
    total = weights[0] * slopes[0]
    for weight, slope in zip(weights[1:], slopes[1:], strict=True):
        total = total + weight * slope
    return total


def solver_step(y, h, derivative):
    """One step (docs/models/voltage_based_stdp.md#solver-tableau): new state and error estimate of each variable."""
    variables = range(len(y))
    k = [derivative(y)]
    k.append(derivative([y[i] + 1 / 4 * h * k[0][i] for i in variables]))
    for row in (A3, A4, A5, A6):
        k.append(derivative([y[i] + h * weighted(row, [one[i] for one in k]) for i in variables]))
    used = [k[0], k[2], k[3], k[4], k[5]]
    new = [y[i] + h * weighted(FIFTH, [one[i] for one in used]) for i in variables]
    error = [h * weighted(ERROR, [one[i] for one in used]) for i in variables]
    return new, error


def accepted_step(y, t, h, dt, derivative, scale):
    """Repeat until a step is accepted: new state, new time, next step size.

    Source: docs/models/voltage_based_stdp.md#solver-control.
    """
    while True:
        cut = h > dt - t
        if cut:
            h = dt - t
        new, error = solver_step(y, h, derivative)
        r = 0.0
        for e, s in zip(error, scale(new, h), strict=True):
            r = max(r, abs(e) / s)
        next_h = h
        if r > 1.1:
            smaller = h * max(0.2, 0.9 / r ** (1 / 5))
            if smaller < h and t + smaller != t:
                h = smaller
                continue
        elif r < 0.5:
            next_h = h * (5.0 if r == 0 else min(5.0, max(1.0, 0.9 / r ** (1 / 6))))
        return new, (dt if cut else t + h), next_h


class AdaptiveExponential:
    """A neuron, advanced as in docs/models/voltage_based_stdp.md#neuron-step."""

    def __init__(self, V, w, p, dt):
        self.p, self.dt = p, dt
        self.y = [V, w, 0.0, p["V_T_rest"], p["E_L"], p["E_L"], p["E_L"]]
        self.ref = self.cl = 0
        self.h = dt

    def derivative(self, y):
        p = self.p
        V, w, z, T, plus, minus, bar = y
        if self.cl > 0:
            V = p["V_clamp"]
        elif self.ref > 0:
            V = p["V_reset"]
        else:
            V = min(V, p["V_peak"])
        spike = p["g_L"] * p["Delta_T"] * math.exp((V - T) / p["Delta_T"]) if p["Delta_T"] > 0 else 0.0
        held = self.cl > 0 or self.ref > 0
        dV = 0.0 if held else (-p["g_L"] * (V - p["E_L"]) + spike - w + z + p["I_e"]) / p["C"]
        dw = 0.0 if self.cl > 0 else (p["a"] * (V - p["E_L"]) - w) / p["tau_w"]
        return [
            dV,
            dw,
            -z / p["tau_z"],
            -(T - p["V_T_rest"]) / p["tau_T"],
            (V - plus) / p["tau_plus"],
            (V - minus) / p["tau_minus"],
            (minus - bar) / p["tau_bar"],
        ]

    def scale(self, new, h):
        tol = self.p["tolerance"]
        return [tol * abs(h * slope) + tol for slope in self.derivative(new)]

    def advance(self, J):
        p, t, spikes = self.p, 0.0, 0
        while t < self.dt:
            self.y, t, self.h = accepted_step(self.y, t, self.h, self.dt, self.derivative, self.scale)
            if self.ref == 0 and self.cl == 0:
                self.y[0] += J
            J = 0.0
            threshold = p["V_peak"] if p["Delta_T"] > 0 else self.y[3]
            if self.y[0] >= threshold and self.cl == 0:
                self.y[0] = p["V_clamp"]
                self.y[1] += p["b"]
                self.y[2] = p["I_sp"]
                self.y[3] = p["V_T_max"]
                self.cl = p["N_clamp"] + 1 if p["N_clamp"] else 0
                spikes += 1
            elif self.cl == 1:
                self.y[0] = p["V_reset"]
                self.cl = 0
                self.ref = p["N_ref"] + 1 if p["N_ref"] else 0
            if self.ref > 0:
                self.y[0] = p["V_reset"]
        self.cl = max(self.cl - 1, 0)
        self.ref = max(self.ref - 1, 0)
        return spikes

    @property
    def potentials(self):
        return self.y[0], self.y[4], self.y[5], self.y[6]


class HodgkinHuxley:
    """The neuron of docs/models/voltage_based_stdp.md#hodgkin-huxley."""

    def __init__(self, V, p, dt):
        self.p, self.dt, self.h, self.r = p, dt, dt, 0
        gates = [alpha / (alpha + beta) for alpha, beta in self.rates(-65.0)]
        self.y = [V, *gates, *[0.0] * 7]

    @staticmethod
    def rates(V):
        m = 0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10)), 4 * math.exp(-(V + 65) / 18)
        h = 0.07 * math.exp(-(V + 65) / 20), 1 / (1 + math.exp(-(V + 35) / 10))
        n = 0.01 * (V + 55) / (1 - math.exp(-(V + 55) / 10)), 0.125 * math.exp(-(V + 65) / 80)
        return m, h, n

    def derivative(self, y):
        p = self.p
        V, m, h, n, dex, ex, din, inh, plus, minus, bar = y
        I_Na = p["g_Na"] * m * m * m * h * (V - p["E_Na"])
        I_K = p["g_K"] * n * n * n * n * (V - p["E_K"])
        I_L = p["g_L"] * (V - p["E_L"])
        gates = [alpha * (1 - gate) - beta * gate for gate, (alpha, beta) in zip((m, h, n), self.rates(V), strict=True)]
        return [
            (-(I_Na + I_K + I_L) + p["I_e"] + ex + inh) / p["C"],
            *gates,
            -dex / p["tau_ex"],
            dex - ex / p["tau_ex"],
            -din / p["tau_in"],
            din - inh / p["tau_in"],
            (V - plus) / p["tau_plus"],
            (V - minus) / p["tau_minus"],
            (minus - bar) / p["tau_bar"],
        ]

    def advance(self, J):
        p, t, before = self.p, 0.0, self.y[0]
        while t < self.dt:
            self.y, t, self.h = accepted_step(
                self.y, t, self.h, self.dt, self.derivative, lambda new, h: [p["tolerance"]] * 11
            )
        if J >= 0:
            self.y[4] += J * (math.e / p["tau_ex"])
        else:
            self.y[6] += J * (math.e / p["tau_in"])
        if self.r > 0:
            self.r -= 1
            return 0
        if self.y[0] >= 0 and before > self.y[0]:
            self.r = p["N_ref"]
            return 1
        return 0

    @property
    def potentials(self):
        return self.y[0], self.y[8], self.y[9], self.y[10]


class History:
    """What a neuron remembers for its plastic synapses: LTP and LTD of every stamp.

    Source: docs/models/voltage_based_stdp.md#history.
    """

    def __init__(self, start, p, dt):
        self.p, self.dt = p, dt
        self.past = [(start, start)] * (p["D"] + 1)
        self.LTP, self.LTD = {}, {}

    def write(self, stamp, V, plus, minus, bar):
        p = self.p
        self.past = [*self.past[1:], (plus, minus)]
        delayed_plus, delayed_minus = self.past[0]
        potentiates = delayed_plus > p["theta_minus"] and p["theta_plus"] < V
        if potentiates:
            self.LTP[stamp] = p["A_LTP"] * (V - p["theta_plus"]) * (delayed_plus - p["theta_minus"]) * self.dt
        self.LTD[stamp] = 0.0
        if delayed_minus > p["theta_minus"]:
            if p["constant"]:
                self.LTD[stamp] = p["A_LTD"] * (delayed_minus - p["theta_minus"])
            else:
                self.LTD[stamp] = p["A_LTD"] * bar * bar * (delayed_minus - p["theta_minus"]) / p["u_ref2"]


class Synapse:
    """A plastic synapse, updated at presynaptic spikes only (docs/models/voltage_based_stdp.md#synapse)."""

    def __init__(self, weight, low, high, d, history):
        self.w, self.low, self.high, self.d, self.history = weight, low, high, d, history
        self.x, self.last = 0.0, 0

    def spike(self, n):
        history, p, dt = self.history, self.history.p, self.history.dt
        microseconds = round(dt * 1000)

        def time(stamp):
            return 0.001 * (microseconds * stamp)

        for q, LTP in history.LTP.items():
            if self.last - self.d < q <= n - self.d:
                trace = self.x * math.exp((time(self.last) - (time(q) + self.d * dt)) / p["tau_x"])
                self.w = self.w + LTP * trace
                if not self.w < self.high:
                    self.w = self.high
        self.w = self.w - history.LTD.get(n - self.d, 0.0)
        if not self.w > self.low:
            self.w = self.low
        self.x = self.x * math.exp((time(self.last) - time(n)) / p["tau_x"]) + 1 / p["tau_x"]
        self.last = n
        return self.w


def simulate_network(p, dt, steps, V_exc, V_inh, synapses, input_spikes):
    """Return spikes, transmitted weights between excitatory neurons, final weights, and V of all neurons.

    ``synapses`` maps "input_exc", "input_inh", "exc_exc", "exc_inh" and "inh_exc" to lists of (pre, post, weight);
    ``input_spikes`` is a list of (stamp, channel).
    """
    count = len(V_exc)
    neurons = [AdaptiveExponential(V, p["w_initial"], p, dt) for V in [*V_exc, *V_inh]]
    histories = [History(p["history_start"], p, dt) for _ in V_exc]
    plastic = {
        name: [(pre, post, Synapse(w, p["w_min"], p[bound], d, histories[post])) for pre, post, w in synapses[name]]
        for name, bound, d in (("input_exc", "w_max_input", p["d"]), ("exc_exc", "w_max_exc", p["d_exc"]))
    }
    arriving = {}
    spikes, events, V = [], [], []

    def deliver(kind, source, n):
        for name in ("exc_exc", "exc_inh", "inh_exc", "input_exc", "input_inh"):
            if name.split("_")[0] != kind:
                continue
            first = count if name.endswith("_inh") else 0
            delay = p["d_exc"] if name == "exc_exc" else p["d"]
            for k, (pre, post, synapse) in enumerate(plastic.get(name, synapses[name])):
                if pre == source:
                    weight = synapse.spike(n) if name in plastic else synapse
                    row = arriving.setdefault(n + delay - 1, [0.0] * len(neurons))
                    row[first + post] += weight
                    if name == "exc_exc":
                        events.append((n, k, weight))

    emitted = []
    for n in range(steps):
        for k in emitted:
            deliver("exc" if k < count else "inh", k if k < count else k - count, n)
        for channel in sorted(channel for stamp, channel in input_spikes if stamp == n):
            deliver("input", channel, n)
        J = arriving.pop(n, [0.0] * len(neurons))
        emitted = []
        for k, neuron in enumerate(neurons):
            emitted += [k] * neuron.advance(J[k])
            if k < count:
                histories[k].write(n + 1, *neuron.potentials)
        spikes += [(n + 1, k) for k in emitted]
        V.append([neuron.y[0] for neuron in neurons])
    weights = {name: [synapse.w for _, _, synapse in group] for name, group in plastic.items()}
    return spikes, events, weights, V


def simulate_pairing(neuron, history, synapse, pre_stamps, forcing_stamps, forcing_weight, steps):
    """Return transmitted weights, stamps of the neuron's spikes, and its potentials after each step."""
    arriving, transmitted, spikes, trace = {}, [], [], []
    for n in range(steps):
        if n in forcing_stamps:
            arriving[n] = arriving.get(n, 0.0) + forcing_weight
        if n in pre_stamps:
            transmitted.append(synapse.spike(n))
            arriving[n + synapse.d - 1] = arriving.get(n + synapse.d - 1, 0.0) + transmitted[-1]
        spikes += [n + 1] * neuron.advance(arriving.pop(n, 0.0))
        history.write(n + 1, *neuron.potentials)
        trace.append(neuron.potentials)
    return transmitted, spikes, trace
