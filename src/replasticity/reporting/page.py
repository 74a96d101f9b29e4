"""The page: what it shows, gathered from the results, and its rendering."""

import base64
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import PIL.Image
import plotly.offline
import xarray as xr
from markupsafe import Markup

from replasticity.definitions import experiments
from replasticity.definitions.experiments import Kind, Reference, Resolved
from replasticity.definitions.seeds import seed_ranges
from replasticity.judging import claims, outcomes
from replasticity.plotting import drawn_data
from replasticity.plotting.panels import letter_of
from replasticity.reporting import conformed, explorer, origin, replayed, robustness_found
from replasticity.reporting.markdown import address_of_doi
from replasticity.reporting.mathtext import as_html
from replasticity.reporting.panels import Panel, embedded, panels
from replasticity.reporting.tables import (
    CLAIM_COLUMNS,
    EFFECT_COLUMNS,
    EXACT_COLUMNS,
    claim_columns,
    claim_numbers,
    effect_numbers,
    number,
    peer_sentence,
    seeds_in_words,
    upstream_in_words,
)
from replasticity.robustness import stored
from replasticity.robustness.summary import ClaimFound, Summary
from replasticity.storage import files, project
from replasticity.study import protocols

_P_VALUES = ("p", "corrected p")

#: Verdict -> class of its badge.
BADGES = {verdict: verdict.replace(" ", "-") for verdict in claims.FORRT}


@dataclass(frozen=True)
class JudgedClaim:
    """A claim as the page shows it: its verdict, its numbers as text, and all that the evaluation says of it."""

    anchor: str
    verdict: str
    numbers: dict[str, str]
    stored: dict[str, Any]

    @property
    def is_exact(self) -> bool:
        """Whether nothing in it is random."""
        return bool(self.stored["test"] == "exact_in_range")


@dataclass(frozen=True)
class ShownErratum:
    """An erratum as the page shows it: what the experiment says of it, and its measured effect as text, if any."""

    anchor: str
    effect: dict[str, str]
    upstream: str
    stored: dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """An evaluated experiment as the page shows it; its claims by kind."""

    name: str
    title: str
    seeds: str
    claims: dict[Kind, list[JudgedClaim]]
    errata: list[ShownErratum]
    peer: str


@dataclass(frozen=True)
class Line:
    """A line of a plot of the source: what it shows there, and what it is called in a panel of ours, as HTML."""

    there: str
    panel: str
    title: str
    link: str
    here: str


@dataclass(frozen=True)
class Chapter:
    """A figure with the experiments that it shows; or an experiment that no figure shows, without panels.

    `measured` says where the measured values come from; `source_plots` maps each plot of the source to its lines.
    """

    name: str
    title: str
    references: Sequence[Reference]
    measured: list[str]
    experiments: list[Judged]
    panels: list[Panel]
    image: str
    source_plots: dict[str, list[Line]]

    def claims(self, kind: Kind) -> list[dict[str, Any]]:
        """Return all claims of one kind as the evaluations store them."""
        return [claim.stored for each in self.experiments for claim in each.claims.get(kind, [])]

    @property
    def counts(self) -> dict[str, int]:
        """Verdict -> number of published claims."""
        return outcomes.count(self.claims("published"))

    @property
    def outcome(self) -> str:
        """What FORRT's vocabulary says of the published claims."""
        return outcomes.outcome(self.claims("published"))


@dataclass(frozen=True)
class KindOfClaims:
    """All claims of one kind: how often they have each verdict, and the columns of their table that are not empty.

    `columns` maps a column to what it is called.
    """

    name: Kind
    heading: str
    meaning: str
    counts: dict[str, int]
    columns: dict[str, str]


@dataclass(frozen=True)
class Surviving:
    """What was found about the claims of an experiment around its printed parameters, as the page shows it."""

    summary: Summary
    runs: str
    claims: list[ClaimFound]
    numbers: list[dict[str, Any]]
    image: str


@dataclass(frozen=True)
class Origin:
    """What one experiment's results come from."""

    experiment: str
    protocol: str
    seeds: str
    source: str
    parameters_digest: str
    code_digest: str


