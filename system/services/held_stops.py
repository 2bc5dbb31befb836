"""The stop orders that the desk holds, as a leader sees to them: watched, set off once, over when their day is."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from squall.system.domain.claims import ProtectionActed
from squall.system.domain.commands import ExpireStop, TriggerStop
from squall.system.domain.effects import check_order
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import DeskMessage, ForgetStop, HeldStop, StopReached, WatchStop, WatchStops
from squall.system.domain.orders import Order, OrderState
from squall.system.domain.stops import over_ns
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Instrument, Wiring

if TYPE_CHECKING:
    from squall.system.services.term import Term


class HeldStops:
    """What is held stands in the journal. The routers watch the market for us, each for its own orders."""

    def __init__(
        self, term: "Term", runtime: Runtime, wiring: Wiring, post: Callable[[Address, DeskMessage], None]
    ) -> None:
        """*post* says something once what has been decided by now is safe."""
        self._term = term
        self._runtime = runtime
        self._wiring = wiring
        self._post = post
        self._held: dict[ClOrdID, HeldStop] = {}

    def begin(self) -> None:
        """A leader before us has left these."""
        if not self._term.config.oms.keep_stops:
            return
        for order in self._term.state.orders.values():
            if order.state is OrderState.HELD:
                self._held[order.cl_ord_id] = _stop_of(order)
                self._runtime.emit(ProtectionActed("oms.keep_stops", order.cl_ord_id))

    def on_router(self, router: Address) -> None:
        """A new stream to a router begins with all that it is to watch."""
        mine = [stop for name, stop in self._held.items() if self._wiring.router_of(name) == router]
        self._runtime.write(router, WatchStops(self._term.epoch, tuple(mine)))

    def follow(self, order: Order) -> None:
        """This order has changed: is it held now, on other terms, or no more?"""
        name, router = order.cl_ord_id, self._wiring.router_of(order.cl_ord_id)
        if order.state is not OrderState.HELD:
            if self._held.pop(name, None) is not None:
                self._post(router, ForgetStop(self._term.epoch, name))
            return
        stop = _stop_of(order)
        if self._held.get(name) != stop:
            self._held[name] = stop
            self._post(router, WatchStop(self._term.epoch, stop))

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._held)

    def on_reached(self, sender: Address, reached: StopReached) -> None:
        """The market is there: what the order is now goes to the gate like any other."""
        term, name = self._term, reached.cl_ord_id
        if name not in self._held:
            return  # it has been set off, or taken back
        command = TriggerStop(sender, name, reached.stop_price_half_ticks, reached.venue, reached.seq)
        if term.execute(command):
            order = term.state.orders[name]
            self._runtime.write(self._wiring.risk, check_order(order, term.epoch))

    def see_to_it(self, instruments: Mapping[Symbol, Instrument]) -> None:
        """At every beat: is the day over for one of them?"""
        term, now_ns = self._term, self._runtime.now_ns
        for name in list(self._held):
            order = term.state.orders[name]
            assert order.held_ns is not None, "what is held has been held since some time"
            instrument = instruments.get(order.terms.symbol)
            ends_ns = over_ns(order.terms, order.held_ns, instrument) if instrument is not None else None
            if ends_ns is not None and now_ns >= ends_ns:
                term.execute(ExpireStop(self._runtime.address, name))


def _stop_of(order: Order) -> HeldStop:
    terms = order.terms
    assert terms.stop_price_half_ticks is not None, "a stop order without a stop price is malformed"
    return HeldStop(order.cl_ord_id, terms.symbol, terms.side, terms.stop_price_half_ticks)
