"""From what a strategy wants to what is done: its signals are netted, cooled down, sized, or left out with a reason."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import StrategyConfig
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.strategies.seen import Lean, Pull, Quote, Seen, Signal
from squall.system.domain.strategies.sizing import Budget, Held, lots_towards, quote_lots


class Asked(Struct, frozen=True, gc=False):
    """The terms that a quote was asked to move to: until that is answered it may stand on either."""

    lots: int
    price_half_ticks: int | None


class Mine(Struct, frozen=True, gc=False):
    """An order of the strategy's that has not ended, as far as it knows. A market order has no price.

    *lots* is all of the order, what has traded included.
    """

    cl_ord_id: ClOrdID
    side: Side
    lots: int
    price_half_ticks: int | None
    rests: bool
    cum_lots: int = 0
    cancelling: bool = False
    venue: Venue | None = None
    """Where it is at work; None: nowhere, as far as we know."""
    revision: int = 0
    """The latest wish of ours to move it."""
    asked: Asked | None = None

    @property
    def leaves_lots(self) -> int:
        """What may still trade, on whichever terms it stands."""
        return (self.lots if self.asked is None else max(self.lots, self.asked.lots)) - self.cum_lots

    @property
    def aim_half_ticks(self) -> int | None:
        """The price that it stands at, or is to stand at."""
        return self.price_half_ticks if self.asked is None else self.asked.price_half_ticks

    def meets(self, side: Side, price_half_ticks: int) -> bool:
        """Whether a new order on *side* at this price could trade with it."""
        if self.side is side or not self.leaves_lots:
            return False
        prices = (self.price_half_ticks, self.aim_half_ticks)
        return any(own is None or side.sign * (price_half_ticks - own) >= 0 for own in prices)


class Place(Struct, frozen=True, gc=False):
    """Send an order: what *rests* is a quote, anything else takes what there is, at once."""

    side: Side
    lots: int
    price_half_ticks: int
    rests: bool


class Withdraw(Struct, frozen=True, gc=False):
    """Take this order back; *stale*: because nobody knows the prices any more."""

    cl_ord_id: ClOrdID
    stale: bool = False


class Move(Struct, frozen=True, gc=False):
    """Replace this quote where it rests: *lots* is all of it, what has traded included."""

    cl_ord_id: ClOrdID
    lots: int
    price_half_ticks: int


class Filtered(Enum):
    """Why a signal came to nothing."""

    STALE = "no fresh tick"
    NO_VENUE = "no venue is safe"
    EMPTY_SIDE = "no price on the side it needs"
    NETTING = "it would meet an order of our own"
    COOL_DOWN = "the last order is too recent"
    BUDGET = "the risk budget is used up"
    BEYOND = "no price within the limit, fees included"


class LeftOut(Struct, frozen=True, gc=False):
    """A signal was not heeded."""

    side: Side
    reason: Filtered


Action = Place | Move | Withdraw | LeftOut


class Recent(Struct, frozen=True, gc=False):
    """When the strategy last sent an order in this symbol; None: never."""

    buy_ns: int | None = None
    sell_ns: int | None = None

    def cool_at(self, side: Side, now_ns: int, cool_down_time_ns: int) -> bool:
        """Whether another one may go out on this side."""
        last_ns = self.buy_ns if side is Side.BUY else self.sell_ns
        return last_ns is None or now_ns - last_ns >= cool_down_time_ns

    def sent(self, side: Side, now_ns: int) -> "Recent":
        """After an order on this side."""
        return Recent(now_ns, self.sell_ns) if side is Side.BUY else Recent(self.buy_ns, now_ns)


def held(position_lots: int, mine: Iterable[Mine]) -> Held:
    """The position, with what is in flight on either side."""
    buying = selling = 0
    for each in mine:
        if each.side is Side.BUY:
            buying += each.leaves_lots
        else:
            selling += each.leaves_lots
    return Held(position_lots, buying, selling)


def act(
    signals: Sequence[Signal], seen: Seen, mine: Sequence[Mine], recent: Recent, budget: Budget, config: StrategyConfig
) -> tuple[Action, ...]:
    """What these signals of one tick come to, in their order. *mine* are the symbol's orders that have not ended.

    At most one of the two sides takes from the market; no order that is placed could trade with another of ours; and
    if everything in flight fills, the position stays within the budget, or comes nearer to it.
    """
    desk = _Desk(seen, mine, recent, budget, config)
    for signal in signals:
        match signal:
            case Lean():
                desk.lean(signal)
            case Quote():
                desk.quote(signal)
            case Pull():
                if seen.fresh or config.pull_stale_quotes:
                    desk.withdraw(signal.side)
            case _:
                assert_never(signal)
    return tuple(desk.actions)


class _Desk:
    """What has been decided of this tick so far; later signals see what earlier ones have placed."""

    def __init__(
        self, seen: Seen, mine: Sequence[Mine], recent: Recent, budget: Budget, config: StrategyConfig
    ) -> None:
        self._seen = seen
        self._mine = list(mine)
        self._recent = recent
        self._budget = budget
        self._config = config
        self.actions: list[Action] = []

    def lean(self, lean: Lean) -> None:
        seen, config = self._seen, self._config
        sized = lots_towards(lean.thousandths, held(seen.position_lots, self._mine), self._budget)
        if sized is None:
            return
        side, lots = sized
        facing = seen.ask_half_ticks if side is Side.BUY else seen.bid_half_ticks
        reach = config.take_ticks * seen.tick_half_ticks
        # Onto the grid, towards the market: a price in half a tick would be refused.
        price = (facing + side.sign * reach) // seen.tick_half_ticks * seen.tick_half_ticks
        if not seen.fresh:
            self._leave_out(side, self._unseen)
        elif not facing or price <= 0:
            self._leave_out(side, Filtered.EMPTY_SIDE)
        elif any(each.meets(side, price) for each in self._mine):
            self.withdraw(side.other)
            self._leave_out(side, Filtered.NETTING)
        elif not self._is_cool(side):
            self._leave_out(side, Filtered.COOL_DOWN)
        else:
            self._place(Place(side, lots, price, False))

    def quote(self, quote: Quote) -> None:
        side, price = quote.side, quote.price_half_ticks
        standing = [each for each in self._mine if each.rests and each.side is side]
        if any(each.aim_half_ticks == price and not each.cancelling for each in standing):
            return
        if standing:
            self._move(standing, price)
        elif not self._seen.fresh:
            self._leave_out(side, self._unseen)
        elif any(each.meets(side, price) for each in self._mine):
            self._leave_out(side, Filtered.NETTING)
        elif not self._is_cool(side):
            self._leave_out(side, Filtered.COOL_DOWN)
        else:
            lots = quote_lots(side, held(self._seen.position_lots, self._mine), self._budget)
            if lots:
                self._place(Place(side, lots, price, True))
            else:
                self._leave_out(side, Filtered.BUDGET)

    def _move(self, standing: Sequence[Mine], price_half_ticks: int) -> None:
        """Where it rests, if that is known. Otherwise it is taken back, and a new one goes out once that is certain: so
        no side is ever quoted twice. One that stands too far in the market does not wait for the cool-down: to take it
        back would be a request too, and leave nobody there. At a venue that wants fewer requests it is taken back."""
        each, side = standing[0], standing[0].side
        if len(standing) > 1 or each.cancelling or each.venue is None or not self._config.replace_quotes:
            self.withdraw(side)
            return
        if each.asked is not None:
            return  # one wish at a time
        others = [other for other in self._mine if other is not each]
        lots = quote_lots(side, held(self._seen.position_lots, others), self._budget)
        exposed = each.price_half_ticks is not None and side.sign * (each.price_half_ticks - price_half_ticks) > 0
        if not lots:
            self.withdraw(side)
        elif any(other.meets(side, price_half_ticks) for other in others):
            self._leave_out(side, Filtered.NETTING)
        elif self._is_cool(side, each.venue) or (exposed and not self._is_throttled(each.venue)):
            self.actions.append(Move(each.cl_ord_id, each.cum_lots + lots, price_half_ticks))
            asked = Asked(each.cum_lots + lots, price_half_ticks)
            self._mine[self._mine.index(each)] = replace(each, asked=asked)
        elif exposed:
            self.withdraw(side)
        else:
            self._leave_out(side, Filtered.COOL_DOWN)

    def withdraw(self, side: Side) -> None:
        for index, each in enumerate(self._mine):
            if each.cl_ord_id and each.rests and each.side is side and not each.cancelling:
                self.actions.append(Withdraw(each.cl_ord_id, stale=not self._seen.fresh))
                self._mine[index] = replace(each, cancelling=True)

    @property
    def _unseen(self) -> Filtered:
        """Why nothing is believed."""
        return Filtered.STALE if self._seen.safe else Filtered.NO_VENUE

    def _is_cool(self, side: Side, venue: Venue | None = None) -> bool:
        """Whether another request may go out on this side: to *venue*, or to whichever the router chooses."""
        config, seen = self._config, self._seen
        wait_ns = config.cool_down_time_ns if config.cool_down else 0
        if self._is_throttled(venue):
            wait_ns = max(wait_ns, config.throttled_cool_down_ns)
        return not wait_ns or self._recent.cool_at(side, seen.at_ns, wait_ns)

    def _is_throttled(self, venue: Venue | None) -> bool:
        """Whether *venue* asks for fewer requests; None: whether all do that the router may choose from."""
        seen = self._seen
        return self._config.heed_throttle and (seen.slow if venue is None else venue in seen.throttled)

    def _place(self, place: Place) -> None:
        self.actions.append(place)
        self._mine.append(Mine(ClOrdID(""), place.side, place.lots, place.price_half_ticks, place.rests))

    def _leave_out(self, side: Side, reason: Filtered) -> None:
        self.actions.append(LeftOut(side, reason))
