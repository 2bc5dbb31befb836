"""Clients' parent orders end exactly filled or reported; children keep to their quantity, limit, time and share."""

from typing import Final

from squall.scenarios.checks.families import Ends, Families, Parents
from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.checks.tape import watch_tape
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle, Side
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueExecuted
from squall.system.domain.messages import ParentAnswered, ParentDone, ParentOrder, ParentOutcome

GRACE_NS: Final = 1_000_000_000
"""How long after its parent's end a child may still leave for a venue: it was let out before, and was in the desk."""


class _WithinParent:
    """At every acceptance: what the whole family has traded and has at work, with this child, is within the parent."""

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._families = Families(stage)
        self._children = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        parent = self._parents.of(event.cl_ord_link_id)
        if parent is None:
            return
        self._children += 1
        lots = self._families[parent.cl_ord_id].lots
        if lots > parent.quantity_lots:
            self._docket.violated(
                record,
                f"{parent.cl_ord_id} is for {parent.quantity_lots} lots: {event.venue} accepted {event.lots} as "
                f"{event.cl_ord_id} while {lots - event.lots} were open or executed already",
            )

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
    """At every writing of a child to a venue, its repetitions too: how long a venue then holds it is not the desk's."""

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._close_ns = stage.floor.settings.desk.algos.day_ns
        self._children: dict[str, None] = {}
        self._docket = Docket()
        stage.world.trace.watch(self._on_wire, Sent, NewOrderSingle)

    def _on_wire(self, record: Record) -> None:
        order: NewOrderSingle = record.event.message
        parent = self._parents.of(order.cl_ord_link_id)
        if parent is None:
            return
        self._children[order.cl_ord_link_id] = None
        end_ns = min(parent.end_ns or self._close_ns, self._close_ns)
        if record.at_ns > end_ns + GRACE_NS:
            late = f"{(record.at_ns - end_ns) // 1_000_000} ms after its parent's end"
            self._docket.violated(record, f"{order.cl_ord_id} left for {record.event.to} {late}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{len(self._children)} children left for venues, all in their parent's time")


def done_by_the_close() -> Promise:
    """No child leaves for a venue after its parent's end or the close, but for what was being decided."""
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


class _ParentsEnd:
    """Every parent that a client has sent was refused, or its client has heard what venues have executed of it."""

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._ends = Ends(stage)
        self._done: dict[str, ParentDone] = {}
        self._refused: dict[str, str] = {}
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_done, Handled, ParentDone)
        trace.watch(self._on_answer, Handled, ParentAnswered)

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
        lots, notional, fees = self._ends.may_be(name)
        if done.filled_lots not in lots:
            return f"{name}: its client was told of {done.filled_lots} lots, venues executed {lots}"
        if done.notional not in notional:
            return f"{name}: its client was told of {done.notional} half ticks x lots, venues executed {notional}"
        if done.fees not in fees:
            return f"{name}: its client was told of {done.fees} half ticks x lots in fees, venues charged {fees}"
        if (done.outcome is ParentOutcome.FILLED) is not (done.filled_lots == order.quantity_lots):
            return f"{name}: its client was told of {_told(done)} of {order.quantity_lots}"
        return ""

    def ruling(self) -> Ruling:
        orders = self._parents.orders
        filled = 0
        for name, order in orders.items():
            done = self._done.get(name)
            if name in self._refused and not self._ends.executed(name):
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
