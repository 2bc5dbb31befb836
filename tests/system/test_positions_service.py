"""Positions as a service: every execution once, and everybody told, also after resets and restarts."""

from squall.sim.exchange.wire.messages import Side
from squall.system.config import DeskConfig, PortfolioConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import (
    AmendFill,
    AskPositions,
    BookedOrder,
    BookFill,
    PositionChanged,
    PositionState,
    PositionsTold,
    StrategyPosition,
    StrategyPositions,
    SyncPositions,
)
from squall.system.domain.positions import PositionKey
from squall.system.services.positions import Positions
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
WIRING = Wiring(instruments=(Instrument(ACME),), venues=())


def fill(number: int, side: Side, lots: int, price: int, order: str = "a", strategy: str = "pulse") -> BookFill:
    exec_id = ExecID(f"exchange-a/{number}")
    return BookFill(exec_id, ClOrdID(order), Venue("exchange-a"), ACME, side, lots, price, strategy)


def started(synced: bool = True) -> tuple[FakeRuntime, Positions]:
    runtime = FakeRuntime("positions")
    positions = Positions(runtime, DeskConfig(), WIRING)
    positions.on_start()
    runtime.connect(positions, "risk")
    runtime.connect(positions, "monitor")
    if synced:
        positions.on_message("oms1", SyncPositions(Epoch(1), ()))
        runtime.take(PositionsTold)
    return runtime, positions


def test_a_fill_is_booked_and_told_to_risk_and_the_monitor() -> None:
    runtime, positions = started()
    positions.on_message("oms1", fill(1, Side.SELL, 10, 200))
    expected = PositionChanged(ACME, -10, 2_000, 0, ClOrdID("a"), ExecID("exchange-a/1"), 10, 1)
    assert runtime.take(PositionChanged, "risk") == [expected]
    assert runtime.take(PositionChanged, "monitor") == [expected]


def test_an_execution_that_comes_again_is_booked_once() -> None:
    runtime, positions = started()
    for _ in range(3):
        positions.on_message("oms1", fill(1, Side.BUY, 10, 200))
    assert len(runtime.take(PositionChanged, "risk")) == 1
    assert positions.fills.totals[ACME].net_lots == 10
    assert positions.id_set_sizes() == {"exec_ids": 1, "orders": 1}


def test_a_sync_books_only_what_is_missing() -> None:
    runtime, positions = started()
    first, second = fill(1, Side.BUY, 10, 200), fill(2, Side.SELL, 4, 210, "b")
    positions.on_message("oms1", first)
    positions.on_message("oms2", SyncPositions(Epoch(2), (first, second)))
    (told,) = runtime.take(PositionsTold, "risk")
    assert told.epoch == 2
    assert told.states == (PositionState(ACME, 6, -1_160, 40, 1_200, 2),)
    assert told.orders == (BookedOrder(ClOrdID("a"), 10), BookedOrder(ClOrdID("b"), 4))


def test_positions_that_have_just_come_up_tell_nobody_that_the_desk_is_flat() -> None:
    """After a restart they know nothing yet: only a leader's fills make their books worth telling."""
    runtime, positions = started(synced=False)
    positions.on_message("oms1", fill(1, Side.BUY, 10, 200))
    positions.on_message("risk", AskPositions(Epoch(1)))
    assert runtime.sent == []
    positions.on_message("oms1", SyncPositions(Epoch(1), (fill(1, Side.BUY, 10, 200),)))
    (told,) = runtime.take(PositionsTold, "risk")
    assert told.states[0].net_lots == 10


def test_a_listener_is_told_all_on_its_next_stream() -> None:
    runtime, positions = started()
    runtime.disconnect(positions, "risk")
    positions.on_message("oms1", fill(1, Side.BUY, 10, 200))
    assert runtime.take(PositionChanged, "risk") == []
    opened = len(runtime.opened)
    runtime.advance(positions, 50_000_000)
    assert runtime.opened[opened:] == ["risk"]
    runtime.connect(positions, "risk")
    (told,) = runtime.take(PositionsTold, "risk")
    assert told.states == (PositionState(ACME, 10, -2_000, 0, 2_000, 1),)
    assert runtime.take(PositionsTold, "monitor") == []


def test_who_asks_is_told_all() -> None:
    runtime, positions = started()
    positions.on_message("risk", AskPositions(Epoch(1)))
    assert [told.epoch for told in runtime.take(PositionsTold)] == [1]


def test_each_strategy_has_its_own_position_and_the_symbol_their_sum() -> None:
    """Erratum 12: one composite key. Long and short of two strategies do not close each other's lots."""
    runtime, positions = started()
    positions.on_message("oms1", fill(1, Side.BUY, 10, 100, "a", "pulse"))
    positions.on_message("oms1", fill(2, Side.SELL, 10, 130, "b", "other"))
    assert positions.fills.positions[PositionKey(ACME, "pulse")].net_lots == 10
    assert positions.fills.positions[PositionKey(ACME, "other")].net_lots == -10
    last = runtime.take(PositionChanged, "risk")[-1]
    assert (last.net_lots, last.cash_flow, last.number) == (0, 300, 2)


def test_positions_that_no_leader_syncs_knock_until_one_does() -> None:
    """Their stream may have died with their last life, and the leader have nothing to write on it."""
    runtime, positions = started(synced=False)
    runtime.opened.clear()
    runtime.advance(positions, 1_000_000_000)
    assert (runtime.opened, runtime.closed) == (["oms1", "oms2"], ["oms1", "oms2"])
    positions.on_message("oms1", SyncPositions(Epoch(1), ()))
    runtime.advance(positions, 10_000_000_000)
    assert runtime.opened == ["oms1", "oms2"]


