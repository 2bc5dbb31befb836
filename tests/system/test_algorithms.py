"""What an algorithm lets out: for any market, never too much, never beyond the limit, and done by the close."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import SECOND, AlgosConfig
from squall.system.domain.algorithms import (
    Child,
    Hold,
    ParentRefusal,
    Plan,
    Progress,
    Sight,
    next_child,
    next_look_ns,
    plan,
)
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import Algorithm, ParentOrder
from squall.system.domain.profile import USUAL_PROFILE
from squall.system.domain.signals import BestTouch
from squall.system.domain.slicing import Window, due_lots

CONFIG = AlgosConfig()
MINUTE = 60 * SECOND
CLOSE_NS = CONFIG.day_ns
UNTOUCHED = Progress()
MARKET = Sight(BestTouch(19_998, 20_002), traded_lots=0, worst_half_ticks=20_202)


def parent(algorithm: Algorithm = Algorithm.TWAP, quantity_lots: int = 1_000, **changes: object) -> ParentOrder:
    """A buy of the whole day's usual length."""
    share = 10 if algorithm is Algorithm.POV else 0
    whole = ParentOrder(
        cl_ord_id=ClOrdID("fund-1"),
        client="fund",
        account="fund-main",
        trader="ann",
        symbol=Symbol("ACME"),
        side=Side.BUY,
        quantity_lots=quantity_lots,
        algorithm=algorithm,
        participation_percent=share,
    )
    return replace(whole, **changes)


def planned(order: ParentOrder, taken_ns: int = 0) -> Plan:
    made = plan(order, taken_ns, CONFIG, USUAL_PROFILE)
    assert isinstance(made, Plan)
    return made


def child(order: ParentOrder, now_ns: int, progress: Progress = UNTOUCHED, sight: Sight = MARKET) -> Child | Hold:
    return next_child(order, planned(order), now_ns, progress, sight, CONFIG)


# --- plans ---


def test_each_algorithm_has_its_usual_length() -> None:
    ends = {algorithm: planned(parent(algorithm)).window.end_ns for algorithm in Algorithm}
    assert ends == {
        Algorithm.TWAP: 60 * MINUTE,
        Algorithm.VWAP: 390 * MINUTE,
        Algorithm.POV: 390 * MINUTE,
        Algorithm.SHORTFALL: 60 * MINUTE,
        Algorithm.DARK_FIRST: 390 * MINUTE,
    }


@given(
    st.sampled_from(Algorithm),
    st.integers(0, CLOSE_NS - 1),
    st.integers(0, 2 * CLOSE_NS),
    st.integers(0, 2 * CLOSE_NS),
    st.integers(1, 10**5),
)
def test_erratum_16_whenever_it_is_taken_and_whatever_it_asks_for_it_ends_by_the_close(
    algorithm: Algorithm, taken_ns: int, start_ns: int, end_ns: int, lots: int
) -> None:
    """Erratum 16."""
    made = plan(parent(algorithm, lots, start_ns=start_ns, end_ns=end_ns), taken_ns, CONFIG, USUAL_PROFILE)
    if isinstance(made, ParentRefusal):
        assert made is ParentRefusal.SLICES_TOO_LONG or max(start_ns, taken_ns) >= min(end_ns or CLOSE_NS, CLOSE_NS)
        return
    assert taken_ns <= made.window.start_ns < made.window.end_ns <= CLOSE_NS
    assert sum(each.lots for each in made.slices) == (0 if algorithm is Algorithm.POV else lots)
    assert all(made.window.start_ns <= each.at_ns < made.window.end_ns for each in made.slices)


def test_a_shortfall_hurries_with_the_clients_aversion_and_is_twap_without() -> None:
    calm, wary = (planned(parent(Algorithm.SHORTFALL, aversion_billionths=each)).slices for each in (0, 5))
    assert {each.lots for each in calm} == {50}
    assert wary[0].lots > 2 * wary[10].lots > 0


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"quantity_lots": 0}, ParentRefusal.NO_QUANTITY),
        ({"limit_half_ticks": 0}, ParentRefusal.BAD_LIMIT),
        ({"participation_percent": 100}, ParentRefusal.NO_PARTICIPATION),
        ({"algorithm": Algorithm.POV, "participation_percent": 0}, ParentRefusal.NO_PARTICIPATION),
        ({"aversion_billionths": -1}, ParentRefusal.BAD_AVERSION),
        ({"start_ns": CLOSE_NS}, ParentRefusal.NO_TIME),
        ({"start_ns": MINUTE, "end_ns": MINUTE}, ParentRefusal.NO_TIME),
        ({"algorithm": Algorithm.SHORTFALL, "end_ns": 340 * MINUTE}, ParentRefusal.SLICES_TOO_LONG),
    ],
)
def test_what_cannot_be_worked_off_is_refused(changes: dict[str, object], refusal: ParentRefusal) -> None:
    assert plan(replace(parent(), **changes), 0, CONFIG, USUAL_PROFILE) is refusal


