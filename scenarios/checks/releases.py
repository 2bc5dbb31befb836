"""New builds under trading, and the stop of a closed desk: what is replaced or stopped, and what it costs."""

from typing import Final

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import TimeInForce
from squall.sim.trace import Handled, ProgramStarted, ProgramStopped, Record, Sent, VenueAccepted, VenueClosed
from squall.system.domain.messages import (
    AmendFill,
    AmendOrder,
    BookFill,
    CancelAtVenue,
    CancelOrder,
    JournalCopied,
    OrderTaken,
    ReadyTold,
    ReplaceAtVenue,
    Replicate,
    RollOut,
    RouteOrder,
    SendOrder,
    ShutDesk,
    SubmitOrder,
    VenueReport,
)

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
SETTLES_NS: Final = 2 * SECOND
"""For so long after the last program was replaced orders are still judged as those of an upgrade."""


class _AcceptedMeanwhile:
    """From when an order was meant to when a venue has it, for all that were meant while builds were rolled out."""

    def __init__(self, stage: Stage, within_ns: int) -> None:
        self._kernel = stage.world.kernel
        self._within_ns = within_ns
        self._until_ns: int | None = None
        self._meant: dict[str, Record] = {}
        self._seen: dict[str, None] = {}
        self._since_ns: dict[str, int] = {}
        self._judged = 0
        self._worst_ns = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_word, Handled, RollOut)
        trace.watch(self._on_started, ProgramStarted)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_accepted, VenueAccepted)

    def _on_word(self, record: Record) -> None:
        self._until_ns = record.at_ns + SETTLES_NS

    def _on_started(self, record: Record) -> None:
        if self._until_ns is not None:
            self._until_ns = record.at_ns + SETTLES_NS

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        if order.cl_ord_id in self._seen:
            return  # repeated
        self._seen[order.cl_ord_id] = None
        if self._until_ns is not None and record.at_ns < self._until_ns:
            # What is sent late was meant earlier, by the sender's own clock, which is within 50 µs of true time.
            self._since_ns[order.cl_ord_id] = min(order.intended_ns, record.at_ns)
            self._meant[order.cl_ord_id] = record

    def _on_accepted(self, record: Record) -> None:
        if self._meant.pop(record.event.cl_ord_link_id, None) is not None:
            took_ns = record.at_ns - self._since_ns[record.event.cl_ord_link_id]
            self._judged += 1
            self._worst_ns = max(self._worst_ns, took_ns)
            if took_ns > self._within_ns:
                detail = f"{record.event.cl_ord_link_id} was accepted {took_ns / 1e6:.0f} ms after it was meant"
                self._docket.violated(record, f"{detail}; the limit is {self._within_ns / 1e6:.0f} ms")

    def ruling(self) -> Ruling:
        for order, record in self._meant.items():
            if self._kernel.now_ns - self._since_ns[order] > self._within_ns:
                self._docket.violated(record, f"{order} was meant during an upgrade, and no venue ever accepted it")
        if self._until_ns is None:
            return Ruling(Verdict.INCONCLUSIVE, "no build was rolled out")
        worst = f"the longest took {self._worst_ns / 1e6:.0f} ms"
        return self._docket.ruling(f"{self._judged} orders accepted while builds were rolled out, {worst}")


def accepted_meanwhile(within_ns: int) -> Promise:
    """Every order that is meant while builds are rolled out is at a venue within this time."""
    name = f"orders are accepted within {within_ns // MILLISECOND} ms while builds are rolled out"
    return Promise(name, "sla", lambda s: _AcceptedMeanwhile(s, within_ns), needs_faults=True, of_our_desk=True)


class _AllReplaced:
    """Which build each program runs in, as its machine shows; and who spoke in two builds at one time."""

    def __init__(self, stage: Stage) -> None:
        self._programs = stage.wiring.in_order
        self._version: str | None = None
        self._runs: dict[str, str] = dict.fromkeys(self._programs, "")
        self._side_by_side = 0
        """How often a leader of one build was heard while the other OMS ran in another."""
        self._pair = stage.wiring.oms
        trace = stage.world.trace
        trace.watch(self._on_word, Handled, RollOut)
        trace.watch(self._on_started, ProgramStarted)
        trace.watch(self._on_told, Sent, ReadyTold)

    def _on_word(self, record: Record) -> None:
        self._version = record.event.message.version

    def _on_started(self, record: Record) -> None:
        started: ProgramStarted = record.event
        if started.program in self._runs:
            self._runs[started.program] = started.version

    def _on_told(self, record: Record) -> None:
        told: ReadyTold = record.event.message
        builds = [self._runs[oms] for oms in self._pair]
        self._side_by_side += told.leads and builds[0] != builds[1]

    def ruling(self) -> Ruling:
        if self._version is None:
            return Ruling(Verdict.INCONCLUSIVE, "no build was rolled out")
        old = [each for each, version in self._runs.items() if version != self._version]
        if old:
            what = f"{len(old)} of {len(self._runs)} programs do not run in build {self._version}: {', '.join(old)}"
            return Ruling(Verdict.VIOLATED, what)
        if not self._side_by_side:
            return Ruling(Verdict.INCONCLUSIVE, "two builds of the OMS were never seen side by side")
        return Ruling(Verdict.PASS, f"all {len(self._runs)} programs run in build {self._version}")


def all_replaced() -> Promise:
    """In the end every program runs in the build that was rolled out."""
    return Promise("every program ends in the new build", "liveness", _AllReplaced, needs_faults=True, of_our_desk=True)


