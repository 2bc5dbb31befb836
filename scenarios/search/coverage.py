"""What a run has shown: steps of orders under each kind of fault, moves of breakers, leaders, feeds and parents."""

import re
from collections import Counter
from typing import Final

from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import (
    FaultBegan,
    FaultHealed,
    Handled,
    Record,
    Sent,
    VenueAccepted,
    VenueClosed,
    VenueExecuted,
    VenueRefused,
)
from squall.system.domain.claims import BreakerMoved, FeedMoved, LeadershipMoved, ParentMoved
from squall.system.domain.messages import JournalCopied

_CAPITAL: Final = re.compile("[A-Z]")
CALM: Final = ("no fault",)
"""What was in force when nothing was."""


class Coverage:
    """Attach to a stage before it starts; ask when it is over. Claims and journal serve: nothing is judged here."""

    def __init__(self, stage: Stage) -> None:
        self._protections = stage.measure.protections
        self._in_force: dict[int, str] = {}
        self._kinds: tuple[str, ...] = CALM
        self._version = 0
        self._states: dict[str, str] = {}
        self._latest: dict[str, type | None] = {}
        """The latest that the journal says of each order."""
        self._steps: Counter[tuple[type | None, type, tuple[str, ...]]] = Counter()
        self._others: Counter[tuple[str, str, str]] = Counter()
        trace = stage.world.trace
        trace.watch(self._on_fault, FaultBegan)
        trace.watch(self._on_heal, FaultHealed)
        if stage.desk.ours:
            self._audit = stage.wiring.audit
            trace.watch(self._on_journal, Handled, JournalCopied)
        else:
            # What its venues say of an order: of what it thinks itself, nothing is known.
            self._of: dict[str, str] = {}
            trace.watch(self._on_sent, Sent, NewOrderSingle)
            for event in (VenueAccepted, VenueExecuted, VenueClosed, VenueRefused):
                trace.watch(self._on_venue, event)
        trace.watch_claims(self._on_breaker, BreakerMoved)
        trace.watch_claims(self._on_leader, LeadershipMoved)
        trace.watch_claims(self._on_feed, FeedMoved)
        trace.watch_claims(self._on_parent, ParentMoved)

    def _on_fault(self, record: Record) -> None:
        self._in_force[record.event.index] = record.event.kind
        self._weather()

    def _on_heal(self, record: Record) -> None:
        self._in_force.pop(record.event.index, None)
        self._weather()

    def _weather(self) -> None:
        self._kinds = tuple(sorted(dict.fromkeys(self._in_force.values()))) or CALM

    def _on_journal(self, record: Record) -> None:
        if record.event.to != self._audit:
            return
        copied: JournalCopied = record.event.message
        # A new leader tells the whole journal once more.
        news = copied.events[max(self._version + 1 - copied.first_version, 0) :]
        self._version = max(self._version, copied.first_version + len(copied.events) - 1)
        for event in news:
            self._step(event.cl_ord_id, type(event))

    def _on_sent(self, record: Record) -> None:
        message: NewOrderSingle = record.event.message
        self._of[message.cl_ord_id] = message.cl_ord_link_id
        self._step(message.cl_ord_link_id, NewOrderSingle)

    def _on_venue(self, record: Record) -> None:
        wire_id = record.event.cl_ord_id
        self._step(self._of.get(wire_id, wire_id), type(record.event))

    def _step(self, order: str, kind: type) -> None:
        before = self._latest.get(order)
        self._latest[order] = kind
        self._steps[before, kind, self._kinds] += 1

    def _on_breaker(self, record: Record) -> None:
        self._move("breaker", record.event.venue, record.event.state, "closed")

    def _on_leader(self, record: Record) -> None:
        self._move("leader", record.event.oms, record.event.role, "down")

    def _on_feed(self, record: Record) -> None:
        self._move("feed", record.event.venue, record.event.state, "in sequence")

    def _on_parent(self, record: Record) -> None:
        event: ParentMoved = record.event
        self._move("parent", event.cl_ord_id, f"{event.state}, {event.why}" if event.why else event.state, "new")

    def _move(self, what: str, name: str, state: str, at_first: str) -> None:
        key = f"{what} {name}"
        before = self._states.get(key, at_first)
        self._states[key] = state
        if before != state:
            self._others[what, before, state] += 1

    def seen(self) -> dict[str, int]:
        """Each behaviour in words, and how often it was seen; an order's steps count for every kind in force."""
        found: Counter[str] = Counter()
        for (step, next_step, kinds), times in self._steps.items():
            for kind in kinds:
                found[f"order {_in_words(step, next_step)}, {kind}"] += times
        for (what, before, after), times in self._others.items():
            found[f"{what} {before} → {after}"] += times
        for protection, times in self._protections.items():
            found[f"protection {protection} acted"] += times
        return dict(sorted(found.items()))


def _in_words(before: type | None, after: type) -> str:
    """As "sent → acknowledged"; an order's first step comes after nothing."""
    return _words(after) if before is None else f"{_words(before)} → {_words(after)}"


def _words(event: type) -> str:
    """``OrderAcknowledged`` as "acknowledged", ``VenueAccepted`` as "accepted"."""
    if event is NewOrderSingle:
        return "sent"
    name = event.__name__.removeprefix("Order").removeprefix("Venue")
    return _CAPITAL.sub(lambda found: f" {found[0].lower()}", name).strip()
