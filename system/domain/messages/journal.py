"""The journal: OMS → audit → monitor, and leader ↔ standby."""

from typing import Any, ClassVar

from squall.system.domain.ids import Epoch
from squall.system.domain.messages.base import DeskMessage

# --- OMS → audit → monitor ---


class JournalCopied(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → audit: events that have become durable, in the journal's own encoding."""

    epoch: Epoch
    first_version: int
    events: tuple[Any, ...]

    @property
    def wire_bytes(self) -> int:  # type: ignore[override]  # the more events, the longer
        return 60 + 240 * len(self.events)

    @property
    def identity(self) -> str:
        return f"journal/{self.epoch}/{self.first_version}"


# --- OMS ↔ OMS: replication ---


class Replicate(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → standby: these events follow version *after_version*."""

    wire_bytes: ClassVar[int] = 400
    epoch: Epoch
    after_version: int
    events: tuple[bytes, ...]

    @property
    def identity(self) -> str:
        return f"replicate/{self.epoch}/{self.after_version}"


class Replicated(DeskMessage, frozen=True, gc=False, tag=True):
    """Standby → leader: all up to and including *version* is on my disk."""

    epoch: Epoch
    version: int

    @property
    def identity(self) -> str:
        return f"replicated/{self.epoch}/{self.version}"


class SchemaRead(DeskMessage, frozen=True, gc=False, tag=True):
    """Standby → leader, first on a stream: I read events up to this schema. Who says nothing reads the first."""

    standby: str
    schema: int

    @property
    def identity(self) -> str:
        return f"schema-read/{self.standby}/{self.schema}"


class JoinStandby(DeskMessage, frozen=True, gc=False, tag=True):
    """A standby asks the leader for the whole journal: it has none, or one that may have diverged."""

    standby: str
    attempt: int

    @property
    def identity(self) -> str:
        return f"join/{self.standby}/{self.attempt}"


class JournalImage(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → standby: the whole journal; forget yours."""

    epoch: Epoch
    events: tuple[bytes, ...]

    @property
    def wire_bytes(self) -> int:  # type: ignore[override]  # the whole journal, each event with its length before it
        return 60 + sum(len(event) + 4 for event in self.events)

    @property
    def identity(self) -> str:
        return f"journal-image/{self.epoch}/{len(self.events)}"


class LeaderBeat(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → standby, a datagram: I am here."""

    is_heartbeat: ClassVar[bool] = True
    epoch: Epoch
    leader: str
    number: int

    @property
    def identity(self) -> str:
        return f"leader-beat/{self.epoch}/{self.number}"
