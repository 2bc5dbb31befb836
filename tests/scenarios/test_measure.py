"""The figures of a run: what is counted quickly is what the library would count."""

import msgspec
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from squall.scenarios.latencies import LONGEST_NS, Latencies, quantile_with_misses
from squall.sim.exchange.wire.messages import ExecType, OrdRejReason
from squall.system.domain.events import OrderDenied
from squall.system.domain.ids import ClOrdID, Epoch
from squall.system.domain.messages import JournalCopied
from tests.scenarios.stages import MS, SECOND, Tale, report, status, submit


@given(st.lists(st.integers(-5, 3 * LONGEST_NS), max_size=50))
def test_the_quick_way_to_record_counts_as_hdrhistogram_does(latencies_ns: list[int]) -> None:
    """Beyond an hour the library drops a value without a word; ours counts it as an hour."""
    quick, slow = Latencies(), HdrHistogram(1, LONGEST_NS, 3)
    for latency_ns in latencies_ns:
        quick.record(latency_ns)
        slow.record_value(min(max(latency_ns, 1), LONGEST_NS))
    assert list(quick.counts) == list(slow.counts)
    assert quick.get_total_count() == slow.get_total_count()
    for percent in (0, 0.1, 50, 99, 99.9, 100, 101):
        assert quick.get_value_at_percentile(percent) == slow.get_value_at_percentile(percent)
    assert (quick.min_value, quick.max_value) == (slow.min_value, slow.max_value)


@given(st.lists(st.integers(1, 2_000), min_size=1, max_size=50), st.integers(0, 20), st.integers(1, 100))
def test_what_never_came_counts_as_infinitely_late(latencies_ns: list[int], misses: int, percent: int) -> None:
    """Against a list in which infinity stands for each miss; below 2 µs the histogram is exact."""
    histogram = Latencies()
    for latency_ns in latencies_ns:
        histogram.record(latency_ns)
    everything = [*sorted(latencies_ns), *[float("inf")] * misses]
    # HdrHistogram rounds the rank to the nearest whole one, so it may stand one lower than the nearest rank.
    rank = max(-(-len(everything) * percent // 100), 1)
    found = quantile_with_misses(histogram, misses, percent)
    expected = everything[max(rank - 2, 0) : rank]
    assert (float("inf") if found is None else found) in expected


def _count(tale: Tale, span: str) -> int:
    return int(tale.stage.measure.metrics()[f"{span}_count"])


def test_an_order_of_which_only_a_question_brought_word_counts_as_answered_and_as_filled_then() -> None:
    """Or the latest orders would be the very ones that no percentile knows of."""
    tale = Tale()
    tale.submitted("o-1")
    tale.at(10 * SECOND)
    tale.handled("execution", "exchange-a", status("o-1", filled_lots=4, leaves_lots=6))
    tale.at(20 * SECOND)
    tale.handled("execution", "exchange-a", report("o-1", ExecType.TRADE, leaves_lots=0))
    metrics = tale.stage.measure.metrics()
    for span in ("order_to_ack", "order_to_fill"):
        assert metrics[f"{span}_count"] == 1
        assert 9 * SECOND < metrics[f"{span}_max_ns"] < 11 * SECOND


def test_a_venue_that_knows_no_such_order_has_not_answered_it() -> None:
    tale = Tale()
    tale.submitted("o-1")
    tale.handled("execution", "exchange-a", status("o-1", known=False))
    assert _count(tale, "order_to_ack") == 0


def test_the_reject_of_a_second_copy_is_no_answer_to_the_order() -> None:
    tale = Tale()
    tale.submitted("o-1")
    reject = msgspec.structs.replace(report("o-1", ExecType.REJECTED, 0), reason=OrdRejReason.DUPLICATE_ORDER)
    tale.handled("execution", "exchange-a", reject)
    assert _count(tale, "order_to_ack") == 0
    tale.handled("execution", "exchange-a", report("o-1", ExecType.TRADE, leaves_lots=0))
    assert _count(tale, "order_to_fill") == 1


def test_an_order_is_one_order_however_often_it_is_submitted() -> None:
    """A new leader is told again of what the old one has not confirmed, though it may have ended."""
    tale = Tale()
    tale.submitted("o-1")
    tale.handled("execution", "exchange-a", report("o-1", ExecType.TRADE, leaves_lots=0))
    tale.submitted("o-1")
    assert tale.stage.measure.metrics()["orders"] == 1
    assert tale.stage.measure.missed("order_to_ack", 0) == 0


def test_what_the_desk_has_denied_waits_for_nothing() -> None:
    tale = Tale()
    tale.sent("strategy", "oms1", submit("o-1"))
    tale.at(1 * SECOND)
    assert tale.stage.measure.missed("order_to_ack", 500 * MS) == 1
    assert tale.stage.measure.missed("order_to_ack", 2 * SECOND) == 0
    tale.handled("audit", "oms1", JournalCopied(Epoch(1), 1, (OrderDenied(ClOrdID("o-1"), 0, "risk", ()),)))
    assert tale.stage.measure.missed("order_to_ack", 500 * MS) == 0


def test_a_resting_order_that_was_acknowledged_does_not_wait_for_its_fill() -> None:
    tale = Tale()
    tale.sent("strategy", "oms1", submit("resting"))
    tale.sent("strategy", "oms1", submit("marketable", ioc=True))
    tale.at(1 * SECOND)
    assert tale.stage.measure.missed("order_to_fill", 0) == 2
    tale.answered("resting")
    tale.answered("marketable")
    assert tale.stage.measure.missed("order_to_fill", 0) == 1
    assert tale.stage.measure.missed("order_to_fill_marketable", 0) == 1
