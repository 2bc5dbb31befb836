"""What the desk says that it holds and risks, worked out again; and what it shows, against the venues' records."""

from squall.scenarios.checks.portfolio import drawdown_told, portfolio_adds_up, positions_are_their_fills
from squall.scenarios.checks.read_side import read_side_catches_up
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import DiskLost, HostCrashed, ProgramStarted
from squall.system.domain.claims import AlertRaised, ReadModelsTold
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import (
    AmendFill,
    BookFill,
    MarksTold,
    PortfolioValued,
    PriceMark,
    StrategyPosition,
    StrategyPositions,
    SyncPositions,
)
from squall.system.domain.remembered import Remembered, encode_remembered
from tests.scenarios.stages import Tale, fired, held, undecided

ACME = Symbol("ACME")
CASH_CENTS = 1_000_000_00


def _fill(name: str, side: Side, lots: int, price: int, fee: int = 0) -> BookFill:
    return BookFill(ExecID(name), ClOrdID("o"), Venue("exchange-a"), ACME, side, lots, price, "pulse", fee)


def _bust(of: str) -> AmendFill:
    return AmendFill(ExecID(f"{of}-bust"), ExecID(of), ClOrdID("o"), ACME, 0, 0)


def _told(tale: Tale, net: int, cost: int, cash: int, fees: int = 0, whole: bool = False) -> int:
    state = StrategyPosition(ACME, "pulse", net, cost * 1_000_000, cash, fees, 1)
    return tale.sent("positions", "portfolio", StrategyPositions(Epoch(1), whole, (state,), 1))


# --- a position is the sum of its fills ---


def test_a_position_through_zero_with_fees_and_a_bust_is_the_sum_of_its_fills() -> None:
    tale = Tale()
    judge = tale.judge(positions_are_their_fills())
    tale.handled("positions", "oms1", _fill("a", Side.BUY, 10, 100, 3))
    tale.handled("positions", "oms1", _fill("b", Side.SELL, 4, 130, -1))
    _told(tale, 6, 600, -1_000 + 520 - 2, 2)
    tale.handled("positions", "oms1", _fill("c", Side.SELL, 8, 120))
    _told(tale, -2, -240, -1_000 + 520 + 960 - 2, 2)
    tale.handled("positions", "oms1", _bust("a"))
    _told(tale, -12, -(4 * 130 + 8 * 120), 520 + 960 + 1, -1)
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "positions were told 3 times, each the sum of its executions"


def test_a_bust_that_was_ignored_is_found() -> None:
    tale = Tale()
    judge = tale.judge(positions_are_their_fills())
    tale.handled("positions", "oms1", _fill("a", Side.BUY, 10, 100))
    tale.handled("positions", "oms1", _bust("a"))
    _told(tale, 10, 1_000, -1_000)
    assert fired(judge.ruling())


def test_fees_that_were_forgotten_are_found() -> None:
    tale = Tale()
    judge = tale.judge(positions_are_their_fills())
    tale.handled("positions", "oms1", _fill("a", Side.BUY, 10, 100, 3))
    seq = _told(tale, 10, 1_000, -1_000)
    ruling = judge.ruling()
    assert (fired(ruling), ruling.seq) == (True, seq)


def test_mixed_costs_of_both_sides_are_found() -> None:
    """Erratum 27, as the harness sees it: what crosses zero opens at the fill's price."""
    tale = Tale()
    judge = tale.judge(positions_are_their_fills())
    tale.handled("positions", "oms1", _fill("a", Side.BUY, 10, 100))
    tale.handled("positions", "oms1", _fill("b", Side.SELL, 20, 130))
    _told(tale, -10, -1_600, 1_600)
    assert fired(judge.ruling())


def test_what_a_sync_brings_counts_and_what_was_known_before_a_crash_does_not() -> None:
    tale = Tale()
    judge = tale.judge(positions_are_their_fills())
    tale.handled("positions", "oms1", _fill("a", Side.BUY, 10, 100))
    tale.saw(HostCrashed(with_disk=False), "book")
    tale.handled("positions", "oms1", SyncPositions(Epoch(2), (_fill("b", Side.BUY, 5, 100),), (_bust("c"),)))
    _told(tale, 5, 500, -500, whole=True)
    assert held(judge.ruling())


