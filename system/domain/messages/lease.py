"""OMS ↔ lease keepers, and how a lease is handed over: datagrams."""

from typing import ClassVar

from squall.system.domain.ids import Epoch
from squall.system.domain.messages.base import DeskMessage


class RequestLease(DeskMessage, frozen=True, gc=False, tag=True):
    """Candidate → keeper: a new epoch, please. *asked_ns* is the candidate's own monotonic clock, echoed."""

    epoch: Epoch
    candidate: str
    asked_ns: int
    attempt: int

    @property
    def identity(self) -> str:
        return f"request-lease/{self.epoch}/{self.candidate}/{self.attempt}"


class RenewLease(DeskMessage, frozen=True, gc=False, tag=True):
    is_heartbeat: ClassVar[bool] = True
    epoch: Epoch
    candidate: str
    asked_ns: int
    number: int

    @property
    def identity(self) -> str:
        return f"renew-lease/{self.epoch}/{self.candidate}/{self.number}"


class LeaseGranted(DeskMessage, frozen=True, gc=False, tag=True):
    """Keeper → candidate: an epoch is won when a majority has granted it."""

    epoch: Epoch
    candidate: str
    keeper: str
    asked_ns: int

    @property
    def identity(self) -> str:
        return f"granted/{self.epoch}/{self.keeper}"


class LeaseRenewed(DeskMessage, frozen=True, gc=False, tag=True):
    is_heartbeat: ClassVar[bool] = True
    epoch: Epoch
    candidate: str
    keeper: str
    asked_ns: int

    @property
    def identity(self) -> str:
        return f"renewed/{self.epoch}/{self.keeper}/{self.asked_ns}"


class LeaseRefused(DeskMessage, frozen=True, gc=False, tag=True):
    """Keeper → candidate: no; *highest* is the highest epoch that this keeper has granted."""

    epoch: Epoch
    candidate: str
    keeper: str
    highest: Epoch

    @property
    def identity(self) -> str:
        return f"refused/{self.epoch}/{self.candidate}/{self.keeper}"


class HandOver(DeskMessage, frozen=True, gc=False, tag=True):
    """Operator → OMS: if you lead, let the other one lead. Repeated until it does."""

    number: int

    @property
    def identity(self) -> str:
        return f"hand-over/{self.number}"


class ReleaseLease(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → keeper: I lead this epoch no more, and have stopped already."""

    epoch: Epoch
    candidate: str

    @property
    def identity(self) -> str:
        return f"release-lease/{self.epoch}/{self.candidate}"


class LeaseOffered(DeskMessage, frozen=True, gc=False, tag=True):
    """Leader → standby: my epoch is over at this version of its journal. Ask for the next one, if you have it all."""

    epoch: Epoch
    version: int

    @property
    def identity(self) -> str:
        return f"lease-offered/{self.epoch}/{self.version}"
