"""What a leader asks about its orders: all of them when it takes over, later those that nobody speaks of."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from squall.system.domain.claims import ProtectionActed
from squall.system.domain.effects import check_order, open_at_venue
from squall.system.domain.events import AnyEvent
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import DeskMessage, Fence
from squall.system.domain.orders import Order, OrderState
from squall.system.runtime import Address, Runtime
from squall.system.services.leadership import OmsTimer
from squall.system.wiring import Wiring

if TYPE_CHECKING:
    from squall.system.services.term import Term


class Inquiries:
    """Each goes to execution as a fence, which is the leader's claim too: what it learns comes as reports."""

    def __init__(
        self, term: "Term", runtime: Runtime, wiring: Wiring, post: Callable[[Address, DeskMessage], None]
    ) -> None:
        """*post* says something once what has been decided by now is safe."""
        self._term = term
        self._runtime = runtime
        self._wiring = wiring
        self._post = post
        self._fences = 0
        self.awaited: dict[ClOrdID, None] = {}
        """Open orders that we asked about in the takeover, and no answer yet."""
        self._inquired: dict[ClOrdID, None] = {}
        """All orders that we asked about, until the first answer."""
        self._quiet: dict[ClOrdID, tuple[Order, int]] = {}
        """Each live order as it was at the last inquiry, and for how many of them it has not changed."""

    def claim(self) -> None:
        """Claim the epoch where orders leave, and ask what became of all that may be at a venue."""
        orders = [order for order in self._term.state.orders.values() if order.attempt]
        if not self._term.config.oms.reconcile:
            orders = []
        self._runtime.write(self._wiring.execution, self._question(orders))
        if not self._term.fenced:
            self.awaited = {order.cl_ord_id: None for order in orders}

    def ask(self, orders: list[Order]) -> None:
        """What became of these?"""
        if orders and self._term.config.oms.reconcile:
            self._runtime.write(self._wiring.execution, self._question(orders))

    def ask_about(self, event: AnyEvent) -> None:
        """Something is amiss with an order, and nobody else has noticed: its venue is asked."""
        order = self._term.state.order(event.cl_ord_id)
        if order is not None and order.attempt and self._term.config.oms.reconcile:
            self._post(self._wiring.execution, self._question([order]))

    def _question(self, orders: list[Order]) -> Fence:
        epoch = self._term.epoch
        self._fences += 1
        self._inquired.update((order.cl_ord_id, None) for order in orders)
        asked = tuple(open_at_venue(order, epoch) for order in orders)
        return Fence(epoch, self._runtime.address, asked, self._fences, self._term.state.switches.all)

    def on_answer(self, cl_ord_id: ClOrdID, moved: bool) -> None:
        """Here is what became of this order; *moved*: we did not know it."""
        if cl_ord_id in self._inquired:
            del self._inquired[cl_ord_id]
            if moved:
                self._runtime.emit(ProtectionActed("oms.reconcile", f"learnt what became of {cl_ord_id}"))
        self.on_word(cl_ord_id)

    def on_word(self, cl_ord_id: ClOrdID) -> None:
        """Somebody speaks of this order: its fate is in good hands."""
        if cl_ord_id in self.awaited:
            del self.awaited[cl_ord_id]
            if self._term.fenced and not self.awaited:
                self._term.lead()

    def forget(self, cl_ord_id: ClOrdID) -> None:
        """Its life is told of, or over."""
        self._quiet.pop(cl_ord_id, None)

    def look(self) -> None:
        """Ask about orders of which nothing was heard since the last time, or 2, 4, 8 … times ago.

        Execution watches what it knows of; this finds the rest, and a stream that is dead without a word.
        """
        live = self._term.state.orders
        self._runtime.set_timer(self._term.config.oms.inquiry_interval_ns, OmsTimer.INQUIRE)
        self._inquired = {name: None for name in self._inquired if name in live}
        before, self._quiet = self._quiet, {}
        overdue: list[Order] = []
        for cl_ord_id, order in live.items():
            was, times = before.get(cl_ord_id, (None, 0))
            times = times + 1 if was is order else 0
            self._quiet[cl_ord_id] = (order, times)
            if times and not times & (times - 1):
                overdue.append(order)
        self.ask([order for order in overdue if order.attempt])
        for order in overdue:
            if order.state is OrderState.PENDING_VALIDATION:
                self._runtime.write(self._wiring.risk, check_order(order, self._term.epoch))
