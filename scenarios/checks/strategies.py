"""What a strategy that decides by itself must not do: flood, trade with itself, or stand in a market it cannot see."""

from collections import deque
from typing import Final

from squall.scenarios.checks.resting import InBook, RestingOrders
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueClosed, VenueExecuted
from squall.system.domain.messages import AmendOrder, CancelOrder, OrderProgressed, SubmitOrder, Tick, VenueHealth

SECOND: Final = 1_000_000_000


class _Paced:
    """At each order, or move of one, that a strategy means for the first time: how many there were in the second before
    it."""

    def __init__(self, stage: Stage, limit: int) -> None:
        self._limit = limit
        self._recent: dict[tuple[str, Side], deque[int]] = {}
        self._judged: dict[str, tuple[str, Side]] = {}
        self._moves: dict[tuple[str, int], None] = {}
        self._most = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_submit, Sent, SubmitOrder)
        stage.world.trace.watch(self._on_move, Sent, AmendOrder)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        if order.cl_ord_id in self._judged:
            return
        self._judged[order.cl_ord_id] = order.symbol, order.side
        self._count(record, order.cl_ord_id, order.symbol, order.side)

    def _on_move(self, record: Record) -> None:
        move: AmendOrder = record.event.message
        known = self._judged.get(move.cl_ord_id)
        if known is not None and (move.cl_ord_id, move.revision) not in self._moves:
            self._moves[move.cl_ord_id, move.revision] = None
            self._count(record, f"{move.cl_ord_id}, moved,", *known)

    def _count(self, record: Record, what: str, symbol: str, side: Side) -> None:
        recent = self._recent.setdefault((symbol, side), deque())
        recent.append(record.at_ns)
        while recent[0] <= record.at_ns - SECOND:
            recent.popleft()
        self._most = max(self._most, len(recent))
        if len(recent) > self._limit:
            self._docket.violated(record, f"{what} is order {len(recent)} to {side.value} {symbol} within a second")

    def ruling(self) -> Ruling:
        orders, moves = len(self._judged), len(self._moves)
        told = f"{orders} orders, {moves} moves of them, at most {self._most} in a second, symbol and side"
        return self._docket.ruling(told)


def orders_paced(limit: int) -> Promise:
    """A strategy sends or moves at most so many orders a second in one symbol and on one side, whatever the market
    does."""
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


class _Blind:
    """While the strategy's last word of every venue on a symbol is *stale*: how long an order of ours rests in it.

    Judged when the order fills or leaves, when prices are believed again, and at the end. One that was wanted back in
    time is as it should be, whenever its venue hears of that.
    """

    def __init__(self, stage: Stage, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._kernel = stage.world.kernel
        self._strategy = stage.wiring.strategy
        self._stale: dict[str, dict[str, bool]] = {}
        self._blind_since: dict[str, Record] = {}
        self._wanted_ns: dict[str, int] = {}
        self._times = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_tick, Handled, Tick)
        trace.watch(self._on_cancel, Sent, CancelOrder)
        trace.watch(self._on_left, VenueExecuted)
        trace.watch(self._on_left, VenueClosed)
        self._book = RestingOrders(trace)  # after the above: they judge what stood before

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
                self._times += bool(self._book.of(tick.symbol))
        elif tick.symbol in self._blind_since:
            self._judge(tick.symbol, record.at_ns, record)
            del self._blind_since[tick.symbol]

    def _on_cancel(self, record: Record) -> None:
        self._wanted_ns.setdefault(record.event.message.cl_ord_id, record.at_ns)

    def _on_left(self, record: Record) -> None:
        event: VenueExecuted | VenueClosed = record.event
        each = self._book.orders.get((event.venue, event.cl_ord_id))
        if each is not None:
            self._judge(each.symbol, record.at_ns, record, each)

    def _judge(self, symbol: str, now_ns: int, record: Record | None, only: InBook | None = None) -> None:
        since = self._blind_since.get(symbol)
        if since is None or now_ns - since.at_ns <= self._patience_ns:
            return
        in_time_ns = since.at_ns + self._patience_ns
        for each in self._book.of(symbol):
            if only in (None, each) and self._wanted_ns.get(each.order, now_ns) > in_time_ns:
                seconds = (now_ns - since.at_ns) / SECOND
                what = f"{each.order} rests at {each.venue} {seconds:.2f} s after the last price of {symbol}"
                self._docket.violated(record or since, f"{what} was believed")

    def ruling(self) -> Ruling:
        for symbol in list(self._blind_since):
            self._judge(symbol, self._kernel.now_ns, None)
        return self._docket.ruling(f"{self._times} times a market was lost from sight with an order in it")


def no_quote_in_the_dark(patience_ns: int) -> Promise:
    """Once no venue's prices of a symbol are believed, nothing of ours rests in it for longer than that and unasked."""
    name = "no quote rests in the dark"
    return Promise(name, "safety", lambda stage: _Blind(stage, patience_ns), of_our_desk=True)


class _KeepsOff:
    """Once a strategy has been told that a venue is not safe: what it means for that venue, whether what it has resting
    there is wanted back soon, and whether what it knows to rest elsewhere is left alone."""

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
        self._known: dict[str, str] = {}
        """Where orders rest, as the strategy was told."""
        self._words: dict[int, str] = {}
        """The venue of each word on health that the strategy has heard, by the record's seq."""
        self._times = self._pulled = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_health, Handled, VenueHealth)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_progress, Handled, OrderProgressed)
        trace.watch(self._on_cancel, Sent, CancelOrder)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)

    def _on_health(self, record: Record) -> None:
        handled: Handled = record.event
        health: VenueHealth = handled.message
        # The router hears it of the same program; a strategy that is not told is none that heeds.
        if handled.to == self._strategy:
            self._words[record.seq] = health.venue
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
        sick, rests_at = self._words.get(record.cause or 0), self._known.get(order)
        if sick is not None and rests_at not in (None, sick):
            self._docket.violated(record, f"{order} is pulled from {rests_at} because {sick} is not safe")
        self._wanted_back[order] = None
        self._pulled += order in self._due
        self._settle(order, record.at_ns)

    def _on_progress(self, record: Record) -> None:
        progress: OrderProgressed = record.event.message
        if progress.venue is not None:
            self._known[progress.cl_ord_id] = progress.venue

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
    """When execution does not hold a venue safe any more, quotes there are wanted back in this time, those elsewhere
    stay, and no order is meant for it."""
    name = "strategies keep off venues that are not safe"
    return Promise(name, "safety", lambda stage: _KeepsOff(stage, within_ns), needs_faults=True, of_our_desk=True)
