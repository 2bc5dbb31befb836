"""Parents and children at the OMS: never more than the parent, in flight included, and all of it on the record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import ExecType, ExecutionReport, OrdStatus, OrdType, Side, TimeInForce
from squall.system.domain import recall
from squall.system.domain.commands import (
    AnyCommand,
    ApplyReport,
    JudgeOrder,
    JudgeReplace,
    MarkSent,
    PlaceOrder,
    PlaceParent,
    ReplaceOrder,
    WithdrawOrder,
)
from squall.system.domain.effects import child_moved, family_told
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.events import (
    AnyEvent,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    ParentClosed,
    ParentTaken,
    ReplaceDenied,
    ReplaceReason,
    ReplaceRequested,
    UnknownOrderReported,
)
from squall.system.domain.family import child_name
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import Algorithm, ChildMoved, ChildState, Denial, DenyReason, ParentOrder
from squall.system.domain.oms import OmsState, decide, evolve, rebuild
from squall.system.domain.terms import Attribution, Terms
from tests.system.oms_stage import report

PARENT = ClOrdID("fund-1")
ORDER = ParentOrder(
    PARENT, "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 100, Algorithm.TWAP, 0, 1_000, limit_half_ticks=20_010
)
VENUE = Venue("exchange-a")


class Story:
    """An OMS's state and its log: commands in, events kept."""

    def __init__(self, with_parent: bool = True) -> None:
        self.state = OmsState()
        self.log: list[AnyEvent] = []
        self.executions = 0
        if with_parent:
            self.do(PlaceParent("trader/ann", PARENT, ORDER))

    def do(self, command: AnyCommand, now_ns: int = 5) -> list[AnyEvent]:
        events = list(decide(self.state, command, now_ns))
        for event in events:
            evolve(self.state, event)
        self.log += events
        return events

    def child(self, number: int, lots: int, now_ns: int = 5, **changes: object) -> list[AnyEvent]:
        return self.do(child(number, lots, **changes), now_ns)

    def denials(self, number: int, lots: int, now_ns: int = 5, **changes: object) -> list[DenyReason]:
        """Why a child is not taken; that it was asked for is on the record in any case."""
        submitted, *rest = self.child(number, lots, now_ns, **changes)
        assert isinstance(submitted, OrderSubmitted)
        return [denial.reason for event in rest if isinstance(event, OrderDenied) for denial in event.denials]

    def approve(self, number: int) -> None:
        self.do(JudgeOrder("risk", child_name(PARENT, number), (), Epoch(1)))

    def fill(self, number: int, lots: int, fee: int = 0) -> None:
        self.executions += 1
        name = child_name(PARENT, number)
        order = self.state.orders[name]
        cum = order.cum_lots + lots
        report = ExecutionReport(
            exec_id=f"exchange-a/{self.executions}",
            exec_type=ExecType.TRADE,
            ord_status=OrdStatus.PARTIALLY_FILLED,
            cl_ord_id=name,
            order_id="7",
            symbol="ACME",
            side=Side.BUY,
            cum_lots=cum,
            leaves_lots=order.terms.quantity_lots - cum,
            last_lots=lots,
            last_price_half_ticks=20_000,
            fee=fee,
        )
        self.do(ApplyReport(VENUE, name, VENUE, report))

    def amend(self, number: int, of: str, kind: ExecType, lots: int = 0, price: int = 0, fee: int = 0) -> None:
        """The venue takes a trade back, or sets it right."""
        self.executions += 1
        name = child_name(PARENT, number)
        report = ExecutionReport(
            exec_id=f"exchange-a/{self.executions}",
            exec_type=kind,
            ord_status=OrdStatus.PARTIALLY_FILLED,
            cl_ord_id=name,
            order_id="7",
            symbol="ACME",
            side=Side.BUY,
            cum_lots=0,
            leaves_lots=0,
            last_lots=lots,
            last_price_half_ticks=price,
            exec_ref_id=of,
            fee=fee,
        )
        self.do(ApplyReport(VENUE, name, VENUE, report))

    def cancel(self, number: int) -> None:
        """Before it has left: it ends at once."""
        self.do(WithdrawOrder("algos", child_name(PARENT, number)))


