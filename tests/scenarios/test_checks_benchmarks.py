"""Reports on executions and VWAPs on recorded volume, judged from venues: each promise firing and holding."""

from collections.abc import Sequence
from typing import Any

from msgspec.msgpack import encode
from msgspec.structs import replace

from squall.scenarios.checks.benchmarks import executions_measured
from squall.scenarios.checks.knowledge import Middles
from squall.scenarios.checks.volume import volume_followed, volume_kept_up_with
from squall.scenarios.scenario import Promise
from squall.sim.exchange.wire.messages import BookUpdate, Print, Side
from squall.sim.trace import TouchChanged, VenueBusted, VenueExecuted
from squall.system.domain.claims import FeedMoved
from squall.system.domain.clients import ClientFlow
from squall.system.domain.history import DAY_NS
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import (
    Algorithm,
    AskHistory,
    Bar,
    HistoryTold,
    ParentAnswered,
    ParentDone,
    ParentMeasured,
    ParentOrder,
    ParentOutcome,
    Statistic,
    Tick,
)
from squall.system.domain.signals import Workload
from squall.system.services.tick_store import FILE
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, undecided

PARENT = ClOrdID("fund-1")
ORDER = ParentOrder(
    PARENT, "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 100, Algorithm.VWAP, end_ns=10 * SECOND
)
REPORT = ParentMeasured(PARENT, 10, 200_200, 40_000, 2_001_000, 100, 0, 1_000, 500, 100, False)
"""Ten lots at 20,020: 10 bps worse than on arrival, and 5 bps worse than the tape's 20,010; a tenth of the order,
and no price moved: 1 bp of all of it."""


def tale(*overrides: str) -> Tale:
    return Tale(*overrides, workload=Workload(clients=ClientFlow()))


# --- reports ---


def tick(seq: int, ask_lots: int = 10, stale: bool = False) -> Tick:
    """What the algorithms hear of a book about 20,000."""
    return Tick(Venue("exchange-a"), Symbol("ACME"), seq, 19_998, 10, 20_002 if ask_lots else 0, ask_lots, stale)


def traded(side: Side = Side.BUY, end_ms: int = 300, ticks: Sequence[Tick] = ()) -> tuple[Tale, Any]:
    """A client's order, taken at 20,000; ten of its lots at 20,020, on a tape whose average is 20,010; and its end."""
    story = tale()
    judge = story.judge(executions_measured())
    story.saw(TouchChanged("exchange-a", "ACME", 1, 19_998, 10, 20_002, 10), "exchange-a")
    for each in ticks:
        story.handled("algos", "market-data", each)
    order = replace(ORDER, side=side)
    story.sent("clients", "algos", order)
    story.handled("algos", "clients", order)
    story.handled("oms1", "algos", order)
    story.at(5 * MS)
    prints = (Print(Side.BUY, 20_000, 50), Print(Side.BUY, 20_020, 50))
    story.sent("exchange-a", "market-data/A", BookUpdate("exchange-a", "A", 1, "ACME", prints=prints))
    story.sent("exchange-a", "market-data/B", BookUpdate("exchange-a", "B", 1, "ACME", prints=prints))
    story.executed("fund-1.1", lots=10, price_half_ticks=20_020, buy=side is Side.BUY)
    story.at(end_ms * MS)
    story.sent("algos", "clients", ParentDone(PARENT, ParentOutcome.OVER, 10, 200_200))
    return story, judge


def of(side: Side = Side.BUY, **changes: Any) -> Any:
    """What the promise says of this report."""
    story, judge = traded(side)
    assert undecided(judge.ruling())
    story.handled("clients", "algos", replace(REPORT, **changes))
    return judge.ruling()


def test_a_report_that_adds_up_holds() -> None:
    ruling = of()
    assert held(ruling)
    assert ruling.detail == "1 reports add up, 1 of them on a whole tape; 0 executed poorly"


def test_erratum_46_a_seller_who_got_more_than_others_was_not_executed_worse() -> None:
    """Erratum 46."""
    assert fired(of(Side.SELL))
    signed = {"arrival_cost_millionths": -1_000, "vwap_cost_millionths": -500, "shortfall_millionths": -100}
    assert held(of(Side.SELL, **signed))


