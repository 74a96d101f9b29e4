"""The page as text: what it says, that it needs nothing else, and that equal results give equal bytes."""

import json
import re
import shutil

import pytest

from replasticity.cli import main
from replasticity.reporting.tables import effect_numbers
from replasticity.storage import integrity
from tests.report.conftest import write_comparison


@pytest.fixture(scope="module")
def page(project_with_results):
    return (project_with_results.folder / "results/report.html").read_text(encoding="utf-8")


def without_library(page):
    """Return the page without Plotly's source, which names many sites and loads none."""
    scripts = re.findall(r"<script>.*?</script>", page, re.DOTALL)
    return page.replace(max(scripts, key=len), "")


def of_kind(page, kind):
    """Return the part of the front that is about one kind of claims."""
    return re.search(rf'<h3 id="verdicts-{kind}">.*?(?=<h3 id="verdicts-|</section>)', page, re.DOTALL)[0]


def stored_claims(results):
    evaluations = [json.loads(path.read_text()) for path in results.glob("evaluations/*.json")]
    return [claim for evaluation in evaluations for claim in evaluation["claims"]]


def test_every_verdict_claim_and_erratum_is_told(page, results):
    for path in results.glob("evaluations/*.json"):
        evaluation = json.loads(path.read_text())
        for claim in evaluation["claims"]:
            anchor = f"{evaluation['experiment']}-{claim['id']}"
            assert f'href="#claim-{anchor}"' in page
            assert f'id="claim-{anchor}"' in page
        for erratum in evaluation["errata"]:
            assert erratum["measured"] is None or effect_numbers(erratum)[0].partition(": ")[2] in page
            assert f'id="erratum-{evaluation["experiment"]}-{erratum["id"]}"' in page


def test_verdicts_are_counted_kind_by_kind_published_claims_first(page, results):
    claims = stored_claims(results)
    assert re.findall(r'<h3 id="verdicts-(\w+)">([^<]*)', page) == [
        ("published", "Published claims"),
        ("ours", "Our findings"),
        ("regression", "Regression values"),
    ]
    shown = 0
    for kind in ("published", "ours", "regression"):
        part = of_kind(page, kind)
        counts = {verdict: int(count) for count, verdict in re.findall(r"<strong>(\d+)</strong> ([a-z ]+)", part)}
        verdicts = [claim["verdict"] for claim in claims if claim["kind"] == kind]
        assert list(counts) == ["reproduced", "not reproduced", "undecided", "not tested"]
        assert counts == {verdict: verdicts.count(verdict) for verdict in counts}
        shown += len(verdicts)
    assert shown == len(claims)
    # Nowhere else is anything counted.
    assert len(re.findall(r"<strong>\d+</strong>", page)) == 12
    # Under each experiment, too, published claims come first.
    kinds = re.findall(r"<h5>(Published claims|Our findings|Regression values)</h5>", page)
    assert kinds == ["Published claims", "Regression values", "Published claims", "Our findings"]


def test_figures_have_an_outcome_of_their_published_claims_alone(page, results):
    rows = re.findall(
        r'<a href="#figure-(\w+)">\w+</a></th><td>([a-z ]+)</td>\s*((?:<td>\d+</td>\s*)+)', of_kind(page, "published")
    )
    assert [figure for figure, _, _ in rows] == ["beats", "zenke2015"]
    assert rows[0][1] == "contradicted"
    assert re.findall(r"\d+", rows[0][2]) == ["0", "2", "0", "0"]
    counts = sum(int(count) for _, _, counts in rows for count in re.findall(r"\d+", counts))
    assert counts == sum(claim["kind"] == "published" for claim in stored_claims(results))


def test_where_nothing_is_random_value_and_distance_are_all_there_is(page):
    head = re.findall(r'<th scope="col">([^<]*)</th>', of_kind(page, "regression"))
    assert head == ["verdict", "claim", "value", "bound", "distance to the bound"]
    details = re.search(r'id="claim-beats-[^"]*">.*?</details>', page, re.DOTALL)[0]
    assert "<dt>Value</dt>" in details
    for absent in ("Confidence", "95 % interval", "Corrected p", "<dt>N</dt>"):
        assert absent not in details
    assert "nothing is random, so one run is all there is" in page


def test_nothing_is_called_nan(page):
    text = without_library(page)
    visible = re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)
    assert not re.search(r"\bnan\b", visible, re.IGNORECASE)
    explorer = re.search(r'data-experiment="beats" hidden>.*?</table>', text, re.DOTALL)[0]
    assert re.findall(r'<th scope="col">([^<]*)</th>', explorer) == ["Statistic", "Value", "Unit", "What it is"]


