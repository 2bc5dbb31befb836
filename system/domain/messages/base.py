"""What every message between services is."""

from typing import ClassVar

from msgspec import Struct


class DeskMessage(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base: what it weighs, and the stable name that keyed chance knows it by."""

    wire_bytes: ClassVar[int] = 96
    is_heartbeat: ClassVar[bool] = False

    @property
    def identity(self) -> str:
        raise NotImplementedError(type(self).__name__)
