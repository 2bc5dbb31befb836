"""What a fault is: a frozen value that knows how to begin, counts what it touches, and returns how to heal."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from squall.sim.kernel import HEAL, INJECT
from squall.sim.trace import FaultBegan, FaultHealed
from squall.sim.world import World

Heal = Callable[[], None]


class Tally:
    """What one fault has touched, by kind of effect."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def touched(self, what: str) -> None:
        """One more of these, as in ``requests discarded``."""
        self._counts[what] += 1

    @property
    def effects(self) -> int:
        """All of them."""
        return self._counts.total()

    @property
    def words(self) -> str:
        """As a person would say it: ``41 requests discarded, 3 queries discarded``."""
        return ", ".join(f"{count} {what}" for what, count in sorted(self._counts.items())) or "nothing"


class Fault(Protocol):
    """Acts on public handles of the world only, and removes what it installed when it heals."""

    @property
    def kind(self) -> str:
        """What it does, as in ``exchange-api: requests lost``."""

    @property
    def target(self) -> str:
        """What it does it to, as in ``exchange-a``."""

    def check(self, world: World) -> None:
        """ValueError in one line where the world has no such target or the intensity makes no sense."""

    def inject(self, world: World, tally: Tally) -> Heal:
        """Begin; count into *tally*; return what ends it."""


def _in_kebab_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class FaultKind(Struct, frozen=True, tag_field="kind", tag=_in_kebab_case):
    """A fault as data: a plan file knows ``PacketLoss`` as ``kind = "packet-loss"``, and its fields by their names.

    Where it strikes one named thing, that is its field ``target``, and the class says in ``place`` what it names.
    """


PLACES: Final[Mapping[str, Callable[[World], Sequence[str]]]] = {
    "host": lambda world: tuple(world.hosts),
    "machine": lambda world: tuple(name for name in world.hosts if name not in world.venues),
    "venue": lambda world: tuple(world.venues),
    "link": lambda world: tuple(world.network.links),
    "symbol": lambda world: tuple(world.fair_values),
    "program": lambda world: world.transport.programs,
}
"""What a target may be, and everything in a world that it may name, in the world's order. A machine is no venue's."""


class Planned(Struct, frozen=True):
    """A fault and its half-open window, in virtual ns from the start of the run. ValueError where that is none."""

    fault: Fault
    start_ns: int
    end_ns: int
    must_touch: bool = True
    """Whether a run in which it touched nothing proves nothing."""
    name: str = ""
    """What other faults and an incident call it; by what it does, where none is given."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_ns < self.end_ns:
            raise ValueError(
                f"{self.fault.kind}: the window must begin before it ends, and not before 0 ns, "
                f"found {self.start_ns} ns to {self.end_ns} ns"
            )


Plan = tuple[Planned, ...]
Draw = Callable[[World], Plan]
"""A plan that the seed decides: drawn from the world's keyed chance when everything has been laid out in it."""


def during(start_ns: int, end_ns: int, fault: Fault, must_touch: bool = True) -> Planned:
    """This fault from *start_ns* to *end_ns*. See `Planned` for *must_touch*."""
    return Planned(fault, start_ns, end_ns, must_touch)


class PlanError(ValueError):
    """A fault that cannot be in this world: one line with its place in the plan."""

    def __init__(self, index: int, field: str, message: str) -> None:
        super().__init__(f"plan[{index}]: {message}")
        self._place = f"faults[{index}]{field}"
        self._message = message

    def within(self, file: str) -> "PlanError":
        """The same, of a plan that was read from this file."""
        self.args = (f"{file}: {self._place}: {self._message}",)
        return self


class InstalledPlan:
    """A plan in a world: every fault waits for its window, and its tally tells what came of it.

    PlanError where one of them cannot be in this world.
    """

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self.plan = plan
        self.tallies = tuple(Tally() for _ in plan)
        self._heals: dict[int, Heal] = {}
        for index, planned in enumerate(plan):
            try:
                planned.fault.check(world)
            except ValueError as error:
                raise PlanError(index, _field_to_blame(planned.fault, world), str(error)) from None
        for index, planned in enumerate(plan):
            world.kernel.call_at(planned.start_ns, self._begin, index, turn=INJECT)
            world.kernel.call_at(planned.end_ns, self._heal, index, turn=HEAL)

    def _begin(self, index: int) -> None:
        world, fault = self._world, self.plan[index].fault
        event = FaultBegan(index=index, kind=fault.kind, target=fault.target)
        world.kernel.cause = world.trace.observe("fault", event)
        self._heals[index] = fault.inject(world, self.tallies[index])

    def _heal(self, index: int) -> None:
        world, fault = self._world, self.plan[index].fault
        effects = self.tallies[index].effects
        event = FaultHealed(index=index, kind=fault.kind, target=fault.target, effects=effects)
        world.kernel.cause = world.trace.observe("fault", event)
        self._heals.pop(index)()


def _field_to_blame(fault: Fault, world: World) -> str:
    place: str = getattr(type(fault), "place", "")
    return ".target" if place in PLACES and fault.target not in PLACES[place](world) else ""


def check_share(name: str, share: float) -> None:
    """ValueError unless 0 < share ≤ 1."""
    if not 0.0 < share <= 1.0:
        raise ValueError(f"{name}: the share must be above 0 and at most 1, found {share}")
