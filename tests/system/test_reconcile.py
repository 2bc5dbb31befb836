"""What follows from a venue's own account: rules, the service that asks, and the leader that heeds it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import (
    DropCopyHeartbeat,
    ExecType,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
    TradeCaptureReport,
    TradeCaptureReportRequest,
    TradeCaptureReportRequestAck,
    VenueOpenOrder,
)
from squall.system.config import MILLISECOND, SECOND, DeskConfig
from squall.system.domain.claims import AlertRaised
from squall.system.domain.commands import ApplyReport, JudgeOrder, MarkSent, PlaceOrder
from squall.system.domain.events import OrderFilled
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import (
    Alive,
    AreYouThere,
    OpenOrdersHeard,
    SyncReconciler,
    VenueOpenOrders,
    VenueTrades,
)
from squall.system.domain.oms import decide
from squall.system.domain.oms_state import OmsState, evolve
from squall.system.domain.orders import Order, OrderState
from squall.system.domain.reconcile import NONE, as_ended, as_report, compare
from squall.system.domain.terms import HOUSE, Terms
from squall.system.services.reconciler import FAILURES_TO_TELL, Reconciler
from squall.system.services.reconciliation import Reconciliation
from squall.system.wiring import VenueRoute, Wiring
from tests.fakes import FakeRuntime

A = Venue("exchange-a")
TERMS = Terms(Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 20_000)


def order(name: str = "o-1", cum: int = 0, venue: Venue = A, acknowledged: bool = True) -> Order:
    state = OrderState.PARTIALLY_FILLED if cum else OrderState.ACKNOWLEDGED
    return Order(
        ClOrdID(name), "pulse", TERMS, HOUSE, 0, state, cum_lots=cum, venue=venue, attempt=1, acknowledged=acknowledged
    )


def listed(name: str = "o-1", cum: int = 0) -> VenueOpenOrder:
    return VenueOpenOrder(
        name,
        name,
        "ACME",
        Side.BUY,
        OrdType.LIMIT,
        TimeInForce.DAY,
        20_000,
        10,
        cum,
        10 - cum,
        OrdStatus.NEW,
        0,
    )


def trade(number: int = 1, lots: int = 4, name: str = "o-1") -> TradeCaptureReport:
    return TradeCaptureReport(
        A,
        "execution",
        number,
        ExecType.TRADE,
        f"x-{number}",
        "",
        name,
        name,
        "ACME",
        Side.BUY,
        lots,
        20_000,
        2,
        lots,
        0,
    )


# --- the rule --------------------------------------------------------------------------------------


def test_an_order_is_over_when_two_lists_in_a_row_lack_it_and_it_has_not_moved() -> None:
    ours = {ClOrdID("o-1"): order()}
    first = compare(A, ours, (), NONE, trades_complete=True)
    assert first.over == ()

    second = compare(A, ours, (), first.suspicions, trades_complete=True)

    assert second.over == (order(),)


@pytest.mark.parametrize(
    ("now", "lists", "complete"),
    [
        (order(cum=4), (), True),
        (order(), (listed(),), True),
        (order(), (), False),
        (order(venue=Venue("exchange-b")), (), True),
        (order(acknowledged=False), (), True),
    ],
    ids=["it has moved", "it is there", "a trade is missing", "it is elsewhere", "it may be on its way"],
)
def test_an_order_is_not_over_where_the_second_list_may_mean_something_else(
    now: Order, lists: tuple[VenueOpenOrder, ...], complete: bool
) -> None:
    first = compare(A, {ClOrdID("o-1"): order()}, (), NONE, trades_complete=True)

    assert compare(A, {ClOrdID("o-1"): now}, lists, first.suspicions, complete).over == ()


def test_an_order_of_which_the_venue_counts_more_is_asked_about() -> None:
    found = compare(A, {ClOrdID("o-1"): order(cum=2)}, (listed(cum=6),), NONE, trades_complete=True)

    assert found.behind == (order(cum=2),)


def test_what_should_not_be_open_is_a_stray_the_second_time() -> None:
    first = compare(A, {}, (listed(),), NONE, trades_complete=True)
    assert first.strays == ()

    assert compare(A, {}, (listed(),), first.suspicions, trades_complete=True).strays == (listed(),)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=12))
def test_whatever_lists_come_only_what_two_in_a_row_agree_on_is_settled(
    rounds: list[tuple[bool, bool, bool]],
) -> None:
    """Each round: whether the desk has the order live, whether the venue lists it, whether all trades are known."""
    suspicions, before = NONE, (False, False)
    for live, there, complete in rounds:
        ours = {ClOrdID("o-1"): order()} if live else {}
        found = compare(A, ours, (listed(),) if there else (), suspicions, complete)
        missing, stray = live and not there, there and not live
        assert bool(found.over) is (missing and before[0] and complete)
        assert bool(found.strays) is (stray and before[1])
        # What was settled is done with: the desk acts on it before the next list.
        suspicions, before = found.suspicions, (missing and not found.over, stray)


def test_a_trade_that_is_inferred_and_its_late_report_are_one_execution() -> None:
    state = OmsState()
    name = ClOrdID("o-1")
    for command in (
        PlaceOrder("strategy:pulse", name, "pulse", TERMS, 0),
        JudgeOrder("risk", name, (), Epoch(1)),
        MarkSent("execution", name, A, 1),
    ):
        for event in decide(state, command, 1):
            evolve(state, event)
    inferred = ApplyReport("recovery:oms1", name, A, as_report(trade()))
    for event in decide(state, inferred, 2):
        assert isinstance(event, OrderFilled)
        evolve(state, event)
    assert ExecID("x-1") in state.exec_ids

    late = replace(as_report(trade()), leaves_lots=6, order_id="exchange-a-o-1")

    assert decide(state, ApplyReport(A, name, A, late), 3) == ()
    assert state.orders[name].cum_lots == 4


def test_every_leader_gives_the_same_name_to_an_end_that_it_infers() -> None:
    assert as_ended(order(cum=4), A).exec_id == as_ended(order(cum=4), A).exec_id == "exchange-a/o-1/over"
    assert as_ended(order(cum=4), A).cum_lots == 4


# --- the leader ------------------------------------------------------------------------------------


def test_a_list_settles_nothing_unless_it_was_asked_for_when_the_last_one_had_come() -> None:
    """Two of them were under way together: the order has been acknowledged since both were made (swarm, seed 1205)."""
    state = OmsState()
    state.orders[ClOrdID("o-1")] = order()
    ended: list[ApplyReport] = []
    runtime = FakeRuntime("oms1")
    runtime.streams.add("reconciler")
    leader = Reconciliation(
        runtime, Epoch(1), "execution", lambda: state, lambda report: not ended.append(report), lambda orders: None
    )
    for number, after in ((4, 3), (5, 3), (6, 4), (7, 6)):
        assert ended == []
        leader.on_open_orders("reconciler", VenueOpenOrders(A, (), True, number, after), DeskConfig().reconcile)

    assert [report.cl_ord_id for report in ended] == ["o-1"]
    assert [heard.number for heard in runtime.take(OpenOrdersHeard, "reconciler")] == [4, 5, 6, 7]


# --- the service -----------------------------------------------------------------------------------


class Rig:
    """A reconciler that watches one venue, and a leader that has said who it is."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime("reconciler")
        self.config = DeskConfig().reconcile
        wiring = Wiring(instruments=(), venues=(VenueRoute(A, "exchange-a", (Symbol("ACME"),)),))
        self.program = Reconciler(self.runtime, DeskConfig(), wiring)
        self.program.on_start()
        self.runtime.connect(self.program, "exchange-a")
        self.hear("exchange-a", TradeCaptureReportRequestAck("execution", 1, 0))
        self.runtime.streams.add("oms1")
        self.hear("oms1", SyncReconciler(Epoch(1), "oms1"))

    def hear(self, sender: str, *messages: Any) -> None:
        for message in messages:
            self.program.on_message(sender, message)

    def pass_time(self, ns: int) -> None:
        self.runtime.advance(self.program, ns)

    def told(self, kind: type) -> list[Any]:
        return self.runtime.take(kind, "oms1")

    def asked(self, kind: type) -> list[Any]:
        return self.runtime.take(kind, "exchange-a")

    def answer(self, *orders: VenueOpenOrder, last: int = 0) -> None:
        query = self.asked(OrderMassStatusRequest)[-1]
        self.hear("exchange-a", OrderMassStatusReport("execution", query.attempt, orders, last, 0))


