"""``config/config.yaml``: which experiments are made, at which scale, with which seeds."""

from typing import Any

from pydantic import Field, field_validator

from replasticity import experiments, project
from replasticity.errors import UserError
from replasticity.experiments import Resolved, ScaleName, Seeds, distinct_seeds
from replasticity.parameters import Checked, Positive


class Configuration(Checked):
    """The content of ``config/config.yaml``; each key can be given on Snakemake's command line as well."""

    scale: ScaleName = Field("standard", description="Size of all experiments: quick, standard or full.")
    experiments: list[str] | None = Field(None, description="Names of the experiments to make; all if not given.")
    seeds: dict[str, Seeds] = Field({}, description="Experiment -> seeds, instead of those of the scale.")

    job_seconds: Positive = Field(
        5.0, description="As many runs share a simulate job as are made in this time; 0.001: each run has its own."
    )

    @field_validator("seeds", mode="before")
    @classmethod
    def _numbers(cls, seeds: Any) -> Any:
        """Read numbers as numbers: Snakemake's --config gives those inside a mapping as text."""
        if not isinstance(seeds, dict):
            return seeds
        return {
            name: [_number(seed) for seed in value] if isinstance(value, list) else _number(value)
            for name, value in seeds.items()
        }

    @field_validator("seeds")
    @classmethod
    def _distinct_seeds(cls, seeds: dict[str, int | list[int]]) -> dict[str, int | list[int]]:
        return {name: distinct_seeds(value) for name, value in seeds.items()}


def _number(text: Any) -> Any:
    return int(text) if isinstance(text, str) and text.isdigit() else text


def read(content: dict[str, Any] | None = None) -> Configuration:
    """Return the checked configuration.

    Parameters
    ----------
    content : dict, optional
        Content that Snakemake has put together from the file and its command line; the file's if not given.

    Returns
    -------
    Configuration
        Scale, experiments and seeds.

    Raises
    ------
    UserError
        If a key, a scale or an experiment does not exist, or a seed is given twice.
    """
    path = project.root() / "config" / "config.yaml"
    where = project.shown(path) if content is None else f"{project.shown(path)} or --config"
    configuration: Configuration = experiments.validate(
        Configuration, experiments.read_yaml(path) if content is None else content, where
    )
    for key, given in (("experiments", configuration.experiments or []), ("seeds", list(configuration.seeds))):
        for name in given:
            if name not in experiments.names():
                raise UserError(f"{where}: {key}: no experiment '{name}'; allowed: {', '.join(experiments.names())}")
    return configuration


def resolve(configuration: Configuration, name: str) -> Resolved:
    """Return an experiment at the configured scale, with the configured seeds."""
    return experiments.resolve(name, configuration.scale, seeds=configuration.seeds.get(name))


def seed_ranges(seeds: list[int]) -> str:
    """Return seeds as the command line takes them: ``1-40`` or ``1,2,7``."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1][1:] = [seed]
        else:
            parts.append([seed])
    return ",".join("-".join(map(str, part)) for part in parts)


def seed_list_of(text: str) -> list[int]:
    """Return the seeds that `seed_ranges` has written.

    Raises
    ------
    ValueError
        If the text is not such as ``1-40`` or ``1,2,7``.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError("has to be such as 1-40 or 1,2,7")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


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
