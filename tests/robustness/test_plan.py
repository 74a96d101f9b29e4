"""What is simulated for a budget: more of it adds parts, and changes none."""

import itertools
import json

import pytest

from replasticity.definitions import experiments
from replasticity.definitions.budgets import budget_of, within_of
from replasticity.errors import UserError
from replasticity.pipeline import jobs as records
from replasticity.robustness import plan, runs, work
from replasticity.robustness.work import Request
from replasticity.storage import project

WITHIN = (0.1, 0.5)


@pytest.fixture(scope="module")
def zenke():
    resolved = experiments.resolve("zenke2015", "quick")
    return runs.Simulation(resolved, runs.seeds_of(resolved, 12), runs.claims_of(resolved))


@pytest.fixture(scope="module")
def spaces(zenke):
    return plan.spaces_of(zenke.resolved, WITHIN)


@pytest.mark.parametrize(
    ("text", "amount", "in_minutes"),
    [("4000", 4000, False), ("4000 runs", 4000, False), ("10min", 10, True), ("1.5h", 90, True), ("90 s", 1.5, True)],
)
def test_a_budget_is_runs_or_time(text, amount, in_minutes):
    budget = budget_of(text)
    assert (budget.amount, budget.in_minutes) == (amount, in_minutes)
    assert budget_of(str(budget)) == budget
    assert budget.runs(0.5) == (120 * amount if in_minutes else amount)


@pytest.mark.parametrize(
    "text", ["", "0", "-3", "0min", "ten", "10 m", "1e3", "10min 5s", "9" * 400, "\N{SUPERSCRIPT TWO}"]
)
def test_what_is_no_budget_is_told(text):
    with pytest.raises(ValueError, match=r"has to be runs, such as 4000, or the time of a core, such as 10min or 2h"):
        budget_of(text)


def test_distances_are_shares_the_nearest_first():
    assert within_of("50%, 10 %") == [0.1, 0.5]
    assert within_of("2.5%") == [0.025]


@pytest.mark.parametrize("text", ["", "10", "0%", "100%", "10%,10%", "10%,10.0%", "-10%", "10%;50%", "10%,", "a%"])
def test_what_is_no_distance_is_told(text):
    with pytest.raises(ValueError, match=r"has to be shares of the printed values below 100 %, such as 10%,50%"):
        within_of(text)


def test_a_larger_budget_goes_on_with_what_a_smaller_one_began(zenke, spaces):
    plans = [plan.plan(zenke, spaces, budget_of(str(amount))) for amount in (1, 1000, 5000, 50_000)]
    names = [[part.name for part in each] for each in plans]
    assert names[0] == ["printed"]
    for smaller, larger in itertools.pairwise(names):
        assert len(smaller) < len(larger)
        assert larger[: len(smaller)] == smaller
    assert len(set(names[-1])) == len(names[-1])
    for smaller, larger in zip(plans[1], plans[-1], strict=False):
        assert list(smaller.points) == list(larger.points)


def test_a_budget_is_not_exceeded_and_used_where_it_can_be(zenke, spaces):
    for amount in (3000, 20_000, 200_000):
        needed = sum(plan.runs_of(zenke, part) for part in plan.plan(zenke, spaces, budget_of(str(amount))))
        # The next doubling of a design's rows does not fit.
        assert amount / 4 < needed <= amount


def test_designs_are_whole(zenke, spaces):
    """Of each distance as many rows as a power of two, without a gap, and all trajectories."""
    parts = [part.name for part in plan.plan(zenke, spaces, budget_of("100000"))]
    for within in ("within-0.1", "within-0.5"):
        for design in ("morris", "sobol"):
            bounds = [each.split("-")[2:] for each in parts if each.startswith(f"{within}/{design}-")]
            places = [place for first, last in bounds for place in range(int(first), int(last) + 1)]
            assert places == list(range(len(places)))
            assert len(places) == 10 if design == "morris" else len(places).bit_count() == 1


def test_finer_steps_count_as_the_longer_runs_that_they_are(zenke):
    dt_ms = zenke.resolved.values["dt_ms"]
    fine = runs.Part("steps", [{"dt_ms": dt_ms / 10}])
    assert plan.runs_of(zenke, fine) > 3 * plan.runs_of(zenke, runs.Part("printed", [{}]))
    assert plan.runs_of(zenke, runs.Part("refused", [{"dt_ms": -1.0}])) == 0


def request_of(budget="150", name="stdp_window", changes="{}"):
    return Request(name, "quick", changes, WITHIN, budget_of(budget), 2)


def test_jobs_share_all_parts_between_them(folder, monkeypatch):
    monkeypatch.setattr(work, "LEAST_JOB_S", 0.0)
    asked = request_of().work()
    for seconds, count in ((1e-3, len(asked.parts)), (1e6, 1)):
        found = work.jobs(asked, seconds)
        assert [place for places in found.values() for place in places] == list(range(len(asked.parts)))
        assert len(found) == count
        assert list(found) == [f"{places.start + 1}-{places.stop}" for places in found.values()]


def test_a_job_makes_its_parts_alone_and_its_record_goes_with_them(folder):
    request = request_of()
    work.make_together(request, range(3))
    parts = request.work().parts[:3]
    files = [project.robustness_part_file("stdp_window", part.name) for part in parts]
    record = project.robustness_record_file("stdp_window", "1-3")
    assert sorted(project.results_folder().rglob("*.nc")) == sorted(files)
    assert set(json.loads(record.read_text())["sha256"]) == {part.name for part in parts}
    records.forget_records_of_lost_parts("stdp_window")
    assert record.is_file()
    files[0].write_bytes(files[0].read_bytes()[:-1])
    records.forget_records_of_lost_parts("stdp_window")
    assert not record.exists()
    work.make_together(request, range(3))
    record.write_text("{}")
    records.forget_records_of_lost_parts("stdp_window")
    assert not record.exists()


@pytest.mark.parametrize("places", [range(-1, 2), range(3, 3), range(10**6)])
def test_parts_that_there_are_not_are_told(folder, places):
    with pytest.raises(UserError, match=r"^--parts .*: there are the parts 1-\d+ for this budget$"):
        work.make_together(request_of(), places)


def test_changed_parameters_leave_the_parts_of_the_experiment(folder):
    work.make_together(request_of(), range(1))
    own = project.robustness_part_file("stdp_window", "printed")
    before = own.read_bytes()
    work.make_together(request_of(changes='{"dt_ms": 0.05}'), range(1))
    assert own.read_bytes() == before
    assert len(list(project.results_folder().rglob("printed.nc"))) == 2


def test_an_experiment_without_claims_is_told(folder):
    without = experiments.load("stdp_window").model_copy(update={"claims": []})
    asked = request_of()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "load", lambda name: without)
        with pytest.raises(UserError, match=r"^stdp_window: has no claims"):
            asked._replace(seeds=7).work()
