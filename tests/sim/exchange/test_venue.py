"""The venue as its clients see it, over a machine with no world behind it."""

from typing import Any

import pytest
from msgspec import Struct

from squall.sim.exchange.engine import Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.rules import PASS, Fate, Report, Request, Rules
from squall.sim.exchange.venue import Venue, VenueSpec
from squall.sim.exchange.wire.depth import DepthEntry, DepthIncrement
from squall.sim.exchange.wire.messages import (
    BookUpdate,
    BusinessReject,
    BusinessRejectReason,
    CxlRejReason,
    ExecType,
    ExecutionReport,
    FeedHeartbeat,
    Heartbeat,
    Level,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Side,
    Snapshot,
    SnapshotRequest,
    TimeInForce,
)
from squall.sim.trace import (
    Record,
    TouchChanged,
    Trace,
    VenueAccepted,
    VenueClosed,
    VenueExecuted,
    VenueIgnored,
    VenueRefused,
)
from tests.fakes import FakeRuntime

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
DESK = "execution"


class StoppedClock:
    now_ns = 0
    cause = 0


class Story:
    """A venue, its machine, its engine, and what the world observed of it."""

    def __init__(self, **spec: Any) -> None:
        self.runtime = FakeRuntime("exchange-a")
        self.engine = MatchingEngine([Listing("ACME", 200)])
        self.observed: list[Any] = []
        self.trace = Trace(StoppedClock())
        for event in (VenueAccepted, VenueExecuted, VenueClosed, VenueRefused, VenueIgnored, TouchChanged):
            self.trace.watch(self.on_record, event)
        self.spec = VenueSpec("exchange-a", subscribers_a=("md/A",), subscribers_b=("md/B",), **spec)
        self.restart()

    def on_record(self, record: Record) -> None:
        assert (record.host, record.claimed) == ("exchange-a", False)
        self.observed.append(record.event)

    def restart(self) -> None:
        self.runtime.streams.clear()
        self.runtime.timers.clear()
        self.rules = Rules()
        self.venue = Venue(self.runtime, self.spec, self.engine, self.trace, self.rules)
        self.venue.on_start()

    def log_on(self, session: int = 1, peer: str = DESK, sender: str = DESK) -> LogonAccepted:
        self.runtime.connect(self.venue, peer)
        self.tell(Logon(sender, session), peer)
        [accepted] = self.runtime.take(LogonAccepted, peer)
        assert isinstance(accepted, LogonAccepted)
        return accepted

    def tell(self, message: Any, peer: str = DESK) -> None:
        self.venue.on_message(peer, message)

    def others(self, side: Side, lots: int, price: int | None) -> None:
        """A participant's order."""
        self.engine.place("ACME", side, lots, price)
        self.engine.publish("ACME")

    def reports(self) -> list[ExecutionReport]:
        return self.runtime.take(ExecutionReport)

    def told(self) -> list[tuple[ExecType, int, int, int]]:
        """Of each report: type, cumulative, leaves and last quantity."""
        return [(r.exec_type, r.cum_lots, r.leaves_lots, r.last_lots) for r in self.reports()]

    def status(self, cl_ord_id: str) -> OrderStatusReport:
        self.tell(OrderStatusRequest(cl_ord_id, 1))
        [report] = self.runtime.take(OrderStatusReport)
        assert isinstance(report, OrderStatusReport)
        return report

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.observed if isinstance(event, kind)]


def order(
    name: str, side: Side = Side.BUY, lots: int = 10, price: int | None = 200, ioc: bool = False
) -> NewOrderSingle:
    ord_type = OrdType.LIMIT if price is not None else OrdType.MARKET
    time_in_force = TimeInForce.IOC if ioc else TimeInForce.DAY
    return NewOrderSingle(name, f"link-{name}", "ACME", side, lots, ord_type, time_in_force, price)


@pytest.fixture
def story() -> Story:
    return Story()


# --- an order's life -------------------------------------------------------------------------------


