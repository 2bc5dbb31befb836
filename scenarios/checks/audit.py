"""Every order has a whole audit trail: from its submission to its end, in order, on the audit's own disk."""

from collections.abc import Iterable

from msgspec import Struct

from squall.scenarios.measure import ENDED
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, Sent, VenueAccepted
from squall.system.domain.audit_trail import missing_versions, trails
from squall.system.domain.events import (
    AnyEvent,
    OrderAcknowledged,
    OrderApproved,
    OrderFilled,
    OrderReplaced,
    OrderSent,
    OrderSubmitted,
    StopAmended,
    TradeBusted,
    TradeCorrected,
)
from squall.system.domain.messages import SubmitOrder
from squall.system.services.audit import FILE

AT_VENUE = (OrderSent, OrderAcknowledged, OrderFilled)
"""What can only happen to an order that risk has let pass."""
NO_END = "has no end"


class _AuditComplete:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._orders: dict[str, tuple[int, int, bool]] = {}
        """When and by which record each order came to be known, and whether a venue has seen it."""
        stage.world.trace.watch(self._on_submit, Sent, SubmitOrder)
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_submit(self, record: Record) -> None:
        self._orders.setdefault(record.event.message.cl_ord_id, (record.at_ns, record.seq, False))

    def _on_accepted(self, record: Record) -> None:
        order = record.event.cl_ord_link_id
        at_ns, seq, _ = self._orders.get(order, (record.at_ns, record.seq, True))
        self._orders[order] = (at_ns, seq, True)

    def ruling(self) -> Ruling:
        host = self._stage.world.transport.slot_of(self._stage.wiring.audit).host
        records = host.disk.durable(FILE)
        told: dict[str, _Trail] = {
            # What is about no order (the desk was halted, say) is told under no name.
            order: _read(entry.event for entry in entries)
            for order, entries in trails(records).items()
            if order
        }
        for low, high in missing_versions(records):
            return Ruling(Verdict.VIOLATED, f"versions {low} to {high - 1} of the journal are not on the audit's disk")
        for order, (at_ns, seq, at_venue) in self._orders.items():
            wrong = told.get(order, _Trail()).wrong(at_venue)
            if wrong == NO_END and self._stage.plan.in_force:
                return Ruling(Verdict.INCONCLUSIVE, f"{order}: no end yet; a fault had not healed when the run ended")
            if wrong:
                return Ruling(Verdict.VIOLATED, f"{order}: its audit trail {wrong}", at_ns, seq)
        seen = sum(at_venue for _, _, at_venue in self._orders.values())
        return Ruling(Verdict.PASS, f"{len(told)} orders, {seen} of them seen by a venue, all whole")


class _Trail(Struct, gc=False):
    """What matters of one order's history."""

    ordered_lots: int | None = None
    filled_lots: int = 0
    approved: bool = False
    ended: bool = False
    disorder: str | None = None
    """The first event that stands where it cannot."""

    def take(self, event: AnyEvent) -> None:
        """The next event, in the journal's order."""
        kind = type(event)
        if self.ended and kind in (*AT_VENUE, *ENDED, OrderApproved):
            self._out_of_order(f"{kind.__name__} after its end")
        if type(event) is OrderSubmitted:
            self.ordered_lots = event.terms.quantity_lots
        elif self.ordered_lots is None and kind in (*AT_VENUE, *ENDED, OrderApproved):
            self._out_of_order(f"{kind.__name__} before OrderSubmitted")
        elif kind in AT_VENUE and not self.approved:
            self._out_of_order(f"{kind.__name__} before OrderApproved")
        match event:
            case OrderFilled():
                self.filled_lots += event.lots
            case OrderReplaced() | StopAmended():
                self.ordered_lots = event.terms.quantity_lots
            case TradeCorrected():
                self.filled_lots += event.lots - event.was_lots
            case TradeBusted():
                # What was filled stays ended without the trade: its lots do not go to work again.
                self.ended |= self.ordered_lots is not None and self.filled_lots >= self.ordered_lots
                self.filled_lots -= event.lots
        self.approved |= kind is OrderApproved
        self.ended |= kind in ENDED

    def _out_of_order(self, what: str) -> None:
        self.disorder = self.disorder or what

    def wrong(self, at_venue: bool) -> str | None:
        """What a trail must have and has not, or what stands where it cannot; None where all is well."""
        if self.ordered_lots is None:
            return "has no OrderSubmitted"
        if at_venue and not self.approved:
            return "has no OrderApproved"
        if not self.ended and self.filled_lots < self.ordered_lots:
            return NO_END
        return f"has {self.disorder}" if self.disorder is not None else None


def _read(events: Iterable[AnyEvent]) -> _Trail:
    trail = _Trail()
    for event in events:
        trail.take(event)
    return trail


def audit_complete() -> Promise:
    """Every order can be told from its submission to its end, in order, from the audit's disk alone; denied ones too.

    The events' times are not held against true time: a leader's clock may drift by more in a minute than the 100 µs
    that RTS 25 allows, so what is judged is that all events are there, and in which order.
    """
    return Promise("every order has a whole audit trail", "durability", _AuditComplete, of_our_desk=True)
