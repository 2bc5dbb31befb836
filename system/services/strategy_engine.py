"""Trades by a rule: each tick makes signals, and what is left of them after netting, cool-down and sizing goes out."""

from collections.abc import Hashable
from typing import Final, assert_never

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import MILLISECOND, DeskConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.desk_book import is_news
from squall.system.domain.holdings import Holdings
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    AmendOrder,
    AskHoldings,
    HoldingsTold,
    Leading,
    OrderProgressed,
    OrderTaken,
    SubmitOrder,
    Tick,
    VenueHealth,
)
from squall.system.domain.routing import allocate
from squall.system.domain.signals import DropReason, Workload, best_touch, order_name
from squall.system.domain.strategies.legs import Legs
from squall.system.domain.strategies.orders import Action, Filtered, LeftOut, Mine, Move, Place, Recent, Withdraw, act
from squall.system.domain.strategies.rules import Rule, State, on_tick, start
from squall.system.domain.strategies.seen import Seen, Signal
from squall.system.domain.strategies.sizing import Budget
from squall.system.domain.strategies.venues import Venues
from squall.system.runtime import Address, Runtime
from squall.system.services import diary
from squall.system.services.diary import NumbersReserved, Started
from squall.system.services.submission import Submission
from squall.system.wiring import Instrument, Wiring

NUMBERS_RESERVED: Final = 1_000
"""Order numbers are reserved so many at a time: no name is used that the diary does not know of."""
ASK_AGAIN_NS: Final = 500 * MILLISECOND
"""How long the leader may take to tell the holdings before it is asked once more."""
REACH_NS: Final = 50 * MILLISECOND
"""After which a lost stream to execution is opened again."""

_ASK: Final = "ask"
_WATCH: Final = "watch"
_STOP: Final = "stop"
_REACH: Final = "reach execution"

EngineMessage = Tick | OrderTaken | Leading | HoldingsTold | OrderProgressed | VenueHealth


class _Trade:
    """One symbol: what the rule remembers of it, what we hold, and when we last sent something."""

    __slots__ = (
        "cooling",
        "holdings",
        "instrument",
        "number",
        "recent",
        "reserved",
        "seen_ns",
        "state",
        "ticks",
    )

    def __init__(self, instrument: Instrument, state: State) -> None:
        self.instrument = instrument
        self.state = state
        self.ticks: dict[Venue, Tick] = {}
        self.seen_ns = 0
        """When the last tick came, of any venue."""
        self.holdings = Holdings()
        self.recent = Recent()
        self.cooling: dict[Side, None] = {}
        """Sides on which a signal has had to wait since the last order: said once."""
        self.number = 0
        self.reserved = 0


