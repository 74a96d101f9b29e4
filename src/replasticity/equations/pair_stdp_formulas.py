"""Equations of pair STDP for whole arrays, as statistics and figures use them: nothing here is compiled."""

from typing import Any

import numpy as np

from replasticity.numerics.arrays import FloatArray


def change_by_one_pairing(difference_ms: FloatArray, p: Any) -> FloatArray:
    """Return the weight change by one isolated pairing, without bounds [1].

    dA exp(-D / taupre) for D >= 0, dB exp(D / taupost) for D < 0; source: docs/models/pair_stdp.md#closed-form.

    Parameters
    ----------
    difference_ms : ndarray of float64
        Postsynaptic minus presynaptic spike time D [ms].
    p : PairSynapse
        Has the parameters of the synapse as attributes.
    """
    ratio = p.tau_pre_ms / p.tau_post_ms * p.depression_ratio
    size = np.abs(difference_ms)
    change: FloatArray = p.dA_pre * np.where(
        difference_ms >= 0, np.exp(-size / p.tau_pre_ms), -ratio * np.exp(-size / p.tau_post_ms)
    )
    return change
