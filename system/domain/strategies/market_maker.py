"""A market maker: a bid and an offer about the middle, shifted against what it holds, pulled when it sees nothing."""

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.strategies.seen import Lean, Pull, Quote, Seen, Signal


class MarketMaker(Struct, frozen=True, tag=True):
    """The rule's numbers. ValueError, naming the field, for what makes no sense."""

    half_spread_ticks: int = 2
    """How far each quote stands from the price that it thinks right."""
    skew_lots_per_tick: int = 50
    """For so many lots held, that price moves one tick against them: a buyer quotes lower. 0: not at all."""
    requote_ticks: int = 1
    """A quote that is no further from where it should be stays: it keeps its place in the queue."""
    hedge_lots: int = 0
    """With so many lots on one side it takes its quotes back and goes flat through the market. 0: never."""

    def __post_init__(self) -> None:
        for name, least in (("half_spread_ticks", 1), ("skew_lots_per_tick", 0), ("requote_ticks", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"market_maker.{name}: found {getattr(self, name)}, expected at least {least}")
        if self.hedge_lots < 0:
            raise ValueError(f"market_maker.hedge_lots: found {self.hedge_lots}, expected at least 0")


class MarketMakerState(Struct, frozen=True, gc=False):
    """What it last wanted to quote; 0 where it wanted nothing."""

    bid_half_ticks: int = 0
    ask_half_ticks: int = 0


PULL_BOTH: tuple[Signal, ...] = (Pull(Side.BUY), Pull(Side.SELL))


def on_tick(rule: MarketMaker, state: MarketMakerState, seen: Seen) -> tuple[MarketMakerState, tuple[Signal, ...]]:
    """Quotes stand a half spread about the middle less a skew that is linear in the position: the reservation price
    of Avellaneda and Stoikov (2008), q·γσ²(T − t), with the factor as one number. Neither quote reaches the other side
    of the market, nor each other: both keep at least a tick of distance.

    Where nothing is believed, or only one side, both are pulled. Where venues lock or cross each other, for as long as
    the faster ones need to arbitrate that away, each quote is wanted where it was, unless that reaches the other side.
    """
    if not (seen.fresh and seen.bid_half_ticks and seen.ask_half_ticks):
        return MarketMakerState(), PULL_BOTH
    if not seen.has_middle and state.bid_half_ticks:
        return state, _as_they_are(rule, state, seen)
    tick = seen.tick_half_ticks
    middle = seen.middle // 2
    if rule.skew_lots_per_tick:
        middle -= seen.position_lots * tick // rule.skew_lots_per_tick
    away = rule.half_spread_ticks * tick
    bid = min((middle - away) // tick * tick, (seen.ask_half_ticks - tick) // tick * tick)
    ask = max(-((-middle - away) // tick * tick), -((-seen.bid_half_ticks - tick) // tick * tick), bid + tick)
    if bid <= 0:
        return MarketMakerState(), PULL_BOTH
    band = rule.requote_ticks * tick
    # A quote may stay where it is unless the market has come to it: it must not become a taker by standing still.
    if state.bid_half_ticks and abs(bid - state.bid_half_ticks) <= band and state.bid_half_ticks < seen.ask_half_ticks:
        bid = state.bid_half_ticks
    if state.ask_half_ticks and abs(ask - state.ask_half_ticks) <= band and state.ask_half_ticks > seen.bid_half_ticks:
        ask = state.ask_half_ticks
    if bid >= ask:
        bid = ask - tick
    if rule.hedge_lots and abs(seen.position_lots) >= rule.hedge_lots:
        # What rests may fill too: the order that goes through the market waits until no quote is left.
        return MarketMakerState(), (*PULL_BOTH, Lean(0))
    return MarketMakerState(bid, ask), (Quote(Side.BUY, bid), Quote(Side.SELL, ask))


def _as_they_are(rule: MarketMaker, state: MarketMakerState, seen: Seen) -> tuple[Signal, ...]:
    """The quotes of before. Whoever has them keeps them; whoever does not is not kept out of the market by the cross,
    which may last.
    """
    if rule.hedge_lots and abs(seen.position_lots) >= rule.hedge_lots:
        return ()
    bid = (Quote(Side.BUY, state.bid_half_ticks),) if state.bid_half_ticks < seen.ask_half_ticks else ()
    ask = (Quote(Side.SELL, state.ask_half_ticks),) if state.ask_half_ticks > seen.bid_half_ticks else ()
    return (*bid, *ask)
