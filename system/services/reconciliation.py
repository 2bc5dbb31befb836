"""The leader's half of reconciliation: what the venues' own accounts come to, order by order."""

from collections.abc import Callable, Mapping

from squall.system.config import ReconcileConfig
from squall.system.domain.actors import Capacity, acting
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.commands import ApplyReport
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import CancelAtVenue, OpenOrdersHeard, VenueOpenOrders, VenueTrades
from squall.system.domain.oms_state import OmsState
from squall.system.domain.orders import Order
from squall.system.domain.reconcile import NONE, Suspicions, as_ended, as_report, compare
from squall.system.runtime import Address, Runtime


class Reconciliation:
    """Of one epoch. It changes nothing by itself: reports go the way of all reports, as *recovery*'s."""

    def __init__(
        self,
        runtime: Runtime,
        epoch: Epoch,
        execution: Address,
        state: Callable[[], OmsState],
        execute: Callable[[ApplyReport], bool],
        inquire: Callable[[list[Order]], None],
    ) -> None:
        self._runtime = runtime
        self._epoch = epoch
        self._execution = execution
        self._state = state
        self._execute = execute
        self._inquire = inquire
        self._suspicions: dict[Venue, Suspicions] = {}
        self._latest: dict[Venue, int] = {}
        """The number of the list that they are from."""
        self._actor = acting(Capacity.RECOVERY, runtime.address)

    def on_trades(self, message: VenueTrades, config: ReconcileConfig) -> None:
        """Book what only the drop copy has told of. Of an order that we never took it is the report's business."""
        if not config.drop_copy:
            return
        for trade in message.trades:
            cl_ord_id = ClOrdID(trade.cl_ord_link_id)
            state = self._state()
            if ExecID(trade.exec_id) in state.exec_ids or cl_ord_id not in state.seen:
                continue
            if self._execute(ApplyReport(self._actor, cl_ord_id, message.venue, as_report(trade))):
                what = f"{trade.exec_id} of {cl_ord_id} was known from the drop copy alone"
                self._runtime.emit(ProtectionActed("reconcile.drop_copy", what))

    def on_open_orders(self, sender: Address, message: VenueOpenOrders, config: ReconcileConfig) -> None:
        """End what is over at the venue, ask about what has moved on, cancel what should not be there."""
        self._runtime.write(sender, OpenOrdersHeard(message.venue, message.number))
        if not config.open_orders:
            return
        venue = message.venue
        live: Mapping[ClOrdID, Order] = self._state().orders
        # One that was asked for before the last had come may be older than what we knew then: it settles nothing.
        before = self._suspicions.get(venue, NONE) if message.after == self._latest.get(venue) else NONE
        self._latest[venue] = message.number
        complete = message.trades_complete and config.drop_copy
        found = compare(venue, live, message.orders, before, complete)
        self._suspicions[venue] = found.suspicions
        self._inquire(list(found.behind))
        for order in found.over:
            if self._execute(ApplyReport(self._actor, order.cl_ord_id, venue, as_ended(order, venue))):
                what = f"{order.cl_ord_id} is no longer open at {venue}"
                self._runtime.emit(ProtectionActed("reconcile.open_orders", what))
        for stray in found.strays:
            cl_ord_id = ClOrdID(stray.cl_ord_link_id)
            text = f"{venue} has {stray.cl_ord_id} open, which is over or unknown here: it is cancelled"
            self._runtime.emit(AlertRaised("critical", "reconcile.stray", text))
            cancel = CancelAtVenue(self._epoch, cl_ord_id, venue, Symbol(stray.symbol), stray.side, message.number)
            self._runtime.write(self._execution, cancel)
