"""What a venue's session and feed ask of whatever matches orders: a simulated book or a recording."""

from collections.abc import Container
from typing import Protocol

from msgspec import Struct

from squall.sim.exchange.wire.messages import BookImage, Level, NewOrderSingle, OrdRejReason, Print


class Listing(Struct, frozen=True):
    """A symbol as a venue lists it. Prices in half ticks, quantities in lots."""

    symbol: str
    reference_price_half_ticks: int
    tick_half_ticks: int = 2


class EngineListener(Protocol):
    """Told of all that happens, synchronously, in order. Client orders are known by their ClOrdID."""

    def on_accepted(self, order: NewOrderSingle) -> None:
        """The order passed the engine's checks; what it executes follows."""

    def on_triggered(self, order: NewOrderSingle) -> None:
        """The market has reached a stop order's stop price: from here on it is the market or limit order given here."""

    def on_refused(self, order: NewOrderSingle, reason: OrdRejReason) -> None: ...

    def on_executed(
        self, order: NewOrderSingle, lots: int, price_half_ticks: int, leaves_lots: int, *, takes: bool
    ) -> None:
        """A client order, resting or arriving (*takes*), traded; one call a counterparty and price."""

    def on_closed(self, order: NewOrderSingle, leaves_lots: int) -> None:
        """A client order left the book unfilled: cancelled, or the rest of an IOC or market order."""

    def on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None:
        """What one step changed on the public book and tape: once a step, after the calls above; never empty."""


class Engine(Protocol):
    """Matches. Client orders come from `enter` and `cancel`; the rest of the market is the engine's own affair."""

    listener: EngineListener

    def enter(self, order: NewOrderSingle) -> None: ...

    def refusal(self, order: NewOrderSingle) -> OrdRejReason | None:
        """Why it would not take this order; None where it would."""

    def amend(self, order: NewOrderSingle, leaves_lots: int) -> bool:
        """Let an open order go on as *order* with so many lots, where that costs it no priority; else do nothing.

        That is: at the same prices, with no more lots than it has left. False also where there is none.
        """

    def take_out(self, cl_ord_id: str) -> int:
        """As `cancel`, but the listener is not told: returns the lots that were left, 0 where there is none."""

    def put_back(self, order: NewOrderSingle, leaves_lots: int) -> None:
        """Let an order that was taken out arrive again with so many lots. It was accepted once; executions follow."""

    def cancel(self, cl_ord_id: str) -> bool:
        """Take a resting client order out of the book: `on_closed` comes first. False where there is none."""

    def image(self) -> tuple[BookImage, ...]:
        """The public book now, symbol by symbol, best price first on each side."""

    def touch(self, symbol: str) -> tuple[int, int, int, int]:
        """(bid half ticks, bid lots, ask half ticks, ask lots); zeros for a side that is empty."""

    def start(self) -> None:
        """Open: from now on the market lives."""


def admit(engine: Engine, order: NewOrderSingle, resting: Container[str]) -> None:
    """How every engine takes a new client order: refused with a reason, or accepted, and then it arrives.

    KeyError where its name is among the *resting* ones: a venue does not hand such an order on.
    """
    reason = engine.refusal(order)
    if reason is not None:
        engine.listener.on_refused(order, reason)
        return
    if order.cl_ord_id in resting:
        raise KeyError(f"client order {order.cl_ord_id!r} rests there already")
    engine.listener.on_accepted(order)
    engine.put_back(order, order.quantity_lots)
