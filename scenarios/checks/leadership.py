"""At most one leader acts per epoch, no fenced one gets an order out, and the backup leads in time."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import ExecType, ExecutionReport, NewOrderSingle, OrderStatusReport, OrdStatus
from squall.sim.intercept import Act
from squall.sim.trace import Handled, HostCrashed, Intercepted, ProgramStopped, Record, Sent, VenueClosed
from squall.system.domain.doubt import desk_id
from squall.system.domain.messages import Fence, FenceAccepted, LeaseGranted, SendOrder


class _OneLeader:
    """Counts the keepers' grants by epoch, and holds each order on the wire against the highest fence."""

    def __init__(self, stage: Stage) -> None:
        self._majority = len(stage.wiring.keepers) // 2 + 1
        self._granted: dict[int, dict[str, set[str]]] = {}
        self._fence = 0
        self._epoch_of: dict[str, int] = {}
        """On whose behalf each order is at work, until a venue closes it."""
        self._outdated = (0, 0)
        """The last order handed over by an epoch that another one has taken it from: its record, and that epoch."""
        self._leaders: dict[int, str] = {}
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_grant, Sent, LeaseGranted)
        trace.watch(self._on_fence, Handled, Fence)
        trace.watch(self._on_fenced, Sent, FenceAccepted)
        trace.watch(self._on_send, Handled, SendOrder)
        trace.watch(self._on_wire, Sent, NewOrderSingle)
        trace.watch(self._on_closed, VenueClosed)

    def _on_grant(self, record: Record) -> None:
        grant: LeaseGranted = record.event.message
        keepers = self._granted.setdefault(grant.epoch, {}).setdefault(grant.candidate, set())
        keepers.add(grant.keeper)
        if len(keepers) < self._majority:
            return
        other = self._leaders.setdefault(grant.epoch, grant.candidate)
        if other != grant.candidate:
            self._docket.violated(record, f"epoch {grant.epoch} was won by {other} and by {grant.candidate}")

    def _on_fence(self, record: Record) -> None:
        fence: Fence = record.event.message
        for each in fence.orders:
            # The new leader has taken these over: sending them is its doing from now on.
            cl_ord_id = each.order.cl_ord_id
            self._epoch_of[cl_ord_id] = max(self._epoch_of.get(cl_ord_id, 0), fence.epoch)

    def _on_fenced(self, record: Record) -> None:
        self._fence = max(self._fence, record.event.message.epoch)

    def _on_send(self, record: Record) -> None:
        order = record.event.message.order
        if order.epoch < self._epoch_of.get(order.cl_ord_id, 0):
            # A sound desk refuses it. Only what it does because of this very message is the old epoch's doing.
            self._outdated = (record.seq, order.epoch)
        else:
            self._epoch_of[order.cl_ord_id] = order.epoch

    def _on_wire(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        cause, outdated = self._outdated
        epoch = outdated if record.cause == cause != 0 else self._epoch_of.get(order.cl_ord_link_id)
        if epoch is not None and epoch < self._fence:
            detail = f"{order.cl_ord_link_id} left on behalf of epoch {epoch} when {self._fence} was the law"
            self._docket.violated(record, detail)

    def _on_closed(self, record: Record) -> None:
        self._epoch_of.pop(record.event.cl_ord_link_id, None)

    def ruling(self) -> Ruling:
        led = ", ".join(f"{epoch} {leader}" for epoch, leader in sorted(self._leaders.items()))
        return self._docket.ruling(f"one leader an epoch ({led or 'none'}), none acted when it was fenced")


def one_leader() -> Promise:
    """An epoch has one leader, and once an epoch is fenced no order of a lower one leaves for a venue."""
    return Promise("at most one leader acts per epoch", "safety", _OneLeader, of_our_desk=True)


class _LeadsWithin:
    """From the loss of a leader to the first order of the new epoch that a venue acknowledged.

    It is lost when its host crashes, or when its program dies or hangs on it.
    """

    def __init__(self, stage: Stage, host: str) -> None:
        self._host = host
        self._limit_ns = stage.scenario.settings.objective.rto_ns
        self._lost_ns: int | None = None
        self._lost_seq = 0
        self._epoch_at_loss = 0
        self._highest = 0
        self._epoch_of: dict[str, int] = {}
        self.recovered_ns: int | None = None
        trace = stage.world.trace
        trace.watch(self._on_loss, HostCrashed)
        trace.watch(self._on_loss, ProgramStopped)
        trace.watch(self._on_intercepted, Intercepted)
        trace.watch(self._on_send, Handled, SendOrder)
        trace.watch(self._on_report, Handled, ExecutionReport)
        trace.watch(self._on_status, Handled, OrderStatusReport)

    def _on_intercepted(self, record: Record) -> None:
        if record.event.deed == Act.HANG.value:
            self._on_loss(record)

    def _on_loss(self, record: Record) -> None:
        if record.host == self._host and self._lost_ns is None:
            self._lost_ns, self._lost_seq = record.at_ns, record.seq
            self._epoch_at_loss = self._highest

    def _on_send(self, record: Record) -> None:
        order = record.event.message.order
        self._highest = max(self._highest, order.epoch)
        if self._lost_ns is not None and self.recovered_ns is None and order.epoch > self._epoch_at_loss:
            self._epoch_of[order.cl_ord_id] = order.epoch

    def _on_report(self, record: Record) -> None:
        report: ExecutionReport = record.event.message
        if report.exec_type is ExecType.NEW:
            self._on_acknowledged(record, report.cl_ord_id)

    def _on_status(self, record: Record) -> None:
        answer: OrderStatusReport = record.event.message
        if answer.status is not None and answer.status is not OrdStatus.REJECTED:
            self._on_acknowledged(record, answer.cl_ord_id)

    def _on_acknowledged(self, record: Record, wire_id: str) -> None:
        if self.recovered_ns is None and desk_id(wire_id) in self._epoch_of:
            self.recovered_ns = record.at_ns
            self._epoch_of.clear()

    def ruling(self) -> Ruling:
        if self._lost_ns is None:
            return Ruling(Verdict.INCONCLUSIVE, f"{self._host} was never lost")
        limit = f"{self._limit_ns / 1e9:g} s"
        if self.recovered_ns is None:
            detail = f"no order of a new epoch was acknowledged after {self._host} was lost; the limit is {limit}"
            return Ruling(Verdict.VIOLATED, detail, self._lost_ns, self._lost_seq)
        took_ns = self.recovered_ns - self._lost_ns
        verdict = Verdict.PASS if took_ns <= self._limit_ns else Verdict.VIOLATED
        detail = f"first acknowledged order of the new epoch after {took_ns / 1e6:.0f} ms; the limit is {limit}"
        return Ruling(verdict, detail, self._lost_ns, self._lost_seq)


def leads_again(host: str) -> Promise:
    """Within `objective.rto`: from the loss of this host to the first acknowledged order of the new epoch."""
    name = "the backup leads within the RTO"
    return Promise(name, "sla", lambda stage: _LeadsWithin(stage, host), needs_faults=True, of_our_desk=True)
