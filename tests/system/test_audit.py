"""The audit: every event of the journal once, whoever sends it, and a history from the file alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import DeskConfig
from squall.system.domain.audit_trail import Coverage, decode_record, missing_versions, trails
from squall.system.domain.claims import AlertRaised
from squall.system.domain.events import AnyEvent, OrderApproved, OrderDenied, OrderSubmitted
from squall.system.domain.ids import ClOrdID, Epoch, Symbol
from squall.system.domain.messages import Denial, DenyReason, JournalCopied
from squall.system.domain.terms import Terms
from squall.system.services.audit import Audit
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
WIRING = Wiring(instruments=(Instrument(ACME),), venues=())


def submitted(name: str) -> OrderSubmitted:
    return OrderSubmitted(
        ClOrdID(name), 10, "pulse", "pulse", Terms(ACME, Side.BUY, 5, OrdType.LIMIT, TimeInForce.IOC, 200), 9
    )


def approved(name: str) -> OrderApproved:
    return OrderApproved(ClOrdID(name), 11, "risk", Epoch(1))


def copied(first_version: int, *events: AnyEvent, epoch: int = 1) -> JournalCopied:
    return JournalCopied(Epoch(epoch), first_version, events)


def started(runtime: FakeRuntime) -> Audit:
    audit = Audit(runtime, DeskConfig(), WIRING)
    audit.on_start()
    runtime.connect(audit, "monitor")
    return audit


def test_a_batch_is_one_record_on_the_disk_and_goes_on_to_the_monitor() -> None:
    runtime = FakeRuntime("audit", now_ns=77)
    batch = copied(1, submitted("a"), approved("a"))
    started(runtime).on_message("oms1", batch)
    (data,) = runtime.files["audit"]
    record = decode_record(data)
    assert (record.epoch, record.first_version, record.copied_ns) == (1, 1, 77)
    assert record.events == batch.events
    assert runtime.take(JournalCopied, "monitor") == [batch]


def test_what_a_new_leader_repeats_is_written_once() -> None:
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    audit.on_message("oms1", copied(1, submitted("a"), approved("a")))
    audit.on_message("oms2", copied(1, submitted("a"), approved("a"), submitted("b"), epoch=2))
    assert [decode_record(data).first_version for data in runtime.files["audit"]] == [1, 3]
    assert runtime.take(JournalCopied, "monitor")[-1] == copied(3, submitted("b"), epoch=2)


def test_a_hole_is_told_and_filled_by_whoever_brings_it() -> None:
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    audit.on_message("oms1", copied(1, submitted("a")))
    audit.on_message("oms1", copied(3, submitted("b")))
    (alert,) = runtime.claims
    assert isinstance(alert, AlertRaised)
    assert alert.text == "audit: versions 2 to 2 of the journal have not come, 3 has"
    assert missing_versions(runtime.files["audit"]) == ((2, 3),)
    audit.on_message("oms2", copied(1, submitted("a"), approved("a"), submitted("b"), epoch=2))
    assert missing_versions(runtime.files["audit"]) == ()
    assert len(runtime.files["audit"]) == 3


def test_after_a_restart_the_file_says_what_is_new() -> None:
    runtime = FakeRuntime("audit")
    started(runtime).on_message("oms1", copied(1, submitted("a"), approved("a")))
    started(runtime).on_message("oms1", copied(1, submitted("a"), approved("a"), submitted("b")))
    assert [decode_record(data).first_version for data in runtime.files["audit"]] == [1, 3]


def test_a_monitor_that_is_gone_is_called_again_and_costs_the_audit_nothing() -> None:
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    runtime.disconnect(audit, "monitor")
    audit.on_message("oms1", copied(1, submitted("a")))
    assert len(runtime.files["audit"]) == 1
    runtime.advance(audit, 50_000_000)
    assert runtime.opened == ["monitor", "monitor"]


def test_the_audit_knows_how_far_its_file_is_on_the_disk() -> None:
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    audit.on_message("oms1", copied(1, submitted("a")))
    assert audit.durable_token == 0
    runtime.sync(audit)
    assert audit.durable_token == 1


def test_an_order_that_risk_denied_has_its_history_too() -> None:
    """Erratum 9: the chapter never stores it."""
    runtime = FakeRuntime("audit")
    audit = started(runtime)
    denied = OrderDenied(ClOrdID("b"), 12, "risk", (Denial(DenyReason.ORDER_SIZE, 5, 4),))
    audit.on_message("oms1", copied(3, denied))
    audit.on_message("oms2", copied(1, submitted("a"), submitted("b"), denied, approved("a"), epoch=2))
    histories = trails(runtime.files["audit"])
    assert list(histories) == ["a", "b"]
    assert [(entry.version, entry.event) for entry in histories[ClOrdID("b")]] == [
        (2, submitted("b")),
        (3, denied),
    ]
    assert [entry.epoch for entry in histories[ClOrdID("a")]] == [2, 2]


def test_a_record_that_is_no_record_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="audit: record is not a copied batch of the journal"):
        trails([b"\x01"])


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12)), max_size=30))
def test_coverage_is_what_a_set_of_versions_would_say(batches: list[tuple[int, int]]) -> None:
    coverage = Coverage()
    seen: set[int] = set()
    for first, count in batches:
        fresh = [version for low, high in coverage.take(first, count) for version in range(low, high)]
        assert fresh == [version for version in range(first, first + count) if version not in seen]
        seen.update(range(first, first + count))
    missing = [version for low, high in coverage.missing for version in range(low, high)]
    assert missing == [version for version in range(1, max(seen, default=0)) if version not in seen]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12)), max_size=30))
def test_the_short_way_for_what_comes_next_notes_what_the_long_way_would(batches: list[tuple[int, int]]) -> None:
    short, long = Coverage(), Coverage()
    for first, count in batches:
        if short.follows(first, count):
            assert long.take(first, count) == [(first, first + count)]
        else:
            assert short.take(first, count) == long.take(first, count)
    assert short.missing == long.missing
