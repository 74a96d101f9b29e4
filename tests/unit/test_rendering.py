"""Room for a legend is a share of the height that a reader sees, whatever the scale of the axis."""

import pytest
from matplotlib.figure import Figure

from replasticity.plotting import rendering


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
@pytest.mark.parametrize("minor", [False, True])
def test_room_above_is_a_share_of_the_height_on_paper_and_has_no_ticks(scale, minor):
    axes = Figure().subplots()
    axes.set_yscale(scale)
    axes.set_ylim(2.0, 2e4)
    before = axes.transData.transform([(0, 2.0), (0, 2e4)])[:, 1]
    rendering.room_above(axes, 0.25)
    after = axes.transData.transform([(0, 2.0), (0, 2e4)])[:, 1]
    assert axes.get_ylim()[0] == 2.0
    assert (after[1] - after[0]) * 1.25 == pytest.approx(before[1] - before[0])
    ticks = axes.get_yticks(minor=minor)
    assert all(2.0 <= tick <= 2e4 for tick in ticks)
    assert len(ticks) > 1 or (minor and scale != "log")
