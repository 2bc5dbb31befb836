"""What happened, in order: observed by the world or claimed by a program, with its cause, into one digest."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, ClassVar, Protocol

import msgspec
from msgspec import Struct

CHECKPOINT_RECORDS = 1_024


class Event(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base of all that a record can hold. Encoded as an array: a seventh quicker than with its fields' names."""


class Record(Struct, frozen=True, gc=False, array_like=True):
    """One thing that happened. *cause* is the seq of the record that led to it; 0 means nothing did."""

    seq: int
    at_ns: int
    host: str
    cause: int
    claimed: bool
    event: Any


# --- what the world observes -----------------------------------------------------------------------


class RunBegan(Event, frozen=True, gc=False, tag=True):
    """The first record: what decides everything that follows."""

    scenario: str
    seed: int
    configuration: Any


class Sent(Event, frozen=True, gc=False, tag=True):
    """A message left a host for another one (heartbeats apart)."""

    sender: str
    to: str
    message: Any


class Handled(Event, frozen=True, gc=False, tag=True):
    """A program is about to handle a message (heartbeats apart). This is what counts as one message."""

    to: str
    sender: str
    message: Any


class PacketDropped(Event, frozen=True, gc=False, tag=True):
    link: str
    sender: str
    to: str
    what: str


class Retransmitted(Event, frozen=True, gc=False, tag=True):
    """A stream sent a segment again; *attempt* counts from 1 for the first repetition."""

    sender: str
    to: str
    what: str
    attempt: int
    after_ns: int


class StreamOpened(Event, frozen=True, gc=False, tag=True):
    client: str
    server: str


class StreamClosed(Event, frozen=True, gc=False, tag=True):
    """One end of a stream learned that it is gone."""

    end: str
    peer: str
    reason: str


class DiskSynced(Event, frozen=True, gc=False, tag=True):
    """*records* records of *size_bytes* in all became durable."""

    file: str
    records: int
    size_bytes: int


class DiskLost(Event, frozen=True, gc=False, tag=True):
    """A crash took what was not synced, or the whole disk."""

    records: int
    whole_disk: bool


class HostCrashed(Event, frozen=True, gc=False, tag=True):
    with_disk: bool


class HostRestarted(Event, frozen=True, gc=False, tag=True):
    epoch: int


class HostPaused(Event, frozen=True, gc=False, tag=True):
    pass


class HostResumed(Event, frozen=True, gc=False, tag=True):
    pass


class ProgramRaised(Event, frozen=True, gc=False, tag=True):
    """A program under test threw: its host goes down with it."""

    program: str
    error: str
    where: str


class FaultBegan(Event, frozen=True, gc=False, tag=True):
    index: int
    kind: str
    target: str


class FaultHealed(Event, frozen=True, gc=False, tag=True):
    index: int
    kind: str
    target: str
    effects: int


class VenueAccepted(Event, frozen=True, gc=False, tag=True):
    """A venue's matching engine took an order of the desk's."""

    venue: str
    cl_ord_id: str
    cl_ord_link_id: str
    symbol: str
    buy: bool
    lots: int
    price_half_ticks: int | None
    ioc: bool


class VenueExecuted(Event, frozen=True, gc=False, tag=True):
    """A venue executed an order of the desk's: its log is the oracle."""

    venue: str
    exec_id: str
    cl_ord_id: str
    cl_ord_link_id: str
    symbol: str
    buy: bool
    lots: int
    price_half_ticks: int


class VenueClosed(Event, frozen=True, gc=False, tag=True):
    """An order of the desk's left the venue's book, with *leaves_lots* unexecuted (0: filled)."""

    venue: str
    cl_ord_id: str
    cl_ord_link_id: str
    leaves_lots: int


class VenueRefused(Event, frozen=True, gc=False, tag=True):
    venue: str
    cl_ord_id: str
    reason: str


class VenueIgnored(Event, frozen=True, gc=False, tag=True):
    """A faulty venue discarded a request after its session took it, or a report before it was numbered."""

    venue: str
    what: str
    report: bool


class TouchChanged(Event, frozen=True, gc=False, tag=True):
    """A venue's best prices and sizes after channel message *seq*; a side that is empty has price and lots 0."""

    venue: str
    symbol: str
    seq: int
    bid_half_ticks: int
    bid_lots: int
    ask_half_ticks: int
    ask_lots: int


# --- the trace -------------------------------------------------------------------------------------


