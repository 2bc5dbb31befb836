"""What a strategy that decides by itself must not do: flood, trade with itself, or stand in a market it cannot see."""

from collections import deque
from typing import Final

from msgspec import Struct

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueClosed, VenueExecuted
from squall.system.domain.messages import CancelOrder, SubmitOrder, Tick, VenueHealth

SECOND: Final = 1_000_000_000


class _Paced:
    """At each order that a strategy means for the first time: how many there were in the second before it."""

    def __init__(self, stage: Stage, limit: int) -> None:
        self._limit = limit
        self._recent: dict[tuple[str, Side], deque[int]] = {}
        self._judged: dict[str, None] = {}
        self._most = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_submit, Sent, SubmitOrder)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        if order.cl_ord_id in self._judged:
            return
        self._judged[order.cl_ord_id] = None
        recent = self._recent.setdefault((order.symbol, order.side), deque())
        recent.append(record.at_ns)
        while recent[0] <= record.at_ns - SECOND:
            recent.popleft()
        self._most = max(self._most, len(recent))
        if len(recent) > self._limit:
            what = f"{order.cl_ord_id} is order {len(recent)} to {order.side.value} {order.symbol} within a second"
            self._docket.violated(record, what)

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{len(self._judged)} orders, at most {self._most} in a second, symbol and side")


def orders_paced(limit: int) -> Promise:
    """A strategy sends at most so many orders a second in one symbol and on one side, whatever the market does."""
    name = f"at most {limit} orders a second"
    return Promise(name, "safety", lambda stage: _Paced(stage, limit), of_our_desk=True)


class _Apart:
    """At each execution: whether the other side of it was ours too.

    A trade has two executions at one time, one venue, one price and so many lots; the book knows whose they are.
    """

    def __init__(self, stage: Stage) -> None:
        self._last: Record | None = None
        self._executions = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_executed, VenueExecuted)

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        self._executions += 1
        if self._last is not None and self._last.at_ns == record.at_ns:
            other: VenueExecuted = self._last.event
            same = (other.venue, other.symbol, other.price_half_ticks, other.lots)
            mine = (event.venue, event.symbol, event.price_half_ticks, event.lots)
            if same == mine and other.buy is not event.buy:
                what = (
                    f"{event.cl_ord_id} and {other.cl_ord_id} trade {event.lots} lots of {event.symbol} with each other"
                )
                self._docket.violated(record, what)
        self._last = record

    def ruling(self) -> Ruling:
        if not self._executions:
            return Ruling(Verdict.INCONCLUSIVE, "nothing was ever executed")
        return self._docket.ruling(f"{self._executions} executions, none with ourselves")


def never_with_itself() -> Promise:
    """No order of ours trades with another one of ours."""
    return Promise("the desk does not trade with itself", "safety", _Apart)


class _Within:
    """At each execution: the sum of all of them in its symbol, as the venues count."""

    def __init__(self, stage: Stage, lots: int) -> None:
        self._lots = lots
        self._net: dict[str, int] = {}
        self._most = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_executed, VenueExecuted)

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        net = self._net.get(event.symbol, 0) + (event.lots if event.buy else -event.lots)
        self._net[event.symbol] = net
        self._most = max(self._most, abs(net))
        if abs(net) > self._lots:
            self._docket.violated(record, f"{event.cl_ord_id} makes it {net:+} lots of {event.symbol}")

    def ruling(self) -> Ruling:
        if not self._net:
            return Ruling(Verdict.INCONCLUSIVE, "nothing was ever executed")
        return self._docket.ruling(f"at most {self._most} lots, long or short")


def budget_kept(lots: int) -> Promise:
    """By the venues' own books, the strategy is never longer or shorter in one symbol than that."""
    return Promise(f"within a risk budget of {lots} lots", "safety", lambda stage: _Within(stage, lots))


class _Resting(Struct):
    """An order of ours in a book."""

    cl_ord_id: str
    lots: int


