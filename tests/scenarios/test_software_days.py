"""Days on which software was to blame: saved by one protection, lost without it, and quiet where nothing goes wrong."""

import pytest

from squall.faults.drawn import SLIPS
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.faults.phases import MILLISECOND, SECOND
from squall.faults.software import BadConfig
from squall.scenarios.find import choose
from squall.scenarios.protections import PROTECTIONS
from squall.scenarios.prove import prove_one
from squall.scenarios.result import Verdict
from squall.scenarios.run import run
from tests.scenarios.runs import library_run


@pytest.mark.parametrize("scenario", ["knight-2012", "citi-2022", "oms-hangs"])
def test_a_bad_day_is_saved_by_its_protection_and_by_nothing_else(scenario: str) -> None:
    (protection,) = [each for each in PROTECTIONS if each.scenario == scenario]
    row = prove_one(protection, seed=1)
    assert row.ok, row


def test_without_the_check_the_old_router_floods_the_venues_until_it_is_taken_back() -> None:
    result = library_run("knight-2012", "execution.within_parent=off")
    (doubled,) = [check for check in result.checks if check.name == "no order is sent twice"]
    assert "~2 while" in doubled.detail
    assert "(and 229 more)" in doubled.detail
    assert any("router" in step.words and "RouteOrder" in step.words for step in result.story)


def test_a_hung_leader_is_replaced_while_its_host_is_up() -> None:
    result = library_run("oms-hangs")
    assert result.verdict.value == "pass"
    (took_over,) = [check for check in result.checks if check.name == "the backup leads within the RTO"]
    assert took_over.at_ns is not None
    assert 6_000_000_000 <= took_over.at_ns <= 6_300_000_000
    assert [fault.effects for fault in result.faults] == [1]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_configuration_that_is_drawn_breaks_no_promise_while_nobody_leads(slip: tuple[str, str, str]) -> None:
    plan = (
        during(4 * SECOND, 7 * SECOND, BadConfig(*slip)),
        during(4_500 * MILLISECOND, 7_500 * MILLISECOND, Crash("oms")),
    )
    result = run(choose("split-brain", seed=3, plan=plan))
    assert [check.name for check in result.checks if check.verdict is Verdict.VIOLATED] == []