class ObserverError(RuntimeError):
    """A watcher or the sink failed: our own error, never that of the program it happened to be looking at."""


Watcher = Callable[[Record], None]


class Sink(Protocol):
    """Where encoded records go besides the digest, for instance a JSON Lines file."""

    def write(self, record: Record) -> None: ...


class _Clock(Protocol):
    cause: int
    now_ns: int


class Trace:
    """Streams records to watchers, sink and digest; holds none of them.

    A watcher is told of one event type, or of `Sent` and `Handled` for one message type: `watch(fn, Sent, Logon)`.
    Those of all events of a type come first, then those of one message type, each in the order in which they were
    added. They must not act on the world; one that raises ends the run with an `ObserverError`.
    """

    encode: ClassVar[msgspec.msgpack.Encoder] = msgspec.msgpack.Encoder()

    def __init__(self, clock: _Clock, sink: Sink | None = None) -> None:
        self._clock = clock
        self._sink = sink
        self._seq = 0
        self._buffer = bytearray()
        self._hash = blake2b(digest_size=16)
        self._watchers: dict[type, list[Watcher]] = {}
        self._claim_watchers: dict[type, list[Watcher]] = {}
        self._sent: dict[type, list[Watcher]] = {}
        self._handled: dict[type, list[Watcher]] = {}
        self._encode_into = self.encode.encode_into
        self.checkpoints: list[str] = []

    @property
    def records(self) -> int:
        """How many records there have been."""
        return self._seq

    def watch(self, watcher: Watcher, event: type, message: type | None = None) -> None:
        """Tell *watcher* of every record of this event type; for `Sent` and `Handled`, of one message type."""
        if message is None:
            self._watchers.setdefault(event, []).append(watcher)
        elif event is Sent:
            self._sent.setdefault(message, []).append(watcher)
        elif event is Handled:
            self._handled.setdefault(message, []).append(watcher)
        else:
            raise ValueError(f"only Sent and Handled carry messages, found {event.__name__}")

    def watch_claims(self, watcher: Watcher, claim: type) -> None:
        """Tell *watcher* of every claim of this type. Claims never reach the watchers of observed events."""
        self._claim_watchers.setdefault(claim, []).append(watcher)

    def observe(self, host: str, event: Any) -> int:
        """Record what the world saw; returns its seq."""
        record = self._record(host, event, False)
        kind = type(event)
        try:
            # Most records are of messages, and most of them are watched by nobody.
            if kind in self._watchers:
                for watcher in self._watchers[kind]:
                    watcher(record)
            if kind is Handled:
                kind = type(event.message)
                if kind in self._handled:
                    for watcher in self._handled[kind]:
                        watcher(record)
            elif kind is Sent:
                kind = type(event.message)
                if kind in self._sent:
                    for watcher in self._sent[kind]:
                        watcher(record)
        except Exception as error:
            raise _failed("a watcher", record, error) from error
        return record.seq

    def claim(self, host: str, event: Any) -> int:
        """Record what a program said; returns its seq."""
        record = self._record(host, event, True)
        try:
            for watcher in self._claim_watchers.get(type(event), ()):
                watcher(record)
        except Exception as error:
            raise _failed("a watcher", record, error) from error
        return record.seq

    def _record(self, host: str, event: Any, claimed: bool) -> Record:
        clock = self._clock
        record = Record(self._seq + 1, clock.now_ns, host, clock.cause, claimed, event)
        buffer = self._buffer
        start = len(buffer)
        try:
            self._encode_into(record, buffer, start)
        except Exception:
            # What cannot be encoded was not recorded; half of it must not stay.
            del buffer[start:]
            raise
        self._seq = seq = record.seq
        if self._sink is not None:
            try:
                self._sink.write(record)
            except Exception as error:
                raise _failed("the sink", record, error) from error
        if not seq % CHECKPOINT_RECORDS:
            self._hash.update(buffer)
            buffer.clear()
            self.checkpoints.append(self._hash.hexdigest())
        return record

    def digest(self) -> str:
        """BLAKE2b over all records so far, as 32 hexadecimal digits."""
        whole = self._hash.copy()
        whole.update(self._buffer)
        return whole.hexdigest()


def _failed(what: str, record: Record, error: Exception) -> ObserverError:
    return ObserverError(
        f"{what} failed on record {record.seq}, {type(record.event).__name__}: {type(error).__name__}: {error}"
    )
