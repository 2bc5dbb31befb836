"""All strategies by their rules: which there are, and what a tick makes of each."""

from typing import assert_never

from squall.system.domain.strategies import market_maker, mean_reversion, momentum
from squall.system.domain.strategies.market_maker import MarketMaker, MarketMakerState
from squall.system.domain.strategies.mean_reversion import MeanReversion, MeanReversionState
from squall.system.domain.strategies.momentum import Momentum, MomentumState
from squall.system.domain.strategies.seen import Seen, Signal

Rule = Momentum | MeanReversion | MarketMaker
State = MomentumState | MeanReversionState | MarketMakerState


def start(rule: Rule) -> State:
    """What a strategy knows before its first tick."""
    match rule:
        case Momentum():
            return MomentumState()
        case MeanReversion():
            return MeanReversionState()
        case MarketMaker():
            return MarketMakerState()
        case _:
            assert_never(rule)


def on_tick(rule: Rule, state: State, seen: Seen) -> tuple[State, tuple[Signal, ...]]:
    """What the strategy knows after this tick, and what it wants. TypeError where the state is another rule's."""
    match rule, state:
        case Momentum(), MomentumState():
            return momentum.on_tick(rule, state, seen)
        case MeanReversion(), MeanReversionState():
            return mean_reversion.on_tick(rule, state, seen)
        case MarketMaker(), MarketMakerState():
            return market_maker.on_tick(rule, state, seen)
        case _:
            raise TypeError(f"strategies: found {type(state).__name__}, expected the state of {type(rule).__name__}")
