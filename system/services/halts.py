"""What is switched off or closes, as a leader sees to it: what is open is cancelled, or stays, and that is proved."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from squall.system.domain.actors import Capacity, acting
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.closing import agrees, at_rest, kept, stays
from squall.system.domain.commands import SetSwitch, WithdrawOrder
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.messages import (
    DeskMessage,
    SwitchDone,
    SwitchesTold,
    SwitchRefused,
    SwitchTrading,
    VenueOpenOrders,
)
from squall.system.domain.orders import Order, OrderState, Trigger, allows
from squall.system.domain.switches import Scope, Switch, TradingState, refusal
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

if TYPE_CHECKING:
    from squall.system.services.term import Term

OF_NO_ORDER: Final = ClOrdID("")
NAMED_MOST: Final = 5
"""Of what a close waits for, so many are named."""
Thing = tuple[Scope, str]


class Halts:
    """What is off stands in the journal, and so outlives the leader; who has asked to be told does not, and asks again.

    Risk and execution are told before the journal is safe: a halt that no log remembers has only stopped too much,
    and its sender, who got no answer, repeats it.
    """

    def __init__(
        self, term: "Term", runtime: Runtime, wiring: Wiring, post: Callable[[Address, DeskMessage], None]
    ) -> None:
        """*post* says something once what has been decided by now is safe."""
        self._term = term
        self._runtime = runtime
        self._wiring = wiring
        self._post = post
        self._asked: dict[Thing, tuple[Address, int]] = {}
        """Who wants to hear of it, under which number of theirs."""
        self._left: dict[Thing, int] = {}
        """How many open orders they were last told of."""
        self._names = {
            Scope.STRATEGY: wiring.strategy_names,
            Scope.VENUE: tuple(route.venue for route in wiring.venues),
            Scope.SYMBOL: tuple(instrument.symbol for instrument in wiring.instruments),
            Scope.CLIENT: wiring.client_names,
        }
        """What there is to be switched."""
        self._agreed: dict[Venue, None] = {}
        """Venues whose list has said what ours says, since something began to close and nothing of it was in flight."""
        self._put_off: dict[ClOrdID, WithdrawOrder] = {}
        """Wishes to cancel what stays while the desk closes."""
        self._since: dict[Thing, int] = {}
        """Since when (monotonic) a close has been waiting; removed once people were told."""

    def switch(self, sender: Address, message: SwitchTrading) -> None:
        """Somebody wants it so. Nothing, where we cannot answer for it: it will be repeated.

        What risk stops, and what is set going again, is heard with the kill switch off too: the throttle is another
        protection, and whom it has stopped somebody has to be able to set going again.
        """
        term, wiring = self._term, self._wiring
        of_person = sender != wiring.risk and message.state is not TradingState.ACTIVE
        if not term.answerable or (of_person and not term.config.risk.kill_switch):
            return
        thing, switch = (message.scope, message.name), Switch(message.scope, message.name, message.state)
        if sender != wiring.risk:
            reason = refusal(switch, self._names)
            if reason is not None:
                self._runtime.write(sender, SwitchRefused(message.number, *thing, reason))
                return
            self._asked[thing] = (sender, message.number)
            self._left.pop(thing, None)  # it is repeated: our last answer may be lost
        actor = sender if sender == wiring.risk else acting(Capacity.OPERATOR, sender)
        if message.state is TradingState.CLOSING:
            self._since.setdefault(thing, self._runtime.monotonic_ns)
        else:
            self._since.pop(thing, None)
        if term.execute(SetSwitch(actor, OF_NO_ORDER, switch)):
            what = f"{message.scope.value} {message.name}".strip()
            self._runtime.emit(AlertRaised("critical", "oms.switch", f"{actor}: {what} is {message.state.value}"))
            self._agreed.clear()
            self._tell()
        self.see_to_it()
        for command in [each for each in self._put_off.values() if not self.puts_off(each)]:
            del self._put_off[command.cl_ord_id]
            term.execute(command)

    def puts_off(self, command: WithdrawOrder) -> bool:
        """Whether the order stays for now, since the desk closes. Then the wish is remembered, and done afterwards."""
        order = self._term.state.orders.get(command.cl_ord_id)
        if order is None or not stays(order) or self.state_of(order) is not TradingState.CLOSING:
            return False
        self._put_off[command.cl_ord_id] = command
        return True

    def on_open_orders(self, message: VenueOpenOrders) -> None:
        """A venue's own list: while something closes it has to say what ours says."""
        if message.trades_complete and agrees(message.venue, self._term.state.orders, message.orders):
            self._agreed[message.venue] = None
        else:
            self._agreed.pop(message.venue, None)
        if self._asked:
            self.see_to_it()

    def _tell(self) -> None:
        term = self._term
        told = SwitchesTold(term.epoch, term.state.version, term.state.switches.all)
        for peer in (self._wiring.risk, self._wiring.execution):
            self._runtime.write(peer, told)

    def see_to_it(self) -> None:
        """Withdraw what is open and halted, and tell who asked how much of it is left. Done at every beat.

        A cancel may be refused, an order may come to a halted venue after all, and a leader may be new: what counts is
        what is open now.
        """
        term = self._term
        if term.state.switches.any and term.answerable:
            for order in [order for order in term.state.orders.values() if self._is_to_go(order)]:
                if order.state is not OrderState.PENDING_CANCEL and allows(order.state, Trigger.CANCEL_REQUESTED):
                    self._runtime.emit(ProtectionActed("risk.kill_switch", f"withdraws {order.cl_ord_id}"))
                    term.execute(WithdrawOrder(acting(Capacity.OPERATOR, "halt"), order.cl_ord_id))
        for thing, (sender, number) in self._asked.items():
            state = term.state.switches.of(*thing)
            switch = Switch(*thing, state)
            names: list[str] = []
            if state is TradingState.HALTED:
                names = [order.cl_ord_id for order in term.state.orders.values() if self._concerns(switch, order)]
            elif state is TradingState.CLOSING:
                names = self._closing(switch)
            left = len(names)
            if self._left.get(thing) != left:
                self._left[thing] = left
                stay = kept(self._staying(switch)) if state is TradingState.CLOSING and not left else ()
                self._post(sender, SwitchDone(number, *thing, state, left, tuple(names[:NAMED_MOST]), stay))
                term.flush()

    def _closing(self, switch: Switch) -> list[str]:
        """What a close waits for: what is in flight, and then each venue that has not confirmed what stays."""
        term, thing = self._term, (switch.scope, switch.name)
        if not term.config.risk.drain:
            return []
        names: list[str] = [
            order.cl_ord_id
            for order in term.state.orders.values()
            if self._concerns(switch, order) and not at_rest(order)
        ]
        if names:
            self._agreed.clear()
        elif term.config.reconcile.open_orders:
            names = [route.venue for route in self._wiring.venues if route.venue not in self._agreed]
        since_ns = self._since.get(thing)
        if since_ns is None:
            return names
        if not names:
            del self._since[thing]
            what = f"{switch.scope.value} {switch.name}".strip()
            self._runtime.emit(ProtectionActed("risk.drain", f"{what}: nothing is in flight, the venues agree"))
        elif self._runtime.monotonic_ns - since_ns >= term.config.risk.closing_patience_ns:
            del self._since[thing]
            text = f"{switch.scope.value} {switch.name}".strip() + f" does not close: it waits for {', '.join(names)}"
            self._runtime.emit(AlertRaised("critical", "oms.closing", text))
        return names

    def _staying(self, switch: Switch) -> list[Order]:
        return [order for order in self._term.state.orders.values() if self._concerns(switch, order) and stays(order)]

    def state_of(self, order: Order) -> TradingState:
        """In which this order is to trade."""
        client = order.attribution.client or ""
        return self._term.state.switches.state_of(order.strategy, order.terms.symbol, client, order.venue)

    def _is_to_go(self, order: Order) -> bool:
        state = self.state_of(order)
        return state is TradingState.HALTED or (state is TradingState.CLOSING and not stays(order))

    @staticmethod
    def _concerns(switch: Switch, order: Order) -> bool:
        return switch.concerns(order.strategy, order.terms.symbol, order.attribution.client or "", order.venue)
