"""Positions: books every execution once, as it counts by now, and tells risk and the monitor where the desk stands.

Risk and the monitor hear of each change, symbol by symbol. The portfolio hears of each strategy's positions, at most
once an interval, and then of those that have changed.

It keeps no file. The record of all fills is the OMS's journal, from which the leader sends SyncPositions on
every new stream; a second copy here could only disagree. Until the first of these has come, the books are of
unknown age, and nobody is told.
"""

from collections.abc import Hashable
from typing import Final

from squall.system.config import DeskConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.fill_book import Change, FillBook
from squall.system.domain.ids import Epoch
from squall.system.domain.messages import (
    AmendFill,
    AskPositions,
    BookedOrder,
    BookFill,
    PositionChanged,
    PositionState,
    PositionsTold,
    StrategyPosition,
    StrategyPositions,
    SyncPositions,
)
from squall.system.domain.positions import PositionKey
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

PositionsMessage = BookFill | AmendFill | SyncPositions | AskPositions

KNOCK: Final = "knock"
CONFLATED: Final = "conflated"


class Positions:
    """One position per symbol and strategy, and their sum per symbol."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._leaders = wiring.oms
        self._streams: dict[Address, None] = {}
        """The OMSs to which a stream stands."""
        self._listeners = (wiring.risk, wiring.monitor)
        self._risk = wiring.risk
        self._portfolio = wiring.portfolio
        self._moved: dict[PositionKey, None] = {}
        """What the portfolio has not been told of yet."""
        self.fills = FillBook()
        self._epoch: Epoch | None = None
        self._tellings = 0

    @property
    def known(self) -> bool:
        """Whether a leader has told all fills since this life began."""
        return self._epoch is not None

    def id_set_sizes(self) -> dict[str, int]:
        """What grows with the day: the executions and orders that must be known again."""
        return {"exec_ids": len(self.fills), "orders": len(self.fills.orders)}

    def on_start(self) -> None:
        for listener in (*self._listeners, self._portfolio):
            self._runtime.open(listener)
        self._runtime.set_timer(self._config.risk.sync_patience_ns, KNOCK)

    def on_message(self, sender: Address, message: PositionsMessage) -> None:
        match message:
            case BookFill():
                self._changed(self.fills.book(message))
            case AmendFill():
                self._changed(self._amended(message))
            case SyncPositions():
                self._sync(message)
            case AskPositions():
                self._tell(sender)
            case _:
                raise TypeError(f"positions: no handler for {type(message).__name__} from {sender}")

    def _amended(self, amendment: AmendFill) -> Change | None:
        if not self._config.portfolio.amend:
            return None
        change = self.fills.amend(amendment)
        if change is not None:
            what = f"{amendment.ref_exec_id} counts with {amendment.lots} lots from now on"
            self._runtime.emit(ProtectionActed("portfolio.amend", what))
        return change

    def _changed(self, change: Change | None) -> None:
        """Tell of it, unless it is no news."""
        if change is None or self._epoch is None:
            return
        fill, total = change.fill, change.total
        if not self._moved:
            self._runtime.set_timer(self._config.portfolio.value_interval_ns, CONFLATED)
        self._moved[PositionKey(fill.symbol, fill.strategy)] = None
        changed = PositionChanged(
            fill.symbol,
            total.net_lots,
            total.cash_flow,
            total.realised,
            fill.cl_ord_id,
            fill.exec_id,
            change.lots,
            change.number,
        )
        for listener in self._listeners:
            # Where no stream is open, the next one begins with all that is booked.
            self._runtime.write(listener, changed)

    def _sync(self, sync: SyncPositions) -> None:
        """Take what is missing; then tell all, so that risk knows that this leader's fills are in."""
        for fill in sync.fills:
            self.fills.book(fill)
        for amendment in sync.amendments:
            self._amended(amendment)
        self._epoch = sync.epoch if self._epoch is None else max(self._epoch, sync.epoch)
        self._runtime.cancel_timer(KNOCK)
        for listener in self._listeners:
            self._tell(listener)
        self._tell_portfolio(whole=True)

    def _tell(self, listener: Address) -> None:
        if self._epoch is None:
            return
        states = tuple(
            PositionState(
                symbol,
                total.net_lots,
                total.cash_flow,
                total.realised,
                total.cost_basis,
                self.fills.numbers[symbol],
            )
            for symbol, total in self.fills.totals.items()
        )
        orders = tuple(BookedOrder(cl_ord_id, lots) for cl_ord_id, lots in self.fills.orders.items())
        self._tellings += 1
        self._runtime.write(listener, PositionsTold(self._epoch, states, orders, self._tellings))

    def _tell_portfolio(self, whole: bool) -> None:
        """Of each strategy's positions: all, or those that have changed. With no stream, the next begins with all."""
        if self._epoch is None:
            return
        states = tuple(
            StrategyPosition(
                key.symbol,
                key.strategy,
                position.net_lots,
                position.cost_millionths,
                position.cash_flow,
                position.fees,
                position.number,
            )
            for key, position in self.fills.positions.items()
            if whole or key in self._moved
        )
        self._moved.clear()
        self._runtime.cancel_timer(CONFLATED)
        self._tellings += 1
        self._runtime.write(self._portfolio, StrategyPositions(self._epoch, whole, states, self._tellings))

    def on_stream_open(self, peer: Address) -> None:
        if peer in self._listeners:
            self._tell(peer)
        elif peer == self._portfolio:
            self._tell_portfolio(whole=True)
        elif peer in self._leaders:
            self._streams[peer] = None
            if self._epoch is None:  # the leader's own stream, behind which its fills follow
                self._runtime.set_timer(self._config.risk.sync_patience_ns, KNOCK)

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._streams.pop(peer, None)
        if peer in self._listeners or peer == self._portfolio:
            waits = self._config.risk if peer == self._risk else self._config.monitor
            self._runtime.set_timer(waits.reopen_interval_ns, peer)

    def on_timer(self, key: Hashable) -> None:
        if key == KNOCK:
            self._knock()
        elif key == CONFLATED:
            self._tell_portfolio(whole=False)
        else:
            assert isinstance(key, str)
            self._runtime.open(key)

    def _knock(self) -> None:
        """No leader has synced us, perhaps for want of anything to write on a stream that died with our last
        life.

        Hanging up, or being refused, ends such a stream on the leader's side too: it then opens a new one. Where one
        of this life stands its fills are on the way, however long they take, and would be lost.
        """
        for leader in self._leaders:
            if leader not in self._streams:
                self._runtime.open(leader)
                self._runtime.close(leader)
        self._runtime.set_timer(self._config.risk.sync_patience_ns, KNOCK)

    def on_durable(self, token: int) -> None:
        raise RuntimeError(f"positions: token {token} is durable, but positions write no file")

    def on_config(self, config: DeskConfig) -> None:
        self._config = config
