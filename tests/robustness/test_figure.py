"""The figure of what was found: it shows the summary, and keeps the rules of all figures."""

import itertools
import json

import numpy as np
import pytest

from replasticity.definitions import experiments
from replasticity.plotting import drawn_data, rendering
from replasticity.reporting import robustness_figure
from replasticity.reporting.panels import panels
from replasticity.reporting.robustness_figure import Sets
from replasticity.robustness.findings import Sample
from replasticity.robustness.runs import Values
from replasticity.robustness.summary import Summary
from replasticity.storage import datasets
from tests.figures.test_every_figure import (  # noqa: F401
    test_colours_are_those_that_everybody_can_tell_apart,
    test_each_panel_alone_is_as_large_as_in_the_figure_and_whole,
    test_every_panel_says_how_many_seeds_it_shows,
    test_no_text_is_smaller_than_six_points_in_print,
    test_panels_are_lettered_in_order_and_titled,
    test_panels_stand_on_round_numbers,
    test_pdf_has_true_fonts_and_no_date,
    test_svg_keeps_text_as_text_in_a_named_font_without_a_date,
    test_width_is_that_of_a_page,
    texts,
)
from tests.robustness import fakes


def summary_of(content):
    return Summary.model_validate_json(json.dumps(content))


def with_claim(content, **changes):
    """Return a summary of the first claim only, of which something else was found."""
    return summary_of(content | {"claims": [content["claims"][0] | changes]})


CONTENTS = {"small": fakes.summary, "large": fakes.large}


@pytest.fixture(scope="module", params=CONTENTS)
def drawn(request):
    """Return name, origin and figure, as of other figures."""
    content = CONTENTS[request.param]()
    figure = robustness_figure.draw(summary_of(content), [fakes.sets(content)])
    return "zenke2015_robustness", {"main": robustness_figure.origin_of(summary_of(content))}, figure


def drawing(summary, sets=()):
    return robustness_figure.collect(robustness_figure.draw(summary, sets), summary, {})


def of_kind(panel, kind):
    return [series for series in panel.children.values() if series.attrs["kind"] == kind]


