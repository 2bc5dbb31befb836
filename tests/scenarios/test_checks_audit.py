"""The audit's disk alone must tell what became of every order that a venue has seen."""

from squall.scenarios.checks.audit import audit_complete
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.audit_trail import AuditRecord, encode_record
from squall.system.domain.events import (
    AnyEvent,
    OrderApproved,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderSent,
    OrderSubmitted,
)
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.terms import Terms
from squall.system.services.audit import FILE
from tests.scenarios.stages import Tale, fired, held

ORDER = ClOrdID("o-1")
SUBMITTED = OrderSubmitted(
    ORDER, 0, "pulse", "pulse", Terms(Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 20_000), 0
)
APPROVED = OrderApproved(ORDER, 0, "risk", Epoch(1))
CANCELED = OrderCanceled(ORDER, 0, "exchange-a", 10)


def _filled(lots: int, number: int = 1) -> OrderFilled:
    venue = Venue("exchange-a")
    return OrderFilled(ORDER, 0, "exchange-a", ExecID(f"x-{number}"), venue, Symbol("ACME"), Side.BUY, lots, 20_000)


def _copied(tale: Tale, first_version: int, *events: AnyEvent) -> None:
    tale.stored("ops", FILE, encode_record(AuditRecord(Epoch(1), first_version, 0, events)))


def test_an_order_that_is_told_from_submission_to_cancel_is_whole() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    tale.accepted("o-1")
    _copied(tale, 1, SUBMITTED, APPROVED)
    _copied(tale, 3, CANCELED)
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "1 orders, 1 of them seen by a venue, all whole"


def test_an_order_ends_when_all_of_it_is_filled() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    tale.accepted("o-1")
    _copied(tale, 1, SUBMITTED, APPROVED, _filled(4), _filled(6, 2))
    assert held(judge.ruling())


def test_a_fill_in_part_is_no_end() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    seq = tale.accepted("o-1")
    _copied(tale, 1, SUBMITTED, APPROVED, _filled(4))
    ruling = judge.ruling()
    assert fired(ruling)
    assert (ruling.seq, ruling.detail) == (seq, "o-1: its audit trail has no end")


def test_an_order_of_which_the_audit_never_heard_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    tale.accepted("o-1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "o-1: its audit trail has no OrderSubmitted"


def test_an_order_that_nobody_approved_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    tale.accepted("o-1")
    _copied(tale, 1, SUBMITTED, CANCELED)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "o-1: its audit trail has no OrderApproved"


def test_a_hole_in_the_journals_versions_is_a_violation_whoever_it_was_about() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    tale.accepted("o-1")
    _copied(tale, 1, SUBMITTED, APPROVED)
    _copied(tale, 5, CANCELED)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "versions 3 to 4 of the journal are not on the audit's disk"


def test_a_hole_that_was_filled_later_is_none() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    tale.accepted("o-1")
    _copied(tale, 1, SUBMITTED)
    _copied(tale, 3, CANCELED)
    _copied(tale, 2, APPROVED)
    assert held(judge.ruling())


def test_an_order_that_no_venue_saw_has_a_trail_too() -> None:
    tale = Tale()
    judge = tale.judge(audit_complete())
    seq = tale.submitted("o-1")
    assert fired(judge.ruling())
    _copied(tale, 1, SUBMITTED)
    ruling = judge.ruling()
    assert fired(ruling)
    assert (ruling.seq, ruling.detail) == (seq, "o-1: its audit trail has no end")
    _copied(tale, 2, OrderDenied(ORDER, 0, "risk", ()))
    assert held(judge.ruling())


def test_events_that_stand_where_they_cannot_are_a_violation() -> None:
    sent = OrderSent(ORDER, 0, "execution", Venue("exchange-a"), 1)
    for events, disorder in (
        ((APPROVED, SUBMITTED, CANCELED), "OrderApproved before OrderSubmitted"),
        ((SUBMITTED, sent, APPROVED, CANCELED), "OrderSent before OrderApproved"),
        ((SUBMITTED, APPROVED, CANCELED, _filled(4)), "OrderFilled after its end"),
    ):
        tale = Tale()
        judge = tale.judge(audit_complete())
        tale.accepted("o-1")
        _copied(tale, 1, *events)
        ruling = judge.ruling()
        assert fired(ruling)
        assert ruling.detail == f"o-1: its audit trail has {disorder}"
