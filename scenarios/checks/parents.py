"""Clients' parent orders end exactly filled or reported; children keep to their quantity, limit, time and share."""

from typing import Final

from msgspec import Struct

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.checks.tape import watch_tape
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import (
    Handled,
    Record,
    Sent,
    VenueAccepted,
    VenueBusted,
    VenueClosed,
    VenueCorrected,
    VenueExecuted,
)
from squall.system.domain.messages import (
    AmendFill,
    ChildMoved,
    FamilyTold,
    OrderTaken,
    ParentAnswered,
    ParentDone,
    ParentOrder,
    ParentOutcome,
)

GRACE_NS: Final = 1_000_000_000
"""How long after its parent's end a child may still come to a venue: it was let out before, and was under way."""
ROUTERS: Final = "~"
CHILDREN: Final = "."


def parent_of(link_id: str) -> str:
    """The parent of the order that a venue knows by this ClOrdLinkID: ``fund-3`` for ``fund-3.12`` and ``fund-3.12~2``.

    Any other order is nobody's child: its own name comes back.
    """
    order = link_id.partition(ROUTERS)[0]
    return order.rpartition(CHILDREN)[0] or order


class Parents:
    """What clients have asked for, as the network carried it the first time."""

    def __init__(self, stage: Stage) -> None:
        self.orders: dict[str, ParentOrder] = {}
        self._clients = stage.wiring.clients
        stage.world.trace.watch(self._on_sent, Sent, ParentOrder)

    def _on_sent(self, record: Record) -> None:
        if record.event.sender == self._clients:
            order: ParentOrder = record.event.message
            self.orders.setdefault(order.cl_ord_id, order)

    def of(self, link_id: str) -> ParentOrder | None:
        """The parent of what a venue says this of; None for orders of the house."""
        return self.orders.get(parent_of(link_id))


class _WithinParent:
    """At every acceptance: what the whole family has traded and has at work, with this child, is within the parent."""

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._executed: dict[str, int] = {}
        self._open: dict[str, dict[tuple[str, str], int]] = {}
        self._children = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)
        watch_standing(trace, self._on_standing)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        parent = self._parents.of(event.cl_ord_link_id)
        if parent is None:
            return
        self._children += 1
        live = self._open.setdefault(parent.cl_ord_id, {})
        already = self._executed.get(parent.cl_ord_id, 0) + sum(live.values())
        if already + event.lots > parent.quantity_lots:
            self._docket.violated(
                record,
                f"{parent.cl_ord_id} is for {parent.quantity_lots} lots: {event.venue} accepted {event.lots} as "
                f"{event.cl_ord_id} while {already} were open or executed already",
            )
        live[event.venue, event.cl_ord_id] = event.lots

    def _on_standing(self, record: Record, it: Standing) -> None:
        name = parent_of(it.order)
        self._executed[name] = self._executed.get(name, 0) + it.lots
        live = self._open.get(name, {})
        if it.lots > 0 and (it.venue, it.cl_ord_id) in live:
            live[it.venue, it.cl_ord_id] -= it.lots

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        self._open.get(parent_of(event.cl_ord_link_id), {}).pop((event.venue, event.cl_ord_id), None)

    def ruling(self) -> Ruling:
        if not self._children:
            return Ruling(Verdict.INCONCLUSIVE, "no child ever came to a venue")
        return self._docket.ruling(f"{self._children} children of {len(self._parents.orders)} parents, none beyond it")


def within_parent() -> Promise:
    """Of no parent is more at work or executed than it is for, in however many children."""
    return Promise("no parent is traded beyond its quantity", "safety", _WithinParent, of_our_desk=True)


class _WithinParentsLimit:
    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._executions = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_executed, VenueExecuted)

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        parent = self._parents.of(event.cl_ord_link_id)
        if parent is None:
            return
        self._executions += 1
        limit = parent.limit_half_ticks
        if event.buy is not (parent.side is Side.BUY) or event.symbol != parent.symbol:
            detail = f"{event.cl_ord_id} traded {event.symbol}, {'buying' if event.buy else 'selling'}"
            self._docket.violated(record, f"{detail}; {parent.cl_ord_id} is to {parent.side.value} {parent.symbol}")
        elif limit is not None and parent.side.sign * (event.price_half_ticks - limit) > 0:
            detail = f"{event.cl_ord_id} traded {event.lots} lots at {event.price_half_ticks} half ticks"
            self._docket.violated(record, f"{detail}, beyond the {limit} of {parent.cl_ord_id}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._executions} executions of children, none beyond a parent's limit")


def within_parents_limit() -> Promise:
    """No child trades beyond its parent's limit, on another side, or in another symbol."""
    return Promise("children keep to their parent's limit", "safety", _WithinParentsLimit, of_our_desk=True)


