"""What venues do to orders and trades of their own accord: busts, corrections, holds, expiry, unsolicited cancels."""

from typing import Any

import pytest

from squall.sim.exchange.wire.messages import ExecType, Execution, OrderStatusReport, OrdStatus
from squall.system.domain.commands import ApplyReport, ApplyStatus
from squall.system.domain.effects import amendments_of, effects_of, needs_inquiry
from squall.system.domain.events import (
    Blame,
    FillQuarantined,
    NameTaken,
    OrderCanceled,
    OrderDoneForDay,
    OrderDoubted,
    OrderExpired,
    OrderMalformed,
    OrderRestated,
    OrderStopped,
    OrderSuspended,
    QuarantineReason,
    TradeBusted,
    TradeCorrected,
    TransitionRefused,
)
from squall.system.domain.form import FormReason, Malformed
from squall.system.domain.ids import ClOrdID, ExecID
from squall.system.domain.messages import AmendFill, ReleaseOrder
from squall.system.domain.oms import rebuild
from squall.system.domain.orders import OrderState
from tests.system.oms_stage import EPOCH, VENUE, A, Desk, cancel, fill, judge, place, report, sent, working


def bust(ref: str, exec_id: str = "b1", **fields: Any) -> ApplyReport:
    return report(ExecType.TRADE_CANCEL, exec_id=exec_id, exec_ref_id=ref, **fields)


def correct(ref: str, lots: int, price: int, exec_id: str = "c1", **fields: Any) -> ApplyReport:
    return report(
        ExecType.TRADE_CORRECT,
        exec_id=exec_id,
        exec_ref_id=ref,
        last_lots=lots,
        last_price_half_ticks=price,
        **fields,
    )


def listed(what: OrdStatus, *executions: Execution) -> ApplyStatus:
    cum = sum(each.lots for each in executions)
    return ApplyStatus(VENUE, A, VENUE, OrderStatusReport(A, 1, what, cum, 10 - cum, executions))


@pytest.fixture
def desk() -> Desk:
    return working(Desk())


# --- busts and corrections ---


def test_a_bust_takes_the_trade_back_and_reaches_the_positions(desk: Desk) -> None:
    desk.tell(fill("e1", 4, cum=4, price=100), fill("e2", 3, cum=7, price=200))
    (event,) = desk.tell(bust("e1"))
    assert isinstance(event, TradeBusted)
    assert (desk.order.cum_lots, desk.order.cum_notional) == (3, 600)
    assert (desk.order.state, desk.order.leaves_lots) == (OrderState.PARTIALLY_FILLED, 7)
    (effect,) = effects_of(event, desk.order, EPOCH)
    assert isinstance(effect, AmendFill)
    assert (effect.ref_exec_id, effect.lots) == ("e1", 0)
    assert amendments_of(desk.log) == (effect,)


def test_a_bust_of_all_there_was_leads_back_to_the_acknowledgement(desk: Desk) -> None:
    desk.tell(fill("e1", 4, cum=4), bust("e1"))
    assert (desk.order.state, desk.order.average_price_half_ticks) == (OrderState.ACKNOWLEDGED, 0)


def test_a_bust_of_another_order_s_trade_is_refused_and_wipes_nothing(desk: Desk) -> None:
    other = ClOrdID("pulse-ACME-2")
    desk.tell(fill("e1", 4, cum=4), place(other))
    for amendment in (bust("e1", name=other), correct("e1", 3, 90, exec_id="c1", name=other)):
        refusal, aside = desk.tell(amendment)
        assert isinstance(refusal, TransitionRefused)
        assert (refusal.cl_ord_id, refusal.blame) == (other, Blame.VENUE)
        assert isinstance(aside, FillQuarantined)
        assert aside.reason is QuarantineReason.AMENDS_ANOTHER
        assert desk.tell(amendment) == [], "once more, it is known"
    trade = desk.state.trade(ExecID("e1"))
    assert trade is not None
    assert (trade.cl_ord_id, trade.lots) == (A, 4)
    assert amendments_of(desk.log) == ()
    (event,) = desk.tell(bust("e1", exec_id="b2"))  # its own order's bust still takes it back
    assert isinstance(event, TradeBusted)
    assert event.lots == 4


