"""The gates: what every study passes without a test of its own. Each says what is wrong, in which file, and the remedy.

What a stranger's study has to have is what ours have, but for the page of its equations: ours name a page of
``docs/models``, a stranger's names a page (``*.md``) in its own folder, or cites the publication by its DOI.
"""

import importlib
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.definitions.parameters import Checked
from replasticity.definitions.seeds import seed_list_of, seed_ranges
from replasticity.errors import PeerUnavailableError, UserError
from replasticity.pipeline import provenance, simulation
from replasticity.storage import project
from replasticity.storage.contract import require_defined
from replasticity.study import protocols
from replasticity.testing.subjects import Finding, NothingToCheckError, Study
from replasticity.units import near_unit, unit_of

Check = Callable[[Study], Iterator[Finding]]


@dataclass(frozen=True)
class Gate:
    """A gate.

    Attributes
    ----------
    name : str
        In a word.
    says : str
        What holds of a study that passes it.
    check : callable
        Takes a `Study` and yields a `Finding` for all that is wrong.
    is_slow : bool
        Whether it may take more than ten seconds.
    """

    name: str
    says: str
    check: Check
    is_slow: bool = False


#: All gates in the order in which a reader meets what they look at.
GATES: list[Gate] = []


def _gate(name: str, says: str, is_slow: bool = False) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        GATES.append(Gate(name, says, check, is_slow))
        return check

    return add


#: Files of a study, apart from those of a protocol called NAME: NAME.py, NAME_model.py, NAME_statistics.py, ...
PARTS = ("model", "statistics", "figure", "peer")

#: Longest first page of a study [lines].
LONGEST_PAGE = 40


@_gate("files", "the folder has the files that a reader expects, and no others")
def _files(study: Study) -> Iterator[Finding]:
    modules = {path.stem for path in study.folder.glob("*.py")} - {"__init__"}
    own = {name.removesuffix("_statistics") for name in modules if name.endswith("_statistics")}
    known = {"protocol", "shared", "conftest", *PARTS, *own} | {f"{name}_{part}" for name in own for part in PARTS}
    peers = tuple(f"{prefix}peer_" for prefix in ("", *(f"{name}_" for name in own)))
    for name in sorted(modules - known):
        if not name.startswith(("test_", *peers)):
            remedy = f"a reader expects {', '.join(f'{part}.py' for part in ('protocol', *PARTS))}; what files of the "
            yield Finding(study.file(f"{name}.py"), "not a file of a study", f"{remedy}study share is in shared.py")
    if not study.protocols:
        wrong = "no protocol: there has to be protocol.py with statistics.py, or NAME.py with NAME_statistics.py"
        yield Finding(study.folder, wrong)
    if not study.experiments:
        yield Finding(study.file("experiments"), "no experiment", "NAME.yaml in it says what is simulated")


@_gate("page", f"__init__.py is a page of at most {LONGEST_PAGE} lines, and leads to the equations")
def _page(study: Study) -> Iterator[Finding]:
    file = study.file("__init__.py")
    page = importlib.import_module(f"replasticity.studies.{study.name}").__doc__
    if not page:
        yield Finding(file, "no docstring", "it is the page that says what the paper shows, and its symbols")
        return
    lines = len(page.splitlines())
    if lines > LONGEST_PAGE:
        yield Finding(file, f"a page of {lines} lines", f"at most {LONGEST_PAGE}")
    named = re.findall(r"[\w./-]+\.md\b", page)
    # A clone has the pages of its models; an installed package does not.
    places = [study.folder, *(folder for folder in study.folder.parents[2:4] if study.is_ours)]
    for name in named:
        if not any((place / name).is_file() for place in places) and not (study.is_ours and not _clone(study)):
            yield Finding(
                file, f"names {name}, which is not there", "it stands beside it, or in docs/models of a clone"
            )
    if study.is_ours and not any(name.startswith("docs/models/") for name in named):
        yield Finding(file, "names no page of docs/models", "name the page with its equations")
    elif not named and not re.search(r"\b10\.[0-9.]+/\S", page):
        remedy = "name a page such as equations.md in this folder, or the DOI of the publication that has them"
        yield Finding(file, "leads to no equations", remedy)


def _clone(study: Study) -> bool:
    return (study.folder.parents[3] / "docs" / "models").is_dir()


