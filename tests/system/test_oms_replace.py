"""Cancel/replace: FIX 4.4, volume 4, D.2, story by story, and what a desk must not get wrong about it."""

import pytest

from squall.sim.exchange.wire.messages import CxlRejReason, ExecType, Execution, OrderStatusReport, OrdStatus
from squall.system.domain.commands import ApplyStatus
from squall.system.domain.effects import effects_of, open_order, order_progressed
from squall.system.domain.events import (
    Blame,
    CancelRejected,
    CancelRequested,
    FillQuarantined,
    OrderFilled,
    OrderReplaced,
    ReplaceApproved,
    ReplaceDenied,
    ReplaceReason,
    ReplaceRejected,
    ReplaceRepeated,
    ReplaceRequested,
    ReplaceSeen,
    TransitionRefused,
)
from squall.system.domain.messages import (
    CancelAtVenue,
    Denial,
    DenyReason,
    ReleaseOrder,
    ReplaceAtVenue,
    ResizeOrder,
    UnsentReason,
)
from squall.system.domain.orders import OrderState
from tests.system.oms_stage import (
    EPOCH,
    VENUE,
    A,
    Desk,
    allow,
    amend,
    cancel,
    fill,
    judge,
    no_replace,
    place,
    replaced,
    report,
    sent,
    working,
)


def told(what: OrdStatus, latest: str = "", lots: int = 10, *executions: Execution) -> ApplyStatus:
    """The venue, asked what became of it."""
    cum = sum(each.lots for each in executions)
    answer = OrderStatusReport(A, 1, what, cum, lots - cum, executions, latest, lots, 20_010 if latest else 20_000)
    return ApplyStatus(VENUE, A, VENUE, answer)


@pytest.fixture
def desk() -> Desk:
    return working(Desk())


def asked(desk: Desk, lots: int = 10) -> Desk:
    desk.tell(amend(lots=lots), allow())
    return desk


def test_a_replace_is_asked_of_risk_then_of_the_venue_and_the_old_terms_hold_until_it_answers(desk: Desk) -> None:
    (wish,) = desk.tell(amend(lots=15))
    assert isinstance(wish, ReplaceRequested)
    assert effects_of(wish, desk.order, EPOCH) == ()
    assert (desk.order.state, desk.order.terms.quantity_lots) == (OrderState.PENDING_REPLACE, 10)
    (approved,) = desk.tell(allow())
    assert isinstance(approved, ReplaceApproved)
    (effect,) = effects_of(approved, desk.order, EPOCH)
    assert isinstance(effect, ReplaceAtVenue)
    assert (effect.venue, effect.quantity_lots, effect.price_half_ticks) == (VENUE, 15, 20_010)
    assert desk.order.terms.quantity_lots == 10
    (done,) = desk.tell(replaced(lots=15))
    assert isinstance(done, OrderReplaced)
    assert (desk.order.state, desk.order.terms.quantity_lots) == (OrderState.ACKNOWLEDGED, 15)
    assert (desk.order.terms.price_half_ticks, desk.order.cl_ord_id) == (20_010, A)
    assert effects_of(done, desk.order, EPOCH) == (ResizeOrder(A, 15),)


def test_while_it_is_pending_the_larger_quantity_is_in_flight(desk: Desk) -> None:
    desk.tell(amend(lots=15))
    assert open_order(desk.order).quantity_lots == 10
    desk.tell(allow())
    assert open_order(desk.order).quantity_lots == 15
    desk.tell(replaced(lots=15), amend(2, lots=6), allow(2))
    assert open_order(desk.order).quantity_lots == 15


def test_the_same_wish_twice_is_one(desk: Desk) -> None:
    asked(desk)
    assert desk.tell(amend()) == []
    assert desk.tell(allow()) == []
    desk.tell(replaced())
    assert desk.tell(amend()) == []
    assert desk.tell(replaced()) == []


def test_a_chain_of_replaces_keeps_the_desk_s_name_and_tells_the_venue_its_latest(desk: Desk) -> None:
    """OrigClOrdID is the last link that was done; a link that was refused is none."""
    asked(desk).tell(replaced(), amend(2, lots=12), allow(2), no_replace(CxlRejReason.INVALID_PRICE, 2))
    desk.tell(amend(3, lots=14))
    (approved,) = desk.tell(allow(3))
    (effect,) = effects_of(approved, desk.order, EPOCH)
    assert isinstance(effect, ReplaceAtVenue)
    assert (effect.wire_id, effect.revision) == (f"{A}~r1", 3)
    desk.tell(replaced(3, lots=14), cancel())
    (effect,) = effects_of(desk.log[-1], desk.order, EPOCH)
    assert isinstance(effect, CancelAtVenue)
    assert (effect.cl_ord_id, effect.wire_id) == (A, f"{A}~r3")


