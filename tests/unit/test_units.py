import pytest

from replasticity.units import unit_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("tau_H_ms", "ms"),
        ("eta_nS_s", "nS s"),
        ("slope_nS_per_Hz", "nS Hz-1"),
        ("weight_nS", "nS"),
        ("rates_Hz", "Hz"),
        ("r2_sampled", "1"),
        ("seeds", "1"),
        ("ms", "1"),
    ],
)
def test_unit_is_the_longest_suffix(name, unit):
    assert unit_of(name) == unit