class _Blind:
    """While the strategy's last word of every venue on a symbol is *stale*: how long an order of ours rests in it.

    Judged when the order fills or leaves, when prices are believed again, and at the end.
    """

    def __init__(self, stage: Stage, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._kernel = stage.world.kernel
        self._strategy = stage.wiring.strategy
        self._stale: dict[str, dict[str, bool]] = {}
        self._blind_since: dict[str, Record] = {}
        self._resting: dict[str, dict[tuple[str, str], _Resting]] = {}
        self._times = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_tick, Handled, Tick)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)
        trace.watch(self._on_closed, VenueClosed)

    def _on_tick(self, record: Record) -> None:
        handled: Handled = record.event
        if handled.to != self._strategy:
            return
        tick: Tick = handled.message
        by_venue = self._stale.setdefault(tick.symbol, {})
        by_venue[tick.venue] = tick.stale
        if all(by_venue.values()):
            if tick.symbol not in self._blind_since:
                self._blind_since[tick.symbol] = record
                self._times += bool(self._resting.get(tick.symbol))
        elif tick.symbol in self._blind_since:
            self._judge(tick.symbol, record.at_ns, record)
            del self._blind_since[tick.symbol]

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        if not event.ioc:
            key = (event.venue, event.cl_ord_id)
            self._resting.setdefault(event.symbol, {})[key] = _Resting(event.cl_ord_id, event.lots)

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        key = (event.venue, event.cl_ord_id)
        resting = self._resting.get(event.symbol, {}).get(key)
        if resting is None:
            return
        self._judge(event.symbol, record.at_ns, record, key)
        resting.lots -= event.lots
        if resting.lots <= 0:
            del self._resting[event.symbol][key]

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        key = (event.venue, event.cl_ord_id)
        for symbol, resting in self._resting.items():
            if key in resting:
                self._judge(symbol, record.at_ns, record, key)
                del resting[key]

    def _judge(self, symbol: str, now_ns: int, record: Record | None, only: tuple[str, str] | None = None) -> None:
        since = self._blind_since.get(symbol)
        if since is None or now_ns - since.at_ns <= self._patience_ns:
            return
        for (venue, _), each in self._resting.get(symbol, {}).items():
            if only in (None, (venue, each.cl_ord_id)):
                seconds = (now_ns - since.at_ns) / SECOND
                what = (
                    f"{each.cl_ord_id} rests at {venue} {seconds:.2f} s after the last price of {symbol} was believed"
                )
                self._docket.violated(record or since, what)

    def ruling(self) -> Ruling:
        for symbol in list(self._blind_since):
            self._judge(symbol, self._kernel.now_ns, None)
        return self._docket.ruling(f"{self._times} times a market was lost from sight with an order in it")


def no_quote_in_the_dark(patience_ns: int) -> Promise:
    """Once no venue's prices of a symbol are believed, nothing of ours rests in it for longer than that."""
    name = "no quote rests in the dark"
    return Promise(name, "safety", lambda stage: _Blind(stage, patience_ns), of_our_desk=True)


class _KeepsOff:
    """Once a strategy has been told that a venue is not safe: what it means for that venue, and whether what it has
    resting there is wanted back soon."""

    def __init__(self, stage: Stage, within_ns: int) -> None:
        self._within_ns = within_ns
        self._kernel = stage.world.kernel
        self._strategy, self._execution = stage.wiring.strategy, stage.wiring.execution
        self._unsafe: dict[str, Record] = {}
        self._resting: dict[str, str] = {}
        """Orders that rest, and where."""
        self._due: dict[str, tuple[Record, str]] = {}
        self._judged: dict[str, None] = {}
        self._wanted_back: dict[str, None] = {}
        self._times = self._pulled = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_health, Handled, VenueHealth)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_cancel, Sent, CancelOrder)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)

    def _on_health(self, record: Record) -> None:
        handled: Handled = record.event
        health: VenueHealth = handled.message
        # The router hears it of the same program; a strategy that is not told is none that heeds.
        if handled.to == self._strategy:
            return
        was = self._unsafe.pop(health.venue, None)
        if health.routable:
            return
        self._unsafe[health.venue] = was or record
        if was is None:
            self._times += 1
            for order, venue in self._resting.items():
                if venue == health.venue and order not in self._wanted_back:
                    self._due[order] = (record, venue)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        if order.cl_ord_id in self._judged:
            return
        self._judged[order.cl_ord_id] = None
        since = self._unsafe.get(order.venue or "")
        if since is not None and record.at_ns - since.at_ns > self._within_ns:
            self._docket.violated(record, f"{order.cl_ord_id} is meant for {order.venue}, which is not safe")

    def _on_cancel(self, record: Record) -> None:
        order = record.event.message.cl_ord_id
        self._wanted_back[order] = None
        self._pulled += order in self._due
        self._settle(order, record.at_ns)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        if not event.ioc:
            self._resting[event.cl_ord_link_id] = event.venue

    def _on_closed(self, record: Record) -> None:
        self._resting.pop(record.event.cl_ord_link_id, None)
        self._settle(record.event.cl_ord_link_id, record.at_ns)

    def _settle(self, order: str, now_ns: int) -> None:
        due = self._due.pop(order, None)
        if due is not None and now_ns - due[0].at_ns > self._within_ns:
            late_s = (now_ns - due[0].at_ns) / SECOND
            self._docket.violated(due[0], f"{order} rests at {due[1]}, which is not safe, for {late_s:.2f} s")

    def ruling(self) -> Ruling:
        for order in list(self._due):
            self._settle(order, self._kernel.now_ns)
        return self._docket.ruling(f"{self._times} times a venue was not safe, {self._pulled} quotes were pulled")


def keeps_off_unsafe_venues(within_ns: int) -> Promise:
    """When execution does not hold a venue safe any more, quotes there are wanted back in this time, and no order is
    meant for it."""
    name = "strategies keep off venues that are not safe"
    return Promise(name, "safety", lambda stage: _KeepsOff(stage, within_ns), needs_faults=True, of_our_desk=True)
