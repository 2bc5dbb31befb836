"""What goes wrong with machines: they crash, with or without their disk, and they stop for a while."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally
from squall.sim.world import World


class Crash(FaultKind, frozen=True):
    """The host loses power at the beginning of the window and comes back at its end, if it comes back.

    *with_disk*: what it had stored is gone for good. Where several windows overlap, the last one brings it back.
    """

    place: ClassVar[str] = "machine"
    target: str
    with_disk: bool = False
    comes_back: bool = True

    @property
    def kind(self) -> str:
        return "host lost with its disk" if self.with_disk else "host crash"

    def check(self, world: World) -> None:
        world.host(self.target)
        if self.target in world.venues:
            # Its books and sequence numbers are in memory only: no desk could agree with it afterwards.
            ours = ", ".join(name for name in world.hosts if name not in world.venues)
            raise ValueError(
                f"{self.kind}: {self.target} is a venue, which keeps nothing on disk yet; hosts are {ours}"
            )

    def inject(self, world: World, tally: Tally) -> Heal:
        host = world.host(self.target)
        if host.up:
            tally.touched("host crashed")
            for slot in host.slots:
                for end in slot.ends.values():
                    if end.open and end.out is not None:
                        tally.touched("streams broken")
        elif self.with_disk:
            tally.touched("disk lost")
        come_back = host.outage(self.with_disk)
        return come_back if self.comes_back else _stay_down


def _stay_down() -> None:
    """Its window is over, and the host is not coming back."""


class Pause(FaultKind, frozen=True):
    """Nothing on the host is handled for the length of the window; what arrives waits, and timers ring late.

    It has been stopped as a program is by its debugger: its network still acknowledges what comes, its disk still
    syncs. A host that comes back from a crash inside the window stands still until its end.
    """

    place: ClassVar[str] = "host"
    target: str

    @property
    def kind(self) -> str:
        return "host paused"

    def check(self, world: World) -> None:
        world.host(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.host(self.target).hold(lambda: tally.touched("host paused"))
