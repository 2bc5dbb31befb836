"""Stop orders that the desk holds are set off by what the market did, all of them, and by nothing else."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle, Side
from squall.sim.trace import Record, Sent, TouchChanged
from squall.system.domain.messages import AmendOrder, CancelOrder, OrderChecked, SubmitOrder

SECOND = 1_000_000_000


class _Stop:
    """One stop order of a strategy, and what the venues' own books have shown since it was sent."""

    def __init__(self, order: SubmitOrder) -> None:
        self.symbol: str = order.symbol
        self.side = order.side
        self.prices = [order.stop_price_half_ticks or 0]
        """Its stop price, and those that it was amended to: whether an amendment was taken, the market does not say."""
        self.shown = False
        """Some venue has shown that it is reached."""
        self.through_ns: int | None = None
        """Since when all venues show it, at each of its prices."""

    def is_through(self, touch: TouchChanged, stop: int) -> bool:
        """Whether nobody offers below a buy's stop price there, or bids above a sale's."""
        if self.side is Side.BUY:
            return touch.ask_lots > 0 and touch.ask_half_ticks >= stop
        return touch.bid_lots > 0 and touch.bid_half_ticks <= stop


class _Stops:
    """All that strategies have sent, as long as they are neither sent on nor over."""

    def __init__(self, stage: Stage) -> None:
        self.open: dict[str, _Stop] = {}
        self.ever: dict[str, _Stop] = {}
        self._touches: dict[str, dict[str, TouchChanged]] = {}
        self._venues = tuple(route.address for route in stage.wiring.venues)
        self.sent = 0
        self.docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_amend, Sent, AmendOrder)
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_wire, Sent, NewOrderSingle)
        trace.watch(self._on_cancel, Sent, CancelOrder)
        trace.watch(self._on_checked, Sent, OrderChecked)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        if order.ord_type.has_stop and order.cl_ord_id not in self.ever:
            self.open[order.cl_ord_id] = self.ever[order.cl_ord_id] = stop = _Stop(order)
            self._look(stop, record.at_ns)

    def _on_amend(self, record: Record) -> None:
        wish: AmendOrder = record.event.message
        stop = self.ever.get(wish.cl_ord_id)
        if stop is not None and wish.stop_price_half_ticks is not None:
            stop.prices.append(wish.stop_price_half_ticks)
            self._look(stop, record.at_ns)

    def _on_touch(self, record: Record) -> None:
        touch: TouchChanged = record.event
        self._touches.setdefault(touch.symbol, {})[touch.venue] = touch
        for stop in self.open.values():
            if stop.symbol == touch.symbol:
                self._look(stop, record.at_ns)

    def _look(self, stop: _Stop, at_ns: int) -> None:
        touches = self._touches.get(stop.symbol, {}).values()
        stop.shown |= any(stop.is_through(touch, price) for touch in touches for price in stop.prices)
        if touches and all(stop.is_through(touch, price) for touch in touches for price in stop.prices):
            stop.through_ns = at_ns if stop.through_ns is None else stop.through_ns
        else:
            stop.through_ns = None

    def _on_wire(self, record: Record) -> None:
        sent: Sent = record.event
        order: NewOrderSingle = sent.message
        stop = self.ever.get(order.cl_ord_link_id)
        if stop is None or sent.to not in self._venues:
            return
        self.open.pop(order.cl_ord_link_id, None)
        if order.ord_type.has_stop:
            return  # its venue keeps it
        self.sent += 1
        if not stop.shown:
            prices = ", ".join(map(str, stop.prices))
            detail = f"{order.cl_ord_link_id} left for {sent.to}; no venue has shown a price at its stop, {prices}"
            self.docket.violated(record, detail)

    def _on_cancel(self, record: Record) -> None:
        self.open.pop(record.event.message.cl_ord_id, None)

    def _on_checked(self, record: Record) -> None:
        answer: OrderChecked = record.event.message
        if answer.denials:
            self.open.pop(answer.cl_ord_id, None)


class _SetOffByTheMarket:
    def __init__(self, stage: Stage) -> None:
        self._stops = _Stops(stage)

    def ruling(self) -> Ruling:
        return self._stops.docket.ruling(f"{self._stops.sent} stop orders set off, each by prices that were there")


def stops_set_off_by_the_market() -> Promise:
    """A stop order that the desk has held is sent only after some venue's own book has shown its stop price."""
    return Promise("stops are set off by the market", "safety", _SetOffByTheMarket, of_our_desk=True)


class _AllReachedAreSent:
    def __init__(self, stage: Stage, within_ns: int) -> None:
        self._stops = _Stops(stage)
        self._within_ns = within_ns
        self._ends_ns = stage.duration_ns
        self._late: dict[str, int] = {}
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_cancel, Sent, CancelOrder)

    def _on_touch(self, record: Record) -> None:
        self._look(record.at_ns)

    def _on_cancel(self, record: Record) -> None:
        self._look(record.at_ns)

    def _look(self, now_ns: int) -> None:
        for name, stop in self._stops.open.items():
            if stop.through_ns is not None and now_ns - stop.through_ns > self._within_ns:
                self._late.setdefault(name, stop.through_ns)

    def ruling(self) -> Ruling:
        self._look(self._ends_ns)
        for name, since_ns in self._late.items():
            detail = f"{name}: reached at all venues from {since_ns} ns on, and not sent within {self._within_ns} ns"
            return Ruling(Verdict.VIOLATED, f"{detail} ({len(self._late)} such)")
        if not self._stops.sent:
            return Ruling(Verdict.INCONCLUSIVE, "no stop order was set off")
        return Ruling(Verdict.PASS, f"{self._stops.sent} stop orders set off, none forgotten")


def reached_stops_are_sent(within_ns: int = 3 * SECOND) -> Promise:
    """A stop order that all venues' books have shown as reached for so long has been sent, denied or taken back."""
    name = "every stop that is reached is sent"
    return Promise(name, "liveness", lambda stage: _AllReachedAreSent(stage, within_ns), of_our_desk=True)
