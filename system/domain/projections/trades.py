"""Trade capture: one record for each execution, joined with its order and with the position that it made.

What reports need is known in four places: the venue says what was traded, the order says for whom, by whom and at
which market it was decided, positions say what it came to, and busts say that it did not happen. The journal has all of
it, so the capture is a projection like the others: dropped and folded anew, it is the same. What is written of it is
for readers elsewhere; nobody in the desk reads it back but to know how far it was written.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.events import (
    AnyEvent,
    FillQuarantined,
    OrderFilled,
    OrderSent,
    OrderSubmitted,
    TradeBusted,
    TradeCorrected,
)
from squall.system.domain.ids import ClOrdID, ExecID, Symbol, Venue
from squall.system.domain.projections.fills import FillRow, PositionRow
from squall.system.domain.projections.orders import OrderRow
from squall.system.domain.terms import HOUSE, Attribution


class Standing(Enum):
    """How an execution counts by now."""

    BOOKED = "booked"
    CORRECTED = "corrected"
    BUSTED = "busted"
    SET_ASIDE = "set aside"
    """It cannot be right, and is not booked; people look at it."""


class CapturedTrade(Struct, frozen=True, gc=False, array_like=True):
    """An execution. Lots have no sign; money is in half tick × lot; times are of the leader's wall clock."""

    # --- what the venue says ---
    exec_id: ExecID
    venue: Venue
    symbol: Symbol
    side: Side
    lots: int
    """As it counts now: 0 where it was busted or set aside."""
    price_half_ticks: int
    commission: int
    rested: bool
    """It added liquidity; otherwise it took."""
    standing: Standing
    first_lots: int
    """As it was reported first; 0 where a bust was all that was ever heard of it."""
    first_price_half_ticks: int
    amended_by: ExecID | None
    """The report of the last bust or correction."""
    # --- its order, as it stood then ---
    order_id: ClOrdID
    strategy: str
    attribution: Attribution
    actor: str
    """Who sent the order."""
    order_type: OrdType
    time_in_force: TimeInForce
    ordered_lots: int
    limit_price_half_ticks: int | None
    decision_twice_half_ticks: int
    """Twice the middle when it was decided on; 0: not known."""
    intended_ns: int
    submitted_ns: int
    sent_ns: int
    """When it last left for a venue."""
    booked_ns: int
    # --- what it came to ---
    position_lots: int
    """Of its strategy in its symbol, after this record's last change."""
    realised: int
    version: int
    """Of the journal, at this record's last change."""


class TradesWritten(Struct, frozen=True, gc=False, array_like=True):
    """A record of the file: what has changed since the one before it, up to this version of the journal."""

    version: int
    trades: tuple[CapturedTrade, ...]


_DECODER: Final = msgspec.msgpack.Decoder(TradesWritten)

encode_trades: Final[Callable[[TradesWritten], bytes]] = msgspec.msgpack.Encoder().encode


def decode_trades(data: bytes) -> TradesWritten:
    """The record that `encode_trades` was given; ValueError for anything else."""
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"trade capture: record is not of captured trades: {error}") from error


def read_trades(records: Iterable[bytes]) -> tuple[int, dict[ExecID, CapturedTrade]]:
    """Up to which version a file goes, and the last word on each execution in it."""
    version, trades = 0, dict[ExecID, CapturedTrade]()
    for data in records:
        written = decode_trades(data)
        version = max(version, written.version)
        for trade in written.trades:
            known = trades.get(trade.exec_id)
            if known is None or trade.version >= known.version:
                trades[trade.exec_id] = trade
    return version, trades


_CONCERNS: Final = frozenset((OrderSubmitted, OrderSent, OrderFilled, TradeBusted, TradeCorrected, FillQuarantined))
"""Every event of the desk comes this way, and most say nothing of executions."""


