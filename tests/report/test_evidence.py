"""Results that were changed by hand, swapped, or made from something else than is there: no command shows them."""

import json
import shutil

import netCDF4
import pytest

from replasticity.cli import main
from replasticity.storage import datasets, integrity

#: The commands that show or judge results, and what each would make.
COMMANDS = {
    "claims": ("claims",),
    "plot": ("plot", "zenke2015", "-o", "out.svg"),
    "report": ("report", "zenke2015", "-o", "out.html"),
    "gallery": ("gallery", "zenke2015"),
    "check": ("check", "zenke2015", "zenke2015_eq15"),
    "accept-reference": ("accept-reference", "zenke2015"),
    "evaluate": ("evaluate", "zenke2015"),
}
EVALUATION = "evaluations/zenke2015.json"
ENSEMBLE = "ensembles/zenke2015.nc"
DRAWING = "figures/zenke2015.nc"
REPLAY = "replays/zenke_seed1.json"
COMPARISON = "conform/zenke2015-brian2.json"
ROBUSTNESS = "robustness/zenke2015.json"


@pytest.fixture
def spoiled(results, tmp_path):
    """Put back, after the test, all that it spoils."""
    shutil.copytree(results, tmp_path / "sound")
    gallery = {path: path.read_bytes() for path in (results.parent / "figures").glob("**/*.*")}
    yield results
    shutil.rmtree(results)
    shutil.copytree(tmp_path / "sound", results)
    assert {path: path.read_bytes() for path in gallery} == gallery
    assert not list(results.parent.glob("out.*"))


def swap_evaluations(results):
    one, other = results / EVALUATION, results / "evaluations/zenke2015_eq15.json"
    contents = one.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    one.write_bytes(contents[1])


def edit_verdict(results):
    path = results / EVALUATION
    path.write_text(path.read_text().replace('"verdict": "not tested"', '"verdict": "reproduced"', 1))


def remove_claim(results):
    path = results / EVALUATION
    evaluation = json.loads(path.read_text())
    del evaluation["claims"][0]
    path.write_text(json.dumps(evaluation))


def edit_verdict_with_its_digest(results):
    path = results / EVALUATION
    evaluation = json.loads(path.read_text())
    evaluation["claims"][0]["verdict"] = "not reproduced"
    path.write_text(json.dumps(integrity.sealed(evaluation)))


def change_ensemble(results):
    with netCDF4.Dataset(results / ENSEMBLE, "a") as ensemble:
        ensemble["dw_nS"][1, 3] *= 1.01


def change_parameters_of_ensemble(results):
    with netCDF4.Dataset(results / ENSEMBLE, "a") as ensemble:
        ensemble.parameters = ensemble.parameters.replace("100.0", "200.0")


def make_another_ensemble(results):
    assert main(["aggregate", "zenke2015", "--seeds", "1001-1005"]) == 0


def put_ensemble_of_another_experiment(results):
    shutil.copy(results / "ensembles/zenke2015_eq15.nc", results / ENSEMBLE)


def change_drawing(results):
    with netCDF4.Dataset(results / DRAWING, "a") as drawing:
        drawing["a/series_01/y"][:] = 0.0


def change_picture(results):
    path = results / "figures/zenke2015.png"
    path.write_bytes(path.read_bytes() + b"\0")


def put_drawing_of_another_figure(results):
    with netCDF4.Dataset(results / DRAWING, "a") as drawing:
        drawing.figure = "beats"
        drawing.title = "What figure beats draws"
    digest = integrity.of_dataset(datasets.open_tree(results / DRAWING))
    with netCDF4.Dataset(results / DRAWING, "a") as drawing:
        drawing.content_digest = digest


def change_run(results):
    with netCDF4.Dataset(results / "runs/zenke2015/seed-1003.nc", "a") as run:
        run["G_Hz"][-1] += 1e-9


def simulate_another_run(results):
    path = results / "runs/zenke2015/seed-1003.nc"
    run = datasets.read(path, "run")
    run["G_Hz"].values[-1] += 1e-9
    datasets.write(run, path)


def edit_replay(results):
    path = results / REPLAY
    path.write_text(path.read_text().replace('"holds": true', '"holds": false', 1))


def make_replay_of_another_recording(results):
    path = results / REPLAY
    (replay,) = json.loads(path.read_text())
    path.write_text(json.dumps([integrity.sealed(replay | {"recording_sha256": "0" * 64})]))


def edit_comparison(results):
    path = results / COMPARISON
    path.write_text(path.read_text().replace('"holds": true', '"holds": false', 1))


def edit_summary_of_robustness(results):
    path = results / ROBUSTNESS
    path.write_text(path.read_text().replace("93.8 %", "99.8 %", 1))


def put_summary_of_another_experiment(results):
    path = results / ROBUSTNESS
    path.write_text(json.dumps(integrity.sealed(json.loads(path.read_text()) | {"experiment": "beats"})))


def change_picture_of_robustness(results):
    path = results / "figures/robustness/zenke2015.png"
    path.write_bytes(path.read_bytes() + b"\0")


