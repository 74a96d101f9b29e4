"""Studies to begin with: what `replasticity new` writes, in the shape of any other study, under the name `author2000`.

``random`` has inputs that a seed gives, ``deterministic`` has none. They run, draw and pass all gates as they are.
"""

import contextlib
import re
import tempfile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from replasticity.definitions import experiments, yaml_files
from replasticity.errors import UserError
from replasticity.storage import places, project

#: What a template is called, and the DOI that it cites.
_NAME = "author2000"
_DOI = f"10.1000/{_NAME}"


def default_folder() -> Path:
    """Return the folder in which a new study is expected.

    Returns
    -------
    Path
        The one folder in ``REPLASTICITY_PATH``; or else ``studies`` of the project that the working folder is in; or
        else ``studies`` of the working folder.

    Raises
    ------
    UserError
        If ``REPLASTICITY_PATH`` names several folders.
    """
    named = places.named_in_variable()
    if len(named) > 1:
        shown = ", ".join(map(project.shown, named))
        raise UserError(f"{places.VARIABLE}: names several folders; --into says which: {shown}")
    if named:
        return named[0]
    here = Path.cwd()
    with contextlib.suppress(UserError):
        # Not that of a clone which only lends its code.
        if here.is_relative_to(project.root()):
            return project.root() / "studies"
    return here / "studies"


def write_study(name: str, doi: str, kind: str, into: Path) -> Path:
    """Write a study that runs, whole or not at all.

    Parameters
    ----------
    name : str
        Author and year, such as ``"pfister2006"``.
    doi : str
        That of the publication, such as ``"10.1038/nn.2479"``, with or without ``https://doi.org/``.
    kind : {"random", "deterministic"}
        Which of the templates.
    into : Path
        The folder that contains studies; made if it is not there.

    Returns
    -------
    Path
        The study's folder.

    Raises
    ------
    UserError
        If name or DOI are not of that form, there is such a study, experiment or folder already, or the folder cannot
        be written.
    """
    if not re.fullmatch(r"[a-z][a-z_]*[0-9]{4}[a-z]?", name):
        raise UserError(f"{name}: has to be author and year, such as pfister2006: lower-case letters and four digits")
    doi = _checked_doi(doi)
    folder = into / name
    known = places.studies()
    if name in known:
        raise UserError(f"{project.shown(folder)}: there is a study of this name already, {project.shown(known[name])}")
    if name in experiments.names():
        there = project.shown(experiments.file_of(name))
        raise UserError(f"{project.shown(folder)}: there is an experiment of this name already, {there}")
    if folder.exists() or folder.is_symlink():
        raise UserError(f"{project.shown(folder)}: exists already; --into names another folder")
    if places.is_study(into):
        raise UserError(f"{project.shown(into)}: is a study itself; --into names a folder that contains studies")
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=into) as temporary:
            made, template = Path(temporary, name), Path(__file__).parent / kind
            for source in sorted(path for suffix in ("py", "yaml") for path in template.rglob(f"*.{suffix}")):
                path = made / str(source.relative_to(template)).replace(_NAME, name)
                text = source.read_text(encoding="utf-8").replace(_DOI, doi).replace(_NAME, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            made.rename(folder)
    except OSError as error:
        raise UserError(f"{project.shown(folder)}: cannot write it: {error.strerror or error}") from error
    return folder


def _checked_doi(given: str) -> str:
    doi = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)", "", given, flags=re.IGNORECASE)
    try:
        TypeAdapter(yaml_files.Doi).validate_python(doi)
    except ValidationError:
        doi = ""
    # It is written into texts of Python and YAML.
    if not doi or re.search(r"[\"'\\]", doi):
        raise UserError(f"--doi {given}: a doi is as in 10.1038/nn.2479")
    return doi
