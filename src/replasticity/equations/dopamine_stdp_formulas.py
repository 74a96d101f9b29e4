"""Equations of dopamine-modulated STDP for whole arrays, as statistics use them: nothing here is compiled."""

from typing import Any

import numpy as np

from replasticity.numerics.arrays import FloatArray


def change_by_dopamine(
    amount: FloatArray, arrival_ms: FloatArray, *, pre_ms: float, post_ms: float, p: Any
) -> FloatArray:
    """Return the weight change by one pre- before one postsynaptic spike and one arrival of dopamine.

    For b = 0 and a weight that stays positive; source: docs/models/dopamine_stdp.md#closed-form.

    Parameters
    ----------
    amount, arrival_ms : ndarray of float64
        Amount of dopamine, and when it arrives [ms].
    pre_ms, post_ms : float
        When the synapse gets its spikes, the postsynaptic one later [ms].
    p : DopamineSynapse
        Has the parameters of the synapse, and the duration of the run, as attributes.
    """
    # Dopamine before the postsynaptic spike has decayed a little when the trace begins.
    both_ms = np.maximum(arrival_ms, post_ms)
    tau_both_ms = 1 / (1 / p.tau_c_ms + 1 / p.tau_n_ms)
    c = p.A_plus * np.exp(-(post_ms - pre_ms) / p.tau_pre_ms)
    c = c * np.exp(-(both_ms - post_ms) / p.tau_c_ms)
    n = amount / p.tau_n_ms * np.exp(-(both_ms - arrival_ms) / p.tau_n_ms)
    change: FloatArray = c * n * tau_both_ms * -np.expm1(-(p.duration_ms - both_ms) / tau_both_ms)
    return change
