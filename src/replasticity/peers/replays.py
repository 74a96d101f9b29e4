"""Replaying recordings of other simulators: the same inputs through our simulation, compared value by value."""

import contextlib
import dataclasses
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from replasticity.comparison import Deviation, Tolerance, compare, compare_spikes
from replasticity.definitions import experiments
from replasticity.definitions.parameters import LARGEST_INT, MOST_STEPS
from replasticity.errors import MistakeError, UserError
from replasticity.storage import datasets, integrity, places, project
from replasticity.study import protocols
from replasticity.study.recordings import resolution_ms, steps

#: What a replay may need: what its rule declares.
REPLAY_RESOURCES = experiments.Resources(mem_mb=3000, seconds_per_run=180.0)

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
        protocol = protocols.get(protocols.name_of_recording(str(recording.attrs.get("protocol", ""))))
    except MistakeError:
        raise
    except UserError as error:
        raise UserError(f"{project.shown(path)}: {error}") from None
    peer = protocol.require_peer()
    recorded = datasets.json_attribute(recording.attrs, "parameters", path)
    with datasets.content_of(path), _named(path):
        values = peer.recorded_parameters(recording, recorded)
    parameters = experiments.validate(
        protocol.Parameters, values, f"{project.shown(path)}: parameters", context={"recorded": True}
    )
    datasets.require_names(recording, peer.data.inputs.needed, path)
    with datasets.content_of(path), _named(path):
        REPLAY_RESOURCES.require_affordable(parameters.cost())
        _check_inputs(recording, peer)
        ours = xr.Dataset(peer.replay(recording, parameters))
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
        return ours, list(_deviations(recording, ours, peer))


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors name the recording first."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{project.shown(path)}: {str(error).removeprefix(f'{path}: ')}") from error


def _check_inputs(recording: xr.Dataset, peer: protocols.Peer) -> None:
    """Check the recorded inputs before compiled code, which looks at no index, is given them."""
    dt_ms = resolution_ms(recording)
    for name in map(str, recording.variables):
        if not peer.data.is_input(name):
            continue
        values = recording[name].values
        if np.issubdtype(values.dtype, np.integer):
            if values.size and (values.min() < 0 or values.max() > LARGEST_INT):
                raise UserError(f"variable '{name}' has to be from 0 to {LARGEST_INT}")
        elif np.issubdtype(values.dtype, np.floating):
            is_time = name.endswith(("time", "_duration"))
            lowest, highest = (0.0, MOST_STEPS * dt_ms) if is_time else (-_LARGEST_INPUT, _LARGEST_INPUT)
            if not ((values >= lowest) & (values <= highest)).all():
                raise UserError(f"variable '{name}' has to be from {lowest:g} to {highest:g}")
        elif name in peer.data.inputs.needed:
            raise UserError(f"variable '{name}' has type {values.dtype}, expected numbers")


def recordings(protocol_names: Collection[str], longest_ms: float = math.inf) -> dict[str, Path]:
    """Return the recordings under ``tests/peers``, and in ``recordings`` of a study, that concern some protocols.

    Parameters
    ----------
    protocol_names : collection of str
        Our protocols.
    longest_ms : float
        Recordings of more simulated time than this are left out [ms].

    Returns
    -------
    dict of str to Path
        Name of the file without suffix -> file, relative to the project if it is below it.

    Raises
    ------
    UserError
        If a recording is no netCDF file, no protocol can replay it, or two have one name.
    """
    found: dict[str, Path] = {}
    root = project.root()
    own = (path for study in places.studies().values() for path in sorted(study.glob("recordings/*.nc")))
    for path in (*sorted(root.glob("tests/peers/*/*.nc")), *own):
        # Summaries hold statistics over seeds, and no run that could be replayed.
        if "summary" in path.name:
            continue
        protocol, duration_ms = _recorded(path)
        if protocol in protocol_names and duration_ms <= longest_ms:
            if path.stem in found:
                raise UserError(
                    f"{project.shown(path)}: there is a recording of this name already, {found[path.stem]}; "
                    "give it another name"
                )
            found[path.stem] = path.relative_to(root) if path.is_relative_to(root) else path
    return found


