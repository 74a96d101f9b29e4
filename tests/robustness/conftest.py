"""A folder of a project, and what is simulated in it."""

import pytest

from replasticity.study.protocols import Protocol


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("scale: quick\n")
    return tmp_path


@pytest.fixture
def simulated(monkeypatch):
    """The seeds that were simulated."""
    seeds = []
    run_seed = Protocol.run_seed

    def counted(self, parameters, seed, checkpoint=None):
        seeds.append(seed)
        return run_seed(self, parameters, seed, checkpoint)

    monkeypatch.setattr(Protocol, "run_seed", counted)
    return seeds
