"""Parameters of voltage-based plasticity that lead nowhere, at the command line: one line, status 2, and no file."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

SHARP_ONSET = """\
title: Sharper spike onset
based_on: clopath2010
parameters:
  Delta_T_mV: {value: 0.5, source: my own choice}
figure:
  module: clopath2010
"""


def simulate(folder, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "replasticity", "simulate", *arguments, "-o", str(folder / "x.nc")],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("clopath2010", "--set", "Delta_T_mV=0.05"), "Delta_T_mV: has to be 0, or above"),
        (("clopath2010", "--set", "V_reset_mV=20.0"), "V_reset_mV: has to be below V_peak_mV"),
        (("clopath2010", "--set", "exc_count=1"), "exc_count: has to be at least 2"),
        (("clopath2010", "--set", "duration_ms=1e8"), "MB of memory"),
        (("clopath2010_pairing", "--set", "delay_ms=1e-320"), "delay_ms: has to be 0 or from 1e-15"),
        (("clopath2010_pairing", "--set", "delay_ms=1e-14"), "delay_ms: has to be a whole multiple of dt_ms"),
        (("clopath2010_pairing", "--set", "hh_V_initial_mV=-1000.0"), "V_mV of neuron 0 is nan at 0.1 ms"),
        (("urbanczik2014", "--set", "drive_amplitude_I_nS=-200.0"), "U_mV of neuron 0 is"),
        (("urbanczik2014", "--set", "input_rate_Hz=1e12"), "MB of memory"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_a_run_without_sense_ends_in_one_line(tmp_path, arguments, text):
    finished = simulate(tmp_path, *arguments, cwd=ROOT)
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1
    assert text in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_whose_upstroke_runs_away_is_not_judged(project_copy):
    (project_copy.folder / "config" / "experiments" / "mine.yaml").write_text(SHARP_ONSET)
    finished = project_copy.run("replasticity", "simulate", "mine", "--scale", "quick", "-o", "x.nc", check=False)
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1
    assert "w_pA of neuron" in finished.stderr
    assert not (project_copy.folder / "x.nc").exists()


@pytest.mark.parametrize("V_mV", ["-40.0", "-55.0"])
def test_a_neuron_that_starts_where_a_rate_is_zero_over_zero_runs(tmp_path, V_mV):
    finished = simulate(tmp_path, "clopath2010_pairing", "--set", f"hh_V_initial_mV={V_mV}", cwd=ROOT)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "x.nc").exists()
