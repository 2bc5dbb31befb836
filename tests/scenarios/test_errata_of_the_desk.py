"""Errata that no single rule corrects: they are seen in what a whole desk does on a calm day."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from squall.faults.durations import parse_duration
from squall.scenarios.capacity import crossing_per_s
from squall.scenarios.find import choose
from squall.scenarios.result import RunResult, Verdict
from squall.scenarios.run import run
from squall.sim.kernel import Kernel
from squall.sim.trace import Handled, Record, Sent, VenueExecuted
from squall.system.domain.messages import BookFill, CheckOrder, JournalCopied, SubmitOrder, Tick, VenueReport

SECOND = 1_000_000_000


class Day:
    """A calm day, with every record kept."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.result: RunResult = run(choose("calm", seed=11), self)

    def write(self, record: Record) -> None:
        self.records.append(record)

    def of(self, event: type, message: type) -> Iterator[Any]:
        """What was sent or handled of this type of message."""
        return (r.event for r in self.records if type(r.event) is event and type(r.event.message) is message)

    def causes(self, record: Record) -> Iterator[Record]:
        """The record, what led to it, and so on to the beginning."""
        while True:
            yield record
            if not record.cause:
                return
            record = self.records[record.cause - 1]


@pytest.fixture(scope="module")
def day() -> Day:
    return Day()


def test_the_day_is_calm_and_there_is_something_to_see(day: Day) -> None:
    assert day.result.verdict is Verdict.PASS
    assert sum(1 for _ in day.of(Sent, SubmitOrder)) > 100
    assert sum(1 for _ in day.of(Handled, BookFill)) > 100


def test_fills_go_through_the_oms_and_the_audit_sees_the_whole_journal(day: Day) -> None:
    """Erratum 13: the blueprint takes fills past the OMS, asks risk before there is an order, audits one service."""
    assert {(sent.sender, sent.to) for sent in day.of(Sent, VenueReport)} == {("execution", "oms1")}
    assert {(sent.sender, sent.to) for sent in day.of(Sent, BookFill)} == {("oms1", "positions")}
    assert {(sent.sender, sent.to) for sent in day.of(Sent, CheckOrder)} == {("oms1", "risk")}
    submitted = {sent.message.cl_ord_id for sent in day.of(Sent, SubmitOrder)}
    copied = {event.cl_ord_id for seen in day.of(Handled, JournalCopied) for event in seen.message.events}
    assert submitted == copied


def test_risk_is_asked_once_about_each_order(day: Day) -> None:
    """Erratum 33: the blueprint checks in its loop, and once more when it submits."""
    asked = Counter(handled.message.cl_ord_id for handled in day.of(Handled, CheckOrder))
    assert asked.keys() == {sent.message.cl_ord_id for sent in day.of(Sent, SubmitOrder)}
    assert set(asked.values()) == {1}


def test_no_fill_waits_for_market_data(day: Day) -> None:
    """Erratum 35: the blueprint drains its fills only after a market event has come."""
    executed = {r.event.exec_id: r for r in day.records if type(r.event) is VenueExecuted}
    booked = [r for r in day.records if type(r.event) is Handled and type(r.event.message) is BookFill]
    assert {record.event.message.exec_id for record in booked} == executed.keys()
    for record in booked:
        execution = executed[record.event.message.exec_id]
        since = [cause for cause in day.causes(record) if cause.seq > execution.seq]
        assert not [cause for cause in since if type(getattr(cause.event, "message", None)) is Tick]
        assert record.at_ns - execution.at_ns < 2_000_000


def test_a_trading_day_of_six_and_a_half_hours_lasts_six_and_a_half_hours() -> None:
    """Erratum 18: seconds on a clock of milliseconds make it 23.4 seconds."""
    kernel = Kernel()
    rang: list[int] = []
    kernel.call_in(parse_duration("6.5h"), lambda _: rang.append(kernel.now_ns))
    kernel.run_until(parse_duration("7h"))
    assert rang == [23_400 * SECOND]


def test_the_crossing_is_read_off_the_curve() -> None:
    """Erratum 49: the blueprint's text names loads at which its own curves do not cross the SLA."""
    curve = [(1_000.0, 60_000), (1_500.0, 90_000), (2_000.0, 130_000), (2_500.0, 400_000)]
    assert crossing_per_s(curve, 100_000) == 1_625.0
    assert crossing_per_s(curve, 500_000) is None


def test_the_two_spans_have_two_names_and_two_orders_of_magnitude(day: Day) -> None:
    """Erratum 50: 100 µs is a matter of the desk alone, 50 ms of the way to the venue and back."""
    figures = day.result.metrics
    assert figures["signal_to_wire_p99_ns"] < 100_000
    assert figures["signal_to_wire_max_ns"] < figures["order_to_fill_p50_ns"]
    assert figures["order_to_fill_marketable_p99_ns"] < 50_000_000
