"""Parameters of the neuron that reads out a weight, and of its test spike."""

from replasticity.definitions.parameters import Cost, GridDuration, NonNegative, Positive, TimeGrid, quantity

#: What a neuron takes for one step on a fast machine [s].
_SECONDS_PER_STEP = 1e-9


class ReadoutNeuron(TimeGrid):
    """A leaky integrate-and-fire neuron at rest, and one spike that it gets."""

    E_L_mV: float = quantity("Resting and reset potential of the read-out neuron.", symbol="E_L")
    V_th_mV: float = quantity("Threshold of the read-out neuron.", symbol=r"V_\mathrm{th}")
    I_const_mV: float = quantity(
        "Constant input of the read-out neuron, as the shift of v that it causes.", symbol=r"I_\mathrm{const}"
    )
    tau_m_ms: Positive = quantity("Membrane time constant of the read-out neuron.", symbol=r"\tau_m")
    psp_scale_mV: float = quantity("Jump of v at a presynaptic spike through a synapse of weight 1.", symbol="J")
    delay_ms: NonNegative = quantity("Delay of the synapse onto the read-out neuron.")
    test_spike_ms: NonNegative = quantity("Time of the test spike.")
    readout_duration_ms: GridDuration = quantity("Duration of the read-out.")

    def readout_cost(self, neurons: float) -> Cost:
        """Return the cost of so many neurons, whose potentials are kept."""
        steps = self.readout_duration_ms / self.dt_ms
        samples = neurons * steps
        # The time, with temporaries; the potential in V and in mV, whether there is a spike, at worst one each time.
        return Cost(3 * 8 * steps + (2 * 8 + 1 + 2 * (8 + 4)) * samples, samples * _SECONDS_PER_STEP)