def child(number: int, lots: int, **changes: object) -> PlaceOrder:
    terms = Terms(Symbol("ACME"), Side.BUY, lots, OrdType.LIMIT, TimeInForce.IOC, 20_000)
    attribution = Attribution("fund/main", "fund", "ann", "twap", PARENT)
    placed = PlaceOrder("strategy/algos", child_name(PARENT, number), "algos", terms, 0, attribution)
    parent_cap = bool(changes.pop("parent_cap", True))
    return replace(placed, terms=replace(terms, **changes), parent_cap=parent_cap)


def test_a_parent_is_taken_once_and_the_event_is_the_whole_of_it() -> None:
    story = Story()
    assert story.log == [ParentTaken(PARENT, 5, "trader/ann", ORDER)]
    assert story.do(PlaceParent("trader/ann", PARENT, ORDER)) == []
    assert decode_event(encode_event(story.log[0])) == story.log[0]


def test_erratum_45_children_say_for_whom_and_by_which_algorithm_they_trade() -> None:
    """Erratum 45."""
    story = Story()
    story.child(1, 10)
    order = story.state.orders[child_name(PARENT, 1)]
    assert order.attribution == Attribution("fund/main", "fund", "ann", "twap", PARENT)


def test_children_may_use_the_parent_up_and_not_a_lot_more() -> None:
    story = Story()
    assert story.denials(1, 60) == []
    assert story.denials(2, 41) == [DenyReason.PARENT_QUANTITY]
    assert story.denials(3, 40) == []
    assert story.denials(4, 1) == [DenyReason.PARENT_QUANTITY]


def test_the_denial_says_what_it_would_have_come_to() -> None:
    story = Story()
    story.child(1, 60)
    denied = story.child(2, 41)[1]
    assert isinstance(denied, OrderDenied)
    assert [(each.value, each.limit) for each in denied.denials] == [(101, 100)]


def test_what_is_in_flight_counts_until_it_has_ended_and_then_what_it_traded() -> None:
    story = Story()
    story.child(1, 100)
    story.approve(1)
    story.fill(1, 30)
    assert story.denials(2, 1) == [DenyReason.PARENT_QUANTITY]
    assert story.state.families[PARENT].committed_lots == 100
    story.do(
        ApplyReport(
            VENUE,
            child_name(PARENT, 1),
            VENUE,
            ExecutionReport(
                "c", ExecType.CANCELED, OrdStatus.CANCELED, child_name(PARENT, 1), "7", "ACME", Side.BUY, 30, 0
            ),
        )
    )
    assert story.state.families[PARENT].committed_lots == 30
    assert story.denials(3, 71) == [DenyReason.PARENT_QUANTITY]
    assert story.denials(4, 70) == []


def test_a_child_that_was_denied_takes_no_room() -> None:
    story = Story()
    assert story.denials(1, 200) == [DenyReason.PARENT_QUANTITY]
    assert story.denials(2, 100) == []


def test_a_child_of_another_symbol_side_or_limit_is_not_the_parents() -> None:
    story = Story()
    assert story.denials(1, 1, symbol=Symbol("BOLT")) == [DenyReason.NOT_THE_PARENTS]
    assert story.denials(2, 1, side=Side.SELL) == [DenyReason.NOT_THE_PARENTS]
    assert story.denials(3, 1, price_half_ticks=20_011) == [DenyReason.PARENT_LIMIT]
    assert story.denials(4, 1, price_half_ticks=None) == [DenyReason.PARENT_LIMIT]
    assert story.denials(5, 1, price_half_ticks=20_010) == []


def test_all_that_is_wrong_with_a_child_is_said() -> None:
    story = Story()
    reasons = story.denials(1, 101, now_ns=1_000, side=Side.SELL, price_half_ticks=20_012)
    assert reasons == [
        DenyReason.NOT_THE_PARENTS,
        DenyReason.PARENT_OVER,
        DenyReason.PARENT_LIMIT,
        DenyReason.PARENT_QUANTITY,
    ]


def test_after_its_end_nothing_of_a_parent_is_taken() -> None:
    story = Story()
    assert story.denials(1, 1, now_ns=999) == []
    assert story.denials(2, 1, now_ns=1_000) == [DenyReason.PARENT_OVER]


