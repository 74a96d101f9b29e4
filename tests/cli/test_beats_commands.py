"""The student's question on the command line: other frequencies, their run, and their figure."""

import json
import shlex

import numpy as np
import pytest

from replasticity.cli import main
from replasticity.storage import datasets

PAIR = ["--set", "pre_rates_Hz=[100]", "--set", "post_rates_Hz=[104]"]


@pytest.fixture
def project(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    return project_copy.folder


def test_other_frequencies_are_simulated_recorded_and_drawn(project, capsys):
    assert main(["simulate", "beats", *PAIR, "-o", "my.nc"]) == 0
    run = datasets.read(project / "my.nc", "run")
    assert json.loads(run.attrs["changed_parameters"]) == {"pre_rates_Hz": [100], "post_rates_Hz": [104]}
    assert json.loads(run.attrs["parameters"])["post_rates_Hz"] == [104.0]
    assert run.sizes["synapse"] == 1
    assert main(["plot", "beats", "my.nc"]) == 0
    assert capsys.readouterr().out.split() == ["my.pdf", "my.svg", "my.png"]
    svg = (project / "my.svg").read_text()
    assert "100/104 Hz: beat 3.09 Hz, not 4" in svg
    assert "beat 3.09 Hz:" in svg
    assert "ends at 0.260" in svg


def test_the_recorded_command_repeats_the_run(project):
    assert (
        main(["simulate", "beats", "--set", "pre_rates_Hz=[100, 7]", "--set", "post_rates_Hz=[50,9]", "-o", "a.nc"])
        == 0
    )
    first = datasets.read(project / "a.nc", "run")
    program, *arguments = shlex.split(first.attrs["history"])[2:]
    assert program == "replasticity"
    assert main([*arguments, "-o", "b.nc"]) == 0
    assert (project / "a.nc").read_bytes() == (project / "b.nc").read_bytes()


def test_frequencies_that_do_not_fit_are_refused_before_anything_runs(project, capsys):
    assert main(["simulate", "beats", "--set", "pre_rates_Hz=[100]", "-o", "my.nc"]) == 2
    told = capsys.readouterr().err
    assert "post_rates_Hz: one rate for each pair, but there are 3 for 1 pre_rates_Hz" in told
    assert len(told.splitlines()) == 1
    assert not (project / "my.nc").exists()


def test_a_map_and_an_epsp_of_ones_own(project):
    assert main(["simulate", "beats_map", *PAIR, "--set", "post_start_phases=[0, 0.5]", "-o", "map.nc"]) == 0
    assert datasets.read(project / "map.nc", "run")["weight_final"].shape == (2, 1, 1)
    assert main(["simulate", "epsp", "--set", "pairings=60", "--set", "grid_rates_Hz=[3]", "-o", "epsp.nc"]) == 0
    for name, file in (("beats_map", "map.nc"), ("epsp", "epsp.nc")):
        assert main(["plot", name, file]) == 0
        assert np.all([(project / file).with_suffix(f".{kind}").stat().st_size > 5000 for kind in ("png", "svg")])
