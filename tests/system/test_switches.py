"""Trading states: whom they concern, that they are journaled, what a leader does about them, and the console."""

import msgspec
import pytest

from squall.system.config import MILLISECOND, DeskConfig, RiskConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed, SwitchReported
from squall.system.domain.commands import SetSwitch
from squall.system.domain.events import TradingSwitched
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages import (
    Alive,
    AreYouThere,
    CancelAtVenue,
    Fence,
    OrderChecked,
    OrderLeft,
    OrderUnsent,
    RouteOrder,
    SwitchDone,
    SwitchesTold,
    SwitchRefused,
    SwitchTrading,
    SyncRisk,
    UnsentReason,
    VenueHealth,
)
from squall.system.domain.oms import OmsState, decide, evolve, rebuild
from squall.system.domain.switches import NO_SWITCHES, NoSuchThing, Scope, Switch, Switches, TradingState
from squall.system.services.operator import Operator
from squall.system.wiring import Wiring
from tests.fakes import FakeRuntime
from tests.system.test_execution import A, Bench, route
from tests.system.test_oms_service import Rig, submit

HALT = SwitchTrading(1, Scope.DESK, "", TradingState.HALTED)
GO = SwitchTrading(2, Scope.DESK, "", TradingState.ACTIVE)
DESK = Switch(Scope.DESK, "", TradingState.HALTED)


# --- the rule ---


@pytest.mark.parametrize(
    ("scope", "name", "concerned"),
    [
        (Scope.DESK, "", True),
        (Scope.STRATEGY, "pulse", True),
        (Scope.STRATEGY, "drift", False),
        (Scope.SYMBOL, "ACME", True),
        (Scope.SYMBOL, "BOLT", False),
        (Scope.CLIENT, "fund", True),
        (Scope.CLIENT, "", False),
        (Scope.VENUE, "exchange-a", True),
        (Scope.VENUE, "exchange-b", False),
    ],
)
def test_a_switch_concerns_what_it_names(scope: Scope, name: str, concerned: bool) -> None:
    switch = Switch(scope, name, TradingState.HALTED)
    assert switch.concerns("pulse", "ACME", "fund", "exchange-a") is concerned
    state = Switches((switch,)).state_of("pulse", "ACME", "fund", "exchange-a")
    assert (state is TradingState.HALTED) is concerned


def test_an_order_that_is_at_no_venue_yet_is_under_no_venues_switch() -> None:
    halted = Switches((Switch(Scope.VENUE, "exchange-a", TradingState.HALTED),))
    assert halted.state_of("pulse", "ACME", "") is TradingState.ACTIVE


def test_the_strictest_state_counts_whatever_was_switched_last() -> None:
    both = NO_SWITCHES.switched(DESK).switched(Switch(Scope.SYMBOL, "ACME", TradingState.REDUCING))
    assert both.state_of("pulse", "ACME", "") is TradingState.HALTED
    assert both.switched(Switch(Scope.DESK, "", TradingState.ACTIVE)).state_of("", "ACME", "") is TradingState.REDUCING


def test_what_is_set_going_again_is_forgotten() -> None:
    switches = NO_SWITCHES.switched(DESK).switched(DESK)
    assert switches.all == (DESK,)
    assert switches.switched(Switch(Scope.DESK, "", TradingState.ACTIVE)).all == ()


# --- the journal ---


def test_a_switch_is_an_event_once_and_a_rebuilt_state_has_it() -> None:
    state = OmsState()
    command = SetSwitch("operator/ann", ClOrdID(""), DESK)
    (event,) = decide(state, command, 7)
    assert event == TradingSwitched(ClOrdID(""), 7, "operator/ann", DESK)
    before = state.hash()
    evolve(state, event)
    assert state.switches.all == (DESK,)
    assert decide(state, command, 8) == ()
    rebuilt = rebuild([event])
    assert rebuilt.switches.all == (DESK,)
    assert rebuilt.hash() == state.hash() != before


# --- the leader ---


def trading(alone: bool = True) -> Rig:
    """A leader with one order at exchange-a, and another that risk has not spoken of yet."""
    rig = Rig()
    rig.lead(alone)
    rig.runtime.streams.add("operator")
    for name in ("pulse-ACME-1", "pulse-ACME-2"):
        rig.hear("strategy", submit(ClOrdID(name)))
    rig.hear("risk", OrderChecked(ClOrdID("pulse-ACME-1"), ()))
    rig.sync()
    rig.hear("execution", OrderLeft(ClOrdID("pulse-ACME-1"), Venue("exchange-a"), 1))
    rig.sync()
    rig.runtime.sent.clear()
    return rig


