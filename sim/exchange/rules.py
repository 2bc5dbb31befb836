"""How a venue's application misbehaves: rules discard, delay, repeat, hold or refuse what passes."""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from squall.sim.exchange.feed_rules import FeedRules, lowest_free
from squall.sim.exchange.staff import NOBODY, Staff
from squall.sim.exchange.wire.messages import (
    BusinessReject,
    BusinessRejectReason,
    ExecutionReport,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
    TradeCaptureReport,
)

Request = NewOrderSingle | OrderCancelRequest | OrderCancelReplaceRequest | OrderStatusRequest
Report = ExecutionReport | OrderCancelReject | OrderStatusReport | BusinessReject
Refusal = BusinessRejectReason | OrdRejReason


class Gate:
    """Between a venue's sessions and its application: while anybody holds it shut, nothing passes either way."""

    def __init__(self) -> None:
        self._holders: list[object] = []
        self._waiting: list[Callable[[bool], None]] = []

    @property
    def shut(self) -> bool:
        """Whether anybody holds it."""
        return bool(self._holders)

    def tell(self, told: Callable[[bool], None]) -> Callable[[], None]:
        """Call this when it opens (False), or when what waits before it is to be discarded (True); returns the end."""
        self._waiting.append(told)

        def forget() -> None:
            if told in self._waiting:
                self._waiting.remove(told)

        return forget

    def forget_all(self) -> None:
        """Whoever waited lived in a process that is no more."""
        self._waiting.clear()

    def hold(self, discards: bool) -> Callable[[], None]:
        """Shut it; returns what lets go, and with *discards* throws away what waits by then."""
        holder = object()
        self._holders.append(holder)

        def let_go() -> None:
            if holder in self._holders:
                self._holders.remove(holder)
                if discards or not self.shut:
                    for told in tuple(self._waiting):
                        told(discards)

        return let_go


class Fate(Struct, frozen=True):
    """What becomes of one message: never acted upon or never sent, or only after *delay_ns*, or more often."""

    discard: bool = False
    delay_ns: int = 0
    refusal: Refusal | None = None
    """Of a request: answered with this instead of being acted upon. EXCHANGE_CLOSED is for new orders only."""
    overtaken: bool = False
    """Of a report: while it is delayed, later ones may go before it."""
    repeats_ns: tuple[int, ...] = ()
    """Of a report: sent again so long after it; 0 is right behind it."""


PASS: Final = Fate()
DISCARDED: Final = Fate(discard=True)


class ApiRule(Protocol):
    """Asked once about each message; session messages are not its business."""

    def on_request(self, message: Request) -> Fate: ...
    def on_report(self, message: Report) -> Fate: ...


CopyRule = Callable[[TradeCaptureReport], Fate]
"""Asked once about each copy of a trade that is to go to a watcher."""
Onlooker = Callable[[TradeCaptureReport], None]
"""Told of each trade of a client as it happens."""


