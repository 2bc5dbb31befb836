"""Every order is priced off the market as it is, whatever the feed tells: judged from the venues' own books."""

from collections import deque
from typing import Final

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle, Side
from squall.sim.trace import Record, Sent, TouchChanged, VenueAccepted, VenueExecuted
from squall.system.domain.messages import SubmitOrder

MEMORY_NS: Final = 3_000_000_000
"""How old a price may be that an order is priced off: the desk takes a while to see that a feed is dead."""
SLACK_PARTS: Final = 80
"""An order may be priced an 80th beyond what the venues have shown: it reaches through a touch, or rests behind it."""

COLLAR_SLACK_PERCENT: Final = 2
"""The gate's mark is a middle, and a moment old."""


class Range:
    """The lowest and the highest price that some venue has shown for a symbol in the last few seconds."""

    def __init__(self) -> None:
        self._now: dict[str, tuple[int, ...]] = {}
        self._lows: deque[tuple[int, int]] = deque()
        self._highs: deque[tuple[int, int]] = deque()
        """Prices, by the time until which they were shown: those that none undercuts, or outdoes, that was shown after
        them. However fast venues quote, there are few."""

    def show(self, at_ns: int, venue: str, prices: tuple[int, ...]) -> None:
        """A venue's best prices from now on."""
        before = self._now.get(venue)
        self._now[venue] = prices
        if before:
            low, high, lows, highs = min(before), max(before), self._lows, self._highs
            while lows and lows[-1][1] >= low:
                lows.pop()
            lows.append((at_ns, low))
            while highs and highs[-1][1] <= high:
                highs.pop()
            highs.append((at_ns, high))

    def at(self, at_ns: int) -> tuple[int, int] | None:
        """From and to; None where nobody has shown a price."""
        for past in (self._lows, self._highs):
            while past and past[0][0] < at_ns - MEMORY_NS:
                past.popleft()
        prices = [price for each in self._now.values() for price in each]
        prices += [past[0][1] for past in (self._lows, self._highs) if past]
        return (min(prices), max(prices)) if prices else None


class _PricedOffTheMarket:
    """At every limit that an order is given for the first time, once it goes out to a venue with that one.

    What the desk stops by itself, an order whose fields some bug has swapped for instance, has done no harm.
    """

    def __init__(self, stage: Stage) -> None:
        self._ranges: dict[str, Range] = {}
        self._judged: dict[tuple[str, int], None] = {}
        """Orders by the limits that they were sent with: changed on its way, one nobody has taken is sent once more."""
        self._suspect: dict[tuple[str, int | None], str] = {}
        """What is wrong with such an order, which has not gone out yet."""
        self._venues = tuple(route.address for route in stage.wiring.venues)
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_wire, Sent, NewOrderSingle)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        prices = tuple(price for price in (event.bid_half_ticks, event.ask_half_ticks) if price)
        self._ranges.setdefault(event.symbol, Range()).show(record.at_ns, event.venue, prices)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        limit = order.price_half_ticks
        shown = self._ranges.get(order.symbol)
        span = shown.at(record.at_ns) if shown is not None else None
        if limit is None or span is None or (order.cl_ord_id, limit) in self._judged:
            return
        self._judged[order.cl_ord_id, limit] = None
        low, high = span
        if not low - low // SLACK_PARTS <= limit <= high + high // SLACK_PARTS:
            verb = "buys" if order.side is Side.BUY else "sells"
            detail = f"{order.cl_ord_id} {verb} at {limit} half ticks; the venues have shown {low} to {high}"
            self._suspect[order.cl_ord_id, limit] = f"{detail} in the last {MEMORY_NS // 1_000_000_000} s"

    def _on_wire(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        detail = self._suspect.pop((order.cl_ord_link_id, order.price_half_ticks), None)
        if detail is not None and record.event.to in self._venues:
            self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        if not self._judged:
            return Ruling(Verdict.PASS, "no order had a limit")
        return self._docket.ruling(f"{len(self._judged)} limits, all about what venues have shown")


def priced_off_the_market() -> Promise:
    """No order goes out that is priced off what no venue has shown for some seconds: a false price, or an old one."""
    return Promise("orders are priced off the market", "safety", _PricedOffTheMarket)


class _NotFarThrough:
    """At every order that is written to a venue: how far through what venues have shown is its limit?"""

    def __init__(self, stage: Stage) -> None:
        self._percent = stage.scenario.settings.desk.risk.collar_percent + COLLAR_SLACK_PERCENT
        self._ranges: dict[str, Range] = {}
        self._limits = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_wire, Sent, NewOrderSingle)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        prices = tuple(price for price in (event.bid_half_ticks, event.ask_half_ticks) if price)
        self._ranges.setdefault(event.symbol, Range()).show(record.at_ns, event.venue, prices)

    def _on_wire(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        shown = self._ranges.get(order.symbol)
        span = shown.at(record.at_ns) if shown is not None else None
        price = order.price_half_ticks
        if span is None or price is None:
            return
        self._limits += 1
        low, high = span
        buys = order.side is Side.BUY
        if price * 100 > high * (100 + self._percent) if buys else price * 100 < low * (100 - self._percent):
            detail = f"{order.cl_ord_link_id} {'buys' if buys else 'sells'} at {price} half ticks; venues had shown"
            self._docket.violated(record, f"{detail} {low} to {high}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._limits} limits, none {self._percent} % through the market")


def not_far_through() -> Promise:
    """No order leaves with a limit that is further through the market than `risk.collar_percent`, and a little."""
    return Promise("no limit is far through the market", "safety", _NotFarThrough)


class _NearTheMarket:
    """At every execution of an order, held against what venues showed before that order came."""

    def __init__(self, stage: Stage, percent: int) -> None:
        self._percent = percent
        self._ranges: dict[str, Range] = {}
        self._before: dict[tuple[str, str], tuple[int, int] | None] = {}
        self._executions = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        prices = tuple(price for price in (event.bid_half_ticks, event.ask_half_ticks) if price)
        self._ranges.setdefault(event.symbol, Range()).show(record.at_ns, event.venue, prices)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        shown = self._ranges.get(event.symbol)
        self._before[event.venue, event.cl_ord_id] = shown.at(record.at_ns) if shown is not None else None

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        span = self._before.get((event.venue, event.cl_ord_id))
        if span is None:
            return
        self._executions += 1
        low, high = span
        price, percent = event.price_half_ticks, self._percent
        if not low * (100 - percent) <= price * 100 <= high * (100 + percent):
            verb = "bought" if event.buy else "sold"
            detail = f"{event.cl_ord_id} {verb} {event.lots} lots at {price} half ticks; venues had shown"
            self._docket.violated(record, f"{detail} {low} to {high}")

    def ruling(self) -> Ruling:
        if not self._executions:
            return Ruling(Verdict.INCONCLUSIVE, "nothing was ever executed")
        return self._docket.ruling(f"{self._executions} executions, all within {self._percent} % of the market")


def executed_near_the_market(percent: int) -> Promise:
    """Nothing is bought or sold further than this from what venues showed in the seconds before the order came."""
    name = f"executed within {percent} % of the market"
    return Promise(name, "safety", lambda stage: _NearTheMarket(stage, percent))
