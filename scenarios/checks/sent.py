"""What orders leave, one by one and as a stream: judged from the wire, and independent of the gate's own sums."""

from collections import deque
from collections.abc import Callable

from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import ConfigPushed, Handled, Record, Sent, VenueExecuted
from squall.system.domain.messages import SwitchTrading
from squall.system.domain.switches import TradingState

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND

OnOrder = Callable[[Record, NewOrderSingle], None]


class _FirstSends:
    """Each order once: when it is first written to a venue."""

    def __init__(self, stage: Stage, told: OnOrder) -> None:
        self._told = told
        self._seen: dict[str, None] = {}
        self.orders = 0
        stage.world.trace.watch(self._on_wire, Sent, NewOrderSingle)

    def _on_wire(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        if order.cl_ord_link_id not in self._seen:
            self._seen[order.cl_ord_link_id] = None
            self.orders += 1
            self._told(record, order)


class _NoneRestricted:
    """A symbol is restricted from when risk is told so, until it is told otherwise."""

    def __init__(self, stage: Stage, within_ns: int) -> None:
        self._within_ns = within_ns
        entries = stage.scenario.settings.desk.reference.entries
        said = {each.symbol: each.value == "on" for each in entries if each.field == "restricted"}
        self._since = {symbol: 0 for symbol, restricted in said.items() if restricted}
        self._ever = len(self._since)
        self._docket = Docket()
        self._sends = _FirstSends(stage, self._on_order)
        stage.world.trace.watch(self._on_push, ConfigPushed)

    def _on_push(self, record: Record) -> None:
        push: ConfigPushed = record.event
        without, what = push.what.startswith("without "), push.what.removeprefix("without ")
        key, _, value = what.partition("=")
        if push.program != "risk" or not key.startswith("reference.") or not key.endswith(".restricted"):
            return
        symbol = key.removeprefix("reference.").removesuffix(".restricted")
        if (value == "on") is not without:
            self._ever += 1
            self._since.setdefault(symbol, record.at_ns)
        else:
            self._since.pop(symbol, None)

    def _on_order(self, record: Record, order: NewOrderSingle) -> None:
        since_ns = self._since.get(order.symbol)
        if since_ns is not None and record.at_ns - since_ns > self._within_ns:
            detail = f"{order.cl_ord_link_id} left in {order.symbol}, which has been restricted for"
            self._docket.violated(record, f"{detail} {(record.at_ns - since_ns) // MILLISECOND} ms")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._sends.orders} orders, none in one of {self._ever} restricted names")


def none_restricted(within_ns: int = 50 * MILLISECOND) -> Promise:
    """A moment after a name has come onto the restricted list, no new order leaves in it."""
    return Promise("no order leaves in a restricted name", "safety", lambda stage: _NoneRestricted(stage, within_ns))


class _AsMeant:
    def __init__(self, stage: Stage) -> None:
        self._most = stage.scenario.workload.lots_max
        self._largest = 0
        self._docket = Docket()
        self._sends = _FirstSends(stage, self._on_order)

    def _on_order(self, record: Record, order: NewOrderSingle) -> None:
        self._largest = max(self._largest, order.quantity_lots)
        if order.quantity_lots > self._most:
            detail = f"{order.cl_ord_link_id} left with {order.quantity_lots} lots; none was meant to have more than"
            self._docket.violated(record, f"{detail} {self._most}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._sends.orders} orders, the largest of {self._largest} lots")


def sizes_as_meant() -> Promise:
    """No order leaves that is larger than any that the workload means."""
    return Promise("no order is larger than was meant", "safety", _AsMeant)


class _NoCopies:
    def __init__(self, stage: Stage, window_ns: int, most: int) -> None:
        self._window_ns = window_ns
        self._most = most
        self._times: dict[tuple[object, ...], deque[int]] = {}
        self._docket = Docket()
        self._sends = _FirstSends(stage, self._on_order)

    def _on_order(self, record: Record, order: NewOrderSingle) -> None:
        content = (order.symbol, order.side, order.quantity_lots, order.price_half_ticks)
        times = self._times.setdefault(content, deque())
        while times and times[0] <= record.at_ns - self._window_ns:
            times.popleft()
        times.append(record.at_ns)
        if len(times) > self._most:
            detail = f"{order.cl_ord_link_id} is the {len(times)}th order alike in {self._window_ns // MILLISECOND} ms"
            self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._sends.orders} orders, never more than {self._most} alike at once")


def no_copies(window_ns: int, most: int = 1) -> Promise:
    """Within this time no more than so many orders leave that are alike in all but their names."""
    return Promise("no order is a copy of another", "safety", lambda stage: _NoCopies(stage, window_ns, most))


class _RateKept:
    def __init__(self, stage: Stage, orders_per_s: int) -> None:
        self._most = orders_per_s
        self._times: deque[int] = deque()
        self._peak = 0
        self._docket = Docket()
        self._sends = _FirstSends(stage, self._on_order)

    def _on_order(self, record: Record, order: NewOrderSingle) -> None:
        times = self._times
        # What the gate let pass a second apart may leave a little closer together.
        while times and times[0] <= record.at_ns - SECOND + 10 * MILLISECOND:
            times.popleft()
        times.append(record.at_ns)
        self._peak = max(self._peak, len(times))
        if len(times) > self._most:
            self._docket.violated(record, f"{order.cl_ord_link_id} is the {len(times)}th order of a second")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"at most {self._peak} of {self._most} orders in a second")


def rate_kept(orders_per_s: int) -> Promise:
    """In no second do more orders leave than this."""
    return Promise("no more orders a second than the limit", "safety", lambda stage: _RateKept(stage, orders_per_s))


class _RunawayStopped:
    """Of a desk with one strategy: once one side of a name was executed too often within the window, it is over."""

    def __init__(self, stage: Stage, within_ns: int) -> None:
        risk = stage.scenario.settings.desk.risk
        self._most, self._window_ns, self._within_ns = risk.max_repeats, risk.repeat_window_ns, within_ns
        self._times: dict[tuple[str, bool], deque[int]] = {}
        self._since: int | None = None
        self._ran = 0
        self._docket = Docket()
        self._sends = _FirstSends(stage, self._on_order)
        stage.world.trace.watch(self._on_executed, VenueExecuted)
        stage.world.trace.watch(self._on_word, Handled, SwitchTrading)

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        times = self._times.setdefault((event.symbol, event.buy), deque())
        # A tenth less than the gate's window: what reaches it closer together than it was executed does no harm.
        while times and times[0] <= record.at_ns - self._window_ns * 9 // 10:
            times.popleft()
        times.append(record.at_ns)
        if len(times) > self._most and self._since is None:
            self._since = record.at_ns
            self._ran += 1

    def _on_word(self, record: Record) -> None:
        """A person may set it going again."""
        if record.event.message.state is TradingState.ACTIVE:
            self._since = None
            self._times.clear()

    def _on_order(self, record: Record, order: NewOrderSingle) -> None:
        since_ns = self._since
        if since_ns is not None and record.at_ns - since_ns > self._within_ns:
            late_ms = (record.at_ns - since_ns) // MILLISECOND
            self._docket.violated(record, f"{order.cl_ord_link_id} left {late_ms} ms after the strategy ran away")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._sends.orders} orders; it ran away {self._ran} times, and was stopped")


def runaway_stopped(within_ns: int = 100 * MILLISECOND) -> Promise:
    """After more executions alike than `risk.max_repeats` in its window, nothing leaves until a person says so."""
    name = "a strategy that runs away is stopped"
    return Promise(name, "safety", lambda stage: _RunawayStopped(stage, within_ns))
