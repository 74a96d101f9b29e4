"""Parameters of the neuron that learns by dendritic prediction, of its plastic synapses, and of its units."""

from pydantic import model_validator

from replasticity.definitions.parameters import (
    GridDuration,
    MicrosecondGrid,
    NonNegative,
    Parameters,
    Positive,
    quantity,
)
from replasticity.definitions.ranges import OneOf, Range

#: No time constant of the rule fits into a step more often: the exponentials that refer one error to another would
#: overflow.
TAUS_PER_STEP = 100


class TwoCompartmentNeuron(MicrosecondGrid):
    """A soma that spikes, and a dendrite that pulls at it."""

    C_s_pF: Positive = quantity("Capacitance of the soma.", symbol="C_s", varied=Range(100.0, 3000.0, log=True))
    C_d_pF: Positive = quantity("Capacitance of the dendrite.", symbol="C_d", varied=Range(30.0, 3000.0, log=True))
    g_L_s_nS: NonNegative = quantity(
        "Leak conductance of the soma.", symbol="g_{L,s}", varied=Range(1.0, 300.0, log=True, special=(0.0,))
    )
    g_L_d_nS: Positive = quantity(
        "Leak conductance of the dendrite.", symbol="g_{L,d}", varied=Range(1.0, 300.0, log=True)
    )
    E_L_s_mV: float = quantity("Leak reversal potential of the soma.", symbol="E_{L,s}", varied=Range(-90.0, -50.0))
    E_L_d_mV: float = quantity("Leak reversal potential of the dendrite.", symbol="E_{L,d}", varied=Range(-90.0, -50.0))
    g_sp_nS: Positive = quantity(
        "Coupling conductance from the dendrite to the soma.", symbol="g_{sp}", varied=Range(6.0, 3000.0, log=True)
    )
    g_ps_nS: NonNegative = quantity(
        "Coupling conductance from the soma back to the dendrite.",
        symbol="g_{ps}",
        varied=Range(1.0, 600.0, log=True, special=(0.0,)),
    )
    E_E_mV: float = quantity(
        "Reversal potential of the excitatory somatic conductance.", symbol="E_E", varied=Range(-30.0, 30.0)
    )
    E_I_mV: float = quantity(
        "Reversal potential of the inhibitory somatic conductance.", symbol="E_I", varied=Range(-95.0, -60.0)
    )
    U_initial_mV: float = quantity("Potential of the soma at the start.", varied=Range(-90.0, 0.0))
    V_initial_mV: float = quantity("Potential of the dendrite at the start.", varied=Range(-90.0, 0.0))
    tau_E_s_ms: Positive = quantity(
        "Time constant of the excitatory somatic conductance.", symbol=r"\tau_{E,s}", varied=Range(0.2, 20.0, log=True)
    )
    tau_I_s_ms: Positive = quantity(
        "Time constant of the inhibitory somatic conductance.", symbol=r"\tau_{I,s}", varied=Range(0.2, 20.0, log=True)
    )
    tau_E_d_ms: Positive = quantity(
        "Time constant of the excitatory dendritic current.",
        symbol=r"\tau_{E,d}",
        varied=Range(0.2, 20.0, log=True, special=(10.0,)),
    )
    tau_I_d_ms: Positive = quantity(
        "Time constant of the inhibitory dendritic current: used by a synapse whose weight is not positive.",
        symbol=r"\tau_{I,d}",
        varied=Range(0.2, 20.0, log=True, special=(10.0,)),
    )
    rate_max_per_ms: NonNegative = quantity(
        "Highest rate of spiking, phi_max.", symbol=r"\varphi_{max}", varied=Range(0.01, 10.0, log=True, special=(0.0,))
    )
    rate_slope: Positive = quantity("Shape of the rate, k.", symbol="k", varied=Range(0.01, 10.0, log=True))
    beta_per_mV: Positive = quantity("Steepness of the rate, beta.", symbol=r"\beta", varied=Range(0.03, 3.0, log=True))
    theta_mV: float = quantity(
        "Potential near which the rate rises, theta.", symbol=r"\theta", varied=Range(-75.0, -35.0)
    )
    refractory_ms: GridDuration = quantity(
        "Time without spikes after a spike.", symbol="t_{ref}", varied=Range(0.1, 20.0, log=True)
    )