class StrategyEngine:
    """One rule on every symbol. It trades once it knows what it holds, which the leader tells: who restarts or meets a
    new leader asks first. Open orders of earlier lives are in the diary, and are counted until they have ended.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring, workload: Workload, rule: Rule) -> None:
        self._runtime = runtime
        self._config = config.strategy
        self._workload = workload
        self._rule = rule
        self._trades = {each.symbol: _Trade(each, start(rule)) for each in wiring.instruments}
        self._submission = Submission(runtime, config.strategy, wiring.oms, diary.FILE)
        self._symbols: dict[ClOrdID, Symbol] = {}
        """Of our orders that have not ended."""
        self._legs = Legs({route.venue: route.tariff for route in wiring.venues})
        self._execution = wiring.execution
        self._venues = Venues(route.venue for route in wiring.lit)
        self._knows_from: Epoch | None = None
        """Whose word about our holdings we have; None: we do not know what we hold."""
        self._told_by = Epoch(0)
        """Who told us last where we stand, whether or not that still holds."""
        self._unheard: dict[ClOrdID, None] = {}
        """Orders that nobody had taken when we were told: once one is taken, that telling may be out of date."""
        self._started_ns = 0
        self.dropped: dict[DropReason | Filtered, int] = {**dict.fromkeys(DropReason, 0), **dict.fromkeys(Filtered, 0)}

    @property
    def leader(self) -> tuple[Epoch, Address | None]:
        """The highest epoch heard of, and where it is to be reached now."""
        return self._submission.leader

    @property
    def waiting(self) -> tuple[ClOrdID, ...]:
        """Orders that no OMS has taken yet."""
        return self._submission.waiting

    @property
    def positions(self) -> dict[Symbol, int]:
        """What we hold, as far as we have been told."""
        return {symbol: trade.holdings.position_lots for symbol, trade in self._trades.items()}

    @property
    def open_orders(self) -> tuple[Mine, ...]:
        """Ours that have not ended, as far as we have been told."""
        return tuple(mine for trade in self._trades.values() for mine in trade.holdings.open_orders)

    @property
    def throttled(self) -> tuple[Venue, ...]:
        """Venues that ask for fewer requests."""
        return self._venues.throttled

    def on_start(self) -> None:
        runtime = self._runtime
        past = diary.read(runtime)
        if past.started_ns is None:
            past.started_ns = runtime.monotonic_ns
            self._submission.remember(Started(past.started_ns))
        self._started_ns = past.started_ns
        for order in past.unsettled.open.values():
            if isinstance(order, SubmitOrder) and order.symbol in self._trades:
                self._hold(order)
        self._submission.on_start(past.unsettled.open.values(), past.unsettled.withdrawn)
        for symbol, trade in self._trades.items():
            trade.number = past.numbers.get(symbol, 0)
            self._reserve(trade)
        since_ns = runtime.monotonic_ns - self._started_ns
        if self._workload.stop_ns is not None:
            runtime.set_timer(max(self._workload.stop_ns - since_ns, 0), _STOP)
        runtime.set_timer(self._config.quote_patience_ns, _WATCH)
        runtime.open(self._execution)

    def on_message(self, sender: Address, message: EngineMessage) -> None:
        match message:
            case Tick():
                self._on_tick(message)
            case OrderTaken():
                self._on_taken(message.cl_ord_id)
            case OrderProgressed():
                self._on_progress(message)
            case Leading():
                self._on_leading(sender, message)
            case HoldingsTold():
                self._on_told(message)
            case VenueHealth():
                if self._venues.hear(message):
                    self._leave(message.venue)
            case _:
                raise TypeError(f"strategy: found {type(message).__name__}, expected {EngineMessage}")

    # --- ticks ---

    def _on_tick(self, tick: Tick) -> None:
        trade = self._trades.get(tick.symbol)
        if trade is None or not is_news(tick, trade.ticks.get(tick.venue)):
            return
        trade.ticks[tick.venue] = tick
        trade.seen_ns = self._runtime.monotonic_ns
        seen = self._seen(trade)
        trade.state, signals = on_tick(self._rule, trade.state, seen)
        if self._is_open() or not seen.fresh:
            self._heed(trade, seen, signals)

    def _seen(self, trade: _Trade, fresh: bool = True) -> Seen:
        touch = best_touch(self._believed(trade)) if fresh else None
        return Seen(
            at_ns=self._runtime.monotonic_ns,
            fresh=touch is not None,
            bid_half_ticks=touch.bid_half_ticks if touch is not None else 0,
            ask_half_ticks=touch.ask_half_ticks if touch is not None else 0,
            tick_half_ticks=trade.instrument.tick_half_ticks,
            position_lots=trade.holdings.position_lots,
            safe=not self._config.heed_venues or any(map(self._venues.is_safe, trade.ticks)),
            throttled=self._venues.throttled,
            slow=self._venues.all_throttled,
        )

    def _believed(self, trade: _Trade) -> list[Tick]:
        """The ticks of venues that may be sent to; whether they are stale they say themselves."""
        if not self._config.heed_venues:
            return list(trade.ticks.values())
        return [tick for venue, tick in trade.ticks.items() if self._venues.is_safe(venue)]

    # --- venues ---

    def _leave(self, venue: Venue) -> None:
        """It is not safe any more: quotes there are taken back, and those that may be on their way to it."""
        for trade in self._trades.values():
            for mine in trade.holdings.open_orders:
                if mine.venue in (None, venue):
                    self._take_back(trade, mine, venue)

    def _take_back(self, trade: _Trade, mine: Mine, venue: Venue) -> None:
        if self._config.heed_venues and mine.rests and not mine.cancelling:
            self._acted("heed_venues", f"{mine.cl_ord_id}: {venue} is not safe")
            self._do(trade, Withdraw(mine.cl_ord_id))

    def _is_open(self) -> bool:
        """Whether it is time to trade, and we know where we stand."""
        return self._knows_from is not None and self._workload.runs_at(self._runtime.monotonic_ns - self._started_ns)

    def _on_watch(self) -> None:
        """A market of which nothing was heard for too long is not believed, whoever has fallen silent."""
        runtime, patience_ns = self._runtime, self._config.quote_patience_ns
        for trade in self._trades.values():
            if runtime.monotonic_ns - trade.seen_ns >= patience_ns:
                seen = self._seen(trade, fresh=False)
                trade.state, signals = on_tick(self._rule, trade.state, seen)
                self._heed(trade, seen, signals)
            for mine in trade.holdings.open_orders if self._knows_from is not None else ():
                self._wish(mine)  # a leader that could not answer for it has let it drop; any other has heard it
        runtime.set_timer(max(patience_ns // 4, 1), _WATCH)

    def _on_stop(self) -> None:
        """The day is over: what rests is taken back, and what we hold is kept."""
        for trade in self._trades.values():
            for mine in trade.holdings.open_orders:
                if mine.rests and not mine.cancelling:
                    self._do(trade, Withdraw(mine.cl_ord_id))

    # --- signals ---

    def _heed(self, trade: _Trade, seen: Seen, signals: tuple[Signal, ...]) -> None:
        if not signals:
            return
        config = self._config
        budget = Budget(config.risk_budget_lots, config.max_take_lots, self._workload.lots_step)
        for action in act(signals, seen, trade.holdings.open_orders, trade.recent, budget, config):
            self._do(trade, action)

    def _do(self, trade: _Trade, action: Action) -> None:
        match action:
            case Place():
                self._place(trade, action)
            case Move(cl_ord_id, lots, price_half_ticks):
                mine = trade.holdings.moving(cl_ord_id, lots, price_half_ticks)
                trade.recent = trade.recent.sent(mine.side, self._runtime.monotonic_ns)
                trade.cooling.pop(mine.side, None)
                self._acted("replace_quotes", f"{cl_ord_id}: revision {mine.revision}")
                self._wish(mine)
            case Withdraw(cl_ord_id, stale):
                if stale:
                    self._acted("pull_stale_quotes", cl_ord_id)
                trade.holdings.cancelling(cl_ord_id)
                self._submission.cancel(cl_ord_id)
            case LeftOut(side, reason):
                self.dropped[reason] += 1
                if reason is Filtered.COOL_DOWN and side not in trade.cooling:
                    trade.cooling[side] = None
                    why = "heed_throttle" if self._is_slow(trade, side) else "cool_down"
                    self._acted(why, f"{trade.instrument.symbol} {side.value}")
            case _:
                assert_never(action)

    def _wish(self, mine: Mine) -> None:
        """Ask for the terms that it is to have. Each wish has a number: who hears it twice takes it once."""
        if mine.asked is not None and not mine.cancelling:
            asked = mine.asked
            self._submission.amend(AmendOrder(mine.cl_ord_id, mine.revision, asked.lots, asked.price_half_ticks))

    def _is_slow(self, trade: _Trade, side: Side) -> bool:
        """Whether it is a throttled venue that the next order or move on this side waits for."""
        last_ns = trade.recent.buy_ns if side is Side.BUY else trade.recent.sell_ns
        waited_ns = self._runtime.monotonic_ns - (last_ns or 0)
        return not self._config.cool_down or waited_ns >= self._config.cool_down_time_ns

    def _acted(self, key: str, what: str) -> None:
        self._runtime.emit(ProtectionActed(protection=f"strategy.{key}", what=what))

    def _place(self, trade: _Trade, place: Place) -> None:
        """What takes is split over the venues; what none of them shows is wanted again at the next tick."""
        if self._submission.is_full:
            self.dropped[DropReason.TOO_MANY_WAITING] += 1
        elif place.rests or self._config.max_legs < 2:
            self._send(trade, place, place.lots)
        else:
            symbol, fresh = trade.instrument.symbol, [tick for tick in self._believed(trade) if not tick.stale]
            offers = self._legs.offers(symbol, place.side, fresh, self._config.hidden_percent)
            step = self._workload.lots_step
            allocation = allocate(place.side, place.lots, place.price_half_ticks, offers, step, seek_hidden=True)
            shown = {offer.venue: offer.lots for offer in offers}
            if not allocation.legs:
                self.dropped[Filtered.BEYOND] += 1
            for leg in allocation.legs[: self._config.max_legs]:
                cl_ord_id = self._send(trade, place, leg.lots, leg.venue)
                self._legs.cut(cl_ord_id, symbol, leg.venue, shown[leg.venue])

    def _send(self, trade: _Trade, place: Place, lots: int, venue: Venue | None = None) -> ClOrdID:
        trade.number += 1
        if trade.number > trade.reserved - NUMBERS_RESERVED // 2:
            self._reserve(trade)
        now_ns = self._runtime.monotonic_ns
        trade.recent = trade.recent.sent(place.side, now_ns)
        trade.cooling.pop(place.side, None)
        touch = best_touch(self._believed(trade))
        order = SubmitOrder(
            cl_ord_id=order_name(self._workload, trade.instrument.symbol, trade.number),
            strategy=self._workload.strategy,
            symbol=trade.instrument.symbol,
            side=place.side,
            quantity_lots=lots,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.DAY if place.rests else TimeInForce.IOC,
            price_half_ticks=place.price_half_ticks,
            intended_ns=self._runtime.now_ns,
            venue=venue,
            decision_twice_half_ticks=touch.twice_middle if touch is not None else 0,
        )
        self._hold(order)
        self._submission.send(order)
        return order.cl_ord_id

    def _reserve(self, trade: _Trade) -> None:
        trade.reserved = trade.number + NUMBERS_RESERVED
        self._submission.remember(NumbersReserved(trade.instrument.symbol, trade.reserved))

    # --- what we hold ---

    def _hold(self, order: SubmitOrder) -> None:
        self._symbols[order.cl_ord_id] = order.symbol
        rests = order.time_in_force is TimeInForce.DAY
        mine = Mine(order.cl_ord_id, order.side, order.quantity_lots, order.price_half_ticks, rests)
        self._trades[order.symbol].holdings.hold(mine)

    def _on_leading(self, sender: Address, leading: Leading) -> None:
        """What was told on an earlier stream may have died with it: until the leader says where we stand, we wait."""
        self._submission.on_leading(sender, leading)
        if self._submission.leader == (leading.epoch, sender):
            self._knows_from = None
            self._ask()

    def _ask(self) -> None:
        """What do we hold? The answer is also the beginning of hearing how our orders fare."""
        epoch, leader = self._submission.leader
        if leader is not None and self._runtime.write(leader, AskHoldings(self._workload.strategy, epoch)):
            self._runtime.set_timer(ASK_AGAIN_NS, _ASK)

    def _on_told(self, told: HoldingsTold) -> None:
        epoch, _ = self._submission.leader
        if told.epoch != epoch:
            return
        self._runtime.cancel_timer(_ASK)
        new_leader, self._told_by = told.epoch != self._told_by, told.epoch
        self._knows_from = told.epoch
        self._unheard = dict.fromkeys(self._submission.waiting)
        for symbol, trade in self._trades.items():
            net_lots, open_orders = told.net_lots.get(symbol, 0), told.open_orders
            for mine in trade.holdings.told(net_lots, open_orders, self._unheard, new_leader=new_leader):
                self._end(mine)
            for mine in trade.holdings.open_orders:
                self._heed_venue_of(trade, mine)

    def _on_taken(self, cl_ord_id: ClOrdID) -> None:
        self._submission.on_taken(cl_ord_id)
        if cl_ord_id in self._unheard:
            del self._unheard[cl_ord_id]
            self._ask()

    def _on_progress(self, progress: OrderProgressed) -> None:
        symbol = self._symbols.get(progress.cl_ord_id)
        if symbol is None:
            self._ask()  # we had given it up, or taken it for ended: what it filled is not in our position
            return
        trade = self._trades[symbol]
        ended = trade.holdings.progress(progress)
        if ended is not None:
            self._end(ended, progress.venue)
        else:
            self._heed_venue_of(trade, trade.holdings.open_order(progress.cl_ord_id))

    def _heed_venue_of(self, trade: _Trade, mine: Mine) -> None:
        """It has come to a venue, which may have become unsafe meanwhile."""
        if mine.venue is not None and not self._venues.is_safe(mine.venue):
            self._take_back(trade, mine, mine.venue)

    def _end(self, mine: Mine, worked_at: Venue | None = None) -> None:
        del self._symbols[mine.cl_ord_id]
        self._legs.end(mine, worked_at)
        if mine.rests:
            self._submission.over(mine.cl_ord_id)

    # --- the rest of a program ---

    def on_timer(self, key: Hashable) -> None:
        match key:
            case "ask":
                self._ask()
            case "watch":
                self._on_watch()
            case "stop":
                self._on_stop()
            case "reach execution":
                self._runtime.open(self._execution)
            case _:
                given_up = self._submission.on_timer(key)
                self.dropped[DropReason.NEVER_TAKEN] += given_up
                if given_up:
                    self._ask()

    def on_durable(self, token: int) -> None:
        self._submission.on_durable(token)

    def on_stream_open(self, peer: Address) -> None:
        """The others speak first: a leader says that it leads, execution how its venues are."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        if peer == self._execution:
            for venue in self._venues.lose():
                self._leave(venue)
            self._runtime.set_timer(REACH_NS, _REACH)
        self._submission.on_stream_closed(peer)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.strategy
        self._submission.on_config(config.strategy)
