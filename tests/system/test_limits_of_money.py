"""The gate's limits of money: concentration, exposure, cash, drawdown; and the restricted list, locates, hours."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import RiskConfig
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.limits import Gate
from squall.system.domain.messages import (
    CheckOrder,
    Denial,
    DenyReason,
    PositionChanged,
    PositionsTold,
    ReleaseOrder,
    SyncRisk,
    Tick,
)
from squall.system.wiring import Instrument

ACME, BOLT, COIL = Symbol("ACME"), Symbol("BOLT"), Symbol("COIL")
NOW = 0
HUNDRED = 20_000
"""100.00 a share, in half cents."""
CHAPTER = RiskConfig(price_collar=False, duplicate_filter=False)


def open_gate(limits: RiskConfig = CHAPTER, mark: int = HUNDRED, **entries: Instrument) -> Gate:
    """A gate at work, with every symbol at this mark and nothing held."""
    known = {ACME: Instrument(ACME), BOLT: Instrument(BOLT), COIL: Instrument(COIL)}
    known.update({Symbol(symbol): entry for symbol, entry in entries.items()})
    gate = Gate(limits, tuple(known.values()))
    gate.on_sync(SyncRisk(Epoch(1), ()))
    gate.on_told(PositionsTold(Epoch(1), (), (), 1))
    for symbol in known:
        move(gate, symbol, mark)
    return gate


def move(gate: Gate, symbol: Symbol, mark: int, seq: int = 1) -> None:
    gate.on_tick(Tick(Venue("exchange-a"), symbol, seq, mark - 1, 9, mark + 1, 9), NOW)


def ask(gate: Gate, name: str, side: Side, lots: int, symbol: Symbol = ACME) -> tuple[Denial, ...]:
    order = CheckOrder(Epoch(1), ClOrdID(name), symbol, side, lots)
    return gate.check(order, NOW, NOW).denials


def fill(gate: Gate, name: str, net_lots: int, cash_flow: int, lots: int, number: int = 1) -> None:
    gate.on_fill(PositionChanged(ACME, net_lots, cash_flow, 0, ClOrdID(name), ExecID(f"x{number}"), lots, number), NOW)


def test_concentration_counts_what_is_held_what_is_in_flight_and_the_order_at_the_mark() -> None:
    """Erratum 21: the chapter takes this order's value alone, at a price of 100 that no order has."""
    gate = open_gate()
    assert ask(gate, "a", Side.BUY, 400) == ()
    fill(gate, "a", 300, -6_000_000, 300)
    assert ask(gate, "b", Side.BUY, 600) == ()
    assert ask(gate, "c", Side.BUY, 1) == (Denial(DenyReason.NAME_CONCENTRATION, 100_100, 100_000),)
    gate.on_release(ReleaseOrder(ClOrdID("b"), 0))
    move(gate, ACME, 2 * HUNDRED, seq=2)
    assert ask(gate, "d", Side.BUY, 101) == (Denial(DenyReason.NAME_CONCENTRATION, 100_200, 100_000),)
    assert ask(gate, "e", Side.BUY, 100) == ()


@pytest.mark.parametrize(
    ("mark", "passes", "binds"),
    [
        (199, 10_000, DenyReason.ORDER_SIZE),  # 0.995 a share
        (1_999, 10_000, DenyReason.ORDER_SIZE),  # 9.995: a little more than 10,000 shares are a tenth of the portfolio
        (2_001, 9_995, DenyReason.NAME_CONCENTRATION),
        (HUNDRED, 1_000, DenyReason.NAME_CONCENTRATION),
        (100 * HUNDRED, 10, DenyReason.NAME_CONCENTRATION),
    ],
)
def test_which_of_the_chapters_limits_binds_depends_on_the_mark(mark: int, passes: int, binds: DenyReason) -> None:
    """Erratum 22: at 100 a share neither 10,000 nor 50,000 can bind; below 10 and below 2 they do."""
    gate = open_gate(mark=mark)
    assert binds in [denial.reason for denial in ask(gate, "more", Side.BUY, passes + 1)]
    assert ask(gate, "enough", Side.BUY, passes) == ()


