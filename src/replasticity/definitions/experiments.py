"""Experiments: named parameter sets of a protocol, from ``experiments/`` of the studies and ``config/experiments``.

`load` reads and checks one file; `resolve` picks a scale, applies changes from the command line and
returns what a simulation needs. Every error names the file, the key and what is allowed.
"""

import hashlib
import json
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field, create_model, field_validator, model_validator

from replasticity.definitions.parameters import Checked, Cost, NonNegativeInt, Parameters, PositiveInt, output_options
from replasticity.definitions.robustness import Robustness, require_movable
from replasticity.definitions.seeds import SeedCount, SeedNumbers, SeedRanges, distinct_seeds, seed_list
from replasticity.definitions.yaml_files import Doi, Text, near, read_yaml, validate
from replasticity.errors import UserError
from replasticity.storage import datasets, lookups, places, project
from replasticity.study import protocols

#: Names become parts of file names and of modules, so they cannot lead out of a folder.
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
ScaleName = Literal["quick", "standard", "full"]
SCALES: tuple[ScaleName, ...] = get_args(ScaleName)


class Sourced(Checked):
    """A parameter's value, and where it comes from."""

    value: Any
    source: Text


class Scale(Checked):
    """How large an experiment is at one scale: its seeds, and parameters that differ from the full ones.

    With 0 seeds the scale leaves the experiment out.
    """

    seeds: SeedCount | SeedNumbers
    parameters: dict[str, Any] = Field({})

    _distinct = field_validator("seeds")(distinct_seeds)


class Scales(Checked):
    """The three scales: quick (first contact, CI), standard (the default) and full."""

    quick: Scale
    standard: Scale
    full: Scale

    def all(self) -> tuple[Scale, Scale, Scale]:
        """Return the scales in the order of their size."""
        return self.quick, self.standard, self.full


class Reference(Checked):
    """A publication."""

    citation: Text
    doi: Doi | None = None


