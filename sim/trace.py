"""What happened, in order: observed by the world or claimed by a program, with its cause, into one digest."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

CHECKPOINT_RECORDS = 1_024
BATCH_RECORDS = 64
"""So many are encoded at once, and a checkpoint is a multiple of it: nearly as quick as a thousand, and few wait."""


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


class RoutesChanged(Event, frozen=True, gc=False, tag=True):
    """The network leads its packets anew: *ways* routes have changed, all of them now *around* these links."""

    around: tuple[str, ...]
    ways: int


class DiskSynced(Event, frozen=True, gc=False, tag=True):
    """*records* records of *size_bytes* in all became durable."""

    file: str
    records: int
    size_bytes: int


class DiskLost(Event, frozen=True, gc=False, tag=True):
    """A crash took what was not synced, or the whole disk."""

    records: int
    whole_disk: bool


class ClockDisciplined(Event, frozen=True, gc=False, tag=True):
    """A host has compared its wall clock with its time servers', and found it this far behind, as far as it can see."""

    offset_ns: int
    delay_ns: int
    disbelieved: int
    """Servers whose answers cannot be right if most are."""
    deed: str


class QueueFull(Event, frozen=True, gc=False, tag=True):
    """A bounded queue of the machine had no room for one more message: it waits, is dropped or is rejected."""

    to: str
    sender: str
    message: str
    deed: str


class HostCrashed(Event, frozen=True, gc=False, tag=True):
    with_disk: bool


class HostRestarted(Event, frozen=True, gc=False, tag=True):
    epoch: int


class HostPaused(Event, frozen=True, gc=False, tag=True):
    pass


class HostResumed(Event, frozen=True, gc=False, tag=True):
    pass


class ProgramRaised(Event, frozen=True, gc=False, tag=True):
    """A program under test threw: its host goes down with it.

    *injected*: a fault made it throw. That is no finding, and only the program goes down: its host starts it again.
    """

    program: str
    error: str
    where: str
    injected: bool = False


class ProgramStopped(Event, frozen=True, gc=False, tag=True):
    """One program's process ended, and its host runs on."""

    program: str
    why: str


class ProgramStarted(Event, frozen=True, gc=False, tag=True):
    """A host has started a program again; *version* is empty for the build that the run began with."""

    program: str
    version: str


class ConfigPushed(Event, frozen=True, gc=False, tag=True):
    """A changed configuration was pushed to one program; *version* counts the pushes to it."""

    program: str
    version: int
    what: str


class Intercepted(Event, frozen=True, gc=False, tag=True):
    """A fault in a program's code did this to one message, on its way ``in`` or ``out``."""

    program: str
    way: str
    peer: str
    what: str
    deed: str


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
    fee: int = 0
    """In half tick x lot; a rebate is negative."""
    rested: bool = False
    """It rested and added liquidity; otherwise it took."""


class VenueReplaced(Event, frozen=True, gc=False, tag=True):
    """A venue gave an open order of the desk's another name, quantity and limit: OrderQty is *lots* from here on."""

    venue: str
    cl_ord_id: str
    orig_cl_ord_id: str
    cl_ord_link_id: str
    lots: int
    leaves_lots: int
    price_half_ticks: int | None


class VenueBusted(Event, frozen=True, gc=False, tag=True):
    """A venue declared an execution void: *exec_ref_id* counts no more, nor does its fee."""

    venue: str
    exec_id: str
    exec_ref_id: str
    cl_ord_id: str
    cl_ord_link_id: str
    symbol: str
    buy: bool
    lots: int
    price_half_ticks: int
    fee: int


class VenueCorrected(Event, frozen=True, gc=False, tag=True):
    """A venue set an execution right: *exec_ref_id* is for *lots* at *price_half_ticks*, not for what it was before."""

    venue: str
    exec_id: str
    exec_ref_id: str
    cl_ord_id: str
    cl_ord_link_id: str
    symbol: str
    buy: bool
    lots: int
    price_half_ticks: int
    was_lots: int
    was_price_half_ticks: int


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


