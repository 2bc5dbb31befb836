"""Market data on two lines, and snapshots: what a venue tells everybody."""

from typing import ClassVar

from msgspec import Struct

from squall.sim.exchange.wire.words import Side, WireMessage


class Level(Struct, frozen=True, gc=False, array_like=True):
    """The whole displayed quantity at one price after a change; zero lots removes the level."""

    side: Side
    price_half_ticks: int
    lots: int


class Print(Struct, frozen=True, gc=False, array_like=True):
    """A trade on the tape; *side* is the aggressor's."""

    side: Side
    price_half_ticks: int
    lots: int


class BookUpdate(WireMessage, frozen=True, gc=False, tag=True):
    """One step of a venue's channel; *seq* counts from 1 on the channel, alike on both lines."""

    wire_bytes: ClassVar[int] = 96
    venue: str
    line: str
    seq: int
    symbol: str
    levels: tuple[Level, ...] = ()
    prints: tuple[Print, ...] = ()
    venue_time_ns: int = 0
    source_id: int = 0
    """The recording's own update id, where there is one."""

    @property
    def identity(self) -> str:
        return f"book/{self.venue}/{self.seq}"


class FeedHeartbeat(WireMessage, frozen=True, gc=False, tag=True):
    """Nothing new: the last sequence number sent, so that a loss at the tail shows."""

    is_heartbeat: ClassVar[bool] = True
    venue: str
    line: str
    last_seq: int
    number: int

    @property
    def identity(self) -> str:
        return f"feed-heartbeat/{self.venue}/{self.number}"


class SnapshotRequest(WireMessage, frozen=True, gc=False, tag=True):
    sender: str
    attempt: int

    @property
    def identity(self) -> str:
        return f"snapshot-request/{self.sender}/{self.attempt}"


class BookImage(Struct, frozen=True, gc=False):
    """All levels of one symbol, best price first on each side."""

    symbol: str
    levels: tuple[Level, ...]


class Snapshot(WireMessage, frozen=True, gc=False, tag=True):
    """Every book of the venue as of *last_seq* of its channel."""

    wire_bytes: ClassVar[int] = 2_000
    venue: str
    last_seq: int
    attempt: int
    books: tuple[BookImage, ...]
    venue_time_ns: int = 0
    """When it was made, by the clock that stamps updates."""

    @property
    def identity(self) -> str:
        return f"snapshot/{self.venue}/{self.attempt}"
