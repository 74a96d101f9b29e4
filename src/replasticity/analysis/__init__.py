"""Judging ensembles: claims, comparison with other simulators, regression. Knows no simulator."""