@pytest.mark.parametrize(("mark", "binds"), [(399, DenyReason.POSITION_LIMIT), (402, DenyReason.NAME_CONCENTRATION)])
def test_fifty_thousand_shares_are_a_limit_below_two_a_share(mark: int, binds: DenyReason) -> None:
    """Erratum 22: 50,000 shares at 2 are a tenth of the portfolio."""
    gate = open_gate(mark=mark)
    denials: tuple[Denial, ...] = ()
    for number, lots in enumerate((9_999, 9_999, 9_999, 9_999, 9_999, 6)):
        denials = denials or ask(gate, f"o{number}", Side.BUY, lots)
    assert [denial.reason for denial in denials] == [binds]


def test_names_of_one_sector_count_together_and_a_name_without_one_alone() -> None:
    """Erratum 22: a limit for the sector is declared in the chapter, and nobody looks at it."""
    steel = {name: Instrument(Symbol(name), sector="steel") for name in ("ACME", "BOLT")}
    gate = open_gate(replace(CHAPTER, max_name_percent=20), **steel)
    assert ask(gate, "a", Side.BUY, 2_000, ACME) == ()
    assert ask(gate, "b", Side.SELL, 1_001, BOLT) == (Denial(DenyReason.SECTOR_CONCENTRATION, 300_100, 300_000),)
    assert ask(gate, "c", Side.SELL, 1_000, BOLT) == ()
    assert ask(gate, "d", Side.BUY, 2_000, COIL) == ()


def test_gross_net_and_what_is_held_have_limits_of_their_own() -> None:
    """Erratum 22: so has the portfolio's value, of which the chapter only says that it has one."""
    limits = replace(
        CHAPTER,
        max_portfolio_value=10_000,
        max_name_percent=200,
        max_sector_percent=200,
        max_gross_percent=150,
        max_net_percent=60,
    )
    gate = open_gate(limits)
    assert ask(gate, "a", Side.BUY, 61) == (Denial(DenyReason.NET_EXPOSURE, 6_100, 6_000),)
    assert ask(gate, "b", Side.BUY, 60) == ()
    assert ask(gate, "c", Side.SELL, 61, BOLT) == (Denial(DenyReason.NET_EXPOSURE, -6_100, -6_000),)
    assert ask(gate, "d", Side.SELL, 60, BOLT) == ()
    assert ask(gate, "e", Side.SELL, 31, COIL) == (
        Denial(DenyReason.GROSS_EXPOSURE, 15_100, 15_000),
        Denial(DenyReason.NET_EXPOSURE, -9_100, -6_000),
    )
    roomy = open_gate(replace(limits, max_net_percent=1_000, max_gross_percent=1_000))
    assert ask(roomy, "f", Side.BUY, 100) == ()
    assert ask(roomy, "g", Side.BUY, 1, BOLT) == (Denial(DenyReason.PORTFOLIO_VALUE, 10_100, 10_000),)


def test_cash_is_spent_once_and_the_proceeds_of_a_short_sale_are_not_cash() -> None:
    limits = replace(CHAPTER, cash=5_000, max_drawdown_percent=100, max_daily_loss=10_000)
    gate = open_gate(limits)
    assert ask(gate, "s", Side.SELL, 10) == ()
    fill(gate, "s", -10, 200_000, 10)
    assert ask(gate, "a", Side.BUY, 51, BOLT) == (Denial(DenyReason.BUYING_POWER, 5_100, 5_000),)
    assert ask(gate, "b", Side.BUY, 30, BOLT) == ()
    assert ask(gate, "c", Side.BUY, 21, COIL) == (Denial(DenyReason.BUYING_POWER, 2_100, 2_000),)
    assert ask(gate, "cover", Side.BUY, 10) == ()


def test_an_orders_own_value_has_a_limit() -> None:
    gate = open_gate(replace(CHAPTER, concentration=False, max_order_value=1_000))
    assert ask(gate, "a", Side.BUY, 11) == (Denial(DenyReason.ORDER_VALUE, 1_100, 1_000),)
    assert ask(gate, "b", Side.SELL, 10) == ()


