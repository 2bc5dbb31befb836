"""In which shapes events are written. A schema has a number; a build reads its own and all earlier ones.

While two builds of the OMS run side by side, the one that leads writes what both can read: readers first, writers
later. So the build that is on its way out could take over at any time, and a build can be taken back.

The second schema is the next build's:

- `OrderSubmitted` says in which capacity we deal (FIX's OrderCapacity): a new field at the end, with a default. Nobody
  need do anything about that: who does not know it passes over it, who misses it takes the default.
- `OrderFilled` says what became of liquidity (FIX's LastLiquidityInd) instead of whether the order rested: another
  name, another type, another tag. What is in the log in the old shape is lifted when read; it is never rewritten.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

import msgspec
from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.events import AnyEvent, Event, OrderFilled, OrderSubmitted
from squall.system.domain.ids import ExecID, Symbol, Venue
from squall.system.domain.old_events import OldEvent, upcast


class Liquidity(Enum):
    """LastLiquidityInd (851)."""

    ADDED = 1
    REMOVED = 2


class OrderFilledV2(Event, frozen=True, gc=False, tag="OrderFilled/2"):
    """As the next build writes it."""

    exec_id: ExecID
    venue: Venue
    symbol: Symbol
    side: Side
    lots: int
    price_half_ticks: int
    commission: int = 0
    liquidity: Liquidity = Liquidity.REMOVED


class OrderSubmittedWithCapacity(OrderSubmitted, frozen=True, gc=False, tag="OrderSubmitted/2"):
    """As the next build writes it. The tag is the one before: whoever does not know the last field does without."""

    capacity: str = "principal"


class UnknownEventError(ValueError):
    """An event of a schema that this build does not know: names its tag."""


class Schema(Struct, frozen=True):
    """What one build writes, and reads. *strict*: only its own shapes, nothing lifted."""

    number: int
    encode: Callable[[AnyEvent], bytes]
    decode: Callable[[bytes], AnyEvent]
    strict: Callable[[bytes], AnyEvent]
    lifted: frozenset[str]
    """Tags of shapes that are lifted."""
    unknown: frozenset[str]
    """Tags of later schemas."""

    def check(self, events: Iterable[bytes]) -> None:
        """UnknownEventError where one of them is of a later schema."""
        if self.unknown:
            for event in events:
                tag = tag_of(event)
                if tag in self.unknown:
                    raise UnknownEventError(f"{tag} is of a later build: this one reads schema {self.number}")


class _Tagged(Struct, array_like=True):
    tag: str


_TAG: Final = msgspec.msgpack.Decoder(_Tagged)
_SECOND: Final[msgspec.msgpack.Decoder[AnyEvent | OldEvent | OrderFilledV2]] = msgspec.msgpack.Decoder(
    AnyEvent | OldEvent | OrderFilledV2
)


def tag_of(event: bytes) -> str:
    """The tag that an encoded event bears, of whichever schema."""
    return _TAG.decode(event).tag


def _encode_second(event: AnyEvent) -> bytes:
    match event:
        case OrderFilled():
            liquidity = Liquidity.ADDED if event.rested else Liquidity.REMOVED
            return msgspec.msgpack.encode(
                OrderFilledV2(
                    event.cl_ord_id,
                    event.at_ns,
                    event.actor,
                    event.exec_id,
                    event.venue,
                    event.symbol,
                    event.side,
                    event.lots,
                    event.price_half_ticks,
                    event.commission,
                    liquidity,
                )
            )
        case OrderSubmitted():
            return msgspec.msgpack.encode(OrderSubmittedWithCapacity(*msgspec.structs.astuple(event)))
        case _:
            return encode_event(event)


def _decode_second(data: bytes) -> AnyEvent:
    event = _SECOND.decode(data)
    if type(event) is not OrderFilledV2:
        return upcast(event)  # type: ignore[arg-type]
    return OrderFilled(
        event.cl_ord_id,
        event.at_ns,
        event.actor,
        event.exec_id,
        event.venue,
        event.symbol,
        event.side,
        event.lots,
        event.price_half_ticks,
        event.commission,
        event.liquidity is Liquidity.ADDED,
    )


def _strict(decode: Callable[[bytes], AnyEvent], lifted: frozenset[str]) -> Callable[[bytes], AnyEvent]:
    def strictly(data: bytes) -> AnyEvent:
        tag = tag_of(data)
        if tag in lifted:
            raise UnknownEventError(f"{tag} is of an earlier build, and nothing is lifted")
        return decode(data)

    return strictly


_OLD: Final = frozenset({"OrderSubmitted"})
_OLD_TO_SECOND: Final = frozenset({"OrderSubmitted", "OrderFilled"})

FIRST: Final = Schema(
    1, encode_event, decode_event, _strict(decode_event, _OLD), _OLD, unknown=frozenset({"OrderFilled/2"})
)
"""Of the build that the desk is laid out with."""
SECOND: Final = Schema(
    2, _encode_second, _decode_second, _strict(_decode_second, _OLD_TO_SECOND), _OLD_TO_SECOND, unknown=frozenset()
)
"""Of the next one; reads whatever there is."""
