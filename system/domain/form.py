"""Form checks: whether an order is an order at all. They know its instrument and nothing of the market or the desk.

Apart from risk, which asks whether the desk should want it. A malformed order is taken, so that it is on the record,
and rejected on the spot. Every failed check is named.
"""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from squall.sim.exchange.wire.messages import OrdType, TimeInForce
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.terms import Attribution, Terms
from squall.system.wiring import Instrument


class FormReason(Enum):
    SYMBOL = "no such symbol"
    QUANTITY = "not a positive quantity"
    LOT = "not a multiple of the symbol's round lot"
    NO_PRICE = "a limit order without a limit"
    NEEDLESS_PRICE = "a limit that its type does not have"
    NO_STOP_PRICE = "a stop order without a stop price"
    NEEDLESS_STOP_PRICE = "a stop price that its type does not have"
    PRICE = "not a positive price"
    TICK = "not on the symbol's tick grid"
    TIME_IN_FORCE = "a time in force that its type cannot have"
    MIN_QUANTITY = "a minimum quantity below 0 or above its quantity"
    OWN_PARENT = "its own parent"


class Malformed(Struct, frozen=True, gc=False, array_like=True):
    """One failed check, and what was found."""

    reason: FormReason
    found: str


def check(
    name: ClOrdID, terms: Terms, attribution: Attribution, instruments: Mapping[Symbol, Instrument]
) -> tuple[Malformed, ...]:
    """Every form check that the order fails; none for a sound one."""
    instrument = instruments.get(terms.symbol)
    if instrument is not None and _is_sound(terms, instrument) and attribution.parent != name:
        return ()
    faults: list[Malformed] = []
    if instrument is None:
        faults.append(Malformed(FormReason.SYMBOL, terms.symbol))
    if terms.quantity_lots <= 0:
        faults.append(Malformed(FormReason.QUANTITY, str(terms.quantity_lots)))
    elif instrument is not None and terms.quantity_lots % instrument.round_lots:
        faults.append(Malformed(FormReason.LOT, str(terms.quantity_lots)))
    if not 0 <= terms.min_lots <= max(terms.quantity_lots, 0):
        faults.append(Malformed(FormReason.MIN_QUANTITY, str(terms.min_lots)))
    faults += _prices(terms, instrument)
    if terms.ord_type is OrdType.MARKET and terms.time_in_force is TimeInForce.GTC:
        faults.append(Malformed(FormReason.TIME_IN_FORCE, terms.time_in_force.value))
    if terms.ord_type.has_stop and not terms.time_in_force.rests:
        faults.append(Malformed(FormReason.TIME_IN_FORCE, terms.time_in_force.value))
    if attribution.parent == name:
        faults.append(Malformed(FormReason.OWN_PARENT, name))
    return tuple(faults)


def _is_sound(terms: Terms, instrument: Instrument) -> bool:
    """The quick way for what nearly all orders are: a limit or market order without a stop, on the grid."""
    lots, price = terms.quantity_lots, terms.price_half_ticks
    if lots <= 0 or lots % instrument.round_lots or terms.stop_price_half_ticks is not None or terms.min_lots:
        return False
    if terms.ord_type is OrdType.LIMIT:
        return price is not None and price > 0 and not price % instrument.tick_half_ticks
    return terms.ord_type is OrdType.MARKET and price is None and terms.time_in_force is not TimeInForce.GTC


def _prices(terms: Terms, instrument: Instrument | None) -> list[Malformed]:
    kinds = (
        (terms.ord_type.has_limit, terms.price_half_ticks, FormReason.NO_PRICE, FormReason.NEEDLESS_PRICE),
        (
            terms.ord_type.has_stop,
            terms.stop_price_half_ticks,
            FormReason.NO_STOP_PRICE,
            FormReason.NEEDLESS_STOP_PRICE,
        ),
    )
    faults: list[Malformed] = []
    for wanted, price, missing, needless in kinds:
        if price is None:
            if wanted:
                faults.append(Malformed(missing, terms.ord_type.value))
        elif not wanted:
            faults.append(Malformed(needless, str(price)))
        elif price <= 0:
            faults.append(Malformed(FormReason.PRICE, str(price)))
        elif instrument is not None and price % instrument.tick_half_ticks:
            faults.append(Malformed(FormReason.TICK, str(price)))
    return faults
