"""What parameters are drawn from."""

import numpy as np
import pytest

from replasticity.definitions.parameters import GridTime, Parameters, PositiveInt, TimeGrid, quantity, varied
from replasticity.definitions.ranges import ListOf, OneOf, Range

GENERATOR = 7


def drawn(what, present, count=2000):
    generator = np.random.default_rng(GENERATOR)
    return [what.draw(generator, present) for _ in range(count)]


def test_numbers_lie_between_the_ends_and_both_ends_and_special_values_are_drawn():
    found = drawn(Range(2.0, 5.0, special=(0.0,)), 3.0)
    assert {0.0, 2.0, 5.0} < set(found)
    assert all(each == 0 or 2 <= each <= 5 for each in found)
    assert len(set(found)) > 1000


def test_a_scale_is_as_likely_in_each_factor_of_ten():
    found = np.array(drawn(Range(1e-3, 1e3, log=True), 1.0))
    between = found[(found > 1e-3) & (found < 1e3)]
    # Six factors of ten, about 250 in each: a sixth is missed by four standard deviations once in 3000 seeds.
    counts, _ = np.histogram(np.log10(between), bins=6, range=(-3, 3))
    assert abs(counts / len(between) - 1 / 6).max() < 4 * np.sqrt(5 / 36 / len(between))


def test_a_negative_scale_stays_negative():
    assert all(-100 <= each <= -1 for each in drawn(Range(-100, -1, log=True), -3.0))


def test_whole_numbers_stay_whole_and_others_do_not_become_whole():
    assert all(isinstance(each, int) and 1 <= each <= 9 for each in drawn(Range(1, 9), 3))
    assert all(isinstance(each, float) for each in drawn(Range(1, 9), 3.0))


@pytest.mark.parametrize(("low", "high", "log"), [(2, 1, False), (0, 1, True), (-1, 1, True)])
def test_a_range_with_nothing_in_it_is_a_mistake(low, high, log):
    with pytest.raises(ValueError, match=r"range|scale"):
        Range(low, high, log=log)


def test_one_of_a_few_values_is_each_of_them():
    assert set(drawn(OneOf("a", None, True), "a", 50)) == {"a", None, True}


def test_a_list_has_its_lengths_and_its_order_and_now_and_then_equal_values():
    found = drawn(ListOf(Range(0.0, 10.0), lengths=(0, 3), sort=True), [1.0])
    assert {len(each) for each in found} == {0, 1, 2, 3}
    assert all(each == sorted(each) for each in found)
    assert any(len(each) == 3 and len(set(each)) == 1 for each in found)
    kept = drawn(ListOf(ListOf(Range(1, 5), lengths=None), lengths=None), [[1, 2], [3]], 50)
    assert {tuple(map(len, each)) for each in kept} == {(2, 1)}
    assert all(isinstance(number, int) for row in kept[0] for number in [row[0]])


class Some(TimeGrid):
    count: PositiveInt = quantity("A count.", varied=Range(1, 5))
    delay_ms: GridTime = quantity("A delay.", varied=Range(0, 3))
    fixed: float = quantity("Not varied.", ge=0)


def test_a_range_is_part_of_a_declaration_and_inherited_but_not_of_the_schema():
    class More(Some):
        gain: float = quantity("A gain.", varied=Range(-1, 1), le=1)

    assert list(varied(More)) == ["count", "delay_ms", "gain"]
    assert varied(Parameters) == {}
    assert "Range" not in str(More.model_json_schema())
    with pytest.raises(ValueError, match="gain"):
        More(dt_ms=0.1, count=1, delay_ms=0.1, fixed=1.0, gain=1.5)
