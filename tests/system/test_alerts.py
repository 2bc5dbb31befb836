"""Windows, thresholds and signs of life, each held against a slow version of the same sentence."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.alerts import (
    WARNING,
    Alert,
    AlertBoard,
    DailyProfit,
    FillRateWindow,
    LatencyWindow,
    OrderFlow,
    Vitals,
)
from squall.system.domain.events import (
    AnyEvent,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderSubmitted,
    TradeBusted,
    TradeCorrected,
)
from squall.system.domain.ids import ClOrdID, ExecID, Symbol, Venue
from squall.system.domain.slippage import SlippageWindow
from squall.system.domain.terms import Terms

ACME = Symbol("ACME")
VENUE = Venue("exchange-a")


def submitted(
    name: str, intended_ns: int = 0, lots: int = 10, ioc: bool = True, decision_twice: int = 0
) -> OrderSubmitted:
    tif = TimeInForce.IOC if ioc else TimeInForce.DAY
    terms = Terms(ACME, Side.BUY, lots, OrdType.LIMIT, tif, 200)
    return OrderSubmitted(
        ClOrdID(name), 1, "pulse", "pulse", terms, intended_ns, decision_twice_half_ticks=decision_twice
    )


def sent(name: str) -> OrderSent:
    return OrderSent(ClOrdID(name), 2, "execution", VENUE, 1)


def filled(name: str, at_ns: int, lots: int = 10, number: int = 1) -> OrderFilled:
    exec_id = ExecID(f"{VENUE}/{name}/{number}")
    return OrderFilled(ClOrdID(name), at_ns, VENUE, exec_id, VENUE, ACME, Side.BUY, lots, 200)


def canceled(name: str, leaves: int) -> OrderCanceled:
    return OrderCanceled(ClOrdID(name), 9, VENUE, leaves)


def flow(*events: AnyEvent, max_open: int = 100) -> OrderFlow:
    following = OrderFlow(
        LatencyWindow(100, 100, 50), FillRateWindow(100, 90, 95), SlippageWindow(100, 10, 5), {ACME: 1}, max_open
    )
    for event in events:
        following.on_event(event)
    return following


@given(st.lists(st.integers(0, 200), min_size=1, max_size=400), st.integers(1, 250))
def test_the_window_judges_as_sorting_would(latencies: list[int], size: int) -> None:
    window = LatencyWindow(size, alert_ns=100, target_ns=50)
    for latency in latencies:
        window.add(latency)
    latest = sorted(latencies[-size:])
    rank = -(-99 * len(latest) // 100)
    p99 = latest[rank - 1]
    assert window.p99_ns() == p99
    assert window.alarming == (p99 > 100)
    assert window.well == (p99 <= 50)
    assert len(window) == len(latest)


def test_a_window_without_samples_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no sample, expected at least one"):
        LatencyWindow(10, 100, 50).p99_ns()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(9, 12)), min_size=1, max_size=60), st.integers(1, 40))
def test_the_fill_rate_is_filled_over_ordered_lots_of_the_latest_orders(
    orders: list[tuple[int, int]], size: int
) -> None:
    window = FillRateWindow(size, alert_percent=60, target_percent=80)
    for filled_lots, ordered_lots in orders:
        window.add(filled_lots, ordered_lots)
    latest = orders[-size:]
    rate = Fraction(sum(lots for lots, _ in latest), sum(lots for _, lots in latest))
    assert window.alarming == (rate < Fraction(60, 100))
    assert window.well == (rate >= Fraction(80, 100))


def test_an_alert_is_raised_once_until_its_metric_is_back_at_its_target() -> None:
    """Erratum 31: the chapter's alerts repeat with every sample."""
    board = AlertBoard(max_kept=10)
    news = []
    for value in (120, 130, 90, 120, 40, 60, 120):
        raised = board.is_news("order-to-fill", value > 100, value <= 50)
        if raised:
            board.post(Alert(WARNING, "order-to-fill", f"{value}"))
        news.append(raised)
    assert news == [True, False, False, False, False, False, True]
    assert [alert.text for alert in board.kept] == ["120", "120"]


def test_the_alerts_that_are_kept_are_bounded() -> None:
    """Erratum 31: the chapter's lists grow for ever."""
    board = AlertBoard(max_kept=3)
    for number in range(10):
        board.post(Alert(WARNING, f"kind-{number}", ""))
    assert [alert.kind for alert in board.kept] == ["kind-7", "kind-8", "kind-9"]
    assert board.stands("kind-0")


def test_order_to_fill_is_from_the_intended_instant_to_the_fill_that_completes() -> None:
    following = flow(
        submitted("a", intended_ns=1_000),
        sent("a"),
        filled("a", 1_500, lots=4, number=1),
        filled("a", 1_800, lots=6, number=2),
    )
    assert len(following.order_to_fill) == 1
    assert following.order_to_fill.p99_ns() == 800
    assert following.open_orders == 0


def test_an_order_that_was_cancelled_half_filled_counts_in_the_rate_and_has_no_latency() -> None:
    """Erratum 47: the fill rate is defined, and what was cancelled shows in it."""
    following = flow(submitted("a"), sent("a"), filled("a", 50, lots=4), canceled("a", 6))
    assert len(following.order_to_fill) == 0
    assert (following.fill_rate.filled_lots, following.fill_rate.ordered_lots) == (4, 10)


