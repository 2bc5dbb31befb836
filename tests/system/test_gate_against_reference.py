"""The gate against a slow one that adds everything up anew, in fractions: the same denials, whatever has happened."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import SECOND, RiskConfig
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.limits import Gate
from squall.system.domain.messages import (
    CheckOrder,
    CheckReplace,
    Denial,
    DenyReason,
    PositionChanged,
    PositionsTold,
    ReleaseOrder,
    SyncRisk,
    Tick,
)
from squall.system.domain.switches import Scope, Switch, Switches, TradingState
from squall.system.wiring import Instrument
from tests.profiles import examples
from tests.system.reference_gate import ReferenceGate

MINUTE_NS = 60 * SECOND
ACME, BOLT, COIL = Symbol("ACME"), Symbol("BOLT"), Symbol("COIL")
LIMITS = RiskConfig(
    max_order_lots=400,
    max_position_lots=500,
    max_daily_loss=300,
    cash=4_000,
    max_drawdown_percent=10,
    max_order_value=900,
    max_portfolio_value=3_000,
    max_gross_percent=120,
    max_net_percent=80,
    max_name_percent=50,
    max_sector_percent=60,
    collar_percent=7,
    collar_window_percent=9,
    collar_window_ns=3 * SECOND,
    fat_finger_times=5,
    fat_finger_lots=20,
    max_orders_per_s=4,
    max_alike=1,
    duplicate_window_ns=SECOND // 2,
)
INSTRUMENTS = (
    Instrument(ACME, unit_money=Decimal("0.01"), sector="steel", locate_lots=120),
    Instrument(BOLT, unit_money=Decimal("0.003"), sector="steel", opens_ns=1 * MINUTE_NS, closes_ns=20 * MINUTE_NS),
    Instrument(COIL, unit_money=Decimal("0.025"), restricted=True),
)
STATES = st.sampled_from(TradingState)
SWITCH = st.one_of(
    st.builds(Switch, st.just(Scope.DESK), st.just(""), STATES),
    st.builds(Switch, st.just(Scope.STRATEGY), st.sampled_from(["pulse", "drift"]), STATES),
    st.builds(Switch, st.just(Scope.SYMBOL), st.sampled_from([ACME, BOLT]), STATES),
    st.builds(Switch, st.just(Scope.CLIENT), st.sampled_from(["", "fund"]), STATES),
)


def comparable(denials: tuple[Denial, ...] | list[Denial]) -> list[tuple[str, int, int]]:
    """In order of their names. Which of several symbols without a mark is named first is nobody's business."""
    found = [(each.reason.value, each.value, each.limit) for each in denials]
    return sorted((name, 0, 0) if name == DenyReason.NO_MARK.value else (name, v, lim) for name, v, lim in found)