def test_an_order_is_acknowledged_and_then_told_of_each_trade(story: Story) -> None:
    story.log_on()
    story.others(Side.SELL, 4, 200)
    story.tell(order("a"))
    story.others(Side.SELL, 6, 200)
    reports = story.reports()
    assert [(r.exec_type, r.ord_status, r.cum_lots, r.leaves_lots, r.last_lots) for r in reports] == [
        (ExecType.NEW, OrdStatus.NEW, 0, 10, 0),
        (ExecType.TRADE, OrdStatus.PARTIALLY_FILLED, 4, 6, 4),
        (ExecType.TRADE, OrdStatus.FILLED, 10, 0, 6),
    ]
    assert [r.exec_id for r in reports] == ["exchange-a/a/1", "exchange-a/a/2", "exchange-a/a/3"]
    assert {r.order_id for r in reports} == {"exchange-a-a"}


def test_the_world_sees_acceptance_executions_and_end_of_the_desks_orders_only(story: Story) -> None:
    story.log_on()
    story.others(Side.SELL, 4, 200)
    story.others(Side.BUY, 1, None)
    story.tell(order("a", lots=3))
    assert story.seen(VenueAccepted) == [VenueAccepted("exchange-a", "a", "link-a", "ACME", True, 3, 200, False)]
    assert story.seen(VenueExecuted) == [
        VenueExecuted("exchange-a", "exchange-a/a/2", "a", "link-a", "ACME", True, 3, 200)
    ]
    assert story.seen(VenueClosed) == [VenueClosed("exchange-a", "a", "link-a", 0)]


@pytest.mark.parametrize("price", [200, None])
def test_what_is_left_of_an_ioc_or_market_order_is_canceled(story: Story, price: int | None) -> None:
    story.log_on()
    story.others(Side.SELL, 4, 200)
    story.tell(order("a", price=price, ioc=True))
    assert story.told() == [(ExecType.NEW, 0, 10, 0), (ExecType.TRADE, 4, 6, 4), (ExecType.CANCELED, 4, 0, 0)]
    assert story.seen(VenueClosed) == [VenueClosed("exchange-a", "a", "link-a", 6)]
    assert story.status("a").status is OrdStatus.CANCELED
    assert story.venue.ledger.live_orders == ()


def test_a_cancel_is_confirmed_and_a_second_one_comes_too_late(story: Story) -> None:
    story.log_on()
    story.tell(order("a"))
    story.reports()
    story.tell(OrderCancelRequest("c1", "a", "ACME", Side.BUY))
    assert story.told() == [(ExecType.CANCELED, 0, 0, 0)]
    story.tell(OrderCancelRequest("c2", "a", "ACME", Side.BUY))
    story.tell(OrderCancelRequest("c3", "never", "ACME", Side.BUY))
    assert story.runtime.take(OrderCancelReject) == [
        OrderCancelReject("c2", "a", CxlRejReason.TOO_LATE, ord_status=OrdStatus.CANCELED),
        OrderCancelReject("c3", "never", CxlRejReason.UNKNOWN_ORDER),
    ]


def test_bad_orders_are_rejected_with_the_reason(story: Story) -> None:
    story.log_on()
    story.tell(order("a", lots=0))
    story.tell(order("b", price=201))
    assert [(r.exec_type, r.reason) for r in story.reports()] == [
        (ExecType.REJECTED, OrdRejReason.INVALID_QUANTITY),
        (ExecType.REJECTED, OrdRejReason.INVALID_PRICE),
    ]
    assert story.seen(VenueRefused) == [
        VenueRefused("exchange-a", "a", "invalid quantity"),
        VenueRefused("exchange-a", "b", "invalid price"),
    ]
    assert story.status("a").status is OrdStatus.REJECTED
    assert story.seen(VenueAccepted) == []


def test_a_status_query_lists_every_execution_and_knows_what_it_does_not_know(story: Story) -> None:
    story.log_on()
    story.tell(order("a"))
    story.others(Side.SELL, 4, 200)
    story.others(Side.SELL, 1, 200)
    report = story.status("a")
    assert (report.status, report.cum_lots, report.leaves_lots) == (OrdStatus.PARTIALLY_FILLED, 5, 5)
    assert [(e.exec_id, e.lots, e.price_half_ticks) for e in report.executions] == [
        ("exchange-a/a/2", 4, 200),
        ("exchange-a/a/3", 1, 200),
    ]
    assert story.status("nobody").status is None


