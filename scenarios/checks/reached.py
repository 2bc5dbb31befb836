"""Conditions that have to come about, or the run has proved nothing."""

from collections.abc import Callable

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record
from squall.system.domain.claims import (
    BreakerMoved,
    FeedMoved,
    LeadershipMoved,
    OrderMoved,
    ParentMoved,
    ProtectionActed,
)


class _Reached:
    def __init__(self, stage: Stage, claim: type, matches: Callable[[Record], bool]) -> None:
        self._matches = matches
        self._first: Record | None = None
        self._times = 0
        stage.world.trace.watch_claims(self._on_claim, claim)

    def _on_claim(self, record: Record) -> None:
        if self._matches(record):
            self._times += 1
            self._first = self._first or record

    def ruling(self) -> Ruling:
        if self._first is None:
            return Ruling(Verdict.INCONCLUSIVE, "it never came")
        detail = f"{self._times} times" if self._times > 1 else "once"
        return Ruling(Verdict.PASS, detail, self._first.at_ns, self._first.seq)


def _reached(name: str, claim: type, matches: Callable[[Record], bool]) -> Promise:
    return Promise(name, "reached", lambda stage: _Reached(stage, claim, matches), needs_faults=True)


def breaker_reached(venue: str, state: str) -> Promise:
    """The breaker of this venue's session came into this state."""

    def matches(record: Record) -> bool:
        return bool(record.event.venue == venue and record.event.state == state)

    return _reached(f"breaker of {venue}: {state}", BreakerMoved, matches)


def leader_reached(oms: str) -> Promise:
    """This OMS came to lead."""

    def matches(record: Record) -> bool:
        return bool(record.event.oms == oms and record.event.role == "leading")

    return _reached(f"{oms} leads", LeadershipMoved, matches)


def order_reached(state: str) -> Promise:
    """Some order came into this state."""
    words = state.lower().replace("_", " ")
    return _reached(f"an order: {words}", OrderMoved, lambda record: bool(record.event.state == state))


def parent_reached(state: str, why: str = "") -> Promise:
    """Some client's parent came into this state (``taken``, ``refused``, ``paused``, ``resumed`` or ``done``), …

    *why*: … for this reason; empty: for any.
    """

    def matches(record: Record) -> bool:
        return bool(record.event.state == state and why in ("", record.event.why))

    return _reached(f"a parent: {state}{': ' if why else ''}{why}", ParentMoved, matches)


def feed_reached(state: str) -> Promise:
    """Some venue's feed came into this state, as the desk sees it."""
    return _reached(f"a feed: {state}", FeedMoved, lambda record: bool(record.event.state == state))


def protection_acted(protection: str) -> Promise:
    """This protection did its work at least once."""
    return _reached(f"{protection} acted", ProtectionActed, lambda record: bool(record.event.protection == protection))


class _Struck:
    """Looks at the tallies of the whole plan when the run is over."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def ruling(self) -> Ruling:
        plan = self._stage.plan
        touched = [planned.name for planned, tally in zip(plan.plan, plan.tallies, strict=True) if tally.effects]
        if not touched:
            return Ruling(Verdict.INCONCLUSIVE, f"none of {len(plan.plan)} faults touched anything")
        return Ruling(Verdict.PASS, f"{len(touched)} of {len(plan.plan)} faults touched something")


def something_struck() -> Promise:
    """At least one fault of a drawn plan had an effect: each by itself may have found nothing to do."""
    return Promise("a fault touched something", "reached", _Struck, needs_faults=True)
