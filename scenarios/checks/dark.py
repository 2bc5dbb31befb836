"""What a dark pool promises whoever trades there: judged from the lit venues' books and the pool's own executions."""

from msgspec import Struct

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import (
    Handled,
    Record,
    Sent,
    TouchChanged,
    VenueAccepted,
    VenueBusted,
    VenueExecuted,
    VenueReplaced,
)
from squall.system.domain.messages import SubmitOrder


class _DarkOrder(Struct):
    """An order in a pool, as it is now."""

    leaves_lots: int
    limit_half_ticks: int | None
    min_lots: int


class _DarkTrades:
    """At every execution at a venue that displays nothing, against what the others show at that instant."""

    def __init__(self, stage: Stage) -> None:
        self._dark = frozenset(route.address for route in stage.floor.venues if route.dark)
        self._touches: dict[str, dict[str, TouchChanged]] = {}
        self._min_lots: dict[str, int] = {}
        """By the desk's own order: the most that any of its words on the way asks for."""
        self._orders: dict[tuple[str, str], _DarkOrder] = {}
        self._judged = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_meant, Sent, SubmitOrder)
        trace.watch(self._on_arrival, Handled, NewOrderSingle)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_replaced, VenueReplaced)
        trace.watch(self._on_busted, VenueBusted)
        trace.watch(self._on_executed, VenueExecuted)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        if event.venue not in self._dark:
            self._touches.setdefault(event.symbol, {})[event.venue] = event

    def _on_meant(self, record: Record) -> None:
        """What is lost between who means it and the pool is lost to the pool, and not to whoever judges."""
        order: SubmitOrder = record.event.message
        if order.min_lots:
            self._min_lots[order.cl_ord_id] = order.min_lots

    def _on_arrival(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        if record.event.to in self._dark and order.min_lots:
            self._min_lots.setdefault(order.cl_ord_link_id, order.min_lots)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        if event.venue in self._dark:
            least = self._min_lots.get(event.cl_ord_link_id, 0)
            self._orders[event.venue, event.cl_ord_id] = _DarkOrder(event.lots, event.price_half_ticks, least)

    def _on_replaced(self, record: Record) -> None:
        event: VenueReplaced = record.event
        order = self._orders.get((event.venue, event.orig_cl_ord_id))
        if order is not None:
            order.leaves_lots, order.limit_half_ticks = event.leaves_lots, event.price_half_ticks
            self._orders[event.venue, event.cl_ord_id] = order

    def _on_busted(self, record: Record) -> None:
        event: VenueBusted = record.event
        order = self._orders.get((event.venue, event.cl_ord_id))
        if order is not None:
            order.leaves_lots += event.lots

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        if event.venue not in self._dark:
            return
        self._judged += 1
        what = f"{event.cl_ord_id} {'buys' if event.buy else 'sells'} {event.lots} lots in {event.venue}"
        best_bid, best_ask = self._best(event.symbol)
        if not best_bid or not best_ask or best_bid > best_ask:
            self._docket.violated(record, f"{what} while the others show {best_bid} to {best_ask}, which has no middle")
        elif 2 * event.price_half_ticks != best_bid + best_ask:
            shown = f"the others show {best_bid} to {best_ask}"
            self._docket.violated(record, f"{what} at {event.price_half_ticks} half ticks; {shown}")
        order = self._orders.get((event.venue, event.cl_ord_id))
        if order is not None:
            self._judge_terms(record, order, what)

    def _judge_terms(self, record: Record, order: _DarkOrder, what: str) -> None:
        event: VenueExecuted = record.event
        limit = order.limit_half_ticks
        if limit is not None and (event.price_half_ticks > limit if event.buy else event.price_half_ticks < limit):
            self._docket.violated(record, f"{what} at {event.price_half_ticks} half ticks; its limit is {limit}")
        if event.lots < min(order.min_lots, order.leaves_lots):
            left = f"{order.min_lots} lots is the least of it, and {order.leaves_lots} were left"
            self._docket.violated(record, f"{what}; {left}")
        order.leaves_lots -= event.lots

    def _best(self, symbol: str) -> tuple[int, int]:
        shown = self._touches.get(symbol, {}).values()
        bids = [touch.bid_half_ticks for touch in shown if touch.bid_lots]
        asks = [touch.ask_half_ticks for touch in shown if touch.ask_lots]
        return max(bids, default=0), min(asks, default=0)

    def ruling(self) -> Ruling:
        if not self._dark:
            return Ruling(Verdict.INCONCLUSIVE, "no venue of this market is dark")
        return self._docket.ruling(f"{self._judged} executions in the dark, all at the middle and on their terms")


def dark_at_the_middle() -> Promise:
    """In the dark everything trades at the middle of that instant, within its limit, and not less than its minimum."""
    return Promise("dark trades are at the middle, on the order's terms", "safety", _DarkTrades)


class _TradedInTheDark:
    def __init__(self, stage: Stage) -> None:
        self._dark = frozenset(route.address for route in stage.floor.venues if route.dark)
        self._lots = 0
        stage.world.trace.watch(self._on_executed, VenueExecuted)

    def _on_executed(self, record: Record) -> None:
        if record.event.venue in self._dark:
            self._lots += record.event.lots

    def ruling(self) -> Ruling:
        verdict = Verdict.PASS if self._lots else Verdict.INCONCLUSIVE
        return Ruling(verdict, f"{self._lots} lots traded in the dark")


def traded_in_the_dark() -> Promise:
    """Some of it did; a run in which nothing does says nothing of dark pools."""
    return Promise("something traded in the dark", "reached", _TradedInTheDark)
