"""The one gate: order size, position with all that is in flight, and the day's loss, judged in whole numbers.

What is *in flight* is what an approved order may still add to the position: its quantity, less the fills that
the position already holds. It is freed lot by lot as the positions tell of fills, in the same step in which
the position moves; when an order ends, what it never filled is freed at once, and the rest when its last
fills have been told. So no lot is ever missing from the sum of position and flight, in whatever order the
news arrives.
"""

from math import lcm
from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.config import RiskConfig
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    CheckOrder,
    Denial,
    DenyReason,
    OpenOrder,
    PositionChanged,
    PositionsTold,
    ReleaseOrder,
    SyncRisk,
    Tick,
)
from squall.system.wiring import Instrument


class Answer(Struct, frozen=True, gc=False):
    """No denials means approved, and reserved."""

    denials: tuple[Denial, ...] = ()
    for_flight_alone: bool = False
    """Denied, and would have been approved had nothing been in flight."""


APPROVED: Final = Answer()
UNKNOWN_SYMBOL: Final = Answer((Denial(DenyReason.NO_MARK, 0, 0),))


class Book:
    """What the gate knows of one symbol. Lots in flight are positive on both sides."""

    __slots__ = (
        "buying_lots",
        "cash_flow",
        "net_lots",
        "number",
        "selling_lots",
        "seqs",
        "twice_mark",
        "weight",
    )

    def __init__(self, weight: int) -> None:
        self.weight = weight
        """Worth of a half tick × lot, in the gate's smallest unit of money."""
        self.net_lots = 0
        self.cash_flow = 0
        self.number = 0
        self.buying_lots = 0
        self.selling_lots = 0
        self.twice_mark = 0
        """Bid plus ask, in half ticks: twice the middle is always whole. 0 where there is no mark yet."""
        self.seqs: dict[Venue, int] = {}


class Reservation:
    """An approved order, for as long as it may still move the position."""

    __slots__ = (
        "book",
        "booked_lots",
        "ended",
        "expected_lots",
        "in_flight_lots",
        "listed",
        "quantity_lots",
        "side",
    )

    def __init__(self, book: Book, side: Side, quantity_lots: int) -> None:
        self.book = book
        self.side = side
        self.quantity_lots = quantity_lots
        self.expected_lots = 0
        """What it will have filled at most: the quantity, or what it had filled when it ended."""
        self.booked_lots = 0
        self.in_flight_lots = 0
        self.ended = False
        self.listed = True
        """False: the present leader does not list it, yet its last fills may be on their way."""

    def expect(self, expected_lots: int, booked_lots: int) -> None:
        """Move what is in flight to what is expected and not yet booked, here and in the book."""
        self.expected_lots = expected_lots
        self.booked_lots = booked_lots
        left = max(expected_lots - booked_lots, 0)
        if self.side is Side.BUY:
            self.book.buying_lots += left - self.in_flight_lots
        else:
            self.book.selling_lots += left - self.in_flight_lots
        self.in_flight_lots = left


