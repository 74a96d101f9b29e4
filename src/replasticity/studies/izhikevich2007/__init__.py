"""The distal reward problem (Izhikevich 2007): a synapse, and a stimulus, that are rewarded seconds later.

Equations: docs/models/distal_reward.md.
"""
