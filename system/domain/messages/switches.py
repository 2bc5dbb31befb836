"""Operator, risk → OMS: in which state something is to trade. OMS → risk, execution, operator: in which it does."""

from typing import ClassVar

from squall.system.domain.ids import Epoch
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


class SwitchDone(DeskMessage, frozen=True, gc=False, tag=True):
    """OMS → operator: it is written down, on two disks; *left* orders are still open that it concerns.

    Where the state is *halted* it is repeated as they end, and 0 is the proof: every one of them has come to an end
    that a venue has confirmed, or never left the desk.
    """

    number: int
    scope: Scope
    name: str
    state: TradingState
    left: int

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
