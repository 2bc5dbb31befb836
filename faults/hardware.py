"""What goes wrong inside a machine that goes on running: its network card, its disk, its cores, its clock."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally
from squall.sim.packet import Packet
from squall.sim.world import World

MAX_DRIFT_PPM = 100_000


def check_factor(kind: str, factor: float) -> None:
    """ValueError unless it makes things slower."""
    if not 1.0 < factor <= 1e6:
        raise ValueError(f"{kind}: the factor must be above 1 and at most a million, found {factor}")


class NicDown(FaultKind, frozen=True):
    """The machine's network card is dead: it runs on, and talks to itself."""

    place: ClassVar[str] = "machine"
    target: str

    @property
    def kind(self) -> str:
        return "network card down"

    def check(self, world: World) -> None:
        world.host(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        def lost(packet: Packet) -> None:
            tally.touched("packets lost")

        mends = []
        for link in world.network.links.values():
            if self.target in link.ends:
                tally.touched("link down")
                mends.append(link.cut(world.kernel.now_ns, lost))

        def heal() -> None:
            for mend in mends:
                mend()

        return heal


class CoreThrottled(FaultKind, frozen=True):
    """Too hot: everything on the machine takes *factor* times as long, what is in service included."""

    place: ClassVar[str] = "machine"
    target: str
    factor: float

    @property
    def kind(self) -> str:
        return "cores throttled"

    def check(self, world: World) -> None:
        world.host(self.target)
        check_factor(self.kind, self.factor)

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("host throttled")
        return world.host(self.target).throttle(self.factor)


class DiskFull(FaultKind, frozen=True):
    """No room on the disk: what programs append does not become durable until there is room again."""

    place: ClassVar[str] = "machine"
    target: str

    @property
    def kind(self) -> str:
        return "disk full"

    def check(self, world: World) -> None:
        world.host(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.host(self.target).disk.fill(lambda: tally.touched("records without room"))


class DiskSlow(FaultKind, frozen=True):
    """Every sync takes *factor* times as long."""

    place: ClassVar[str] = "machine"
    target: str
    factor: float

    @property
    def kind(self) -> str:
        return "disk slow"

    def check(self, world: World) -> None:
        world.host(self.target)
        check_factor(self.kind, self.factor)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.host(self.target).disk.slow(self.factor, lambda: tally.touched("syncs slowed"))


class TornWrite(FaultKind, frozen=True):
    """Power fails in the middle of a write: some of what nobody has confirmed is on the disk, and one record is torn.

    The disk's checksum tells the torn record, so no program sees it. What it does see after the restart may be more
    than it was ever told is safe.
    """

    place: ClassVar[str] = "machine"
    target: str

    @property
    def kind(self) -> str:
        return "crash in the middle of a write"

    def check(self, world: World) -> None:
        world.host(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        host = world.host(self.target)
        unsynced = host.disk.unsynced
        share = world.chance.uniform(tally.key(f"torn/{self.target}/{world.kernel.now_ns}"))
        survivors = int(share * (unsynced + 1)) if host.up else 0
        if host.up:
            tally.touched("host crashed")
        for _ in range(survivors):
            tally.touched("unconfirmed records kept")
        return host.outage(survivors=survivors)


class ClockStep(FaultKind, frozen=True):
    """The wall clock jumps, and jumps back when the window ends. The monotonic clock does not."""

    place: ClassVar[str] = "machine"
    target: str
    by_ns: int

    @property
    def kind(self) -> str:
        return "clock step"

    def check(self, world: World) -> None:
        world.host(self.target)
        if not self.by_ns:
            raise ValueError(f"{self.kind}: the step must not be 0 ns")

    def inject(self, world: World, tally: Tally) -> Heal:
        clock = world.host(self.target).clock
        tally.touched("wall clock stepped")
        clock.step(self.by_ns)
        return lambda: clock.step(-self.by_ns)


class ClockDrift(FaultKind, frozen=True):
    """Both clocks run faster, or slower, by so many parts in a million. When the window ends they keep their error."""

    place: ClassVar[str] = "machine"
    target: str
    ppm: int

    @property
    def kind(self) -> str:
        return "clock drift"

    def check(self, world: World) -> None:
        world.host(self.target)
        if not 0 < abs(self.ppm) <= MAX_DRIFT_PPM:
            raise ValueError(f"{self.kind}: expected 1 to {MAX_DRIFT_PPM} ppm either way, found {self.ppm}")

    def inject(self, world: World, tally: Tally) -> Heal:
        clock, kernel = world.host(self.target).clock, world.kernel
        tally.touched("clocks drifting")
        clock.drift(self.ppm * 1_000, kernel.now_ns)
        return lambda: clock.drift(-self.ppm * 1_000, kernel.now_ns)
