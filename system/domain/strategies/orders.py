"""From what a strategy wants to what is done: its signals are netted, cooled down, sized, or left out with a reason."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import StrategyConfig
from squall.system.domain.ids import ClOrdID
from squall.system.domain.strategies.seen import Lean, Pull, Quote, Seen, Signal
from squall.system.domain.strategies.sizing import Budget, Held, lots_towards, quote_lots


class Mine(Struct, frozen=True, gc=False):
    """An order of the strategy's that has not ended, as far as it knows. A market order has no price."""

    cl_ord_id: ClOrdID
    side: Side
    lots: int
    price_half_ticks: int | None
    rests: bool
    cum_lots: int = 0
    cancelling: bool = False

    @property
    def leaves_lots(self) -> int:
        return self.lots - self.cum_lots

    def meets(self, side: Side, price_half_ticks: int) -> bool:
        """Whether a new order on *side* at this price could trade with it."""
        if self.side is side or not self.leaves_lots:
            return False
        return self.price_half_ticks is None or side.sign * (price_half_ticks - self.price_half_ticks) >= 0


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


Action = Place | Withdraw | LeftOut


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
        if any(each.price_half_ticks == price and not each.cancelling for each in standing):
            return
        if standing:  # it is taken back first, and the new one goes out once that is certain
            self.withdraw(side)
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

    def withdraw(self, side: Side) -> None:
        for index, each in enumerate(self._mine):
            if each.cl_ord_id and each.rests and each.side is side and not each.cancelling:
                self.actions.append(Withdraw(each.cl_ord_id, stale=not self._seen.fresh))
                self._mine[index] = replace(each, cancelling=True)

    @property
    def _unseen(self) -> Filtered:
        """Why nothing is believed."""
        return Filtered.STALE if self._seen.safe else Filtered.NO_VENUE

    def _is_cool(self, side: Side) -> bool:
        if not self._config.cool_down:
            return True
        return self._recent.cool_at(side, self._seen.at_ns, self._config.cool_down_time_ns)

    def _place(self, place: Place) -> None:
        self.actions.append(place)
        self._mine.append(Mine(ClOrdID(""), place.side, place.lots, place.price_half_ticks, place.rests))

    def _leave_out(self, side: Side, reason: Filtered) -> None:
        self.actions.append(LeftOut(side, reason))
