"""Rules of strategies: what each wants, how much of it, and what is left out. Held against slow, obvious references."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import Side
from squall.system.config import StrategyConfig
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.strategies import mean_reversion, momentum
from squall.system.domain.strategies.market_maker import PULL_BOTH, MarketMaker, MarketMakerState
from squall.system.domain.strategies.mean_reversion import MeanReversion, MeanReversionState
from squall.system.domain.strategies.momentum import Momentum, MomentumState
from squall.system.domain.strategies.orders import (
    Asked,
    Filtered,
    LeftOut,
    Mine,
    Move,
    Place,
    Recent,
    Withdraw,
    act,
    held,
)
from squall.system.domain.strategies.rules import Rule, State, on_tick, start
from squall.system.domain.strategies.seen import Lean, Pull, Quote, Seen, Signal
from squall.system.domain.strategies.sizing import Budget, Held, lots_towards, quote_lots

TICK = 2
CONFIG = StrategyConfig()
RULES: tuple[Rule, ...] = (
    Momentum(),
    MeanReversion(window_ticks=5),
    MarketMaker(hedge_lots=100),
    MarketMaker(half_spread_ticks=1, skew_lots_per_tick=10, requote_ticks=0),
)


def seen(bid: int, ask: int, *, fresh: bool = True, position: int = 0, at_ns: int = 0) -> Seen:
    return Seen(at_ns, fresh, bid if fresh else 0, ask if fresh else 0, TICK, position)


def told(rule: Rule, *middles: int) -> tuple[State, tuple[Signal, ...]]:
    """The last signals after these middles, in half ticks, with a spread of one tick."""
    state, signals = start(rule), ()
    for middle in middles:
        state, signals = on_tick(rule, state, seen(middle - 1, middle + 1))
    return state, signals


# --- momentum ---


def test_momentum_says_nothing_before_it_has_looked_on_long_enough() -> None:
    assert told(Momentum(fast_ticks=2, slow_ticks=4), 100, 110, 120, 130)[1] == ()
    assert told(Momentum(fast_ticks=2, slow_ticks=4), 100, 110, 120, 130, 140)[1] == (Lean(1000),)


def test_momentum_leans_with_the_trend_and_lets_go_when_it_turns() -> None:
    rule = Momentum(fast_ticks=2, slow_ticks=4, enter_half_ticks=2)
    falling = tuple(range(200, 100, -5))
    assert told(rule, *falling)[1] == (Lean(-1000),)
    assert told(rule, *falling, 112, 113, 114)[1] == (Lean(0),)


def test_momentum_of_a_still_market_wants_to_be_flat() -> None:
    assert told(Momentum(), *([100] * 40))[1] == (Lean(0),)


@given(st.lists(st.integers(50, 500), min_size=2, max_size=60))
def test_the_averages_are_those_of_exact_fractions(middles: list[int]) -> None:
    rule = Momentum(fast_ticks=3, slow_ticks=7)
    state = MomentumState()
    fast = slow = Fraction(2 * middles[0])
    for index, middle in enumerate(middles):
        state, _ = momentum.on_tick(rule, state, seen(middle - 1, middle + 1))
        if index:
            fast += (2 * middle - fast) * Fraction(2, 4)
            slow += (2 * middle - slow) * Fraction(2, 8)
    assert abs(Fraction(state.fast, momentum.SCALE) - fast) < Fraction(1, 1000)
    assert abs(Fraction(state.slow, momentum.SCALE) - slow) < Fraction(1, 1000)


# --- mean reversion ---


def test_mean_reversion_leans_against_what_is_far_from_its_mean_until_it_is_back() -> None:
    rule = MeanReversion(window_ticks=4, enter_percent=200)
    assert told(rule, 100, 102, 100, 102)[1] == ()
    assert told(rule, 100, 102, 100, 102, 120)[1] == (Lean(-1000),)
    assert told(rule, 100, 102, 100, 102, 80)[1] == (Lean(1000),)
    assert told(rule, 100, 102, 100, 102, 80, 85)[1] == (Lean(1000),)
    assert told(rule, 100, 102, 100, 102, 80, 97)[1] == (Lean(0),)


@given(st.lists(st.integers(50, 500), min_size=6, max_size=40))
def test_the_band_is_that_of_exact_mean_and_variance(middles: list[int]) -> None:
    rule = MeanReversion(window_ticks=5, enter_percent=150)
    state, leaning = MeanReversionState(), 0
    for index, middle in enumerate(middles):
        state, signals = mean_reversion.on_tick(rule, state, seen(middle - 1, middle + 1))
        if index < 5:
            assert signals == ()
            continue
        window = middles[index - 5 : index]
        mean = Fraction(sum(window), 5)
        variance = sum((Fraction(each) - mean) ** 2 for each in window) / 5
        away = middle - mean
        if away**2 > Fraction(3, 2) ** 2 * variance:
            leaning = -1 if away > 0 else 1
        elif leaning * away >= 0:
            leaning = 0
        assert signals == (Lean(1000 * leaning),)


# --- the market maker ---


def test_a_market_maker_stands_a_half_spread_about_the_middle_and_shifts_against_what_it_holds() -> None:
    rule = MarketMaker(half_spread_ticks=2, skew_lots_per_tick=50)
    flat = on_tick(rule, MarketMakerState(), seen(100, 104))[1]
    assert flat == (Quote(Side.BUY, 98), Quote(Side.SELL, 106))
    long = on_tick(rule, MarketMakerState(), seen(100, 104, position=100))[1]
    assert long == (Quote(Side.BUY, 94), Quote(Side.SELL, 102))


def test_a_quote_stays_while_the_market_moves_less_than_the_band() -> None:
    rule = MarketMaker(half_spread_ticks=2, requote_ticks=1)
    state, _ = on_tick(rule, MarketMakerState(), seen(100, 104))
    state, signals = on_tick(rule, state, seen(102, 106))
    assert signals == (Quote(Side.BUY, 98), Quote(Side.SELL, 106))
    _, signals = on_tick(rule, state, seen(104, 108))
    assert signals == (Quote(Side.BUY, 102), Quote(Side.SELL, 110))


def test_a_market_maker_that_sees_nothing_pulls_both_quotes() -> None:
    state = MarketMakerState(98, 106)
    assert on_tick(MarketMaker(), state, seen(0, 0, fresh=False))[1] == PULL_BOTH
    assert on_tick(MarketMaker(), state, seen(100, 0))[1] == PULL_BOTH


def test_while_venues_lock_or_cross_each_quote_is_wanted_where_it_was_unless_that_reaches_the_other_side() -> None:
    """`maker-in-a-moving-market --seed 7163`: two venues locked for a second and a half, and it never began."""
    state = MarketMakerState(98, 106)
    assert on_tick(MarketMaker(), state, seen(104, 104)) == (state, (Quote(Side.BUY, 98), Quote(Side.SELL, 106)))
    assert on_tick(MarketMaker(), state, seen(106, 104)) == (state, (Quote(Side.BUY, 98),))
    assert on_tick(MarketMaker(), state, seen(104, 98)) == (state, (Quote(Side.SELL, 106),))
    assert on_tick(MarketMaker(hedge_lots=100), state, seen(104, 104, position=100)) == (state, ())


def test_who_has_not_quoted_before_venues_cross_begins_about_the_middle_of_both() -> None:
    _, signals = on_tick(MarketMaker(half_spread_ticks=2), MarketMakerState(), seen(106, 104))
    assert signals == (Quote(Side.BUY, 100), Quote(Side.SELL, 110))


def test_a_loaded_market_maker_takes_its_quotes_back_and_goes_flat() -> None:
    rule = MarketMaker(hedge_lots=100)
    assert on_tick(rule, MarketMakerState(), seen(100, 104, position=-100))[1] == (*PULL_BOTH, Lean(0))


touches = st.tuples(st.integers(2, 400), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))
crossed = st.tuples(st.integers(20, 400), st.integers(0, 18)).map(lambda pair: (pair[0], pair[0] - pair[1]))


@given(st.lists(st.tuples(touches | crossed, st.integers(-300, 300)), min_size=1, max_size=30), st.integers(1, 5))
def test_a_market_maker_never_crosses_itself_nor_the_market(walk: list[tuple[tuple[int, int], int]], half: int) -> None:
    rule = MarketMaker(half_spread_ticks=half, skew_lots_per_tick=20, requote_ticks=2)
    state: State = start(rule)
    for (bid, ask), position in walk:
        state, signals = on_tick(rule, state, seen(bid, ask, position=position))
        quotes = {signal.side: signal.price_half_ticks for signal in signals if isinstance(signal, Quote)}
        for price in quotes.values():
            assert price % TICK == 0
            assert price > 0
        if len(quotes) == 2:
            assert quotes[Side.BUY] < quotes[Side.SELL]
        assert quotes.get(Side.BUY, 0) < ask
        assert quotes.get(Side.SELL, bid + 1) > bid


@given(st.sampled_from(RULES), st.lists(touches, max_size=30))
def test_on_what_is_not_believed_nobody_wants_to_trade(rule: Rule, walk: list[tuple[int, int]]) -> None:
    state = start(rule)
    for bid, ask in walk:
        state, _ = on_tick(rule, state, seen(bid, ask))
    _, signals = on_tick(rule, state, seen(0, 0, fresh=False))
    assert all(isinstance(signal, Pull) for signal in signals)


@given(st.sampled_from(RULES), st.lists(touches, min_size=1, max_size=30))
def test_a_rule_is_a_function_of_what_it_is_shown(rule: Rule, walk: list[tuple[int, int]]) -> None:
    first, second = start(rule), start(rule)
    for bid, ask in walk:
        first, wanted = on_tick(rule, first, seen(bid, ask))
        second, again = on_tick(rule, second, seen(bid, ask))
        assert (first, wanted) == (second, again)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: Momentum(fast_ticks=9, slow_ticks=9), "momentum.fast_ticks: found 9, expected 1 to 8"),
        (lambda: MeanReversion(window_ticks=1), "mean_reversion.window_ticks: found 1, expected at least 2"),
        (lambda: MarketMaker(half_spread_ticks=0), "market_maker.half_spread_ticks: found 0, expected at least 1"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_name(make: object, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        make()  # type: ignore[operator]


# --- sizing ---

helds = st.builds(Held, st.integers(-700, 700), st.integers(0, 400), st.integers(0, 400))
budgets = st.builds(Budget, st.integers(0, 500), st.integers(1, 200), st.sampled_from([1, 5, 10]))


@given(st.integers(-1000, 1000), helds, budgets)
def test_an_order_is_whole_steps_no_larger_than_one_may_be_and_never_leads_past_the_lean(
    lean: int, have: Held, budget: Budget
) -> None:
    sized = lots_towards(lean, have, budget)
    if sized is None:
        return
    side, lots = sized
    target = int(Fraction(budget.max_lots * lean, 1000))
    assert 0 < lots <= budget.order_lots
    assert lots % budget.step_lots == 0
    after = have.if_filled(side) + side.sign * lots
    assert side.sign * (target - after) >= 0
    if abs(have.if_filled(side)) <= budget.max_lots:
        assert abs(after) <= budget.max_lots


@given(st.integers(-1000, 1000), helds, budgets)
def test_nothing_is_ordered_only_where_less_than_a_step_is_missing(lean: int, have: Held, budget: Budget) -> None:
    target = int(Fraction(budget.max_lots * lean, 1000))
    if lots_towards(lean, have, budget) is None and budget.order_lots >= budget.step_lots:
        for side in Side:
            assert side.sign * (target - have.if_filled(side)) < budget.step_lots


@given(st.sampled_from(list(Side)), helds, budgets)
def test_a_quote_that_fills_whole_stays_within_the_budget(side: Side, have: Held, budget: Budget) -> None:
    lots = quote_lots(side, have, budget)
    assert lots % budget.step_lots == 0
    assert 0 <= lots <= budget.order_lots
    if lots:
        assert side.sign * (have.if_filled(side) + side.sign * lots) <= budget.max_lots


# --- what is left out ---

BUDGET = Budget(500, 100, 1)


def mine(name: str, side: Side, price: int, *, rests: bool = True, cancelling: bool = False) -> Mine:
    return Mine(ClOrdID(name), side, 50, price, rests, 0, cancelling)


def test_a_lean_takes_a_little_beyond_the_touch() -> None:
    assert act((Lean(1000),), seen(100, 104), (), Recent(), BUDGET, CONFIG) == (Place(Side.BUY, 100, 108, False),)


def test_a_second_order_on_the_same_side_waits_until_the_first_has_cooled_down() -> None:
    now = seen(100, 104, at_ns=CONFIG.cool_down_time_ns)
    for last_ns, expected in ((0, Place), (1, LeftOut)):
        (action,) = act((Lean(1000),), now, (), Recent(buy_ns=last_ns), BUDGET, CONFIG)
        assert type(action) is expected
        (other,) = act((Lean(-1000),), now, (), Recent(buy_ns=last_ns), BUDGET, CONFIG)
        assert type(other) is Place


def test_what_would_meet_our_own_quote_is_left_out_and_the_quote_is_taken_back() -> None:
    bid = mine("m-1", Side.BUY, 100)
    actions = act((Lean(-1000),), seen(100, 104), (bid,), Recent(), BUDGET, CONFIG)
    assert actions == (Withdraw(ClOrdID("m-1")), LeftOut(Side.SELL, Filtered.NETTING))
    far = mine("m-1", Side.BUY, 90)
    assert act((Lean(-1000),), seen(100, 104), (far,), Recent(), BUDGET, CONFIG) == (Place(Side.SELL, 100, 96, False),)


def test_a_quote_that_moves_is_taken_back_first_and_sent_when_that_is_certain() -> None:
    old = mine("m-1", Side.BUY, 96)
    assert act((Quote(Side.BUY, 98),), seen(100, 104), (old,), Recent(), BUDGET, CONFIG) == (Withdraw(ClOrdID("m-1")),)
    leaving = mine("m-1", Side.BUY, 96, cancelling=True)
    assert act((Quote(Side.BUY, 98),), seen(100, 104), (leaving,), Recent(), BUDGET, CONFIG) == ()
    assert act((Quote(Side.BUY, 98),), seen(100, 104), (), Recent(), BUDGET, CONFIG) == (
        Place(Side.BUY, 100, 98, True),
    )


def test_stale_quotes_are_pulled_unless_that_is_switched_off() -> None:
    blind, bid = seen(0, 0, fresh=False), mine("m-1", Side.BUY, 96)
    assert act(PULL_BOTH, blind, (bid,), Recent(), BUDGET, CONFIG) == (Withdraw(ClOrdID("m-1"), stale=True),)
    off = StrategyConfig(pull_stale_quotes=False)
    assert act(PULL_BOTH, blind, (bid,), Recent(), BUDGET, off) == ()


@dataclass(frozen=True)
class Situation:
    signals: tuple[Signal, ...]
    seen: Seen
    mine: tuple[Mine, ...]


prices = st.integers(10, 40).map(lambda each: each * TICK)
signals = st.lists(
    st.one_of(
        st.builds(Lean, st.integers(-1000, 1000)),
        st.builds(Quote, st.sampled_from(list(Side)), prices),
        st.builds(Pull, st.sampled_from(list(Side))),
    ),
    max_size=5,
).map(tuple)
orders = st.lists(
    st.builds(
        Mine,
        st.integers(1, 10**6).map(lambda number: ClOrdID(f"m-{number}")),
        st.sampled_from(list(Side)),
        st.integers(1, 100),
        st.one_of(st.none(), prices),
        st.booleans(),
        st.just(0),
        st.booleans(),
        st.one_of(st.none(), st.just(Venue("exchange-a"))),
        st.integers(0, 3),
        st.one_of(st.none(), st.builds(Asked, st.integers(1, 100), prices)),
    ),
    max_size=4,
).map(tuple)
situations = st.builds(
    Situation,
    signals,
    st.builds(
        lambda touch, fresh, position: seen(touch[0], touch[1], fresh=fresh, position=position),
        touches,
        st.booleans(),
        st.integers(-500, 500),
    ),
    orders,
)


@given(situations)
def test_nothing_that_is_placed_could_trade_with_another_order_of_ours(given_: Situation) -> None:
    """Netting never sends both sides: not against what is open, nor within one tick."""
    actions = act(given_.signals, given_.seen, given_.mine, Recent(), BUDGET, CONFIG)
    ours: list[tuple[ClOrdID, Side, int | None]] = [
        (each.cl_ord_id, each.side, price)
        for each in given_.mine
        for price in (each.price_half_ticks, each.aim_half_ticks)
    ]
    sides = {each.cl_ord_id: each.side for each in given_.mine}
    for action in actions:
        if isinstance(action, Move):
            place = Place(sides[action.cl_ord_id], action.lots, action.price_half_ticks, True)
        elif isinstance(action, Place):
            place = action
        else:
            continue
        mine = action.cl_ord_id if isinstance(action, Move) else ClOrdID("")
        for name, side, price in ours:
            if mine and name == mine:
                continue
            if side is not place.side and price is not None:
                bid, ask = (
                    (place.price_half_ticks, price) if place.side is Side.BUY else (price, place.price_half_ticks)
                )
                assert bid < ask
            assert side is place.side or price is not None
        ours.append((mine, place.side, place.price_half_ticks))


@given(situations)
def test_without_fresh_prices_nothing_is_placed(given_: Situation) -> None:
    blind = seen(0, 0, fresh=False, position=given_.seen.position_lots)
    actions = act(given_.signals, blind, given_.mine, Recent(), BUDGET, CONFIG)
    assert not [action for action in actions if isinstance(action, Place | Move)]


@given(situations)
def test_if_everything_fills_the_budget_holds_or_the_position_comes_nearer(given_: Situation) -> None:
    before = held(given_.seen.position_lots, given_.mine)
    actions = act(given_.signals, given_.seen, given_.mine, Recent(), BUDGET, CONFIG)
    for side in Side:
        placed = sum(action.lots for action in actions if isinstance(action, Place) and action.side is side)
        if placed:
            assert side.sign * (before.if_filled(side) + side.sign * placed) <= BUDGET.max_lots


@given(situations)
def test_no_side_is_quoted_twice_and_no_quote_moves_that_is_leaving_or_moving_already(given_: Situation) -> None:
    actions = act(given_.signals, given_.seen, given_.mine, Recent(), BUDGET, CONFIG)
    moved = [action.cl_ord_id for action in actions if isinstance(action, Move)]
    for side in Side:
        quotes = [each for each in given_.mine if each.rests and each.side is side]
        placed = [action for action in actions if isinstance(action, Place) and action.rests and action.side is side]
        assert len(placed) <= (0 if quotes else 1)
    for each in given_.mine:
        if each.cl_ord_id in moved:
            assert moved.count(each.cl_ord_id) == 1
            assert each.asked is None
            assert each.venue is not None
            assert not each.cancelling


@given(situations)
def test_every_order_is_withdrawn_at_most_once(given_: Situation) -> None:
    actions = act(given_.signals, given_.seen, given_.mine, Recent(), BUDGET, CONFIG)
    withdrawn = [action.cl_ord_id for action in actions if isinstance(action, Withdraw)]
    open_quotes = [each.cl_ord_id for each in given_.mine if each.rests and not each.cancelling]
    assert sorted(withdrawn) == sorted(set(withdrawn)) or len(set(open_quotes)) < len(open_quotes)
    assert all(name in open_quotes for name in withdrawn)
