"""What a user meets whose parameters ask for too much, too little, or lead out of all limits."""

import pytest

from replasticity.cli import main


@pytest.fixture
def project(project_copy, monkeypatch):
    monkeypatch.chdir(project_copy.folder)
    return project_copy.folder


@pytest.mark.parametrize(
    ("experiment", "change", "text"),
    [
        ("epsp", "pairings=100000000", "pairings: the last spike has to come within 1e+09 steps"),
        ("epsp", "pairings=20000", "MB of memory, resources.mem_mb of its experiment allows 1000"),
        ("epsp", "gap_rates_Hz=[]", "gap_rates_Hz"),
        ("epsp", "E_L_mV=2000000.0", "v_V of read-out neuron 0 is 2000 at 0 ms, allowed: -1000 to 1000 V"),
        ("beats", "duration_ms=1e-320", "duration_ms: has to be 0 or from 1e-15 to 1e+15"),
        ("beats", "dt_ms=1e300", "dt_ms: has to be 0 or from 1e-15 to 1e+15"),
        ("beats", "duration_ms=10000000.0", "MB of memory"),
        ("beats_map", "duration_ms=50000000.0", "MB of memory"),
        ("stdp_window", "differences_ms=[]", "differences_ms"),
        ("stdp_tutorial_window", "pairs=1000000000", "MB of memory"),
        ("stdp_tutorial_window", "dA_pre=10000000000.0", "weight of synapse 4 is 1.00761e+09 at 48 ms"),
        ("zenke2015", "tau_H_ms=5e-324", "tau_H_ms: has to be 0 or from 1e-15 to 1e+15"),
        ("zenke2015", "population_size=2000000000", "MB of memory"),
        ("zenke2015", "eta_nS_s=1000000000.0", "weight_nS of synapse 0 is -9.75615e+09 at 501 ms"),
    ],
)
def test_runs_without_sense_end_in_one_line(project, capsys, experiment, change, text):
    assert main(["simulate", experiment, "--set", change, "-o", "my.nc"]) == 2
    line, *others = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert text in line
    assert others == []
    assert not list(project.glob("*.nc"))


@pytest.mark.parametrize("cell", ["pre", "post"])
def test_a_variant_without_spikes_of_a_cell_works_to_the_end(project, capsys, cell):
    (project / "config/experiments/mine.yaml").write_text(
        "title: without spikes of a cell\n"
        "based_on: zenke2015\n"
        f"parameters: {{{cell}_times_ms: {{value: [], source: mine}}}}\n"
        "figure: {module: zenke2015}\n"
    )
    for command in ("simulate mine --seeds 1,2", "aggregate mine --seeds 1,2", "evaluate mine", "plot mine"):
        assert main(command.split()) == 0, capsys.readouterr().err
    svg = (project / "results/figures/mine.svg").read_text()
    assert "fit: not defined" in svg
    assert "analytic: not defined" in svg


def test_two_pairs_of_the_tutorial_are_drawn(project, capsys):
    tutorial = project / "src/replasticity/studies/beats/experiments/stdp_tutorial_window.yaml"
    content = tutorial.read_text()
    head, _, claims = content.partition("\nclaims:")
    assert claims
    tutorial.write_text(head.replace("pairs: {value: 100,", "pairs: {value: 2,") + "\n")
    for name in ("epsp", "stdp_window", "stdp_tutorial_window"):
        for command in ("simulate", "aggregate", "evaluate"):
            assert main([command, name, "--scale", "quick"]) == 0, capsys.readouterr().err
    assert main(["plot", "epsp"]) == 0, capsys.readouterr().err
