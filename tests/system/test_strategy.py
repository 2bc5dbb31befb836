"""The strategy: open-loop orders, each repeated until it is taken, and cancels that outlive a leader."""

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import MILLISECOND, SECOND, DeskConfig, StrategyConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed, SignalDropped
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import AmendOrder, CancelOrder, Leading, OrderTaken, SubmitOrder, Tick
from squall.system.domain.signals import DropReason, Schedule, Workload
from squall.system.services.strategy import Strategy
from squall.system.services.submission import REOPEN_NS
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
A, B = Venue("exchange-a"), Venue("exchange-b")
WIRING = Wiring(
    instruments=(Instrument(ACME), Instrument(BOLT)),
    venues=(VenueRoute(A, "exchange-a", (ACME, BOLT)), VenueRoute(B, "exchange-b", (ACME, BOLT))),
)
TEN_A_SECOND = Workload(orders_per_s=10, marketable_share=1.0, market_share=0.0)
RESTING = Workload(orders_per_s=10, marketable_share=0.0)
INTERVAL_NS = StrategyConfig().resubmit_interval_ns


def tick(symbol: Symbol, bid: int, *, venue: Venue = A, seq: int = 1, stale: bool = False) -> Tick:
    return Tick(venue, symbol, seq, bid, 5, bid + 4, 5, stale)


def trading(
    workload: Workload, config: StrategyConfig | None = None, *, leader: bool = True
) -> tuple[FakeRuntime, Strategy]:
    """Started at 5 s of its clock, quoted in both symbols, with oms1 leading unless told otherwise."""
    runtime = FakeRuntime("strategy", now_ns=5 * SECOND)
    strategy = Strategy(runtime, DeskConfig(strategy=config or StrategyConfig()), WIRING, workload)
    strategy.on_start()
    for oms in WIRING.oms:
        runtime.connect(strategy, oms)
    if leader:
        strategy.on_message("oms1", Leading(Epoch(1), "oms1"))
    for symbol in (ACME, BOLT):
        strategy.on_message("market-data", tick(symbol, 100))
    return runtime, strategy


def restarted(runtime: FakeRuntime, workload: Workload, *, after_ns: int) -> Strategy:
    """The host loses power and is back after that time, with its disk and its clock; oms1 leads."""
    runtime.timers.clear()
    runtime.streams.clear()
    runtime.sent.clear()
    runtime.monotonic_ns += after_ns
    runtime.now_ns += after_ns
    strategy = Strategy(runtime, DeskConfig(), WIRING, workload)
    strategy.on_start()
    for oms in WIRING.oms:
        runtime.connect(strategy, oms)
    for symbol in (ACME, BOLT):
        strategy.on_message("market-data", tick(symbol, 100))
    strategy.on_message("oms1", Leading(Epoch(1), "oms1"))
    return strategy


def submitted(runtime: FakeRuntime, to: str | None = None) -> list[str]:
    return [order.cl_ord_id for order in runtime.take(SubmitOrder, to)]


def take_all(runtime: FakeRuntime, strategy: Strategy) -> None:
    """The leader takes whatever was submitted, once the diary is on the disk."""
    runtime.sync(strategy)
    for order in runtime.take(SubmitOrder):
        strategy.on_message("oms1", OrderTaken(order.cl_ord_id))


def dropped(runtime: FakeRuntime) -> list[tuple[str, str]]:
    return [(claim.cl_ord_id, claim.reason) for claim in runtime.claims if type(claim) is SignalDropped]


# --- schedules ---


def test_steady_orders_go_round_the_symbols_at_their_intended_times() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    runtime.advance(strategy, 350 * MILLISECOND)
    orders = runtime.take(SubmitOrder, "oms1")
    first_four = {order.cl_ord_id: order.intended_ns for order in orders}
    assert first_four == {
        "pulse-ACME-1": 5_000 * MILLISECOND,
        "pulse-BOLT-1": 5_100 * MILLISECOND,
        "pulse-ACME-2": 5_200 * MILLISECOND,
        "pulse-BOLT-2": 5_300 * MILLISECOND,
    }
    assert {order.strategy for order in orders} == {"pulse"}


