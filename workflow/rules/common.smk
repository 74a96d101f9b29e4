# What all rules know: the experiments at the chosen scale, checked before anything runs.

import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

from replasticity import terminal
from replasticity.definitions import configuration, experiments
from replasticity.making import marks
from replasticity.peers import chosen, live, replays
from replasticity.pipeline import jobs, provenance, targets
from replasticity.reporting import conformed
from replasticity.storage import datasets, files, integrity, project
from replasticity.study import protocols
from replasticity.errors import UserError
from replasticity.definitions.seeds import name_of_seeds, seed_ranges

project.put_this_python_first()
marks.leave_to_snakemake()
terminal.use_what_there_is()

try:
    # No `configfile:`, which would read config/config.yaml by other rules than our commands.
    CONFIGURATION = configuration.read(
        workflow.config_settings.configfiles, workflow.config_settings.config_args
    )
    EXPERIMENTS = configuration.resolve_all(CONFIGURATION)
except UserError as error:
    raise WorkflowError(terminal.one_line(error)) from None

# For workflow/report/workflow.rst, which sees nothing else of ours.
config["scale"] = CONFIGURATION.scale

FIGURES = {name: each for name, each in EXPERIMENTS.items() if each.experiment.figure}
FORMATS = marks.FORMATS

# The quick scale leaves out recordings that run longer than this [ms].
LONGEST_QUICK_REPLAY_MS = 600_000


wildcard_constraints:
    experiment="|".join(EXPERIMENTS) or "(?!)",
    figure="|".join(FIGURES) or "(?!)",
    kernels="[0-9a-f]{16}",
    recording=r"[A-Za-z0-9_.]+",
    comparison=r"\w+-[a-z0-9]+",
    peer_ensemble=r"\w+-[a-z0-9]+",
    peer_seed=r"\d+",
    seeds=r"[0-9a-z,-]+",
    parts=r"\d+-\d+",


def arguments(wildcards):
    """Command-line arguments that name an experiment and its parameters."""
    return EXPERIMENTS[wildcards.experiment].arguments


def parameters_digest(wildcards):
    """Digest of an experiment's parameters: a change is the reason to simulate it again."""
    return EXPERIMENTS[wildcards.experiment].digest


def code_of_stage(digest_of_protocol):
    """Digest of the code that a stage executes for an experiment: a change is the reason to do it again."""
    return lambda wildcards: digest_of_protocol(
        EXPERIMENTS[wildcards.experiment].experiment.protocol
    )


def judged_together(wildcards):
    """Names of the experiments of one figure, whose claims are corrected together; the scale may leave some out."""
    loaded = {name: each.experiment for name, each in EXPERIMENTS.items()}
    return experiments.in_one_figure(wildcards.experiment, loaded)


def compiled(protocol):
    """What says that a protocol's kernels are compiled: one file for all protocols that use the same kernels."""
    return f"results/compiled/{provenance.kernels_digest(protocol)}.json"


def protocol_with(wildcards):
    """The first protocol that uses some kernels."""
    return next(
        name
        for name in protocols.names()
        if provenance.kernels_digest(name) == wildcards.kernels
    )


@cache
def jobs_of(experiment):
    """Seeds of each simulate job of an experiment, by their name in the job's files."""
    return jobs.seeds_of_jobs(EXPERIMENTS[experiment], CONFIGURATION)


def records(*names):
    """Records of the simulate jobs of some experiments."""
    return [
        f"results/runs/{name}/seeds-{seeds}.json"
        for name in names
        for seeds in jobs_of(name)
    ]


def seeds_of(wildcards):
    """Seeds of a job: those that it is named after, or else all of its experiment."""
    of_all = EXPERIMENTS[wildcards.experiment].seeds
    return jobs_of(wildcards.experiment).get(wildcards.get("seeds"), of_all)


def file_of_seeds(wildcards):
    """The file with a job's seeds, where a command line has no room for them."""
    seeds = seeds_of(wildcards)
    name = name_of_seeds(seeds)
    return (
        []
        if jobs.fit_an_argument(seeds)
        else f"results/seeds/{wildcards.experiment}/{name}.txt"
    )


def seeds_argument(wildcards):
    """A job's seeds as its command takes them."""
    file = file_of_seeds(wildcards)
    return f"@{file}" if file else seed_ranges(seeds_of(wildcards))


def growing(amount):
    """An amount of memory or time that is doubled, then tripled when a job is tried again (--retries)."""
    return lambda wildcards, attempt: attempt * amount


