"""What a symbol is worth by the books of several venues: the middle between the best bid and the best ask of all."""

from collections.abc import Iterable

from squall.system.domain.desk_book import Touch
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import PriceMark


def twice_the_middle(touches: Iterable[Touch]) -> int:
    """Best bid plus best ask, in half ticks, which is whole where their middle may not be; 0 where a side is empty."""
    bid = ask = 0
    for bid_half_ticks, bid_lots, ask_half_ticks, ask_lots in touches:
        if bid_lots:
            bid = max(bid, bid_half_ticks)
        if ask_lots:
            ask = min(ask, ask_half_ticks) if ask else ask_half_ticks
    return bid + ask if bid and ask else 0


def marks_of(believed: Iterable[tuple[Symbol, Touch]]) -> tuple[PriceMark, ...]:
    """A mark for each symbol that has both sides somewhere, from the touches of the books that are believed."""
    touches: dict[Symbol, list[Touch]] = {}
    for symbol, touch in believed:
        touches.setdefault(symbol, []).append(touch)
    marks = ((symbol, twice_the_middle(each)) for symbol, each in touches.items())
    return tuple(PriceMark(symbol, twice) for symbol, twice in marks if twice)
