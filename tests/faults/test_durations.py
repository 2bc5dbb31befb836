"""Durations, written by people and read exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.durations import DurationError, format_duration, parse_duration


@given(st.integers(min_value=0, max_value=10**20 - 1))
def test_what_is_written_is_read_back_to_the_nanosecond(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


@given(st.integers(min_value=0, max_value=10**9), st.sampled_from(["us", "ms", "s", "min", "h"]))
def test_no_shorter_whole_number_would_do(count: int, unit: str) -> None:
    ns = parse_duration(f"{count}{unit}")
    shown = format_duration(ns)
    assert parse_duration(shown) == ns
    assert int(shown.rstrip("nuµmshi")) <= count


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("250ms", 250_000_000),
        ("12.5s", 12_500_000_000),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0.1us", 100),
        ("0.1µs", 100),
        (" 5 s ", 5_000_000_000),
        ("0ms", 0),
        ("1.000000001s", 1_000_000_001),
    ],
)
def test_a_duration_means_what_it_says(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@given(st.integers(min_value=1, max_value=10**6))
def test_tenths_of_a_second_are_exact_however_many_there_are(tenths: int) -> None:
    """Ten times 0.1 is not 1 in floating point: here it is."""
    assert parse_duration(f"{tenths // 10}.{tenths % 10}s") == tenths * 100_000_000


@pytest.mark.parametrize(
    "text", ["", "5", "ms", "-5ms", "+5ms", "5 parsecs", "1e3s", "5,5s", "1_000ms", "٥s", "5s5s", "1" * 21 + "s"]
)
def test_what_is_no_duration_is_refused_and_shown(text: str) -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration(text)
    assert str(caught.value) == f"expected a duration such as 250ms or 5s, found {text!r}"


@pytest.mark.parametrize("text", ["0.5ns", "0.0001us", "0.9999999999999999999ns", "0.33333333333333333333s"])
def test_a_fraction_of_a_nanosecond_is_refused_and_never_rounded(text: str) -> None:
    with pytest.raises(DurationError, match="expected whole nanoseconds"):
        parse_duration(text)


def test_nothing_at_all_is_written_in_nanoseconds() -> None:
    assert format_duration(0) == "0ns"
