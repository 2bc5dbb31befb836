"""Bits that flip where nobody looks, and reads that fail: who is told, who goes down, and what is still there."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.disk import BitRot, ReadError
from squall.faults.fault import Fault, during
from squall.faults.host import Crash
from squall.scenarios.find import choose
from squall.scenarios.prove import chosen
from squall.scenarios.result import Verdict
from squall.scenarios.run import run
from squall.sim.lives import START_UP_NS
from squall.sim.trace import HostCrashed, ProgramRaised, ProgramStarted
from tests.faults.stages import stage_with
from tests.scenarios.runs import library_run
from tests.sim.machines import Diary, TwoHosts

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND

REFUSED: list[tuple[Fault, str]] = [
    (BitRot("host3"), "no host 'host3'; hosts are host1, host2"),
    (BitRot("host1", records=0), "bit rot: expected 1 to 1000 records, found 0"),
    (ReadError("host1", share=0.0), "read error: the share must be above 0 and at most 1, found 0.0"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        stage_with(during(2_000, 3_000, fault))
    assert str(caught.value) == f"plan[0]: {line}"


def fill(stage: TwoHosts, *files: str, each: int = 5) -> None:
    runtime = stage.diary("a").runtime
    for file in files:
        for number in range(each):
            runtime.append(file, b"%s-%d" % (file.encode(), number))


@given(seed=st.integers(0, 10**6), records=st.integers(1, 12))
def test_what_has_rotted_is_gone_for_programs_and_nothing_else_is(seed: int, records: int) -> None:
    stage, plan = stage_with(during(100_000, 100_001, BitRot("host1", "log", records)), seed=seed)
    fill(stage, "log", "other")
    stage.run(200_000)
    disk = stage.world.host("host1").disk
    assert disk.read("other") == disk.written("other") == [b"other-%d" % number for number in range(5)]
    each = disk.read_each("log")
    assert each.count(None) == plan.tallies[0].effects == min(records, 5)
    assert all(data in (None, b"log-%d" % number) for number, data in enumerate(each))
    assert disk.durable("log") == [data for data in each if data is not None]
    with pytest.raises(OSError, match=r"log: record \d does not fit its checksum"):
        disk.read("log")
    fill(stage, "log", each=1)
    assert disk.read_each("log")[5:] == [b"log-0"], "what is written later is sound"
    disk.destroy()
    assert disk.read("log") == [], "another disk has no rot"


def test_rot_finds_nothing_where_nothing_is_durable_and_says_that_it_touched_nothing() -> None:
    stage, plan = stage_with(during(2_000, 3_000, BitRot("host1", "log")))
    stage.run(10_000)
    assert plan.tallies[0].effects == 0
    with pytest.raises(ValueError, match="host1: log has no durable record 0"):
        stage.world.host("host1").disk.rot("log", 0)


def test_what_has_rotted_does_not_rot_again() -> None:
    window = during(100_000, 100_001, BitRot("host1", "log", 3))
    stage, plan = stage_with(window, window)
    fill(stage, "log", each=4)
    stage.run(200_000)
    assert sorted(tally.effects for tally in plan.tallies) == [1, 3]
    assert stage.world.host("host1").disk.read_each("log") == [None] * 4


def test_rot_of_a_file_that_is_not_there_says_which_are() -> None:
    stage, plan = stage_with(during(100_000, 100_001, BitRot("host1", "lgo")))
    fill(stage, "log", "other")
    stage.run(200_000)
    assert plan.tallies[0].words == "nothing: no sound record in lgo on host1; its files are log, other"
    assert plan.tallies[0].effects == 0


class Reader(Diary):
    """Reads its file when it starts, as who remembers does."""

    def on_start(self) -> None:
        super().on_start()
        self._note("read", len(self.runtime.read("log")))


def started(stage: TwoHosts) -> list[int]:
    return [record.at_ns for record in stage.memory.records if type(record.event) is ProgramStarted]


def test_who_cannot_read_its_file_goes_down_alone_and_is_started_ever_more_seldom_until_it_can() -> None:
    plan = (during(100_000, 500 * MILLISECOND, ReadError("host1")), during(200_000, 300_000, Crash("host1")))
    stage, installed = stage_with(*plan)
    stage.world.place("host1", "reader", Reader)
    stage.run(800 * MILLISECOND)
    raised = stage.memory.events(ProgramRaised)
    assert {event.error for event in raised} == {"[Errno 5] log: the device gave no data"}
    assert all(event.injected and event.program == "reader" for event in raised)
    assert len(raised) == installed.tallies[0].effects == 4
    waits = [later - earlier for earlier, later in pairwise((300_000, *started(stage)))]
    assert [round(wait / START_UP_NS) for wait in waits] == [1, 2, 4, 8]
    assert len([record for record in stage.memory.records if type(record.event) is HostCrashed]) == 1
    reader = stage.world.program("reader")
    assert isinstance(reader, Reader)
    assert ("read", 0) in reader.told
    assert stage.world.program("a") is not None


def test_a_share_of_all_reads_fails_and_which_is_the_seeds_to_say() -> None:
    counts = set()
    for seed in range(8):
        stage, plan = stage_with(during(2_000, 3_000, ReadError("host1", share=0.5)), seed=seed)
        stage.run(1_500)
        for _ in range(40):
            with suppress(OSError):
                stage.world.host("host1").disk.read("log")
        counts.add(plan.tallies[0].effects)
    assert len(counts) > 2
    assert all(8 <= count <= 32 for count in counts)


def test_nobody_leads_from_a_journal_with_a_hole_and_the_backup_is_whole_again_in_the_end() -> None:
    (row,) = chosen(["oms.whole_log"])
    assert library_run(row.scenario).verdict is Verdict.PASS
    lenient = library_run(row.scenario, row.off)
    assert row.promise in [check.name for check in lenient.checks if check.verdict is Verdict.VIOLATED]


def test_a_sitting_leader_whose_journal_rots_makes_room_for_the_backup_when_positions_ask_for_all_fills() -> None:
    """The host of the books crashes: on the stream that comes next the leader has to read its log."""
    plan = (
        during(4 * SECOND, 4_100 * MILLISECOND, BitRot("oms1", "journal", 3)),
        during(6 * SECOND, 7 * SECOND, Crash("book")),
    )
    result = run(choose("rotten-backup", seed=1, plan=plan))
    assert result.verdict is Verdict.PASS
    assert result.metrics["acted.oms.whole_log"] == 1
    assert result.metrics["acted.lease.takeover"] == 1


def test_with_both_copies_rotten_the_desk_stands_still_and_says_so() -> None:
    plan = (
        during(2 * SECOND, 2_001 * MILLISECOND, BitRot("oms", "journal", 5)),
        during(3 * SECOND, 5 * SECOND, Crash("oms")),
    )
    result = run(choose("split-brain", seed=2, plan=plan))
    assert result.metrics["acted.oms.whole_log"] == 2
    broken = {check.name for check in result.checks if check.verdict.value == "violated"}
    assert "every order comes to an end" in broken
    assert not broken & {"no order is sent twice", "at most one leader acts per epoch", "program_raised"}
