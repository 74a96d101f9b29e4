"""``config/config.yaml``: which experiments are made, at which scale, with which seeds."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from replasticity.definitions import experiments, yaml_files
from replasticity.definitions.budgets import BudgetText, WithinText
from replasticity.definitions.experiments import CountableSeconds, Resolved, ScaleName
from replasticity.definitions.parameters import Checked
from replasticity.definitions.seeds import MOST_SEEDS, Seeds, distinct_seeds
from replasticity.errors import UserError
from replasticity.storage import lookups, project


class Configuration(Checked):
    """The content of ``config/config.yaml``; each key can be given on Snakemake's command line as well."""

    scale: ScaleName = Field("standard", description="Size of all experiments: quick, standard or full.")
    experiments: list[str] | None = Field(None, description="Names of the experiments to make; all if not given.")
    seeds: dict[str, Seeds] = Field({}, description="Experiment -> seeds, instead of those of the scale.")

    peers_seeds: dict[str, Seeds] = Field(
        {}, description="Experiment -> seeds of other simulators' runs (`snakemake peers`), a number of them from 1."
    )

    job_seconds: CountableSeconds = Field(
        5.0, description="As many runs share a simulate job as are made in this time; 0.001: each run has its own."
    )

    robustness_experiments: list[str] | None = Field(
        None, description="Experiments of `snakemake robustness`; all that are made if not given."
    )
    robustness_within: WithinText = Field(
        "10%,50%", description="How far from their printed values parameters are moved, as shares of them."
    )
    robustness_budget: BudgetText = Field(
        "10min",
        description="Time of a core for each experiment, such as 10min or 2h, or runs, such as 4000.",
    )
    robustness_seeds: Annotated[int, Field(gt=0, le=MOST_SEEDS)] = Field(
        12, description="Seeds of each set of parameters where something is random."
    )

    @field_validator("seeds", "peers_seeds")
    @classmethod
    def _distinct_seeds(cls, seeds: dict[str, int | list[int]]) -> dict[str, int | list[int]]:
        return {name: distinct_seeds(value) for name, value in seeds.items()}


@lookups.at_once
def read(files: Iterable[Path] = (), assignments: Iterable[str] = ()) -> Configuration:
    """Return the checked configuration: that of ``config/config.yaml``, changed by what a command line gave.

    A project without that file has the one of this package.

    Parameters
    ----------
    files : iterable of Path
        Further YAML files, from Snakemake's ``--configfile``; a later one wins.
    assignments : iterable of str
        KEY=VALUE as written after Snakemake's ``--config``; they win over the files.

    Returns
    -------
    Configuration
        Scale, experiments and seeds.

    Raises
    ------
    UserError
        If a key, a scale or an experiment does not exist, or a seed is given twice.
    """
    content: dict[str, Any] = {}
    # Checked after each part, so that a message names the one that is wrong.
    for where, part in _parts(files, assignments):
        content = _over(content, part)
        configuration: Configuration = yaml_files.validate(Configuration, content, where)
        given_names = {
            "experiments": configuration.experiments or [],
            "seeds": list(configuration.seeds),
            "peers_seeds": list(configuration.peers_seeds),
            "robustness_experiments": configuration.robustness_experiments or [],
        }
        for key, given in given_names.items():
            for name in given:
                if name not in experiments.names():
                    meant, allowed = yaml_files.near(name, experiments.names()), ", ".join(experiments.names())
                    raise UserError(f"{where}: {key}: no experiment '{name}'{meant}; allowed: {allowed}")
    return configuration


def _parts(files: Iterable[Path], assignments: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the parts of a configuration, each with what an error calls it.

    All are read here, by the one reader that all commands have. Snakemake's own takes the last of two equal keys, and
    010 for eight.
    """
    own = project.root() / "config" / "config.yaml"
    for path in (own if own.exists() else project.packaged("config") / own.name, *files):
        yield project.shown(path), yaml_files.read_yaml(path)
    for assignment in assignments:
        key, _, text = assignment.partition("=")
        yield "--config", {key: yaml_files.parse_yaml(text, f"--config {key}")}


def _over(content: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return a content with the keys of a further part, which win; mappings in both are put together."""
    together = {
        key: content[key] | value
        for key, value in part.items()
        if isinstance(value, dict) and isinstance(content.get(key), dict)
    }
    return content | part | together


def resolve(configuration: Configuration, name: str) -> Resolved:
    """Return an experiment at the configured scale, with the configured seeds."""
    return experiments.resolve(name, configuration.scale, seeds=configuration.seeds.get(name))


@lookups.at_once
def resolve_all(configuration: Configuration) -> dict[str, Resolved]:
    """Return all configured experiments by name, and those that their figures show beside them.

    Experiments without a seed at the configured scale are left out.
    """
    wanted = list(configuration.experiments or experiments.names())
    resolved: dict[str, Resolved] = {}
    while wanted:
        name = wanted.pop(0)
        if name not in resolved:
            resolved[name] = resolve(configuration, name)
            figure = resolved[name].experiment.figure
            wanted += figure.beside.values() if figure else []
    return {name: each for name, each in resolved.items() if each.seeds}
