"""Orders against what venues have shown: a false price and an old one are seen, an honest one is not."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.scenarios.checks.feed import books_agree
from squall.scenarios.checks.prices import MEMORY_NS, Range, executed_near_the_market, priced_off_the_market
from squall.sim.trace import FeedTold, TouchChanged
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick
from tests.scenarios.stages import SECOND, Tale, fired, held, new_order, submit, undecided


def _touch(tale: Tale, bid: int, venue: str = "exchange-a", seq: int = 1) -> None:
    tale.saw(TouchChanged(venue, "ACME", seq, bid, 10, bid + 4, 10), venue)


def _order(tale: Tale, price: int | None, name: str = "a") -> int:
    """The strategy sends it, and execution sends it on."""
    tale.sent("strategy", "oms1", replace(submit(name), price_half_ticks=price))
    return tale.sent("execution", "exchange-a", replace(new_order(name), price_half_ticks=price))


shown = st.lists(
    st.tuples(
        st.integers(0, MEMORY_NS // 3), st.sampled_from(["a", "b"]), st.lists(st.integers(1, 9), max_size=2).map(tuple)
    ),
    max_size=30,
)


@given(shown)
def test_the_range_is_that_of_all_prices_of_the_last_seconds(steps: list[tuple[int, str, tuple[int, ...]]]) -> None:
    span, now_ns = Range(), 0
    past: list[tuple[int, int]] = []
    now: dict[str, tuple[int, ...]] = {}
    for passed_ns, venue, prices in steps:
        now_ns += passed_ns
        past += [(now_ns, price) for price in now.get(venue, ())]
        now[venue] = prices
        span.show(now_ns, venue, prices)
        seen = [price for each in now.values() for price in each]
        seen += [price for until_ns, price in past if until_ns >= now_ns - MEMORY_NS]
        assert span.at(now_ns) == ((min(seen), max(seen)) if seen else None)


def test_a_limit_about_the_touch_of_any_venue_is_priced_off_the_market() -> None:
    tale = Tale()
    judge = tale.judge(priced_off_the_market())
    _touch(tale, 20_000)
    _touch(tale, 21_000, "exchange-b")
    for name, price in (("a", 20_008), ("b", 19_750), ("c", 21_266)):
        _order(tale, price, name)
    ruling = judge.ruling()
    assert held(ruling)
    assert "3 limits" in ruling.detail


def test_a_limit_that_no_venue_has_come_near_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(priced_off_the_market())
    _touch(tale, 20_000)
    seq = _order(tale, 2_004)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert ruling.detail == "a buys at 2004 half ticks; the venues have shown 20000 to 20004 in the last 3 s"


def test_a_price_of_a_while_ago_may_still_be_in_somebodys_queue_and_an_old_one_may_not() -> None:
    for after_ns, verdict in ((2 * SECOND, held), (4 * SECOND, fired)):
        tale = Tale()
        judge = tale.judge(priced_off_the_market())
        _touch(tale, 20_000)
        tale.at(SECOND)
        _touch(tale, 21_000)
        tale.at(SECOND + after_ns)
        _order(tale, 20_002)
        assert verdict(judge.ruling())


def test_an_order_is_judged_when_it_is_first_sent_and_not_when_it_is_repeated() -> None:
    tale = Tale()
    judge = tale.judge(priced_off_the_market())
    _touch(tale, 20_000)
    _order(tale, 20_002)
    tale.at(10 * SECOND)
    _touch(tale, 30_000)
    tale.at(20 * SECOND)
    _order(tale, 20_002)
    assert held(judge.ruling())


def test_a_market_order_has_no_price_to_be_wrong() -> None:
    tale = Tale()
    judge = tale.judge(priced_off_the_market())
    _touch(tale, 20_000)
    _order(tale, None)
    assert held(judge.ruling())


def test_what_a_feed_tells_falsely_is_not_held_against_the_desks_book() -> None:
    """The desk may not trade on it, which is another promise; but it cannot show what it was never told."""
    tale = Tale()
    judge = tale.judge(books_agree())

    def tick(seq: int, bid: int) -> None:
        tale.handled(
            "strategy", "market-data", Tick(Venue("exchange-a"), Symbol("ACME"), seq, bid, 10, bid + 4, 10, False)
        )

    _touch(tale, 20_000, seq=1)
    tick(1, 20_000)
    tale.saw(FeedTold("exchange-a", "ACME", 2, False), "exchange-a")
    _touch(tale, 20_010, seq=2)
    tick(2, 2_000)
    assert held(judge.ruling())
    tale.saw(FeedTold("exchange-a", "ACME", 3, True), "exchange-a")
    _touch(tale, 20_020, seq=3)
    tick(3, 20_010)
    assert fired(judge.ruling())


def test_an_order_that_the_desk_stops_by_itself_does_no_harm() -> None:
    tale = Tale()
    judge = tale.judge(priced_off_the_market())
    _touch(tale, 20_000)
    tale.sent("strategy", "oms1", replace(submit("swapped"), price_half_ticks=10))
    assert held(judge.ruling())
    tale.sent("execution", "exchange-a", replace(new_order("swapped"), price_half_ticks=10))
    assert fired(judge.ruling())


def test_an_order_that_was_changed_on_its_way_to_nobody_is_the_one_that_is_sent_once_more() -> None:
    tale = Tale()
    judge = tale.judge(priced_off_the_market())
    _touch(tale, 20_000)
    tale.sent("strategy", "oms1", replace(submit("swapped"), price_half_ticks=10))
    tale.sent("strategy", "oms2", submit("swapped"))
    tale.left("swapped")
    assert held(judge.ruling())


# --- executions ---


def test_an_execution_about_what_was_shown_before_its_order_came_is_near_the_market() -> None:
    tale = Tale()
    judge = tale.judge(executed_near_the_market(5))
    _touch(tale, 20_000)
    tale.accepted("a", 10)
    tale.executed("a", 10, price_half_ticks=19_000)
    assert held(judge.ruling())


def test_an_execution_far_below_is_a_violation_also_when_the_order_itself_emptied_the_book() -> None:
    tale = Tale()
    judge = tale.judge(executed_near_the_market(5))
    _touch(tale, 20_000)
    tale.accepted("a", 10, buy=False)
    _touch(tale, 200)
    seq = tale.executed("a", 10, price_half_ticks=200, buy=False)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "a sold 10 lots at 200 half ticks; venues had shown 20000 to 20004" in ruling.detail


def test_where_nothing_was_executed_nothing_was_judged() -> None:
    tale = Tale()
    judge = tale.judge(executed_near_the_market(5))
    _touch(tale, 20_000)
    assert undecided(judge.ruling())
