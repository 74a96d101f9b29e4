"""Parameters of the Hodgkin-Huxley neuron with alpha-shaped synaptic currents."""

from replasticity.definitions.parameters import GridTime, MicrosecondGrid, NonNegative, Positive, quantity
from replasticity.definitions.ranges import Range


class HodgkinHuxleyNeuron(MicrosecondGrid):
    """The neuron, without its low-passed potentials, which belong to plasticity."""

    c_pF: Positive = quantity("Membrane capacitance.", symbol="C", varied=Range(20.0, 500.0, log=True))
    g_Na_nS: NonNegative = quantity(
        "Peak sodium conductance.", symbol=r"g_\mathrm{Na}", varied=Range(1000.0, 30000.0, log=True, special=(0.0,))
    )
    g_K_nS: NonNegative = quantity(
        "Peak potassium conductance.", symbol=r"g_\mathrm{K}", varied=Range(500.0, 10000.0, log=True, special=(0.0,))
    )
    g_L_nS: NonNegative = quantity("Leak conductance.", symbol="g_L", varied=Range(10.0, 300.0, log=True))
    E_Na_mV: float = quantity("Sodium reversal potential.", symbol=r"E_\mathrm{Na}", varied=Range(20.0, 80.0))
    E_K_mV: float = quantity("Potassium reversal potential.", symbol=r"E_\mathrm{K}", varied=Range(-100.0, -60.0))
    E_L_mV: float = quantity("Leak reversal potential.", symbol="E_L", varied=Range(-80.0, -40.0))
    I_e_pA: float = quantity("Constant current.", varied=Range(-300.0, 3000.0, special=(0.0,)))
    tau_ex_ms: Positive = quantity("Time constant of excitatory currents.", varied=Range(0.1, 10.0, log=True))
    tau_in_ms: Positive = quantity("Time constant of inhibitory currents.", varied=Range(0.1, 10.0, log=True))
    t_ref_ms: GridTime = quantity("Time after a spike in which no other is detected.", varied=Range(0.0, 5.0))
    tolerance: Positive = quantity("Absolute tolerance of the solver.", kept="tolerance of the solver")
