"""A small study outside the package, and a package of its user that has the kernels: written by the tests."""

import os
from pathlib import Path

from tests.conftest import ROOT, run_module

STUDY = {
    "__init__.py": '"""Forgetting: a weight that decays. Nothing is random."""\n',
    "protocol.py": '''
"""Exponential forgetting."""

from replasticity.definitions.parameters import Cost, Parameters as Base, Positive, quantity
from replasticity.storage.contract import Variable, build

import lab.forgetting


class Parameters(Base):
    tau_ms: Positive = quantity("Time constant of forgetting.")

    def cost(self):
        return Cost(0.0, 0.0)


RUN = {"weight": Variable(("step",), "weight after each step", trace=True)}


def simulate(p, inputs):
    return build(RUN, {"weight": lab.forgetting.course(p.tau_ms)})
''',
    "statistics.py": '''
"""What is left."""

from replasticity.studies.NAME.protocol import Parameters
from replasticity.study.statistics import statistic

DIMENSIONS = {}


@statistic("weight after the last step", resolution=1e-12)
def weight_final(run, p: Parameters):
    return run.weight[-1]
''',
    "figure.py": '''
"""The course of the weight."""

from matplotlib.figure import Figure

from replasticity.plotting import rendering as look


def plot(ensembles):
    figure = Figure(figsize=(look.FULL_WIDTH, 2.5), layout=look.layout())
    axes = figure.subplots()
    axes.plot(ensembles["main"]["weight"].values[0], label="weight")
    look.letter(axes, "a", "Forgetting")
    look.legend(axes)
    return figure
''',
    "experiments/NAME.yaml": """
title: Forgetting
protocol: NAME
references:
  - citation: Nobody (2026). Nothing
parameters:
  tau_ms: {value: 10.0, source: ours}
scales:
  quick: {seeds: 1}
  standard: {seeds: 1}
  full: {seeds: 1}
claims:
  - id: forgets
    kind: ours
    statement: Less than half is left.
    source: ours
    statistic: weight_final
    test: exact_in_range
    upper: 0.5
    why_this_bound: half
    refuted_if: half of it or more is left
figure:
  module: NAME
""",
}

#: Kernels in two files, and a constant in a third one, none of them in a study.
LAB = {
    "__init__.py": "",
    "constants.py": "STEPS = 20\n",
    "steps.py": '''
from replasticity.numerics.compilation import njit


@njit
def left(tau_ms):
    """Return what a step leaves."""
    return 1 - 1 / tau_ms
''',
    "forgetting.py": """
import numpy as np

from lab import constants
from lab.steps import left
from replasticity.numerics.compilation import njit


@njit
def course(tau_ms):
    weight = np.ones(constants.STEPS)
    for step in range(1, weight.size):
        weight[step] = weight[step - 1] * left(tau_ms)
    return weight
""",
}


def write(files, folder, name=""):
    """Write files, with a name in the place of NAME; return the folder."""
    for file, text in files.items():
        path = folder / file.replace("NAME", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n").replace("NAME", name))
    return folder


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


class Project:
    """A project of a user: a configuration, a study somewhere, and the user's package on PYTHONPATH."""

    def __init__(self, folder: Path):
        self.folder, self.library = folder / "project", folder / "library"
        write({"config/config.yaml": "scale: quick\nexperiments: [forgetting]\n"}, self.folder)
        write(LAB, self.library / "lab")

    def run(self, *arguments, check=True, **environment):
        """Run ``python -m ...`` in the project."""
        paths = os.pathsep.join(map(str, (ROOT / "src", self.library)))
        ours = {"PYTHONPATH": paths, "NUMBA_CACHE_DIR": str(self.library / "cache")}
        return run_module(*arguments, folder=self.folder, environment=os.environ | ours | environment, check=check)

    def replasticity(self, *arguments, **options):
        return self.run("replasticity", *arguments, **options)


def place(project, where):
    """Write the study where it is to be found; return its folder and the environment that this takes."""
    folder = project.folder / "studies" if where == "project" else project.library / "lab_studies"
    study = write(STUDY, folder / "forgetting", "forgetting")
    if where == "entry point":
        points = "[replasticity.studies]\nmine = lab_studies\n"
        files = {"METADATA": "Metadata-Version: 2.1\nName: lab\nVersion: 1\n", "entry_points.txt": points}
        write(files, project.library / "lab-1.dist-info")
        (folder / "__init__.py").write_text("raise RuntimeError('nothing of it is run while studies are looked for')\n")
    return study, {"REPLASTICITY_PATH": str(folder)} if where == "variable" else {}
