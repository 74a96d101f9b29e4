"""Inhibitory plasticity makes a recurrent network fire asynchronously and irregularly (Vogels et al. 2011).

8000 excitatory and 2000 inhibitory conductance-based neurons fire at high rates until their inhibitory-to-excitatory
synapses learn: pre- and postsynaptic spikes close in time, in either order, strengthen a synapse, and each presynaptic
spike weakens it by alpha, so that the excitatory neurons come to fire at a target rate. The published example of Brian2
(examples/frompapers/Vogels_et_al_2011.py) is "the script" here, and Brian2 the peer.

The script's w, eta and gmax are w_nS, eta_nS and w_max_nS, its Apre and Apost the traces of the neurons, its epsilon
connection_probability. alpha = 2 tau_stdp times the target rate. Order in a step: docs/models/pair_stdp.md.
"""
