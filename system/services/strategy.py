"""Means to trade as its workload says, at the intended times, and has its orders submitted."""

from collections import deque
from collections.abc import Hashable
from typing import Final

from squall.sim.exchange.wire.messages import Side
from squall.system.config import MILLISECOND, DeskConfig
from squall.system.domain.claims import ProtectionActed, SignalDropped
from squall.system.domain.collar import Collar, participation_lots
from squall.system.domain.desk_book import is_news
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import Leading, OrderTaken, SubmitOrder, Tick
from squall.system.domain.reference import corrected
from squall.system.domain.signals import (
    BestTouch,
    Draws,
    DropReason,
    Schedule,
    Workload,
    best_touch,
    order_name,
    pulse_ns,
    rests,
    reversion_side,
    shape_amendment,
    shape_child,
    shape_order,
)
from squall.system.runtime import Address, Runtime
from squall.system.services import diary
from squall.system.services.diary import NumbersReserved, PulseReached, Started
from squall.system.services.submission import Submission
from squall.system.wiring import Instrument, Wiring

DIARY_INTERVAL_NS: Final = 1_000 * MILLISECOND
"""How often the strategy writes down how far it is: so exact is its count of what a restart has cost."""
NUMBERS_RESERVED: Final = 1_000
"""Order numbers are reserved so many at a time, where it is not the clock that gives them."""

_PULSE: Final = "pulse"
_CANCEL: Final = "cancel"
_AMEND: Final = "amend"

StrategyMessage = Tick | OrderTaken | Leading


