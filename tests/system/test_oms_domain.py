"""The OMS as a decider: commands in, facts out, and a state that is what the facts say."""

from collections.abc import Iterator

import pytest

from squall.sim.exchange.wire.messages import (
    ExecType,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Side,
)
from squall.system.domain.commands import (
    JudgeOrder,
    RefuseCancel,
)
from squall.system.domain.effects import effects_of, fills_of
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.events import (
    AnyEvent,
    Blame,
    CancelRejected,
    CancelRequested,
    DoubtReason,
    FillQuarantined,
    OrderAcknowledged,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderDoubted,
    OrderFilled,
    OrderRejected,
    OrderReturned,
    OrderSent,
    OrderSubmitted,
    QuarantineReason,
    TransitionRefused,
    UnknownOrderReported,
)
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import (
    BookFill,
    CancelAtVenue,
    Denial,
    DenyReason,
    ReleaseOrder,
    RouteOrder,
    UnsentReason,
)
from squall.system.domain.oms import rebuild
from squall.system.domain.orders import OrderState, Trigger
from tests.system.oms_stage import (
    EPOCH,
    VENUE,
    A,
    Desk,
    ack,
    cancel,
    doubt,
    fill,
    judge,
    place,
    report,
    sent,
    status,
    unsent,
    working,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- taking and checking ------------------------------------------------------------------------------


def test_the_first_event_carries_the_whole_order(desk: Desk) -> None:
    """Erratum 5: the chapter's ORDER_PLACED lacks side and type, and replay gives another state."""
    (event,) = desk.tell(place(side=Side.SELL))
    assert isinstance(event, OrderSubmitted)
    assert (event.terms.side, event.terms.ord_type, event.terms.quantity_lots) == (Side.SELL, OrdType.LIMIT, 10)
    assert desk.order.state is OrderState.PENDING_VALIDATION
    assert rebuild(desk.log).orders == desk.state.orders


def test_a_command_that_is_repeated_changes_nothing_even_when_the_order_has_ended(desk: Desk) -> None:
    desk.tell(place())
    assert desk.tell(place()) == []
    desk.tell(judge(), sent(), fill("e1", 10, cum=10))
    assert A not in desk.state.orders
    assert desk.tell(place()) == []


def test_a_denied_order_is_on_the_record_with_every_reason_and_never_leaves(desk: Desk) -> None:
    """Errata 9, 10, 25: the chapter stores no denied order, counts it as submitted, names one reason."""
    denials = (
        Denial(DenyReason.ORDER_SIZE, 20_000, 10_000),
        Denial(DenyReason.POSITION_LIMIT, 70_000, 50_000),
    )
    events = desk.tell(place(), judge(*denials))
    assert events == [OrderDenied(A, 1_001, "risk", denials)]
    assert desk.order.state is OrderState.REJECTED
    assert desk.order.attempt == 0
    assert sum(isinstance(event, OrderSent) for event in desk.log) == 0
    assert effects_of(desk.log[-1], desk.order, EPOCH) == ()


def test_every_event_says_who_acted(desk: Desk) -> None:
    """Erratum 12: the chapter's events have nobody who acted."""
    working(desk).tell(cancel(), fill("e1", 4), report(ExecType.CANCELED, cum_lots=4))
    actors = [event.actor for event in desk.log]
    assert actors == ["strategy", "risk", "execution", VENUE, "strategy", VENUE, VENUE]


def test_an_approval_that_comes_twice_is_no_news_but_a_denial_after_it_is_refused(desk: Desk) -> None:
    desk.tell(place(), judge())
    assert desk.tell(judge()) == []
    (event,) = desk.tell(judge(Denial(DenyReason.ORDER_SIZE, 2, 1)))
    assert isinstance(event, TransitionRefused)
    assert event.blame is Blame.OURS
    assert desk.order.state is OrderState.PENDING_SUBMISSION


# --- fills --------------------------------------------------------------------------------------------


def test_a_partial_fill_is_not_a_fill_and_fills_add_up(desk: Desk) -> None:
    """Errata 1, 2: the chapter calls any fill FILLED, overwrites quantity and price, averages wrongly."""
    working(desk).tell(fill("e1", 4, cum=4, price=100))
    assert desk.order.state is OrderState.PARTIALLY_FILLED
    desk.tell(fill("e2", 6, cum=10, price=200))
    assert desk.order.state is OrderState.FILLED
    assert desk.order.cum_lots == 10
    assert desk.order.average_price_half_ticks == 160


def test_a_fill_has_an_execution_id_a_venue_and_a_side_and_its_lots_are_positive(desk: Desk) -> None:
    """Errata 6, 11: the chapter's fill has no execution id and no venue; sells are booked as buys."""
    desk.tell(place(side=Side.SELL), judge(), sent(), ack(), fill("e1", 10, cum=10, side=Side.SELL))
    event = desk.log[-1]
    assert isinstance(event, OrderFilled)
    assert (event.exec_id, event.venue, event.side, event.lots) == ("e1", VENUE, Side.SELL, 10)
    assert event.commission == 0
    assert fills_of(desk.log) == (BookFill("e1", A, VENUE, Symbol("ACME"), Side.SELL, 10, 20_000, strategy="pulse"),)


def test_an_execution_is_booked_once_however_often_it_is_reported(desk: Desk) -> None:
    """Erratum 7: the chapter does not de-duplicate."""
    working(desk).tell(fill("e1", 4))
    assert desk.tell(fill("e1", 4)) == []
    assert desk.tell(status(OrdStatus.PARTIALLY_FILLED, ("e1", 4, 20_000))) == []
    assert desk.order.cum_lots == 4


def test_an_overfill_is_set_aside_and_changes_nothing(desk: Desk) -> None:
    """Erratum 7: the chapter books whatever comes."""
    working(desk).tell(fill("e1", 4))
    (event,) = desk.tell(fill("e2", 7))
    assert isinstance(event, FillQuarantined)
    assert event.reason is QuarantineReason.OVERFILL
    assert desk.order.cum_lots == 4
    assert desk.tell(fill("e2", 7)) == []


def test_a_fill_of_another_symbol_or_side_is_set_aside(desk: Desk) -> None:
    working(desk)
    (event,) = desk.tell(fill("e1", 4, side=Side.SELL))
    assert isinstance(event, FillQuarantined)
    assert event.reason is QuarantineReason.WRONG_ORDER
    (event,) = desk.tell(fill("e2", 4, symbol="BOLT"))
    assert isinstance(event, FillQuarantined)


def test_a_fill_does_not_reopen_an_order_that_has_ended(desk: Desk) -> None:
    """Erratum 7."""
    working(desk).tell(report(ExecType.CANCELED))
    (event,) = desk.tell(fill("e9", 1))
    assert isinstance(event, FillQuarantined)
    assert event.reason is QuarantineReason.ORDER_ENDED
    assert A not in desk.state.orders
    assert desk.order.state is OrderState.CANCELED


def test_a_fill_before_the_acknowledgement_counts_and_the_late_acknowledgement_too(desk: Desk) -> None:
    desk.tell(place(), judge(), sent(), fill("e1", 4))
    assert desk.order.state is OrderState.PARTIALLY_FILLED
    (event,) = desk.tell(ack())
    assert isinstance(event, OrderAcknowledged)
    assert desk.order.state is OrderState.PARTIALLY_FILLED
    assert desk.tell(ack()) == []


def test_a_late_ack_for_a_canceled_order_is_not_a_new_order(desk: Desk) -> None:
    working(desk).tell(cancel(), report(ExecType.CANCELED))
    (event,) = desk.tell(ack())
    assert event == TransitionRefused(A, 1_006, VENUE, OrderState.CANCELED, Trigger.ACKNOWLEDGED, Blame.VENUE)
    assert desk.state.orders == {}


# --- cancels ------------------------------------------------------------------------------------------


def test_a_cancel_is_requested_first_and_a_fill_may_win_the_race(desk: Desk) -> None:
    """Erratum 4: the chapter appends ORDER_CANCELED when the cancel is requested."""
    working(desk)
    (event,) = desk.tell(cancel())
    assert isinstance(event, CancelRequested)
    assert desk.order.state is OrderState.PENDING_CANCEL
    assert effects_of(event, desk.order, EPOCH) == (
        CancelAtVenue(EPOCH, A, VENUE, Symbol("ACME"), Side.BUY, attempt=1),
    )
    desk.tell(fill("e1", 10, cum=10))
    assert desk.order.state is OrderState.PENDING_CANCEL
    (event,) = desk.tell(RefuseCancel("execution", A, "too late to cancel"))
    assert isinstance(event, CancelRejected)
    assert desk.order.state is OrderState.FILLED
    assert effects_of(event, desk.order, EPOCH) == (ReleaseOrder(A, 10),)


def test_a_cancel_that_is_said_again_of_an_order_that_has_ended_is_nobody_s_mistake(desk: Desk) -> None:
    """A strategy that hears of no ends repeats its cancels to each new leader."""
    working(desk)
    desk.tell(cancel(), fill("e1", 10, cum=10), RefuseCancel("execution", A, "too late to cancel"))
    assert A not in desk.state.orders
    assert desk.tell(cancel()) == []


def test_a_first_cancel_of_an_order_that_has_filled_is_on_the_record(desk: Desk) -> None:
    working(desk)
    desk.tell(fill("e1", 10, cum=10))
    (refused,) = desk.tell(cancel())
    assert isinstance(refused, TransitionRefused)
    assert (refused.state, refused.trigger) == (OrderState.FILLED, Trigger.CANCEL_REQUESTED)


def test_an_order_that_risk_still_has_is_cancelled_on_the_spot_and_given_back(desk: Desk) -> None:
    desk.tell(place())
    events = desk.tell(cancel())
    assert [type(event) for event in events] == [CancelRequested, OrderCanceled]
    assert effects_of(events[-1], desk.order, EPOCH) == (ReleaseOrder(A, 0),)
    assert desk.tell(judge()) == []


def test_an_order_wanted_back_before_anybody_knows_where_it_is_is_cancelled_where_it_turns_up(
    desk: Desk,
) -> None:
    desk.tell(place(), judge(), cancel())
    assert effects_of(desk.log[-1], desk.order, EPOCH) == ()
    (event,) = desk.tell(sent())
    assert desk.order.state is OrderState.PENDING_CANCEL
    (effect,) = effects_of(event, desk.order, EPOCH)
    assert isinstance(effect, CancelAtVenue)


def test_an_order_wanted_back_that_never_arrived_is_cancelled_not_sent_again(desk: Desk) -> None:
    desk.tell(place(), judge(), sent(), cancel())
    (event,) = desk.tell(unsent())
    assert isinstance(event, OrderCanceled)
    assert desk.order.state is OrderState.CANCELED


def test_a_cancel_refused_for_an_order_that_has_not_arrived_yet_is_still_wanted(desk: Desk) -> None:
    """Were the wish dropped, the order would be let out again, and rest for ever."""
    desk.tell(place(), judge(), sent(), cancel())
    assert desk.tell(RefuseCancel("execution", A, "unknown order")) == []
    assert desk.order.state is OrderState.PENDING_CANCEL
    assert [type(event) for event in desk.tell(unsent())] == [OrderCanceled]


def test_a_cancel_refused_as_unknown_for_an_order_that_the_venue_had_is_refused(desk: Desk) -> None:
    working(desk).tell(cancel())
    events = desk.tell(RefuseCancel("execution", A, "unknown order"))
    assert [type(event) for event in events] == [CancelRejected]


@pytest.mark.parametrize("reason", ["session down", "fenced"])
def test_a_cancel_that_did_not_get_as_far_as_the_venue_is_still_wanted(desk: Desk, reason: str) -> None:
    working(desk).tell(cancel())
    assert desk.tell(RefuseCancel("execution", A, reason)) == []
    assert desk.order.state is OrderState.PENDING_CANCEL


def test_a_cancel_that_the_venue_has_not_come_to_is_asked_for_again(desk: Desk) -> None:
    working(desk).tell(cancel())
    (event,) = desk.tell(status(OrdStatus.NEW))
    assert isinstance(event, CancelRequested)
    assert event.attempt == 2


def test_a_status_of_filled_answers_a_pending_cancel(desk: Desk) -> None:
    working(desk).tell(cancel())
    events = desk.tell(status(OrdStatus.FILLED, ("e1", 10, 20_000)))
    assert [type(event) for event in events] == [OrderFilled, CancelRejected]
    assert desk.order.state is OrderState.FILLED


# --- doubt --------------------------------------------------------------------------------------------


def test_an_order_in_doubt_is_settled_by_what_the_venue_says_executions_first(desk: Desk) -> None:
    desk.tell(place(), judge(), sent(), doubt())
    assert desk.order.state is OrderState.IN_DOUBT
    events = desk.tell(status(OrdStatus.CANCELED, ("e1", 3, 100), ("e2", 4, 200)))
    assert [type(event) for event in events] == [OrderFilled, OrderFilled, OrderCanceled]
    assert (desk.order.state, desk.order.cum_lots) == (OrderState.CANCELED, 7)
    assert effects_of(events[-1], desk.order, EPOCH) == (ReleaseOrder(A, 7),)


def test_unknown_settles_nothing_here_execution_judges_it(desk: Desk) -> None:
    desk.tell(place(), judge(), sent(), doubt())
    assert desk.tell(status(None)) == []
    assert desk.order.state is OrderState.IN_DOUBT


def test_a_cancel_that_counts_more_than_we_heard_of_is_a_question_not_an_end(desk: Desk) -> None:
    working(desk)
    (event,) = desk.tell(report(ExecType.CANCELED, cum_lots=6))
    assert isinstance(event, OrderDoubted)
    assert event.reason is DoubtReason.MISSING_EXECUTIONS
    assert desk.order.state is OrderState.IN_DOUBT


def test_a_fill_behind_one_that_was_lost_is_booked_and_the_lost_one_asked_for(desk: Desk) -> None:
    working(desk)
    events = desk.tell(fill("e2", 4, cum=9))
    assert [type(event) for event in events] == [OrderFilled, OrderDoubted]
    desk.tell(fill("e1", 5, cum=5))
    assert (desk.order.state, desk.order.cum_lots) == (OrderState.PARTIALLY_FILLED, 9)


def test_a_venue_that_counts_more_than_was_ordered_does_not_keep_a_filled_order_open(desk: Desk) -> None:
    working(desk).tell(fill("e1", 10, cum=12))
    assert desk.order.state is OrderState.FILLED


def test_a_refusal_as_duplicate_is_a_question_not_an_end(desk: Desk) -> None:
    desk.tell(place(), judge(), sent(), doubt(), sent())
    (event,) = desk.tell(report(ExecType.REJECTED, reason=OrdRejReason.DUPLICATE_ORDER))
    assert isinstance(event, OrderDoubted)
    assert event.reason is DoubtReason.DUPLICATE


# --- coming back unsent -------------------------------------------------------------------------------


def test_an_order_that_is_certainly_nowhere_is_let_out_again_and_given_up_at_last(desk: Desk) -> None:
    desk.tell(place(), judge())
    for attempt in (1, 2, 3):
        (event,) = desk.tell(unsent(attempt))
        assert isinstance(event, OrderReturned)
        (effect,) = effects_of(event, desk.order, EPOCH)
        assert isinstance(effect, RouteOrder)
        assert effect.attempt == attempt + 1
    (event,) = desk.tell(unsent(4))
    assert isinstance(event, OrderRejected)
    assert effects_of(event, desk.order, EPOCH) == (ReleaseOrder(A, 0),)


@pytest.mark.parametrize("reason", [UnsentReason.NO_VENUE, UnsentReason.NOT_MARKETABLE])
def test_an_order_that_no_venue_would_take_is_rejected_at_once(desk: Desk, reason: UnsentReason) -> None:
    desk.tell(place(), judge())
    (event,) = desk.tell(unsent(1, reason))
    assert event == OrderRejected(A, 1_002, "execution", reason.value)


def test_news_of_an_earlier_attempt_is_no_news(desk: Desk) -> None:
    desk.tell(place(), judge(), unsent(1))
    assert desk.order.attempt == 2
    assert desk.tell(unsent(1)) == []
    assert desk.tell(sent(1)) == []
    assert desk.tell(doubt(1)) == []


def test_an_order_that_was_executed_is_never_sent_again_whatever_is_said(desk: Desk) -> None:
    desk.tell(place(), judge(), sent(), fill("e1", 3))
    (event,) = desk.tell(unsent(1))
    assert isinstance(event, TransitionRefused)
    assert event.blame is Blame.OURS


# --- the log ------------------------------------------------------------------------------------------


def test_talk_of_an_order_that_nobody_took_is_on_the_record(desk: Desk) -> None:
    (event,) = desk.tell(report(ExecType.TRADE, name=ClOrdID("ghost"), last_lots=3))
    assert event == UnknownOrderReported(ClOrdID("ghost"), 1_000, VENUE, "ApplyReport")
    assert desk.state.unknown == 1


def every_kind_of_event() -> Iterator[AnyEvent]:
    desk = Desk()
    b, c = ClOrdID("pulse-ACME-2"), ClOrdID("pulse-ACME-3")
    desk.tell(place(), judge(), unsent(1), sent(2), doubt(2), ack(), fill("e1", 4), cancel())
    desk.tell(RefuseCancel("execution", A, "too late"), fill("e2", 40), ack(), cancel())
    desk.tell(report(ExecType.CANCELED, cum_lots=4), ack())
    desk.tell(place(b), JudgeOrder("risk", b, (Denial(DenyReason.NO_MARK, 0, 0),), EPOCH))
    desk.tell(place(c), JudgeOrder("risk", c, (), EPOCH), report(ExecType.REJECTED, name=c))
    desk.tell(report(ExecType.NEW, name=ClOrdID("ghost")))
    yield from desk.log


def test_every_event_type_is_appended_and_applied_on_replay() -> None:
    """Erratum 3: the chapter's replay knows two of its event types."""
    log = list(every_kind_of_event())
    kinds = [type(event) for event in log]
    expected = (
        OrderSubmitted,
        OrderApproved,
        OrderDenied,
        OrderSent,
        OrderAcknowledged,
        OrderFilled,
        CancelRequested,
        CancelRejected,
        OrderCanceled,
        OrderRejected,
        OrderDoubted,
        OrderReturned,
        TransitionRefused,
        FillQuarantined,
        UnknownOrderReported,
    )
    assert [kind.__name__ for kind in expected if kind not in kinds] == []
    hashes = [rebuild(log[:version]).hash() for version in range(len(log) + 1)]
    assert len(dict.fromkeys(hashes)) == len(hashes), "an event that changes nothing was not applied"


def test_the_journal_s_encoding_gives_every_event_back() -> None:
    for event in every_kind_of_event():
        assert decode_event(encode_event(event)) == event


def test_a_rebuilt_state_has_the_live_state_s_hash_and_another_log_another(desk: Desk) -> None:
    working(desk).tell(fill("e1", 4))
    assert rebuild(desk.log).hash() == desk.state.hash()
    assert rebuild(desk.log[:-1]).hash() != desk.state.hash()


def test_memory_holds_only_what_is_live_and_the_names_of_what_was(desk: Desk) -> None:
    for number in range(500):
        name = ClOrdID(f"pulse-ACME-{number}")
        desk.tell(
            place(name),
            JudgeOrder("risk", name, (), EPOCH),
            report(ExecType.TRADE, name=name, exec_id=f"e{number}", last_lots=10, cum_lots=10),
        )
    assert desk.state.orders == {}
    assert desk.state.id_set_sizes() == {"cl_ord_ids": 500, "exec_ids": 500}


def test_an_order_s_way_makes_the_effects_due_in_order(desk: Desk) -> None:
    desk.tell(place(), judge(), sent(), ack(), fill("e1", 10, cum=10))
    assert [type(effect) for event in desk.log for effect in effects_of(event, desk.order, EPOCH)] == [
        RouteOrder,
        BookFill,
        ReleaseOrder,
    ]
