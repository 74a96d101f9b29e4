"""The workflow with real Snakemake runs, each in a copy of the project with empty caches."""

import json
import shutil

import pytest

from benchmarks import resources
from tests.conftest import ROOT, ProjectCopy
from tests.conftest import ZENKE as EXPERIMENTS

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

QUICK = ("--cores", "2", "--config", "scale=quick")
RESULTS = "results/**/*"
COMMITTED = "src/replasticity/studies/zenke2015/reference/zenke2015.nc"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project whose quick scale has been made once; tests work on copies of it."""
    project = ProjectCopy(tmp_path_factory.mktemp("finished") / "project")
    project.keep_experiments(*EXPERIMENTS)
    add_second_protocol(project)
    project.first = project.snakemake(*QUICK)
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A finished project to change: times of files and Snakemake's records are kept."""
    copy = object.__new__(ProjectCopy)
    copy.folder = tmp_path / "project"
    shutil.copytree(finished.folder, copy.folder, symlinks=True)
    return copy


def add_second_protocol(project):
    """Add a protocol with kernels, a model and an experiment of its own, so that there is one to leave alone."""
    source = project.folder / "src/replasticity"
    study = source / "studies/other"
    study.mkdir()
    copies = {
        source / room / "other_stdp.py": source / room / "homeostatic_stdp.py" for room in ("equations", "models")
    }
    for name in ("__init__", "protocol", "statistics"):
        copies[study / f"{name}.py"] = source / f"studies/zenke2015/{name}.py"
    for copy, original in copies.items():
        text = original.read_text()
        for old, new in (
            ("replasticity.equations.homeostatic_stdp", "replasticity.equations.other_stdp"),
            ("replasticity.models.homeostatic_stdp import", "replasticity.models.other_stdp import"),
            ("replasticity.studies.zenke2015", "replasticity.studies.other"),
        ):
            text = text.replace(old, new)
        copy.write_text(text)
    experiment = project.experiment("zenke2015").read_text().replace("protocol: zenke2015", "protocol: other")
    head, _, _ = experiment.partition("\nerrata:")
    (project.folder / "config/experiments/other.yaml").write_text(head + "\n")


def remade(project, action):
    """Run an action and return the result files that are newer than before it, records of jobs left out."""
    files = [
        path
        for path in project.folder.glob(RESULTS)
        if path.is_file() and path.suffix in {".nc", ".json", ".png", ".html"} and not path.name.startswith("seeds-")
    ]
    before = {path: path.stat().st_mtime_ns for path in files}
    action()
    return {
        "/".join(path.relative_to(project.folder / "results").parts[:2]).removesuffix(path.suffix)
        for path in files
        if path.stat().st_mtime_ns != before[path]
    }


def test_everything_is_made(finished):
    assert len(finished.content("results/runs/*/seed-*.nc")) == 12
    assert len(finished.content("results/ensembles/*.nc")) == 4
    assert len(finished.content("results/evaluations/*.json")) == 4
    assert set(finished.content("results/figures/*")) == {
        f"results/figures/zenke2015.{suffix}" for suffix in ("pdf", "svg", "png", "nc")
    }
    jobs = len(finished.content("results/logs/**/*.log"))
    assert jobs == len(finished.content("results/benchmarks/**/*.tsv")) == 2 + 4 + 4 + 4 + 1


def test_declared_memory_and_time_cover_what_jobs_used(finished):
    folder = finished.folder / "results/benchmarks"
    measured = {(usage.rule, usage.resource) for usage in resources.usages(folder)}
    rules = ("compile_kernels", "simulate", "aggregate", "evaluate", "plot")
    assert measured == {(rule, resource) for rule in rules for resource in ("mem_mb", "runtime")}
    assert resources.exceeded(folder) == []


def test_use_of_more_memory_than_declared_is_found(project):
    folder = project.folder / "results/benchmarks"
    path = folder / "aggregate/zenke2015.tsv"
    path.write_text(path.read_text().replace("'mem_mb': 2000", "'mem_mb': 20"))
    assert [(usage.job, usage.resource) for usage in resources.exceeded(folder)] == [("aggregate/zenke2015", "mem_mb")]


def test_reader_is_told_where_the_figures_are(finished):
    assert "results/figures/zenke2015.png" in finished.first.stdout + finished.first.stderr


def test_second_call_does_nothing(project):
    assert remade(project, lambda: project.snakemake(*QUICK)) == set()


