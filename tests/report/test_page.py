"""The page as text: what it says, that it needs nothing else, and that equal results give equal bytes."""

import json
import re
import shutil

import pytest

from replasticity import integrity
from replasticity.cli import main
from replasticity.tables import effect_numbers


@pytest.fixture(scope="module")
def page(project_with_results):
    return (project_with_results.folder / "results/report.html").read_text(encoding="utf-8")


def without_library(page):
    """Return the page without Plotly's source, which names many sites and loads none."""
    scripts = re.findall(r"<script>.*?</script>", page, re.DOTALL)
    return page.replace(max(scripts, key=len), "")


def test_every_verdict_claim_and_erratum_is_told(page, results):
    counted = 0
    for path in results.glob("evaluations/*.json"):
        evaluation = json.loads(path.read_text())
        for claim in evaluation["claims"]:
            anchor = f"{evaluation['experiment']}-{claim['id']}"
            assert f'href="#claim-{anchor}"' in page
            assert f'id="claim-{anchor}"' in page
            counted += 1
        for erratum in evaluation["errata"]:
            assert erratum["measured"] is None or effect_numbers(erratum)[0].partition(": ")[2] in page
            assert f'id="erratum-{evaluation["experiment"]}-{erratum["id"]}"' in page
    counts = [int(count) for count in re.findall(r"<strong>(\d+)</strong>", page)]
    assert sum(counts) == counted > 8


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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("replays/zenke_seed1.json", "[{}]", "no valid replay"),
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
    for name in ("benchmarks", "replays"):
        shutil.move(results / name, tmp_path / name)
    try:
        assert main(["report", "-o", "bare.html"]) == 0
    finally:
        for name in ("benchmarks", "replays"):
            shutil.move(tmp_path / name, results / name)
    text = (results.parent / "bare.html").read_text(encoding="utf-8")
    assert "Nothing has been measured" in text
    assert "No replay of these experiments has been made" in text
