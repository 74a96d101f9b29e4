"""In a folder that is no project, with studies that lie elsewhere: what a notebook of a stranger does."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from replasticity.cli import main
from tests.conftest import ROOT

#: Goes through all functions with the experiments that are named on the command line, and prints what it has seen.
PROGRAM = """
import json, sys
import replasticity as rp

seen = {}
for name in sys.argv[1:]:
    study = rp.experiments().loc[name, "study"]
    runs = rp.run(name, seeds=2)
    statistics = rp.summarise(runs)
    verdicts = rp.judge(statistics)
    figure = rp.plot(statistics)
    rp.save(figure, f"{name}.svg")
    seen[name] = {
        "study": study,
        "equal": [bool((each == each[0]).all()) for each in statistics.data_vars.values() if "seed" in each.dims],
        "verdicts": verdicts.verdict.tolist(),
        "error bars": sum(len(axes.containers) for axes in figure.axes),
        "units": rp.parameters(name).units.tolist(),
        "swept": rp.sweep(name, seeds=1).sizes["seed"],
        "two processes": rp.run(name, seeds=2, processes=2).identical(runs),
    }
print(json.dumps(seen))
"""


@pytest.mark.slow
def test_a_strangers_studies_in_an_empty_folder(tmp_path, monkeypatch):
    elsewhere, empty = tmp_path / "elsewhere", tmp_path / "empty"
    empty.mkdir()
    shutil.copytree(ROOT / "examples/studies/pfister2006", elsewhere / "pfister2006")
    monkeypatch.chdir(empty)
    for name, more in (("random2001", []), ("fixed2002", ["--deterministic"])):
        assert main(["new", name, "--doi", "10.1038/nn.2479", "--into", str(elsewhere), *more]) == 0
    names = ["pfister2006", "random2001", "fixed2002"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "REPLASTICITY_PATH": str(elsewhere)}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names], cwd=empty, env=environment, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    # Nothing but what was saved is there.
    assert sorted(path.name for path in empty.iterdir()) == sorted(f"{name}.svg" for name in names)
    for name, seen in json.loads(finished.stdout).items():
        assert seen["study"] == name
        assert all(seen["equal"]) is (name != "random2001")
        assert seen["verdicts"] == ["reproduced"] * len(seen["verdicts"]) or name == "random2001"
        assert seen["verdicts"]
        assert (seen["error bars"] > 0) is (name == "pfister2006")
        assert "ms" in seen["units"]
        assert seen["swept"] == 1
        assert seen["two processes"] is True
