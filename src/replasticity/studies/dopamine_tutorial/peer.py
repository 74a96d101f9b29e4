"""What NEST's recordings of the three protocols have in common."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from replasticity.models.dopamine_stdp_parameters import DopamineSynapse
from replasticity.peers.comparison import Tolerance
from replasticity.studies.dopamine_tutorial.shared import IntArray

STATE, TIME = Tolerance(absolute=1e-9), Tolerance(absolute=1e-6)

#: Our parameter -> recorded one: of the neurons, of the synapse, and of a whole run of a network.
NEURON = {
    "tau_m_ms": "tau_m",
    "E_L_mV": "E_L",
    "V_reset_mV": "V_reset",
    "V_th_mV": "V_th",
    "refractory_ms": "refr_T",
}
SYNAPSE = {
    "tau_pre_ms": "tau_tr_pre",
    "tau_c_ms": "tau_c",
    "tau_n_ms": "tau_n",
    "b": "b",
    "A_plus": "A_plus",
    "A_minus": "A_minus",
}
NETWORK = SYNAPSE | {
    "tau_post_ms": "tau_tr_post",
    "duration_ms": "sim_time",
    "slice_ms": "min_delay_ms",
    "delay_ms": "delay",
    "relay_delay_ms": "vt_parrot_delay_ms",
    "dopamine_delay_ms": "vt_delay_ms",
}

#: Delays that a recording leaves out: the simulator's default (docs/models/dopamine_stdp.md#delays).
DEFAULT_DELAYS = {"relay_delay_ms": 1.0, "dopamine_delay_ms": 1.0}


def below(part: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return names as paths below a part of the recorded parameters, such as "neuron.tau_m"."""
    return {ours: f"{part}.{theirs}" for ours, theirs in names.items()}


def translated(recorded: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
    """Return recorded parameters in our names; ``paths``: our name -> path. What a recording lacks is left out."""

    def at(path: str) -> Any:
        value: Any = recorded
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    values = {name: at(path) for name, path in paths.items()}
    return {name: value for name, value in values.items() if value is not None}


def steps(recording: xr.Dataset, name: str, p: DopamineSynapse) -> IntArray:
    """Return the recorded times of a list in steps, none if there is no such list."""
    times: IntArray = p.steps(recording[name].values if name in recording else [])
    return times
