"""Once faults have healed, things are as they were: an overload that feeds itself does not end with its cause."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import FaultBegan, FaultHealed, Record, Sent, VenueAccepted, VenueRefused
from squall.system.domain.messages import SubmitOrder


class _AnsweredAgain:
    """At every order that is submitted in good time after the last heal: a venue has to have it soon."""

    def __init__(self, stage: Stage, within_ns: int, after_ns: int) -> None:
        self._kernel = stage.world.kernel
        self._within_ns = within_ns
        self._after_ns = after_ns
        self._in_force = 0
        self._healed_ns = 0
        self._waiting: dict[str, Record] = {}
        self._judged: dict[str, None] = {}
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_began, FaultBegan)
        trace.watch(self._on_healed, FaultHealed)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_refused, VenueRefused)

    def _on_began(self, record: Record) -> None:
        self._in_force += 1
        self._waiting.clear()

    def _on_healed(self, record: Record) -> None:
        self._in_force -= 1
        self._healed_ns = record.at_ns

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        settled = not self._in_force and record.at_ns >= self._healed_ns + self._after_ns
        if settled and order.cl_ord_id not in self._judged:
            self._judged[order.cl_ord_id] = None
            self._waiting[order.cl_ord_id] = record

    def _on_accepted(self, record: Record) -> None:
        self._arrived(record.event.cl_ord_link_id, record)

    def _on_refused(self, record: Record) -> None:
        self._arrived(record.event.cl_ord_id.partition("~")[0], record)

    def _arrived(self, order: str, record: Record) -> None:
        submitted = self._waiting.pop(order, None)
        if submitted is not None and record.at_ns - submitted.at_ns > self._within_ns:
            late_ms = (record.at_ns - submitted.at_ns) / 1e6
            self._docket.violated(record, f"{order} reached a venue after {late_ms:.0f} ms, all faults having healed")

    def ruling(self) -> Ruling:
        for order, record in self._waiting.items():
            waiting_ns = self._kernel.now_ns - record.at_ns
            if waiting_ns > self._within_ns and not self._docket.violations:
                detail = f"{order} has not reached a venue in {waiting_ns / 1e9:.1f} s, all faults having healed"
                return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        if not self._judged:
            return Ruling(Verdict.INCONCLUSIVE, "no order was submitted in good time after the last heal")
        return self._docket.ruling(f"{len(self._judged)} orders after the faults, each at a venue in time")


def venues_reached_again(within_ns: int, after_ns: int) -> Promise:
    """From *after_ns* after the last heal on, each order is at a venue within this time."""
    name = f"orders reach venues within {within_ns // 1_000_000} ms again"
    return Promise(name, "liveness", lambda stage: _AnsweredAgain(stage, within_ns, after_ns))