def test_who_knocks_is_answered() -> None:
    rig = Rig()
    rig.runtime.streams.add("monitor")
    rig.hear("monitor", AreYouThere(3))
    assert rig.runtime.take(Alive, "monitor") == [Alive(3)]


def test_it_asks_for_trades_and_open_orders_as_soon_as_a_venue_can_be_reached() -> None:
    rig = Rig()

    assert rig.asked(TradeCaptureReportRequest) == [TradeCaptureReportRequest("reconciler", "execution", 0, 1)]
    assert rig.asked(OrderMassStatusRequest)


def test_trades_are_handed_on_together_after_a_while() -> None:
    rig = Rig()
    rig.hear("exchange-a", trade(1), trade(2))
    rig.pass_time(rig.config.grace_ns - 1)
    assert rig.told(VenueTrades) == []

    rig.pass_time(1)

    assert rig.told(VenueTrades) == [VenueTrades(A, (trade(1), trade(2)))]


def test_a_gap_is_asked_for_until_it_is_filled_and_what_comes_behind_it_waits() -> None:
    rig = Rig()
    rig.asked(TradeCaptureReportRequest)
    rig.hear("exchange-a", trade(1), trade(3))
    rig.pass_time(2 * rig.config.gap_timeout_ns)
    assert [request.after for request in rig.asked(TradeCaptureReportRequest)] == [1, 1]

    rig.hear("exchange-a", trade(2), trade(3), trade(3))
    rig.pass_time(SECOND)

    assert rig.asked(TradeCaptureReportRequest) == []
    assert [each.number for told in rig.told(VenueTrades) for each in told.trades] == [1, 2, 3]


