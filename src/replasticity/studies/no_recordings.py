"""What the interface asks about recordings, for protocols of which there are none."""

from typing import TYPE_CHECKING, Any

from replasticity.comparison import Tolerance
from replasticity.definitions.parameters import Parameters
from replasticity.errors import UserError
from replasticity.storage.contract import Recorded

if TYPE_CHECKING:
    import xarray as xr

RECORDINGS: tuple[str, ...] = ()

TOLERANCES: dict[str, Tolerance] = {}

SPIKES: tuple[str, ...] = ()

RECORDED_INPUTS: tuple[str, ...] = ()

NEEDED_INPUTS: tuple[str, ...] = ()

PEER_NAMES: dict[str, str] = {}


def recorded_parameters(recording: "xr.Dataset", parameters: dict[str, Any]) -> dict[str, Any]:
    """Raise a `UserError`: there are no recordings of this protocol."""
    raise UserError("this protocol has no recordings")


def replay(recording: "xr.Dataset", parameters: Parameters) -> Recorded:
    """Raise a `UserError`: there are no recordings of this protocol."""
    raise UserError("this protocol has no recordings")
