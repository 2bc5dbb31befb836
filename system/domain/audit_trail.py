"""The audit file: what is in it, what is missing from it, and the history of every order that it tells."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.events import AnyEvent
from squall.system.domain.ids import ClOrdID, Epoch
from squall.system.domain.old_events import OldEvent, upcast

Versions = tuple[int, int]
"""A half-open range of the journal's versions."""


class AuditRecord(Struct, frozen=True, gc=False, array_like=True):
    """One batch of the journal as the audit got it, at *copied_ns* by its own wall clock."""

    epoch: Epoch
    first_version: int
    copied_ns: int
    events: tuple[AnyEvent, ...]


class AuditEntry(Struct, frozen=True, gc=False):
    """One event of an order's history, and where it stands in the journal."""

    version: int
    epoch: Epoch
    copied_ns: int
    event: AnyEvent


class _AsWritten(Struct, frozen=True, gc=False, array_like=True):
    """An `AuditRecord` as some build has written it."""

    epoch: Epoch
    first_version: int
    copied_ns: int
    events: tuple[AnyEvent | OldEvent, ...]


_DECODER: Final = msgspec.msgpack.Decoder(_AsWritten)

encode_record: Final[Callable[[AuditRecord], bytes]] = msgspec.msgpack.Encoder().encode
"""One record of the audit file: msgpack."""


def decode_record(data: bytes) -> AuditRecord:
    """The record that `encode_record` was given, by this build or an earlier one; ValueError for anything else."""
    try:
        record = _DECODER.decode(data)
        return AuditRecord(record.epoch, record.first_version, record.copied_ns, tuple(map(upcast, record.events)))
    except msgspec.DecodeError as error:
        raise ValueError(f"audit: record is not a copied batch of the journal: {error}") from error


class Coverage:
    """Which versions of the journal have come, from whomever: a new leader repeats what the old one sent.

    Versions count from 1. A version that comes again, under the same epoch or a later one, is the same event.
    """

    def __init__(self) -> None:
        self._next = 1
        self.missing: list[Versions] = []
        """Holes below the highest version that has come, lowest first."""

    def follows(self, first_version: int, count: int) -> bool:
        """Note that these versions have come, if they are just what was to come next. Otherwise: `take`."""
        if first_version != self._next or not count:
            return False
        self._next = first_version + count
        return True

    def take(self, first_version: int, count: int) -> list[Versions]:
        """Note that these versions have come; returns the ranges of those that are new."""
        if not count:
            return []
        end = first_version + count
        if self.follows(first_version, count):
            return [(first_version, end)]
        fresh: list[Versions] = []
        holes: list[Versions] = []
        for low, high in self.missing:
            inner = max(low, first_version), min(high, end)
            if inner[0] < inner[1]:
                fresh.append(inner)
                holes += [hole for hole in ((low, inner[0]), (inner[1], high)) if hole[0] < hole[1]]
            else:
                holes.append((low, high))
        if end > self._next:
            start = max(first_version, self._next)
            if start > self._next:
                holes.append((self._next, start))
            fresh.append((start, end))
            self._next = end
        self.missing = holes
        return fresh


def trails(records: Iterable[bytes]) -> dict[ClOrdID, tuple[AuditEntry, ...]]:
    """Every order's history, from the records of an audit file, in the journal's order."""
    entries: list[AuditEntry] = []
    for data in records:
        record = decode_record(data)
        for offset, event in enumerate(record.events):
            entries.append(AuditEntry(record.first_version + offset, record.epoch, record.copied_ns, event))
    entries.sort(key=lambda entry: entry.version)
    histories: dict[ClOrdID, list[AuditEntry]] = {}
    for entry in entries:
        histories.setdefault(entry.event.cl_ord_id, []).append(entry)
    return {cl_ord_id: tuple(history) for cl_ord_id, history in histories.items()}


def missing_versions(records: Iterable[bytes]) -> tuple[Versions, ...]:
    """The holes in an audit file, lowest first; what may be missing at its end cannot be seen from it."""
    coverage = Coverage()
    for data in records:
        record = decode_record(data)
        coverage.take(record.first_version, len(record.events))
    return tuple(coverage.missing)
