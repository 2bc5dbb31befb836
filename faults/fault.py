"""What a fault is: a frozen value that knows how to begin, counts what it touches, and returns how to heal."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Protocol, Self, cast

from msgspec import Struct
from msgspec.structs import replace

from squall.faults.targets import PLACES, Pick, first_meant, means, struck
from squall.sim.kernel import HEAL, INJECT
from squall.sim.trace import FaultBegan, FaultHealed
from squall.sim.world import World

Heal = Callable[[], None]


class Tally:
    """What one fault has touched, by kind of effect; and what is its own: the key of its draws."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._why_nothing = ""
        self.twin = 1
        """Which one it is of those that do the same to the same, from the same moment on."""

    def key(self, name: str) -> str:
        """This name for chance. Twins, which would all ask for the same one, have draws of their own."""
        return name if self.twin == 1 else f"{name}#{self.twin}"

    def missed(self, why: str) -> None:
        """There was nothing for it to touch, for this reason."""
        self._why_nothing = why

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
        touched = ", ".join(f"{count} {what}" for what, count in sorted(self._counts.items())) or "nothing"
        return f"{touched}: {self._why_nothing}" if self._why_nothing else touched


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

    Where it strikes one named thing, that is its field ``target``, and the class says in ``place`` what it names. A
    plan may name several there, a group, or a selector: see `squall.faults.targets`.
    """

    def strikes(self, pick: Pick) -> tuple[Self, ...]:
        """What it comes to when it strikes: the same fault at each place that is meant."""
        place: str | None = getattr(self, "place", None)
        if place is None:
            return (self,)
        return tuple(replace(self, target=name) for name in pick(place, getattr(self, "target")))  # noqa: B009


class Planned(Struct, frozen=True):
    """A fault and its half-open window, in virtual ns from the start of the run. ValueError where that is none."""

    fault: Fault
    start_ns: int
    end_ns: int
    must_touch: bool = True
    """Whether a run in which it touched nothing proves nothing."""
    name: str = ""
    """What other faults and an incident call it; by what it does, where none is given."""
    probability: float = 1.0
    """With which it is in the plan at all, by the seed."""
    given: str = ""
    """The name of an earlier fault without which this one is not in the plan either."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_ns < self.end_ns:
            raise ValueError(
                f"{self.fault.kind}: the window must begin before it ends, and not before 0 ns, "
                f"found {self.start_ns} ns to {self.end_ns} ns"
            )
        if not 0.0 < self.probability <= 1.0:
            raise ValueError(
                f"{self.fault.kind}: the probability must be above 0 and at most 1, found {self.probability}"
            )


Plan = tuple[Planned, ...]
Draw = Callable[[World], Plan]
"""A plan that the seed decides: drawn from the world's keyed chance when everything has been laid out in it."""


def during(start_ns: int, end_ns: int, fault: Fault, must_touch: bool = True) -> Planned:
    """This fault from *start_ns* to *end_ns*. See `Planned` for *must_touch*."""
    return Planned(fault, start_ns, end_ns, must_touch)


def after(earlier: Planned, start_ns: int, end_ns: int, fault: Fault, must_touch: bool = True) -> Planned:
    """This fault in a window that counts from the moment at which *earlier* heals: what strikes a recovery."""
    return Planned(fault, earlier.end_ns + start_ns, earlier.end_ns + end_ns, must_touch, given=earlier.name)


def alongside(earlier: Planned, start_ns: int, end_ns: int, fault: Fault, must_touch: bool = True) -> Planned:
    """This fault in a window that counts from the moment at which *earlier* begins: what comes of it, or with it."""
    return Planned(fault, earlier.start_ns + start_ns, earlier.start_ns + end_ns, must_touch, given=earlier.name)


def names(plan: Plan) -> tuple[str, ...]:
    """What each fault is called: its name, or what it does (``packet-loss exchange-a/orders``), with ``#2`` if need be.

    It outlives changes of the plan around it, as a place in a list does not.
    """
    taken = {planned.name for planned in plan if planned.name}
    called = []
    for planned in plan:
        name = planned.name
        if not name:
            fault = planned.fault
            kind = fault.__struct_config__.tag if isinstance(fault, FaultKind) else fault.kind
            plain = name = f"{kind} {fault.target}"
            number = 2
            while name in taken:
                name = f"{plain} #{number}"
                number += 1
            taken.add(name)
        called.append(name)
    return tuple(called)


