"""Market data in the words of a venue that has its own: depth increments, numbered securities, FIX's entry types.

A security has a number. Prices are in ten-thousandths of the currency, sizes in hundredths of a lot, times in
microseconds. Heartbeats, channel numbers and the request for an image are as everywhere.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec import Struct

from squall.sim.exchange.wire.words import WireMessage

PRICE_UNITS_PER_HALF_TICK: Final = 50
SIZE_UNITS_PER_LOT: Final = 100
FIRST_SECURITY_ID: Final = 7_001
BID: Final = "0"
OFFER: Final = "1"
"""MDEntryType (269)."""
BUYER: Final = "1"
SELLER: Final = "2"
"""AggressorSide (5797)."""


def security_ids(symbols: Sequence[str]) -> dict[str, int]:
    """The venue's directory: a number for each of its symbols, in the order in which it lists them."""
    return {symbol: FIRST_SECURITY_ID + index for index, symbol in enumerate(symbols)}


class DepthEntry(Struct, frozen=True, gc=False, array_like=True):
    """The whole displayed size at one price after a change; size 0 removes the price."""

    entry_type: str
    price: int
    size: int


class DepthTrade(Struct, frozen=True, gc=False, array_like=True):
    """A trade on the tape."""

    aggressor: str
    price: int
    size: int


class DepthIncrement(WireMessage, frozen=True, gc=False, tag=True):
    """One step of the channel; *seq* counts from 1, alike on both lines."""

    wire_bytes: ClassVar[int] = 88
    venue: str
    line: str
    seq: int
    security_id: int
    entries: tuple[DepthEntry, ...]
    trades: tuple[DepthTrade, ...]
    sent_us: int

    @property
    def identity(self) -> str:
        return f"book/{self.venue}/{self.seq}"


class DepthBook(Struct, frozen=True, gc=False, array_like=True):
    """All levels of one security, best price first on each side."""

    security_id: int
    entries: tuple[DepthEntry, ...]


class DepthImage(WireMessage, frozen=True, gc=False, tag=True):
    """Every book of the venue as of *last_seq* of its channel."""

    wire_bytes: ClassVar[int] = 2_000
    venue: str
    last_seq: int
    attempt: int
    books: tuple[DepthBook, ...]
    sent_us: int

    @property
    def identity(self) -> str:
        return f"snapshot/{self.venue}/{self.attempt}"