#: What a claim is: a sentence of the publication, a finding of ours, or a number that was recorded and has to stay.
Kind = Literal["published", "ours", "regression"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Claim(Checked):
    """A statement made testable.

    ``mean_in_range``: the mean over seeds lies in [lower, upper].
    ``seeds_in_range``: at least the claimed ``share`` of seeds has a value in [lower, upper].
    ``exact_in_range``: for experiments without randomness: the value itself lies in [lower, upper], no statistics.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    kind: Kind
    statement: Text
    source: Text
    statistic: Text
    at: dict[str, NonNegativeInt] = Field({})
    test: Literal["mean_in_range", "seeds_in_range", "exact_in_range"]
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    lower: float | None = None
    upper: float | None = None
    why_this_bound: Text
    refuted_if: Text

    @model_validator(mode="after")
    def _has_a_range(self) -> "Claim":
        if self.lower is None and self.upper is None:
            raise ValueError("'lower', 'upper' or both are needed")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError("'lower' has to be less than 'upper'")
        return self

    @model_validator(mode="after")
    def _has_a_share_if_it_is_about_one(self) -> "Claim":
        if (self.share is not None) != (self.test == "seeds_in_range"):
            raise ValueError("'share' is needed with 'seeds_in_range', and only there")
        if self.kind == "regression" and self.test != "exact_in_range":
            raise ValueError("a 'regression' value is tested by 'exact_in_range'")
        return self


class MeasuredEffect(Checked):
    """How the effect of an erratum is measured: a statistic here and in the corrected experiment, seed by seed.

    Both experiments differ in `parameters`, and in nothing else.
    """

    corrected: Text
    statistic: Text
    at: dict[str, NonNegativeInt] = Field({})
    parameters: Annotated[list[Text], Field(min_length=1)]


#: What has become of an erratum upstream: no report of it was found, there is one, it is mended there; or its source
#: changes no more, such as a paper's or a thread's.
UpstreamState = Literal["unreported", "reported", "fixed", "final"]


class Upstream(Checked):
    """Where an erratum is upstream, and what has become of it: read there, not concluded.

    `where` is a repository and a file in it, an issue, or a pull request; `fixed_in` is the first version without it.
    """

    where: Text
    state: UpstreamState
    fixed_in: Text | None = None

    @model_validator(mode="after")
    def _is_fixed_where_it_says_in_what(self) -> "Upstream":
        if self.fixed_in is not None and self.state != "fixed":
            raise ValueError("'fixed_in' is for the state 'fixed' only")
        return self


class Erratum(Checked):
    """A place where paper, published script and actual behaviour disagree."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    place: Text
    printed: Text
    used: Text
    why: Text
    effect: Text
    measured_by: MeasuredEffect | None = None
    upstream: Upstream | None = None


class SourcePlot(Checked):
    """A plot of the source, and where a reader finds each of its lines in our figure.

    `lines` maps what a line shows in the source to a text that stands in our panel: in its title, labels or legend.
    """

    plot: Text
    panel: Text
    lines: Annotated[dict[Text, Text], Field(min_length=1)]


class DrawnFigure(Checked):
    """How an experiment is shown: the drawing module, the experiments beside it, and the source's plots in it."""

    module: Annotated[Name, AfterValidator(protocols.present_name)]
    beside: dict[str, Name] = Field({})
    source_plots: list[SourcePlot] = Field([])


class Peer(Checked):
    """Statistics over seeds that another simulator has given for the same experiment.

    `same_streams` says that a seed has the same random numbers there as here, so that it gives the same numbers.
    """

    simulator: Text
    summary: Text
    same_streams: bool = False

    @field_validator("summary")
    @classmethod
    def _inside_the_project(cls, summary: str) -> str:
        if PurePath(summary).is_absolute() or ".." in PurePath(summary).parts or "\0" in summary:
            raise ValueError("has to be a file inside the project or the study's folder, without '..'")
        return summary


#: Times that jobs are counted and limited by: no less than starting a process can tell, and eleven days at most.
CountableSeconds = Annotated[float, Field(ge=0.001, le=1e6)]


class Resources(Checked):
    """What one run needs: memory, and roughly how long it takes. Many short runs share a job."""

    mem_mb: PositiveInt = 1000
    seconds_per_run: CountableSeconds = 0.1

    @property
    def most_seconds(self) -> float:
        """Time limit of a run that has a job of its own [s]: ten times what it takes, and ten minutes at least."""
        return max(600.0, 10 * self.seconds_per_run)

    def require_affordable(self, cost: Cost) -> None:
        """Check, before a run starts, that it fits into what its job declares.

        Parameters
        ----------
        cost : Cost
            From the run's parameters.

        Raises
        ------
        UserError
            If it needs more memory, or more time. The message says how much, and which key allows more.
        """
        needed_mb = PROCESS_MB + cost.memory_bytes / 1e6
        if not needed_mb <= self.mem_mb:
            raise UserError(
                f"a run with these parameters needs about {needed_mb:.3g} MB of memory, resources.mem_mb of its "
                f"experiment allows {self.mem_mb}: fewer steps, spikes or neurons need less"
            )
        if not cost.seconds <= self.most_seconds:
            raise UserError(
                f"a run with these parameters takes at least {cost.seconds:.3g} s, resources.seconds_per_run of its "
                f"experiment allows {self.most_seconds:g}: a shorter duration or a longer time step takes less"
            )


class Experiment(Checked):
    """One file of an ``experiments`` folder. See ``config/README.md`` for each key in plain words."""

    title: Text
    protocol: Text
    based_on: Text | None = None
    references: Annotated[list[Reference], Field(min_length=1)]
    # The exact type depends on the protocol: see `experiment_model`.
    parameters: Any
    scales: Scales
    first_seed: NonNegativeInt = 1001
    seeds_seen: SeedRanges = ""
    resources: Resources = Resources()
    claims: list[Claim] = Field([])
    errata: list[Erratum] = Field([])
    figure: DrawnFigure | None = None
    peer: Peer | None = None
    robustness: Robustness = Robustness()


#: What a file with ``based_on`` takes from that file where it is silent (`parameters` one by one).
INHERITED = ("protocol", "references", "parameters", "scales", "first_seed", "seeds_seen", "resources", "claims")


#: Python with the libraries takes so much memory before a run begins [MB].
PROCESS_MB = 230


class Resolved(BaseModel):
    """An experiment at one scale: all that its simulation depends on."""

    name: str
    scale: str
    experiment: Experiment
    parameters: Parameters
    seeds: list[int]
    changes: dict[str, Any]

    @property
    def digest(self) -> str:
        """Digest of protocol and parameters: equal digests promise equal runs of a seed."""
        return parameters_digest(self.experiment.protocol, self.values)

    @property
    def canonical_scale(self) -> str:
        """The scale's name; "standard" for every scale that has the parameters of the standard one."""
        scales = self.experiment.scales
        same = getattr(scales, self.scale).parameters == scales.standard.parameters
        return "standard" if same else self.scale

    @property
    def arguments(self) -> str:
        """Command-line arguments that give these parameters, the same for all scales that share them."""
        # Quoted where a shell asks for it: lists have brackets and spaces.
        changes = "".join(
            f" --set {shlex.quote(f'{name}={json.dumps(value)}')}" for name, value in self.changes.items()
        )
        return f"{self.name} --scale {self.canonical_scale}{changes}"

    @property
    def judged_digest(self) -> str:
        """Digest of what an evaluation says and compares: title, claims, errata and the other simulator's summary."""
        return self._digest_of({"title", "seeds_seen", "claims", "errata", "peer"})

    @property
    def claims_digest(self) -> str:
        """Digest of what is judged together with the other experiments of a figure."""
        return self._digest_of({"seeds_seen", "claims"})

    @property
    def described_digest(self) -> str:
        """Digest of the whole YAML file, as a report shows it."""
        return self._digest_of(set(Experiment.model_fields))

    def _digest_of(self, keys: set[str]) -> str:
        return hashlib.sha256(self.experiment.model_dump_json(include=keys).encode()).hexdigest()[:16]

    @property
    def values(self) -> dict[str, Any]:
        """The parameters as plain JSON values."""
        return self.parameters.model_dump(mode="json")


def parameters_digest(protocol: str, values: Mapping[str, Any]) -> str:
    """Return a digest of a protocol's name and its parameters' values."""
    return hashlib.sha256(json.dumps([protocol, values], sort_keys=True).encode()).hexdigest()[:16]


@cache
def experiment_model(protocol: str) -> type[Experiment]:
    """Return the model of an experiment of one protocol: `Experiment` with the type of its parameters."""
    fields: dict[str, Any] = {
        # Each value keeps the type, bounds and description of its field, and comes with a source.
        name: (create_model(f"{name}_sourced", __base__=Sourced, value=(field.annotation or Any, field)), ...)
        for name, field in protocols.get(protocol).Parameters.model_fields.items()
    }
    parameters = create_model(f"{protocol}_parameters", __base__=Checked, **fields)
    return create_model(f"{protocol}_experiment", __base__=Experiment, parameters=(parameters, ...))


@lookups.looked_up
def names() -> list[str]:
    """Return the names of all experiments, sorted.

    Raises
    ------
    UserError
        If a file's name cannot be that of an experiment.
    """
    return sorted(_files())


@lookups.looked_up
def _files() -> dict[str, Path]:
    """Return name -> YAML file of all experiments; errors as in `names`."""
    found: dict[str, Path] = {}
    for folder in places.experiments_folders():
        with os.scandir(folder) as entries:
            # Editors and file systems leave hidden files beside a file that is open: ".#x.yaml", "._x.yaml".
            files = [folder / each.name for each in entries if each.name.endswith(".yaml") and each.is_file()]
        for path in sorted(path for path in files if not path.name.startswith(".")):
            if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", path.stem):
                raise UserError(
                    f"{project.shown(path)}: this name is not allowed: an experiment's name has letters, digits and "
                    "'_' only"
                )
            if path.stem in found:
                raise UserError(
                    f"{project.shown(path)}: there is an experiment of this name already, "
                    f"{project.shown(found[path.stem])}; give it another name"
                )
            found[path.stem] = path
    return found


def file_of(name: str) -> Path:
    """Return the YAML file of an experiment.

    Raises
    ------
    UserError
        If there is none; the message names those that exist.
    """
    files = _files()
    if name not in files:
        raise UserError(f"{name}: no such experiment{near(name, sorted(files))}; allowed: {', '.join(sorted(files))}")
    return files[name]


def reference_file(name: str, suffix: str, scale: str = "standard") -> Path:
    """Return the committed reference of an experiment or a figure, beside the folder of its YAML file.

    Parameters
    ----------
    name : str
        Name of the experiment.
    suffix : {"json", "nc", "robustness.json"}
        Statistics over seeds, what its figure draws, or what was found about its claims around its parameters.
    scale : str
        A shortened scale has statistics of its own.

    Returns
    -------
    Path
        The file, which may not be there.
    """
    stem = name if scale == "standard" else f"{name}.{scale}"
    return file_of(name).parents[1] / "reference" / f"{stem}.{suffix}"


def summary_file(name: str, peer: Peer) -> Path:
    """Return the file with another simulator's statistics: that of the study's folder, or else of the project.

    Parameters
    ----------
    name : str
        Name of the experiment.
    peer : Peer
        What its YAML file says of the other simulator.

    Returns
    -------
    Path
        The file, which may not be there.
    """
    own = file_of(name).parents[1] / peer.summary
    return own if own.is_file() else project.root() / peer.summary


@lookups.looked_up
def _merged(name: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an experiment's raw content, with what it takes from the experiment that it is based on."""
    path = file_of(name)
    content = read_yaml(path)
    if "protocol" in content:
        content["protocol"] = protocols.present_name(str(content["protocol"]))
    base = content.get("based_on")
    if base is None:
        return content
    if base in (*above, name):
        raise UserError(f"{project.shown(path)}: based_on: '{base}' is based on this file itself")
    if base not in names():
        raise UserError(
            f"{project.shown(path)}: based_on: no experiment '{base}'{near(str(base), names())}; "
            f"allowed: {', '.join(names())}"
        )
    inherited = {key: value for key, value in _merged(base, (*above, name)).items() if key in INHERITED}
    merged = inherited | content
    own = content.get("parameters", {})
    if isinstance(own, dict) and isinstance(inherited.get("parameters"), dict):
        merged["parameters"] = inherited["parameters"] | own
    return merged


@lookups.at_once
def load(name: str) -> Experiment:
    """Return an experiment, read from its YAML file and checked.

    Parameters
    ----------
    name : str
        Name of the experiment, such as ``"zenke2015"``.

    Returns
    -------
    Experiment
        The experiment.

    Raises
    ------
    UserError
        If there is no such file, or anything in it is not allowed.
    """
    path = file_of(name)
    content = _merged(name)
    protocol = content.get("protocol")
    if protocol not in protocols.names():
        raise UserError(
            f"{project.shown(path)}: protocol: no protocol '{protocol}'{near(str(protocol), protocols.names())}; "
            f"allowed: {', '.join(protocols.names())}"
        )
    experiment: Experiment = validate(experiment_model(protocol), content, path)
    resolved = [resolve(name, scale, experiment=experiment) for scale in SCALES]
    _check_references(name, experiment, path)
    for each in resolved:
        _check_indices(each, path)
        if each.seeds:
            ids = [claim.id for claim in experiment.claims]
            where = f"{project.shown(path)}: robustness"
            require_movable(experiment.robustness, each.values, type(each.parameters), ids, where)
    return experiment


def in_one_figure(name: str, loaded: Mapping[str, Experiment]) -> list[str]:
    """Return the experiments that the figure with this experiment shows, the figure's own first.

    An experiment without a figure of its own belongs to the first figure that shows it, or stands alone.

    Parameters
    ----------
    name : str
        Name of an experiment.
    loaded : mapping of str to Experiment
        All experiments to choose from.

    Returns
    -------
    list of str
        Names of experiments in `loaded`, `name` among them.
    """
    shown_by = {
        figure: [figure, *(other for other in experiment.figure.beside.values() if other in loaded)]
        for figure, experiment in sorted(loaded.items())
        if experiment.figure is not None
    }
    found = [others for others in shown_by.values() if name in others]
    return shown_by.get(name) or (found[0] if found else [name])


@lookups.at_once
def drawn_figure(name: str) -> DrawnFigure:
    """Return how an experiment is shown.

    Raises
    ------
    UserError
        If it has no figure of its own; the message names those that have one.
    """
    figure = load(name).figure
    if figure is None:
        having = {each: drawn for each in names() if (drawn := load(each).figure) is not None}
        showing = [each for each, drawn in having.items() if name in drawn.beside.values()]
        where = f", that of '{showing[0]}' shows it" if showing else ""
        raise UserError(f"{name}: this experiment has no figure of its own{where}; allowed: {', '.join(having)}")
    return figure


@lookups.at_once
def that_mention(found: Iterable[str]) -> dict[str, Experiment]:
    """Return the experiments in whose files some names stand, by name: their figures are all that may show those.

    Parameters
    ----------
    found : iterable of str
        Names of experiments.
    """
    word = re.compile(rf"\b({'|'.join(map(re.escape, found))})\b".encode())
    return {name: load(name) for name, path in sorted(_files().items()) if word.search(path.read_bytes())}


def _check_statistic(key: str, statistic: str, at: Mapping[str, int], protocol: str) -> None:
    """Check that a protocol has a statistic, and that an index is given along each of its dimensions."""
    statistics = protocols.get(protocol).STATISTICS
    if statistic not in statistics:
        raise UserError(
            f"{key}.statistic: no statistic '{statistic}'{near(statistic, list(statistics))}; "
            f"allowed: {', '.join(statistics)}"
        )
    dimensions = statistics[statistic].dimensions
    if set(at) != set(dimensions):
        unknown = [f"; '{each}' is none{near(each, dimensions)}" for each in at if each not in dimensions]
        allowed = ", ".join(dimensions) or "none"
        raise UserError(f"{key}.at: has to name these dimensions of {statistic}: {allowed}{''.join(unknown[:1])}")


def _check_indices(resolved: Resolved, path: Path) -> None:
    """Check, before anything runs, that what claims and errata look at is there at this scale."""
    if not resolved.seeds:
        return
    experiment, protocol = resolved.experiment, protocols.get(resolved.experiment.protocol)
    sizes = protocol.sizes(resolved.parameters)
    indices = [(f"claims.{claim.id}", claim.statistic, claim.at) for claim in experiment.claims]
    for erratum in experiment.errata:
        if (effect := erratum.measured_by) is not None:
            indices.append((f"errata.{erratum.id}.measured_by", effect.statistic, effect.at))
    for key, statistic, at in indices:
        for dimension, index in at.items():
            if index >= sizes[dimension]:
                raise UserError(
                    f"{project.shown(path)}: {key}.at.{dimension}: {statistic} has {sizes[dimension]} values along it "
                    f"at scale '{resolved.scale}'; allowed: 0 to {sizes[dimension] - 1} (it is {index})"
                )


def _check_references(name: str, experiment: Experiment, path: Path) -> None:
    """Check that what the file names exists: statistics of claims and errata, experiments beside it, files."""
    for kind, entries in (("claims", experiment.claims), ("errata", experiment.errata)):
        ids = [entry.id for entry in entries]
        for one in ids:
            if ids.count(one) > 1:
                raise UserError(f"{project.shown(path)}: {kind}.{one}: each id once, but it is there more than once")
    for claim in experiment.claims:
        key = f"{project.shown(path)}: claims.{claim.id}"
        _check_statistic(key, claim.statistic, claim.at, experiment.protocol)
    if experiment.figure is not None:
        for role, other in experiment.figure.beside.items():
            if other not in names():
                raise UserError(
                    f"{project.shown(path)}: figure.beside.{role}: no experiment '{other}'"
                    f"{near(other, names())}; allowed: {', '.join(names())}"
                )
        drawing = list(protocols.figures())
        if experiment.figure.module not in drawing:
            raise UserError(
                f"{project.shown(path)}: figure.module: no figure '{experiment.figure.module}'"
                f"{near(experiment.figure.module, drawing)}; allowed: {', '.join(drawing)}"
            )
    for erratum in experiment.errata:
        if (effect := erratum.measured_by) is not None:
            key = f"{project.shown(path)}: errata.{erratum.id}.measured_by"
            _check_statistic(key, effect.statistic, effect.at, experiment.protocol)
            # Its ensemble is at hand where this one is judged, and has the same statistics.
            beside = experiment.figure.beside.values() if experiment.figure else ()

            def fits(other: str) -> bool:
                return bool(_merged(other).get("protocol") == experiment.protocol)

            if effect.corrected not in beside or not fits(effect.corrected):
                allowed = filter(fits, beside)
                raise UserError(
                    f"{key}.corrected: '{effect.corrected}' is no experiment of this protocol beside it in its figure; "
                    f"allowed: {', '.join(allowed) or 'none'}"
                )
            for scale in SCALES:
                differing = _differing_parameters(_merged(name), _merged(effect.corrected), scale)
                if differing != sorted(effect.parameters):
                    raise UserError(
                        f"{key}.parameters: has to name all parameters in which '{effect.corrected}' differs at scale "
                        f"'{scale}', and no others: {', '.join(differing) or 'none'}"
                    )
    if experiment.peer is not None and not summary_file(name, experiment.peer).is_file():
        raise UserError(f"{project.shown(path)}: peer.summary: no file '{experiment.peer.summary}'")


def _differing_parameters(one: dict[str, Any], other: dict[str, Any], scale: str) -> list[str]:
    """Return the parameters in which the contents of two experiments of one protocol differ at a scale, sorted."""

    def values(content: dict[str, Any]) -> dict[str, Any]:
        own = {key: sourced["value"] for key, sourced in content["parameters"].items()}
        changed: dict[str, Any] = content["scales"][scale].get("parameters", {})
        return own | changed

    mine, theirs = values(one), values(other)
    return sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))