def test_costs_that_are_none_of_what_was_traded_are_a_violation() -> None:
    assert "against its arrival" in of(arrival_cost_millionths=999).detail
    assert "against its vwap" in of(vwap_cost_millionths=None).detail
    assert fired(of(poor=True))


def test_other_trades_another_arrival_and_another_tape_are_violations() -> None:
    assert "told of 9 lots for 200200, fees 0; at its end of 10 for 200200" in of(filled_lots=9).detail
    story, judge = traded()
    story.executed("fund-1.2", lots=5, price_half_ticks=20_020)
    story.handled("clients", "algos", REPORT)
    assert "told of 10 lots for 200200, fees 0; venues executed 15 for 300300" in judge.ruling().detail
    assert "venues showed 40000 to 40000" in of(arrival_twice=40_002, arrival_cost_millionths=950).detail
    other = of(tape_turnover=2_002_000, vwap_cost_millionths=0)
    assert fired(other)
    assert "told of a VWAP of 20020.00 half ticks, the tapes say 20010.00" in other.detail


def test_an_end_at_the_edge_of_a_bar_may_be_in_either_of_the_two_and_any_other_in_its_own_alone() -> None:
    first = REPORT
    both = replace(REPORT, tape_turnover=4_004_000, tape_lots=200, vwap_cost_millionths=0)
    for end_ms, report, verdict in (
        (1_001, first, held),
        (1_001, both, held),
        (1_500, first, fired),
        (1_500, both, held),
    ):
        story, judge = traded(end_ms=end_ms)
        later = BookUpdate("exchange-a", "A", 2, "ACME", prints=(Print(Side.BUY, 20_030, 100),))
        story.sent("exchange-a", "market-data/A", later)
        story.handled("clients", "algos", report)
        assert verdict(judge.ruling())


def test_of_a_tape_with_gaps_nothing_is_held_against_the_report_but_its_own_sums() -> None:
    gaps = {"tape_turnover": 2_002_000, "bars_missing": 1}
    assert undecided(of(**gaps, vwap_cost_millionths=0))
    assert fired(of(**gaps, vwap_cost_millionths=1))


def test_reports_that_are_all_of_tapes_with_gaps_prove_nothing() -> None:
    ruling = of(tape_turnover=0, tape_lots=0, bars_missing=1, vwap_cost_millionths=None)
    assert undecided(ruling)
    assert ruling.detail == "1 reports, none of them on a whole tape"


def test_a_report_stays_as_it_was_at_the_end_that_was_told_whatever_is_busted_after_it() -> None:
    """What is amended then is a matter between the client and the venue; the report is of the end, to the lot."""
    busted = VenueBusted(
        "exchange-a", "exchange-a/9", "exchange-a/1", "fund-1.1", "fund-1.1", "ACME", True, 1, 20_020, 0
    )
    story, judge = traded()
    story.saw(busted, "exchange-a")
    story.handled("clients", "algos", REPORT)
    assert held(judge.ruling())
    story, judge = traded()
    story.saw(busted, "exchange-a")
    story.handled("clients", "algos", replace(REPORT, filled_lots=9, notional=180_180))
    assert "told of 9 lots for 180180, fees 0; at its end of 10 for 200200" in judge.ruling().detail


def test_fees_that_venues_did_not_charge_are_a_violation_and_those_that_they_did_are_part_of_the_shortfall() -> None:
    for fees, done_fees, shortfall, verdict in ((600, 600, 400, held), (600, 600, 100, fired), (0, 0, 100, fired)):
        story = tale()
        judge = story.judge(executions_measured())
        story.saw(TouchChanged("exchange-a", "ACME", 1, 19_998, 10, 20_002, 10), "exchange-a")
        story.sent("clients", "algos", ORDER)
        story.handled("algos", "clients", ORDER)
        charged = VenueExecuted("exchange-a", "e-1", "fund-1.1", "fund-1.1", "ACME", True, 10, 20_020, fee=600)
        story.saw(charged, "exchange-a")
        story.sent("algos", "clients", ParentDone(PARENT, ParentOutcome.OVER, 10, 200_200, done_fees))
        report = replace(REPORT, tape_turnover=0, tape_lots=0, bars_missing=1, vwap_cost_millionths=None)
        story.handled("clients", "algos", replace(report, fees=fees, shortfall_millionths=shortfall))
        assert fired(judge.ruling()) is (verdict is fired), judge.ruling()