def test_a_loss_at_the_tail_shows_in_a_heartbeat() -> None:
    rig = Rig()
    rig.asked(TradeCaptureReportRequest)

    rig.hear("exchange-a", DropCopyHeartbeat("execution", 2, 1))
    rig.pass_time(rig.config.gap_timeout_ns)

    assert [request.after for request in rig.asked(TradeCaptureReportRequest)] == [0]


def test_a_list_goes_to_the_leader_behind_the_trades_and_says_whether_they_are_all() -> None:
    rig = Rig()
    rig.hear("exchange-a", trade(1))
    rig.answer(listed(), last=1)
    assert [type(message) for _, message in rig.runtime.sent if not hasattr(message, "of")] == [
        VenueTrades,
        VenueOpenOrders,
    ]
    [first] = rig.told(VenueOpenOrders)
    assert first.trades_complete

    rig.hear("oms1", OpenOrdersHeard(A, first.number))
    rig.pass_time(rig.config.interval_ns)
    rig.answer(listed(), last=2)

    assert not rig.told(VenueOpenOrders)[0].trades_complete


def test_a_list_says_which_one_the_leader_had_confirmed_when_it_was_asked_for() -> None:
    rig = Rig()
    rig.answer(listed())
    rig.pass_time(rig.config.interval_ns)  # asked for again, while the first is on its way
    [first] = rig.told(VenueOpenOrders)
    rig.hear("oms2", OpenOrdersHeard(A, first.number))  # it does not lead
    rig.hear("oms1", OpenOrdersHeard(A, first.number))
    rig.answer(listed())
    [second] = rig.told(VenueOpenOrders)
    assert (first.after, second.after) == (0, 0)

    rig.hear("oms1", OpenOrdersHeard(A, second.number))
    rig.pass_time(rig.config.interval_ns)
    rig.answer(listed())

    assert [told.after for told in rig.told(VenueOpenOrders)] == [second.number]


def test_a_new_leader_has_confirmed_no_list() -> None:
    rig = Rig()
    rig.answer(listed())
    [first] = rig.told(VenueOpenOrders)
    rig.hear("oms1", OpenOrdersHeard(A, first.number))
    rig.runtime.streams.add("oms2")

    rig.hear("oms2", SyncReconciler(Epoch(2), "oms2"))
    rig.answer(listed())

    assert [told.after for told in rig.runtime.take(VenueOpenOrders, "oms2")] == [0]