class _DoneByTheClose:
    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._close_ns = stage.floor.settings.desk.algos.day_ns
        self._children = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        parent = self._parents.of(event.cl_ord_link_id)
        if parent is None:
            return
        self._children += 1
        end_ns = min(parent.end_ns or self._close_ns, self._close_ns)
        if record.at_ns > end_ns + GRACE_NS:
            late = (record.at_ns - end_ns) // 1_000_000
            self._docket.violated(record, f"{event.cl_ord_id} came to {event.venue} {late} ms after its parent's end")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._children} children came to venues, all in their parent's time")


def done_by_the_close() -> Promise:
    """No child comes to a venue after its parent's end or the close, but for what was under way."""
    return Promise("parents are done by the close", "safety", _DoneByTheClose, of_our_desk=True)


class _WithinShare:
    """At every execution: the family's share of what all venues' tapes have shown since the client sent the parent."""

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._tape: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._executed: dict[str, int] = {}
        self._bounded = 0
        self._docket = Docket()
        trace = stage.world.trace
        watch_tape(stage, self._on_trade)
        trace.watch(self._on_parent, Sent, ParentOrder)
        watch_standing(trace, self._on_standing)

    def _on_trade(self, record: Record, symbol: str, price_half_ticks: int, lots: int) -> None:
        self._tape[symbol] = self._tape.get(symbol, 0) + lots

    def _on_parent(self, record: Record) -> None:
        order: ParentOrder = record.event.message
        self._since.setdefault(order.cl_ord_id, self._tape.get(order.symbol, 0))

    def _on_standing(self, record: Record, it: Standing) -> None:
        parent = self._parents.of(it.order)
        if parent is None or not parent.participation_percent:
            return
        self._bounded += 1
        name = parent.cl_ord_id
        executed = self._executed[name] = self._executed.get(name, 0) + it.lots
        volume = self._tape.get(it.symbol, 0) - self._since[name]
        if executed * 100 > volume * parent.participation_percent:
            detail = f"{name} has traded {executed} lots of the {volume} that venues have shown since it came"
            self._docket.violated(record, f"{detail}: more than {parent.participation_percent} %")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._bounded} executions of parents with a share of volume, all within it")


def within_participation() -> Promise:
    """A parent with a share of volume never has more of what was traded."""
    return Promise("parents keep to their share of volume", "safety", _WithinShare, of_our_desk=True)


class _Amended(Struct):
    """By how much a bust or a correction changed what stands of a parent."""

    lots: int
    notional: int
    told_by: str = ""
    """The OMS that told positions of it first, and the seq of that."""
    told_seq: int = 0


class _WordsOf:
    """What the algorithms must have heard of a parent.

    An OMS tells positions and algorithms of a bust in one breath, and each stream keeps its order. So whoever has heard
    from that OMS something of the parent that was said later has heard of the bust; or was told how all its children
    stand, on a new stream.
    """

    def __init__(self, stage: Stage) -> None:
        self._algos = stage.wiring.algos
        self.amended: dict[str, dict[str, _Amended]] = {}
        """Of each parent, by the name of the bust or the correction."""
        self._parent_of: dict[str, str] = {}
        self._said: dict[tuple[str, str], int] = {}
        """When an OMS first said this to the algorithms."""
        self._heard: dict[tuple[str, str], int] = {}
        """The latest thing that the algorithms have heard of a parent from an OMS."""
        trace = stage.world.trace
        trace.watch(self._on_busted, VenueBusted)
        trace.watch(self._on_corrected, VenueCorrected)
        trace.watch(self._on_told, Sent, AmendFill)
        for kind in (ChildMoved, FamilyTold, OrderTaken):
            trace.watch(self._on_said, Sent, kind)
            trace.watch(self._on_heard, Handled, kind)

    def _on_busted(self, record: Record) -> None:
        it: VenueBusted = record.event
        self._amend(it.exec_id, it.cl_ord_link_id, -it.lots, -it.lots * it.price_half_ticks)

    def _on_corrected(self, record: Record) -> None:
        it: VenueCorrected = record.event
        notional = it.lots * it.price_half_ticks - it.was_lots * it.was_price_half_ticks
        self._amend(it.exec_id, it.cl_ord_link_id, it.lots - it.was_lots, notional)

    def _amend(self, exec_id: str, link_id: str, lots: int, notional: int) -> None:
        name = self._parent_of[exec_id] = parent_of(link_id)
        self.amended.setdefault(name, {})[exec_id] = _Amended(lots, notional)

    def _on_told(self, record: Record) -> None:
        exec_id = record.event.message.exec_id
        if exec_id in self._parent_of:
            it = self.amended[self._parent_of[exec_id]][exec_id]
            if not it.told_by:
                it.told_by, it.told_seq = record.event.sender, record.seq

    def _on_said(self, record: Record) -> None:
        event: Sent = record.event
        if event.to == self._algos:
            self._said.setdefault((event.sender, event.message.identity), record.seq)

    def _on_heard(self, record: Record) -> None:
        event: Handled = record.event
        if event.to != self._algos:
            return
        message: ChildMoved | FamilyTold | OrderTaken = event.message
        name = parent_of(message.cl_ord_id) if isinstance(message, OrderTaken) else message.parent
        said = self._said.get((event.sender, message.identity), 0)
        self._heard[name, event.sender] = max(said, self._heard.get((name, event.sender), 0))

    def heard(self, name: str) -> list[str]:
        """Busts and corrections of this parent that the algorithms know by now."""
        amended = self.amended.get(name, {})
        return [each for each, it in amended.items() if self._heard.get((name, it.told_by), 0) > it.told_seq]


