"""Upgrades and the stop of a desk, judged: each way in which they would go wrong fires."""

import msgspec
import pytest

from squall.scenarios.checks.releases import accepted_meanwhile, all_replaced, stopped_in_order, taken_back
from squall.scenarios.scenario import Judge, Ruling
from squall.sim.exchange.wire.messages import TimeInForce
from squall.sim.trace import ProgramStarted, ProgramStopped
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import OrderTaken, ReadyTold, RollOut, ShutDesk
from squall.system.wiring import Wiring
from tests.scenarios.stages import Tale, fired, held, submit, undecided

MILLISECOND = 1_000_000
PROGRAMS = Wiring(instruments=(), venues=()).in_order


def upgraded() -> tuple[Tale, Judge]:
    tale = Tale()
    judge = tale.judge(accepted_meanwhile(250 * MILLISECOND))
    tale.handled("operator", "a person", RollOut(0, "next"))
    return tale, judge


def meant(tale: Tale, order: str, at_ns: int) -> None:
    tale.at(at_ns)
    tale.sent("strategy", "oms1", msgspec.structs.replace(submit(order), intended_ns=at_ns))


def test_an_order_that_a_venue_has_in_time_is_well_and_one_that_it_has_late_is_not() -> None:
    tale, judge = upgraded()
    meant(tale, "one", 10 * MILLISECOND)
    tale.at(260 * MILLISECOND)
    tale.accepted("one")
    assert held(judge.ruling())
    meant(tale, "two", 300 * MILLISECOND)
    tale.at(551 * MILLISECOND)
    late = tale.accepted("two")
    assert fired(judge.ruling())
    assert judge.ruling().seq == late


def test_an_order_that_no_venue_ever_has_is_named_and_one_from_before_the_upgrade_that_is_repeated_is_not() -> None:
    tale = Tale()
    judge = tale.judge(accepted_meanwhile(250 * MILLISECOND))
    meant(tale, "before", 0)
    tale.handled("operator", "a person", RollOut(0, "next"))
    meant(tale, "before", 5 * MILLISECOND)
    tale.at(500 * MILLISECOND)
    assert held(judge.ruling())
    meant(tale, "lost", 600 * MILLISECOND)
    tale.at(900 * MILLISECOND)
    assert "lost was meant during an upgrade, and no venue ever accepted it" in judge.ruling().detail


def test_without_a_roll_out_nothing_is_shown() -> None:
    assert undecided(Tale().judge(accepted_meanwhile(1)).ruling())
    assert undecided(Tale().judge(all_replaced()).ruling())
    assert undecided(Tale().judge(stopped_in_order()).ruling())


def test_a_program_that_ends_in_the_old_build_is_named() -> None:
    tale = Tale()
    judge = tale.judge(all_replaced())
    tale.handled("operator", "a person", RollOut(0, "next"))
    for program in (each for each in PROGRAMS if each != "risk"):
        if program == "oms1":
            tale.saw(ProgramStarted("oms2", "next"))
            tale.sent("oms1", "operator", ReadyTold(1, "", (), True))
        tale.saw(ProgramStarted(program, "next"))
    assert f"1 of {len(PROGRAMS)} programs do not run in build next: risk" in judge.ruling().detail
    tale.saw(ProgramStarted("risk", "next"))
    assert held(judge.ruling())
    tale.saw(ProgramStarted("risk", ""))
    assert fired(judge.ruling())


def test_an_upgrade_in_which_both_oms_were_replaced_at_once_shows_nothing_of_two_builds() -> None:
    tale = Tale()
    judge = tale.judge(all_replaced())
    tale.handled("operator", "a person", RollOut(0, "next"))
    for program in PROGRAMS:
        tale.saw(ProgramStarted(program, "next"))
    assert undecided(judge.ruling())


def test_a_build_that_does_not_get_ready_is_taken_back_and_nothing_after_it_is_touched() -> None:
    def told(*lives: tuple[str, str]) -> Ruling:
        tale = Tale()
        judge = tale.judge(taken_back("risk"))
        tale.handled("operator", "a person", RollOut(0, "next"))
        for program, version in lives:
            tale.saw(ProgramStarted(program, version))
        return judge.ruling()

    before = [(program, "next") for program in PROGRAMS[: PROGRAMS.index("risk")]]
    assert undecided(told(*before))
    assert held(told(*before, ("risk", "next"), ("risk", "")))
    assert "risk was not ready in build next, and runs in it" in told(*before, ("risk", "next")).detail
    assert "router was replaced" in told(*before, ("risk", "next"), ("risk", ""), ("router", "next")).detail
    assert "keeper1 was passed over" in told(*before[1:], ("risk", "next"), ("risk", "")).detail


# --- the stop ------------------------------------------------------------------------------------------


def evening() -> tuple[Tale, Judge]:
    tale = Tale()
    judge = tale.judge(stopped_in_order())
    tale.handled("operator", "a person", ShutDesk(0))
    return tale, judge


def stop(tale: Tale, *programs: str) -> None:
    for program in programs:
        tale.saw(ProgramStopped(program, "it is to stop"))


LAST_FIRST = [each for each in reversed(PROGRAMS) if each != "operator"]


def test_a_desk_that_stops_the_other_way_round_than_it_starts_with_nothing_left_to_do_is_well() -> None:
    tale, judge = evening()
    tale.sent("strategy", "oms1", msgspec.structs.replace(submit("stays"), time_in_force=TimeInForce.GTC))
    tale.handled("oms1", "strategy", msgspec.structs.replace(submit("stays"), time_in_force=TimeInForce.GTC))
    tale.accepted("stays")
    stop(tale, *LAST_FIRST)
    assert held(judge.ruling())


def test_a_program_that_never_stops_is_named() -> None:
    tale, judge = evening()
    stop(tale, *LAST_FIRST[:-1])
    assert "1 programs never stopped: keeper1" in judge.ruling().detail


def test_a_program_that_stops_before_one_that_needs_it_is_named() -> None:
    tale, judge = evening()
    stop(tale, "risk", "oms1")
    assert judge.ruling().detail.startswith("oms1 stops after risk, without which")


@pytest.mark.parametrize("closed", [True, False])
def test_no_program_stops_while_an_order_of_the_day_is_open_at_a_venue(closed: bool) -> None:
    tale, judge = evening()
    tale.sent("strategy", "oms1", submit("day"))
    tale.handled("oms1", "strategy", submit("day"))
    tale.accepted("day")
    if closed:
        tale.closed("day")
    stop(tale, "strategy")
    assert ("strategy stops, and day is open at exchange-a" in judge.ruling().detail) is not closed


def test_no_program_stops_while_something_is_on_its_way_to_it_unless_it_has_died_long_ago() -> None:
    tale, judge = evening()
    tale.at(0)
    tale.sent("oms1", "strategy", OrderTaken(ClOrdID("lost")))
    tale.at(2_000 * MILLISECOND)
    tale.sent("oms1", "risk", OrderTaken(ClOrdID("of another")))
    stop(tale, "strategy")
    assert "on its way" not in judge.ruling().detail
    stop(tale, "oms2", "oms1", "reconciler", "router", "execution", "risk")
    assert judge.ruling().detail.startswith("risk stops, and ")
