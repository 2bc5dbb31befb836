"""What the monitor makes of what it hears: bounded windows, alerts that are raised once, signs of life."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct, field

from squall.sim.exchange.wire.messages import OrdType, TimeInForce
from squall.system.domain.events import (
    AnyEvent,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderMalformed,
    OrderRejected,
    OrderReplaced,
    OrderSent,
    OrderSubmitted,
    StopAmended,
    TradeBusted,
    TradeCorrected,
)
from squall.system.domain.ids import ClOrdID, ExecID, Symbol
from squall.system.domain.slippage import SlippageWindow, twice_cost
from squall.system.domain.terms import Terms


class Alert(Struct, frozen=True, gc=False):
    """Something that a person should know. One kind stands at most once at a time."""

    severity: str
    kind: str
    text: str


WARNING: Final = "warning"
CRITICAL: Final = "critical"


class AlertBoard:
    """Raises an alert when its metric passes the alert level, and again only once it was back at its
    target."""

    def __init__(self, max_kept: int) -> None:
        self._standing: dict[str, None] = {}
        self.kept: deque[Alert] = deque(maxlen=max_kept)
        """The latest alerts, oldest first."""

    def stands(self, kind: str) -> bool:
        """Whether this alert was raised and has not been cleared."""
        return kind in self._standing

    def is_news(self, kind: str, alarming: bool, well: bool) -> bool:
        """Whether this has just become alarming. Between alarming and well, all stays as it is."""
        if alarming:
            return kind not in self._standing
        if well:
            self._standing.pop(kind, None)
        return False

    def post(self, alert: Alert) -> None:
        """The alert stands from now on."""
        self._standing[alert.kind] = None
        self.kept.append(alert)


class LatencyWindow:
    """The latest latencies, and whether their 99th percentile is beyond a limit, without sorting them.

    The percentile is the ⌈0.99 n⌉-th smallest; it is above a limit if more than ⌊n/100⌋ of the n samples are.
    """

    def __init__(self, size: int, alert_ns: int, target_ns: int) -> None:
        self._latest_ns: deque[int] = deque(maxlen=size)
        self._alert_ns = alert_ns
        self._target_ns = target_ns
        self._above_alert = 0
        self._above_target = 0

    def __len__(self) -> int:
        return len(self._latest_ns)

    def add(self, latency_ns: int) -> None:
        """One more sample; the oldest makes room."""
        latest = self._latest_ns
        if len(latest) == latest.maxlen:
            oldest = latest[0]
            self._above_alert -= oldest > self._alert_ns
            self._above_target -= oldest > self._target_ns
        latest.append(latency_ns)
        self._above_alert += latency_ns > self._alert_ns
        self._above_target += latency_ns > self._target_ns

    @property
    def alarming(self) -> bool:
        """The 99th percentile is above the alert level."""
        return self._above_alert > len(self._latest_ns) // 100

    @property
    def well(self) -> bool:
        """The 99th percentile is at the target or below."""
        return self._above_target <= len(self._latest_ns) // 100

    def p99_ns(self) -> int:
        """The ⌈0.99 n⌉-th smallest sample; ValueError where there is none."""
        if not self._latest_ns:
            raise ValueError("latency window: no sample, expected at least one")
        count = len(self._latest_ns)
        return sorted(self._latest_ns)[count - count // 100 - 1]


class FillRateWindow:
    """Filled lots over ordered lots of the latest orders that count.

    An order counts when it has ended, had left the desk, and had asked for all it could get at once: a market
    order, or a limit order that is immediate-or-cancel. What risk denied or no venue could take at its price
    was never offered to a fill, and a resting order is not late.
    """

    def __init__(self, size: int, alert_percent: int, target_percent: int) -> None:
        self._latest: deque[tuple[int, int]] = deque(maxlen=size)
        self._alert_percent = alert_percent
        self._target_percent = target_percent
        self.filled_lots = 0
        self.ordered_lots = 0

    def __len__(self) -> int:
        return len(self._latest)

    def add(self, filled_lots: int, ordered_lots: int) -> None:
        """One more order; the oldest makes room."""
        latest = self._latest
        if len(latest) == latest.maxlen:
            filled, ordered = latest[0]
            self.filled_lots -= filled
            self.ordered_lots -= ordered
        latest.append((filled_lots, ordered_lots))
        self.filled_lots += filled_lots
        self.ordered_lots += ordered_lots

    @property
    def alarming(self) -> bool:
        """Below the alert level."""
        return 100 * self.filled_lots < self._alert_percent * self.ordered_lots

    @property
    def well(self) -> bool:
        """At the target or above."""
        return 100 * self.filled_lots >= self._target_percent * self.ordered_lots


class Followed(Struct):
    """An order on its way."""

    intended_ns: int
    terms: Terms
    decision_twice_half_ticks: int
    filled_lots: int = 0
    twice_cost: int = 0
    """Of what is filled, against the middle at the decision; of no meaning where that is not known."""
    left: bool = False
    commissions: dict[ExecID, int] = field(default_factory=dict)
    """Of each execution that cost one, as it counts now."""

    @property
    def at_once(self) -> bool:
        """It asks for all it can get at once: a market order, or immediate-or-cancel."""
        return self.terms.ord_type is OrdType.MARKET or self.terms.time_in_force is TimeInForce.IOC

    def cost(self, lots: int, price_half_ticks: int, commission: int) -> int:
        """Twice what so many lots at this price cost against the middle at the decision."""
        return twice_cost(self.terms.side, lots, price_half_ticks, commission, self.decision_twice_half_ticks)


class OrderFlow:
    """Follows orders by the OMS's events, into order-to-fill times, the fill rate and slippage.

    Order to fill is from the instant at which the strategy meant to send the order to the fill that completes
    it, by the leader's clock. An order that is never completed has none: it shows in the fill rate. What is busted or
    corrected while its order is open counts as it then is; windows keep an order as it was when it ended.
    """

    def __init__(
        self,
        order_to_fill: LatencyWindow,
        fill_rate: FillRateWindow,
        slippage: SlippageWindow,
        weights: Mapping[Symbol, int],
        max_open: int,
    ) -> None:
        """*weights* are what half tick × lot of each symbol is worth, in one unit of money."""
        self.order_to_fill = order_to_fill
        self.fill_rate = fill_rate
        self.slippage = slippage
        self._weights = weights
        self._max_open = max_open
        self._open: dict[ClOrdID, Followed] = {}
        # By type, not by a match: every event of the desk comes this way, and most are not here at all, since
        # they bring their order neither nearer to a fill nor further from it.
        self._follow: dict[type, Callable[[Any], None]] = {
            OrderSubmitted: self._submitted,
            OrderSent: self._sent,
            OrderFilled: self._filled,
            OrderDenied: self._over,
            OrderCanceled: self._over,
            OrderRejected: self._over,
            OrderExpired: self._over,
            OrderMalformed: self._over,
            OrderReplaced: self._replaced,
            TradeBusted: self._busted,
            TradeCorrected: self._corrected,
            StopAmended: self._replaced,
        }

    @property
    def open_orders(self) -> int:
        return len(self._open)

    def on_event(self, event: AnyEvent) -> bool:
        """One event of the journal, in its order. Returns whether a window may have moved."""
        kind = type(event)
        follow = self._follow.get(kind)
        if follow is None:
            return False
        follow(event)
        return kind is not OrderSubmitted and kind is not OrderSent

    def _submitted(self, event: OrderSubmitted) -> None:
        if len(self._open) >= self._max_open:
            del self._open[next(iter(self._open))]
        self._open[event.cl_ord_id] = Followed(event.intended_ns, event.terms, event.decision_twice_half_ticks)

    def _sent(self, event: OrderSent) -> None:
        order = self._open.get(event.cl_ord_id)
        if order is not None:
            order.left = True

    def _over(self, event: OrderDenied | OrderCanceled | OrderRejected | OrderExpired | OrderMalformed) -> None:
        self._ended(event.cl_ord_id)

    def _replaced(self, event: OrderReplaced | StopAmended) -> None:
        order = self._open.get(event.cl_ord_id)
        if order is not None:
            order.terms = event.terms
            if order.filled_lots >= order.terms.quantity_lots:
                self._ended(event.cl_ord_id)

    def _busted(self, bust: TradeBusted) -> None:
        order = self._open.get(bust.cl_ord_id)
        if order is not None:
            order.filled_lots -= bust.lots
            fee = order.commissions.pop(bust.ref_exec_id, 0) if bust.lots else 0
            order.twice_cost -= order.cost(bust.lots, bust.price_half_ticks, fee)

    def _corrected(self, correction: TradeCorrected) -> None:
        order = self._open.get(correction.cl_ord_id)
        if order is not None:
            fee = order.commissions.pop(correction.ref_exec_id, 0)
            order.filled_lots += correction.lots - correction.was_lots
            order.twice_cost -= order.cost(correction.was_lots, correction.was_price_half_ticks, fee)
            order.twice_cost += order.cost(correction.lots, correction.price_half_ticks, correction.commission)
            order.commissions[correction.ref_exec_id] = correction.commission

    def _filled(self, fill: OrderFilled) -> None:
        order = self._open.get(fill.cl_ord_id)
        if order is None:
            return
        order.left = True
        order.filled_lots += fill.lots
        order.twice_cost += order.cost(fill.lots, fill.price_half_ticks, fill.commission)
        if fill.commission:
            order.commissions[fill.exec_id] = fill.commission
        if order.filled_lots >= order.terms.quantity_lots:
            # Clocks of two hosts may disagree by more than a fast fill takes.
            self.order_to_fill.add(max(fill.at_ns - order.intended_ns, 0))
            self._ended(fill.cl_ord_id)

    def _ended(self, cl_ord_id: ClOrdID) -> None:
        order = self._open.pop(cl_ord_id, None)
        if order is None or not order.left:
            return
        if order.at_once:
            self.fill_rate.add(order.filled_lots, order.terms.quantity_lots)
        if order.filled_lots and order.decision_twice_half_ticks:
            weight = self._weights[order.terms.symbol]
            worth = order.filled_lots * order.decision_twice_half_ticks
            self.slippage.add(order.twice_cost * weight, worth * weight)


class Mark(Struct, frozen=True, gc=False):
    """A symbol's position, and the price at which it last changed."""

    net_lots: int = 0
    cash_flow: int = 0
    price_half_ticks: int = 0


