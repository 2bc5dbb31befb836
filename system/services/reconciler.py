"""Reconciler: listens to the venues' drop copies, asks for their open orders, and tells the leader what they say."""

from collections import deque
from collections.abc import Hashable
from typing import Final

from squall.sim.exchange.wire.messages import (
    DropCopyHeartbeat,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    TradeCaptureReport,
    TradeCaptureReportRequest,
    TradeCaptureReportRequestAck,
)
from squall.system.config import DeskConfig
from squall.system.domain.claims import AlertRaised
from squall.system.domain.ids import Epoch
from squall.system.domain.messages import (
    Alive,
    AreYouThere,
    OpenOrdersHeard,
    SyncReconciler,
    VenueOpenOrders,
    VenueTrades,
)
from squall.system.runtime import Address, Runtime
from squall.system.wiring import VenueRoute, Wiring

VenueWord = TradeCaptureReportRequestAck | TradeCaptureReport | DropCopyHeartbeat | OrderMassStatusReport
ReconcilerMessage = SyncReconciler | OpenOrdersHeard | AreYouThere | VenueWord

KNOCK: Final = "knock"
FAILURES_TO_TELL: Final = 3
"""Queries in a row without an answer after which people are told that a venue's state is unknown."""


class Watch:
    """One venue, as far as it has told us of itself."""

    def __init__(self, route: VenueRoute, max_trades: int) -> None:
        self.venue = route.venue
        self.address = route.address
        self.connected = False
        self.last = 0
        """The number of the latest trade that came in order. A later one is not taken before those between."""
        self.trades: deque[TradeCaptureReport] = deque(maxlen=max_trades)
        """What a new leader is told; the oldest go first."""
        self.fresh: list[TradeCaptureReport] = []
        """Not handed on yet."""
        self.requests = 0
        self.is_subscribed = False
        """The venue has acknowledged a request on this stream: it tells of each trade, and beats between them."""
        self.queries = 0
        self.is_asked = False
        """A query waits for its answer: until then the venue's open orders are unknown."""
        self.heard = 0
        """The latest list that has come to the leader, by its own word."""
        self.asked_after = 0
        """*heard*, when the query that waits was made."""
        self.failures = 0
        self.wanted = 0
        """A gap was asked for up to this number."""


