"""What goes wrong with machines: they crash, with or without their disk, and they stop for a while."""

from msgspec import Struct

from squall.faults.fault import Heal, Tally
from squall.sim.world import World


class Crash(Struct, frozen=True, tag=True):
    """The host loses power at the beginning of the window and comes back at its end, if it comes back.

    *with_disk*: what it had stored is gone for good.
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

    def inject(self, world: World, tally: Tally) -> Heal:
        host = world.host(self.host)
        if host.up:
            tally.touched("host crashed")
            for slot in host.slots:
                for _ in slot.ends:
                    tally.touched("streams broken")
        host.crash(with_disk=self.with_disk)

        def heal() -> None:
            if self.comes_back:
                host.restart()

        return heal


class Pause(Struct, frozen=True, tag=True):
    """Nothing on the host is handled for the length of the window; what arrives waits, and timers ring late."""

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
        host = world.host(self.host)
        if host.up:
            tally.touched("host paused")
        host.pause()
        return host.resume