def test_larger_scale_keeps_the_runs_that_it_shares(project):
    config = ("--config", "scale=standard", "seeds={zenke2015_paper: 4}", "experiments=[zenke2015_paper]")
    assert "runs/zenke2015_paper" not in remade(project, lambda: project.snakemake("--cores", "2", *config))
    assert len(project.content("results/runs/zenke2015_paper/*.nc")) == 4


def test_smaller_scale_leaves_out_what_a_larger_one_has_made_before(project):
    """What the scale leaves out was judged with other ensembles, which are gone: it is in nobody's way."""
    (project.folder / "config/experiments/other.yaml").unlink()
    path = project.folder / "src/replasticity/studies/zenke2015/experiments/zenke2015_eq15.yaml"
    path.write_text(
        f"{path.read_text()}\nscales: {{quick: {{seeds: 0}}, standard: {{seeds: 2}}, full: {{seeds: 2}}}}\n"
    )
    seeds = "seeds={zenke2015: 4, zenke2015_paper: 2}"
    project.snakemake("--cores", "2", "--config", "scale=standard", seeds)
    evaluation = project.folder / "results/evaluations/zenke2015.json"
    assert json.loads(evaluation.read_text())["judged_with"] == ["zenke2015_eq15", "zenke2015_paper"]
    project.snakemake("check", *QUICK)
    assert json.loads(evaluation.read_text())["judged_with"] == ["zenke2015_paper"]
    claims = project.replasticity("claims", check=False)
    assert claims.returncode == 2
    assert "zenke2015: " in claims.stdout
    assert "evaluations/zenke2015_eq15.json: judges another " in claims.stderr


def test_editing_a_figure_redraws_and_simulates_nothing(project):
    project.edit("src/replasticity/studies/zenke2015/figure.py", '"G (Hz)"', '"G  (Hz)"')
    assert remade(project, lambda: project.snakemake(*QUICK)) == {"figures/zenke2015"}


@pytest.mark.parametrize("file", ["equations/homeostatic_stdp.py", "models/homeostatic_stdp.py"])
def test_editing_a_kernel_reruns_the_experiments_that_import_it(project, file):
    path = project.folder / "src/replasticity" / file
    path.write_text(f"{path.read_text()}\n_EDITED = True\n")
    compiled = project.content("results/compiled/*")
    expected = {f"{kind}/{name}" for name in EXPERIMENTS for kind in ("runs", "ensembles", "evaluations")}
    assert remade(project, lambda: project.snakemake(*QUICK)) == expected | {"figures/zenke2015"}
    # Their compiled code has a name of its own.
    assert len(project.content("results/compiled/*")) == len(compiled) + 1


def test_rewording_makes_nothing_again(project):
    for file in ("equations/homeostatic_stdp.py", "studies/zenke2015/protocol.py", "judging/claims.py"):
        path = project.folder / "src/replasticity" / file
        path.write_text(f'"""Reworded. {path.read_text().removeprefix(chr(34) * 3)}\n# A comment.\n')
    assert remade(project, lambda: project.snakemake(*QUICK)) == set()


def test_changing_a_parameter_reruns_that_experiment_only(project):
    # Also when the compiled kernels are gone: that is no reason to simulate the others again.
    shutil.rmtree(project.folder / ".cache")
    before = project.content("results/runs/*/*.nc")
    project.edit(
        "src/replasticity/studies/zenke2015/experiments/zenke2015_paper.yaml",
        "tau_H_ms: {value: 10000.0",
        "tau_H_ms: {value: 9000.0",
    )
    changed = remade(project, lambda: project.snakemake(*QUICK))
    # The claims of one figure are judged together.
    expected = {"figures/zenke2015", "runs/zenke2015_paper", "ensembles/zenke2015_paper"}
    assert changed == expected | {f"evaluations/{name}" for name in EXPERIMENTS}
    after = project.content("results/runs/*/*.nc")
    assert {name for name in before if before[name] != after[name]} == {
        f"results/runs/zenke2015_paper/seed-{seed}.nc" for seed in (1001, 1002, 1003)
    }


def test_changing_a_claim_judges_again_and_simulates_nothing(project):
    project.edit(
        "src/replasticity/studies/zenke2015/experiments/zenke2015.yaml", "    lower: 0.99\n", "    lower: 0.98\n"
    )
    expected = {f"evaluations/{name}" for name in EXPERIMENTS}
    assert remade(project, lambda: project.snakemake(*QUICK)) == expected


