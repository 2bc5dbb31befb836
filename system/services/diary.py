"""What the strategy writes down, so that after a restart it goes on where it was and does not start over."""

from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.ids import Symbol
from squall.system.runtime import Runtime
from squall.system.services.submission import Entry, OrderMeant, OrderOver, OrderSettled, Unsettled

FILE: Final = "diary"


class Started(Entry, frozen=True, gc=False, tag=True):
    """The first life began, on the host's monotonic clock: from here the schedule counts.

    In this world that clock goes on when the host restarts.
    """

    at_ns: int


class PulseReached(Entry, frozen=True, gc=False, tag=True):
    """All pulses before this one have been played. Written now and then, not for each."""

    pulse: int


class NumbersReserved(Entry, frozen=True, gc=False, tag=True):
    """Orders of this symbol may bear numbers up to and including this one: later lives begin after it."""

    symbol: Symbol
    up_to: int


AnyEntry = Started | PulseReached | NumbersReserved | OrderMeant | OrderSettled | OrderOver

_DECODER: Final[msgspec.msgpack.Decoder[AnyEntry]] = msgspec.msgpack.Decoder(AnyEntry)


class Past(Struct):
    """What earlier lives have left behind."""

    started_ns: int | None = None
    pulse: int = 0
    numbers: dict[Symbol, int] = {}
    unsettled: Unsettled = msgspec.field(default_factory=Unsettled)


def read(runtime: Runtime) -> Past:
    """All that stands in the diary, summed up."""
    past = Past()
    for data in runtime.read(FILE):
        entry = _DECODER.decode(data)
        match entry:
            case Started(at_ns):
                past.started_ns = at_ns
            case PulseReached(pulse):
                past.pulse = pulse
            case NumbersReserved(symbol, up_to):
                past.numbers[symbol] = up_to
            case OrderMeant() | OrderSettled() | OrderOver():
                past.unsettled.take(entry)
    return past
