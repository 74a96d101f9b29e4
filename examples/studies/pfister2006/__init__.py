"""Triplets of spikes: weight change against pairing frequency (Pfister & Gerstner 2006).

The paper: doi:10.1523/JNEUROSCI.1425-06.2006.

Pairs of spikes potentiate more if they are repeated faster, and above some 30 Hz in either order (Sjöström et al.
2001). A rule of pairs cannot do so. The triplet rule can, with one term for triplets: its minimal models.
r1, r2 and o1, o2 of the paper are traces of pre- and postsynaptic spikes with the time constants `tau_plus_ms`,
`tau_x_ms`, `tau_minus_ms`, `tau_y_ms`. A trace grows by 1 at its spike (all-to-all), or is 1 then (nearest spike). At a
postsynaptic spike w grows by r1 (`A2_plus` + `A3_plus` o2), at a presynaptic one it shrinks by o1 (`A2_minus` +
`A3_minus` r2), each with all traces as they were just before.

NEST's stdp_triplet_synapse is the all-to-all rule (peer_nest.py). It works when a presynaptic spike is sent. Post
spikes since the last one, each later by the dendritic delay, potentiate in turn, with `Kplus` decayed from that last
spike and the neuron's triplet trace without the 1 that the spike itself added. Then `Kminus` of strictly earlier
spikes and `Kplus_triplet` depress; then `Kplus` and `Kplus_triplet` grow by 1. So two spikes at one time see earlier
traces only, as in the paper. NEST keeps the weight in [0, `Wmax`], the paper does not; no pairing reaches a bound here.

The papers were not at hand. Most of Table 3 was found in public code whose author had read it; what says "from memory"
was not. With these values chi-square of the four models is 2.3 to 3.6 for ten points.
"""
