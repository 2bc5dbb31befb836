"""SIP 2013: a line that comes and goes, and a way round. Each protection saves its part of the day."""

from squall.scenarios.result import RunResult
from tests.scenarios.runs import library_run


def broken(result: RunResult) -> list[str]:
    return [check.name for check in result.checks if check.verdict.value == "violated"]


def sessions_that_fell(result: RunResult) -> int:
    (flaps,) = [fault for fault in result.faults if "flaps" in fault.kind]
    return flaps.effects


def test_a_session_that_falls_again_and_again_falls_more_than_twenty_times_unless_it_is_left_alone() -> None:
    saved, lost = library_run("sip-2013"), library_run("sip-2013", "execution.flap_damping=off")
    assert saved.verdict.value == "pass"
    assert sessions_that_fell(saved) < 10
    assert broken(lost) == ["exchange-a is logged on to at most 10 times in 10 s"]
    assert sessions_that_fell(lost) > 20


def test_where_nobody_leads_packets_around_the_line_that_is_down_the_venue_is_not_reached() -> None:
    assert broken(library_run("sip-2013", "network.reroute=off")) == ["exchange-a is reached while its line is down"]
