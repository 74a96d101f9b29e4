"""The common look of all figures, and writing them so that equal data give equal bytes."""

import contextlib
import importlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from replasticity.errors import UserError
from replasticity.plotting.environment import no_dates
from replasticity.plotting.panels import COLUMN_TITLE, letter_of
from replasticity.storage.files import write_bytes

FORMATS = ("pdf", "svg", "png")

#: Width of a figure over two columns of a journal page, 180 mm [inch]: a panel of two side by side then has about the
#: width of one column, 85 mm, and no text is smaller than 7 points in print.
FULL_WIDTH = 180 / 25.4

#: Colours of Okabe and Ito, distinguishable with all common forms of colour blindness.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE, GREY = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#666666",
)

STYLE: Any = {
    # DejaVu Sans comes with matplotlib, so it is the same everywhere.
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.0,
    "savefig.dpi": 200,
    # Text stays text, and nothing in the files depends on when or where they were made.
    "svg.fonttype": "none",
    "svg.hashsalt": "replasticity",
    "pdf.fonttype": 42,
}

#: Places of panels are shares of the figure; the sixth decimal is far less than a point of print.
_DECIMALS_OF_POSITIONS = 6

#: White around a panel that is a picture of its own [inch].
_MARGIN_OF_PANEL = 0.03

#: What made the file, but not when. By the name of this project it is known as a file that may be drawn again.
_MADE_BY = f"replasticity, Matplotlib {mpl.__version__}"
_METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"Creator": _MADE_BY, "CreationDate": None, "ModDate": None},
    "svg": {"Creator": _MADE_BY, "Date": None},
    "png": {"Software": _MADE_BY},
}


@contextlib.contextmanager
def _bundled_fonts_only() -> Iterator[None]:
    """Let matplotlib draw with the fonts that come with it, whatever this machine has, or its kept list says."""
    fonts = font_manager.fontManager
    # A kept list that is damaged may have given none.
    of_the_machine, fonts.ttflist = getattr(fonts, "ttflist", []), []
    try:
        for path in sorted(Path(mpl.get_data_path(), "fonts", "ttf").glob("*.ttf")):
            fonts.addfont(path)
        yield
    finally:
        fonts.ttflist = of_the_machine


def parameters_of(ensemble: xr.Dataset) -> dict[str, Any]:
    """Return the parameters of an ensemble."""
    parameters: dict[str, Any] = json.loads(ensemble.attrs["parameters"])
    return parameters


def layout() -> ConstrainedLayoutEngine:
    """Return the layout of a figure with several panels: nothing overlaps or is cut."""
    return ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.04)


def letter(axes: Axes, text: str, title: str) -> None:
    """Write the panel's letter and title above its axes; the letter names the panel in the drawn data, too."""
    axes.set_label(text)
    axes.set_title(title, loc="left", x=0.0, pad=5)
    axes.annotate(
        text,
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(-30, 5),
        textcoords="offset points",
        fontsize=10,
        fontweight="bold",
        va="baseline",
        annotation_clip=False,
    )


def column_title(axes: Axes, text: str) -> None:
    """Write the title of a column of panels above its uppermost one; the drawn data have it for all of the column."""
    written = axes.annotate(
        text,
        xy=(0.5, 1),
        xycoords="axes fraction",
        xytext=(0, 18),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontweight="bold",
        fontsize=7,
    )
    written.set_label(COLUMN_TITLE)


def legend(axes: Axes, loc: Any = "upper left", columns: int = 1, handles: list[Artist] | None = None) -> None:
    """Add a legend of all that has a label, or of `handles`.

    Its white ground keeps lines from crossing its text, and hides what is drawn there: `room_above` makes room for it.
    """
    box = axes.legend(
        handles=axes.get_legend_handles_labels()[0] if handles is None else handles,
        loc=loc,
        ncols=columns,
        handlelength=1.5,
        columnspacing=1.2,
        borderaxespad=0.2,
        frameon=True,
        framealpha=1.0,
    )
    box.get_frame().set(edgecolor="none")


def say_nothing_is_random(figure: Figure, more: str = "") -> None:
    """Say below a figure why it states no number of seeds; `more` comes first."""
    text = "No randomness: one run (n = 1) is all there is, and every seed gives the same."
    figure.supxlabel(f"{more} {text}".strip(), fontsize=7, color=GREY)