# --- the same ClOrdID again ------------------------------------------------------------------------


def test_a_cl_ord_id_is_refused_the_second_time_even_on_another_session_and_long_after_its_end(
    story: Story,
) -> None:
    story.log_on()
    story.others(Side.SELL, 10, 200)
    story.tell(order("a"))
    story.runtime.disconnect(story.venue, DESK)
    story.log_on(2)
    story.reports()
    story.tell(order("a"))
    [report] = story.reports()
    assert (report.exec_type, report.reason) == (ExecType.REJECTED, OrdRejReason.DUPLICATE_ORDER)
    assert report.exec_id == "exchange-a/a/3", "ExecIDs stay unique"
    assert story.seen(VenueRefused) == [VenueRefused("exchange-a", "a", "duplicate ClOrdID")]
    status = story.status("a")
    assert (status.status, status.cum_lots) == (OrdStatus.FILLED, 10), "the first one is what it was"


def test_a_venue_that_does_not_refuse_duplicates_trades_both() -> None:
    story = Story(refuse_duplicates=False)
    story.log_on()
    story.tell(order("a"))
    story.tell(order("a"))
    story.others(Side.SELL, 14, 200)
    executed = story.seen(VenueExecuted)
    assert [(e.cl_ord_id, e.lots) for e in executed] == [("a", 10), ("a", 4)]
    assert len({e.exec_id for e in executed}) == 2
    status = story.status("a")
    assert (status.status, status.cum_lots, status.leaves_lots) == (OrdStatus.PARTIALLY_FILLED, 14, 6)
    assert len(status.executions) == 2
    story.tell(OrderCancelRequest("c", "a", "ACME", Side.BUY))
    assert story.seen(VenueClosed)[-1].leaves_lots == 6
    assert story.status("a").status is OrdStatus.CANCELED


# --- sessions --------------------------------------------------------------------------------------


def test_a_stream_that_does_not_begin_with_a_logon_is_closed_and_its_order_is_not_taken(story: Story) -> None:
    story.runtime.connect(story.venue, DESK)
    story.tell(order("a"))
    assert story.runtime.closed == [DESK]
    assert story.observed == []
    story.log_on()
    assert story.status("a").status is None


def test_the_second_logon_says_that_the_session_before_it_is_dead(story: Story) -> None:
    assert story.log_on(1) == LogonAccepted(session=1, previous_session_closed=False)
    story.runtime.disconnect(story.venue, DESK)
    assert story.log_on(2) == LogonAccepted(session=2, previous_session_closed=True)
    assert story.log_on(1, peer="elsewhere", sender="other").previous_session_closed is False


def test_a_sender_that_logs_on_elsewhere_loses_the_stream_it_had(story: Story) -> None:
    story.log_on(1, peer="old")
    story.tell(order("a"), "old")
    story.runtime.sent.clear()
    assert story.log_on(2, peer="new").previous_session_closed
    assert story.runtime.closed == ["old"]
    story.others(Side.SELL, 10, 200)
    assert [to for to, message in story.runtime.sent if isinstance(message, ExecutionReport)] == ["new"]


def test_reports_for_a_sender_without_a_session_are_discarded_for_good_and_counted(story: Story) -> None:
    story.log_on()
    story.tell(order("a"))
    story.runtime.disconnect(story.venue, DESK)
    story.reports()
    story.others(Side.SELL, 10, 200)
    story.log_on(2)
    assert story.reports() == []
    assert story.venue.sessions.reports_discarded == 1
    assert story.seen(VenueExecuted)[0].lots == 10
    assert story.status("a").status is OrdStatus.FILLED, "a query brings it to light"


