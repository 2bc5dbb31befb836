"""How events are written down: tagged msgpack, each of its own version, and read as this build knows them."""

from collections.abc import Callable
from typing import Final

import msgspec

from squall.system.domain.events import AnyEvent
from squall.system.domain.old_events import OldEvent, upcast

encode_event: Final[Callable[[AnyEvent], bytes]] = msgspec.msgpack.Encoder().encode
"""The event as the journal holds it: tagged msgpack."""

_DECODER: Final[msgspec.msgpack.Decoder[AnyEvent | OldEvent]] = msgspec.msgpack.Decoder(AnyEvent | OldEvent)


def decode_event(data: bytes) -> AnyEvent:
    """The event that `encode_event` was given, by this build or an earlier one. msgspec.DecodeError for all else."""
    return upcast(_DECODER.decode(data))
