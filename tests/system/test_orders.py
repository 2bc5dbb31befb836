"""The table of order states, held against FIX 4.4's appendix D and the chapter's mistakes."""

from fractions import Fraction
from itertools import pairwise

import pytest

from squall.sim.exchange.wire.messages import PRECEDENCE as PUBLISHED
from squall.sim.exchange.wire.messages import OrdStatus, OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.orders import (
    ORD_STATUS,
    PRECEDENCE,
    TERMINAL,
    TRANSITIONS,
    Order,
    OrderState,
    Trigger,
    allows,
    next_state,
    state_by_precedence,
)
from squall.system.domain.terms import HOUSE, Terms

AT_A_VENUE = (
    OrderState.SUBMITTED,
    OrderState.ACKNOWLEDGED,
    OrderState.PARTIALLY_FILLED,
    OrderState.STOPPED,
    OrderState.SUSPENDED,
    OrderState.DONE_FOR_DAY,
    OrderState.PENDING_REPLACE,
    OrderState.IN_DOUBT,
    OrderState.PENDING_CANCEL,
)
REPLACEABLE = (
    OrderState.ACKNOWLEDGED,
    OrderState.PARTIALLY_FILLED,
    OrderState.STOPPED,
    OrderState.SUSPENDED,
    OrderState.DONE_FOR_DAY,
)


def an_order(cum_lots: int, cum_notional: int) -> Order:
    return Order(
        cl_ord_id=ClOrdID("pulse-ACME-1"),
        strategy="pulse",
        terms=Terms(Symbol("ACME"), Side.SELL, 40, OrdType.LIMIT, TimeInForce.DAY, 100),
        attribution=HOUSE,
        intended_ns=0,
        state=OrderState.ACKNOWLEDGED,
        cum_lots=cum_lots,
        cum_notional=cum_notional,
    )


def test_the_table_has_a_row_for_every_state() -> None:
    assert sorted(state.value for state in TRANSITIONS) == sorted(state.value for state in OrderState)


def test_every_status_of_fix_is_a_state_of_ours() -> None:
    """Erratum 8: the chapter's diagram lacks most of them."""
    assert sorted({status.value for status in ORD_STATUS.values()}) == sorted(status.value for status in OrdStatus)


def test_our_precedence_is_the_published_one() -> None:
    ranks = [PUBLISHED.index(ORD_STATUS[state]) for state in PRECEDENCE]
    assert all(above < below for above, below in pairwise(ranks))


@pytest.mark.parametrize("state", TERMINAL)
def test_only_busts_and_corrections_touch_an_order_that_has_ended_and_it_stays_ended(state: OrderState) -> None:
    """Erratum 7: in the chapter a fill reopens an ended order."""
    for trigger, target in TRANSITIONS[state].items():
        assert trigger in (Trigger.BUSTED, Trigger.CORRECTED)
        assert target in TERMINAL


@pytest.mark.parametrize("state", AT_A_VENUE)
def test_an_open_order_can_be_filled_cancelled_expired_and_doubted(state: OrderState) -> None:
    """Erratum 8: the chapter's diagram knows no doubt, no expiry, no pending cancel, no second partial fill."""
    for trigger in (Trigger.TRADE, Trigger.CANCELED, Trigger.EXPIRED, Trigger.DOUBTED, Trigger.CANCEL_REQUESTED):
        assert allows(state, trigger)


@pytest.mark.parametrize("state", AT_A_VENUE)
@pytest.mark.parametrize("trigger", [Trigger.STOPPED, Trigger.SUSPENDED, Trigger.DONE_FOR_DAY, Trigger.RESTATED])
def test_a_venue_may_hold_an_open_order_back_and_put_it_to_work_again(state: OrderState, trigger: Trigger) -> None:
    assert allows(state, trigger)


@pytest.mark.parametrize("state", OrderState)
def test_a_replace_is_asked_for_only_of_what_a_venue_is_known_to_have(state: OrderState) -> None:
    asked_again = state is OrderState.PENDING_REPLACE
    assert allows(state, Trigger.REPLACE_REQUESTED) == (state in REPLACEABLE or asked_again)


