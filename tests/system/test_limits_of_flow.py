"""The gate's limits on the stream of orders: rate, duplicates, unusual sizes, executions, collar; and replaces."""

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import SECOND, RiskConfig
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.limits import Gate
from squall.system.domain.messages import (
    CheckOrder,
    CheckReplace,
    Denial,
    DenyReason,
    OpenOrder,
    PositionChanged,
    PositionsTold,
    ReleaseOrder,
    SyncRisk,
    Tick,
)
from squall.system.domain.switches import Scope, Switch, TradingState
from squall.system.wiring import Instrument

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
MARK = 1_000
LIMITS = RiskConfig(duplicate_filter=False, max_portfolio_value=100_000_000, cash=100_000_000)


def open_gate(limits: RiskConfig = LIMITS, now_ns: int = 0) -> Gate:
    gate = Gate(limits, (Instrument(ACME), Instrument(BOLT)))
    gate.on_sync(SyncRisk(Epoch(1), ()))
    gate.on_told(PositionsTold(Epoch(1), (), (), 1))
    for symbol in (ACME, BOLT):
        move(gate, MARK, 1, now_ns, symbol)
    return gate


def move(gate: Gate, mark: int, seq: int, now_ns: int, symbol: Symbol = ACME) -> None:
    gate.on_tick(Tick(Venue("exchange-a"), symbol, seq, mark - 1, 9, mark + 1, 9), now_ns)


def order(
    name: str,
    lots: int = 5,
    side: Side = Side.BUY,
    price: int | None = None,
    strategy: str = "pulse",
    symbol: Symbol = ACME,
    client: str = "",
) -> CheckOrder:
    return CheckOrder(Epoch(1), ClOrdID(name), symbol, side, lots, price, strategy, client)


def ask(gate: Gate, asked: CheckOrder, now_ns: int = 0) -> tuple[Denial, ...]:
    return gate.check(asked, now_ns, 0).denials


def test_in_no_second_do_more_orders_pass_than_the_limit_and_denied_ones_do_not_count() -> None:
    gate = open_gate(replace(LIMITS, max_orders_per_s=2))
    assert ask(gate, order("a"), 0) == ()
    assert ask(gate, order("b"), 400) == ()
    assert ask(gate, order("c"), SECOND - 1) == (Denial(DenyReason.MESSAGE_RATE, 3, 2),)
    assert ask(gate, order("d"), SECOND) == ()
    assert ask(gate, order("e"), SECOND + 399) == (Denial(DenyReason.MESSAGE_RATE, 3, 2),)
    assert ask(gate, order("f"), SECOND + 400) == ()


def test_the_same_order_again_is_denied_within_the_window_and_another_one_is_not() -> None:
    gate = open_gate(replace(LIMITS, duplicate_filter=True, max_alike=2, duplicate_window_ns=100))
    assert ask(gate, order("a", price=1_010), 0) == ()
    assert ask(gate, order("b", price=1_010), 50) == ()
    assert ask(gate, order("c", price=1_010), 99) == (Denial(DenyReason.REPEATED, 3, 2),)
    for name, other in (
        ("price", order("p", price=1_011)),
        ("side", order("s", side=Side.SELL, price=1_010)),
        ("size", order("q", lots=6, price=1_010)),
        ("symbol", order("y", symbol=BOLT, price=1_010)),
        ("strategy", order("t", strategy="drift", price=1_010)),
        ("client", order("k", client="fund", price=1_010)),
    ):
        assert ask(gate, other, 99) == (), name
    assert ask(gate, order("d", price=1_010), 100) == ()


def test_a_value_for_a_quantity_is_many_times_what_its_strategy_usually_sends() -> None:
    gate = open_gate(replace(LIMITS, fat_finger_times=10, fat_finger_lots=100))
    assert ask(gate, order("first", lots=300)) == ()
    gate = open_gate(replace(LIMITS, fat_finger_times=10, fat_finger_lots=100))
    assert ask(gate, order("a", lots=5)) == ()
    assert ask(gate, order("b", lots=12)) == ()
    assert ask(gate, order("c", lots=121)) == (Denial(DenyReason.FAT_FINGER, 121, 120),)
    assert ask(gate, order("d", lots=120)) == ()
    assert ask(gate, order("e", lots=121)) == ()
    assert ask(gate, order("other", lots=9_000, strategy="drift")) == ()


