"""Form checks: what makes an order no order, each reason firing, and the quick way held to the long one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.form import FormReason, check
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.terms import HOUSE, Attribution, Terms
from squall.system.wiring import Instrument

ACME = Symbol("ACME")
A = ClOrdID("pulse-ACME-1")
INSTRUMENTS = {ACME: Instrument(ACME, tick_half_ticks=2, round_lots=5)}
LIMIT, MARKET, STOP, STOP_LIMIT = OrdType.LIMIT, OrdType.MARKET, OrdType.STOP, OrdType.STOP_LIMIT
DAY, IOC, GTC, FOK = TimeInForce.DAY, TimeInForce.IOC, TimeInForce.GTC, TimeInForce.FOK


def reasons(terms: Terms, attribution: Attribution = HOUSE) -> list[FormReason]:
    return [fault.reason for fault in check(A, terms, attribution, INSTRUMENTS)]


def with_minimum(lots: int) -> Terms:
    return replace(terms(), min_lots=lots)


def terms(
    kind: OrdType = LIMIT,
    price: int | None = 100,
    stop: int | None = None,
    lots: int = 10,
    tif: TimeInForce = DAY,
    symbol: Symbol = ACME,
) -> Terms:
    return Terms(symbol, Side.BUY, lots, kind, tif, price, stop)


def test_a_minimum_quantity_is_of_the_order() -> None:
    assert [reasons(with_minimum(lots)) for lots in (0, 1, 10)] == [[], [], []]
    for lots in (-1, 11):
        assert reasons(with_minimum(lots)) == [FormReason.MIN_QUANTITY]


@pytest.mark.parametrize(
    "sound",
    [
        terms(),
        terms(tif=GTC),
        terms(tif=FOK),
        terms(MARKET, None, tif=IOC),
        terms(STOP, None, 90),
        terms(STOP_LIMIT, 92, 90, tif=GTC),
    ],
)
def test_a_sound_order_passes(sound: Terms) -> None:
    assert reasons(sound) == []


@pytest.mark.parametrize(
    ("malformed", "reason"),
    [
        (terms(symbol=Symbol("NONE")), FormReason.SYMBOL),
        (terms(lots=0), FormReason.QUANTITY),
        (terms(lots=-5), FormReason.QUANTITY),
        (terms(lots=7), FormReason.LOT),
        (terms(price=None), FormReason.NO_PRICE),
        (terms(MARKET, 100, tif=IOC), FormReason.NEEDLESS_PRICE),
        (terms(STOP, None, None), FormReason.NO_STOP_PRICE),
        (terms(stop=90), FormReason.NEEDLESS_STOP_PRICE),
        (terms(price=0), FormReason.PRICE),
        (terms(price=101), FormReason.TICK),
        (terms(STOP, None, 91), FormReason.TICK),
        (terms(MARKET, None, tif=GTC), FormReason.TIME_IN_FORCE),
        (terms(STOP, None, 90, tif=FOK), FormReason.TIME_IN_FORCE),
    ],
)
def test_each_fault_is_named(malformed: Terms, reason: FormReason) -> None:
    assert reasons(malformed) == [reason]


def test_every_fault_is_named_not_only_the_first() -> None:
    assert reasons(terms(lots=7, price=101)) == [FormReason.LOT, FormReason.TICK]


def test_an_order_is_not_a_part_of_itself() -> None:
    assert reasons(terms(), Attribution(parent=A)) == [FormReason.OWN_PARENT]


@given(
    kind=st.sampled_from(OrdType),
    tif=st.sampled_from(TimeInForce),
    price=st.none() | st.integers(-2, 6),
    stop=st.none() | st.integers(-2, 6),
    lots=st.integers(-5, 11),
)
def test_what_passes_is_an_order_by_any_reading(
    kind: OrdType, tif: TimeInForce, price: int | None, stop: int | None, lots: int
) -> None:
    limited, stopping = kind in (LIMIT, STOP_LIMIT), kind in (STOP, STOP_LIMIT)
    prices = [each for each in (price, stop) if each is not None]
    sound = (
        lots > 0
        and lots % 5 == 0
        and (price is not None) == limited
        and (stop is not None) == stopping
        and all(each > 0 and each % 2 == 0 for each in prices)
        and not (kind is MARKET and tif is GTC)
        and not (stopping and tif in (IOC, FOK))
    )
    assert (reasons(terms(kind, price, stop, lots, tif)) == []) == sound
