"""The journal and its snapshots: what a restart begins with, and when it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.system.config import SECOND, DeskConfig, OmsConfig
from squall.system.domain.claims import AlertRaised
from squall.system.domain.ids import ClOrdID, Epoch
from squall.system.domain.messages import (
    JoinStandby,
    JournalImage,
    LeaderBeat,
    OrderTaken,
    RenewLease,
    Replicated,
    RequestLease,
)
from squall.system.services.journal import FILE, SNAPSHOT_FILE, Journal, StaleVersionError, UnreadableLogError
from squall.system.services.leadership import Role
from tests.fakes import FakeRuntime
from tests.system.test_oms_service import MILLISECOND, Rig, follow, submit


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


# --- records that cannot be read any more ---


def test_a_log_with_a_hole_is_no_log_and_one_that_may_have_holes_is_what_is_left() -> None:
    runtime, _ = written(b"a", b"b", b"c")
    runtime.rotten.add((FILE, 1))
    with pytest.raises(UnreadableLogError, match="record 2 of 3 of the log cannot be read"):
        journal(runtime)
    lenient = Journal(runtime, whole=False)
    lenient.load()
    assert (lenient.version, lenient.events()) == (2, [b"a", b"c"])


@given(
    images=st.lists(st.booleans(), min_size=1, max_size=8),
    rotten=st.sets(st.integers(0, 7), max_size=4),
)
def test_a_log_can_be_read_exactly_where_all_since_its_last_sound_image_can(
    images: list[bool], rotten: set[int]
) -> None:
    """The reference walks record by record, and knows only whether it has lost its way."""
    runtime = FakeRuntime("oms1")
    log = journal(runtime)
    events: list[bytes] | None = []
    for place, image in enumerate(images):
        event = b"%d" % place
        if image:
            log.replace(Epoch(1), (event,))
        else:
            log.append(Epoch(1), (event,), log.version)
        if place in rotten:
            runtime.rotten.add((FILE, place))
            events = None
        elif image:
            events = [event]
        elif events is not None:
            events.append(event)
    if events is None:
        with pytest.raises(UnreadableLogError):
            journal(runtime)
    else:
        again = journal(runtime)
        assert (again.events(), again.version) == (events, len(events))
        again.append(Epoch(1), (b"on",), again.version)
        assert journal(runtime).events() == [*events, b"on"]


def test_a_snapshot_that_cannot_be_read_is_passed_over() -> None:
    runtime, new = written(b"a", b"b")
    new.save(b"state of two")
    runtime.rotten.add((SNAPSHOT_FILE, 0))
    assert journal(runtime).recovery() == (None, [b"a", b"b"])


def test_a_backup_whose_copy_has_rotted_does_not_campaign_and_is_sent_another() -> None:
    rig = Rig("oms2")
    follow(rig)
    rig.runtime.rotten.add((FILE, 0))
    rig.pass_time(2 * SECOND)
    assert rig.take(RequestLease) == []
    assert rig.acted("oms.whole_log") == 1
    assert [alert.kind for alert in rig.runtime.claims if isinstance(alert, AlertRaised)] == ["oms.log"]
    rig.take(JoinStandby)
    rig.hear("oms1", LeaderBeat(Epoch(1), "oms1", 9))
    assert rig.take(JoinStandby, "oms1") == [JoinStandby("oms2", 2)]
    rig.hear("oms1", JournalImage(Epoch(1), ()))
    rig.sync()
    rig.pass_time(1 * SECOND)
    assert [request.epoch for request in rig.take(RequestLease, "keeper1")][:1] == [2]


def test_the_first_oms_does_not_begin_anew_over_a_log_that_it_cannot_read() -> None:
    rig = Rig()
    rig.lead()
    rig.runtime.rotten.add((FILE, 0))
    rig.start()
    rig.pass_time(5 * SECOND)
    assert rig.take(RequestLease) == []
    assert (rig.oms.epoch, rig.acted("oms.whole_log")) == (0, 1)


def test_a_leader_that_cannot_pass_its_log_on_leads_no_more() -> None:
    rig = Rig()
    rig.lead()
    rig.runtime.rotten.add((FILE, 0))
    rig.connect("oms2")
    rig.hear("oms2", JoinStandby("oms2", 1))
    assert rig.oms.role is Role.STANDBY
    assert rig.take(JournalImage) == []
    assert rig.acted("oms.whole_log") == 1


@pytest.mark.parametrize("asks", ["positions", "audit"])
def test_a_sitting_leader_whose_log_rots_stops_with_an_alert_when_somebody_has_to_be_told_of_it(asks: str) -> None:
    rig = Rig()
    rig.lead(alone=False)
    rig.hear("strategy", submit(ClOrdID("pulse-ACME-1")))
    rig.sync()
    rig.hear("oms2", Replicated(Epoch(1), rig.oms.version))
    rig.runtime.rotten.add((FILE, 1))
    rig.runtime.disconnect(rig.oms, asks)
    rig.connect(asks)
    assert (rig.oms.role, rig.oms.epoch, rig.oms.orders) == (Role.STANDBY, 0, ())
    assert [alert.kind for alert in rig.runtime.claims if isinstance(alert, AlertRaised)] == ["oms.log"]
    assert rig.acted("oms.whole_log") == 1
    assert {"execution", "risk", "oms2"} <= set(rig.runtime.closed)

    rig.runtime.sent.clear()
    rig.hear("strategy", submit(ClOrdID("pulse-ACME-2")))
    rig.pass_time(5 * SECOND)
    assert rig.take(RenewLease) == rig.take(RequestLease) == rig.take(OrderTaken) == []  # its lease ends by itself

    rig.connect("oms2")  # which leads by now, and has it all
    rig.hear("oms2", LeaderBeat(Epoch(2), "oms2", 1))
    assert rig.take(JoinStandby, "oms2")
    rig.hear("oms2", JournalImage(Epoch(2), (b"a", b"b")))
    rig.sync()
    assert rig.oms.in_step
    assert rig.take(Replicated, "oms2") == [Replicated(Epoch(2), 2)]


def test_a_log_that_rots_between_the_grant_and_its_first_use_is_not_led_from() -> None:
    rig = Rig()
    rig.lead()
    rig.start()
    rig.pass_time(2 * SECOND)
    rig.grant()
    rig.runtime.rotten.add((FILE, 0))
    rig.sync()
    assert (rig.oms.role, rig.acted("oms.whole_log")) == (Role.STANDBY, 1)
