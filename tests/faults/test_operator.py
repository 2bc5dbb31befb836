"""What a person does at the console, and a strategy that runs away: what comes of it, and what cannot be."""

import re
from collections import Counter

import pytest

from squall.faults.fault import Fault, PlanError, during
from squall.faults.operator import PullSwitch
from squall.faults.phases import SECOND
from squall.faults.releases import StartRollOut, StopTheDesk
from squall.faults.runaway import Runaway
from squall.scenarios.find import choose
from squall.scenarios.run import run
from squall.sim.trace import Handled, Sent
from squall.system.domain.messages import SubmitOrder, SwitchTrading
from tests.sim.machines import Memory


def test_a_switch_is_pulled_at_its_window_and_set_back_at_its_end() -> None:
    memory = Memory()
    switch = PullSwitch(scope="symbol", which="ACME", state="reducing")
    result = run(choose("calm", plan=(during(3 * SECOND, 5 * SECOND, switch),)), memory)
    assert [fault.effects for fault in result.faults] == [2]
    words = [
        (record.at_ns // SECOND, record.event.message.name, record.event.message.state.value)
        for record in memory.records
        if type(record.event) is Handled
        and type(record.event.message) is SwitchTrading
        and record.event.to == "operator"
    ]
    assert words == [(3, "ACME", "reducing"), (5, "ACME", "active")]


def test_a_runaway_sends_copies_under_names_of_their_own() -> None:
    memory = Memory()
    result = run(choose("calm", plan=(during(3 * SECOND, 3 * SECOND + 1_000_000, Runaway(copies=2)),)), memory)
    sent = [r.event.message for r in memory.records if type(r.event) is Sent and type(r.event.message) is SubmitOrder]
    copies = [order for order in sent if "-again-" in order.cl_ord_id]
    assert len({order.cl_ord_id for order in copies}) == result.faults[0].effects == 2
    by_name = {order.cl_ord_id: order for order in sent}
    for order in copies:
        meant = by_name[order.cl_ord_id.partition("-again-")[0]]
        assert (order.side, order.quantity_lots, order.price_half_ticks) == (
            meant.side,
            meant.quantity_lots,
            meant.price_half_ticks,
        )
    assert max(Counter(order.cl_ord_id for order in sent).values()) == 1


def test_nothing_is_rolled_out_where_nobody_could_or_in_a_build_that_does_not_exist() -> None:
    for scenario, fault, line in (
        ("calm", StartRollOut(), "roll-out: this desk has no agents"),
        ("calm", StopTheDesk(), "stop for the day: this desk has no agents"),
        ("rolling-upgrade", StartRollOut("risk"), "roll-out: risk is no console; consoles are operator"),
        (
            "rolling-upgrade",
            StartRollOut(version="nex"),
            "roll-out: no program has a build 'nex'; there are next, 2003",
        ),
    ):
        with pytest.raises(PlanError, match=re.escape(line)):
            run(choose(scenario, plan=(during(3 * SECOND, 4 * SECOND, fault),)))


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (PullSwitch("console"), "operator's switch: 'console' is no program"),
        (PullSwitch("risk"), "operator's switch: risk is no console; consoles are operator"),
        (PullSwitch(scope="symbol"), "operator's switch: symbol: expected a name, and none for the desk, found ''"),
        (PullSwitch(which="ACME"), "operator's switch: desk: expected a name, and none for the desk, found 'ACME'"),
        (PullSwitch(state="asleep"), "operator's switch: Invalid enum value 'asleep'"),
        (PullSwitch(scope="room", which="7"), "operator's switch: Invalid enum value 'room'"),
        (Runaway(copies=0), "runaway strategy: expected 1 to 1000 copies, found 0"),
        (Runaway(message="SubmitOrders"), "runaway strategy: no message 'SubmitOrders'; did you mean SubmitOrder?"),
        (Runaway(id_field="id"), "runaway strategy: SubmitOrder has no field 'id'; it has cl_ord_id"),
        (Runaway(share=0.0), "runaway strategy: the share must be above 0 and at most 1, found 0.0"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(fault: Fault, line: str) -> None:
    with pytest.raises(PlanError) as caught:
        run(choose("calm", plan=(during(3 * SECOND, 5 * SECOND, fault),)))
    assert line in str(caught.value)
