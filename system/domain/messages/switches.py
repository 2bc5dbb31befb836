"""Operator, risk → OMS: in which state something is to trade. OMS → risk, execution, operator: in which it does."""

from typing import ClassVar

from msgspec import Struct

from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages.base import DeskMessage
from squall.system.domain.switches import NoSuchThing, Scope, Switch, TradingState


class SwitchTrading(DeskMessage, frozen=True, gc=False, tag=True):
    """A command: from now on this is to trade so. Idempotent; it is repeated until `SwitchDone` has come."""

    number: int
    """The sender's, so that the answer can be told from an older one."""
    scope: Scope
    name: str
    state: TradingState

    @property
    def identity(self) -> str:
        return f"switch/{self.scope.value}/{self.name}/{self.state.value}/{self.number}"


class SwitchesTold(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → risk, execution, whenever one has changed: all that is not active. Forget what you had."""

    wire_bytes: ClassVar[int] = 400
    epoch: Epoch
    version: int
    """Of the journal, with which they came to be so."""
    switches: tuple[Switch, ...]

    @property
    def identity(self) -> str:
        return f"switches/{self.epoch}/{self.version}"


class KeptOrder(Struct, frozen=True, gc=False, array_like=True):
    """An order that outlives the day, and what is left of it."""

    cl_ord_id: ClOrdID
    venue: Venue
    leaves_lots: int


class SwitchDone(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → operator: it is written down, on two disks; *left* orders are still open that it concerns.

    Where the state is *halted* it is repeated as they end, and 0 is the proof: every one of them has come to an end
    that a venue has confirmed, or never left the desk. Where it is *closing*, those that are to stay are not counted,
    and each venue is that has not confirmed them yet.
    """

    number: int
    scope: Scope
    name: str
    state: TradingState
    left: int
    waits_for: tuple[str, ...] = ()
    """The first few of what is left, by name: orders, or venues."""
    kept: tuple[KeptOrder, ...] = ()
    """Closing: what stays at its venue."""

    @property
    def identity(self) -> str:
        return f"switch-done/{self.scope.value}/{self.name}/{self.number}/{self.left}"


class SwitchRefused(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → operator: there is no such thing to switch, and nothing was done."""

    number: int
    scope: Scope
    name: str
    reason: NoSuchThing

    @property
    def identity(self) -> str:
        return f"switch-refused/{self.scope.value}/{self.name}/{self.number}"