def test_a_new_experiment_is_found_by_its_file(project):
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: My variant\nbased_on: zenke2015\nparameters:\n  tau_H_ms: {value: 200.0, source: my choice}\n"
        "figure:\n  module: zenke2015\n  beside: {corrected: zenke2015}\n"
    )
    assert remade(project, lambda: project.snakemake(*QUICK)) == set()
    assert "results/figures/mine.png" in project.content("results/figures/*.png")


def test_bytes_do_not_depend_on_cores_order_or_cache(finished, tmp_path):
    other = ProjectCopy(tmp_path / "other")
    other.keep_experiments(*EXPERIMENTS)
    add_second_protocol(other)
    other.snakemake("--cores", "1", "--config", "scale=quick", "seeds={zenke2015: [1003, 1001, 1002]}")
    patterns = ("results/runs/*/*.nc", "results/ensembles/*.nc", "results/evaluations/*.json", "results/figures/*")
    for pattern in patterns:
        assert finished.content(pattern) == other.content(pattern)


@pytest.mark.parametrize(
    "lose",
    [lambda path: path.write_bytes(path.read_bytes()[:9000]), lambda path: path.unlink()],
    ids=["truncated", "deleted"],
)
def test_lost_run_is_made_again_alone_by_the_next_call(project, lose):
    path = project.folder / "results/runs/zenke2015/seed-1002.nc"
    expected = project.content("results/*/**/*.nc")
    lose(path)
    others = {other: other.stat().st_mtime_ns for other in project.folder.glob("results/runs/*/*.nc") if other != path}
    finished = project.snakemake(*QUICK)
    assert "zenke2015/seeds-1001-1003.json: runs of seeds 1002 are missing or cut" in finished.stderr
    assert project.content("results/*/**/*.nc") == expected
    assert others == {other: other.stat().st_mtime_ns for other in others}
    assert remade(project, lambda: project.snakemake(*QUICK)) == set()


def test_damaged_run_of_the_same_size_is_found_by_the_check(project):
    path = project.folder / "results/runs/zenke2015/seed-1002.nc"
    expected = project.content("results/*/**/*.nc")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    failed = project.snakemake("check", *QUICK, check=False)
    assert failed.returncode != 0
    assert "seed-1002.nc: was changed or damaged after it was simulated" in failed.stdout + failed.stderr
    project.snakemake("check", *QUICK)
    assert project.content("results/*/**/*.nc") == expected


def test_other_grouping_of_seeds_keeps_the_runs(project):
    assert remade(project, lambda: project.snakemake(*QUICK, "job_seconds=0.1")) == {
        f"{kind}/{name}" for name in (*EXPERIMENTS, "other") for kind in ("ensembles", "evaluations")
    } | {"figures/zenke2015"}
    assert len(project.content("results/runs/zenke2015/seeds-*.json")) == 3


def test_check_passes_on_the_committed_references(project):
    finished = project.snakemake("check", *QUICK)
    assert "other: no reference yet" in finished.stdout
    for name in EXPERIMENTS:
        assert f"{name}: agrees with its reference (3 same seeds" in finished.stdout
    assert "figure zenke2015: not compared" in finished.stdout


def test_check_compares_what_is_drawn_with_the_committed_drawing(project):
    (project.folder / "config/experiments/other.yaml").unlink()
    shutil.copy(project.folder / "results/figures/zenke2015.nc", project.folder / COMMITTED)
    project.edit(
        "src/replasticity/studies/zenke2015/figure.py", "analytic * grid_Hz, color", "1.001 * analytic * grid_Hz, color"
    )
    finished = project.snakemake("check", *QUICK, check=False)
    printed = finished.stdout + finished.stderr
    assert finished.returncode != 0
    assert "figure zenke2015: MOVED" in printed
    assert "panel c: series" in printed


def test_check_fails_with_a_table_of_what_moved(project):
    (project.folder / "config/experiments/other.yaml").unlink()
    project.edit(
        "src/replasticity/equations/homeostatic_stdp.py", "step.H_decay * H_Hz", "step.H_decay * H_Hz * 0.99999"
    )
    finished = project.snakemake("check", *QUICK, check=False)
    printed = finished.stdout + finished.stderr
    assert finished.returncode != 0
    assert "zenke2015: MOVED" in printed
    # Once: no second copy of the log.
    assert printed.count("zenke2015: MOVED") == 1
    assert "G_late_mean_Hz[4]" in printed