class FeedTold(Event, frozen=True, gc=False, tag=True):
    """From channel message *seq* on, a faulty venue's feed tells of this symbol what is not so; or the truth again."""

    venue: str
    symbol: str
    seq: int
    truly: bool


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

    def __init__(self, clock: _Clock, sink: Sink | None = None) -> None:
        self._clock = clock
        self._sink = sink
        self._seq = 0
        self._pending: list[Record | tuple[Any, ...]] = []
        """Not yet in the digest, in order. A tuple stands for a record, and its event, that nobody looked at."""
        self._hash = blake2b(digest_size=16)
        self._watchers: dict[type, list[Watcher]] = {}
        self._claim_watchers: dict[type, list[Watcher]] = {}
        self._of_messages: dict[type, dict[type, list[Watcher]]] = {Sent: {}, Handled: {}}
        self._on_sent: dict[type, tuple[Watcher, ...]] = {}
        self._on_handled: dict[type, tuple[Watcher, ...]] = {}
        """Who is to be told, by message type: put together when the first one comes."""
        self.checkpoints: list[str] = []

    @property
    def records(self) -> int:
        """How many records there have been."""
        return self._seq

    def watch(self, watcher: Watcher, event: type, message: type | None = None) -> None:
        """Tell *watcher* of every record of this event type; for `Sent` and `Handled`, of one message type."""
        if message is None:
            self._watchers.setdefault(event, []).append(watcher)
        elif event in self._of_messages:
            self._of_messages[event].setdefault(message, []).append(watcher)
        else:
            raise ValueError(f"only Sent and Handled carry messages, found {event.__name__}")
        self._on_sent.clear()
        self._on_handled.clear()

    def watch_claims(self, watcher: Watcher, claim: type) -> None:
        """Tell *watcher* of every claim of this type. Claims never reach the watchers of observed events."""
        self._claim_watchers.setdefault(claim, []).append(watcher)

    # --- recording ---

    def observe(self, host: str, event: Any) -> int:
        """Record what the world saw; returns its seq."""
        kind = type(event)
        if kind is Sent:
            return self.sent(host, event.sender, event.to, event.message)
        if kind is Handled:
            return self.handled(host, event.to, event.sender, event.message)
        watchers = self._watchers.get(kind)
        if watchers is not None or self._sink is not None:
            return self._record(host, event, False, watchers)
        self._seq = seq = self._seq + 1
        clock = self._clock
        self._pending.append((seq, clock.now_ns, host, clock.cause, False, event))
        if not seq % BATCH_RECORDS:
            self._absorb()
        return seq

    def claim(self, host: str, event: Any) -> int:
        """Record what a program said; returns its seq. TypeError, and no record, where it cannot be encoded."""
        _ENCODE(event)
        return self._record(host, event, True, self._claim_watchers.get(type(event)))

    def sent(self, host: str, sender: str, to: str, message: Any) -> int:
        """`observe(host, Sent(sender, to, message))`, for the hot path."""
        watchers = self._on_sent.get(type(message))
        if watchers is None:
            watchers = self._on_sent[type(message)] = self._watchers_of(Sent, message)
        if watchers or self._sink is not None:
            return self._record(host, Sent(sender, to, message), False, watchers)
        self._seq = seq = self._seq + 1
        clock = self._clock
        self._pending.append((seq, clock.now_ns, host, clock.cause, False, ("Sent", sender, to, message)))
        if not seq % BATCH_RECORDS:
            self._absorb()
        return seq

    def handled(self, host: str, to: str, sender: str, message: Any) -> int:
        """`observe(host, Handled(to, sender, message))`, for the hot path."""
        watchers = self._on_handled.get(type(message))
        if watchers is None:
            watchers = self._on_handled[type(message)] = self._watchers_of(Handled, message)
        if watchers or self._sink is not None:
            return self._record(host, Handled(to, sender, message), False, watchers)
        self._seq = seq = self._seq + 1
        clock = self._clock
        self._pending.append((seq, clock.now_ns, host, clock.cause, False, ("Handled", to, sender, message)))
        if not seq % BATCH_RECORDS:
            self._absorb()
        return seq

    def _watchers_of(self, event: type, message: Any) -> tuple[Watcher, ...]:
        """Who is told of such a message. The first of its type is encoded now, while we know whose it is."""
        _ENCODE(message)
        return (*self._watchers.get(event, ()), *self._of_messages[event].get(type(message), ()))

    def _record(self, host: str, event: Any, claimed: bool, watchers: Sequence[Watcher] | None) -> int:
        clock = self._clock
        self._seq = seq = self._seq + 1
        record = Record(seq, clock.now_ns, host, clock.cause, claimed, event)
        self._pending.append(record)
        if self._sink is not None:
            try:
                self._sink.write(record)
            except Exception as error:
                raise _failed("the sink", record, error) from error
        if not seq % BATCH_RECORDS:
            self._absorb()
        if watchers:
            try:
                for watcher in watchers:
                    watcher(record)
            except Exception as error:
                raise _failed("a watcher", record, error) from error
        return seq

    # --- the digest ---

    def _absorb(self) -> None:
        """Take what is pending into the digest."""
        self._hash.update(_encoded(self._pending))
        self._pending.clear()
        if not self._seq % CHECKPOINT_RECORDS:
            self.checkpoints.append(self._hash.hexdigest())

    def digest(self) -> str:
        """BLAKE2b over all records so far, as 32 hexadecimal digits."""
        whole = self._hash.copy()
        whole.update(_encoded(self._pending))
        return whole.hexdigest()


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_SHORT_LIST: Final = 16
"""From so many elements on MessagePack writes the length of a list in three bytes, up to there in one."""


def _encoded(records: list[Record | tuple[Any, ...]]) -> memoryview:
    """These records, at most `BATCH_RECORDS`, one after the other: as a list, and without the list's own head.

    ObserverError that names the first that cannot be encoded.
    """
    try:
        together = _ENCODE(records)
    except Exception:
        for record in records:
            try:
                _ENCODE(record)
            except Exception as error:
                raise _unencodable(record, error) from error
        raise
    return memoryview(together)[1 if len(records) < _SHORT_LIST else 3 :]


def _unencodable(record: Record | tuple[Any, ...], error: Exception) -> ObserverError:
    seq, at_ns, host, _, _, event = msgspec.structs.astuple(record) if isinstance(record, Record) else record
    if not isinstance(event, tuple):
        return ObserverError(
            f"record {seq}, of {host} at {at_ns} ns: a {type(event).__name__} cannot be encoded: {error}"
        )
    what, one, other, message = event
    between = f"{what.lower()} by {one}, with {other}"
    return ObserverError(
        f"record {seq}, of {host} at {at_ns} ns: a {type(message).__name__}, {between}, cannot be encoded: {error}"
    )


def _failed(what: str, record: Record, error: Exception) -> ObserverError:
    return ObserverError(
        f"{what} failed on record {record.seq}, {type(record.event).__name__}: {type(error).__name__}: {error}"
    )
