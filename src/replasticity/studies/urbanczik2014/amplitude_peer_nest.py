"""The published example in NEST for more presentations, and what is kept of them: simulated as in ``peer_nest.py``.

Runs in NEST's own environment: nothing of replasticity is installed there.
"""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np

#: The file beside, which has no package to be imported from.
simulated = runpy.run_path(str(Path(__file__).with_name("peer_nest.py")))["simulated"]

#: Of a U_M that varies less, rounding makes more than the tolerance of what is divided by its standard deviation.
LEAST_SPREAD_MV = 1e-3


def run(parameters, inputs):
    """Return the amplitude of V_W* in the shown presentations, its mean course, and weights; and the random numbers."""
    p = SimpleNamespace(**parameters)
    record = simulated(p, inputs)
    first = p.presentations_before
    end = first + p.presentations_learning
    every = round(p.sample_interval_ms / p.dt_ms)
    samples = round(p.pattern_ms / p.sample_interval_ms)

    def at_samples(values):
        return values[every - 1 :: every].reshape(-1, samples)

    prediction_mV = (p.E_L_s_mV * p.g_L_s_nS + at_samples(record.V_mV) * p.g_sp_nS) / (p.g_sp_nS + p.g_L_s_nS)
    g_E_nS, g_I_nS = (at_samples(values)[end - 1] for values in (record.g_E_nS, record.g_I_nS))
    shown_mV = prediction_mV[first - 1 + np.array(p.shown_presentations)]
    # NaN without a drive.
    with np.errstate(invalid="ignore"):
        target_mV = (g_E_nS * p.E_E_mV + g_I_nS * p.E_I_mV) / (g_E_nS + g_I_nS)
    centred_mV = target_mV - target_mV.mean()
    result = {
        "uniform": record.uniform,
        "presentation": p.shown_presentations,
        "target_mV": target_mV,
        "phase_ms": np.arange(1, samples + 1) * every * p.dt_ms,
        "prediction_mV": prediction_mV[end - p.averaged_presentations : end].mean(axis=0),
        "g_E_nS": g_E_nS,
        "g_I_nS": g_I_nS,
        "weight_final_pA": record.weight_pA[end - 1],
    }
    if target_mV.std() > LEAST_SPREAD_MV:
        result["amplitude"] = shown_mV.std(axis=1) / target_mV.std()
        centred_shown_mV = shown_mV - shown_mV.mean(axis=1, keepdims=True)
        result["gain"] = (centred_shown_mV * centred_mV).mean(axis=1) / np.mean(centred_mV**2)
    return result
