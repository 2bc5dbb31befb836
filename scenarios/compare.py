"""The same seed twice with one thing changed: what the faults, or a missing protection, cost, order by order."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from squall.scenarios.result import Arm, Comparison, OrderDelay, OrderDifference, OrderFate, Verdict
from squall.scenarios.run import Choice, Judged, judge
from squall.scenarios.scenario import Scenario
from squall.scenarios.settings import MILLISECOND
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import NewOrderSingle, OrdRejReason, Side
from squall.sim.trace import Record, Sent, TouchChanged, VenueAccepted, VenueClosed, VenueExecuted, VenueRefused
from squall.system.domain.claims import OrderMoved
from squall.system.domain.doubt import desk_id
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import SubmitOrder
from squall.system.domain.orders import OrderState

_STATISTICS: Final = ("count", "p50_ns", "p99_ns", "max_ns")
NOTICEABLE_NS: Final = MILLISECOND
"""A change of an order's way to its venue that is told; less is the network's jitter."""
_COUNTED: Final = ("messages", "packets_dropped", "retransmissions", "streams_closed", "execution_timeouts")


class _Order:
    """One order, as it is told of."""

    def __init__(self, symbol: str, buy: bool, lots: int, arrival_half_ticks: int | None, at_ns: int) -> None:
        self.symbol = symbol
        self.buy = buy
        self.lots = lots
        self.arrival_half_ticks = arrival_half_ticks
        self.accepted = self.closed = self.refused = 0
        self.filled_lots = self.notional = 0
        self.doubted = False
        self.submitted_ns = at_ns
        self.accepted_ns: int | None = None
        self.said: OrderState | None = None

    def fate(self) -> OrderFate:
        """By now."""
        price = self.notional / self.filled_lots if self.filled_lots else None
        return OrderFate(
            self.symbol, self.buy, self.lots, self._ended(), self.filled_lots, price, self.accepted, self.doubted
        )

    def _ended(self) -> str:
        if self.filled_lots >= self.lots:
            return "filled" if self.filled_lots == self.lots else "overfilled"
        if self.accepted:
            return "cancelled" if self.closed >= self.accepted else "working"
        if self.refused:
            return "refused"
        match self.said:
            case None:
                return "never taken"
            case OrderState.REJECTED:
                return "rejected by the desk"
            case OrderState.CANCELED:
                return "cancelled"
            case _:
                state: str = self.said.value
                return state.replace("_", " ")

    def reached_venue_ns(self) -> int | None:
        """How long it took to a venue; None where none took it."""
        return None if self.accepted_ns is None else self.accepted_ns - self.submitted_ns

    def slippage_half_tick_lots(self) -> int:
        """What its fills cost beyond the market's price when it was submitted; better prices are negative."""
        if self.arrival_half_ticks is None:
            return 0
        worse = self.notional - self.filled_lots * self.arrival_half_ticks
        return worse if self.buy else -worse


