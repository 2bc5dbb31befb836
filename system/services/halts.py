"""What is switched off, as a leader sees to it: others are told, what is open is cancelled, and that is proved."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from squall.system.domain.actors import Capacity, acting
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.commands import SetSwitch, WithdrawOrder
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import DeskMessage, SwitchDone, SwitchesTold, SwitchRefused, SwitchTrading
from squall.system.domain.orders import Order, OrderState, Trigger, allows
from squall.system.domain.switches import Scope, Switch, TradingState, refusal
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

if TYPE_CHECKING:
    from squall.system.services.term import Term

OF_NO_ORDER: Final = ClOrdID("")
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
        if term.execute(SetSwitch(actor, OF_NO_ORDER, switch)):
            what = f"{message.scope.value} {message.name}".strip()
            self._runtime.emit(AlertRaised("critical", "oms.switch", f"{actor}: {what} is {message.state.value}"))
            self._tell()
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
            for order in [order for order in term.state.orders.values() if self._is_halted(order)]:
                if order.state is not OrderState.PENDING_CANCEL and allows(order.state, Trigger.CANCEL_REQUESTED):
                    self._runtime.emit(ProtectionActed("risk.kill_switch", f"withdraws {order.cl_ord_id}"))
                    term.execute(WithdrawOrder(acting(Capacity.OPERATOR, "halt"), order.cl_ord_id))
        for thing, (sender, number) in self._asked.items():
            state, left = term.state.switches.of(*thing), 0
            if state is TradingState.HALTED:
                switch = Switch(*thing, state)
                left = sum(1 for order in term.state.orders.values() if self._concerns(switch, order))
            if self._left.get(thing) != left:
                self._left[thing] = left
                self._post(sender, SwitchDone(number, *thing, state, left))
                term.flush()

    def _is_halted(self, order: Order) -> bool:
        states = self._term.state.switches
        client = order.attribution.client or ""
        return states.state_of(order.strategy, order.terms.symbol, client, order.venue) is TradingState.HALTED

    @staticmethod
    def _concerns(switch: Switch, order: Order) -> bool:
        return switch.concerns(order.strategy, order.terms.symbol, order.attribution.client or "", order.venue)
