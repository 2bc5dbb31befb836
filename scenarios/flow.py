"""The flow of a run, counted from what the world observed: market data, signals, orders, fills, positions.

Each thing that flows (a change of a venue's touch, then an order) is entered where it is seen to come, and where it is
seen to go; the two are different records. So a chart that balances says something: nothing left a node that had not
come to it, and nothing left it twice.
"""

from collections import deque
from typing import Final

from squall.scenarios.flow_figure import FlowFigure
from squall.scenarios.flow_ledger import Ledger
from squall.scenarios.result import FlowChart, FlowLink, FlowNode
from squall.scenarios.settings import SECOND
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, Sent, TouchChanged, VenueAccepted, VenueClosed, VenueExecuted
from squall.system.domain.events import OrderCanceled, OrderDenied, OrderExpired, OrderMalformed, OrderRejected
from squall.system.domain.messages import (
    BookFill,
    CheckOrder,
    JournalCopied,
    OrderChecked,
    RouteOrder,
    SubmitOrder,
    SyncPositions,
    Tick,
)
from squall.system.domain.signals import Schedule

FEED: Final = "market data feed"
IMAGES: Final = "told again"
"""Ticks of no message of the feed: from a venue's image, or from the second provider."""
DATA: Final = "data normalisation"
WITHHELD: Final = "data quality checks failed"
"""Changes of a touch that the strategy never heard of as good: refused, stale, lost or overtaken."""
STRATEGY: Final = "strategy engine"
OTHER_SIGNALS: Final = "other signals"
"""Orders of no tick: the clock's, or further orders of one tick."""
FILTERED: Final = "signals filtered"
NO_SIGNAL: Final = "no signal"
"""Ticks, where it is the clock that decides when to trade."""
CLIENTS: Final = "client algorithms"
VALIDATION: Final = "order validation"
MALFORMED: Final = "order validation failed"
RISK: Final = "risk gate"
REJECTED: Final = "risk rejected"
ROUTER: Final = "execution router"
FAILED: Final = "execution failed"
UNFILLED: Final = "canceled or expired"
FILLS: Final = "fill confirmations"
POSITIONS: Final = "positions"
WHOLE: Final = "filled whole"
PART: Final = "filled in part"

THERE: Final = "still there"
"""What has come to a node and not left it when the run ends."""
SOURCES: Final = frozenset((FEED, IMAGES, OTHER_SIGNALS, CLIENTS))
ORDER: Final = (
    *(FEED, IMAGES, DATA, OTHER_SIGNALS, STRATEGY, CLIENTS, VALIDATION, RISK, ROUTER),
    *("exchange-a", "exchange-b", "dark-pool", FILLS, POSITIONS, WHOLE, PART),
    *(WITHHELD, FILTERED, NO_SIGNAL, MALFORMED, REJECTED, FAILED, UNFILLED, THERE),
)
"""How nodes are told: the way first, then where it ends."""

ENDED: Final = (OrderCanceled, OrderDenied, OrderExpired, OrderRejected)
NEAR_NS: Final = 1_000
"""Of a tick, and the time that its order says it was meant at: clocks are turned into one another with rounding."""
RECENT: Final = 64
"""Of each symbol, so many ticks may wait for their orders to leave."""

Key = tuple[str, str]
"""A venue and a symbol."""