def seen(figure):
    """Return all texts that are in the picture: an axis keeps labels of ticks outside its limits, too."""
    outside = {
        tick.label1
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    return [text for text in texts(figure) if text not in outside]


def test_no_text_is_cut_or_lies_on_another(drawn):
    _, _, figure = drawn
    # Labels of axes stay where the last picture, perhaps of one panel, had them.
    figure.draw_without_rendering()
    boxes = {text: text.get_window_extent() for text in seen(figure)}
    page = figure.bbox
    cut = [text.get_text() for text, box in boxes.items() if not (page.x0 <= box.x0 and box.x1 <= page.x1)]
    cut += [text.get_text() for text, box in boxes.items() if not (page.y0 <= box.y0 and box.y1 <= page.y1)]
    assert cut == []
    overlapping = [
        (one.get_text(), other.get_text())
        for one, other in itertools.combinations(boxes, 2)
        if boxes[one].overlaps(boxes[other])
    ]
    assert overlapping == []


def test_equal_summaries_give_equal_files(tmp_path):
    for name in "ab":
        content = fakes.summary()
        paths = {suffix: tmp_path / f"{name}.{suffix}" for suffix in (*rendering.FORMATS, "nc")}
        robustness_figure.write(summary_of(content), [fakes.sets(content)], paths)
    for suffix in rendering.FORMATS:
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    one, other = (drawn_data.read(tmp_path / f"{name}.nc") for name in "ab")
    datasets.require_unchanged(one, tmp_path / "a.nc")
    assert drawn_data.differences(one, other) == []
    assert one.attrs["history"] == content["command"]
    assert json.loads(one.attrs["ensembles"]) == {"zenke2015": content["content_digest"]}


def test_bars_are_the_range_of_the_estimate_within_each_distance():
    content = fakes.summary()
    (one, other), choice = content["claims"][0]["one_at_a_time"][:2], content["claims"][0]["one_at_a_time"][2]
    panel = drawing(summary_of(content)).children["a"]
    reach = {}
    for along in (one, other):
        estimates = [point["estimate"] for point in along["points"]]
        reach[along["parameter"]] = {0.5: np.ptp(estimates), 0.1: np.ptp(estimates[2:5])}
    order = sorted(reach, key=lambda name: -reach[name][0.5])
    wide, narrow, of_choices = of_kind(panel, "bars")
    np.testing.assert_allclose(wide["width"], [reach[name][0.5] for name in order], rtol=1e-6)
    np.testing.assert_allclose(narrow["width"], [reach[name][0.1] for name in order], rtol=1e-6)
    known = [point["estimate"] for point in choice["points"] if point["estimate"] is not None]
    np.testing.assert_allclose(of_choices["width"], [np.ptp(known)], rtol=1e-6)
    assert list(panel.attrs["y_tick_labels"]) == [*order, "solver"]


def test_turned_points_are_marked_and_flips_told():
    content = fakes.summary()
    claim = content["claims"][0]
    turned = [point["estimate"] for each in claim["one_at_a_time"] for point in each["points"] if point["turned"]]
    assert turned
    panel = drawing(summary_of(content)).children["a"]
    (marks,) = (series for series in of_kind(panel, "points") if series.attrs["marker"] == "D")
    np.testing.assert_allclose(np.sort(marks["x"]), np.sort(turned), rtol=1e-6)
    said = json.loads(panel.children["texts"].attrs["texts"])
    flips = [np.mean(flip) for each in claim["one_at_a_time"] for flip in each["flips"]]
    assert all(any(f"{flip:.3g}" in text for text in said) for flip in flips)
    assert "not with exact" in said
    calm = [
        each | {"flips": [], "points": [point | {"turned": False} for point in each["points"]]}
        for each in claim["one_at_a_time"]
    ]
    panel = drawing(with_claim(content, one_at_a_time=calm)).children["a"]
    assert [series for series in of_kind(panel, "points") if series.attrs["marker"] == "D"] == []
    assert "texts" not in panel.children


def test_the_bound_and_where_the_claim_does_not_hold_are_drawn():
    content = fakes.summary()
    panel = drawing(with_claim(content, lower=0.99, upper=1.01)).children["a"]
    dashed = [float(x) for series in of_kind(panel, "vertical_lines") for x in np.ravel(series["x"])]
    assert {0.99, 1.01} <= set(dashed)
    spans = sorted((float(span["x0"][0]), float(span["x1"][0])) for span in of_kind(panel, "vertical_spans"))
    low, high = panel.attrs["x_limits"]
    np.testing.assert_allclose(spans, [(low, 0.99), (1.01, high)])


def test_of_many_parameters_the_strongest_are_shown_and_none_that_turns_the_claim_is_left_out_for_another():
    content = fakes.large()
    for letter, claim in zip("abcdefgh", content["claims"], strict=True):
        panel = drawing(summary_of(content)).children[letter] if letter == "a" else None
        if panel is None:
            break
        assert f"5 of {len(claim['one_at_a_time'])} parameters, n = 12 seeds" == panel.attrs["title"]
        wide = of_kind(panel, "bars")[0]
        assert (np.diff(wide["width"]) <= 0).all()
    weak = {"parameter": "weak", "points": claim["one_at_a_time"][0]["points"][3:4], "flips": [[1.0, 1.1]]}
    strong = [
        each | {"flips": [], "points": [point | {"turned": False} for point in each["points"]]}
        for each in content["claims"][0]["one_at_a_time"]
    ]
    shown = robustness_figure.draw(with_claim(content, one_at_a_time=[*strong, weak]))
    labels = [label.get_text() for label in shown.axes[0].get_yticklabels()]
    assert len(labels) == 12
    assert "weak" in labels


def test_sets_are_coloured_by_their_side_over_the_two_strongest_parameters():
    content = fakes.summary()
    sets = fakes.sets(content)
    claim = content["claims"][0]
    near = Sets(0.1, sets.values, {claim["id"]: ["holds"] * 256})
    tree = drawing(summary_of(content), [near, sets])
    panel = tree.children["a_map"]
    strongest = [each["parameter"] for each in claim["neighbourhoods"][1]["effects"][:2]]
    assert [panel.attrs["x_label"], panel.attrs["y_label"]] == strongest
    counts = {series.attrs["marker"]: series.sizes["point"] for series in of_kind(panel, "points")}
    sides = sets.sides[claim["id"]]
    assert counts == {
        "o": sides.count("holds"),
        "x": sides.count("does not hold"),
        "+": sides.count("undefined"),
        "*": 1,
    }
    assert panel.attrs["title"] == "256 sets within 50 %"


def test_without_sets_there_is_no_map_and_without_time_steps_no_panel_of_them():
    content = fakes.summary()
    assert sorted(drawing(summary_of(content)).children) == ["a", "a_steps", "b", "b_steps"]
    assert sorted(drawing(with_claim(content, refinement=None)).children) == ["a"]


@pytest.mark.parametrize("interval", [None, [-1.0, 1.0]])
def test_the_line_over_time_steps_leads_to_the_limit(interval):
    content = fakes.summary()
    steps = content["claims"][0]["refinement"]
    # Where nothing is random, the two finest steps give the limit, and the line runs through them.
    fitted = steps["points"] if interval else steps["points"][-2:]
    limit = 2 * fitted[-1]["estimate"] - fitted[-2]["estimate"]
    panel = drawing(with_claim(content, refinement=steps | {"limit": limit, "limit_interval": interval})).children[
        "a_steps"
    ]
    (line,) = of_kind(panel, "line")
    assert float(line["x"][0]) == 0
    assert float(line["y"][0]) == pytest.approx(limit)
    middle = np.mean([point["value"] for point in fitted])
    at_middle = np.interp(middle, line["x"], line["y"])
    assert at_middle == pytest.approx(np.mean([point["estimate"] for point in fitted]))


def test_what_is_undefined_everywhere_is_drawn_nevertheless():
    content = fakes.summary()
    nowhere = {"estimate": None, "interval": None, "side": "undefined", "turned": False}
    claim = content["claims"][0]
    along = [
        each | {"points": [point | nowhere for point in each["points"]], "flips": []} for each in claim["one_at_a_time"]
    ]
    steps = claim["refinement"] | {
        "points": [point | nowhere for point in claim["refinement"]["points"]],
        "limit": None,
        "limit_interval": None,
    }
    summary = with_claim(content, one_at_a_time=along, refinement=steps, printed=claim["printed"] | nowhere)
    assert of_kind(drawing(summary).children["a"], "bars") == []
    alone = with_claim(content, one_at_a_time=[], neighbourhoods=[], refinement=None)
    assert sorted(drawing(alone, [fakes.sets(content)]).children) == ["a"]


@pytest.mark.parametrize("statement", ["cost: $5", "a $b$ $\\frac{$", "50 $ or 60 $", "x" * 2000])
def test_a_statement_is_text_however_it_reads(tmp_path, statement):
    summary = with_claim(fakes.summary(), statement=statement, line=statement)
    figure = robustness_figure.draw(summary)
    rendering.save(figure, tmp_path / "a.svg")
    assert len(statement) > 100 or statement in (tmp_path / "a.svg").read_text()


def test_its_panels_are_charts_for_the_report(drawn):
    name, origin, figure = drawn
    charts = list(panels(drawn_data.collect(figure, name, origin)))
    assert len({(panel.letter, panel.title) for panel in charts}) == len(charts)


def test_sets_of_a_sample_are_the_independent_ones_that_the_experiment_takes():
    resolved = experiments.resolve("zenke2015")
    claims = [claim for claim in resolved.experiment.claims if claim.id in {"linear-slope", "linear-fit"}]
    rates = resolved.values["rates_Hz"]
    # Two rows of A, B and three of AB; the first value of the list is 0 and tells no factor.
    changes = [
        {"tau_H_ms": float(10 * row + place), "rule": "eq_15", "rates_Hz": [(1 + 0.1 * place) * each for each in rates]}
        for row in range(2)
        for place in range(5)
    ]
    share = next(k for k, claim in enumerate(claims) if claim.share is not None)
    mean = 1 - share
    value = np.empty((10, 3, 2))
    value[..., mean] = claims[mean].upper
    value[..., share] = claims[share].lower
    value[1, 0, mean] = np.nan
    value[6, :, mean] = claims[mean].upper + 1
    refused = ["", "", "", "", "", "too long", "", "", "", ""]
    rows = [
        Values(changes=changes, value=value, refused=refused, seeds=[1, 2, 3], claims=[claim.id for claim in claims])
    ]
    found = robustness_figure.sets_of(Sample(0.1, ["tau_H_ms", "rates_Hz", "rule"], rows), resolved, claims)
    # A choice has no place on an axis.
    assert list(found.values) == ["tau_H_ms", "rates_Hz"]
    assert found.values["tau_H_ms"].tolist() == [0.0, 1.0, 11.0]
    np.testing.assert_allclose(found.values["rates_Hz"], [1.0, 1.1, 1.1])
    assert found.sides[claims[mean].id] == ["holds", "undefined", "does not hold"]
    assert found.sides[claims[share].id] == ["holds"] * 3
