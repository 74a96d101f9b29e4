"""Homeostatic STDP at an inhibitory synapse (Zenke et al. 2015).

A population of Poisson neurons sets the global factor G; an inhibitory synapse is probed by one pair of spikes in the
middle of each epoch. Where the population fires above its target rate, G is positive and the synapse potentiates.

gamma of the paper is ``target_rate_Hz``, tau_H ``tau_H_ms``, tau_STDP ``tau_stdp_ms``, eta ``eta_nS_s``, w_0
``weight_initial_nS``. Equations: docs/models/homeostatic_stdp.md. Figure: `figure`, with ``zenke2015`` and the
experiments beside it in ``experiments/zenke2015.yaml``.
"""