class Gate:
    """Answers questions about orders; fed by fills, ends of orders and marks. Keeps open orders only."""

    def __init__(self, limits: RiskConfig, instruments: tuple[Instrument, ...]) -> None:
        self.limits = limits
        ratios = [instrument.unit_money.as_integer_ratio() for instrument in instruments]
        self._scale = lcm(*(denominator for _, denominator in ratios))
        self._books: dict[Symbol, Book] = {
            instrument.symbol: Book(numerator * (self._scale // denominator))
            for instrument, (numerator, denominator) in zip(instruments, ratios, strict=True)
        }
        self._open: dict[ClOrdID, Reservation] = {}
        self._early: dict[ClOrdID, int] = {}
        """Lots booked for orders that no leader has told of yet; empty once the gate is ready."""
        self._highest = Epoch(0)
        self._synced = Epoch(0)
        self._told: Epoch | None = None
        self._ready = False

    # --- what it knows ---

    @property
    def open_orders(self) -> int:
        """How many orders are reserved."""
        return len(self._open)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What it may be asked about."""
        return tuple(self._books)

    def net_lots(self, symbol: Symbol) -> int:
        return self._books[symbol].net_lots

    def in_flight(self, symbol: Symbol) -> tuple[int, int]:
        """Lots that are still to be bought and to be sold, at most."""
        book = self._books[symbol]
        return book.buying_lots, book.selling_lots

    def heeds(self, epoch: Epoch) -> bool:
        """Whether a leader of this epoch is to be listened to: none above it has been heard."""
        if epoch < self._highest:
            return False
        self._highest = epoch
        return True

    def ready_for(self, epoch: Epoch) -> bool:
        """Whether this leader's open orders are known, and positions that hold all fills that it knew of."""
        return self._ready and epoch == self._synced

    # --- questions ---

    def check(self, order: CheckOrder) -> Answer:
        """Approve and reserve, or deny and name every limit passed. Asked again, it answers the same."""
        book = self._books.get(order.symbol)
        if book is None:
            return UNKNOWN_SYMBOL
        held = self._open.get(order.cl_ord_id)
        if held is not None:
            if (held.book, held.side, held.quantity_lots) != (book, order.side, order.quantity_lots):
                return Answer((Denial(DenyReason.DUPLICATE, order.quantity_lots, held.quantity_lots),))
            held.listed = True
            return APPROVED
        counting = self.limits.count_in_flight
        denials = self._denials(book, order.side, order.quantity_lots, counting)
        if denials:
            alone = counting and not self._denials(book, order.side, order.quantity_lots, False)
            return Answer(denials, alone)
        self._reserve(order.cl_ord_id, book, order.side, order.quantity_lots, 0)
        return APPROVED

    def _denials(self, book: Book, side: Side, lots: int, counting: bool) -> tuple[Denial, ...]:
        """*worst* is the position when all on the order's own side fills and nothing on the other.

        An order reduces if even then it only brings the position nearer to zero, and not across.
        """
        limits = self.limits
        if side is Side.BUY:
            worst = book.net_lots + lots + (book.buying_lots if counting else 0)
            beyond, reduces = worst > limits.max_position_lots, worst <= 0
        else:
            worst = book.net_lots - lots - (book.selling_lots if counting else 0)
            beyond, reduces = worst < -limits.max_position_lots, worst >= 0
        denials = []
        if lots <= 0 or (limits.hard_block and lots > limits.max_order_lots):
            denials.append(Denial(DenyReason.ORDER_SIZE, lots, limits.max_order_lots))
        if beyond:
            denials.append(Denial(DenyReason.POSITION_LIMIT, worst, side.sign * limits.max_position_lots))
        if limits.loss_limit and not reduces:
            loss = self._loss_denial()
            if loss is not None:
                denials.append(loss)
        return tuple(denials)

    def _loss_denial(self) -> Denial | None:
        """Past the day's loss, or unable to tell: a position without a mark has an unknown worth."""
        profit = 0
        for book in self._books.values():
            if book.net_lots and not book.twice_mark:
                return Denial(DenyReason.NO_MARK, book.net_lots, 0)
            profit += (2 * book.cash_flow + book.net_lots * book.twice_mark) * book.weight
        unit = 2 * self._scale
        if profit > -self.limits.max_daily_loss * unit:
            return None
        # In whole currency units; rounded down, so that a loss never looks smaller than it is.
        return Denial(DenyReason.DAILY_LOSS, profit // unit, -self.limits.max_daily_loss)

    # --- news ---

    def on_tick(self, tick: Tick) -> None:
        """The middle of the freshest whole touch, of whichever venue, is the mark."""
        book = self._books.get(tick.symbol)
        if book is None or tick.stale or not tick.bid_lots or not tick.ask_lots:
            return
        if tick.seq < book.seqs.get(tick.venue, 0):
            return  # a datagram that was overtaken
        book.seqs[tick.venue] = tick.seq
        book.twice_mark = tick.bid_half_ticks + tick.ask_half_ticks

    def on_fill(self, fill: PositionChanged) -> None:
        """The position moves and the flight shrinks, in one step."""
        book = self._books[fill.symbol]
        if fill.number <= book.number:
            return  # it was in what we have been told as a whole
        book.net_lots, book.cash_flow, book.number = fill.net_lots, fill.cash_flow, fill.number
        held = self._open.get(fill.cl_ord_id)
        if held is not None:
            held.expect(held.expected_lots, held.booked_lots + fill.fill_lots)
            self._drop_if_over(fill.cl_ord_id, held)
        elif not self._ready:
            self._early[fill.cl_ord_id] = self._early.get(fill.cl_ord_id, 0) + fill.fill_lots

    def on_release(self, release: ReleaseOrder) -> None:
        """The order has ended; it is over once the positions have told of all that it filled."""
        held = self._open.get(release.cl_ord_id)
        if held is None:
            return
        held.ended = held.listed = True
        held.expect(release.cum_lots, held.booked_lots)
        self._drop_if_over(release.cl_ord_id, held)

    def on_told(self, told: PositionsTold) -> None:
        """Take the positions as told, and from each order what they hold of it."""
        states = {state.symbol: state for state in told.states}
        for symbol, book in self._books.items():
            state = states.get(symbol)
            book.net_lots = state.net_lots if state else 0
            book.cash_flow = state.cash_flow if state else 0
            book.number = state.number if state else 0
        booked = {order.cl_ord_id: order.lots for order in told.orders}
        self._told = told.epoch
        for cl_ord_id, held in list(self._open.items()):
            held.expect(held.expected_lots, booked.get(cl_ord_id, 0))
            if not held.listed and told.epoch >= self._synced:
                held.ended = True
                held.expect(held.booked_lots, held.booked_lots)
            self._drop_if_over(cl_ord_id, held)
        if not self._ready:
            self._early = booked
            self._become_ready()

    def on_sync(self, sync: SyncRisk) -> bool:
        """Take the leader's word for what is in flight. True where the positions must tell all anew.

        An order that is no longer listed has ended, or never began; since its last fills may not have reached
        the positions yet, it stays counted until they have been synced by this leader. An order that ended
        before stays until its fills have been told. An order that is news to us counts whole until the
        positions have told what they hold of it. All three count too much for a moment, never too little.
        """
        self._synced = sync.epoch
        for held in self._open.values():
            held.listed = held.ended
        unsure = False
        for order in sync.open_orders:
            unsure |= self._take(order)
        for held in self._open.values():
            unsure |= not held.listed
        if not self._ready:
            self._become_ready()
            return False
        return unsure

    def _take(self, order: OpenOrder) -> bool:
        """One order of the leader's list; True where the gate cannot know what the positions hold of it."""
        held = self._open.get(order.cl_ord_id)
        if held is None:
            booked = self._early.get(order.cl_ord_id, 0)
            book = self._books[order.symbol]
            self._reserve(order.cl_ord_id, book, order.side, order.quantity_lots, booked)
            return order.cum_lots > 0
        held.listed, held.ended = True, False
        held.expect(order.quantity_lots, held.booked_lots)
        return False

    # --- bookkeeping ---

    def _reserve(self, cl_ord_id: ClOrdID, book: Book, side: Side, lots: int, booked_lots: int) -> None:
        self._open[cl_ord_id] = held = Reservation(book, side, lots)
        held.expect(lots, booked_lots)

    def _drop_if_over(self, cl_ord_id: ClOrdID, held: Reservation) -> None:
        if held.ended and held.booked_lots >= held.expected_lots:
            del self._open[cl_ord_id]

    def _become_ready(self) -> None:
        if self._synced and self._told is not None and self._told >= self._synced:
            self._ready = True
            self._early = {}