@_gate("experiments", "each YAML file is valid, and lies with its protocol and its figure")
def _experiments(study: Study) -> Iterator[Finding]:
    if not study.experiments:
        raise NothingToCheckError("no experiments")
    used, is_broken = set(), False
    for name in study.experiments:
        try:
            experiment = study.experiment(name)
        except UserError as error:
            yield Finding("", str(error))
            is_broken = True
            continue
        used.add(experiment.protocol)
        if not study.has(protocols.get(experiment.protocol).module):
            remedy = "move it there, or to config/experiments"
            yield Finding(study.file_of(name), f"protocol {experiment.protocol} is of another study", remedy)
        if experiment.figure is not None and not study.has(protocols.figures()[experiment.figure.module]):
            wrong = f"figure {experiment.figure.module} is of another study"
            yield Finding(study.file_of(name), wrong, "let the figure's own experiment name this one under 'beside'")
    # A file that cannot be read may be of any protocol.
    for name in sorted(study.protocols.keys() - used if not is_broken else ()):
        yield Finding(study.file("experiments"), f"no experiment of protocol {name}", "add a YAML file for it")


#: What stands for a source that is still to be written.
_NO_SOURCE = re.compile(r"[?.\-]*|to ?do\b.*|tbd\b.*|fixme\b.*|unknown|none|n/a", re.IGNORECASE)

#: What stands for a publication nowhere.
_NOWHERE = re.compile(r"ours?\b.*|(the|this) paper|paper|publication", re.IGNORECASE)


@_gate("sources", "each value has a source, and each published claim a place in the publication")
def _sources(study: Study) -> Iterator[Finding]:
    for name in study.experiments:
        experiment, file = study.experiment(name), study.file_of(name)
        for parameter, each in experiment.parameters.model_dump(mode="json").items():
            if _NO_SOURCE.fullmatch(each["source"]):
                remedy = "say where it stands, such as 'Table 1', or 'ours: why'"
                yield Finding(file, f"parameters.{parameter}: source '{each['source']}' is none", remedy)
        for claim in experiment.claims:
            nowhere = claim.kind == "published" and _NOWHERE.fullmatch(claim.source)
            if nowhere or _NO_SOURCE.fullmatch(claim.source):
                remedy = "say where, such as 'Results, Fig. 2B', or let kind be 'ours'"
                yield Finding(file, f"claims.{claim.id}: source '{claim.source}' is no place", remedy)


#: Seeds that bounds may be chosen by are below this one, and those that test the claims are not.
_FIRST_TESTING_SEED = 1001


@_gate("claims", "each claim can be tested, on seeds that its bounds were not chosen by")
def _claims(study: Study) -> Iterator[Finding]:
    from replasticity.judging.claims import seeds_needed

    claims = [claim for name in study.experiments for claim in study.experiment(name).claims]
    if not claims:
        raise NothingToCheckError("no claims")
    for name in study.experiments:
        experiment, file = study.experiment(name), study.file_of(name)
        protocol = protocols.get(experiment.protocol)
        seeds = experiments.resolve(name, "full", experiment=experiment).seeds
        seen = set(seed_list_of(experiment.seeds_seen)) if experiment.seeds_seen else set()
        if late := sorted(seed for seed in seen if seed >= _FIRST_TESTING_SEED):
            wrong = f"seeds_seen: {seed_ranges(late)} had been looked at"
            yield Finding(file, wrong, f"choose bounds by seeds below {_FIRST_TESTING_SEED}, and test on those from it")
        elif experiment.claims and (both := sorted(seen & set(seeds))):
            wrong = f"seeds {seed_ranges(both)} had been looked at (seeds_seen), so they test no claim"
            yield Finding(file, wrong, f"let first_seed be {_FIRST_TESTING_SEED}")
        for claim in experiment.claims:
            if (claim.test == "exact_in_range") != protocol.is_deterministic:
                what = "nothing is random" if protocol.is_deterministic else "seeds differ"
                allowed = "exact_in_range" if protocol.is_deterministic else "mean_in_range, seeds_in_range"
                yield Finding(file, f"claims.{claim.id}: test {claim.test}, but {what}", f"allowed here: {allowed}")
            elif claim.share is not None and len(seeds) < (needed := seeds_needed(claim.share, len(experiment.claims))):
                wrong = f"claims.{claim.id}: {len(seeds)} seeds at scale full can never show a share of {claim.share:g}"
                yield Finding(file, wrong, f"it takes {needed}")