def test_nobodys_child_is_denied() -> None:
    assert Story(with_parent=False).denials(1, 1) == [DenyReason.NO_SUCH_PARENT]


def test_a_parent_that_is_closed_has_no_more_children() -> None:
    story = Story()
    story.child(1, 60)
    story.approve(1)
    story.fill(1, 60)
    closing = WithdrawOrder("algos", PARENT)
    assert story.do(closing) == [ParentClosed(PARENT, 5, "algos", 60)]
    assert story.do(closing) == [], "closed is closed, whoever says it again"
    assert story.denials(2, 1) == [DenyReason.NO_SUCH_PARENT]
    assert story.do(PlaceParent("trader/ann", PARENT, ORDER)) == []


def test_of_a_parent_that_is_closed_only_the_name_is_kept() -> None:
    state = Story(with_parent=False).state
    for number in range(1, 501):
        name = ClOrdID(f"fund-{number}")
        for command in (PlaceParent("trader/ann", name, replace(ORDER, cl_ord_id=name)), WithdrawOrder("algos", name)):
            (event,) = decide(state, command, 5)
            evolve(state, event)
    assert state.families == {}
    assert state.closed.runs() == {"fund-": [(1, 500)]}


@pytest.mark.parametrize("closed", [False, True])
def test_a_venue_that_speaks_of_a_parent_has_it_confused_and_nothing_is_looked_up(closed: bool) -> None:
    """Of an order that ended long ago the log is asked; a parent is none, open or closed."""
    story = Story()
    if closed:
        story.do(WithdrawOrder("algos", PARENT))
    traded = report(ExecType.TRADE, name=PARENT, exec_id="e1", last_lots=1, last_price_half_ticks=20_000)
    assert not recall.is_needed(story.state, traded)
    assert [type(event) for event in story.do(traded)] == [UnknownOrderReported]


def test_nothing_else_can_happen_to_a_parent() -> None:
    story = Story()
    assert [type(event) for event in story.do(JudgeOrder("risk", PARENT, (), Epoch(1)))] == [UnknownOrderReported]


def test_with_the_cap_off_a_child_is_taken_whatever_it_is() -> None:
    assert Story().denials(1, 500, parent_cap=False) == []


def test_the_algorithms_are_told_of_fills_and_ends_and_of_nothing_else() -> None:
    story = Story()
    submitted = story.child(1, 60)[0]
    name = child_name(PARENT, 1)
    families = story.state.families
    assert child_moved(submitted, story.state.orders[name], families) is None
    story.approve(1)
    before = story.state.orders[name]
    story.fill(1, 20)
    fill = story.log[-1]
    assert isinstance(fill, OrderFilled)
    told = ChildState(name, 60, 20, 400_000)
    assert child_moved(fill, story.state.orders[name], families) == ChildMoved(PARENT, told)
    assert family_told(story.state.families[PARENT], Epoch(2)).children == (told,)
    assert child_moved(fill, replace(before, attribution=Attribution()), families) is None, "not a child"
    assert child_moved(fill, story.state.orders[name], {}) is None, "the algorithm is done with it"


def test_what_a_child_has_cost_in_fees_is_known_through_busts_and_corrections() -> None:
    story = Story()
    story.child(1, 60)
    story.approve(1)
    name = child_name(PARENT, 1)
    charged = []
    for lots, fee in ((20, 12), (10, -4)):
        story.fill(1, lots, fee)
        charged.append(story.state.families[PARENT].children[name].fees)
    assert charged == [12, 8]
    story.amend(1, "exchange-a/2", ExecType.TRADE_CORRECT, lots=10, price=20_010, fee=-5)
    assert story.state.families[PARENT].children[name].fees == 7
    story.amend(1, "exchange-a/1", ExecType.TRADE_CANCEL)
    assert story.state.families[PARENT].children[name].fees == -5
    assert rebuild(story.log).families[PARENT].children == story.state.families[PARENT].children


# --- other terms for a child ---


def amend(number: int, lots: int, revision: int = 1, price: int = 20_000, parent_cap: bool = True) -> ReplaceOrder:
    return ReplaceOrder("trader/ann", child_name(PARENT, number), revision, lots, price, parent_cap=parent_cap)


