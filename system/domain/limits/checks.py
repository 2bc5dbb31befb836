"""What an order must not do to the desk's position, exposure, money or reputation: each rule a value and its limit.

Each rule looks at the order *with* everything that is held and in flight. An order *reduces* if, even were all on its
own side filled, it only brings the position nearer to zero and not across: it passes what is about money and
exposure, since denying it would lock the risk in.
"""

from collections import deque
from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.config import RiskConfig
from squall.system.domain.limits.books import Book
from squall.system.domain.limits.portfolio import Portfolio, Sums
from squall.system.domain.messages import Denial, DenyReason

OF_FLIGHT: Final = (
    DenyReason.POSITION_LIMIT,
    DenyReason.NAME_CONCENTRATION,
    DenyReason.SECTOR_CONCENTRATION,
    DenyReason.GROSS_EXPOSURE,
    DenyReason.NET_EXPOSURE,
    DenyReason.PORTFOLIO_VALUE,
    DenyReason.BUYING_POWER,
    DenyReason.LOCATE,
)
"""What may pass one day and not the next, for what else is in flight."""


class Question(Struct, frozen=True, gc=False):
    """An order as the rules see it. *added_lots* is what it adds to the flight: of a replacement, the increase.

    What *lowers* is a replacement for fewer lots. Were it denied, the larger order would stay: it passes what limits
    lots and exposure, as what reduces does.
    """

    side: Side
    lots: int
    added_lots: int
    price_half_ticks: int | None
    lowers: bool = False


class Scale(Struct, frozen=True, gc=False):
    """The limits in the gate's unit of money, worked out once."""

    unit: int
    order_value: int
    name: int
    sector: int
    gross: int
    net: int
    portfolio: int
    cash: int
    loss: int

    @classmethod
    def of(cls, limits: RiskConfig, unit: int) -> "Scale":
        """Concentrations are shares of the portfolio that the desk is meant to run, *max_portfolio_value*.

        A base that moved with the marks would widen the limit with every gain, and close it with every loss.
        """
        portfolio = limits.max_portfolio_value * unit
        return cls(
            unit=unit,
            order_value=limits.max_order_value * unit,
            name=portfolio * limits.max_name_percent // 100,
            sector=portfolio * limits.max_sector_percent // 100,
            gross=portfolio * limits.max_gross_percent // 100,
            net=portfolio * limits.max_net_percent // 100,
            portfolio=portfolio,
            cash=limits.cash * unit,
            loss=limits.max_daily_loss * unit,
        )