class DailyProfit:
    """Realised and unrealised profit of the day, each symbol at the last price at which the desk traded it.

    The monitor has no feed of its own; risk, which decides, marks at the touch. Exact: half tick × lot per
    symbol, weighted with ints to a common unit, of which *scale* make one whole currency unit.
    """

    def __init__(self, weights: dict[Symbol, int], scale: int) -> None:
        self._weights = weights
        self._scale = scale
        self._marks: dict[Symbol, Mark] = {symbol: Mark() for symbol in weights}
        self._profit = 0

    def on_fill(self, symbol: Symbol, net_lots: int, cash_flow: int) -> None:
        """After a fill; its price is what the cash says."""
        mark = self._marks[symbol]
        lots = net_lots - mark.net_lots
        if lots:
            self._move(symbol, net_lots, cash_flow, (mark.cash_flow - cash_flow) // lots)

    def on_told(self, symbol: Symbol, net_lots: int, cash_flow: int, cost_basis: int) -> None:
        """The whole position anew; where no price is known yet, at what it cost."""
        price = self._marks[symbol].price_half_ticks
        if not price and net_lots:
            price = cost_basis // net_lots
        self._move(symbol, net_lots, cash_flow, price)

    def _move(self, symbol: Symbol, net_lots: int, cash_flow: int, price_half_ticks: int) -> None:
        mark = self._marks[symbol]
        before = mark.cash_flow + mark.net_lots * mark.price_half_ticks
        after = cash_flow + net_lots * price_half_ticks
        self._profit += (after - before) * self._weights[symbol]
        self._marks[symbol] = Mark(net_lots, cash_flow, price_half_ticks)

    def below(self, currency_units: int) -> bool:
        """Whether the profit is below this many whole currency units."""
        return self._profit < currency_units * self._scale

    @property
    def currency_units(self) -> int:
        """Whole currency units, rounded down, so that a loss never looks smaller than it is."""
        return self._profit // self._scale


class Vitals:
    """Who owes a sign of life, and since when. Nobody is called dead for having nothing to do."""

    def __init__(self, services: tuple[str, ...]) -> None:
        self._owed_since_ns: dict[str, int | None] = dict.fromkeys(services)

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(self._owed_since_ns)

    def expect(self, service: str, now_ns: int) -> None:
        """It was knocked at, or there is work for it: it owes a sign from now on, if it does not already."""
        if self._owed_since_ns[service] is None:
            self._owed_since_ns[service] = now_ns

    def owes(self, service: str) -> bool:
        """Whether a sign of life is due."""
        return self._owed_since_ns[service] is not None

    def sign(self, service: str) -> None:
        """It lives."""
        self._owed_since_ns[service] = None

    def silent_ns(self, service: str, now_ns: int) -> int:
        """For how long it has owed a sign of life; 0 where it owes none."""
        since_ns = self._owed_since_ns[service]
        return 0 if since_ns is None else now_ns - since_ns
