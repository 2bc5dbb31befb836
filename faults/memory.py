"""A program that never gives memory back, until its machine kills it."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally
from squall.sim.memory import Memory
from squall.sim.world import World

MEBIBYTE = 1 << 20
MAX_MIB_PER_S = 1_000_000


class MemoryLeak(FaultKind, frozen=True):
    """It grows by *mib_per_s* until it is at its limit (2 GiB, unless its seat says otherwise), and is killed there.

    Its machine starts it again, with what is on the disk and nothing else, and it grows anew. What has grown by the end
    of the window stays until the program ends.
    """

    place: ClassVar[str] = "service"
    target: str
    mib_per_s: int

    @property
    def kind(self) -> str:
        return "memory leak"

    def check(self, world: World) -> None:
        world.transport.slot_of(self.target)
        if not 0 < self.mib_per_s <= MAX_MIB_PER_S:
            raise ValueError(f"{self.kind}: expected 1 to {MAX_MIB_PER_S} MiB a second, found {self.mib_per_s}")

    def inject(self, world: World, tally: Tally) -> Heal:
        slot = world.transport.slot_of(self.target)
        if slot.memory is None:
            slot.memory = Memory(slot)
        tally.touched("programs leaking")
        return slot.memory.leak(self.mib_per_s * MEBIBYTE, lambda: tally.touched("programs killed"))
