"""Learning by the dendritic prediction of somatic spiking (Urbanczik and Senn 2014).

Inputs to a dendrite repeat a frozen pattern while conductances impose a potential on the soma. Plastic synapses learn
to predict it: without the drive, the pattern alone evokes the signal, with a part of its amplitude.

U of the paper is ``U_mV`` (soma), V_W ``V_mV`` (dendrite), V_W* ``prediction_mV`` (the soma's potential by the dendrite
alone), U_M ``target_mV`` (the one by the drive alone), phi_max ``rate_max_per_ms``, k ``rate_slope``, eta
``eta_pA_mV_per_ms``, tau_Delta ``tau_filter_ms``. Equations: docs/models/dendritic_prediction.md. Parameters of neuron
and synapses: `replasticity.models.urbanczik_senn_parameters`.

- `protocol` is the published example. Its `figure` shows ``urbanczik2014``, ``urbanczik2014_recall`` (the weights rest
  after learning), ``urbanczik2014_matched`` and ``urbanczik2014_unitless`` (the learning rate of the publication, in
  both sets of units). ``urbanczik2014_short_refractory`` and ``urbanczik2014_all_together`` measure errata.
- `amplitude` asks how much of the signal's amplitude is learned. Its figure shows ``urbanczik2014_refractory``,
  ``urbanczik2014_refractory_1ms`` and ``urbanczik2014_refractory_100us``.
"""