def test_the_schedule_starts_and_stops_when_it_says() -> None:
    workload = Workload(orders_per_s=10, start_ns=SECOND, stop_ns=SECOND + 200 * MILLISECOND)
    runtime, strategy = trading(workload)
    runtime.advance(strategy, SECOND - 1)
    assert submitted(runtime) == []
    runtime.advance(strategy, SECOND)
    take_all(runtime, strategy)
    runtime.advance(strategy, 5 * SECOND)
    assert submitted(runtime) == []
    assert "pulse" not in runtime.timers


def test_after_a_pause_the_orders_that_were_due_keep_their_intended_times() -> None:
    """No coordinated omission: the wait counts, and nothing is left out."""
    runtime, strategy = trading(TEN_A_SECOND)
    runtime.monotonic_ns += 250 * MILLISECOND
    runtime.now_ns += 250 * MILLISECOND
    strategy.on_timer("pulse")
    intended = [order.intended_ns for order in runtime.take(SubmitOrder)]
    assert intended == [5_000 * MILLISECOND, 5_100 * MILLISECOND, 5_200 * MILLISECOND]
    assert runtime.timers["pulse"] == 5_300 * MILLISECOND


def test_a_step_of_the_wall_clock_moves_intended_times_but_not_the_schedule() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    runtime.advance(strategy, 50 * MILLISECOND)
    runtime.now_ns -= SECOND
    runtime.take(SubmitOrder)
    runtime.advance(strategy, 50 * MILLISECOND)
    assert [order.intended_ns for order in runtime.take(SubmitOrder)] == [4_100 * MILLISECOND]


def test_poisson_times_come_from_draws_that_are_keyed_by_the_pulse() -> None:
    workload = Workload(schedule=Schedule.POISSON, orders_per_s=10)
    runtime = FakeRuntime("strategy")
    runtime.draws = {("pulse", ("pulse", 0)): 0.0, ("pulse", ("pulse", 1)): 0.9}
    strategy = Strategy(runtime, DeskConfig(), WIRING, workload)
    strategy.on_start()
    assert runtime.timers["pulse"] == 0
    runtime.advance(strategy, 0)
    assert runtime.timers["pulse"] == 230_258_509  # ln 10 / 10 s


def test_a_burst_is_several_orders_at_one_time() -> None:
    runtime, strategy = trading(Workload(orders_per_s=10, burst=3))
    runtime.advance(strategy, 199 * MILLISECOND)
    assert submitted(runtime) == ["pulse-ACME-1", "pulse-BOLT-1", "pulse-ACME-2"]


def test_every_nth_tick_makes_an_order_against_the_last_move() -> None:
    runtime, strategy = trading(Workload(schedule=Schedule.ON_TICK, ticks_per_order=2))
    assert submitted(runtime) == []
    sides = []
    for seq, bid in ((2, 100), (3, 102), (4, 104), (5, 100), (6, 98)):
        strategy.on_message("market-data", tick(ACME, bid, seq=seq))
        sides += [(order.cl_ord_id, order.side) for order in runtime.take(SubmitOrder)]
    assert [name for name, _ in sides] == ["pulse-ACME-1", "pulse-ACME-2", "pulse-ACME-3"]
    assert [side for _, side in sides[1:]] == [Side.SELL, Side.BUY]
    assert "pulse" not in runtime.timers


def test_signals_too_soon_after_an_order_of_the_symbol_are_passed_over_and_say_so() -> None:
    wait_ns = 2 * MILLISECOND
    runtime, strategy = trading(Workload(schedule=Schedule.ON_TICK, ticks_per_order=1, refractory_ns=wait_ns))
    assert submitted(runtime) == ["pulse-ACME-1", "pulse-BOLT-1"]
    strategy.on_message("market-data", tick(ACME, 102, seq=2))
    runtime.advance(strategy, wait_ns - 1)
    strategy.on_message("market-data", tick(ACME, 104, seq=3))
    assert submitted(runtime) == []
    assert dropped(runtime) == [(f"pulse-ACME-{n}", DropReason.REFRACTORY.value) for n in (2, 3)]
    runtime.advance(strategy, 1)
    strategy.on_message("market-data", tick(ACME, 106, seq=4))
    assert submitted(runtime) == ["pulse-ACME-4"]