def test_a_replace_is_no_state_it_leads_back_to_what_else_holds() -> None:
    for cum_lots, expected in ((0, OrderState.ACKNOWLEDGED), (4, OrderState.PARTIALLY_FILLED), (10, OrderState.FILLED)):
        for trigger in (Trigger.REPLACED, Trigger.REPLACE_REJECTED):
            assert next_state(OrderState.PENDING_REPLACE, trigger, cum_lots, 10, acknowledged=True) is expected


def test_a_fill_may_come_before_the_acknowledgement() -> None:
    """Erratum 8, FIX D.11."""
    assert next_state(OrderState.SUBMITTED, Trigger.TRADE, 3, 10, acknowledged=False) is OrderState.PARTIALLY_FILLED
    after = next_state(OrderState.PARTIALLY_FILLED, Trigger.ACKNOWLEDGED, 3, 10, acknowledged=True)
    assert after is OrderState.PARTIALLY_FILLED


@pytest.mark.parametrize("state", [OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE])
@pytest.mark.parametrize("cum_lots", [3, 10])
def test_what_is_pending_comes_before_fills_even_the_last(state: OrderState, cum_lots: int) -> None:
    """Erratum 7: in the chapter a partial fill erases PENDING_CANCEL. FIX B.1.c."""
    assert next_state(state, Trigger.TRADE, cum_lots, 10, acknowledged=True) is state


def test_a_cancel_that_is_asked_for_comes_before_a_replace_that_is() -> None:
    assert next_state(OrderState.PENDING_REPLACE, Trigger.CANCEL_REQUESTED, 0, 10, True) is OrderState.PENDING_CANCEL
    after = next_state(OrderState.PENDING_CANCEL, Trigger.CANCEL_REJECTED, 0, 10, True, replacing=True)
    assert after is OrderState.PENDING_REPLACE


@pytest.mark.parametrize(
    ("cum_lots", "acknowledged", "held", "replacing", "expected"),
    [
        (0, False, None, False, OrderState.SUBMITTED),
        (0, True, None, False, OrderState.ACKNOWLEDGED),
        (4, True, None, False, OrderState.PARTIALLY_FILLED),
        (4, True, OrderState.SUSPENDED, False, OrderState.SUSPENDED),
        (4, True, OrderState.STOPPED, False, OrderState.STOPPED),
        (10, True, OrderState.STOPPED, False, OrderState.FILLED),
        (10, True, None, False, OrderState.FILLED),
        (10, True, OrderState.DONE_FOR_DAY, False, OrderState.DONE_FOR_DAY),
        (10, True, OrderState.DONE_FOR_DAY, True, OrderState.PENDING_REPLACE),
    ],
)
def test_of_all_that_holds_the_highest_is_the_state(
    cum_lots: int, acknowledged: bool, held: OrderState | None, replacing: bool, expected: OrderState
) -> None:
    """FIX 4.4, volume 4, appendix D: OrdStatus precedence."""
    assert state_by_precedence(cum_lots, 10, acknowledged, held, replacing) is expected
    after = next_state(OrderState.PENDING_CANCEL, Trigger.CANCEL_REJECTED, cum_lots, 10, acknowledged, held, replacing)
    assert after is expected


def test_a_cancel_that_was_asked_for_is_not_yet_a_cancel() -> None:
    """Erratum 4: the chapter appends ORDER_CANCELED when the cancel is requested."""
    after = next_state(OrderState.ACKNOWLEDGED, Trigger.CANCEL_REQUESTED, 0, 10, acknowledged=True)
    assert after is OrderState.PENDING_CANCEL


def test_an_order_that_a_venue_has_answered_never_comes_back_unsent() -> None:
    for state in (*REPLACEABLE, OrderState.PENDING_REPLACE):
        assert not allows(state, Trigger.RETURNED)
        assert not allows(state, Trigger.REJECTED)


def test_the_average_price_is_exact_and_starts_at_zero() -> None:
    """Erratum 1: the chapter weights with the quantity after the fill: (100 × 40 + 200 × 30) / 40 is 250."""
    assert an_order(0, 0).average_price_half_ticks == 0
    assert an_order(40, 10 * 100 + 30 * 200).average_price_half_ticks == 175
    assert an_order(3, 301).average_price_half_ticks == Fraction(301, 3)