class DendriticSynapses(TwoCompartmentNeuron):
    """Plastic synapses on the dendrite of that neuron."""

    eta_pA_mV_per_ms: float = quantity(
        "Learning rate eta.", symbol=r"\eta", varied=Range(0.001, 3.0, log=True, special=(0.0, -0.17))
    )
    tau_filter_ms: Positive = quantity(
        "Time constant of the low-pass filter on weight changes, tau_Delta.",
        symbol=r"\tau_\Delta",
        varied=Range(0.1, 1000.0, log=True),
    )
    weight_initial_pA: float = quantity(
        "Weight of each synapse at the start.", symbol="w_0", varied=Range(0.1, 1000.0, log=True, special=(0.0, -50.0))
    )
    weight_min_pA: float = quantity(
        "Lower bound of the weights.", symbol="W_{min}", varied=Range(-300.0, 90.0, special=(0.0,))
    )
    weight_max_pA: float = quantity(
        "Upper bound of the weights.", symbol="W_{max}", varied=Range(90.0, 3000.0, log=True, special=(-10.0,))
    )
    synapse_delay_ms: GridDuration = quantity(
        "Delay of the plastic synapses.", symbol="d", varied=Range(0.1, 10.0, log=True)
    )

    @model_validator(mode="after")
    def _exponentials_do_not_overflow(self) -> "DendriticSynapses":
        shortest_ms = self.dt_ms / TAUS_PER_STEP
        for name in ("tau_E_d_ms", "tau_I_d_ms", "tau_filter_ms"):
            if getattr(self, name) < shortest_ms:
                raise ValueError(f"{name}: has to be at least dt_ms / {TAUS_PER_STEP} ({shortest_ms:g} ms)")
        if self.C_d_pF < shortest_ms * self.g_L_d_nS:
            raise ValueError(f"C_d_pF / g_L_d_nS: has to be at least dt_ms / {TAUS_PER_STEP} ({shortest_ms:g} ms)")
        return self

    @model_validator(mode="after")
    def _bounds_fit_the_weight(self) -> "DendriticSynapses":
        if self.weight_min_pA > self.weight_max_pA:
            raise ValueError("weight_min_pA: has to be at most weight_max_pA")
        # NEST, models/urbanczik_synapse.h, set_status. Its check of the lower bound reads the upper one.
        if not (self.weight_max_pA > 0 if self.weight_initial_pA >= 0 else self.weight_max_pA < 0):
            raise ValueError(f"weight_max_pA: has to have the sign of weight_initial_pA ({self.weight_initial_pA:g})")
        return self

    @property
    def shortest_tau_ms(self) -> float:
        """The shortest time constant of the rule [ms]."""
        return min(self.tau_E_d_ms, self.tau_I_d_ms, self.tau_filter_ms, self.C_d_pF / self.g_L_d_nS)


class ModelUnits(Parameters):
    """Units in which the model computes: standard ones, or those of the publication."""

    potential_zero_mV: float = quantity(
        "Potential that is 0 in the units in which the model computes.",
        varied=OneOf(0.0, -70.0),
        kept="unit of the computation",
    )
    potential_unit_mV: Positive = quantity(
        "Potential that is 1 above it.", varied=OneOf(1.0, 15.0), kept="unit of the computation"
    )
    capacitance_unit_pF: Positive = quantity(
        "Capacitance that is 1; time is in ms always.", varied=OneOf(1.0, 300.0), kept="unit of the computation"
    )
