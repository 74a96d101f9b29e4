"""The distal-reward network, slowly: plain Python (docs/models/distal_reward.md#order-of-a-step)."""

import math

import numpy as np


def stream(seed, number):
    return np.random.Generator(np.random.Philox(key=np.array([seed, number], dtype=np.uint64)))


def simulate(p, seed, steps, stimuli=(), stimulus_mV=0.0):
    """Return all that happens in a run.

    `p` has the recordings' parameter names (docs/models/distal_reward.md#parameters);
    `stimuli` are (step, cells, reward delay or 0).
    """
    n_exc, n_inh, n_syn = p["n_exc"], p["n_inh"], p["n_syn"]
    n = n_exc + n_inh
    wiring = stream(seed, 1)
    post = np.concatenate(
        [np.floor(n * wiring.random((n_exc, n_syn))), np.floor(n_exc * wiring.random((n_inh, n_syn)))]
    ).astype(int)
    noise, delays = stream(seed, 0), stream(seed, 2)

    v = [p["v_init"]] * n
    u = [p["b"] * p["v_init"]] * n
    s = [[p["w_exc_init"] if k < n_exc else p["w_inh"]] * n_syn for k in range(n)]
    chosen = p.get("chosen_pre"), p.get("chosen_synapse")
    n1 = n2 = None
    if chosen[0] is not None:
        s[chosen[0]][chosen[1]] = 0.0
        n1, n2 = chosen[0], post[chosen]
    e = [[0.0] * n_syn for _ in range(n)]
    x, x_prev = [0.0] * n, [0.0] * n
    da, last1 = 0.0, -math.inf
    due, scheduled = [], []
    spikes, chosen_s, chosen_e, das = [], [], [], []

    for t in range(1, steps + 1):
        # 1
        current = [p["noise_amplitude"] * (r - 0.5) for r in noise.random(n)]
        for at, cells, delay in stimuli:
            if at == t:
                for cell in cells:
                    current[cell] += stimulus_mV
                if delay:
                    due.append(t + delay)
        # 2
        fired = [i for i in range(n) if v[i] >= p["v_peak"]]
        for i in fired:
            v[i] = p["c"]
            u[i] += p["d_exc"] if i < n_exc else p["d_inh"]
            x[i] = p["trace_increment"]
            spikes.append((t, i))
        # 3
        for i in fired:
            for k in range(n_exc):
                for j in range(n_syn):
                    if post[k, j] == i:
                        e[k][j] += x_prev[k]
        # 4
        for k in reversed(fired):
            if p.get("parallel_synapses_add", False):
                for j in range(n_syn):
                    current[post[k, j]] += s[k][j]
            else:
                before = list(current)
                for j in range(n_syn):
                    current[post[k, j]] = before[post[k, j]] + s[k][j]
            for j in range(n_syn):
                e[k][j] -= p["ltd_factor"] * x[post[k, j]]
        # 5
        for i in range(n):
            for _ in range(2):
                v[i] = v[i] + 0.5 * ((0.04 * v[i] + 5) * v[i] + 140 - u[i] + current[i])
            a = p["a_exc"] if i < n_exc else p["a_inh"]
            u[i] = u[i] + a * (p["b"] * v[i] - u[i])
        # 6
        x_prev = list(x)
        x = [p["trace_decay"] * value for value in x]
        # 7
        da = p["dopamine_decay"] * da
        # 8
        if t % p["weight_update_period_ms"] == 0:
            for k in range(n):
                for j in range(n_syn):
                    if k < n_exc:
                        s[k][j] = max(0.0, min(p["w_max"], s[k][j] + (p["dopamine_baseline"] + da) * e[k][j]))
                    e[k][j] = p["eligibility_decay"] * e[k][j]
        # 9
        if n1 in fired:
            last1 = t
        if n2 in fired and t - last1 < p["coincidence_ms"] and t > last1:
            at = t + p["reward_delay_min_ms"] + math.ceil(p["reward_delay_span_ms"] * delays.random())
            due.append(at)
            scheduled.append(at)
        # 10
        if t in due:
            da += p["dopamine_increment"]
        # 11
        if n1 is not None:
            chosen_s.append(s[chosen[0]][chosen[1]])
            chosen_e.append(e[chosen[0]][chosen[1]])
        das.append(da)
    return {
        "spikes": spikes,
        "weight": np.array(s).ravel(),
        "eligibility": np.array(e).ravel(),
        "v": np.array(v),
        "u": np.array(u),
        "chosen_weight": chosen_s,
        "chosen_eligibility": chosen_e,
        "dopamine": das,
        "scheduled": scheduled,
        "post": post.ravel(),
    }