def position_checks(
    book: Book, asked: Question, limits: RiskConfig, scale: Scale, portfolio: Portfolio, sums: Sums, counting: bool
) -> list[Denial]:
    """Size, position, exposure and money. *counting*: whether what is in flight does, in the book and in *sums*."""
    lots, added = asked.lots, asked.added_lots
    up, down = book.net_lots, book.net_lots
    if counting:
        up += book.buying_lots
        down -= book.selling_lots
    worst_before = max(up, -down)
    denials: list[Denial] = []
    if lots <= 0 or (limits.hard_block and lots > limits.max_order_lots and not asked.lowers):
        denials.append(Denial(DenyReason.ORDER_SIZE, lots, limits.max_order_lots))
    if asked.side is Side.BUY:
        up += added
        if added and up > limits.max_position_lots:
            denials.append(Denial(DenyReason.POSITION_LIMIT, up, limits.max_position_lots))
        reduces = up <= 0
    else:
        down -= added
        if added and -down > limits.max_position_lots:
            denials.append(Denial(DenyReason.POSITION_LIMIT, down, -limits.max_position_lots))
        reduces = down >= 0
    if reduces or asked.lowers:
        return denials
    instrument = book.instrument
    located = instrument.locate_lots
    if limits.locates and added and located is not None and asked.side is Side.SELL and -down > located:
        denials.append(Denial(DenyReason.LOCATE, -down, located))
    losses(denials, limits, scale, portfolio, sums)
    if not (limits.exposure_limits or limits.concentration):
        return denials
    mark = book.twice_mark * book.weight
    if not mark:
        if not any(denial.reason is DenyReason.NO_MARK for denial in denials):
            denials.append(Denial(DenyReason.NO_MARK, lots, 0))
        return denials
    unit = scale.unit
    more = (max(up, -down) - worst_before) * mark
    if limits.concentration and more > 0:
        name = max(up, -down) * mark
        if name > scale.name:
            denials.append(Denial(DenyReason.NAME_CONCENTRATION, -(-name // unit), scale.name // unit))
        sector = sums.sectors.get(book.sector, 0) + more
        if sector > scale.sector:
            denials.append(Denial(DenyReason.SECTOR_CONCENTRATION, -(-sector // unit), scale.sector // unit))
    if limits.exposure_limits:
        exposures(denials, book, asked, scale, sums, mark, more, up)
    return denials


def losses(denials: list[Denial], limits: RiskConfig, scale: Scale, portfolio: Portfolio, sums: Sums) -> None:
    """Past the day's loss or the drawdown, or unable to tell: a position without a mark has an unknown worth."""
    if not (limits.loss_limit or limits.drawdown_limit):
        return
    if portfolio.unmarked:
        denials.append(Denial(DenyReason.NO_MARK, next(iter(portfolio.unmarked)).net_lots, 0))
        return
    profit = sums.profit
    if limits.loss_limit and profit <= -scale.loss:
        # In whole currency units; rounded down, so that a loss never looks smaller than it is.
        denials.append(Denial(DenyReason.DAILY_LOSS, profit // scale.unit, -limits.max_daily_loss))
    if limits.drawdown_limit and profit < portfolio.peak_profit:
        peak = scale.cash + portfolio.peak_profit
        fall, most = portfolio.peak_profit - profit, peak * limits.max_drawdown_percent
        if fall * 100 >= most:
            denials.append(Denial(DenyReason.DRAWDOWN, -(-fall // scale.unit), most // (100 * scale.unit)))


def exposures(
    denials: list[Denial], book: Book, asked: Question, scale: Scale, sums: Sums, mark: int, more: int, up: int
) -> None:
    """What the order is worth, and what the desk's exposures come to with it. None is held against what it lowers."""
    unit = scale.unit
    worth, added = asked.lots * mark, asked.added_lots * mark
    if worth > scale.order_value:
        denials.append(Denial(DenyReason.ORDER_VALUE, -(-worth // unit), scale.order_value // unit))
    gross = sums.gross + more
    if more > 0 and gross > scale.gross:
        denials.append(Denial(DenyReason.GROSS_EXPOSURE, -(-gross // unit), scale.gross // unit))
    if not added:
        return
    if asked.side is Side.SELL:
        net = added - sums.lowest
        if net > scale.net:
            denials.append(Denial(DenyReason.NET_EXPOSURE, net // -unit, -scale.net // unit))
        return
    net = sums.highest + added
    if net > scale.net:
        denials.append(Denial(DenyReason.NET_EXPOSURE, -(-net // unit), scale.net // unit))
    holdings = sums.holdings + min(up * mark, added)
    if holdings > scale.portfolio:
        denials.append(Denial(DenyReason.PORTFOLIO_VALUE, -(-holdings // unit), scale.portfolio // unit))
    # The proceeds of short sales are not ours to spend: they are what buying back will cost.
    power = scale.cash + sums.cash_flow - sums.shorts - sums.buying
    if added > power:
        denials.append(Denial(DenyReason.BUYING_POWER, -(-added // unit), power // unit))


def price_checks(denials: list[Denial], book: Book, asked: Question, limits: RiskConfig, now_ns: int) -> None:
    """The collar: no limit far through the mark, and nothing that adds risk into a market on the run.

    A limit is held against the mark alone; the mark against its own lowest (for who buys) or highest (for who sells)
    of the window.
    """
    mark, price = book.twice_mark, asked.price_half_ticks
    if not mark:
        return
    percent, window = limits.collar_percent, limits.collar_window_percent
    since_ns = now_ns - limits.collar_window_ns
    if asked.side is Side.BUY:
        if price is not None and price > mark * (100 + percent) // 200:
            denials.append(Denial(DenyReason.PRICE_COLLAR, price, mark * (100 + percent) // 200))
        bound = _start(book.lows, since_ns, mark) * (100 + window)
        if mark * 100 > bound and not asked.lowers and book.net_lots + book.buying_lots + asked.added_lots > 0:
            denials.append(Denial(DenyReason.MARKET_ON_THE_RUN, mark // 2, bound // 200))
    else:
        if price is not None and price * 200 < mark * (100 - percent):
            denials.append(Denial(DenyReason.PRICE_COLLAR, price, -(mark * (percent - 100) // 200)))
        bound = _start(book.highs, since_ns, mark) * (100 - window)
        if mark * 100 < bound and not asked.lowers and book.net_lots - book.selling_lots - asked.added_lots < 0:
            denials.append(Denial(DenyReason.MARKET_ON_THE_RUN, mark // 2, bound // 200))


def _start(marks: deque[tuple[int, int]], since_ns: int, mark: int) -> int:
    """The first mark that held after the window began; the present one does in any case."""
    for until_ns, twice in marks:
        if until_ns > since_ns:
            return twice
    return mark
