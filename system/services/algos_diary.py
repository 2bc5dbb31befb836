"""What the execution algorithms write down, so that after a restart every parent goes on where it was."""

from typing import Final

import msgspec

from squall.system.domain.algorithms import Plan
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import ChildState, ParentDone, ParentMeasured, ParentOrder, SubmitOrder
from squall.system.domain.parent_life import ParentLife
from squall.system.runtime import Runtime
from squall.system.services.submission import Entry, OrderMeant, OrderOver, OrderSettled, Unsettled

FILE: Final = "algos"


class ParentPlanned(Entry, frozen=True, gc=False, tag=True):
    """How a parent will be worked off, whatever the configuration says by the next life. Stands before its order."""

    cl_ord_id: ClOrdID
    plan: Plan
    arrival_twice: int | None = None
    follows: str = ""


class CancelWanted(Entry, frozen=True, gc=False, tag=True):
    """The client wants it back."""

    cl_ord_id: ClOrdID


class ParentOver(Entry, frozen=True, gc=False, tag=True):
    """It has come to its end, which the client is told."""

    done: ParentDone
    ended_ns: int = 0
    last_twice: int | None = None


class ParentGoesOn(Entry, frozen=True, gc=False, tag=True):
    """It has not come to its end after all: a trade of it was busted before anybody was told."""

    cl_ord_id: ClOrdID


class ParentWeighed(Entry, frozen=True, gc=False, tag=True):
    """How well it was executed is known, which the client is told."""

    report: ParentMeasured


AnyEntry = (
    ParentPlanned | CancelWanted | ParentOver | ParentGoesOn | ParentWeighed | OrderMeant | OrderSettled | OrderOver
)

_DECODER: Final[msgspec.msgpack.Decoder[AnyEntry]] = msgspec.msgpack.Decoder(AnyEntry)


class Past:
    """What earlier lives have left behind."""

    def __init__(self) -> None:
        self.lives: dict[ClOrdID, ParentLife] = {}
        self.unsettled = Unsettled()
        self._plans: dict[ClOrdID, ParentPlanned] = {}

    def take(self, entry: AnyEntry) -> None:
        """Fold the next entry."""
        match entry:
            case ParentPlanned(cl_ord_id):
                self._plans[cl_ord_id] = entry
            case CancelWanted(cl_ord_id):
                self.lives[cl_ord_id].cancelled = True
            case ParentOver(done, ended_ns, last_twice):
                life = self.lives[done.cl_ord_id]
                life.done, life.ended_ns, life.last_twice = done, ended_ns, last_twice
            case ParentGoesOn(cl_ord_id):
                self.lives[cl_ord_id].done = None
            case ParentWeighed(report):
                self.lives[report.cl_ord_id].report = report
            case OrderMeant(order):
                self.unsettled.take(entry)
                self._meant(order)
            case OrderSettled() | OrderOver():
                self.unsettled.take(entry)

    def _meant(self, order: SubmitOrder | ParentOrder) -> None:
        match order:
            case ParentOrder():
                planned = self._plans.pop(order.cl_ord_id)
                life = self.lives[order.cl_ord_id] = ParentLife(order, planned.plan)
                life.arrival_twice, life.follows = planned.arrival_twice, planned.follows
            case SubmitOrder():
                parent = order.attribution.parent
                assert parent is not None, "only children are sent from here"
                life = self.lives[parent]
                life.mean(ChildState(order.cl_ord_id, order.quantity_lots))
                if life.work is not None:
                    life.work.sent(order)


def read(runtime: Runtime) -> Past:
    """All that stands in the diary, summed up."""
    past = Past()
    for data in runtime.read(FILE):
        past.take(_DECODER.decode(data))
    for life in past.lives.values():
        if life.done is not None:
            life.close()
    return past
