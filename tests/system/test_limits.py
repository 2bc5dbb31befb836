"""The gate: what it counts, what it lets pass, and that no lot is ever missing from its sums."""

from collections import deque
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import RiskConfig
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.limits import Answer, Gate
from squall.system.domain.messages import (
    BookedOrder,
    CheckOrder,
    CheckReplace,
    Denial,
    DenyReason,
    OpenOrder,
    PositionChanged,
    PositionState,
    PositionsTold,
    ReleaseOrder,
    ResizeOrder,
    SyncRisk,
    Tick,
)
from squall.system.wiring import Instrument
from tests.profiles import examples

ACME = Symbol("ACME")
EPOCH = Epoch(1)
NOW = 0
PLAIN = RiskConfig(
    max_order_lots=100,
    max_position_lots=250,
    max_daily_loss=10,
    exposure_limits=False,
    duplicate_filter=False,
    price_collar=False,
)
"""What the tests of size, position and loss need; the other limits have theirs in test_limits_of_money and _of_flow."""


def order(name: str, side: Side, lots: int, symbol: Symbol = ACME, epoch: int = 1) -> CheckOrder:
    return CheckOrder(Epoch(epoch), ClOrdID(name), symbol, side, lots)


def tick(bid: int, ask: int, seq: int = 1, stale: bool = False, symbol: Symbol = ACME) -> Tick:
    return Tick(Venue("exchange-a"), symbol, seq, bid, 10, ask, 10, stale)


def told(net_lots: int = 0, cash_flow: int = 0, number: int = 0, epoch: int = 1) -> PositionsTold:
    state = PositionState(ACME, net_lots, cash_flow, 0, 0, number)
    return PositionsTold(Epoch(epoch), (state,) if number else (), (), 1)


def filled(name: str, lots: int, net_lots: int, number: int, cash_flow: int = 0) -> PositionChanged:
    return PositionChanged(ACME, net_lots, cash_flow, 0, ClOrdID(name), ExecID(f"x/{number}"), lots, number)


def open_gate(limits: RiskConfig = PLAIN, net_lots: int = 0, cash_flow: int = 0, mark: int = 100) -> Gate:
    """A gate at work, with a position and a mark."""
    gate = Gate(limits, (Instrument(ACME, unit_money=Decimal("0.01")),))
    gate.on_sync(SyncRisk(EPOCH, ()))
    gate.on_told(told(net_lots, cash_flow, 1 if net_lots or cash_flow else 0))
    gate.on_tick(tick(mark - 1, mark + 1), NOW)
    return gate


def reasons(answer: Answer) -> list[DenyReason]:
    return [denial.reason for denial in answer.denials]


def test_an_order_at_the_size_limit_passes_and_one_lot_more_does_not() -> None:
    gate = open_gate()
    assert gate.check(order("a", Side.BUY, 100), NOW, NOW).denials == ()
    assert gate.check(order("b", Side.BUY, 101), NOW, NOW).denials == (Denial(DenyReason.ORDER_SIZE, 101, 100),)


def test_a_sell_reduces_a_long_position() -> None:
    """Erratum 20: the chapter adds the quantity without its side, and would deny this."""
    gate = open_gate(net_lots=250, cash_flow=-25_000)
    assert gate.check(order("more", Side.BUY, 1), NOW, NOW).denials == (Denial(DenyReason.POSITION_LIMIT, 251, 250),)
    assert gate.check(order("less", Side.SELL, 100), NOW, NOW).denials == ()


def test_a_short_has_the_same_limit() -> None:
    gate = open_gate(net_lots=-200, cash_flow=20_000)
    assert gate.check(order("a", Side.SELL, 51), NOW, NOW).denials == (Denial(DenyReason.POSITION_LIMIT, -251, -250),)
    assert gate.check(order("b", Side.SELL, 50), NOW, NOW).denials == ()


def test_what_is_in_flight_counts_as_if_filled_on_its_own_side_only() -> None:
    """Erratum 20: what is in flight counts; and sells that may never fill make no room for buys."""
    gate = open_gate(net_lots=100, cash_flow=-10_000)
    assert gate.check(order("s", Side.SELL, 100), NOW, NOW).denials == ()
    assert gate.check(order("a", Side.BUY, 100), NOW, NOW).denials == ()
    answer = gate.check(order("b", Side.BUY, 51), NOW, NOW)
    assert answer.denials == (Denial(DenyReason.POSITION_LIMIT, 251, 250),)
    assert answer.for_flight_alone


