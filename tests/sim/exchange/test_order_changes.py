"""Cancel and replace, fill or kill, stops, the close, holds, busts, corrections: as a client and a watcher see them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.exchange.engine import Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.rules import DISCARDED, Fate, Rules
from squall.sim.exchange.venue import Venue, VenueSpec
from squall.sim.exchange.wire.messages import (
    CxlRejReason,
    DropCopyHeartbeat,
    ExecType,
    ExecutionReport,
    Logon,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Side,
    Tariff,
    TimeInForce,
    TradeCaptureReport,
    TradeCaptureReportRequest,
    TradeCaptureReportRequestAck,
)
from squall.sim.trace import (
    Record,
    Trace,
    VenueAccepted,
    VenueBusted,
    VenueClosed,
    VenueCorrected,
    VenueExecuted,
    VenueReplaced,
)
from tests.fakes import FakeRuntime
from tests.profiles import examples
from tests.sim.exchange.reference_book import ReferenceBook

DESK, WATCHER = "execution", "reconciler"
DAY, GTC, IOC, FOK = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK
KINDS = (VenueAccepted, VenueExecuted, VenueClosed, VenueReplaced, VenueBusted, VenueCorrected)


class StoppedClock:
    now_ns = 0
    cause = 0


class Story:
    """A venue with stop orders, a client that is logged on, and what the world observed."""

    def __init__(self, **spec: Any) -> None:
        self.runtime = FakeRuntime("exchange-b")
        self.engine = MatchingEngine([Listing("ACME", 200)], stops=True)
        self.observed: list[Any] = []
        trace = Trace(StoppedClock())
        for event in KINDS:
            trace.watch(self._on_record, event)
        self.rules = Rules()
        self.venue = Venue(self.runtime, VenueSpec("exchange-b", **spec), self.engine, trace, self.rules)
        self.venue.on_start()
        self.runtime.connect(self.venue, DESK)
        self.tell(Logon(DESK, 1))

    def _on_record(self, record: Record) -> None:
        self.observed.append(record.event)

    def tell(self, message: Any, peer: str = DESK) -> None:
        self.venue.on_message(peer, message)

    def submit(
        self,
        name: str,
        side: Side = Side.BUY,
        lots: int = 10,
        price: int | None = 200,
        tif: TimeInForce = DAY,
        stop: int | None = None,
    ) -> None:
        kinds = {
            (True, False): OrdType.LIMIT,
            (False, False): OrdType.MARKET,
            (True, True): OrdType.STOP_LIMIT,
            (False, True): OrdType.STOP,
        }
        ord_type = kinds[price is not None, stop is not None]
        self.tell(
            NewOrderSingle(name, f"link-{name}", "ACME", side, lots, ord_type, tif, price, stop_price_half_ticks=stop)
        )

    def replace(self, new: str, orig: str, lots: int, price: int | None = 200, side: Side = Side.BUY) -> None:
        self.tell(OrderCancelReplaceRequest(new, orig, "ACME", side, lots, price))

    def cancel(self, name: str) -> None:
        self.tell(OrderCancelRequest(f"x-{name}", name, "ACME", Side.BUY))

    def others(self, side: Side, lots: int, price: int | None) -> None:
        self.engine.place("ACME", side, lots, price)
        self.engine.publish("ACME")

    def reports(self) -> list[ExecutionReport]:
        return self.runtime.take(ExecutionReport)

    def told(self) -> list[tuple[ExecType, str, int, int]]:
        """Of each report: type, ClOrdID, cumulative and leaves."""
        return [(r.exec_type, r.cl_ord_id, r.cum_lots, r.leaves_lots) for r in self.reports()]

    def refused(self) -> list[CxlRejReason]:
        return [reject.reason for reject in self.runtime.take(OrderCancelReject)]

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.observed if isinstance(event, kind)]

    def status(self, name: str) -> OrderStatusReport:
        self.tell(OrderStatusRequest(name, 1))
        [report] = self.runtime.take(OrderStatusReport)
        assert isinstance(report, OrderStatusReport)
        return report


@pytest.fixture
def story() -> Story:
    return Story()


# --- cancel and replace ----------------------------------------------------------------------------


def test_a_smaller_quantity_at_the_same_price_keeps_its_place(story: Story) -> None:
    story.submit("a")
    story.submit("b")
    story.replace("a2", "a", 4)
    story.reports()

    story.others(Side.SELL, 5, 200)

    assert story.told() == [(ExecType.TRADE, "a2", 4, 0), (ExecType.TRADE, "b", 1, 9)]


@pytest.mark.parametrize(("lots", "price"), [(12, 200), (8, 198)])
def test_more_lots_or_another_price_lose_the_place(story: Story, lots: int, price: int) -> None:
    story.submit("a")
    story.submit("b")
    story.replace("a2", "a", lots, price)
    story.reports()

    story.others(Side.SELL, 5, 200)

    assert story.told() == [(ExecType.TRADE, "b", 5, 5)]


def test_a_replace_says_the_new_name_the_old_one_and_how_the_order_stands(story: Story) -> None:
    story.submit("a")
    story.others(Side.SELL, 3, 200)
    story.reports()

    story.replace("a2", "a", 8, 198)

    [report] = story.reports()
    assert (report.exec_type, report.ord_status) == (ExecType.REPLACED, OrdStatus.PARTIALLY_FILLED)
    assert (report.cl_ord_id, report.orig_cl_ord_id, report.order_id) == ("a2", "a", "exchange-b-a")
    assert (report.order_lots, report.cum_lots, report.leaves_lots, report.price_half_ticks) == (8, 3, 5, 198)
    assert story.seen(VenueReplaced) == [VenueReplaced("exchange-b", "a2", "a", "link-a", 8, 5, 198)]


def test_a_replace_that_crosses_trades_under_the_new_name(story: Story) -> None:
    story.others(Side.SELL, 4, 202)
    story.submit("a")
    story.reports()

    story.replace("a2", "a", 10, 202)

    assert story.told() == [(ExecType.REPLACED, "a2", 0, 10), (ExecType.TRADE, "a2", 4, 6)]
    assert story.status("a").latest_cl_ord_id == "a2"
    assert story.status("a2").executions[0].exec_id == story.seen(VenueExecuted)[0].exec_id


def test_a_replace_to_what_has_been_executed_or_of_what_has_ended_comes_too_late(story: Story) -> None:
    story.submit("a")
    story.others(Side.SELL, 4, 200)
    story.replace("a2", "a", 4)
    story.submit("b", lots=1, price=202, tif=IOC)
    story.replace("b2", "b", 5)

    assert story.refused() == [CxlRejReason.TOO_LATE, CxlRejReason.TOO_LATE]
    assert story.status("a").leaves_lots == 6


def test_a_replace_names_the_last_link_of_its_chain_and_a_new_one_of_its_own(story: Story) -> None:
    story.submit("a")
    story.replace("a2", "a", 9)
    story.replace("a3", "a", 8)
    story.replace("a", "a2", 8)
    story.replace("c2", "c", 8)
    story.replace("a4", "a2", 8, price=3)

    assert story.refused() == [
        CxlRejReason.UNKNOWN_ORDER,
        CxlRejReason.DUPLICATE_ORDER,
        CxlRejReason.UNKNOWN_ORDER,
        CxlRejReason.INVALID_PRICE,
    ]
    story.reports()
    story.cancel("a")
    [report] = story.reports()
    assert (report.exec_type, report.cl_ord_id, report.orig_cl_ord_id) == (ExecType.CANCELED, "a2", "a2")


# --- time in force ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("lots", "kind", "cum"), [(7, ExecType.TRADE, 7), (8, ExecType.CANCELED, 0)])
def test_fill_or_kill_is_all_or_nothing(story: Story, lots: int, kind: ExecType, cum: int) -> None:
    story.others(Side.SELL, 4, 200)
    story.others(Side.SELL, 3, 202)
    story.others(Side.SELL, 9, 204)

    story.submit("a", lots=lots, price=202, tif=FOK)

    last = story.reports()[-1]
    assert (last.exec_type, last.cum_lots, last.leaves_lots) == (kind, cum, 0)


def test_at_the_close_day_orders_expire_and_gtc_orders_go_to_work_again_the_next_day(story: Story) -> None:
    story.submit("day")
    story.submit("gtc", tif=GTC)
    story.reports()

    assert story.rules.staff.close() == 2
    assert [(r.exec_type, r.ord_status, r.cl_ord_id) for r in story.reports()] == [
        (ExecType.EXPIRED, OrdStatus.EXPIRED, "day"),
        (ExecType.DONE_FOR_DAY, OrdStatus.DONE_FOR_DAY, "gtc"),
    ]
    story.submit("late")
    story.replace("gtc2", "gtc", 5)
    assert story.reports()[0].reason is OrdRejReason.EXCHANGE_CLOSED
    assert story.refused() == [CxlRejReason.NOT_REPLACEABLE]
    story.others(Side.SELL, 3, 200)
    assert story.reports() == []

    assert story.rules.staff.reopen() == 1
    assert story.told() == [(ExecType.RESTATED, "gtc", 0, 10), (ExecType.TRADE, "gtc", 3, 7)]


# --- stop orders -----------------------------------------------------------------------------------


def test_a_stop_order_waits_for_a_trade_at_its_price_and_then_takes_what_there_is(story: Story) -> None:
    story.others(Side.BUY, 3, 198)
    story.others(Side.BUY, 20, 190)
    story.submit("stop", Side.SELL, 10, None, stop=198)
    assert story.told() == [(ExecType.NEW, "stop", 0, 10)]

    story.others(Side.SELL, 1, 198)

    assert story.told() == [(ExecType.TRADE, "stop", 2, 8), (ExecType.TRADE, "stop", 10, 0)]
    assert [event.price_half_ticks for event in story.seen(VenueExecuted)] == [198, 190]


def test_a_stop_limit_order_rests_at_its_limit_once_it_was_reached(story: Story) -> None:
    story.submit("stop", Side.BUY, 10, 202, stop=200)
    story.others(Side.SELL, 1, 200)
    story.others(Side.BUY, 1, 200)
    story.others(Side.SELL, 4, 202)

    assert story.told()[-1] == (ExecType.TRADE, "stop", 4, 6)


def test_a_venue_without_stop_orders_and_one_without_a_dark_book_say_so() -> None:
    story = Story()
    story.engine._stops = None
    story.submit("stop", Side.SELL, 10, None, stop=198)
    story.tell(NewOrderSingle("min", "min", "ACME", Side.BUY, 9, OrdType.LIMIT, DAY, 200, min_lots=3))

    assert [report.reason for report in story.reports()] == [OrdRejReason.UNSUPPORTED_ORDER] * 2


# --- what nobody asked for -------------------------------------------------------------------------


def test_an_unsolicited_cancel_names_no_request(story: Story) -> None:
    story.submit("a")
    story.reports()

    assert story.rules.staff.cancel("a")

    [report] = story.reports()
    assert (report.exec_type, report.orig_cl_ord_id) == (ExecType.CANCELED, "")
    assert not story.rules.staff.cancel("a")


def test_a_suspended_order_does_nothing_until_it_is_released_and_may_be_cancelled(story: Story) -> None:
    story.submit("a")
    story.submit("b")
    story.reports()
    assert story.rules.staff.hold("a", "suspended")
    assert story.rules.staff.hold("b", "suspended")
    story.others(Side.SELL, 4, 200)
    assert [r.ord_status for r in story.reports()] == [OrdStatus.SUSPENDED, OrdStatus.SUSPENDED]
    story.cancel("b")
    assert story.told() == [(ExecType.CANCELED, "b", 0, 0)]

    assert story.rules.staff.release("a")

    assert story.told() == [(ExecType.RESTATED, "a", 0, 10), (ExecType.TRADE, "a", 4, 6)]


def test_a_stopped_order_gets_the_price_that_it_was_sure_of(story: Story) -> None:
    story.submit("a", price=198)
    story.others(Side.SELL, 50, 202)
    story.reports()
    assert story.rules.staff.hold("a", "stopped")
    [report] = story.reports()
    assert (report.ord_status, report.last_price_half_ticks) == (OrdStatus.STOPPED, 198)

    assert story.rules.staff.release("a")

    assert story.told() == [(ExecType.TRADE, "a", 10, 0)]
    assert story.seen(VenueExecuted)[0].price_half_ticks == 198


def test_a_bust_of_an_open_order_puts_its_lots_back_to_work(story: Story) -> None:
    story.submit("a")
    story.others(Side.SELL, 4, 200)
    trade = story.reports()[-1]

    assert story.rules.staff.bust(trade.exec_id)

    [bust] = story.reports()
    assert (bust.exec_type, bust.exec_ref_id, bust.ord_status) == (ExecType.TRADE_CANCEL, trade.exec_id, OrdStatus.NEW)
    assert (bust.last_lots, bust.cum_lots, bust.leaves_lots) == (4, 0, 10)
    assert story.seen(VenueBusted)[0].exec_ref_id == trade.exec_id
    [execution] = story.status("a").executions
    assert (execution.lots, execution.revised_by) == (0, bust.exec_id)
    assert not story.rules.staff.bust(trade.exec_id)
    story.others(Side.SELL, 10, 200)
    assert story.told() == [(ExecType.TRADE, "a", 10, 0)]


def test_a_bust_of_a_filled_order_leaves_it_ended_with_less(story: Story) -> None:
    story.submit("a")
    story.others(Side.SELL, 10, 200)
    trade = story.reports()[-1]

    assert story.rules.staff.bust(trade.exec_id)

    [bust] = story.reports()
    assert (bust.ord_status, bust.cum_lots, bust.leaves_lots) == (OrdStatus.CANCELED, 0, 0)
    assert story.status("a").status is OrdStatus.CANCELED


def test_a_correction_changes_the_price_of_one_trade(story: Story) -> None:
    story.submit("a")
    story.others(Side.SELL, 4, 200)
    trade = story.reports()[-1]

    assert story.rules.staff.correct(trade.exec_id, -2)

    [report] = story.reports()
    assert (report.exec_type, report.exec_ref_id) == (ExecType.TRADE_CORRECT, trade.exec_id)
    assert (report.last_lots, report.last_price_half_ticks, report.cum_lots) == (4, 198, 4)
    [event] = story.seen(VenueCorrected)
    assert (event.price_half_ticks, event.was_price_half_ticks) == (198, 200)


def test_who_takes_pays_and_who_rests_is_paid() -> None:
    story = Story(tariff=Tariff(60, -40))
    story.others(Side.SELL, 100, 200)
    story.submit("a", lots=150)
    story.others(Side.SELL, 50, 200)

    assert [report.fee for report in story.reports()] == [0, 60, -20]
    assert [event.fee for event in story.seen(VenueExecuted)] == [60, -20]


# --- whoever watches -------------------------------------------------------------------------------


def watch(story: Story, after: int = 0, attempt: int = 1) -> TradeCaptureReportRequestAck:
    if attempt == 1:
        story.runtime.connect(story.venue, WATCHER)
    story.tell(TradeCaptureReportRequest(WATCHER, DESK, after, attempt), WATCHER)
    [ack] = story.runtime.take(TradeCaptureReportRequestAck)
    assert isinstance(ack, TradeCaptureReportRequestAck)
    return ack


def copies(story: Story) -> list[TradeCaptureReport]:
    return story.runtime.take(TradeCaptureReport, WATCHER)


def test_a_watcher_gets_what_was_before_it_came_and_then_every_trade_and_bust(story: Story) -> None:
    story.submit("a")
    story.others(Side.SELL, 4, 200)
    assert watch(story).last_number == 1
    story.others(Side.SELL, 2, 200)
    story.rules.staff.bust("exchange-b/a/2")

    got = copies(story)

    assert [(c.number, c.exec_type, c.last_lots, c.cum_lots) for c in got] == [
        (1, ExecType.TRADE, 4, 4),
        (2, ExecType.TRADE, 2, 6),
        (3, ExecType.TRADE_CANCEL, 4, 2),
    ]
    assert {c.cl_ord_link_id for c in got} == {"link-a"}


def test_a_copy_that_was_lost_shows_in_the_numbers_and_can_be_asked_for_again(story: Story) -> None:
    watch(story)
    remove = story.rules.on_copies(lambda trade: DISCARDED)
    story.submit("a")
    story.others(Side.SELL, 4, 200)
    remove()
    assert copies(story) == []
    story.runtime.advance(story.venue, 1_000_000_000)
    assert story.runtime.take(DropCopyHeartbeat, WATCHER)[-1].last_number == 1

    watch(story, attempt=2)

    assert [copy.number for copy in copies(story)] == [1]


def test_a_copy_may_come_late_and_not_to_a_watcher_that_has_gone(story: Story) -> None:
    watch(story)
    story.rules.on_copies(lambda trade: Fate(delay_ns=5))
    story.submit("a")
    story.others(Side.SELL, 4, 200)
    story.runtime.advance(story.venue, 4)
    assert copies(story) == []
    story.runtime.advance(story.venue, 1)
    assert [copy.number for copy in copies(story)] == [1]

    story.others(Side.SELL, 4, 200)
    story.venue.on_stream_closed(WATCHER, "gone")
    story.runtime.advance(story.venue, 5)
    assert copies(story) == []


def test_the_open_orders_of_a_client_are_told_as_they_stand_and_nobody_elses(story: Story) -> None:
    story.submit("a")
    story.submit("b", Side.SELL, 5, 204, GTC)
    story.others(Side.SELL, 4, 200)
    story.replace("a2", "a", 9)
    story.rules.staff.hold("b", "suspended")
    story.runtime.connect(story.venue, WATCHER)

    for number, client in enumerate((DESK, "somebody else"), 1):
        story.tell(OrderMassStatusRequest(WATCHER, client, number), WATCHER)

    ours, theirs = story.runtime.take(OrderMassStatusReport)
    assert (theirs.orders, theirs.last_number) == ((), 0)
    assert [(o.cl_ord_id, o.order_lots, o.cum_lots, o.leaves_lots, o.status) for o in ours.orders] == [
        ("a2", 9, 4, 5, OrdStatus.PARTIALLY_FILLED),
        ("b", 5, 0, 5, OrdStatus.SUSPENDED),
    ]
    assert ours.last_number == 1


# --- the whole of it, beside a slow book -----------------------------------------------------------

prices = st.integers(96, 104).map(lambda ticks: 2 * ticks)
sides = st.sampled_from(Side)
lots = st.integers(1, 9)
submits = st.tuples(
    st.just("submit"), sides, lots, st.none() | prices, st.sampled_from(TimeInForce), st.none() | st.none() | prices
)
changes = st.tuples(st.just("replace"), st.integers(0, 5), lots, prices)
cancels = st.tuples(st.just("cancel"), st.integers(0, 5))


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(submits | submits | changes | cancels, max_size=40))
def test_price_time_and_stops_are_as_in_a_book_that_is_sorted_whenever_anybody_asks(steps: list[Any]) -> None:
    story, reference = Story(), ReferenceBook()
    latest: dict[str, str] = {}
    types: dict[str, bool] = {}
    for number, step in enumerate(steps):
        if step[0] == "submit":
            _, side, quantity, price, tif, stop = step
            name = f"o{number}"
            latest[name], types[name] = name, price is not None
            story.submit(name, side, quantity, price, tif, stop)
            reference.submit(name, side is Side.BUY, quantity, price, stop, tif.value)
            continue
        open_now = list(reference.names())
        if not open_now:
            continue
        name = open_now[step[1] % len(open_now)]
        if step[0] == "cancel":
            story.cancel(latest[name])
            assert reference.cancel(name)
        else:
            price = step[3] if types[name] else None
            new = f"{name}r{number}"
            story.replace(new, latest[name], step[2], price)
            if reference.replace(name, step[2], price):
                latest[name] = new
            else:
                assert story.refused() == [CxlRejReason.TOO_LATE]
        assert story.refused() == []
    executed = [
        (event.cl_ord_link_id.removeprefix("link-"), event.lots, event.price_half_ticks)
        for event in story.seen(VenueExecuted)
    ]
    assert executed == reference.trades
    handles = story.rules.staff.open_orders()
    assert {handle.key: handle.order.leaves_lots for handle in handles} == reference.names()
    for handle in handles:
        assert handle.order.order_lots == handle.order.cum_lots + handle.order.leaves_lots
