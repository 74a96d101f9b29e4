"""Dopamine-modulated STDP in plain Python: one synapse, events at slice ends step by step, and exact by brute force.

Written from docs/models/dopamine_stdp.md, to be obvious rather than fast. Times are in steps.
"""

import math
from types import SimpleNamespace


def trace(post, time, p):
    """Y(t) of docs/models/dopamine_stdp.md#postsynaptic-trace: spikes at t itself do not count."""
    y, last = 0.0, None
    for q in post:
        if q >= time:
            break
        y = 1.0 if last is None else 1.0 + y * math.exp(-(q - last) * p.dt / p.tau_post)
        last = q
    return 0.0 if last is None else y * math.exp(-(time - last) * p.dt / p.tau_post)


def at_slice_ends(pre, post, dopamine, end, p):
    """Run the slices of one synapse, and return its state and the transmitted weights.

    Source: docs/models/dopamine_stdp.md#slices.

    ``pre`` and ``post`` are sorted stamps, ``dopamine`` pairs (arrival, increment of n) with different arrivals.
    A reader inside a slice sees its delivery, and not the trigger that is still to come.
    """
    s = SimpleNamespace(w=p.w, n=0.0, c=0.0, x=0.0, a=0, u=0)

    def advance(t0, steps):
        if steps <= 0:
            return
        dt = steps * p.dt
        rate = (p.tau_c + p.tau_n) / (p.tau_c * p.tau_n)
        s.x *= math.exp(-dt / p.tau_pre)
        change = s.n / rate * math.expm1(-rate * dt) - p.b * p.tau_c * math.expm1(-dt / p.tau_c)
        s.w = max(0.0, s.w - s.c * change)
        s.c *= math.exp(-dt / p.tau_c)
        s.n *= math.exp(-dt / p.tau_n)
        s.u = t0 + steps

    def through(t0, t1, waiting):
        while waiting and waiting[0][0] <= t1:
            arrival, increment = waiting.pop(0)
            advance(t0, arrival - t0)
            s.n += increment
            t0 = arrival
        advance(t0, t1 - t0)

    sent = []
    start = 0
    while True:
        if start == end:
            return s, sent
        for t in [t for t in pre if start - p.m < t <= start] if start else []:
            t0 = s.u
            for q in [q for q in post if s.a < q + p.D <= t]:
                advance(t0, q + p.D - t0)
                t0 = q + p.D
                advance(s.a, q + p.D - s.a)
                s.c += p.A_plus * s.x
                s.a = q + p.D
            a = s.a
            advance(a, t - a)
            advance(a, t - a)
            s.x += 1.0
            s.c -= p.A_minus * trace(post, t - p.D, p)
            sent.append((t, s.w))
            s.a = t
        stop = start + p.m
        if stop > end:
            return s, sent
        waiting = [each for each in dopamine if start < each[0] <= stop]
        t0 = s.u
        for q in [q for q in post if s.u < q + p.D <= stop]:
            through(t0, q + p.D, waiting)
            s.c += p.A_plus * s.x
            t0 = s.a = q + p.D
        through(s.a, stop, waiting)
        s.a = stop
        start = stop


def by_brute_force(pre, post, dopamine, end, p, parts):
    """Integrate the equations in small steps (midpoint rule), each event at its own time; the weight never below 0."""
    w, n, c, x = p.w, 0.0, 0.0, 0.0
    h = p.dt / parts
    sent = []
    for step in range(end + 1):
        if step:
            for _ in range(parts):
                c_mid, n_mid = c - 0.5 * h * c / p.tau_c, n - 0.5 * h * n / p.tau_n
                w = max(0.0, w + h * c_mid * (n_mid - p.b))
                c -= h * c_mid / p.tau_c
                n -= h * n_mid / p.tau_n
                x -= h * (x - 0.5 * h * x / p.tau_pre) / p.tau_pre
        for arrival, increment in dopamine:
            if arrival == step:
                n += increment
        for q in post:
            if q + p.D == step:
                c += p.A_plus * x
        for t in pre:
            if t == step:
                x += 1.0
                c -= p.A_minus * trace(post, t - p.D, p)
                sent.append((t, w))
    return SimpleNamespace(w=w, n=n, c=c, x=x), sent
