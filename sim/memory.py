"""A program's memory: what it holds, what waits for it and what has leaked; and its end when that is too much."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from squall.sim import lives
from squall.sim.core import MESSAGE, STREAMED

if TYPE_CHECKING:
    from squall.sim.kernel import Call
    from squall.sim.slot import Slot

BASE_BYTES: Final = 256 << 20
"""What a program holds when it has just started: its code, its pools."""
DEFAULT_LIMIT_BYTES: Final = 2 << 30
"""Of a program whose seat says nothing."""
LOOK_NS: Final = 10_000_000
"""How often the machine looks, where it has a reason to."""

Killed = Callable[[], None]


class _Leak:
    """So much is never given back."""

    __slots__ = ("bytes_per_s", "ended_ns", "killed", "since_ns")

    def __init__(self, bytes_per_s: int, since_ns: int, killed: Killed) -> None:
        self.bytes_per_s = bytes_per_s
        self.since_ns = since_ns
        self.ended_ns: int | None = None
        self.killed = killed

    def leaked_bytes(self, now_ns: int) -> int:
        until_ns = now_ns if self.ended_ns is None else self.ended_ns
        return self.bytes_per_s * (until_ns - self.since_ns) // 1_000_000_000


class Memory:
    """One program's. The machine kills it at its limit, and starts it again with nothing but what is on the disk.

    Nobody looks as long as it neither leaks nor was given a limit: then it costs nothing.
    """

    def __init__(self, slot: "Slot", limit_bytes: int = 0) -> None:
        """*limit_bytes*: from now on; 0: the default, which is looked at only while it leaks.

        ValueError for less than what a program starts with.
        """
        if limit_bytes and limit_bytes <= BASE_BYTES:
            raise ValueError(
                f"{slot.address}: memory: expected more than the {BASE_BYTES} bytes it starts with, found {limit_bytes}"
            )
        self._slot = slot
        self._watched = bool(limit_bytes)
        self.limit_bytes = limit_bytes or DEFAULT_LIMIT_BYTES
        self._leaks: list[_Leak] = []
        self._life: object = None
        """That the leaks count from."""
        self._due: Call | None = None
        self.kills = 0
        if self._watched:
            self._look_later()

    @property
    def used_bytes(self) -> int:
        """What it holds now; 0 while it is down."""
        slot = self._slot
        if slot.runtime is None:
            return 0
        now_ns = slot.host.world.kernel.now_ns
        leaked = sum(leak.leaked_bytes(now_ns) for leak in self._leaks) if slot.runtime is self._life else 0
        waiting = slot.core.waiting
        queued: int = sum(job.b.wire_bytes for job in waiting if job.slot is slot and MESSAGE <= job.kind <= STREAMED)
        return BASE_BYTES + leaked + queued

    def leak(self, bytes_per_s: int, killed: Killed) -> Callable[[], None]:
        """Let it grow, in each life anew; *killed* is told each time that it is killed. Returns what ends the growth:
        what has grown by then stays until the program's end."""
        leak = _Leak(bytes_per_s, self._slot.host.world.kernel.now_ns, killed)
        self._life = self._slot.runtime
        self._leaks.append(leak)
        if self._due is None:
            self._look_later()

        def mend() -> None:
            leak.ended_ns = self._slot.host.world.kernel.now_ns

        return mend

    def _look_later(self) -> None:
        self._due = self._slot.host.world.kernel.call_in(LOOK_NS, self._look)

    def _look(self, _: object) -> None:
        slot = self._slot
        self._due = None
        if slot.runtime is not self._life:
            self._begin_anew()
        if self.used_bytes >= self.limit_bytes:
            self.kills += 1
            for leak in self._leaks:
                if leak.ended_ns is None:
                    leak.killed()
            lives.stop(slot.host, slot, f"out of memory: it is at its limit of {self.limit_bytes >> 20} MiB")
            self._begin_anew()
        if self._watched or self._leaks:
            self._look_later()

    def _begin_anew(self) -> None:
        """Whatever has leaked is free again."""
        self._life = self._slot.runtime
        self._leaks = [leak for leak in self._leaks if leak.ended_ns is None]
        for leak in self._leaks:
            leak.since_ns = self._slot.host.world.kernel.now_ns