def at_work(story: Story, number: int, lots: int) -> None:
    """A child that rests at the venue."""
    name = child_name(PARENT, number)
    story.child(number, lots, time_in_force=TimeInForce.DAY)
    story.approve(number)
    story.do(MarkSent("execution", name, VENUE, 1))
    story.do(ApplyReport(VENUE, name, VENUE, acknowledged(name, lots)))


def acknowledged(name: ClOrdID, lots: int) -> ExecutionReport:
    return ExecutionReport(f"ack/{name}", ExecType.NEW, OrdStatus.NEW, name, "7", "ACME", Side.BUY, 0, lots, 0, 0)


def reasons(events: list[AnyEvent]) -> list[object]:
    """Why a child keeps its terms."""
    (event,) = events
    assert isinstance(event, ReplaceDenied)
    return [event.reason, *(denial.reason for denial in event.denials)]


def test_a_child_is_not_made_larger_than_what_its_parent_has_left() -> None:
    story = Story()
    at_work(story, 1, 60)
    at_work(story, 2, 30)
    assert reasons(story.do(amend(1, 71))) == [ReplaceReason.PARENT, DenyReason.PARENT_QUANTITY]
    assert [type(event) for event in story.do(amend(1, 70, revision=2))] == [ReplaceRequested]
    assert story.state.families[PARENT].committed_lots == 100, "until the venue answers the larger quantity counts"
    assert story.denials(3, 1) == [DenyReason.PARENT_QUANTITY]


def test_a_child_is_not_moved_beyond_its_parents_limit_or_changed_after_its_end() -> None:
    story = Story()
    at_work(story, 1, 60)
    assert reasons(story.do(amend(1, 60, price=20_012))) == [ReplaceReason.PARENT, DenyReason.PARENT_LIMIT]
    assert reasons(story.do(amend(1, 50, revision=2), now_ns=1_000)) == [ReplaceReason.PARENT, DenyReason.PARENT_OVER]


def test_with_the_cap_off_a_child_may_become_anything() -> None:
    story = Story()
    at_work(story, 1, 60)
    assert [type(event) for event in story.do(amend(1, 500, parent_cap=False))] == [ReplaceRequested]


def test_a_replace_that_risk_refuses_gives_the_parent_its_room_back() -> None:
    story = Story()
    at_work(story, 1, 60)
    story.do(amend(1, 100))
    assert story.denials(2, 1) == [DenyReason.PARENT_QUANTITY]
    denial = Denial(DenyReason.ORDER_SIZE, 100, 50)
    story.do(JudgeReplace("risk", child_name(PARENT, 1), 1, (denial,), Epoch(1)))
    assert story.denials(3, 40) == []


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """What is done to which child, and with how many lots."""
    kinds = st.sampled_from(("child", "child", "approve", "fill", "cancel"))
    return draw(st.lists(st.tuples(kinds, st.integers(1, 6), st.integers(1, 60)), max_size=40))


@given(lives())
def test_whatever_happens_no_family_can_trade_more_than_its_parent(steps: list[tuple[str, int, int]]) -> None:
    """Against a recount from the orders themselves, and from the log."""
    story = Story()
    ended: dict[ClOrdID, int] = {}
    for what, number, lots in steps:
        name = child_name(PARENT, number)
        order = story.state.orders.get(name)
        if what == "child":
            story.child(number, lots)
        elif order is None:
            continue
        elif what == "approve" and not order.attempt:
            story.approve(number)
        elif what == "fill" and order.attempt:
            story.fill(number, min(lots, order.leaves_lots))
        elif what == "cancel" and not order.attempt:
            story.cancel(number)
        if order is not None and name not in story.state.orders:
            ended[name] = sum(e.lots for e in story.log if isinstance(e, OrderFilled) and e.cl_ord_id == name)
        live = sum(order.terms.quantity_lots for order in story.state.orders.values())
        assert story.state.families[PARENT].committed_lots == live + sum(ended.values()) <= ORDER.quantity_lots
        assert story.state.families[PARENT].filled_lots == sum(
            event.lots for event in story.log if isinstance(event, OrderFilled)
        )
    assert rebuild(story.log).hash() == story.state.hash()
