"""Exposure, counting what is open at the venues, never passes a limit; nor does trading go on past the daily loss."""

from typing import Final

from msgspec import Struct

from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import Record, Sent, TouchChanged, VenueAccepted, VenueClosed, VenueExecuted
from squall.system.domain.ids import Symbol

LOSS_GRACE_NS: Final = 100_000_000
"""How long news of a loss may take to reach the gate: orders accepted within it were sent in good faith."""


class _Book(Struct):
    """One symbol, as the venues have it."""

    net_lots: int = 0
    cash: int = 0
    mark_half_ticks: int = 0
    buys: int = 0
    sells: int = 0

    @property
    def worst_lots(self) -> int:
        """The largest absolute position if all open orders of one side were executed."""
        return max(abs(self.net_lots + self.buys), abs(self.net_lots - self.sells))


class _Fold:
    """Positions and open orders by symbol, from what the venues accepted, executed and closed."""

    def __init__(self, stage: Stage) -> None:
        self.books: dict[str, _Book] = {}
        self.open: dict[tuple[str, str], tuple[str, bool, int]] = {}
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)
        trace.watch(self._on_closed, VenueClosed)

    def book(self, symbol: str) -> _Book:
        return self.books.setdefault(symbol, _Book())

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        self._rest((event.venue, event.cl_ord_id), event.symbol, event.buy, event.lots)

    def _rest(self, key: tuple[str, str], symbol: str, buy: bool, lots: int) -> None:
        _, _, before = self.open.get(key, (symbol, buy, 0))
        self.open[key] = (symbol, buy, before + lots)
        book = self.book(symbol)
        if buy:
            book.buys += lots
        else:
            book.sells += lots

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        key = (event.venue, event.cl_ord_id)
        if key in self.open:
            self._rest(key, event.symbol, event.buy, -event.lots)
        book = self.book(event.symbol)
        signed = event.lots if event.buy else -event.lots
        book.net_lots += signed
        book.cash -= signed * event.price_half_ticks

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        entry = self.open.pop((event.venue, event.cl_ord_id), None)
        if entry is not None:
            symbol, buy, lots = entry
            self._rest(("", ""), symbol, buy, -lots)
            del self.open["", ""]


class _WithinPositionLimit:
    def __init__(self, stage: Stage) -> None:
        # The fold watches first, so that it has seen the acceptance when we look.
        self._fold = _Fold(stage)
        self._limit = stage.scenario.settings.desk.risk.max_position_lots
        self._worst = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        worst = self._fold.book(event.symbol).worst_lots
        self._worst = max(self._worst, worst)
        if worst > self._limit:
            self._docket.violated(
                record,
                f"{event.symbol}: with {event.cl_ord_link_id} the position can reach {worst} lots, "
                f"the limit is {self._limit}",
            )

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"at most {self._worst} of {self._limit} lots, open orders included")


def exposure_within_limit() -> Promise:
    """|position + open orders of one side| ≤ the position limit, by the venues' own books, at every acceptance."""
    return Promise("exposure stays within the position limit", "safety", _WithinPositionLimit)


class _OrderSizeWithinLimit:
    def __init__(self, stage: Stage) -> None:
        self._limit = stage.scenario.settings.desk.risk.max_order_lots
        self._largest = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_order, Sent, NewOrderSingle)

    def _on_order(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        self._largest = max(self._largest, order.quantity_lots)
        if order.quantity_lots > self._limit:
            detail = f"{order.cl_ord_id} left with {order.quantity_lots} lots, the limit is {self._limit}"
            self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"the largest order was {self._largest} of {self._limit} lots")


def order_size_within_limit() -> Promise:
    """No order leaves that is larger than the limit."""
    return Promise("order size stays within the limit", "safety", _OrderSizeWithinLimit)


class _LossLimitKept:
    """Past the daily loss (and a grace for the news), venues accept only what does not raise the exposure."""

    def __init__(self, stage: Stage) -> None:
        self._fold = _Fold(stage)
        self._worst_before: dict[str, int] = {}
        self._limit = {
            i.symbol: int(stage.scenario.settings.desk.risk.max_daily_loss / i.unit_money)
            for i in stage.wiring.instruments
        }
        self._past_since_ns: int | None = None
        self._docket = Docket()
        self._worst_share = 0.0
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._after, VenueExecuted)
        trace.watch(self._after, VenueClosed)

    def _after(self, record: Record) -> None:
        book = self._fold.book(record.event.symbol) if type(record.event) is VenueExecuted else None
        if book is not None:
            self._worst_before[record.event.symbol] = book.worst_lots
        else:
            for symbol, each in self._fold.books.items():
                self._worst_before[symbol] = each.worst_lots

    def _on_touch(self, record: Record) -> None:
        touch: TouchChanged = record.event
        if not touch.bid_half_ticks or not touch.ask_half_ticks:
            return
        self._fold.book(touch.symbol).mark_half_ticks = (touch.bid_half_ticks + touch.ask_half_ticks) // 2
        share = self._loss_share()
        self._worst_share = max(self._worst_share, share)
        if share < 1.0:
            self._past_since_ns = None
        elif self._past_since_ns is None:
            self._past_since_ns = record.at_ns

    def _loss_share(self) -> float:
        """The day's loss as a share of the limit, over all symbols."""
        return sum(
            -(book.cash + book.net_lots * book.mark_half_ticks) / self._limit[Symbol(symbol)]
            for symbol, book in self._fold.books.items()
            if Symbol(symbol) in self._limit
        )

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        worst = self._fold.book(event.symbol).worst_lots
        before = self._worst_before.get(event.symbol, 0)
        self._worst_before[event.symbol] = worst
        since = self._past_since_ns
        if since is not None and record.at_ns - since > LOSS_GRACE_NS and worst > before:
            self._docket.violated(
                record,
                f"{event.cl_ord_link_id} raised the exposure in {event.symbol} to {worst} lots "
                f"{(record.at_ns - since) / 1e9:.1f} s after the daily loss was reached",
            )

    def ruling(self) -> Ruling:
        share = round(100 * max(self._worst_share, 0.0))
        return self._docket.ruling(
            f"the day's loss went to {share} % of its limit; nothing raised the exposure beyond"
        )


def loss_limit_kept() -> Promise:
    """Once the daily loss is reached, no order that raises the exposure is accepted at a venue."""
    return Promise("past the daily loss only reducing orders pass", "safety", _LossLimitKept)
