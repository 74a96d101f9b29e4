"""A project to spoil, and a process that runs commands in it."""

import pytest

from replasticity.definitions import experiments
from replasticity.study import protocols
from tests.conftest import ZENKE, ProjectCopy
from tests.faults.command_worker import Worker


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    project = ProjectCopy(tmp_path_factory.mktemp("fuzzing") / "project")
    # One experiment of each protocol, and of one figure all that is made of it.
    project.keep_experiments(*ZENKE, *(experiments.of_protocol(name)[0] for name in protocols.names()))
    worker = Worker(project.folder)
    yield worker
    worker.close()
