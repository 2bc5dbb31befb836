"""What a venue does to orders and reports: each kind's effects, its window, its heal, and several at once."""

from itertools import pairwise

import pytest

from squall.faults.exchange import ApiSlow, CancelsSlow, ErrorStorm, SessionDrop, SessionFlaps, SilentStall
from squall.faults.execution_reports import AckAfterFill, DuplicateReports, LateReports, OutOfOrderReports
from squall.faults.fault import Fault, Tally, during
from squall.sim.exchange.wire.messages import (
    BusinessReject,
    ExecType,
    ExecutionReport,
    Heartbeat,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
    OrdType,
    Side,
    TimeInForce,
)
from squall.sim.trace import (
    FaultBegan,
    FaultHealed,
    Handled,
    Record,
    Sent,
    StreamClosed,
    VenueAccepted,
    VenueIgnored,
    VenueRefused,
)
from tests.faults.stages import Market
from tests.sim.markets import MILLISECOND

START_NS, END_NS = 100 * MILLISECOND, 200 * MILLISECOND
SECOND = 1_000 * MILLISECOND


def broken(*faults: Fault, until_ns: int = 400 * MILLISECOND) -> Market:
    """A market in which all of these are in force from 100 ms to 200 ms."""
    return Market(*(during(START_NS, END_NS, fault) for fault in faults)).run(until_ns)


def sent_by_the_venue(market: Market, kind: type = ExecutionReport) -> list[Record]:
    return [
        record
        for record in market.memory.records
        if type(record.event) is Sent and record.event.sender == "left" and type(record.event.message) is kind
    ]


def words(market: Market) -> list[str]:
    return [tally.words for tally in market.plan.tallies]


