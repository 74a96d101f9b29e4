"""The gallery's page: what a figure has cost, read from Snakemake's benchmark files."""

import json
import re

import pytest
import xarray as xr

from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.judging.claims import FORRT
from replasticity.reporting import conformed, gallery
from replasticity.storage import project

HEAD = "s\th:m:s\tmax_rss\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path, monkeypatch):
    (tmp_path / "config" / "experiments").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        path = tmp_path / "results" / "benchmarks" / "simulate" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return write


def test_cost_is_the_sum_over_all_jobs_whatever_their_names(benchmarks):
    benchmarks("a/seed-1.tsv", HEAD + "8.1\t0:00:08\t200.4\t100.4\n")
    benchmarks("a/seeds-2-9/part.tsv", HEAD + "8.1\t0:00:08\t200.4\t50.2\n")
    benchmarks("b/seed-1.tsv", HEAD + "0.1\t0:00:00\tNA\tNA\n")
    benchmarks("other/seed-1.tsv", HEAD + "8.1\t0:00:08\t200.4\t999\n")
    assert gallery.cost_sentence(["a", "b"]) == " (151 s of CPU time in 3 simulate jobs, as measured for this page)"
    assert gallery.cost_sentence(["b"]) == " (0 s of CPU time in 1 simulate job, as measured for this page)"
    assert gallery.cost_sentence(["none"]) == ""


@pytest.mark.parametrize(("seconds", "text"), [(1200, "20 min"), (36000, "10.0 h")])
def test_long_times_are_told_in_minutes_or_hours(benchmarks, seconds, text):
    benchmarks("a/seed-1.tsv", HEAD + f"8.1\t0:00:08\t200.4\t{seconds}\n")
    assert gallery.cost_sentence(["a"]).startswith(f" ({text} of CPU time in 1 simulate job")


def judged(kind, verdict, **changed):
    """Return a claim as evaluations store them."""
    numbers = ("lower", "estimate", "interval", "margin", "confidence", "p", "p_against", "p_corrected", "share")
    texts = {"test": "mean_in_range", "reason": "", "statement": "a statement", "source": "a place"}
    texts |= {"id": "an-id", "statistic": "G_late_mean_Hz", "at": {"epoch": 1}}
    own = {"kind": kind, "verdict": verdict, "forrt": FORRT.get(verdict, ""), "upper": 1.0, "n": 3}
    return dict.fromkeys(numbers) | texts | own | changed


def evaluated(experiment, *claims):
    return {"experiment": experiment, "title": "", "seeds": [1], "claims": list(claims), "errata": [], "peer": None}


def test_front_counts_each_kind_by_itself_and_published_claims_first():
    sections = {
        "zenke2015": gallery.section(
            experiments.resolve("zenke2015"),
            [
                evaluated("zenke2015", judged("ours", "undecided"), judged("published", "reproduced")),
                evaluated("zenke2015_eq15", judged("published", "not reproduced"), judged("published", "reproduced")),
            ],
            "full",
        ),
        "beats": gallery.section(
            experiments.resolve("beats"),
            [
                evaluated(
                    "beats",
                    judged("regression", "reproduced", test="exact_in_range"),
                    judged("published", "reproduced", test="exact_in_range"),
                )
            ],
            "full",
        ),
        "of an older page": "nothing is counted here",
    }
    shown = "\n".join(gallery.front(sections))
    assert re.findall(r"^\*\*(.*)\.\*\*", shown, re.MULTILINE) == [
        "Published claims: 3 reproduced, 1 not reproduced, 0 undecided, 0 not tested",
        "Our findings: 0 reproduced, 0 not reproduced, 1 undecided, 0 not tested",
        "Regression values: 1 reproduced, 0 not reproduced, 0 undecided, 0 not tested",
    ]
    assert re.findall(r"^\| \[.*$", shown, re.MULTILINE) == [
        "| [beats](#beats) | validated | 1 | 0 | 0 | 0 |",
        "| [zenke2015](#zenke2015) | partially supported | 2 | 1 | 0 | 0 |",
    ]
    headings = re.findall("^(Published claims|Our findings|Regression values):$", sections["zenke2015"], re.MULTILINE)
    assert headings == ["Published claims", "Our findings", "Published claims"]
    assert "| verdict | claim | source | bound |" in sections["beats"]
    assert "nothing is random" in sections["beats"]


