"""Strategies for other people's tests: the lives that they make are legal, and our own OMS stands up to them."""

from fractions import Fraction

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.faults.exchange import PriceSlide, ReportsLost, RequestsLost
from squall.faults.fault import Plan, during
from squall.faults.network import PacketLoss
from squall.faults.plan import plan_data, plan_of
from squall.scenarios.find import choose
from squall.scenarios.result import Verdict
from squall.scenarios.run import Choice, judge
from squall.sim.exchange.wire.messages import ExecType, NewOrderSingle, TimeInForce
from squall.strategies import OrderLife, order_lives, orders, plans, workloads
from squall.system.domain.commands import AnyCommand, ApplyReport, JudgeOrder, MarkSent, PlaceOrder
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.oms import OmsState, decide, evolve
from squall.system.domain.signals import Workload
from squall.system.domain.terms import Terms
from squall.testing import ScenarioFailedError, check
from tests.profiles import examples
from tests.scenarios.own import FILE

VENUE = Venue("exchange-a")
SECOND = 1_000_000_000


def commands_for(order: NewOrderSingle) -> tuple[AnyCommand, ...]:
    """What brings an order to the point at which its venue may speak of it."""
    name = ClOrdID(order.cl_ord_id)
    return (
        PlaceOrder(
            actor="strategy",
            cl_ord_id=name,
            strategy="pulse",
            terms=Terms(
                Symbol(order.symbol),
                order.side,
                order.quantity_lots,
                order.ord_type,
                order.time_in_force,
                order.price_half_ticks,
            ),
            intended_ns=0,
        ),
        JudgeOrder("risk", name, (), Epoch(1)),
        MarkSent("execution", name, VENUE, 1),
    )


@given(order_lives(tidy=True))
def test_a_tidy_life_is_heard_as_it_was_reported_and_its_quantities_add_up(life: OrderLife) -> None:
    assert life.heard == life.reports
    cum = 0
    for report in life.reports:
        cum += report.last_lots
        assert report.cum_lots == cum <= life.order.quantity_lots
        closes = report.exec_type in (ExecType.CANCELED, ExecType.REJECTED)
        assert report.leaves_lots == (0 if closes else life.order.quantity_lots - cum)
    assert cum == life.filled_lots
    assert len({report.exec_id for report in life.reports}) == len(life.reports)


@given(order_lives())
def test_an_immediate_order_ends_and_every_report_is_heard(life: OrderLife) -> None:
    assert life.ended or life.order.time_in_force is not TimeInForce.IOC
    assert {report.exec_id for report in life.heard} == {report.exec_id for report in life.reports}


@settings(max_examples=examples(200))
@given(order_lives())
def test_our_oms_ends_with_the_quantity_of_the_venue_however_the_reports_arrive(life: OrderLife) -> None:
    """Filled exactly, unless a cancel overtook a fill: then what is missing is in doubt, or set aside, not lost."""
    state, name = OmsState(), ClOrdID(life.order.cl_ord_id)
    reports = [ApplyReport(VENUE, name, VENUE, report) for report in life.heard]
    for command in (*commands_for(life.order), *reports):
        for event in decide(state, command, now_ns=0):
            order = evolve(state, event)
            if order is not None:
                last = order
    assert last.cum_lots == life.filled_lots or state.quarantined
    if last.cum_lots:
        prices = {report.last_price_half_ticks for report in life.reports if report.last_lots}
        assert min(prices) <= last.average_price_half_ticks <= Fraction(max(prices))


@given(st.data())
def test_orders_have_what_they_were_asked_to_have(data: st.DataObject) -> None:
    order = data.draw(orders(symbols=("XYZ",), max_lots=7, prices=(10, 12)))
    assert (order.symbol, 1 <= order.quantity_lots <= 7) == ("XYZ", True)
    assert order.price_half_ticks in (None, 10, 11, 12)


@given(workloads(max_orders=30, for_ns=3 * SECOND))
def test_a_workload_keeps_to_its_number_of_orders(workload: Workload) -> None:
    assert workload.stop_ns is not None
    assert workload.orders_per_s * (workload.stop_ns - workload.start_ns) <= 30 * SECOND
    assert workload.burst <= workload.orders_per_s