def test_heartbeats_go_out_each_second_on_live_sessions_and_on_no_others(story: Story) -> None:
    story.log_on()
    story.runtime.connect(story.venue, "mute")
    story.runtime.advance(story.venue, 2 * SECOND)
    beats = [(to, m.number) for to, m in story.runtime.sent if isinstance(m, Heartbeat)]
    assert beats == [(DESK, 1), (DESK, 2)]


def test_a_restarted_venue_takes_the_orders_of_its_former_life_out_of_the_book(story: Story) -> None:
    story.log_on()
    story.tell(order("a"))
    story.restart()
    assert story.engine.touch("ACME") == (0, 0, 0, 0)
    assert story.seen(VenueClosed) == [VenueClosed("exchange-a", "a", "link-a", 10)]
    assert story.log_on(2).previous_session_closed is False
    assert story.status("a").status is None


# --- rules between session and application ----------------------------------------------------------


class Rule(Struct):
    """Gives each kind of message its fate, and remembers whom it was asked about."""

    fates: dict[type, Fate]
    asked: list[str]

    def on_request(self, message: Request) -> Fate:
        self.asked.append(message.identity)
        return self.fates.get(type(message), PASS)

    def on_report(self, message: Report) -> Fate:
        self.asked.append(message.identity)
        return self.fates.get(type(message), PASS)


def test_a_lost_request_is_taken_by_the_session_and_never_acted_upon(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({NewOrderSingle: Fate(discard=True)}, []))
    story.tell(order("a"))
    assert story.reports() == []
    assert story.observed == [VenueIgnored("exchange-a", "new/a/1", False)]
    assert story.status("a").status is None
    remove()
    remove()
    story.tell(order("a"))
    assert story.told() == [(ExecType.NEW, 0, 10, 0)]


def test_a_lost_report_leaves_the_order_alive_and_keeps_its_exec_id(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({ExecutionReport: Fate(discard=True)}, []))
    story.tell(order("a"))
    assert story.reports() == []
    assert VenueIgnored("exchange-a", "report/exchange-a/a/1", True) in story.observed
    assert story.status("a").status is OrdStatus.NEW
    remove()
    story.others(Side.SELL, 10, 200)
    assert [report.exec_id for report in story.reports()] == ["exchange-a/a/2"]


def test_a_delayed_request_is_not_overtaken_by_a_later_one_of_its_session(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({NewOrderSingle: Fate(delay_ns=300 * MILLISECOND)}, []))
    story.tell(order("a"))
    remove()
    story.tell(OrderStatusRequest("a", 1))
    story.runtime.advance(story.venue, 299 * MILLISECOND)
    assert story.runtime.take(OrderStatusReport) == []
    story.runtime.advance(story.venue, 1 * MILLISECOND)
    kinds = [type(m) for to, m in story.runtime.sent if to == DESK]
    assert kinds == [ExecutionReport, OrderStatusReport]
    [report] = story.runtime.take(OrderStatusReport)
    assert report.status is OrdStatus.NEW


def test_requests_that_are_delayed_alike_are_all_handled_in_order_and_in_time(story: Story) -> None:
    story.log_on()
    story.venue.install(Rule({NewOrderSingle: Fate(delay_ns=200 * MILLISECOND)}, []))
    due = []
    for number in range(3):
        story.tell(order(str(number)))
        due.append(story.runtime.monotonic_ns + 200 * MILLISECOND)
        story.runtime.advance(story.venue, 70 * MILLISECOND)
    story.runtime.advance(story.venue, SECOND)
    assert [(r.cl_ord_id, r.transact_time_ns) for r in story.reports()] == [
        (str(number), at_ns) for number, at_ns in enumerate(due)
    ]


def test_another_session_does_not_wait_behind_a_delayed_one(story: Story) -> None:
    story.log_on()
    story.log_on(peer="other", sender="other")
    remove = story.venue.install(Rule({NewOrderSingle: Fate(delay_ns=SECOND)}, []))
    story.tell(order("a"))
    remove()
    story.tell(order("b"), "other")
    assert [r.cl_ord_id for r in story.reports()] == ["b"]


