"""What a lost machine may take with it: nothing that was taken or let out, and no state that cannot be rebuilt."""

import msgspec

from squall.scenarios.checks.durability import nothing_lost, rebuilt_equals_live
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.claims import StateHash
from squall.system.domain.event_log import encode_event
from squall.system.domain.events import AnyEvent, OrderApproved, OrderSubmitted
from squall.system.domain.ids import ClOrdID, Epoch, Symbol
from squall.system.domain.messages import Leading, OrderTaken
from squall.system.domain.oms_state import OmsState, evolve
from squall.system.domain.terms import Terms
from squall.system.services.journal import FILE, JournalRecord
from tests.scenarios.stages import Tale, fired, held, undecided


def _submitted(order: str) -> OrderSubmitted:
    return OrderSubmitted(
        cl_ord_id=ClOrdID(order),
        at_ns=0,
        actor="pulse",
        strategy="pulse",
        terms=Terms(Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 20_000),
        intended_ns=0,
    )


def _approved(order: str) -> OrderApproved:
    return OrderApproved(ClOrdID(order), 0, "risk", Epoch(1))


def _journal(tale: Tale, oms: str, after: int, *events: AnyEvent, image: bool = False) -> None:
    record = JournalRecord(Epoch(1), after, image, tuple(map(encode_event, events)))
    tale.stored(oms, FILE, msgspec.msgpack.encode(record))


def _leads(tale: Tale, oms: str, epoch: int = 1) -> None:
    tale.sent(oms, "strategy", Leading(Epoch(epoch), oms))


def _taken(tale: Tale, order: str, oms: str = "oms1") -> int:
    return tale.sent(oms, "strategy", OrderTaken(ClOrdID(order)))


def _hash_of(*events: AnyEvent) -> str:
    state = OmsState()
    for event in events:
        evolve(state, event)
    return state.hash()


# --- nothing is lost ---


def test_orders_that_the_leaders_journal_knows_are_not_lost() -> None:
    tale = Tale()
    judge = tale.judge(nothing_lost())
    _leads(tale, "oms1")
    _taken(tale, "o-1")
    tale.accepted("o-1")
    _journal(tale, "oms1", 0, _submitted("o-1"), _approved("o-1"))
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "RPO 0: all 1 orders are in oms1's journal"


def test_an_order_that_was_taken_and_is_in_no_journal_is_lost() -> None:
    tale = Tale()
    judge = tale.judge(nothing_lost())
    _leads(tale, "oms1")
    seq = _taken(tale, "o-1")
    _journal(tale, "oms1", 0, _submitted("o-2"))
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert ruling.detail == "1 orders are lost: o-1 was taken, and oms1's journal does not know it"


def test_an_order_that_a_venue_has_and_the_new_leader_does_not_know_is_lost() -> None:
    tale = Tale()
    judge = tale.judge(nothing_lost())
    _leads(tale, "oms1")
    seq = tale.accepted("o-1")
    _journal(tale, "oms1", 0, _submitted("o-1"))
    _leads(tale, "oms2", epoch=2)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "o-1 was accepted by exchange-a, and oms2's journal does not know it" in ruling.detail


def test_an_order_that_was_only_submitted_is_nobodys_debt() -> None:
    tale = Tale()
    judge = tale.judge(nothing_lost())
    _leads(tale, "oms1")
    tale.submitted("o-1")
    ruling = judge.ruling()
    assert undecided(ruling)
    assert ruling.detail == "no order was ever taken or accepted"


def test_what_is_not_yet_synced_would_not_survive_and_does_not_count() -> None:
    tale = Tale()
    judge = tale.judge(nothing_lost())
    _leads(tale, "oms1")
    _taken(tale, "o-1")
    record = JournalRecord(Epoch(1), 0, False, (encode_event(_submitted("o-1")),))
    tale.world.host("oms1").disk.append(FILE, msgspec.msgpack.encode(record), lambda _: None)
    assert fired(judge.ruling())


def test_an_image_voids_what_stood_before_it_in_the_journal() -> None:
    tale = Tale()
    judge = tale.judge(nothing_lost())
    _leads(tale, "oms1")
    _taken(tale, "o-1")
    _journal(tale, "oms1", 0, _submitted("o-1"))
    assert held(judge.ruling())
    _journal(tale, "oms1", 0, _submitted("o-2"), image=True)
    assert fired(judge.ruling())