def test_each_line_of_a_plot_of_the_source_is_linked_to_its_panel(page):
    table = re.search(r'<table class="source-plots">.*?</table>', page, re.DOTALL)[0]
    links = re.findall(r'<a href="#([^"]*)"><b>(\w)</b> ([^<]*)', table)
    assert [(letter, anchor) for anchor, letter, _ in links] == [
        ("a", "panel-zenke2015-a"),
        ("b", "panel-zenke2015-b"),
        ("c", "panel-zenke2015-c"),
        ("c", "panel-zenke2015-c"),
    ]
    for anchor, letter, title in links:
        panel = re.search(rf'<figure id="{anchor}">\s*<figcaption><b>{letter}</b> ([^<]*)', page)
        assert panel[1].strip() == title
    cells = re.findall(r'<td class="text">([^<]*)</td>', table)
    assert cells == ["G (Hz)", "G (Hz)", "w (nS)", "w (nS)", "dw_of_G", "Δw (nS)", "line &lt;1&gt;", "fit"]


def test_page_asks_for_nothing_from_elsewhere(page):
    text = without_library(page)
    assert "default-src 'none'" in text
    assert re.findall(r'(?:src|srcset|action)="(?!data:)[^"]*"', text) == []
    assert re.findall(r"<link(?! rel=\"icon\" href=\"data:,\")[^>]*>", text) == []
    assert "@import" not in text
    assert "url(" not in text
    # Links to publications are the only addresses.
    assert set(re.findall(r"https?://[^/\"]+", text)) == {"https://doi.org"}


def test_page_is_the_same_each_time(page, results):
    assert main(["report", "-o", "again.html"]) == 0
    again = (results.parent / "again.html").read_text(encoding="utf-8")
    assert again == page


def test_costs_of_a_rule_are_added_up_without_the_reports_own(page):
    row = re.search(r'<th scope="row">simulate</th>(.*?)</tr>', page, re.DOTALL)[1]
    assert re.findall(r"<td>([^<]*)</td>", row) == ["2", "4.0 s", "2.0 s", "210 MB"]
    assert '<th scope="row">report</th>' not in page


def test_replay_is_told_with_simulator_and_version(page):
    assert "Brian2 (numpy code generation target)" in page
    assert "2.9.0" in page
    row = re.search(r"<code>zenke_seed1.nc</code></th>(.*?)</tr>", page, re.DOTALL)[1]
    assert "holds" in row
    assert "does not hold" not in row


def test_replay_that_does_not_hold_is_told(results):
    path = results / "replays/zenke_seed1.json"
    stored = path.read_text()
    replays = json.loads(stored)
    replays[0]["holds"] = replays[0]["quantities"][0]["holds"] = False
    path.write_text(json.dumps([integrity.sealed(each) for each in replays]))
    try:
        assert main(["report", "-o", "broken.html"]) == 0
    finally:
        path.write_text(stored)
    text = (results.parent / "broken.html").read_text(encoding="utf-8")
    assert re.search(r"<code>zenke_seed1.nc</code></th><td><span class=\"badge not-reproduced\">does not hold", text)


def beside(page):
    """Return the part of the page on other simulators beside ours."""
    return re.search(r'<section id="beside".*?</section>', page, re.DOTALL)[0]


def test_another_simulator_beside_ours_is_told_with_the_command(page):
    (row,) = re.findall(r"Brian2 2.9.0, <code>zenke2015</code></th>(.*?)</tr>", beside(page), re.DOTALL)
    assert ">holds<" in row
    assert re.findall(r"<td>(\d+)</td>", row) == ["2", "1", "4", "0"]
    assert "<code>weight_nS</code>" in row
    assert "<code>python -m replasticity conform zenke2015 --short --peer brian2</code>" in beside(page)


@pytest.mark.parametrize("changes", [{"code_digest": "0" * 16}, {"parameters": {}}, {"experiment": "gone"}])
def test_what_was_compared_of_other_code_or_parameters_is_named_and_not_shown(results, changes):
    path = results / "conform/zenke2015-brian2.json"
    stored = path.read_text()
    write_comparison(path, **changes)
    try:
        assert main(["report", "-o", "outdated.html"]) == 0
    finally:
        path.write_text(stored)
    text = beside((results.parent / "outdated.html").read_text(encoding="utf-8"))
    assert "There is no comparison of these experiments" in text
    assert "not shown: results/conform/zenke2015-brian2.json" in text
    assert "Brian2 2.9.0" not in text


