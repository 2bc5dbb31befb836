"""Events as earlier builds wrote them, and what each is called now: a journal outlives the build that began it.

An event whose fields change gets another tag (``OrderSubmitted/2``), and its old shape comes here with the function
that lifts it. What is in the log is never rewritten.
"""

from collections.abc import Callable
from typing import Any, Final

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.events import AnyEvent, Event, OrderSubmitted
from squall.system.domain.ids import Symbol
from squall.system.domain.terms import Terms


class OrderSubmittedV1(Event, frozen=True, gc=False, tag="OrderSubmitted"):
    """Before orders had stop prices, and said on whose behalf they are."""

    strategy: str
    symbol: Symbol
    side: Side
    quantity_lots: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price_half_ticks: int | None
    intended_ns: int


def _submitted(old: OrderSubmittedV1) -> OrderSubmitted:
    terms = Terms(old.symbol, old.side, old.quantity_lots, old.ord_type, old.time_in_force, old.price_half_ticks)
    return OrderSubmitted(old.cl_ord_id, old.at_ns, old.actor, old.strategy, terms, old.intended_ns)


OldEvent = OrderSubmittedV1

_LIFT: Final[dict[type, Callable[[Any], AnyEvent]]] = {OrderSubmittedV1: _submitted}


def upcast(event: AnyEvent | OldEvent) -> AnyEvent:
    """The event as this build knows it."""
    lift = _LIFT.get(type(event))
    return event if lift is None else lift(event)  # type: ignore[return-value]