class Strategy:
    """Open-loop: the schedule does not wait for anyone, and an order that is late keeps its intended time.

    The schedule is that of the strategy's first life. What falls due while its host is down is not made up for:
    it is counted as dropped. Orders that went out are in the diary, so that a later life sees to them.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring, workload: Workload) -> None:
        self._runtime = runtime
        self._config = config.strategy
        self._wiring = wiring
        self._workload = workload
        self._instruments: tuple[Instrument, ...] = corrected(wiring.instruments, config.reference.entries)
        self._by_symbol = {instrument.symbol: instrument for instrument in self._instruments}
        self._ticks: dict[Symbol, dict[Venue, Tick]] = {symbol: {} for symbol in self._by_symbol}

        self._started_ns = 0
        self._pulse = 0
        self._pulse_due_ns = 0
        self._noted_ns = 0
        """When the diary last heard how far we are."""
        self._fresh_ticks: dict[Symbol, int] = dict.fromkeys(self._by_symbol, 0)
        self._numbers: dict[Symbol, int] = dict.fromkeys(self._by_symbol, 0)
        self._reserved: dict[Symbol, int] = dict.fromkeys(self._by_symbol, 0)
        self._touch_before: dict[Symbol, BestTouch] = {}
        self._sent_ns: dict[Symbol, int] = {}
        """When ticks last made an order of a symbol."""
        self._pools = {symbol: route.venue for route in wiring.venues if route.dark for symbol in route.symbols}
        algorithm = Side.BUY if workload.buy_share else Side.SELL
        self._collars = {symbol: Collar(algorithm) for symbol in self._by_symbol}
        self._traded_lots: dict[Symbol, int] = dict.fromkeys(self._by_symbol, 0)
        """The volume of all venues in this life."""
        self._meant_lots: dict[Symbol, int] = dict.fromkeys(self._by_symbol, 0)
        """What an execution algorithm has meant to trade of it so far."""

        self._submission = Submission(runtime, config.strategy, wiring.oms, diary.FILE)
        self._resting: deque[tuple[int, ClOrdID]] = deque()
        """Taken orders to be cancelled, and at which monotonic time: sorted, since all rest equally long."""
        self._amending: deque[tuple[int, SubmitOrder]] = deque()
        """Taken orders to be amended, likewise. A later life of ours forgets them: nobody misses an amendment."""
        self.dropped: dict[DropReason, int] = dict.fromkeys(DropReason, 0)

    @property
    def leader(self) -> tuple[Epoch, Address | None]:
        """The highest epoch heard of, and where it is to be reached now."""
        return self._submission.leader

    @property
    def waiting(self) -> tuple[ClOrdID, ...]:
        """Orders that no OMS has taken yet."""
        return self._submission.waiting

    def on_start(self) -> None:
        runtime = self._runtime
        past = diary.read(runtime)
        if past.started_ns is None:
            past.started_ns = runtime.monotonic_ns
            self._submission.remember(Started(past.started_ns))
        self._started_ns = self._noted_ns = past.started_ns
        self._submission.on_start(past.unsettled.open.values(), past.unsettled.withdrawn)
        if self._workload.schedule is Schedule.ON_TICK:
            for symbol in self._by_symbol:
                self._numbers[symbol] = past.numbers.get(symbol, 0)
                self._reserve(symbol)
        elif self._instruments:
            since_ns = runtime.monotonic_ns - self._started_ns
            self._pulse_due_ns = self._next_pulse_ns(0)
            self._skip(since_ns, past.pulse)
            self._await_pulse(since_ns)

    def on_message(self, sender: Address, message: StrategyMessage) -> None:
        match message:
            case Tick():
                self._on_tick(message)
            case OrderTaken():
                self._on_taken(message.cl_ord_id)
            case Leading():
                self._submission.on_leading(sender, message)
            case _:
                raise TypeError(f"strategy: found {type(message).__name__}, expected {StrategyMessage}")

    # --- signals: the clock's ---

    def _next_pulse_ns(self, pulse: int) -> int:
        draw = 0.0
        if self._workload.schedule is Schedule.POISSON:
            draw = self._runtime.chance("pulse", self._workload.strategy, pulse)
        return pulse_ns(self._workload, pulse, self._pulse_due_ns, draw)

    def _await_pulse(self, since_ns: int) -> None:
        """One timer at a time: the next pulse's, if there is to be one. It is *since_ns* after our start."""
        stop_ns = self._workload.stop_ns
        if stop_ns is None or self._pulse_due_ns < stop_ns:
            self._runtime.set_timer(max(0, self._pulse_due_ns - since_ns), _PULSE)

    def _skip(self, since_ns: int, played: int) -> None:
        """Pass over the pulses of before: of the first *played* we know that an earlier life has played them."""
        while self._pulse_due_ns < since_ns and self._workload.runs_at(self._pulse_due_ns):
            self._pulse += 1
            self._pulse_due_ns = self._next_pulse_ns(self._pulse)
        if self._pulse > played:
            burst = self._workload.burst
            round_, which = divmod(played * burst, len(self._instruments))
            first = order_name(self._workload, self._instruments[which].symbol, round_ + 1)
            self._drop(first, DropReason.DOWN, (self._pulse - played) * burst)

    def _on_pulse(self) -> None:
        """All pulses that are due by now: more than one if this host was busy or paused."""
        workload = self._workload
        runtime = self._runtime
        since_ns = runtime.monotonic_ns - self._started_ns
        instruments = self._instruments
        while self._pulse_due_ns <= since_ns and workload.runs_at(self._pulse_due_ns):
            intended_ns = runtime.now_ns - (since_ns - self._pulse_due_ns)
            first = self._pulse * workload.burst
            for index in range(first, first + workload.burst):
                round_, which = divmod(index, len(instruments))
                self._signal(instruments[which], round_ + 1, intended_ns)
            self._pulse += 1
            self._pulse_due_ns = self._next_pulse_ns(self._pulse)
        if runtime.monotonic_ns - self._noted_ns >= DIARY_INTERVAL_NS:
            self._noted_ns = runtime.monotonic_ns
            self._submission.remember(PulseReached(self._pulse))
        self._await_pulse(since_ns)

    # --- signals: the market's ---

    def _on_tick(self, tick: Tick) -> None:
        by_venue = self._ticks.get(tick.symbol)
        if by_venue is None:
            return
        before = by_venue.get(tick.venue)
        if not is_news(tick, before):
            return
        by_venue[tick.venue] = tick
        if before is not None:
            # What was traded before our time is nobody's share; and market data that restarts counts from 0 again.
            self._traded_lots[tick.symbol] += max(tick.traded_lots - before.traded_lots, 0)
        if self._workload.participation_percent and not tick.stale:
            self._see(tick.symbol)
        if self._workload.schedule is Schedule.ON_TICK and not tick.stale:
            self._count_tick(tick.symbol)

    def _count_tick(self, symbol: Symbol) -> None:
        workload = self._workload
        if not workload.runs_at(self._runtime.monotonic_ns - self._started_ns):
            return
        self._fresh_ticks[symbol] += 1
        if self._fresh_ticks[symbol] % workload.ticks_per_order:
            return
        touch = best_touch(self._ticks[symbol].values())
        assert touch is not None, "the tick that has just come is fresh"
        side = reversion_side(touch, self._touch_before.get(symbol))
        self._touch_before[symbol] = touch
        now_ns, sent_ns = self._runtime.monotonic_ns, self._sent_ns.get(symbol)
        for _ in range(workload.burst):
            self._numbers[symbol] += 1
            if self._numbers[symbol] > self._reserved[symbol] - NUMBERS_RESERVED // 2:
                self._reserve(symbol)
            if sent_ns is not None and now_ns - sent_ns < workload.refractory_ns:
                self._drop(order_name(workload, symbol, self._numbers[symbol]), DropReason.REFRACTORY)
                continue
            self._sent_ns[symbol] = now_ns
            self._signal(self._by_symbol[symbol], self._numbers[symbol], self._runtime.now_ns, side)

    def _reserve(self, symbol: Symbol) -> None:
        """Long before they are needed, so that no number is used that the disk does not know of."""
        up_to = self._numbers[symbol] + NUMBERS_RESERVED
        self._reserved[symbol] = up_to
        self._submission.remember(NumbersReserved(symbol, up_to))

    # --- orders ---

    def _signal(self, instrument: Instrument, number: int, intended_ns: int, side: Side | None = None) -> None:
        """The strategy means to trade: make the order and send it, or say why not."""
        cl_ord_id = order_name(self._workload, instrument.symbol, number)
        touch = best_touch(self._ticks[instrument.symbol].values())
        if touch is None:
            self._drop(cl_ord_id, DropReason.NO_TICK)
            return
        if self._submission.is_full:
            self._drop(cl_ord_id, DropReason.TOO_MANY_WAITING)
            return
        order: SubmitOrder | DropReason
        if self._workload.participation_percent:
            order = self._child(instrument, cl_ord_id, touch, intended_ns)
        else:
            draws = self._draws(cl_ord_id)
            pool = self._pools.get(instrument.symbol) if self._workload.dark_share else None
            order = shape_order(self._workload, instrument, cl_ord_id, touch, draws, intended_ns, side, pool)
        match order:
            case SubmitOrder():
                self._submission.send(order)
            case DropReason():
                self._drop(cl_ord_id, order)

    def _see(self, symbol: Symbol) -> None:
        """The collar has to know where the market was before it ran away."""
        touch = best_touch(self._ticks[symbol].values())
        facing = 0
        if touch is not None:
            facing = touch.ask_half_ticks if self._workload.buy_share else touch.bid_half_ticks
        if facing:
            self._collars[symbol].see(self._runtime.monotonic_ns, facing, self._config)

    def _child(
        self, instrument: Instrument, cl_ord_id: ClOrdID, touch: BestTouch, intended_ns: int
    ) -> SubmitOrder | DropReason:
        """The next child of an execution algorithm: its share of what has been traded since the last one."""
        symbol, percent = instrument.symbol, self._workload.participation_percent
        lots = participation_lots(self._traded_lots[symbol], percent, self._meant_lots[symbol])
        if not lots:
            return DropReason.NO_VOLUME
        limit = None
        if self._config.price_collar:
            limit = self._collars[symbol].limit(instrument.tick_half_ticks, self._config)
            if limit is None:
                self._runtime.emit(ProtectionActed(protection="strategy.price_collar", what=cl_ord_id))
                return DropReason.COLLAR
        self._meant_lots[symbol] += lots
        return shape_child(self._workload, instrument, cl_ord_id, lots, limit, intended_ns, touch.twice_middle)

    def _draws(self, cl_ord_id: ClOrdID) -> Draws:
        chance = self._runtime.chance
        return Draws(
            side=chance("signal", cl_ord_id, "side"),
            lots=chance("signal", cl_ord_id, "lots"),
            style=chance("signal", cl_ord_id, "style"),
            depth=chance("signal", cl_ord_id, "depth"),
            term=chance("signal", cl_ord_id, "term") if self._workload.gtc_share else 1.0,
            dark=chance("signal", cl_ord_id, "dark") if self._workload.dark_share else 1.0,
        )

    def _drop(self, cl_ord_id: ClOrdID, reason: DropReason, count: int = 1) -> None:
        self.dropped[reason] += count
        self._runtime.emit(SignalDropped(cl_ord_id=cl_ord_id, reason=reason.value, count=count))

    # --- orders that rest ---

    def _on_taken(self, cl_ord_id: ClOrdID) -> None:
        order = self._submission.on_taken(cl_ord_id)
        if not isinstance(order, SubmitOrder) or not rests(order):
            return
        if self._runtime.buggify("cancel at once", cl_ord_id):
            self._resting.appendleft((self._runtime.monotonic_ns, cl_ord_id))
            self._on_cancel_due()
            return
        share = self._workload.amend_share
        if share and self._runtime.chance("amend", cl_ord_id) < share:
            self._amending.append((self._runtime.monotonic_ns + self._workload.amend_after_ns, order))
            if len(self._amending) == 1:
                self._runtime.set_timer(self._workload.amend_after_ns, _AMEND)
        due_ns = self._runtime.monotonic_ns + self._workload.cancel_after_ns
        self._resting.append((due_ns, cl_ord_id))
        if len(self._resting) == 1:
            self._runtime.set_timer(self._workload.cancel_after_ns, _CANCEL)

    def _on_amend_due(self) -> None:
        """Other terms for what has rested so long; that it may have traded by now is the OMS's to see."""
        now_ns, chance = self._runtime.monotonic_ns, self._runtime.chance
        while self._amending and self._amending[0][0] <= now_ns:
            _, order = self._amending.popleft()
            name = order.cl_ord_id
            lots, closer = chance("amend", name, "lots"), chance("amend", name, "price")
            instrument = self._by_symbol[order.symbol]
            self._submission.amend(shape_amendment(self._workload, instrument, order, lots, closer))
        if self._amending:
            self._runtime.set_timer(self._amending[0][0] - now_ns, _AMEND)

    def _on_cancel_due(self) -> None:
        now_ns = self._runtime.monotonic_ns
        while self._resting and self._resting[0][0] <= now_ns:
            _, cl_ord_id = self._resting.popleft()
            self._submission.cancel(cl_ord_id)
        if self._resting:
            self._runtime.set_timer(self._resting[0][0] - now_ns, _CANCEL)

    # --- the rest of a program ---

    def on_timer(self, key: Hashable) -> None:
        match key:
            case "pulse":
                self._on_pulse()
            case "cancel":
                self._on_cancel_due()
            case "amend":
                self._on_amend_due()
            case _:
                self.dropped[DropReason.NEVER_TAKEN] += self._submission.on_timer(key)

    def on_durable(self, token: int) -> None:
        self._submission.on_durable(token)

    def on_stream_open(self, peer: Address) -> None:
        """The OMS speaks first: its leader says that it leads."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._submission.on_stream_closed(peer)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.strategy
        self._submission.on_config(config.strategy)
        self._instruments = corrected(self._wiring.instruments, config.reference.entries)
        self._by_symbol = {instrument.symbol: instrument for instrument in self._instruments}