def test_a_halt_tells_risk_and_execution_at_once_and_withdraws_what_is_open() -> None:
    rig = trading()
    rig.hear("operator", HALT)
    for peer in ("risk", "execution"):
        (told,) = rig.take(SwitchesTold, peer)
        assert told.switches == (DESK,)
    assert rig.take(CancelAtVenue) == []  # not before it is safe
    rig.sync()
    (cancel,) = rig.take(CancelAtVenue, "execution")
    assert cancel.cl_ord_id == "pulse-ACME-1"
    assert rig.acted("risk.kill_switch") == 2


def test_what_is_left_is_told_until_nothing_is() -> None:
    rig = trading()
    rig.hear("operator", HALT)
    rig.sync()
    assert [done.left for done in rig.take(SwitchDone, "operator")] == [1]  # the second had not left the desk
    rig.hear("execution", OrderUnsent(ClOrdID("pulse-ACME-1"), 1, UnsentReason.HALTED))
    rig.sync()
    rig.beat_on(200 * MILLISECOND)
    rig.sync()
    assert [done.left for done in rig.take(SwitchDone, "operator")] == [0]


def test_nothing_is_said_to_be_done_before_it_is_on_two_disks() -> None:
    rig = trading(alone=False)
    rig.hear("operator", HALT)
    rig.sync()
    assert rig.take(SwitchDone) == []


def test_a_word_that_is_repeated_is_answered_again_and_written_once() -> None:
    rig = trading()
    rig.hear("operator", HALT)
    version = rig.oms.version
    rig.hear("operator", HALT)
    rig.sync()
    assert rig.oms.version == version
    assert len(rig.take(SwitchDone, "operator")) == 2


def test_who_takes_over_tells_risk_and_execution_what_is_off_and_goes_on_withdrawing() -> None:
    rig = trading()
    rig.hear("operator", HALT)
    rig.sync()
    rig.start()  # the same disk, a new life: epoch 2
    rig.pass_time(2_000 * MILLISECOND)
    rig.lead()
    assert [sync.switches for sync in rig.take(SyncRisk)] == [(DESK,)]
    assert all(fence.switches == (DESK,) for fence in rig.take(Fence))
    rig.runtime.streams.add("operator")
    rig.beat_on(300 * MILLISECOND)  # nobody answers what became of the first order
    rig.hear("operator", HALT)
    rig.sync()
    assert [done.left for done in rig.take(SwitchDone, "operator")] == [1]


def test_risks_own_stop_is_written_down_without_an_answer() -> None:
    rig = trading()
    rig.hear("risk", SwitchTrading(0, Scope.STRATEGY, "pulse", TradingState.HALTED))
    rig.sync()
    (told,) = rig.take(SwitchesTold, "risk")
    assert told.switches == (Switch(Scope.STRATEGY, "pulse", TradingState.HALTED),)
    assert rig.take(SwitchDone) == []


def test_without_the_protection_nobody_listens_to_the_operator() -> None:
    rig = Rig(config=DeskConfig(risk=RiskConfig(kill_switch=False)))
    rig.lead()
    rig.hear("operator", HALT)
    assert rig.take(SwitchesTold) == []


def test_without_the_kill_switch_the_throttles_stop_holds_and_a_person_can_end_it() -> None:
    rig = Rig(config=DeskConfig(risk=RiskConfig(kill_switch=False)))
    rig.lead()
    rig.runtime.streams.add("operator")
    rig.hear("risk", SwitchTrading(0, Scope.STRATEGY, "pulse", TradingState.HALTED))
    rig.sync()
    (told,) = rig.take(SwitchesTold, "risk")
    assert told.switches == (Switch(Scope.STRATEGY, "pulse", TradingState.HALTED),)
    rig.hear("operator", SwitchTrading(1, Scope.STRATEGY, "pulse", TradingState.ACTIVE))
    rig.sync()
    (told,) = rig.take(SwitchesTold, "risk")
    assert told.switches == ()


@pytest.mark.parametrize(
    ("scope", "name", "reason"),
    [
        (Scope.DESK, "ours", NoSuchThing.NAMED_DESK),
        (Scope.STRATEGY, "pulze", NoSuchThing.STRATEGY),
        (Scope.VENUE, "exchange-c", NoSuchThing.VENUE),
        (Scope.SYMBOL, "ACNE", NoSuchThing.SYMBOL),
        (Scope.CLIENT, "found", NoSuchThing.CLIENT),
    ],
)
def test_what_does_not_exist_is_not_switched_and_not_said_to_be_done(
    scope: Scope, name: str, reason: NoSuchThing
) -> None:
    rig = trading()
    version = rig.oms.version
    rig.hear("operator", SwitchTrading(7, scope, name, TradingState.HALTED))
    rig.sync()
    assert rig.take(SwitchRefused, "operator") == [SwitchRefused(7, scope, name, reason)]
    assert (rig.take(SwitchDone), rig.take(SwitchesTold), rig.oms.version) == ([], [], version)


