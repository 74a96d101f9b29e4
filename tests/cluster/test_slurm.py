"""The workflow on a real Slurm of two nodes, started for these tests: same bytes as a local run, whatever breaks.

One file, so that pytest-xdist gives it to one process: there is one Slurm per machine.
"""

import concurrent.futures
import contextlib
import subprocess
import threading

import psutil
import pytest

from tests.cluster import slurm
from tests.cluster.slurm import wait_until
from tests.conftest import ZENKE, ProjectCopy

pytestmark = [pytest.mark.cluster, pytest.mark.workflow, pytest.mark.slow]

SUBMIT = ("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")
QUICK = ("--config", "scale=quick")

# Too little memory for one experiment and too little time for another, at the first attempt. The others have time
# enough to wait, stopped, until it is their turn to meet their fault.
SCARCE = (
    "--set-resources",
    "simulate:runtime=1 if wildcards.experiment == 'outpaced' and attempt == 1 else 30",
    "simulate:mem_mb=100 if wildcards.experiment == 'hungry' and attempt == 1 else 1000",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    if reason := slurm.why_not():
        pytest.skip(reason)
    with slurm.running(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def make_project(folder, add=()):
    """Return a copy of the project with few experiments."""
    project = ProjectCopy(folder)
    project.keep_experiments(*ZENKE)
    for name in add:
        path = project.folder / f"config/experiments/{name}.yaml"
        path.write_text("title: Meets a fault\nbased_on: zenke2015\n")
    return project


@pytest.fixture(scope="module")
def submitted(cluster, tmp_path_factory):
    """The quick scale, made by Slurm, with an empty home directory."""
    home = tmp_path_factory.mktemp("home")
    project = make_project(tmp_path_factory.mktemp("submitted") / "project")
    before = cluster.jobs_submitted()
    project.snakemake(*SUBMIT, *QUICK, HOME=str(home))
    project.jobs = cluster.jobs_submitted() - before
    project.home = home
    return project


def test_nothing_is_written_into_the_home_directory(submitted):
    assert [path for path in submitted.home.rglob("*") if path.is_file()] == []


def test_every_file_is_that_of_a_local_run(submitted, tmp_path):
    local = make_project(tmp_path / "local")
    local.snakemake("--cores", "2", *QUICK)
    for kind in ("runs/*/*", "compiled/*", "ensembles/*", "evaluations/*", "figures/*"):
        made = submitted.content(f"results/{kind}")
        assert made
        assert made == local.content(f"results/{kind}"), kind


def test_short_steps_share_jobs(submitted):
    # One to compile, one per experiment to simulate, one to judge them all, one to draw.
    assert submitted.jobs == 1 + len(ZENKE) + 1 + 1
    assert len(submitted.content("results/logs/**/*.log")) == 1 + len(ZENKE) * 3 + 1


def test_second_call_submits_nothing(submitted, cluster):
    before = cluster.jobs_submitted()
    finished = submitted.snakemake(*SUBMIT, *QUICK)
    assert "Nothing to be done" in finished.stdout + finished.stderr
    assert cluster.jobs_submitted() == before


def test_generic_profile_gives_the_same_runs(submitted, cluster, tmp_path):
    project = make_project(tmp_path / "project")
    before = cluster.jobs_submitted()
    generic = ("--profile", "profiles/cluster-generic", "--latency-wait", "10")
    project.snakemake("results/ensembles/zenke2015.nc", *generic, *QUICK)
    assert project.content("results/runs/zenke2015/*") == submitted.content("results/runs/zenke2015/*")
    assert cluster.jobs_submitted() - before == 3


def test_job_too_large_for_every_node_is_told(cluster, tmp_path):
    project = make_project(tmp_path / "project")
    finished = project.snakemake(
        *SUBMIT, *QUICK, "--retries", "0", "--set-resources", "simulate:mem_mb=99000", check=False
    )
    assert finished.returncode != 0
    printed = finished.stdout + finished.stderr
    assert "Memory specification can not be satisfied" in printed, printed
    assert "Traceback" not in printed


def cancel(cluster, worker):
    cluster.ask("scancel", worker.environ()["SLURM_JOB_ID"])
    cluster.wait_until_saved()


def set_node_down(cluster, worker):
    node = f"nodename={worker.environ()['SLURMD_NODENAME']}"
    cluster.ask("scontrol", "update", node, "state=down", "reason=test")
    cluster.wait_until_saved()
    worker.wait(60)
    # Refused where the node has come back by itself, since its slurmd still answers.
    subprocess.run(["scontrol", "update", node, "state=resume"], capture_output=True)


@contextlib.contextmanager
def nothing_submitted(project):
    """Stop the project's call of Snakemake meanwhile."""
    [call] = [child for child in psutil.Process().children() if child.cwd() == project]
    call.suspend()
    try:
        yield
    finally:
        call.resume()


def restart_controller(cluster, worker):
    # What was submitted or started after the last save is lost with the slurmctld, and would be submitted again.
    with nothing_submitted(worker.cwd()):
        cluster.ask("scontrol", "update", f"jobid={worker.environ()['SLURM_JOB_ID']}", "comment=save")
        cluster.wait_until_saved()
        cluster.kill("slurmctld")
    worker.resume()
    worker.wait(60)
    cluster.start_controller()


def hang(cluster, worker):
    """Let it be until its time is over."""


#: Experiment -> what happens to its job while it works. All are zenke2015 under another name.
FAULTS = {"outpaced": hang, "cancelled": cancel, "stranded": set_node_down, "restarted": restart_controller}
FAULTY = ("hungry", *FAULTS)


def worker_of(project, experiment):
    """Wait for the process that simulates an experiment for a Slurm job, and return it."""
    found = []

    def appears():
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                command = ["-m", "replasticity", "simulate", experiment]
                if process.cmdline()[1:5] == command and process.cwd() == str(project.folder):
                    found.append(process)
        return found

    wait_until(appears, f"a job of {experiment}", 300.0)
    return found[0]


def meet_fault(cluster, project, experiment, one_at_a_time):
    """Stop an experiment's job while it works, and let its fault happen."""
    worker = worker_of(project, experiment)
    worker.suspend()
    with one_at_a_time:
        FAULTS[experiment](cluster, worker)


@pytest.fixture(scope="module")
def broken(cluster, tmp_path_factory):
    """A call of Snakemake whose jobs all meet a fault at their first attempt."""
    project = make_project(tmp_path_factory.mktemp("broken") / "project", add=FAULTY)
    targets = [f"results/runs/{name}/seeds-1001-1003.json" for name in FAULTY]
    before = cluster.jobs_submitted()
    one_at_a_time = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        faults = [pool.submit(meet_fault, cluster, project, name, one_at_a_time) for name in FAULTS]
        finished = project.snakemake(*targets, *SUBMIT, *QUICK, *SCARCE, check=False)
    for fault in faults:
        fault.result()
    project.status = finished.returncode
    project.printed = finished.stdout + finished.stderr
    project.jobs = cluster.jobs_submitted() - before
    return project


def test_faults_do_not_stop_the_workflow(broken):
    assert broken.status == 0, broken.printed


def test_faults_change_no_byte(broken, tmp_path):
    local = make_project(tmp_path / "local", add=FAULTY)
    local.snakemake(*(f"results/runs/{name}/seeds-1001-1003.json" for name in FAULTY), "--cores", "2", *QUICK)
    assert broken.content("results/runs/*/*") == local.content("results/runs/*/*")


def test_each_fault_costs_one_more_job(broken):
    # A restarted slurmctld costs none.
    assert broken.jobs == 1 + len(FAULTY) + len(FAULTY) - 1, broken.printed


@pytest.mark.parametrize("state", ["CANCELLED", "NODE_FAIL", "TIMEOUT"])
def test_reader_is_told_what_ended_a_job(broken, state):
    assert f"SLURM status is: '{state}'" in broken.printed