def test_a_limit_between_two_prices_is_refused() -> None:
    assert plan(parent(limit_half_ticks=20_001), 0, CONFIG, USUAL_PROFILE, 1, 2) is ParentRefusal.BAD_LIMIT


def test_odd_lots_are_refused_where_the_symbol_trades_in_round_ones() -> None:
    assert plan(parent(quantity_lots=150), 0, CONFIG, USUAL_PROFILE, 100) is ParentRefusal.ODD_LOTS


# --- children ---


def test_the_first_slice_is_due_when_the_window_begins_and_the_next_one_when_it_is() -> None:
    order = parent()
    assert child(order, 0) == Child(100, 20_202)
    assert child(order, 0, Progress(open_lots=100)) is Hold.ON_SCHEDULE
    assert child(order, 6 * MINUTE, Progress(filled_lots=100)) == Child(100, 20_202)


def test_what_did_not_trade_is_caught_up_with() -> None:
    assert child(parent(), 12 * MINUTE, Progress(filled_lots=130)) == Child(170, 20_202)


def test_after_a_long_pause_no_child_is_larger_than_the_largest() -> None:
    assert child(parent(quantity_lots=50_000), 59 * MINUTE) == Child(CONFIG.max_child_lots, 20_202)


def test_nothing_goes_out_outside_of_the_window() -> None:
    order = parent(start_ns=MINUTE, end_ns=2 * MINUTE)
    assert child(order, MINUTE - 1) is Hold.NOT_YET
    assert child(order, 2 * MINUTE) is Hold.OVER


def test_nothing_goes_out_blind() -> None:
    assert child(parent(), 0, sight=replace(MARKET, touch=None)) is Hold.NO_PRICE
    assert child(parent(), 0, sight=replace(MARKET, touch=BestTouch(19_998, 0))) is Hold.NO_PRICE
    assert child(parent(side=Side.SELL), 0, sight=replace(MARKET, touch=BestTouch(0, 20_002))) is Hold.NO_PRICE


def test_nothing_goes_out_while_the_market_runs_away() -> None:
    assert child(parent(), 0, sight=replace(MARKET, runs=True)) is Hold.MARKET_RUNS


def test_erratum_15_a_childs_limit_is_the_parents_or_stricter() -> None:
    """Erratum 15."""
    assert child(parent(limit_half_ticks=20_010), 0) == Child(100, 20_010)
    assert child(parent(limit_half_ticks=20_300), 0) == Child(100, 20_202)
    assert child(parent(limit_half_ticks=20_000), 0) is Hold.BEYOND_LIMIT
    seller, sight = parent(side=Side.SELL, limit_half_ticks=19_990), replace(MARKET, worst_half_ticks=19_800)
    assert child(seller, 0, sight=sight) == Child(100, 19_990)
    assert child(replace(seller, limit_half_ticks=20_000), 0, sight=sight) is Hold.BEYOND_LIMIT


def test_where_nobody_sets_a_limit_there_is_none() -> None:
    sight = replace(MARKET, worst_half_ticks=None)
    assert child(parent(), 0, sight=sight) == Child(100, None)
    assert child(parent(limit_half_ticks=20_010), 0, sight=sight) == Child(100, 20_010)


def test_a_share_of_volume_is_all_that_pov_takes() -> None:
    order = parent(Algorithm.POV)
    assert child(order, 0) is Hold.NO_VOLUME
    assert child(order, 0, sight=replace(MARKET, traded_lots=999)) == Child(99, 20_202)
    assert child(order, 0, Progress(60, 39), replace(MARKET, traded_lots=999)) is Hold.ON_SCHEDULE