@pytest.mark.parametrize(
    ("scope", "name"), [(Scope.STRATEGY, "pulse"), (Scope.VENUE, "exchange-b"), (Scope.SYMBOL, "BOLT")]
)
def test_what_exists_is_switched_also_where_nothing_of_it_trades_yet(scope: Scope, name: str) -> None:
    rig = trading()
    rig.hear("operator", SwitchTrading(7, scope, name, TradingState.HALTED))
    rig.sync()
    assert rig.take(SwitchRefused) == []
    assert len(rig.take(SwitchDone)) == 1


# --- where orders leave ---


def test_an_order_that_was_approved_before_a_halt_does_not_leave_after_it() -> None:
    """Erratum 24: a kill switch refuses everything, also what is on its way already."""
    bench = Bench()
    bench.log_on()
    bench.fence()
    bench.execution.on_message("oms1", SwitchesTold(Epoch(1), 5, (Switch(Scope.SYMBOL, "ACME", TradingState.HALTED),)))
    bench.send(route())
    (unsent,) = bench.runtime.take(OrderUnsent)
    assert unsent.reason is UnsentReason.HALTED
    assert ProtectionActed("risk.kill_switch", "pulse-ACME-1") in bench.runtime.claims
    bench.execution.on_message("oms1", SwitchesTold(Epoch(1), 6, ()))
    bench.send(msgspec.structs.replace(route(), attempt=2))
    assert len(bench.execution.flights) == 1


def test_a_halted_venue_is_routable_for_nobody_and_sends_back_what_is_routed_there() -> None:
    bench = Bench()
    bench.log_on()
    bench.fence()
    bench.runtime.take(VenueHealth)
    halt = Switch(Scope.VENUE, A, TradingState.HALTED)
    bench.execution.on_message("oms1", SwitchesTold(Epoch(1), 5, (halt,)))
    (health,) = bench.runtime.take(VenueHealth)
    assert (health.venue, health.routable) == (A, False)
    bench.send(route())
    (unsent,) = bench.runtime.take(OrderUnsent)
    assert unsent.reason is UnsentReason.VENUE_HALTED


def test_a_venue_that_is_reducing_takes_what_reduces_and_sends_the_rest_back() -> None:
    bench = Bench()
    bench.log_on()
    bench.fence()
    bench.runtime.take(VenueHealth)
    reducing = Switch(Scope.VENUE, A, TradingState.REDUCING)
    bench.execution.on_message("oms1", SwitchesTold(Epoch(1), 5, (reducing,)))
    (health,) = bench.runtime.take(VenueHealth)
    assert (health.venue, health.routable, health.reducing) == (A, True, True)
    bench.send(route())
    (unsent,) = bench.runtime.take(OrderUnsent)
    assert unsent.reason is UnsentReason.VENUE_REDUCING
    assert ProtectionActed("risk.kill_switch", "pulse-ACME-1") in bench.runtime.claims
    bench.send(msgspec.structs.replace(route(), attempt=2, reduces=True))
    assert len(bench.execution.flights) == 1
    bench.execution.on_message("oms1", SwitchesTold(Epoch(1), 6, ()))
    assert [(each.routable, each.reducing) for each in bench.runtime.take(VenueHealth)] == [(True, False)]


def test_what_risk_found_of_an_order_goes_with_it_through_the_journal_to_where_it_leaves() -> None:
    rig = Rig()
    rig.lead()
    for name, reduces in (("a", True), ("b", False)):
        rig.hear("strategy", submit(ClOrdID(name)))
        rig.hear("risk", OrderChecked(ClOrdID(name), (), reduces))
        rig.sync()
    assert [(each.cl_ord_id, each.reduces) for each in rig.take(RouteOrder)] == [("a", True), ("b", False)]
    rig.hear("execution", OrderUnsent(ClOrdID("a"), 1, UnsentReason.VENUE_HALTED))
    rig.sync()
    assert [(each.attempt, each.reduces) for each in rig.take(RouteOrder)] == [(2, True)]


def test_a_deposed_leaders_word_about_what_is_off_is_not_heard() -> None:
    bench = Bench()
    bench.log_on()
    bench.fence(epoch=2)
    bench.execution.on_message("oms1", SwitchesTold(Epoch(1), 5, (DESK,)))
    bench.send(route(epoch=2))
    assert len(bench.execution.flights) == 1