def test_small_orders_are_never_thought_to_be_mistyped() -> None:
    gate = open_gate(replace(LIMITS, fat_finger_times=10, fat_finger_lots=100))
    assert ask(gate, order("a", lots=1)) == ()
    assert ask(gate, order("b", lots=100)) == ()


def test_a_limit_far_through_the_mark_is_denied_and_one_far_behind_it_is_not() -> None:
    gate = open_gate()
    assert ask(gate, order("a", price=1_051)) == (Denial(DenyReason.PRICE_COLLAR, 1_051, 1_050),)
    assert ask(gate, order("b", price=1_050)) == ()
    assert ask(gate, order("c", price=500)) == ()
    assert ask(gate, order("d", side=Side.SELL, price=949)) == (Denial(DenyReason.PRICE_COLLAR, 949, 950),)
    assert ask(gate, order("e", side=Side.SELL, price=950)) == ()


def test_who_buys_does_not_follow_a_market_that_runs_up_and_who_sells_may() -> None:
    gate = open_gate()
    move(gate, 1_101, 2, 5 * SECOND)
    assert ask(gate, order("a"), 6 * SECOND) == (Denial(DenyReason.MARKET_ON_THE_RUN, 1_101, 1_100),)
    assert ask(gate, order("b", side=Side.SELL), 6 * SECOND) == ()
    assert ask(gate, order("c"), 15 * SECOND - 1) == (Denial(DenyReason.MARKET_ON_THE_RUN, 1_101, 1_100),)
    assert ask(gate, order("d"), 15 * SECOND) == ()


def test_the_mark_that_held_when_the_window_began_counts_however_long_ago_it_came() -> None:
    gate = open_gate()
    move(gate, 1_101, 2, 60 * SECOND)
    assert ask(gate, order("a"), 60 * SECOND) == (Denial(DenyReason.MARKET_ON_THE_RUN, 1_101, 1_100),)


def test_a_mark_that_was_replaced_before_the_window_began_does_not_count_though_none_has_undercut_it() -> None:
    gate = open_gate()
    move(gate, 1_200, 2, 1 * SECOND)
    move(gate, 1_150, 3, 20 * SECOND)
    assert ask(gate, order("a"), 20 * SECOND) == ()
    assert ask(gate, order("b", side=Side.SELL), 20 * SECOND) == ()


def test_who_sells_does_not_follow_a_market_that_falls_but_gets_out_of_what_is_held() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=10)) == ()
    gate.on_fill(PositionChanged(ACME, 10, -10_000, 0, ClOrdID("a"), ExecID("x"), 10, 1), 0)
    move(gate, 899, 2, 1 * SECOND)
    denied = (Denial(DenyReason.MARKET_ON_THE_RUN, 899, 900),)
    assert ask(gate, order("b", lots=11, side=Side.SELL), SECOND) == denied
    assert ask(gate, order("c", lots=10, side=Side.SELL), SECOND) == ()


def test_too_many_executions_alike_stop_the_strategy_until_a_person_sets_it_going() -> None:
    gate = open_gate(replace(LIMITS, max_repeats=2, repeat_window_ns=100))
    assert ask(gate, order("a", lots=50)) == ()
    stopped = [
        gate.on_fill(PositionChanged(ACME, n, -n * MARK, 0, ClOrdID("a"), ExecID(f"x{n}"), 1, n), at_ns)
        for n, at_ns in ((1, 0), (2, 99), (3, 100), (4, 101))
    ]
    assert stopped == [None, None, None, "pulse"]
    assert gate.tripped == ("pulse",)
    halted = (Denial(DenyReason.HALTED, 5, 0),)
    assert ask(gate, order("b"), SECOND) == halted
    assert ask(gate, order("c", symbol=BOLT), SECOND) == halted
    assert ask(gate, order("d", strategy="drift"), SECOND) == ()
    gate.on_switches(())  # the leader has not heard of it yet: it stays stopped
    assert ask(gate, order("e"), SECOND) == halted
    gate.on_switches((Switch(Scope.STRATEGY, "pulse", TradingState.HALTED),))
    assert gate.tripped == ()
    assert ask(gate, order("f"), 100 * SECOND) == halted
    gate.on_switches(())
    assert ask(gate, order("g"), 100 * SECOND) == ()


