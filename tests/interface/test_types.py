"""A user's program is checked by mypy with the types that the package comes with."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PROGRAM = """
import replasticity as rp

runs = rp.run("zenke2015", seeds=range(2), tau_H_ms=500.0)
statistics = rp.summarise(runs)
mean = float(statistics["dw_nS"].mean())
rows: {rows} = len(rp.judge([statistics]))
rp.plot({{"zenke2015": runs}}).savefig("a.png")
names = list(rp.experiments().index) + list(rp.parameters("zenke2015").index)
swept = rp.sweep("zenke2015", tau_H_ms=[50, 100], seeds=[1])
holds = rp.replay("recording.nc").attrs["holds"]
"""


@pytest.mark.slow
def test_a_program_is_checked_strictly(tmp_path):
    def check(rows):
        (tmp_path / "program.py").write_text(PROGRAM.format(rows=rows))
        return subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "program.py"],
            cwd=tmp_path,
            env=os.environ | {"MYPYPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
        )

    assert (ROOT / "src/replasticity/py.typed").is_file()
    right = check("int")
    assert right.returncode == 0, right.stdout + right.stderr
    assert 'has type "int", variable has type "str"' in check("str").stdout
