"""The gallery's page: what a figure has cost, read from Snakemake's benchmark files."""

import re

import pytest

from replasticity import experiments, gallery

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


def test_texts_of_an_experiment_and_its_evaluation_are_no_markup(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    hostile = "x | y <script>alert(1)</script> [a](javascript:alert(2)) `c` *d* $e$"
    mine = project_copy.folder / "config/experiments/mine.yaml"
    mine.write_text(
        f"title: '{hostile}'\nbased_on: zenke2015\nfigure: {{module: zenke2015}}\n"
        f"references: [{{citation: '{hostile}', doi: '10.1/a)[b](c)'}}]\n"
    )
    claim = dict.fromkeys(("lower", "estimate", "interval", "margin", "confidence", "p", "p_against")) | {
        "p_corrected": None,
        "test": "mean_in_range",
        "kind": "ours",
        "verdict": hostile,
        "reason": f"a\n\n## heading\n{hostile}",
        "statement": hostile,
        "source": hostile,
        "upper": 1.0,
        "n": 3,
    }
    erratum = dict.fromkeys(("id", "place", "printed", "used", "why", "effect"), hostile) | {"measured": None}
    evaluation = {
        "experiment": "mine",
        "title": f"{hostile}\n# heading",
        "seeds": [1],
        "claims": [claim],
        "errata": [erratum],
        "peer": None,
    }
    page = gallery.section(experiments.resolve("mine"), [evaluation])
    lines = page.splitlines()
    assert [line for line in lines if line.startswith("#")] == ["## mine", "### mine"]
    # What is left without the escaped characters holds no markup but that of the page itself.
    plain = re.sub(r"\\.", "", page)
    assert not re.search(r"[<>`$]", plain.replace("`snakemake --cores all results/figures/mine.png`", ""))
    assert "](javascript" not in plain
    assert {line.count(" | ") for line in re.findall(r"^\|.*\|$", plain, re.MULTILINE)} == {10, 5}