@_gate("quantities", "each parameter, variable and statistic is described, and in a unit that is known")
def _quantities(study: Study) -> Iterator[Finding]:
    for protocol in study.protocols.values():
        file = _file_of(protocol.module, study)
        if not issubclass(protocol.Parameters, Checked):
            yield Finding(file, "Parameters is not checked", "it has to be a subclass of TimeGrid, or Parameters")
            continue
        for name, field in protocol.Parameters.model_fields.items():
            if not field.description:
                yield Finding(file, f"parameter {name} has no description", "declare it by quantity('its meaning')")
        contracts = ((file, protocol.RUN), (_file_of(protocol.statistics_module, study), protocol.STATISTICS))
        for where, contract in contracts:
            for name in (name for name, variable in contract.items() if not variable.long_name):
                yield Finding(where, f"{name} has no description", "say its meaning in one line")
        for where, names in ((file, protocol.Parameters.model_fields), *contracts):
            for name in names:
                if meant := near_unit(name):
                    wrong = f"{name} ends in no unit that is known (it would be '{unit_of(name)}')"
                    yield Finding(where, wrong, f"did you mean {' or '.join(f'_{each}' for each in meant)}?")


@_gate("names", "the Python interface can name each quantity")
def _names(study: Study) -> Iterator[Finding]:
    import replasticity as rp
    from replasticity.interface import stacking

    of_interface = {"seed", "dimension", stacking.LENGTH}
    asked = set(inspect.signature(rp.run).parameters) | of_interface - {"seed"}
    for protocol in study.protocols.values():
        parts = ((protocol.module, protocol.RUN), (protocol.statistics_module, protocol.STATISTICS))
        for module, contract in parts:
            dimensions = {name for variable in contract.values() for name in variable.dimensions}
            for name in sorted(({*contract} | dimensions) & of_interface):
                yield Finding(_file_of(module, study), f"'{name}' is a name of the interface", "give it another name")
        for name in sorted(set(protocol.Parameters.model_fields) & asked):
            wrong = f"parameter '{name}' is an argument of rp.run"
            yield Finding(_file_of(protocol.module, study), wrong, "give it another name")


@_gate("run", "a run holds what its contract says: names, types, dimensions, finite numbers")
def _run(study: Study) -> Iterator[Finding]:
    for protocol, resolved in study.each_shortest():
        run, contract, file = study.run(resolved, 1), protocol.RUN, _file_of(protocol.module, study)
        for name, variable in contract.items():
            if name not in run and not variable.optional:
                wrong = f"RUN has {name}, but neither sample_inputs nor simulate gives it"
                yield Finding(file, wrong, "give it, or let it be optional=True")
        for name, array in run.items():
            if array.dtype != contract[name].dtype or array.ndim != len(contract[name].dimensions):
                wrong = f"{name} is {array.dtype} with {array.ndim} dimensions; RUN says {contract[name].dtype}, "
                yield Finding(file, f"{wrong}{contract[name].dimensions}", "build(RUN, ...) gives what RUN says")


@_gate("statistics", "statistics are as declared: types, shapes, finite unless undefined")
def _statistics(study: Study) -> Iterator[Finding]:
    for protocol, resolved in study.each_shortest():
        file = _file_of(protocol.statistics_module, study)
        if not protocol.STATISTICS:
            yield Finding(file, "no statistic", "a function under @statistic is one")
        sizes = protocol.sizes(resolved.parameters)
        found = protocol.summarise(resolved.parameters, study.run(resolved, 1))
        require_defined(protocol.STATISTICS, found, project.shown(file))
        for name, values in found.items():
            declared = tuple(sizes[each] for each in protocol.STATISTICS[name].dimensions)
            if values.shape != declared:
                wrong = f"{name} has shape {values.shape}, DIMENSIONS says {declared}"
                yield Finding(file, wrong, "they have to agree")


@_gate("bytes", "an experiment and a seed give the same bytes twice, and another seed others")
def _bytes(study: Study) -> Iterator[Finding]:
    for protocol, resolved in study.each_shortest():
        file = _file_of(protocol.module, study)
        with tempfile.TemporaryDirectory(prefix="replasticity-") as temporary:
            first, second = Path(temporary, "a.nc"), Path(temporary, "b.nc")
            for path in (first, second):
                simulation.write_run(resolved, 1, path)
            if first.read_bytes() != second.read_bytes():
                remedy = "take all randomness from random.generator(seed, role), and change no global or input"
                yield Finding(file, "two runs of one seed differ", remedy)
        if not protocol.is_deterministic:
            one, other = (protocol.sample_inputs(resolved.parameters, seed) for seed in (1, 2))
            if one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one):
                remedy = "use the seed, or leave sample_inputs out: then nothing is random"
                yield Finding(file, "sample_inputs gives seeds 1 and 2 the same", remedy)


#: A run without a compiler ends after this time on the processor [s].
_LONGEST_INTERPRETED_S = 120.0