def test_a_delayed_report_holds_the_later_ones_back(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({ExecutionReport: Fate(delay_ns=50 * MILLISECOND)}, []))
    story.tell(order("a"))
    remove()
    story.others(Side.SELL, 10, 200)
    assert story.told() == []
    assert len(story.seen(VenueExecuted)) == 1
    story.runtime.advance(story.venue, 50 * MILLISECOND)
    assert story.told() == [(ExecType.NEW, 0, 10, 0), (ExecType.TRADE, 10, 0, 10)]


def test_a_delayed_request_outlives_its_stream_but_not_the_next_logon(story: Story) -> None:
    story.log_on()
    story.venue.install(Rule({NewOrderSingle: Fate(delay_ns=100 * MILLISECOND)}, []))
    story.tell(order("acted-upon"))
    story.runtime.disconnect(story.venue, DESK)
    story.runtime.advance(story.venue, 100 * MILLISECOND)
    assert [event.cl_ord_id for event in story.seen(VenueAccepted)] == ["acted-upon"]

    story.log_on(2)
    story.tell(order("abandoned"))
    story.runtime.disconnect(story.venue, DESK)
    assert story.log_on(3).previous_session_closed
    story.runtime.advance(story.venue, SECOND)
    assert [event.cl_ord_id for event in story.seen(VenueAccepted)] == ["acted-upon"]
    assert story.seen(VenueIgnored) == [VenueIgnored("exchange-a", "new/abandoned/1", False)]
    assert story.status("abandoned").status is None


def test_rules_compose_in_order_and_the_first_to_discard_settles_it(story: Story) -> None:
    story.log_on()
    slow = Rule({OrderStatusRequest: Fate(delay_ns=10 * MILLISECOND)}, [])
    slower = Rule({OrderStatusRequest: Fate(delay_ns=20 * MILLISECOND), NewOrderSingle: Fate(discard=True)}, [])
    last = Rule({}, [])
    for rule in (slow, slower, last):
        story.venue.install(rule)
    story.tell(order("a"))
    story.tell(OrderStatusRequest("a", 1))
    assert slow.asked == slower.asked == ["new/a/1", "status/a/1"]
    assert last.asked == ["status/a/1"]
    story.runtime.advance(story.venue, 29 * MILLISECOND)
    assert story.runtime.take(OrderStatusReport) == []
    story.runtime.advance(story.venue, 1 * MILLISECOND)
    assert len(story.runtime.take(OrderStatusReport)) == 1


def test_a_gate_that_is_shut_lets_nothing_through_and_the_market_goes_on(story: Story) -> None:
    story.log_on()
    story.tell(order("a"))
    story.reports()
    let_go = story.rules.gate.hold(discards=False)
    story.others(Side.SELL, 4, 200)
    story.tell(order("b"))
    assert (story.told(), len(story.seen(VenueExecuted)), len(story.seen(VenueAccepted))) == ([], 1, 1)
    let_go()
    let_go()
    assert story.told() == [(ExecType.TRADE, 4, 6, 4), (ExecType.NEW, 0, 10, 0)]


def test_a_gate_that_two_hold_opens_when_the_last_lets_go(story: Story) -> None:
    story.log_on()
    one, other = story.rules.gate.hold(discards=False), story.rules.gate.hold(discards=False)
    story.tell(order("a"))
    one()
    assert story.told() == []
    other()
    assert story.told() == [(ExecType.NEW, 0, 10, 0)]


def test_what_waits_before_a_gate_may_be_thrown_away(story: Story) -> None:
    story.log_on()
    story.venue.install(Rule({ExecutionReport: Fate(delay_ns=MILLISECOND, overtaken=True)}, []))
    story.tell(order("stray"))
    let_go = story.rules.gate.hold(discards=True)
    story.runtime.advance(story.venue, MILLISECOND)
    story.tell(order("a"))
    let_go()
    story.runtime.advance(story.venue, SECOND)
    assert story.told() == []
    ignored = [(event.what, event.report) for event in story.seen(VenueIgnored)]
    assert ignored == [("new/a/1", False), ("report/exchange-a/stray/1", True)]


