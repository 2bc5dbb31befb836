"""The orderly end of a day (erratum 36): what goes, what stays, and what a close waits for."""

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import ExecType, OrdStatus, OrdType, Side, TimeInForce, VenueOpenOrder
from squall.system.config import MILLISECOND, SECOND, DeskConfig, RiskConfig
from squall.system.domain.claims import AlertRaised
from squall.system.domain.closing import agrees, at_rest, kept, stays
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import (
    AmendOrder,
    CancelAtVenue,
    CancelOrder,
    CheckReplace,
    KeptOrder,
    OrderChecked,
    OrderLeft,
    SwitchDone,
    SwitchTrading,
    VenueOpenOrders,
    VenueReport,
)
from squall.system.domain.orders import Order, OrderState
from squall.system.domain.switches import Scope, Switch, Switches, TradingState
from squall.system.domain.terms import HOUSE, Terms
from squall.system.services.oms import Oms
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.system.oms_stage import report
from tests.system.test_oms_service import Rig, submit

DAY, GTC = ClOrdID("pulse-ACME-1"), ClOrdID("pulse-ACME-2")
VENUE = Venue("exchange-a")
CLOSE = SwitchTrading(1, Scope.DESK, "", TradingState.CLOSING)
OPEN = SwitchTrading(2, Scope.DESK, "", TradingState.ACTIVE)
VENUES = Wiring((Instrument(Symbol("ACME")),), (VenueRoute(VENUE, "exchange-a", (Symbol("ACME"),)),))


def order(state: OrderState, term: TimeInForce = TimeInForce.GTC, attempt: int = 1, cum: int = 0) -> Order:
    terms = Terms(Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, term, 20_000)
    return Order(GTC, "pulse", terms, HOUSE, 0, state, cum_lots=cum, venue=VENUE, attempt=attempt)


def listed(name: str, cum: int = 0, leaves: int = 10) -> VenueOpenOrder:
    return VenueOpenOrder(
        name,
        name,
        "ACME",
        Side.BUY,
        OrdType.LIMIT,
        TimeInForce.GTC,
        20_000,
        cum + leaves,
        cum,
        leaves,
        OrdStatus.NEW,
        0,
    )


# --- the rule ---


def test_only_what_is_good_till_cancelled_and_was_let_out_stays() -> None:
    assert stays(order(OrderState.ACKNOWLEDGED))
    assert not stays(order(OrderState.PENDING_VALIDATION, attempt=0))
    assert not stays(order(OrderState.ACKNOWLEDGED, TimeInForce.DAY))


def test_what_anybody_waits_for_is_not_at_rest() -> None:
    resting = [state for state in OrderState if at_rest(order(state))]
    assert resting == [
        OrderState.ACKNOWLEDGED,
        OrderState.PARTIALLY_FILLED,
        OrderState.STOPPED,
        OrderState.SUSPENDED,
        OrderState.DONE_FOR_DAY,
    ]


def test_a_venue_agrees_where_it_lists_the_same_orders_with_as_much_done_and_left() -> None:
    ours = {GTC: order(OrderState.PARTIALLY_FILLED, cum=4)}
    assert agrees(VENUE, ours, [listed(GTC, 4, 6)])
    assert not agrees(VENUE, ours, [])
    assert not agrees(VENUE, ours, [listed(GTC, 5, 5)])
    assert not agrees(VENUE, ours, [listed(GTC, 4, 6), listed("another")])
    assert agrees(Venue("exchange-b"), ours, [])
    assert kept(ours.values()) == (KeptOrder(GTC, VENUE, 6),)


def test_the_strictest_state_counts_in_whatever_order_they_were_switched() -> None:
    closing = Switch(Scope.DESK, "", TradingState.CLOSING)
    reducing = Switch(Scope.STRATEGY, "pulse", TradingState.REDUCING)
    halted = Switch(Scope.SYMBOL, "ACME", TradingState.HALTED)
    for switches in ((closing, reducing), (reducing, closing)):
        assert Switches(switches).state_of("pulse", "ACME", "") is TradingState.CLOSING
    assert Switches((halted, closing, reducing)).state_of("pulse", "ACME", "") is TradingState.HALTED