def test_a_share_of_the_orders_goes_to_the_dark_pool_within_the_touch_and_rests_there() -> None:
    pool = VenueRoute(Venue("dark-pool"), "dark-pool", (ACME, BOLT), dark=True)
    wiring = replace(WIRING, venues=(*WIRING.venues, pool))
    runtime = FakeRuntime("strategy", now_ns=5 * SECOND)
    strategy = Strategy(runtime, DeskConfig(), wiring, replace(TEN_A_SECOND, dark_share=1.0))
    strategy.on_start()
    runtime.connect(strategy, "oms1")
    strategy.on_message("oms1", Leading(Epoch(1), "oms1"))
    strategy.on_message("market-data", tick(ACME, 100))
    runtime.advance(strategy, 0)
    runtime.sync(strategy)
    (order,) = runtime.take(SubmitOrder)
    assert (order.venue, order.time_in_force, order.ord_type) == ("dark-pool", TimeInForce.DAY, OrdType.LIMIT)
    assert order.price_half_ticks == (104 if order.side is Side.BUY else 100)


def test_where_there_is_no_dark_pool_its_share_goes_where_all_orders_go() -> None:
    runtime, strategy = trading(replace(TEN_A_SECOND, dark_share=1.0))
    runtime.advance(strategy, 0)
    assert [order.venue for order in runtime.take(SubmitOrder)] == [None]


def test_draws_are_keyed_by_the_order_so_one_order_does_not_change_another() -> None:
    runtime, strategy = trading(Workload(orders_per_s=10, lots_min=1, lots_max=10))
    runtime.draws = {
        ("signal", ("pulse-BOLT-1", "side")): 0.1,
        ("signal", ("pulse-BOLT-1", "lots")): 0.99,
        ("signal", ("pulse-BOLT-1", "style")): 0.01,
    }
    runtime.advance(strategy, 100 * MILLISECOND)
    acme, bolt = runtime.take(SubmitOrder)
    assert (acme.side, acme.quantity_lots, acme.time_in_force) == (Side.SELL, 6, TimeInForce.IOC)
    assert (bolt.side, bolt.quantity_lots, bolt.ord_type) == (Side.BUY, 10, OrdType.MARKET)


# --- prices ---


def test_prices_come_from_the_best_touch_that_is_not_stale() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    runtime.draws = {("signal", ("pulse-ACME-1", "side")): 0.0, ("signal", ("pulse-ACME-1", "depth")): 0.0}
    strategy.on_message("market-data", tick(ACME, 90, seq=2, stale=True))
    strategy.on_message("market-data", tick(ACME, 96, venue=B))
    runtime.advance(strategy, 0)
    assert [order.price_half_ticks for order in runtime.take(SubmitOrder)] == [102]


def test_with_every_venue_stale_the_signal_is_dropped_and_says_so() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    strategy.on_message("market-data", tick(ACME, 100, stale=True))
    runtime.advance(strategy, 100 * MILLISECOND)
    assert submitted(runtime) == ["pulse-BOLT-1"]
    assert dropped(runtime) == [("pulse-ACME-1", "no fresh tick")]
    assert strategy.dropped[DropReason.NO_TICK] == 1


# --- until it is taken ---


def test_an_order_that_is_not_taken_is_repeated_ever_more_slowly() -> None:
    workload = Workload(orders_per_s=1, stop_ns=1)
    runtime, strategy = trading(workload)
    runtime.advance(strategy, 0)
    runtime.take(SubmitOrder)
    repeated_after = []
    for step in range(40):
        runtime.advance(strategy, INTERVAL_NS)
        repeated_after += [step + 1 for _ in runtime.take(SubmitOrder)]
    assert repeated_after == [1, 3, 7, 15, 23, 31, 39]
    strategy.on_message("oms1", OrderTaken(ClOrdID("pulse-ACME-1")))
    runtime.advance(strategy, 100 * INTERVAL_NS)
    assert submitted(runtime) == []


