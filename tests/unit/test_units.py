import pytest

from replasticity.study import protocols
from replasticity.units import near_unit, unit_of


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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("input_rate_in_hz", ["Hz"]),
        ("tau_Ms", ["ms"]),
        ("g_NS", ["nS"]),
        ("threshold_mv", ["mV"]),
        ("threshold_kV", ["uV", "mV", "V"]),
        ("resistance_kOhm", ["MOhm", "GOhm"]),
        ("slope_per_V", ["per_mV", "per_mV2", "per_ms", "per_s"]),
        ("tau_us", []),
        ("rate_per_s", []),
        ("slope_nS_per_Hz", []),
        ("g_Na", []),
        ("onset_US", []),
        ("weight_v", []),
        ("hz", []),
    ],
)
def test_a_unit_that_the_table_does_not_have_is_noticed(name, meant):
    assert near_unit(name) == meant


def test_no_name_of_ours_looks_like_another_unit(in_project):
    for protocol in map(protocols.get, protocols.names()):
        names = [*protocol.Parameters.model_fields, *protocol.RUN, *protocol.STATISTICS]
        assert [name for name in names if near_unit(name)] == []
