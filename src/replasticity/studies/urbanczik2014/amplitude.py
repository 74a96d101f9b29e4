"""How much of a signal's amplitude the dendrite learns (Urbanczik and Senn 2014): a longer look at `urbanczik_senn`.

The same pattern, drive and rule, with more presentations. Kept are the amplitude of the dendritic prediction V_W* in
some presentations, its mean course in the last ones, and the course at which the rule would stand still: that of the
potentials V_W* with

    phi(V_W*) = phi(U) / (1 + phi(U) t_ref),    U = ((g_L + g_sp) V_W* + (g_E + g_I) U_M) / (g_L + g_sp + g_E + g_I).

The left side is what the rule predicts, the right side how often a neuron fires that spikes with rate phi(U) and
rests for t_ref after each spike; U is the potential of a soma that the dendrite and the drive pull at
(`fixed_point_mV` says what this leaves out). Nothing acts on the dendrite but its inputs, so V_W* in a presentation
with drive is the potential that the soma would have without.
"""

import itertools
import math
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from replasticity.definitions.parameters import Cost, PositiveInt
from replasticity.storage.contract import Arrays, Variable, build, ratio
from replasticity.studies.no_recordings import NEEDED_INPUTS as NEEDED_INPUTS
from replasticity.studies.no_recordings import PEER_NAMES as PEER_NAMES
from replasticity.studies.no_recordings import RECORDED_INPUTS as RECORDED_INPUTS
from replasticity.studies.no_recordings import RECORDINGS as RECORDINGS
from replasticity.studies.no_recordings import SPIKES as SPIKES
from replasticity.studies.no_recordings import TOLERANCES as TOLERANCES
from replasticity.studies.no_recordings import recorded_parameters as recorded_parameters
from replasticity.studies.no_recordings import replay as replay
from replasticity.studies.urbanczik2014 import protocol as urbanczik_senn

FloatArray = npt.NDArray[np.float64]


class Parameters(urbanczik_senn.Parameters):
    """Parameters of the protocol."""

    shown_presentations: Annotated[list[PositiveInt], Field(min_length=1, max_length=100)] = Field(
        description="Presentations with drive whose amplitude is kept, counted from 1, rising."
    )
    averaged_presentations: PositiveInt = Field(
        description="The mean course is that of so many last presentations with drive."
    )

    @model_validator(mode="after")
    def _are_there(self) -> "Parameters":
        shown = self.shown_presentations
        if any(later <= earlier for earlier, later in itertools.pairwise(shown)):
            raise ValueError("shown_presentations: have to rise")
        if max(shown[-1], self.averaged_presentations) > self.presentations_learning:
            raise ValueError(
                f"shown_presentations, averaged_presentations: at most presentations_learning "
                f"({self.presentations_learning})"
            )
        if round(self.pattern_ms / self.dt_ms) % round(self.sample_interval_ms / self.dt_ms):
            # Samples would be at other phases in each presentation.
            raise ValueError("sample_interval_ms: has to fit into pattern_ms a whole number of times")
        return self

    def cost(self) -> Cost:
        """Return what a run needs: that of `urbanczik_senn`, without its temporaries, which no step has here."""
        whole = super().cost()
        steps = urbanczik_senn.step_count(self)
        return Cost(whole.memory_bytes - 8 * 12 * steps, whole.seconds)


_NO_TARGET = (
    "the drive's conductances add up to next to nothing in the last learning presentation, or U_M is constant there"
)
_PATTERN = ("pattern_spike_time_ms", "pattern_spike_input")
RUN: dict[str, Variable] = {
    "presentation": Variable(("shown",), "presentation with drive, counted from 1", "int32"),
    "amplitude": Variable(
        ("shown",), "standard deviation of V_W* over that of U_M in the last presentation", undefined=_NO_TARGET
    ),
    "gain": Variable(("shown",), "slope of V_W* against U_M of the last presentation", undefined=_NO_TARGET),
    "phase_ms": Variable(("phase_ms",), "time since the start of a presentation: state at the end of the step"),
    "prediction_mV": Variable(("phase_ms",), "V_W*, mean over the last presentations with drive"),
    "g_E_nS": Variable(("phase_ms",), "excitatory somatic conductance in the last presentation with drive"),
    "g_I_nS": Variable(("phase_ms",), "inhibitory somatic conductance in the last presentation with drive"),
    "target_mV": Variable(("phase_ms",), "U_M in the last presentation with drive", undefined=_NO_TARGET),
    "fixed_point_mV": Variable(
        ("phase_ms",), "V_W* at which the rule would stand still at each time", undefined=_NO_TARGET
    ),
    "weight_final_pA": Variable(("synapse",), "weights at the end of the learning window"),
    **{name: urbanczik_senn.RUN[name] for name in _PATTERN},
}

