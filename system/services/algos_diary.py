"""What the execution algorithms write down, so that after a restart every parent goes on where it was."""

from typing import Final

import msgspec

from squall.system.domain.algorithms import Plan
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import ChildState, ParentDone, ParentOrder, SubmitOrder
from squall.system.domain.parent_life import ParentLife
from squall.system.runtime import Runtime
from squall.system.services.submission import Entry, OrderMeant, OrderSettled, Unsettled

FILE: Final = "algos"


class ParentPlanned(Entry, frozen=True, gc=False, tag=True):
    """How a parent will be worked off, whatever the configuration says by the next life. Stands before its order."""

    cl_ord_id: ClOrdID
    plan: Plan


class CancelWanted(Entry, frozen=True, gc=False, tag=True):
    """The client wants it back."""

    cl_ord_id: ClOrdID


class ParentOver(Entry, frozen=True, gc=False, tag=True):
    """It has come to its end, which the client is told."""

    done: ParentDone


AnyEntry = ParentPlanned | CancelWanted | ParentOver | OrderMeant | OrderSettled

_DECODER: Final[msgspec.msgpack.Decoder[AnyEntry]] = msgspec.msgpack.Decoder(AnyEntry)


class Past:
    """What earlier lives have left behind."""

    def __init__(self) -> None:
        self.lives: dict[ClOrdID, ParentLife] = {}
        self.unsettled = Unsettled()
        self._plans: dict[ClOrdID, Plan] = {}

    def take(self, entry: AnyEntry) -> None:
        """Fold the next entry."""
        match entry:
            case ParentPlanned(cl_ord_id, plan):
                self._plans[cl_ord_id] = plan
            case CancelWanted(cl_ord_id):
                self.lives[cl_ord_id].cancelled = True
            case ParentOver(done):
                self.lives[done.cl_ord_id].done = done
            case OrderMeant(order):
                self.unsettled.take(entry)
                self._meant(order)
            case OrderSettled():
                self.unsettled.take(entry)

    def _meant(self, order: SubmitOrder | ParentOrder) -> None:
        match order:
            case ParentOrder():
                self.lives[order.cl_ord_id] = ParentLife(order, self._plans.pop(order.cl_ord_id))
            case SubmitOrder():
                parent = order.attribution.parent
                assert parent is not None, "only children are sent from here"
                self.lives[parent].mean(ChildState(order.cl_ord_id, order.quantity_lots))


def read(runtime: Runtime) -> Past:
    """All that stands in the diary, summed up."""
    past = Past()
    for data in runtime.read(FILE):
        past.take(_DECODER.decode(data))
    return past
