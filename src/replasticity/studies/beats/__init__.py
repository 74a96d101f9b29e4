"""Pair STDP between regularly firing neurons (a forum thread): beats, and EPSPs after repeated pairings.

Equations: docs/models/pair_stdp.md.
"""
