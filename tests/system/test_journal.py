"""The journal and its snapshots: what a restart begins with, and when it must not."""

import pytest

from squall.system.config import DeskConfig, OmsConfig
from squall.system.domain.ids import ClOrdID, Epoch
from squall.system.services.journal import FILE, SNAPSHOT_FILE, Journal, StaleVersionError
from tests.fakes import FakeRuntime
from tests.system.test_oms_service import MILLISECOND, Rig, submit


def journal(runtime: FakeRuntime) -> Journal:
    loaded = Journal(runtime)
    loaded.load()
    return loaded


def written(*events: bytes, epoch: int = 1) -> tuple[FakeRuntime, Journal]:
    runtime = FakeRuntime("oms1")
    new = journal(runtime)
    for event in events:
        new.append(Epoch(epoch), (event,), new.version)
    new.on_durable(len(events))
    return runtime, new


def test_events_that_were_decided_on_another_version_are_a_bug() -> None:
    _, new = written(b"a", b"b")
    with pytest.raises(StaleVersionError, match="after version 1, expected 2"):
        new.append(Epoch(1), (b"c",), 1)


def test_a_restart_begins_with_the_snapshot_and_reads_the_tail_alone() -> None:
    runtime, new = written(b"a", b"b")
    new.save(b"state of two")
    new.append(Epoch(1), (b"c", b"d"), 2)
    runtime.files[FILE][0] = b"not even readable"
    again = journal(runtime)
    assert (again.version, again.saved_version, again.epoch) == (4, 2, 1)
    assert again.recovery() == (b"state of two", [b"c", b"d"])


def test_without_a_snapshot_there_is_the_whole_log() -> None:
    runtime, _ = written(b"a", b"b")
    assert journal(runtime).recovery() == (None, [b"a", b"b"])


def test_what_is_not_durable_is_not_kept() -> None:
    _, new = written(b"a")
    new.append(Epoch(1), (b"b",), 1)
    with pytest.raises(ValueError, match="version 2 is not durable, 1 is"):
        new.save(b"state of two")


def test_a_snapshot_of_a_journal_that_was_replaced_since_is_void() -> None:
    runtime, new = written(b"a", b"b")
    new.save(b"state of two")
    new.replace(Epoch(2), (b"x", b"y", b"z"))
    assert new.recovery() == (None, [b"x", b"y", b"z"])
    again = journal(runtime)
    assert (again.version, again.recovery()) == (3, (None, [b"x", b"y", b"z"]))


def test_a_snapshot_that_outlived_its_records_is_void() -> None:
    runtime, new = written(b"a", b"b")
    new.save(b"state of two")
    del runtime.files[FILE][1]
    assert journal(runtime).recovery() == (None, [b"a"])
    again = journal(runtime)
    again.append(Epoch(2), (b"other",), 1)
    assert journal(runtime).recovery() == (None, [b"a", b"other"])


def test_a_leader_that_restarts_has_the_state_that_it_had() -> None:
    rig = Rig(config=DeskConfig(oms=OmsConfig(snapshot_events=2)))
    rig.lead()
    for number in range(1, 4):
        rig.hear("strategy", submit(ClOrdID(f"pulse-ACME-{number}")))
    rig.sync()
    rig.beat_on(200 * MILLISECOND)
    assert len(rig.runtime.files[SNAPSHOT_FILE]) == 1
    rig.hear("strategy", submit(ClOrdID("pulse-ACME-4")))
    rig.sync()
    before = rig.oms.orders
    rig.start()
    rig.pass_time(2_000 * MILLISECOND)
    rig.lead()
    assert rig.oms.orders == before
    assert rig.oms.as_of(rig.runtime.now_ns).orders == {order.cl_ord_id: order for order in before}
