"""A project to spoil, and a process that runs commands in it."""

import pytest

from tests.conftest import ProjectCopy
from tests.faults.command_worker import Worker


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    worker = Worker(ProjectCopy(tmp_path_factory.mktemp("fuzzing") / "project").folder)
    yield worker
    worker.close()
