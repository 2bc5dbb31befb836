"""Lives of orders for any OMS: a Hypothesis state machine that a project plugs its own OMS into.

Subclass `OrderLives`, say in `open_oms` what OMS there is, and hand `TestCase` to pytest:

    class OurLives(OrderLives):
        def open_oms(self) -> OmsUnderTest:
            return OurOms()

    TestOurLives = OurLives.TestCase

The machine plays the client, a venue and the line between them: orders are submitted, cancelled and replaced; the venue
acknowledges, refuses, fills, expires, cancels unasked, busts and corrects; what it says comes twice, out of order, or
is lost with the session; the OMS is restarted. Whatever happens, no order may be sent twice or be over-filled, and
once everything that can be heard has been heard, the OMS has to say of each order what the venue says.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct

from squall.sim.exchange.wire.words import OrdStatus, OrdType, Side, TimeInForce
from squall.testing.lives_venue import LivesVenue, Request, Said, VenueOrder

__all__ = ["LivesVenue", "NewOrder", "OmsUnderTest", "OrderLives", "OrderView", "Request", "Said"]

SYMBOL: Final = "ACME"
NAMES: Final = ("first", "second", "third")
PATIENCE: Final = 24
"""How many rounds of asking and answering are enough for any OMS to find out what there is to know."""


class NewOrder(Struct, frozen=True):
    """What a client wants: a DAY limit order. Lots are positive, the side is explicit; the price is in half ticks."""

    name: str
    symbol: str
    side: Side
    quantity_lots: int
    price_half_ticks: int


class OrderView(Struct, frozen=True):
    """What an OMS says of one order."""

    ended: bool
    """Nothing will happen to it any more, busts and corrections apart."""
    quantity_lots: int
    cum_lots: int
    notional: int
    """Price × lots over all executions that stand, in half tick × lot: from it the average price is exact."""


class OmsUnderTest(Protocol):
    """An OMS as its client, its venue and its machine see it. Nothing happens but in these calls.

    `requests` hands over what it wants to write to the venue, since it was last asked for that. It is asked only while
    the session stands; what was handed over may be lost with the session all the same.
    """

    def submit(self, order: NewOrder) -> None:
        """A client's command; the same one again is no news."""

    def cancel(self, name: str) -> None:
        """A client wants the order back; it may never have been submitted, or have ended."""

    def replace(self, name: str, quantity_lots: int, price_half_ticks: int) -> None:
        """A client wants the whole order to be so many lots (executed ones included), at this price."""

    def heard(self, said: Said) -> None:
        """The venue speaks."""

    def session_lost(self) -> None:
        """What either side had written and the other not read is gone. The venue has discarded it."""

    def session_stands(self) -> None:
        """A new session: whatever the venue says from here on, it says on this one."""

    def time_passes(self) -> None:
        """Long enough that every time-out is over: whoever waits for an answer asks."""

    def restart(self) -> None:
        """The process dies and starts again, with what it had on its disk."""

    def requests(self) -> Sequence[Request]:
        """What it wants to write now, in order."""

    def orders(self) -> Mapping[str, OrderView]:
        """Every order that it ever took, by its client's name."""

    def position_lots(self, symbol: str) -> int:
        """Signed: long is positive."""


Item = TypeVar("Item")

_names = st.sampled_from(NAMES)
_lots = st.integers(1, 12)
_prices = st.integers(19_990, 20_010)
_picks = st.integers(0, 7)
_works = st.integers(0, 3)
"""How many messages pass each way right after something has happened, so that much can happen in few steps."""


