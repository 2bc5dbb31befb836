"""A client's sessions with venues, and what it makes of their words."""

import pytest

from squall.sim.exchange.wire.client import REOPEN_NS, Sessions, Word, word_of
from squall.sim.exchange.wire.messages import (
    ExecType,
    Execution,
    ExecutionReport,
    Logon,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
    OrdStatus,
    Side,
)
from tests.fakes import FakeRuntime


class Client:
    """A program that does nothing but keep its sessions."""

    def __init__(self, runtime: FakeRuntime) -> None:
        self.sessions = Sessions(runtime, ["exchange-a", "exchange-b"])
        self.on_stream_open, self.on_stream_closed = self.sessions.on_stream_open, self.sessions.on_stream_closed
        self.on_timer = self.sessions.on_timer


def report(exec_type: ExecType, reason: OrdRejReason | None = None) -> ExecutionReport:
    return ExecutionReport(
        "e-1", exec_type, OrdStatus.PARTIALLY_FILLED, "o-1", "", "ACME", Side.BUY, 4, 6, 4, 20_000, reason
    )


def test_nothing_is_said_before_the_venue_has_taken_the_session() -> None:
    runtime = FakeRuntime("mine")
    client = Client(runtime)
    client.sessions.open()
    assert runtime.opened == ["exchange-a", "exchange-b"]
    assert not client.sessions.write("exchange-a", OrderStatusRequest("o-1", 1))

    runtime.connect(client, "exchange-a")
    assert [logon.sender for logon in runtime.take(Logon, "exchange-a")] == ["mine"]
    assert not client.sessions.write("exchange-a", OrderStatusRequest("o-1", 1))
    client.sessions.on_logon("exchange-a")

    assert client.sessions.write("exchange-a", OrderStatusRequest("o-1", 1))
    assert not client.sessions.write("exchange-b", OrderStatusRequest("o-1", 1))


def test_a_lost_session_is_opened_again_after_a_while_under_another_number() -> None:
    runtime = FakeRuntime("mine")
    client = Client(runtime)
    runtime.connect(client, "exchange-a")
    client.sessions.on_logon("exchange-a")
    runtime.disconnect(client, "exchange-a")
    assert not client.sessions.write("exchange-a", OrderStatusRequest("o-1", 1))

    runtime.advance(client, REOPEN_NS)
    assert runtime.opened == ["exchange-a"]
    runtime.connect(client, "exchange-a")

    first, second = (logon.session for logon in runtime.take(Logon))
    assert first < second


def test_a_logon_that_nobody_answers_is_repeated_until_somebody_does() -> None:
    runtime = FakeRuntime("mine")
    client = Client(runtime)
    runtime.connect(client, "exchange-a")
    runtime.advance(client, 2 * REOPEN_NS)
    assert len(runtime.take(Logon, "exchange-a")) == 3

    client.sessions.on_logon("exchange-a")
    runtime.advance(client, 2 * REOPEN_NS)

    assert runtime.take(Logon) == []


def test_a_peer_that_is_no_venue_is_neither_logged_on_to_nor_opened_again() -> None:
    runtime = FakeRuntime("mine")
    client = Client(runtime)
    runtime.connect(client, "monitor")
    runtime.disconnect(client, "monitor")
    runtime.advance(client, 2 * REOPEN_NS)

    assert runtime.take(Logon) == []
    assert runtime.opened == []
    with pytest.raises(ValueError, match="no venue 'monitor'; venues are exchange-a, exchange-b"):
        client.sessions.write("monitor", OrderStatusRequest("o-1", 1))


def test_a_timer_of_the_programs_own_is_left_to_it() -> None:
    sessions = Sessions(FakeRuntime("mine"), ["exchange-a"])
    assert not sessions.on_timer("trade")
    assert sessions.on_timer(("session", "exchange-a"))


def test_reports_and_answers_are_read_alike() -> None:
    execution = Execution("e-1", 4, 20_000)
    assert word_of(report(ExecType.TRADE)) == Word("o-1", (execution,), 4, 6, is_answer=False)
    assert word_of(report(ExecType.NEW)) == Word("o-1", (), 4, 6, is_answer=False)
    answer = OrderStatusReport("o-1", 1, OrdStatus.PARTIALLY_FILLED, 4, 6, (execution,))
    assert word_of(answer) == Word("o-1", (execution,), 4, 6, is_answer=True)


def test_a_refused_copy_and_an_unknown_order_say_nothing_of_an_order() -> None:
    assert word_of(report(ExecType.REJECTED, OrdRejReason.DUPLICATE_ORDER)) is None
    assert word_of(OrderStatusReport("o-1", 1, None)) is None
    assert word_of(Logon("mine", 1)) is None
