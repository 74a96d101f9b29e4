"""What a file says of its origin: digests of code and parameters, versions, sources. No wall-clock times."""

import contextlib
import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from replasticity import __version__
from replasticity.definitions.experiments import Resolved
from replasticity.errors import UserError
from replasticity.storage import project
from replasticity.storage.datasets import CONVENTIONS
from replasticity.storage.files import write_bytes
from replasticity.study import protocols

PACKAGE = "replasticity"
_FOLDER = Path(__file__).parents[1]


@cache
def _imports() -> dict[str, list[str]]:
    """Return module -> modules of this package that it imports.

    Finding them takes longer than most simulations, so they are kept, after a digest of them and of all sources: what
    was found for other sources, or was damaged, is found again.
    """
    sources = hashlib.sha256()
    for path in sorted(_FOLDER.rglob("*.py")):
        sources.update(str(path.relative_to(_FOLDER)).encode() + b"\0" + path.read_bytes() + b"\0")

    def digest_with(content: bytes) -> bytes:
        digest = sources.copy()
        digest.update(content)
        return digest.hexdigest().encode()

    file = project.cache_folder("imports") / "imports.json"
    try:
        digest, _, content = file.read_bytes().partition(b"\n")
    except OSError:
        digest, content = b"", b""
    if digest != digest_with(content):
        import grimp

        graph = grimp.build_graph(PACKAGE, cache_dir=None)
        found = {module: sorted(graph.find_modules_directly_imported_by(module)) for module in sorted(graph.modules)}
        content = json.dumps(found).encode()
        # Where there is no place to write in, it is found again each time.
        with contextlib.suppress(UserError):
            write_bytes(digest_with(content) + b"\n" + content, file)
    imports: dict[str, list[str]] = json.loads(content)
    return imports


def _with_imported(modules: Iterable[str]) -> set[str]:
    """Return modules and all that they import, directly or not."""
    imports, found, waiting = _imports(), set[str](), list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += imports[module]
    return found


def _file(module: str) -> Path:
    """Return the source file of a module of this package."""
    path = _FOLDER.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def code_digest(*modules: str) -> str:
    """Return a digest of some modules and of all modules of this package that they import.

    A result depends on exactly this code, so a changed digest is the reason to make the result anew.

    Parameters
    ----------
    *modules : str
        Full names, such as ``"replasticity.studies.zenke2015.protocol"``.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    digest = hashlib.sha256()
    for module in sorted(_with_imported(modules)):
        digest.update(module.encode() + b"\0" + _file(module).read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def simulation_digest(protocol: str) -> str:
    """Return the digest of the code that makes the runs of a protocol."""
    return code_digest(protocols.get(protocol).module, f"{PACKAGE}.pipeline.simulation")


@cache
def kernels_digest(protocol: str) -> str:
    """Return the digest of the compiled code that a protocol uses."""
    compiled = tuple(f"{PACKAGE}.{room}." for room in ("equations", "models", "numerics"))
    used = _with_imported([protocols.get(protocol).module])
    return code_digest(*sorted(module for module in used if module.startswith(compiled)))


def compiled_together(protocol: str) -> tuple[str, ...]:
    """Return the protocols that use the same compiled code as this one, itself included, sorted."""
    digest = kernels_digest(protocol)
    return tuple(name for name in protocols.names() if kernels_digest(name) == digest)


def evaluation_digest() -> str:
    """Return the digest of the code that judges claims."""
    return code_digest(f"{PACKAGE}.judging.evaluation")


def figure_digest(module: str) -> str:
    """Return the digest of the code that draws a figure and saves what it draws."""
    plotting = (f"{PACKAGE}.plotting.{name}" for name in ("rendering", "drawn_data"))
    return code_digest(protocols.figures()[module], *plotting)


def replay_digest(protocol: str) -> str:
    """Return the digest of the code that replays recordings of a protocol."""
    return code_digest(protocols.get(protocol).peer_module or "", f"{PACKAGE}.peers.replays")


def report_digest() -> str:
    """Return the digest of the code that makes the report, with its template, style and script."""
    digest = hashlib.sha256(code_digest(f"{PACKAGE}.reporting.page").encode())
    for path in sorted((_FOLDER / "reporting").glob("page.*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Return the versions of this package and of the libraries that the numbers depend on."""
    return {
        "replasticity_version": __version__,
        **{f"{name}_version": importlib.metadata.version(name) for name in ("numpy", "numba")},
    }


def run_identity(resolved: Resolved, seed: int) -> str:
    """Return a digest of all that the run of one seed depends on: two runs of one identity are the same run."""
    parts = [resolved.digest, seed, simulation_digest(resolved.experiment.protocol), versions()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def attributes(resolved: Resolved, kind: str, command: str) -> dict[str, Any]:
    """Return the global attributes of a file (`datasets.REQUIRED_ATTRIBUTES`), but its own digest.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    kind : {"run", "ensemble"}
        What the file is.
    command : str
        The command line that makes it.

    Returns
    -------
    dict of str to str
        Attributes in the order in which ``ncdump -h`` shows them.
    """
    version = versions()
    return {
        "Conventions": CONVENTIONS,
        "title": f"{resolved.experiment.title} ({kind} of {resolved.name})",
        "source": f"replasticity {version['replasticity_version']}, numba {version['numba_version']}, "
        f"numpy {version['numpy_version']}",
        "references": "; ".join(
            reference.citation + (f" doi:{reference.doi}" if reference.doi else "")
            for reference in resolved.experiment.references
        ),
        "history": command,
        "kind": kind,
        "experiment": resolved.name,
        "protocol": resolved.experiment.protocol,
        "parameters": json.dumps(resolved.values),
        "parameters_digest": resolved.digest,
        "changed_parameters": json.dumps(resolved.changes),
        "code_digest": simulation_digest(resolved.experiment.protocol),
        **version,
    }
