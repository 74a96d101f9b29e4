"""What tests of other simulators share."""

import json
import sys

import numpy as np
import pytest

from replasticity.peers import environments
from replasticity.storage import project
from replasticity.study import protocols
from tests.peers.fakes import LIVE


@pytest.fixture
def fake(tmp_path, monkeypatch, in_project):
    """Return a function that makes some code the file of a simulator called "fake" for zenke2015."""
    simulator = environments.Simulator("Fake", "numpy", "numpy", np.__version__)
    monkeypatch.setattr(environments, "SIMULATORS", {"fake": simulator})
    monkeypatch.delenv(environments.VARIABLE, raising=False)
    monkeypatch.setattr(project, "cache_folder", lambda of: tmp_path / "cache" / of)
    monkeypatch.setitem(protocols.get("zenke2015").__dict__, "live", LIVE)
    file = tmp_path / "peer_fake.py"
    monkeypatch.setattr(protocols.Protocol, "live_peers", {"fake": file})
    environment = environments.environment("fake")
    environment.python.parent.mkdir(parents=True)
    # No link: Python would look for its libraries beside it.
    environment.python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    environment.python.chmod(0o755)
    (environment.folder / "installed.json").write_text(json.dumps(environment.requirements))

    def made(code):
        file.write_text(code)
        return environment

    return made
