"""Where each microsecond of an order's way went, as whoever watches the cores, the pauses and the wire can tell."""

from bisect import bisect_left, bisect_right
from functools import partial
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from squall.sim.core import Job
from squall.sim.core_group import Served
from squall.sim.trace import HostPaused, HostResumed, Record, Retransmitted
from squall.sim.world import World

PARTS: Final = ("queue", "service", "contention", "wake-up", "pause", "wire", "retransmission", "commit")
_QUEUE, _SERVICE, _CONTENTION, _WAKE_UP, _PAUSE, _WIRE, _RETRANSMISSION, _COMMIT = range(len(PARTS))

Parts = npt.NDArray[np.int64]


class Passing(Struct, frozen=True, gc=False, tag=True):
    """Order *number* on its way, at its *hop*-th station."""

    wire_bytes: ClassVar[int] = 256
    is_heartbeat: ClassVar[bool] = False
    number: int
    hop: int

    @property
    def identity(self) -> str:
        return f"order/{self.number}/{self.hop}"


class Kept(Struct, frozen=True, gc=False, tag=True):
    """What was decided about order *number*, for the backup to write down too; and its word that it has."""

    wire_bytes: ClassVar[int] = 320
    is_heartbeat: ClassVar[bool] = False
    number: int
    done: bool = False

    @property
    def identity(self) -> str:
        return f"kept/{self.number}/{self.done:d}"


class OrderParts:
    """What each order spent its time on.

    The two disks are written at once. Only the one that an order waits for counts: what the way over the backup took is
    put aside until it is known which that was.
    """

    def __init__(self, world: World, orders: int, wake_up_ns: int, way_ns: int) -> None:
        """*way_ns* is what the way to the backup takes where nothing is lost."""
        self._kernel = world.kernel
        self._wake_up_ns = wake_up_ns
        self._way_ns = way_ns
        self._rows = [[0] * len(PARTS) for _ in range(orders)]
        self._paused: dict[str, list[tuple[int, int]]] = {}
        """Of each host, from when until when it stood still."""
        self._stands: dict[str, int] = {}
        self._again_ns: list[int] = []
        """When a stream sent something again."""
        self._aside: dict[int, list[int]] = {}
        self._left_ns: dict[int, int] = {}
        world.trace.watch(self._on_paused, HostPaused)
        world.trace.watch(self._on_resumed, HostResumed)
        world.trace.watch(self._on_retransmitted, Retransmitted)

    def on(self, host: str) -> Served:
        """What is to watch the cores of this host."""
        return partial(self._served, host)

    def sets_out(self, number: int) -> None:
        """Something about this order goes on the wire: to the backup, or back."""
        self._left_ns[number] = self._kernel.now_ns
        self._aside.setdefault(number, [0] * len(PARTS))

    def committed(self, number: int, by_backup: bool) -> None:
        """The order goes on: it had waited for its own disk, or else for the backup's word."""
        aside = self._aside.pop(number, None)
        if by_backup and aside is not None:
            row = self._rows[number]
            for part, took_ns in enumerate(aside):
                row[part] += took_ns

    def ended(self, number: int, latency_ns: int) -> None:
        """It is on the wire. What nothing else accounts for, it waited for a disk."""
        row = self._rows[number]
        row[_COMMIT] = latency_ns - sum(row)

    def table(self) -> Parts:
        """A row an order, a column each of `PARTS`."""
        return np.array(self._rows, dtype=np.int64).reshape(-1, len(PARTS))

    # --- what is watched ---

    def _served(self, host: str, job: Job, came_ns: int, began_ns: int, given_ns: int) -> None:
        message = job.b
        if type(message) is Passing:
            self._spend(self._rows[message.number], host, job.cost_ns, came_ns, began_ns, given_ns)
        elif type(message) is Kept:
            aside = self._aside.get(message.number)
            if aside is not None:
                self._travelled(aside, message.number, came_ns)
                self._spend(aside, host, job.cost_ns, came_ns, began_ns, given_ns)

    def _spend(self, row: list[int], host: str, cost_ns: int, came_ns: int, began_ns: int, given_ns: int) -> None:
        row[_SERVICE] += cost_ns
        if began_ns > came_ns:
            waited_ns = began_ns - came_ns
            stood_ns = self._stood_ns(host, came_ns, began_ns)
            row[_QUEUE] += waited_ns - stood_ns
            row[_PAUSE] += stood_ns
            row[_CONTENTION] += given_ns - cost_ns
        now_ns = self._kernel.now_ns
        rest_ns = now_ns - began_ns - given_ns
        if rest_ns:
            stood_ns = self._stood_ns(host, began_ns, now_ns)
            woken_ns = min(rest_ns - stood_ns, self._wake_up_ns) if came_ns == began_ns else 0
            row[_PAUSE] += stood_ns
            row[_WAKE_UP] += woken_ns
            row[_SERVICE] += rest_ns - stood_ns - woken_ns  # on a machine that is slow

    def _travelled(self, row: list[int], number: int, came_ns: int) -> None:
        """What the wire took; beyond its plain time, where something was sent again meanwhile, that is why."""
        left_ns = self._left_ns.pop(number, came_ns)
        took_ns = came_ns - left_ns
        again = bisect_left(self._again_ns, left_ns) < bisect_right(self._again_ns, came_ns)
        plain_ns = min(took_ns, self._way_ns) if again else took_ns
        row[_WIRE] += plain_ns
        row[_RETRANSMISSION] += took_ns - plain_ns

    def _stood_ns(self, host: str, from_ns: int, to_ns: int) -> int:
        """For how long of that time the host stood still."""
        stood_ns = 0
        for began_ns, ended_ns in reversed(self._paused.get(host, ())):
            if ended_ns <= from_ns:
                break
            stood_ns += max(min(ended_ns, to_ns) - max(began_ns, from_ns), 0)
        return stood_ns

    def _on_paused(self, record: Record) -> None:
        self._stands[record.host] = record.at_ns

    def _on_resumed(self, record: Record) -> None:
        began_ns = self._stands.pop(record.host, record.at_ns)
        self._paused.setdefault(record.host, []).append((began_ns, record.at_ns))

    def _on_retransmitted(self, record: Record) -> None:
        self._again_ns.append(record.at_ns)
