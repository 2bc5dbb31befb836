"""Risk as a service: when it answers, whom it heeds, and what it says of its protections."""

from decimal import Decimal

import pytest

from squall.sim.exchange.wire.messages import Side
from squall.system.config import DeskConfig, RiskConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import (
    AskPositions,
    CancelOrder,
    CheckOrder,
    OpenOrder,
    OrderChecked,
    PositionChanged,
    PositionState,
    PositionsTold,
    ReleaseOrder,
    SyncRisk,
    Tick,
)
from squall.system.services.risk import Risk
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
WIRING = Wiring(instruments=(Instrument(ACME, unit_money=Decimal("0.01")),), venues=())
LIMITS = RiskConfig(max_order_lots=100, max_position_lots=150, max_daily_loss=10, duplicate_filter=False)


def question(name: str, lots: int = 100, epoch: int = 1, side: Side = Side.BUY) -> CheckOrder:
    return CheckOrder(Epoch(epoch), ClOrdID(name), ACME, side, lots)


def told(net_lots: int = 0, cash_flow: int = 0, epoch: int = 1) -> PositionsTold:
    return PositionsTold(Epoch(epoch), (PositionState(ACME, net_lots, cash_flow, 0, 0, 1),), (), 1)


def started(limits: RiskConfig = LIMITS) -> tuple[FakeRuntime, Risk]:
    """A risk service that has just come up, with its streams open, and knows nothing."""
    runtime = FakeRuntime("risk")
    risk = Risk(runtime, DeskConfig(risk=limits), WIRING)
    risk.on_start()
    for peer in ("oms1", "positions"):
        runtime.connect(risk, peer)
    return runtime, risk


def at_work(limits: RiskConfig = LIMITS, net_lots: int = 0, cash_flow: int = 0) -> tuple[FakeRuntime, Risk]:
    runtime, risk = started(limits)
    risk.on_message("oms1", SyncRisk(Epoch(1), ()))
    risk.on_message("positions", told(net_lots, cash_flow))
    risk.on_message("market-data", Tick(Venue("exchange-a"), ACME, 1, 99, 5, 101, 5))
    return runtime, risk


def answers(runtime: FakeRuntime, to: str = "oms1") -> list[tuple[str, bool]]:
    return [(checked.cl_ord_id, not checked.denials) for checked in runtime.take(OrderChecked, to)]


def test_a_question_is_answered_on_the_stream_that_it_came_by() -> None:
    runtime, risk = at_work()
    risk.on_message("oms1", question("a"))
    risk.on_message("oms1", question("b"))
    assert answers(runtime) == [("a", True), ("b", False)]


@pytest.mark.parametrize("first", ["leader", "positions"])
def test_nothing_is_approved_before_both_the_leader_and_the_positions_have_spoken(first: str) -> None:
    runtime, risk = started()
    news: dict[str, SyncRisk | PositionsTold] = {
        "leader": SyncRisk(Epoch(1), ()),
        "positions": told(net_lots=100),
    }
    one = news.pop(first)
    (other,) = news.values()
    risk.on_message("somebody", one)
    risk.on_message("oms1", question("a"))
    assert answers(runtime) == []
    risk.on_message("somebody", other)
    assert answers(runtime) == [("a", False)]


def test_a_restarted_risk_knocks_at_the_positions_until_they_answer() -> None:
    runtime = FakeRuntime("risk")
    risk = Risk(runtime, DeskConfig(), WIRING)
    risk.on_start()
    assert runtime.opened == ["positions"]
    runtime.disconnect(risk, "positions")
    runtime.advance(risk, 50_000_000)
    assert runtime.opened == ["positions", "positions"]


def test_questions_that_wait_are_bounded_and_the_one_dropped_is_named() -> None:
    runtime, risk = started(RiskConfig(max_waiting=2, duplicate_filter=False))
    risk.on_message("market-data", Tick(Venue("exchange-a"), ACME, 1, 99, 5, 101, 5))
    for name in ("a", "b", "b", "c"):
        risk.on_message("oms1", question(name))
    (alert,) = runtime.claims
    assert isinstance(alert, AlertRaised)
    assert alert.text == "risk: 2 questions wait already, dropped the one about c"
    risk.on_message("oms1", SyncRisk(Epoch(1), ()))
    risk.on_message("positions", told())
    assert answers(runtime) == [("a", True), ("b", True)]


def test_an_order_that_was_withdrawn_while_its_question_waited_reserves_nothing() -> None:
    runtime, risk = started()
    risk.on_message("market-data", Tick(Venue("exchange-a"), ACME, 1, 99, 5, 101, 5))
    risk.on_message("oms1", SyncRisk(Epoch(1), ()))
    risk.on_message("oms1", question("a"))
    risk.on_message("oms1", ReleaseOrder(ClOrdID("a"), 0))
    risk.on_message("positions", told())
    assert answers(runtime) == []
    assert risk.gate.in_flight(ACME) == (0, 0)