class _TakenBack:
    """A build that does not get ready runs no more in the end, and nothing that comes after it was touched."""

    def __init__(self, stage: Stage, program: str) -> None:
        self._program = program
        order = stage.wiring.in_order
        self._before, self._after = order[: order.index(program)], order[order.index(program) + 1 :]
        self._version: str | None = None
        self._lives: dict[str, list[str]] = {each: [] for each in order}
        trace = stage.world.trace
        trace.watch(self._on_word, Handled, RollOut)
        trace.watch(self._on_started, ProgramStarted)

    def _on_word(self, record: Record) -> None:
        self._version = record.event.message.version

    def _on_started(self, record: Record) -> None:
        if record.event.program in self._lives:
            self._lives[record.event.program].append(record.event.version)

    def ruling(self) -> Ruling:
        new, mine = self._version, self._lives[self._program]
        if new is None or new not in mine:
            return Ruling(Verdict.INCONCLUSIVE, f"{self._program} was never replaced")
        if mine[-1] == new:
            return Ruling(Verdict.VIOLATED, f"{self._program} was not ready in build {new}, and runs in it")
        touched = [each for each in self._after if new in self._lives[each]]
        if touched:
            return Ruling(Verdict.VIOLATED, f"{touched[0]} was replaced though {self._program} had not got ready")
        left = [each for each in self._before if new not in self._lives[each]]
        if left:
            return Ruling(Verdict.VIOLATED, f"{left[0]} was passed over")
        return Ruling(Verdict.PASS, f"{len(self._before)} programs run in build {new}, {self._program} was taken back")


def taken_back(program: str) -> Promise:
    """This program's build, which does not get ready, is taken back, and the roll-out goes no further."""
    return Promise(
        "a build that does not get ready is taken back",
        "safety",
        lambda stage: _TakenBack(stage, program),
        needs_faults=True,
        of_our_desk=True,
    )


CARRIES_BUSINESS: Final = (
    SubmitOrder,
    CancelOrder,
    AmendOrder,
    OrderTaken,
    RouteOrder,
    SendOrder,
    CancelAtVenue,
    ReplaceAtVenue,
    VenueReport,
    BookFill,
    AmendFill,
    Replicate,
    JournalCopied,
)
"""Messages that something is lost with, for now, where whom they are for has stopped."""
ON_ITS_WAY_NS: Final = SECOND
"""What was sent longer ago, and has not been handled, died with a stream or a packet: it is not on its way."""


class _StoppedInOrder:
    """Judged each time that a program stops after a person's word: by venues' books and by what is on its way."""

    def __init__(self, stage: Stage) -> None:
        self._order = [each for each in stage.wiring.in_order if each != stage.wiring.operator]
        self._is_asked = False
        self._stopped: dict[str, None] = {}
        self._terms: dict[str, TimeInForce] = {}
        self._open: dict[tuple[str, str], None] = {}
        """Orders that do not outlive the day, at their venues."""
        self._on_its_way: dict[str, dict[str, int]] = {}
        """To whom what was sent, and when."""
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_word, Handled, ShutDesk)
        trace.watch(self._on_stopped, ProgramStopped)
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)
        for kind in CARRIES_BUSINESS:
            trace.watch(self._on_sent, Sent, kind)
            trace.watch(self._on_handled, Handled, kind)

    def _on_word(self, record: Record) -> None:
        self._is_asked = True

    def _on_submit(self, record: Record) -> None:
        self._terms[record.event.message.cl_ord_id] = record.event.message.time_in_force

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        if self._terms.get(event.cl_ord_link_id) is not TimeInForce.GTC:
            self._open[event.venue, event.cl_ord_link_id] = None

    def _on_closed(self, record: Record) -> None:
        self._open.pop((record.event.venue, record.event.cl_ord_link_id), None)

    def _on_sent(self, record: Record) -> None:
        self._on_its_way.setdefault(record.event.to, {})[record.event.message.identity] = record.at_ns

    def _on_handled(self, record: Record) -> None:
        self._on_its_way.get(record.event.to, {}).pop(record.event.message.identity, None)

    def _on_stopped(self, record: Record) -> None:
        program = record.event.program
        if not self._is_asked or program not in self._order:
            return
        if self._open:
            venue, order = next(iter(self._open))
            self._docket.violated(record, f"{program} stops, and {order} is open at {venue}")
        since_ns = record.at_ns - ON_ITS_WAY_NS
        lost = [what for what, sent_ns in self._on_its_way.get(program, {}).items() if sent_ns >= since_ns]
        if lost:
            self._docket.violated(record, f"{program} stops, and {lost[0]} is on its way to it")
        needed = self._order[: self._order.index(program)]
        early = [each for each in needed if each in self._stopped]
        if early:
            self._docket.violated(record, f"{program} stops after {early[0]}, without which it cannot do its part")
        self._stopped[program] = None

    def ruling(self) -> Ruling:
        if not self._is_asked:
            return Ruling(Verdict.INCONCLUSIVE, "nobody had the desk stopped")
        left = [each for each in self._order if each not in self._stopped]
        if left and not self._docket.violations:
            return Ruling(Verdict.VIOLATED, f"{len(left)} programs never stopped: {', '.join(left)}")
        return self._docket.ruling(f"{len(self._stopped)} programs stopped one after the other, none with work for it")


def stopped_in_order() -> Promise:
    """Programs of a closed desk stop the other way round than they start, each with nothing left to do for it."""
    return Promise(
        "programs stop when nothing is in flight", "safety", _StoppedInOrder, needs_faults=True, of_our_desk=True
    )
