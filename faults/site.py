"""What a room does to the machines in it: its power fails, or its cooling does."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally
from squall.sim.kernel import HEAL, INJECT, Call
from squall.sim.world import World

MAX_STEPS = 100


class PowerLost(FaultKind, frozen=True):
    """Every machine of the group is off at one instant, in the middle of what it wrote; in the end there is power.

    What was not synced is lost, but for a part of it (drawn for each machine) and one torn record, see ``torn-write``.
    When power is back not all start at once: each takes up to *boots_within_ns* longer, as drawn.
    """

    place: ClassVar[str] = "machine"
    target: str
    boots_within_ns: int = 0
    comes_back: bool = True

    @property
    def kind(self) -> str:
        return "power lost"

    def check(self, world: World) -> None:
        world.host(self.target)
        if self.boots_within_ns < 0:
            raise ValueError(f"{self.kind}: expected a time to boot of at least 0 ns, found {self.boots_within_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        host, kernel = world.host(self.target), world.kernel
        name = tally.key(f"power/{self.target}/{kernel.now_ns}")
        survivors = 0
        if host.up:
            tally.touched("machines without power")
            survivors = int(world.chance.uniform(f"{name}/torn") * (host.disk.unsynced + 1))
            for _ in range(survivors):
                tally.touched("unconfirmed records kept")
        come_back = host.outage(survivors=survivors)
        boots_ns = int(world.chance.uniform(f"{name}/boot") * self.boots_within_ns)

        def heal() -> None:
            if not self.comes_back:
                return
            if boots_ns:
                kernel.call_at(kernel.now_ns + boots_ns, lambda _: come_back(), turn=HEAL)
            else:
                come_back()

        return heal


class CoolingLost(FaultKind, frozen=True):
    """It gets hotter: every *step_ns* each machine of the group takes *factor* times as long again, then it shuts down.

    After *steps* of them a machine protects itself and is off. When cooling is back those that run are as quick as
    before, and those that are off start again, unless it *comes_back* no more: too hot for the rest of the day.
    """

    place: ClassVar[str] = "machine"
    target: str
    step_ns: int = 1_000_000_000
    factor: float = 2.0
    steps: int = 4
    comes_back: bool = True

    @property
    def kind(self) -> str:
        return "cooling lost"

    def check(self, world: World) -> None:
        world.host(self.target)
        if self.step_ns <= 0:
            raise ValueError(f"{self.kind}: expected steps of more than 0 ns, found {self.step_ns}")
        if not 1.0 < self.factor <= 100.0:
            raise ValueError(f"{self.kind}: expected a factor above 1 and at most 100, found {self.factor}")
        if not 0 < self.steps <= MAX_STEPS:
            raise ValueError(f"{self.kind}: expected 1 to {MAX_STEPS} steps, found {self.steps}")

    def inject(self, world: World, tally: Tally) -> Heal:
        host, kernel = world.host(self.target), world.kernel
        mends: list[Heal] = []
        due: Call

        def hotter(_: object) -> None:
            nonlocal due
            if len(mends) < self.steps:
                if host.up:
                    tally.touched("machines slower by a step")
                mends.append(host.throttle(self.factor))
                due = kernel.call_at(kernel.now_ns + self.step_ns, hotter, turn=INJECT)
                return
            if host.up:
                tally.touched("machines shut down by the heat")
            come_back = host.outage()
            if self.comes_back:
                mends.append(come_back)

        def heal() -> None:
            due.cancel()
            for mend in mends:
                mend()

        hotter(None)
        return heal