def test_orders_that_never_left_or_may_rest_are_not_in_the_fill_rate() -> None:
    following = flow(
        submitted("denied"),
        OrderDenied(ClOrdID("denied"), 3, "risk", ()),
        submitted("no venue"),
        OrderRejected(ClOrdID("no venue"), 3, "oms1", "no venue is safe"),
        submitted("resting", ioc=False),
        sent("resting"),
        canceled("resting", 10),
        filled("never submitted", 3),
    )
    assert (len(following.fill_rate), following.open_orders) == (0, 0)


def test_a_venue_that_rejects_spoils_the_fill_rate() -> None:
    following = flow(submitted("a"), sent("a"), OrderRejected(ClOrdID("a"), 3, VENUE, "unknown symbol"))
    assert (following.fill_rate.filled_lots, following.fill_rate.ordered_lots) == (0, 10)


def test_orders_that_are_followed_are_bounded_and_the_oldest_gives_way() -> None:
    following = flow(*(submitted(f"o{number}") for number in range(20)), max_open=5)
    assert following.open_orders == 5
    following.on_event(filled("o0", 5))
    following.on_event(filled("o19", 5))
    assert following.open_orders == 4


fills = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 100), st.integers(1, 999)), min_size=1)


@given(fills, fills)
def test_the_daily_profit_is_cash_and_what_is_held_at_the_last_price(
    first: list[tuple[Side, int, int]], second: list[tuple[Side, int, int]]
) -> None:
    profit = DailyProfit({Symbol("x"): 3, Symbol("y"): 5}, scale=7)
    worth = 0
    for symbol, weight, story in (("x", 3, first), ("y", 5, second)):
        net = cash = price = 0
        for side, lots, price in story:
            net += side.sign * lots
            cash -= side.sign * lots * price
            profit.on_fill(Symbol(symbol), net, cash)
        worth += (cash + net * price) * weight
    exact = Fraction(worth, 7)
    assert profit.currency_units == exact.__floor__()
    for limit in (profit.currency_units, profit.currency_units + 1, 0):
        assert profit.below(limit) == (exact < limit)


def test_a_position_that_is_told_whole_is_worth_what_it_cost_until_a_price_is_known() -> None:
    profit = DailyProfit({ACME: 1}, scale=1)
    profit.on_told(ACME, net_lots=10, cash_flow=-900, cost_basis=1_000)
    assert profit.currency_units == 100
    profit.on_fill(ACME, net_lots=9, cash_flow=-850)
    assert profit.currency_units == -400


def test_a_service_with_nothing_to_do_is_not_silent_and_one_that_owes_a_sign_is() -> None:
    """Erratum 34: the chapter looks at three services, at instants that almost never come."""
    vitals = Vitals(("risk", "router"))
    assert vitals.silent_ns("risk", 1_000) == 0
    vitals.expect("risk", 1_000)
    vitals.expect("risk", 1_500)
    assert vitals.silent_ns("risk", 1_700) == 700
    vitals.sign("risk")
    assert vitals.silent_ns("risk", 9_000) == 0
    assert vitals.services == ("risk", "router")


# --- slippage ---


def test_slippage_is_of_what_was_executed_against_the_middle_at_the_decision() -> None:
    found = flow(submitted("a", decision_twice=396), sent("a"), filled("a", 5, 4), canceled("a", 6)).slippage
    assert (found.cost, found.worth) == (4 * (400 - 396), 4 * 396)


def test_an_order_that_executed_nothing_or_was_decided_in_the_dark_has_no_slippage() -> None:
    nothing = flow(submitted("a", decision_twice=396), sent("a"), canceled("a", 10))
    in_the_dark = flow(submitted("b"), sent("b"), filled("b", 5))
    assert (len(nothing.slippage), len(in_the_dark.slippage)) == (0, 0)


def test_what_is_busted_or_corrected_while_its_order_is_open_counts_as_it_then_is() -> None:
    ref = ExecID(f"{VENUE}/a/1")
    correction = TradeCorrected(ClOrdID("a"), 6, VENUE, ExecID("x"), ref, VENUE, ACME, 4, 200, 4, 199, 0)
    bust = TradeBusted(ClOrdID("a"), 7, VENUE, ExecID("y"), ExecID(f"{VENUE}/a/2"), VENUE, ACME, 3, 200)
    lived = (submitted("a", decision_twice=396), sent("a"), filled("a", 5, 4), filled("a", 5, 3, number=2))
    found = flow(*lived, correction, bust, canceled("a", 6))
    assert (found.slippage.cost, found.slippage.worth) == (4 * (398 - 396), 4 * 396)
    assert found.fill_rate.filled_lots == 4


def test_a_commission_goes_with_the_trade_that_is_busted_and_changes_with_the_one_that_is_corrected() -> None:
    ref, other = ExecID(f"{VENUE}/a/1"), ExecID(f"{VENUE}/a/2")
    correction = TradeCorrected(ClOrdID("a"), 6, VENUE, ExecID("x"), ref, VENUE, ACME, 4, 200, 4, 199, 2)
    bust = TradeBusted(ClOrdID("a"), 7, VENUE, ExecID("y"), other, VENUE, ACME, 3, 200)
    fills = [replace(filled("a", 5, 4), commission=7), replace(filled("a", 5, 3, number=2), commission=5)]
    found = flow(submitted("a", decision_twice=396), sent("a"), *fills, correction, bust, canceled("a", 6))
    assert found.slippage.cost == 4 * (398 - 396) + 2 * 2
