"""Homeostatic STDP step by step in plain Python: slow, obvious.

Written from docs/models/homeostatic_stdp.md alone.

Everything is in SI units, as in the reference simulator; nothing is shared with the package.
"""

import math


def steps_of(times_ms, dt_ms):
    """Steps in which prescribed spikes are emitted: floor((T + 0.001 dt) / dt)."""
    dt = dt_ms / 1000
    return {math.floor((time_ms / 1000 + 0.001 * dt) / dt) for time_ms in times_ms}


def simulate(
    population_count,
    *,
    dt_ms,
    tau_H_ms,
    population_size,
    gamma_Hz,
    tau_stdp_ms,
    eta_nS_s,
    w0_nS,
    rule,
    pre_times_ms,
    post_times_ms,
    sample_every,
):
    """Return samples of H [Hz] and w [nS], and one entry per event."""
    dt, tau_H, tau = dt_ms / 1000, tau_H_ms / 1000, tau_stdp_ms / 1000
    eta = eta_nS_s * 1e-9
    pre_steps, post_steps = steps_of(pre_times_ms, dt_ms), steps_of(post_times_ms, dt_ms)
    H, w, zi, zj, last = 0.0, w0_nS * 1e-9, 0.0, 0.0, 0.0
    samples_H, samples_w, events = [], [], []
    for n, count in enumerate(population_count):
        t = n * dt
        if n % sample_every == 0:
            samples_H.append(H)
            samples_w.append(w * 1e9)
        H = H * math.exp(-dt / tau_H)
        pre, post = n in pre_steps, n in post_steps
        before = (H, w * 1e9, zi, zj, last)
        if pre:
            f = math.exp(-(t - last) / tau)
            zi, zj, last = zi * f, zj * f, t
            G = H - gamma_Hz
            if rule == "as_published":
                zi += 1
                w += eta * (G * zj)
            else:
                zj += 1
                w += eta * (G * (1 + zi))
        for _ in range(count):
            H += 1 / (tau_H * population_size)
        between = (H, w * 1e9, zi, zj, last)
        if post:
            f = math.exp(-(t - last) / tau)
            zi, zj, last = zi * f, zj * f, t
            G = H - gamma_Hz
            if rule == "as_published":
                zj += 1
                w += eta * (G * (1 + zi))
            else:
                zi += 1
                w += eta * (G * zj)
        if pre or post:
            events.append((n, pre + 2 * post, (before, between, (H, w * 1e9, zi, zj, last))))
    return samples_H, samples_w, events
