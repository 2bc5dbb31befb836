"""The orderly end of a day: once a person was told that the desk is closed, the venues show it."""

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import (
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    TimeInForce,
)
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueClosed, VenueReplaced
from squall.system.domain.events import TradingSwitched
from squall.system.domain.messages import CancelOrder, JournalCopied, ShutDesk, SubmitOrder, SwitchDone, SwitchTrading
from squall.system.domain.switches import Scope, TradingState

MILLISECOND = 1_000_000


class _Books:
    """What is open at the venues, by their own word: what is left of each order, and how long it is good for."""

    def __init__(self, stage: Stage) -> None:
        self.leaves: dict[tuple[str, str], int] = {}
        """By venue and ClOrdLinkID."""
        self.terms: dict[str, TimeInForce] = {}
        self.executed: list[tuple[int, str, str, int]] = []
        """When, where, of which order, how many lots."""
        trace = stage.world.trace
        trace.watch(self._on_submit, Sent, SubmitOrder)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_replaced, VenueReplaced)
        trace.watch(self._on_closed, VenueClosed)
        watch_standing(trace, self._on_standing)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        self.terms[order.cl_ord_id] = order.time_in_force

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        self.leaves[event.venue, event.cl_ord_link_id] = event.lots

    def _on_replaced(self, record: Record) -> None:
        event: VenueReplaced = record.event
        self.leaves[event.venue, event.cl_ord_link_id] = event.leaves_lots

    def _on_closed(self, record: Record) -> None:
        self.leaves.pop((record.event.venue, record.event.cl_ord_link_id), None)

    def _on_standing(self, record: Record, change: Standing) -> None:
        key = (change.venue, change.order)
        if key in self.leaves:
            self.leaves[key] -= change.lots
        self.executed.append((record.at_ns, change.venue, change.order, change.lots))

    def lately(self, venue: str, order: str, since_ns: int) -> int:
        """How many lots of the order the venue has executed since: the desk may not have heard of these."""
        return sum(
            lots for at_ns, where, name, lots in self.executed if at_ns >= since_ns and (where, name) == (venue, order)
        )


class _ClosedIsClosed:
    """Judged at each proof, and after it at each order on the wire, until a person opens the desk again."""

    def __init__(self, stage: Stage, hearsay_ns: int) -> None:
        self._hearsay_ns = hearsay_ns
        self._books = _Books(stage)
        self._venues = frozenset(route.address for route in stage.floor.venues)
        self._console = stage.wiring.operator
        self._asked = 0
        self._proofs = 0
        self._kept = 0
        self._closed = False
        self._is_asked = False
        self._wanted_back: dict[str, None] = {}
        """Orders that somebody wanted back while the desk was open, or had not heard the word yet."""
        self._written_ns: dict[str, int] = {}
        """Since when the close stands in a leader's journal: before that it does as the day's orders want."""
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_word, Handled, SwitchTrading)
        trace.watch(self._on_stop, Handled, ShutDesk)
        trace.watch(self._on_done, Handled, SwitchDone)
        trace.watch(self._on_wish, Sent, CancelOrder)
        trace.watch(self._on_journal, Sent, JournalCopied)
        for kind in (NewOrderSingle, OrderCancelRequest, OrderCancelReplaceRequest):
            trace.watch(self._on_wire, Sent, kind)

    def _on_word(self, record: Record) -> None:
        handled: Handled = record.event
        if handled.to != self._console or handled.message.scope is not Scope.DESK:
            return
        self._is_asked = handled.message.state is TradingState.CLOSING
        self._asked += self._is_asked
        self._written_ns.clear()
        self._closed = False

    def _on_stop(self, record: Record) -> None:
        """Whoever has all programs stopped has the desk closed first."""
        self._is_asked = True
        self._asked += 1
        self._written_ns.clear()
        self._closed = False

    def _on_journal(self, record: Record) -> None:
        for event in record.event.message.events:
            if isinstance(event, TradingSwitched) and event.switch.state is TradingState.CLOSING:
                self._written_ns.setdefault(record.event.sender, record.at_ns)

    def _on_wish(self, record: Record) -> None:
        written_ns = self._written_ns.get(record.event.to)
        if not self._is_asked or written_ns is None or record.at_ns < written_ns + self._hearsay_ns:
            self._wanted_back[record.event.message.cl_ord_id] = None

    def _on_wire(self, record: Record) -> None:
        if self._closed and record.event.to in self._venues:
            what = f"{type(record.event.message).__name__} {record.event.message.cl_ord_id}"
            self._docket.violated(record, f"{what} leaves for {record.event.to}, and the desk is closed")
        elif self._is_asked and isinstance(record.event.message, OrderCancelRequest):
            order = record.event.message.orig_cl_ord_id.partition("~")[0]
            if self._books.terms.get(order) is TimeInForce.GTC and order not in self._wanted_back:
                self._docket.violated(record, f"{order} is good till cancelled, and is taken back as the desk closes")

    def _on_done(self, record: Record) -> None:
        done: SwitchDone = record.event.message
        if done.scope is not Scope.DESK or done.state is not TradingState.CLOSING or done.left or not self._is_asked:
            return
        if not self._closed:
            self._closed = True
            self._proofs += 1
            self._judge(record, {(kept.venue, kept.cl_ord_id): kept.leaves_lots for kept in done.kept})

    def _judge(self, record: Record, kept: dict[tuple[str, str], int]) -> None:
        self._kept += len(kept)
        since_ns = record.at_ns - self._hearsay_ns
        for (venue, order), leaves in self._books.leaves.items():
            if self._books.terms.get(order) is not TimeInForce.GTC:
                detail = f"{order} is open at {venue}, is not good till cancelled, and the desk is said to be closed"
                self._docket.violated(record, detail)
            elif (venue, order) not in kept:
                self._docket.violated(
                    record, f"{order} stays at {venue} with {leaves} lots, and the desk knows no such"
                )
        for (venue, order), lots in kept.items():
            leaves = self._books.leaves.get((venue, order), 0)
            if not leaves <= lots <= leaves + self._books.lately(venue, order, since_ns):
                detail = f"{order} stays at {venue} with {leaves} lots, with {lots} by the desk's word"
                self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        if not self._docket.violations and not self._asked:
            return Ruling(Verdict.INCONCLUSIVE, "nobody closed the desk")
        if not self._docket.violations and not self._proofs:
            return Ruling(Verdict.VIOLATED, "the desk was to close, and nobody ever said that it is closed")
        return self._docket.ruling(f"{self._proofs} times closed, with {self._kept} orders that outlive the day")


def closed_is_closed(hearsay_ns: int = 50 * MILLISECOND) -> Promise:
    """A desk that is said to be closed has nothing open but what is good till cancelled, the same on both sides.

    And it sends nothing until it is opened again. What a venue has executed within *hearsay_ns* of the word the desk
    may not have heard.
    """
    return Promise(
        "a closed desk is closed",
        "safety",
        lambda s: _ClosedIsClosed(s, hearsay_ns),
        needs_faults=True,
        of_our_desk=True,
    )
