"""Digests of contents: every file of results holds one of all that it holds, so that each tells by itself of damage.

A digest is taken of the content, not of the bytes of the file, which would have to hold it. Whoever reads a file
computes it again from what was read, so that a flipped bit, an edited value or attribute, and a file that was put
together by hand are found whatever the time of the file says, and no other file has to be there for it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xarray as xr

#: Name of the digest among the attributes of a netCDF file, and among the keys of a JSON object.
CONTENT_DIGEST = "content_digest"

#: Dimensions, values and attributes of a variable.
Content = tuple[Iterable[Any], npt.NDArray[Any], Mapping[Any, Any]]


def of_variables(attributes: Mapping[Any, Any], variables: Mapping[Any, Content]) -> str:
    """Return the digest of a dataset.

    Parameters
    ----------
    attributes : mapping of str to Any
        Global attributes. A digest among them is passed over.
    variables : mapping of str to (dimensions, values, attributes)
        The variables; their order does not matter.

    Returns
    -------
    str
        SHA-256 of names, dimensions, types and bytes of all variables and of all attributes, in hexadecimal digits.
    """
    digest = hashlib.sha256(_described({k: v for k, v in attributes.items() if k != CONTENT_DIGEST}))
    for name, (dimensions, values, own) in sorted(variables.items(), key=lambda item: str(item[0])):
        # Texts, which only foreign files have, are objects whose bytes are addresses.
        array = values.astype(str) if values.dtype.kind == "O" else values
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        head = [str(name), list(map(str, dimensions)), list(values.shape), array.dtype.str]
        digest.update(json.dumps(head).encode() + _described(own))
        digest.update(array.tobytes())
    return digest.hexdigest()


def of_dataset(dataset: "xr.Dataset | xr.DataTree") -> str:
    """Return the digest of a dataset, or of a tree of them: then of the path and digest of each node."""
    import xarray as xr

    if isinstance(dataset, xr.DataTree):
        nodes = {node.path: of_dataset(node.to_dataset(inherit=False)) for node in dataset.subtree}
        return of_json(nodes)
    variables = {name: (each.dims, each.values, each.attrs) for name, each in dataset.variables.items()}
    return of_variables(dataset.attrs, variables)


def of_json(content: Mapping[str, Any]) -> str:
    """Return the digest of a JSON object; a digest among its keys is passed over."""
    rest = {key: value for key, value in content.items() if key != CONTENT_DIGEST}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with its digest."""
    plain: dict[str, Any] = json.loads(json.dumps(content))
    return plain | {CONTENT_DIGEST: of_json(plain)}


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _described(attributes: Mapping[Any, Any]) -> bytes:
    """Return attributes as bytes: alike before they were written and after they were read."""
    described = {}
    for name, value in attributes.items():
        # A file knows no difference between one value and a list of one.
        array = np.atleast_1d(np.asarray(value))
        kind = "text" if array.dtype.kind in "UO" else array.dtype.newbyteorder("<").str
        described[str(name)] = [kind, array.ravel().tolist()]
    return json.dumps(described, sort_keys=True, default=str).encode()