@lookups.at_once
def resolve(
    name: str,
    scale: str = "standard",
    changes: Mapping[str, Any] | None = None,
    seeds: int | list[int] | None = None,
    experiment: Experiment | None = None,
    changed_by: str = "--set",
) -> Resolved:
    """Return an experiment at one scale, ready to simulate.

    Parameters
    ----------
    name : str
        Name of the experiment.
    scale : {"quick", "standard", "full"}
        Its size.
    changes : mapping of str to value, optional
        Parameters given on the command line, or by a caller; checked like the file.
    seeds : int or list of int, optional
        Seeds instead of those of the scale.
    experiment : Experiment, optional
        The experiment itself, if it is loaded already.
    changed_by : str
        What an error in `changes` begins with.

    Returns
    -------
    Resolved
        Checked parameters and seeds.

    Raises
    ------
    UserError
        If anything is not allowed, or a run would need more memory or time than its job declares.
    """
    experiment = experiment or load(name)
    if scale not in SCALES:
        raise UserError(f"scale: no scale '{scale}'{near(str(scale), SCALES)}; allowed: {', '.join(SCALES)}")
    size: Scale = getattr(experiment.scales, scale)
    values = {key: sourced["value"] for key, sourced in experiment.parameters.model_dump(mode="json").items()}
    model = protocols.get(experiment.protocol).Parameters
    file = project.shown(file_of(name))
    parameters = validate(model, values, f"{file}: parameters")
    if size.parameters:
        values |= size.parameters
        parameters = validate(model, values, f"{file}: scales.{scale}.parameters")
    if changes:
        values |= changes
        parameters = validate(model, values, changed_by)
    resolved = Resolved(
        name=name,
        scale=scale,
        experiment=experiment,
        parameters=parameters,
        seeds=seed_list(size.seeds if seeds is None else seeds, experiment.first_seed),
        changes=dict(changes or {}),
    )
    try:
        experiment.resources.require_affordable(parameters.cost())
    except UserError as error:
        raise UserError(f"{changed_by if changes else f'{file}: scales.{scale}'}: {error}") from None
    return resolved