def test_gaps_that_the_tick_stores_answer_had_not_are_a_violation() -> None:
    story, judge = traded()
    asked = AskHistory(7, Statistic.VWAP, Symbol("ACME"), 0, 300 * MS)
    story.handled("tick-store", "algos", asked)
    story.handled("algos", "tick-store", HistoryTold(7, (2_001_000, 100), 1, 0))
    report = replace(REPORT, bars_missing=1)
    story.sent("algos", "clients", report)
    story.handled("clients", "algos", report)
    assert "1 bars that are missing, by the tick store's answers they are 0" in judge.ruling().detail


def test_a_shortfall_that_is_not_that_of_the_trades_and_the_rest_is_a_violation() -> None:
    for told in (0, 101, None):
        assert fired(of(shortfall_millionths=told)) is (told is not None)
    ruling = of(shortfall_millionths=0)
    assert ruling.detail == "fund-1: told of a shortfall of 0 millionths, it was 100 to 100"


def test_an_arrival_that_is_not_told_is_a_violation_where_the_algorithms_had_been_told_of_one() -> None:
    unknown = replace(REPORT, arrival_twice=None, arrival_cost_millionths=None, shortfall_millionths=None)
    for ticks, verdict in (
        ([], held),
        ([tick(1, ask_lots=0)], held),
        ([tick(1), tick(2, stale=True)], held),
        ([tick(1)], fired),
    ):
        story, judge = traded(ticks=ticks)
        story.handled("clients", "algos", unknown)
        assert verdict(judge.ruling())


def test_where_one_venue_is_stale_to_the_algorithms_the_arrival_may_be_by_the_others_alone() -> None:
    """exchange-b shows 20,004 to sell at, and 20,002 at exchange-a is not believed."""
    others = replace(tick(1), venue=Venue("exchange-b"), ask_half_ticks=20_004)
    report = replace(REPORT, arrival_twice=40_002, arrival_cost_millionths=950, shortfall_millionths=95)
    for ticks, verdict in (([tick(1), tick(2, stale=True), others], held), ([tick(1), others], fired)):
        story, judge = traded(ticks=ticks)
        story.handled("clients", "algos", report)
        assert verdict(judge.ruling()), judge.ruling()


def test_a_shortfall_that_is_not_told_is_a_violation_where_the_price_at_the_end_was_known() -> None:
    story, judge = traded(ticks=[tick(1)])
    story.handled("clients", "algos", replace(REPORT, shortfall_millionths=None))
    assert "told of no shortfall" in judge.ruling().detail


def test_lots_of_a_whole_tape_that_are_too_few_or_too_many_are_a_violation() -> None:
    assert "told of 99 lots on a whole tape that shows 100" in of(tape_turnover=1_980_990, tape_lots=99).detail
    assert "told of 101 lots on a tape that shows 100" in of(tape_turnover=2_021_010, tape_lots=101).detail
    assert fired(of(tape_turnover=0, tape_lots=0, vwap_cost_millionths=None))


def test_lots_that_were_traded_while_a_feed_had_a_gap_may_be_on_no_tape_of_the_desks() -> None:
    few = replace(REPORT, tape_turnover=1_980_990, tape_lots=99)
    for gap_ms, verdict in ((400, held), (2_000, fired)):
        story, judge = traded()
        for at_ms, state in ((0, "gap"), (100, "second provider"), (200, "in sequence")):
            story.at((gap_ms + at_ms) * MS)
            story.heard(FeedMoved("exchange-a", state, 2), "market-data")
        story.handled("clients", "algos", few)
        assert verdict(judge.ruling())


def test_of_the_middles_that_venues_showed_only_the_last_half_second_is_kept() -> None:
    middles = Middles()
    for number in range(1_000):
        middles.show(number * 10 * MS, TouchChanged("exchange-a", "ACME", number, number + 1, 10, number + 3, 10))
    assert len(middles) == 51
    assert middles.lately(9_990 * MS) == [2 * number + 4 for number in range(949, 1_000)]


# --- recorded volume ---


