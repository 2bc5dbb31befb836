"""Families of orders: a parent that a client wants, and what has become of its children at the venues."""

from typing import Final

from msgspec import Struct, field

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.topology import Stage
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
from squall.system.domain.messages import AmendFill, ChildMoved, FamilyTold, OrderTaken, ParentDone, ParentOrder

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


class Family(Struct):
    """What stands of its children's executions, and what of them is open at venues."""

    executed_lots: int = 0
    notional: int = 0
    open: dict[tuple[str, str], int] = field(default_factory=dict)
    """Lots of each child, by its venue and its name there."""

    @property
    def lots(self) -> int:
        """At work or executed."""
        return self.executed_lots + sum(self.open.values())


class Families:
    """The family of every order that venues know, those of the house included. Whoever watches the same records
    afterwards finds them in it."""

    def __init__(self, stage: Stage) -> None:
        self._families: dict[str, Family] = {}
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)
        watch_standing(trace, self._on_standing)

    def __getitem__(self, name: str) -> Family:
        """Of the parent with this name."""
        return self._families.get(name, Family())

    def _of(self, link_id: str) -> Family:
        return self._families.setdefault(parent_of(link_id), Family())

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        self._of(event.cl_ord_link_id).open[event.venue, event.cl_ord_id] = event.lots

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        self._of(event.cl_ord_link_id).open.pop((event.venue, event.cl_ord_id), None)

    def _on_standing(self, record: Record, it: Standing) -> None:
        family = self._of(it.order)
        family.executed_lots += it.lots
        family.notional += it.notional
        if it.lots > 0 and (it.venue, it.cl_ord_id) in family.open:
            family.open[it.venue, it.cl_ord_id] -= it.lots


class _Amended(Struct):
    """By how much a bust or a correction changed what stands of a parent."""

    lots: int
    notional: int
    fees: int
    told_by: str = ""
    """The OMS that told positions of it first, and the seq of that."""
    told_seq: int = 0


class _Words:
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
        self._amend(it.exec_id, it.cl_ord_link_id, _Amended(-it.lots, -it.lots * it.price_half_ticks, -it.fee))

    def _on_corrected(self, record: Record) -> None:
        it: VenueCorrected = record.event
        notional = it.lots * it.price_half_ticks - it.was_lots * it.was_price_half_ticks
        self._amend(it.exec_id, it.cl_ord_link_id, _Amended(it.lots - it.was_lots, notional, 0))

    def _amend(self, exec_id: str, link_id: str, by: _Amended) -> None:
        name = self._parent_of[exec_id] = parent_of(link_id)
        self.amended.setdefault(name, {})[exec_id] = by

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


class Span(Struct, frozen=True):
    """What a figure may be."""

    least: int
    most: int

    def __contains__(self, value: int) -> bool:
        return self.least <= value <= self.most

    def __str__(self) -> str:
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"


class Ends:
    """What clients may be told at a parent's end.

    All executions count, and of busts and corrections all that the algorithms have heard of by when they first tell the
    end; of others either count will do. What is amended after that is a matter between the client and the venue.
    """

    def __init__(self, stage: Stage) -> None:
        self._executed: dict[str, tuple[int, int, int]] = {}
        """Lots, notional and fees, as they were executed."""
        self._words = _Words(stage)
        self._known: dict[str, list[str]] = {}
        """Busts and corrections that a parent's end must be about."""
        self.told: dict[str, ParentDone] = {}
        """The first end that was told of each parent."""
        stage.world.trace.watch(self._on_executed, VenueExecuted)
        stage.world.trace.watch(self._on_told, Sent, ParentDone)

    def _on_executed(self, record: Record) -> None:
        it: VenueExecuted = record.event
        name = parent_of(it.cl_ord_link_id)
        lots, notional, fees = self._executed.get(name, (0, 0, 0))
        self._executed[name] = lots + it.lots, notional + it.lots * it.price_half_ticks, fees + it.fee

    def _on_told(self, record: Record) -> None:
        done: ParentDone = record.event.message
        if done.cl_ord_id not in self.told:
            self.told[done.cl_ord_id] = done
            self._known[done.cl_ord_id] = self._words.heard(done.cl_ord_id)

    def executed(self, name: str) -> bool:
        """Whether any of it ever was."""
        return name in self._executed

    def may_be(self, name: str) -> tuple[Span, Span, Span]:
        """The lots, the notional and the fees of its end."""
        lots, notional, fees = self._executed.get(name, (0, 0, 0))
        known, amended = self._known.get(name, ()), self._words.amended.get(name, {})
        sure = [it for exec_id, it in amended.items() if exec_id in known]
        open_ = [it for exec_id, it in amended.items() if exec_id not in known]
        return (
            _span(lots, [it.lots for it in sure], [it.lots for it in open_]),
            _span(notional, [it.notional for it in sure], [it.notional for it in open_]),
            _span(fees, [it.fees for it in sure], [it.fees for it in open_]),
        )


def _span(executed: int, sure: list[int], open_: list[int]) -> Span:
    total = executed + sum(sure)
    return Span(total + sum(min(each, 0) for each in open_), total + sum(max(each, 0) for each in open_))