def test_without_its_protection_the_gate_forgets_what_is_in_flight() -> None:
    gate = open_gate(replace(PLAIN, count_in_flight=False))
    for number in range(5):
        assert gate.check(order(f"o{number}", Side.BUY, 100), NOW, NOW).denials == ()
    assert gate.in_flight(ACME) == (500, 0)


def test_a_denial_that_has_other_causes_is_not_put_down_to_flight() -> None:
    gate = open_gate(net_lots=250, cash_flow=-25_000)
    assert not gate.check(order("a", Side.BUY, 1), NOW, NOW).for_flight_alone


def test_every_failed_check_is_listed() -> None:
    """Erratum 25: the chapter reports the first one only."""
    gate = open_gate(net_lots=200, cash_flow=-30_000)
    found = gate.check(order("a", Side.BUY, 101), NOW, NOW)
    assert reasons(found) == [DenyReason.ORDER_SIZE, DenyReason.POSITION_LIMIT, DenyReason.DAILY_LOSS]


def test_after_the_daily_loss_orders_that_reduce_still_pass() -> None:
    """Erratum 24: the chapter refuses every order from there on, and so locks the loss in."""
    gate = open_gate(net_lots=50, cash_flow=-6_000)
    assert gate.check(order("more", Side.BUY, 1), NOW, NOW).denials == (Denial(DenyReason.DAILY_LOSS, -10, -10),)
    assert gate.check(order("less", Side.SELL, 30), NOW, NOW).denials == ()
    assert reasons(gate.check(order("across", Side.SELL, 21), NOW, NOW)) == [DenyReason.DAILY_LOSS]
    assert gate.check(order("to zero", Side.SELL, 20), NOW, NOW).denials == ()


def test_a_loss_just_above_the_limit_denies_nothing() -> None:
    gate = open_gate(net_lots=50, cash_flow=-5_999)
    assert gate.check(order("a", Side.BUY, 1), NOW, NOW).denials == ()


def test_the_loss_is_realised_and_unrealised_at_the_latest_mark() -> None:
    """Erratum 23: the chapter's risk state is only ever read; here fills and marks feed the one gate."""
    gate = open_gate(net_lots=50, cash_flow=-5_000)
    assert gate.check(order("a", Side.BUY, 1), NOW, NOW).denials == ()
    gate.on_tick(tick(79, 81, seq=2), NOW)
    assert gate.check(order("b", Side.BUY, 1), NOW, NOW).denials == (Denial(DenyReason.DAILY_LOSS, -10, -10),)
    gate.on_tick(tick(99, 101, seq=3), NOW)
    assert gate.check(order("c", Side.BUY, 1), NOW, NOW).denials == ()
    gate.on_fill(filled("c", 1, 51, 2, cash_flow=-6_100), NOW)
    assert reasons(gate.check(order("d", Side.BUY, 1), NOW, NOW)) == [DenyReason.DAILY_LOSS]


def test_without_its_protection_the_loss_is_not_looked_at() -> None:
    limits = replace(PLAIN, loss_limit=False)
    gate = open_gate(limits, net_lots=50, cash_flow=-50_000)
    assert gate.check(order("a", Side.BUY, 1), NOW, NOW).denials == ()


def test_stale_one_sided_and_overtaken_ticks_move_no_mark() -> None:
    gate = open_gate(net_lots=50, cash_flow=-6_000)
    gate.on_tick(Tick(Venue("exchange-a"), ACME, 3, 200, 10, 0, 0), NOW)
    gate.on_tick(tick(199, 201, seq=0), NOW)
    gate.on_tick(tick(199, 201, seq=2, stale=True), NOW)
    assert reasons(gate.check(order("a", Side.BUY, 1), NOW, NOW)) == [DenyReason.DAILY_LOSS]


def test_a_middle_between_two_half_ticks_is_exact() -> None:
    gate = open_gate(net_lots=1, cash_flow=-1_101)
    gate.on_tick(tick(100, 101, seq=2), NOW)
    assert gate.check(order("a", Side.BUY, 1), NOW, NOW).denials == (Denial(DenyReason.DAILY_LOSS, -11, -10),)
    gate.on_tick(tick(101, 102, seq=3), NOW)
    assert gate.check(order("b", Side.BUY, 1), NOW, NOW).denials == ()


