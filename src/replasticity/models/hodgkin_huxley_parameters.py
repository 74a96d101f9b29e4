"""Parameters of the Hodgkin-Huxley neuron with alpha-shaped synaptic currents."""

from replasticity.definitions.parameters import GridTime, MicrosecondGrid, NonNegative, Positive, quantity


class HodgkinHuxleyNeuron(MicrosecondGrid):
    """The neuron, without its low-passed potentials, which belong to plasticity."""

    c_pF: Positive = quantity("Membrane capacitance.", symbol="C")
    g_Na_nS: NonNegative = quantity("Peak sodium conductance.", symbol=r"g_\mathrm{Na}")
    g_K_nS: NonNegative = quantity("Peak potassium conductance.", symbol=r"g_\mathrm{K}")
    g_L_nS: NonNegative = quantity("Leak conductance.", symbol="g_L")
    E_Na_mV: float = quantity("Sodium reversal potential.", symbol=r"E_\mathrm{Na}")
    E_K_mV: float = quantity("Potassium reversal potential.", symbol=r"E_\mathrm{K}")
    E_L_mV: float = quantity("Leak reversal potential.", symbol="E_L")
    I_e_pA: float = quantity("Constant current.")
    tau_ex_ms: Positive = quantity("Time constant of excitatory currents.")
    tau_in_ms: Positive = quantity("Time constant of inhibitory currents.")
    t_ref_ms: GridTime = quantity("Time after a spike in which no other is detected.")
    tolerance: Positive = quantity("Absolute tolerance of the solver.")