def test_a_fall_from_the_peak_counts_and_not_only_a_loss() -> None:
    """Erratum 22: a drawdown of 15 % is declared in the chapter, and nobody looks at it."""
    limits = replace(CHAPTER, cash=100_000, max_portfolio_value=1_000_000, max_daily_loss=100_000)
    gate = open_gate(limits)
    assert ask(gate, "a", Side.BUY, 500) == ()
    fill(gate, "a", 500, -500 * HUNDRED, 500)
    move(gate, ACME, 3 * HUNDRED // 2, seq=2)  # a peak: 25,000 up, and 125,000 in all
    move(gate, ACME, HUNDRED + 2_501, seq=3)
    assert ask(gate, "b", Side.BUY, 1) == ()
    move(gate, ACME, HUNDRED + 2_500, seq=4)  # 18,750 below the peak
    assert ask(gate, "c", Side.BUY, 1) == (Denial(DenyReason.DRAWDOWN, 18_750, 18_750),)
    assert ask(gate, "out", Side.SELL, 501) == (Denial(DenyReason.DRAWDOWN, 18_750, 18_750),)
    assert ask(gate, "less", Side.SELL, 500) == ()


def test_a_peak_of_an_earlier_life_still_counts() -> None:
    gate = open_gate(replace(CHAPTER, cash=100_000, max_daily_loss=100_000))
    gate.remember_peak(17_700)
    assert [denial.reason for denial in ask(gate, "a", Side.BUY, 1)] == [DenyReason.DRAWDOWN]
    assert gate.peak == 17_700


def test_nothing_goes_out_in_a_restricted_name_not_even_what_reduces() -> None:
    gate = open_gate(ACME=Instrument(ACME, restricted=True))
    gate.on_told(PositionsTold(Epoch(1), (), (), 1))
    assert ask(gate, "a", Side.BUY, 7) == (Denial(DenyReason.RESTRICTED, 7, 0),)
    assert ask(gate, "b", Side.BUY, 7, BOLT) == ()
    gate.on_reference((Instrument(ACME), Instrument(BOLT, restricted=True), Instrument(COIL)))
    assert ask(gate, "c", Side.BUY, 7) == ()
    assert ask(gate, "d", Side.SELL, 7, BOLT) == (Denial(DenyReason.RESTRICTED, 7, 0),)


def test_no_more_is_sold_short_than_was_located() -> None:
    gate = open_gate(ACME=Instrument(ACME, locate_lots=50))
    assert ask(gate, "a", Side.SELL, 51) == (Denial(DenyReason.LOCATE, 51, 50),)
    assert ask(gate, "b", Side.SELL, 30) == ()
    assert ask(gate, "c", Side.SELL, 21) == (Denial(DenyReason.LOCATE, 51, 50),)
    assert ask(gate, "d", Side.SELL, 51, BOLT) == ()
    assert ask(gate, "e", Side.BUY, 51) == ()


def test_what_is_long_is_sold_without_a_locate() -> None:
    gate = open_gate(ACME=Instrument(ACME, locate_lots=0))
    assert ask(gate, "a", Side.BUY, 100) == ()
    assert ask(gate, "early", Side.SELL, 1) == (Denial(DenyReason.LOCATE, 1, 0),)
    fill(gate, "a", 100, -100 * HUNDRED, 100)
    assert ask(gate, "b", Side.SELL, 100) == ()
    assert ask(gate, "c", Side.SELL, 1) == (Denial(DenyReason.LOCATE, 1, 0),)


def test_out_of_its_session_nothing_is_traded() -> None:
    gate = open_gate(ACME=Instrument(ACME, opens_ns=100, closes_ns=200))
    early, late = (CheckOrder(Epoch(1), ClOrdID(name), ACME, Side.BUY, 1) for name in ("a", "b"))
    assert gate.check(early, NOW, 99).denials == (Denial(DenyReason.OUT_OF_SESSION, 99, 100),)
    assert gate.check(late, NOW, 100).denials == ()


@pytest.mark.parametrize(
    ("switch", "lots", "entry"),
    [
        ("concentration", 1_001, Instrument(ACME)),
        ("exposure_limits", 10_000, Instrument(ACME, unit_money=Decimal("0.01"))),
        ("restricted_list", 1, Instrument(ACME, restricted=True)),
        ("locates", 1, Instrument(ACME, locate_lots=0)),
    ],
)
def test_each_of_them_can_be_switched_off(switch: str, lots: int, entry: Instrument) -> None:
    limits = CHAPTER if switch == "concentration" else replace(CHAPTER, concentration=False)
    assert ask(open_gate(limits, ACME=entry), "a", Side.SELL, lots) != ()
    assert ask(open_gate(replace(limits, **{switch: False}), ACME=entry), "a", Side.SELL, lots) == ()