def render(
    selected: Sequence[Resolved],
    evaluation_of: Callable[[str], dict[str, Any]],
    ensemble_of: Callable[[str], xr.Dataset],
    drawing_of: Callable[[str], xr.DataTree],
) -> str:
    """Return the page on some experiments; equal results give equal text.

    Parameters
    ----------
    selected : sequence of Resolved
        The experiments; those that their figures show beside them are taken in.
    evaluation_of, ensemble_of : callable
        Name of an experiment -> its stored evaluation, its ensemble.
    drawing_of : callable
        Name of a figure -> what it draws.

    Returns
    -------
    str
        HTML that needs no other file and no network.

    Raises
    ------
    UserError
        If a result is missing, broken or was changed.
    """
    chapters = list(_chapters(selected, evaluation_of, drawing_of))
    explorers, origins = [], []
    for experiment in (judged for chapter in chapters for judged in chapter.experiments):
        ensemble = ensemble_of(experiment.name)
        explorers.append(explorer.explore(ensemble, experiment.title))
        origins.append(_origin(ensemble))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address_of_doi": address_of_doi,
        "number": number,
        "duration": _duration,
        "megabytes": _megabytes,
    }
    concerned = {each.protocol for each in origins}
    replays, beside = _replays(concerned), conformed.read(concerned)
    found = robustness_found.read(each.experiment for each in origins)
    surviving = [_surviving(summary) for summary in found.summaries.values()]
    return environment.get_template("page.html.j2").render(
        scale=", ".join(sorted({each.scale for each in selected})),
        badges=BADGES,
        forrt=claims.FORRT,
        kinds=list(_kinds(chapters)),
        kind_names=outcomes.NAMES,
        exact_columns=EXACT_COLUMNS,
        chapters=chapters,
        explorers=explorers,
        standing_chart=explorer.standing_chart,
        most=explorer,
        replays=replays,
        simulators=_simulators(replays),
        comparisons=[each | _summary(each["quantities"]) for each in beside.comparisons],
        outdated_comparisons=beside.outdated,
        command_of=conformed.command,
        surviving=surviving,
        lines={f"{each.summary.experiment}-{claim.id}": claim.line for each in surviving for claim in each.claims},
        outdated_summaries=found.outdated,
        origins=origins,
        versions=origin.versions(),
        machine=origin.machine(),
        costs=origin.costs_of_rules(),
        embedded=embedded,
        style=_asset("page.css"),
        script=_asset("page.js"),
        plotly=Markup(plotly.offline.get_plotlyjs()),
    )


