"""The table of order states, held against FIX 4.4's appendix D and the chapter's mistakes."""

from fractions import Fraction

import pytest

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.orders import (
    TERMINAL,
    TRANSITIONS,
    Order,
    OrderState,
    Trigger,
    allows,
    next_state,
    state_by_quantity,
)
from squall.system.domain.terms import HOUSE, Terms

OPEN_AT_VENUE = (
    OrderState.SUBMITTED,
    OrderState.ACKNOWLEDGED,
    OrderState.PARTIALLY_FILLED,
    OrderState.IN_DOUBT,
    OrderState.PENDING_CANCEL,
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


@pytest.mark.parametrize("state", TERMINAL)
def test_nothing_moves_an_order_that_has_ended(state: OrderState) -> None:
    """Erratum 7: in the chapter a fill reopens an ended order."""
    assert [trigger for trigger in Trigger if allows(state, trigger)] == []


@pytest.mark.parametrize("state", OPEN_AT_VENUE)
def test_an_open_order_can_be_filled_cancelled_and_doubted(state: OrderState) -> None:
    """Erratum 8: the chapter's diagram knows no doubt, no pending cancel, no second partial fill."""
    assert allows(state, Trigger.TRADE)
    assert allows(state, Trigger.CANCELED)
    assert allows(state, Trigger.DOUBTED)
    assert allows(state, Trigger.CANCEL_REQUESTED)


def test_a_fill_may_come_before_the_acknowledgement() -> None:
    """Erratum 8, FIX D.11."""
    assert next_state(OrderState.SUBMITTED, Trigger.TRADE, 3, 10, acknowledged=False) is OrderState.PARTIALLY_FILLED
    after = next_state(OrderState.PARTIALLY_FILLED, Trigger.ACKNOWLEDGED, 3, 10, acknowledged=True)
    assert after is OrderState.PARTIALLY_FILLED


@pytest.mark.parametrize("cum_lots", [3, 10])
def test_pending_cancel_takes_precedence_over_fills_even_the_last(cum_lots: int) -> None:
    """Erratum 7: in the chapter a partial fill erases PENDING_CANCEL. FIX B.1.c."""
    after = next_state(OrderState.PENDING_CANCEL, Trigger.TRADE, cum_lots, 10, acknowledged=True)
    assert after is OrderState.PENDING_CANCEL


@pytest.mark.parametrize(
    ("cum_lots", "acknowledged", "expected"),
    [
        (0, False, OrderState.SUBMITTED),
        (0, True, OrderState.ACKNOWLEDGED),
        (4, True, OrderState.PARTIALLY_FILLED),
        (10, True, OrderState.FILLED),
    ],
)
def test_a_refused_cancel_leads_back_to_what_the_fills_say(
    cum_lots: int, acknowledged: bool, expected: OrderState
) -> None:
    after = next_state(OrderState.PENDING_CANCEL, Trigger.CANCEL_REJECTED, cum_lots, 10, acknowledged)
    assert after is expected
    assert state_by_quantity(cum_lots, 10, acknowledged) is expected


def test_a_cancel_that_was_asked_for_is_not_yet_a_cancel() -> None:
    """Erratum 4: the chapter appends ORDER_CANCELED when the cancel is requested."""
    after = next_state(OrderState.ACKNOWLEDGED, Trigger.CANCEL_REQUESTED, 0, 10, acknowledged=True)
    assert after is OrderState.PENDING_CANCEL


def test_an_order_that_a_venue_has_answered_never_comes_back_unsent() -> None:
    assert not allows(OrderState.ACKNOWLEDGED, Trigger.RETURNED)
    assert not allows(OrderState.PARTIALLY_FILLED, Trigger.RETURNED)


def test_the_average_price_is_exact_and_starts_at_zero() -> None:
    """Erratum 1: the chapter weights with the quantity after the fill: (100 × 40 + 200 × 30) / 40 is 250."""
    assert an_order(0, 0).average_price_half_ticks == 0
    assert an_order(40, 10 * 100 + 30 * 200).average_price_half_ticks == 175
    assert an_order(3, 301).average_price_half_ticks == Fraction(301, 3)
