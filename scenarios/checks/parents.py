"""Clients' parent orders end exactly filled or reported; children keep to their quantity, limit, time and share."""

from typing import Final

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.checks.tape import watch_tape
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueClosed, VenueExecuted
from squall.system.domain.messages import ParentAnswered, ParentDone, ParentOrder

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


class _ParentsEnd:
    """Every parent that a client has sent was refused, or its client has heard what venues have executed of it.

    A trade that is busted after that is a matter between the client and the venue: then the report is of either count.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._parents = Parents(stage)
        self._executed: dict[str, int] = {}
        self._undone: dict[str, int] = {}
        """What was busted of it."""
        self._done: dict[str, ParentDone] = {}
        self._refused: dict[str, str] = {}
        trace = stage.world.trace
        watch_standing(trace, self._on_standing)
        trace.watch(self._on_done, Handled, ParentDone)
        trace.watch(self._on_answer, Handled, ParentAnswered)

    def _on_standing(self, record: Record, it: Standing) -> None:
        name = parent_of(it.order)
        self._executed[name] = self._executed.get(name, 0) + it.lots
        if it.lots < 0:
            self._undone[name] = self._undone.get(name, 0) - it.lots

    def _on_done(self, record: Record) -> None:
        done: ParentDone = record.event.message
        self._done[done.cl_ord_id] = done

    def _on_answer(self, record: Record) -> None:
        answer: ParentAnswered = record.event.message
        if answer.refusal is not None:
            self._refused[answer.cl_ord_id] = answer.refusal

    def ruling(self) -> Ruling:
        orders = self._parents.orders
        filled = 0
        for name, order in orders.items():
            executed, done = self._executed.get(name, 0), self._done.get(name)
            if name in self._refused and not executed:
                continue
            if done is None:
                return Ruling(Verdict.VIOLATED, f"{name}: its client has not heard how it ended")
            if not executed <= done.filled_lots <= executed + self._undone.get(name, 0):
                detail = f"{name}: its client was told of {done.filled_lots} lots, venues executed {executed}"
                return Ruling(Verdict.VIOLATED, detail)
            filled += executed == order.quantity_lots
        if not orders:
            return Ruling(Verdict.INCONCLUSIVE, "no client ever sent a parent")
        return Ruling(Verdict.PASS, f"{filled} of {len(orders)} parents filled, the others reported to the lot")


def parents_end() -> Promise:
    """Every parent comes to an end that its client hears of, and what it hears is what venues have executed."""
    return Promise("parents end exactly filled or reported", "liveness", _ParentsEnd, of_our_desk=True)


def parents_kept() -> tuple[Promise, ...]:
    """All of it."""
    return (within_parent(), within_parents_limit(), done_by_the_close(), within_participation(), parents_end())