def test_other_seeds_pass_the_check_if_they_could_fail_it(project):
    # 46 numbers in each of three experiments, corrected: false-alarm rate 3 % for fresh seeds.
    (project.folder / "config/experiments/other.yaml").unlink()
    seeds = ", ".join(f"{name}: {list(range(101, 113))}" for name in EXPERIMENTS)
    finished = project.snakemake("check", "--cores", "2", "--config", f"seeds={{{seeds}}}")
    assert "zenke2015: no difference from its reference seen (0 same seeds, 12 other seeds" in finished.stdout


def test_few_other_seeds_cannot_pass_the_check_of_a_broken_model(project):
    project.edit("src/replasticity/equations/homeostatic_stdp.py", "step.H_decay * H_Hz", "0.9 * step.H_decay * H_Hz")
    seeds = ", ".join(f"{name}: [101, 102]" for name in EXPERIMENTS)
    finished = project.snakemake("check", "--cores", "2", "--config", "scale=quick", f"seeds={{{seeds}}}", check=False)
    assert finished.returncode != 0
    printed = finished.stdout + finished.stderr
    assert "agrees" not in printed
    assert "zenke2015: too few seeds to tell" in printed
    assert "other: no reference yet" in printed
    assert "Equivalent to" not in project.replasticity("claims", "zenke2015").stdout


def test_gallery_is_renewed_from_the_results(project):
    (project.folder / "config/experiments/other.yaml").unlink()
    page = project.folder / "figures/README.md"
    refused = project.snakemake("gallery", *QUICK, check=False)
    assert refused.returncode != 0
    line = "error: figures/README.md: a section is not replaced by one of a smaller scale: zenke2015, of scale full, by"
    assert line in refused.stderr
    page.write_text("of an older page\n## another\nwhich no experiment has\n## zenke2015_paper\nkept\n")
    project.snakemake("gallery", *QUICK)
    text = page.read_text()
    assert "**reproduced**" in text
    assert "CPU time in 3 simulate jobs" in text
    assert "| exchanged-traces | zenke2015_eq15 (rule) | slope_sampled_nS_per_Hz:" in text
    assert "which no experiment has" not in text
    assert "of an older page" not in text
    assert text.endswith("## zenke2015_paper\nkept\n")
    assert (project.folder / "figures/zenke2015.png").read_bytes() == (
        project.folder / "results/figures/zenke2015.png"
    ).read_bytes()


def test_report_is_made_with_the_replays_and_is_not_made_twice(project):
    (project.folder / "config/experiments/other.yaml").unlink()
    recordings = project.folder / "tests/peers/zenke"
    recordings.mkdir(parents=True)
    shutil.copy(ROOT / "tests/peers/zenke/zenke_seed1.nc", recordings)
    shutil.copy(ROOT / "tests/peers/beats/beats.nc", recordings)
    project.snakemake("results/report.html", *QUICK)
    # The other recording concerns no chosen experiment.
    assert set(project.content("results/replays/*")) == {"results/replays/zenke_seed1.json"}
    page = (project.folder / "results/report.html").read_text(encoding="utf-8")
    assert 'id="claim-zenke2015-linear-slope"' in page
    assert "zenke_seed1.nc" in page
    assert remade(project, lambda: project.snakemake("results/report.html", *QUICK)) == set()
    path = project.folder / "src/replasticity/reporting/page.css"
    path.write_text(path.read_text() + "\n/* changed */\n")
    assert remade(project, lambda: project.snakemake("results/report.html", *QUICK)) == {"report"}


def test_snakemake_writes_its_own_report(project):
    (project.folder / "config/experiments/other.yaml").unlink()
    # No network: whatever would be fetched through a proxy fails.
    nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}
    project.snakemake("--report", "snakemake-report.html", *QUICK, **nowhere)
    page = (project.folder / "snakemake-report.html").read_text(encoding="utf-8")
    assert "zenke2015.svg" in page
    assert "as printed, from the experiments" in page


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ("scale=tiny", "scale: has to be 'quick', 'standard' or 'full'"),
        ("scael=quick", "scael: unknown key (did you mean 'scale'?)"),
        ("experiments=[zenke2051]", "experiments: no experiment 'zenke2051'"),
    ],
)
def test_wrong_configuration_stops_before_anything_runs(project, config, text):
    finished = project.snakemake("--cores", "1", "--config", config, check=False)
    assert finished.returncode != 0
    assert text in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr


def test_failing_job_shows_its_log(project):
    project.edit("src/replasticity/models/homeostatic_stdp.py", "    H_Hz = 0.0\n", "    H_Hz = undefined\n")
    finished = project.snakemake(*QUICK, check=False)
    assert finished.returncode != 0
    assert "undefined" in finished.stdout + finished.stderr
