"""The leading OMS about malformed orders, other terms, busts and illegal words: what it says, to whom, and when."""

from typing import Any

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import ExecType, ExecutionReport, OrdStatus, Side
from squall.system.domain.claims import AlertRaised
from squall.system.domain.ids import Epoch
from squall.system.domain.messages import (
    AmendFill,
    AmendOrder,
    AskHoldings,
    CheckOrder,
    CheckReplace,
    Fence,
    OrderChecked,
    OrderLeft,
    OrderProgressed,
    OrderTaken,
    ReplaceAtVenue,
    ReplaceChecked,
    ReplaceRefused,
    ResizeOrder,
    SyncPositions,
    VenueReport,
)
from tests.system.test_oms_service import VENUE, A, Rig, filled, submit


def work(rig: Rig) -> None:
    """The order is at its venue, and acknowledged."""
    rig.hear("strategy", submit())
    rig.hear("risk", OrderChecked(A, ()))
    rig.hear("execution", OrderLeft(A, VENUE, 1))
    ack = ExecutionReport("exchange-a/0", ExecType.NEW, OrdStatus.NEW, A, "7", "ACME", Side.BUY, 0, 10)
    rig.hear("execution", VenueReport(VENUE, A, ack))
    rig.sync()
    rig.runtime.sent.clear()


def test_a_malformed_order_is_taken_rejected_and_told_to_nobody_but_people() -> None:
    rig = Rig()
    rig.lead()
    order = submit()
    rig.hear("strategy", type(order)(**{**_fields(order), "price_half_ticks": 20_001}))
    rig.sync()
    assert [taken.cl_ord_id for taken in rig.take(OrderTaken)] == [A]
    assert rig.take(CheckOrder) == []
    assert [alert.kind for alert in rig.claims(AlertRaised) if alert.kind != "oms.alone"] == ["oms.malformed"]


def test_a_replace_asks_risk_the_venue_and_tells_risk_what_came_of_it() -> None:
    rig = Rig()
    rig.lead()
    work(rig)
    rig.hear("strategy", AmendOrder(A, 1, 15, 20_010))
    (question,) = rig.take(CheckReplace)
    assert (question.replace_id, question.quantity_lots) == (f"{A}~r1", 15)
    rig.hear("risk", ReplaceChecked(A, f"{A}~r1", ()))
    assert rig.take(ReplaceAtVenue) == [], "not before the backup has it"
    rig.sync()
    (asked,) = rig.take(ReplaceAtVenue)
    assert (asked.venue, asked.quantity_lots, asked.revision) == (VENUE, 15, 1)
    rig.hear("execution", ReplaceRefused(A, 1, "order cannot be replaced"))
    rig.sync()
    assert [(each.cl_ord_id, each.quantity_lots) for each in rig.take(ResizeOrder)] == [(A, 10)]


def test_a_strategy_hears_where_its_quote_rests_and_which_terms_it_has_after_each_wish() -> None:
    """The new terms where it was replaced, those that it had where risk or the venue would not."""
    rig = Rig()
    rig.lead()
    rig.hear("strategy", AskHoldings("pulse", Epoch(1)))
    work(rig)
    assert told(rig) == []  # `work` has taken what was said
    for revision, lots in ((1, 15), (2, 20), (3, 25)):
        rig.hear("strategy", AmendOrder(A, revision, lots, 20_010))
        rig.hear("risk", ReplaceChecked(A, f"{A}~r{revision}", ()))
        rig.sync()
        if revision == 2:
            rig.hear("execution", ReplaceRefused(A, 2, "order cannot be replaced"))
        else:
            done = ExecutionReport(
                f"r{revision}", ExecType.REPLACED, OrdStatus.NEW, f"{A}~r{revision}", "7", "ACME", Side.BUY, 0, lots
            )
            rig.hear("execution", VenueReport(VENUE, A, replace(done, order_lots=lots, price_half_ticks=20_010)))
        rig.sync()
    assert told(rig) == [(VENUE, 15, 20_010, 1), (VENUE, 15, 20_010, 2), (VENUE, 25, 20_010, 3)]
    rig.hear("strategy", AmendOrder(A, 4, 25, 20_010))  # no change: the desk itself refuses it
    rig.sync()
    assert told(rig) == [(VENUE, 25, 20_010, 4)]


def told(rig: Rig) -> list[tuple[Any, ...]]:
    return [(each.venue, each.lots, each.price_half_ticks, each.revision) for each in rig.take(OrderProgressed)]


def test_a_new_leader_asks_risk_again_about_a_replace_that_it_had_not_answered() -> None:
    rig = Rig()
    rig.lead()
    work(rig)
    rig.hear("strategy", AmendOrder(A, 1, 15, 20_010))
    rig.take(CheckReplace)
    rig.runtime.disconnect(rig.oms, "risk")
    rig.runtime.connect(rig.oms, "risk")
    assert [question.replace_id for question in rig.take(CheckReplace)] == [f"{A}~r1"]


def test_an_illegal_word_of_a_venue_is_an_event_an_alert_and_a_question() -> None:
    rig = Rig()
    rig.lead()
    work(rig)
    rig.take(Fence)
    report = ExecutionReport(
        "exchange-a/9", ExecType.REJECTED, OrdStatus.REJECTED, A, "7", "ACME", Side.BUY, 0, 0, 0, 0
    )
    rig.hear("execution", VenueReport(VENUE, A, report))
    rig.sync()
    assert [alert.kind for alert in rig.claims(AlertRaised) if alert.kind != "oms.alone"] == ["oms.illegal_transition"]
    (fence,) = rig.take(Fence)
    assert [listed.order.cl_ord_id for listed in fence.orders] == [A]


def test_a_bust_reaches_the_positions_and_a_new_stream_tells_it_again() -> None:
    rig = Rig()
    rig.lead()
    work(rig)
    rig.hear("execution", filled(A, "e1", 4, 4))
    bust = ExecutionReport(
        "e1-bust", ExecType.TRADE_CANCEL, OrdStatus.NEW, A, "7", "ACME", Side.BUY, 0, 10, 4, 20_000, exec_ref_id="e1"
    )
    rig.hear("execution", VenueReport(VENUE, A, bust))
    rig.sync()
    (amended,) = rig.take(AmendFill)
    assert (amended.ref_exec_id, amended.lots) == ("e1", 0)
    rig.runtime.disconnect(rig.oms, "positions")
    rig.runtime.connect(rig.oms, "positions")
    (sync,) = rig.take(SyncPositions)
    assert sync.amendments == (amended,)


def _fields(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__struct_fields__}
