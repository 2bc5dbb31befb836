"""What of a disk cannot be read any more: records that have rotted, and reads that the device does not answer."""

import errno
from collections.abc import Callable
from typing import Final

_NOTHING: Final[dict[int, None]] = {}

Fails = Callable[[str, int], bool]
"""Whether the n-th read of this file since the run began fails."""


class UnreadableError(OSError):
    """A read that failed, as the operating system says it: EIO, with the file and what is wrong with it.

    A program may catch it, as any OSError. Where it does not it goes down, and its machine starts it again.
    """

    def __init__(self, file: str, why: str) -> None:
        super().__init__(errno.EIO, f"{file}: {why}")


class Damage:
    """One disk's. A bit that has flipped is seen by the checksum beside each record, which no single bit can fool."""

    def __init__(self) -> None:
        self._rotten: dict[str, dict[int, None]] = {}
        """By file, the places of records whose checksums do not fit."""
        self._failing: list[list[Fails]] = []
        self._reads: dict[str, int] = {}

    def rot(self, file: str, place: int) -> None:
        """A bit of this durable record has flipped, for good."""
        self._rotten.setdefault(file, {})[place] = None

    def rotten(self, file: str) -> dict[int, None]:
        """The places of this file's records that cannot be read."""
        return self._rotten.get(file, _NOTHING)

    def fail(self, fails: Fails) -> Callable[[], None]:
        """Let reads fail by this rule; returns what ends that."""
        entry = [fails]
        self._failing.append(entry)

        def recover() -> None:
            self._failing = [each for each in self._failing if each is not entry]

        return recover

    def on_read(self, file: str) -> None:
        """A program reads the file. UnreadableError where that fails, whatever is in it."""
        if self._failing:
            number = self._reads[file] = self._reads.get(file, 0) + 1
            failed = [fails(file, number) for (fails,) in self._failing]  # each is asked: it counts
            if any(failed):
                raise UnreadableError(file, "the device gave no data")

    def forget(self) -> None:
        """There is another disk in its place."""
        self._rotten.clear()
