"""What venues' tapes show, trade by trade, whichever of the two lines brings it."""

from collections.abc import Callable

from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.depth import (
    PRICE_UNITS_PER_HALF_TICK,
    SIZE_UNITS_PER_LOT,
    DepthIncrement,
    security_ids,
)
from squall.sim.exchange.wire.messages import BookUpdate
from squall.sim.trace import Record, Sent

Traded = Callable[[Record, str, int, int], None]
"""Told of each trade: the record that shows it, the symbol, the price in half ticks, and the lots."""


def watch_tape(stage: Stage, told: Traded) -> None:
    """Read the tapes where venues send them: what is lost on its way was traded all the same."""
    symbols = {number: symbol for symbol, number in security_ids([i.symbol for i in stage.floor.instruments]).items()}
    heard: dict[str, int] = {}
    """The highest number of each venue's channel."""

    def is_news(venue: str, seq: int) -> bool:
        if seq <= heard.get(venue, 0):
            return False
        heard[venue] = seq
        return True

    def on_update(record: Record) -> None:
        update: BookUpdate = record.event.message
        if update.prints and is_news(update.venue, update.seq):
            for each in update.prints:
                told(record, update.symbol, each.price_half_ticks, each.lots)

    def on_increment(record: Record) -> None:
        increment: DepthIncrement = record.event.message
        symbol = symbols.get(increment.security_id)
        if increment.trades and symbol is not None and is_news(increment.venue, increment.seq):
            for each in increment.trades:
                told(record, symbol, each.price // PRICE_UNITS_PER_HALF_TICK, each.size // SIZE_UNITS_PER_LOT)

    stage.world.trace.watch(on_update, Sent, BookUpdate)
    stage.world.trace.watch(on_increment, Sent, DepthIncrement)