class Twins(RuleBasedStateMachine):
    """Both gates hear of everything at once; what is late or lost is the business of another property."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 10 * SECOND
        self.gate = Gate(LIMITS, INSTRUMENTS)
        self.slow = ReferenceGate(LIMITS, INSTRUMENTS)
        self.gate.on_sync(SyncRisk(Epoch(1), ()))
        self.gate.on_told(PositionsTold(Epoch(1), (), (), 1))
        self.ticks = 0
        self.open: dict[ClOrdID, CheckOrder] = {}
        self.denied: dict[ClOrdID, tuple[CheckOrder, tuple[Denial, ...]]] = {}
        self.flows = dict.fromkeys((ACME, BOLT, COIL), 0)
        self.numbers = dict.fromkeys((ACME, BOLT, COIL), 0)
        self.asked = 0
        self.switches = Switches()

    @rule(by_ns=st.sampled_from([1, SECOND // 4, SECOND, 5 * SECOND, 9 * MINUTE_NS]))
    def time_passes(self, by_ns: int) -> None:
        self.now_ns += by_ns

    @rule(
        symbol=st.sampled_from([ACME, ACME, BOLT, COIL]),
        middle=st.integers(180, 240),
        odd=st.booleans(),
    )
    def mark(self, symbol: Symbol, middle: int, odd: bool) -> None:
        self.ticks += 1
        tick = Tick(Venue("a"), symbol, self.ticks, middle - 1, 5, middle + (2 if odd else 1), 5)
        self.gate.on_tick(tick, self.now_ns)
        mark = tick.bid_half_ticks + tick.ask_half_ticks
        self.slow.marks.append((self.now_ns, symbol, self._half(mark)))
        self.slow.look()

    @staticmethod
    def _half(twice: int) -> Fraction:
        return Fraction(twice, 2)

    @rule(
        symbol=st.sampled_from([ACME, ACME, BOLT, BOLT, COIL]),
        side=st.sampled_from(Side),
        lots=st.one_of(st.integers(1, 60), st.integers(1, 450)),
        price=st.one_of(st.none(), st.integers(170, 260)),
        strategy=st.sampled_from(["pulse", "drift"]),
        client=st.sampled_from(["", "fund"]),
    )
    def ask(self, symbol: Symbol, side: Side, lots: int, price: int | None, strategy: str, client: str) -> None:
        self.asked += 1
        name = ClOrdID(f"o{self.asked}")
        order = CheckOrder(Epoch(1), name, symbol, side, lots, price, strategy, client)
        expected = self.slow.denials(order, self.now_ns, self.now_ns)
        answer = self.gate.check(order, self.now_ns, self.now_ns)
        assert comparable(answer.denials) == comparable(expected)
        if not answer.denials:
            assert answer.reduces == (lots <= self.slow.room(order))
            self.slow.approved.append((self.now_ns, order))
            self.slow.reserved[name] = lots
            self.open[name] = order
        else:  # asked again, it is told the same, whatever has happened meanwhile
            self.denied[name] = (order, answer.denials)

    @precondition(lambda self: self.denied)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        order, denials = data.draw(st.sampled_from(list(self.denied.values())))
        assert self.gate.check(order, self.now_ns, self.now_ns).denials == denials

    @precondition(lambda self: self.open)
    @rule(
        data=st.data(),
        lots=st.one_of(st.integers(1, 60), st.integers(1, 450)),
        price=st.one_of(st.none(), st.integers(170, 260)),
        confirmed=st.booleans(),
    )
    def change(self, data: st.DataObject, lots: int, price: int | None, confirmed: bool) -> None:
        """*confirmed*: the venue does it; else it refuses, and what the increase had reserved is free again."""
        name = data.draw(st.sampled_from(list(self.open)))
        order = self.open[name]
        filled = sum(lots for each, _, _, lots, _ in self.slow.fills if each == name)
        if lots <= filled:
            return  # the OMS does not ask
        self.asked += 1
        to = replace(order, quantity_lots=lots, price_half_ticks=price)
        expected = self.slow.denials_of_change(to, self.now_ns, self.now_ns)
        asked = CheckReplace(Epoch(1), name, f"{name}~r{self.asked}", lots, price, order.client)
        answer = self.gate.check_replace(asked, self.now_ns, self.now_ns)
        assert comparable(answer.denials) == comparable(expected)
        if not answer.denials:
            self.slow.changed.append(self.now_ns)
            settled = lots if confirmed else self.slow.reserved[name]
            self.slow.reserved[name] = settled
            self.gate.on_resized(name, settled)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.open)))
        order = self.open[name]
        left = self.slow.reserved[name] - sum(lots for each, _, _, lots, _ in self.slow.fills if each == name)
        if not left:
            return
        lots, price = data.draw(st.integers(1, left)), data.draw(st.integers(150, 280))
        symbol = order.symbol
        self.slow.fills.append((name, symbol, order.side, lots, price))
        self.flows[symbol] -= order.side.sign * lots * price
        self.numbers[symbol] += 1
        net, number = self.slow.net(symbol), self.numbers[symbol]
        change = PositionChanged(symbol, net, self.flows[symbol], 0, name, ExecID(f"x{number}"), lots, number)
        assert self.gate.on_fill(change, self.now_ns) is None
        self.slow.look()

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.open)))
        del self.open[name]
        filled = sum(lots for each, _, _, lots, _ in self.slow.fills if each == name)
        self.slow.ended[name] = filled
        self.gate.on_release(ReleaseOrder(name, filled))

    @precondition(lambda self: self.slow.fills)
    @rule(data=st.data())
    def bust(self, data: st.DataObject) -> None:
        """A fill that never was; of an order that has ended nothing goes to work again."""
        fill = data.draw(st.sampled_from(self.slow.fills))
        name, symbol, side, lots, price = fill
        self.slow.fills.remove(fill)
        self.flows[symbol] += side.sign * lots * price
        self.numbers[symbol] += 1
        net, number = self.slow.net(symbol), self.numbers[symbol]
        change = PositionChanged(symbol, net, self.flows[symbol], 0, name, ExecID(f"x{number}"), -lots, number)
        assert self.gate.on_fill(change, self.now_ns) is None
        if name in self.slow.ended:
            self.slow.ended[name] -= lots
            self.gate.on_release(ReleaseOrder(name, self.slow.ended[name]))
        self.slow.look()

    @rule(news=SWITCH)
    def switch(self, news: Switch) -> None:
        self.switches = self.switches.switched(news)
        self.gate.on_switches(self.switches.all)
        self.slow.switches = self.switches.all

    @invariant()
    def the_same_is_held_and_in_flight(self) -> None:
        for symbol in self.flows:
            assert self.gate.net_lots(symbol) == self.slow.net(symbol)
            flight = tuple(self.slow.really_in_flight(symbol, side) for side in (Side.BUY, Side.SELL))
            assert self.gate.in_flight(symbol) == flight


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=examples(150), stateful_step_count=40)
