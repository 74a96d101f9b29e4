"""Figures look the same everywhere: no setting of a user, a folder or an environment reaches matplotlib.

Nothing here imports matplotlib at the top, since importing it is what reads such settings.
"""

import contextlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def import_matplotlib(cache: Path) -> None:
    """Import matplotlib with its own settings, whatever ``matplotlibrc`` there is.

    A ``matplotlibrc`` in the working folder comes before all others, and one that cannot be read ends the import.

    Parameters
    ----------
    cache : Path
        Folder for its list of fonts, unless the environment names one.
    """
    specification = find_spec("matplotlib")
    own = Path(specification.origin).parent / "mpl-data" if specification and specification.origin else Path()
    os.environ["MPLCONFIGDIR"] = os.path.abspath(os.environ.get("MPLCONFIGDIR") or cache)
    # No window is ever opened, and a name that matplotlib does not know would end the import as well.
    os.environ["MPLBACKEND"] = "agg"
    with contextlib.chdir(own):
        import matplotlib  # noqa: F401


@contextlib.contextmanager
def no_dates() -> Iterator[None]:
    """Let no date of the environment reach a file: matplotlib reads it even where no date is wanted."""
    date = os.environ.pop("SOURCE_DATE_EPOCH", None)
    try:
        yield
    finally:
        if date is not None:
            os.environ["SOURCE_DATE_EPOCH"] = date
