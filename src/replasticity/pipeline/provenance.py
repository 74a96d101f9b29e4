"""What a result depends on, and what a file says of its origin: digests of code and parameters, versions, sources.

Each stage has a digest of the code that it executes, and of no other: that is what decides what is made again.

==========  ========================================================================================================
compile     the compiled modules (equations, models, numerics) that a protocol uses
simulate    the file of the protocol, and `replasticity.study.one_seed`
aggregate   its statistics, and `replasticity.study.ensembles`
evaluate    `replasticity.judging.evaluation`, the statistics, and the file about another simulator's recordings
plot        the figure, and what renders and saves it
replay      the file about recordings, and `replasticity.peers.replays`
report      `replasticity.reporting.page`, with its template, style and script
==========  ========================================================================================================

Each with all that it imports, but for `_CARRIERS`. Comments, docstrings, layout and the wording of errors change no
digest. No file holds a wall-clock time.
"""

import ast
import contextlib
import hashlib
import importlib.metadata
import json
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from replasticity import __version__
from replasticity.definitions.experiments import Experiment, Resolved, read_yaml
from replasticity.errors import UserError
from replasticity.storage import project
from replasticity.storage.datasets import CONVENTIONS, content_of
from replasticity.storage.files import write_bytes
from replasticity.study import protocols

PACKAGE = "replasticity"
_FOLDER = Path(__file__).parents[1]

#: Modules that find, read, check and write, and hand on what they are given: they change no number. What the YAML of an
#: experiment says, and what a file holds, has digests of its own.
_CARRIERS = {
    f"{PACKAGE}.{module}"
    for module in (
        "definitions.configuration",
        "definitions.experiments",
        "definitions.schemas",
        "errors",
        "pipeline.checkpoints",
        "storage.datasets",
        "storage.files",
        "storage.integrity",
        "storage.json_files",
        "storage.project",
        "study.protocols",
        "terminal",
    )
}


class _Module(NamedTuple):
    """A module of this package: those that it imports, and a digest of its code and of the data beside it."""

    imports: list[str]
    code: str


@cache
def _modules() -> dict[str, _Module]:
    """Return all modules of this package by name.

    Reading their code takes longer than most simulations, so what was found is kept, after a digest of it and of all
    sources: what was found for other sources, or was damaged, is found again.
    """
    data = (path for path in _FOLDER.rglob("*.yaml") if path.with_suffix(".py").is_file())
    files = sorted([*_FOLDER.rglob("*.py"), *data])
    sources = hashlib.sha256()
    for path in files:
        sources.update(str(path.relative_to(_FOLDER)).encode() + b"\0" + path.read_bytes() + b"\0")

    def digest_with(content: bytes) -> bytes:
        digest = sources.copy()
        digest.update(content)
        return digest.hexdigest().encode()

    file = project.cache_folder("code") / "modules.json"
    try:
        digest, _, content = file.read_bytes().partition(b"\n")
    except OSError:
        digest, content = b"", b""
    if digest != digest_with(content):
        paths = {_name(path): path for path in files if path.suffix == ".py"}
        content = json.dumps({name: _read(name, path, paths) for name, path in paths.items()}).encode()
        # Where there is no place to write in, it is found again each time.
        with contextlib.suppress(UserError):
            write_bytes(digest_with(content) + b"\n" + content, file)
    return {name: _Module(*found) for name, found in json.loads(content).items()}


def _read(module: str, path: Path, known: Collection[str]) -> _Module:
    """Return what there is to know of a module, with the data beside it, such as ``peer.yaml`` of ``peer.py``."""
    with content_of():
        tree, data = ast.parse(path.read_bytes(), path), path.with_suffix(".yaml")
    values = json.dumps(read_yaml(data), sort_keys=True) if data.is_file() else ""
    return _Module(sorted(_imported(module, tree, known)), _digest(tree, values))


def _name(path: Path) -> str:
    """Return the full name of the module in a file."""
    parts = path.relative_to(_FOLDER).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))


def _imported(module: str, tree: ast.AST, known: Collection[str]) -> Iterator[str]:
    """Yield the modules of this package that some code imports, wherever it does, but not for types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*parents, *filter(None, [node.module])])
            names = (f"{source}.{each.name}" for each in node.names)
            yield from (name if name in known else source for name in names if source in known)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _imported(module, ast.Module(node.orelse, []), known)
        else:
            yield from _imported(module, node, known)


def _digest(tree: ast.Module, data: str = "") -> str:
    """Return a digest of some code, without what changes no result, and its data; the code is changed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc.args = [each for each in node.exc.args if not _is_text(each)]
    return hashlib.sha256(f"{ast.unparse(tree)}\0{data}".encode()).hexdigest()


def _is_text(node: ast.expr) -> bool:
    """Return True if an expression is a text that is written out, with values in it or without."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _with_imported(modules: Iterable[str]) -> set[str]:
    """Return modules and all that they import, directly or not, without carriers and what only those import."""
    known, found, waiting = _modules(), set[str](), list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += set(known[module].imports) - _CARRIERS
    return found


@cache
def code_digest(*modules: str) -> str:
    """Return a digest of some modules and of all modules of this package that they import, but for carriers.

    A result depends on exactly this code, so a changed digest is the reason to make the result again.

    Parameters
    ----------
    *modules : str
        Full names, such as ``"replasticity.studies.zenke2015.protocol"``.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    parts = [(module, _modules()[module].code) for module in sorted(_with_imported(modules))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@cache
def kernels_digest(protocol: str) -> str:
    """Return the digest of the compiled code that a protocol uses."""
    compiler = f"{PACKAGE}.numerics.compilation"
    used = _with_imported([protocols.get(protocol).module])
    return code_digest(*sorted(module for module in used if compiler in _modules()[module].imports))


def compiled_together(protocol: str) -> tuple[str, ...]:
    """Return the protocols that use the same compiled code as this one, itself included, sorted."""
    digest = kernels_digest(protocol)
    return tuple(name for name in protocols.names() if kernels_digest(name) == digest)


def simulation_digest(protocol: str) -> str:
    """Return the digest of the code that makes the runs of a protocol."""
    return code_digest(protocols.get(protocol).module, f"{PACKAGE}.study.one_seed")


def statistics_digest(protocol: str) -> str:
    """Return the digest of the code that summarises the runs of a protocol and gathers their statistics."""
    shared = (f"{PACKAGE}.study.{name}" for name in ("ensembles", "statistics"))
    return code_digest(protocols.get(protocol).statistics_module, *shared)


def evaluation_digest(experiment: Experiment) -> str:
    """Return the digest of the code that judges the claims of an experiment and compares it with its peer."""
    protocol = protocols.get(experiment.protocol)
    peer = [protocol.peer_module] if experiment.peer is not None and protocol.peer_module is not None else []
    return code_digest(f"{PACKAGE}.judging.evaluation", protocol.statistics_module, *peer)


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


def attributes(resolved: Resolved, kind: str, command: str, code: str) -> dict[str, Any]:
    """Return the global attributes of a file (`datasets.REQUIRED_ATTRIBUTES`), but its own digest.

    Parameters
    ----------
    resolved : Resolved
        The experiment.
    kind : {"run", "ensemble"}
        What the file is.
    command : str
        The command line that makes it.
    code : str
        The digest of the code that makes its numbers.

    Returns
    -------
    dict of str to str
        Attributes in the order in which a reader sees them.
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
        "code_digest": code,
        **version,
    }
