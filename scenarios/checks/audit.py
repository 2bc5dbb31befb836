"""Every order has a whole audit trail: from its submission to its end, in order, on the audit's own disk."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, VenueAccepted
from squall.system.domain.audit_trail import AuditEntry, missing_versions, trails
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
        histories = {str(order): entries for order, entries in trails(records).items()}
        for low, high in missing_versions(records):
            return Ruling(
                Verdict.VIOLATED, f"versions {low} to {high - 1} of the journal are not on the audit's disk"
            )
        for order, record in self._accepted.items():
            missing = _missing(histories.get(order, ()))
            if missing:
                detail = f"{order}: its audit trail has no {missing}"
                return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        return Ruling(
            Verdict.PASS, f"{len(histories)} orders, {len(self._accepted)} of them seen by a venue, all whole"
        )


def _missing(history: tuple[AuditEntry, ...]) -> str | None:
    """What an order that reached a venue must have in its trail, and has not."""
    ordered_lots: int | None = None
    filled_lots = 0
    approved = ended = False
    for entry in history:
        event = entry.event
        if type(event) is OrderSubmitted:
            ordered_lots = event.quantity_lots
        elif type(event) is OrderFilled:
            filled_lots += event.lots
        approved = approved or type(event) is OrderApproved
        ended = ended or type(event) in ENDED
    if ordered_lots is None:
        return "OrderSubmitted"
    if not approved:
        return "OrderApproved"
    return None if ended or filled_lots >= ordered_lots else "end"


def audit_complete() -> Promise:
    """Whatever reached a venue can be told from its submission to its end, from the audit's disk alone."""
    return Promise("every order has a whole audit trail", "durability", _AuditComplete)