class _ParentsEnd:
    """Every parent that a client has sent was refused, or its client has heard what venues have executed of it.

    All executions count, and of busts and corrections all that the algorithms have heard of by when they first tell the
    end; of others either count will do. What is amended after that is a matter between the client and the venue.
    """

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._executed: dict[str, tuple[int, int]] = {}
        """Lots and notional, as they were executed."""
        self._words = _WordsOf(stage)
        self._known: dict[str, list[str]] = {}
        """Busts and corrections that a parent's end must be about."""
        self._done: dict[str, ParentDone] = {}
        self._refused: dict[str, str] = {}
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_executed, VenueExecuted)
        trace.watch(self._on_told, Sent, ParentDone)
        trace.watch(self._on_done, Handled, ParentDone)
        trace.watch(self._on_answer, Handled, ParentAnswered)

    def _on_executed(self, record: Record) -> None:
        it: VenueExecuted = record.event
        name = parent_of(it.cl_ord_link_id)
        lots, notional = self._executed.get(name, (0, 0))
        self._executed[name] = lots + it.lots, notional + it.lots * it.price_half_ticks

    def _on_told(self, record: Record) -> None:
        name = record.event.message.cl_ord_id
        if name not in self._known:
            self._known[name] = self._words.heard(name)

    def _on_done(self, record: Record) -> None:
        done: ParentDone = record.event.message
        before = self._done.setdefault(done.cl_ord_id, done)
        if done != before:
            self._docket.violated(
                record, f"{done.cl_ord_id}: its client was told of {_told(before)}, then {_told(done)}"
            )

    def _on_answer(self, record: Record) -> None:
        answer: ParentAnswered = record.event.message
        if answer.refusal is not None:
            self._refused[answer.cl_ord_id] = answer.refusal

    def _complaint(self, order: ParentOrder, done: ParentDone) -> str:
        """What is wrong with the end that the client was told of; nothing where it is right."""
        name = order.cl_ord_id
        (lots_low, lots_high), (low, high) = self._may_be(name)
        if not lots_low <= done.filled_lots <= lots_high:
            executed = f"{lots_low}" if lots_low == lots_high else f"{lots_low} to {lots_high}"
            return f"{name}: its client was told of {done.filled_lots} lots, venues executed {executed}"
        if not low <= done.notional <= high:
            traded = f"{low}" if low == high else f"{low} to {high}"
            return f"{name}: its client was told of {done.notional} half ticks x lots, venues executed {traded}"
        if (done.outcome is ParentOutcome.FILLED) is not (done.filled_lots == order.quantity_lots):
            return f"{name}: its client was told of {_told(done)} of {order.quantity_lots}"
        return ""

    def _may_be(self, name: str) -> tuple[tuple[int, int], tuple[int, int]]:
        """Between what the lots and the notional of its end may be."""
        lots, notional = self._executed.get(name, (0, 0))
        lots_low, lots_high, low, high = lots, lots, notional, notional
        known = self._known.get(name, ())
        for exec_id, it in self._words.amended.get(name, {}).items():
            either = exec_id not in known
            lots_low += min(it.lots, 0) if either else it.lots
            lots_high += max(it.lots, 0) if either else it.lots
            low += min(it.notional, 0) if either else it.notional
            high += max(it.notional, 0) if either else it.notional
        return (lots_low, lots_high), (low, high)

    def ruling(self) -> Ruling:
        orders = self._parents.orders
        filled = 0
        for name, order in orders.items():
            done = self._done.get(name)
            if name in self._refused and name not in self._executed:
                continue
            if done is None:
                return Ruling(Verdict.VIOLATED, f"{name}: its client has not heard how it ended")
            complaint = self._complaint(order, done)
            if complaint:
                return Ruling(Verdict.VIOLATED, complaint)
            filled += done.outcome is ParentOutcome.FILLED
        if not orders:
            return Ruling(Verdict.INCONCLUSIVE, "no client ever sent a parent")
        return self._docket.ruling(f"{filled} of {len(orders)} parents filled, the others reported to the lot")


def _told(done: ParentDone) -> str:
    return f"{done.filled_lots} lots, {done.outcome.value}"


def parents_end() -> Promise:
    """Every parent comes to an end that its client hears of, and what it hears is what venues have executed."""
    return Promise("parents end exactly filled or reported", "liveness", _ParentsEnd, of_our_desk=True)


def parents_kept() -> tuple[Promise, ...]:
    """All of it."""
    return (within_parent(), within_parents_limit(), done_by_the_close(), within_participation(), parents_end())
