"""The distal reward problem (Izhikevich 2007): what earned the reward that comes seconds later.

The eligibility of a synapse remembers its STDP for a second, and dopamine turns it into a change of weight. In a
network of 1000 neurons that fire at a few Hz,

- `reward`: one of 80,000 excitatory synapses is rewarded after its two neurons fired together (Fig. 1). Does it grow,
  and is it alone in that? Figure `reward_figure`; experiments ``izhikevich2007`` and those beside it: without dopamine,
  and with what the paper says where the published program does something else. Recordings of that program:
  `reward_peer`.
- `conditioning`: one of 100 stimuli is followed by reward. Does the response to it grow, and only that? Figure
  `conditioning_figure`; experiments ``izhikevich2007_pavlov`` and those beside it. There is no program and no
  recording: where the descriptions are silent, the sources of the parameters say what was chosen.

v, u, s, c and d of the paper are ``v_mV``, ``u_mV``, ``weight_mV``, ``eligibility_mV`` and ``dopamine``; STDP of the
program is ``trace_mV``, n1 ``chosen_pre``. Parameters of the network: `replasticity.models.distal_reward_parameters`.
Equations: docs/models/distal_reward.md and `replasticity.equations.distal_reward`. The random streams of a seed are
those of docs/models/distal_reward.md#random-inputs: a seed here and the same seed of a recording are the same run.
"""

#: The first and the last sixth of a run are compared.
PART = 6
