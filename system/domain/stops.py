"""Stop orders that the desk holds itself: when the market has reached one, what it is then, and when it is over."""

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.signals import BestTouch
from squall.system.domain.terms import Terms
from squall.system.wiring import DAY_NS, Instrument


def is_reached(side: Side, stop_half_ticks: int, best: BestTouch | None) -> bool:
    """Whether nobody offers below a buy's stop price any more, or bids above a sale's. An empty side says nothing.

    *best* is of all venues that are believed: one quote that is off by itself reaches nothing.
    """
    if best is None:
        return False
    if side is Side.BUY:
        return best.ask_half_ticks >= stop_half_ticks
    return 0 < best.bid_half_ticks <= stop_half_ticks


def at_work(terms: Terms) -> tuple[OrdType, TimeInForce]:
    """What a stop order is once it was reached: a market order takes what there is, a limit rests as was meant."""
    if terms.ord_type is OrdType.STOP_LIMIT:
        return OrdType.LIMIT, terms.time_in_force
    return OrdType.MARKET, TimeInForce.IOC


def over_ns(terms: Terms, held_ns: int, instrument: Instrument) -> int | None:
    """When a stop that is held since then expires, both of the desk's wall clock; None for what is good till cancelled.

    A DAY order lives until its symbol's session closes for the first time.
    """
    if terms.time_in_force is not TimeInForce.DAY:
        return None
    midnight_ns = held_ns // DAY_NS * DAY_NS
    closes_ns = midnight_ns + instrument.closes_ns
    return closes_ns if held_ns < closes_ns else closes_ns + DAY_NS
