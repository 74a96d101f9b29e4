"""matplotlib's list of fonts, damaged or speaking of other fonts: the same picture, byte for byte."""

import os
import subprocess
import sys

import pytest

from replasticity.cli import main
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def test_list_of_fonts_changes_no_picture(in_project, tmp_path):
    run, fonts = tmp_path / "run.nc", tmp_path / "fonts"
    assert main(["simulate", "zenke2015", "--scale", "quick", "-o", str(run)]) == 0

    def picture(name):
        finished = subprocess.run(
            [sys.executable, "-m", "replasticity", "plot", "zenke2015", run, "-o", tmp_path / name],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "MPLCONFIGDIR": str(fonts)},
            capture_output=True,
            text=True,
        )
        assert (finished.returncode, finished.stderr) == (0, "")
        return (tmp_path / name).read_bytes()

    # matplotlib says that it makes the list.
    fonts.mkdir()
    subprocess.run(
        [sys.executable, "-c", "import matplotlib.font_manager"],
        env=os.environ | {"MPLCONFIGDIR": str(fonts)},
        capture_output=True,
        check=True,
    )
    expected = picture("sound.png")
    (kept,) = fonts.glob("fontlist-*.json")
    content = kept.read_text()
    for number, (old, new) in enumerate(
        [
            ('"DejaVu Sans"', '"DejaVu Sanr"'),
            ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
            ('"DejaVu Sans"', "7"),
            ('"ttflist"', '"ttflisu"'),
        ]
    ):
        assert old in content
        kept.write_text(content.replace(old, new))
        assert picture(f"{number}.png") == expected
