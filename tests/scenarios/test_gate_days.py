"""Days on which the gate is tried: each is saved by one of its protections; and without risk nothing leaves."""

import pytest

from squall.faults.fault import during
from squall.faults.network import LinkCut
from squall.faults.phases import MILLISECOND, SECOND
from squall.scenarios.find import choose
from squall.scenarios.protections import PROTECTIONS
from squall.scenarios.protections.row import Protection
from squall.scenarios.prove import prove_one
from squall.scenarios.result import Verdict
from squall.scenarios.run import run
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import Sent
from tests.scenarios.runs import library_run
from tests.sim.machines import Memory

KEYS = (
    "risk.drawdown_limit",
    "risk.concentration",
    "risk.exposure_limits",
    "risk.price_collar",
    "risk.fat_finger",
    "risk.duplicate_filter",
    "risk.rate_limit",
    "risk.repeat_throttle",
    "risk.restricted_list",
    "risk.locates",
    "risk.kill_switch",
)


@pytest.mark.parametrize(
    "protection", [each for each in PROTECTIONS if each.key in KEYS], ids=lambda each: f"{each.key}, {each.scenario}"
)
def test_a_day_is_saved_by_its_protection_and_by_nothing_else(protection: Protection) -> None:
    row = prove_one(protection, seed=2)
    assert row.ok, row


def test_while_risk_cannot_be_reached_no_new_order_leaves() -> None:
    memory = Memory()
    cut = during(4 * SECOND, 6 * SECOND, LinkCut("risk/lan"))
    result = run(choose("calm", plan=(cut,)), memory)
    assert [check.name for check in result.checks if check.kind == "safety" and check.verdict is not Verdict.PASS] == []
    first: dict[str, int] = {}
    for record in memory.records:
        if type(record.event) is Sent and type(record.event.message) is NewOrderSingle:
            first.setdefault(record.event.message.cl_ord_link_id, record.at_ns)
    assert any(at_ns < 4 * SECOND for at_ns in first.values())
    assert [name for name, at_ns in first.items() if 4 * SECOND + MILLISECOND < at_ns < 6 * SECOND] == []
    assert any(at_ns > 6 * SECOND for at_ns in first.values())


def test_a_kill_switch_is_proved_by_the_leader_that_took_over() -> None:
    result = library_run("kill-switch")
    details = {check.name: check.detail for check in result.checks}
    assert details["every halt is proved"] == "1 halts, 1 proofs that nothing is left"
    assert details["what is proved halted is halted"] == "1 proofs, each true of the venues' books"
    assert result.verdict is Verdict.PASS
