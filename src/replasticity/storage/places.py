"""Where studies lie: in this package, behind entry points, in ``REPLASTICITY_PATH``, and in the project.

A study is a folder of the shape that `replasticity.study` describes. Wherever it lies, it is imported as
``replasticity.studies.NAME``, and nothing else differs. Its code is run with the rights of whoever runs it, as any
code of their own; nothing else in its folder is ever executed, and none of it while studies are looked for.
"""

import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from replasticity.errors import UserError
from replasticity.storage import lookups, project

#: Folders with studies, separated as in ``PATH``.
VARIABLE = "REPLASTICITY_PATH"

#: Group of the entry points of installed distributions: each names a package with studies.
ENTRY_POINTS = "replasticity.studies"

#: The studies of this package.
_OWN = Path(__file__).parents[1] / "studies"


def spec_of(module: str) -> ModuleSpec | None:
    """Return where a module lies; unlike `importlib.util.find_spec`, without running the packages that it is in.

    Parameters
    ----------
    module : str
        Full name.

    Returns
    -------
    ModuleSpec or None
        None if there is no such module.
    """
    first, *names = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except ValueError:
        # A module that was made by hand, such as __main__.
        return None
    for name in names:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(f"{spec.name}.{name}", list(spec.submodule_search_locations))
    return spec


def outside() -> list[Path]:
    """Return the folders outside this package that contain studies, in the order in which they are looked for."""
    return list(_named())


@lookups.looked_up
def _named() -> dict[Path, str]:
    """Return these folders, whether they are there or not, each with what names it first."""
    found: dict[Path, str] = {}
    for name, folder in (*_behind_entry_points(), *_in_variable(), *_in_project()):
        found.setdefault(folder, name)
    for ours in (_OWN, _own()):
        found.pop(ours.resolve(), None)
    return found


@cache
def _behind_entry_points() -> tuple[tuple[str, Path], ...]:
    found = []
    for each in importlib.metadata.entry_points(group=ENTRY_POINTS):
        spec = spec_of(each.module)
        # What is no package has no folder: it is named like one that is not there.
        folders = spec.submodule_search_locations if spec else None
        name = f"entry point '{each.name}' of {each.dist.name if each.dist else 'a distribution'}"
        found += [(name, Path(folder).resolve()) for folder in folders or [each.value]]
    return tuple(found)


def packages_with_studies() -> set[str]:
    """Return the names of the packages, without those inside them, in which studies behind entry points lie."""
    return {each.module.partition(".")[0] for each in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def named_in_variable() -> list[Path]:
    """Return the folders that `VARIABLE` names, whether they are there or not."""
    return [Path(folder).resolve() for folder in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep))]


def _in_variable() -> Iterator[tuple[str, Path]]:
    for folder in named_in_variable():
        yield VARIABLE, folder


def _in_project() -> Iterator[tuple[str, Path]]:
    root = project.configured()
    if root is not None and (root / "studies").is_dir():
        yield "project", (root / "studies").resolve()


def _own() -> Path:
    """Return the folder of the package's studies: that of the checkout that is the project, or else of the package."""
    root = project.configured()
    checkout = root / "src" / _OWN.parent.name / _OWN.name if root else _OWN
    return checkout if checkout.is_dir() else _OWN


@lookups.looked_up
def studies() -> dict[str, Path]:
    """Return name -> folder of all studies, those of this package first.

    Raises
    ------
    UserError
        If a place is not there, two studies have one name, or a study's folder cannot be imported. The message names
        the folders.
    """
    found: dict[str, Path] = {}
    for place, source in ({_own(): "package"} | _named()).items():
        if not place.is_dir():
            raise UserError(f"{source}: {project.shown(place)}: no such folder; expected one that contains studies")
        if is_study(place):
            raise UserError(f"{source}: {project.shown(place)}: is a study itself; expected a folder that contains it")
        for folder in sorted(filter(is_study, place.iterdir())):
            if not (folder / "__init__.py").is_file():
                raise UserError(f"{project.shown(folder)}: a study, but it has no __init__.py that says what it shows")
            if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", folder.name):
                raise UserError(f"{project.shown(folder)}: a study's name has letters, digits and '_' only")
            if folder.name in found:
                raise UserError(
                    f"{project.shown(folder)}: there is a study of this name already, "
                    f"{project.shown(found[folder.name])}; give it another name"
                )
            found[folder.name] = folder
    return found


def is_study(folder: Path) -> bool:
    """Return True if a folder has what only a study has: experiments, or statistics."""
    return (folder / "experiments").is_dir() or any(folder.glob("*statistics.py"))


def experiments_folders() -> list[Path]:
    """Return the folders of YAML files of experiments: those of the studies, and that of the user's own variants."""
    parents = (*studies().values(), project.root() / "config")
    return [folder for parent in parents if (folder := parent / "experiments").is_dir()]
