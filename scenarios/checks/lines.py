"""What becomes of a line that comes and goes: it is not tried without end, and a way round it is taken."""

from collections import deque

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Logon
from squall.sim.trace import FaultBegan, FaultHealed, Record, Sent, VenueAccepted

SECOND_NS = 1_000_000_000


class _LogOns:
    """Counts log-ons to a venue in a window that moves along."""

    def __init__(self, stage: Stage, venue: str, most: int, within_ns: int) -> None:
        self._venue = venue
        self._most = most
        self._within_ns = within_ns
        self._recent: deque[int] = deque()
        self._total = 0
        self._peak = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_log_on, Sent, Logon)

    def _on_log_on(self, record: Record) -> None:
        if record.event.to != self._venue:
            return
        self._total += 1
        self._recent.append(record.at_ns)
        while self._recent[0] <= record.at_ns - self._within_ns:
            self._recent.popleft()
        self._peak = max(self._peak, len(self._recent))
        if len(self._recent) > self._most:
            detail = f"{len(self._recent)} log-ons to {self._venue} within {self._within_ns / 1e9:g} s"
            self._docket.violated(record, f"{detail}; the limit is {self._most}")

    def ruling(self) -> Ruling:
        within = f"at most {self._peak} within {self._within_ns / 1e9:g} s"
        return self._docket.ruling(f"{self._total} log-ons to {self._venue}, {within}")


def log_ons_at_most(venue: str, most: int, within_ns: int) -> Promise:
    """This venue is logged on to at most so often in any such time: who comes back at once brings the storm along."""
    name = f"{venue} is logged on to at most {most} times in {within_ns // SECOND_NS} s"
    return Promise(name, "safety", lambda stage: _LogOns(stage, venue, most, within_ns))


class _ReachedMeanwhile:
    """While a line is cut, for longer than it takes to find a way round: orders go on coming to the venue."""

    def __init__(self, stage: Stage, venue: str, line: str, within_ns: int) -> None:
        self._venue = venue
        self._line = line
        self._within_ns = within_ns
        self._cut_ns: int | None = None
        self._healed_ns: int | None = None
        self._accepted = 0
        trace = stage.world.trace
        trace.watch(self._on_began, FaultBegan)
        trace.watch(self._on_healed, FaultHealed)
        trace.watch(self._on_accepted, VenueAccepted)

    def _on_began(self, record: Record) -> None:
        if record.event.kind == "link cut" and record.event.target == self._line:
            self._cut_ns, self._healed_ns = record.at_ns, None

    def _on_healed(self, record: Record) -> None:
        if record.event.kind == "link cut" and record.event.target == self._line:
            self._healed_ns = record.at_ns

    def _on_accepted(self, record: Record) -> None:
        cut = self._cut_ns is not None and self._healed_ns is None
        if cut and record.event.venue == self._venue and record.at_ns >= (self._cut_ns or 0) + self._within_ns:
            self._accepted += 1

    def ruling(self) -> Ruling:
        if self._cut_ns is None:
            return Ruling(Verdict.INCONCLUSIVE, f"{self._line} was never cut")
        if self._accepted:
            return Ruling(Verdict.PASS, f"{self._accepted} orders came to {self._venue} while its line was down")
        detail = (
            f"no order came to {self._venue} from {self._within_ns / 1e9:g} s after its line was cut until it healed"
        )
        return Ruling(Verdict.VIOLATED, detail, self._cut_ns)


def reached_while_cut(venue: str, line: str, within_ns: int) -> Promise:
    """From so long after this line is cut until it heals, orders come to the venue all the same."""
    name = f"{venue} is reached while its line is down"
    return Promise(name, "liveness", lambda stage: _ReachedMeanwhile(stage, venue, line, within_ns), needs_faults=True)
