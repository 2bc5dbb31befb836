"""How a venue's application misbehaves behind sound sessions: rules discard or delay what passes."""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from squall.sim.exchange.wire.messages import (
    ExecutionReport,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
)

Request = NewOrderSingle | OrderCancelRequest | OrderStatusRequest
Report = ExecutionReport | OrderCancelReject | OrderStatusReport


class Fate(Struct, frozen=True):
    """What becomes of one message: never acted upon or never sent, or only after *delay_ns*."""

    discard: bool = False
    delay_ns: int = 0


PASS: Final = Fate()
DISCARDED: Final = Fate(discard=True)


class ApiRule(Protocol):
    """Asked once about each message; session messages are not its business."""

    def on_request(self, message: Request) -> Fate: ...
    def on_report(self, message: Report) -> Fate: ...


class Rules:
    """The rules in force, in the order in which they were installed.

    Delays add up. The first rule that discards a message settles it: later ones are not asked.
    """

    def __init__(self) -> None:
        self._rules: tuple[ApiRule, ...] = ()

    @property
    def in_force(self) -> int:
        """How many there are now."""
        return len(self._rules)

    def install(self, rule: ApiRule) -> Callable[[], None]:
        """Put a rule into force; returns what takes it out again (calling that twice is harmless)."""
        self._rules = (*self._rules, rule)

        def remove() -> None:
            self._rules = tuple(other for other in self._rules if other is not rule)

        return remove

    def on_request(self, message: Request) -> Fate:
        """What all rules together make of a request."""
        if not self._rules:
            return PASS
        delay_ns = 0
        for rule in self._rules:
            fate = rule.on_request(message)
            if fate.discard:
                return DISCARDED
            delay_ns += fate.delay_ns
        return Fate(delay_ns=delay_ns)

    def on_report(self, message: Report) -> Fate:
        """What all rules together make of a report."""
        if not self._rules:
            return PASS
        delay_ns = 0
        for rule in self._rules:
            fate = rule.on_report(message)
            if fate.discard:
                return DISCARDED
            delay_ns += fate.delay_ns
        return Fate(delay_ns=delay_ns)
