"""A slow gate that is obviously right: it remembers everything, and adds it up anew for each question, in fractions.

It shares nothing with `squall.system.domain.limits` but the messages, the configuration and the instruments.
"""

from fractions import Fraction
from math import ceil, floor

from squall.sim.exchange.wire.messages import Side
from squall.system.config import SECOND, RiskConfig
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import CheckOrder, Denial, DenyReason
from squall.system.domain.switches import Switch, TradingState
from squall.system.wiring import Instrument

DAY = 86_400 * SECOND
Fill = tuple[ClOrdID, Symbol, Side, int, int]
"""Whose, of what, which way, lots, price in half ticks."""


class ReferenceGate:
    """Everything that has happened, as lists. Prices and marks in half ticks, money in whole units of currency."""

    def __init__(self, limits: RiskConfig, instruments: tuple[Instrument, ...]) -> None:
        self.limits = limits
        self.instruments = {instrument.symbol: instrument for instrument in instruments}
        self.marks: list[tuple[int, Symbol, Fraction]] = []
        self.approved: list[tuple[int, CheckOrder]] = []
        self.changed: list[int] = []
        """When a change of an order was approved."""
        self.reserved: dict[ClOrdID, int] = {}
        """What an order is for at most, where it has been changed."""
        self.ended: dict[ClOrdID, int] = {}
        """How much an order had filled when it ended."""
        self.fills: list[Fill] = []
        self.switches: tuple[Switch, ...] = ()
        self.peak = Fraction(0)

    # --- what it adds up ---

    def mark(self, symbol: Symbol) -> Fraction | None:
        marks = [mark for _, each, mark in self.marks if each == symbol]
        return marks[-1] if marks else None

    def net(self, symbol: Symbol) -> int:
        return sum(side.sign * lots for _, each, side, lots, _ in self.fills if each == symbol)

    def flight(self, symbol: Symbol, side: Side) -> int:
        if not self.limits.count_in_flight:
            return 0
        return self.really_in_flight(symbol, side)

    def really_in_flight(self, symbol: Symbol, side: Side) -> int:
        left = 0
        for _, order in self.approved:
            if (order.symbol, order.side) == (symbol, side):
                filled = sum(lots for name, _, _, lots, _ in self.fills if name == order.cl_ord_id)
                most = self.reserved.get(order.cl_ord_id, order.quantity_lots)
                left += max(self.ended.get(order.cl_ord_id, most) - filled, 0)
        return left

    def highest(self, symbol: Symbol) -> int:
        return self.net(symbol) + self.flight(symbol, Side.BUY)

    def lowest(self, symbol: Symbol) -> int:
        return self.net(symbol) - self.flight(symbol, Side.SELL)

    def worst(self, symbol: Symbol) -> int:
        return max(self.highest(symbol), -self.lowest(symbol))

    def value(self, symbol: Symbol, lots: int) -> Fraction:
        """At the mark; nothing where there is none."""
        return lots * (self.mark(symbol) or Fraction(0)) * Fraction(self.instruments[symbol].unit_money)

    def total(self, lots: dict[Symbol, int]) -> Fraction:
        return sum((self.value(symbol, each) for symbol, each in lots.items()), Fraction(0))

    def flows(self) -> Fraction:
        """Of money, in all fills: out for what was bought, in for what was sold."""
        flows = Fraction(0)
        for _, symbol, side, lots, price in self.fills:
            flows -= side.sign * lots * price * Fraction(self.instruments[symbol].unit_money)
        return flows

    def profit(self) -> Fraction:
        return self.flows() + self.total({symbol: self.net(symbol) for symbol in self.instruments})

    def unmarked(self) -> list[Symbol]:
        return [symbol for symbol in self.instruments if self.net(symbol) and self.mark(symbol) is None]

    def look(self) -> None:
        """Called after everything that may move the profit: this may be its peak."""
        if not self.unmarked():
            self.peak = max(self.peak, self.profit())

    # --- the question ---

    def denials(self, order: CheckOrder, now_ns: int, wall_ns: int) -> list[Denial]:
        """Every rule that speaks against it."""
        added = order.quantity_lots
        found = self._of_the_order(order, added, False, wall_ns)
        if not self.reduces(order, added):
            found += self._of_the_desk(order, added)
            found += self._of_the_market(order, added, now_ns)
        return found + self._of_the_rate(now_ns) + self._of_the_likes(order, now_ns) + self._of_the_size(order)

    def denials_of_change(self, to: CheckOrder, now_ns: int, wall_ns: int) -> list[Denial]:
        """Every rule that speaks against an order in flight being *to* instead, which bears its name."""
        before = self.reserved[to.cl_ord_id]
        added, lowers = max(to.quantity_lots - before, 0), to.quantity_lots < before
        found = self._of_the_order(to, added, lowers, wall_ns) + self._of_the_rate(now_ns)
        if lowers:
            return found
        if not self.reduces(to, added):
            found += self._of_the_desk(to, added)
            found += self._of_the_market(to, added, now_ns)
        return found + self._of_the_size(to)

    def reduces(self, order: CheckOrder, lots: int) -> bool:
        if order.side is Side.BUY:
            return self.highest(order.symbol) + lots <= 0
        return self.lowest(order.symbol) - lots >= 0

    def _of_the_order(self, order: CheckOrder, added: int, lowers: bool, wall_ns: int) -> list[Denial]:
        limits, lots, instrument = self.limits, order.quantity_lots, self.instruments[order.symbol]
        found = []
        if lots <= 0 or (limits.hard_block and lots > limits.max_order_lots and not lowers):
            found.append(Denial(DenyReason.ORDER_SIZE, lots, limits.max_order_lots))
        after = self.highest(order.symbol) + added if order.side is Side.BUY else self.lowest(order.symbol) - added
        if added and order.side.sign * after > limits.max_position_lots:
            found.append(Denial(DenyReason.POSITION_LIMIT, after, order.side.sign * limits.max_position_lots))
        mark, price = self.mark(order.symbol), order.price_half_ticks
        if limits.price_collar and mark is not None and price is not None:
            if order.side is Side.BUY:
                bound = floor(mark * Fraction(100 + limits.collar_percent, 100))
            else:
                bound = ceil(mark * Fraction(100 - limits.collar_percent, 100))
            if order.side.sign * price > order.side.sign * bound:
                found.append(Denial(DenyReason.PRICE_COLLAR, price, bound))
        if limits.restricted_list and instrument.restricted:
            found.append(Denial(DenyReason.RESTRICTED, lots, 0))
        if not instrument.opens_ns <= wall_ns % DAY < instrument.closes_ns:
            found.append(Denial(DenyReason.OUT_OF_SESSION, wall_ns % DAY, instrument.opens_ns))
        return found + self._of_the_switches(order, added, lowers)

    def _of_the_switches(self, order: CheckOrder, added: int, lowers: bool) -> list[Denial]:
        mine = ("", order.strategy, order.symbol, order.client)
        scopes = ("desk", "strategy", "symbol", "client")
        concerned = list(zip(scopes, mine, strict=True))
        states = [switch.state for switch in self.switches if (switch.scope.value, switch.name) in concerned]
        if TradingState.HALTED in states or TradingState.CLOSING in states:
            return [Denial(DenyReason.HALTED, order.quantity_lots, 0)]
        if TradingState.REDUCING in states and not lowers:
            room = self.room(order)
            if added > room:
                return [Denial(DenyReason.REDUCING_ONLY, added, max(room, 0))]
        return []

    def room(self, order: CheckOrder) -> int:
        """How many lots more on its side bring the position nearer to zero, whatever else on it fills."""
        return -order.side.sign * self.net(order.symbol) - self.really_in_flight(order.symbol, order.side)

    def _of_the_desk(self, order: CheckOrder, added: int) -> list[Denial]:
        """Money and exposure: what an order that reduces is not asked."""
        limits, symbol, lots = self.limits, order.symbol, order.quantity_lots
        instrument, portfolio = self.instruments[symbol], Fraction(limits.max_portfolio_value)
        buys = order.side is Side.BUY
        high = {each: self.highest(each) + (added if buys and each == symbol else 0) for each in self.instruments}
        low = {each: self.lowest(each) - (0 if buys or each != symbol else added) for each in self.instruments}
        worst = {each: max(high[each], -low[each]) for each in self.instruments}
        raises = worst[symbol] > self.worst(symbol)
        found = []
        located = instrument.locate_lots
        if limits.locates and added and located is not None and not buys and -low[symbol] > located:
            found.append(Denial(DenyReason.LOCATE, -low[symbol], located))
        found += self._of_losses()
        if not (limits.exposure_limits or limits.concentration):
            return found
        if self.mark(symbol) is None:
            blind = any(denial.reason is DenyReason.NO_MARK for denial in found)
            return found if blind else [*found, Denial(DenyReason.NO_MARK, lots, 0)]
        if limits.concentration and raises:
            name = self.value(symbol, worst[symbol])
            found += _above(DenyReason.NAME_CONCENTRATION, name, portfolio * limits.max_name_percent / 100)
            sector = self.total({each: worst[each] for each in worst if self._together(each, symbol)})
            found += _above(DenyReason.SECTOR_CONCENTRATION, sector, portfolio * limits.max_sector_percent / 100)
        if limits.exposure_limits:
            net_limit = portfolio * limits.max_net_percent / 100
            found += _above(DenyReason.ORDER_VALUE, self.value(symbol, lots), Fraction(limits.max_order_value))
            if raises:
                gross_limit = portfolio * limits.max_gross_percent / 100
                found += _above(DenyReason.GROSS_EXPOSURE, self.total(worst), gross_limit)
            if not added:
                return found
            if not buys:
                short = _above(DenyReason.NET_EXPOSURE, -self.total(low), net_limit)
                return found + [Denial(each.reason, -each.value, -each.limit) for each in short]
            found += _above(DenyReason.NET_EXPOSURE, self.total(high), net_limit)
            held = self.total({each: max(high[each], 0) for each in high})
            found += _above(DenyReason.PORTFOLIO_VALUE, held, portfolio)
            found += self._of_cash(symbol, added)
        return found

    def _of_cash(self, symbol: Symbol, added: int) -> list[Denial]:
        shorts = self.total({each: max(-self.net(each), 0) for each in self.instruments})
        buying = self.total({each: self.flight(each, Side.BUY) for each in self.instruments})
        power = self.limits.cash + self.flows() - shorts - buying
        cost = self.value(symbol, added)
        return [Denial(DenyReason.BUYING_POWER, ceil(cost), floor(power))] if cost > power else []

    def _of_losses(self) -> list[Denial]:
        limits = self.limits
        if not (limits.loss_limit or limits.drawdown_limit):
            return []
        for symbol in self.unmarked():
            return [Denial(DenyReason.NO_MARK, self.net(symbol), 0)]
        found, profit = [], self.profit()
        if limits.loss_limit and profit <= -limits.max_daily_loss:
            found.append(Denial(DenyReason.DAILY_LOSS, floor(profit), -limits.max_daily_loss))
        most = (limits.cash + self.peak) * limits.max_drawdown_percent / 100
        if limits.drawdown_limit and self.peak > profit and self.peak - profit >= most:
            found.append(Denial(DenyReason.DRAWDOWN, ceil(self.peak - profit), floor(most)))
        return found

    def _of_the_market(self, order: CheckOrder, added: int, now_ns: int) -> list[Denial]:
        """Whether it would add risk in a market that has run away from it since the window began, when a mark held."""
        limits, sign = self.limits, order.side.sign
        marks, since_ns = [each for each in self.marks if each[1] == order.symbol], now_ns - limits.collar_window_ns
        before = [mark for at_ns, _, mark in marks if at_ns <= since_ns]
        recent = before[-1:] + [mark for at_ns, _, mark in marks if at_ns > since_ns]
        if not limits.price_collar or not recent:
            return []
        start = min(recent) if order.side is Side.BUY else max(recent)
        bound = start * Fraction(100 + sign * limits.collar_window_percent, 100)
        if sign * recent[-1] > sign * bound and added > self.room(order):
            return [Denial(DenyReason.MARKET_ON_THE_RUN, floor(recent[-1]), floor(bound))]
        return []

    def _of_the_rate(self, now_ns: int) -> list[Denial]:
        times, most = [at_ns for at_ns, _ in self.approved] + self.changed, self.limits.max_orders_per_s
        rate = sum(1 for at_ns in times if at_ns > now_ns - SECOND)
        return [Denial(DenyReason.MESSAGE_RATE, rate + 1, most)] if self.limits.rate_limit and rate >= most else []

    def _of_the_likes(self, order: CheckOrder, now_ns: int) -> list[Denial]:
        limits = self.limits
        recent = [other for at_ns, other in self.approved if now_ns - at_ns < limits.duplicate_window_ns]
        alike = sum(1 for other in recent if _content(other) == _content(order))
        if limits.duplicate_filter and alike >= limits.max_alike:
            return [Denial(DenyReason.REPEATED, alike + 1, limits.max_alike)]
        return []

    def _of_the_size(self, order: CheckOrder) -> list[Denial]:
        limits = self.limits
        sizes = [
            other.quantity_lots
            for _, other in self.approved
            if (other.strategy, other.symbol) == (order.strategy, order.symbol)
        ][-16:]
        if limits.fat_finger and sizes and order.quantity_lots > limits.fat_finger_lots:
            most = limits.fat_finger_times * max(sizes)
            if order.quantity_lots > most:
                return [Denial(DenyReason.FAT_FINGER, order.quantity_lots, most)]
        return []

    def _together(self, one: Symbol, other: Symbol) -> bool:
        sectors = self.instruments[one].sector, self.instruments[other].sector
        return one == other or (sectors[0] == sectors[1] != "")


def _content(order: CheckOrder) -> tuple[object, ...]:
    return (order.client, order.strategy, order.symbol, order.side, order.quantity_lots, order.price_half_ticks)


def _above(reason: DenyReason, value: Fraction, limit: Fraction) -> list[Denial]:
    """Rounded so that a value never looks smaller than it is, and a limit never larger."""
    return [Denial(reason, ceil(value), floor(limit))] if value > limit else []
