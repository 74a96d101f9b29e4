"""Replaying recordings of other simulators: the same inputs through our simulation, compared value by value."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import xarray as xr

from replasticity import datasets, experiments, project, protocols
from replasticity.comparison import Deviation, Tolerance, compare, compare_spikes
from replasticity.errors import UserError
from replasticity.parameters import LARGEST_INT, MOST_STEPS

#: No recorded time, potential or weight is as large as this.
_LARGEST_INPUT = 1e12


def replay(path: Path) -> tuple[xr.Dataset, list[Deviation]]:
    """Return our version of a recording, and how each quantity compares.

    Parameters
    ----------
    path : Path
        netCDF file with the attributes ``protocol`` and ``parameters`` (JSON), and the recorded inputs.

    Returns
    -------
    xarray.Dataset
        What our run produced, under the recording's names and in its units.
    list of Deviation
        One entry per recorded quantity. A recorded quantity that is neither an input nor known to the protocol
        has an entry too, whose ``holds`` is None: nothing is passed over in silence.

    Raises
    ------
    UserError
        If the file is no recording that can be replayed.
    """
    recording = datasets.open_netcdf(path)
    try:
        protocol = protocols.of_recording(str(recording.attrs.get("protocol", "")))
    except UserError as error:
        raise UserError(f"{project.shown(path)}: {error}") from None
    recorded = datasets.json_attribute(recording.attrs, "parameters", path)
    with datasets.content_of(path):
        values = protocol.recorded_parameters(recording, recorded)
    parameters = experiments.validate(
        protocol.Parameters, values, f"{project.shown(path)}: parameters", context={"recorded": True}
    )
    datasets.require_names(recording, protocol.NEEDED_INPUTS, path)
    try:
        with datasets.content_of(path):
            _check_inputs(recording, protocol)
            ours = protocol.replay(recording, parameters)
    except UserError as error:
        raise UserError(f"{project.shown(path)}: {str(error).removeprefix(f'{path}: ')}") from error
    for name in ours.variables:
        if name in recording.variables:
            ours[name].attrs = recording[name].attrs
    ours.attrs = {
        "Conventions": datasets.CONVENTIONS,
        "title": f"replasticity's replay of {path.name}",
        "simulator": "replasticity",
        **{name: recording.attrs[name] for name in ("protocol", "seed", "parameters") if name in recording.attrs},
    }
    with datasets.content_of(path):
        return ours, list(_deviations(recording, ours, protocol))


def _check_inputs(recording: xr.Dataset, protocol: protocols.Protocol) -> None:
    """Check the recorded inputs before compiled code, which looks at no index, is given them."""
    resolution_ms = float(recording.attrs.get("resolution_ms", 0.1))
    for name in protocol.RECORDED_INPUTS:
        if name not in recording.variables:
            continue
        values = recording[name].values
        if np.issubdtype(values.dtype, np.integer):
            if values.size and (values.min() < 0 or values.max() > LARGEST_INT):
                raise UserError(f"variable '{name}' has to be from 0 to {LARGEST_INT}")
        elif np.issubdtype(values.dtype, np.floating):
            is_time = name.endswith(("time", "_duration"))
            lowest, highest = (0.0, MOST_STEPS * resolution_ms) if is_time else (-_LARGEST_INPUT, _LARGEST_INPUT)
            if not ((values >= lowest) & (values <= highest)).all():
                raise UserError(f"variable '{name}' has to be from {lowest:g} to {highest:g}")
        elif name in protocol.NEEDED_INPUTS:
            raise UserError(f"variable '{name}' has type {values.dtype}, expected numbers")


def _deviations(recording: xr.Dataset, ours: xr.Dataset, protocol: protocols.Protocol) -> Iterable[Deviation]:
    resolution_ms = float(recording.attrs.get("resolution_ms", 0.1))
    compared = set(protocol.RECORDED_INPUTS)
    for name in protocol.SPIKES:
        compared |= {f"{name}_time", f"{name}_index"}
        if f"{name}_time" in recording:
            yield compare_spikes(name, _spikes(ours, name, resolution_ms), _spikes(recording, name, resolution_ms))
    for name, tolerance in protocol.TOLERANCES.items():
        compared.add(name)
        if name in recording:
            if name in ours:
                yield compare(name, ours[name].values, recording[name].values, tolerance)
            else:
                yield _not_compared(name, holds=False, note="not reproduced")
    for unknown in sorted(map(str, recording.data_vars)):
        if unknown not in compared:
            yield _not_compared(unknown, holds=None, note="unknown to this protocol")


def _spikes(dataset: xr.Dataset, name: str, resolution_ms: float) -> Iterable[tuple[int, int]]:
    """Return step and cell of each spike of a list."""
    steps = np.rint(dataset[f"{name}_time"].values / resolution_ms).astype(np.int64)
    return zip(steps.tolist(), dataset[f"{name}_index"].values.tolist(), strict=True)


def _not_compared(name: str, holds: bool | None, note: str) -> Deviation:
    return Deviation(name, 0, None, np.nan, np.nan, Tolerance(), holds, note)
