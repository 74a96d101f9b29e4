"""Figure urbanczik2014_refractory: why the amplitude of the signal is learned in part (Urbanczik and Senn 2014)."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replasticity.plotting import rendering as look
from replasticity.plotting.over_seeds import draw_band, seeds_of
from replasticity.plotting.rendering import parameters_of

#: Role -> colour, from the longest time without spikes after a spike to the shortest.
_COLOURS = {"main": look.VERMILION, "middle": look.ORANGE, "short": look.BLUE}


def plot(ensembles: Mapping[str, xr.Dataset]) -> Figure:
    """Return the figure.

    Parameters
    ----------
    ensembles : mapping of str to Dataset
        Ensembles of protocol ``urbanczik2014_amplitude``: ``main``, and if given ``middle`` and ``short``, with ever
        shorter times without spikes after a spike.

    Returns
    -------
    matplotlib.figure.Figure
        Panels a to d; without ``short`` a to c.
    """
    shown = {role: ensembles[role] for role in _COLOURS if role in ensembles}
    courses = [role for role in ("main", "short") if role in shown]
    figure = Figure(figsize=(look.FULL_WIDTH, 5.4), layout=look.layout())
    above, below = figure.subfigures(2, 1, squeeze=False)[:, 0]
    learning, last = above.subplots(1, 2, width_ratios=[1.5, 1])
    draw_learning(learning, shown)
    look.letter(learning, "a", f"Amplitude learned, {seeds_of(ensembles['main'])}")
    draw_last(last, shown)
    look.letter(last, "b", f"Presentation {parameters_of(ensembles['main'])['shown_presentations'][-1]}, each seed")
    panels = below.subplots(1, len(courses), sharey=True, squeeze=False)[0]
    for axes, role, letter in zip(panels, courses, "cd", strict=False):
        draw_course(axes, ensembles[role], _COLOURS[role])
        count, seeds = parameters_of(ensembles[role])["averaged_presentations"], ensembles[role].sizes["trace_seed"]
        title = f"Mean of the last {count}, {_refractory(ensembles[role])}, {seeds} seed{'s' * (seeds > 1)}"
        look.letter(axes, letter, title)
    look.room_above(panels[0], 0.4)
    look.legend(panels[0], loc="upper left", columns=2)
    return figure


def _refractory(ensemble: xr.Dataset) -> str:
    return rf"$t_\mathrm{{ref}}$ = {parameters_of(ensemble)['refractory_ms']:g} ms"


def draw_learning(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the amplitude against the presentation, with the fixed point of each refractory time."""
    for role, ensemble in ensembles.items():
        presentation = np.array(parameters_of(ensemble)["shown_presentations"], np.float64)
        values, colour = ensemble["amplitude"].values, _COLOURS[role]
        draw_band(axes, presentation, values, colour, f"mean, {_refractory(ensemble)}", "o-")
        axes.axhline(
            float(ensemble["fixed_point_amplitude"].values.mean()),
            color=colour,
            lw=0.8,
            ls="--",
            label=f"fixed point, {_refractory(ensemble)}",
        )
    axes.axhline(1.0, color=look.BLACK, lw=0.8, ls=":", label="amplitude of the signal")
    axes.set_xscale("log")
    axes.set_xlabel("presentation with drive")
    axes.set_ylabel("amplitude ratio, $V_W^*$ to $U_M$")
    axes.set_ylim(bottom=0)
    look.room_above(axes, 0.6)
    look.legend(axes, loc="upper left", columns=2)


def draw_last(axes: Axes, ensembles: Mapping[str, xr.Dataset]) -> None:
    """Draw the amplitude in the last shown presentation of each seed beside the fixed point."""
    for place, (role, ensemble) in enumerate(ensembles.items()):
        values = ensemble["amplitude"].values[:, -1]
        spread = place + np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.array([float(place)])
        axes.plot(spread, values, "o", ms=3, mew=0, alpha=0.7, color=_COLOURS[role], label=_refractory(ensemble))
        fixed = float(ensemble["fixed_point_amplitude"].values.mean())
        axes.plot([place - 0.35, place + 0.35], [fixed, fixed], color=look.BLACK, lw=1.2, ls="--")
    axes.plot([], [], color=look.BLACK, lw=1.2, ls="--", label="fixed point")
    axes.set_xticks(range(len(ensembles)), [f"{parameters_of(each)['refractory_ms']:g}" for each in ensembles.values()])
    axes.set_xlim(-0.6, len(ensembles) - 0.4)
    axes.set_xlabel("time without spikes after a spike (ms)")
    axes.set_ylabel("amplitude ratio, $V_W^*$ to $U_M$")
    axes.set_ylim(bottom=0)
    look.legend(axes, loc="lower right")


def draw_course(axes: Axes, ensemble: xr.Dataset, colour: str) -> None:
    """Draw the mean course of V_W* of the seeds with traces, the course it is taught, and the fixed point."""
    phase_ms = ensemble["phase_ms"].values
    axes.plot(phase_ms, ensemble["target_mV"].values[0], color=look.BLACK, lw=0.8, label="$U_M$, taught")
    axes.plot(phase_ms, ensemble["fixed_point_mV"].values[0], color=look.BLACK, ls="--", lw=1.0, label="fixed point")
    for number, (seed, course) in enumerate(
        zip(ensemble["trace_seed"].values, ensemble["prediction_mV"].values, strict=True)
    ):
        axes.plot(
            phase_ms, course, color=colour, lw=0.8, alpha=0.8, label=None if number else f"$V_W^*$, seed {seed} and on"
        )
    axes.axhline(parameters_of(ensemble)["E_L_d_mV"], color=look.GREY, lw=0.8, ls=":", label="rest of the dendrite")
    axes.set_xlabel("time in the presentation (ms)")
    axes.set_ylabel("potential (mV)")
    axes.label_outer()
    axes.set_xlim(0, parameters_of(ensemble)["pattern_ms"])