def test_a_delayed_message_that_falls_due_before_a_shut_gate_waits_for_it(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({NewOrderSingle: Fate(delay_ns=10 * MILLISECOND)}, []))
    story.tell(order("a"))
    remove()
    let_go = story.rules.gate.hold(discards=False)
    story.runtime.advance(story.venue, 20 * MILLISECOND)
    assert story.told() == []
    let_go()
    assert story.told() == [(ExecType.NEW, 0, 10, 0)]


def test_an_overtaken_report_comes_after_its_own_delay_and_dies_with_its_session(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({ExecutionReport: Fate(delay_ns=10 * MILLISECOND, overtaken=True)}, []))
    story.tell(order("a"))
    remove()
    story.others(Side.SELL, 4, 200)
    story.runtime.advance(story.venue, 10 * MILLISECOND)
    assert story.told() == [(ExecType.TRADE, 4, 6, 4), (ExecType.NEW, 0, 10, 0)]
    remove = story.venue.install(Rule({ExecutionReport: Fate(delay_ns=10 * MILLISECOND, overtaken=True)}, []))
    story.others(Side.SELL, 1, 200)
    story.log_on(2)
    story.runtime.advance(story.venue, SECOND)
    assert story.told() == []
    assert story.venue.sessions.reports_discarded == 1


def test_a_report_may_be_repeated_at_once_and_later(story: Story) -> None:
    story.log_on()
    story.venue.install(Rule({ExecutionReport: Fate(repeats_ns=(0, 5 * MILLISECOND))}, []))
    story.tell(order("a"))
    assert story.told() == [(ExecType.NEW, 0, 10, 0)] * 2
    story.runtime.advance(story.venue, 5 * MILLISECOND)
    assert story.told() == [(ExecType.NEW, 0, 10, 0)]


def test_a_request_that_is_told_not_now_is_not_known_afterwards(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({NewOrderSingle: Fate(refusal=BusinessRejectReason.THROTTLED)}, []))
    story.tell(order("a"))
    refused = story.runtime.take(BusinessReject)
    assert refused == [BusinessReject("new/a/1", "a", BusinessRejectReason.THROTTLED)]
    assert story.status("a").status is None
    assert story.seen(VenueRefused) == [VenueRefused("exchange-a", "a", "message rate exceeded")]
    remove()
    story.tell(order("a"))
    assert story.told() == [(ExecType.NEW, 0, 10, 0)]


def test_a_closed_exchange_refuses_an_order_for_good_and_remembers_it(story: Story) -> None:
    story.log_on()
    remove = story.venue.install(Rule({NewOrderSingle: Fate(refusal=OrdRejReason.EXCHANGE_CLOSED)}, []))
    story.tell(order("a"))
    remove()
    assert [report.reason for report in story.reports()] == [OrdRejReason.EXCHANGE_CLOSED]
    assert story.status("a").status is OrdStatus.REJECTED
    story.tell(order("a"))
    assert [report.reason for report in story.reports()] == [OrdRejReason.DUPLICATE_ORDER]


def test_a_venue_whose_door_is_shut_hangs_up_on_everybody_and_on_whoever_comes(story: Story) -> None:
    story.log_on()
    refused: list[str] = []
    open_up = story.rules.shut(lambda: refused.append("one"))
    assert story.rules.hang_up() == 1
    story.runtime.connect(story.venue, DESK)
    story.tell(Logon(DESK, 2))
    assert (story.runtime.take(LogonAccepted), refused, story.runtime.closed) == ([], ["one"], [DESK, DESK])
    open_up()
    assert story.log_on(3).previous_session_closed


def test_session_messages_are_no_business_of_the_rules(story: Story) -> None:
    rule = Rule({}, [])
    story.venue.install(rule)
    story.log_on()
    story.tell(Heartbeat(DESK, 1))
    story.tell(SnapshotRequest("market-data", 1), "market-data")
    story.runtime.advance(story.venue, SECOND)
    assert rule.asked == []