def test_an_amendment_that_names_itself_is_set_aside_and_hangs_nobody(desk: Desk) -> None:
    desk.tell(fill("e1", 4, cum=4))
    for itself in (bust("b1"), correct("c1", 3, 90)):
        (aside,) = desk.tell(itself)
        assert isinstance(aside, FillQuarantined)
        assert aside.reason is QuarantineReason.AMENDS_NOTHING
    for of_it in (bust("b1", exec_id="b2"), bust("c1", exec_id="b3")):
        desk.tell(of_it)
    assert desk.order.cum_lots == 4


def test_a_bust_is_taken_once_however_often_it_is_reported(desk: Desk) -> None:
    desk.tell(fill("e1", 4, cum=4), fill("e2", 4, cum=8), bust("e1"))
    assert desk.tell(bust("e1")) == []
    assert desk.order.cum_lots == 4


def test_a_trade_of_a_filled_order_is_busted_and_the_order_stays_ended(desk: Desk) -> None:
    """As the venues' protocol has it: the lots do not go back to work."""
    desk.tell(fill("e1", 10, cum=10))
    (event,) = desk.tell(bust("e1"))
    assert effects_of(event, desk.order, EPOCH)[1:] == (ReleaseOrder(A, 0),)
    assert A not in desk.state.orders
    assert (desk.order.state, desk.order.cum_lots) == (OrderState.CANCELED, 0)
    assert rebuild(desk.log).ended == desk.state.ended


def test_a_bust_that_overtakes_its_trade_keeps_the_late_report_out(desk: Desk) -> None:
    (event,) = desk.tell(bust("e1"))
    assert effects_of(event, desk.order, EPOCH) == ()
    assert desk.tell(fill("e1", 4, cum=4)) == []
    assert desk.order.cum_lots == 0


def test_a_correction_changes_price_and_lots_and_later_ones_may_name_the_first(desk: Desk) -> None:
    desk.tell(fill("e1", 4, cum=4, price=100))
    (event,) = desk.tell(correct("e1", 4, 110))
    assert isinstance(event, TradeCorrected)
    assert (desk.order.cum_lots, desk.order.cum_notional) == (4, 440)
    desk.tell(correct("c1", 5, 120, "c2"))
    assert (desk.order.cum_lots, desk.order.cum_notional) == (5, 600)
    desk.tell(bust("c2", "b1"))
    assert (desk.order.cum_lots, desk.order.cum_notional) == (0, 0)


def test_a_correction_beyond_the_order_is_set_aside(desk: Desk) -> None:
    desk.tell(fill("e1", 4, cum=4), fill("e2", 5, cum=9))
    (event,) = desk.tell(correct("e1", 6, 20_000))
    assert isinstance(event, FillQuarantined)
    assert (event.reason, desk.order.cum_lots) == (QuarantineReason.OVERFILL, 9)


def test_a_correction_of_a_trade_that_was_never_heard_of_is_a_question(desk: Desk) -> None:
    events = desk.tell(correct("e1", 6, 20_000))
    assert [type(event) for event in events] == [FillQuarantined, OrderDoubted]
    assert needs_inquiry(events[-1])


def test_an_answer_makes_up_for_a_bust_whose_report_was_lost(desk: Desk) -> None:
    desk.tell(fill("e1", 4, cum=4), fill("e2", 4, cum=8))
    status = listed(OrdStatus.PARTIALLY_FILLED, Execution("e1", 0, 0, 0, "b1"), Execution("e2", 3, 90, 0, "c1"))
    assert [type(event) for event in desk.tell(status)] == [TradeBusted, TradeCorrected]
    assert (desk.order.cum_lots, desk.order.cum_notional) == (3, 270)
    assert desk.tell(status) == []
    assert desk.tell(bust("e1")) == []


def test_a_trade_busted_before_it_was_heard_of_is_not_booked_from_an_answer_either(desk: Desk) -> None:
    (event,) = desk.tell(listed(OrdStatus.NEW, Execution("e1", 0, 0, 0, "b1")))
    assert isinstance(event, TradeBusted)
    assert desk.tell(fill("e1", 4, cum=4)) == []


# --- holds ---