def test_fills_count_while_a_replace_is_pending_and_it_stays_pending(desk: Desk) -> None:
    """D.2: a fill wins the race for a part."""
    asked(desk, lots=15).tell(fill("e1", 4, cum=4))
    assert (desk.order.state, desk.order.cum_lots) == (OrderState.PENDING_REPLACE, 4)
    desk.tell(replaced(lots=15, cum=4))
    assert (desk.order.state, desk.order.leaves_lots) == (OrderState.PARTIALLY_FILLED, 11)


def test_a_fill_of_all_wins_the_race_and_the_replace_comes_too_late(desk: Desk) -> None:
    asked(desk, lots=15).tell(fill("e1", 10, cum=10))
    assert desk.order.state is OrderState.PENDING_REPLACE
    (event,) = desk.tell(no_replace(CxlRejReason.TOO_LATE))
    assert isinstance(event, ReplaceRejected)
    assert desk.order.state is OrderState.FILLED
    assert effects_of(event, desk.order, EPOCH) == (ReleaseOrder(A, 10),)


def test_a_replace_down_to_what_is_executed_fills_the_order(desk: Desk) -> None:
    asked(desk, lots=6).tell(fill("e1", 6, cum=6))
    (event,) = desk.tell(replaced(lots=6, cum=6))
    assert desk.order.state is OrderState.FILLED
    assert effects_of(event, desk.order, EPOCH) == (ReleaseOrder(A, 6),)


def test_a_refused_replace_leaves_the_order_as_it_was_and_risk_hears_of_it(desk: Desk) -> None:
    asked(desk, lots=15)
    (event,) = desk.tell(no_replace(CxlRejReason.NOT_REPLACEABLE))
    assert (desk.order.state, desk.order.terms.quantity_lots) == (OrderState.ACKNOWLEDGED, 10)
    assert effects_of(event, desk.order, EPOCH) == (ResizeOrder(A, 10),)


def test_a_replace_that_risk_refuses_is_never_asked_of_the_venue(desk: Desk) -> None:
    denial = Denial(DenyReason.POSITION_LIMIT, 60_000, 50_000)
    (event,) = desk.tell(amend(lots=15), allow(1, denial))
    assert isinstance(event, ReplaceDenied)
    assert (event.reason, event.denials) == (ReplaceReason.RISK, (denial,))
    assert desk.order.state is OrderState.ACKNOWLEDGED
    assert not any(isinstance(each, ReplaceAtVenue) for each in effects_of(event, desk.order, EPOCH))


@pytest.mark.parametrize(
    ("lots", "price", "reason"),
    [
        (4, 20_010, ReplaceReason.TOO_FEW_LOTS),
        (3, 20_010, ReplaceReason.TOO_FEW_LOTS),
        (10, 20_000, ReplaceReason.NO_CHANGE),
    ],
)
def test_a_replace_that_makes_no_sense_goes_nowhere(desk: Desk, lots: int, price: int, reason: ReplaceReason) -> None:
    desk.tell(fill("e1", 4, cum=4))
    (event,) = desk.tell(amend(lots=lots, price=price))
    assert isinstance(event, ReplaceDenied)
    assert event.reason is reason
    assert desk.order.state is OrderState.PARTIALLY_FILLED


def test_an_order_that_no_venue_is_known_to_have_is_not_replaced() -> None:
    desk = Desk()
    desk.tell(place(), judge(), sent())
    (event,) = desk.tell(amend())
    assert isinstance(event, ReplaceDenied)
    assert event.reason is ReplaceReason.NOT_AT_WORK
    assert desk.order.state is OrderState.SUBMITTED


def test_whoever_is_refused_a_replace_of_an_order_that_filled_meanwhile_hears_that_it_is_over(desk: Desk) -> None:
    """A fill that comes while risk thinks leaves the order pending replace: the refusal is its end."""
    desk.tell(amend(lots=15))
    (filled,) = desk.tell(fill("e1", 10, cum=10))
    before = order_progressed(filled, desk.order)
    assert before is not None
    assert (before.cum_lots, before.ended) == (10, False)

    (denied,) = desk.tell(allow(1))
    assert isinstance(denied, ReplaceDenied)
    told = order_progressed(denied, desk.order)

    assert told is not None
    assert (told.cum_lots, told.ended) == (10, True)
    (late,) = desk.tell(amend(2))
    assert order_progressed(late, desk.order) is None


def test_an_order_that_is_wanted_back_is_not_replaced_and_one_that_has_ended_neither(desk: Desk) -> None:
    (event,) = desk.tell(cancel(), amend())
    assert isinstance(event, ReplaceDenied)
    assert event.reason is ReplaceReason.PENDING
    (event,) = desk.tell(report(ExecType.CANCELED), amend(2))
    assert isinstance(event, ReplaceDenied)
    assert event.reason is ReplaceReason.ENDED
    assert desk.order.state is OrderState.CANCELED


