"""Learning by the dendritic prediction of somatic spiking (Urbanczik and Senn 2014).

Inputs to a dendrite repeat a frozen pattern while conductances impose a potential on the soma. Plastic synapses learn
to predict it: without the drive, the pattern alone evokes the signal, with a part of its amplitude.

U of the paper is ``U_mV``, V_W ``V_mV``, V_W* ``prediction_mV``, U_M ``target_mV``, phi_max ``rate_max_per_ms``, k
``rate_slope``, eta ``eta_pA_mV_per_ms``, tau_Delta ``tau_filter_ms``. Equations: docs/models/dendritic_prediction.md.

`protocol` is the published example. Its `figure` shows ``urbanczik2014``, and beside it ``_recall`` (weights rest after
learning), ``_matched`` and ``_unitless`` (the learning rate of the publication's units, in both sets of units);
``_short_refractory`` and ``_all_together`` change more. `amplitude` is a longer look at how much of the amplitude is
learned; `amplitude_figure` shows ``urbanczik2014_refractory``, ``_refractory_1ms`` and ``_refractory_100us``.
"""