# --- plans ---

SOUND = choose("tests/scenarios/own.py:settled", seed=3)
RECKLESS = replace(SOUND, overrides=("execution.resolve_in_doubt=off", "venue.refuse_duplicates=off"))
"""The planted bug: what is not answered is sent again without asking, and the venue takes it."""
WHILE_IT_TRADES = (600_000_000, 2_400_000_000)


def violated(choice: Choice, plan: Plan) -> bool:
    choice = replace(choice, plan=plan)
    return judge(choice, choice.settled()).verdict is Verdict.VIOLATED


@given(plans(window_ns=(1 * SECOND, 3 * SECOND)))
def test_a_plan_heals_within_its_window_and_can_be_kept_in_a_file(plan: Plan) -> None:
    assert 1 <= len(plan) <= 4
    assert all(1 * SECOND <= planned.start_ns < planned.end_ns <= 3 * SECOND for planned in plan)
    assert plan_of(plan_data(plan), "it") == plan


@settings(max_examples=examples(15))
@given(plans(window_ns=WHILE_IT_TRADES))
def test_our_desk_keeps_its_promises_whatever_the_plan(plan: Plan) -> None:
    assert not violated(SOUND, plan)


def test_a_property_over_plans_finds_a_planted_bug_and_shrinks_it_to_a_smallest_plan_by_itself() -> None:
    """One fault of the four that may be drawn is left: briefly, somewhere, an answer does not come."""
    thorough = settings(max_examples=200, phases=(Phase.generate, Phase.shrink), derandomize=True, database=None)
    plan = find(plans(window_ns=WHILE_IT_TRADES), lambda plan: violated(RECKLESS, plan), settings=thorough)
    assert len(plan) == 1
    assert not violated(SOUND, plan)


def test_a_property_says_which_smallest_plan_breaks_which_promise() -> None:
    """As a user's test has it: Hypothesis prints the plan, Squall the story."""

    @settings(max_examples=30, derandomize=True, database=None, phases=(Phase.generate,), print_blob=False)
    @given(plans(kinds=(ReportsLost,), max_faults=1, window_ns=WHILE_IT_TRADES))
    def the_desk_passes(plan: Plan) -> None:
        check(f"{FILE}:settled", seed=3, settings=dict(each.split("=") for each in RECKLESS.overrides), plan=plan)

    with pytest.raises(ScenarioFailedError, match="no order is sent twice") as failed:
        the_desk_passes()
    assert any("plan=(Planned(fault=ReportsLost(" in note for note in failed.value.__notes__)
    assert check(f"{FILE}:settled", seed=3).verdict is Verdict.PASS


def test_a_plan_that_proves_nothing_is_no_example_in_a_property_and_a_failure_outside() -> None:
    nothing: Plan = (during(1, 2, RequestsLost("exchange-a")),)

    @settings(max_examples=20, derandomize=True, database=None)
    @given(st.sampled_from(((), nothing)))
    def every_plan_passes(plan: Plan) -> None:
        check(f"{FILE}:settled", seed=3, plan=plan)

    every_plan_passes()
    with pytest.raises(ScenarioFailedError, match="touched nothing"):
        check(f"{FILE}:settled", seed=3, plan=nothing)


def test_plans_are_of_the_kinds_that_are_asked_for() -> None:
    only = find(plans(kinds=(ReportsLost,)), lambda plan: len(plan) == 2)
    assert {type(planned.fault) for planned in only} == {ReportsLost}
    assert isinstance(find(plans(), lambda plan: isinstance(plan[0].fault, PacketLoss))[0].fault, PacketLoss)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kinds": ()}, "plans: no drawn kind at all; there are "),
        ({"kinds": (PriceSlide,)}, "plans: no drawn kind price-slide; there are requests-lost, "),
        ({"window_ns": (5, 5)}, "plans: the window must begin before it ends, found 5 ns to 5 ns"),
    ],
)
def test_plans_that_cannot_be_are_refused(asked: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plans(**asked)  # type: ignore[arg-type]
