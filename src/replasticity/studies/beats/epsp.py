"""EPSP: pairings at a repetition rate and a spike-time difference, then the EPSP that the weight makes.

After the pairings each learned weight, and the initial one, drives a leaky integrate-and-fire neuron with one test
spike. Nothing is random. Source: docs/models/pair_stdp.md#epsp.
"""

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from replasticity.definitions.parameters import MOST_STEPS, Cost, GridTime, Positive, PositiveInt, quantity
from replasticity.definitions.ranges import ListOf, Range
from replasticity.models.epsp_readout_parameters import ReadoutNeuron
from replasticity.models.pair_stdp_parameters import PairSynapse
from replasticity.numerics.arrays import FloatArray, IntArray
from replasticity.storage.contract import Arrays, Variable, build
from replasticity.studies.beats import shared

Rates = Annotated[list[Positive], Field(min_length=1)]

#: Up to a spike in each step.
_VARIED_RATE = Range(40.0, 5000.0, log=True, special=(200.0, 10_000.0))

#: Groups of conditions.
GRID, ISOLATED, LOCKED = 0, 1, 2


class Parameters(ReadoutNeuron, PairSynapse):
    """Parameters of the protocol."""

    pairings: PositiveInt = quantity("Number of pairings in each condition.", varied=Range(1, 6))
    grid_rates_Hz: Rates = quantity("Repetition rates of the grid of conditions.", varied=ListOf(_VARIED_RATE, (1, 3)))
    grid_differences_ms: list[float] = quantity(
        "Postsynaptic minus presynaptic spike times of the grid of conditions.",
        varied=ListOf(Range(-10.0, 10.0, special=(0.0, 0.05, 0.1, -0.1)), (1, 4)),
        min_length=1,
    )
    gap_rates_Hz: Rates = quantity(
        "Rates whose period is the gap between pre- and postsynaptic spike.", varied=ListOf(_VARIED_RATE, (1, 2))
    )
    isolated_rate_Hz: Positive = quantity(
        "Repetition rate of the isolated pairings with these gaps.", varied=_VARIED_RATE
    )
    first_pre_ms: GridTime = quantity("Time of the first presynaptic spike.", varied=Range(0.0, 20.0))

    @model_validator(mode="after")
    def _steps_can_be_counted(self) -> "Parameters":
        self.require_at_most_one_spike_per_step("grid_rates_Hz", "gap_rates_Hz", "isolated_rate_Hz")
        # Brian2 refuses it, too (brian2/input/spikegeneratorgroup.py, _check_args).
        if self.first_step + self.steps(min(self.grid_differences_ms)) < 0:
            raise ValueError("grid_differences_ms: no postsynaptic spike before the run's start (see first_pre_ms)")
        if self.last_step > MOST_STEPS:
            raise ValueError(
                f"pairings: the last spike has to come within {MOST_STEPS:g} steps of {self.dt_ms:g} ms, but at the "
                f"lowest of grid_rates_Hz, gap_rates_Hz and isolated_rate_Hz, after first_pre_ms, these take "
                f"{self.last_step}"
            )
        return self

    def period_steps(self, rate_Hz: float) -> int:
        """Return the period of a rate in whole steps, ties to even (docs/models/pair_stdp.md#conditions)."""
        return round(1000 / (rate_Hz * self.dt_ms))

    @property
    def first_step(self) -> int:
        """Step of the first presynaptic spike."""
        return self.steps(self.first_pre_ms)

    @property
    def last_step(self) -> int:
        """No spike of any condition comes after this step."""
        longest_gap = self.period_steps(min(self.gap_rates_Hz))
        longest_period = self.period_steps(min(*self.grid_rates_Hz, *self.gap_rates_Hz, self.isolated_rate_Hz))
        latest = max(longest_gap, self.steps(max(self.grid_differences_ms)))
        # The period of a single pairing has to be counted, too.
        return self.first_step + max(self.pairings - 1, 1) * longest_period + latest

    def cost(self) -> Cost:
        """Return what a run needs: the events of each condition, then the read-out."""
        count = len(self.grid_rates_Hz) * len(self.grid_differences_ms) + 2 * len(self.gap_rates_Hz)
        events, readout = self.events_cost(count, 2 * count * self.pairings), self.readout_cost(count + 1)
        return Cost(events.memory_bytes + readout.memory_bytes, events.seconds + readout.seconds)


