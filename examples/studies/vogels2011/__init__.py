"""Inhibitory plasticity makes a recurrent network fire asynchronously and irregularly (Vogels et al. 2011).

10.1126/science.1211095; "the script" is Brian2's examples/frompapers/Vogels_et_al_2011.py. Plastic are synapses from
inhibitory to excitatory neurons: spikes of both within tau_stdp, in either order, strengthen them (Apre and Apost there
are our traces); each presynaptic spike weakens them by eta times alpha, which is 2 tau_stdp times the target rate.
"""