def test_an_order_without_a_leader_is_kept_and_sent_with_its_intended_time() -> None:
    runtime, strategy = trading(TEN_A_SECOND, leader=False)
    runtime.advance(strategy, 150 * MILLISECOND)
    assert submitted(runtime) == []
    strategy.on_message("oms2", Leading(Epoch(3), "oms2"))
    orders = runtime.take(SubmitOrder, "oms2")
    assert [order.intended_ns for order in orders] == [5_000 * MILLISECOND, 5_100 * MILLISECOND]
    assert dropped(runtime) == []


def test_a_new_leader_hears_at_once_what_the_old_one_has_not_taken() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    runtime.advance(strategy, 150 * MILLISECOND)
    runtime.take(SubmitOrder)
    strategy.on_message("oms1", OrderTaken(ClOrdID("pulse-ACME-1")))
    strategy.on_message("oms2", Leading(Epoch(2), "oms2"))
    assert submitted(runtime, "oms2") == ["pulse-BOLT-1"]
    runtime.advance(strategy, 100 * MILLISECOND)
    assert submitted(runtime, "oms2") == ["pulse-ACME-2"]


def test_who_claims_to_lead_an_older_epoch_is_not_followed() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    strategy.on_message("oms2", Leading(Epoch(2), "oms2"))
    strategy.on_message("oms1", Leading(Epoch(1), "oms1"))
    runtime.advance(strategy, 0)
    assert submitted(runtime, "oms2") == ["pulse-ACME-1"]
    assert submitted(runtime, "oms1") == []


def test_when_the_leaders_stream_dies_orders_wait_and_the_stream_is_opened_again() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    assert runtime.opened == ["oms1", "oms2"]
    runtime.disconnect(strategy, "oms1")
    runtime.advance(strategy, REOPEN_NS)
    assert runtime.opened == ["oms1", "oms2", "oms1"]
    assert submitted(runtime) == []
    runtime.connect(strategy, "oms1")
    strategy.on_message("oms1", Leading(Epoch(1), "oms1"))
    assert submitted(runtime, "oms1") == ["pulse-ACME-1"]


def test_after_the_last_repetition_the_strategy_gives_up_loudly() -> None:
    runtime, strategy = trading(Workload(orders_per_s=1, stop_ns=1), StrategyConfig(max_resubmits=2))
    runtime.advance(strategy, 100 * INTERVAL_NS)
    assert len(submitted(runtime)) == 3
    assert dropped(runtime) == [("pulse-ACME-1", "not taken after the last repetition")]
    alerts = [claim for claim in runtime.claims if type(claim) is AlertRaised]
    assert [alert.text for alert in alerts] == ["pulse-ACME-1: written 3 times to oms1, never taken"]
    assert "repeat" not in runtime.timers


def test_an_order_that_is_taken_after_it_was_given_up_is_cancelled() -> None:
    resting = Workload(orders_per_s=1, marketable_share=0.0, stop_ns=1)
    runtime, strategy = trading(resting, StrategyConfig(max_resubmits=2))
    runtime.advance(strategy, 0)
    runtime.sync(strategy)
    runtime.advance(strategy, 100 * INTERVAL_NS)
    assert runtime.take(CancelOrder) == []
    strategy.on_message("oms1", OrderTaken(ClOrdID("pulse-ACME-1")))
    assert [cancel.cl_ord_id for cancel in runtime.take(CancelOrder, "oms1")] == ["pulse-ACME-1"]
    strategy.on_message("oms2", Leading(Epoch(3), "oms2"))
    assert [cancel.cl_ord_id for cancel in runtime.take(CancelOrder, "oms2")] == ["pulse-ACME-1"]


# --- cancels ---


def cancels(runtime: FakeRuntime, to: str) -> list[str]:
    return [cancel.cl_ord_id for cancel in runtime.take(CancelOrder, to)]


def test_a_resting_order_is_cancelled_its_time_after_it_was_taken() -> None:
    runtime, strategy = trading(RESTING)
    runtime.advance(strategy, 150 * MILLISECOND)
    take_all(runtime, strategy)
    runtime.advance(strategy, SECOND - 1)
    assert cancels(runtime, "oms1") == []
    runtime.advance(strategy, 1)
    assert cancels(runtime, "oms1") == ["pulse-ACME-1", "pulse-BOLT-1"]