class Conditions(NamedTuple):
    """How often and at which difference pairs of spikes are repeated, an entry for each condition."""

    group: IntArray
    rate_Hz: FloatArray
    period_steps: IntArray
    difference_steps: IntArray


def conditions(p: Parameters) -> Conditions:
    """Return the grid, isolated pairings, locked pairings, in this order (docs/models/pair_stdp.md#conditions)."""
    grid = [(GRID, rate_Hz, p.steps(each_ms)) for rate_Hz in p.grid_rates_Hz for each_ms in p.grid_differences_ms]
    isolated = [(ISOLATED, p.isolated_rate_Hz, p.period_steps(gap_Hz)) for gap_Hz in p.gap_rates_Hz]
    locked = [(LOCKED, gap_Hz, p.period_steps(gap_Hz)) for gap_Hz in p.gap_rates_Hz]
    group, rates_Hz, difference = zip(*grid, *isolated, *locked, strict=True)
    period = [p.period_steps(rate_Hz) for rate_Hz in rates_Hz]
    return Conditions(np.array(group), np.array(rates_Hz), np.array(period), np.array(difference))


def _traced(dimension: str, text: str, dtype: str = "float64") -> Variable:
    return Variable((dimension,), text, dtype, trace=True)


RUN = {
    "condition_rate_Hz": _traced("synapse", "repetition rate asked for (the period is rounded to whole steps)"),
    "condition_period_ms": Variable(("synapse",), "period of the pairings"),
    "condition_difference_ms": _traced("synapse", "postsynaptic minus presynaptic spike time"),
    "condition_group": _traced(
        "synapse", "0 grid; 1 isolated pairs, gap one period; 2 gap and repetition both one period", "int32"
    ),
    **shared.RUN,
    "readout_weight": _traced("readout", "weights that are read out; the last one is the initial weight"),
    "readout_time_ms": _traced("readout_time_ms", "time at the start of each step of the read-out"),
    "readout_v_mV": Variable(
        ("readout_time_ms", "readout"), "membrane potential at the start of each step", trace=True
    ),
    "epsp_peak_mV": _traced("readout", "largest sample of the potential minus E_L"),
    "epsp_peak_time_ms": Variable(("readout",), "time of the first largest sample, rounding apart"),
    "v_end_mV": Variable(("readout",), "potential after the last step of the read-out"),
    "readout_spike_step": Variable(("readout_spike",), "step of each spike of the read-out neurons", "int32"),
    "readout_spike_cell": Variable(("readout_spike",), "neuron of each spike of the read-out neurons", "int32"),
}


def simulate(p: Parameters, inputs: Arrays) -> Arrays:
    """Return the run: the pairings, then the read-out."""
    from replasticity.models import epsp_readout, pair_stdp

    group, rate_Hz, period, difference = conditions(p)
    pre_steps = p.first_step + np.arange(p.pairings) * period[:, None]
    synapses = pair_stdp.run_and_keep_events(p, pre_steps, pre_steps + difference[:, None])
    weight = np.array([*synapses["weight_final"], p.weight_initial])
    return build(
        RUN,
        {
            "condition_rate_Hz": rate_Hz,
            "condition_period_ms": period * p.dt_ms,
            "condition_difference_ms": difference * p.dt_ms,
            "condition_group": group,
            **synapses,
            "readout_weight": weight,
            **epsp_readout.read_out(weight, p),
        },
    )
