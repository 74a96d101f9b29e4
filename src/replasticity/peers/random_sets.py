"""Random sets of parameters in another simulator and in ours: what recordings of chosen sets cannot show.

Parameters are drawn from the ranges of their declarations (`replasticity.definitions.ranges`), the runs are short. The
first set on which the two differ is made smaller until nothing can be left out, and written as a file that anybody can
run again.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ruamel.yaml import YAML

from replasticity.comparison import Deviation
from replasticity.definitions import experiments
from replasticity.definitions.experiments import Resolved
from replasticity.definitions.parameters import Checked, on_grid, varied
from replasticity.definitions.yaml_files import read_yaml, validate
from replasticity.errors import BothEndError, UnsupportedError, UserError
from replasticity.peers import environments, live, replays
from replasticity.storage import files, project
from replasticity.study import protocols

#: What becomes of a set: both runs agree; they differ, or only one of them comes to its end; the simulator has no means
#: for the parameters, or refuses them; or both runs end in a state outside the limits of the model.
Kind = Literal["agrees", "differs", "no means", "neither"]
KINDS: tuple[Kind, ...] = ("agrees", "differs", "no means", "neither")

#: So many values of a parameter are tried until one is allowed beside the others.
TRIES = 5

#: A set's run costs no more than this, as its parameters tell [s, bytes].
MOST_SECONDS, MOST_BYTES = 1.0, 5e8

#: Runs of so many sets are made by one process of the simulator.
IN_ONE_PROCESS = 25

#: A simulator's run of one set is ended after this [s].
TIMEOUT_S = 120.0

#: So many sets are tried beside each study's experiments where it is tested.
IN_GATE = 10


@dataclass(frozen=True)
class RandomSet:
    """A set of parameters.

    Attributes
    ----------
    index : int
        Its number, from 0.
    seed : int
        Seed of the inputs.
    changes : dict of str to Any
        What it changes of the experiment, as plain JSON values; the changes for a short run are among them.
    """

    index: int
    seed: int
    changes: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What has become of a set.

    Attributes
    ----------
    of : RandomSet
        The set.
    kind : {"agrees", "differs", "no means", "neither"}
        What has become of it.
    note : str
        Why, in words; empty if it agrees.
    largest : dict of str to float
        Quantity -> its largest deviation, or the spikes that differ.
    """

    of: RandomSet
    kind: Kind
    note: str
    largest: dict[str, float]


@dataclass(frozen=True)
class Found:
    """How another simulator compares with ours over random sets.

    Attributes
    ----------
    experiment, peer : str
        Name of the experiment that all sets start from; simulator and version, such as ``"NEST 3.10.0"``.
    seed : int
        Seed of the drawing.
    outcomes : list of Outcome
        One for each set.
    """

    experiment: str
    peer: str
    seed: int
    outcomes: list[Outcome]

    @property
    def counts(self) -> dict[Kind, int]:
        """How many sets have become what."""
        found = Counter(each.kind for each in self.outcomes)
        return {kind: found[kind] for kind in KINDS}

    @property
    def first_difference(self) -> Outcome | None:
        """The first set on which the two differ."""
        return next((each for each in self.outcomes if each.kind == "differs"), None)

    @property
    def holds(self) -> bool:
        """Whether the two differ on no set, and agree on one at least."""
        return self.counts["differs"] == 0 and self.counts["agrees"] > 0

    def summary(self) -> dict[str, Any]:
        """Return what was found, JSON-ready; each reason of ``no means`` and ``neither`` once, with its count."""
        largest: dict[str, float] = {}
        for outcome in self.outcomes:
            for name, value in outcome.largest.items():
                if outcome.kind == "agrees":
                    largest[name] = max(largest.get(name, 0.0), value)
        others = Counter((each.kind, _reason(each)) for each in self.outcomes if each.kind in ("no means", "neither"))
        protocol = experiments.load(self.experiment).protocol
        return {
            "experiment": self.experiment,
            "protocol": protocol,
            "peer": self.peer,
            "sets": len(self.outcomes),
            "seed": self.seed,
            **{kind.replace(" ", "_"): count for kind, count in self.counts.items()},
            "holds": self.holds,
            "varied": list(ranges(protocol)),
            "largest": largest,
            "reasons": [{"kind": kind, "reason": why, "sets": count} for (kind, why), count in others.most_common()],
            "differences": [
                {"set": each.of.index, "seed": each.of.seed, "parameters": each.of.changes, "note": each.note}
                for each in self.outcomes
                if each.kind == "differs"
            ],
        }


_NUMBER = re.compile(r"(?<![\w.])-?\d[\d.e+-]*")


def _reason(outcome: Outcome) -> str:
    """Return why a set was not compared, without the numbers that differ from set to set."""
    if outcome.kind == "no means":
        return outcome.note.partition("; ")[0]
    return _NUMBER.sub("...", outcome.note.split(" at ")[0])


