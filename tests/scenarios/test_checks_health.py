"""Whether people hear of a program that hangs, and of no other."""

from squall.scenarios.checks.health import silence_told
from squall.sim.trace import Intercepted, ProgramStarted
from squall.system.domain.claims import AlertRaised
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, undecided

TOLD = silence_told("portfolio", 2 * SECOND)
SILENT = AlertRaised("critical", "silent/portfolio", "health: no sign of life")


def hang(tale: Tale, program: str = "portfolio") -> None:
    tale.saw(Intercepted(program, "in", "market-data", "marks/7", "hangs on"), "ops")


def test_a_program_that_hangs_and_is_named_in_time_is_as_it_should_be() -> None:
    tale = Tale()
    judge = tale.judge(TOLD)
    hang(tale)
    tale.at(2 * SECOND)
    tale.heard(SILENT, "ops")
    tale.at(9 * SECOND)
    tale.saw(ProgramStarted("portfolio", ""), "ops")
    assert held(judge.ruling())


def test_one_that_is_named_too_late_is_a_violation_and_so_is_one_that_never_is() -> None:
    late, never, restarted = Tale(), Tale(), Tale()
    judges = [tale.judge(TOLD) for tale in (late, never, restarted)]
    for tale in (late, never, restarted):
        hang(tale)
        tale.at(2 * SECOND + MS)
    late.heard(SILENT, "ops")
    restarted.saw(ProgramStarted("portfolio", ""), "ops")
    assert [fired(judge.ruling()) for judge in judges] == [True, True, True]
    assert judges[1].ruling().detail == "portfolio hung for 2.0 s, and nobody was told"


def test_a_false_alarm_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(TOLD)
    hang(tale, "audit")
    tale.heard(SILENT, "ops")
    assert fired(judge.ruling())


def test_a_run_in_which_nothing_hangs_for_long_proves_nothing() -> None:
    tale = Tale()
    judge = tale.judge(TOLD)
    hang(tale)
    tale.at(1 * SECOND)
    tale.saw(ProgramStarted("portfolio", ""), "ops")
    assert undecided(judge.ruling())
