"""Everybody else in the market: alive, bounded, sane, and deaf to who is watching."""

from random import Random

import pytest
from simpy import Environment

from squall.sim.exchange.engine import Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.participants import FairValue, Participants, Profile
from squall.sim.exchange.wire.messages import (
    Level,
    NewOrderSingle,
    OrdRejReason,
    OrdType,
    Print,
    Side,
    TimeInForce,
)

SECOND = 1_000_000_000
REFERENCE = 10_000


class Tape:
    """Holds every step of the public book against the one before it."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, tuple[Level, ...], tuple[Print, ...]]] = []
        self.touches: list[tuple[int, int, int, int]] = []
        self.executed = 0
        self.world: Environment
        self.engine: MatchingEngine

    def on_accepted(self, order: NewOrderSingle) -> None: ...
    def on_triggered(self, order: NewOrderSingle) -> None:
        raise AssertionError("no stop orders here")

    def on_refused(self, order: NewOrderSingle, reason: OrdRejReason) -> None: ...
    def on_closed(self, order: NewOrderSingle, leaves_lots: int) -> None: ...

    def on_executed(
        self, order: NewOrderSingle, lots: int, price_half_ticks: int, leaves_lots: int, *, takes: bool
    ) -> None:
        self.executed += lots

    def on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None:
        self.steps.append((int(self.world.now), levels, prints))
        self.touches.append(self.engine.touch(symbol))


def a_market(seed: int = 1, profile: Profile | None = None) -> tuple[Environment, MatchingEngine, FairValue, Tape]:
    world = Environment()
    listing = Listing("ACME", REFERENCE)
    engine = MatchingEngine([listing])
    worth = FairValue(world, Random(f"worth/{seed}"), REFERENCE)
    Participants(world, engine, listing, Random(f"flow/{seed}"), worth, profile)
    tape = Tape()
    tape.world, tape.engine, engine.listener = world, engine, tape
    engine.start()
    return world, engine, worth, tape


def test_the_market_opens_with_one_step_that_shows_both_sides() -> None:
    _, engine, _, tape = a_market()
    assert len(tape.steps) == 1
    bid, bid_lots, ask, ask_lots = engine.touch("ACME")
    assert 0 < ask - bid <= 6
    assert min(bid_lots, ask_lots) >= 200
    [image] = engine.image()
    assert len(image.levels) == 10


@pytest.mark.parametrize("seed", range(5))
def test_the_book_is_never_empty_nor_crossed_and_stays_near_what_it_is_worth(seed: int) -> None:
    world, engine, worth, tape = a_market(seed)
    while world.now < 300 * SECOND:
        world.run(until=world.now + SECOND)
        bid, _, ask, _ = engine.touch("ACME")
        assert bid - 24 < worth.at(int(world.now)) < ask + 24
    assert all(0 < bid < ask for bid, _, ask, _ in tape.touches)
    assert sum(ask - bid <= 6 for bid, _, ask, _ in tape.touches) > 0.95 * len(tape.touches)
    assert all(price % 2 == 0 for bid, _, ask, _ in tape.touches for price in (bid, ask))
    assert any(prints for _, _, prints in tape.steps)


def test_flow_is_frugal_and_each_event_is_at_most_one_message() -> None:
    world, _, _, tape = a_market()
    world.run(until=600 * SECOND)
    times = [at_ns for at_ns, _, _ in tape.steps]
    assert len(times) == len(set(times))
    assert 3.0 < len(times) / 600 < 4.5


def test_resting_orders_stay_bounded_however_long_the_day() -> None:
    world, engine, _, _ = a_market()
    deepest = 0
    for _ in range(60):
        world.run(until=world.now + 60 * SECOND)
        [image] = engine.image()
        deepest = max(deepest, len(image.levels))
    assert deepest < 40


def test_a_sweep_is_refilled_within_seconds() -> None:
    world, engine, _, _ = a_market()
    world.run(until=10 * SECOND)
    engine.enter(NewOrderSingle("a", "a", "ACME", Side.BUY, 50_000, OrdType.MARKET, TimeInForce.IOC, None))
    assert engine.touch("ACME")[2:] == (0, 0)
    world.run(until=13 * SECOND)
    _, _, ask, ask_lots = engine.touch("ACME")
    assert ask > 0
    assert ask_lots > 0


def test_a_resting_client_order_at_the_touch_gets_filled_by_the_flow() -> None:
    world, engine, _, tape = a_market()
    world.run(until=10 * SECOND)
    bid = engine.touch("ACME")[0]
    engine.enter(NewOrderSingle("a", "a", "ACME", Side.BUY, 50, OrdType.LIMIT, TimeInForce.DAY, bid + 2))
    world.run(until=120 * SECOND)
    assert tape.executed == 50


def test_the_same_seed_gives_the_same_tape_and_another_one_another() -> None:
    def tape_of(seed: int) -> list[tuple[int, tuple[Level, ...], tuple[Print, ...]]]:
        world, _, _, tape = a_market(seed)
        world.run(until=60 * SECOND)
        return tape.steps

    assert tape_of(1) == tape_of(1)
    assert tape_of(1) != tape_of(2)


def test_what_a_client_does_moves_nobodys_arrival_times() -> None:
    quiet, _, _, quiet_tape = a_market()
    disturbed, engine, _, disturbed_tape = a_market()
    quiet.run(until=5 * SECOND)
    disturbed.run(until=5 * SECOND)
    before = len(disturbed_tape.steps)
    engine.enter(NewOrderSingle("a", "a", "ACME", Side.BUY, 2_000, OrdType.MARKET, TimeInForce.IOC, None))
    del disturbed_tape.steps[before]
    quiet.run(until=60 * SECOND)
    disturbed.run(until=60 * SECOND)
    quiet_times = {at_ns for at_ns, _, _ in quiet_tape.steps}
    disturbed_times = {at_ns for at_ns, _, _ in disturbed_tape.steps}
    # Now and then an event changes nothing on one of the two books, and is no step there.
    assert len(quiet_times ^ disturbed_times) < 0.05 * len(quiet_times)


# --- fair value ------------------------------------------------------------------------------------


class Clock:
    now = 0


def test_fair_value_does_not_depend_on_who_asks_or_how_often() -> None:
    def walk(times: list[int]) -> int:
        worth = FairValue(Clock(), Random(3), REFERENCE)
        remove = worth.install(-7)
        value = 0
        for at_ns in times:
            value = worth.at(at_ns)
        del remove
        return value

    end = 100 * SECOND + 1
    assert walk([end]) == walk([*range(0, end, 333_333_333), end]) == walk([0, 1, 2, SECOND, end])


def test_a_drift_moves_the_price_steadily_and_what_it_moved_stays() -> None:
    clock = Clock()
    worth = FairValue(clock, Random(3), REFERENCE, move_probability=0.0)
    clock.now = 10 * SECOND
    remove = worth.install(-100)
    assert worth.at(15 * SECOND) == REFERENCE - 500
    clock.now = 20 * SECOND
    remove()
    remove()
    assert worth.at(60 * SECOND) == REFERENCE - 1_000


def test_drifts_add_up_and_the_price_stays_a_price() -> None:
    clock = Clock()
    worth = FairValue(clock, Random(3), REFERENCE, move_probability=0.0)
    worth.install(-100)
    remove = worth.install(60)
    assert worth.at(SECOND) == REFERENCE - 40
    clock.now = SECOND
    remove()
    assert worth.at(2 * SECOND) == REFERENCE - 140
    assert worth.at(10_000 * SECOND) == REFERENCE // 10


def test_a_falling_market_takes_the_book_with_it() -> None:
    world, engine, worth, tape = a_market()
    world.run(until=5 * SECOND)
    remove = worth.install(-200)
    world.run(until=15 * SECOND)
    remove()
    world.run(until=20 * SECOND)
    bid, _, ask, _ = engine.touch("ACME")
    assert REFERENCE - 2_060 < bid < ask < REFERENCE - 1_940
    assert all(bid < ask for bid, _, ask, _ in tape.touches if bid and ask)


def test_makers_that_withdraw_show_a_share_of_their_size_and_a_stub_and_come_back() -> None:
    world, engine, worth, _ = a_market(profile=Profile(events_per_s=50.0))
    world.run(until=5 * SECOND)
    usual = engine.image()[0].levels
    put_back = worth.thin(0.01)
    world.run(until=6 * SECOND)
    thin = engine.image()[0].levels
    bids = [level for level in thin if level.side is Side.BUY]
    near = [level for level in thin if abs(level.price_half_ticks - REFERENCE) < REFERENCE // 10]
    assert max(level.lots for level in near) < 50 < min(level.lots for level in usual if level.lots > 60)
    assert bids[-1].price_half_ticks < REFERENCE // 50
    put_back()
    put_back()
    world.run(until=8 * SECOND)
    again = engine.image()[0].levels
    assert all(abs(level.price_half_ticks - REFERENCE) < REFERENCE // 10 for level in again)
    assert max(level.lots for level in again) > 300


def test_of_two_reasons_to_withdraw_the_stronger_one_holds_and_each_ends_by_itself() -> None:
    _, _, worth, _ = a_market()
    first, second = worth.thin(0.5), worth.thin(0.1)
    assert worth.depth() == 0.1
    second()
    assert worth.depth() == 0.5
    first()
    assert worth.depth() == 1.0
