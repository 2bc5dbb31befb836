"""The OMS's journal on its own disk: what was appended, what is durable, and of whose epoch it is."""

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.ids import Epoch
from squall.system.runtime import Runtime

FILE: Final = "journal"


class JournalRecord(Struct, frozen=True, gc=False, array_like=True):
    """One append: encoded events that follow version *after_version*; none at the beginning of an epoch.

    *image*: these events are the whole journal; what stands before in the file is void.
    """

    epoch: Epoch
    after_version: int
    image: bool
    events: tuple[bytes, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final[msgspec.msgpack.Decoder[JournalRecord]] = msgspec.msgpack.Decoder(JournalRecord)


class Journal:
    """Versions count events, from 1. The file holds all of them; memory holds none."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._syncing: deque[tuple[int, int]] = deque()
        self.version = 0
        """Of the last event appended."""
        self.durable_version = 0
        """All up to and including this one are on the disk."""
        self.epoch = Epoch(0)
        """Of the leader whose journal this is; 0 where no leader was ever followed."""

    @property
    def syncing(self) -> bool:
        """Something is still on its way to the disk."""
        return bool(self._syncing)

    def load(self) -> None:
        """Find what an earlier life has left on the disk."""
        for data in self._runtime.read(FILE):
            record = _DECODER.decode(data)
            self._follow(record)
        self.durable_version = self.version

    def _follow(self, record: JournalRecord) -> None:
        before = 0 if record.image else self.version
        if record.after_version != before:
            raise ValueError(
                f"journal: found a record after version {record.after_version}, expected one after {before}"
            )
        self.version = before + len(record.events)
        self.epoch = record.epoch

    def append(self, epoch: Epoch, events: tuple[bytes, ...]) -> int:
        """Add events of this leader's epoch; returns the token of the write."""
        before = self.version
        return self._write(JournalRecord(epoch, before, False, events), before + len(events))

    def replace(self, epoch: Epoch, events: tuple[bytes, ...]) -> int:
        """Forget what is here: this is the journal. Returns the token of the write."""
        self._syncing.clear()
        self.durable_version = 0
        return self._write(JournalRecord(epoch, 0, True, events), len(events))

    def _write(self, record: JournalRecord, version: int) -> int:
        token = self._runtime.append(FILE, _encode(record))
        self.version = version
        self.epoch = record.epoch
        self._syncing.append((token, version))
        return token

    def on_durable(self, token: int) -> None:
        """All that was written up to *token* is on the disk."""
        syncing = self._syncing
        while syncing and syncing[0][0] <= token:
            self.durable_version = syncing.popleft()[1]

    def events(self) -> Sequence[bytes]:
        """All events, encoded, read back from the file; the i-th has version i + 1."""
        events: list[bytes] = []
        for data in self._runtime.read(FILE):
            record = _DECODER.decode(data)
            if record.image:
                events.clear()
            events += record.events
        return events
