"""Recorded bars held against the tapes: the promise firing and holding."""

from msgspec.msgpack import encode

from squall.scenarios.checks.history import bars_are_true
from squall.sim.exchange.wire.messages import BookUpdate, Print, Side
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import Bar
from squall.system.services.tick_store import FILE
from tests.scenarios.stages import Tale, fired, held, undecided

ACME = Symbol("ACME")


def _bar(start_ns: int, lots: int) -> bytes:
    return encode((Bar(ACME, start_ns, 200, 200, 200, 200, lots, lots * 100),))


def _traded(tale: Tale, seq: int, lots: int, line: str = "A") -> None:
    update = BookUpdate("exchange-a", line, seq, ACME, (), (Print(Side.BUY, 100, lots),))
    tale.handled("market-data", "exchange-a", update)


def test_bars_of_what_was_traded_or_of_less_hold_and_both_lines_are_one_tape() -> None:
    tale = Tale()
    judge = tale.judge(bars_are_true())
    assert undecided(judge.ruling())
    for line in ("A", "B"):
        _traded(tale, 1, 10, line)
        _traded(tale, 2, 5, line)
    tale.stored("ops", FILE, _bar(1_000, 10))
    ruling = judge.ruling()
    assert held(ruling)
    assert "ACME 10 of 15" in ruling.detail


def test_bars_of_more_than_was_traded_are_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(bars_are_true())
    _traded(tale, 1, 10)
    tale.stored("ops", FILE, _bar(1_000, 10), _bar(2_000, 1))
    assert fired(judge.ruling())


def test_a_bar_that_stands_there_twice_or_behind_a_later_one_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(bars_are_true())
    _traded(tale, 1, 10)
    tale.stored("ops", FILE, _bar(2_000, 2), _bar(1_000, 2))
    ruling = judge.ruling()
    assert fired(ruling)
    assert "a bar of 1000 ns stands behind 2000 ns" in ruling.detail