@cache
def recordings():
    """Recordings of other simulators that concern the chosen experiments; found only if the report asks for them."""
    longest_ms = (
        LONGEST_QUICK_REPLAY_MS if CONFIGURATION.scale == "quick" else float("inf")
    )
    protocols = {each.experiment.protocol for each in EXPERIMENTS.values()}
    return replays.recordings(protocols, longest_ms)


@cache
def comparisons():
    """Comparisons with the simulators that are installed: PROTOCOL-PEER -> experiment and simulator."""
    return chosen.comparisons(EXPERIMENTS)


@cache
def peer_ensembles():
    """Ensembles over seeds with the simulators that are installed: EXPERIMENT-PEER -> what it is."""
    return chosen.ensembles(EXPERIMENTS, CONFIGURATION.peers_seeds)


def peer_ensemble(wildcards):
    """The ensemble of another simulator that a job is about."""
    return peer_ensembles()[wildcards.peer_ensemble]


def code_of_peer_ensemble(wildcards):
    """Digest of the code that makes an ensemble of another simulator."""
    experiment = peer_ensemble(wildcards).experiment
    return provenance.peer_ensemble_digest(EXPERIMENTS[experiment].experiment.protocol)


@cache
def robustness_request(experiment):
    """What is asked about an experiment around its printed parameters."""
    # Loads what nothing else needs.
    from replasticity.robustness import work

    return work.configured(EXPERIMENTS[experiment], CONFIGURATION)


@cache
def robustness_jobs(experiment):
    """Places of the parts of each job that simulates around the printed parameters, by their name in its files."""
    from replasticity.robustness import work

    asked = robustness_request(experiment).work()
    return work.jobs(asked, CONFIGURATION.job_seconds)


def robustness_records(*names):
    """Records of such jobs of some experiments."""
    return [
        f"results/robustness/{name}/parts-{parts}.json"
        for name in names
        for parts in robustness_jobs(name)
    ]


def robustness_parts(wildcards):
    """Names of the parts of such a job."""
    parts = robustness_request(wildcards.experiment).work().parts
    places = robustness_jobs(wildcards.experiment)[wildcards.parts]
    return [parts[place].name for place in places]


def robustness_runtime_min(wildcards):
    """Time limit of such a job [min]."""
    from replasticity.robustness import work

    asked = robustness_request(wildcards.experiment).work()
    return work.runtime_min(
        asked, robustness_jobs(wildcards.experiment)[wildcards.parts]
    )


def robustness_experiments():
    """Names of the experiments about which it is asked."""
    from replasticity.robustness import work

    return work.chosen(EXPERIMENTS, CONFIGURATION)


# Rule -> what it makes with other simulators, if any is installed.
MADE_WITH_PEERS = {"conform": comparisons, "peers": peer_ensembles}


def replayed_protocol(wildcards):
    """The protocol that replays a recording."""
    return replays.protocol_of(recordings()[wildcards.recording])


def shown_experiments(wildcards):
    """Names of the experiments that a figure shows; the scale may leave some of them out."""
    beside = FIGURES[wildcards.figure].experiment.figure.beside.values()
    return [wildcards.figure, *(name for name in beside if name in EXPERIMENTS)]


def check_targets():
    """Stop where the command line asks for a file that the configuration does not make, and say what it makes."""
    try:
        # As it was typed: while these rules are read, Snakemake does not tell its targets yet.
        for argument in sys.argv[1:]:
            if argument in MADE_WITH_PEERS:
                chosen.require(MADE_WITH_PEERS[argument](), EXPERIMENTS)
            if argument == "robustness":
                robustness_experiments()
            targets.check(
                argument,
                EXPERIMENTS,
                CONFIGURATION,
                jobs_of,
                recordings,
                comparisons,
                robustness_jobs,
            )
    except UserError as error:
        raise WorkflowError(terminal.one_line(error)) from None


def check_results_folder():
    """Stop before the first job if no result can be written."""
    try:
        files.check_writable(Path("results/any file"))
    except UserError as error:
        raise WorkflowError(terminal.one_line(error)) from None


def show_results():
    """Tell the reader where the figures and the verdicts are."""
    present = [f"results/figures/{name}.png" for name in FIGURES]
    present = [path for path in present if Path(path).is_file()]
    if present:
        print("\nFigures (also as .pdf and .svg):", *present, sep="\n  ", flush=True)
    # A figure alone is made without verdicts.
    if any(Path("results/evaluations").glob("*.json")):
        print("Verdicts on the claims: python -m replasticity claims\n", flush=True)


check_targets()
if workflow.is_main_process:
    for name in EXPERIMENTS:
        jobs.forget_records_of_lost_runs(name)
        jobs.forget_records_of_lost_parts(name)
    marks.outdate(EXPERIMENTS, jobs_of)