def test_lines_of_the_source_are_found_in_panels(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    plot = "{plot: 'script, first plot', panel: a, lines: {'V_W*': '$V_W^*$', 'G, 5 %': 'G (Hz)'}}"
    mine = project_copy.folder / "config/experiments/mine.yaml"
    mine.write_text(
        f"title: mine\nbased_on: zenke2015\nfigure: {{module: zenke2015, source_plots: [{plot}]}}\n", encoding="utf-8"
    )
    page = gallery.section(experiments.resolve("mine"), [evaluated("mine")], "full")
    assert r"| script, first plot | V_W\* | **a** | V<sub>W</sub><sup>\*</sup> |" in page.splitlines()
    assert "| script, first plot | G, 5 % | **a** | G (Hz) |" in page.splitlines()


def test_a_claim_leads_to_its_entry_in_the_yaml_file_and_to_its_statistic(in_project):
    page = gallery.section(
        experiments.resolve("zenke2015"),
        [
            evaluated("zenke2015", judged("ours", "reproduced")),
            evaluated("zenke2015_eq15", judged("ours", "reproduced", id="other", statistic="r2_sampled", at={})),
        ],
        "full",
    )
    assert "| a statement (`an-id`, `G_late_mean_Hz[epoch=1]`) | a place |" in page
    assert "| a statement (`other`, `r2_sampled`) | a place |" in page
    folder = "../src/replasticity/studies/zenke2015"
    assert (
        f"errata: [zenke2015_eq15.yaml]({folder}/experiments/zenke2015_eq15.yaml); "
        f"statistics: [statistics.py]({folder}/statistics.py)."
    ) in page


def test_replays_of_a_figure_are_commands_with_recordings_that_are_there(in_project):
    def section(name):
        return gallery.section(experiments.resolve(name), [evaluated(name)], "full")

    commands = re.findall(r"^    python -m replasticity replay (\S+)$", section("beats"), re.MULTILINE)
    names = ("beats", "beats_rates", "beats_subtract")
    assert commands == [f"tests/peers/beats/{name}.nc" for name in names]
    assert all((project.root() / path).is_file() for path in commands)
    assert "recorded with Brian2 (numpy code generation target), 2.9.0:" in section("beats")
    assert "No recording of another simulator" in section("beats_map")


def test_simulators_that_ran_beside_ours_are_told_with_the_command(in_project, monkeypatch):
    each = {"experiment": "zenke2015", "peer": "Brian2 2.9.0", "quantities": [{}, {}]}
    stored = {"zenke2015": [each | {"holds": True}, each | {"holds": False}]}
    monkeypatch.setattr(conformed, "read", lambda chosen: conformed.Conformed(stored.get(*chosen, []), []))
    lines = gallery.section(experiments.resolve("zenke2015"), [evaluated("zenke2015")], "full").splitlines()
    command = "`python -m replasticity conform zenke2015 --short --peer brian2`"
    assert f"- Brian2 2.9.0: agrees, 2 variables compared: {command}" in lines
    assert f"- Brian2 2.9.0: **does not agree**, 2 variables compared: {command}" in lines
    page = gallery.section(experiments.resolve("beats"), [evaluated("beats")], "full")
    assert "Beside other simulators" not in page


def test_texts_of_an_experiment_and_its_evaluation_are_no_markup(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    hostile = "x | y <script>alert(1)</script> [a](javascript:alert(2)) `c` *d* $e$"
    mine = project_copy.folder / "config/experiments/mine.yaml"
    plot = f"{{plot: '{hostile}', panel: '{hostile}', lines: {{'{hostile}': '{hostile}'}}}}"
    mine.write_text(
        f"title: '{hostile}'\nbased_on: zenke2015\nfigure: {{module: zenke2015, source_plots: [{plot}]}}\n"
        f"references: [{{citation: '{hostile}', doi: '10.1/a)[b](c)'}}]\n"
    )
    texts = dict.fromkeys(("id", "statement", "source", "statistic"), hostile)
    claim = judged("ours", hostile, reason=f"a\n\n## heading\n{hostile}", at={hostile: 1}, **texts)
    upstream = dict.fromkeys(("where", "state", "fixed_in"), hostile)
    erratum = dict.fromkeys(("id", "place", "printed", "used", "why", "effect"), hostile)
    erratum |= {"measured": None, "upstream": upstream}
    evaluation = evaluated("mine", claim) | {"title": f"{hostile}\n# heading", "errata": [erratum]}
    page = gallery.section(experiments.resolve("mine"), [evaluation], "full")
    lines = page.splitlines()
    assert [line for line in lines if line.startswith("#")] == ["## mine", "### mine"]
    # What is left without the escaped characters holds no markup but that of the page itself.
    plain = re.sub(r"\\.", "", page)
    without_code = re.sub("`[^`]*`", "", plain)
    assert not re.search(r"[<>`$]", without_code)
    assert "](javascript" not in without_code
    assert {line.count(" | ") for line in re.findall(r"^\|.*\|$", plain, re.MULTILINE)} == {3, 4, 5, 6}


def drawn(name, scale, seeds=None):
    """Return what a drawing of a figure says of its origin."""
    resolved = [experiments.resolve(each, scale) for each in (name, *experiments.load(name).figure.beside.values())]
    origin = {
        each.name: {"experiment": each.name, "parameters_digest": each.digest, "seeds": seeds or each.seeds}
        for each in resolved
        if each.seeds
    }
    attributes = {"drawn_from": json.dumps(origin), "ensembles": json.dumps(dict.fromkeys(origin, ""))}
    return xr.DataTree(xr.Dataset(attrs=attributes))


def test_scale_of_a_section_is_that_of_all_that_its_figure_shows(in_project):
    resolved = experiments.resolve("zenke2015")

    def scale(drawing):
        return gallery.scale_of_drawing(resolved, json.loads(drawing.attrs["drawn_from"]))

    # Scales of the same seeds and parameters are one, the largest.
    for each, expected in (("quick", "quick"), ("standard", "full"), ("full", "full")):
        assert scale(drawn("zenke2015", each)) == expected
    assert scale(drawn("zenke2015", "full", seeds=[1, 2])) == "other"
    # Nothing is random, so one seed is all there is.
    assert (
        gallery.scale_of_drawing(experiments.resolve("epsp"), json.loads(drawn("epsp", "standard").attrs["drawn_from"]))
        == "full"
    )


def test_every_section_is_of_the_scale_that_its_committed_drawing_shows(in_project):
    page = (project.gallery_folder() / "README.md").read_text()
    for section in page.split("\n## ")[1:]:
        name = section.partition("\n")[0]
        with xr.open_datatree(experiments.reference_file(name, "nc")) as drawing:
            origin = json.loads(drawing.attrs["drawn_from"])
        scale = gallery.scale_of_drawing(experiments.resolve(name), origin)
        assert f"\nThe results shown are of scale {scale}.\n" in section, name


def test_a_smaller_scale_replaces_no_larger_one_unless_it_is_forced(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    for suffix in ("png", "pdf", "svg", "nc"):
        path = project.figure_file("zenke2015", suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("another picture")
    page = project.gallery_folder() / "README.md"

    def renew(scale, **more):
        figures = [experiments.resolve("zenke2015", scale)]
        list(gallery.renew(figures, evaluated, lambda name: drawn(name, scale), **more))

    def sections():
        parts = page.read_text().split("\n## ")
        return parts[0], {part.partition("\n")[0]: part for part in parts[1:]}

    before = project_copy.content("figures/*") | project_copy.content("src/replasticity/studies/*/reference/*.nc")
    with pytest.raises(UserError) as refused:
        renew("quick")
    assert str(refused.value).startswith(
        "figures/README.md: a section is not replaced by one of a smaller scale: zenke2015, of scale full, by one of "
        "scale quick; 'snakemake gallery --cores all --config scale=full \"experiments=[zenke2015, "
    )
    assert "'python -m replasticity gallery zenke2015 --force' replaces it nevertheless" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert all((project_copy.folder / path).read_bytes() == content for path, content in before.items())
    _, others = sections()
    renew("quick", force=True)
    _, renewed = sections()
    assert "The results shown are of scale quick." in renewed["zenke2015"]
    assert (project.gallery_folder() / "zenke2015.png").read_text() == "another picture"
    # Each section is renewed alone.
    assert {name: text.rstrip() for name, text in renewed.items() if name != "zenke2015"} == {
        name: text.rstrip() for name, text in others.items() if name != "zenke2015"
    }
    renew("full")
    assert "The results shown are of scale full." in sections()[1]["zenke2015"]