def test_an_order_that_does_not_rest_is_not_cancelled() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    runtime.advance(strategy, 150 * MILLISECOND)
    take_all(runtime, strategy)
    runtime.advance(strategy, 3 * SECOND)
    assert cancels(runtime, "oms1") == []


def test_a_new_leader_hears_the_cancels_that_the_old_one_may_have_died_with() -> None:
    runtime, strategy = trading(Workload(orders_per_s=10, marketable_share=0.0, stop_ns=150 * MILLISECOND))
    runtime.advance(strategy, 50 * MILLISECOND)
    take_all(runtime, strategy)
    runtime.advance(strategy, 100 * MILLISECOND)
    take_all(runtime, strategy)
    runtime.advance(strategy, 900 * MILLISECOND)
    assert cancels(runtime, "oms1") == ["pulse-ACME-1"]
    runtime.disconnect(strategy, "oms1")
    runtime.advance(strategy, SECOND)
    strategy.on_message("oms2", Leading(Epoch(2), "oms2"))
    assert cancels(runtime, "oms2") == ["pulse-ACME-1", "pulse-BOLT-1"]


# --- restarts ---


def test_what_falls_due_while_the_host_is_down_is_not_played_again_but_counted() -> None:
    runtime, strategy = trading(TEN_A_SECOND)
    for _ in range(21):  # pulses 0 to 10; at the last one the diary says so
        runtime.advance(strategy, 50 * MILLISECOND)
        take_all(runtime, strategy)
    strategy = restarted(runtime, TEN_A_SECOND, after_ns=SECOND)
    assert submitted(runtime) == []
    runtime.advance(strategy, 100 * MILLISECOND)
    assert [(order.cl_ord_id, order.intended_ns) for order in runtime.take(SubmitOrder)] == [
        ("pulse-BOLT-11", 7_100 * MILLISECOND)
    ]
    downs = [claim for claim in runtime.claims if type(claim) is SignalDropped]
    assert downs == [SignalDropped("pulse-BOLT-6", "down", 10)]
    assert strategy.dropped[DropReason.DOWN] == 10


def test_a_schedule_that_ended_while_the_host_was_down_stays_ended() -> None:
    workload = Workload(orders_per_s=10, marketable_share=1.0, stop_ns=300 * MILLISECOND)
    runtime, _ = trading(workload)
    strategy = restarted(runtime, workload, after_ns=5 * SECOND)
    runtime.advance(strategy, SECOND)
    assert submitted(runtime) == []
    assert strategy.dropped[DropReason.DOWN] == 3


def test_poisson_times_are_those_of_the_first_life() -> None:
    workload = Workload(schedule=Schedule.POISSON, orders_per_s=10, marketable_share=1.0)
    undisturbed, strategy = trading(workload)
    undisturbed.advance(strategy, SECOND)
    runtime, _ = trading(workload)
    strategy = restarted(runtime, workload, after_ns=500 * MILLISECOND)
    runtime.take(SubmitOrder)
    runtime.advance(strategy, 500 * MILLISECOND)
    expected = {order.cl_ord_id: order.intended_ns for order in undisturbed.take(SubmitOrder)}
    expected = {name: intended_ns for name, intended_ns in expected.items() if intended_ns >= 5_500 * MILLISECOND}
    assert {order.cl_ord_id: order.intended_ns for order in runtime.take(SubmitOrder)} == expected
    assert expected


def test_order_numbers_that_ticks_gave_are_not_given_again() -> None:
    workload = Workload(schedule=Schedule.ON_TICK, ticks_per_order=1)
    runtime, strategy = trading(workload)
    before = [order.cl_ord_id for _, order in runtime.sent if type(order) is SubmitOrder]
    take_all(runtime, strategy)
    strategy = restarted(runtime, workload, after_ns=SECOND)
    strategy.on_message("market-data", tick(ACME, 104, seq=2))
    after = submitted(runtime)
    assert before == ["pulse-ACME-1", "pulse-BOLT-1"]
    assert after
    assert not set(before) & set(after)


