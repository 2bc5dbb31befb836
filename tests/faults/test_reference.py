"""Reference data that one service alone has wrong: what it does with it is counted, and it is set right again."""

import pytest

from squall.faults.fault import PlanError, during
from squall.faults.phases import SECOND
from squall.faults.reference import WrongEntry
from squall.scenarios.find import choose
from squall.scenarios.run import run
from squall.sim.trace import ConfigPushed, Sent
from squall.system.domain.messages import SubmitOrder
from tests.sim.machines import Memory

WRONG_TICK = WrongEntry("strategy", "ACME", "tick", "50")


def test_a_strategy_with_a_wrong_tick_prices_on_its_grid_until_the_entry_is_right_again() -> None:
    memory = Memory()
    plan = (during(3 * SECOND, 6 * SECOND, WRONG_TICK),)
    result = run(choose("calm", plan=plan), memory)
    (fault,) = result.faults
    assert fault.effects > 10
    prices: dict[tuple[str, bool], list[int]] = {}
    for record in memory.records:
        if type(record.event) is Sent and type(record.event.message) is SubmitOrder:
            order = record.event.message
            if order.price_half_ticks is not None:
                wrong = 3 * SECOND < record.at_ns < 6 * SECOND
                prices.setdefault((order.symbol, wrong), []).append(order.price_half_ticks)
    assert all(price % 50 == 0 for price in prices["ACME", True])
    for others in (("ACME", False), ("BOLT", True), ("BOLT", False)):
        assert any(price % 50 for price in prices[others])
    assert [event.what for event in memory.events(ConfigPushed)] == [
        "reference.ACME.tick=50",
        "without reference.ACME.tick=50",
    ]


def test_an_entry_that_is_so_already_touches_nothing() -> None:
    plan = (during(3 * SECOND, 6 * SECOND, WRONG_TICK, must_touch=False),)
    result = run(choose("calm", plan=plan, overrides=("reference.ACME.tick=50",)))
    assert [fault.effects for fault in result.faults] == [0]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (WrongEntry("risks", "ACME", "tick", "1"), "wrong reference data: 'risks' is no program"),
        (WrongEntry("risk", "NONE", "tick", "1"), "wrong reference data: no symbol 'NONE'; symbols are ACME, BOLT"),
        (WrongEntry("risk", "ACME", "tock", "1"), "wrong reference data: reference.ACME.tock: an instrument has no"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_with_what_there_is(fault: WrongEntry, line: str) -> None:
    with pytest.raises(PlanError, match=line.replace(".", r"\.")):
        run(choose("calm", plan=(during(3 * SECOND, 6 * SECOND, fault),)))
