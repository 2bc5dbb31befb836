"""The order path of a larger desk: many symbols, several strategies, and an OMS split into shards by symbol."""

from bisect import bisect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Final

from msgspec import Struct

from squall.faults.fault import Plan
from squall.scenarios.order_parts import Passing
from squall.scenarios.order_path import DESK, LAST, MARKET, OrderPath, Station
from squall.scenarios.stacks import HOPS, Stack
from squall.sim.core import LOCAL_HOP_NS, MESSAGE
from squall.sim.host import Costs
from squall.sim.slot import Slot

SPLIT: Final = {"strategy": "strategies", "oms": "shards", "risk": "shards"}
"""Stations of which there are several, and what says how many. A shard has its own gate: that of its symbols."""
KEEPS_SYMBOLS: Final = ("strategy", "oms", "risk", "router")
"""Stations that keep something of each symbol: prices, orders, positions, venues' books. The gateway has sessions."""
CACHED_SYMBOLS: Final = 256
"""What a core's cache holds: 1 MB, at 4 kB a symbol."""
MISS_NS: Final = 320
"""A symbol that is not in it: four lines from memory, one after the other, at 80 ns."""
LINE_NS: Final = 60
"""A line that another core wrote last: the end of a queue, if who puts something there is not who did so before."""
MOST: Final = {"symbols": 100_000, "strategies": 64, "shards": 64}


class Floor(Struct, frozen=True):
    """How large the desk is. ValueError, naming the field, for what makes no sense."""

    symbols: int = 1
    strategies: int = 1
    shards: int = 1
    skew: float = 0.0
    """How unequal symbols are: the n-th is traded n^-skew as often as the first (Zipf's law); 0: all alike."""

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name}: expected 1 to {most}, found {getattr(self, name)}")
        if self.skew < 0:
            raise ValueError(f"skew: expected 0 or more, found {self.skew}")

    def shares(self) -> list[float]:
        """Of all orders, how many each symbol has; they add up to 1."""
        weights = [(number + 1) ** -self.skew for number in range(self.symbols)]
        whole = sum(weights)
        return [weight / whole for weight in weights]

    def shard_of(self, symbol: int) -> int:
        """Which OMS a symbol's orders are the business of."""
        return symbol % self.shards


class SplitPath(OrderPath):
    """The order path with as much of everything as its floor says; with one of each, it is `OrderPath` to the ns.

    Costs come from what happens: a core keeps the symbols that it was last asked about, and a queue remembers who put
    something there last. They are settled as a message is put into a queue, which is first in, first out.
    """

    def __init__(
        self,
        stack: Stack,
        times_ns: Sequence[int],
        for_ns: int,
        seed: int,
        plan: Plan = (),
        floor: Floor | None = None,
    ) -> None:
        self.floor = floor or Floor()
        self._caches: dict[str, OrderedDict[int, None]] = {}
        self._wrote: dict[tuple[str, int], str] = {}
        """Who was the last to put something into a program's queue, at each hop."""
        self._slots: dict[str, Slot] = {}
        super().__init__(stack, times_ns, for_ns, seed, plan)
        chance = self.world.chance
        self._symbols = _drawn(chance.stream("load/symbols").random, self.floor.shares(), len(times_ns))
        even = [1 / self.floor.strategies] * self.floor.strategies
        self._strategies = _drawn(chance.stream("load/strategies").random, even, len(times_ns))

    def _lay(self, costs: Costs, journal: bool) -> None:
        watch = self.parts.on(DESK)
        for station in dict.fromkeys(HOPS):
            for name in names_of(station, self.floor):
                self.world.add_cores(DESK, name, self._stack.cores).watch = watch
                self.world.place(DESK, name, partial(_Lane, wired=self), costs, core=name)
                self._slots[name] = self.world.host(DESK).slot(name)
                if station in KEEPS_SYMBOLS:
                    self._caches[name] = OrderedDict()

    def _enter(self, number: int) -> None:
        self.put(MARKET, number, 0)

    def put(self, sender: str, number: int, hop: int) -> None:
        """Into the queue of whoever is next on this order's way."""
        slot = self._slots[self._station_of(number, hop)]
        cost_ns = slot.default_cost_ns + self._extra_ns(slot.address, sender, number, hop)
        if hop:
            cost_ns += LOCAL_HOP_NS
        slot.host.enqueue(slot, MESSAGE, sender, Passing(number, hop), cost_ns)

    def _station_of(self, number: int, hop: int) -> str:
        station, floor = HOPS[hop], self.floor
        if station == "strategy":
            return _numbered(station, self._strategies[number], floor.strategies)
        if station in SPLIT:
            return _numbered(station, floor.shard_of(self._symbols[number]), floor.shards)
        return station

    def _extra_ns(self, program: str, sender: str, number: int, hop: int) -> int:
        extra_ns = 0
        if self._wrote.get((program, hop), sender) != sender:
            extra_ns += LINE_NS
        self._wrote[program, hop] = sender
        cache = self._caches.get(program)
        if cache is not None:
            symbol = self._symbols[number]
            if symbol in cache:
                cache.move_to_end(symbol)
            else:
                cache[symbol] = None
                extra_ns += MISS_NS if self.floor.symbols > 1 else 0
                if len(cache) > CACHED_SYMBOLS:
                    cache.popitem(last=False)
        return extra_ns


class _Lane(Station):
    """A station that asks the floor whose turn is next."""

    _wired: SplitPath

    def on_message(self, sender: str, message: Passing) -> None:
        if message.hop == LAST:
            self._wired.reached(message.number)
        else:
            self._wired.put(self._runtime.address, message.number, message.hop + 1)


def names_of(station: str, floor: Floor) -> tuple[str, ...]:
    """``oms1``, ``oms2`` …; the bare name where there is one."""
    count = getattr(floor, SPLIT[station]) if station in SPLIT else 1
    return tuple(_numbered(station, number, count) for number in range(count))


def _numbered(station: str, number: int, count: int) -> str:
    return station if count == 1 else f"{station}{number + 1}"


def _drawn(uniform: Callable[[], float], shares: Sequence[float], count: int) -> list[int]:
    """So many draws of which it is, by its share; nothing is drawn where there is no choice."""
    if len(shares) == 1:
        return [0] * count
    upto = list(accumulate(shares))
    last = len(shares) - 1
    return [min(bisect(upto, uniform()), last) for _ in range(count)]