REFUSED: list[tuple[Fault, str]] = [
    (ErrorStorm("right"), "no venue 'right'; venues are left"),
    (ErrorStorm("left", 2.0), "exchange API: error storm: the share must be above 0 and at most 1, found 2.0"),
    (
        ErrorStorm("left", error="cold"),  # type: ignore[arg-type]
        "exchange API: error storm: no error 'cold'; errors are not-available, throttled, closed",
    ),
    (SessionDrop("right"), "no venue 'right'; venues are left"),
    (SessionFlaps("right"), "no venue 'right'; venues are left"),
    (
        SessionFlaps("left", 1_000),
        "exchange API: session flaps: the period must be at least 1000000 ns, found 1000",
    ),
    (SilentStall("right"), "no venue 'right'; venues are left"),
    (
        DuplicateReports("left", 0.0),
        "exchange API: duplicate reports: the share must be above 0 and at most 1, found 0.0",
    ),
    (
        DuplicateReports("left", delay_ns=-1),
        "exchange API: duplicate reports: the second one comes after the first, found -1 ns",
    ),
    (
        OutOfOrderReports("left", 0.5, 0),
        "exchange API: out-of-order reports: the delay must be above 0 ns, found 0",
    ),
    (LateReports("left", 0), "exchange API: late reports: the delay must be above 0 ns, found 0"),
    (AckAfterFill("left", -5), "exchange API: ack after fill: the delay must be above 0 ns, found -5"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_a_fault_that_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        Market(during(0, SECOND, fault))
    assert str(caught.value) == f"plan[0]: {line}"


EVERY: list[Fault] = [
    ErrorStorm("left"),
    SessionDrop("left"),
    SilentStall("left"),
    DuplicateReports("left"),
    OutOfOrderReports("left"),
    LateReports("left", MILLISECOND),
    AckAfterFill("left"),
]


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.kind)
def test_each_counts_what_it_touches_and_leaves_no_rule_behind(fault: Fault) -> None:
    market = broken(fault)
    (began,) = market.memory.events(FaultBegan)
    (healed,) = market.memory.events(FaultHealed)
    assert (began.kind, began.target) == (fault.kind, "left")
    assert healed.effects == market.plan.tallies[0].effects > 0
    rules = market.world.venue("left")
    assert (rules.in_force, rules.refuses_logon()) == (0, False)
    assert len([at_ns for at_ns in market.times(VenueAccepted) if at_ns >= END_NS + 20 * MILLISECOND]) > 150


# --- error storm ---


def test_in_an_error_storm_requests_are_answered_and_not_acted_upon() -> None:
    market = broken(ErrorStorm("left"))
    refused = {event.cl_ord_id for event in market.memory.events(VenueRefused)}
    accepted = {event.cl_ord_id for event in market.memory.events(VenueAccepted)}
    assert len(refused) > 90
    assert not refused & accepted
    answers = [record.event.message for record in sent_by_the_venue(market, BusinessReject)]
    assert {answer.cl_ord_id for answer in answers if answer.refused.startswith("new/")} == refused
    assert words(market) == [f"{len(answers)} requests refused"]
    assert all(START_NS <= at_ns < END_NS for at_ns in market.times(VenueRefused))


def test_an_order_that_was_told_not_now_was_never_seen_and_may_come_again() -> None:
    market = broken(ErrorStorm("left"), until_ns=300 * MILLISECOND)
    name = market.memory.events(VenueRefused)[0].cl_ord_id
    again = next(
        event.message
        for event in market.memory.events(Handled)
        if type(event.message) is NewOrderSingle and event.message.cl_ord_id == name
    )
    assert name not in {event.cl_ord_id for event in market.memory.events(VenueAccepted)}
    market.trader.runtime.write("left", again)
    market.run(400 * MILLISECOND)
    assert name in {event.cl_ord_id for event in market.memory.events(VenueAccepted)}


def test_a_closed_exchange_refuses_new_orders_for_good_and_nothing_else() -> None:
    market = broken(ErrorStorm("left", error="closed"))
    reports = [record.event.message for record in sent_by_the_venue(market)]
    rejects = [report for report in reports if report.exec_type is ExecType.REJECTED]
    assert {report.reason for report in rejects} == {OrdRejReason.EXCHANGE_CLOSED}
    assert words(market) == [f"{len(rejects)} requests refused"]
    assert sent_by_the_venue(market, BusinessReject) == []


def test_a_share_of_a_storm_is_that_share_and_two_storms_are_independent() -> None:
    half = Market(during(0, 2 * SECOND, ErrorStorm("left", 0.5))).run(2 * SECOND)
    both = Market(during(0, 2 * SECOND, ErrorStorm("left", 0.5)), during(0, 2 * SECOND, ErrorStorm("left", 0.5))).run(
        2 * SECOND
    )
    # Five standard deviations of a binomial of some 2,000: 0.056.
    assert abs(half.count(VenueRefused) / 2_000 - 0.5) < 0.056
    assert abs(both.count(VenueRefused) / 2_000 - 0.75) < 0.056
    assert sum(tally.effects for tally in both.plan.tallies) >= both.count(VenueRefused)


def test_a_storm_that_begins_as_another_ends_is_independent_of_one_that_goes_on() -> None:
    storms = [
        during(0, SECOND, ErrorStorm("left", 0.5)),
        during(SECOND // 2, 2 * SECOND, ErrorStorm("left", 0.5)),
        during(SECOND, 2 * SECOND, ErrorStorm("left", 0.5)),
    ]
    second, third = (tally.effects for tally in Market(*storms).run(2 * SECOND).plan.tallies[1:])
    # In its second the third is asked about what the second lets through, and has a half of that; drawn as the second
    # is, it would have nothing.
    assert second / 8 < third < second / 2


# --- session drop ---


def test_a_venue_that_drops_its_sessions_hangs_up_at_once_and_lets_nobody_in_before_it_heals() -> None:
    market = broken(SessionDrop("left"))
    closed = [r for r in market.memory.records if type(r.event) is StreamClosed and r.event.end == "left"]
    assert closed[0].at_ns == START_NS
    refused = [r for r in market.memory.records if type(r.event) is Handled and type(r.event.message) is Logon]
    refused = [r for r in refused if START_NS <= r.at_ns < END_NS]
    assert words(market) == [f"{len(refused)} log-ons refused, 1 sessions dropped"]
    assert len(refused) > 20
    accepted = [r.at_ns for r in sent_by_the_venue(market, LogonAccepted)]
    assert not [at_ns for at_ns in accepted if START_NS <= at_ns < END_NS]
    assert END_NS <= accepted[-1] < END_NS + 5 * MILLISECOND
    assert not [at_ns for at_ns in market.times(VenueAccepted) if START_NS + MILLISECOND < at_ns < END_NS]


def test_a_session_that_flaps_is_dropped_in_every_period_and_comes_back_in_between() -> None:
    window = during(100 * MILLISECOND, 300 * MILLISECOND, SessionFlaps("left", 40 * MILLISECOND))
    market = Market(window).run(400 * MILLISECOND)
    closed = [r.at_ns for r in market.memory.records if type(r.event) is StreamClosed and r.event.end == "left"]
    assert closed == [at_ns * MILLISECOND for at_ns in (100, 140, 180, 220, 260)]
    assert words(market) == ["5 sessions dropped"]
    accepted = [r.at_ns for r in sent_by_the_venue(market, LogonAccepted)]
    assert len([at_ns for at_ns in accepted if at_ns > closed[0]]) == 5


def test_a_door_that_two_drops_hold_shut_opens_when_the_last_one_ends() -> None:
    market = Market(
        during(100 * MILLISECOND, 200 * MILLISECOND, SessionDrop("left")),
        during(150 * MILLISECOND, 300 * MILLISECOND, SessionDrop("left")),
    ).run(400 * MILLISECOND)
    accepted = [r.at_ns for r in sent_by_the_venue(market, LogonAccepted)]
    assert not [at_ns for at_ns in accepted if 100 * MILLISECOND <= at_ns < 300 * MILLISECOND]
    assert accepted[-1] < 305 * MILLISECOND
    first, second = market.plan.tallies
    assert first.effects > 20
    assert "sessions dropped" not in second.words


# --- silent stall ---


def test_in_a_stall_nothing_is_acted_upon_or_reported_and_the_session_lives() -> None:
    market = broken(SilentStall("left"))
    assert not [at_ns for at_ns in market.times(VenueAccepted) if START_NS <= at_ns < END_NS]
    reported = [r.at_ns for r in sent_by_the_venue(market) + sent_by_the_venue(market, OrderStatusReport)]
    assert not [at_ns for at_ns in reported if START_NS <= at_ns < END_NS]
    assert not [r for r in market.memory.records if type(r.event) is StreamClosed]
    assert market.memory.events(VenueIgnored) == []


def test_heartbeats_go_on_in_a_stall() -> None:
    beats: list[int] = []
    market = Market(during(START_NS, 5 * SECOND, SilentStall("left")), every_ns=SECOND)
    before = market.trader.on_message

    def listen(sender: str, message: object) -> None:
        if type(message) is Heartbeat:
            beats.append(market.world.kernel.now_ns // SECOND)
        before(sender, message)

    market.trader.on_message = listen  # type: ignore[method-assign]
    market.run(5 * SECOND)
    assert beats == [1, 2, 3, 4]


def test_when_a_stall_is_over_everything_that_waited_goes_its_way_on_that_nanosecond_in_order() -> None:
    market = broken(SilentStall("left"))
    at_once = [
        record.event.cl_ord_id
        for record in market.memory.records
        if type(record.event) is VenueAccepted and record.at_ns == END_NS
    ]
    assert len(at_once) > 90
    numbers = [int(name.rpartition("-")[2]) for name in at_once]
    assert numbers == sorted(numbers)


def test_a_stall_that_discards_lets_nothing_of_it_through() -> None:
    market = broken(SilentStall("left", discards=True))
    ignored = market.memory.events(VenueIgnored)
    assert market.plan.tallies[0].effects == len(ignored) > 100
    assert set(market.times(VenueIgnored)) == {END_NS}
    gone = {event.what for event in ignored if not event.report}
    accepted = {f"new/{event.cl_ord_id}/1" for event in market.memory.events(VenueAccepted)}
    assert not gone & accepted


def test_what_waits_behind_two_stalls_waits_for_both() -> None:
    market = Market(
        during(100 * MILLISECOND, 200 * MILLISECOND, SilentStall("left")),
        during(150 * MILLISECOND, 300 * MILLISECOND, SilentStall("left")),
    ).run(400 * MILLISECOND)
    at_once = [at_ns for at_ns in market.times(VenueAccepted) if at_ns >= 100 * MILLISECOND]
    assert min(at_once) == 300 * MILLISECOND
    assert at_once.count(300 * MILLISECOND) > 190


def test_slow_cancels_hold_back_what_changes_an_order_and_nothing_else() -> None:
    world, tally = Market().world, Tally()
    heal = CancelsSlow("left", 50 * MILLISECOND).inject(world, tally)
    rules = world.venue("left")
    cancel = OrderCancelRequest("a~c1", "a", "ACME", Side.BUY)
    change = OrderCancelReplaceRequest("a~r1", "a", "ACME", Side.BUY, 5, 200)
    order = NewOrderSingle("a", "a", "ACME", Side.BUY, 5, OrdType.LIMIT, TimeInForce.DAY, 200)
    delays = [rules.on_request(each).delay_ns for each in (cancel, change, order, OrderStatusRequest("a", 1))]
    assert delays == [50 * MILLISECOND, 50 * MILLISECOND, 0, 0]
    assert tally.effects == 2
    heal()
    assert rules.on_request(cancel).delay_ns == 0
    with pytest.raises(ValueError, match="cancels slow: the delay must be above 0 ns, found 0"):
        CancelsSlow("left", 0).check(world)


def test_what_was_slow_already_is_not_acted_upon_in_a_stall_either() -> None:
    market = Market(
        during(80 * MILLISECOND, 100 * MILLISECOND, ApiSlow("left", 50 * MILLISECOND)),
        during(100 * MILLISECOND, 200 * MILLISECOND, SilentStall("left")),
        during(50 * MILLISECOND, 100 * MILLISECOND, OutOfOrderReports("left", 0.5, 30 * MILLISECOND)),
    ).run(400 * MILLISECOND)
    assert not [at_ns for at_ns in market.times(VenueAccepted) if START_NS <= at_ns < END_NS]
    assert not [r for r in sent_by_the_venue(market) if START_NS <= r.at_ns < END_NS]
    assert market.plan.tallies[2].effects > 5


def test_a_stall_of_which_a_session_drop_takes_the_session_lets_its_reports_die() -> None:
    market = Market(
        during(100 * MILLISECOND, 300 * MILLISECOND, SilentStall("left")),
        during(200 * MILLISECOND, 210 * MILLISECOND, SessionDrop("left")),
    ).run(500 * MILLISECOND)
    held = [event for event in market.memory.events(VenueIgnored) if event.what.startswith("new/")]
    assert len(held) > 80, "the next log-on declared them dead"
    assert [at_ns for at_ns in market.times(VenueAccepted) if at_ns > 310 * MILLISECOND]


# --- reports ---


def test_duplicate_reports_are_the_same_report_twice_right_behind_one_another() -> None:
    market = broken(DuplicateReports("left"))
    reports = [
        record.event.message.exec_id for record in sent_by_the_venue(market) if START_NS <= record.at_ns < END_NS
    ]
    twice = [one for one, other in pairwise(reports) if one == other]
    assert len(twice) == len(reports) // 2
    assert all(reports.count(exec_id) == 2 for exec_id in dict.fromkeys(reports))
    after = [record.event.message.exec_id for record in sent_by_the_venue(market) if record.at_ns >= END_NS]
    assert len(after) == len(dict.fromkeys(after))


def test_a_second_copy_may_come_much_later_and_after_the_window() -> None:
    market = broken(DuplicateReports("left", 0.5, 30 * MILLISECOND))
    sent: dict[str, list[int]] = {}
    for record in sent_by_the_venue(market):
        sent.setdefault(record.event.message.exec_id, []).append(record.at_ns)
    twice = [times for times in sent.values() if len(times) == 2]
    others = [times for times in sent.values() if len(times) == 1 and START_NS <= times[0] < END_NS]
    assert min(len(twice), len(others)) > 30
    # A drifting clock, and the core that it waits for.
    assert all(abs(late - at_ns - 30 * MILLISECOND) < MILLISECOND // 10 for at_ns, late in twice)
    assert any(late > END_NS for _, late in twice)


def test_out_of_order_reports_are_overtaken_by_what_happened_after_them() -> None:
    market = broken(OutOfOrderReports("left", 0.5, 5 * MILLISECOND))
    told = [record.event.message for record in sent_by_the_venue(market)]
    times = [report.transact_time_ns for report in told]
    assert any(one > other for one, other in pairwise(times))
    assert len(dict.fromkeys(report.exec_id for report in told)) == len(told), "each is told once"


def test_late_reports_keep_their_order() -> None:
    market = broken(LateReports("left", 20 * MILLISECOND))
    inside = [r for r in sent_by_the_venue(market) if START_NS <= r.event.message.transact_time_ns < END_NS]
    assert len(inside) > 90
    times = [record.event.message.transact_time_ns for record in inside]
    assert times == sorted(times)
    assert all(r.at_ns - r.event.message.transact_time_ns >= 20 * MILLISECOND for r in inside)


def test_an_acknowledgement_comes_after_the_fill_that_came_of_it() -> None:
    market = broken(AckAfterFill("left", 5 * MILLISECOND))
    inside = [r.event.message for r in sent_by_the_venue(market) if START_NS <= r.at_ns < END_NS]
    first: dict[str, ExecType] = {}
    for report in inside:
        first.setdefault(report.cl_ord_id, report.exec_type)
    filled = {report.cl_ord_id for report in inside if report.exec_type is ExecType.TRADE}
    backwards = [name for name in filled if first[name] is ExecType.TRADE]
    assert len(backwards) > 20
    assert words(market)[0].endswith("acknowledgements late")


def test_a_late_and_a_doubled_report_add_up() -> None:
    market = broken(LateReports("left", 20 * MILLISECOND), DuplicateReports("left"))
    inside = [r for r in sent_by_the_venue(market) if START_NS <= r.event.message.transact_time_ns < END_NS]
    names = [record.event.message.exec_id for record in inside]
    assert len(names) == 2 * len(dict.fromkeys(names))
    assert all(r.at_ns - r.event.message.transact_time_ns >= 20 * MILLISECOND for r in inside)
    assert market.plan.tallies[0].effects == market.plan.tallies[1].effects > 0