def test_a_bound_on_participation_holds_a_schedule_back() -> None:
    assert child(parent(participation_percent=10), 0, sight=replace(MARKET, traded_lots=450)) == Child(45, 20_202)


def test_children_are_whole_round_lots() -> None:
    order = parent(quantity_lots=1_000)
    made = plan(order, 0, CONFIG, USUAL_PROFILE, 50)
    assert isinstance(made, Plan)
    assert next_child(order, made, 0, Progress(), MARKET, CONFIG, 50) == Child(100, 20_202)
    assert next_child(order, made, 0, Progress(20), MARKET, CONFIG, 50) == Child(50, 20_202)


# --- when to look again ---


def test_it_looks_again_at_its_next_slice_and_sooner_where_it_is_behind() -> None:
    made = planned(parent(start_ns=MINUTE, end_ns=11 * MINUTE))
    assert next_look_ns(made, 0, False, CONFIG.pace_ns) == MINUTE
    assert next_look_ns(made, MINUTE, False, CONFIG.pace_ns) == 2 * MINUTE
    assert next_look_ns(made, MINUTE, True, CONFIG.pace_ns) == MINUTE + CONFIG.pace_ns
    assert next_look_ns(made, 10 * MINUTE, False, CONFIG.pace_ns) == 11 * MINUTE, "its end, to finish"


def test_what_follows_volume_looks_at_its_pace() -> None:
    assert next_look_ns(planned(parent(Algorithm.POV)), 0, False, CONFIG.pace_ns) == CONFIG.pace_ns


# --- whole lives ---


@st.composite
def markets(draw: st.DrawFn) -> list[tuple[int, Sight, int]]:
    """At each look: how much later it is, what is seen, and what share of a child trades, in percent."""
    looks = []
    traded = 0
    for _ in range(draw(st.integers(1, 60))):
        traded += draw(st.integers(0, 3_000))
        price = draw(st.integers(19_900, 20_100))
        touch = draw(st.sampled_from((BestTouch(price - 2, price + 2), None, BestTouch(price - 2, 0))))
        sight = Sight(touch, traded, draw(st.sampled_from((price + 202, None))), draw(st.booleans()))
        looks.append((draw(st.integers(1, 10 * MINUTE)), sight, draw(st.integers(0, 100))))
    return looks


@given(
    st.sampled_from(Algorithm),
    st.integers(1, 20_000),
    st.sampled_from((None, 19_950, 20_000, 20_050)),
    st.sampled_from((0, 5, 30)),
    markets(),
)
def test_in_any_market_it_is_never_over_its_quantity_its_limit_or_its_share(
    algorithm: Algorithm, lots: int, limit: int | None, percent: int, looks: list[tuple[int, Sight, int]]
) -> None:
    order = parent(algorithm, lots, limit_half_ticks=limit, aversion_billionths=2)
    if percent:
        order = replace(order, participation_percent=percent)
    made = planned(order)
    filled = now_ns = 0
    for later_ns, sight, trades in looks:
        now_ns += later_ns
        due = next_child(order, made, now_ns, Progress(filled), sight, CONFIG)
        if isinstance(due, Hold):
            continue
        assert 0 < due.lots <= CONFIG.max_child_lots
        assert now_ns < made.window.end_ns
        assert sight.touch is not None
        if due.limit_half_ticks is None:
            assert limit is None
        else:
            assert sight.touch.ask_half_ticks <= due.limit_half_ticks <= (limit or 10**9)
        if order.participation_percent:
            assert (filled + due.lots) * 100 <= sight.traded_lots * order.participation_percent
        filled += due.lots * trades // 100
        assert filled <= lots


@given(st.sampled_from((Algorithm.TWAP, Algorithm.VWAP, Algorithm.SHORTFALL)), st.integers(1, 20_000), st.data())
def test_in_a_market_that_serves_everybody_a_schedule_ends_exactly_filled(
    algorithm: Algorithm, lots: int, data: st.DataObject
) -> None:
    order, looks = parent(algorithm, lots, aversion_billionths=2), 0
    made = planned(order)
    now_ns = filled = 0
    while now_ns < made.window.end_ns:
        due = next_child(order, made, now_ns, Progress(filled), MARKET, CONFIG)
        behind = isinstance(due, Child) and due.lots == CONFIG.max_child_lots
        filled += due.lots if isinstance(due, Child) else 0
        late_ns = data.draw(st.integers(0, SECOND)) if looks % 7 == 3 else 0
        next_ns = next_look_ns(made, now_ns, behind, CONFIG.pace_ns)
        now_ns = next_ns if next_ns == made.window.end_ns else min(next_ns + late_ns, made.window.end_ns - 1)
        looks += 1
    assert filled == lots