STATISTICS: dict[str, Variable] = {
    "amplitude": Variable(("shown",), RUN["amplitude"].long_name, resolution=1e-9, undefined=_NO_TARGET),
    "gain": Variable(("shown",), RUN["gain"].long_name, resolution=1e-9, undefined=_NO_TARGET),
    "amplitude_to_come": Variable(
        ("shown",), "amplitude in the last shown presentation minus that in each", resolution=1e-9, undefined=_NO_TARGET
    ),
    "fixed_point_amplitude": Variable(
        (), "standard deviation of the fixed point over that of U_M", resolution=1e-9, undefined=_NO_TARGET
    ),
    "amplitude_of_mean_course": Variable(
        (), "standard deviation of the mean course of V_W* over that of U_M", resolution=1e-9, undefined=_NO_TARGET
    ),
    "excess_at_peak_mV": Variable(
        (), "highest V_W* of the mean course minus that of the fixed point", resolution=1e-8, undefined=_NO_TARGET
    ),
    "excess_at_trough_mV": Variable(
        (), "lowest V_W* of the mean course minus that of the fixed point", resolution=1e-8, undefined=_NO_TARGET
    ),
    "share_zero": Variable((), "share of the weights that are exactly at the lower bound at the end", discrete=True),
}

OUTPUT_OPTIONS: tuple[str, ...] = ()

TRACES = ("phase_ms", "prediction_mV", "target_mV", "fixed_point_mV")

SHORTEST = {"presentations_learning": 10, "shown_presentations": [1, 10], "averaged_presentations": 1}

sample_inputs = urbanczik_senn.sample_inputs


