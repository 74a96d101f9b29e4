"""Pair STDP between regularly firing neurons (a forum thread): beats, and EPSPs after repeated pairings.

A question asked what EPSP a synapse makes after pairings at a frequency f with a gap of 1/f, and an answer showed with
Brian2 how the weight between two neurons beats that fire regularly at two rates. Both use the window of the synapses
tutorial of Brian2, after Song, Miller and Abbott (2000). Nothing here is random.

dApre and ratio of the sources are ``dA_pre`` and ``depression_ratio``, taupre and taupost ``tau_pre_ms`` and
``tau_post_ms``, w0 and w_max ``weight_initial`` and ``weight_max``, f ``pre_rates_Hz`` and ``post_rates_Hz``, J
``psp_scale_mV``. Equations: docs/models/pair_stdp.md.

==================  =====================================================  ==============================
protocol            what it simulates                                      experiments
==================  =====================================================  ==============================
`protocol`          pairs of neurons at two rates                          ``beats``, ``beats_subtract``
`map`               all pairs of many rates                                ``beats_map`` and two beside it
`window`            one pairing at each spike-time difference              ``stdp_window``
`tutorial_window`   the pairs of the tutorial, and the question's weights  ``stdp_tutorial_window``
`epsp`              pairings at many rates, then one test spike            ``epsp``
==================  =====================================================  ==============================

`figure` shows the beats, `map_figure` the maps, `epsp_figure` both windows and the EPSPs.
"""