def test_an_order_halted_on_its_way_is_rejected_and_one_for_a_halted_venue_is_routed_again() -> None:
    rig = Rig()
    rig.lead()
    for name, reason in (("a", UnsentReason.HALTED), ("b", UnsentReason.VENUE_HALTED)):
        rig.hear("strategy", submit(ClOrdID(name)))
        rig.hear("risk", OrderChecked(ClOrdID(name), ()))
        rig.sync()
        rig.take(RouteOrder)
        rig.hear("execution", OrderUnsent(ClOrdID(name), 1, reason))
        rig.sync()
        assert [again.cl_ord_id for again in rig.take(RouteOrder)] == (["b"] if name == "b" else [])
    assert [order.cl_ord_id for order in rig.oms.orders] == ["b"]


# --- the console ---


def console(runtime: FakeRuntime | None = None) -> tuple[FakeRuntime, Operator]:
    runtime = runtime or FakeRuntime("operator")
    operator = Operator(runtime, DeskConfig(), Wiring(instruments=(), venues=()))
    operator.on_start()
    return runtime, operator


def test_a_person_who_says_nothing_costs_nothing() -> None:
    runtime, _ = console()
    assert (runtime.opened, runtime.timers, runtime.files) == ([], {}, {})


def test_a_persons_word_goes_to_every_oms_until_nothing_is_left() -> None:
    runtime, operator = console()
    operator.on_message("a person", HALT)
    assert runtime.opened == ["oms1", "oms2"]
    runtime.connect(operator, "oms2")
    assert [word.number for word in runtime.take(SwitchTrading, "oms2")] == [1]
    operator.on_message("oms2", SwitchDone(1, Scope.DESK, "", TradingState.HALTED, 3))
    runtime.advance(operator, 200 * MILLISECOND)
    assert len(runtime.take(SwitchTrading, "oms2")) == 1
    operator.on_message("oms2", SwitchDone(1, Scope.DESK, "", TradingState.HALTED, 0))
    runtime.advance(operator, 1_000 * MILLISECOND)
    assert runtime.take(SwitchTrading) == []
    assert runtime.claims == [
        SwitchReported("desk", "", "halted", 3),
        SwitchReported("desk", "", "halted", 0),
    ]


def test_who_knocks_is_answered_and_hears_nothing_that_is_for_the_oms() -> None:
    runtime, operator = console()
    operator.on_message("a person", HALT)
    runtime.connect(operator, "monitor")
    operator.on_message("monitor", AreYouThere(7))
    assert runtime.take(SwitchTrading, "monitor") == []
    assert runtime.take(Alive, "monitor") == [Alive(7)]


def test_an_answer_to_an_older_word_settles_nothing() -> None:
    runtime, operator = console()
    operator.on_message("a person", HALT)
    operator.on_message("a person", GO)
    operator.on_message("oms1", SwitchDone(1, Scope.DESK, "", TradingState.HALTED, 0))
    assert [word.state for word in operator.waiting] == [TradingState.ACTIVE]
    assert runtime.claims == []
    operator.on_message("oms1", SwitchDone(2, Scope.DESK, "", TradingState.ACTIVE, 0))
    assert operator.waiting == ()


def test_a_halt_is_not_done_by_an_answer_about_another_state_of_the_same_number() -> None:
    runtime, operator = console()
    operator.on_message("a person", HALT)
    operator.on_message("oms1", SwitchDone(1, Scope.DESK, "", TradingState.ACTIVE, 0))
    assert [word.state for word in operator.waiting] == [TradingState.HALTED]
    assert runtime.claims == []


def test_a_word_about_what_does_not_exist_is_refused_once_and_repeated_no_more() -> None:
    runtime, operator = console()
    operator.on_message("a person", SwitchTrading(0, Scope.SYMBOL, "ACNE", TradingState.HALTED))
    runtime.connect(operator, "oms1")
    runtime.take(SwitchTrading)
    for _ in range(2):
        operator.on_message("oms1", SwitchRefused(1, Scope.SYMBOL, "ACNE", NoSuchThing.SYMBOL))
    text = "halted for symbol 'ACNE' is refused: no such symbol"
    assert runtime.claims == [AlertRaised("warning", "operator.refused", text)]
    runtime.advance(operator, 1_000 * MILLISECOND)
    assert (operator.waiting, runtime.take(SwitchTrading)) == ((), [])


def test_a_console_that_restarts_knows_what_it_was_told() -> None:
    runtime, operator = console()
    operator.on_message("a person", HALT)
    runtime.streams.clear()
    _, again = console(runtime)
    assert [(word.number, word.state) for word in again.waiting] == [(1, TradingState.HALTED)]
    assert runtime.opened[-2:] == ["oms1", "oms2"]


def test_a_message_that_is_not_for_the_operator_is_a_bug() -> None:
    _, operator = console()
    with pytest.raises(TypeError, match="operator: no use for a SyncRisk from oms1"):
        operator.on_message("oms1", SyncRisk(Epoch(1), ()))  # type: ignore[arg-type]
