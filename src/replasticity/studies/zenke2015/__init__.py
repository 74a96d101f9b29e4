"""Homeostatic STDP at an inhibitory synapse (Zenke et al. 2015).

A population of Poisson neurons sets the global factor G; an inhibitory synapse is probed by one pair of spikes in the
middle of each epoch.
"""