class Reconciler:
    """Keeps nothing on disk: what it has forgotten a venue tells again, from the first trade on.

    It judges nothing either. The OMS does, which knows what the desk thinks.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config.reconcile
        self._client = wiring.execution
        kept = config.reconcile.max_trades_kept
        self._watches = {route.address: Watch(route, kept) for route in wiring.venues}
        self._leaders = wiring.oms
        self._streams: dict[Address, None] = {}
        """The OMSs to which a stream stands."""
        self._leader: Address | None = None
        self._epoch = Epoch(0)

    @property
    def watches(self) -> tuple[Watch, ...]:
        """Every venue as it is watched now; not to be acted upon."""
        return tuple(self._watches.values())

    @property
    def leader(self) -> Address | None:
        """Who is told; None where nobody is known."""
        return self._leader

    def on_start(self) -> None:
        for watch in self._watches.values():
            self._runtime.open(watch.address)
            self._runtime.set_timer(self._config.interval_ns, ("ask", watch.address))
        self._runtime.set_timer(self._config.interval_ns, KNOCK)

    # --- venues ---

    def on_stream_open(self, peer: Address) -> None:
        watch = self._watches.get(peer)
        if watch is not None:
            watch.connected = True
            watch.wanted = 0
            self._subscribe(watch)
            self._ask(watch)
        elif peer in self._leaders:
            self._streams[peer] = None

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._streams.pop(peer, None)
        watch = self._watches.get(peer)
        if watch is not None:
            watch.connected = False
            watch.is_subscribed = False
            watch.is_asked = False
            self._runtime.set_timer(self._config.reopen_interval_ns, ("open", peer))
        elif peer == self._leader:
            self._leader = None

    def on_message(self, sender: Address, message: ReconcilerMessage) -> None:
        match message:
            case TradeCaptureReport():
                self._on_trade(self._watches[sender], message)
            case OrderMassStatusReport():
                self._on_open_orders(self._watches[sender], message)
            case DropCopyHeartbeat():
                self._on_last_number(self._watches[sender], message.last_number)
            case TradeCaptureReportRequestAck():
                self._watches[sender].is_subscribed = True
                self._on_last_number(self._watches[sender], message.last_number)
            case SyncReconciler():
                self._sync(message)
            case OpenOrdersHeard():
                if sender == self._leader:
                    self._on_heard(message)
            case AreYouThere():
                self._runtime.write(sender, Alive(message.number))
            case _:
                raise TypeError(f"reconciler: no handler for {type(message).__name__} from {sender}")

    def _subscribe(self, watch: Watch) -> None:
        """Ask until it is acknowledged: a venue that has dropped the request never says anything of its own accord."""
        if watch.connected and not watch.is_subscribed:
            self._request(watch)
            self._runtime.set_timer(self._config.timeout_ns, ("subscribe", watch.address))

    def _request(self, watch: Watch) -> None:
        watch.requests += 1
        request = TradeCaptureReportRequest(self._runtime.address, self._client, watch.last, watch.requests)
        self._runtime.write(watch.address, request)

    def _on_trade(self, watch: Watch, trade: TradeCaptureReport) -> None:
        if trade.number > watch.last + 1:
            self._on_last_number(watch, trade.number)
        elif trade.number == watch.last + 1:
            watch.last = trade.number
            watch.trades.append(trade)
            if not watch.fresh:
                self._runtime.set_timer(self._config.grace_ns, ("hand on", watch.address))
            watch.fresh.append(trade)

    def _on_last_number(self, watch: Watch, last_number: int) -> None:
        """The venue has made trades up to here: ask for what is missing, once for each news of it.

        The answer to the first request is on its way where nothing has come yet; a heartbeat may ask once more.
        """
        if last_number > watch.last and last_number > watch.wanted:
            watch.wanted = last_number
            self._runtime.set_timer(self._config.gap_timeout_ns, ("gap", watch.address))

    def _on_gap(self, watch: Watch) -> None:
        if watch.last < watch.wanted:
            self._request(watch)
            self._runtime.set_timer(self._config.gap_timeout_ns, ("gap", watch.address))

    def _ask(self, watch: Watch) -> None:
        watch.queries += 1
        watch.asked_after = watch.heard
        watch.is_asked = True
        request = OrderMassStatusRequest(self._runtime.address, self._client, watch.queries)
        self._runtime.write(watch.address, request)
        self._runtime.set_timer(self._config.timeout_ns, ("unanswered", watch.address))

    def _on_unanswered(self, watch: Watch) -> None:
        """Unknown, which is not the same as none: nobody is told of a list that there is not."""
        if not watch.is_asked:
            return
        watch.is_asked = False
        watch.failures += 1
        if watch.failures == FAILURES_TO_TELL:
            text = f"{watch.venue} does not say which orders are open there: unknown, {watch.failures} queries failed"
            self._runtime.emit(AlertRaised("warning", "reconcile.unknown", text))

    def _on_open_orders(self, watch: Watch, report: OrderMassStatusReport) -> None:
        if report.attempt != watch.queries or not watch.is_asked:
            return  # of a query that was given up
        watch.is_asked = False
        watch.failures = 0
        self._runtime.cancel_timer(("unanswered", watch.address))
        if self._leader is None:
            return
        self._hand_on(watch)
        complete = watch.last >= report.last_number
        told = VenueOpenOrders(watch.venue, report.orders, complete, report.attempt, watch.asked_after)
        self._runtime.write(self._leader, told)

    # --- the leader ---

    def _sync(self, message: SyncReconciler) -> None:
        if message.epoch < self._epoch:
            return  # of a leader that was replaced
        self._epoch = message.epoch
        self._leader = message.leader
        for watch in self._watches.values():
            watch.heard = 0
            watch.fresh.clear()
            if watch.trades:
                self._runtime.write(message.leader, VenueTrades(watch.venue, tuple(watch.trades)))
            if watch.connected:
                self._ask(watch)

    def _knock(self) -> None:
        """What the venues say has nobody to go to: the leader may have nothing to write on a stream that died with our
        last life. Hanging up, or being refused, ends it on the leader's side too, who then opens a new one. Where a
        stream of this life stands its word is on the way, and would be lost.
        """
        for leader in self._leaders if self._leader is None else ():
            if leader not in self._streams:
                self._runtime.open(leader)
                self._runtime.close(leader)
        self._runtime.set_timer(self._config.interval_ns, KNOCK)

    def _on_heard(self, message: OpenOrdersHeard) -> None:
        for watch in self._watches.values():
            if watch.venue == message.venue:
                watch.heard = message.number

    def _hand_on(self, watch: Watch) -> None:
        if watch.fresh and self._leader is not None:
            self._runtime.write(self._leader, VenueTrades(watch.venue, tuple(watch.fresh)))
        watch.fresh.clear()

    # --- timers ---

    def on_timer(self, key: Hashable) -> None:
        match key:
            case ("hand on", str(address)):
                self._hand_on(self._watches[address])
            case ("gap", str(address)):
                self._on_gap(self._watches[address])
            case ("subscribe", str(address)):
                self._subscribe(self._watches[address])
            case ("unanswered", str(address)):
                self._on_unanswered(self._watches[address])
            case ("open", str(address)):
                self._runtime.open(address)
            case ("ask", str(address)):
                if self._watches[address].connected:
                    self._ask(self._watches[address])
                self._runtime.set_timer(self._config.interval_ns, key)
            case "knock":
                self._knock()
            case _:
                raise ValueError(f"reconciler: no such timer {key!r}")

    def on_durable(self, token: int) -> None:
        """Nothing is ever written."""

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.reconcile