class Again(Checked):
    """Content of a file with one set of parameters on which another simulator and ours have differed."""

    experiment: str
    peer: str
    seed: int
    parameters: dict[str, Any]


def ranges(protocol: str) -> dict[str, Any]:
    """Return what the parameters of a protocol are drawn from in random sets, those under ``live: fixed`` apart."""
    known = protocols.get(protocol)
    return {name: each for name, each in varied(known.Parameters).items() if name not in known.live.fixed}


def draw(base: Resolved, seed: int, index: int) -> RandomSet:
    """Return a set of parameters, drawn: any number of the varied ones differ from those of the experiment.

    Parameters
    ----------
    base : Resolved
        The experiment that is changed.
    seed, index : int
        Seed of the drawing, and number of the set: it depends on no other set.
    """
    generator = np.random.default_rng([seed, index])
    known = ranges(base.experiment.protocol)
    # With few changes a difference is easy to understand, and many show how parameters act together.
    share = generator.uniform(0.1, 1.0)
    chosen = [name for name in map(str, generator.permutation(list(known))) if generator.random() < share]
    # Times are put on the grid of the step that is drawn.
    chosen.sort(key=lambda name: name != "dt_ms")
    values = dict(base.values)
    for name in chosen:
        for _ in range(TRIES):
            candidate = on_grid(values | {name: known[name].draw(generator, values[name])}, type(base.parameters))
            if _is_allowed(candidate, base):
                values = candidate
                break
    changed = {name: value for name, value in values.items() if value != base.values[name]}
    return RandomSet(index, int(generator.integers(1, 2**31 - 1)), base.changes | changed)


def _is_allowed(values: Mapping[str, Any], base: Resolved) -> bool:
    try:
        cost = validate(type(base.parameters), values, "random set").cost()
    except UserError:
        return False
    return bool(cost.seconds <= MOST_SECONDS and cost.memory_bytes <= MOST_BYTES)


def compare(
    base: Resolved,
    peer: str,
    sets: Sequence[RandomSet],
    processes: int = 1,
    done: Callable[[int], None] = lambda count: None,
    timeout_s: float = TIMEOUT_S,
) -> list[Outcome]:
    """Return what becomes of sets of parameters in another simulator and in ours.

    Parameters
    ----------
    base : Resolved
        The experiment that they change.
    peer : str
        Name of the simulator, and its version if it is not the usual one.
    sets : sequence of RandomSet
        The sets.
    processes : int
        So many processes of the simulator run at one time.
    done : callable
        Called with a number of sets whenever so many more are compared.
    timeout_s : float
        The simulator's run of one set is ended after this time [s].

    Raises
    ------
    PeerUnavailableError, UserError
        As in `live.runs`, what concerns all sets.
    """
    size = max(1, min(IN_ONE_PROCESS, math.ceil(len(sets) / processes)))
    batches = [sets[first : first + size] for first in range(0, len(sets), size)]
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(processes) as pool:
        try:
            for found in pool.map(lambda batch: _of_batch(base, peer, batch, timeout_s), batches):
                outcomes += found
                done(len(found))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return outcomes


def _of_batch(base: Resolved, peer: str, sets: Sequence[RandomSet], timeout_s: float) -> list[Outcome]:
    jobs: list[live.Job] = []
    possible: list[RandomSet] = []
    found: dict[int, Outcome] = {}
    for each in sets:
        try:
            changed = experiments.resolve(base.name, base.scale, each.changes, experiment=base.experiment)
            jobs.append(live.job(changed, each.seed, peer))
            possible.append(each)
        except UserError as error:
            found[each.index] = Outcome(each, "differs", str(error), {})
    compared = live.compare_all(jobs, peer, timeout_s) if jobs else []
    found |= {each.index: _outcome(each, outcome) for each, outcome in zip(possible, compared, strict=True)}
    return [found[each.index] for each in sets]


def _outcome(of: RandomSet, compared: list[Deviation] | UserError) -> Outcome:
    if isinstance(compared, UnsupportedError):
        return Outcome(of, "no means", str(compared), {})
    if isinstance(compared, BothEndError):
        return Outcome(of, "neither", str(compared), {})
    if isinstance(compared, UserError):
        return Outcome(of, "differs", str(compared), {})
    largest = {row.quantity: float(row.absolute if row.unmatched is None else row.unmatched) for row in compared}
    if replays.holds(compared):
        return Outcome(of, "agrees", "", largest)
    return Outcome(of, "differs", "; ".join(_in_words(row) for row in compared if row.holds is False), largest)


def _in_words(row: Deviation) -> str:
    if row.note:
        return f"{row.quantity}: {row.note}"
    if row.unmatched is not None:
        return f"{row.quantity}: {row.unmatched} of {row.compared} spikes differ"
    return f"{row.quantity}: {row.absolute:.3g} apart ({row.relative:.3g} of its size), allowed: {row.tolerance}"


