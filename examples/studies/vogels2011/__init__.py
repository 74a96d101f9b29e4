"""Inhibitory plasticity makes a recurrent network fire asynchronously and irregularly (Vogels et al. 2011).

"The script" is Brian2's examples/frompapers/Vogels_et_al_2011.py. Plastic are the synapses from inhibitory to
excitatory neurons: spikes of both within tau_stdp, in either order, strengthen them (traces Apre and Apost there), and
each presynaptic spike weakens them by eta times alpha, 2 tau_stdp times the target rate. The order in a step is that of
docs/models/pair_stdp.md.
"""