def test_what_follows_an_image_belongs_to_it() -> None:
    tale = Tale()
    judge = tale.judge(nothing_lost())
    _leads(tale, "oms1")
    _journal(tale, "oms1", 0, _submitted("astray"))
    _journal(tale, "oms1", 0, _submitted("o-1"), image=True)
    _journal(tale, "oms1", 1, _submitted("o-2"))
    _taken(tale, "o-1")
    _taken(tale, "o-2")
    assert held(judge.ruling())


def test_an_order_that_was_kept_is_not_lost_by_rot_nor_looked_for_in_a_backup_that_lags() -> None:
    tale = Tale()
    judges = tale.judge(nothing_lost()), tale.judge(rebuilt_equals_live())
    _leads(tale, "oms1")
    _journal(tale, "oms2", 0, _submitted("o-1"))
    _journal(tale, "oms1", 0, _submitted("o-1"))
    _journal(tale, "oms1", 1, _submitted("o-2"))
    for order in ("o-1", "o-2"):
        _taken(tale, order)
    tale.heard(StateHash("orders", 2, _hash_of(_submitted("o-1"), _submitted("o-2"))), "oms1")
    for oms, place in (("oms1", 1), ("oms1", 0), ("oms2", 0)):
        tale.world.host(oms).disk.rot(FILE, place)
        assert [judge.ruling().verdict.value for judge in judges] == ["pass", "pass"]


# --- rebuilt equals live ---


def test_a_journal_that_folds_to_the_published_state_is_that_state() -> None:
    tale = Tale()
    judge = tale.judge(rebuilt_equals_live())
    _leads(tale, "oms1")
    events = (_submitted("o-1"), _approved("o-1"), _submitted("o-2"))
    _journal(tale, "oms1", 0, *events)
    tale.heard(StateHash("orders", 2, _hash_of(*events[:2])), "oms1")
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail == "oms1's journal folds to its live state at version 2"


def test_a_state_that_the_journal_does_not_fold_to_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(rebuilt_equals_live())
    _leads(tale, "oms1")
    _journal(tale, "oms1", 0, _submitted("o-1"), _approved("o-1"))
    seq = tale.heard(StateHash("orders", 2, _hash_of(_submitted("o-1"), _submitted("o-2"))), "oms1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "live it was" in ruling.detail


def test_a_journal_that_is_shorter_than_the_published_version_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(rebuilt_equals_live())
    _leads(tale, "oms1")
    events = (_submitted("o-1"), _approved("o-1"))
    _journal(tale, "oms1", 0, events[0])
    tale.heard(StateHash("orders", 2, _hash_of(*events)), "oms1")
    assert fired(judge.ruling())


def test_a_journal_that_cannot_be_folded_is_a_violation_and_not_our_own_error() -> None:
    tale = Tale()
    judge = tale.judge(rebuilt_equals_live())
    _leads(tale, "oms1")
    _journal(tale, "oms1", 0, _submitted("o-1"), _approved("o-2"))
    tale.heard(StateHash("orders", 2, "whatever"), "oms1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == (
        "oms1's journal cannot be folded: OrderApproved of o-2 at version 2 raises KeyError: 'o-2'"
    )


def test_a_divergent_journal_that_an_image_has_replaced_is_judged_by_the_image() -> None:
    tale = Tale()
    judge = tale.judge(rebuilt_equals_live())
    _leads(tale, "oms1")
    image = (_submitted("o-1"), _approved("o-1"))
    _journal(tale, "oms1", 0, _submitted("astray"), _submitted("astray-2"))
    _journal(tale, "oms1", 0, *image, image=True)
    tale.heard(StateHash("orders", 2, _hash_of(*image)), "oms1")
    assert held(judge.ruling())


def test_only_what_the_last_leader_published_is_compared() -> None:
    tale = Tale()
    judge = tale.judge(rebuilt_equals_live())
    _leads(tale, "oms1")
    tale.heard(StateHash("orders", 1, "a state that nobody rebuilds"), "oms1")
    _leads(tale, "oms2", epoch=2)
    _journal(tale, "oms2", 0, _submitted("o-1"))
    tale.heard(StateHash("orders", 1, _hash_of(_submitted("o-1"))), "oms2")
    assert held(judge.ruling())


def test_where_no_state_was_ever_published_nothing_is_shown() -> None:
    tale = Tale()
    judge = tale.judge(rebuilt_equals_live())
    assert undecided(judge.ruling())
    _leads(tale, "oms1")
    _journal(tale, "oms1", 0, _submitted("o-1"))
    assert undecided(judge.ruling())