def of_robustness(page):
    found = re.search(r'<section id="robustness".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def test_what_was_found_around_the_printed_parameters_is_told_of_each_claim(page, results):
    summary = json.loads((results / "robustness/zenke2015.json").read_text())
    text = of_robustness(page)
    assert [claim["line"] for claim in summary["claims"]] == re.findall(
        r'<td class="text">(holds for [^<]*)</td>', text
    )
    assert f"<code>{summary['command']}</code>" in text
    assert "12,000 runs, 12 seeds of each set of parameters" in text
    assert "<div><dt>pre_times_ms</dt><dd>a list of times</dd></div>" in text
    assert 'src="data:image/webp;base64,' in text
    for claim in summary["claims"]:
        details = re.search(rf'id="claim-zenke2015-{claim["id"]}">.*?</details>', page, re.DOTALL)[0]
        assert f"<dd>{claim['line']}; <a" in details
    # Of the other experiments nothing is known.
    assert page.count("<dt>Around the printed parameters</dt>") == len(summary["claims"])


def test_a_reader_may_choose_each_claim_and_each_parameter_of_it(page, results):
    summary = json.loads((results / "robustness/zenke2015.json").read_text())
    numbers = json.loads(re.search(r'id="along-numbers">(.*?)</script>', page, re.DOTALL)[1])
    assert re.findall(r'<option value="(zenke2015-[^"]*)">', of_robustness(page)) == [each["id"] for each in numbers]
    for claim, shown in zip(summary["claims"], numbers, strict=True):
        names = [each["parameter"] for each in claim["one_at_a_time"]]
        assert [each["name"] for each in shown["parameters"]] == [*names, "population_size", "time step (ms)"]
        first, stored = shown["parameters"][0], claim["one_at_a_time"][0]
        assert [point[0] for point in first["points"]] == [point["value"] for point in stored["points"]]
        assert first["flips"] == stored["flips"]
        assert "total index" in first["notes"][0]


@pytest.mark.parametrize("changes", [{"code_digest": "0" * 16}, {"parameters_digest": "0"}, {"scale": "huge"}])
def test_what_was_found_with_other_code_or_parameters_is_named_and_not_shown(results, changes):
    path = results / "robustness/zenke2015.json"
    stored = path.read_text()
    path.write_text(json.dumps(integrity.sealed(json.loads(stored) | changes)))
    try:
        assert main(["report", "-o", "outdated.html"]) == 0
    finally:
        path.write_text(stored)
    page = (results.parent / "outdated.html").read_text(encoding="utf-8")
    assert "not shown: results/robustness/zenke2015.json" in of_robustness(page)
    assert "holds for" not in page


def test_without_any_summary_there_is_no_section(results, tmp_path):
    shutil.move(results / "robustness", tmp_path / "kept")
    try:
        assert main(["report", "-o", "without.html"]) == 0
    finally:
        shutil.move(tmp_path / "kept", results / "robustness")
    page = (results.parent / "without.html").read_text(encoding="utf-8")
    assert of_robustness(page) == ""
    assert 'href="#robustness"' not in page


def test_a_claim_that_has_changed_since_is_not_told(results):
    path = results / "robustness/zenke2015.json"
    stored = path.read_text()
    content = json.loads(stored)
    content["claims"][0]["lower"] = -1.0
    path.write_text(json.dumps(integrity.sealed(content)))
    try:
        assert main(["report", "-o", "changed.html"]) == 0
    finally:
        path.write_text(stored)
    text = of_robustness((results.parent / "changed.html").read_text(encoding="utf-8"))
    assert f"-{content['claims'][0]['id']}" not in text
    assert f"-{content['claims'][1]['id']}" in text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("robustness/zenke2015.json", "[]", "no valid summary of robustness"),
        ("robustness/zenke2015.json", "{}", "no valid summary of robustness"),
        ("replays/zenke_seed1.json", "[{}]", "no valid replay"),
        ("conform/zenke2015-brian2.json", "[{}]", "no valid comparison"),
        ("conform/zenke2015-brian2.json", "[]", "no valid comparison"),
        ("evaluations/zenke2015.json", "{}", "no valid evaluation"),
        ("figures/zenke2015.nc", None, "no such file"),
        ("figures/zenke2015.png", None, "no such file"),
        ("ensembles/zenke2015.nc", None, "no such file"),
    ],
)
def test_broken_results_are_told_in_one_line(results, capsys, tmp_path, name, content, message):
    path = results / name
    shutil.move(path, tmp_path / "kept")
    if content is not None:
        path.write_text(content)
    try:
        assert main(["report", "-o", "broken.html"]) == 2
    finally:
        shutil.move(tmp_path / "kept", path)
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert message in errors[0]
    assert path.name in errors[0]


def test_results_without_costs_and_replays_are_enough(results, tmp_path):
    for name in ("benchmarks", "conform", "replays"):
        shutil.move(results / name, tmp_path / name)
    try:
        assert main(["report", "-o", "bare.html"]) == 0
    finally:
        for name in ("benchmarks", "conform", "replays"):
            shutil.move(tmp_path / name, results / name)
    text = (results.parent / "bare.html").read_text(encoding="utf-8")
    assert "Nothing has been measured" in text
    assert "No replay of these experiments has been made" in text
    assert "There is no comparison of these experiments" in text