def test_a_cancel_beside_a_pending_replace_has_precedence_and_both_are_answered(desk: Desk) -> None:
    asked(desk, lots=15).tell(cancel())
    assert desk.order.state is OrderState.PENDING_CANCEL
    desk.tell(replaced(lots=15))
    assert (desk.order.state, desk.order.terms.quantity_lots) == (OrderState.PENDING_CANCEL, 15)
    (event,) = desk.tell(report(ExecType.CANCELED))
    assert desk.order.state is OrderState.CANCELED
    assert effects_of(event, desk.order, EPOCH) == (ReleaseOrder(A, 0),)


def test_a_replace_that_risk_still_has_is_given_up_when_the_order_is_wanted_back(desk: Desk) -> None:
    desk.tell(amend(lots=15), cancel())
    (event,) = desk.tell(allow())
    assert isinstance(event, ReplaceDenied)
    assert (event.reason, desk.order.state) == (ReplaceReason.PENDING, OrderState.PENDING_CANCEL)


def test_a_request_that_was_lost_is_made_again_under_the_same_name(desk: Desk) -> None:
    asked(desk, lots=15)
    (event,) = desk.tell(told(OrdStatus.NEW))
    assert isinstance(event, ReplaceRepeated)
    (effect,) = effects_of(event, desk.order, EPOCH)
    assert isinstance(effect, ReplaceAtVenue)
    assert effect.revision == 1
    assert desk.order.state is OrderState.PENDING_REPLACE


def test_a_report_of_the_replace_that_was_lost_is_made_up_for_by_the_answer_and_before_the_fills(desk: Desk) -> None:
    """Else the fills beyond the old quantity would be taken for an over-fill."""
    asked(desk, lots=15)
    events = desk.tell(told(OrdStatus.PARTIALLY_FILLED, f"{A}~r1", 15, Execution("e1", 12, 20_010)))
    assert [type(event) for event in events] == [OrderReplaced, OrderFilled]
    assert (desk.order.state, desk.order.leaves_lots) == (OrderState.PARTIALLY_FILLED, 3)


def test_a_fill_that_bears_the_new_name_says_that_the_replace_was_done(desk: Desk) -> None:
    asked(desk, lots=15)
    events = desk.tell(fill("e1", 12, cum=12, cl_ord_id=f"{A}~r1"))
    assert [type(event) for event in events] == [OrderReplaced, OrderFilled]
    assert desk.order.leaves_lots == 3


def test_seen_before_is_a_question_and_its_answer_ends_the_wish(desk: Desk) -> None:
    """The refusal was lost, the request was made again: the venue only says that it has had it."""
    asked(desk, lots=15)
    (event,) = desk.tell(no_replace(CxlRejReason.DUPLICATE_ORDER))
    assert isinstance(event, ReplaceSeen)
    (event,) = desk.tell(told(OrdStatus.NEW))
    assert isinstance(event, ReplaceRejected)
    assert desk.order.state is OrderState.ACKNOWLEDGED


def test_a_replace_that_was_fenced_is_the_next_leader_s_business(desk: Desk) -> None:
    asked(desk)
    assert desk.tell(no_replace(UnsentReason.FENCED)) == []
    assert desk.order.state is OrderState.PENDING_REPLACE


def test_a_status_of_filled_answers_all_that_is_pending(desk: Desk) -> None:
    asked(desk).tell(cancel())
    events = desk.tell(told(OrdStatus.FILLED, "", 10, Execution("e1", 10, 20_000)))
    assert [type(event) for event in events] == [OrderFilled, ReplaceRejected, CancelRejected]
    assert desk.order.state is OrderState.FILLED


def test_a_replace_that_nobody_asked_for_is_the_venue_s_mistake_and_changes_nothing(desk: Desk) -> None:
    (event,) = desk.tell(replaced(lots=99))
    assert isinstance(event, TransitionRefused)
    assert event.blame is Blame.VENUE
    assert desk.order.terms.quantity_lots == 10


def test_lots_beyond_the_new_quantity_are_an_overfill(desk: Desk) -> None:
    asked(desk, lots=6).tell(replaced(lots=6))
    (event,) = desk.tell(fill("e1", 10, cum=10))
    assert isinstance(event, FillQuarantined)
    assert desk.order.cum_lots == 0


def test_a_cancel_that_was_lost_is_asked_for_under_the_name_that_the_answer_tells(desk: Desk) -> None:
    asked(desk).tell(cancel())
    events = desk.tell(told(OrdStatus.NEW, f"{A}~r1"))
    assert [type(event) for event in events] == [OrderReplaced, CancelRequested]
    (effect,) = effects_of(events[-1], desk.order, EPOCH)
    assert isinstance(effect, CancelAtVenue)
    assert effect.wire_id == f"{A}~r1"
