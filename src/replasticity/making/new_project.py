"""The folder of a new project, in which `snakemake` makes the published figures and variants of one's own."""

from pathlib import Path

from replasticity.definitions import schemas
from replasticity.errors import UserError
from replasticity.storage import files, project

_SNAKEFILE = """\
# Start here: snakemake --cores all. The rules are those of the installed package.
from replasticity.storage import project


module replasticity:
    snakefile:
        project.workflow_file()


use rule * from replasticity


# Snakemake takes no default target from a module.
rule default:
    default_target: True
    input:
        rules.all.input,
"""

_VARIANT = """\
# yaml-language-server: $schema=../schema/zenke2015.json
# A variant of a published experiment: the file's name is its name. Take the '#' away from what follows, or write your
# own; `python -m replasticity list` shows what it may be based on, `python -m replasticity info NAME` the parameters.
#
# title: A slower global factor
# based_on: zenke2015
# parameters:
#   tau_H_ms: {value: 500.0, source: my own choice}
# figure:
#   module: zenke2015
"""

_README = """\
# Figures of synaptic plasticity, with replasticity

    snakemake --cores all                        # simulates, judges and draws what config/config.yaml names
    snakemake --profile profiles/slurm           # the same on a cluster; edit its three marked lines first
    python -m replasticity figure zenke2015      # one figure, without Snakemake
    python -m replasticity list                  # all experiments

| folder | holds |
| --- | --- |
| `config/config.yaml` | what is made, and how large |
| `config/experiments/` | your variants of published experiments; `mine.yaml.example` is the start of one |
| `studies/` | studies of your own, with a protocol and a figure |
| `profiles/` | options of Snakemake, here and on a cluster |
| `results/` | figures, verdicts and runs, once they are made |
"""

_STUDIES = """\
# Your own studies

A folder `NAME` here is a study: `protocol.py`, `statistics.py`, `figure.py` and `experiments/NAME.yaml`. It is code of
yours, and is run with your rights.
"""


def make(folder: Path) -> list[Path]:
    """Write a project.

    Parameters
    ----------
    folder : Path
        Where; it is made if it is not there.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    UserError
        If one of them is there already, before any is written, or cannot be written.
    """
    content = _content()
    if there := [path for path in content if (folder / path).exists() or (folder / path).is_symlink()]:
        raise UserError(f"{folder / there[0]}: exists; a new project writes over nothing: name an empty folder")
    for path in content:
        files.check_writable(folder / path)
    for path, text in content.items():
        files.write_bytes(text.encode(), folder / path)
    return [folder / path for path in content]


def _content() -> dict[Path, str]:
    """Return path in the project -> text of each file."""
    config, profiles = project.packaged("config"), project.packaged("profiles")
    copied = [config / "config.yaml", config / "cluster.yaml"]
    copied += [profiles / name / "config.yaml" for name in ("default", "slurm")]
    return {
        Path("Snakefile"): _SNAKEFILE,
        Path("README.md"): _README,
        Path("config/experiments/mine.yaml.example"): _VARIANT,
        Path("studies/README.md"): _STUDIES,
        **{path.relative_to(config.parent): path.read_text(encoding="utf-8") for path in copied},
        **{Path("config/schema") / path.name: text for path, text in schemas.all_schemas().items()},
    }
