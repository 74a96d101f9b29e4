"""What a command writes or removes: nothing that is not ours, and nothing that it reads."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys

import pytest

from replasticity.cli import main
from replasticity.definitions import experiments
from replasticity.errors import UserError
from replasticity.pipeline import jobs
from replasticity.storage import files
from tests.conftest import ROOT

RECORDING = ROOT / "tests/peers/zenke/zenke_seed1.nc"
SIMULATE = ("simulate", "zenke2015", "--scale", "quick")


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run.nc"
    assert main([*SIMULATE, "-o", str(path)]) == 0
    return path


@pytest.fixture
def run(run_file, tmp_path):
    return shutil.copy(run_file, tmp_path / "run.nc")


def refused(capsys, path, text, *arguments):
    """Check that a command ends in one line that names the file, which stays as it is."""
    before = path.read_bytes()
    beside = sorted(path.parent.iterdir())
    capsys.readouterr()
    assert main([str(each) for each in arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {path}: {text}")
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == beside


FOREIGN = {
    "experiment.yaml": (ROOT / "src/replasticity/studies/zenke2015/experiments/zenke2015.yaml").read_bytes(),
    "program.py": (ROOT / "src/replasticity/cli.py").read_bytes(),
    "README.md": (ROOT / "README.md").read_bytes(),
    "recording.nc": RECORDING.read_bytes(),
    "thesis.pdf": b"%PDF-1.7\nmine\n",
    "photo.png": b"\x89PNG\r\n\x1a\nmine",
    "drawing.svg": b"<?xml version='1.0'?><svg/>",
    "page.html": b"<!doctype html>\n<title>On replasticity</title>",
    "data.json": b'{"mine": 1}',
    "one byte": b"x",
}
NOT_OURS = "exists, and replasticity has not made it"


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize(
    "arguments",
    [
        SIMULATE,
        ("aggregate", "stdp_window"),
        ("plot", "zenke2015"),
        ("report", "stdp_window"),
        ("compile", "beats_window"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_file_that_is_not_ours_is_not_written_over(in_project, tmp_path, capsys, arguments, name):
    path = tmp_path / name
    path.write_bytes(FOREIGN[name])
    refused(capsys, path, NOT_OURS, *arguments, "-o", path)


@pytest.mark.parametrize("option", ["--save", "--json"])
def test_replay_writes_over_no_file_that_is_not_ours(in_project, tmp_path, capsys, option):
    path = tmp_path / RECORDING.name
    path.write_bytes(FOREIGN["recording.nc"])
    refused(capsys, path, NOT_OURS, "replay", RECORDING, option, tmp_path if option == "--save" else path)


def test_pictures_beside_a_file_replace_only_our_own(in_project, run, tmp_path, capsys):
    figure = tmp_path / "run.pdf"
    figure.write_bytes(FOREIGN["thesis.pdf"])
    refused(capsys, figure, NOT_OURS, "plot", "zenke2015", run)
    figure.unlink()
    for _ in range(2):
        assert main(["plot", "zenke2015", str(run)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"run.nc", "run.pdf", "run.png", "run.svg"}


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_input_is_never_written_over(in_project, run, tmp_path, capsys, link):
    path = tmp_path / "other.nc" if link else run
    if link:
        link(run, path)
    refused(capsys, path, "this command reads it", "plot", "zenke2015", run, "-o", path)
    refused(capsys, path, "this command reads it", "replay", run, "--json", path)
    recording = shutil.copy(RECORDING, tmp_path / "recording.nc")
    refused(capsys, recording, "this command reads it", "replay", recording, "--save", tmp_path)


def test_two_recordings_of_one_name_are_not_saved_into_one_file(in_project, tmp_path, capsys):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copy(RECORDING, tmp_path / name)
    files = [str(tmp_path / name / RECORDING.name) for name in ("a", "b")]
    assert main(["replay", *files, "--save", str(tmp_path / "saved")]) == 2
    assert "more than once" in capsys.readouterr().err


def test_ours_is_made_again(in_project, run, tmp_path):
    before = run.read_bytes()
    for name in ("empty.nc", "other.nc", "run.nc"):
        path = tmp_path / name
        if name == "empty.nc":
            path.touch()
        for _ in range(2):
            assert main([*SIMULATE, "-o", str(path)]) == 0
            assert path.read_bytes() == before
    damaged = tmp_path / "seed-1001.nc"
    damaged.write_bytes(b"half")
    assert main([*SIMULATE, "-o", str(damaged)]) == 0
    saved = tmp_path / "saved"
    for _ in range(2):
        assert main(["replay", str(RECORDING), "--save", str(saved), "--json", str(tmp_path / "replay.json")]) == 0
    assert json.loads((tmp_path / "replay.json").read_text())[0]["holds"]


def test_device_is_no_place_for_a_result(in_project, tmp_path, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/null"):
        assert main([*SIMULATE, "-o", str(path)]) == 2
        assert capsys.readouterr().err == f"error: {path}: cannot write it: it is no regular file\n"
        assert not os.path.isfile(path)
    with pytest.raises(UserError, match="no regular file"):
        files.write_bytes(b"", pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_only_what_killed_processes_left_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = socket.gethostname()
    ours = [
        f".seed-1001.nc.{host}-{ended.pid}.part",
        "..seed-1001.nc.checkpoint.node-7.part",
        ".a.json.other.host-1.part",
    ]
    others = [
        ".thesis.part",
        "thesis.part",
        f".seed-1002.nc.{host}-{os.getpid()}.part",
        ".draft-2.part",
        ".notes.nc.part",
    ]
    folder = tmp_path / "runs" / "deep"
    elsewhere = tmp_path / "elsewhere"
    for each in (folder, elsewhere):
        each.mkdir(parents=True)
    for name in (*ours, *others):
        (folder / name).write_text("half")
    (elsewhere / ours[0]).write_text("half")
    (tmp_path / "runs" / "link").symlink_to(elsewhere)
    (folder / ".folder.nc.node-7.part").mkdir()
    files.remove_partial_files(tmp_path / "runs")
    assert {path.name for path in folder.iterdir()} == {*others, ".folder.nc.node-7.part"}
    assert (elsewhere / ours[0]).exists()


def test_notes_beside_records_are_kept(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "results/runs/stdp_window"
    runs.mkdir(parents=True)
    notes, broken = runs / "seeds-that-look-odd.json", runs / "seeds-1001-1003.json"
    for path in (notes, broken):
        path.write_text("mine")
    jobs.simulate(experiments.resolve("stdp_window", "quick"), [1])
    assert notes.read_text() == "mine"
    assert not broken.exists()
