"""The OMS's journal on its own disk: what was appended, what is durable, and of whose epoch it is."""

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.ids import Epoch
from squall.system.domain.schemas import Schema, UnknownEventError
from squall.system.runtime import Runtime

FILE: Final = "journal"
SNAPSHOT_FILE: Final = "snapshot"


class JournalRecord(Struct, frozen=True, gc=False, array_like=True):
    """One append: encoded events that follow version *after_version*; none at the beginning of an epoch.

    *image*: these events are the whole journal; what stands before in the file is void.
    """

    epoch: Epoch
    after_version: int
    image: bool
    events: tuple[bytes, ...]


class SavedState(Struct, frozen=True, gc=False, array_like=True):
    """The state after the first *records* records of the journal, which end at *version*, of a leader of *epoch*."""

    records: int
    epoch: Epoch
    version: int
    state: bytes


class UnreadableLogError(Exception):
    """A record of the log cannot be read, and no later image makes up for it."""


class StaleVersionError(Exception):
    """Events were decided on a state that is not the journal's: somebody else has appended since. A bug."""


_encode: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final[msgspec.msgpack.Decoder[JournalRecord]] = msgspec.msgpack.Decoder(JournalRecord)
_VOID: Final = _encode(JournalRecord(Epoch(0), 0, True, ()))
"""What a record comes to that an image behind it has made void."""
_SAVED: Final[msgspec.msgpack.Decoder[SavedState]] = msgspec.msgpack.Decoder(SavedState)


class Journal:
    """Versions count events, from 1. The file holds all of them; memory holds none."""

    def __init__(self, runtime: Runtime, whole: bool = True, schema: Schema | None = None) -> None:
        """*schema*: what this build reads, where that is to be held against what is found."""
        self._runtime = runtime
        self._schema = schema
        self.whole = whole
        """The log has no gaps, or it is none. Otherwise it is what of it can be read."""
        self._syncing: deque[tuple[int, int]] = deque()
        self.version = 0
        """Of the last event appended."""
        self.durable_version = 0
        """All up to and including this one are on the disk."""
        self.epoch = Epoch(0)
        """Of the leader whose journal this is; 0 where no leader was ever followed."""
        self._records = 0
        """How many records the file has."""
        self._saved: SavedState | None = None
        """The snapshot that the next life may begin with, where there is one."""

    @property
    def syncing(self) -> bool:
        """Something is still on its way to the disk."""
        return bool(self._syncing)

    def load(self) -> None:
        """Find what an earlier life has left on the disk. UnreadableLogError where that is not all of it."""
        records = self._read()
        self._records = len(records)
        self._saved = self._usable(records)
        if self._saved is not None:
            self.version, self.epoch = self._saved.version, self._saved.epoch
        for data in records[self._saved.records if self._saved is not None else 0 :]:
            record = _DECODER.decode(data)
            self._check(record)
            self._follow(record)
        self.durable_version = self.version

    def _check(self, record: JournalRecord) -> None:
        """Whether this build knows its events: one that was taken back may find what a later one has written."""
        if self._schema is not None:
            try:
                self._schema.check(record.events)
            except UnknownEventError as error:
                raise UnreadableLogError(f"the log cannot be read: {error}") from error

    def _read(self) -> list[bytes]:
        """Every record, void ones in place of all before the last image where some of these cannot be read."""
        each = self._runtime.read_each(FILE)
        found = [data for data in each if data is not None]
        if len(found) == len(each):
            return found
        if not self.whole:
            return found
        gap = max(place for place, data in enumerate(each) if data is None)
        images = [at for at, data in enumerate(each) if at > gap and data is not None and _DECODER.decode(data).image]
        if not images:
            raise UnreadableLogError(f"record {gap + 1} of {len(each)} of the log cannot be read")
        return [_VOID] * images[-1] + found[images[-1] - len(each) :]

    def check(self) -> None:
        """Read all of it, as a new leader would. UnreadableLogError where that cannot be."""
        self._read()

    def void(self) -> None:
        """What is here is nobody's journal: it is neither led from nor added to, until there is another one."""
        self.version = self.durable_version = 0
        self.epoch = Epoch(0)
        self._syncing.clear()
        self._saved = None
        self._records = len(self._runtime.read_each(FILE))

    def _usable(self, records: Sequence[bytes]) -> SavedState | None:
        """The latest snapshot, where the journal still is what it was taken of, and no image came since."""
        saves = self._runtime.read_each(SNAPSHOT_FILE)
        if not saves or saves[-1] is None:
            return None
        saved = _SAVED.decode(saves[-1])
        if not 0 < saved.records <= len(records):
            return None
        last = _DECODER.decode(records[saved.records - 1])
        version = (0 if last.image else last.after_version) + len(last.events)
        return saved if (version, last.epoch) == (saved.version, saved.epoch) else None

    def _follow(self, record: JournalRecord) -> None:
        before = 0 if record.image else self.version
        if record.after_version != before and self.whole:
            raise ValueError(
                f"journal: found a record after version {record.after_version}, expected one after {before}"
            )
        if record.image:
            self._saved = None
        self.version = before + len(record.events)
        self.epoch = record.epoch

    def append(self, epoch: Epoch, events: tuple[bytes, ...], after_version: int) -> int:
        """Add events of this leader's epoch, decided on the state of *after_version*; the token of the write."""
        before = self.version
        if after_version != before:
            raise StaleVersionError(f"journal: found events decided after version {after_version}, expected {before}")
        return self._write(JournalRecord(epoch, before, False, events), before + len(events))

    def replace(self, epoch: Epoch, events: tuple[bytes, ...]) -> int:
        """Forget what is here: this is the journal. Returns the token of the write."""
        self._syncing.clear()
        self.durable_version = 0
        self._saved = None
        return self._write(JournalRecord(epoch, 0, True, events), len(events))

    def _write(self, record: JournalRecord, version: int) -> int:
        token = self._runtime.append(FILE, _encode(record))
        self.version = version
        self.epoch = record.epoch
        self._records += 1
        self._syncing.append((token, version))
        return token

    def on_durable(self, token: int) -> None:
        """All that was written up to *token* is on the disk."""
        syncing = self._syncing
        while syncing and syncing[0][0] <= token:
            self.durable_version = syncing.popleft()[1]

    def save(self, state: bytes) -> None:
        """Keep the state as it is now: all that it is made of has to be durable, so that it cannot be outlived."""
        if self.durable_version != self.version:
            raise ValueError(f"journal: version {self.version} is not durable, {self.durable_version} is")
        self._saved = SavedState(self._records, self.epoch, self.version, state)
        self._runtime.append(SNAPSHOT_FILE, _encode(self._saved))

    @property
    def saved_version(self) -> int:
        """Of the snapshot that would be begun with; 0 where there is none."""
        return self._saved.version if self._saved is not None else 0

    def recovery(self) -> tuple[bytes | None, Sequence[bytes]]:
        """The latest snapshot and the events behind it; without one, None and all events."""
        if self._saved is None:
            return None, self.events()
        tail = self._read()[self._saved.records :]
        return self._saved.state, [event for data in tail for event in _DECODER.decode(data).events]

    def events(self) -> Sequence[bytes]:
        """All events, encoded, read back from the file; the i-th has version i + 1."""
        events: list[bytes] = []
        for data in self._read():
            record = _DECODER.decode(data)
            if record.image:
                events.clear()
            events += record.events
        return events