def search(
    base: Resolved,
    peer: str,
    count: int,
    seed: int,
    processes: int = 1,
    done: Callable[[int], None] = lambda count: None,
    timeout_s: float = TIMEOUT_S,
) -> Found:
    """Return how another simulator compares with ours over so many random sets; other parameters as in `compare`."""
    sets = [draw(base, seed, index) for index in range(count)]
    outcomes = compare(base, peer, sets, processes, done, timeout_s)
    return Found(base.name, environments.environment(peer).label, seed, outcomes)


def smaller(base: Resolved, peer: str, outcome: Outcome, timeout_s: float = TIMEOUT_S) -> Outcome:
    """Return a set of parameters on which the two differ as well, and of which nothing can be left out.

    Parameters
    ----------
    base : Resolved
        The experiment that is changed; its own changes are kept.
    peer : str
        Name of the simulator.
    outcome : Outcome
        The set on which they differ.
    timeout_s : float
        As in `compare`.
    """
    while True:
        tried = [
            RandomSet(index, outcome.of.seed, changes)
            for index, changes in enumerate(_smaller_changes(outcome.of.changes, base))
            if _is_allowed(base.values | changes, base)
        ]
        others = (tried[first : first + IN_ONE_PROCESS] for first in range(0, len(tried), IN_ONE_PROCESS))
        differing = (each for batch in others for each in compare(base, peer, batch, 1, timeout_s=timeout_s))
        found = next((each for each in differing if each.kind == "differs"), None)
        if found is None:
            return outcome
        outcome = replace(found, of=replace(found.of, index=outcome.of.index))


def _smaller_changes(changes: Mapping[str, Any], base: Resolved) -> Iterator[dict[str, Any]]:
    """Yield changes with less in them: one parameter as in the experiment, a shorter list, a rounder number."""
    own = {name: value for name, value in changes.items() if value != base.values[name]}
    for name in own:
        yield base.changes | {each: value for each, value in own.items() if each != name}
    for name, value in own.items():
        if isinstance(value, list) and len(value) > 1:
            for left_out in range(len(value)):
                yield dict(changes) | {name: value[:left_out] + value[left_out + 1 :]}
        for number in _rounder(value):
            yield dict(changes) | {name: number}


def _rounder(value: Any) -> Iterator[float]:
    if isinstance(value, float) and value:
        for digits in (1, 2):
            if (rounder := float(f"{value:.{digits}g}")) != value:
                yield rounder


def again(base: Resolved, peer: str, outcome: Outcome) -> bytes:
    """Return the content of a file that says how to run a set again; its comment says what differed."""
    content = {
        "experiment": base.name,
        "peer": peer,
        "seed": outcome.of.seed,
        # Through JSON: nothing but plain values.
        "parameters": json.loads(json.dumps(outcome.of.changes)),
    }
    text = StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = None
    # In the order of the declarations. The library declares it as None alone.
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 120
    yaml.dump(content, text)
    comment = "".join(f"# {line}\n" for line in outcome.note.split("; "))
    return f"{comment}{text.getvalue()}".encode()


def write_again(base: Resolved, peer: str, outcome: Outcome, path: Path | None = None) -> Path:
    """Write the file of a set that differs, by default under ``results/conform``; return it."""
    name = f"{base.name}-{environments.environment(peer).name}-{outcome.of.seed}.yaml"
    file = path or project.root() / "results" / "conform" / name
    files.write_bytes(again(base, peer, outcome), file)
    return file


def read_again(path: Path) -> tuple[Resolved, str, int]:
    """Return the experiment with a file's parameters, the simulator and the seed.

    Raises
    ------
    UserError
        If the file cannot be read, or something in it is not allowed.
    """
    content: Again = validate(Again, read_yaml(path), path)
    changed_by = f"{project.shown(path)}: parameters"
    return experiments.resolve(content.experiment, "quick", content.parameters, changed_by=changed_by), *(
        content.peer,
        content.seed,
    )


def gate(protocol: str, seed: int = 1) -> list[Found]:
    """Return what becomes of a few random sets of a protocol in all simulators that can run it.

    They start from its first experiment for which a simulator has means.

    Raises
    ------
    PeerUnavailableError, UserError
        As in `live.gate`.
    """
    return [_few(protocol, peer, seed) for peer in live.peers_of(protocol) if ranges(protocol)]


def _few(protocol: str, peer: str, seed: int) -> Found:
    *others, last = experiments.of_protocol(protocol)
    for name in others:
        found = search(live.shortened(name), peer, IN_GATE, seed)
        if found.counts["no means"] < IN_GATE:
            return found
    return search(live.shortened(last), peer, IN_GATE, seed)
