"""A disk: records are appended at once, durable after an fsync, and gone at a crash if they were not synced."""

from collections.abc import Callable
from typing import Final

from squall.sim.damage import Damage, Fails, UnreadableError
from squall.sim.kernel import Kernel
from squall.sim.trace import DiskLost, DiskSynced, Trace

DEFAULT_FSYNC_NS: Final = 12_000
"""A flash drive with power-loss protection."""

SLOW_SYNCS: Final = 50
"""How many times as long a sync takes that is slow for once."""

_NONE: Final = 0

Durable = Callable[[int], None]


class _Filler:
    """One reason why there is no room."""

    __slots__ = ("told",)

    def __init__(self, told: Callable[[], None]) -> None:
        self.told = told


class _Slowness:
    """One reason why syncs take longer."""

    __slots__ = ("factor", "told")

    def __init__(self, factor: float, told: Callable[[], None]) -> None:
        self.factor = factor
        self.told = told


class Disk:
    """Files of records. One fsync is under way at a time; what is appended meanwhile shares the next (group commit)."""

    def __init__(
        self,
        kernel: Kernel,
        trace: Trace,
        host: str,
        fsync_ns: int = DEFAULT_FSYNC_NS,
        dawdles: Callable[[int], bool] = lambda token: False,
    ) -> None:
        """*dawdles*: whether the sync that this token is the last of takes `SLOW_SYNCS` times as long."""
        self._kernel = kernel
        self._trace = trace
        self._host = host
        self.fsync_ns = fsync_ns
        self._dawdles = dawdles
        self._files: dict[str, list[bytes]] = {}
        self._pending: list[tuple[str, bytes, int, Durable]] = []
        self._syncing: list[tuple[str, bytes, int, Durable]] = []
        self._syncs = 0
        self._sync = _NONE
        """The number of the sync that is under way."""
        self._token = 0
        self._fillers: list[_Filler] = []
        self._slowness: list[_Slowness] = []
        self._damage = Damage()

    def append(self, file: str, data: bytes, durable: Durable) -> int:
        """Append a record; `durable(token)` is called once for the latest token of each sync, per caller."""
        self._token += 1
        self._pending.append((file, data, self._token, durable))
        if self._fillers:
            self._fillers[0].told()
        elif self._sync == _NONE:
            self._begin_sync()
        return self._token

    def stood(self, file: str, data: bytes) -> None:
        """A record that has been on the disk since before the run began."""
        self._files.setdefault(file, []).append(data)

    def read(self, file: str) -> list[bytes]:
        """All records of the file that a program sees: those that are synced and those still in the page cache.

        UnreadableError where one of them has rotted, or the device gives no data.
        """
        self._damage.on_read(file)
        for place in self._damage.rotten(file):
            raise UnreadableError(file, f"record {place + 1} does not fit its checksum")
        return self.written(file)

    def read_each(self, file: str) -> list[bytes | None]:
        """As `read`, with None in place of each record that has rotted."""
        self._damage.on_read(file)
        rotten = self._damage.rotten(file)
        records: list[bytes | None] = [*self.written(file)]
        for place in rotten:
            records[place] = None
        return records

    def written(self, file: str) -> list[bytes]:
        """All records as they were written, whatever has become of them: for those who judge."""
        cached = [data for name, data, _, _ in (*self._syncing, *self._pending) if name == file]
        return [*self._files.get(file, ()), *cached]

    def durable(self, file: str) -> list[bytes]:
        """The records of the file that would survive a crash now, and can be read."""
        records = self._files.get(file, ())
        rotten = self._damage.rotten(file)
        return [data for place, data in enumerate(records) if place not in rotten] if rotten else list(records)

    @property
    def files(self) -> dict[str, int]:
        """How many durable records each file has."""
        return {file: len(records) for file, records in self._files.items()}

    @property
    def size_bytes(self) -> int:
        """All that is durable."""
        return sum(len(record) for records in self._files.values() for record in records)

    # --- trouble (what faults act on) ---

    def fill(self, told: Callable[[], None]) -> Callable[[], None]:
        """No room: nothing that is appended becomes durable; returns what makes room again.

        A sync that is under way comes to its end. *told* hears of every record that finds no room.
        """
        filler = _Filler(told)
        self._fillers.append(filler)

        def make_room() -> None:
            if filler in self._fillers:
                self._fillers.remove(filler)
                self._begin_sync_if_due()

        return make_room

    def slow(self, factor: float, told: Callable[[], None]) -> Callable[[], None]:
        """Every sync that begins takes *factor* times as long; returns what ends that. *told* hears of each."""
        slowness = _Slowness(factor, told)
        self._slowness.append(slowness)

        def recover() -> None:
            if slowness in self._slowness:
                self._slowness.remove(slowness)

        return recover

    def rot(self, file: str, place: int) -> None:
        """A bit of this durable record, counted from 0, flips: its checksum fits no more. Nobody is told."""
        if not 0 <= place < len(self._files.get(file, ())):
            raise ValueError(f"{self._host}: {file} has no durable record {place}")
        self._damage.rot(file, place)

    def has_rotted(self, file: str, place: int) -> bool:
        """Whether this record, counted from 0, cannot be read any more."""
        return place in self._damage.rotten(file)

    def fail_reads(self, fails: Fails) -> Callable[[], None]:
        """Let reads of programs fail by this rule; returns what ends that."""
        return self._damage.fail(fails)

    @property
    def unsynced(self) -> int:
        """How many records would be lost in a crash now."""
        return len(self._syncing) + len(self._pending)

    @property
    def latest(self) -> int:
        """The token of the last record that was appended; 0 where none ever was."""
        return self._token

    def has_synced(self, token: int) -> bool:
        """Whether nothing up to and including this token waits for a sync any more."""
        waiting = self._syncing or self._pending
        return not waiting or waiting[0][2] > token

    def crash(self, survivors: int = 0) -> None:
        """Power is lost: what was not synced is gone, but for the first *survivors* of it, which nobody confirmed.

        The one after those is torn: half of it was written, its checksum does not fit, and no program ever sees it.
        """
        for file, data, _, _ in (*self._syncing, *self._pending)[:survivors]:
            self._files.setdefault(file, []).append(data)
        lost = self.unsynced - min(survivors, self.unsynced)
        self._sync = _NONE
        self._pending.clear()
        self._syncing.clear()
        if lost:
            self._trace.observe(self._host, DiskLost(records=lost, whole_disk=False))

    def destroy(self) -> None:
        """The disk itself is lost."""
        self.crash()
        lost = sum(len(records) for records in self._files.values())
        self._files.clear()
        self._damage.forget()
        self._trace.observe(self._host, DiskLost(records=lost, whole_disk=True))

    def _begin_sync_if_due(self) -> None:
        if self._pending and self._sync == _NONE and not self._fillers:
            self._begin_sync()

    def _begin_sync(self) -> None:
        self._syncing, self._pending = self._pending, []
        fsync_ns = self.fsync_ns * (SLOW_SYNCS if self._dawdles(self._token) else 1)
        for slowness in self._slowness:
            fsync_ns = int(fsync_ns * slowness.factor)
            slowness.told()
        self._syncs = self._sync = sync = self._syncs + 1
        kernel = self._kernel
        kernel.post(fsync_ns, self._synced, sync, kernel.cause)

    def _synced(self, sync: int) -> None:
        if sync != self._sync:
            return  # a crash came in between
        done, self._syncing = self._syncing, []
        self._sync = _NONE
        if len(done) == 1:  # as nearly always: what follows comes to just this
            file, data, token, durable = done[0]
            self._files.setdefault(file, []).append(data)
            self._kernel.cause = self._trace.observe(self._host, DiskSynced(file, 1, len(data)))
            self._begin_sync_if_due()
            durable(token)
            return
        latest: dict[Durable, int] = {}
        records: dict[str, int] = {}
        sizes: dict[str, int] = {}
        for file, data, token, durable in done:
            self._files.setdefault(file, []).append(data)
            latest[durable] = token
            records[file] = records.get(file, 0) + 1
            sizes[file] = sizes.get(file, 0) + len(data)
        for file, count in records.items():
            event = DiskSynced(file, count, sizes[file])
            self._kernel.cause = self._trace.observe(self._host, event)
        self._begin_sync_if_due()
        for durable, token in latest.items():
            durable(token)