class FlowBook:
    """Attach to a stage of our own desk before it starts; read when it is over.

    Market data count while the workload wants to trade: what comes before and after is no reason for anything.
    """

    def __init__(self, stage: Stage) -> None:
        self.ledger = Ledger()
        wiring = stage.wiring
        self._strategy = wiring.strategy
        self._lit = frozenset(route.address for route in wiring.lit)
        self._routers = frozenset(wiring.routers)
        self._clock = stage.world.transport.slot_of(wiring.strategy).host.clock
        self._workload = stage.scenario.workload
        self._by_tick = self._workload.schedule is Schedule.ON_TICK or self._workload.rule is not None
        self._pending: dict[Key, deque[int]] = {}
        """Changes of a touch, by their channel numbers, that no tick has come up to."""
        self._last: dict[Key, Tick] = {}
        self._ticks: dict[str, deque[tuple[int, str]]] = {}
        """Of each symbol, when the strategy took a good tick, and its unit."""
        self._undecided: dict[str, None] = {}
        """Good ticks that no order has come of."""
        self._submitted: dict[str, None] = {}
        self._checked: dict[str, None] = {}
        self._denied: dict[str, None] = {}
        self._routed: dict[str, None] = {}
        self._malformed: dict[str, None] = {}
        self._ended: dict[str, None] = {}
        """By the desk's own word, whatever became of it."""
        self._accepted: dict[str, list[str]] = {}
        """Each order's venues, as often as one took it."""
        self._closed: dict[str, list[tuple[str, int]]] = {}
        """Where it left a book, with how much of it open."""
        self._executed: dict[str, None] = {}
        self._booked: dict[str, None] = {}
        self._attach(stage)

    def _attach(self, stage: Stage) -> None:
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_tick, Handled, Tick)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_check, Handled, CheckOrder)
        trace.watch(self._on_checked, Handled, OrderChecked)
        trace.watch(self._on_journal, Handled, JournalCopied)
        trace.watch(self._on_route, Handled, RouteOrder)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)
        trace.watch(self._on_closed, VenueClosed)
        trace.watch(self._on_booked, Handled, BookFill)
        trace.watch(self._on_synced, Handled, SyncPositions)

    # --- market data ---

    def _on_touch(self, record: Record) -> None:
        touch: TouchChanged = record.event
        if touch.venue in self._lit and self._workload.runs_at(record.at_ns):
            self._pending.setdefault((touch.venue, touch.symbol), deque()).append(touch.seq)
            self.ledger.cross(FEED, DATA, _unit(touch.venue, touch.symbol, touch.seq))

    def _on_tick(self, record: Record) -> None:
        if record.event.to != self._strategy:
            return
        tick: Tick = record.event.message
        key = (tick.venue, tick.symbol)
        if tick == self._last.get(key):
            return
        self._last[key] = tick
        pending = self._pending.get(key, ())
        unit = None
        while pending and not tick.second and pending[0] <= tick.seq:
            seq = pending.popleft()
            if seq == tick.seq and not tick.stale:
                unit = _unit(*key, seq)
            else:
                self.ledger.cross(DATA, WITHHELD, _unit(*key, seq))
        if tick.stale or (unit is None and not self._workload.runs_at(record.at_ns)):
            return
        if unit is None:
            unit = f"again/{record.seq}"
            self.ledger.cross(IMAGES, DATA, unit)
        self.ledger.cross(DATA, STRATEGY, unit)
        self._undecided[unit] = None
        self._ticks.setdefault(tick.symbol, deque(maxlen=RECENT)).append((record.at_ns, unit))

    # --- orders ---

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        name = order.cl_ord_id
        if name in self._submitted:
            return
        self._submitted[name] = None
        if record.event.sender != self._strategy:
            self.ledger.cross(CLIENTS, VALIDATION, name)
            return
        unit = self._tick_of(order)
        if unit is None:
            unit = name
            self.ledger.cross(OTHER_SIGNALS, STRATEGY, unit)
        self.ledger.cross(STRATEGY, VALIDATION, unit, name)

    def _tick_of(self, order: SubmitOrder) -> str | None:
        """The tick that this order was decided at, the first one of it; None where it was another's."""
        meant_ns = self._clock.true_of_wall_ns(order.intended_ns)
        for at_ns, unit in self._ticks.get(order.symbol, ()):
            if abs(at_ns - meant_ns) <= NEAR_NS and unit in self._undecided:
                del self._undecided[unit]
                return unit
        return None

    def _on_check(self, record: Record) -> None:
        name = record.event.message.cl_ord_id
        if name not in self._checked:
            self._checked[name] = None
            self.ledger.cross(VALIDATION, RISK, name)

    def _on_checked(self, record: Record) -> None:
        checked: OrderChecked = record.event.message
        if checked.denials:
            self._denied[checked.cl_ord_id] = None

    def _on_journal(self, record: Record) -> None:
        for event in record.event.message.events:
            if type(event) is OrderMalformed:
                self._malformed[event.cl_ord_id] = None
            elif type(event) in ENDED:
                self._ended[event.cl_ord_id] = None

    def _on_route(self, record: Record) -> None:
        name = record.event.message.cl_ord_id
        if record.event.to in self._routers and name not in self._routed:
            self._routed[name] = None
            self.ledger.cross(RISK, ROUTER, name)

    # --- venues and after ---

    def _on_accepted(self, record: Record) -> None:
        taken: VenueAccepted = record.event
        self._accepted.setdefault(taken.cl_ord_link_id, []).append(taken.venue)
        self.ledger.cross(ROUTER, taken.venue, taken.cl_ord_link_id)

    def _on_executed(self, record: Record) -> None:
        self._executed[record.event.cl_ord_link_id] = None

    def _on_closed(self, record: Record) -> None:
        closed: VenueClosed = record.event
        self._closed.setdefault(closed.cl_ord_link_id, []).append((closed.venue, closed.leaves_lots))

    def _on_booked(self, record: Record) -> None:
        self._booked[record.event.message.cl_ord_id] = None

    def _on_synced(self, record: Record) -> None:
        for fill in record.event.message.fills:
            self._booked[fill.cl_ord_id] = None

    # --- the end ---

    def settled(self) -> Ledger:
        """The ledger as of now, with what can only be said at the end: who came no further, and why."""
        ledger = self.ledger.copy()
        cross = ledger.cross
        for unit in self._undecided:
            cross(STRATEGY, FILTERED if self._by_tick else NO_SIGNAL, unit)
        for name in self._malformed:
            cross(VALIDATION, MALFORMED, name)
        for name in self._denied:
            if name not in self._routed:
                cross(RISK, REJECTED, name)
        for name in self._ended:
            self._fail(ledger, name)
        for name, closes in self._closed.items():
            for venue, _ in closes:
                cross(venue, FILLS if name in self._executed else UNFILLED, name)
        still_open = {name: None for name in self._accepted if name not in self._closed}
        for name in self._booked:
            if name not in still_open:
                cross(FILLS, POSITIONS, name)
                closes = self._closed.get(name, [])
                cross(POSITIONS, PART if closes and closes[-1][1] else WHOLE, name)
        return ledger

    def _fail(self, ledger: Ledger, name: str) -> None:
        """What ended, and no venue ever took it: where it had come to, it ends."""
        if name in self._accepted:
            return
        if name in self._routed:
            ledger.cross(ROUTER, FAILED, name)
        elif name in self._checked and name not in self._denied:
            ledger.cross(RISK, FAILED, name)
        elif name not in self._checked:
            ledger.cross(VALIDATION, FAILED, name)