# --- the feed --------------------------------------------------------------------------------------


def test_both_lines_carry_the_same_numbered_steps_from_one_on(story: Story) -> None:
    story.others(Side.SELL, 4, 200)
    story.others(Side.BUY, 3, 198)
    updates = [(to, m) for to, m in story.runtime.sent if isinstance(m, BookUpdate)]
    assert [(to, m.line, m.seq) for to, m in updates] == [
        ("md/A", "A", 1),
        ("md/B", "B", 1),
        ("md/A", "A", 2),
        ("md/B", "B", 2),
    ]
    assert updates[0][1].levels == updates[1][1].levels == (Level(Side.SELL, 200, 4),)


def test_the_touch_is_observed_when_it_changed_and_only_then(story: Story) -> None:
    story.others(Side.SELL, 4, 200)
    story.others(Side.SELL, 4, 202)
    story.others(Side.BUY, 3, 198)
    assert story.seen(TouchChanged) == [
        TouchChanged("exchange-a", "ACME", 1, 0, 0, 200, 4),
        TouchChanged("exchange-a", "ACME", 3, 198, 3, 200, 4),
    ]


def test_feed_heartbeats_tell_the_last_number_ten_times_a_second(story: Story) -> None:
    story.runtime.advance(story.venue, 100 * MILLISECOND)
    story.others(Side.SELL, 4, 200)
    story.runtime.advance(story.venue, 100 * MILLISECOND)
    beats = [(to, m.line, m.last_seq, m.number) for to, m in story.runtime.sent if isinstance(m, FeedHeartbeat)]
    assert beats == [("md/A", "A", 0, 1), ("md/B", "B", 0, 1), ("md/A", "A", 1, 2), ("md/B", "B", 1, 2)]


def test_a_snapshot_needs_no_logon_and_is_the_sum_of_all_steps(story: Story) -> None:
    story.others(Side.SELL, 4, 200)
    story.others(Side.SELL, 4, 202)
    story.others(Side.BUY, 4, 200)
    story.runtime.connect(story.venue, "market-data")
    story.tell(SnapshotRequest("market-data", 7), "market-data")
    [snapshot] = story.runtime.take(Snapshot, "market-data")
    assert (snapshot.venue, snapshot.last_seq, snapshot.attempt) == ("exchange-a", 3, 7)
    image: dict[tuple[Side, int], int] = {}
    for update in story.runtime.take(BookUpdate, "md/A"):
        for level in update.levels:
            image[level.side, level.price_half_ticks] = level.lots
    [book] = snapshot.books
    assert {(level.side, level.price_half_ticks): level.lots for level in book.levels} == {
        key: lots for key, lots in image.items() if lots
    }


def test_a_venue_is_at_its_own_name_unless_it_is_told_otherwise() -> None:
    assert VenueSpec("exchange-a").address == "exchange-a"
    assert VenueSpec("exchange-a", address="gate").address == "gate"


def test_market_data_in_the_venues_own_words_go_to_who_reads_them_and_plain_ones_to_all_others() -> None:
    plain, own = Story(), Story(own_words_for=("md",))
    told = {}
    for story in (plain, own):
        story.engine.place("ACME", Side.BUY, 7, 198)
        story.engine.publish("ACME")
        story.venue.on_timer("feed-heartbeat")
        story.runtime.streams.add("md")
        story.venue.on_message("md", SnapshotRequest("md", 1))
        told[story] = [(to, type(message).__name__) for to, message in story.runtime.sent]
    assert told[plain] == [
        ("md/A", "BookUpdate"),
        ("md/B", "BookUpdate"),
        ("md/A", "FeedHeartbeat"),
        ("md/B", "FeedHeartbeat"),
        ("md", "Snapshot"),
    ]
    words = {"BookUpdate": "DepthIncrement", "Snapshot": "DepthImage"}
    assert told[own] == [(to, words.get(kind, kind)) for to, kind in told[plain]]
    (first, *_) = own.runtime.take(DepthIncrement, "md/A")
    assert first.entries == (DepthEntry("0", 9_900, 700),)
