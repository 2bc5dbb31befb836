"""The order path with a client that repeats what it was not answered in time: load that feeds on its own delay."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from msgspec import Struct

from squall.faults.fault import Plan
from squall.scenarios.order_parts import Passing
from squall.scenarios.order_path import DESK, LATE_NS, START_NS, OrderPath, Passed, Station
from squall.scenarios.stacks import HOPS, Stack
from squall.sim.core import MESSAGE
from squall.sim.host import Costs
from squall.system.config import MILLISECOND

MOST_RETRIES: Final = 100
WHOLE: Final = 100


class Retry(Struct, frozen=True):
    """How a client repeats. ValueError, naming the field, for what makes no sense."""

    timeout_ns: int = 1 * MILLISECOND
    """How long it waits for an answer before it sends the order once more; each time anew."""
    most: int = 3
    """How often it does so at most; 0: never."""
    budget_percent: int | None = None
    """Protection: it repeats only as long as repeats are at most this share of what it sent for the first time."""
    most_inside: int | None = None
    """Protection: what comes while so many copies are in the desk is turned away at its door, and costs it nothing."""

    def __post_init__(self) -> None:
        if self.timeout_ns < 1:
            raise ValueError(f"timeout: expected a time above zero, found {self.timeout_ns} ns")
        if not 0 <= self.most <= MOST_RETRIES:
            raise ValueError(f"retries: expected 0 to {MOST_RETRIES}, found {self.most}")
        if self.most_inside is not None and self.most_inside < 1:
            raise ValueError(f"inside: expected at least 1, found {self.most_inside}")
        if self.budget_percent is not None and not 0 <= self.budget_percent <= WHOLE:
            raise ValueError(f"budget: expected 0 to {WHOLE} percent, found {self.budget_percent}")


class RetryPath(OrderPath):
    """Every copy of an order is an order to the desk: it passes all stations. The first on the wire is the answer."""

    def __init__(
        self,
        stack: Stack,
        times_ns: Sequence[int],
        for_ns: int,
        seed: int,
        plan: Plan = (),
        retry: Retry | None = None,
        pause: tuple[int, int] | None = None,
    ) -> None:
        """*pause*: the whole host stands still from when until when after the load began."""
        self.retry = retry or Retry()
        self._count = len(times_ns)
        self.sends = np.ones(self._count, dtype=np.int64)
        """Of each order: how many copies of it were sent."""
        self.turned_away = 0
        self._inside = 0
        self._firsts = 0
        self._repeats = 0
        self._pause_of = pause
        super().__init__(stack, times_ns, for_ns, seed, plan)

    def _lay(self, costs: Costs, journal: bool) -> None:
        for name in dict.fromkeys(HOPS):
            self.world.add_cores(DESK, name, self._stack.cores)
            self.world.place(DESK, name, partial(Station, wired=self), costs, core=name)
        self._first = self.world.host(DESK).slot(HOPS[0])

    def run(self) -> Passed:
        if self._pause_of is not None:
            from_ns, until_ns = (START_NS + at_ns for at_ns in self._pause_of)
            self.world.kernel.call_at(from_ns, self._stand_still, until_ns - from_ns)
        return super().run()

    def _stand_still(self, for_ns: int) -> None:
        let_go = self.world.host(DESK).hold()
        self.world.kernel.post(for_ns, lambda _: let_go(), None, 0)

    def _enter(self, number: int) -> None:
        self._firsts += 1
        self._send(number, 0)

    def _send(self, number: int, copy: int) -> None:
        if copy < self.retry.most:
            self.world.kernel.post(self.retry.timeout_ns, self._unanswered, (number, copy + 1), 0)
        if self.retry.most_inside is not None and self._inside >= self.retry.most_inside:
            self.turned_away += 1
            return
        self._inside += 1
        slot = self._first
        passing = Passing(number + copy * self._count, 0)
        slot.host.enqueue(slot, MESSAGE, "client", passing, slot.default_cost_ns)

    def _unanswered(self, which: tuple[int, int]) -> None:
        """A time-out: send it once more, unless it has been answered, or too much is repeated already."""
        number, copy = which
        if self._latency_ns[number] != LATE_NS:
            return
        budget = self.retry.budget_percent
        if budget is not None and (self._repeats + 1) * WHOLE > budget * self._firsts:
            return
        self._repeats += 1
        self.sends[number] += 1
        self._send(number, copy)

    def reached(self, number: int) -> None:
        self._inside -= 1
        order = number % self._count
        if self._latency_ns[order] == LATE_NS:
            super().reached(order)
