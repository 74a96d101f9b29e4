"""The Urbanczik-Senn model written from docs/models/dendritic_prediction.md, to be obvious.

Every spike rescans the whole history.

It shares no code with the package. Numbers are in any coherent units; times are in ms, stamps are whole numbers.
"""

import math
from types import SimpleNamespace

import numpy as np

# Runge, Kutta and Fehlberg: weights of the slopes at the nodes before
# (docs/models/dendritic_prediction.md#solver-tableau).
ROWS = [
    [],
    [1 / 4],
    [3 / 32, 9 / 32],
    [1932 / 2197, -7200 / 2197, 7296 / 2197],
    [8341 / 4104, -32832 / 4104, 29440 / 4104, -845 / 4104],
    [-6080 / 20520, 41040 / 20520, -28352 / 20520, 9295 / 20520, -5643 / 20520],
]
FIFTH = np.array([902880, 0, 3953664, 3855735, -1371249, 277020]) / 7618050
ERROR = np.array([1 / 360, 0, -128 / 4275, -2197 / 75240, 1 / 50, 2 / 55])


def slopes(y, p):
    """Return d/dt of (U, g_E, g_I, V, I_E, I_I) (docs/models/dendritic_prediction.md#soma-potential)."""
    U, g_E, g_I, V, I_E, I_I = y
    return np.array(
        [
            (-p.g_L_s * (U - p.E_L_s) - g_E * (U - p.E_E) - g_I * (U - p.E_I) + p.g_sp * (V - U)) / p.C_s,
            -g_E / p.tau_E_s,
            -g_I / p.tau_I_s,
            (-p.g_L_d * (V - p.E_L_d) + I_E + I_I + p.g_ps * (U - V)) / p.C_d,
            -I_E / p.tau_E_d,
            -I_I / p.tau_I_d,
        ]
    )


def solver_step(y, h, p):
    """Return the state after one step of the solver, and r = max |e| / 1e-3."""
    k = []
    for row in ROWS:
        k.append(slopes(y + h * sum((b * slope for b, slope in zip(row, k, strict=True)), np.zeros(6)), p))
    k = np.array(k)
    return y + h * (FIFTH @ k), np.abs(h * (ERROR @ k)).max() / 1e-3


def integrate(y, h, p):
    """Return the state after an interval, the proposed step and the number of steps of the solver.

    Source: docs/models/dendritic_prediction.md#solver.
    """
    passed, accepted = 0.0, 0
    while passed < p.dt:
        left = p.dt - passed
        tried = min(h, left)
        after, r = solver_step(y, tried, p)
        if r > 1.1:
            h = tried * max(0.2, 0.9 * r ** (-1 / 5))
            continue
        h = tried * min(5, max(1, 0.9 * max(r, 1e-300) ** (-1 / 6))) if r < 0.5 else tried
        y, passed, accepted = after, p.dt if tried == left else passed + tried, accepted + 1
    return y, h, accepted


def phi(u, p):
    return p.phi_max / (1 + p.k * math.exp(p.beta * (p.theta - u)))


def log_slope(u, p):
    return 15 * p.beta / (1 + math.exp(-p.beta * (p.theta - u)) / p.k)


class Synapse:
    """One plastic synapse (docs/models/dendritic_prediction.md#synapse)."""

    def __init__(self, w0):
        self.w0 = self.w = w0
        self.PI = self.PE = self.aL = self.aS = 0.0
        self.last = -10

    def spike(self, n, E, p):
        """Update by all errors E[stamp] between the last spike and the one with stamp n."""
        t_l, t_n = 0.001 * (p.microseconds * self.last), 0.001 * (p.microseconds * n)
        tau_L = p.C_d / p.g_L_d
        tau_s = p.tau_E_d if self.w > 0 else p.tau_I_d
        q = np.arange(max(self.last - p.delay + 1, 1), n - p.delay + 1)
        t = 0.001 * (p.microseconds * q) + p.delay * p.dt
        c = (self.aL * np.exp((t_l - t) / tau_L) - self.aS * np.exp((t_l - t) / tau_s)) * E[q]
        # One by one, as the reference does.
        self.PI = float(np.cumsum(np.concatenate([[self.PI], c]))[-1])
        accumulated = float(np.cumsum(np.concatenate([[0.0], np.exp((t - t_n) / p.tau_Delta) * c]))[-1])
        self.PE = math.exp((t_l - t_n) / p.tau_Delta) * self.PE + accumulated
        change = ((self.PI - self.PE) * 15 * p.C_d * tau_s * p.eta) / (p.g_L_d * (tau_L - tau_s))
        self.w = min(max(self.w0 + change, p.w_min), p.w_max)
        self.aL = self.aL * math.exp((t_l - t_n) / tau_L) + 1
        self.aS = self.aS * math.exp((t_l - t_n) / tau_s) + 1
        self.last = n
        return tau_s


def simulate(p, spikes, w0, kick_E, kick_I, uniform, fixed_from=None):
    """Run the model (docs/models/dendritic_prediction.md#order-of-a-step).

    ``spikes``: list of (stamp, synapse), sorted by stamp. Returns the state after each step (row: U, g_E, g_I, V, I_E,
    I_I), somatic spike stamps, transmitted weights, and what happened on the way.
    """
    steps = len(uniform)
    synapses = [Synapse(w) for w in w0]
    fixed_from = steps if fixed_from is None else fixed_from
    deliveries = {}
    for index, (stamp, j) in enumerate(spikes):
        deliveries.setdefault(stamp, []).append((index, j))
    arriving = np.zeros(steps + p.delay)
    E = np.zeros(steps + 1)
    y = np.array([p.U0, 0.0, 0.0, p.V0, 0.0, 0.0])
    h, refractory = p.dt, 0
    states, soma, transmitted = np.zeros((steps, 6)), [], np.full(len(spikes), np.nan)
    seen = SimpleNamespace(most_substeps=1, inhibitory_tau=0, at_min=0, at_max=0)
    for n in range(steps):
        for index, j in deliveries.get(n, []):
            if n < fixed_from:
                at_zero = synapses[j].w <= 0
                synapses[j].spike(n, E, p)
                seen.inhibitory_tau += at_zero
            transmitted[index] = synapses[j].w
            seen.at_min += synapses[j].w == p.w_min
            seen.at_max += synapses[j].w == p.w_max
            arriving[n + p.delay - 1] += synapses[j].w
        y, h, substeps = integrate(y, h, p)
        seen.most_substeps = max(seen.most_substeps, substeps)
        y[1] += kick_E[n]
        y[2] += kick_I[n]
        y[4] += arriving[n]
        S = 0
        if refractory > 0:
            refractory -= 1
        elif uniform[n] <= 1 - math.exp(-phi(y[0], p) * p.dt):
            S, refractory = 1, p.refractory
            soma.append(n + 1)
        V_star = (p.E_L_s * p.g_L_s + y[3] * p.g_sp) / (p.g_sp + p.g_L_s)
        E[n + 1] = (S - phi(V_star, p) * p.dt) * log_slope(V_star, p)
        states[n] = y
    return SimpleNamespace(states=states, soma=soma, transmitted=transmitted, w=[s.w for s in synapses], seen=seen)
