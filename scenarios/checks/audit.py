"""Every order has a whole audit trail: from its submission to its end, in order, on the audit's own disk."""

from collections.abc import Iterable

from msgspec import Struct

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, VenueAccepted
from squall.system.domain.audit_trail import decode_record, missing_versions
from squall.system.domain.events import (
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
)
from squall.system.services.audit import FILE

ENDED = (OrderDenied, OrderRejected, OrderCanceled)
"""What ends an order, whatever it has filled; otherwise it ends when all of it is."""


class _AuditComplete:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._accepted: dict[str, Record] = {}
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        self._accepted.setdefault(record.event.cl_ord_link_id, record)

    def ruling(self) -> Ruling:
        host = self._stage.world.transport.slot_of(self._stage.wiring.audit).host
        records = host.disk.durable(FILE)
        trails = _trails(records)
        for low, high in missing_versions(records):
            return Ruling(Verdict.VIOLATED, f"versions {low} to {high - 1} of the journal are not on the audit's disk")
        for order, record in self._accepted.items():
            missing = trails.get(order, _Trail()).missing
            if missing:
                detail = f"{order}: its audit trail has no {missing}"
                return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        return Ruling(Verdict.PASS, f"{len(trails)} orders, {len(self._accepted)} of them seen by a venue, all whole")


class _Trail(Struct, gc=False):
    """What matters of one order's history, so that a long day is judged without holding it."""

    ordered_lots: int | None = None
    filled_lots: int = 0
    approved: bool = False
    ended: bool = False

    @property
    def missing(self) -> str | None:
        """What an order that reached a venue must have in its trail, and has not."""
        if self.ordered_lots is None:
            return "OrderSubmitted"
        if not self.approved:
            return "OrderApproved"
        return None if self.ended or self.filled_lots >= self.ordered_lots else "end"


def _trails(records: Iterable[bytes]) -> dict[str, _Trail]:
    """Every order's trail, from the records of the audit's file."""
    trails: dict[str, _Trail] = {}
    for data in records:
        for event in decode_record(data).events:
            trail = trails.setdefault(event.cl_ord_id, _Trail())
            if type(event) is OrderSubmitted:
                trail.ordered_lots = event.quantity_lots
            elif type(event) is OrderFilled:
                trail.filled_lots += event.lots
            elif type(event) is OrderApproved:
                trail.approved = True
            elif type(event) in ENDED:
                trail.ended = True
    return trails


def audit_complete() -> Promise:
    """Whatever reached a venue can be told from its submission to its end, from the audit's disk alone."""
    return Promise("every order has a whole audit trail", "durability", _AuditComplete)
