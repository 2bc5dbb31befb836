"""A machine serves one job at a time, stops when it is paused, and forgets everything when it crashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.clock import Clock
from squall.sim.core import HOUSEKEEPING_NS, LOCAL_HOP_NS
from squall.sim.host import Costs
from squall.sim.trace import DiskLost, Handled, HostCrashed, ProgramRaised
from squall.sim.world import World
from tests.sim.machines import Beat, Diary, Memory, Note, TwoHosts

SLOW = Costs(default_ns=1_000)


def test_messages_wait_for_the_core_first_in_first_out() -> None:
    stage = TwoHosts(costs=SLOW)
    for name in ("one", "two", "three"):
        stage.diary("a").runtime.send("b", Note(name))
    stage.run(10_000)
    times = [(at - 1_000, what[1:]) for at, *what in stage.diary("b").entries if what[0] == "message"]
    assert times == [(1_100, ["a", "one"]), (2_100, ["a", "two"]), (3_100, ["a", "three"])]


def test_a_message_on_the_same_host_costs_a_hop_and_no_network() -> None:
    world = World(1)
    world.add_host("host")
    for address in ("a", "b"):
        world.place("host", address, Diary, SLOW)
    world.start()
    world.run_until(1_000)
    sender, receiver = world.program("a"), world.program("b")
    assert isinstance(sender, Diary)
    assert isinstance(receiver, Diary)
    sender.runtime.send("b", Note("here"))
    world.run_until(9_000)
    assert receiver.entries[-1] == (1_000 + 1_000 + LOCAL_HOP_NS, "message", "a", "here")


def test_a_paused_host_handles_nothing_and_finishes_its_job_later() -> None:
    stage = TwoHosts(costs=SLOW)
    host = stage.world.host("host2")
    stage.diary("a").runtime.send("b", Note("in service"))
    stage.at(1_600, host.pause)  # it came at 1,100 and has had half of its 1,000 ns
    stage.at(1_700, lambda: stage.diary("a").runtime.send("b", Note("later")))
    stage.at(5_000, host.resume)
    stage.run(20_000)
    assert stage.diary("b").entries[1:] == [
        (5_500, "message", "a", "in service"),
        (6_500, "message", "a", "later"),
    ]


def test_timers_due_in_a_pause_ring_on_resume_in_due_order() -> None:
    stage = TwoHosts()
    host, runtime = stage.world.host("host2"), stage.diary("b").runtime
    runtime.set_timer(300, "late")
    runtime.set_timer(200, "early")
    stage.at(1_100, host.pause)
    stage.at(2_000, host.resume)
    stage.run(9_000)
    assert stage.diary("b").told[1:] == [("timer", "early"), ("timer", "late")]
    assert stage.diary("b").entries[1][0] == 2_000 + HOUSEKEEPING_NS


def test_a_timer_that_is_cancelled_while_it_waits_for_the_core_does_not_ring() -> None:
    stage = TwoHosts(costs=SLOW)
    diary = stage.diary("b")
    diary.reactions["stop"] = lambda _: diary.runtime.cancel_timer("alarm")
    diary.runtime.set_timer(500, "alarm")
    stage.diary("a").runtime.send("b", Note("stop"))
    stage.run(10_000)
    assert ("timer", "alarm") not in diary.told


def test_a_timer_under_the_same_key_replaces_the_one_before() -> None:
    stage = TwoHosts()
    diary = stage.diary("b")
    diary.runtime.set_timer(500, "alarm")
    diary.runtime.set_timer(900, "alarm")
    stage.run(10_000)
    assert [entry for entry in diary.entries if entry[1] == "timer"] == [(1_900 + HOUSEKEEPING_NS, "timer", "alarm")]


def test_a_crash_takes_queue_timers_and_unsynced_writes_and_a_restart_finds_what_was_synced() -> None:
    stage = TwoHosts(costs=SLOW)
    host, old = stage.world.host("host2"), stage.diary("b")
    old.runtime.append("file", b"synced")
    stage.run(20_000)
    old.runtime.append("file", b"not synced")
    old.runtime.set_timer(50, "never")
    stage.diary("a").runtime.send("b", Note("never handled"))
    stage.run(200)
    host.crash()
    stage.run(10_000)
    host.restart()
    stage.run(10_000)
    new = stage.diary("b")
    assert new is not old
    assert new.told == [("start",)]
    assert new.runtime.read("file") == [b"synced"]
    assert stage.memory.events(DiskLost) == [DiskLost(records=1, whole_disk=False)]
    assert ("timer", "never") not in old.told


def test_a_host_lost_with_its_disk_comes_back_empty() -> None:
    stage = TwoHosts()
    stage.diary("b").runtime.append("file", b"gone")
    stage.run(20_000)
    stage.world.host("host2").crash(with_disk=True)
    stage.world.host("host2").restart()
    stage.run(10_000)
    assert stage.diary("b").runtime.read("file") == []
    assert stage.memory.events(HostCrashed) == [HostCrashed(with_disk=True)]


def test_appends_share_an_fsync_and_are_told_together() -> None:
    stage = TwoHosts()
    runtime = stage.diary("b").runtime
    first = runtime.append("file", b"1")
    runtime.append("file", b"2")
    last = runtime.append("file", b"3")
    stage.run(100_000)
    assert [entry[1] for entry in stage.diary("b").told if entry[0] == "durable"] == [first, last]
    assert runtime.read("file") == [b"1", b"2", b"3"]


def test_an_exception_in_a_program_is_on_the_record_and_takes_the_host_down() -> None:
    stage = TwoHosts()
    diary = stage.diary("b")

    def divide(_: str) -> None:
        raise ZeroDivisionError("by zero")

    diary.reactions["boom"] = divide
    stage.diary("a").runtime.send("b", Note("boom"))
    stage.run(10_000)
    (raised,) = stage.memory.events(ProgramRaised)
    assert (raised.program, raised.error) == ("b", "ZeroDivisionError: by zero")
    assert not stage.world.host("host2").up


def test_heartbeats_are_delivered_but_neither_recorded_nor_counted() -> None:
    stage = TwoHosts()
    stage.diary("a").runtime.send("b", Beat("beat"))
    stage.diary("a").runtime.send("b", Note("news"))
    stage.run(10_000)
    assert [entry[2] for entry in stage.diary("b").told if entry[0] == "message"] == ["beat", "news"]
    assert [event.message.identity for event in stage.memory.events(Handled)] == ["news"]
    assert stage.world.messages == 1


def test_a_message_is_caused_by_its_sending_and_that_by_what_was_handled() -> None:
    stage = TwoHosts()
    b = stage.diary("b")
    b.reactions["ping"] = lambda sender: b.runtime.send(sender, Note("pong"))
    stage.diary("a").runtime.send("b", Note("ping"))
    stage.run(10_000)
    records = {record.seq: record for record in stage.memory.records}
    chain, seq = [], stage.memory.records[-1].seq
    while seq:
        record = records[seq]
        chain.append((type(record.event).__name__, record.event.message.identity))
        seq = record.cause
    assert chain == [("Handled", "pong"), ("Sent", "pong"), ("Handled", "ping"), ("Sent", "ping")]


@given(st.integers(-200_000, 200_000), st.integers(0, 10**15))
def test_a_delay_on_a_drifting_clock_lasts_as_long_as_that_clock_says(drift_ppb: int, delay_ns: int) -> None:
    clock = Clock(drift_ppb=drift_ppb)
    start = 10**12
    passed = clock.monotonic_ns(start + clock.true_delay_ns(delay_ns)) - clock.monotonic_ns(start)
    assert abs(passed - delay_ns) <= 2


@given(st.integers(-(10**9), 10**9), st.integers(-200_000, 200_000), st.integers(0, 10**15))
def test_true_time_is_found_again_from_the_wall_clock(offset_ns: int, drift_ppb: int, true_ns: int) -> None:
    clock = Clock(offset_ns, drift_ppb)
    assert abs(clock.true_of_wall_ns(clock.wall_ns(true_ns)) - true_ns) <= 2


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 2_000)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 6_000), st.integers(1, 2_000)), max_size=3),
)
def test_completions_are_those_of_a_slow_reference_queue(
    arrivals: list[tuple[int, int]], pauses: list[tuple[int, int]]
) -> None:
    """The reference knows no events: it adds up service and pauses, one job after the other."""
    memory = Memory()
    world = World(1, sink=memory)
    host = world.add_host("host")
    slot = world.place("host", "b", Diary, Costs(default_ns=0))
    world.start()
    world.run_until(1_000)
    begin = 1_000
    windows = _disjoint(pauses)
    for start, end in windows:
        world.kernel.call_at(begin + start, lambda _: host.pause(), turn=-1)
        world.kernel.call_at(begin + end, lambda _: host.resume(), turn=-2)
    ordered = sorted(enumerate(arrivals), key=lambda item: (item[1][0], item[0]))
    for number, (at_ns, cost_ns) in ordered:

        def arrive(_: None, number: int = number, cost_ns: int = cost_ns) -> None:
            host.enqueue(slot, 1, "x", Note(str(number)), cost_ns)

        world.kernel.call_at(begin + at_ns, arrive)
    world.run_until(begin + 100_000)
    diary = world.program("b")
    assert isinstance(diary, Diary)
    found = [(at - begin, name) for at, kind, *rest in diary.entries if kind == "message" for name in rest[1:]]
    assert found == _reference([(at, cost, str(number)) for number, (at, cost) in ordered], windows)


def _disjoint(pauses: list[tuple[int, int]]) -> list[tuple[int, int]]:
    windows: list[tuple[int, int]] = []
    for start, length in sorted(pauses):
        if not windows or start > windows[-1][1]:
            windows.append((start, start + length))
    return windows


def _reference(jobs: list[tuple[int, int, str]], windows: list[tuple[int, int]]) -> list[tuple[int, str]]:
    """One job after the other; work passes only outside of pauses."""
    done, free = [], 0
    for at, cost, name in jobs:
        now, left = max(at, free), cost
        while True:
            pause = next(((start, end) for start, end in windows if start <= now < end), None)
            if pause is not None:
                now = pause[1]
            elif left == 0:
                break
            else:
                upcoming = min((start for start, _ in windows if start > now), default=now + left)
                step = min(left, upcoming - now)
                # A pause that begins at the very instant of a completion comes first: faults have the earlier turn.
                now, left = now + step, left - step
        free = now
        done.append((now, name))
    return done


def test_a_message_cannot_take_less_than_no_time() -> None:
    with pytest.raises(ValueError, match="costs: expected at least 0 ns for a message, found -1"):
        Costs(default_ns=-1)
    with pytest.raises(ValueError, match="costs: expected at least 0 ns for Note, found -5"):
        Costs(by_message={Note: -5})
