"""A second provider of market data: looks at every venue now and then, and tells what has changed, in its own words."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

from msgspec import Struct

from squall.sim.exchange.engine import Engine
from squall.sim.exchange.wire.consolidated import (
    PRICE_UNITS_PER_HALF_TICK,
    SIZE_UNITS_PER_LOT,
    ConsolidatedPacket,
    ConsolidatedQuote,
)
from squall.sim.program import Machine

LOOK: Final = "look"
NS_PER_US: Final = 1_000


class Source(Struct, frozen=True):
    """A listing that the vendor looks at, by a way of its own: a venue's feed may be dead, and this one is not."""

    engine: Engine
    symbol: str


class Consolidated:
    """Slower than a venue's feed, and conflated: what comes and goes between two looks, nobody hears of."""

    def __init__(
        self,
        machine: Machine,
        sources: Mapping[str, Source],
        subscribers: tuple[str, ...],
        look_ns: int = 50_000_000,
        refresh_looks: int = 10,
    ) -> None:
        """*sources*: by the vendor's code. Every *refresh_looks* looks, what has not changed is told again."""
        self._machine = machine
        self._sources = dict(sources)
        self._subscribers = subscribers
        self._look_ns = look_ns
        self._refresh_looks = refresh_looks
        self._told: dict[str, tuple[int, int, int, int]] = {}
        self._number = 0

    def on_start(self) -> None:
        self._machine.set_timer(self._look_ns, LOOK)

    def on_timer(self, key: Hashable) -> None:
        if self._number % self._refresh_looks == 0:
            self._told.clear()
        self._number += 1
        quotes = tuple(
            self._quote(code, touch)
            for code, source in self._sources.items()
            if (touch := source.engine.touch(source.symbol)) != self._told.get(code)
        )
        packet = ConsolidatedPacket(self._number, self._machine.now_ns // NS_PER_US, quotes)
        for subscriber in self._subscribers:
            self._machine.send(subscriber, packet)
        self._machine.set_timer(self._look_ns, LOOK)

    def _quote(self, code: str, touch: tuple[int, int, int, int]) -> ConsolidatedQuote:
        self._told[code] = touch
        bid_half_ticks, bid_lots, ask_half_ticks, ask_lots = touch
        return ConsolidatedQuote(
            code,
            bid_half_ticks * PRICE_UNITS_PER_HALF_TICK,
            bid_lots * SIZE_UNITS_PER_LOT,
            ask_half_ticks * PRICE_UNITS_PER_HALF_TICK,
            ask_lots * SIZE_UNITS_PER_LOT,
        )

    def on_message(self, sender: str, message: Any) -> None:
        raise TypeError(f"the second provider: {type(message).__name__} from {sender}, but it only speaks")

    def on_durable(self, token: int) -> None:
        """Nothing is ever written."""

    def on_stream_open(self, peer: str) -> None:
        """Nobody has anything to ask."""

    def on_stream_closed(self, peer: str, reason: str) -> None:
        """As above."""

    def on_config(self, config: Any) -> None:
        """It has none."""
