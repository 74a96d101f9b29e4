"""Regular firing, pair STDP and EPSP read-out step by step in plain Python: slow, obvious.

Written from docs/models/pair_stdp.md.

Times are in seconds, potentials in volts; nothing is shared with the package.
"""

import math


def regular_train(rate_Hz, dt, steps, reset, phase=0.0):
    """Return the spike steps of a cell, and its phase at the start of each step.

    Source: docs/models/pair_stdp.md#regular-firing.
    """
    x, spikes, phases = phase, [], []
    for n in range(steps):
        phases.append(x)
        x = (dt * rate_Hz) + x
        if x > 1:
            spikes.append(n)
            x = 0.0 if reset == "zero" else x - 1
    return spikes, phases


def synapse(pre, post, steps, *, dt, taupre, taupost, dApre, ratio, w0, w_max, clip):
    """Return the weight at the start of each step, the events, and the final weight (docs/models/pair_stdp.md#synapse).

    An event is (step, kind, (before, between, after)), each moment (w, A, B, last).
    """
    pre, post = set(pre), set(post)
    dBpost = -dApre * taupre / taupost * ratio
    w, A, B, last = w0, 0.0, 0.0, 0.0
    weights, events = [], []

    def clipped(value):
        return min(max(value, 0.0), w_max) if clip else value

    for n in range(steps):
        weights.append(w)
        t = n * dt
        before = (w, A, B, last)
        if n in pre:
            A, B, last = A * math.exp(-(t - last) / taupre), B * math.exp(-(t - last) / taupost), t
            A += dApre
            w = clipped(w + B)
        between = (w, A, B, last)
        if n in post:
            A, B, last = A * math.exp(-(t - last) / taupre), B * math.exp(-(t - last) / taupost), t
            B += dBpost
            w = clipped(w + A)
        if n in pre or n in post:
            events.append((n, (n in pre) + 2 * (n in post), (before, between, (w, A, B, last))))
    return weights, events, w


def tutorial_steps(pairs, tmax, dt):
    """Return the spike steps of the tutorial's cells: the first step with t > T.

    Source: docs/models/pair_stdp.md#tutorial-firing.
    """
    spikes = []
    for requested in ([i * tmax / (pairs - 1), (pairs - 1 - i) * tmax / (pairs - 1)] for i in range(pairs)):
        steps = []
        for time in requested:
            n = 0
            while not n * dt > time:
                n += 1
            steps.append(n)
        spikes.append(tuple(steps))
    return spikes


def pairing_conditions(grid_Hz, grid_difference_ms, gap_Hz, slow_Hz, dt_ms):
    """Return (group, period steps, difference steps) of each condition (docs/models/pair_stdp.md#conditions)."""

    def period(f):
        return round(1000 / (f * dt_ms))  # Python rounds ties to even, too

    conditions = []
    for f in grid_Hz:
        for d in grid_difference_ms:
            conditions.append((0, period(f), round(d / dt_ms)))
    for f in gap_Hz:
        conditions.append((1, period(slow_Hz), period(f)))
    for f in gap_Hz:
        conditions.append((2, period(f), period(f)))
    return conditions


def read_out(w, *, dt, steps, test, delay, tau_m, E_L, V_th, I_const, J):
    """Return v at the start of each step, v after the last one, and the spike steps.

    Source: docs/models/pair_stdp.md#read-out.
    """
    arrival = math.floor((test + 0.001 * dt) / dt) + math.floor(delay / dt + 0.5)
    E = E_L + I_const
    v, samples, spikes = E_L, [], []
    for n in range(steps):
        samples.append(v)
        v = E + (v - E) * math.exp(-dt / tau_m)
        spiking = v > V_th
        if n == arrival:
            v = v + w * J
        if spiking:
            spikes.append(n)
            v = E_L
    return samples, v, spikes
