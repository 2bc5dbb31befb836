"""The portfolio: what the positions of all strategies are worth, to the cent, by name, sector and strategy."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import DeskConfig, Entry, PortfolioConfig, ReferenceConfig, VarConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.history import DAY_NS, day_of
from squall.system.domain.ids import Epoch, Symbol
from squall.system.domain.messages import (
    AskMarks,
    MarksTold,
    PortfolioValued,
    PriceMark,
    StrategyPosition,
    StrategyPositions,
)
from squall.system.domain.portfolio import Exposure, Money, Valuation, valued
from squall.system.domain.positions import FLAT, Position, PositionKey, booked
from squall.system.domain.remembered import Remembered, encode_remembered, recalled
from squall.system.domain.var import TailRisk
from squall.system.services.portfolio import Portfolio
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
CENT_TICK, SATOSHI = Decimal("0.005"), Decimal("0.00000005")
MONEY = Money((Instrument(ACME, 2, CENT_TICK), Instrument(BOLT, 2, SATOSHI)))
CASH = 1_000 * MONEY.per_unit
SECOND = 1_000_000_000

fills = st.lists(
    st.tuples(
        st.sampled_from((ACME, BOLT)),
        st.sampled_from(("pulse", "other")),
        st.sampled_from(Side),
        st.integers(1, 300),
        st.integers(1, 5_000),
        st.integers(-9, 9),
    ),
    max_size=40,
)


def at(positions: dict[PositionKey, Position], marks: dict[Symbol, int], peak: int = 0) -> Valuation:
    return valued(positions, marks, {}, MONEY, CASH, peak)


# --- the sums ---


@given(fills, st.integers(2, 10_000), st.integers(2, 10_000))
def test_equity_is_cash_and_market_value_in_exact_fractions(
    story: list[tuple[Symbol, str, Side, int, int, int]], acme: int, bolt: int
) -> None:
    positions: dict[PositionKey, Position] = {}
    cash, lots = Fraction(1_000), {ACME: 0, BOLT: 0}
    worth = {ACME: Fraction(CENT_TICK), BOLT: Fraction(SATOSHI)}
    fees = Fraction(0)
    for symbol, strategy, side, quantity, price, fee in story:
        key = PositionKey(symbol, strategy)
        positions[key] = booked(positions.get(key, FLAT), side, quantity, price, fee)
        cash -= (side.sign * quantity * price + fee) * worth[symbol]
        fees += fee * worth[symbol]
        lots[symbol] += side.sign * quantity
    found = at(positions, {ACME: acme, BOLT: bolt})
    value = lots[ACME] * Fraction(acme, 2) * worth[ACME] + lots[BOLT] * Fraction(bolt, 2) * worth[BOLT]
    assert Fraction(found.cash, MONEY.per_unit) == cash
    assert Fraction(found.fees, MONEY.per_unit) == fees
    assert Fraction(found.net, MONEY.per_unit) == value
    assert Fraction(found.equity, MONEY.per_unit) == cash + value
    assert found.profit == found.equity - CASH == found.realised + found.unrealised
    assert MONEY.in_cents(found.equity) == round(100 * (cash + value))
    for exposures in (found.names, found.sectors, found.strategies):
        assert sum(each.net for each in exposures) == found.net
        assert sum(each.gross for each in exposures) == found.gross
        assert all(abs(each.net) <= each.gross for each in exposures)


def test_a_purchase_at_the_market_leaves_equity_as_it_was() -> None:
    """Erratum 28: cash and unrealised profit would say 500 here."""
    found = at({PositionKey(ACME, "pulse"): booked(FLAT, Side.BUY, 1_000, 100)}, {ACME: 200})
    assert MONEY.in_cents(found.cash) == 500_00
    assert MONEY.in_cents(found.equity) == 1_000_00
    assert found.unrealised == 0


def test_long_in_one_strategy_and_short_in_another_are_gross_and_not_net() -> None:
    """Erratum 12: a position belongs to a symbol and a strategy."""
    positions = {
        PositionKey(ACME, "pulse"): booked(FLAT, Side.BUY, 10, 100),
        PositionKey(ACME, "other"): booked(FLAT, Side.SELL, 10, 100),
    }
    found = at(positions, {ACME: 200})
    worth = MONEY.parts(ACME, 1_000)
    assert found.names == (Exposure("ACME", 0, 2 * worth),)
    assert found.strategies == (Exposure("pulse", worth, worth), Exposure("other", -worth, worth))


def test_names_of_one_sector_are_added_up_and_one_without_stands_alone() -> None:
    positions = {
        PositionKey(ACME, "pulse"): booked(FLAT, Side.BUY, 10, 100),
        PositionKey(BOLT, "pulse"): booked(FLAT, Side.BUY, 10, 100),
    }
    marks = {ACME: 200, BOLT: 200}
    together = valued(positions, marks, {ACME: "industry", BOLT: "industry"}, MONEY, CASH, 0)
    assert [each.of for each in together.sectors] == ["industry"]
    alone = valued(positions, marks, {ACME: "industry", BOLT: ""}, MONEY, CASH, 0)
    assert [each.of for each in alone.sectors] == ["industry", "BOLT"]


def test_what_has_no_price_is_worth_what_it_cost_and_is_named() -> None:
    positions = {PositionKey(ACME, "pulse"): booked(FLAT, Side.BUY, 10, 100), PositionKey(BOLT, "pulse"): FLAT}
    found = at(positions, {})
    assert (found.equity, found.unrealised, found.unmarked) == (CASH, 0, (ACME,))


def test_a_drawdown_is_measured_from_the_highest_equity() -> None:
    position = {PositionKey(ACME, "pulse"): booked(FLAT, Side.BUY, 1_000, 100)}
    high = at(position, {ACME: 240})
    assert (MONEY.in_cents(high.equity), high.drawdown) == (1_100_00, 0)
    low = at(position, {ACME: 160}, peak=high.peak)
    assert (MONEY.in_cents(low.peak), MONEY.in_cents(low.drawdown)) == (1_100_00, 200_00)
    assert low.drawdown_percent == 19  # 18.2 %, rounded up


# --- the service ---

CONFIG = DeskConfig(portfolio=PortfolioConfig(cash=1_000), var=VarConfig(observations_min=2, limit=100))


def started() -> tuple[FakeRuntime, Portfolio]:
    runtime = FakeRuntime("portfolio")
    portfolio = Portfolio(runtime, CONFIG, Wiring(instruments=(Instrument(ACME), Instrument(BOLT)), venues=()))
    portfolio.on_start()
    runtime.connect(portfolio, "monitor")
    return runtime, portfolio


def held(lots: int, price: int, strategy: str = "pulse", whole: bool = False, number: int = 1) -> StrategyPositions:
    state = StrategyPosition(ACME, strategy, lots, lots * price * 1_000_000, -lots * price, 0, 1)
    return StrategyPositions(Epoch(1), whole, (state,), number)


def test_marks_are_asked_for_once_an_interval_whatever_happens_meanwhile() -> None:
    runtime, portfolio = started()
    runtime.advance(portfolio, 3 * SECOND)
    assert runtime.take(AskMarks, "market-data") == [AskMarks(1, True), AskMarks(2, True), AskMarks(3, True)]


def test_a_valuation_is_told_to_the_monitor_when_marks_have_come() -> None:
    runtime, portfolio = started()
    portfolio.on_message("positions", held(1_000, 100))
    assert runtime.take(PortfolioValued) == []
    portfolio.on_message("market-data", MarksTold(1, (PriceMark(ACME, 220),)))
    assert runtime.take(PortfolioValued, "monitor") == [PortfolioValued(1, 1_050_00, 0, 50_00, 0, None, None, None)]


def test_nobody_is_told_of_a_portfolio_whose_positions_have_not_come() -> None:
    runtime, portfolio = started()
    portfolio.on_message("market-data", MarksTold(1, (PriceMark(ACME, 220),)))
    assert runtime.take(PortfolioValued) == []
    assert portfolio.valuation is None


def test_marks_that_were_overtaken_are_not_believed() -> None:
    _, portfolio = started()
    portfolio.on_message("positions", held(1_000, 100))
    for number, twice in ((2, 220), (1, 180), (2, 160)):
        portfolio.on_message("market-data", MarksTold(number, (PriceMark(ACME, twice),)))
    assert portfolio.valuation is not None
    assert portfolio.money.in_cents(portfolio.valuation.equity) == 1_050_00


def test_while_nobody_believes_its_books_a_symbol_is_valued_at_its_last_good_price() -> None:
    _, portfolio = started()
    portfolio.on_message("positions", held(100, 100))
    portfolio.on_message("market-data", MarksTold(1, (PriceMark(ACME, 220),)))
    before = portfolio.valuation
    portfolio.on_message("market-data", MarksTold(2, ()))
    assert portfolio.valuation == before


def test_the_whole_replaces_what_was_known_and_a_part_does_not() -> None:
    _, portfolio = started()
    portfolio.on_message("positions", held(10, 100, "pulse", whole=True))
    portfolio.on_message("positions", held(20, 100, "other"))
    assert portfolio.valuation is not None
    assert [each.of for each in portfolio.valuation.strategies] == ["pulse", "other"]
    portfolio.on_message("positions", held(30, 100, "third", whole=True))
    assert [each.of for each in portfolio.valuation.strategies] == ["third"]


def test_risk_moves_with_the_positions_between_two_marks() -> None:
    """Erratum 30: value at risk has a limit, a horizon and a history, and is used up as positions grow."""
    runtime, portfolio = started()
    portfolio.on_message("positions", held(1_000, 100))
    for number, twice in enumerate((200, 180, 198), 1):
        portfolio.on_message("market-data", MarksTold(number, (PriceMark(ACME, twice),), True))
    told = runtime.take(PortfolioValued, "monitor")
    assert [each.var_utilisation_percent for each in told] == [None, None, 50]
    assert told[-1].value_at_risk_cents == 49_50
    portfolio.on_message("positions", held(2_000, 100))
    assert portfolio.var_utilisation_percent == 99
    assert portfolio.valuation is not None
    tail = portfolio.valuation.tail
    assert tail == TailRisk(2, 99 * portfolio.money.per_unit, Fraction(99 * portfolio.money.per_unit))


def test_an_observation_is_asked_for_once_a_horizon_and_again_where_the_answer_was_lost() -> None:
    config = replace(CONFIG, var=VarConfig(horizon_ns=3 * SECOND))
    runtime = FakeRuntime("portfolio")
    portfolio = Portfolio(runtime, config, Wiring(instruments=(Instrument(ACME),), venues=()))
    portfolio.on_start()
    asked = []
    for lost in (False, False, False, True, False, False, False, False):
        runtime.advance(portfolio, SECOND)
        (question,) = runtime.take(AskMarks, "market-data")
        asked.append(question.ends_horizon)
        if not lost:
            told = MarksTold(question.number, (PriceMark(ACME, 200),), question.ends_horizon)
            portfolio.on_message("market-data", told)
    assert asked == [True, False, False, True, True, False, False, True]
    assert len(portfolio.history) == 2


# --- what it remembers ---


def restarted(runtime: FakeRuntime, config: DeskConfig = CONFIG) -> Portfolio:
    """Another life on the same disk."""
    portfolio = Portfolio(runtime, config, Wiring(instruments=(Instrument(ACME), Instrument(BOLT)), venues=()))
    portfolio.on_start()
    runtime.connect(portfolio, "monitor")
    return portfolio


def lived(runtime: FakeRuntime, config: DeskConfig = CONFIG) -> Portfolio:
    """A life with a thousand lots at 100, in which the price was as high as 120 half ticks."""
    portfolio = restarted(runtime, config)
    portfolio.on_message("positions", held(1_000, 100))
    for number, twice in enumerate((200, 240, 220), 1):
        portfolio.on_message("market-data", MarksTold(number, (PriceMark(ACME, twice),), True))
    return portfolio


def test_a_restart_forgets_neither_the_peak_nor_the_past() -> None:
    """Erratum 22: a drawdown that a restart forgets is not checked."""
    runtime = FakeRuntime("portfolio")
    before = lived(runtime)
    after = restarted(runtime)
    assert list(after.history.horizons()) == list(before.history.horizons())
    after.on_message("positions", held(1_000, 100))
    after.on_message("market-data", MarksTold(1, (PriceMark(ACME, 220),), True))
    assert after.valuation is not None
    assert before.valuation is not None
    assert after.valuation.peak == before.valuation.peak == 1_100 * after.money.per_unit
    assert after.valuation.tail == before.valuation.tail
    acted = [claim for claim in runtime.claims if isinstance(claim, ProtectionActed)]
    assert [claim.what for claim in acted] == ["a peak of 110000 cents, 2 horizons"]


def test_what_prices_did_while_nobody_looked_is_no_horizon() -> None:
    runtime = FakeRuntime("portfolio")
    lived(runtime)
    after = restarted(runtime)
    for number, twice in enumerate((110, 121), 1):
        after.on_message("market-data", MarksTold(number, (PriceMark(ACME, twice),), True))
    pairs = [(began[ACME], ended[ACME]) for began, ended in after.history.horizons()]
    assert pairs == [(200, 240), (240, 220), (110, 121)]


def test_with_the_protection_off_it_begins_anew() -> None:
    runtime = FakeRuntime("portfolio")
    off = replace(CONFIG, portfolio=replace(CONFIG.portfolio, remember=False))
    lived(runtime, off)
    after = restarted(runtime, off)
    after.on_message("positions", held(1_000, 100))
    assert len(after.history) == 0
    assert after.valuation is not None
    assert after.valuation.peak == 1_000 * after.money.per_unit
    assert runtime.claims == []


def test_a_peak_between_two_horizons_is_written_and_marks_that_change_nothing_are_not() -> None:
    runtime = FakeRuntime("portfolio")
    portfolio = lived(runtime)
    assert len(runtime.files["portfolio"]) == 3
    portfolio.on_message("market-data", MarksTold(4, (PriceMark(ACME, 230),)))
    assert len(runtime.files["portfolio"]) == 3
    portfolio.on_message("market-data", MarksTold(5, (PriceMark(ACME, 250),)))
    assert recalled(runtime.files["portfolio"], 250, 0)[0] == 1_125 * portfolio.money.per_unit


@given(st.lists(st.tuples(st.integers(0, 99), st.booleans(), st.integers(0, 2)), max_size=30), st.integers(1, 9))
def test_a_file_recalls_the_highest_peak_of_the_day_and_the_last_horizons(
    records: list[tuple[int, bool, int]], kept: int
) -> None:
    marks = [{ACME: number} if ends else {} for number, (_, ends, _) in enumerate(records, 1)]
    file = [encode_remembered(Remembered(peak, each, day)) for (peak, _, day), each in zip(records, marks, strict=True)]
    highest = max((peak for peak, _, day in records if day == 1), default=0)
    assert recalled(file, kept, 1) == (highest, [each for each in marks if each][-kept - 1 :])


def test_a_day_goes_from_half_a_day_before_its_opening_to_half_a_day_after_it() -> None:
    assert [day_of(at_ns) for at_ns in (-DAY_NS // 2 - 1, -1, 0, DAY_NS // 2 - 1, DAY_NS // 2)] == [-1, 0, 0, 0, 1]


def test_a_peak_of_yesterday_is_none_today_also_where_the_portfolio_lives_on() -> None:
    runtime = FakeRuntime("portfolio")
    portfolio = lived(runtime)
    assert portfolio.valuation is not None
    peak = portfolio.valuation.peak
    assert peak > portfolio.valuation.equity
    runtime.now_ns += DAY_NS
    portfolio.on_message("market-data", MarksTold(4, (PriceMark(ACME, 180),)))
    assert portfolio.valuation.peak < peak
    again = restarted(runtime)
    again.on_message("positions", held(1_000, 100))
    again.on_message("market-data", MarksTold(1, (PriceMark(ACME, 180),)))
    assert again.valuation is not None
    assert again.valuation.peak < peak


def test_streams_that_die_are_opened_again() -> None:
    runtime, portfolio = started()
    runtime.opened.clear()
    for peer in ("monitor", "positions"):
        runtime.disconnect(portfolio, peer)
    runtime.advance(portfolio, 50_000_000)
    assert runtime.opened == ["monitor", "positions"]


def test_a_sector_that_is_set_anew_moves_its_names() -> None:
    _, portfolio = started()
    entry = Entry("ACME", "sector", "steel")
    portfolio.on_config(replace(CONFIG, reference=ReferenceConfig((entry,))))
    portfolio.on_message("positions", held(10, 100))
    assert portfolio.valuation is not None
    assert [each.of for each in portfolio.valuation.sectors] == ["steel"]
