"""How much of the signal's amplitude the dendrite learns: more presentations of the same pattern, drive and rule.

Kept are the amplitude of the dendritic prediction V_W* in some presentations, its mean course in the last ones, and the
course at which the rule would stand still (`fixed_point_mV`). Nothing acts
on the dendrite but its inputs, so V_W* with drive is the potential that the soma would have without.
"""

import math
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from replasticity.definitions.parameters import GridDuration, PositiveInt, quantity
from replasticity.definitions.ranges import ListOf, Range
from replasticity.equations.urbanczik_senn_formulas import dendritic_prediction, log_rate_ratio, matching_potential
from replasticity.models import presented_pattern_parameters as pattern
from replasticity.models.presented_pattern_parameters import PresentedPattern
from replasticity.models.urbanczik_senn_parameters import ModelUnits
from replasticity.numerics.arrays import FloatArray, spread
from replasticity.storage.contract import Arrays, Variable, build, ratio
from replasticity.studies.urbanczik2014 import protocol as example
from replasticity.studies.urbanczik2014.protocol import sample_inputs as sample_inputs


class Parameters(ModelUnits, PresentedPattern):
    """Parameters of the protocol."""

    # Other samples give another amplitude.
    sample_interval_ms: GridDuration = quantity(
        "Interval of the samples of potentials, conductances, current.",
        varied=Range(0.1, 5.0, log=True),
        kept="recording interval",
    )
    shown_presentations: Annotated[list[PositiveInt], Field(min_length=1, max_length=100)] = quantity(
        "Presentations with drive whose amplitude is kept, counted from 1, rising.",
        varied=ListOf(Range(1, 8), (1, 4), sort=True),
    )
    averaged_presentations: PositiveInt = quantity(
        "The mean course is that of so many last presentations with drive.", varied=Range(1, 8)
    )

    @model_validator(mode="after")
    def _are_there(self) -> "Parameters":
        shown, most = self.shown_presentations, self.presentations_learning
        if shown != sorted(set(shown)):
            raise ValueError("shown_presentations: have to rise")
        if max(shown[-1], self.averaged_presentations) > most:
            raise ValueError(f"shown_presentations, averaged_presentations: at most presentations_learning ({most})")
        # Samples would be at other phases in each presentation.
        self.require_whole_steps("pattern_ms", of="sample_interval_ms")
        return self


NO_TARGET = (
    "the drive's conductances add up to next to nothing in the last learning presentation, or U_M is constant there"
)
_PHASE = ("phase_ms",)

RUN = {
    "presentation": Variable(("shown",), "presentation with drive, counted from 1", "int32"),
    "amplitude": Variable(
        ("shown",), "standard deviation of V_W* over that of U_M in the last presentation", undefined=NO_TARGET
    ),
    "gain": Variable(("shown",), "slope of V_W* against U_M of the last presentation", undefined=NO_TARGET),
    "phase_ms": Variable(_PHASE, "time since the start of a presentation: state at the end of the step", trace=True),
    "prediction_mV": Variable(_PHASE, "V_W*, mean over the last presentations with drive", trace=True),
    "g_E_nS": Variable(_PHASE, "excitatory somatic conductance in the last presentation with drive"),
    "g_I_nS": Variable(_PHASE, "inhibitory somatic conductance in the last presentation with drive"),
    "target_mV": Variable(_PHASE, "U_M in the last presentation with drive", undefined=NO_TARGET, trace=True),
    "fixed_point_mV": Variable(
        _PHASE, "V_W* at which the rule would stand still at each time", undefined=NO_TARGET, trace=True
    ),
    "weight_final_pA": Variable(("synapse",), "weights at the end of the learning window"),
    **{name: example.RUN[name] for name in ("pattern_spike_time_ms", "pattern_spike_input")},
}

SHORTEST = {"presentations_learning": 10, "shown_presentations": [1, 10], "averaged_presentations": 1}


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: what the dendrite has learned in some presentations."""
    from replasticity.models.urbanczik_senn import simulate_presentations

    every = p.steps(p.sample_interval_ms)
    samples = p.presentation_steps // every
    spikes = pattern.input_spikes(p, inputs["pattern_spike_time_ms"], inputs["pattern_spike_input"])
    record = simulate_presentations(p, spikes, pattern.drive(p), inputs["uniform"], every)
    first, end = p.learning_window
    g_E_nS, g_I_nS = (values.reshape(-1, samples)[end - 1] for values in (record.g_E_nS, record.g_I_nS))
    target_mV = matching_potential(g_E_nS, g_I_nS, p)
    prediction_mV = dendritic_prediction(record.V_mV, p).reshape(-1, samples)
    shown_mV = prediction_mV[first - 1 + np.array(p.shown_presentations)]
    centred_mV, target_sd_mV = target_mV - target_mV.mean(), spread(target_mV)
    variance_mV2 = np.mean(centred_mV**2) if target_sd_mV else 0.0
    centred_shown_mV = shown_mV - shown_mV.mean(axis=1, keepdims=True)
    return build(
        RUN,
        {
            "presentation": p.shown_presentations,
            "amplitude": ratio(shown_mV.std(axis=1), target_sd_mV),
            "gain": ratio((centred_shown_mV * centred_mV).mean(axis=1), variance_mV2),
            "phase_ms": np.arange(1, samples + 1) * every * p.dt_ms,
            "prediction_mV": prediction_mV[end - p.averaged_presentations : end].mean(axis=0),
            "g_E_nS": g_E_nS,
            "g_I_nS": g_I_nS,
            "target_mV": target_mV,
            "fixed_point_mV": fixed_point_mV(p, g_E_nS, g_I_nS),
            "weight_final_pA": record.weight_pA[end - 1],
        },
    )


def fixed_point_mV(p: Parameters, g_E_nS: FloatArray, g_I_nS: FloatArray) -> FloatArray:
    """Return the V_W* at which the rule would stand still at each time by itself: the root of `log_rate_ratio` [mV].

    This neglects that the inputs cannot make any course (none is below rest, and the weights are few), that the pull on
    the weights is weak where phi is saturated (h is next to 0), that spikes are noise, and the time step: the mean
    interval between spikes is one step longer. NaN where there is no drive, so that any V_W* predicts itself, or where
    the search for it does not end.
    """
    from scipy.optimize import elementwise

    U_M_mV = matching_potential(g_E_nS, g_I_nS, p)
    share_of_drive = ratio(g_E_nS + g_I_nS, g_E_nS + g_I_nS + p.g_L_s_nS + p.g_sp_nS)
    # At U_M the soma is there too, and predicts at least what is realised. Far below both it predicts less.
    largest = math.log1p(p.rate_max_per_ms * p.refractory_ms) + math.log1p(1 / p.rate_slope)
    depth_mV = np.abs(U_M_mV - p.theta_mV) + ratio(10 * (largest + 1) / p.beta_per_mV, share_of_drive)
    with np.errstate(all="ignore"):
        found = elementwise.find_root(
            lambda V_star_mV, U_M_mV, share: log_rate_ratio(V_star_mV, U_M_mV, share, p),
            (U_M_mV - depth_mV, U_M_mV + 1.0),
            args=(U_M_mV, share_of_drive),
        )
    return np.where(found.success, found.x, np.nan)
