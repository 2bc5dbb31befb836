"""The one gate: every order is judged here, in whole numbers, against all that is held, in flight, known and switched.

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
from squall.system.domain.ids import ClOrdID, Epoch, Symbol
from squall.system.domain.limits.books import Book, Reservation
from squall.system.domain.limits.checks import OF_FLIGHT, Question, Scale, position_checks, price_checks
from squall.system.domain.limits.flow import Flow, content_of
from squall.system.domain.limits.portfolio import Portfolio
from squall.system.domain.messages import (
    CheckOrder,
    CheckReplace,
    Denial,
    DenyReason,
    OpenOrder,
    PositionChanged,
    PositionsTold,
    ReleaseOrder,
    SyncRisk,
    Tick,
)
from squall.system.domain.switches import NO_SWITCHES, Scope, Switch, Switches, TradingState
from squall.system.wiring import DAY_NS, Instrument


class Answer(Struct, frozen=True, gc=False):
    """No denials means approved, and reserved."""

    denials: tuple[Denial, ...] = ()
    for_flight_alone: bool = False
    """Denied, and would have been approved had nothing been in flight."""
    reduces: bool = False
    """Approved, and were all filled that is in flight on its side, it would only bring the position nearer to zero."""


APPROVED: Final = Answer()
REDUCES: Final = Answer(reduces=True)
UNKNOWN_SYMBOL: Final = Answer((Denial(DenyReason.NO_MARK, 0, 0),))


class Gate:
    """Answers questions about orders; fed by fills, ends of orders and marks. Keeps open orders only."""

    def __init__(self, limits: RiskConfig, instruments: tuple[Instrument, ...]) -> None:
        self._limits = limits
        ratios = [instrument.unit_money.as_integer_ratio() for instrument in instruments]
        self._scale_of_money = lcm(*(denominator for _, denominator in ratios))
        self._scale = Scale.of(limits, 2 * self._scale_of_money)
        self._portfolio = Portfolio(limits.count_in_flight)
        self._books: dict[Symbol, Book] = {
            instrument.symbol: Book(instrument, numerator * (self._scale_of_money // denominator), self._portfolio)
            for instrument, (numerator, denominator) in zip(instruments, ratios, strict=True)
        }
        self._flow = Flow()
        self._switches = NO_SWITCHES
        self._tripped: dict[str, None] = {}
        """Strategies that the throttle has stopped, until the OMS says that it has written it down."""
        self._open: dict[ClOrdID, Reservation] = {}
        self._denied: dict[ClOrdID, Answer] = {}
        """The latest denials, as many as questions may wait: whoever asks again is told the same."""
        self._early: dict[ClOrdID, int] = {}
        """Lots booked for orders that no leader has told of yet; empty once the gate is ready."""
        self._highest = Epoch(0)
        self._synced = Epoch(0)
        self._told: Epoch | None = None
        self._ready = False

    # --- what it knows ---

    @property
    def limits(self) -> RiskConfig:
        """What holds for the next question."""
        return self._limits

    @limits.setter
    def limits(self, limits: RiskConfig) -> None:
        recount = limits.count_in_flight != self._limits.count_in_flight
        self._limits = limits
        self._scale = Scale.of(limits, 2 * self._scale_of_money)
        if recount:
            self._portfolio.count(self._books.values(), limits.count_in_flight)

    def on_reference(self, instruments: tuple[Instrument, ...]) -> None:
        """Their entries are these now. What a lot is worth stays as it was when the books were opened."""
        for instrument in instruments:
            self._books[instrument.symbol].enter(instrument)
        self._portfolio.count(self._books.values(), self._limits.count_in_flight)

    @property
    def open_orders(self) -> int:
        """How many orders are reserved."""
        return len(self._open)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What it may be asked about."""
        return tuple(self._books)

    @property
    def tripped(self) -> tuple[str, ...]:
        """Strategies that it has stopped by itself, and of which no leader has said yet that it knows."""
        return tuple(self._tripped)

    @property
    def peak(self) -> int:
        """The highest profit that the desk has had, in whole units of currency, rounded down."""
        return self._portfolio.peak_profit // self._scale.unit

    def remember_peak(self, profit: int) -> None:
        """In an earlier life the desk had a profit of so many units of currency."""
        self._portfolio.peak_profit = max(self._portfolio.peak_profit, profit * self._scale.unit)

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

    @property
    def ready(self) -> bool:
        """Whether some leader's questions can be answered."""
        return self._ready

    @property
    def blind(self) -> tuple[Symbol, ...]:
        """Symbols without a mark: what their orders are worth nobody knows."""
        return tuple(symbol for symbol, book in self._books.items() if not book.twice_mark)

    def ready_for(self, epoch: Epoch) -> bool:
        """Whether this leader's open orders are known, and positions that hold all fills that it knew of."""
        return self._ready and epoch == self._synced

    # --- questions ---

    def check(self, order: CheckOrder, now_ns: int, wall_ns: int) -> Answer:
        """Approve and reserve, or deny and name every limit passed. Asked again, it answers the same.

        Were what was denied approved on a second asking, its lots would be in flight for ever: to the OMS, which has
        the first answer, the order is over.

        *now_ns* is a clock that does not step back, *wall_ns* the one that calendars go by.
        """
        book = self._books.get(order.symbol)
        if book is None:
            return UNKNOWN_SYMBOL
        held = self._open.get(order.cl_ord_id)
        if held is not None:
            if (held.book, held.side, held.quantity_lots) != (book, order.side, order.quantity_lots):
                return Answer((Denial(DenyReason.DUPLICATE, order.quantity_lots, held.quantity_lots),))
            held.listed = True
            return REDUCES if held.reduces else APPROVED
        denied = self._denied.get(order.cl_ord_id)
        if denied is not None:
            return denied
        lots = order.quantity_lots
        asked = Question(order.side, lots, lots, order.price_half_ticks)
        denials = self._denials(book, asked, order.strategy, order.client, None, now_ns, wall_ns)
        content = content_of(order)
        denials += self._flow.checks(order, content, self._limits, now_ns)
        if denials:
            return self._denies(order.cl_ord_id, Answer(tuple(denials), self._for_flight_alone(book, asked, denials)))
        self._flow.approved(order, content, now_ns)
        reduces = lots <= self._room(book, order.side)
        held = self._reserve(order.cl_ord_id, book, order.side, lots, 0, order.strategy)
        held.reduces = reduces
        return REDUCES if reduces else APPROVED

    def _denies(self, cl_ord_id: ClOrdID, answer: Answer) -> Answer:
        denied = self._denied
        denied[cl_ord_id] = answer
        if len(denied) > self._limits.max_waiting:
            del denied[next(iter(denied))]
        return answer

    def check_replace(self, order: CheckReplace, now_ns: int, wall_ns: int) -> Answer:
        """May an order that is in flight be for so many lots instead? Only the increase is newly reserved.

        A decrease frees nothing: until the venue has confirmed it (`on_resized`), all of it may still be filled.
        """
        held = self._open.get(order.cl_ord_id)
        lots = order.quantity_lots
        if held is None:
            return Answer((Denial(DenyReason.NOT_IN_FLIGHT, lots, 0),))
        if order.replace_id == held.replace_id:
            return APPROVED  # it is asked again
        lowers = lots < held.quantity_lots
        added = max(lots - held.quantity_lots, 0)
        asked = Question(held.side, lots, added, order.price_half_ticks, lowers)
        denials = self._denials(held.book, asked, held.strategy, order.client, order.venue, now_ns, wall_ns)
        symbol = held.book.instrument.symbol
        denials += self._flow.checks_change(held.strategy, symbol, lots, lowers, self._limits, now_ns)
        if denials:
            return Answer(tuple(denials), self._for_flight_alone(held.book, asked, denials))
        self._flow.approved_change(now_ns)
        held.replace_id = order.replace_id
        held.quantity_lots += added
        held.expect(held.expected_lots + added, held.booked_lots)
        return APPROVED

    def on_resized(self, cl_ord_id: ClOrdID, quantity_lots: int) -> None:
        """The venue has replaced the order, or refused to: it is for so many lots, whatever was asked for."""
        held = self._open.get(cl_ord_id)
        if held is not None and not held.ended:
            held.replace_id = ""
            held.quantity_lots = quantity_lots
            held.expect(quantity_lots, held.booked_lots)

    def _denials(
        self, book: Book, asked: Question, strategy: str, client: str, venue: str | None, now_ns: int, wall_ns: int
    ) -> list[Denial]:
        limits = self._limits
        sums = self._portfolio.refresh()
        denials = position_checks(book, asked, limits, self._scale, self._portfolio, sums, limits.count_in_flight)
        if limits.price_collar:
            price_checks(denials, book, asked, limits, now_ns)
        instrument = book.instrument
        if instrument.restricted and limits.restricted_list:
            denials.append(Denial(DenyReason.RESTRICTED, asked.lots, 0))
        if book.has_hours and not instrument.in_session(wall_ns):
            denials.append(Denial(DenyReason.OUT_OF_SESSION, wall_ns % DAY_NS, instrument.opens_ns))
        if self._switches.any or self._tripped:
            denials += self._switched_off(book, asked, strategy, client, venue)
        return denials

    def _switched_off(self, book: Book, asked: Question, strategy: str, client: str, venue: str | None) -> list[Denial]:
        state = self._switches.state_of(strategy, book.instrument.symbol, client, venue)
        if strategy in self._tripped or state.ends_trading:
            return [Denial(DenyReason.HALTED, asked.lots, 0)]
        if state is TradingState.REDUCING and not asked.lowers:
            room = self._room(book, asked.side)
            if asked.added_lots > room:
                return [Denial(DenyReason.REDUCING_ONLY, asked.added_lots, max(room, 0))]
        return []

    @staticmethod
    def _room(book: Book, side: Side) -> int:
        """How many lots more on this side still reduce, were all filled that is in flight on it; below 0: none."""
        return -book.net_lots - book.buying_lots if side is Side.BUY else book.net_lots - book.selling_lots

    def _for_flight_alone(self, book: Book, asked: Question, denials: list[Denial]) -> bool:
        if not self._limits.count_in_flight or any(denial.reason not in OF_FLIGHT for denial in denials):
            return False
        landed = self._portfolio.landed(self._books.values())
        return not position_checks(book, asked, self._limits, self._scale, self._portfolio, landed, False)

    # --- news ---

    def on_tick(self, tick: Tick, now_ns: int) -> None:
        """The middle of the freshest whole touch, of whichever venue, is the mark."""
        book = self._books.get(tick.symbol)
        if book is None:
            return
        if tick.stale:
            book.seqs.pop(tick.venue, None)  # the venue may begin to count from 1 again
            return
        if not tick.bid_lots or not tick.ask_lots:
            return
        if tick.seq < book.seqs.get(tick.venue, 0):
            return  # a datagram that was overtaken
        book.seqs[tick.venue] = tick.seq
        book.mark(tick.bid_half_ticks + tick.ask_half_ticks, now_ns, self._limits.collar_window_ns)
        book.changed()
        if book.net_lots:
            self._portfolio.refresh()  # the peak may have been now

    def on_fill(self, fill: PositionChanged, now_ns: int) -> str | None:
        """The position moves and the flight shrinks, in one step. Whom the throttle stops for it, if anybody."""
        book = self._books[fill.symbol]
        if fill.number <= book.number:
            return None  # it was in what we have been told as a whole
        book.net_lots, book.cash_flow, book.number = fill.net_lots, fill.cash_flow, fill.number
        book.changed()
        held = self._open.get(fill.cl_ord_id)
        stopped = None
        if held is not None:
            held.expect(held.expected_lots, held.booked_lots + fill.fill_lots)
            self._drop_if_over(fill.cl_ord_id, held)
            if fill.fill_lots > 0:  # a bust is no execution
                stopped = self._stopped(held, now_ns)
        elif not self._ready:
            self._early[fill.cl_ord_id] = self._early.get(fill.cl_ord_id, 0) + fill.fill_lots
        self._portfolio.refresh()
        return stopped

    def _stopped(self, held: Reservation, now_ns: int) -> str | None:
        limits, strategy = self._limits, held.strategy
        if not limits.repeat_throttle or strategy in self._tripped:
            return None
        symbol, buys = held.book.instrument.symbol, held.side is Side.BUY
        if not self._flow.filled(strategy, symbol, buys, limits, now_ns):
            return None
        if self._switches.of(Scope.STRATEGY, strategy) is TradingState.HALTED:
            return None
        self._tripped[strategy] = None
        return strategy

    def on_switches(self, switches: tuple[Switch, ...]) -> None:
        """The leader's word for what is switched off. What it knows of our own trips it has written down."""
        self._switches = Switches(switches)
        for strategy in self.tripped:
            if self._switches.of(Scope.STRATEGY, strategy) is TradingState.HALTED:
                del self._tripped[strategy]

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
            book.changed()
        booked = {order.cl_ord_id: order.lots for order in told.orders}
        self._told = told.epoch
        for cl_ord_id, held in list(self._open.items()):
            held.expect(held.expected_lots, booked.get(cl_ord_id, 0))
            if not held.listed and told.epoch >= self._synced:
                held.ended = True
                held.expect(held.booked_lots, held.booked_lots)
            self._drop_if_over(cl_ord_id, held)
        self._portfolio.refresh()
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
        self.on_switches(sync.switches)
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
            self._reserve(order.cl_ord_id, book, order.side, order.quantity_lots, booked, order.strategy)
            return order.cum_lots > 0
        held.listed, held.ended, held.replace_id = True, False, ""
        held.quantity_lots = order.quantity_lots
        held.expect(order.quantity_lots, held.booked_lots)
        return False

    # --- bookkeeping ---

    def _reserve(
        self, cl_ord_id: ClOrdID, book: Book, side: Side, lots: int, booked_lots: int, strategy: str
    ) -> Reservation:
        self._open[cl_ord_id] = held = Reservation(book, side, lots, strategy)
        held.expect(lots, booked_lots)
        return held

    def _drop_if_over(self, cl_ord_id: ClOrdID, held: Reservation) -> None:
        if held.ended and held.booked_lots >= held.expected_lots:
            del self._open[cl_ord_id]

    def _become_ready(self) -> None:
        if self._synced and self._told is not None and self._told >= self._synced:
            self._ready = True
            self._early = {}
