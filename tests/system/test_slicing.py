"""Schedules: whole lots that sum exactly, on time, in the shape that was asked for."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.system.config import SECOND
from squall.system.domain.slicing import (
    Slice,
    Window,
    due_lots,
    followed_lots,
    next_slice_ns,
    split,
    twap,
    vwap,
)

HOUR = 3_600 * SECOND
DAY = Window(0, 6 * HOUR + HOUR // 2)
U_SHAPED = (18, 11, 9, 8, 7, 7, 8, 9, 11, 12)

steps = st.sampled_from((1, 1, 5, 10, 100))
profiles = st.lists(st.integers(0, 10_000), min_size=1, max_size=30).filter(any)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Some part of the day."""
    start_ns = draw(st.integers(0, DAY.end_ns - 1))
    return Window(start_ns, draw(st.integers(start_ns + 1, DAY.end_ns)))


def sound(slices: tuple[Slice, ...], lots: int, window: Window, step_lots: int = 1) -> bool:
    """What every schedule must be: whole steps that sum to the parent, in order, within the window."""
    times = [each.at_ns for each in slices]
    return (
        sum(each.lots for each in slices) == lots
        and all(type(each.lots) is int and each.lots >= 0 and each.lots % step_lots == 0 for each in slices)
        and times == sorted(times)
        and window.start_ns <= times[0]
        and times[-1] < window.end_ns
    )


# --- whole lots ---


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any), steps)
def test_shares_are_whole_steps_that_sum_exactly_and_are_never_half_a_step_off_the_ideal(
    count: int, weights: list[int], step: int
) -> None:
    lots = count * step
    shares = split(lots, weights, step)
    assert sum(shares) == lots
    assert len(shares) == len(weights)
    assert all(share >= 0 and share % step == 0 for share in shares)
    for upto, weight in zip(accumulate(shares), accumulate(weights), strict=True):
        assert abs(upto - Fraction(lots * weight, sum(weights))) <= Fraction(step, 2)


def test_whoever_has_no_weight_gets_nothing() -> None:
    assert split(10, (0, 1, 0, 1, 0)) == (0, 5, 0, 5, 0)


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(ValueError, match="found 15, expected a whole number of steps of 10"):
        split(15, (1, 1), 10)
    with pytest.raises(ValueError, match="expected some, and none below 0"):
        split(15, (0, 0))


# --- TWAP ---


def test_an_hour_in_ten_is_every_six_minutes() -> None:
    slices = twap(1_000, Window(0, HOUR), 10)
    assert [each.at_ns for each in slices] == [index * 360 * SECOND for index in range(10)]
    assert {each.lots for each in slices} == {100}


@given(st.integers(1, 10**6), windows(), st.integers(1, 60), steps)
def test_twap_is_sound_and_as_even_as_whole_steps_allow(count: int, window: Window, number: int, step: int) -> None:
    slices = twap(count * step, window, number, step)
    assert sound(slices, count * step, window, step)
    lots = [each.lots for each in slices]
    assert max(lots) - min(lots) <= step


def test_erratum_17_a_parent_that_does_not_divide_is_sliced_in_whole_lots() -> None:
    """Erratum 17."""
    lots = [each.lots for each in twap(1_003, Window(0, HOUR), 10)]
    assert sum(lots) == 1_003
    assert sorted(set(lots)) == [100, 101]
    blueprint = [1_003 / 10 for _ in range(10)]
    assert not all(share == int(share) for share in blueprint), "a hundred and three tenths of a lot, ten times"


def test_erratum_18_six_and_a_half_hours_are_not_23_seconds() -> None:
    """Erratum 18."""
    slices = vwap(1_000, DAY, DAY, U_SHAPED)
    apart = {after.at_ns - before.at_ns for before, after in pairwise(slices)}
    assert apart == {39 * 60 * SECOND}
    blueprint_ms = 60 * 60 * 6.5 / 10  # seconds, added to a clock that counts milliseconds
    assert blueprint_ms * 10 == 23_400, "which are 23.4 seconds of it"


# --- VWAP ---


@given(st.integers(1, 10**6), windows(), profiles, steps)
def test_vwap_is_sound_for_any_profile_and_any_part_of_the_day(
    count: int, window: Window, profile: list[int], step: int
) -> None:
    assert sound(vwap(count * step, window, DAY, profile, step), count * step, window, step)


@given(st.integers(1, 10**6), profiles)
def test_over_the_whole_day_slices_are_the_profiles_and_follow_it(lots: int, profile: list[int]) -> None:
    slices = vwap(lots, DAY, DAY, profile)
    assert len(slices) == len(profile), "erratum 16: one slice an interval, however many there are"
    for upto, volume in zip(accumulate(each.lots for each in slices), accumulate(profile), strict=True):
        assert abs(upto - Fraction(lots * volume, sum(profile))) <= Fraction(1, 2)


