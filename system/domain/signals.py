"""When a strategy trades, and what: pure functions of its workload, the order's number and keyed draws."""

from collections.abc import Iterable
from enum import Enum
from math import log
from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import SECOND
from squall.system.domain.clients import ClientFlow
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import AmendOrder, SubmitOrder, Tick
from squall.system.domain.strategies.rules import Rule
from squall.system.wiring import Instrument

RESTING_TICKS: Final = 2
"""A resting order is priced 1 to this many ticks behind the touch of its own side."""
STOP_TICKS: Final = 8
"""A stop order's price is 1 to this many ticks beyond the touch."""
THROUGH_TICKS: Final = 4
"""An IOC limit reaches 1 to this many ticks through the touch of the other side."""


class Schedule(Enum):
    """What makes the strategy want to trade."""

    STEADY = "steady"
    """The clock: pulses at even distances."""
    POISSON = "poisson"
    """The clock: pulses at exponential distances."""
    ON_TICK = "on_tick"
    """The market: every so many ticks of a symbol."""


class Workload(Struct, frozen=True):
    """What a strategy sends, and when. Times are on its monotonic clock, relative to its start.

    Shares are probabilities in [0, 1]. ValueError, naming the field, for what makes no sense.
    """

    strategy: str = "pulse"
    schedule: Schedule = Schedule.STEADY
    orders_per_s: int = 50
    """On average, all symbols together; each pulse has *burst* of them. Not used where ticks decide."""
    start_ns: int = 0
    stop_ns: int | None = None
    """The first instant that has no order any more; None: it never stops."""
    burst: int = 1
    lots_min: int = 1
    lots_max: int = 5
    lots_step: int = 1
    buy_share: float = 0.5
    marketable_share: float = 0.8
    """The rest are DAY limits behind the touch."""
    gtc_share: float = 0.0
    """Of these, how many are good till cancelled."""
    market_share: float = 0.1
    """Of the marketable ones, sent as market orders; the others are IOC limits through the touch."""
    cancel_after_ns: int = 1 * SECOND
    """How long after it was taken a resting order is cancelled."""
    stop_share: float = 0.0
    """Of all orders, those that are DAY stop orders a few ticks beyond the touch, half of them with a limit."""
    amend_share: float = 0.0
    """Of the resting ones, how many get another quantity and price while they rest."""
    amend_after_ns: int = 300_000_000
    """How long after it was taken a resting order is amended."""
    participation_percent: int = 0
    """Above zero an execution algorithm: at each pulse it trades so much that it has this share of all volume; such an
    order takes what there is, at once. Shares and lots above are not used, but for *buy_share*, which is 0 or 1."""
    ticks_per_order: int = 2
    """How many ticks of a symbol make an order, where ticks decide."""
    refractory_ns: int = 0
    """Where ticks decide: for so long after an order of a symbol its further signals are passed over."""
    dark_share: float = 0.0
    """Of all orders, those that go to a dark pool, where there is one: DAY, limited by the touch of the other side."""
    rule: Rule | None = None
    """A strategy that decides by itself at each tick: of the above it heeds its name, its times and *lots_step*."""
    clients: ClientFlow | None = None
    """Parent orders that clients send beside it; None: nobody does, and the desk has no algorithms."""

    def __post_init__(self) -> None:
        for name in ("orders_per_s", "burst", "lots_min", "lots_step", "ticks_per_order"):
            _expect(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _expect(self.start_ns >= 0, "start_ns", self.start_ns, "at least 0")
        _expect(self.refractory_ns >= 0, "refractory_ns", self.refractory_ns, "at least 0")
        _expect(self.cancel_after_ns >= 0, "cancel_after_ns", self.cancel_after_ns, "at least 0")
        _expect(self.lots_max >= self.lots_min, "lots_max", self.lots_max, f"at least {self.lots_min}")
        shares = (
            "buy_share",
            "marketable_share",
            "gtc_share",
            "market_share",
            "stop_share",
            "amend_share",
            "dark_share",
        )
        for name in shares:
            _expect(0.0 <= getattr(self, name) <= 1.0, name, getattr(self, name), "a share from 0 to 1")
        _expect(0 <= self.participation_percent < 100, "participation_percent", self.participation_percent, "0 to 99")
        one_sided = not self.participation_percent or self.buy_share in (0.0, 1.0)
        _expect(one_sided, "buy_share", self.buy_share, "0 or 1 for an algorithm")

    def runs_at(self, at_ns: int) -> bool:
        """Whether the strategy trades at this time since its start; half-open."""
        return self.start_ns <= at_ns and (self.stop_ns is None or at_ns < self.stop_ns)


def _expect(holds: bool, name: str, found: object, expected: str) -> None:
    if not holds:
        raise ValueError(f"workload.{name}: found {found}, expected {expected}")


class Draws(Struct, frozen=True, gc=False):
    """The uniforms in [0, 1) that shape one order, each keyed by its ClOrdID and its own name."""

    side: float
    lots: float
    style: float
    depth: float
    term: float = 1.0
    dark: float = 1.0


class BestTouch(Struct, frozen=True, gc=False):
    """The best prices of one symbol over all venues that are not stale; 0 where no venue has that side."""

    bid_half_ticks: int
    ask_half_ticks: int

    @property
    def twice_middle(self) -> int:
        """Bid plus ask; 0 where a side is empty, and there is no middle."""
        return self.bid_half_ticks + self.ask_half_ticks if self.bid_half_ticks and self.ask_half_ticks else 0


class DropReason(Enum):
    """Why an order that was meant is not sent."""

    NO_TICK = "no fresh tick"
    EMPTY_SIDE = "no price on the side it needs"
    TOO_MANY_WAITING = "too many orders wait to be taken"
    DOWN = "down"
    NO_VOLUME = "nothing was traded"
    COLLAR = "the market moves too fast"
    REFRACTORY = "too soon after the last order"
    NEVER_TAKEN = "not taken after the last repetition"


def pulse_ns(workload: Workload, pulse: int, previous_ns: int, draw: float) -> int:
    """When pulse number *pulse* (from 0) is meant to be, since the strategy's start.

    Steady: exactly pulse × burst / rate after the start, so that no rounding adds up. Poisson: −ln(1 − u) ×
    burst / rate after the pulse before it, and the first one after the start.
    """
    if workload.schedule is Schedule.POISSON:
        since_ns = workload.start_ns if pulse == 0 else previous_ns
        return since_ns + int(-log(1.0 - draw) * workload.burst * SECOND / workload.orders_per_s)
    return workload.start_ns + pulse * workload.burst * SECOND // workload.orders_per_s


def order_name(workload: Workload, symbol: Symbol, number: int) -> ClOrdID:
    """``pulse-ACME-17``: the strategy's 17th order in this symbol, sent or not."""
    return ClOrdID(f"{workload.strategy}-{symbol}-{number}")


def best_touch(ticks: Iterable[Tick]) -> BestTouch | None:
    """The highest bid and the lowest ask of all ticks that are not stale; None if all are."""
    bid_half_ticks = ask_half_ticks = 0
    fresh = False
    for tick in ticks:
        if tick.stale:
            continue
        fresh = True
        if tick.bid_half_ticks > bid_half_ticks:
            bid_half_ticks = tick.bid_half_ticks
        if tick.ask_lots > 0 and (ask_half_ticks == 0 or tick.ask_half_ticks < ask_half_ticks):
            ask_half_ticks = tick.ask_half_ticks
    return BestTouch(bid_half_ticks, ask_half_ticks) if fresh else None


def reversion_side(touch: BestTouch, previous: BestTouch | None) -> Side | None:
    """Against the last move of the middle: sell what rose, buy what fell; None if it did not move.

    A touch with an empty side has no middle, so it has not moved either.
    """
    if previous is None or 0 in (
        touch.bid_half_ticks,
        touch.ask_half_ticks,
        previous.bid_half_ticks,
        previous.ask_half_ticks,
    ):
        return None
    move = touch.bid_half_ticks + touch.ask_half_ticks - previous.bid_half_ticks - previous.ask_half_ticks
    if move == 0:
        return None
    return Side.SELL if move > 0 else Side.BUY


def shape_order(
    workload: Workload,
    instrument: Instrument,
    cl_ord_id: ClOrdID,
    touch: BestTouch,
    draws: Draws,
    intended_ns: int,
    side: Side | None = None,
    pool: Venue | None = None,
) -> SubmitOrder | DropReason:
    """The order itself; *side* overrides the drawn one. Prices keep to the tick grid, on the safe side.

    *pool* is the dark pool that there is, if there is one.
    """
    if side is None:
        side = Side.BUY if draws.side < workload.buy_share else Side.SELL
    if pool is not None and draws.dark < workload.dark_share:
        return _shape_dark(workload, instrument, cl_ord_id, touch, draws, intended_ns, side, pool)
    if draws.style >= 1.0 - workload.stop_share:
        return _shape_stop(workload, instrument, cl_ord_id, touch, draws, intended_ns, side)
    marketable = draws.style < workload.marketable_share
    market = marketable and draws.style < workload.marketable_share * workload.market_share
    buying = side is Side.BUY
    touch_half_ticks = touch.ask_half_ticks if buying is marketable else touch.bid_half_ticks
    if touch_half_ticks == 0:
        return DropReason.EMPTY_SIDE
    resting = TimeInForce.GTC if draws.term < workload.gtc_share else TimeInForce.DAY
    price_half_ticks: int | None = None
    if not market:
        tick = instrument.tick_half_ticks
        ticks = 1 + int(draws.depth * (THROUGH_TICKS if marketable else RESTING_TICKS))
        up = 1 if buying is marketable else -1
        price_half_ticks = max(tick, _on_grid(touch_half_ticks + up * ticks * tick, tick, side))
    return SubmitOrder(
        cl_ord_id=cl_ord_id,
        strategy=workload.strategy,
        symbol=instrument.symbol,
        side=side,
        quantity_lots=_lots(workload, draws.lots),
        ord_type=OrdType.MARKET if market else OrdType.LIMIT,
        time_in_force=TimeInForce.IOC if marketable else resting,
        price_half_ticks=price_half_ticks,
        intended_ns=intended_ns,
        decision_twice_half_ticks=touch.twice_middle,
    )


def _shape_stop(
    workload: Workload,
    instrument: Instrument,
    cl_ord_id: ClOrdID,
    touch: BestTouch,
    draws: Draws,
    intended_ns: int,
    side: Side,
) -> SubmitOrder | DropReason:
    """To buy what rises above the offers, or to sell what falls below the bids; the limit leaves it some room."""
    touch_half_ticks = touch.ask_half_ticks if side is Side.BUY else touch.bid_half_ticks
    if touch_half_ticks == 0:
        return DropReason.EMPTY_SIDE
    tick, lots = instrument.tick_half_ticks, _lots(workload, draws.lots)
    beyond = side.sign * tick
    ticks = 1 + int(draws.depth * STOP_TICKS)
    stop = max(tick, _on_grid(touch_half_ticks + ticks * beyond, tick, side))
    limited = int(draws.depth * 2 * STOP_TICKS) % 2 == 1
    return SubmitOrder(
        cl_ord_id=cl_ord_id,
        strategy=workload.strategy,
        symbol=instrument.symbol,
        side=side,
        quantity_lots=lots,
        ord_type=OrdType.STOP_LIMIT if limited else OrdType.STOP,
        time_in_force=TimeInForce.DAY,
        price_half_ticks=max(tick, stop + THROUGH_TICKS * beyond) if limited else None,
        intended_ns=intended_ns,
        stop_price_half_ticks=stop,
    )


def _shape_dark(
    workload: Workload,
    instrument: Instrument,
    cl_ord_id: ClOrdID,
    touch: BestTouch,
    draws: Draws,
    intended_ns: int,
    side: Side,
    pool: Venue,
) -> SubmitOrder | DropReason:
    """To meet somebody at the middle; the limit only keeps it from a middle that has run away."""
    touch_half_ticks = touch.ask_half_ticks if side is Side.BUY else touch.bid_half_ticks
    if touch_half_ticks == 0:
        return DropReason.EMPTY_SIDE
    return SubmitOrder(
        cl_ord_id=cl_ord_id,
        strategy=workload.strategy,
        symbol=instrument.symbol,
        side=side,
        quantity_lots=_lots(workload, draws.lots),
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        price_half_ticks=_on_grid(touch_half_ticks, instrument.tick_half_ticks, side),
        intended_ns=intended_ns,
        venue=pool,
        decision_twice_half_ticks=touch.twice_middle,
    )


def shape_child(
    workload: Workload,
    instrument: Instrument,
    cl_ord_id: ClOrdID,
    lots: int,
    limit: int | None,
    intended_ns: int,
    twice_middle: int,
) -> SubmitOrder:
    """A child of an execution algorithm: at the *limit* or better, or at any price where there is none."""
    return SubmitOrder(
        cl_ord_id=cl_ord_id,
        strategy=workload.strategy,
        symbol=instrument.symbol,
        side=Side.BUY if workload.buy_share else Side.SELL,
        quantity_lots=lots,
        ord_type=OrdType.MARKET if limit is None else OrdType.LIMIT,
        time_in_force=TimeInForce.IOC,
        price_half_ticks=limit,
        intended_ns=intended_ns,
        decision_twice_half_ticks=twice_middle,
    )


def shape_amendment(
    workload: Workload, instrument: Instrument, order: SubmitOrder, lots_draw: float, closer_draw: float
) -> AmendOrder:
    """Half to half as many lots again as the order has, a tick nearer to the market or further away."""
    half = max(order.quantity_lots // 2, 1)
    lots = half + int(lots_draw * (order.quantity_lots + 1))
    lots = max(lots // workload.lots_step, 1) * workload.lots_step
    tick, price = instrument.tick_half_ticks, order.price_half_ticks
    if price is not None:
        price = max(price + order.side.sign * (tick if closer_draw < 0.5 else -tick), tick)
    stop = order.stop_price_half_ticks
    if stop is not None:
        stop = max(stop + order.side.sign * tick, tick)
    return AmendOrder(order.cl_ord_id, 1, lots, price, stop)


def rests(order: SubmitOrder) -> bool:
    """Whether the order is meant to stay in a book until it trades or is cancelled."""
    return order.time_in_force.rests


def _lots(workload: Workload, draw: float) -> int:
    steps = (workload.lots_max - workload.lots_min) // workload.lots_step + 1
    return workload.lots_min + int(draw * steps) * workload.lots_step


def _on_grid(price_half_ticks: int, tick_half_ticks: int, side: Side) -> int:
    """Down for a buy and up for a sell: never a worse price than was meant."""
    if side is Side.BUY:
        return price_half_ticks // tick_half_ticks * tick_half_ticks
    return -(-price_half_ticks // tick_half_ticks) * tick_half_ticks
