"""What a result depends on, and what a file says of its origin: digests of code and parameters, versions, sources.

Each stage has a digest of the code that it executes, and of no other: that is what decides what is made again.

==========  ========================================================================================================
compile     the compiled modules (equations, models, numerics) that a protocol uses
simulate    the file of the protocol, and `replasticity.study.one_seed`
aggregate   its statistics, and `replasticity.study.ensembles`
evaluate    `replasticity.judging.evaluation`, the statistics, and the file about another simulator's recordings
plot        the figure, and what renders and saves it
replay      the file about recordings, and `replasticity.peers.replays`
conform     the files for other simulators, and `replasticity.peers.live`
report      `replasticity.reporting.page`, with its template, style and script
==========  ========================================================================================================

Each with all that it imports, but for `_CARRIERS`, and with the tables of measured values that it reads. A study
outside this package may import code of its user from anywhere, which counts as well; of a library its version does.
Comments, docstrings, layout and the wording of errors change no digest. No file holds a wall-clock time.
"""

import ast
import contextlib
import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from replasticity import __version__
from replasticity.definitions.experiments import Experiment, Resolved
from replasticity.definitions.yaml_files import read_yaml
from replasticity.errors import UserError
from replasticity.storage import places, project
from replasticity.storage.datasets import CONVENTIONS, content_of
from replasticity.storage.files import write_bytes
from replasticity.study import data, protocols

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
        "definitions.yaml_files",
        "errors",
        "storage.datasets",
        "storage.files",
        "storage.integrity",
        "storage.json_files",
        "storage.lookups",
        "storage.places",
        "storage.project",
        "study.protocols",
        "terminal",
    )
}


class _Module(NamedTuple):
    """A module: those that it imports, and a digest of its code and of the data beside it."""

    imports: list[str]
    code: str


class _Read(NamedTuple):
    """What a module's file says: of each import the names that it may be, the longest first, and that digest.

    Python's own modules are not among them.
    """

    imports: list[list[str]]
    code: str


@cache
def _modules() -> dict[str, _Module]:
    """Return all modules of this package and of the studies outside by name, and what those import from elsewhere."""
    kept = _kept()
    ours = {_name(path): path for path in sorted(_FOLDER.rglob("*.py"))}
    paths = dict(ours)
    for study, folder in places.studies().items():
        parent = f"{PACKAGE}.studies.{study}"
        if parent not in ours:
            paths |= {_name(path, folder, parent): path for path in sorted(folder.rglob("*.py"))}
    found, used = dict[str, _Read](), dict[str, _Read]()
    libraries: dict[str, str] = {}
    waiting = list(paths)
    while waiting:
        module = waiting.pop()
        key = _key(module, paths[module])
        found[module] = used[key] = kept.get(key) or _read(module, paths[module])
        for names in found[module].imports if module not in ours else ():
            sources, version = _elsewhere(tuple(names))
            libraries |= version
            waiting += sources.keys() - paths.keys()
            paths |= sources
    if used != kept:
        _keep(used)
    if libraries:
        # Of those that this package uses itself, a file names the ones that its numbers depend on: see `versions`.
        shared = {names[0].partition(".")[0] for module in ours for names in found[module].imports}
        found |= {name: _Read([], version) for name, version in libraries.items() if name not in shared}
    return {
        name: _Module(sorted({each for names in read.imports for each in _imports(names, found)}), read.code)
        for name, read in found.items()
    }


def _key(module: str, path: Path) -> str:
    """Return a digest of a module's name, its file, and the data beside it."""
    digest = hashlib.sha256(module.encode() + b"\0" + path.read_bytes())
    for file in (path.with_suffix(".yaml"), *sorted((path.parent / data.FOLDER).glob("*.yaml"))):
        digest.update(b"\0" + file.name.encode() + b"\0" + (file.read_bytes() if file.is_file() else b""))
    return digest.hexdigest()


def _kept_file() -> Path:
    return project.cache_folder("code") / "modules.json"


def _kept() -> dict[str, _Read]:
    """Return what was found earlier, by `_key`: finding it takes longer than most simulations. Empty if damaged."""
    try:
        digest, _, content = _kept_file().read_bytes().partition(b"\n")
    except OSError:
        return {}
    sound = digest == hashlib.sha256(content).hexdigest().encode()
    return {key: _Read(*read) for key, read in json.loads(content).items()} if sound else {}


def _keep(used: dict[str, _Read]) -> None:
    content = json.dumps(used, sort_keys=True).encode()
    # Where there is no place to write in, it is found again each time.
    with contextlib.suppress(UserError):
        write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content, _kept_file())


def _read(module: str, path: Path) -> _Read:
    """Return what a module's file says, with the data beside it, such as ``peer.yaml`` of ``peer.py``."""
    if path.suffix != ".py":
        return _Read([], hashlib.sha256(path.read_bytes()).hexdigest())
    with content_of():
        tree = ast.parse(path.read_bytes(), path)
    # Inside a package's own file, "." is the package.
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    imported = [
        names for names in _imported(package, tree) if names[-1].partition(".")[0] not in sys.stdlib_module_names
    ]
    files = [path.with_suffix(".yaml"), *_tables(tree, path, imported)]
    contents = [read_yaml(file) for file in files if file.is_file()]
    for content in contents:
        # How simulators beside ours are compared concerns no recording: see `conformance_digest`.
        content.pop("live", None)
    return _Read(imported, _digest(tree, "\0".join(json.dumps(each, sort_keys=True) for each in contents)))


