"""Parameters of the neuron that reads out a weight, and of its test spike."""

from replasticity.definitions.parameters import Cost, GridDuration, NonNegative, Positive, VariedTimeGrid, quantity
from replasticity.definitions.ranges import Range

#: What a neuron takes for one step on a fast machine [s].
_SECONDS_PER_STEP = 1e-9


class ReadoutNeuron(VariedTimeGrid):
    """A leaky integrate-and-fire neuron at rest, and one spike that it gets."""

    E_L_mV: float = quantity(
        "Resting and reset potential of the read-out neuron.", symbol="E_L", varied=Range(-90.0, -50.0, special=(0.0,))
    )
    V_th_mV: float = quantity(
        "Threshold of the read-out neuron.", symbol=r"V_\mathrm{th}", varied=Range(-70.0, -30.0, special=(-55.0,))
    )
    I_const_mV: float = quantity(
        "Constant input of the read-out neuron, as the shift of v that it causes.",
        symbol=r"I_\mathrm{const}",
        varied=Range(-20.0, 40.0, special=(0.0, 15.0)),
    )
    tau_m_ms: Positive = quantity(
        "Membrane time constant of the read-out neuron.", symbol=r"\tau_m", varied=Range(0.1, 100.0, log=True)
    )
    psp_scale_mV: float = quantity(
        "Jump of v at a presynaptic spike through a synapse of weight 1.",
        symbol="J",
        varied=Range(-30.0, 100.0, special=(0.0,)),
    )
    delay_ms: NonNegative = quantity(
        "Delay of the synapse onto the read-out neuron.",
        varied=Range(0.0, 5.0, special=(0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35)),
    )
    test_spike_ms: NonNegative = quantity("Time of the test spike.", varied=Range(0.0, 12.0, special=(0.05, 0.29999)))
    readout_duration_ms: GridDuration = quantity("Duration of the read-out.", varied=Range(0.2, 20.0))

    def readout_cost(self, neurons: float) -> Cost:
        """Return the cost of so many neurons, whose potentials are kept."""
        steps = self.readout_duration_ms / self.dt_ms
        samples = neurons * steps
        # The time, with temporaries; the potential in V and in mV, whether there is a spike, at worst one each time.
        return Cost(3 * 8 * steps + (2 * 8 + 1 + 2 * (8 + 4)) * samples, samples * _SECONDS_PER_STEP)