def traded_ns(stage: Stage) -> int:
    """For how long market data count."""
    workload = stage.scenario.workload
    until_ns = stage.duration_ns if workload.stop_ns is None else min(workload.stop_ns, stage.duration_ns)
    return max(until_ns - workload.start_ns, 1)


def chart_of(ledger: Ledger, for_ns: int, figure: FlowFigure | None = None) -> FlowChart:
    """What a report draws. What is still there at a node goes on to an end of its own: each node is drawn whole.

    Shares are of what came to the node. A figure's are of what it draws as leaving it, whatever it draws as coming.
    """
    place = {name: number for number, name in enumerate(ORDER)}
    names = sorted(ledger.nodes, key=lambda name: place.get(name, len(place)))
    place = {name: number for number, name in enumerate((*names, THERE))}
    counts = dict(ledger.counts)
    nodes = []
    for name in names:
        inner = ledger.is_inner(name)
        node = FlowNode(name, ledger.entered(name), ledger.left(name), ledger.there(name), inner)
        nodes.append(node)
        if inner and node.there:
            counts[name, THERE] = node.there
    for link in figure.counts if figure is not None else ():
        if link[0] in place:
            counts.setdefault(link, 0)
            place.setdefault(link[1], len(place))
    links = [
        FlowLink(
            source,
            target,
            count,
            None if source in SOURCES else count / ledger.entered(source),
            None if figure is None or source in SOURCES else figure.share(source, target),
            ledger.entered(source),
        )
        for (source, target), count in sorted(counts.items(), key=lambda each: (place[each[0][0]], place[each[0][1]]))
    ]
    if figure is None:
        return FlowChart(tuple(nodes), tuple(links))
    fed_per_s = ledger.entered(DATA) * SECOND / for_ns
    scale = figure.fed_per_s / fed_per_s if fed_per_s else None
    return FlowChart(tuple(nodes), tuple(links), figure.name, scale)


def _unit(venue: str, symbol: str, seq: int) -> str:
    return f"{venue}/{symbol}/{seq}"