def _tables(tree: ast.AST, path: Path, imported: Iterable[list[str]]) -> list[Path]:
    """Return the files of the tables that a module reads by ``data.read(__file__, NAME)``.

    Where a module that can read tables does anything else with ``__file__``, these are all tables of its study.
    """
    known, uses = set[str](), 0
    for node in ast.walk(tree):
        uses += isinstance(node, ast.Name) and node.id == "__file__"
        match node:
            case ast.Call(args=[ast.Name(id="__file__")], keywords=[]):
                # recordings.read(__file__)
                uses -= 1
            case ast.Call(args=[ast.Name(id="__file__"), ast.Constant(value=str(name))], keywords=[]):
                known.add(name)
                uses -= 1
    if uses and any(data.__name__ in (name, name.rpartition(".")[0]) for names in imported for name in names):
        return sorted((path.parent / data.FOLDER).glob("*.yaml"))
    return sorted(data.path_of(path, name) for name in known)


def _name(path: Path, folder: Path = _FOLDER, parent: str = PACKAGE) -> str:
    """Return the full name of the module in a file below the folder of a package."""
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join((parent, *(part for part in parts if part != "__init__")))


def _imported(package: str, tree: ast.AST) -> Iterator[list[str]]:
    """Yield of each import of some code, wherever it is but for types only, the names that a module may have."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ([each.name] for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = package.split(".")
            parents = names[: len(names) + 1 - node.level] if node.level else []
            source = ".".join([*parents, *filter(None, [node.module])])
            yield from ([f"{source}.{each.name}", source] for each in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _imported(package, ast.Module(node.orelse, []))
        else:
            yield from _imported(package, node)


def _imports(names: list[str], known: Mapping[str, Any]) -> set[str]:
    """Return the known modules that one import runs, given the names that it may be."""
    module = next((each for each in names if each in known), names[0])
    if module.partition(".")[0] == PACKAGE:
        # Not the packages that it is in: the page of a study makes nothing.
        return {module} & known.keys()
    return known.keys() & _with_parents(module)


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


@cache
def _elsewhere(names: tuple[str, ...]) -> tuple[dict[str, Path], dict[str, str]]:
    """Return what a study outside imports that is no part of this package, given the names that it may have.

    Returns
    -------
    dict of str to Path
        Module -> file, with the packages that it is in: the user's own code.
    dict of str to str
        Library -> its version. What lies in ``site-packages`` is one, but for the packages behind entry points.
    """
    first = names[0].partition(".")[0]
    if first == PACKAGE:
        return {}, {}
    spec = places.spec_of(first)
    if spec is None:
        # Its absence is reported where it is imported; a study may do without.
        return {}, {}
    lies = Path(spec.origin or next(iter(spec.submodule_search_locations or ()), ""))
    if {"site-packages", "dist-packages"} & set(lies.parts) and first not in places.packages_with_studies():
        distributions = importlib.metadata.packages_distributions().get(first, ())
        return {}, {first: ", ".join(f"{each} {importlib.metadata.version(each)}" for each in sorted(distributions))}
    module = next((each for each in names if places.spec_of(each)), first)
    specs = {each: places.spec_of(each) for each in _with_parents(module)}
    return {each: Path(spec.origin) for each, spec in specs.items() if spec and spec.has_location and spec.origin}, {}


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


def with_imported(modules: Iterable[str]) -> set[str]:
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
    parts = [(module, _modules()[module].code) for module in sorted(with_imported(modules))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@cache
def kernels_digest(protocol: str) -> str:
    """Return the digest of the compiled code that a protocol uses."""
    compiler = f"{PACKAGE}.numerics.compilation"
    used = with_imported([protocols.get(protocol).module])
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


def conformance_digest(protocol: str) -> str:
    """Return the digest of the code and the bounds that compare a protocol with other simulators beside ours."""
    known = protocols.get(protocol)
    package = known.module.rpartition(".")[0]
    # They may run one another: all of the study.
    folders = {path.parent for path in known.live_peers.values()}
    files = (f"{package}.{path.stem}" for folder in folders for path in sorted(folder.glob("*peer_*.py")))
    parts = [
        code_digest(f"{PACKAGE}.peers.live", *files),
        simulation_digest(protocol),
        known.live.model_dump_json(exclude={"ensembles", "ensemble_parameters"}),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def peer_ensemble_digest(protocol: str) -> str:
    """Return the digest of the code that makes another simulator's ensemble of a protocol."""
    parts = [
        conformance_digest(protocol),
        statistics_digest(protocol),
        code_digest(f"{PACKAGE}.peers.ensembles", protocols.get(protocol).peer_module or ""),
        protocols.get(protocol).live.ensemble_parameters,
        protocols.get(protocol).require_peer().data.summary,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


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
