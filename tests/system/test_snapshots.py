"""Snapshots, old events and views of the past: each is held to what the whole log says."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import ExecType, OrdType, Side, TimeInForce
from squall.system.domain import snapshots
from squall.system.domain.commands import SetSwitch
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.old_events import OrderSubmittedV1
from squall.system.domain.oms import OmsState, rebuild
from squall.system.domain.orders import OrderState
from squall.system.domain.switches import Scope, Switch, TradingState
from tests.system.oms_stage import A, Desk, allow, amend, cancel, fill, judge, place, replaced, report, sent, working

HALT = SetSwitch("operator/ann", ClOrdID(""), Switch(Scope.STRATEGY, "pulse", TradingState.HALTED))


def a_day() -> Desk:
    """A few orders, live and ended, with everything that a state can hold."""
    desk = working(Desk())
    desk.tell(fill("e1", 4, cum=4), amend(lots=15), allow(), replaced(lots=15, cum=4), fill("e2", 40))
    desk.tell(report(ExecType.TRADE_CANCEL, exec_id="b1", exec_ref_id="e1"), report(ExecType.SUSPENDED))
    for number in range(2, 6):
        desk.tell(place(ClOrdID(f"pulse-ACME-{number}")))
    desk.tell(report(ExecType.NEW, name=ClOrdID("ghost")), cancel())
    desk.tell(report(ExecType.CANCELED), report(ExecType.NEW), place(ClOrdID("odd")), place(lots=11))
    desk.tell(HALT)
    return desk


def same(one: OmsState, other: OmsState) -> bool:
    """In everything, however it is kept."""
    return snapshots.take(one) == snapshots.take(other) and one.hash() == other.hash()


@given(st.integers(0, 40))
def test_a_snapshot_and_the_tail_behind_it_are_the_whole_log(at: int) -> None:
    log = a_day().log
    restored = snapshots.restore(snapshots.take(rebuild(log[:at])))
    assert restored is not None
    assert same(rebuild(log[at:], restored), rebuild(log))


def test_every_field_of_the_state_is_in_the_snapshot() -> None:
    state = a_day().state
    restored = snapshots.restore(snapshots.take(state))
    assert restored is not None
    for name in OmsState.__slots__:
        if name not in ("seen", "switches"):
            assert getattr(restored, name) == getattr(state, name), name
    assert restored.seen.runs() == state.seen.runs()
    assert restored.seen.odd() == state.seen.odd()
    assert restored.switches.all == state.switches.all


def test_a_snapshot_of_another_schema_is_passed_over() -> None:
    whole = msgspec.msgpack.decode(snapshots.take(a_day().state))
    whole[0] = snapshots.SCHEMA + 1
    assert snapshots.restore(msgspec.msgpack.encode(whole)) is None


def test_a_snapshot_s_executions_are_forgotten_with_their_orders() -> None:
    restored = snapshots.restore(snapshots.take(a_day().state))
    assert restored is not None
    rebuild(a_day().log, OmsState())
    assert restored.exec_ids == a_day().state.exec_ids


def test_an_event_of_an_earlier_build_is_read_as_this_build_knows_it() -> None:
    old = OrderSubmittedV1(
        A, 7, "strategy", "pulse", Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 20_000, 5
    )
    lifted = decode_event(msgspec.msgpack.encode(old))
    desk = Desk()
    (new,) = desk.tell(place())
    assert msgspec.structs.replace(new, at_ns=7) == lifted
    assert decode_event(encode_event(new)) == new


def test_the_past_is_the_log_up_to_then() -> None:
    desk = Desk()
    desk.tell(place(), judge(), sent(), report(ExecType.NEW))
    assert [event.at_ns for event in desk.log] == [1_000, 1_001, 1_002, 1_003]
    assert snapshots.as_of(desk.log, 999).orders == {}
    assert snapshots.as_of(desk.log, 1_002).orders[A].state is OrderState.SUBMITTED
    assert same(snapshots.as_of(desk.log, 5_000), desk.state)