@_gate("compiled", "compiled code gives what the same code gives in Python", is_slow=True)
def _compiled(study: Study) -> Iterator[Finding]:
    for protocol, compiled in study.each_shortest():
        file = _file_of(protocol.module, study)
        changes = compiled.changes | dict(protocol.SHORTEST_IN_PYTHON)
        resolved = experiments.resolve(compiled.name, "quick", changes, changed_by=f"{file.name}: SHORTEST_IN_PYTHON")
        with tempfile.TemporaryDirectory(prefix="replasticity-") as temporary:
            output = Path(temporary, "run.npz")
            command = [sys.executable, "-W", "ignore", "-m", "replasticity.testing.interpreted"]
            finished = subprocess.run(
                [*command, resolved.name, json.dumps(changes), str(output), str(_LONGEST_INTERPRETED_S)],
                capture_output=True,
                text=True,
                # What this process has found, that one finds.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            if finished.returncode == -signal.SIGPROF:
                wrong = f"takes more than {_LONGEST_INTERPRETED_S:g} s in Python, without a compiler"
                yield Finding(file, wrong, "let SHORTEST, or SHORTEST_IN_PYTHON, shorten the run")
                continue
            if finished.returncode:
                said = (finished.stderr.strip().splitlines() or ["ended"])[-1]
                yield Finding(file, f"in Python, without a compiler: {said}")
                continue
            with np.load(output) as interpreted:
                yield from _different(dict(interpreted), study.run(resolved, 1), file)


def _different(interpreted: dict[str, np.ndarray], compiled: dict[str, np.ndarray], file: Path) -> Iterator[Finding]:
    remedy = "integers that overflow, indices out of range and uninitialised arrays do this"
    for name in sorted(interpreted.keys() | compiled.keys()):
        if name not in interpreted or name not in compiled:
            yield Finding(file, f"{name} is there only {'in Python' if name in interpreted else 'compiled'}", remedy)
        elif not np.array_equal(interpreted[name], compiled[name], equal_nan=interpreted[name].dtype.kind == "f"):
            yield Finding(file, f"{name} differs between compiled code and the same code in Python", remedy)


@_gate("digests", "each stage has a digest of its own: an edit makes again what it concerns, and no more")
def _digests(study: Study) -> Iterator[Finding]:
    others = {name: protocols.get(name).statistics_module for name in protocols.names()}
    for name, protocol in study.protocols.items():
        file = _file_of(protocol.module, study)
        if provenance.simulation_digest(name) == provenance.kernels_digest(name):
            yield Finding(
                file, "simulation and kernels have one digest", "kernels belong to model.py, not to this file"
            )
        executed = provenance.with_imported([protocol.statistics_module])
        for module in sorted(executed & ({*others.values()} - {protocol.statistics_module})):
            where = _file_of(protocol.statistics_module, study)
            remedy = "put what both use into NAME_statistics.py of its own, or shared.py"
            yield Finding(where, f"imports {module}, the statistics of another protocol", remedy)
        if protocol.statistics_module in provenance.with_imported([protocol.module]):
            yield Finding(
                file, "imports its statistics, whose edit would simulate again", "put what both use elsewhere"
            )


@_gate("figure", "the figure is drawn from one seed and from several, each panel lettered, and saved as data")
def _figure(study: Study) -> Iterator[Finding]:
    shown = [name for name in study.experiments if study.experiment(name).figure is not None]
    if not shown:
        raise NothingToCheckError("no experiment has a figure")
    for name in shown:
        resolved = study.shortest(name)
        is_deterministic = protocols.get(resolved.experiment.protocol).is_deterministic
        for seeds in ([1],) if is_deterministic else ([1], [1, 2, 3]):
            yield from _drawn(study, resolved, seeds)


def _drawn(study: Study, resolved: Resolved, seeds: list[int]) -> Iterator[Finding]:
    """Yield what is wrong with the figure of an experiment, drawn from some seeds of it alone."""
    from replasticity.plotting import drawn_data, rendering
    from replasticity.storage import datasets

    declared = resolved.experiment.figure
    assert declared is not None, "of those that have one"
    module = protocols.figures()[declared.module]
    file = _file_of(module, study)
    ensembles = {"main": study.ensemble(resolved, seeds)}
    figure = rendering.plot(module, ensembles)
    said = f"drawn from {len(seeds)} seed{'s' * (len(seeds) > 1)}"
    letters = sorted(label for axes in figure.axes if len(label := str(axes.get_label())) == 1)
    # Panels of experiments beside it are left out where these are not there.
    in_order = [chr(ord("a") + k) for k in range(len(letters))]
    if not letters or (letters != in_order and not declared.beside):
        wrong = f"{said}: panels are lettered {', '.join(letters) or 'not at all'}"
        yield Finding(file, wrong, "look.letter(axes, 'a', 'title') for each, from a on")
    with tempfile.TemporaryDirectory(prefix="replasticity-") as temporary:
        try:
            drawn = drawn_data.collect(figure, resolved.name, ensembles)
        except (TypeError, ValueError) as error:
            yield Finding(file, f"{said}: cannot be saved as data: {error}")
            return
        datasets.write(drawn, Path(temporary, "figure.nc"))
        rendering.save(figure, Path(temporary, "figure.svg"))


#: Recordings of more simulated time are replayed by `replasticity replay` [ms].
_LONGEST_RECORDING_MS = 10_000.0


@_gate("recordings", "recordings of other simulators replay")
def _recordings(study: Study) -> Iterator[Finding]:
    from replasticity.peers import replays

    found = replays.recordings(list(study.protocols), _LONGEST_RECORDING_MS)
    if not found:
        raise NothingToCheckError("no recordings of another simulator, or only long ones")
    for path in found.values():
        _, deviations = replays.replay(project.root() / path)
        if not replays.holds(deviations):
            wrong = ", ".join(row.quantity for row in deviations if row.holds is False) or "nothing could be compared"
            yield Finding(path, f"does not replay: {wrong}", f"'python -m replasticity replay {path}' shows more")


@_gate("peer", "simulators that run beside ours agree", is_slow=True)
def _peer(study: Study) -> Iterator[Finding]:
    files = sorted(study.folder.glob("*peer_*.py"))
    if not files:
        raise NothingToCheckError("no simulator runs beside ours")

    from replasticity.peers import live, random_sets

    for protocol in study.protocols:
        try:
            conformances, random = live.gate(protocol), random_sets.gate(protocol)
        except PeerUnavailableError as error:
            raise NothingToCheckError(str(error)) from error
        for conformance in conformances:
            if not conformance.holds:
                remedy = f"'python -m replasticity conform {conformance.experiment}' shows more"
                yield Finding(files[0], f"{conformance.peer} does not agree on {conformance.experiment}", remedy)
        for found in random:
            if found.first_difference is not None:
                wrong = (
                    f"{found.peer} differs on random parameters of {found.experiment}: {found.first_difference.note}"
                )
                sets = f"--random {random_sets.IN_GATE} --seed {found.seed}"
                remedy = f"'python -m replasticity conform {found.experiment} {sets}' makes the parameters fewer"
                yield Finding(files[0], wrong, remedy)


#: References are compared with a run of their first seed, the shortest runs first, as long as all of these together
#: take no longer [s], as their parameters tell. `replasticity check` compares all seeds.
_LONGEST_RUNS_S = 1.0


@_gate("reference", "the reference statistics are there, and a run agrees with them")
def _reference(study: Study) -> Iterator[Finding]:
    from replasticity.judging import regression

    left_s = _LONGEST_RUNS_S
    references = ((file, each) for name in study.experiments for file, each in study.references(name).items())
    for file, resolved in sorted(references, key=lambda each: each[1].parameters.cost().seconds):
        name, seconds = resolved.name, resolved.parameters.cost().seconds
        scale = f"--scale {resolved.canonical_scale}"
        accept = f"'python -m replasticity accept-reference {name} {scale}'"
        if not file.is_file():
            remedy = f"once the results are as they should be: {accept}"
            yield Finding(file, "no reference statistics", remedy, is_missing=True)
            continue
        reference = regression.read_reference(resolved)
        if reference["parameters_digest"] != resolved.digest:
            changed = [key for key, value in resolved.values.items() if reference["parameters"].get(key) != value]
            wrong = f"of other parameters than the experiment has: {', '.join(changed)}"
            yield Finding(file, wrong, f"{accept} renews it")
        elif seconds <= left_s:
            left_s -= seconds
            outcome = regression.check(resolved, study.ensemble(resolved, reference["seeds"][:1]))
            if not outcome.passes:
                moved = ", ".join(row.label for row in outcome.moved[:3])
                wrong = f"seed {reference['seeds'][0]} gives other statistics now: {moved}"
                yield Finding(file, wrong, f"if that is meant, {accept} renews it")


def _file_of(module: str, study: Study) -> Path:
    """Return the file of a module of a study."""
    return study.file(f"{module.rpartition('.')[2]}.py")