def test_the_throttle_stops_a_strategy_with_the_kill_switch_off_too() -> None:
    gate = open_gate(replace(LIMITS, max_repeats=1, kill_switch=False))
    assert ask(gate, order("a", lots=50)) == ()
    for number in (1, 2):
        gate.on_fill(PositionChanged(ACME, number, -number * MARK, 0, ClOrdID("a"), ExecID(f"x{number}"), 1, number), 0)
    assert ask(gate, order("b")) == (Denial(DenyReason.HALTED, 5, 0),)
    gate.on_switches((Switch(Scope.STRATEGY, "pulse", TradingState.HALTED),))  # a leader has written it down
    assert ask(gate, order("c")) == (Denial(DenyReason.HALTED, 5, 0),)


def test_what_was_denied_once_is_denied_again_and_reserves_nothing() -> None:
    """To the OMS the order is over with the first answer: nobody would ever free what a second one reserved."""
    gate = open_gate(replace(LIMITS, max_waiting=2))
    far = (Denial(DenyReason.PRICE_COLLAR, 1_051, 1_050),)
    assert ask(gate, order("a", price=1_051)) == far
    move(gate, 1_010, 2, 0)
    assert ask(gate, order("a", price=1_051)) == far
    assert (gate.in_flight(ACME), gate.open_orders) == ((0, 0), 0)
    for number in range(2):  # as many are remembered as may wait
        assert ask(gate, order(f"o{number}", lots=0)) != ()
    assert ask(gate, order("a", price=1_051)) == ()


def test_a_bust_is_no_execution_that_the_throttle_counts() -> None:
    gate = open_gate(replace(LIMITS, max_repeats=2, repeat_window_ns=100))
    assert ask(gate, order("a", lots=50)) == ()
    for number, lots in enumerate((2, -2, 2, -2, 2), start=1):
        held = 2 if lots > 0 else 0
        told = PositionChanged(ACME, held, -held * MARK, 0, ClOrdID("a"), ExecID(f"x{number}"), lots, number)
        stopped = gate.on_fill(told, number)
        assert (stopped is None) == (number < 5)


def test_after_a_stale_tick_a_venue_that_counts_from_one_again_is_believed() -> None:
    gate = open_gate()
    move(gate, 1_000, 5_000, SECOND)
    gate.on_tick(Tick(Venue("exchange-a"), ACME, 5_001, 999, 9, 1_001, 9, stale=True), SECOND)
    move(gate, 1_200, 1, 2 * SECOND)
    assert ask(gate, order("a", price=1_500), 20 * SECOND) == (Denial(DenyReason.PRICE_COLLAR, 1_500, 1_260),)


def test_a_restarted_gate_is_told_with_the_flight_what_is_switched_off() -> None:
    gate = Gate(LIMITS, (Instrument(ACME),))
    gate.on_sync(SyncRisk(Epoch(1), (), (Switch(Scope.CLIENT, "fund", TradingState.HALTED),)))
    gate.on_told(PositionsTold(Epoch(1), (), (), 1))
    move(gate, MARK, 1, 0)
    assert ask(gate, order("a", client="fund")) == (Denial(DenyReason.HALTED, 5, 0),)
    assert ask(gate, order("b")) == ()


