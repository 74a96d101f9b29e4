"""A simulator that is none: a plain Python file for zenke2015, run by this very Python."""

from replasticity.study.recordings import Bound, Live

#: Gives what needs no simulation: each population spike, and their number in each step.
RIGHT = """
import numpy as np


def run(parameters, inputs):
    steps = round(len(parameters["rates_Hz"]) * parameters["epoch_ms"] / parameters["dt_ms"])
    step, cell = inputs["population_spike_step"], inputs["population_spike_cell"]
    return {
        "population_count": np.bincount(step, minlength=steps).astype(float),
        "population_spike_step": step,
        "population_spike_cell": cell,
    }
"""
LIVE = Live(
    parameters={"record_trains": True},
    short={
        "epoch_ms": 20.0,
        "rates_Hz": [50.0, 100.0],
        "population_size": 30,
        "pre_times_ms": [10.0],
        "post_times_ms": [11.0],
    },
    spikes={"population_spike": ["population_spike_step", "population_spike_cell"]},
    tolerances=[Bound(variables=["population_count"], absolute=0.5)],
)