def test_a_query_that_fails_is_unknown_and_never_flat() -> None:
    rig = Rig()
    rig.pass_time(FAILURES_TO_TELL * rig.config.interval_ns + rig.config.timeout_ns)

    assert rig.told(VenueOpenOrders) == []
    [alert] = [claim for claim in rig.runtime.claims if isinstance(claim, AlertRaised)]
    assert alert.kind == "reconcile.unknown"


def test_an_answer_to_a_query_that_was_given_up_is_no_news() -> None:
    rig = Rig()
    [query] = rig.asked(OrderMassStatusRequest)[-1:]
    rig.pass_time(rig.config.timeout_ns)

    rig.hear("exchange-a", OrderMassStatusReport("execution", query.attempt, (), 0, 0))

    assert rig.told(VenueOpenOrders) == []


def test_a_new_leader_is_told_everything_anew_and_an_old_one_is_not_heeded() -> None:
    rig = Rig()
    rig.hear("exchange-a", trade(1))
    rig.pass_time(SECOND)
    rig.told(VenueTrades)
    rig.runtime.streams.add("oms2")
    rig.hear("oms2", SyncReconciler(Epoch(2), "oms2"))
    assert rig.runtime.take(VenueTrades, "oms2") == [VenueTrades(A, (trade(1),))]

    rig.hear("oms1", SyncReconciler(Epoch(1), "oms1"))

    assert rig.told(VenueTrades) == []


def test_a_lost_stream_is_opened_again_and_the_trades_are_asked_for_from_where_they_ended() -> None:
    rig = Rig()
    rig.hear("exchange-a", trade(1))
    rig.asked(TradeCaptureReportRequest)
    rig.runtime.disconnect(rig.program, "exchange-a")
    opened = len(rig.runtime.opened)
    rig.pass_time(200 * MILLISECOND)
    assert rig.runtime.opened[opened:] == ["exchange-a"]

    rig.runtime.connect(rig.program, "exchange-a")

    assert [request.after for request in rig.asked(TradeCaptureReportRequest)] == [1]


def test_a_request_that_the_venue_drops_is_repeated_until_it_is_acknowledged() -> None:
    rig = Rig()
    rig.runtime.disconnect(rig.program, "exchange-a")
    rig.asked(TradeCaptureReportRequest)
    rig.runtime.connect(rig.program, "exchange-a")
    rig.pass_time(rig.config.timeout_ns)
    assert len(rig.asked(TradeCaptureReportRequest)) == 2

    rig.hear("exchange-a", TradeCaptureReportRequestAck("execution", 3, 0))
    rig.pass_time(3 * rig.config.timeout_ns)

    assert rig.asked(TradeCaptureReportRequest) == []


def test_after_a_restart_it_knocks_at_every_leader_there_may_be_until_one_has_said_who_it_is() -> None:
    """A leader that has nothing to write on the stream of our last life does not learn that we are gone."""
    rig = Rig()
    rig.runtime.opened.clear()
    rig.pass_time(2 * rig.config.interval_ns)
    assert rig.runtime.opened == []

    rig.runtime.disconnect(rig.program, "oms1")
    rig.pass_time(rig.config.interval_ns)
    assert rig.runtime.opened == ["oms1", "oms2"]
    rig.runtime.streams.add("oms2")
    rig.hear("oms2", SyncReconciler(Epoch(2), "oms2"))
    rig.pass_time(2 * rig.config.interval_ns)

    assert rig.runtime.opened == ["oms1", "oms2"]


def test_a_knock_does_not_hang_up_on_a_leader_that_has_just_opened_and_says_next_who_it_is() -> None:
    rig = Rig()
    rig.runtime.disconnect(rig.program, "oms1")
    rig.runtime.connect(rig.program, "oms2")
    rig.runtime.opened.clear()
    rig.pass_time(rig.config.interval_ns)
    assert rig.runtime.opened == rig.runtime.closed == ["oms1"]

    rig.runtime.disconnect(rig.program, "oms2")
    rig.pass_time(rig.config.interval_ns)
    assert rig.runtime.opened == ["oms1", "oms1", "oms2"]