def test_an_order_that_no_leader_has_taken_is_repeated_by_the_next_life_and_one_that_was_taken_is_not() -> None:
    workload = Workload(orders_per_s=10, marketable_share=1.0, stop_ns=150 * MILLISECOND)
    runtime, strategy = trading(workload)
    runtime.advance(strategy, 0)
    take_all(runtime, strategy)
    runtime.advance(strategy, 100 * MILLISECOND)
    restarted(runtime, workload, after_ns=SECOND)
    assert [(order.cl_ord_id, order.intended_ns) for order in runtime.take(SubmitOrder, "oms1")] == [
        ("pulse-BOLT-1", 5_100 * MILLISECOND)
    ]


def test_an_order_that_rests_goes_out_when_its_diary_entry_is_on_the_disk() -> None:
    runtime, strategy = trading(RESTING)
    runtime.advance(strategy, 50 * MILLISECOND)
    assert submitted(runtime) == []
    runtime.sync(strategy)
    assert submitted(runtime, "oms1") == ["pulse-ACME-1"]
    runtime.sync(strategy)
    assert submitted(runtime) == []


def test_orders_that_an_earlier_life_left_resting_are_cancelled_by_the_next() -> None:
    runtime, strategy = trading(RESTING)
    runtime.advance(strategy, 150 * MILLISECOND)
    take_all(runtime, strategy)
    strategy = restarted(runtime, RESTING, after_ns=SECOND)
    take_all(runtime, strategy)  # by their names the OMS knows that it has them
    runtime.advance(strategy, SECOND)
    assert cancels(runtime, "oms1")[:2] == ["pulse-ACME-1", "pulse-BOLT-1"]


def test_a_cancel_sent_in_an_earlier_life_is_repeated_but_its_order_is_not() -> None:
    workload = Workload(orders_per_s=10, marketable_share=0.0, stop_ns=50 * MILLISECOND)
    runtime, strategy = trading(workload)
    runtime.advance(strategy, 0)
    take_all(runtime, strategy)
    runtime.advance(strategy, SECOND)
    assert cancels(runtime, "oms1") == ["pulse-ACME-1"]
    restarted(runtime, workload, after_ns=SECOND)
    assert cancels(runtime, "oms1") == ["pulse-ACME-1"]
    assert submitted(runtime) == []


# --- an execution algorithm ---

ALGORITHM = Workload(strategy="algo", orders_per_s=2, burst=2, buy_share=0.0, participation_percent=10)
"""Both symbols each second."""


def traded(strategy: Strategy, lots: int, bid: int = 10_000, seq: int = 2) -> None:
    """ACME's tape has come to so many lots."""
    strategy.on_message("market-data", Tick(A, ACME, seq, bid, 5, bid + 4, 5, False, 0, lots))


def children(runtime: FakeRuntime) -> list[tuple[int, int | None]]:
    """Each once: nobody takes them, so they are repeated."""
    by_name = {order.cl_ord_id: (order.quantity_lots, order.price_half_ticks) for order in runtime.take(SubmitOrder)}
    return list(by_name.values())


def test_an_algorithm_trades_its_share_of_the_volume_since_its_last_child_and_nothing_where_there_was_none() -> None:
    runtime, strategy = trading(ALGORITHM, StrategyConfig(price_collar=False))
    runtime.advance(strategy, 1)
    assert children(runtime) == []
    assert dropped(runtime)[0] == ("algo-ACME-1", DropReason.NO_VOLUME.value)
    traded(strategy, 100)
    runtime.advance(strategy, SECOND)
    assert children(runtime) == [(10, None)]
    take_all(runtime, strategy)
    strategy.on_message("oms1", OrderTaken(ClOrdID("algo-ACME-2")))
    traded(strategy, 250, seq=3)
    runtime.advance(strategy, SECOND)
    assert children(runtime) == [(15, None)]