class OrderLives(RuleBasedStateMachine):
    """The client, the venue, and the line between them. `open_oms` is to be overridden."""

    def open_oms(self) -> OmsUnderTest:
        """The OMS, before it has seen any order."""
        raise NotImplementedError("open_oms: say which OMS is to be tested")

    @initialize(side=st.sampled_from(Side), quantity=_lots, price=_prices, works=_works)
    def a_day_begins(self, side: Side, quantity: int, price: int, works: int) -> None:
        self.oms = self.open_oms()
        self.venue = LivesVenue()
        self.asked: dict[str, NewOrder] = {}
        """What clients have submitted."""
        self.written: list[Request] = []
        """On its way to the venue, the oldest first."""
        self.past: list[Said] = []
        """What the OMS has heard on this session."""
        self.session = True
        self.oms.session_stands()
        self.submit(NAMES[0], side, quantity, price, works)

    # --- the client ---

    @rule(name=_names, side=st.sampled_from(Side), quantity=_lots, price=_prices, works=_works)
    def submit(self, name: str, side: Side, quantity: int, price: int, works: int) -> None:
        """Once, or again: a repeated command is what it was."""
        order = self.asked.setdefault(name, NewOrder(name, SYMBOL, side, quantity, price))
        self.oms.submit(order)
        self._line_works(works)

    @rule(pick=_picks, works=_works)
    def ask_to_cancel(self, pick: int, works: int) -> None:
        self.oms.cancel(_pick(tuple(self.asked), pick))
        self._line_works(works)

    @rule(pick=_picks, quantity=_lots, price=_prices, works=_works)
    def ask_to_replace(self, pick: int, quantity: int, price: int, works: int) -> None:
        self.oms.replace(_pick(tuple(self.asked), pick), quantity, price)
        self._line_works(works)

    # --- the line ---

    @rule(works=st.integers(1, 6), refuse=st.booleans())
    def the_line_works(self, works: int, refuse: bool) -> None:
        """Over a session that is begun, if none stands. The venue may refuse what it is asked next."""
        if not self.session:
            self._log_on()
        if refuse:
            self.written += self.oms.requests()
            if self.written:
                self.venue.take(self.written.pop(0), refuse=True)
        self._line_works(works)

    @precondition(lambda self: self.session and len(self.venue.said) > 1)
    @rule(pick=_picks)
    def hear_out_of_order(self, pick: int) -> None:
        """Something overtakes what the venue said before it."""
        self._hear(1 + pick % (len(self.venue.said) - 1))

    @precondition(lambda self: self.session and self.past)
    @rule(pick=_picks)
    def hear_again(self, pick: int) -> None:
        """Some of what was heard is heard once more."""
        self.oms.heard(_pick(self.past, pick))

    @precondition(lambda self: self.session)
    @rule()
    def lose_the_session(self) -> None:
        """With all that is on its way."""
        self.session = False
        self.written.clear()
        self.venue.said.clear()
        self.past.clear()
        self.oms.session_lost()

    @rule(works=_works)
    def wait(self, works: int) -> None:
        self.oms.time_passes()
        self._line_works(works)

    @rule()
    def restart(self) -> None:
        """The process loses what it has not written down, and its session with it."""
        if self.session:
            self.lose_the_session()
        before = self.oms.orders()
        self.oms.restart()
        assert self.oms.orders() == before, "an OMS that restarts is what it was"

    # --- the venue, of its own accord ---

    @precondition(lambda self: self.venue.standing)
    @rule(pick=_picks, lots=_lots, price=_prices, works=_works)
    def execute(self, pick: int, lots: int, price: int, works: int) -> None:
        self.venue.execute(_pick(self.venue.standing, pick), lots, price)
        self._line_works(works)

    @precondition(lambda self: self.venue.standing)
    @rule(pick=_picks, status=st.sampled_from((OrdStatus.CANCELED, OrdStatus.EXPIRED)), works=_works)
    def end_unasked(self, pick: int, status: OrdStatus, works: int) -> None:
        self.venue.end(_pick(self.venue.standing, pick), status)
        self._line_works(works)

    @precondition(lambda self: self.venue.executions)
    @rule(pick=_picks, works=_works)
    def bust(self, pick: int, works: int) -> None:
        self.venue.bust(_pick(tuple(self.venue.executions), pick))
        self._line_works(works)

    @precondition(lambda self: self.venue.executions)
    @rule(pick=_picks, price=_prices, works=_works)
    def correct(self, pick: int, price: int, works: int) -> None:
        self.venue.correct(_pick(tuple(self.venue.executions), pick), price)
        self._line_works(works)

    # --- what has to hold ---

    @invariant()
    def no_order_is_sent_twice(self) -> None:
        """Whatever name a copy bears: ClOrdLinkID says whose it is."""
        links = [order.request.cl_ord_link_id for order in self.venue.orders.values()]
        assert len(links) == len(set(links)), f"the venue has taken an order more than once: {links}"
        for link in links:
            assert link in self.asked, f"the venue has an order {link!r} that nobody submitted"

    @invariant()
    def what_is_sent_is_what_was_asked_for(self) -> None:
        for order in self.venue.orders.values():
            asked = self.asked[order.request.cl_ord_link_id]
            sent = order.request
            assert (sent.symbol, sent.side, sent.ord_type, sent.time_in_force) == (
                asked.symbol,
                asked.side,
                OrdType.LIMIT,
                TimeInForce.DAY,
            )

    @invariant()
    def nothing_is_filled_that_was_not_executed(self) -> None:
        """Also in the middle of things: lots that the OMS counts are lots that the venue has executed at some time."""
        ever = {order.request.cl_ord_link_id: order for order in self.venue.orders.values()}
        for name, view in self.oms.orders().items():
            assert view.cum_lots >= 0, f"{name}: {view}"
            if name not in ever:
                assert view.cum_lots == 0, f"{name} has fills, and the venue has no such order: {view}"

    @invariant()
    def the_position_is_what_the_orders_say(self) -> None:
        held = sum(self.asked[name].side.sign * view.cum_lots for name, view in self.oms.orders().items())
        assert self.oms.position_lots(SYMBOL) == held

    def teardown(self) -> None:
        """The line stands, everybody has time: then the OMS says of each order what the venue says."""
        if not hasattr(self, "oms"):
            return
        self._converge()
        said = self.oms.orders()
        assert list(said) == [name for name in self.asked if name in said]
        assert set(said) == set(self.asked), f"taken: {list(said)}, submitted: {list(self.asked)}"
        at_venue = {order.request.cl_ord_link_id: order for order in self.venue.orders.values()}
        for name, view in said.items():
            order = at_venue.get(name)
            assert view == _true_view(self.asked[name], view, order), f"{name}: {view}, at the venue {_told(order)}"

    # --- how ---

    def _hear(self, index: int) -> None:
        said = self.venue.said.pop(index)
        self.past.append(said)
        self.oms.heard(said)

    def _log_on(self) -> None:
        self.session = True
        self.venue.said.clear()
        self.oms.session_stands()

    def _line_works(self, messages: int) -> None:
        """So many messages pass, each way. What a venue says while no session stands is not kept for the next one."""
        if not self.session:
            self.venue.said.clear()
            return
        self.written += self.oms.requests()
        for _ in range(min(messages, len(self.written))):
            self.venue.take(self.written.pop(0))
        for _ in range(min(messages, len(self.venue.said))):
            self._hear(0)

    def _converge(self) -> None:
        if not self.session:
            self._log_on()
        for _ in range(PATIENCE):
            self.written += self.oms.requests()
            while self.written:
                self.venue.take(self.written.pop(0))
            while self.venue.said:
                self._hear(0)
            self.oms.time_passes()


def _pick(these: Sequence[Item], pick: int) -> Item:
    return these[pick % len(these)]


def _true_view(asked: NewOrder, view: OrderView, order: VenueOrder | None) -> OrderView:
    """What is so. An order that no venue ever took has ended with nothing, whatever quantity it was to have by then."""
    if order is None:
        return OrderView(True, view.quantity_lots, 0, 0)
    return OrderView(order.ended, order.quantity_lots, order.cum_lots, order.notional)


def _told(order: VenueOrder | None) -> str:
    if order is None:
        return "there is none"
    return f"{order.status.value}, {order.cum_lots} of {order.quantity_lots} lots, {order.notional} in all"