@pytest.mark.parametrize(
    ("kind", "event_type", "state"),
    [
        (ExecType.SUSPENDED, OrderSuspended, OrderState.SUSPENDED),
        (ExecType.STOPPED, OrderStopped, OrderState.STOPPED),
        (ExecType.DONE_FOR_DAY, OrderDoneForDay, OrderState.DONE_FOR_DAY),
    ],
)
def test_a_held_order_is_held_until_the_venue_restates_it(
    desk: Desk, kind: ExecType, event_type: type, state: OrderState
) -> None:
    (event,) = desk.tell(fill("e1", 4, cum=4), report(kind))
    assert isinstance(event, event_type)
    assert desk.order.state is state
    assert desk.tell(report(kind)) == []
    (event,) = desk.tell(report(ExecType.RESTATED, cum_lots=4))
    assert isinstance(event, OrderRestated)
    assert desk.order.state is OrderState.PARTIALLY_FILLED


@pytest.mark.parametrize("kind", [ExecType.SUSPENDED, ExecType.STOPPED])
def test_a_fill_of_all_ends_a_held_order(desk: Desk, kind: ExecType) -> None:
    desk.tell(report(kind), fill("e1", 10, cum=10))
    assert desk.order.state is OrderState.FILLED


def test_a_hold_behind_a_pending_cancel_shows_when_the_cancel_is_refused(desk: Desk) -> None:
    desk.tell(cancel(), report(ExecType.SUSPENDED))
    assert desk.order.state is OrderState.PENDING_CANCEL
    desk.tell(listed(OrdStatus.SUSPENDED))
    assert desk.order.state is OrderState.PENDING_CANCEL


def test_a_hold_is_heard_of_from_an_answer_too_and_its_end(desk: Desk) -> None:
    desk.tell(listed(OrdStatus.SUSPENDED))
    assert desk.order.state is OrderState.SUSPENDED
    desk.tell(listed(OrdStatus.NEW))
    assert desk.order.state is OrderState.ACKNOWLEDGED


# --- ends ---


def test_an_order_expires_with_what_is_left_of_it(desk: Desk) -> None:
    (event,) = desk.tell(fill("e1", 4, cum=4), report(ExecType.EXPIRED, cum_lots=4))
    assert event == OrderExpired(A, event.at_ns, VENUE, 6)
    assert desk.order.state is OrderState.EXPIRED
    assert effects_of(event, desk.order, EPOCH) == (ReleaseOrder(A, 4),)


def test_a_cancel_that_nobody_asked_for_is_marked(desk: Desk) -> None:
    (event,) = desk.tell(report(ExecType.CANCELED))
    assert isinstance(event, OrderCanceled)
    assert event.unsolicited


def test_a_cancel_that_was_asked_for_is_not(desk: Desk) -> None:
    (event,) = desk.tell(cancel(), report(ExecType.CANCELED))
    assert isinstance(event, OrderCanceled)
    assert not event.unsolicited


def test_an_illegal_transition_is_on_the_record_with_blame_and_is_a_question(desk: Desk) -> None:
    (event,) = desk.tell(fill("e1", 10, cum=10), report(ExecType.EXPIRED, cum_lots=10))
    assert isinstance(event, TransitionRefused)
    assert (event.state, event.blame) == (OrderState.FILLED, Blame.VENUE)
    assert needs_inquiry(event)


# --- form ---


def test_a_malformed_order_is_on_the_record_with_every_fault_and_never_leaves() -> None:
    desk = Desk()
    faults = (Malformed(FormReason.TICK, "20001"), Malformed(FormReason.LOT, "3"))
    command = place()
    submitted, refused = desk.tell(type(command)(**{**_fields(command), "faults": faults}))
    assert refused == OrderMalformed(A, refused.at_ns, "strategy", faults)
    assert (desk.order.state, desk.order.attempt) == (OrderState.REJECTED, 0)
    assert effects_of(refused, desk.order, EPOCH) == ()
    assert submitted.cl_ord_id == A


def test_another_order_of_a_name_that_is_taken_is_refused_and_the_first_goes_on(desk: Desk) -> None:
    (event,) = desk.tell(place(lots=11))
    assert isinstance(event, NameTaken)
    assert desk.order.terms.quantity_lots == 10
    assert desk.tell(place(), judge(), sent()) == []


def _fields(command: Any) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__struct_fields__}
