"""A client's sessions with venues, and what it makes of their words."""

from collections.abc import Hashable

import pytest

from squall.sim.exchange.wire.client import REOPEN_NS, Client, Sessions, Word, word_of
from squall.sim.exchange.wire.messages import (
    ExecType,
    Execution,
    ExecutionReport,
    Logon,
    LogonAccepted,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
    OrdStatus,
    Side,
)
from tests.fakes import FakeRuntime


class Own(Client):
    """A program that writes down what is left to it."""

    def __init__(self, runtime: FakeRuntime) -> None:
        super().__init__(runtime, ["exchange-a", "exchange-b"])
        self.heard: list[object] = []

    def on_up(self, venue: str) -> None:
        self.heard.append(("up", venue, self.venues.write(venue, OrderStatusRequest("o-1", 1))))

    def on_word(self, word: Word) -> None:
        self.heard.append(word)

    def on_absent(self, venue: str, cl_ord_id: str) -> None:
        self.heard.append(("absent", venue, cl_ord_id))

    def on_own_timer(self, key: Hashable) -> None:
        self.heard.append(key)


def report(exec_type: ExecType, reason: OrdRejReason | None = None) -> ExecutionReport:
    return ExecutionReport(
        "e-1", exec_type, OrdStatus.PARTIALLY_FILLED, "o-1", "", "ACME", Side.BUY, 4, 6, 4, 20_000, reason
    )


def test_nothing_is_said_before_the_venue_has_taken_the_session() -> None:
    runtime = FakeRuntime("mine")
    client = Own(runtime)
    client.on_start()
    assert runtime.opened == ["exchange-a", "exchange-b"]
    assert not client.venues.write("exchange-a", OrderStatusRequest("o-1", 1))

    runtime.connect(client, "exchange-a")
    assert [logon.sender for logon in runtime.take(Logon, "exchange-a")] == ["mine"]
    assert not client.venues.write("exchange-a", OrderStatusRequest("o-1", 1))
    client.venues.on_logon("exchange-a")

    assert client.venues.write("exchange-a", OrderStatusRequest("o-1", 1))
    assert not client.venues.write("exchange-b", OrderStatusRequest("o-1", 1))


def test_a_lost_session_is_opened_again_after_a_while_under_another_number() -> None:
    runtime = FakeRuntime("mine")
    client = Own(runtime)
    runtime.connect(client, "exchange-a")
    client.venues.on_logon("exchange-a")
    runtime.disconnect(client, "exchange-a")
    assert not client.venues.write("exchange-a", OrderStatusRequest("o-1", 1))

    runtime.advance(client, REOPEN_NS)
    assert runtime.opened == ["exchange-a"]
    runtime.connect(client, "exchange-a")

    first, second = (logon.session for logon in runtime.take(Logon))
    assert first < second


def test_a_logon_that_nobody_answers_is_repeated_until_somebody_does() -> None:
    runtime = FakeRuntime("mine")
    client = Own(runtime)
    runtime.connect(client, "exchange-a")
    runtime.advance(client, 2 * REOPEN_NS)
    assert len(runtime.take(Logon, "exchange-a")) == 3

    client.venues.on_logon("exchange-a")
    runtime.advance(client, 2 * REOPEN_NS)

    assert runtime.take(Logon) == []


def test_a_peer_that_is_no_venue_is_neither_logged_on_to_nor_opened_again() -> None:
    runtime = FakeRuntime("mine")
    client = Own(runtime)
    runtime.connect(client, "monitor")
    runtime.disconnect(client, "monitor")
    runtime.advance(client, 2 * REOPEN_NS)

    assert runtime.take(Logon) == []
    assert runtime.opened == []
    with pytest.raises(ValueError, match="no venue 'monitor'; venues are exchange-a, exchange-b"):
        client.venues.write("monitor", OrderStatusRequest("o-1", 1))


def test_a_client_hears_what_is_left_to_it_and_nothing_else() -> None:
    runtime = FakeRuntime("mine")
    client = Own(runtime)
    client.on_start()
    runtime.connect(client, "exchange-a")
    client.on_message("exchange-a", LogonAccepted(1, False))
    client.on_message("exchange-a", report(ExecType.NEW))
    client.on_message("exchange-a", report(ExecType.REJECTED, OrdRejReason.DUPLICATE_ORDER))
    client.on_message("exchange-a", OrderStatusReport("o-2", 1, None))
    runtime.set_timer(5, "trade")
    runtime.advance(client, REOPEN_NS)

    up, absent = ("up", "exchange-a", True), ("absent", "exchange-a", "o-2")
    assert client.heard == [up, Word("o-1", (), 4, 6, is_answer=False), absent, "trade"]


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
