"""Cards, cores, disks and clocks that go wrong while the machine runs on; and what a torn write leaves behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.fault import Fault, during
from squall.faults.hardware import ClockDrift, ClockStep, CoreThrottled, DiskFull, DiskSlow, NicDown, TornWrite
from squall.faults.host import Crash, Pause
from squall.sim.clock import Clock
from squall.sim.disk import DEFAULT_FSYNC_NS
from squall.sim.host import Costs
from squall.sim.trace import DiskLost
from tests.faults.stages import Market, chatter, heard, stage_with
from tests.sim.machines import Note, TwoHosts

SECOND = 1_000_000_000

REFUSED: list[tuple[Fault, str]] = [
    (NicDown("oms3"), "no host 'oms3'; hosts are left, left-trader"),
    (CoreThrottled("left-trader", 1.0), "cores throttled: the factor must be above 1 and at most a million, found 1.0"),
    (DiskFull("oms3"), "no host 'oms3'; hosts are left, left-trader"),
    (DiskSlow("left-trader", 0.5), "disk slow: the factor must be above 1 and at most a million, found 0.5"),
    (TornWrite("oms3"), "no host 'oms3'; hosts are left, left-trader"),
    (ClockStep("left-trader", 0), "clock step: the step must not be 0 ns"),
    (ClockDrift("left-trader", 200_000), "clock drift: expected 1 to 100000 ppm either way, found 200000"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        Market(during(0, SECOND, fault))
    assert str(caught.value) == f"plan[0]: {line}"


# --- the network card ---


def test_with_its_card_down_a_host_hears_nobody_and_its_own_timers_ring() -> None:
    stage, plan = stage_with(during(2_000, 5_000, NicDown("host2")))
    chatter(stage, 100, 80)
    stage.at(3_000, lambda: stage.diary("b").runtime.set_timer(50, "still here"))
    stage.run(20_000)
    assert heard(stage, "b") == heard(stage, "a") == [*range(1_000, 1_900, 100), *range(5_000, 9_000, 100)]
    assert (3_050, "timer", "still here") in [(at_ns, *what) for at_ns, *what in rounded(stage, "b", 3_000)]
    assert plan.tallies[0].words == "1 link down, 62 packets lost"


def rounded(stage: TwoHosts, address: str, since_ns: int) -> list[tuple[object, ...]]:
    """Entries since then, housekeeping time taken off, as timers show what was asked for."""
    return [(at_ns - 500, *what) for at_ns, *what in stage.diary(address).entries if at_ns >= since_ns]


# --- the cores ---


def served(stage: TwoHosts) -> list[int]:
    """When b had handled each message."""
    return [entry[0] for entry in stage.diary("b").entries if entry[1] == "message"]


def test_a_throttled_core_serves_what_it_has_begun_and_all_that_follows_that_much_slower() -> None:
    """1,000 ns a message. One is half served when the heat comes: the other half takes three times as long."""
    stage, _ = stage_with(during(2_600, 9_100, CoreThrottled("host2", 3.0)), costs=Costs(default_ns=1_000))
    for at_ns in (2_000, 2_100, 9_000):
        stage.at(at_ns, lambda at_ns=at_ns: stage.diary("a").runtime.send("b", Note(f"{at_ns}")))
    stage.run(20_000)
    # 2,100 to 2,600 at full speed, then 500 at a third: 4,100; the next takes 3,000; the last begins as it heals.
    assert served(stage) == [4_100, 7_100, 10_100]


def test_two_throttles_multiply_and_a_pause_between_them_changes_nothing_of_that() -> None:
    stage, _ = stage_with(
        during(2_100, 50_000, CoreThrottled("host2", 2.0)),
        during(2_100, 50_000, CoreThrottled("host2", 5.0)),
        during(3_100, 4_100, Pause("host2")),
        costs=Costs(default_ns=1_000),
    )
    stage.at(2_000, lambda: stage.diary("a").runtime.send("b", Note("1")))
    stage.run(60_000)
    assert served(stage) == [2_100 + 10 * 1_000 + 1_000]


@given(
    windows=st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 20), st.sampled_from((2.0, 4.0))), min_size=1, max_size=4
    )
)
def test_the_work_done_under_any_throttles_is_what_a_clock_of_the_work_says(
    windows: list[tuple[int, int, float]],
) -> None:
    """The reference walks nanosecond by nanosecond, and does 1/slowness of one each."""
    plan = [
        during(2_000 + 50 * start, 2_000 + 50 * (start + length), CoreThrottled("host2", factor))
        for start, length, factor in windows
    ]
    stage, _ = stage_with(*plan, costs=Costs(default_ns=900))
    stage.at(2_000, lambda: stage.diary("a").runtime.send("b", Note("1")))
    stage.run(60_000)
    at_ns, work = 2_100, 900.0
    while work > 1e-6:
        slowness = 1.0
        for planned in plan:
            if planned.start_ns <= at_ns < planned.end_ns:
                fault = planned.fault
                assert isinstance(fault, CoreThrottled)
                slowness *= fault.factor
        work -= 1 / slowness
        at_ns += 1
    # Each change of speed rounds once, by less than what a nanosecond takes at the slowest.
    assert abs(served(stage)[0] - at_ns) <= 2 * len(plan) * 4**4


# --- the disk ---


def durable(stage: TwoHosts) -> list[int]:
    """When a was told that something is durable."""
    return [entry[0] for entry in stage.diary("a").entries if entry[1] == "durable"]


def test_on_a_full_disk_nothing_becomes_durable_until_there_is_room_and_then_all_does() -> None:
    stage, plan = stage_with(during(2_000, 900_000, DiskFull("host1")))
    for at_ns in (100_000, 200_000, 300_000):
        stage.at(at_ns, lambda: stage.diary("a").runtime.append("log", b"x"))
    stage.run(2_000_000)
    assert durable(stage) == [900_000 + DEFAULT_FSYNC_NS + 500]
    assert plan.tallies[0].words == "3 records without room"
    assert stage.world.host("host1").disk.durable("log") == [b"x"] * 3


def test_a_crash_takes_what_found_no_room() -> None:
    stage, _ = stage_with(during(2_000, 900_000, DiskFull("host1")), during(500_000, 600_000, Crash("host1")))
    stage.at(100_000, lambda: stage.diary("a").runtime.append("log", b"x"))
    stage.run(2_000_000)
    assert stage.world.host("host1").disk.durable("log") == []
    assert [event.records for event in stage.memory.events(DiskLost)] == [1]


def test_a_slow_disk_takes_its_factor_longer_and_two_of_them_both() -> None:
    stage, plan = stage_with(
        during(2_000, 500_000, DiskSlow("host1", 2.0)), during(300_000, 500_000, DiskSlow("host1", 3.0))
    )
    for at_ns in (100_000, 400_000, 600_000):
        stage.at(at_ns, lambda: stage.diary("a").runtime.append("log", b"x"))
    stage.run(2_000_000)
    took = [done - asked - 500 for done, asked in zip(durable(stage), (100_000, 400_000, 600_000), strict=True)]
    assert took == [2 * DEFAULT_FSYNC_NS, 6 * DEFAULT_FSYNC_NS, DEFAULT_FSYNC_NS]
    assert [tally.effects for tally in plan.tallies] == [2, 1]


def test_a_torn_write_keeps_some_of_what_nobody_has_confirmed_and_always_the_first_of_it() -> None:
    kept: set[int] = set()
    for seed in range(40):
        stage, plan = stage_with(during(100_500, 200_000, TornWrite("host1")), seed=seed)

        def write(stage: TwoHosts = stage) -> None:
            for number in range(3):
                stage.diary("a").runtime.append("log", b"%d" % number)

        stage.at(100_000, write)
        stage.run(1_000_000)
        found = stage.world.host("host1").disk.durable("log")
        assert found == [b"0", b"1", b"2"][: len(found)]
        assert plan.tallies[0].effects == 1 + len(found)
        assert ("start",) in stage.diary("a").told
        assert not durable(stage)
        kept.add(len(found))
    assert kept == {0, 1, 2, 3}


# --- the clock ---


def test_a_step_moves_the_wall_clock_there_and_back_and_timers_not_at_all() -> None:
    stage, _ = stage_with(during(2_000, 6_000, ClockStep("host1", -60 * SECOND)))
    shown: list[tuple[int, int]] = []
    for at_ns in (1_999, 2_001, 5_999, 6_001):
        runtime = stage.diary("a").runtime
        stage.at(at_ns, lambda runtime=runtime: shown.append((runtime.now_ns, runtime.monotonic_ns)))
    stage.at(1_500, lambda: stage.diary("a").runtime.set_timer(2_000, "ring"))
    stage.run(20_000)
    assert shown == [(1_999, 1_999), (2_001 - 60 * SECOND, 2_001), (5_999 - 60 * SECOND, 5_999), (6_001, 6_001)]
    assert (4_000, "timer", "ring") in stage.diary("a").entries


def test_a_drifting_clock_runs_ahead_without_a_jump_and_keeps_its_error_when_it_is_healed() -> None:
    stage, _ = stage_with(during(10_000, 1_010_000, ClockDrift("host1", 100_000)))
    shown: list[int] = []
    for at_ns in (9_999, 10_010, 510_000, 1_010_000, 2_000_000):
        stage.at(at_ns, lambda: shown.append(stage.diary("a").runtime.monotonic_ns))
    stage.run(3_000_000)
    assert shown == [9_999, 10_011, 560_000, 1_110_000, 2_100_000]


@given(
    changes=st.lists(st.tuples(st.integers(1, 10**9), st.integers(-50_000_000, 50_000_000)), max_size=6),
    offset_ns=st.integers(-(10**9), 10**9),
)
def test_the_monotonic_clock_never_goes_back_and_true_time_is_found_again(
    changes: list[tuple[int, int]], offset_ns: int
) -> None:
    clock, now_ns, before = Clock(offset_ns), 0, 0
    for wait_ns, ppb in changes:
        now_ns += wait_ns
        assert clock.monotonic_ns(now_ns) >= before
        before = clock.monotonic_ns(now_ns)
        clock.drift(ppb if abs(clock.drift_ppb + ppb) < 10**8 else -clock.drift_ppb, now_ns)
        assert clock.monotonic_ns(now_ns) == before
    later_ns = now_ns + 10**9
    assert abs(clock.true_of_wall_ns(clock.wall_ns(later_ns)) - later_ns) <= 2
