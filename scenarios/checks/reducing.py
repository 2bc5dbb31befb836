"""Where only what reduces may go, only what reduces goes."""

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle, Side
from squall.sim.trace import Handled, Record, Sent
from squall.system.domain.messages import SwitchTrading
from squall.system.domain.switches import Scope, TradingState

MILLISECOND = 1_000_000


class _OnlyWhatReduces:
    """The position is what the venues' executions come to. An order that reduces does so when it leaves as well: what
    else is in flight on its side was counted when it was let pass, and what is on the other side only makes room.
    """

    def __init__(self, stage: Stage, within_ns: int, proves: bool) -> None:
        self._proves = proves
        self._within_ns = within_ns
        self._console = stage.wiring.operator
        self._venues = {route.address: str(route.venue) for route in stage.wiring.venues}
        self._since: dict[str, int] = {}
        """Venues that a person has set to reducing, and when."""
        self._net: dict[str, int] = {}
        self._sent: dict[str, None] = {}
        self._asked = False
        self._judged = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_word, Handled, SwitchTrading)
        stage.world.trace.watch(self._on_wire, Sent, NewOrderSingle)
        watch_standing(stage.world.trace, self._on_standing)

    def _on_word(self, record: Record) -> None:
        word: SwitchTrading = record.event.message
        if record.event.to != self._console or word.scope is not Scope.VENUE:
            return
        if word.state is TradingState.REDUCING:
            self._asked = True
            self._since.setdefault(word.name, record.at_ns)
        else:
            self._since.pop(word.name, None)

    def _on_standing(self, record: Record, change: Standing) -> None:
        self._net[change.symbol] = self._net.get(change.symbol, 0) + change.signed_lots

    def _on_wire(self, record: Record) -> None:
        sent: Sent = record.event
        order: NewOrderSingle = sent.message
        venue = self._venues.get(sent.to)
        if venue is None or order.cl_ord_id in self._sent:
            return
        self._sent[order.cl_ord_id] = None
        since_ns = self._since.get(venue)
        if since_ns is None or record.at_ns - since_ns <= self._within_ns:
            return
        self._judged += 1
        net, side = self._net.get(order.symbol, 0), order.side
        if -side.sign * net < order.quantity_lots:
            does = "buys" if side is Side.BUY else "sells"
            detail = f"{order.cl_ord_link_id} {does} {order.quantity_lots} {order.symbol} at {venue}, which is reducing"
            self._docket.violated(record, f"{detail}: the position is {net}")

    def ruling(self) -> Ruling:
        if self._proves and self._asked and not self._judged:
            return Ruling(Verdict.INCONCLUSIVE, "no order came to a venue that was reducing")
        return self._docket.ruling(f"{self._judged} orders went where only what reduces may go, and each did")


def only_what_reduces(within_ns: int = 100 * MILLISECOND, proves: bool = True) -> Promise:
    """A while after a person has set a venue to reducing, no order is sent there that could widen a position.

    A run in which somebody has and none came there proves nothing; where the day is drawn and this is one of many
    mishaps (*proves* is False), it need not.
    """
    name = "a reducing venue only gets what reduces"
    return Promise(name, "safety", lambda stage: _OnlyWhatReduces(stage, within_ns, proves), of_our_desk=True)