def test_while_reducing_only_what_brings_the_position_nearer_to_zero_passes() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=10)) == ()
    gate.on_fill(PositionChanged(ACME, 10, -10_000, 0, ClOrdID("a"), ExecID("x"), 10, 1), 0)
    gate.on_switches((Switch(Scope.SYMBOL, "ACME", TradingState.REDUCING),))
    assert ask(gate, order("b", lots=1)) == (Denial(DenyReason.REDUCING_ONLY, 1, 0),)
    assert ask(gate, order("c", lots=4, side=Side.SELL)) == ()
    assert ask(gate, order("d", lots=7, side=Side.SELL)) == (Denial(DenyReason.REDUCING_ONLY, 7, 6),)
    assert ask(gate, order("e", lots=6, side=Side.SELL)) == ()
    assert ask(gate, order("f", lots=1, symbol=BOLT)) == ()


# --- replaces ---


def replacement(lots: int, price: int | None = None, revision: int = 2) -> CheckReplace:
    return CheckReplace(Epoch(1), ClOrdID("a"), f"a.{revision}", lots, price)


def test_of_a_replacement_only_the_increase_is_newly_reserved() -> None:
    gate = open_gate(replace(LIMITS, max_position_lots=100))
    assert ask(gate, order("a", lots=60)) == ()
    assert gate.check_replace(replacement(101), 0, 0).denials == (Denial(DenyReason.POSITION_LIMIT, 101, 100),)
    assert gate.in_flight(ACME) == (60, 0)
    assert gate.check_replace(replacement(100), 0, 0).denials == ()
    assert gate.in_flight(ACME) == (100, 0)
    assert gate.check_replace(replacement(100), 0, 0).denials == ()
    assert gate.in_flight(ACME) == (100, 0)


def test_a_decrease_frees_nothing_before_the_venue_has_spoken() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=60)) == ()
    gate.on_fill(PositionChanged(ACME, 20, -20_000, 0, ClOrdID("a"), ExecID("x"), 20, 1), 0)
    assert gate.check_replace(replacement(30), 0, 0).denials == ()
    assert gate.in_flight(ACME) == (40, 0)
    gate.on_resized(ClOrdID("a"), 30)
    assert gate.in_flight(ACME) == (10, 0)
    gate.on_release(ReleaseOrder(ClOrdID("a"), 20))
    assert (gate.in_flight(ACME), gate.open_orders) == ((0, 0), 0)


def test_an_increase_that_the_venue_refuses_is_freed_again() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=60)) == ()
    assert gate.check_replace(replacement(80), 0, 0).denials == ()
    gate.on_resized(ClOrdID("a"), 60)
    assert gate.in_flight(ACME) == (60, 0)


def test_a_replacement_is_held_against_size_and_collar_and_what_is_switched_off() -> None:
    gate = open_gate(replace(LIMITS, max_order_lots=70))
    assert ask(gate, order("a", lots=60)) == ()
    gate.on_switches((Switch(Scope.DESK, "", TradingState.HALTED),))
    assert gate.check_replace(replacement(71, price=2_000), 0, 0).denials == (
        Denial(DenyReason.ORDER_SIZE, 71, 70),
        Denial(DenyReason.PRICE_COLLAR, 2_000, 1_050),
        Denial(DenyReason.HALTED, 71, 0),
    )


def test_a_replacement_counts_among_the_messages_of_a_second() -> None:
    gate = open_gate(replace(LIMITS, max_orders_per_s=2))
    assert ask(gate, order("a", lots=60)) == ()
    assert gate.check_replace(replacement(61), 400, 0).denials == ()
    assert gate.check_replace(replacement(61), 500, 0).denials == ()  # asked again, it is the same message
    assert gate.check_replace(replacement(59, revision=3), 600, 0).denials == (Denial(DenyReason.MESSAGE_RATE, 3, 2),)
    assert ask(gate, order("b"), SECOND - 1) == (Denial(DenyReason.MESSAGE_RATE, 3, 2),)
    assert gate.check_replace(replacement(59, revision=3), SECOND, 0).denials == ()


def test_a_value_for_a_quantity_is_one_in_a_replacement_too() -> None:
    gate = open_gate(replace(LIMITS, fat_finger_times=10, fat_finger_lots=100))
    assert ask(gate, order("a", lots=60)) == ()
    assert gate.check_replace(replacement(601), 0, 0).denials == (Denial(DenyReason.FAT_FINGER, 601, 600),)
    assert gate.check_replace(replacement(600), 0, 0).denials == ()
    assert ask(gate, order("b", lots=601)) == (Denial(DenyReason.FAT_FINGER, 601, 600),)


