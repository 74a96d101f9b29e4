"""A synapse that presynaptic spikes strengthen and time weakens: say here in a page what the paper shows.

The paper: doi:10.1000/author2000. Its symbols and our names: w is `weight`, A `amplitude`, tau `tau_ms`, r `rate_Hz`.
Equation: dw/dt = -w / tau + A S(t), where S is a Poisson spike train of rate r.
"""
