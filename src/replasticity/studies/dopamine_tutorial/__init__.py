"""Dopamine-modulated STDP in the tutorials of NESTML (after Izhikevich 2007, Potjans et al. 2010).

A pair of spikes leaves an eligibility trace at its synapse; dopamine that comes later turns what is left of the trace
into a change of weight. The simulator lets synapses learn of events at the ends of slices as long as the smallest delay
(``events: slice``); the experiments ``..._exact`` treat each event at its own time.

- `timing`: one synapse, whose weight is measured against the time of the dopamine spike. Experiments
  ``dopamine_timing...``, figure `timing_figure`.
- `ten_neurons`: ten neurons with Poisson inputs, three rewards and three punishments. Experiments ``dopamine_ten...``,
  figure `ten_neurons_figure`.
- `cue`: noisy cue association, a balanced network in which one of two stimuli is rewarded. Experiments
  ``izhikevich2007_cue...``, figure `cue_figure`.

w of the tutorial is ``weight``, in the unit of the neuron that it drives; c the eligibility trace, n the dopamine as
the synapse stores it, tau_tr_pre ``tau_pre_ms`` (its trace is x), tau_tr_post ``tau_post_ms``, A_vt the amount of
dopamine of a spike, delay D ``delay_ms``, refr_T ``refractory_ms``, J_ex ``weight_initial_pA``, CE ``exc_indegree``.
Equations: docs/models/dopamine_stdp.md.
"""
