"""The gallery's page: what a figure has cost, read from Snakemake's benchmark files."""

import pytest

from replasticity import gallery

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
