"""No order is lost, sent twice or over-filled, and every one comes to an end."""

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.measure import ENDED
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Judge, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle, OrderCancelReplaceRequest, OrderStatusReport
from squall.sim.trace import (
    Handled,
    ProgramRaised,
    Record,
    Sent,
    VenueAccepted,
    VenueClosed,
    VenueRefused,
    VenueReplaced,
)
from squall.system.domain.events import OrderFilled, OrderReplaced, OrderSubmitted, StopAmended
from squall.system.domain.messages import AmendOrder, JournalCopied, SubmitOrder


class _OrderedLots:
    """How much each order was meant to trade, as the network carried it.

    On our desk by the strategy's command. Another desk says it with the first order that it sends to a venue under
    a ClOrdLinkID: what bears the same name later is the same order once more, under whatever ClOrdID.
    """

    def __init__(self, stage: Stage) -> None:
        self.lots: dict[str, int] = {}
        self.said: dict[str, list[int]] = {}
        """Every quantity that was sent of an order: changed on its way to nobody, it is sent once more as it was."""
        self._venues = frozenset(route.address for route in stage.floor.venues)
        self._link_of: dict[str, str] = {}
        if stage.desk.ours:
            stage.world.trace.watch(self._on_submit, Sent, SubmitOrder)
            stage.world.trace.watch(self._on_amend, Sent, AmendOrder)
        else:
            stage.world.trace.watch(self._on_wire, Sent, NewOrderSingle)
            stage.world.trace.watch(self._on_replace, Sent, OrderCancelReplaceRequest)

    def _on_submit(self, record: Record) -> None:
        order: SubmitOrder = record.event.message
        self.lots.setdefault(order.cl_ord_id, order.quantity_lots)
        said = self.said.setdefault(order.cl_ord_id, [])
        if order.quantity_lots not in said:
            said.append(order.quantity_lots)

    def _on_amend(self, record: Record) -> None:
        wish: AmendOrder = record.event.message
        self.lots[wish.cl_ord_id] = max(self.lots.get(wish.cl_ord_id, 0), wish.quantity_lots)

    def _on_wire(self, record: Record) -> None:
        if record.event.to in self._venues:
            order: NewOrderSingle = record.event.message
            self.lots.setdefault(order.cl_ord_link_id, order.quantity_lots)
            self._link_of[order.cl_ord_id] = order.cl_ord_link_id

    def _on_replace(self, record: Record) -> None:
        request: OrderCancelReplaceRequest = record.event.message
        link = self._link_of.get(request.orig_cl_ord_id)
        if record.event.to in self._venues and link is not None:
            self._link_of[request.cl_ord_id] = link
            self.lots[link] = max(self.lots[link], request.quantity_lots)


class _NoOrderTwice:
    """At every acceptance: executed before + open elsewhere + this one ≤ what was ordered."""

    def __init__(self, stage: Stage) -> None:
        self._ordered = _OrderedLots(stage)
        self._executed: dict[str, int] = {}
        self._open: dict[str, dict[tuple[str, str], int]] = {}
        self._accepted = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        watch_standing(trace, self._on_standing)
        trace.watch(self._on_replaced, VenueReplaced)
        trace.watch(self._on_closed, VenueClosed)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        self._accepted += 1
        order = event.cl_ord_link_id
        key = (event.venue, event.cl_ord_id)
        live = self._open.setdefault(order, {})
        already = self._executed.get(order, 0) + sum(live.values())
        ordered = self._ordered.lots.get(order)
        if ordered is None:
            self._docket.violated(record, f"{event.venue} accepted {order}, which no strategy ever submitted")
        elif already + event.lots > ordered:
            self._docket.violated(
                record,
                f"{order} was sent twice: {event.venue} accepted {event.lots} lots as {event.cl_ord_id} while "
                f"{already} of {ordered} were open or executed already",
            )
        live[key] = live.get(key, 0) + event.lots

    def _on_standing(self, record: Record, change: Standing) -> None:
        order = change.order
        self._executed[order] = self._executed.get(order, 0) + change.lots
        live = self._open.get(order, {})
        key = (change.venue, change.cl_ord_id)
        if key in live:
            live[key] -= change.lots  # what was busted of an open order goes back to work

    def _on_replaced(self, record: Record) -> None:
        event: VenueReplaced = record.event
        live = self._open.get(event.cl_ord_link_id, {})
        before = live.pop((event.venue, event.orig_cl_ord_id), 0)
        live[event.venue, event.cl_ord_id] = event.leaves_lots
        if event.leaves_lots > before:
            already = self._executed.get(event.cl_ord_link_id, 0) + sum(live.values())
            ordered = self._ordered.lots.get(event.cl_ord_link_id, 0)
            if already > ordered:
                self._docket.violated(
                    record,
                    f"{event.cl_ord_link_id} was made more than was ordered: with {event.cl_ord_id} at {event.venue} "
                    f"{already} of {ordered} lots are open or executed",
                )

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        live = self._open.get(event.cl_ord_link_id, {})
        live.pop((event.venue, event.cl_ord_id), None)
        if not live:
            self._open.pop(event.cl_ord_link_id, None)

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._accepted} orders accepted by venues, none beyond what was ordered")


