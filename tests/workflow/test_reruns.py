"""Only what has changed is made again: for each file of a study, and for the code that all share.

All six studies are made once. Then each edit of `TABLE` is tried in dry runs, whose jobs are compared with the table.
"""

import contextlib
import io
import re
import shutil
from dataclasses import dataclass

import pytest
from ruamel.yaml import YAML

from replasticity.definitions import experiments
from replasticity.pipeline import provenance
from replasticity.study import protocols
from tests.conftest import ROOT, ProjectCopy

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CALL = ("all", "results/report.html", "--cores", "2", "--config", "scale=quick")


@dataclass(frozen=True)
class Study:
    """What is made of a study: an experiment with a figure, one beside it, and a recording.

    Attributes
    ----------
    main, beside : str
        The experiments. What concerns both is expected of both.
    recording : str
        Path below tests/peers.
    model, equation : str
        Modules that its protocol uses.
    parameter : str
        A parameter of `main`, inherited by `beside`.
    judged_by_peer : tuple of str
        Those of the experiments that are compared with another simulator's seeds.
    """

    main: str
    beside: str
    recording: str
    model: str
    equation: str
    parameter: str
    judged_by_peer: tuple[str, ...] = ()

    @property
    def protocol(self):
        return protocols.get(experiments.load(self.main).protocol)

    @property
    def both(self):
        return {self.main, self.beside}

    @property
    def replays_statistics(self):
        return self.protocol.statistics_module in provenance._modules()[self.protocol.peer_module].imports


STUDIES = {
    "zenke2015": Study(
        "zenke2015",
        "zenke2015_eq15",
        "zenke/zenke_seed1",
        "homeostatic_stdp",
        "homeostatic_stdp",
        "tau_H_ms",
        judged_by_peer=("zenke2015", "zenke2015_eq15"),
    ),
    "clopath2010": Study(
        "clopath2010",
        "clopath2010_inhibition_sign",
        "clopath/network_seed1",
        "clopath_network",
        "clopath",
        "tau_minus_ms",
        judged_by_peer=("clopath2010",),
    ),
    "urbanczik2014": Study(
        "urbanczik2014",
        "urbanczik2014_recall",
        "urbanczik/single_synapse",
        "urbanczik_senn",
        "urbanczik_senn",
        "tau_filter_ms",
        judged_by_peer=("urbanczik2014",),
    ),
    "izhikevich2007": Study(
        "izhikevich2007",
        "izhikevich2007_no_dopamine",
        "izhikevich/izhikevich_seed1",
        "distal_reward",
        "distal_reward",
        "trace_increment_mV",
        judged_by_peer=("izhikevich2007", "izhikevich2007_no_dopamine"),
    ),
    "dopamine_tutorial": Study(
        "dopamine_ten",
        "dopamine_ten_exact",
        "dopamine/dopa_ten_seed1",
        "dopamine_stdp.time_loop",
        "dopamine_stdp",
        "tau_c_ms",
        judged_by_peer=("dopamine_ten",),
    ),
    "beats": Study("beats", "beats_subtract", "beats/beats", "regular_firing", "regular_firing", "tau_pre_ms"),
}

ALL_AGAIN = ("compile", "simulate", "aggregate", "evaluate", "plot", "replay", "report")

#: What is edited -> the stages that are done again, for this study and no other. `expected` says for which files.
TABLE = {
    "equation": ALL_AGAIN,
    "model": ALL_AGAIN,
    "protocol": ("simulate", "aggregate", "evaluate", "plot", "replay", "report"),
    "statistics": ("aggregate", "evaluate", "plot", "replay with statistics", "report"),
    "figure": ("plot", "report"),
    "peer": ("evaluate of peers", "replay", "report"),
    "peer.yaml": ("evaluate of peers", "replay", "report"),
    "YAML: parameter": ("simulate", "aggregate", "evaluate", "plot", "report"),
    "YAML: claim": ("evaluate", "report"),
    "YAML: title": ("evaluate of main", "report"),
    "docstring of the protocol": (),
    "comment in the model": (),
    "layout of the statistics": (),
    "error in the protocol": (),
}

