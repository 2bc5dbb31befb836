"""How schedules of clients' parents went: that trouble came in the middle of them, and that they went on after it."""

from squall.scenarios.checks.families import ROUTERS, Parents, parent_of
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, Sent, VenueAccepted, VenueRefused
from squall.system.domain.algorithms import Hold
from squall.system.domain.claims import LeadershipMoved, ParentMoved
from squall.system.domain.messages import SubmitOrder


class _InterruptedAndWentOn:
    """A parent is interrupted where it pauses, or where another leader takes over while it is at work. It has gone on
    when a venue accepts a child of it that was first sent after that.

    Children that come back with nothing, because nobody traded with them, are no interruption: the schedule goes on,
    more slowly. Where a venue has refused one of them they are.
    """

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._at_work: dict[str, bool] = {}
        """The parents that are, and whether they were interrupted."""
        self._algos = stage.wiring.algos
        self._sent: dict[str, int] = {}
        """The seq at which a child was first sent."""
        self._refused: dict[str, None] = {}
        """Parents of which a venue has refused a child."""
        self._led = 0
        self.interrupted: dict[str, Record] = {}
        self.went_on: dict[str, Record] = {}
        trace = stage.world.trace
        trace.watch_claims(self._on_moved, ParentMoved)
        trace.watch_claims(self._on_leader, LeadershipMoved)
        trace.watch(self._on_sent, Sent, SubmitOrder)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_refused, VenueRefused)

    def _on_moved(self, record: Record) -> None:
        name, state = record.event.cl_ord_id, record.event.state
        if state == "taken":
            self._at_work.setdefault(name, False)
        elif state == "paused" and (record.event.why != Hold.BARREN.value or name in self._refused):
            self._interrupt(name, record)
        elif state == "done":
            self._at_work.pop(name, None)

    def _on_leader(self, record: Record) -> None:
        if record.event.role != "leading":
            return
        self._led += 1
        if self._led > 1:
            for name in tuple(self._at_work):
                self._interrupt(name, record)

    def _interrupt(self, name: str, record: Record) -> None:
        if name in self._at_work:
            self._at_work[name] = True
            self.interrupted.setdefault(name, record)

    def _on_sent(self, record: Record) -> None:
        if record.event.sender == self._algos:
            self._sent.setdefault(record.event.message.cl_ord_id, record.seq)

    def _on_refused(self, record: Record) -> None:
        self._refused[parent_of(record.event.cl_ord_id)] = None

    def _on_accepted(self, record: Record) -> None:
        link_id: str = record.event.cl_ord_link_id
        parent = self._parents.of(link_id)
        if parent is None or not self._at_work.get(parent.cl_ord_id):
            return
        if self._sent.get(link_id.partition(ROUTERS)[0], 0) > self.interrupted[parent.cl_ord_id].seq:
            self.went_on.setdefault(parent.cl_ord_id, record)

    def ruling(self) -> Ruling:
        if not self.went_on:
            return Ruling(Verdict.INCONCLUSIVE, f"{len(self.interrupted)} parents were interrupted, and none went on")
        first = next(iter(self.went_on.values()))
        detail = f"{len(self.interrupted)} parents were interrupted, {len(self.went_on)} of them went on"
        return Ruling(Verdict.PASS, detail, first.at_ns, first.seq)


def interrupted_and_went_on() -> Promise:
    """Some parent was interrupted in the middle of its schedule, and went on with it."""
    return Promise("a schedule is interrupted, and goes on", "reached", _InterruptedAndWentOn, needs_faults=True)
