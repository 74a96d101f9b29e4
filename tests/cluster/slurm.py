"""A real Slurm with two nodes on this machine: munge, slurmctld and two slurmd, started and stopped by us.

The configuration has to lie at /etc/slurm/slurm.conf: the jobs of Snakemake's executor plugin start `srun` without
the variables of Slurm that say where another one lies. A machine that has one already belongs to a real cluster;
nothing is started there.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

CONFIGURATION_FILE = Path("/etc/slurm/slurm.conf")
MUNGE_FOLDER = Path("/run/munge")
CLUSTER = "replasticity-test"
NODES = ("n1", "n2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
PLUGINS = ("snakemake_executor_plugin_slurm", "snakemake_executor_plugin_cluster_generic")

# cons_tres with one core per node: two jobs at once. OverMemoryKill: memory is enforced without cgroups.
CONFIGURATION = """\
ClusterName={cluster}
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
JobRequeue=0
KillWait=2
MinJobAge=300
ReturnToService=2
SlurmctldParameters=enable_configless
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmctldPort={ports[0]}
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=4000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=1440 DefMemPerCPU=500 State=UP
"""


def why_not() -> str | None:
    """Return why no Slurm can be started here; None if one can."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"no Slurm here ({', '.join(missing)} missing): apt-get install --no-install-recommends slurm-wlm munge"
    if any(importlib.util.find_spec(plugin) is None for plugin in PLUGINS):
        return "Snakemake's executor plugins are missing: make install"
    if os.geteuid() != 0:
        return "only root can start the daemons of Slurm"
    if CONFIGURATION_FILE.exists():
        return f"{CONFIGURATION_FILE} exists: this machine has a Slurm of its own, or another test runs one"
    return None


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition; raise a `TimeoutError` if it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.2)


class Slurm:
    """A running cluster.

    Attributes
    ----------
    folder : Path
        Where its state and its logs are.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start all daemons and wait until both nodes are idle."""
        (self.folder / "state").mkdir()
        content = CONFIGURATION.format(
            cluster=CLUSTER, host=socket.gethostname().split(".")[0], folder=self.folder, ports=_free_ports()
        )
        (self.folder / "slurm.conf").write_text(content)
        CONFIGURATION_FILE.symlink_to(self.folder / "slurm.conf")
        if not (MUNGE_FOLDER / "munge.socket.2").exists():
            MUNGE_FOLDER.mkdir(mode=0o755, exist_ok=True)
            shutil.chown(MUNGE_FOLDER, "munge", "munge")
            self._run("runuser", "-u", "munge", "--", "munged", "--foreground", daemon="munged")
            wait_until((MUNGE_FOLDER / "munge.socket.2").exists, "munged")
        self.start_controller(clean=True)
        for node in NODES:
            self.start_node(node)
        wait_until(lambda: self.ask("sinfo", "-h", "-N", "-t", "idle", "-o", "%N").split() == list(NODES), "idle nodes")

    def start_controller(self, clean: bool = False) -> None:
        """Start slurmctld, with an empty memory or with that of the last one."""
        self._run("slurmctld", "-D", *(["-c"] if clean else []), daemon="slurmctld")
        wait_until(self._controller_answers, "slurmctld")

    def _controller_answers(self) -> bool:
        return subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0

    def start_node(self, node: str) -> None:
        """Start the slurmd of one node."""
        (self.folder / f"spool-{node}").mkdir(exist_ok=True)
        self._run("slurmd", "-D", "-c", "-N", node, daemon=node)

    def _run(self, *command: str, daemon: str) -> None:
        with (self.folder / f"{daemon}.out").open("ab") as out:
            self._daemons[daemon] = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)

    def wait_until_saved(self) -> None:
        """Wait until slurmctld has saved what became of its jobs up to now, which it does within about five seconds.

        One that is killed before forgets it: a job that was cancelled runs for ever for the next slurmctld.
        """
        asked = time.time()
        saved = self.folder / "state/job_state"
        wait_until(lambda: saved.exists() and saved.stat().st_mtime > asked, "the saved state of the jobs")

    def kill(self, daemon: str) -> None:
        """End one daemon at once, as a power cut would."""
        process = self._daemons.pop(daemon)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Cancel what still runs, end all daemons and remove the link to our configuration."""
        if "slurmctld" in self._daemons:
            subprocess.run(["scancel", "--user=root"], capture_output=True, timeout=30)
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: not self.jobs(), "the end of all jobs", 20.0)
        for process in reversed(self._daemons.values()):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._daemons.clear()
        for process in psutil.process_iter():
            # What was left running on a node that was set down, which Slurm has forgotten.
            with contextlib.suppress(psutil.Error):
                if process.environ().get("SLURM_CLUSTER_NAME") == CLUSTER:
                    process.kill()
        CONFIGURATION_FILE.unlink(missing_ok=True)

    def ask(self, *command: str) -> str:
        """Return what a command of Slurm prints."""
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def jobs(self, states: str = "PENDING,RUNNING,COMPLETING") -> dict[str, str]:
        """Return job -> the node that it runs on, of all jobs in these states."""
        lines = self.ask("squeue", "-h", "-t", states, "-o", "%i %N").splitlines()
        return {job: " ".join(node) for job, *node in map(str.split, lines)}

    def jobs_submitted(self) -> int:
        """Return the number of jobs that were ever submitted."""
        log = (self.folder / "slurmctld.log").read_text(errors="replace")
        return log.count("_slurm_rpc_submit_batch_job: JobId=")


def _free_ports() -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(1 + len(NODES))]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Slurm]:
    """Start a cluster whose state is in the folder, and stop it at the end whatever happens."""
    slurm = Slurm(folder)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()
