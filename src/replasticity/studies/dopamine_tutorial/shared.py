"""What the protocols share: Poisson relays, and recorded times."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from replasticity.models.dopamine_stdp_parameters import DopamineSynapse

if TYPE_CHECKING:
    import xarray as xr

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def poisson_relays(
    generator: np.random.Generator, rate_Hz: float, neurons: int, p: DopamineSynapse
) -> tuple[IntArray, IntArray]:
    """Return step and neuron of the spikes of Poisson relays: in each step and relay a Poisson number.

    The total is sampled first and then spread evenly, which has the same distribution.
    """
    relay = p.steps(p.relay_delay_ms)
    step_count = p.steps(p.duration_ms) - relay
    total = generator.poisson(rate_Hz * p.dt_ms / 1000 * step_count * neurons)
    places = np.sort(generator.integers(0, step_count * neurons, total))
    return places // neurons + 1 + relay, places % neurons


def recorded_steps(recording: "xr.Dataset", name: str, p: DopamineSynapse) -> IntArray:
    """Return the times of a recorded list in steps, none if there is no such list."""
    times: IntArray = p.steps(recording[name].values if name in recording else [])
    return times
