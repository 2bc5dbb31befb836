"""Limits, by the venues' own books: positions with what is open, order sizes, and the loss of the day."""

from squall.scenarios.checks.exposure import exposure_within_limit, loss_limit_kept, order_size_within_limit
from squall.sim.trace import TouchChanged
from tests.scenarios.stages import MS, SECOND, Tale, fired, held

# --- exposure ---


def test_a_position_that_reaches_its_limit_with_all_open_orders_is_within_it() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("o-1", lots=60)
    tale.executed("o-1", lots=60)
    tale.closed("o-1")
    tale.accepted("o-2", lots=40)
    ruling = judge.ruling()
    assert held(ruling)
    assert "at most 100 of 100 lots" in ruling.detail


def test_one_lot_beyond_the_limit_is_a_violation_even_before_it_trades() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("o-1", lots=60)
    tale.executed("o-1", lots=60)
    seq = tale.accepted("o-2", lots=41)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert ruling.detail == "ACME: with o-2 the position can reach 101 lots, the limit is 100"


def test_open_orders_of_both_venues_add_up() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("o-1", lots=60, venue="exchange-a")
    tale.accepted("o-2", lots=60, venue="exchange-b")
    assert fired(judge.ruling())


def test_buys_and_sells_do_not_net_while_they_are_open() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("buy", lots=100)
    tale.accepted("sell", lots=100, buy=False)
    assert held(judge.ruling())
    tale.accepted("another sell", lots=1, buy=False)
    assert fired(judge.ruling())


def test_a_short_position_counts_like_a_long_one() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("o-1", lots=101, buy=False)
    assert fired(judge.ruling())


def test_what_was_canceled_frees_its_room_and_what_was_executed_does_not() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("o-1", lots=100)
    tale.executed("o-1", lots=30)
    tale.closed("o-1", leaves_lots=70)
    tale.accepted("o-2", lots=70)
    assert held(judge.ruling())
    tale.accepted("o-3", lots=1)
    assert fired(judge.ruling())


def test_symbols_have_their_limits_each() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("o-1", lots=100, symbol="ACME")
    tale.accepted("o-2", lots=100, symbol="BOLT")
    assert held(judge.ruling())


def test_an_order_that_was_accepted_twice_is_open_twice_until_it_closes() -> None:
    tale = Tale("risk.max_position_lots=100")
    judge = tale.judge(exposure_within_limit())
    tale.accepted("o-1", lots=50)
    tale.accepted("o-1", lots=50)
    tale.closed("o-1", leaves_lots=100)
    tale.accepted("o-2", lots=100)
    assert held(judge.ruling())
    tale.accepted("o-3", lots=1)
    assert fired(judge.ruling())


# --- order size ---


def test_an_order_of_the_largest_size_may_leave_and_a_larger_one_may_not() -> None:
    tale = Tale("risk.max_order_lots=50")
    judge = tale.judge(order_size_within_limit())
    tale.left("o-1", lots=50)
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "the largest order was 50 of 50 lots"
    seq = tale.left("o-2", lots=51)
    ruling = judge.ruling()
    assert fired(ruling)
    assert (ruling.seq, ruling.detail) == (seq, "o-2 left with 51 lots, the limit is 50")


# --- the daily loss ---

LIMIT = "risk.max_daily_loss=100"
"""In currency: 20,000 half ticks × lots of a share with a cent tick."""


def _touch(tale: Tale, middle: int, symbol: str = "ACME") -> None:
    tale.saw(TouchChanged("exchange-a", symbol, 1, middle - 2, 100, middle + 2, 100), "exchange-a")


def _bought(tale: Tale, lots: int, at: int, symbol: str = "ACME") -> None:
    name = f"{symbol}-{lots}"
    tale.accepted(name, lots=lots, symbol=symbol)
    tale.executed(name, lots=lots, price_half_ticks=at, symbol=symbol)
    tale.closed(name)


def _lost_everything(tale: Tale) -> None:
    """100 lots bought at 20,000 are worth 19,800: all that may be lost in a day is."""
    tale.at(1 * SECOND)
    _touch(tale, 20_000)
    _bought(tale, 100, at=20_000)
    tale.at(2 * SECOND)
    _touch(tale, 19_800)


def test_before_the_loss_is_reached_anything_may_be_bought() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    tale.at(1 * SECOND)
    _touch(tale, 20_000)
    _bought(tale, 100, at=20_000)
    _touch(tale, 19_802)
    tale.at(5 * SECOND)
    tale.accepted("more", lots=100)
    ruling = judge.ruling()
    assert held(ruling)
    assert "99 % of its limit" in ruling.detail


def test_an_order_that_raises_the_exposure_past_the_daily_loss_is_a_violation() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    _lost_everything(tale)
    tale.at(3 * SECOND)
    seq = tale.accepted("more", lots=1)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "more raised the exposure in ACME to 101 lots 1.0 s after the daily loss was reached" in ruling.detail


def test_orders_that_reduce_the_position_pass_however_much_was_lost() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    _lost_everything(tale)
    tale.at(3 * SECOND)
    tale.accepted("out", lots=100, buy=False)
    assert held(judge.ruling())


def test_an_order_that_turns_the_position_round_to_more_than_it_was_does_not_reduce_it() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    _lost_everything(tale)
    tale.at(3 * SECOND)
    tale.accepted("round", lots=201, buy=False)
    assert fired(judge.ruling())


def test_what_was_accepted_before_the_news_could_travel_was_sent_in_good_faith() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    _lost_everything(tale)
    tale.at(2 * SECOND + 99 * MS)
    tale.accepted("in flight", lots=10)
    assert held(judge.ruling())


def test_when_the_price_comes_back_trading_may_go_on() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    _lost_everything(tale)
    tale.at(3 * SECOND)
    _touch(tale, 20_000)
    tale.at(4 * SECOND)
    tale.accepted("more", lots=10)
    assert held(judge.ruling())


def test_losses_add_up_over_symbols_and_a_new_symbol_is_more_exposure() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    tale.at(1 * SECOND)
    for symbol in ("ACME", "BOLT"):
        _touch(tale, 20_000, symbol)
        _bought(tale, 100, at=20_000, symbol=symbol)
    for symbol in ("ACME", "BOLT"):
        _touch(tale, 19_900, symbol)
    tale.at(3 * SECOND)
    tale.accepted("more", lots=1, symbol="BOLT")
    assert fired(judge.ruling())


def test_room_that_a_cancel_has_freed_may_not_be_used_again_past_the_daily_loss() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    tale.accepted("resting", lots=50)
    _lost_everything(tale)
    tale.at(3 * SECOND)
    tale.closed("resting", leaves_lots=50)
    tale.accepted("again", lots=50)
    assert fired(judge.ruling())


def test_a_touch_with_an_empty_side_values_nothing() -> None:
    tale = Tale(LIMIT)
    judge = tale.judge(loss_limit_kept())
    tale.at(1 * SECOND)
    _touch(tale, 20_000)
    _bought(tale, 100, at=20_000)
    tale.saw(TouchChanged("exchange-a", "ACME", 2, 0, 0, 20_002, 100), "exchange-a")
    tale.at(3 * SECOND)
    tale.accepted("more", lots=10)
    assert held(judge.ruling())
