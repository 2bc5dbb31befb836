"""What a disk does to what it was given long ago: bits flip where nobody looks, and reads fail."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.world import World

MAX_RECORDS = 1_000


class BitRot(FaultKind, frozen=True):
    """One bit flips in each of so many *records* that are durable, drawn among those of *file*, or of all files.

    Nothing happens then. Whoever reads one is told that its checksum does not fit. It heals never: what has rotted is
    gone, and only another copy has it still.
    """

    place: ClassVar[str] = "machine"
    target: str
    file: str = ""
    records: int = 1

    @property
    def kind(self) -> str:
        return "bit rot"

    def check(self, world: World) -> None:
        world.host(self.target)
        if not 0 < self.records <= MAX_RECORDS:
            raise ValueError(f"{self.kind}: expected 1 to {MAX_RECORDS} records, found {self.records}")

    def inject(self, world: World, tally: Tally) -> Heal:
        disk = world.host(self.target).disk
        sound = [
            (file, place)
            for file, records in sorted(disk.files.items())
            if self.file in ("", file)
            for place in range(records)
            if not disk.has_rotted(file, place)
        ]
        if not sound:
            there = ", ".join(sorted(disk.files)) or "none"
            tally.missed(f"no sound record in {self.file or 'any file'} on {self.target}; its files are {there}")
        name = tally.key(f"rot/{self.target}/{world.kernel.now_ns}")
        for number in range(min(self.records, len(sound))):
            share = world.chance.uniform(f"{name}/{number}")
            disk.rot(*sound.pop(int(share * len(sound))))
            tally.touched("records rotten")
        return _stays


def _stays() -> None:
    """The window is over, and a flipped bit is a flipped bit."""


class ReadError(FaultKind, frozen=True):
    """A *share* of all reads fails: the device gives no data, for the whole file. A later read may go well."""

    place: ClassVar[str] = "machine"
    target: str
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "read error"

    def check(self, world: World) -> None:
        world.host(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        chance, name = world.chance, tally.key(f"read/{self.target}/{world.kernel.now_ns}")

        def fails(file: str, number: int) -> bool:
            failed = chance.uniform(f"{name}/{file}/{number}") < self.share
            if failed:
                tally.touched("reads failed")
            return failed

        return world.host(self.target).disk.fail_reads(fails)
