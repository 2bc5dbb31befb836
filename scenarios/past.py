"""The days before this one, as the tick store has recorded them: so much volume in each part of the day."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from squall.sim.rng import Chance
from squall.system.domain.history import DAY_NS
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import Bar


class PastDays(Struct, frozen=True):
    """*volumes*: of each symbol, in each part of every day, of one length; about: a fifth more or less."""

    volumes: tuple[int, ...]
    days: int = 5
    price_half_ticks: int = 20_000

    def recorded(
        self, symbols: Sequence[Symbol], day_ns: int, bar_ns: int, chance: Chance
    ) -> Iterator[tuple[Bar, ...]]:
        """The bars, all of one interval at a time, oldest first. The opening is at 0, and yesterday's a day before."""
        in_a_day = day_ns // bar_ns
        for day in range(-self.days, 0):
            for index in range(in_a_day):
                part = index * len(self.volumes) // in_a_day
                lots = self.volumes[part] * len(self.volumes) // in_a_day
                start_ns = day * DAY_NS + index * bar_ns
                draws = [chance.uniform(f"past/{day}/{index}/{symbol}") for symbol in symbols]
                yield tuple(self._bar(*each, start_ns, lots) for each in zip(symbols, draws, strict=True))

    def _bar(self, symbol: Symbol, draw: float, start_ns: int, lots: int) -> Bar:
        lots, twice = int(lots * (0.8 + 0.4 * draw)), 2 * self.price_half_ticks
        return Bar(symbol, start_ns, twice, twice, twice, twice, lots, lots * self.price_half_ticks)