def happening(world: World, plan: Plan) -> Plan:
    """What of a plan is to be with this seed, every fault by its name. ValueError where one depends on nobody."""
    called = names(plan)
    out: list[str] = []
    settled = []
    for index, (name, planned) in enumerate(zip(called, plan, strict=True)):
        if planned.given and planned.given not in called[:index]:
            known = ", ".join(called[:index]) or "none"
            raise PlanError(index, ".given", f"no earlier fault {planned.given!r}; there are {known}")
        unlucky = planned.probability < 1.0 and world.chance.uniform(f"plan/{name}") >= planned.probability
        if unlucky or planned.given in out:
            out.append(name)
        else:
            settled.append(replace(planned, name=name, probability=1.0, given=""))
    return tuple(settled)


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
        self.struck = [planned.fault.target for planned in plan]
        """Whom each has struck; until it has, whom it is to strike."""
        self._names = names(plan)
        self._heals: dict[int, Heal] = {}
        self._twins: dict[tuple[type, str, int], int] = {}
        """By kind, target and moment, how many have begun."""
        for index, planned in enumerate(plan):
            _check(world, index, planned.fault)
        for index, planned in enumerate(plan):
            world.kernel.call_at(planned.start_ns, self._begin, index, turn=INJECT)
            world.kernel.call_at(planned.end_ns, self._heal, index, turn=HEAL)

    @property
    def in_force(self) -> tuple[int, ...]:
        """Which of the plan's faults have begun and not healed, by their places in it."""
        return tuple(sorted(self._heals))

    def _begin(self, index: int) -> None:
        world, fault, name = self._world, self.plan[index].fault, self._names[index]
        striking = _strikes(fault, lambda place, target: struck(world, place, target, name))
        self.struck[index] = target = ", ".join(dict.fromkeys(each.target for each in striking)) or "nobody"
        event = FaultBegan(index=index, kind=fault.kind, target=target)
        world.kernel.cause = world.trace.observe("fault", event)
        alike = [(type(each), each.target, world.kernel.now_ns) for each in striking]
        twin = self.tallies[index].twin = 1 + max((self._twins.get(each, 0) for each in alike), default=0)
        self._twins.update(dict.fromkeys(alike, twin))
        heals = [each.inject(world, self.tallies[index]) for each in striking]

        def heal() -> None:
            for each in heals:
                each()

        self._heals[index] = heal

    def _heal(self, index: int) -> None:
        world, fault = self._world, self.plan[index].fault
        effects = self.tallies[index].effects
        event = FaultHealed(index=index, kind=fault.kind, target=self.struck[index], effects=effects)
        world.kernel.cause = world.trace.observe("fault", event)
        self._heals.pop(index)()


def _strikes(fault: Fault, pick: Pick) -> tuple[Fault, ...]:
    """A fault of a user's own shape has no selectors: it strikes what it strikes."""
    return cast(tuple[Fault, ...], fault.strikes(pick)) if isinstance(fault, FaultKind) else (fault,)


def _check(world: World, index: int, fault: Fault) -> None:
    """PlanError where the fault, or anything that it may come to, cannot be in this world."""
    place: str = getattr(type(fault), "place", "")
    try:
        everywhere = _strikes(fault, lambda place, target: means(world, place, target)) if place else ()
        # Sides of a partition and the like make sense only together: they are looked at as they may be drawn.
        for each in everywhere or _strikes(fault, lambda place, target: first_meant(world, place, target)):
            try:
                each.check(world)
            except ValueError as error:
                unknown = place in PLACES and each.target not in PLACES[place](world)
                raise PlanError(index, ".target" if unknown else "", str(error)) from None
    except PlanError:
        raise
    except ValueError as error:
        raise PlanError(index, ".target", str(error)) from None


def check_share(name: str, share: float) -> None:
    """ValueError unless 0 < share ≤ 1."""
    if not 0.0 < share <= 1.0:
        raise ValueError(f"{name}: the share must be above 0 and at most 1, found {share}")