#: The same for code that all studies share: done again for all of them.
SHARED_TABLE = {
    "study/one_seed.py": ("simulate", "aggregate", "evaluate", "plot", "report"),
    "study/ensembles.py": ("aggregate", "evaluate", "plot", "report"),
    "judging/claims.py": ("evaluate", "report"),
    "plotting/rendering.py": ("plot", "report"),
    "peers/replays.py": ("replay", "report"),
    "reporting/page.py": ("report",),
    "definitions/experiments.py": (),
    "definitions/schemas.py": (),
    "storage/datasets.py": (),
    "pipeline/jobs.py": (),
    "cli.py": (),
    "error in definitions/parameters.py": (),
}

MESSAGES = {
    "compile": r"Compiling the kernels of (\w+) ",
    "simulate": r"Simulating (\w+), seeds",
    "aggregate": r"Gathering the statistics of (\w+),",
    "evaluate": r"Judging the claims of (\w+)",
    "plot": r"Drawing figure (\w+)",
    "replay": r"Replaying (\w+)",
    "report": r"Writing the (report): ",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("reruns") / "project")
    project.keep_experiments(*(name for study in STUDIES.values() for name in study.both))
    for study in STUDIES.values():
        target = project.folder / f"tests/peers/{study.recording}.nc"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / f"tests/peers/{study.recording}.nc", target)
    project.snakemake(*CALL)
    return project


def test_nothing_is_made_again_without_a_change(project):
    assert jobs(project) == {}


def jobs(project):
    """Return stage -> what it would be done for, of a dry run."""
    finished = project.snakemake("-n", *CALL)
    printed = finished.stdout + finished.stderr
    found = {stage: set(re.findall(message, printed)) for stage, message in MESSAGES.items()}
    return {stage: names for stage, names in found.items() if names}


@contextlib.contextmanager
def edited(path, change):
    """Change the text of a file, and change it back."""
    before = path.read_bytes()
    after = change(before.decode())
    assert after.encode() != before
    path.write_text(after)
    try:
        yield
    finally:
        path.write_bytes(before)


def with_code(text):
    return f"{text}\n_EDITED = True\n"


def with_comment(text):
    return f"# Edited.\n{text}\n\n\n# Edited.\n"


def with_another_docstring(text):
    assert text.startswith('"""')
    return f'"""Edited. {text[3:]}'


def with_another_layout(text):
    return re.sub(r"\n\n", "\n\n\n", text)


def with_another_error(text):
    """Reword the first error, if there is one."""
    changed, count = re.subn(r'(raise \w*Error\(\s*f?")', r"\1Edited: ", text, count=1)
    return changed if count else f"{text}\n# No error to reword.\n"


def of_yaml(change):
    """Return the change of a YAML file's content."""

    def changed(text):
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 10_000
        content = yaml.load(text)
        change(content)
        stream = io.StringIO()
        yaml.dump(content, stream)
        return stream.getvalue()

    return changed


def longer(parameter):
    def change(content):
        content["parameters"][parameter]["value"] = float(content["parameters"][parameter]["value"]) * 2

    return of_yaml(change)


def reworded(content):
    content["title"] = f"{content['title']}, edited"


def bound_moved(content):
    claim = content["claims"][0]
    bound = "lower" if claim.get("lower") is not None else "upper"
    claim[bound] = float(claim[bound]) + (-1e-6 if bound == "lower" else 1e-6)


def another_recording(content):
    content["recordings"].append("edited")