def test_symbols_with_different_units_of_money_make_one_loss() -> None:
    bitcoin = Symbol("BTC")
    instruments = (
        Instrument(ACME, unit_money=Decimal("0.005")),
        Instrument(bitcoin, unit_money=Decimal("5e-8")),
    )
    gate = Gate(PLAIN, instruments)
    gate.on_tick(tick(99, 101), NOW)
    gate.on_sync(SyncRisk(EPOCH, ()))
    states = (PositionState(ACME, 0, -1_000, -1_000, 0, 2), PositionState(bitcoin, 0, -99_999_999, 0, 0, 2))
    gate.on_told(PositionsTold(EPOCH, states, (), 1))
    assert gate.check(order("a", Side.BUY, 1), NOW, NOW).denials == ()
    gate.on_fill(PositionChanged(bitcoin, 0, -100_000_000, 0, ClOrdID("z"), ExecID("x"), 1, 3), NOW)
    assert gate.check(order("b", Side.BUY, 1), NOW, NOW).denials == (Denial(DenyReason.DAILY_LOSS, -10, -10),)


def test_a_position_without_a_mark_has_an_unknown_worth_and_only_reducing_orders_pass() -> None:
    gate = Gate(PLAIN, (Instrument(ACME),))
    gate.on_sync(SyncRisk(EPOCH, ()))
    gate.on_told(told(50, -5_000, 1))
    assert reasons(gate.check(order("a", Side.BUY, 1), NOW, NOW)) == [DenyReason.NO_MARK]
    assert gate.check(order("b", Side.SELL, 50), NOW, NOW).denials == ()


def test_a_symbol_that_the_desk_does_not_trade_is_denied() -> None:
    assert reasons(open_gate().check(order("a", Side.BUY, 1, Symbol("NONE")), NOW, NOW)) == [DenyReason.NO_MARK]


def test_a_question_that_is_asked_again_is_answered_the_same_and_reserved_once() -> None:
    gate = open_gate()
    for _ in range(3):
        assert gate.check(order("a", Side.BUY, 100), NOW, NOW).denials == ()
    assert gate.in_flight(ACME) == (100, 0)


def test_another_order_under_the_name_of_one_in_flight_is_denied() -> None:
    gate = open_gate()
    gate.check(order("a", Side.BUY, 100), NOW, NOW)
    assert reasons(gate.check(order("a", Side.BUY, 99), NOW, NOW)) == [DenyReason.DUPLICATE]
    assert reasons(gate.check(order("a", Side.SELL, 100), NOW, NOW)) == [DenyReason.DUPLICATE]


def test_a_fill_moves_from_flight_to_position_in_one_step() -> None:
    gate = open_gate()
    gate.check(order("a", Side.BUY, 100), NOW, NOW)
    gate.on_fill(filled("a", 30, 30, 1), NOW)
    assert (gate.net_lots(ACME), gate.in_flight(ACME)) == (30, (70, 0))


def test_a_release_before_the_last_fill_keeps_those_lots_until_it_comes() -> None:
    gate = open_gate()
    gate.check(order("a", Side.BUY, 100), NOW, NOW)
    gate.on_release(ReleaseOrder(ClOrdID("a"), 60))
    assert gate.in_flight(ACME) == (60, 0)
    gate.on_fill(filled("a", 60, 60, 1), NOW)
    assert (gate.net_lots(ACME), gate.in_flight(ACME), gate.open_orders) == (60, (0, 0), 0)


def test_a_release_after_the_last_fill_frees_the_rest() -> None:
    gate = open_gate()
    gate.check(order("a", Side.SELL, 100), NOW, NOW)
    gate.on_fill(filled("a", 60, -60, 1), NOW)
    gate.on_release(ReleaseOrder(ClOrdID("a"), 60))
    assert (gate.net_lots(ACME), gate.in_flight(ACME), gate.open_orders) == (-60, (0, 0), 0)


def test_a_fill_that_was_told_with_the_whole_is_not_counted_again() -> None:
    gate = open_gate()
    gate.check(order("a", Side.BUY, 100), NOW, NOW)
    whole = PositionsTold(EPOCH, (PositionState(ACME, 30, -3_000, 0, 3_000, 1),), (BookedOrder(ClOrdID("a"), 30),), 2)
    gate.on_told(whole)
    gate.on_fill(filled("a", 30, 30, 1), NOW)
    assert (gate.net_lots(ACME), gate.in_flight(ACME)) == (30, (70, 0))