def simulate(parameters: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: what the dendrite has learned in some presentations.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    inputs : mapping of str to ndarray
        From `sample_inputs`: the pattern, and ``uniform`` of shape (steps,).

    Returns
    -------
    dict of str to ndarray
        Variables of `RUN`, inputs excepted.
    """
    every = round(parameters.sample_interval_ms / parameters.dt_ms)
    steps = urbanczik_senn.presentation_steps(parameters)
    stamp = np.rint(inputs["pattern_spike_time_ms"] / parameters.dt_ms).astype(np.int64)
    record = urbanczik_senn.simulate_presentations(
        parameters,
        urbanczik_senn.input_spikes(parameters, stamp, inputs["pattern_spike_input"].astype(np.int64)),
        np.full(parameters.input_count, float(parameters.weight_initial_pA)),
        urbanczik_senn.drive(parameters),
        inputs["uniform"],
        sample_every=every,
    )
    first = parameters.presentations_before
    last = first + parameters.presentations_learning - 1
    samples = steps // every

    def of_presentations(values: FloatArray) -> FloatArray:
        return values.reshape(-1, samples)

    g_E_nS, g_I_nS = (of_presentations(values)[last] for values in (record.g_E_nS, record.g_I_nS))
    target_mV = urbanczik_senn.target_mV(parameters, g_E_nS, g_I_nS)
    prediction_mV = of_presentations(urbanczik_senn.prediction_mV(parameters, record.V_mV))
    shown_mV = prediction_mV[first - 1 + np.array(parameters.shown_presentations)]
    averaged = slice(last + 1 - parameters.averaged_presentations, last + 1)
    centred_mV = target_mV - target_mV.mean()
    return build(
        RUN,
        {
            "presentation": parameters.shown_presentations,
            "amplitude": ratio(shown_mV.std(axis=1), target_mV.std()),
            "gain": ratio((shown_mV * centred_mV).mean(axis=1), np.mean(centred_mV**2)),
            "phase_ms": np.arange(1, samples + 1) * every * parameters.dt_ms,
            "prediction_mV": prediction_mV[averaged].mean(axis=0),
            "g_E_nS": g_E_nS,
            "g_I_nS": g_I_nS,
            "target_mV": target_mV,
            "fixed_point_mV": fixed_point_mV(parameters, g_E_nS, g_I_nS),
            "weight_final_pA": record.weight_pA[last],
        },
    )


def fixed_point_mV(parameters: Parameters, g_E_nS: FloatArray, g_I_nS: FloatArray) -> FloatArray:
    """Return the V_W* at which the rule would stand still at each time by itself [mV].

    The rule changes a weight by (S - phi(V_W*)) h(V_W*) times the input's potential; it stands still where spikes come
    as often as phi(V_W*) predicts. This neglects that the inputs cannot make any course (none is below rest, and the
    weights are few), that the pull on the weights is weak where phi is saturated (h is next to 0), that spikes are
    noise, and the time step: the mean interval between spikes is one step longer.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the neuron.
    g_E_nS, g_I_nS : ndarray of float64, shape (phases,)
        Conductances of the drive [nS].

    Returns
    -------
    ndarray of float64, shape (phases,)
        The potential [mV]; NaN where there is no drive, so that any V_W* predicts itself, or where the search for it
        does not end.
    """
    from scipy.optimize import elementwise

    target_mV = urbanczik_senn.target_mV(parameters, g_E_nS, g_I_nS)
    of_drive = ratio(g_E_nS + g_I_nS, g_E_nS + g_I_nS + parameters.g_L_s_nS + parameters.g_sp_nS)

    def surplus(V_star_mV: FloatArray, target_mV: FloatArray, of_drive: FloatArray) -> FloatArray:
        """Return the logarithm of predicted over realised rate, which rises with V_W*."""
        U_mV = V_star_mV + of_drive * (target_mV - V_star_mV)
        realised_Hz = urbanczik_senn.escape_rate_Hz(parameters, U_mV)
        realised_Hz = realised_Hz / (1 + realised_Hz * parameters.refractory_ms / 1000)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(urbanczik_senn.escape_rate_Hz(parameters, V_star_mV) / realised_Hz)

    # At U_M the soma is there too, and predicts at least what is realised. Far below both it predicts less.
    largest = math.log1p(parameters.rate_max_per_ms * parameters.refractory_ms) + math.log1p(1 / parameters.rate_slope)
    depth_mV = np.abs(target_mV - parameters.theta_mV) + ratio(10 * (largest + 1) / parameters.beta_per_mV, of_drive)
    with np.errstate(all="ignore"):
        found = elementwise.find_root(surplus, (target_mV - depth_mV, target_mV + 1.0), args=(target_mV, of_drive))
    return np.where(found.success, found.x, np.nan)


def sizes(parameters: Parameters) -> dict[str, int]:
    """Return the length of each dimension of `STATISTICS`."""
    return {"shown": len(parameters.shown_presentations)}


def summarise(parameters: Parameters, run: Arrays) -> Arrays:
    """Return the statistics of one run.

    Parameters
    ----------
    parameters : Parameters
        Parameters of the protocol.
    run : mapping of str to ndarray
        From `simulate`.

    Returns
    -------
    dict of str to ndarray
        Variables of `STATISTICS`.
    """
    course_mV, fixed_mV, target_sd_mV = run["prediction_mV"], run["fixed_point_mV"], run["target_mV"].std()
    return build(
        STATISTICS,
        {
            "amplitude": run["amplitude"],
            "gain": run["gain"],
            "amplitude_to_come": run["amplitude"][-1] - run["amplitude"],
            "fixed_point_amplitude": ratio(fixed_mV.std(), target_sd_mV),
            "amplitude_of_mean_course": ratio(course_mV.std(), target_sd_mV),
            "excess_at_peak_mV": course_mV.max() - fixed_mV.max(),
            "excess_at_trough_mV": course_mV.min() - fixed_mV.min(),
            "share_zero": np.mean(run["weight_final_pA"] == parameters.weight_min_pA),
        },
    )