def test_fewer_lots_pass_also_where_the_position_is_past_its_limits() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=60)) == ()
    gate.limits = replace(LIMITS, max_position_lots=30, max_order_lots=20, max_order_value=1, max_daily_loss=1)
    gate.on_fill(PositionChanged(ACME, 5, -50_000, 0, ClOrdID("a"), ExecID("x"), 5, 1), 0)
    move(gate, 500, 2, SECOND)  # a loss, and the market runs
    move(gate, 1_000, 3, SECOND)
    assert gate.check_replace(replacement(59), SECOND, 0).denials == ()
    more = [denial.reason for denial in gate.check_replace(replacement(61, revision=3), SECOND, 0).denials]
    assert more == [
        DenyReason.ORDER_SIZE,
        DenyReason.POSITION_LIMIT,
        DenyReason.DAILY_LOSS,
        DenyReason.ORDER_VALUE,
        DenyReason.MARKET_ON_THE_RUN,
    ]


def test_fewer_lots_pass_while_reducing_and_another_price_for_what_increases_does_not() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=60)) == ()
    gate.on_switches((Switch(Scope.DESK, "", TradingState.REDUCING),))
    assert gate.check_replace(replacement(60, 1_001), 0, 0).denials == (Denial(DenyReason.REDUCING_ONLY, 0, 0),)
    assert gate.check_replace(replacement(59, 1_001), 0, 0).denials == ()


def test_a_replacement_is_under_its_venues_switch() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=60)) == ()
    gate.on_switches((Switch(Scope.VENUE, "exchange-a", TradingState.REDUCING),))
    at = replace(replacement(61), venue=Venue("exchange-a"))
    assert gate.check_replace(at, 0, 0).denials == (Denial(DenyReason.REDUCING_ONLY, 1, 0),)
    assert gate.check_replace(replace(at, venue=Venue("exchange-b")), 0, 0).denials == ()


def test_an_answer_says_whether_the_order_reduces_at_worst() -> None:
    gate = open_gate()
    assert not gate.check(order("a", lots=10), 0, 0).reduces
    gate.on_fill(PositionChanged(ACME, 10, -10_000, 0, ClOrdID("a"), ExecID("x"), 10, 1), 0)
    sells = [order(name, lots=lots, side=Side.SELL) for name, lots in (("b", 11), ("c", 6), ("d", 5), ("c", 6))]
    gate.on_release(ReleaseOrder(ClOrdID("a"), 10))
    assert [gate.check(sell, 0, 0).reduces for sell in sells[1:]] == [True, False, True]
    assert not gate.check(sells[0], 0, 0).reduces


def test_a_change_of_which_the_leader_knows_nothing_is_reserved_anew_when_it_is_asked_about_again() -> None:
    """The old leader died with the answer: to the new one the order is on its old terms, and it asks."""
    gate = open_gate()
    assert ask(gate, order("a", lots=60)) == ()
    assert gate.check_replace(replacement(90), 0, 0).denials == ()
    gate.on_sync(SyncRisk(Epoch(2), (OpenOrder(ClOrdID("a"), ACME, Side.BUY, 60, 0, "pulse"),)))
    assert gate.in_flight(ACME) == (60, 0)
    assert gate.check_replace(replacement(90), 0, 0).denials == ()
    assert gate.in_flight(ACME) == (90, 0)


def test_what_is_not_in_flight_cannot_be_replaced() -> None:
    assert open_gate().check_replace(replacement(5), 0, 0).denials == (Denial(DenyReason.NOT_IN_FLIGHT, 5, 0),)


def test_a_new_leaders_list_has_the_last_word_on_how_much_an_order_is_for() -> None:
    gate = open_gate()
    assert ask(gate, order("a", lots=60)) == ()
    listed = OpenOrder(ClOrdID("a"), ACME, Side.BUY, 90, 0, "pulse")
    gate.on_sync(SyncRisk(Epoch(2), (listed,)))
    assert gate.in_flight(ACME) == (90, 0)