def test_after_a_restart_the_flight_is_what_the_leader_lists_less_what_the_positions_hold() -> None:
    """The OMS counts 60 filled, the positions have told of 40: the 20 between count as in flight."""
    listed = SyncRisk(EPOCH, (OpenOrder(ClOrdID("a"), ACME, Side.BUY, 100, 60),))
    held = PositionsTold(EPOCH, (PositionState(ACME, 40, -4_000, 0, 4_000, 1),), (BookedOrder(ClOrdID("a"), 40),), 1)
    for first in ("sync", "told"):
        gate = Gate(PLAIN, (Instrument(ACME),))
        if first == "sync":
            gate.on_sync(listed)
            assert not gate.ready_for(EPOCH)
            gate.on_told(held)
        else:
            gate.on_told(held)
            assert not gate.ready_for(EPOCH)
            gate.on_sync(listed)
        assert gate.ready_for(EPOCH)
        assert (gate.net_lots(ACME), gate.in_flight(ACME)) == (40, (60, 0))
        gate.on_fill(filled("a", 20, 60, 2), NOW)
        assert (gate.net_lots(ACME), gate.in_flight(ACME)) == (60, (40, 0))


def test_a_fill_that_comes_before_any_leader_moves_the_position_and_is_remembered_for_its_order() -> None:
    gate = Gate(PLAIN, (Instrument(ACME),))
    gate.on_told(told())
    gate.on_fill(filled("a", 40, 40, 1), NOW)
    gate.on_sync(SyncRisk(EPOCH, (OpenOrder(ClOrdID("a"), ACME, Side.BUY, 100, 40),)))
    assert (gate.net_lots(ACME), gate.in_flight(ACME)) == (40, (60, 0))


def test_a_restarted_gate_waits_for_positions_that_the_new_leader_has_synced() -> None:
    gate = Gate(PLAIN, (Instrument(ACME),))
    gate.on_sync(SyncRisk(Epoch(2), ()))
    gate.on_told(told(epoch=1))
    assert not gate.ready_for(Epoch(2))
    gate.on_told(told(epoch=2))
    assert gate.ready_for(Epoch(2))


def test_an_order_that_a_new_leader_does_not_list_counts_until_its_last_fills_are_in() -> None:
    """It was filled, and the old leader died before the positions or we had heard of it."""
    gate = open_gate()
    gate.check(order("a", Side.BUY, 100), NOW, NOW)
    assert gate.on_sync(SyncRisk(Epoch(2), ()))
    gate.on_told(told(epoch=1))
    assert gate.in_flight(ACME) == (100, 0)
    gate.on_told(told(100, -10_000, 1, epoch=2))
    assert (gate.net_lots(ACME), gate.in_flight(ACME), gate.open_orders) == (100, (0, 0), 0)


def test_an_approval_that_a_takeover_has_forgotten_stands_when_it_is_asked_for_again() -> None:
    gate = open_gate()
    gate.check(order("a", Side.BUY, 100), NOW, NOW)
    gate.on_sync(SyncRisk(Epoch(2), ()))
    assert gate.check(order("a", Side.BUY, 100, epoch=2), NOW, NOW).denials == ()
    gate.on_told(told(epoch=2))
    assert (gate.in_flight(ACME), gate.open_orders) == ((100, 0), 1)


def test_lower_epochs_than_the_highest_heard_are_not_heeded() -> None:
    gate = open_gate()
    assert gate.heeds(Epoch(3))
    assert not gate.heeds(Epoch(2))
    assert gate.heeds(Epoch(3))


def test_a_day_of_orders_leaves_nothing_behind() -> None:
    gate = open_gate()
    for number in range(1_000):
        gate.check(order(f"o{number}", Side.BUY, 100), NOW, NOW)
        gate.on_release(ReleaseOrder(ClOrdID(f"o{number}"), 0))
        gate.on_fill(filled(f"manual{number}", 1, 0, number + 1), NOW)
    assert (gate.open_orders, gate.in_flight(ACME)) == (0, (0, 0))
    assert not gate._early