def protocol_of(path: Path) -> str:
    """Return the name of the protocol that replays a recording; errors as in `recordings`."""
    return _recorded(path)[0]


def _recorded(path: Path) -> tuple[str, float]:
    """Return the name of the protocol that replays a recording, and how long the recording is [ms]."""
    attributes = datasets.open_attributes(path)
    try:
        protocol = protocols.name_of_recording(str(attributes.get("protocol", "")))
    except MistakeError:
        raise
    except UserError as error:
        raise UserError(f"{project.shown(path)}: {error}") from None
    duration_ms = attributes.get("duration_ms")
    return protocol, float(duration_ms) if isinstance(duration_ms, int | float | np.number) else 0.0


def holds(deviations: Sequence[Deviation]) -> bool:
    """Return True if all that could be compared holds, and anything could be."""
    compared = [row.holds for row in deviations if row.holds is not None]
    return bool(compared) and all(compared)


def summary(path: Path, deviations: Sequence[Deviation]) -> dict[str, Any]:
    """Return what a replay has shown, for files that other programs read.

    Parameters
    ----------
    path : Path
        The recording.
    deviations : sequence of Deviation
        From `replay`.

    Returns
    -------
    dict
        JSON-ready: ``recording`` (relative to the project if it is below it) and ``recording_sha256`` of its bytes,
        ``protocol`` (ours), ``simulator``, ``simulator_version``, ``duration_ms`` and ``seed`` as recorded, ``holds``,
        ``quantities`` (the fields of `Deviation`, and the ``bound`` as text; a deviation that is no number is null),
        and ``content_digest`` of all this.
    """
    attributes = datasets.open_attributes(path)
    recorded = {name: str(attributes.get(name, "")) for name in _SHOWN_ATTRIBUTES}
    absolute, root = path.resolve(), project.root().resolve()
    return integrity.sealed(
        {
            "recording": str(absolute.relative_to(root) if absolute.is_relative_to(root) else absolute),
            "recording_sha256": integrity.of_file(path),
            "protocol": protocols.name_of_recording(str(attributes.get("protocol", ""))),
            **recorded,
            "holds": holds(deviations),
            "quantities": [as_json(row) for row in deviations],
        }
    )


_SHOWN_ATTRIBUTES = ("simulator", "simulator_version", "seed", "duration_ms")


def as_json(row: Deviation) -> dict[str, Any]:
    """Return how a quantity compares, JSON-ready: its fields and the bound as text; what is no number is null."""
    fields = dataclasses.asdict(row) | {"bound": str(row.tolerance)}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in fields.items()
    }


def _deviations(recording: xr.Dataset, ours: xr.Dataset, peer: protocols.Peer) -> Iterable[Deviation]:
    dt_ms = resolution_ms(recording)
    names = list(map(str, recording.variables))
    compared = {name for name in names if peer.data.is_input(name)}
    for name in peer.data.spikes:
        compared |= {f"{name}_time", f"{name}_index"}
        if f"{name}_time" in recording:
            yield compare_spikes(name, _spikes(ours, name, dt_ms), _spikes(recording, name, dt_ms))
    for name, tolerance in peer.data.compared(names):
        compared.add(name)
        if name in ours:
            yield compare(name, ours[name].values, recording[name].values, tolerance)
        else:
            yield _not_compared(name, holds=False, note="not reproduced")
    for unknown in sorted(map(str, recording.data_vars)):
        if unknown not in compared:
            yield _not_compared(unknown, holds=None, note="unknown to this protocol")


def _spikes(dataset: xr.Dataset, name: str, dt_ms: float) -> Iterable[tuple[int, int]]:
    """Return step and neuron of each spike of a list."""
    step = steps(dataset, f"{name}_time", dt_ms)
    return zip(step.tolist(), dataset[f"{name}_index"].values.tolist(), strict=True)


def _not_compared(name: str, holds: bool | None, note: str) -> Deviation:
    return Deviation(name, 0, None, np.nan, np.nan, Tolerance(), holds, note)