def no_order_twice() -> Promise:
    """No order is at work or executed for more than its quantity, whatever was retried, re-routed or taken over."""
    return Promise("no order is sent twice", "safety", _NoOrderTwice)


class _FilledWithinOrdered:
    def __init__(self, stage: Stage) -> None:
        self._ordered = _OrderedLots(stage)
        self._filled: dict[str, int] = {}
        self._docket = Docket()
        watch_standing(stage.world.trace, self._on_standing)

    def _on_standing(self, record: Record, change: Standing) -> None:
        order = change.order
        filled = self._filled[order] = self._filled.get(order, 0) + change.lots
        ordered = self._ordered.lots.get(order, 0)
        if filled > ordered:
            self._docket.violated(record, f"{order}: {filled} lots executed, {ordered} ordered")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{len(self._filled)} orders with fills, none over its quantity")


def filled_within_ordered() -> Promise:
    """Filled ≤ ordered, by the venues' executions."""
    return Promise("filled is at most ordered", "safety", _FilledWithinOrdered)


class _OrdersEndOnOurDesk:
    """Every submitted order has ended: at the venue, if one ever had it, and in the desk's journal."""

    def __init__(self, stage: Stage) -> None:
        self._ordered = _OrderedLots(stage)
        self._at_venue: dict[str, Record] = {}
        self._audit = stage.wiring.audit
        self._filled: dict[str, int] = {}
        self._lots: dict[str, int] = {}
        """What each order is for, by the journal: a wish to amend it may have died with a leader."""
        self._booked: set[tuple[str, str]] = set()
        self._ended: set[str] = set()
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)
        trace.watch(self._on_journal, Handled, JournalCopied)

    def _on_accepted(self, record: Record) -> None:
        self._at_venue[record.event.cl_ord_link_id] = record

    def _on_closed(self, record: Record) -> None:
        self._at_venue.pop(record.event.cl_ord_link_id, None)

    def _on_journal(self, record: Record) -> None:
        # The audit hands it on to the monitor, and a new leader repeats the old one: each fill counts once.
        if record.event.to != self._audit:
            return
        for event in record.event.message.events:
            kind = type(event)
            if kind in ENDED:
                self._ended.add(event.cl_ord_id)
            elif kind is OrderSubmitted:
                order, lots = event.cl_ord_id, event.terms.quantity_lots
                if lots in self._ordered.said.get(order, ()):
                    self._lots.setdefault(order, lots)
            elif kind is OrderFilled and (event.venue, event.exec_id) not in self._booked:
                self._booked.add((event.venue, event.exec_id))
                order = event.cl_ord_id
                filled = self._filled[order] = self._filled.get(order, 0) + event.lots
                if filled >= self._lots.get(order, self._ordered.lots.get(order, 0)):
                    self._ended.add(order)
            elif kind is OrderReplaced or kind is StopAmended:
                order = event.cl_ord_id
                self._lots[order] = event.terms.quantity_lots
                if self._filled.get(order, 0) >= event.terms.quantity_lots:
                    self._ended.add(order)

    def ruling(self) -> Ruling:
        open_in_journal = [order for order in self._ordered.lots if order not in self._ended]
        if self._at_venue:
            order, record = next(iter(self._at_venue.items()))
            detail = f"{len(self._at_venue)} orders still stand at a venue, the first is {order}"
            return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        if open_in_journal:
            some = ", ".join(open_in_journal[:3])
            detail = f"{len(open_in_journal)} of {len(self._ordered.lots)} orders never ended on the desk: {some}"
            return Ruling(Verdict.VIOLATED, detail)
        if not self._ordered.lots:
            return Ruling(Verdict.INCONCLUSIVE, "no order was ever submitted")
        return Ruling(Verdict.PASS, f"all {len(self._ordered.lots)} orders ended, on the desk and at the venues")