@given(
    st.sampled_from(Algorithm),
    st.integers(1, 500),
    st.sampled_from((1, 5, 100)),
    st.sampled_from((0, 10, 40)),
    st.lists(st.integers(0, 1_000), min_size=1, max_size=20).filter(any),
    markets(),
    st.data(),
)
def test_with_children_out_for_however_long_it_is_within_its_quantity_its_schedule_and_its_share(
    algorithm: Algorithm,
    count: int,
    step: int,
    percent: int,
    profile: list[int],
    looks: list[tuple[int, Sight, int]],
    data: st.DataObject,
) -> None:
    """Children end when they like, with as much as the depth that they met gave them, which may be odd lots."""
    order = parent(algorithm, count * step, aversion_billionths=2)
    if percent:
        order = replace(order, participation_percent=percent)
    made = plan(order, 0, CONFIG, profile, step)
    assert isinstance(made, Plan)
    out: list[int] = []
    filled = now_ns = 0
    for later_ns, sight, depth in looks:
        now_ns += later_ns
        while out and data.draw(st.booleans(), label="a child ends"):
            filled += min(out.pop(0), depth)
        due = next_child(order, made, now_ns, Progress(filled, sum(out)), sight, CONFIG, step)
        if isinstance(due, Hold):
            continue
        assert due.lots > 0
        assert due.lots % step == 0
        out.append(due.lots)
        committed = filled + sum(out)
        assert committed <= order.quantity_lots
        if made.slices:
            assert committed <= due_lots(made.slices, now_ns)
        if order.participation_percent:
            assert committed * 100 <= sight.traded_lots * order.participation_percent


@given(
    st.sampled_from((Algorithm.TWAP, Algorithm.VWAP, Algorithm.SHORTFALL)),
    st.integers(1, 20_000),
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 20)), max_size=5),
)
def test_after_any_pauses_it_catches_up_and_ends_filled_as_if_there_had_been_none(
    algorithm: Algorithm, lots: int, pauses: list[tuple[int, int]]
) -> None:
    """Each pause begins and lasts so many percent of the window; the last twentieth of it is free of them."""
    order = parent(algorithm, lots, aversion_billionths=2)
    made = planned(order)
    window = made.window
    part_ns = window.length_ns // 100
    held = [(window.start_ns + begin * part_ns, window.start_ns + (begin + lasts) * part_ns) for begin, lasts in pauses]
    free_ns = window.end_ns - 5 * part_ns
    now_ns, filled = window.start_ns, 0
    while now_ns < window.end_ns:
        blind = now_ns < free_ns and any(begin <= now_ns < end for begin, end in held)
        sight = replace(MARKET, touch=None) if blind else MARKET
        due = next_child(order, made, now_ns, Progress(filled), sight, CONFIG)
        if isinstance(due, Child):
            filled += due.lots
            assert filled <= due_lots(made.slices, now_ns)
        now_ns = next_look_ns(made, now_ns, due is not Hold.ON_SCHEDULE, MINUTE // 4)
    assert filled == lots


@given(st.lists(st.integers(0, 10**4), min_size=2, max_size=30), st.integers(1, 99))
def test_pov_grows_with_volume_and_with_nothing_else(volumes: list[int], percent: int) -> None:
    order = parent(Algorithm.POV, 10**6, participation_percent=percent)
    config = replace(CONFIG, max_child_lots=10**9)
    made = plan(order, 0, config, USUAL_PROFILE)
    assert isinstance(made, Plan)
    lots = []
    for volume in sorted(volumes):
        due = next_child(order, made, SECOND, Progress(), replace(MARKET, traded_lots=volume), config)
        lots.append(due.lots if isinstance(due, Child) else 0)
        assert lots[-1] == int(Fraction(volume * percent, 100))
    assert all(before <= after for before, after in pairwise(lots))


def test_windows_are_half_open() -> None:
    assert planned(parent(start_ns=5, end_ns=10)).window == Window(5, 10)
