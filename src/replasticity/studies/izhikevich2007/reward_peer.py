"""Recordings of another simulator."""

from replasticity.studies.izhikevich2007.reward import (
    NEEDED_INPUTS,
    PEER_NAMES,
    RECORDED_INPUTS,
    RECORDINGS,
    SPIKES,
    TOLERANCES,
    of_peer,
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
    "of_peer",
    "recorded_parameters",
    "replay",
]
