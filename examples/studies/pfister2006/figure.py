"""Weight change against pairing frequency: models and measured values, by pairing scheme."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replasticity.plotting import measured
from replasticity.plotting import rendering as look
from replasticity.study import data

SJOSTROM = data.read(__file__, "sjostrom2001")
COLOURS = {10.0: look.BLUE, -10.0: look.VERMILION}
PANELS = {
    "All-to-all": {"main": ("minimal", "-"), "full": ("full", "--"), "pair": ("best rule of pairs", ":")},
    "Nearest spike": {"nearest": ("minimal", "-"), "nearest_full": ("full", "--")},
}


def plot(ensembles):
    """Return a panel for each pairing scheme of which there is an ensemble."""
    shown = {title: roles for title, roles in PANELS.items() if any(role in ensembles for role in roles)}
    figure = Figure(figsize=(look.FULL_WIDTH, 3.1), layout=look.layout())
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, letter, (title, roles) in zip(panels, "ab", shown.items(), strict=False):
        look.letter(axes, letter, title)
        axes.axhline(0, color=look.GREY, lw=0.5, zorder=0)
        lines = []
        for role, (name, style) in roles.items():
            if (ensemble := ensembles.get(role)) is not None:
                p = look.parameters_of(ensemble)
                for lag_ms, dw in zip(p["lags_ms"], ensemble["dw"].values[0], strict=True):
                    axes.plot(p["frequencies_Hz"], 100 * dw, style, color=COLOURS.get(lag_ms, look.GREY))
                label = f"{name}, $\\chi^2$ = {ensemble['chi_square'].values[0]:.1f}"
                lines.append(Line2D([], [], color=look.GREY, ls=style, label=label))
        for lag_ms, colour in COLOURS.items():
            order = "pre before post, measured" if lag_ms > 0 else "post before pre, measured"
            measured.draw(axes, SJOSTROM.where(lag_ms=lag_ms), "frequency_Hz", "dw", colour, order, factor=100)
        axes.set_xlabel("pairing frequency (Hz)")
        points = axes.get_legend_handles_labels()[0] if axes is panels[-1] else []
        look.legend(axes, handles=[*lines, *points])
    look.room_above(panels[0], 0.45)
    panels[0].set_ylabel("weight change (%)")
    look.say_nothing_is_random(figure, "Colours: order of the spikes, 10 ms apart.")
    return figure
