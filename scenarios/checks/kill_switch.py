"""What an operator has halted is halted: nothing of it is sent any more, nothing of it is open, and that is proved."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueClosed
from squall.system.domain.messages import SubmitOrder, SwitchDone, SwitchTrading
from squall.system.domain.switches import Scope, Switch, TradingState

MILLISECOND = 1_000_000


class _Known:
    """Whose each order is, by its name: what the strategy said when it sent it first."""

    def __init__(self, stage: Stage) -> None:
        self._orders: dict[str, SubmitOrder] = {}
        stage.world.trace.watch(self._on_submit, Sent, SubmitOrder)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        self._orders.setdefault(order.cl_ord_id, order)

    def concerned(self, switch: Switch, name: str, venue: str) -> bool:
        """Whether an order of this name, at this venue, is what the switch is about."""
        order = self._orders.get(name)
        if order is None:
            return switch.concerns("", "", "", venue)
        return switch.concerns(order.strategy, order.symbol, order.attribution.client or "", venue)


class _Halts:
    """What a person has halted at the operator's console, and not set going again."""

    def __init__(self, stage: Stage) -> None:
        self.since: dict[Switch, int] = {}
        """When the person said so. Who halts what does not exist has halted nothing."""
        self.ever = 0
        self._console = stage.wiring.operator
        self._names = {
            Scope.DESK: ("",),
            Scope.STRATEGY: stage.wiring.strategy_names,
            Scope.VENUE: tuple(stage.world.venues),
            Scope.SYMBOL: tuple(instrument.symbol for instrument in stage.floor.instruments),
            Scope.CLIENT: stage.wiring.client_names,
        }
        stage.world.trace.watch(self._on_word, Handled, SwitchTrading)

    def exists(self, scope: Scope, name: str) -> bool:
        """Whether there is such a thing on this stage."""
        return name in self._names[scope]

    def _on_word(self, record: Record) -> None:
        handled: Handled = record.event
        word: SwitchTrading = handled.message
        if handled.to != self._console or not self.exists(word.scope, word.name):
            return
        halt = Switch(word.scope, word.name, TradingState.HALTED)
        if word.state is TradingState.HALTED:
            self.ever += 1
            self.since.setdefault(halt, record.at_ns)
        else:
            self.since.pop(halt, None)


class _NothingAfterHalt:
    def __init__(self, stage: Stage, within_ns: int) -> None:
        self._halts = _Halts(stage)
        self._known = _Known(stage)
        self._within_ns = within_ns
        self._venues = {route.address: str(route.venue) for route in stage.wiring.venues}
        self._sent: dict[str, None] = {}
        self._docket = Docket()
        stage.world.trace.watch(self._on_wire, Sent, NewOrderSingle)

    def _on_wire(self, record: Record) -> None:
        sent: Sent = record.event
        order: NewOrderSingle = sent.message
        venue = self._venues.get(sent.to)
        if venue is None or order.cl_ord_id in self._sent:
            return
        self._sent[order.cl_ord_id] = None
        for halt, since_ns in self._halts.since.items():
            late_ns = record.at_ns - since_ns
            if late_ns > self._within_ns and self._known.concerned(halt, order.cl_ord_link_id, venue):
                what = f"{halt.scope.value} {halt.name}".strip()
                after = f"{late_ns // MILLISECOND} ms after {what} was halted"
                self._docket.violated(record, f"{order.cl_ord_link_id} left for {venue} {after}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._halts.ever} halts, and nothing left of what they were about")


def nothing_after_halt(within_ns: int = 100 * MILLISECOND) -> Promise:
    """A while after a person has halted something, no order of it is sent that was not sent before."""
    name = "nothing is sent after the kill switch"
    return Promise(name, "safety", lambda stage: _NothingAfterHalt(stage, within_ns), of_our_desk=True)


class _WhatIsProved:
    """At every word of a leader that nothing is left of what was halted: do the venues have anything of it open?"""

    def __init__(self, stage: Stage) -> None:
        self._halts = _Halts(stage)
        self._known = _Known(stage)
        self._console = stage.wiring.operator
        self._open: dict[tuple[str, str], str] = {}
        self._proved: dict[Switch, int] = {}
        self.proofs = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)
        trace.watch(self._on_word, Handled, SwitchTrading)
        trace.watch(self._on_done, Handled, SwitchDone)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        self._open[event.venue, event.cl_ord_id] = event.cl_ord_link_id
        for halt in self._proved:
            if self._known.concerned(halt, event.cl_ord_link_id, event.venue):
                detail = f"{event.venue} took {event.cl_ord_link_id}, and it was proved that nothing of it is left"
                self._docket.violated(record, detail)

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        self._open.pop((event.venue, event.cl_ord_id), None)

    def _on_word(self, record: Record) -> None:
        handled: Handled = record.event
        if handled.to == self._console and handled.message.state is not TradingState.HALTED:
            self._proved.pop(Switch(handled.message.scope, handled.message.name, TradingState.HALTED), None)

    def _on_done(self, record: Record) -> None:
        done: SwitchDone = record.event.message
        if not self._halts.exists(done.scope, done.name):
            detail = f"the operator was told that {done.scope.value} {done.name!r} is {done.state.value}: there is none"
            self._docket.violated(record, detail)
        halt = Switch(done.scope, done.name, done.state)
        if done.left or halt not in self._halts.since:
            return
        self._proved[halt] = record.at_ns
        self.proofs += 1
        for (venue, _), name in self._open.items():
            if self._known.concerned(halt, name, venue):
                detail = f"{name} is open at {venue}, and the operator was told that nothing is"
                self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self.proofs} proofs, each true of the venues' books")

    @property
    def unproved(self) -> list[Switch]:
        """Halted, and nobody has said by now that nothing is left."""
        return [halt for halt in self._halts.since if halt not in self._proved]

    @property
    def halts(self) -> int:
        return self._halts.ever


def halts_are_true() -> Promise:
    """When the operator is told that nothing is left of what was halted, the venues have none of it, and get none."""
    return Promise("what is proved halted is halted", "safety", _WhatIsProved, of_our_desk=True)


class _HaltsAreProved:
    def __init__(self, stage: Stage) -> None:
        self._seen = _WhatIsProved(stage)

    def ruling(self) -> Ruling:
        unproved = self._seen.unproved
        if unproved:
            names = ", ".join(f"{halt.scope.value} {halt.name}".strip() for halt in unproved)
            return Ruling(Verdict.VIOLATED, f"{names}: halted, and nobody has proved that nothing is left")
        if not self._seen.proofs:
            return Ruling(Verdict.INCONCLUSIVE, "nothing was halted")
        return Ruling(Verdict.PASS, f"{self._seen.halts} halts, {self._seen.proofs} proofs that nothing is left")


def halts_are_proved() -> Promise:
    """Every halt that stands in the end has been proved: a leader has told the operator that nothing of it is open."""
    return Promise("every halt is proved", "liveness", _HaltsAreProved, needs_faults=True, of_our_desk=True)
