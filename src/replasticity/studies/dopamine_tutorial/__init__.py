"""Dopamine-modulated STDP in the tutorials of NESTML: one synapse, ten neurons, and the noisy cue association.

Equations: docs/models/dopamine_stdp.md.
"""