#: A value is shown with so many characters, and so many parameters are.
_LONGEST_VALUE = 30
_MOST_PARAMETERS = 4


def shortened_in_words(name: str, values: Mapping[str, Any]) -> str:
    """Return in words how parameters differ from those of an experiment's full scale.

    Parameters
    ----------
    name : str
        Name of the experiment.
    values : mapping of str to value
        Its parameters as plain JSON values, from `Resolved.values`.

    Returns
    -------
    str
        Such as ``"scale quick: duration_s = 100 (full: 1000)"``; empty where no parameter that a statistic depends on
        differs.
    """
    experiment = load(name)
    of_scale = {scale: resolve(name, scale, experiment=experiment).values for scale in SCALES}
    full = of_scale["full"]
    only_recorded = output_options(protocols.get(experiment.protocol).Parameters)
    differing = [each for each in full if each not in only_recorded and values.get(each) != full[each]]
    if not differing:
        return ""

    def is_of(scale: ScaleName) -> bool:
        return all(values.get(each) == value for each, value in of_scale[scale].items() if each not in only_recorded)

    def shown(value: Any) -> str:
        text = json.dumps(value)
        return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."

    scale = next((scale for scale in ("standard", "quick") if is_of(scale)), None)
    changes = [f"{each} = {shown(values.get(each))} (full: {shown(full[each])})" for each in differing]
    if len(changes) > _MOST_PARAMETERS:
        changes[_MOST_PARAMETERS:] = [f"{len(changes) - _MOST_PARAMETERS} more"]
    return f"{f'scale {scale}' if scale else 'changed parameters'}: {', '.join(changes)}"


