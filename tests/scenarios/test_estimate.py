"""Intervals that mean what they say: t, sections, nearest rank, MSER-5."""

import numpy as np
import pytest

from squall.scenarios.estimate import (
    Estimate,
    around,
    batches,
    mean_of,
    nearest_rank,
    percentile_of,
    t_quantile,
    warm_up,
)


@pytest.mark.parametrize(
    ("confidence", "freedom", "table"),
    [
        (0.95, 4, 2.776),
        (0.95, 9, 2.262),
        (0.95, 29, 2.045),
        (0.99, 10, 3.169),
        (0.999, 19, 3.883),
        (0.95, 10_000, 1.960),
    ],
)
def test_the_t_quantile_is_that_of_the_tables(confidence: float, freedom: int, table: float) -> None:
    assert t_quantile(confidence, freedom) == pytest.approx(table, rel=1.5e-3)


def test_too_few_replications_have_no_interval() -> None:
    with pytest.raises(ValueError, match="expected at least 4 degrees, found 3"):
        t_quantile(0.95, 3)


def test_the_interval_is_around_the_figure_of_the_whole_sample() -> None:
    found = around(10.0, [8.0, 12.0, 9.0, 11.0, 10.0])
    assert found.value == 10.0
    assert found.half_width == pytest.approx(2.776 * (10 / 4) ** 0.5 / 5**0.5, rel=1e-3)
    assert (found.low, found.high) == (10.0 - found.half_width, 10.0 + found.half_width)
    assert found.covers(11.0)
    assert not found.covers(12.1)


def test_a_figure_of_nothing_is_as_sure_as_its_spread() -> None:
    assert Estimate(0.0, 0.0).relative == 0.0
    assert Estimate(0.0, 1.0).relative == float("inf")


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (99, 99), (99.1, 100), (100, 100)])
def test_the_percentile_is_the_nearest_rank(percent: float, expected: int) -> None:
    assert nearest_rank(np.arange(1, 101)[::-1].copy(), percent) == expected


def test_intervals_cover_what_they_are_around_as_often_as_they_say() -> None:
    """500 studies of ten replications each, of exponential times whose mean and percentile are known."""
    draws = np.random.Generator(np.random.PCG64(11)).exponential(1_000, (500, 10, 400)).astype(np.int64)
    means = sum(mean_of(list(study)).covers(999.5) for study in draws)
    percentiles = sum(percentile_of(list(study), 90).covers(2_302) for study in draws)
    assert 0.92 < means / 500 < 0.98
    assert 0.90 < percentiles / 500 < 0.99


def test_batches_are_of_one_length_and_leave_out_of_the_beginning() -> None:
    assert [part.tolist() for part in batches(np.arange(11), 3)] == [[2, 3, 4], [5, 6, 7], [8, 9, 10]]


def test_the_warm_up_is_cut_where_it_ends() -> None:
    noise = np.random.Generator(np.random.PCG64(5)).integers(0, 100, 4_000)
    start = np.concatenate([np.full(300, 2_000), noise]).astype(np.int64)
    cut = warm_up([start])
    assert cut is not None
    assert 300 <= cut < 400


def test_what_grows_without_end_has_no_warm_up() -> None:
    assert warm_up([np.arange(10_000) * 7]) is None


def test_too_short_a_sample_has_none_either() -> None:
    assert warm_up([np.arange(30)]) is None


def test_one_large_burst_is_no_warm_up() -> None:
    """On the values themselves the cheapest cut is behind the burst, and a percentile that it decides is gone."""
    waits = np.random.Generator(np.random.PCG64(9)).exponential(1_000, (6, 4_000)).astype(np.int64)
    waits[3, 1_500:1_600] = 100_000
    assert (warm_up(list(waits)) or 0) < 1_500