class Story(RuleBasedStateMachine):
    """An OMS, positions and the streams between them, with resets and takeovers; news arrives in any order.

    Whatever happens, the worst case on each side covers the true one: the fills that the OMS knows of, and
    all that open approved orders may still fill. Nothing that the gate approves takes the true one past the limit.
    What a venue declares void afterwards may, by as many lots as that was: a sale that never was cannot be denied.
    """

    def __init__(self) -> None:
        super().__init__()
        limits = replace(PLAIN, loss_limit=False, drawdown_limit=False, concentration=False)
        self.gate = Gate(limits, (Instrument(ACME),))
        self.epoch = 1
        self.count = 0
        self.net = 0
        self.open: dict[ClOrdID, tuple[Side, int, int]] = {}
        """Approved orders: side, quantity, filled."""
        self.fills: list[tuple[ClOrdID, Side, int]] = []
        self.from_oms: deque[SyncRisk | ReleaseOrder | ResizeOrder] = deque()
        self.to_positions: deque[tuple[int, list[int]]] = deque()
        """Places in *fills*, of busts from -1 down; with an epoch they are a leader's whole sync, without (0) news."""
        self.from_positions: deque[PositionChanged | PositionsTold] = deque()
        self.booked: dict[ClOrdID, int] = {}
        self.booked_fills: list[int] = []
        self.busted: list[int] = []
        self.booked_busts: list[int] = []
        self.void = dict.fromkeys(Side, 0)
        """Lots of busts that have made this side worse, since they were on the other."""
        self.over: dict[ClOrdID, int] = {}
        """Orders that have ended, and what they have filled by now."""
        self.booked_net = 0
        self.synced = 1
        self.sync_oms()
        self.tell()
        self.drain()

    def sync_oms(self) -> None:
        listed = [OpenOrder(name, ACME, *order) for name, order in self.open.items()]
        self.from_oms.append(SyncRisk(Epoch(self.epoch), tuple(listed)))

    def tell(self) -> None:
        state = PositionState(ACME, self.booked_net, 0, 0, 0, self.changes)
        orders = tuple(BookedOrder(name, lots) for name, lots in self.booked.items())
        self.from_positions.append(PositionsTold(Epoch(self.synced), (state,), orders, 1))

    @property
    def changes(self) -> int:
        """Of the position, so far."""
        return len(self.booked_fills) + len(self.booked_busts)

    def book(self, place: int) -> PositionChanged:
        name, side, lots = self.fills[place if place >= 0 else -1 - place]
        if place < 0:
            lots = -lots
        self.booked[name] = self.booked.get(name, 0) + lots
        (self.booked_fills if place >= 0 else self.booked_busts).append(place)
        self.booked_net += side.sign * lots
        return filled(name, lots, self.booked_net, self.changes)

    def left(self, side: Side) -> int:
        """What all approved orders of this side may still fill."""
        return sum(quantity - cum for each, quantity, cum in self.open.values() if each is side)

    def is_within(self, side: Side) -> bool:
        """Were all of this side filled that is open, and no trade declared void of which nobody knows yet."""
        unheard = self.void[side] if self.to_positions or self.from_positions else 0
        return side.sign * self.net + self.left(side) <= 250 + unheard

    @rule(side=st.sampled_from(Side), lots=st.integers(1, 100))
    def ask(self, side: Side, lots: int) -> None:
        if any(isinstance(message, SyncRisk) for message in self.from_oms):
            return  # questions travel behind it
        self.count += 1
        name = ClOrdID(f"o{self.count}")
        if self.gate.ready_for(Epoch(self.epoch)) and not self.gate.check(order(name, side, lots), NOW, NOW).denials:
            self.open[name] = (side, lots, 0)
            assert self.is_within(side)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.open)))
        side, quantity, cum = self.open[name]
        if cum == quantity:
            return
        lots = data.draw(st.integers(1, quantity - cum))
        self.open[name] = (side, quantity, cum + lots)
        self.net += side.sign * lots
        self.to_positions.append((0, [len(self.fills)]))
        self.fills.append((name, side, lots))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.open)))
        self.over[name] = self.open.pop(name)[2]
        self.from_oms.append(ReleaseOrder(name, self.over[name]))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), lots=st.integers(1, 100))
    def replace(self, data: st.DataObject, lots: int) -> None:
        """The OMS counts an increase from when it is approved, and a decrease once the venue has confirmed it."""
        name = data.draw(st.sampled_from(list(self.open)))
        side, quantity, cum = self.open[name]
        travels = any(isinstance(message, SyncRisk | ResizeOrder) for message in self.from_oms)
        if travels or not self.gate.ready_for(Epoch(self.epoch)) or lots < cum:
            return
        self.count += 1
        asked = CheckReplace(Epoch(self.epoch), name, f"{name}~r{self.count}", lots)
        if not self.gate.check_replace(asked, NOW, NOW).denials:
            self.open[name] = (side, lots, cum)
            assert lots <= quantity or self.is_within(side)
            if lots < quantity or data.draw(st.booleans()):
                self.from_oms.append(ResizeOrder(name, lots))

    @precondition(lambda self: self.fills)
    @rule(data=st.data())
    def bust(self, data: st.DataObject) -> None:
        """A fill that never was. Of an order that lives, its lots may be filled again."""
        places = [place for place in range(len(self.fills)) if -1 - place not in self.busted]
        if not places:
            return
        place = data.draw(st.sampled_from(places))
        name, side, lots = self.fills[place]
        self.busted.append(-1 - place)
        self.void[Side.SELL if side is Side.BUY else Side.BUY] += lots
        self.net -= side.sign * lots
        self.to_positions.append((0, [-1 - place]))
        if name in self.open:
            _, quantity, cum = self.open[name]
            self.open[name] = (side, quantity, cum - lots)
        else:
            self.over[name] -= lots
            self.from_oms.append(ReleaseOrder(name, self.over[name]))

    @precondition(lambda self: self.to_positions)
    @rule()
    def positions_book(self) -> None:
        epoch, places = self.to_positions.popleft()
        changes = [self.book(place) for place in places if place not in (*self.booked_fills, *self.booked_busts)]
        if epoch:
            self.synced = epoch
            self.tell()
        else:
            self.from_positions += changes

    @precondition(lambda self: self.from_oms)
    @rule()
    def hear_the_oms(self) -> None:
        match self.from_oms.popleft():
            case SyncRisk() as sync:
                if self.gate.on_sync(sync):
                    self.tell()
            case ReleaseOrder() as release:
                self.gate.on_release(release)
            case ResizeOrder() as resize:
                self.gate.on_resized(resize.cl_ord_id, resize.quantity_lots)

    @precondition(lambda self: self.from_positions)
    @rule()
    def hear_the_positions(self) -> None:
        match self.from_positions.popleft():
            case PositionChanged() as change:
                self.gate.on_fill(change, NOW)
            case PositionsTold() as whole:
                self.gate.on_told(whole)

    @rule()
    def the_positions_stream_resets(self) -> None:
        self.from_positions.clear()
        self.tell()

    @rule()
    def another_oms_takes_over(self) -> None:
        """What was on the old leader's streams is gone; the new one syncs both."""
        self.epoch += 1
        self.from_oms.clear()
        self.to_positions.clear()
        self.sync_oms()
        self.to_positions.append((self.epoch, [*range(len(self.fills)), *self.busted]))

    @rule()
    def risk_restarts(self) -> None:
        """The leader lists its orders anew; a fill on its way to the positions is let arrive before."""
        while self.to_positions:
            self.positions_book()
        self.gate = Gate(self.gate.limits, (Instrument(ACME),))
        self.from_oms.clear()
        self.from_positions.clear()
        self.sync_oms()
        self.tell()

    @invariant()
    def the_gate_counts_no_less_than_the_truth(self) -> None:
        if not self.gate.ready_for(Epoch(self.epoch)):
            return
        unheard = bool(self.to_positions or self.from_positions)
        for side, flight in zip((Side.BUY, Side.SELL), self.gate.in_flight(ACME), strict=True):
            truth, void = side.sign * self.net + self.left(side), self.void[side]
            assert side.sign * self.gate.net_lots(ACME) + flight + (void if unheard else 0) >= truth
            assert truth <= 250 + void

    def drain(self) -> None:
        while self.from_oms or self.to_positions or self.from_positions:
            if self.from_oms:
                self.hear_the_oms()
            if self.to_positions:
                self.positions_book()
            if self.from_positions:
                self.hear_the_positions()

    def teardown(self) -> None:
        """After quiet nothing is left over: the gate counts exactly the truth, and keeps only open orders."""
        self.drain()
        assert self.gate.net_lots(ACME) == self.net
        assert self.gate.in_flight(ACME) == (self.left(Side.BUY), self.left(Side.SELL))
        assert self.gate.open_orders == len(self.open)


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=examples(80), stateful_step_count=30)
