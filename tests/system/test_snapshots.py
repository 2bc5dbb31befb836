"""Snapshots, old events and views of the past: each is held to what the whole log says."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import ExecType, OrdType, Side, TimeInForce
from squall.system.domain import snapshots
from squall.system.domain.commands import PlaceOrder, PlaceParent, SetSwitch, WithdrawOrder
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.events import OrderDenied, OrderSubmitted
from squall.system.domain.family import Family, child_name
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import Algorithm, DenyReason, ParentOrder
from squall.system.domain.old_events import OrderSubmittedV1
from squall.system.domain.oms import OmsState, decide, rebuild
from squall.system.domain.orders import OrderState
from squall.system.domain.switches import Scope, Switch, TradingState
from squall.system.domain.terms import Attribution
from tests.system.oms_stage import A, Desk, allow, amend, cancel, fill, judge, place, replaced, report, sent, working

ACME = Symbol("ACME")
FUND = ClOrdID("fund-1")
GONE = ClOrdID("fund-2")
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
    desk.tell(HALT, parent(FUND), child(FUND, 1, 60), child(FUND, 2, 30), cancel_of(child_name(FUND, 2)))
    desk.tell(parent(GONE), child(GONE, 1, 10), cancel_of(GONE))
    return desk


def parent(name: ClOrdID) -> PlaceParent:
    order = ParentOrder(name, "fund", "fund/main", "ann", ACME, Side.BUY, 100, Algorithm.TWAP, end_ns=10**12)
    return PlaceParent("trader/ann", name, order)


def child(of: ClOrdID, number: int, lots: int) -> PlaceOrder:
    whole = place(child_name(of, number), lots=lots)
    return msgspec.structs.replace(whole, attribution=Attribution(client="fund", parent=of), parent_cap=True)


def cancel_of(name: ClOrdID) -> WithdrawOrder:
    return WithdrawOrder("trader/ann", name)


def same(one: OmsState, other: OmsState) -> bool:
    """In everything, however it is kept."""
    return snapshots.take(one) == snapshots.take(other) and one.hash() == other.hash()


@given(st.integers(0, len(a_day().log)))
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
        if name not in ("seen", "switches", "families", "closed"):
            assert getattr(restored, name) == getattr(state, name), name
    assert restored.seen.runs() == state.seen.runs()
    assert restored.seen.odd() == state.seen.odd()
    assert restored.switches.all == state.switches.all
    assert list(restored.families) == list(state.families) == [FUND]
    assert restored.closed.runs() == state.closed.runs() == {"fund-": [(2, 2)]}
    for field in Family.__slots__:
        assert getattr(restored.families[FUND], field) == getattr(state.families[FUND], field), field


def test_a_state_from_a_snapshot_takes_children_up_to_what_is_left_of_their_parent() -> None:
    """Without its families a leader that began with a snapshot would deny every later child."""
    restored = snapshots.restore(snapshots.take(a_day().state))
    assert restored is not None
    assert [type(event) for event in decide(restored, child(FUND, 3, 40), 2_000)] == [OrderSubmitted]
    for wish, why in ((child(FUND, 3, 41), DenyReason.PARENT_QUANTITY), (child(GONE, 2, 1), DenyReason.NO_SUCH_PARENT)):
        _, denied = decide(restored, wish, 2_000)
        assert isinstance(denied, OrderDenied)
        assert [denial.reason for denial in denied.denials] == [why]


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
