"""Audit: keeps the OMS's events on its own disk, each once, hands them on to the monitor, and holds the read models.

Trades are captured beside them: what has changed of any execution is written to a file of its own, at most once an
interval, for reports to read. How far it lags behind is told with the rest.

The read models stand here because all that they are made of comes here anyway: another service would hear every event
a second time. They are made anew from the disk at each start.
"""

from collections import deque
from collections.abc import Hashable
from typing import Final

from squall.system.config import DeskConfig
from squall.system.domain.audit_trail import AuditRecord, Coverage, decode_record, encode_record
from squall.system.domain.claims import AlertRaised, FlowTold, ReadModelsTold
from squall.system.domain.events import AnyEvent
from squall.system.domain.messages import Alive, AreYouThere, JournalCopied
from squall.system.domain.orders import TERMINAL
from squall.system.domain.portfolio import Money
from squall.system.domain.projections.read_models import Lag, ReadModels, rebuilt
from squall.system.domain.projections.trades import TradesWritten, encode_trades, read_trades
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

FILE: Final = "audit"
TRADES: Final = "trades"
REOPEN: Final = "reopen monitor"
SHOW: Final = "show"


class Audit:
    """What is on the disk decides what is new: after a restart, and after a takeover."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._monitor = wiring.monitor
        self._oms = wiring.oms
        self._coverage = Coverage()
        self._tellers: dict[Address, None] = {}
        self._written = 0
        """The last token of the audit file."""
        self._durable = 0
        self._models = ReadModels()
        self._unread: list[tuple[int, tuple[AnyEvent, ...], int]] = []
        """Copies that the read models have not taken: from which version on, the events, and when they came."""
        self.money = Money(wiring.instruments)
        self._capturing: deque[tuple[int, int]] = deque()
        """Tokens of records of trades that are not on the disk yet, and up to which version each goes."""
        self.captured_version = 0
        """Up to which version of the journal trades are captured, on the disk."""
        self._shown = 0
        """The version of the journal that was last said to be shown."""

    @property
    def read_models(self) -> ReadModels:
        """With all that has come. It is folded when somebody looks, since that is seldom, and together is quicker."""
        for first_version, events, came_ns in self._unread:
            self._models.take(first_version, events, came_ns)
        self._unread.clear()
        return self._models

    @property
    def durable_token(self) -> int:
        """The last token of the audit file that is known to be on the disk."""
        return self._durable

    @property
    def uncaptured(self) -> int:
        """How many executions have changed and are not written, or whose records are not on the disk yet."""
        return self.read_models.trades.unwritten + len(self._capturing)

    @property
    def hears(self) -> bool:
        """Whether there is a stream on which a leader tells of its journal."""
        return bool(self._tellers)

    @property
    def settled(self) -> bool:
        """Whether all that has come is on the disk, and shown."""
        return self._durable >= self._written and not self.uncaptured and self._shown == self.read_models.version

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Versions of the journal that have not come, though later ones have: from, up to and without."""
        return list(self._coverage.missing)

    @property
    def lag(self) -> Lag:
        """How far the read models are behind."""
        return self.read_models.lag(self._runtime.now_ns)

    def on_start(self) -> None:
        records = self._runtime.read(FILE)
        for data in records:
            record = decode_record(data)
            self._coverage.take(record.first_version, len(record.events))
        self._models = rebuilt(records)
        self.captured_version, _ = read_trades(self._runtime.read(TRADES))
        self.read_models.trades.written_up_to(self.captured_version)
        self._runtime.open(self._monitor)
        self._runtime.set_timer(self._config.portfolio.value_interval_ns, SHOW)

    def on_message(self, sender: Address, message: AreYouThere | JournalCopied) -> None:
        match message:
            case JournalCopied():
                self._copy(message)
            case AreYouThere():
                self._runtime.write(sender, Alive(message.number))
            case _:
                raise TypeError(f"audit: no handler for {type(message).__name__} from {sender}")

    def _copy(self, copied: JournalCopied) -> None:
        """Write down and hand on what has not come before."""
        first, count = copied.first_version, len(copied.events)
        if self._coverage.follows(first, count):
            self._keep(copied)
            return
        holes = len(self._coverage.missing)
        for start, end in self._coverage.take(first, count):
            self._keep(JournalCopied(copied.epoch, start, copied.events[start - first : end - first]))
        if len(self._coverage.missing) > holes:
            low, high = self._coverage.missing[-1]
            text = f"audit: versions {low} to {high - 1} of the journal have not come, {high} has"
            self._runtime.emit(AlertRaised("warning", "audit.gap", text))

    def _keep(self, fresh: JournalCopied) -> None:
        now_ns = self._runtime.now_ns
        record = AuditRecord(fresh.epoch, fresh.first_version, now_ns, fresh.events)
        self._written = self._runtime.append(FILE, encode_record(record))
        self._unread.append((fresh.first_version, fresh.events, now_ns))
        self._runtime.write(self._monitor, fresh)

    def on_durable(self, token: int) -> None:
        self._durable = token
        while self._capturing and self._capturing[0][0] <= token:
            _, self.captured_version = self._capturing.popleft()

    def on_stream_open(self, peer: Address) -> None:
        """An OMS speaks first, and the monitor only listens."""
        if peer in self._oms:
            self._tellers[peer] = None

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._tellers.pop(peer, None)
        if peer == self._monitor:
            self._runtime.set_timer(self._config.monitor.reopen_interval_ns, REOPEN)

    def on_timer(self, key: Hashable) -> None:
        match key:
            case "reopen monitor":
                self._runtime.open(self._monitor)
            case "show":
                self._show()
            case _:
                raise ValueError(f"audit: timer {key!r}, expected {REOPEN!r} or {SHOW!r}")

    def _show(self) -> None:
        """Say what the read models show, where that has changed, and how far they are behind."""
        models = self.read_models
        if models.trades.unwritten:
            written = TradesWritten(models.version, models.trades.fresh())
            self._capturing.append((self._runtime.append(TRADES, encode_trades(written)), models.version))
        if models.version != self._shown:
            self._shown = models.version
            lag = self.lag
            positions = tuple((name, each.net_lots, each.cash_flow) for name, each in models.fills.totals.items())
            self._runtime.emit(
                ReadModelsTold(
                    models.version, lag.versions, lag.age_ns, positions, self.captured_version, self.uncaptured
                )
            )
            self._runtime.emit(flow_told(models))
        self._runtime.set_timer(self._config.portfolio.value_interval_ns, SHOW)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config


def flow_told(models: ReadModels) -> FlowTold:
    """Where all orders are: those that are open, as the orders themselves say."""
    flow, standing = models.flow, models.orders.standing
    return FlowTold(
        models.version,
        tuple(
            (
                state.value,
                node.entered,
                node.left,
                node.entered - node.left if state in TERMINAL else standing.get(state, 0),
            )
            for state, node in flow.nodes.items()
        ),
        sum(node.ordered_lots for node in flow.nodes.values()),
        sum(node.filled_lots for node in flow.nodes.values()),
        flow.ended_ordered_lots,
        flow.ended_filled_lots,
    )