class Rules:
    """The rules in force, in the order in which they were installed.

    Delays add up, and so do repetitions. The first rule that discards or refuses a message settles it: later
    ones are not asked. A door that is shut lets no client log on.
    """

    def __init__(self) -> None:
        self._rules: tuple[ApiRule, ...] = ()
        self._numbers: tuple[int, ...] = ()
        self._doors: tuple[Callable[[], None], ...] = ()
        self.gate = Gate()
        self.feed = FeedRules()
        """Of the venue's market data."""
        self.flicker: Callable[[str], bool] | None = None
        """Somebody puts up a lot at the best bid of a symbol, or takes it away again, and says whether it is there. The
        venue that lives says how; None where nobody can, as in a recording."""
        self.hang_up: Callable[[], int] = lambda: 0
        """Ends every session and says how many there were; the venue that lives says how."""
        self.staff: Staff = NOBODY
        """Those who act on orders and trades of the venue that lives, without being asked."""
        self._deafened: tuple[Callable[[], None], ...] = ()
        self._copy_rules: tuple[CopyRule, ...] = ()
        self._onlookers: tuple[Onlooker, ...] = ()

    @property
    def in_force(self) -> int:
        """How many there are now."""
        return len(self._rules)

    @property
    def next_number(self) -> int:
        """What the next rule is numbered: as none that is in force, so that it draws apart from all of them."""
        return lowest_free(self._numbers)

    def install(self, rule: ApiRule) -> Callable[[], None]:
        """Put a rule into force; returns what takes it out again (calling that twice is harmless)."""
        number = self.next_number
        self._rules, self._numbers = (*self._rules, rule), (*self._numbers, number)

        def remove() -> None:
            if rule in self._rules:
                self._rules = tuple(other for other in self._rules if other is not rule)
                self._numbers = tuple(other for other in self._numbers if other != number)

        return remove

    def shut(self, refused: Callable[[], None]) -> Callable[[], None]:
        """Refuse log-ons from now on, and call *refused* for each; returns what opens this door again."""

        def door() -> None:
            refused()

        self._doors = (*self._doors, door)

        def open_up() -> None:
            self._doors = tuple(other for other in self._doors if other is not door)

        return open_up

    def on_copies(self, rule: CopyRule) -> Callable[[], None]:
        """Put a rule about copies of trades into force; returns what takes it out again."""
        self._copy_rules = (*self._copy_rules, rule)

        def remove() -> None:
            self._copy_rules = tuple(other for other in self._copy_rules if other is not rule)

        return remove

    def deafen(self, unanswered: Callable[[], None]) -> Callable[[], None]:
        """Leave watchers' questions unanswered from now on, and call *unanswered* for each; returns what ends it."""

        def ear() -> None:
            unanswered()

        self._deafened = (*self._deafened, ear)

        def hear() -> None:
            self._deafened = tuple(other for other in self._deafened if other is not ear)

        return hear

    def ignores_question(self) -> bool:
        """Whether a watcher that asks now is not answered."""
        for ear in self._deafened[:1]:
            ear()
        return bool(self._deafened)

    def on_trades(self, onlooker: Onlooker) -> Callable[[], None]:
        """Tell *onlooker* of each trade from now on; returns what ends it."""
        self._onlookers = (*self._onlookers, onlooker)

        def remove() -> None:
            self._onlookers = tuple(other for other in self._onlookers if other is not onlooker)

        return remove

    def traded(self, trade: TradeCaptureReport) -> None:
        """A client has traded."""
        for onlooker in self._onlookers:
            onlooker(trade)

    def on_copy(self, trade: TradeCaptureReport) -> Fate:
        """What all rules about copies together make of this one."""
        fate = PASS
        for rule in self._copy_rules:
            fate = _both(fate, rule(trade))
            if fate.discard:
                break
        return fate

    def refuses_logon(self) -> bool:
        """Whether a client that would log on now is turned away: by the door that was shut first."""
        for door in self._doors[:1]:
            door()
        return bool(self._doors)

    def on_request(self, message: Request) -> Fate:
        """What all rules together make of a request."""
        fate = PASS
        for rule in self._rules:
            fate = _both(fate, rule.on_request(message))
            if fate.discard or fate.refusal is not None:
                break
        return fate

    def on_report(self, message: Report) -> Fate:
        """What all rules together make of a report."""
        fate = PASS
        for rule in self._rules:
            fate = _both(fate, rule.on_report(message))
            if fate.discard:
                break
        return fate


def _both(one: Fate, other: Fate) -> Fate:
    if one is PASS or other.discard:
        return other
    if other is PASS:
        return one
    return Fate(
        delay_ns=one.delay_ns + other.delay_ns,
        refusal=other.refusal,
        overtaken=one.overtaken or other.overtaken,
        repeats_ns=one.repeats_ns + other.repeats_ns,
    )