# --- the leader ---


class Closing(Rig):
    """A leader with an order for the day and one that is good till cancelled at exchange-a, and a console."""

    def start(self) -> None:
        super().start()
        self.oms = Oms(self.runtime, self.config, VENUES)
        self.oms.on_start()

    def trade(self) -> "Closing":
        self.lead()
        self.runtime.streams.add("operator")
        for name, term in ((DAY, TimeInForce.DAY), (GTC, TimeInForce.GTC)):
            self.hear("strategy", replace(submit(name), time_in_force=term))
            self.hear("risk", OrderChecked(name, ()))
            self.sync()
            self.hear(
                "execution", OrderLeft(name, VENUE, 1), VenueReport(VENUE, name, report(ExecType.NEW, name).report)
            )
        self.sync()
        self.runtime.sent.clear()
        return self

    def close(self) -> None:
        self.hear("operator", CLOSE)
        self.sync()

    def told(self) -> list[tuple[int, tuple[str, ...]]]:
        return [(done.left, done.waits_for) for done in self.take(SwitchDone, "operator")]

    def list_(self, *orders: VenueOpenOrder, complete: bool = True) -> None:
        self.hear("reconciler", VenueOpenOrders(VENUE, orders, complete, 1, 0))
        self.sync()

    def canceled(self, name: ClOrdID) -> None:
        self.hear("execution", VenueReport(VENUE, name, report(ExecType.CANCELED, name).report))
        self.sync()
        self.beat_on(200 * MILLISECOND)
        self.sync()


def test_a_close_takes_the_day_s_orders_back_waits_for_them_and_then_for_the_venues_own_list() -> None:
    rig = Closing().trade()
    rig.close()
    assert [cancel.cl_ord_id for cancel in rig.take(CancelAtVenue, "execution")] == [DAY]
    assert rig.told() == [(1, (DAY,))]
    rig.list_(listed(DAY), listed(GTC))  # agrees, and says nothing while something is in flight
    assert rig.told() == []
    rig.canceled(DAY)
    assert rig.told() == []  # one venue now, as it was one order before: the number is what is told
    rig.list_(listed(GTC), complete=False)
    rig.list_(listed(GTC, 4, 6))
    assert rig.told() == []
    rig.list_(listed(GTC))
    (done,) = rig.take(SwitchDone, "operator")
    assert (done.left, done.kept) == (0, (KeptOrder(GTC, VENUE, 10),))
    assert rig.acted("risk.drain") == 1


def test_without_the_drain_a_close_is_said_to_be_done_at_once() -> None:
    rig = Closing(config=DeskConfig(risk=RiskConfig(drain=False))).trade()
    rig.close()
    assert rig.told() == [(0, ())]


def test_a_wish_to_cancel_what_stays_is_put_off_until_the_desk_is_open_again() -> None:
    rig = Closing().trade()
    rig.close()
    rig.take(CancelAtVenue)
    rig.hear("strategy", CancelOrder(GTC), AmendOrder(GTC, 1, 8, 20_000))
    rig.sync()
    assert rig.take(CancelAtVenue) == []
    assert rig.take(CheckReplace) == []
    rig.hear("operator", OPEN)
    rig.sync()
    assert [cancel.cl_ord_id for cancel in rig.take(CancelAtVenue)] == [GTC]


def test_a_close_that_does_not_come_to_its_end_says_what_it_waits_for() -> None:
    rig = Closing(config=DeskConfig(risk=RiskConfig(closing_patience_ns=1 * SECOND))).trade()
    rig.close()
    rig.canceled(DAY)
    for _ in range(8):
        rig.beat_on(200 * MILLISECOND)
        rig.sync()
    alerts = [
        claim.text for claim in rig.runtime.claims if isinstance(claim, AlertRaised) and claim.kind == "oms.closing"
    ]
    assert alerts == ["desk does not close: it waits for exchange-a"]
