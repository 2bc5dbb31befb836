"""Sessions: who logs on, and that both sides live."""

from typing import ClassVar

from squall.sim.exchange.wire.words import WireMessage


class Logon(WireMessage, frozen=True, gc=False, tag=True):
    """The first message on a new stream. *session* is the client's own count of its sessions, from 1."""

    sender: str
    session: int

    @property
    def identity(self) -> str:
        return f"logon/{self.sender}/{self.session}"


class LogonAccepted(WireMessage, frozen=True, gc=False, tag=True):
    """The session stands. Any earlier session of this sender is dead: what it had not delivered is discarded."""

    session: int
    previous_session_closed: bool

    @property
    def identity(self) -> str:
        return f"logon-accepted/{self.session}"


class Heartbeat(WireMessage, frozen=True, gc=False, tag=True):
    is_heartbeat: ClassVar[bool] = True
    sender: str
    number: int

    @property
    def identity(self) -> str:
        return f"heartbeat/{self.sender}/{self.number}"
