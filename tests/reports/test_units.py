"""Figures read rightly, whatever their size."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.reports.units import count, duration, metric, metrics, moment, number, window

SIZES = {"ns": 1, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
SHORT_NS = 119 * SIZES["s"]


def read_back(text: str) -> Fraction:
    """The slow way round: what a person makes of ``1.24 ms``, in ns, exactly."""
    value, unit = text.split(" ")
    return Fraction(value) * SIZES[unit]


@given(st.integers(0, SHORT_NS))
def test_a_duration_read_back_is_within_half_of_its_third_digit(ns: int) -> None:
    assert abs(read_back(duration(ns)) - ns) <= Fraction(ns, 200)


@given(st.integers(0, SHORT_NS))
def test_a_duration_has_at_most_three_digits_and_the_unit_that_suits_it(ns: int) -> None:
    value, unit = duration(ns).split(" ")
    assert len(value.replace(".", "")) <= 3
    assert not ("." in value and value.endswith(("0", ".")))
    assert ns == 0 or Fraction(value) >= 1
    assert unit == "s" or Fraction(value) < 1_000


@given(st.integers(0, SHORT_NS), st.integers(0, SHORT_NS))
def test_a_longer_duration_never_reads_shorter(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert read_back(duration(less)) <= read_back(duration(more))


@given(st.integers(1, 999), st.sampled_from(sorted(SIZES)))
def test_a_whole_figure_of_a_unit_reads_as_itself(value: int, unit: str) -> None:
    ns = value * SIZES[unit]
    if ns <= SHORT_NS:
        assert duration(ns) == f"{value} {unit}"


@given(st.integers(120, 10**6))
def test_a_long_duration_is_in_minutes_and_hours(seconds: int) -> None:
    words = duration(seconds * SIZES["s"]).replace(",", "").split(" ")
    read = sum(int(v) * {"h": 3600, "min": 60, "s": 1}[u] for v, u in zip(words[::2], words[1::2], strict=True))
    assert seconds - 59 <= read <= seconds
    assert "h" in words or read == seconds


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_240_000, "1.24 ms"),
        (250_000_000, "250 ms"),
        (999_499, "999 µs"),
        (999_500, "1 ms"),
        (9_996, "10 µs"),
        (12_503_000_000, "12.5 s"),
        (119_999_999_999, "120 s"),
        (312_000_000_000, "5 min 12 s"),
        (7_500_000_000_000, "2 h 05 min"),
        (-1_240_000, "-1.24 ms"),
    ],
)
def test_durations_read_like_this(ns: int, text: str) -> None:
    assert duration(ns) == text


@given(st.integers(0, 10**15))
def test_a_moment_keeps_its_microsecond(ns: int) -> None:
    seconds = Fraction(moment(ns).removesuffix(" s"))
    assert abs(seconds * SIZES["s"] - ns) <= 500


def test_a_window_without_length_is_a_moment() -> None:
    assert window(5 * SIZES["s"], 8_250_000_000) == "5 – 8.25 s"
    assert window(51 * SIZES["s"], 51 * SIZES["s"]) == "at 51 s"


def test_counts_agree_with_their_nouns() -> None:
    assert [count(n, "promise") for n in (0, 1, 2_000)] == ["0 promises", "1 promise", "2,000 promises"]


@pytest.mark.parametrize(
    ("name", "value", "group", "label", "text"),
    [
        ("order_to_ack_p99_ns", 1_240_000, "order to ack", "p99", "1.24 ms"),
        ("order_to_ack_p999_ns", 1_240_000, "order to ack", "p99.9", "1.24 ms"),
        ("order_to_fill_p99_before_ns", 5, "order to fill", "p99 before", "5 ns"),
        ("order_to_fill_max_ns", None, "order to fill", "max", "–"),
        ("orders_per_s", 20.066, "orders", "orders", "20.07/s"),
        ("orders_per_virtual_s", 2.727, "orders", "orders", "2.727/s"),
        ("messages_per_order", 15.56, "messages", "messages per order", "15.56"),
        ("rto_ns", 1_184_000_000, "rto", "rto", "1.18 s"),
        ("disk_bytes", 4_190_222, "disk", "disk", "4,190,222 bytes"),
        ("leader", "oms2", "leader", "leader", "oms2"),
        ("healthy", True, "healthy", "healthy", "yes"),
        ("rto_ns", float("nan"), "rto", "rto", "nan"),
        ("p99_ns", 5, "p99", "p99", "5 ns"),
    ],
)
def test_a_metric_reads_by_its_name(name: str, value: object, group: str, label: str, text: str) -> None:
    read = metric(name, value)
    assert (read.group, read.label, read.value) == (group, label, text)


def test_metrics_within_metrics_are_laid_open() -> None:
    assert [m.label for m in metrics({"acted": {"risk.gate": 4, "breaker": 1}})] == [
        "acted.risk.gate",
        "acted.breaker",
    ]


def test_numbers_have_their_thousands_apart() -> None:
    assert [number(v) for v in (1_234_567, 1_234.5, 0.123456, 0.0, None)] == [
        "1,234,567",
        "1,234",
        "0.1235",
        "0",
        "–",
    ]
