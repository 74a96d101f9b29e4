"""A project to spoil, and a process that runs commands in it."""

import pytest

from tests.conftest import ZENKE, ProjectCopy
from tests.faults.command_worker import Worker

OF_OTHER_PROTOCOLS = (
    *("beats", "beats_map", "clopath2010", "clopath2010_pairing", "dopamine_ten", "dopamine_timing", "epsp"),
    *("izhikevich2007", "izhikevich2007_cue", "izhikevich2007_pavlov", "stdp_tutorial_window", "stdp_window"),
    *("urbanczik2014", "urbanczik2014_refractory"),
)


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("fuzzing") / "project")
    # One experiment of each protocol, and of one figure all that is made of it.
    project.keep_experiments(*ZENKE, *OF_OTHER_PROTOCOLS)
    worker = Worker(project.folder)
    yield worker
    worker.close()