# --- the portfolio adds up ---


def _marks(tale: Tale, number: int, twice: int) -> None:
    tale.handled("portfolio", "market-data", MarksTold(number, (PriceMark(ACME, twice),), True))


def _long(tale: Tale, lots: int = 1_000, price: int = 20_000) -> None:
    state = StrategyPosition(ACME, "pulse", lots, lots * price * 1_000_000, -lots * price, 0, 1)
    tale.handled("portfolio", "positions", StrategyPositions(Epoch(1), True, (state,), 1))


def _says(tale: Tale, number: int, profit_cents: int, var: int | None = None, shortfall: int | None = None) -> None:
    valued = PortfolioValued(number, CASH_CENTS + profit_cents, 0, profit_cents, 0, var, shortfall, None)
    tale.handled("monitor", "portfolio", valued)


def test_equity_is_cash_and_market_value() -> None:
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    _long(tale)
    _marks(tale, 1, 2 * 20_010)
    _says(tale, 1, 1_000 * 10 // 2)
    assert held(judge.ruling())


def test_equity_without_what_the_position_cost_is_found() -> None:
    """Erratum 28, as the harness sees it."""
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    _long(tale)
    _marks(tale, 1, 2 * 20_010)
    _says(tale, 1, 5_000 - 1_000 * 10_000)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "equity is 1,000,050.00, told was 900,050.00 (and 1 more)"


def _ten_horizons(tale: Tale) -> int:
    """Up by a tenth of a percent and down again, ten times in all; the last number told."""
    _long(tale)
    for number in range(1, 12):
        _marks(tale, number, 2 * (20_000 if number % 2 else 20_020))
        if number < 11:
            _says(tale, number, 0 if number % 2 else 1_000 * 20 // 2)
    return 11


def test_value_at_risk_is_that_of_market_values() -> None:
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    last = _ten_horizons(tale)
    loss = round(1_000 * 20_000 * 20 / 20_020 / 2)
    _says(tale, last, 0, loss, loss)
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "11 valuations add up, 1 of them with value at risk"


def test_value_at_risk_of_quantities_is_found() -> None:
    """Erratum 29, as the harness sees it."""
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    last = _ten_horizons(tale)
    _says(tale, last, 0, 1, 1)
    assert fired(judge.ruling())


def test_value_at_risk_from_too_few_observations_is_found_and_none_from_enough_too() -> None:
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    _long(tale)
    _marks(tale, 1, 40_000)
    _says(tale, 1, 0, 5, 5)
    assert fired(judge.ruling())
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    _says(tale, _ten_horizons(tale), 0)
    assert fired(judge.ruling())


def test_a_valuation_of_an_earlier_life_is_not_held_against_a_new_one() -> None:
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    _long(tale)
    _marks(tale, 1, 40_000)
    tale.saw(HostCrashed(with_disk=False), "ops")
    _says(tale, 1, 77)
    assert held(judge.ruling())


def test_value_at_risk_of_a_new_life_is_over_what_its_disk_has_of_the_past() -> None:
    for remembers in (True, False):
        tale = Tale(f"portfolio.remember={'on' if remembers else 'off'}")
        judge = tale.judge(portfolio_adds_up())
        last = _ten_horizons(tale)
        loss = round(1_000 * 20_000 * 20 / 20_020 / 2)
        _says(tale, last, 0, loss, loss)
        tale.stored("ops", "portfolio", *(encode_remembered(Remembered(0, {ACME: 1})) for _ in range(last)))
        tale.saw(ProgramStarted("portfolio", ""), "ops")
        _long(tale)
        _marks(tale, 1, 40_000)
        _says(tale, 1, 0, loss, loss)
        assert held(judge.ruling()) is remembers


def test_horizons_that_a_new_life_has_not_on_its_disk_are_found_but_for_the_last_and_what_a_crash_took() -> None:
    for written, lost, verdict in ((0, 0, fired), (9, 0, fired), (10, 0, held), (9, 1, held), (12, 0, fired)):
        tale = Tale()
        judge = tale.judge(portfolio_adds_up())
        _ten_horizons(tale)
        tale.stored("ops", "portfolio", *(encode_remembered(Remembered(0, {ACME: 1})) for _ in range(written)))
        if lost:
            tale.saw(DiskLost(lost, False), "ops")
        tale.saw(ProgramStarted("portfolio", ""), "ops")
        _marks(tale, 1, 40_000)
        assert verdict(judge.ruling()), (written, lost)


def test_horizons_that_were_never_written_are_named() -> None:
    tale = Tale()
    judge = tale.judge(portfolio_adds_up())
    _ten_horizons(tale)
    tale.saw(ProgramStarted("portfolio", ""), "ops")
    _marks(tale, 1, 40_000)
    assert judge.ruling().detail == "11 horizons were told to earlier lives, 0 are on the disk"


# --- drawdown ---


def _equity(tale: Tale, cents: int, drawdown_percent: int, told: bool = False) -> None:
    tale.handled("monitor", "portfolio", PortfolioValued(1, cents, 0, 0, drawdown_percent, None, None, None))
    if told:
        tale.heard(AlertRaised("critical", "drawdown", "equity has fallen"), "ops")


def test_a_drawdown_that_is_told_from_the_true_peak_is_as_it_should_be() -> None:
    tale = Tale()
    judge = tale.judge(drawdown_told())
    _equity(tale, 120_000_000, 0)
    tale.saw(ProgramStarted("portfolio", ""), "ops")
    _equity(tale, 101_000_000, 16, told=True)
    assert held(judge.ruling())


def test_a_peak_that_was_forgotten_and_an_alert_that_does_not_come_are_found() -> None:
    tale = Tale()
    judge = tale.judge(drawdown_told())
    _equity(tale, 120_000_000, 0)
    _equity(tale, 101_000_000, 0)
    assert fired(judge.ruling())
    tale = Tale()
    judge = tale.judge(drawdown_told())
    _equity(tale, 120_000_000, 0)
    _equity(tale, 101_000_000, 16)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "equity fell by 15 % or more, and nobody was told"


def test_a_drawdown_that_is_told_as_more_than_it_is_is_found() -> None:
    tale = Tale()
    judge = tale.judge(drawdown_told())
    _equity(tale, 120_000_000, 0)
    _equity(tale, 119_000_000, 99)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "a drawdown of 99 % is told, equity is 0.8 % below its peak"


def test_an_alert_below_its_level_is_found() -> None:
    for cents, told, verdict in ((103_200_000, 14, fired), (103_190_000, 15, held)):
        tale = Tale()
        judge = tale.judge(drawdown_told())
        _equity(tale, 120_000_000, 0)
        _equity(tale, cents, told, told=True)
        assert verdict(judge.ruling())


def test_a_day_on_which_equity_never_falls_so_far_proves_nothing() -> None:
    tale = Tale()
    judge = tale.judge(drawdown_told())
    _equity(tale, 120_000_000, 0)
    _equity(tale, 110_000_000, 9)
    assert undecided(judge.ruling())


# --- what is shown ---


def _shown(tale: Tale, lots: int, cash: int, behind: int = 0) -> int:
    return tale.heard(ReadModelsTold(9, behind, 0, (("ACME", lots, cash),)), "ops")


def test_what_was_executed_is_shown_in_the_end() -> None:
    tale = Tale()
    judge = tale.judge(read_side_catches_up())
    assert held(judge.ruling())
    tale.executed("o-1", lots=10, price_half_ticks=20_000)
    _shown(tale, 0, 0)
    _shown(tale, 10, -200_000)
    assert held(judge.ruling())


def test_a_read_model_that_never_catches_up_is_found() -> None:
    tale = Tale()
    judge = tale.judge(read_side_catches_up())
    tale.executed("o-1", lots=10, price_half_ticks=20_000)
    assert fired(judge.ruling())
    seq = _shown(tale, 0, 0, 3)
    ruling = judge.ruling()
    assert (fired(ruling), ruling.seq) == (True, seq)
    assert ruling.detail == (
        "ACME: the venues' executions make +10 lots and a cash flow of -200000, "
        "shown at version 9, 3 behind, are +0 and +0"
    )