def copy_replay(results):
    shutil.copy(results / REPLAY, results / "replays/zenke_seed2.json")


READERS_OF_EVALUATIONS = ("claims", "report", "gallery", "check")
READERS_OF_ENSEMBLES = (*READERS_OF_EVALUATIONS, "accept-reference", "plot", "evaluate")
CASES = {
    swap_evaluations: (READERS_OF_EVALUATIONS, "evaluations/zenke2015.json: is of experiment 'zenke2015_eq15'"),
    edit_verdict: (READERS_OF_EVALUATIONS, "evaluations/zenke2015.json: was changed or damaged after it was written"),
    remove_claim: (READERS_OF_EVALUATIONS, "evaluations/zenke2015.json: was changed or damaged after it was written"),
    edit_verdict_with_its_digest: (
        ("check",),
        "evaluations/zenke2015.json: says something else than its ensembles give",
    ),
    change_ensemble: (READERS_OF_ENSEMBLES, "ensembles/zenke2015.nc: was changed or damaged after it was written"),
    change_parameters_of_ensemble: (
        READERS_OF_ENSEMBLES,
        "ensembles/zenke2015.nc: was changed or damaged after it was written",
    ),
    make_another_ensemble: (
        READERS_OF_EVALUATIONS,
        "another results/ensembles/zenke2015.nc than is there now",
    ),
    put_ensemble_of_another_experiment: (
        READERS_OF_ENSEMBLES,
        "ensembles/zenke2015.nc: is of experiment 'zenke2015_eq15', not 'zenke2015'",
    ),
    change_drawing: (("report", "gallery", "check"), "figures/zenke2015.nc: was changed or damaged after"),
    change_picture: (("report", "gallery", "check"), "figures/zenke2015.png: was changed, or is another drawing"),
    put_drawing_of_another_figure: (("report", "gallery", "check"), "figures/zenke2015.nc: is of figure 'beats'"),
    edit_replay: (("report",), "replays/zenke_seed1.json: was changed or damaged after it was written"),
    make_replay_of_another_recording: (("report",), "replays/zenke_seed1.json: is of another "),
    edit_comparison: (("report", "gallery"), f"{COMPARISON}: was changed or damaged after it was written"),
    edit_summary_of_robustness: (("report",), f"{ROBUSTNESS}: was changed or damaged after it was written"),
    put_summary_of_another_experiment: (("report",), f"{ROBUSTNESS}: is of experiment 'beats', not 'zenke2015'"),
    change_picture_of_robustness: (("report",), "figures/robustness/zenke2015.png: was changed, or is another drawing"),
    copy_replay: (("report",), "zenke_seed1.nc is in another file too"),
    change_run: (("check", "accept-reference"), "runs/zenke2015/seed-1003.nc: was changed or damaged after"),
    simulate_another_run: (("check", "accept-reference"), "zenke2015.nc: was gathered from other runs"),
}


@pytest.mark.parametrize("spoil", CASES, ids=lambda spoil: spoil.__name__)
def test_nothing_is_shown_of_what_is_not_to_be_believed(spoiled, capsys, spoil):
    readers, text = CASES[spoil]
    spoil(spoiled)
    for reader in readers:
        capsys.readouterr()
        assert main(list(COMMANDS[reader])) == 2, reader
        lines = capsys.readouterr().err.splitlines()
        # `check` goes on with the next experiment and the next figure, so that it may have more to say.
        assert len(lines) == 1 or reader == "check", lines
        assert all(line.startswith("error: ") for line in lines), lines
        assert text in "".join(lines), reader


def test_all_damaged_runs_of_all_experiments_are_named_at_once(spoiled, capsys):
    for name in ("zenke2015/seed-1002.nc", "zenke2015/seed-1006.nc", "zenke2015_eq15/seed-1001.nc"):
        with netCDF4.Dataset(spoiled / "runs" / name, "a") as run:
            run["G_Hz"][-1] += 1e-9
    assert main(list(COMMANDS["check"])) == 2
    told = capsys.readouterr().err
    assert told.count("was changed or damaged") == 3
    for name in ("zenke2015/seed-1002.nc", "zenke2015/seed-1006.nc", "zenke2015_eq15/seed-1001.nc"):
        assert f"runs/{name}: " in told


def test_other_evaluations_are_shown_beside_one_that_is_left_behind(spoiled, capsys):
    (spoiled / "ensembles/zenke2015_paper.nc").rename(spoiled / "kept.nc")
    edited = spoiled / "evaluations/zenke2015_paper.json"
    edited.write_text(edited.read_text().replace("1006", "1007"))
    (spoiled / "kept.nc").rename(spoiled / "ensembles/zenke2015_paper.nc")
    assert main(["claims"]) == 2
    shown = capsys.readouterr()
    assert "beats: " in shown.out
    assert "zenke2015_paper: " not in shown.out
    assert "zenke2015_paper.json: was changed" in shown.err


def test_what_is_sound_passes(spoiled):
    for reader in ("claims", "check"):
        assert main(list(COMMANDS[reader])) in (0, 1)
