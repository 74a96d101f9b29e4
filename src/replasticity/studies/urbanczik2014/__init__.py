"""Learning by the dendritic prediction of somatic spiking (Urbanczik & Senn 2014).

Equations: docs/models/dendritic_prediction.md.
"""