class Tape:
    """Every order of a run and what became of it: attach to a stage before it starts."""

    def __init__(self, stage: Stage) -> None:
        self._world = stage.world
        self._instruments = {each.symbol: each for each in stage.floor.instruments}
        self._middles: dict[str, int] = {}
        self.orders: dict[str, _Order] = {}
        self.fills = 0
        self.lots: dict[str, int] = {}
        """Net, by symbol."""
        self.cash: dict[str, int] = {}
        """In half tick × lot, by symbol."""
        trace = stage.world.trace
        self._desk_id: Callable[[str], str] = desk_id
        if stage.desk.ours:
            trace.watch(self._on_submit, Sent, SubmitOrder)
        else:
            self._sent_as: dict[str, str] = {}
            self._desk_id = lambda wire_id: self._sent_as.get(wire_id, wire_id)
            self._venues = frozenset(route.address for route in stage.floor.venues)
            trace.watch(self._on_sent, Sent, NewOrderSingle)
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)
        trace.watch(self._on_closed, VenueClosed)
        trace.watch(self._on_refused, VenueRefused)
        trace.watch_claims(self._on_moved, OrderMoved)

    def price_half_ticks(self, symbol: str) -> int | None:
        """The market's price now: the fair value, or in a recording the middle of the touch that was shown last."""
        fair = self._world.fair_values.get(symbol)
        return self._middles.get(symbol) if fair is None else fair.at(self._world.kernel.now_ns)

    def profit_money(self, marks_half_ticks: dict[str, int]) -> float:
        """What the venues' executions came to at these marks, in whole currency units."""
        money = Fraction(0)
        for symbol, lots in self.lots.items():
            unit = Fraction(self._instruments[Symbol(symbol)].unit_money)
            money += unit * (self.cash[symbol] + lots * marks_half_ticks[symbol])
        return float(money)

    def slippage(self) -> tuple[float | None, float]:
        """Half ticks a lot on average, None without a fill; and what it all cost, in whole currency units."""
        money = Fraction(0)
        half_tick_lots = lots = 0
        for order in self.orders.values():
            cost = order.slippage_half_tick_lots()
            half_tick_lots += cost
            lots += order.filled_lots
            money += Fraction(self._instruments[Symbol(order.symbol)].unit_money) * cost
        return (half_tick_lots / lots if lots else None), float(money)

    def _on_touch(self, record: Record) -> None:
        touch: TouchChanged = record.event
        if touch.bid_lots and touch.ask_lots:
            self._middles[touch.symbol] = (touch.bid_half_ticks + touch.ask_half_ticks) // 2

    def _on_submit(self, record: Record) -> None:
        message: SubmitOrder = record.event.message
        self._enter(message.cl_ord_id, message.symbol, message.side is Side.BUY, message.quantity_lots)

    def _on_sent(self, record: Record) -> None:
        message: NewOrderSingle = record.event.message
        if record.event.to in self._venues:
            self._sent_as[message.cl_ord_id] = message.cl_ord_link_id
            self._enter(message.cl_ord_link_id, message.symbol, message.side is Side.BUY, message.quantity_lots)

    def _enter(self, name: str, symbol: str, buy: bool, lots: int) -> _Order:
        """The order of this name, entered with the market's price as it is now where it is new."""
        if name not in self.orders:
            now_ns = self._world.kernel.now_ns
            self.orders[name] = _Order(symbol, buy, lots, self.price_half_ticks(symbol), now_ns)
        return self.orders[name]

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        # A broken desk may send what nobody asked for: that is an order too.
        order = self._enter(event.cl_ord_link_id, event.symbol, event.buy, event.lots)
        order.accepted += 1
        if order.accepted_ns is None:
            order.accepted_ns = record.at_ns

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        order = self.orders[event.cl_ord_link_id]
        order.filled_lots += event.lots
        order.notional += event.lots * event.price_half_ticks
        signed = event.lots if event.buy else -event.lots
        self.fills += 1
        self.lots[event.symbol] = self.lots.get(event.symbol, 0) + signed
        self.cash[event.symbol] = self.cash.get(event.symbol, 0) - signed * event.price_half_ticks

    def _on_closed(self, record: Record) -> None:
        self.orders[record.event.cl_ord_link_id].closed += 1

    def _on_refused(self, record: Record) -> None:
        if record.event.reason != OrdRejReason.DUPLICATE_ORDER.value:
            order = self.orders.get(self._desk_id(record.event.cl_ord_id))
            if order is not None:
                order.refused += 1

    def _on_moved(self, record: Record) -> None:
        claim: OrderMoved = record.event
        order = self.orders.get(claim.cl_ord_id)
        if order is not None:
            order.said = OrderState(claim.state)
            order.doubted |= order.said is OrderState.IN_DOUBT


def without_faults(choice: Choice) -> Comparison:
    """What the faults cost: the run without them, then with them."""
    return _compare(replace(choice, with_faults=False), "without faults", choice, "with faults")


def with_settings(choice: Choice, overrides: tuple[str, ...]) -> Comparison:
    """What a setting costs: the run as it is, then with *overrides* too. ValueError where one cannot be set."""
    changed = replace(choice, overrides=(*choice.overrides, *overrides))
    return _compare(choice, "as it is", changed, ", ".join(overrides))


