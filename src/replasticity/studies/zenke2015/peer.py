"""Recordings of another simulator."""

from replasticity.studies.zenke2015.protocol import (
    NEEDED_INPUTS,
    PEER_NAMES,
    RECORDED_INPUTS,
    RECORDINGS,
    SPIKES,
    TOLERANCES,
    recorded_parameters,
    replay,
)

__all__ = [
    "NEEDED_INPUTS",
    "PEER_NAMES",
    "RECORDED_INPUTS",
    "RECORDINGS",
    "SPIKES",
    "TOLERANCES",
    "recorded_parameters",
    "replay",
]