def test_a_question_whose_stream_died_is_not_answered_later() -> None:
    runtime, risk = started()
    risk.on_message("oms1", question("a"))
    runtime.disconnect(risk, "oms1")
    runtime.connect(risk, "oms1")
    risk.on_message("oms1", SyncRisk(Epoch(1), ()))
    risk.on_message("positions", told())
    assert answers(runtime) == []
    assert risk.gate.open_orders == 0


def test_a_deposed_leader_is_neither_answered_nor_believed() -> None:
    runtime, risk = at_work()
    runtime.connect(risk, "oms2")
    risk.on_message("oms2", SyncRisk(Epoch(2), (OpenOrder(ClOrdID("x"), ACME, Side.BUY, 40, 0),)))
    risk.on_message("oms1", question("a", epoch=1))
    risk.on_message("oms1", SyncRisk(Epoch(1), ()))
    assert answers(runtime, "oms1") == []
    assert risk.gate.in_flight(ACME) == (40, 0)
    risk.on_message("oms2", question("b", epoch=2))
    assert answers(runtime, "oms2") == [("b", True)]


def test_a_question_of_a_leader_that_has_not_yet_synced_waits_for_its_word() -> None:
    runtime, risk = at_work()
    runtime.connect(risk, "oms2")
    risk.on_message("oms2", question("b", epoch=2))
    assert answers(runtime, "oms2") == []
    risk.on_message("oms2", SyncRisk(Epoch(2), ()))
    assert answers(runtime, "oms2") == [("b", True)]


def test_the_positions_are_asked_anew_when_a_leader_no_longer_lists_what_is_reserved() -> None:
    runtime, risk = at_work()
    risk.on_message("oms1", question("a"))
    risk.on_message("oms1", SyncRisk(Epoch(1), ()))
    assert len(runtime.take(AskPositions, "positions")) == 1
    assert risk.gate.in_flight(ACME) == (100, 0)
    risk.on_message("positions", told(100))
    assert (risk.gate.net_lots(ACME), risk.gate.in_flight(ACME)) == (100, (0, 0))


def test_fills_and_releases_reach_the_gate() -> None:
    runtime, risk = at_work()
    risk.on_message("oms1", question("a"))
    risk.on_message("positions", PositionChanged(ACME, 30, -3_000, 0, ClOrdID("a"), ExecID("x/1"), 30, 2))
    risk.on_message("oms1", ReleaseOrder(ClOrdID("a"), 30))
    assert (risk.gate.net_lots(ACME), risk.gate.in_flight(ACME)) == (30, (0, 0))
    assert answers(runtime) == [("a", True)]


def test_a_denial_for_what_is_in_flight_shows_that_protection_at_work() -> None:
    runtime, risk = at_work()
    risk.on_message("oms1", question("a"))
    risk.on_message("oms1", question("b"))
    assert runtime.claims == [ProtectionActed("risk.count_in_flight", "denied b")]


def test_a_denial_for_the_daily_loss_shows_that_protection_at_work() -> None:
    """Erratum 24: the order that reduces passes, and nothing is claimed for it."""
    runtime, risk = at_work(net_lots=10, cash_flow=-2_000)
    risk.on_message("oms1", question("more", 1))
    risk.on_message("oms1", question("less", 10, side=Side.SELL))
    assert answers(runtime) == [("more", False), ("less", True)]
    assert runtime.claims == [ProtectionActed("risk.loss_limit", "denied more")]


def test_new_limits_hold_for_the_next_question() -> None:
    runtime, risk = at_work()
    risk.on_config(DeskConfig(risk=RiskConfig(max_order_lots=5)))
    risk.on_message("oms1", question("a", 6))
    assert answers(runtime) == [("a", False)]


def test_a_message_that_is_not_for_risk_is_a_bug() -> None:
    _, risk = started()
    with pytest.raises(TypeError, match="risk: no handler for CancelOrder from oms1"):
        risk.on_message("oms1", CancelOrder(ClOrdID("a")))  # type: ignore[arg-type]


def test_the_hard_block_says_that_it_acted_and_a_warning_is_only_said() -> None:
    runtime, risk = at_work(RiskConfig(max_order_lots=100, warn_order_lots=50))
    for name, lots in (("usual", 50), ("large", 51), ("too large", 101)):
        risk.on_message("oms1", question(name, lots))
    assert answers(runtime) == [("usual", True), ("large", True), ("too large", False)]
    assert [claim.text for claim in runtime.claims if isinstance(claim, AlertRaised)] == [
        "large is unusually large: 51 lots"
    ]
    assert ProtectionActed("risk.hard_block", "denied too large") in runtime.claims


def test_without_the_hard_block_a_warning_is_all_there_is_and_no_order_is_empty() -> None:
    runtime, risk = at_work(RiskConfig(max_order_lots=100, warn_order_lots=50, hard_block=False))
    for name, lots in (("too large", 101), ("empty", 0)):
        risk.on_message("oms1", question(name, lots))
    assert answers(runtime) == [("too large", True), ("empty", False)]
    assert [claim.text for claim in runtime.claims if isinstance(claim, AlertRaised)] == [
        "too large is unusually large: 101 lots"
    ]
