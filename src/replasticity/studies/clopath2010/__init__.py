"""Voltage-based STDP (Clopath et al. 2010): a network that learns who fires with whom, and pairings at many rates.

Equations: docs/models/voltage_based_stdp.md.
"""
