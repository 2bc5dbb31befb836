"""Whether orders reach venues again once everything has healed."""

from squall.scenarios.checks.recovery import venues_reached_again
from squall.scenarios.scenario import Promise
from squall.sim.trace import FaultBegan, FaultHealed, VenueRefused
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, undecided

AGAIN: Promise = venues_reached_again(500 * MS, 2 * SECOND)


def healed(tale: Tale, at_ns: int) -> None:
    """A fault that ends then."""
    tale.saw(FaultBegan(0, "host crash", "oms1"), "fault")
    tale.at(at_ns)
    tale.saw(FaultHealed(0, "host crash", "oms1", 1), "fault")


def test_an_order_that_reaches_a_venue_in_time_after_the_heal_is_as_it_should_be() -> None:
    tale = Tale()
    judge = tale.judge(AGAIN)
    healed(tale, SECOND)
    tale.at(3 * SECOND)
    tale.submitted("a")
    tale.submitted("b")
    tale.at(3 * SECOND + 400 * MS)
    tale.accepted("a")
    tale.saw(VenueRefused("exchange-a", "b", "invalid price"), "exchange-a")
    assert held(judge.ruling())


def test_one_that_comes_late_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(AGAIN)
    healed(tale, SECOND)
    tale.at(3 * SECOND)
    tale.submitted("a")
    tale.at(3 * SECOND + 501 * MS)
    seq = tale.accepted("a")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "a reached a venue after 501 ms, all faults having healed" in ruling.detail


def test_so_is_one_that_never_comes() -> None:
    tale = Tale()
    judge = tale.judge(AGAIN)
    healed(tale, SECOND)
    tale.at(3 * SECOND)
    tale.submitted("a")
    tale.at(4 * SECOND)
    assert "a has not reached a venue in 1.0 s" in judge.ruling().detail
    assert fired(judge.ruling())


def test_what_was_submitted_during_a_fault_or_soon_after_it_may_take_its_time() -> None:
    tale = Tale()
    judge = tale.judge(AGAIN)
    tale.submitted("before")
    tale.saw(FaultBegan(0, "host crash", "oms1"), "fault")
    tale.submitted("during")
    tale.at(SECOND)
    tale.saw(FaultHealed(0, "host crash", "oms1", 1), "fault")
    tale.at(2 * SECOND)
    tale.submitted("soon after")
    tale.at(9 * SECOND)
    tale.accepted("soon after")
    assert undecided(judge.ruling())


def test_while_another_fault_lasts_nothing_is_asked_for() -> None:
    tale = Tale()
    judge = tale.judge(AGAIN)
    tale.saw(FaultBegan(1, "pause", "oms2"), "fault")
    healed(tale, SECOND)
    tale.at(4 * SECOND)
    tale.submitted("a")
    tale.at(9 * SECOND)
    assert undecided(judge.ruling())


def test_an_order_that_is_repeated_waits_since_it_was_first_submitted() -> None:
    tale = Tale()
    judge = tale.judge(AGAIN)
    tale.at(3 * SECOND)
    tale.submitted("a")
    tale.at(3 * SECOND + 400 * MS)
    tale.submitted("a")
    tale.at(3 * SECOND + 800 * MS)
    tale.accepted("a")
    assert fired(judge.ruling())
