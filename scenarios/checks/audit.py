"""Every order has a whole audit trail: from its submission to its end, in order, on the audit's own disk."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, VenueAccepted
from squall.system.domain.audit_trail import trails
from squall.system.services.audit import FILE

TERMINAL = frozenset({"OrderDenied", "OrderRejected", "OrderCanceled", "OrderFilled"})


class _AuditComplete:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._accepted: dict[str, Record] = {}
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        self._accepted.setdefault(record.event.cl_ord_link_id, record)

    def ruling(self) -> Ruling:
        host = self._stage.world.transport.slot_of(self._stage.wiring.audit).host
        told = trails(host.disk.durable(FILE))
        histories = {
            str(order): [type(entry.event).__name__ for entry in entries] for order, entries in told.items()
        }
        for order, record in self._accepted.items():
            missing = _missing(histories.get(order, []))
            if missing:
                detail = f"{order}: its audit trail has no {missing}"
                return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        return Ruling(
            Verdict.PASS, f"{len(histories)} orders, {len(self._accepted)} of them seen by a venue, all whole"
        )


def _missing(history: list[str]) -> str | None:
    """What an order that reached a venue must have in its trail, and has not."""
    for needed in ("OrderSubmitted", "OrderApproved"):
        if needed not in history:
            return needed
    if not TERMINAL & set(history):
        return "end"
    return None


def audit_complete() -> Promise:
    """Whatever reached a venue can be told from its submission to its end, from the audit's disk alone."""
    return Promise("every order has a whole audit trail", "durability", _AuditComplete)