def _compare(one: Choice, label: str, other: Choice, other_label: str) -> Comparison:
    settled = one.settled(), other.settled()
    first, tape = _taped(one, settled[0])
    second, other_tape = _taped(other, settled[1])
    marks = {symbol: price for symbol in _symbols(tape, other_tape) if (price := tape.price_half_ticks(symbol))}
    fates = [{name: order.fate() for name, order in each.orders.items()} for each in (tape, other_tape)]
    ids = list(dict.fromkeys([*fates[0], *fates[1]]))
    differing = [
        OrderDifference(name, fates[0].get(name), fates[1].get(name))
        for name in ids
        if fates[0].get(name) != fates[1].get(name)
    ]
    return Comparison(
        one.name,
        one.seed,
        _arm(label, first, tape, marks),
        _arm(other_label, second, other_tape, marks),
        marks,
        len(ids),
        tuple(sorted(differing, key=_is_price_alone)),
        _delays(tape, other_tape),
    )


def _delays(tape: Tape, other: Tape) -> tuple[OrderDelay, ...]:
    delays = []
    for name, order in tape.orders.items():
        was_ns, again = order.reached_venue_ns(), other.orders.get(name)
        now_ns = None if again is None else again.reached_venue_ns()
        if was_ns is not None and now_ns is not None and abs(now_ns - was_ns) >= NOTICEABLE_NS:
            delays.append(OrderDelay(name, was_ns, now_ns))
    return tuple(sorted(delays, key=lambda each: -abs(each.second_ns - each.first_ns)))


def _taped(choice: Choice, scenario: Scenario) -> tuple[Judged, Tape]:
    tapes: list[Tape] = []
    judged = judge(choice, scenario, watch=lambda stage: tapes.append(Tape(stage)))
    return judged, tapes[0]


def _symbols(*tapes: Tape) -> list[str]:
    return sorted({symbol for tape in tapes for symbol in tape.lots})


def _is_price_alone(difference: OrderDifference) -> bool:
    one, other = difference.first, difference.second
    return (
        one is not None
        and other is not None
        and (one.ended, one.filled_lots, one.accepted) == (other.ended, other.filled_lots, other.accepted)
    )


def _arm(label: str, judged: Judged, tape: Tape, marks: dict[str, int]) -> Arm:
    violated = tuple(check.name for check in judged.checks if check.verdict is Verdict.VIOLATED)
    return Arm(label, judged.verdict, judged.stage.world.trace.digest(), violated, _figures(judged, tape, marks))


def _figures(judged: Judged, tape: Tape, marks: dict[str, int]) -> dict[str, int | float | None]:
    fates = [order.fate() for order in tape.orders.values()]
    ended = [fate.ended for fate in fates]
    metrics = judged.stage.measure.metrics()
    slippage, slippage_money = tape.slippage()
    figures: dict[str, int | float | None] = {
        "orders": len(fates),
        "orders_at_venues": sum(bool(fate.accepted) for fate in fates),
        "orders_filled": sum(each in ("filled", "overfilled") for each in ended),
        "orders_part_filled": sum(0 < fate.filled_lots < fate.lots for fate in fates),
        "orders_cancelled": ended.count("cancelled"),
        "orders_rejected": sum(each in ("refused", "rejected by the desk") for each in ended),
        "orders_sent_twice": sum(fate.accepted > 1 for fate in fates),
        "orders_in_doubt": sum(fate.doubted for fate in fates),
        "fills": tape.fills,
        "filled_lots": sum(fate.filled_lots for fate in fates),
    }
    for span in judged.stage.measure.latencies:
        for statistic in _STATISTICS:
            figures[f"{span}_{statistic}"] = metrics.get(f"{span}_{statistic}")
    figures["slippage_half_ticks"] = slippage
    figures["slippage_money"] = slippage_money
    figures["profit_money"] = tape.profit_money(marks)
    # On a desk of one's own there are no time-outs of ours to count, as in the metrics.
    return figures | {name: metrics.get(name, 0) for name in _COUNTED if judged.stage.desk.ours or name in metrics}
