"""Voltage-based STDP (Clopath et al. 2010): a small network, and the pairing of spikes at several frequencies.

The weight depends on the postsynaptic potential and on its low-passed versions. In NEST's example of a small network
the connections between neurons that are driven together should become strong in both directions; in the pairing
protocol depression should turn into potentiation as the frequency rises.

u_bar_plus, u_bar_minus and u_bar_bar of the paper are ``u_plus_mV``, ``u_minus_mV``, ``u_bar_mV``; A_LTP, A_LTD, theta
and tau have their names, with units; w_ad is ``w_pA``, V_T ``V_T_mV``. A step is a time in units of dt.
Equations: docs/models/voltage_based_stdp.md.

=============  ====================================================  ===================================
protocol       what it simulates                                     figure and experiments
=============  ====================================================  ===================================
``network``    10 excitatory and 3 inhibitory neurons, 500 inputs    ``network_figure``: ``clopath2010``
``pairing``    one synapse on a neuron that is forced to spike       ``pairing_figure``:
                                                                     ``clopath2010_pairing``
=============  ====================================================  ===================================
"""
