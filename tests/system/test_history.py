"""What recorded bars say, held against numpy and against slow ways of saying the same."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.system.domain.bars import BarMaker
from squall.system.domain.history import (
    between,
    closes,
    coverage,
    interval_vwap,
    returns,
    volatility_millionths,
    volume_profile,
)
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import Bar

ACME = Symbol("ACME")
BAR_NS = 10
DAY_NS = 1_000


def bar(number: int, close: int = 200, lots: int = 0, turnover: int = 0) -> Bar:
    return Bar(ACME, number * BAR_NS, close, close, close, close, lots, turnover)


gappy = st.lists(st.integers(0, 60), unique=True, max_size=40).map(sorted)
"""The numbers of the bars that were recorded."""


@st.composite
def recordings(draw: st.DrawFn) -> list[Bar]:
    numbers = draw(gappy)
    return [
        bar(number, draw(st.integers(1, 4_000)), lots, lots * draw(st.integers(1, 2_000)))
        for number in numbers
        for lots in (draw(st.integers(0, 50)),)
    ]


# --- bars ---


def test_a_bar_has_the_first_the_highest_the_lowest_and_the_last_middle_and_all_that_was_traded() -> None:
    maker = BarMaker(ACME)
    for bid, ask in ((100, 102), (104, 106), (96, 99), (100, 104)):
        maker.price((bid, 5, ask, 5))
    maker.trade(102, 3)
    maker.trade(100, 4)
    assert maker.close(70) == Bar(ACME, 70, 202, 210, 195, 204, 7, 102 * 3 + 100 * 4)


def test_a_quiet_bar_has_the_price_that_stood_and_one_before_any_price_has_none() -> None:
    maker = BarMaker(ACME)
    assert maker.close(0) == Bar(ACME, 0, 0, 0, 0, 0, 0, 0)
    maker.price((100, 5, 102, 5))
    maker.close(10)
    assert maker.close(20) == Bar(ACME, 20, 202, 202, 202, 202, 0, 0)


def test_a_touch_with_an_empty_side_is_no_price() -> None:
    maker = BarMaker(ACME)
    maker.price((100, 5, 102, 5))
    maker.price((100, 5, 0, 0))
    maker.price((0, 0, 300, 5))
    assert maker.close(0).close_twice == 202


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 99))), st.lists(st.integers(1, 900)))
def test_a_bar_is_what_a_list_of_everything_says(prices: list[tuple[int, int]], trades: list[int]) -> None:
    maker = BarMaker(ACME)
    for bid, spread in prices:
        maker.price((bid, 1, bid + spread, 1))
    for price in trades:
        maker.trade(price, price % 7 + 1)
    made = maker.close(0)
    middles = [2 * bid + spread for bid, spread in prices] or [0]
    assert (made.open_twice, made.close_twice) == (middles[0], middles[-1])
    assert (made.high_twice, made.low_twice) == (max(middles), min(middles))
    assert made.lots == sum(price % 7 + 1 for price in trades)
    assert made.turnover == sum(price * (price % 7 + 1) for price in trades)


# --- volume ---


@given(recordings(), st.integers(1, 12), st.integers(0, 90), st.integers(1, DAY_NS))
def test_the_volume_profile_is_numpys_histogram_and_sums_to_what_was_traded_in_hours(
    bars: list[Bar], slices: int, open_ns: int, lasts_ns: int
) -> None:
    profile = volume_profile(bars, open_ns, open_ns + lasts_ns, slices, DAY_NS)
    since = np.array([(each.start_ns - open_ns) % DAY_NS for each in bars], dtype=np.int64)
    lots = np.array([each.lots for each in bars], dtype=np.int64)
    inside = since < lasts_ns
    slots = since[inside] * slices // lasts_ns
    histogram = np.bincount(slots, weights=lots[inside], minlength=slices).astype(int).tolist()
    counts = np.bincount(slots, minlength=slices).tolist()
    assert profile == tuple(zip(histogram, counts, strict=True))
    assert sum(traded for traded, _ in profile) == int(lots[inside].sum())


def test_days_are_laid_over_each_other() -> None:
    bars = [bar(0, lots=3), bar(50, lots=5), bar(100, lots=4), bar(150, lots=7)]
    assert [lots for lots, _ in volume_profile(bars, 0, DAY_NS, 2, DAY_NS)] == [7, 12]


@pytest.mark.parametrize(("close_ns", "slices"), [(0, 3), (DAY_NS + 1, 3), (DAY_NS, 0)])
def test_a_profile_of_no_day_is_refused(close_ns: int, slices: int) -> None:
    with pytest.raises(ValueError, match="volume profile"):
        volume_profile([], 0, close_ns, slices, DAY_NS)


@given(recordings(), st.integers(0, 600), st.integers(0, 600))
def test_an_intervals_vwap_is_numpys_average_and_within_what_was_paid(
    bars: list[Bar], from_ns: int, lasts_ns: int
) -> None:
    vwap = interval_vwap(bars, from_ns, from_ns + lasts_ns)
    chosen = [each for each in bars if from_ns <= each.start_ns < from_ns + lasts_ns and each.lots]
    if not chosen:
        assert vwap is None
        return
    paid = [each.turnover / each.lots for each in chosen]
    assert vwap is not None
    assert float(vwap) == pytest.approx(np.average(paid, weights=[each.lots for each in chosen]))
    assert min(paid) - 1e-9 <= float(vwap) <= max(paid) + 1e-9


# --- returns ---


@given(recordings(), st.integers(1, 4))
def test_returns_are_those_of_the_runs_without_a_gap_and_never_reach_across_one(bars: list[Bar], every: int) -> None:
    runs: list[list[Bar]] = []
    for each in bars:
        if runs and runs[-1][-1].start_ns + BAR_NS == each.start_ns:
            runs[-1].append(each)
        else:
            runs.append([each])
    expected: list[float] = []
    for run in runs:
        prices = np.array([each.close_twice for each in run][::every], dtype=float)
        expected += (np.diff(prices) / prices[:-1]).tolist()
    assert [float(each) for each in returns(bars, BAR_NS, every)] == pytest.approx(expected)


@given(recordings(), st.integers(1, 500))
def test_volatility_is_numpys_standard_deviation_by_the_square_root_of_time(bars: list[Bar], horizon_ns: int) -> None:
    found = volatility_millionths(bars, BAR_NS, horizon_ns)
    logs = [np.log(after / before) for before, after in closes(bars, BAR_NS)]
    if len(logs) < 2:
        assert found is None
    else:
        expected = float(np.std(logs, ddof=1)) * np.sqrt(horizon_ns / BAR_NS) * 1_000_000
        assert found == pytest.approx(expected, abs=0.51)


def test_a_price_that_never_moves_has_no_volatility_and_one_return_says_nothing() -> None:
    assert volatility_millionths([bar(number) for number in range(9)], BAR_NS, 90) == 0
    assert volatility_millionths([bar(0), bar(1)], BAR_NS, 90) is None


def test_a_gap_costs_the_return_across_it_and_no_other() -> None:
    bars = [bar(0, 100), bar(1, 110), bar(3, 200), bar(4, 100)]
    assert returns(bars, BAR_NS) == (Fraction(1, 10), Fraction(-1, 2))


# --- how much of it there is ---


@given(recordings(), st.integers(0, 600), st.integers(0, 600))
def test_coverage_is_what_counting_every_bar_says(bars: list[Bar], from_ns: int, lasts_ns: int) -> None:
    expected = [start for start in range(0, 1_300, BAR_NS) if from_ns <= start < from_ns + lasts_ns]
    found = coverage(bars, from_ns, from_ns + lasts_ns, BAR_NS)
    assert found == (Fraction(len(between(bars, from_ns, from_ns + lasts_ns)), len(expected)) if expected else 1)
    assert 0 <= found <= 1