def test_with_a_collar_each_child_has_a_limit_a_little_through_the_touch() -> None:
    runtime, strategy = trading(ALGORITHM)
    strategy.on_message("market-data", tick(ACME, 10_000, seq=1))
    runtime.advance(strategy, 11 * SECOND)
    traded(strategy, 100)
    runtime.advance(strategy, SECOND)
    (order,) = runtime.take(SubmitOrder)
    assert (order.side, order.quantity_lots, order.price_half_ticks) == (Side.SELL, 10, 9_900)
    assert order.time_in_force is TimeInForce.IOC


def test_into_a_market_that_runs_away_nothing_is_sent_and_what_was_due_is_made_up_for_later() -> None:
    runtime, strategy = trading(ALGORITHM)
    strategy.on_message("market-data", tick(ACME, 10_000, seq=2))
    traded(strategy, 100, bid=9_600, seq=3)
    runtime.advance(strategy, 2 * SECOND)
    assert children(runtime) == []
    assert ("algo-ACME-2", DropReason.COLLAR.value) in dropped(runtime)
    acted = [claim for claim in runtime.claims if isinstance(claim, ProtectionActed)]
    assert {claim.protection for claim in acted} == {"strategy.price_collar"}
    traded(strategy, 200, bid=9_990, seq=4)
    runtime.advance(strategy, SECOND)
    assert children(runtime) == [(20, 9_892)]


def test_an_algorithm_that_restarts_does_not_trade_its_share_of_the_whole_day_again() -> None:
    runtime, strategy = trading(ALGORITHM, StrategyConfig(price_collar=False))
    traded(strategy, 1_000)
    runtime.advance(strategy, SECOND)
    assert children(runtime) == [(100, None)]
    take_all(runtime, strategy)
    for name in ("algo-ACME-1", "algo-ACME-2"):
        strategy.on_message("oms1", OrderTaken(ClOrdID(name)))
    runtime.timers.clear()
    again = Strategy(runtime, DeskConfig(strategy=StrategyConfig(price_collar=False)), WIRING, ALGORITHM)
    again.on_start()
    again.on_message("oms1", Leading(Epoch(1), "oms1"))
    traded(again, 1_000, seq=5)
    runtime.advance(again, SECOND)
    assert children(runtime) == []
    traded(again, 1_100, seq=6)
    runtime.advance(again, SECOND)
    assert children(runtime) == [(10, None)]


def test_market_data_that_restarts_counts_from_nothing_and_takes_no_volume_away() -> None:
    runtime, strategy = trading(ALGORITHM, StrategyConfig(price_collar=False))
    traded(strategy, 100)
    traded(strategy, 0, seq=3)
    traded(strategy, 50, seq=4)
    runtime.advance(strategy, SECOND)
    assert children(runtime) == [(15, None)]


# --- amendments ---


def test_orders_that_rest_get_other_terms_and_say_them_once() -> None:
    workload = Workload(orders_per_s=10, stop_ns=200 * MILLISECOND, marketable_share=0.0, amend_share=1.0)
    runtime, strategy = trading(workload)
    runtime.advance(strategy, 150 * MILLISECOND)
    runtime.sync(strategy)
    orders = {order.cl_ord_id: order for order in runtime.take(SubmitOrder)}
    for name in orders:
        strategy.on_message("oms1", OrderTaken(name))
    runtime.advance(strategy, workload.amend_after_ns)
    wishes = runtime.take(AmendOrder, "oms1")
    assert [wish.cl_ord_id for wish in wishes] == list(orders)
    for wish in wishes:
        order = orders[wish.cl_ord_id]
        assert (wish.revision, wish.quantity_lots > 0) == (1, True)
        assert wish.price_half_ticks is not None
        assert order.price_half_ticks is not None
        assert abs(wish.price_half_ticks - order.price_half_ticks) == 2
    runtime.advance(strategy, workload.amend_after_ns)
    assert runtime.take(AmendOrder) == []


def test_without_a_share_nothing_is_amended() -> None:
    runtime, strategy = trading(Workload(orders_per_s=10, marketable_share=0.0))
    runtime.advance(strategy, 150 * MILLISECOND)
    take_all(runtime, strategy)
    runtime.advance(strategy, SECOND)
    assert runtime.take(AmendOrder) == []
