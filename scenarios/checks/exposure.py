"""Exposure, counting what is open at the venues, never passes a limit; nor does trading go on past the daily loss."""

from typing import Final

from msgspec import Struct

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import Record, Sent, TouchChanged, VenueAccepted, VenueClosed, VenueExecuted, VenueReplaced

LOSS_GRACE_NS: Final = 100_000_000
"""How long news of a loss may take to reach the gate: orders accepted within it were sent in good faith."""


class VenueBook(Struct):
    """One symbol, as the venues have it."""

    net_lots: int = 0
    cash: int = 0
    mark_half_ticks: int = 0
    buys: int = 0
    sells: int = 0
    worst_before: int = 0
    """What `worst_lots` was after the last execution or end of an order, or at the last acceptance judged."""

    @property
    def worst_lots(self) -> int:
        """The largest absolute position if all open orders of one side were executed."""
        return max(abs(self.net_lots + self.buys), abs(self.net_lots - self.sells))


class _Open(Struct):
    """What a venue has open under one ClOrdID."""

    book: VenueBook
    buy: bool
    lots: int = 0

    def rest(self, lots: int) -> None:
        """So many lots more, or less, are open."""
        self.lots += lots
        if self.buy:
            self.book.buys += lots
        else:
            self.book.sells += lots


class VenueFold:
    """Positions and open orders by symbol, from what the venues accepted, executed and closed."""

    def __init__(self, stage: Stage) -> None:
        self.books: dict[str, VenueBook] = {}
        self.moved = VenueBook()
        """The book that the latest record was about."""
        self._open: dict[tuple[str, str], _Open] = {}
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        watch_standing(trace, self._on_standing)
        trace.watch(self._on_replaced, VenueReplaced)
        trace.watch(self._on_closed, VenueClosed)

    def book(self, symbol: str) -> VenueBook:
        book = self.books.get(symbol)
        if book is None:
            book = self.books[symbol] = VenueBook()
        return book

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        self.moved = book = self.book(event.symbol)
        key = (event.venue, event.cl_ord_id)
        order = self._open.get(key)
        if order is None:
            order = self._open[key] = _Open(book, event.buy)
        order.rest(event.lots)

    def _on_standing(self, record: Record, change: Standing) -> None:
        self.moved = book = self.book(change.symbol)
        order = self._open.get((change.venue, change.cl_ord_id))
        if order is not None:
            order.rest(-change.lots)  # what was busted of an open order goes back to work
        book.net_lots += change.signed_lots
        book.cash += change.cash

    def _on_replaced(self, record: Record) -> None:
        event: VenueReplaced = record.event
        order = self._open.pop((event.venue, event.orig_cl_ord_id), None)
        if order is not None:
            self.moved = order.book
            order.rest(event.leaves_lots - order.lots)
            self._open[event.venue, event.cl_ord_id] = order

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        order = self._open.pop((event.venue, event.cl_ord_id), None)
        if order is not None:
            self.moved = order.book
            order.rest(-order.lots)


class _WithinPositionLimit:
    def __init__(self, stage: Stage, max_position_lots: int | None) -> None:
        # The fold watches first, so that it has seen the acceptance when we look.
        self._fold = VenueFold(stage)
        setting = stage.scenario.settings.desk.risk.max_position_lots
        self._limit = setting if max_position_lots is None else max_position_lots
        self._worst = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        worst = self._fold.moved.worst_lots
        if worst > self._worst:
            self._worst = worst
        if worst > self._limit:
            self._docket.violated(
                record,
                f"{event.symbol}: with {event.cl_ord_link_id} the position can reach {worst} lots, "
                f"the limit is {self._limit}",
            )

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"at most {self._worst} of {self._limit} lots, open orders included")


def exposure_within_limit(max_position_lots: int | None = None) -> Promise:
    """|position + open orders of one side| ≤ the position limit, by the venues' own books, at every acceptance.

    The limit is the setting `risk.max_position_lots`, unless another is stated.
    """
    name = "exposure stays within the position limit"
    return Promise(name, "safety", lambda stage: _WithinPositionLimit(stage, max_position_lots))


class _OrderSizeWithinLimit:
    def __init__(self, stage: Stage, max_order_lots: int | None) -> None:
        setting = stage.scenario.settings.desk.risk.max_order_lots
        self._limit = setting if max_order_lots is None else max_order_lots
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


def order_size_within_limit(max_order_lots: int | None = None) -> Promise:
    """No order leaves that is larger than the setting `risk.max_order_lots`, or than the limit that is stated."""
    name = "order size stays within the limit"
    return Promise(name, "safety", lambda stage: _OrderSizeWithinLimit(stage, max_order_lots))


class _LossLimitKept:
    """Past the daily loss (and a grace for the news), venues accept only what does not raise the exposure."""

    def __init__(self, stage: Stage) -> None:
        self._fold = VenueFold(stage)
        loss = stage.scenario.settings.desk.risk.max_daily_loss
        self._limited = [
            (self._fold.book(each.symbol), int(loss / each.unit_money)) for each in stage.floor.instruments
        ]
        self._past_since_ns: int | None = None
        self._docket = Docket()
        self._worst_share = 0.0
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._after, VenueExecuted)
        trace.watch(self._after, VenueClosed)

    def _after(self, record: Record) -> None:
        book = self._fold.moved
        book.worst_before = book.worst_lots

    def _on_touch(self, record: Record) -> None:
        touch: TouchChanged = record.event
        if not touch.bid_half_ticks or not touch.ask_half_ticks:
            return
        self._fold.book(touch.symbol).mark_half_ticks = (touch.bid_half_ticks + touch.ask_half_ticks) // 2
        share = self._loss_share()
        if share > self._worst_share:
            self._worst_share = share
        if share < 1.0:
            self._past_since_ns = None
        elif self._past_since_ns is None:
            self._past_since_ns = record.at_ns

    def _loss_share(self) -> float:
        """The day's loss as a share of the limit, over all symbols."""
        share = 0.0
        for book, limit in self._limited:
            share -= (book.cash + book.net_lots * book.mark_half_ticks) / limit
        return share

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        book = self._fold.moved
        before, worst = book.worst_before, book.worst_lots
        book.worst_before = worst
        since = self._past_since_ns
        if since is not None and record.at_ns - since > LOSS_GRACE_NS and worst > before:
            self._docket.violated(
                record,
                f"{event.cl_ord_link_id} raised the exposure in {event.symbol} to {worst} lots "
                f"{(record.at_ns - since) / 1e9:.1f} s after the daily loss was reached",
            )

    def ruling(self) -> Ruling:
        share = round(100 * max(self._worst_share, 0.0))
        return self._docket.ruling(f"the day's loss went to {share} % of its limit; nothing raised the exposure beyond")


def loss_limit_kept() -> Promise:
    """Once the daily loss is reached, no order that raises the exposure is accepted at a venue."""
    return Promise("past the daily loss only reducing orders pass", "safety", _LossLimitKept)
