"""What quotes must be: in the market, once on each side, and moved no more often than a venue will have it."""

from collections import deque
from typing import Final

from squall.scenarios.checks.resting import RestingOrders
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueClosed, VenueExecuted, VenueReplaced
from squall.system.domain.messages import AmendOrder, SubmitOrder, VenueHealth

SECOND: Final = 1_000_000_000
SIDES: Final = {True: Side.BUY, False: Side.SELL}
GRACE_NS: Final = 100_000_000
"""How long a word about a venue may be on its way to the strategy."""


class _Once:
    """At each order that comes to rest: whether another one rests on that side already."""

    def __init__(self, stage: Stage) -> None:
        self._book = RestingOrders(stage.world.trace)
        self._quotes = self._replaced = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)
        stage.world.trace.watch(self._on_replaced, VenueReplaced)

    def _on_accepted(self, record: Record) -> None:
        it: VenueAccepted = record.event
        if it.ioc:
            return
        self._quotes += 1
        for each in self._book.of(it.symbol):
            if each.buy is it.buy and each.order != it.cl_ord_link_id:
                what = f"{it.cl_ord_id} comes to rest at {it.venue} while {each.order} rests at {each.venue}"
                self._docket.violated(record, f"{what}: both {SIDES[it.buy].value} {it.symbol}")

    def _on_replaced(self, record: Record) -> None:
        self._replaced += 1

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._quotes} quotes, moved {self._replaced} times, one a side at a time")


def quoted_once() -> Promise:
    """Of a strategy's orders no two rest on the same side of one symbol at once, at whichever venues."""
    return Promise("no side is quoted twice", "safety", _Once, of_our_desk=True)


class _Present:
    """How much of the time in which the strategy quotes an order of it rests on both sides of each symbol."""

    def __init__(self, stage: Stage, percent: int, from_ns: int, to_ns: int) -> None:
        self._percent, self._from_ns, self._to_ns = percent, from_ns, to_ns
        self._kernel = stage.world.kernel
        self._symbols = tuple(instrument.symbol for instrument in stage.wiring.instruments)
        self._book = RestingOrders(stage.world.trace)
        self._since: dict[str, int] = {}
        """Since when both sides of a symbol are quoted."""
        self._quoted_ns: dict[str, int] = dict.fromkeys(self._symbols, 0)
        for event in (VenueAccepted, VenueExecuted, VenueReplaced, VenueClosed):
            stage.world.trace.watch(self._on_moved, event)

    def _on_moved(self, record: Record) -> None:
        for symbol in self._symbols:
            both = len({each.buy for each in self._book.of(symbol)}) == 2
            if both and symbol not in self._since:
                self._since[symbol] = record.at_ns
            elif not both and symbol in self._since:
                self._quoted_ns[symbol] += self._within(self._since.pop(symbol), record.at_ns)

    def _within(self, since_ns: int, until_ns: int) -> int:
        return max(min(until_ns, self._to_ns) - max(since_ns, self._from_ns), 0)

    def ruling(self) -> Ruling:
        now_ns = self._kernel.now_ns
        whole_ns = self._within(0, now_ns)
        if not whole_ns:
            return Ruling(Verdict.PASS, "it is not to quote yet")
        shares = {
            symbol: (quoted_ns + self._within(self._since.get(symbol, now_ns), now_ns)) * 100 / whole_ns
            for symbol, quoted_ns in self._quoted_ns.items()
        }
        told = ", ".join(f"{symbol} {share:.1f} %" for symbol, share in shares.items())
        verdict = Verdict.PASS if min(shares.values()) >= self._percent else Verdict.VIOLATED
        return Ruling(verdict, f"both sides were quoted {told} of the time, at least {self._percent} % wanted")


def quotes_present(percent: int, from_ns: int, to_ns: int) -> Promise:
    """Both sides of each symbol are quoted for so much of this time, by the venues' own books."""
    name = f"both sides are quoted {percent} % of the time"
    return Promise(name, "sla", lambda stage: _Present(stage, percent, from_ns, to_ns), of_our_desk=True)


class _Slows:
    """At each wish to move a quote that rests at a throttled venue: how many there were in the second before it."""

    def __init__(self, stage: Stage, limit: int) -> None:
        self._limit = limit
        self._strategy, self._execution = stage.wiring.strategy, stage.wiring.execution
        self._throttled: dict[str, int] = {}
        """Venues that ask for fewer requests, and since when execution has said so."""
        self._told: dict[str, str] = {}
        """Where each quote rests, as its venue took it."""
        self._sides: dict[str, tuple[str, Side]] = {}
        self._recent: dict[tuple[str, str, Side], deque[int]] = {}
        self._judged: dict[tuple[str, int], None] = {}
        self._wishes = self._times = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_health, Handled, VenueHealth)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_wish, Sent, AmendOrder)
        trace.watch(self._on_accepted, VenueAccepted)

    def _on_health(self, record: Record) -> None:
        health: VenueHealth = record.event.message
        if record.event.to == self._strategy:
            return  # the router hears it of the same program; a strategy that does not listen is none that heeds
        if not health.throttled:
            self._throttled.pop(health.venue, None)
        elif health.venue not in self._throttled:
            self._throttled[health.venue] = record.at_ns
            self._times += 1

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        self._sides[order.cl_ord_id] = order.symbol, order.side

    def _on_accepted(self, record: Record) -> None:
        self._told[record.event.cl_ord_link_id] = record.event.venue

    def _on_wish(self, record: Record) -> None:
        wish: AmendOrder = record.event.message
        venue = self._told.get(wish.cl_ord_id, "")
        since_ns = self._throttled.get(venue)
        if since_ns is None or record.at_ns - since_ns < GRACE_NS or (wish.cl_ord_id, wish.revision) in self._judged:
            return
        self._judged[wish.cl_ord_id, wish.revision] = None
        self._wishes += 1
        symbol, side = self._sides[wish.cl_ord_id]
        recent = self._recent.setdefault((venue, symbol, side), deque())
        recent.append(record.at_ns)
        while recent[0] <= record.at_ns - SECOND:
            recent.popleft()
        if len(recent) > self._limit:
            what = f"wish {len(recent)} within a second to move a quote to {side.value} {symbol}"
            self._docket.violated(record, f"{wish.cl_ord_id}: {what}, and {venue} asks for fewer requests")

    def ruling(self) -> Ruling:
        if not self._times:
            return Ruling(Verdict.INCONCLUSIVE, "no venue was ever throttled")
        return self._docket.ruling(f"{self._times} times a venue was throttled, {self._wishes} wishes meanwhile")


def slows_at_throttled_venues(limit: int) -> Promise:
    """While a venue turns requests away because they are too many, quotes of one symbol and side there move at most so
    often in a second."""
    name = "a throttled venue is asked less often"
    return Promise(name, "safety", lambda stage: _Slows(stage, limit), needs_faults=True, of_our_desk=True)