def room_above(axes: Axes, share: float) -> None:
    """Make room for a legend above the data: the given share of the present height on paper, without ticks.

    A scale that is not linear has to be set before.
    """
    bottom, top = axes.get_ylim()
    is_linear = axes.get_yscale() == "linear"
    places = {minor: axes.get_yticks(minor=minor) for minor in ((False,) if is_linear else (False, True))}
    on_paper = axes.yaxis.get_transform()
    low, high = on_paper.transform(np.array([bottom, top]))
    axes.set_ylim(bottom, float(on_paper.inverted().transform(np.array([high + share * (high - low)]))[0]))
    for minor, ticks in places.items():
        axes.set_yticks([tick for tick in ticks if bottom <= tick <= top], minor=minor)


def plot(module: str, ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return a figure.

    Parameters
    ----------
    module : str
        Full name of the module of the figure.
    ensembles : mapping of str to Dataset
        Role -> ensemble; ``"main"`` is needed.

    Returns
    -------
    matplotlib.figure.Figure
        The figure in the common style.
    """
    return in_our_style(lambda: importlib.import_module(module).plot(ensembles))


def in_our_style(draw: Callable[[], Figure]) -> Figure:
    """Return the figure that a function draws, in the common style and laid out once and for all."""
    with _our_style():
        figure = draw()
        _show_broken_formulas_as_text(figure)
        _settle(figure)
        return figure


@contextlib.contextmanager
def _our_style() -> Iterator[None]:
    """Draw and save in the common style on matplotlib's own defaults, whatever is set outside."""
    with mpl.rc_context(), no_dates(), _bundled_fonts_only():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def _show_broken_formulas_as_text(figure: Figure) -> None:
    """Let a text with dollar signs that is no formula be drawn as it is: one from a file may have them."""
    parser = MathTextParser("path")
    for text in figure.findobj(Text):
        try:
            for line in text.get_text().split("\n"):
                if is_math_text(line):
                    parser.parse(line)
        except ValueError:
            text.set_parse_math(False)


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all, in round numbers.

    The solver of the layout adds up in the order of addresses in memory, so that its last bits, and with them the names
    of the clipping paths in an SVG, change from one call to the next.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine(None)
    for part in figure.subfigs:
        part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), _DECIMALS_OF_POSITIONS))
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, _DECIMALS_OF_POSITIONS))
    for text in (*figure.texts, *(text for part in figure.subfigs for text in part.texts)):
        x, y = np.round(text.get_position(), _DECIMALS_OF_POSITIONS)
        text.set_position((x, y))
    figure.draw_without_rendering()


def save(figure: Figure, path: Path, panel: str | None = None) -> None:
    """Write a figure, or one panel of it, in the format of the path's suffix, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `draw`.
    path : Path
        Final name, ending in .pdf, .svg or .png.
    panel : str, optional
        Letter of a panel, which then is the whole picture, in the size that it has in the figure.

    Raises
    ------
    UserError
        If the format is another, there is no such panel, or the file cannot be written.
    """
    suffix = path.suffix.removeprefix(".")
    if suffix not in FORMATS:
        raise UserError(f"{path}: format '{suffix}'; allowed: {', '.join(FORMATS)}")
    buffer = io.BytesIO()
    with _our_style():
        box = None if panel is None else _box_of(panel, figure)
        figure.savefig(buffer, format=suffix, metadata=_METADATA[suffix], bbox_inches=box)
    write_bytes(buffer.getvalue(), path)


def _box_of(letter_of_panel: str, figure: Figure) -> Bbox:
    """Return the part of a figure that a panel takes up with its texts and its scale of colours [inch]."""
    labels = {axes: str(axes.get_label()) for axes in figure.axes}
    letters = sorted(label for label in labels.values() if len(label) == 1)
    if letter_of_panel not in letters:
        raise UserError(f"--panel {letter_of_panel}: this figure has no such panel; allowed: {', '.join(letters)}")
    members = [axes for axes, label in labels.items() if letter_of(label) == letter_of_panel]
    members += [
        artist.colorbar.ax
        for axes in members
        for artist in (*axes.images, *axes.collections)
        if artist.colorbar is not None
    ]
    boxes = [box for axes in members if (box := axes.get_tightbbox()) is not None]
    in_inches = Bbox.union(boxes).transformed(figure.dpi_scale_trans.inverted())
    return in_inches.padded(_MARGIN_OF_PANEL)