@lookups.at_once
def of_protocol(protocol: str) -> list[str]:
    """Return the names of a protocol's experiments, those first that are based on no other."""
    own = {name: experiment for name in names() if (experiment := load(name)).protocol == protocol}
    return sorted(own, key=lambda name: (own[name].based_on is not None, name))


def resolve_shortest(name: str, experiment: Experiment) -> Resolved:
    """Return an experiment as its kernels are compiled: at the quick scale, and shorter where the protocol allows it.

    Parameters
    ----------
    name : str
        Name of the experiment.
    experiment : Experiment
        The experiment itself.

    Returns
    -------
    Resolved
        Checked parameters and seeds.

    Raises
    ------
    UserError
        If the experiment's own parameters are not allowed.
    """
    shortest = protocols.get(experiment.protocol).SHORTEST
    try:
        return resolve(name, "quick", shortest, experiment=experiment)
    except UserError:
        # Other parameters of the file may ask for a longer run.
        return resolve(name, "quick", experiment=experiment)


def resolve_recorded(attributes: Mapping[str, Any], path: Path) -> Resolved:
    """Return the experiment of a file as it was when the file was made: with the parameters in the file.

    Parameters
    ----------
    attributes : mapping
        Global attributes of a run or an ensemble.
    path : Path
        The file, for messages.

    Returns
    -------
    Resolved
        The experiment with the file's parameters.

    Raises
    ------
    UserError
        If the experiment does not exist, or the parameters do not fit its protocol.
    """
    name = str(attributes["experiment"])
    experiment = load(name)
    return Resolved(
        name=name,
        scale="standard",
        experiment=experiment,
        parameters=validate(
            protocols.get(experiment.protocol).Parameters,
            datasets.json_attribute(attributes, "parameters", path),
            f"{project.shown(path)}: parameters",
        ),
        seeds=[1],
        changes=datasets.json_attribute({"changed_parameters": "{}"} | dict(attributes), "changed_parameters", path),
    )