class Trades:
    """The day's executions, in order of arrival."""

    def __init__(self) -> None:
        self.rows: dict[ExecID, CapturedTrade] = {}
        self._orders: dict[ClOrdID, OrderSubmitted] = {}
        self._sent_ns: dict[ClOrdID, int] = {}
        self._fresh: dict[ExecID, None] = {}

    @property
    def unwritten(self) -> int:
        """How many records have changed since they were last taken to be written."""
        return len(self._fresh)

    def submitted(self, order_id: ClOrdID) -> OrderSubmitted | None:
        """The order as it came; None where the desk never took it."""
        return self._orders.get(order_id)

    def has_left(self, order_id: ClOrdID) -> bool:
        """Whether it was ever written to a venue's session."""
        return order_id in self._sent_ns

    def apply(
        self, version: int, event: AnyEvent, order: OrderRow | None, fill: FillRow | None, held: PositionRow | None
    ) -> None:
        """Fold the event of this version, given what stands after it: its order, the execution and the position that
        it has changed, if any."""
        if type(event) not in _CONCERNS:
            return
        match event:
            case OrderSubmitted():
                self._orders[event.cl_ord_id] = event
            case OrderSent():
                self._sent_ns[event.cl_ord_id] = event.at_ns
            case OrderFilled() if fill is not None and held is not None:
                self._keep(self._booked(version, event, order, held))
            case TradeBusted() | TradeCorrected() if fill is not None and held is not None:
                self._keep(self._amended(version, event, fill, held))
            case TradeBusted() if event.ref_exec_id not in self.rows:
                self._keep(self._unheard(version, event, order))
            case FillQuarantined() if event.exec_id not in self.rows:
                self._keep(self._set_aside(version, event, order))

    def fresh(self) -> tuple[CapturedTrade, ...]:
        """What has changed since this was last asked."""
        taken = tuple(self.rows[exec_id] for exec_id in self._fresh)
        self._fresh.clear()
        return taken

    def written_up_to(self, version: int) -> None:
        """What has changed by this version of the journal has been written by an earlier life."""
        self._fresh = {exec_id: None for exec_id in self._fresh if self.rows[exec_id].version > version}

    def _keep(self, row: CapturedTrade) -> None:
        self.rows[row.exec_id] = row
        self._fresh[row.exec_id] = None

    def _booked(self, version: int, event: OrderFilled, order: OrderRow | None, held: PositionRow) -> CapturedTrade:
        return replace(
            self._of_order(version, event, order, event.exec_id, event.venue),
            symbol=event.symbol,
            side=event.side,
            lots=event.lots,
            price_half_ticks=event.price_half_ticks,
            commission=event.commission,
            rested=event.rested,
            standing=Standing.BOOKED,
            first_lots=event.lots,
            first_price_half_ticks=event.price_half_ticks,
            position_lots=held.quantity_lots,
            realised=held.realised,
        )

    def _amended(
        self, version: int, event: TradeBusted | TradeCorrected, fill: FillRow, held: PositionRow
    ) -> CapturedTrade:
        return replace(
            self.rows[fill.exec_id],
            lots=fill.lots,
            price_half_ticks=fill.price_half_ticks,
            commission=fill.commission,
            standing=Standing.CORRECTED if fill.lots else Standing.BUSTED,
            amended_by=event.exec_id,
            position_lots=held.quantity_lots,
            realised=held.realised,
            version=version,
        )

    def _unheard(self, version: int, event: TradeBusted, order: OrderRow | None) -> CapturedTrade:
        row = self._of_order(version, event, order, event.ref_exec_id, event.venue)
        return replace(row, standing=Standing.BUSTED, amended_by=event.exec_id)

    def _set_aside(self, version: int, event: FillQuarantined, order: OrderRow | None) -> CapturedTrade:
        row = self._of_order(version, event, order, event.exec_id, event.venue)
        return replace(
            row,
            standing=Standing.SET_ASIDE,
            first_lots=event.lots,
            first_price_half_ticks=event.price_half_ticks,
        )

    def _of_order(
        self, version: int, event: AnyEvent, order: OrderRow | None, exec_id: ExecID, venue: Venue
    ) -> CapturedTrade:
        """A record of which only the order is known yet; nobody's, where the desk never took it."""
        asked = self._orders.get(event.cl_ord_id)
        return CapturedTrade(
            exec_id=exec_id,
            venue=venue,
            symbol=Symbol("") if order is None else order.symbol,
            side=Side.BUY if order is None else order.side,
            lots=0,
            price_half_ticks=0,
            commission=0,
            rested=False,
            standing=Standing.SET_ASIDE,
            first_lots=0,
            first_price_half_ticks=0,
            amended_by=None,
            order_id=event.cl_ord_id,
            strategy="" if asked is None else asked.strategy,
            attribution=HOUSE if asked is None else asked.attribution,
            actor="" if asked is None else asked.actor,
            order_type=OrdType.LIMIT if order is None else order.order_type,
            time_in_force=TimeInForce.DAY if order is None else order.time_in_force,
            ordered_lots=0 if order is None else order.quantity_lots,
            limit_price_half_ticks=None if order is None else order.limit_price_half_ticks,
            decision_twice_half_ticks=0 if asked is None else asked.decision_twice_half_ticks,
            intended_ns=0 if asked is None else asked.intended_ns,
            submitted_ns=0 if asked is None else asked.at_ns,
            sent_ns=self._sent_ns.get(event.cl_ord_id, 0),
            booked_ns=event.at_ns,
            position_lots=0,
            realised=0,
            version=version,
        )