class _OrdersEndAtVenues:
    """Whatever was sent to a venue ended there, or the desk has heard from the venue that it has no such order."""

    def __init__(self, stage: Stage) -> None:
        self._of: dict[str, str] = {}
        """ClOrdID → ClOrdLinkID, as they were sent."""
        self._sent: dict[str, Record] = {}
        """When each order was first sent."""
        self._at_venue: dict[tuple[str, str], Record] = {}
        self._unknown: dict[str, Record] = {}
        """Those of which nobody has said yet what became of them."""
        self._venues = frozenset(route.address for route in stage.floor.venues)
        trace = stage.world.trace
        trace.watch(self._on_wire, Sent, NewOrderSingle)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_replaced, VenueReplaced)
        trace.watch(self._on_closed, VenueClosed)
        trace.watch(self._on_refused, VenueRefused)
        trace.watch(self._on_status, Handled, OrderStatusReport)

    def _on_wire(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        if record.event.to not in self._venues:
            return
        self._of[order.cl_ord_id] = order.cl_ord_link_id
        if order.cl_ord_link_id not in self._sent:
            self._sent[order.cl_ord_link_id] = self._unknown[order.cl_ord_link_id] = record

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        self._unknown.pop(event.cl_ord_link_id, None)
        self._at_venue[event.venue, event.cl_ord_id] = record

    def _on_replaced(self, record: Record) -> None:
        event: VenueReplaced = record.event
        if self._at_venue.pop((event.venue, event.orig_cl_ord_id), None) is not None:
            self._at_venue[event.venue, event.cl_ord_id] = record

    def _on_closed(self, record: Record) -> None:
        self._at_venue.pop((record.event.venue, record.event.cl_ord_id), None)

    def _on_refused(self, record: Record) -> None:
        self._unknown.pop(self._of.get(record.event.cl_ord_id, ""), None)

    def _on_status(self, record: Record) -> None:
        answer: OrderStatusReport = record.event.message
        if answer.status is None:
            self._unknown.pop(self._of.get(answer.cl_ord_id, ""), None)

    def ruling(self) -> Ruling:
        if self._at_venue:
            (_, order), record = next(iter(self._at_venue.items()))
            detail = f"{len(self._at_venue)} orders still stand at a venue, the first is {order}"
            return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        if self._unknown:
            order, record = next(iter(self._unknown.items()))
            detail = (
                f"{len(self._unknown)} orders were sent, came to no venue, and nobody ever asked after them, "
                f"the first is {order}"
            )
            return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        if not self._sent:
            return Ruling(Verdict.INCONCLUSIVE, "no order was ever sent")
        return Ruling(Verdict.PASS, f"all {len(self._sent)} orders ended at a venue, or are known not to be there")


def orders_end() -> Promise:
    """Every order reaches a terminal state once the faults have healed."""

    def judge(stage: Stage) -> Judge:
        return _OrdersEndOnOurDesk(stage) if stage.desk.ours else _OrdersEndAtVenues(stage)

    return Promise("every order comes to an end", "liveness", judge)


class _NothingRaised:
    """What a fault makes a program throw is the fault's doing: it is counted, and no finding."""

    def __init__(self, stage: Stage) -> None:
        self._injected = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_raised, ProgramRaised)

    def _on_raised(self, record: Record) -> None:
        event: ProgramRaised = record.event
        if event.injected:
            self._injected += 1
        else:
            self._docket.violated(record, f"{event.program} raised {event.error} at {event.where}")

    def ruling(self) -> Ruling:
        beside = f" of its own ({self._injected} were a fault's doing)" if self._injected else ""
        return self._docket.ruling(f"no program raised an exception{beside}")


def program_raised() -> Promise:
    """An exception in a program under test is a violation, unless a fault has made it throw."""
    return Promise("program_raised", "safety", _NothingRaised)