def test_a_new_stream_of_an_oms_is_given_time_to_sync() -> None:
    runtime, positions = started(synced=False)
    runtime.opened.clear()
    runtime.advance(positions, 900_000_000)
    runtime.connect(positions, "oms1")
    runtime.advance(positions, 900_000_000)
    assert runtime.opened == []


def test_a_knock_does_not_hang_up_on_a_leader_whose_fills_take_long() -> None:
    runtime, positions = started(synced=False)
    runtime.connect(positions, "oms1")
    runtime.opened.clear()
    runtime.advance(positions, 5_000_000_000)
    assert set(runtime.opened) == set(runtime.closed) == {"oms2"}
    runtime.disconnect(positions, "oms1")
    runtime.advance(positions, 1_000_000_000)
    assert "oms1" in runtime.closed


def test_a_bust_is_booked_and_told() -> None:
    runtime, positions = started()
    positions.on_message("oms1", fill(1, Side.BUY, 10, 200))
    runtime.take(PositionChanged)
    bust = AmendFill(ExecID("exchange-a/2"), ExecID("exchange-a/1"), ClOrdID("a"), ACME, 0, 0)
    for _ in range(2):
        positions.on_message("oms1", bust)
    told = PositionChanged(ACME, 0, 0, 0, ClOrdID("a"), ExecID("exchange-a/1"), -10, 2)
    assert runtime.take(PositionChanged, "risk") == [told]
    assert runtime.take(PositionChanged, "monitor") == [told]


def test_a_sync_brings_the_busts_that_were_missed() -> None:
    runtime, positions = started()
    first = fill(1, Side.BUY, 10, 200)
    positions.on_message("oms1", first)
    bust = AmendFill(ExecID("exchange-a/2"), ExecID("exchange-a/1"), ClOrdID("a"), ACME, 0, 0)
    positions.on_message("oms2", SyncPositions(Epoch(2), (first,), (bust,)))
    (told,) = runtime.take(PositionsTold, "risk")
    assert told.states == (PositionState(ACME, 0, 0, 0, 0, 2),)
    assert told.orders == (BookedOrder(ClOrdID("a"), 0),)


def test_what_a_fill_costs_leaves_the_cash() -> None:
    """Erratum 6: the commission that the event carries is booked with it."""
    runtime, positions = started()
    paid = BookFill(ExecID("x/1"), ClOrdID("a"), Venue("x"), ACME, Side.BUY, 10, 200, "pulse", 7)
    positions.on_message("oms1", paid)
    (changed,) = runtime.take(PositionChanged, "risk")
    assert (changed.cash_flow, changed.realised) == (-2_007, -7)


def test_the_portfolio_hears_once_an_interval_of_what_has_changed() -> None:
    runtime, positions = started()
    runtime.connect(positions, "portfolio")
    assert [told.whole for told in runtime.take(StrategyPositions)] == [True]
    positions.on_message("oms1", fill(1, Side.BUY, 10, 200, "a", "pulse"))
    positions.on_message("oms1", fill(2, Side.BUY, 10, 200, "b", "other"))
    positions.on_message("oms1", fill(3, Side.BUY, 5, 200, "c", "pulse"))
    assert runtime.take(StrategyPositions) == []
    runtime.advance(positions, 1_000_000_000)
    (told,) = runtime.take(StrategyPositions, "portfolio")
    assert [(state.strategy, state.net_lots) for state in told.states] == [("pulse", 15), ("other", 10)]
    positions.on_message("oms1", fill(4, Side.SELL, 10, 200, "d", "other"))
    runtime.advance(positions, 1_000_000_000)
    (told,) = runtime.take(StrategyPositions, "portfolio")
    assert (told.whole, [(state.strategy, state.net_lots) for state in told.states]) == (False, [("other", 0)])
    runtime.advance(positions, 10_000_000_000)
    assert runtime.take(StrategyPositions) == []


def test_a_portfolio_that_comes_back_hears_everything_at_once() -> None:
    runtime, positions = started()
    positions.on_message("oms1", fill(1, Side.BUY, 10, 200))
    runtime.connect(positions, "portfolio")
    (told,) = runtime.take(StrategyPositions, "portfolio")
    assert (told.whole, told.states) == (True, (StrategyPosition(ACME, "pulse", 10, 2_000_000_000, -2_000, 0, 1),))


def test_with_the_protection_off_busts_are_passed_over_live_and_in_a_sync() -> None:
    runtime = FakeRuntime("positions")
    config = DeskConfig(portfolio=PortfolioConfig(amend=False))
    positions = Positions(runtime, config, WIRING)
    positions.on_start()
    bust = AmendFill(ExecID("exchange-a/2"), ExecID("exchange-a/1"), ClOrdID("a"), ACME, 0, 0)
    positions.on_message("oms1", SyncPositions(Epoch(1), (fill(1, Side.BUY, 10, 200),), (bust,)))
    positions.on_message("oms1", bust)
    assert positions.fills.totals[ACME].net_lots == 10
    assert runtime.claims == []


def test_a_bust_that_is_booked_is_seen_to_be() -> None:
    runtime, positions = started()
    positions.on_message("oms1", fill(1, Side.BUY, 10, 200))
    bust = AmendFill(ExecID("exchange-a/2"), ExecID("exchange-a/1"), ClOrdID("a"), ACME, 0, 0)
    for _ in range(2):
        positions.on_message("oms1", bust)
    assert runtime.claims == [ProtectionActed("portfolio.amend", "exchange-a/1 counts with 0 lots from now on")]