def edit(project, study, name):
    """Return the file of an edit and the change."""
    source, protocol = project.folder / "src", study.protocol

    def file(module):
        return source.joinpath(*module.split(".")).with_suffix(".py")

    figure = protocols.figures()[experiments.load(study.main).figure.module]
    model, equation = file(f"replasticity.models.{study.model}"), file(f"replasticity.equations.{study.equation}")
    yaml = project.experiment(study.main)
    return {
        "equation": (equation, with_code),
        "model": (model, with_code),
        "protocol": (file(protocol.module), with_code),
        "statistics": (file(protocol.statistics_module), with_code),
        "figure": (file(figure), with_code),
        "peer": (file(protocol.peer_module), with_code),
        "peer.yaml": (file(protocol.peer_module).with_suffix(".yaml"), of_yaml(another_recording)),
        "YAML: parameter": (yaml, longer(study.parameter)),
        "YAML: claim": (yaml, of_yaml(bound_moved)),
        "YAML: title": (yaml, of_yaml(reworded)),
        "docstring of the protocol": (file(protocol.module), with_another_docstring),
        "comment in the model": (model, with_comment),
        "layout of the statistics": (file(protocol.statistics_module), with_another_layout),
        "error in the protocol": (file(protocol.module), with_another_error),
    }[name]


def expected(study, stages):
    """Return stage -> what it is done for, of the stages that the table names."""
    recording = {study.recording.rpartition("/")[2]}
    names = {
        # Named after the first of the protocols that use the same kernels.
        "compile": {provenance.compiled_together(study.protocol.name)[0]},
        "simulate": study.both,
        "aggregate": study.both,
        "evaluate": study.both,
        "evaluate of peers": set(study.judged_by_peer),
        "evaluate of main": {study.main},
        "plot": {study.main},
        "replay": recording,
        # Some replays compute a statistic, which the recording has as well.
        "replay with statistics": recording if study.replays_statistics else set(),
        "report": {"report"},
    }
    return {stage.partition(" ")[0]: names[stage] for stage in stages if names[stage]}


def joined(parts):
    """Return stage -> all that it is done for."""
    whole = {}
    for part in parts:
        for stage, names in part.items():
            whole.setdefault(stage, set()).update(names)
    return whole


@pytest.mark.parametrize("shift", range(len(TABLE)))
def test_an_edit_of_a_study_makes_again_what_the_table_says(project, shift):
    # A dry run takes seconds: each has one edit of every study, another one for each, so that all studies have met all
    # edits at the end, and what an edit does to another study is seen.
    names = list(TABLE)
    edits = {study: names[(shift + 2 * place) % len(names)] for place, study in enumerate(STUDIES)}
    with contextlib.ExitStack() as stack:
        for study, name in edits.items():
            stack.enter_context(edited(*edit(project, STUDIES[study], name)))
        made = jobs(project)
    assert made == joined(expected(STUDIES[study], TABLE[name]) for study, name in edits.items()), edits


def test_edits_without_effect_make_nothing_again(project):
    # Beside others they could hide behind what those make again.
    silent = [name for name, stages in TABLE.items() if not stages]
    with contextlib.ExitStack() as stack:
        for place, study in enumerate(STUDIES.values()):
            stack.enter_context(edited(*edit(project, study, silent[place % len(silent)])))
        assert jobs(project) == {}


def of_shared_code(project, name):
    """Return the file of an edit and the change."""
    change = with_another_error if name.startswith("error") else with_code
    return project.folder / "src/replasticity" / name.rpartition(" ")[2], change


@pytest.mark.parametrize("name", [name for name, stages in SHARED_TABLE.items() if stages])
def test_an_edit_of_shared_code_makes_again_what_the_table_says(project, name):
    with edited(*of_shared_code(project, name)):
        made = jobs(project)
    assert made == joined(expected(study, SHARED_TABLE[name]) for study in STUDIES.values())


def test_edits_of_shared_code_without_effect_make_nothing_again(project):
    with contextlib.ExitStack() as stack:
        for name in [name for name, stages in SHARED_TABLE.items() if not stages]:
            stack.enter_context(edited(*of_shared_code(project, name)))
        assert jobs(project) == {}
