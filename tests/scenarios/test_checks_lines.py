"""Whether a line that comes and goes is left alone, and whether the way round is taken when it is down."""

from squall.scenarios.checks.lines import log_ons_at_most, reached_while_cut
from squall.sim.exchange.wire.messages import Logon
from squall.sim.trace import FaultBegan, FaultHealed
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, undecided

SELDOM = log_ons_at_most("exchange-a", 3, 2 * SECOND)
ROUND = reached_while_cut("exchange-a", "exchange-a/orders", 500 * MS)


def log_on(tale: Tale, at_ns: int, venue: str = "exchange-a") -> int:
    tale.at(at_ns)
    return tale.sent("execution", venue, Logon("execution", 1))


def test_log_ons_that_are_far_enough_apart_are_as_they_should_be_however_many_there_are() -> None:
    tale = Tale()
    judge = tale.judge(SELDOM)
    for number in range(9):
        log_on(tale, number * SECOND)
        log_on(tale, number * SECOND + 1, "exchange-b")
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "9 log-ons to exchange-a, at most 2 within 2 s"


def test_one_too_many_within_the_time_is_a_violation_that_names_it() -> None:
    tale = Tale()
    judge = tale.judge(SELDOM)
    for at_ns in (0, 500 * MS, 1_000 * MS):
        log_on(tale, at_ns)
    assert held(judge.ruling())
    seq = log_on(tale, 1_999 * MS)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert ruling.detail == "4 log-ons to exchange-a within 2 s; the limit is 3"


def cut(tale: Tale) -> None:
    tale.at(1 * SECOND)
    tale.saw(FaultBegan(0, "link cut", "exchange-a/orders"), "fault")


def mended(tale: Tale) -> None:
    tale.at(3 * SECOND)
    tale.saw(FaultHealed(0, "link cut", "exchange-a/orders", 1), "fault")


def test_an_order_that_gets_there_while_the_line_is_down_has_taken_the_way_round() -> None:
    tale = Tale()
    judge = tale.judge(ROUND)
    cut(tale)
    tale.at(1_600 * MS)
    tale.accepted("a")
    mended(tale)
    assert held(judge.ruling())


def test_one_that_gets_there_too_soon_too_late_or_somewhere_else_has_not() -> None:
    tale = Tale()
    judge = tale.judge(ROUND)
    cut(tale)
    tale.at(1_400 * MS)
    tale.accepted("was on its way")
    mended(tale)
    tale.accepted("waited")
    ruling = judge.ruling()
    assert fired(ruling)
    assert "no order came to exchange-a from 0.5 s after its line was cut until it healed" in ruling.detail


def test_where_the_line_was_never_cut_there_is_nothing_to_say() -> None:
    tale = Tale()
    judge = tale.judge(ROUND)
    tale.saw(FaultBegan(0, "link cut", "exchange-b/orders"), "fault")
    assert undecided(judge.ruling())