def _asset(name: str) -> Markup:
    """Return a file of this package that goes into the page as it is."""
    return Markup(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _chapters(
    selected: Sequence[Resolved],
    evaluation_of: Callable[[str], dict[str, Any]],
    drawing_of: Callable[[str], xr.DataTree],
) -> Iterable[Chapter]:
    """Yield the figures, each experiment once, and then the experiments that no figure shows."""
    shown_before: set[str] = set()
    drawn = [each for each in selected if each.experiment.figure is not None]
    for each in drawn:
        drawing = drawing_of(each.name)
        of_figure = drawn_data.shown(drawing, project.figure_file(each.name, "nc"))
        shown = [name for name in of_figure if name not in shown_before]
        shown_before.update(shown)
        image = _smaller(_made(each.name, "png"))
        judged = [_judged(evaluation_of(name)) for name in shown]
        yield _chapter(each, judged, list(panels(drawing)), image)
    for each in selected:
        if each.name not in shown_before:
            yield _chapter(each, [_judged(evaluation_of(each.name))], [], "")


def _chapter(resolved: Resolved, judged: list[Judged], shown: list[Panel], image: str) -> Chapter:
    experiment = resolved.experiment
    plots = experiment.figure.source_plots if experiment.figure is not None else []
    titles = {panel.name: panel.title for panel in shown}
    lines: dict[str, list[Line]] = {}
    for plot in plots:
        link = f"#panel-{resolved.name}-{plot.panel}" if plot.panel in titles else ""
        lines.setdefault(plot.plot, []).extend(
            Line(as_html(there), letter_of(plot.panel), titles.get(plot.panel, ""), link, as_html(here))
            for there, here in plot.lines.items()
        )
    figure = experiment.figure.module if experiment.figure is not None else None
    measured = [table.origin for table in protocols.measured(experiment.protocol, figure)]
    return Chapter(resolved.name, experiment.title, experiment.references, measured, judged, shown, image, lines)


def _made(figure: str, suffix: str) -> Path:
    """Return a file of a figure that has to be there."""
    path = project.figure_file(figure, suffix)
    files.require_file(path, "'make figures' makes it")
    return path


def _smaller(picture: Path) -> str:
    """Return a picture as lossless WebP in base64: the same pixels in about half of the bytes."""
    buffer = io.BytesIO()
    with PIL.Image.open(picture) as image:
        image.save(buffer, "WEBP", lossless=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _judged(evaluation: dict[str, Any]) -> Judged:
    """Return an evaluation as the page shows it."""
    name = evaluation["experiment"]
    judged = {
        kind: [
            JudgedClaim(
                f"{name}-{claim['id']}",
                claim["verdict"],
                dict(zip(CLAIM_COLUMNS, claim_numbers(claim), strict=True)),
                stored=claim,
            )
            for claim in of_kind
        ]
        for kind, of_kind in outcomes.by_kind(evaluation["claims"]).items()
    }
    errata = [
        ShownErratum(f"{name}-{erratum['id']}", _measured_effect(erratum), upstream_in_words(erratum), stored=erratum)
        for erratum in evaluation["errata"]
    ]
    shortened = experiments.shortened_in_words(name, evaluation["parameters"])
    seeds = "; ".join(filter(None, (seeds_in_words(name, evaluation["seeds"]), shortened)))
    return Judged(name, evaluation["title"], seeds, judged, errata, peer_sentence(evaluation["peer"]))


def _measured_effect(erratum: dict[str, Any]) -> dict[str, str]:
    """Return the measured effect of an erratum by the names of its columns; empty if it has not been measured."""
    if erratum["measured"] is None:
        return {}
    return dict(zip(EFFECT_COLUMNS, effect_numbers(erratum), strict=True))


def _kinds(chapters: Sequence[Chapter]) -> Iterable[KindOfClaims]:
    """Yield each kind of claims of which there are any, published ones first."""
    for kind, name in outcomes.NAMES.items():
        stored = [claim for chapter in chapters for claim in chapter.claims(kind)]
        if stored:
            # The confidence says what the p-values do; they are reported with each claim.
            columns = {column: text for column, text in claim_columns(stored).items() if column not in _P_VALUES}
            yield KindOfClaims(kind, name.capitalize(), outcomes.MEANINGS[kind], outcomes.count(stored), columns)


def _origin(ensemble: xr.Dataset) -> Origin:
    attributes = ensemble.attrs
    return Origin(
        experiment=attributes["experiment"],
        protocol=attributes["protocol"],
        seeds=seed_ranges(ensemble["seed"].values.tolist()),
        source=attributes["source"],
        parameters_digest=attributes["parameters_digest"],
        code_digest=attributes["code_digest"],
    )


def _surviving(summary: Summary) -> Surviving:
    runs, claims = robustness_found.runs_in_words(summary), list(stored.found_of(summary).values())
    picture = robustness_found.picture_of(summary)
    image = _smaller(picture) if picture is not None else ""
    return Surviving(summary, runs, claims, robustness_found.numbers(summary), image)


def _replays(protocols: set[str]) -> list[dict[str, Any]]:
    """Return the replays that concern some protocols, with a summary of each."""
    stored = replayed.read_summaries(project.replay_files())
    concerned = [each | _summary(each["quantities"]) for each in stored if each["protocol"] in protocols]
    return sorted(concerned, key=lambda each: (each["simulator"], each["simulator_version"], each["recording"]))


def _summary(quantities: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how many quantities and values a replay compares, and the quantity that comes nearest to its bound."""
    compared = [each for each in quantities if each["holds"] is not None]
    departing = [each for each in compared if each["absolute"] != 0 or not each["holds"]]
    return {
        "compared": len(compared),
        "values": sum(each["compared"] for each in compared),
        "identical": len(compared) - len(departing),
        "unmatched": sum(each["unmatched"] or 0 for each in compared),
        "nearest": max(departing, key=_share_of_bound, default=None),
    }


def _share_of_bound(quantity: dict[str, Any]) -> float:
    """Return the largest deviation in units of its bound; infinite without a number or a bound."""
    shares = [
        quantity[kind] / quantity["tolerance"][kind]
        for kind in ("absolute", "relative")
        if quantity[kind] is not None and quantity["tolerance"][kind] > 0
    ]
    return min(shares, default=math.inf)


def _simulators(replays: Iterable[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the replays by simulator and version."""
    by_simulator: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in replays:
        by_simulator.setdefault((each["simulator"], each["simulator_version"]), []).append(each)
    return by_simulator


def _duration(seconds: float) -> str:
    """Return a time as a reader wants it."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _megabytes(memory_MB: float) -> str:
    """Return an amount of memory as a reader wants it."""
    return "not measured" if math.isnan(memory_MB) else f"{memory_MB:.0f} MB"