def late(
    basis: str = "recorded volume",
    volumes: tuple[int, int] = (10, 30),
    promise: Promise | None = None,
    order: ParentOrder = ORDER,
) -> tuple[Tale, Any]:
    """A day of ten seconds of which the second half has three quarters of the volume; a VWAP over all of it."""
    story = tale("algos.day=10s", "algos.profile_parts=2")
    days = [
        encode((Bar(Symbol("ACME"), day * DAY_NS + second * SECOND, 1, 1, 1, 1, volumes[second // 5], 1),))
        for day in (-2, -1)
        for second in range(10)
    ]
    story.stored("ops", FILE, *days)
    judge = story.judge(promise or volume_followed())
    story.handled("oms1", "algos", order)
    story.sent("algos", "clients", ParentAnswered(PARENT, None, basis))
    return story, judge


def test_a_vwap_may_come_as_far_as_recorded_volume_and_a_lot_of_rounding() -> None:
    story, judge = late()
    assert undecided(judge.ruling())
    story.accepted("fund-1.1", lots=20)
    story.executed("fund-1.1", lots=20)
    story.closed("fund-1.1", leaves_lots=0)
    story.accepted("fund-1.2", lots=6)
    assert held(judge.ruling())
    story.at(5 * SECOND)
    story.accepted("fund-1.3", lots=74)
    assert held(judge.ruling())


def test_a_vwap_that_is_ahead_of_recorded_volume_is_a_violation() -> None:
    story, judge = late()
    story.accepted("fund-1.1", lots=27)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "fund-1 has 27 of 100 lots at work or executed, by recorded volume 25.0 are due"


def test_where_no_volume_was_recorded_in_all_of_its_window_a_vwap_is_even_over_time() -> None:
    story, judge = late(volumes=(0, 0))
    story.accepted("fund-1.1", lots=51)
    assert held(judge.ruling())
    story.accepted("fund-1.2", lots=1)
    assert fired(judge.ruling())


def test_a_vwap_that_said_it_follows_the_usual_volume_is_not_held_against_what_was_recorded() -> None:
    story, judge = late("usual volume: too little was recorded")
    story.accepted("fund-1.1", lots=50)
    assert undecided(judge.ruling())


def seen_at(story: Tale, at_ms: int) -> None:
    """The algorithms hear a tick then: that is when it is looked."""
    story.at(at_ms * MS)
    story.handled("algos", "market-data", tick(at_ms))


def test_a_vwap_that_had_a_while_for_what_was_due_keeps_up_and_later_it_does_not() -> None:
    """A quarter is due at once; two tries and a half second are the while."""
    for at_ms, lots, verdict in ((2_400, 0, undecided), (2_600, 24, held), (2_600, 23, fired), (7_600, 99, held)):
        story, judge = late(promise=volume_kept_up_with())
        if lots:
            story.executed("fund-1.1", lots=lots)
        seen_at(story, at_ms)
        assert verdict(judge.ruling()), judge.ruling()


def test_at_its_end_a_vwap_has_what_was_due_a_while_before_it() -> None:
    for lots, verdict in ((99, held), (50, fired)):
        story, judge = late(promise=volume_kept_up_with())
        story.executed("fund-1.1", lots=lots)
        story.at(9_900 * MS)
        story.sent("algos", "clients", ParentDone(PARENT, ParentOutcome.OVER, lots, 0))
        assert verdict(judge.ruling())
        seen_at(story, 10_500)
        assert verdict(judge.ruling())


def test_a_trade_that_is_taken_back_gives_a_vwap_its_while_anew() -> None:
    story, judge = late(promise=volume_kept_up_with())
    story.executed("fund-1.1", lots=30)
    story.at(4_000 * MS)
    bust = VenueBusted("exchange-a", "e-9", "exchange-a/1", "fund-1.1", "fund-1.1", "ACME", True, 30, 20_000, 0)
    story.saw(bust, "exchange-a")
    seen_at(story, 6_400)
    assert undecided(judge.ruling())
    seen_at(story, 6_600)
    assert fired(judge.ruling())


def test_a_vwap_with_a_limit_or_a_share_of_volume_may_have_to_wait() -> None:
    for order in (replace(ORDER, limit_half_ticks=19_000), replace(ORDER, participation_percent=10)):
        story, judge = late(promise=volume_kept_up_with(), order=order)
        seen_at(story, 5_000)
        assert undecided(judge.ruling())