def test_erratum_16_a_schedule_follows_a_profile_of_any_length() -> None:
    """Erratum 16."""
    profile = (5, 1, 1, 2, 2, 1, 1, 3, 1, 1, 1, 1, 6)  # thirteen half hours
    slices = vwap(2_600, DAY, DAY, profile)
    assert [each.lots for each in slices] == [100 * volume for volume in profile]
    assert slices[-1].at_ns == 12 * HOUR // 2
    blueprint = [2_600 * profile[index] / sum(profile) for index in range(10)]
    assert sum(blueprint) < 2_600 * 0.8, "its ten slices leave out three half hours, the busiest among them"


def test_erratum_16_it_is_weighted_by_volume_and_not_by_time() -> None:
    """Erratum 16."""
    assert [each.lots for each in vwap(100, DAY, DAY, (7, 1, 2))] == [70, 10, 20]
    assert [each.lots for each in twap(100, DAY, 3)] == [33, 34, 33]


def test_erratum_16_a_schedule_started_in_mid_day_ends_by_the_close() -> None:
    """Erratum 16."""
    noon = Window(3 * HOUR, DAY.end_ns)
    slices = vwap(1_000, noon, DAY, U_SHAPED)
    assert sound(slices, 1_000, noon)
    assert len(slices) == 6, "what is left of the fifth interval, and the five after it"
    rest = (7 * (3 * 60 + 15 - 180) * Fraction(1, 39), 7, 8, 9, 11, 12)
    for upto, volume in zip(accumulate(each.lots for each in slices), accumulate(rest), strict=True):
        assert abs(upto - 1_000 * volume / sum(rest)) <= Fraction(1, 2)
    blueprint_end_ns = noon.start_ns + 9 * 39 * 60 * SECOND
    assert blueprint_end_ns > DAY.end_ns, "it would go on after everybody has gone home"


def test_where_no_volume_is_expected_it_is_even() -> None:
    morning = Window(0, 13 * 60 * 3 * SECOND)
    assert [each.lots for each in vwap(10, morning, DAY, (0, 1, 1, 1, 1, 1, 1, 1, 1, 1))] == [10]
    assert [each.lots for each in vwap(10, Window(0, DAY.end_ns * 2 // 10), DAY, (0, 0, *[1] * 8))] == [5, 5]


def test_a_profile_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="expected volumes of at least 0"):
        vwap(10, DAY, DAY, ())
    with pytest.raises(ValueError, match="expected one that touches the day"):
        vwap(10, Window(DAY.end_ns, DAY.end_ns + 1), DAY, (1,))


# --- what is due ---


@given(st.integers(1, 10**6), windows(), profiles, st.integers(0, DAY.end_ns), st.integers(0, HOUR))
def test_what_is_due_never_shrinks_and_is_all_of_it_by_the_end(
    lots: int, window: Window, profile: list[int], now_ns: int, later_ns: int
) -> None:
    slices = vwap(lots, window, DAY, profile)
    assert 0 <= due_lots(slices, now_ns) <= due_lots(slices, now_ns + later_ns) <= lots
    assert due_lots(slices, window.start_ns - 1) == 0
    assert due_lots(slices, window.end_ns - 1) == lots


@given(
    st.integers(0, 10**5), st.integers(0, 10**5), st.lists(st.integers(0, 10**4), min_size=1, max_size=30).filter(any)
)
def test_of_a_larger_parent_never_less_is_due(one: int, other: int, weights: list[int]) -> None:
    smaller, larger = (accumulate(split(lots, weights)) for lots in sorted((one, other)))
    assert all(less <= more for less, more in zip(smaller, larger, strict=True))


@given(
    st.integers(1, 10**5),
    st.lists(st.integers(0, 10**4), min_size=2, max_size=30).filter(any),
    st.integers(0, 29),
    st.integers(1, 10**4),
)
def test_where_more_volume_is_expected_no_less_is_due_by_its_end_and_no_more_before_it(
    lots: int, weights: list[int], index: int, more: int
) -> None:
    index %= len(weights)
    busier = [*weights[:index], weights[index] + more, *weights[index + 1 :]]
    before, after = (tuple(accumulate(split(lots, each))) for each in (weights, busier))
    assert all(now <= then for then, now in zip(before[:index], after[:index], strict=True))
    assert all(now >= then for then, now in zip(before[index:], after[index:], strict=True))


@given(st.integers(1, 10**4), windows(), st.integers(1, 30), st.integers(0, DAY.end_ns))
def test_the_next_slice_is_the_first_moment_at_which_more_is_due(
    lots: int, window: Window, number: int, now_ns: int
) -> None:
    slices = twap(lots, window, number)
    next_ns = next_slice_ns(slices, now_ns)
    if next_ns is None:
        assert due_lots(slices, now_ns) == lots
    else:
        assert due_lots(slices, next_ns - 1) == due_lots(slices, now_ns) < due_lots(slices, next_ns)


# --- participation ---


@given(st.integers(0, 10**9), st.integers(0, 99), steps)
def test_a_share_of_volume_is_never_more_than_the_share(traded: int, percent: int, step: int) -> None:
    lots = followed_lots(traded, percent, step)
    assert lots * 100 <= traded * percent
    assert lots % step == 0
    assert (lots + step) * 100 > traded * percent, "and no step less than could be"


def test_a_window_without_time_is_no_window() -> None:
    with pytest.raises(ValueError, match="expected an end after the start"):
        Window(5, 5)
