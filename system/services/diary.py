"""What the strategy writes down, so that after a restart it goes on where it was and does not start over."""

from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import SubmitOrder
from squall.system.domain.signals import rests
from squall.system.runtime import Runtime

FILE: Final = "diary"


class Entry(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base of all entries."""


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


class OrderMeant(Entry, frozen=True, gc=False, tag=True):
    """An order goes out: a later life has to see that it is taken, and where it rests, that it is withdrawn."""

    order: SubmitOrder


class OrderSettled(Entry, frozen=True, gc=False, tag=True):
    """Nothing is left to do for it: it was taken, and where it rests its cancel has been sent."""

    cl_ord_id: ClOrdID


AnyEntry = Started | PulseReached | NumbersReserved | OrderMeant | OrderSettled

_encode: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final[msgspec.msgpack.Decoder[AnyEntry]] = msgspec.msgpack.Decoder(AnyEntry)


class Past(Struct):
    """What earlier lives have left behind."""

    started_ns: int | None = None
    pulse: int = 0
    numbers: dict[Symbol, int] = {}
    open: dict[ClOrdID, SubmitOrder] = {}
    """Perhaps taken, perhaps not, and not settled."""
    withdrawn: list[ClOrdID] = []
    """Orders that rested, and whose cancel has been sent."""


def write(runtime: Runtime, entry: AnyEntry) -> int:
    """Append an entry; returns the token of the write."""
    return runtime.append(FILE, _encode(entry))


def read(runtime: Runtime) -> Past:
    """All that stands in the diary, summed up."""
    past = Past()
    for data in runtime.read(FILE):
        match _DECODER.decode(data):
            case Started(at_ns):
                past.started_ns = at_ns
            case PulseReached(pulse):
                past.pulse = pulse
            case NumbersReserved(symbol, up_to):
                past.numbers[symbol] = up_to
            case OrderMeant(order):
                past.open[order.cl_ord_id] = order
            case OrderSettled(cl_ord_id):
                settled = past.open.pop(cl_ord_id, None)
                if settled is not None and rests(settled):
                    past.withdrawn.append(cl_ord_id)
    return past
