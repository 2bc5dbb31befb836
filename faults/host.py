"""What goes wrong with machines: they crash, with or without their disk, and they stop for a while."""

from msgspec import Struct

from squall.faults.fault import Heal, Tally
from squall.sim.world import World


class Crash(Struct, frozen=True, tag=True):
    """The host loses power at the beginning of the window and comes back at its end, if it comes back.

    *with_disk*: what it had stored is gone for good. Where several windows overlap, the last one brings it back.
    """

    host: str
    with_disk: bool = False
    comes_back: bool = True

    @property
    def kind(self) -> str:
        return "host lost with its disk" if self.with_disk else "host crash"

    @property
    def target(self) -> str:
        return self.host

    def check(self, world: World) -> None:
        world.host(self.host)
        if self.host in world.venues:
            # Its books and sequence numbers are in memory only: no desk could agree with it afterwards.
            ours = ", ".join(name for name in world.hosts if name not in world.venues)
            raise ValueError(f"{self.kind}: {self.host} is a venue, which keeps nothing on disk yet; hosts are {ours}")

    def inject(self, world: World, tally: Tally) -> Heal:
        host = world.host(self.host)
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


class Pause(Struct, frozen=True, tag=True):
    """Nothing on the host is handled for the length of the window; what arrives waits, and timers ring late.

    It has been stopped as a program is by its debugger: its network still acknowledges what comes, its disk still
    syncs. A host that comes back from a crash inside the window stands still until its end.
    """

    host: str

    @property
    def kind(self) -> str:
        return "host paused"

    @property
    def target(self) -> str:
        return self.host

    def check(self, world: World) -> None:
        world.host(self.host)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.host(self.host).hold(lambda: tally.touched("host paused"))
