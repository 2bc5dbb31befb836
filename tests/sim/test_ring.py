"""Bounded queues between programs of one machine: what a full one does, to whom, and that it is counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.core_group import GroupSpec
from squall.sim.host import Costs
from squall.sim.ring import QueueSpec
from squall.sim.trace import ProgramRaised, QueueFull
from squall.sim.world import World
from tests.profiles import examples
from tests.sim.machines import FREE, Diary, Memory, Note

SERVICE_NS = 1_000
HOP_NS = 500


class OneHost:
    """``writer`` (and ``other``) on cores that cost nothing; ``reader`` behind a bounded queue, 1.5 us a message."""

    def __init__(self, queue: QueueSpec, cores: int = 1, plain_writer: bool = False) -> None:
        self.memory = Memory()
        self.world = World(1, sink=self.memory)
        self.host = self.world.add_host("box")
        self.group = self.world.add_cores("box", "reader", GroupSpec(cores=cores, queue=queue))
        self.world.place("box", "reader", Diary, Costs(default_ns=SERVICE_NS))
        for writer in ("writer", "other"):
            if not plain_writer:
                self.world.add_cores("box", writer, GroupSpec())
            self.world.place("box", writer, Diary, FREE)
        self.world.start()
        self.world.run_until(1_000)

    def diary(self, address: str) -> Diary:
        program = self.world.program(address)
        assert isinstance(program, Diary)
        return program

    def burst(self, at_ns: int, count: int, writer: str = "writer", first: int = 0) -> None:
        """At this time the writer is told by a timer to write so many messages in one handler."""
        diary = self.diary(writer)

        def write(_: str) -> None:
            for number in range(first, first + count):
                diary.runtime.send("reader", Note(f"{number}"))

        diary.reactions[f"go-{at_ns}"] = write
        self.world.kernel.call_at(at_ns, lambda _: diary.runtime.send(writer, Note(f"go-{at_ns}")))

    def read(self) -> list[tuple[int, str]]:
        return [(entry[0], entry[3]) for entry in self.diary("reader").entries if entry[1] == "message"]

    def ring(self) -> tuple[int, int, int]:
        ring = self.group.ring
        assert ring is not None
        return ring.dropped, ring.rejected, ring.blocked


@pytest.mark.parametrize(("when_full", "counted"), [("drop", (4, 0, 0)), ("reject", (0, 4, 0))])
def test_what_finds_no_room_is_not_read_and_is_counted(when_full: str, counted: tuple[int, int, int]) -> None:
    """One is in service at once, two wait; four of seven find no room."""
    stage = OneHost(QueueSpec(2, when_full))  # type: ignore[arg-type]
    stage.burst(10_000, 7)
    stage.world.run_until(100_000)
    assert [name for _, name in stage.read()] == ["0", "1", "2"]
    assert stage.ring() == counted
    told = stage.memory.events(QueueFull)
    assert [(event.to, event.sender, event.message) for event in told] == [("reader", "writer", "Note")] * 4


def test_a_writer_before_a_full_queue_stands_still_until_there_is_room_and_nothing_is_lost_or_overtaken() -> None:
    stage = OneHost(QueueSpec(2, "block"))
    stage.burst(10_000, 7)
    stage.world.kernel.call_at(10_600, lambda _: stage.diary("other").runtime.send("writer", Note("meanwhile")))
    stage.world.run_until(100_000)
    first_ns = 10_000 + HOP_NS + SERVICE_NS + HOP_NS
    assert stage.read() == [(first_ns + number * (SERVICE_NS + HOP_NS), f"{number}") for number in range(7)]
    # The last goes in when the fifth is taken out: only then the writer hears what came for it meanwhile.
    heard = [entry[0] for entry in stage.diary("writer").entries if entry[-1] == "meanwhile"]
    assert heard == [first_ns + 3 * (SERVICE_NS + HOP_NS) + HOP_NS]
    assert stage.ring() == (0, 0, 4)


def test_a_stream_loses_nothing_unseen_a_full_queue_says_no_to_write() -> None:
    stage = OneHost(QueueSpec(2, "drop"))
    runtime = stage.diary("writer").runtime
    runtime.open("reader")
    stage.world.run_until(10_000)
    assert [runtime.write("reader", Note(f"{number}")) for number in range(5)] == [True, True, True, False, False]
    assert stage.ring() == (0, 2, 0)


def test_a_ring_has_one_producer_and_a_second_one_is_told_that_it_is_a_bug() -> None:
    stage = OneHost(QueueSpec(4, single_producer=True))
    stage.burst(10_000, 1)
    stage.burst(20_000, 1, writer="other")
    stage.world.run_until(50_000)
    (raised,) = stage.memory.events(ProgramRaised)
    assert raised.error == "ValueError: reader: its ring has one producer, writer; found other"


def test_only_cores_of_a_group_can_be_blocked_and_others_are_told_so() -> None:
    stage = OneHost(QueueSpec(1, "block"), plain_writer=True)
    stage.burst(10_000, 3)
    stage.world.run_until(50_000)
    (raised,) = stage.memory.events(ProgramRaised)
    assert raised.error.endswith("writer: a full queue is to block it, and only cores of a group can stand still")


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: QueueSpec(0), "queue: expected room for at least 1 message, found 0"),
        (lambda: QueueSpec(1, "wait"), "queue: when_full: expected block, drop, reject, found 'wait'"),  # type: ignore[arg-type]
    ],
)
def test_a_queue_that_makes_no_sense_is_refused(make: object, line: str) -> None:
    with pytest.raises(ValueError, match="queue: ") as refused:
        make()  # type: ignore[operator]
    assert str(refused.value) == line


def test_who_is_started_again_behind_a_full_queue_lets_its_writer_go_and_so_does_a_crash() -> None:
    for trouble in ("respawn", "outage"):
        stage = OneHost(QueueSpec(1, "block"))
        stage.burst(10_000, 5)
        stage.world.run_until(11_000)
        back = stage.host.outage() if trouble == "outage" else stage.host.respawn("reader", "a test")
        stage.world.run_until(12_000)
        if back is not None:
            back()
        stage.world.run_until(100_000_000)
        stage.burst(100_001_000, 1, first=9)
        stage.world.run_until(200_000_000)
        assert "9" in [name for _, name in stage.read()], trouble


@settings(max_examples=examples(30))
@given(
    bursts=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 6)), min_size=1, max_size=6, unique_by=lambda b: b[0]),
    most=st.integers(1, 4),
    cores=st.integers(1, 2),
    pause=st.tuples(st.integers(0, 40), st.integers(1, 20)),
)
def test_blocking_loses_nothing_keeps_the_order_and_never_holds_more_than_there_is_room_for(
    bursts: list[tuple[int, int]], most: int, cores: int, pause: tuple[int, int]
) -> None:
    stage = OneHost(QueueSpec(most, "block"), cores)
    wrote = 0
    for start, count in sorted(bursts):
        stage.burst(10_000 + 300 * start, count, first=wrote)
        wrote += count
    kernel = stage.world.kernel
    kernel.call_at(10_000 + 500 * pause[0], lambda _: stage.host.pause())
    kernel.call_at(10_000 + 500 * sum(pause), lambda _: stage.host.resume())
    longest = 0
    for at_ns in range(10_000, 40_000, 500):
        stage.world.run_until(at_ns)
        longest = max(longest, len(stage.group.waiting))
    stage.world.run_until(1_000_000)
    assert [name for _, name in stage.read()] == [f"{number}" for number in range(wrote)]
    assert longest <= most


def test_a_core_that_idled_is_slow_for_a_while_so_that_latency_rises_at_low_load() -> None:
    """10 us without work and it is at a third of its clock, for 3 us: 1,000 ns of work take 3,000; 2,000 take 4,000."""
    spec = GroupSpec(idle_after_ns=10_000, idle_slowness=3.0, ramp_ns=3_000)
    world = World(1)
    world.add_host("box")
    group = world.add_cores("box", "reader", spec)
    world.place("box", "reader", Diary, Costs(default_ns=500))
    world.start()
    world.run_until(1_000)
    reader = world.program("reader")
    assert isinstance(reader, Diary)
    for at_ns in (100_000, 105_000, 200_000, 200_100, 200_200, 200_300):
        world.kernel.call_at(at_ns, lambda _, at_ns=at_ns: reader.runtime.send("reader", Note(f"{at_ns}")))
    world.run_until(1_000_000)
    read = [entry[0] for entry in reader.entries if entry[1] == "message"]
    assert read == [103_000, 106_000, 203_000, 204_000, 205_000, 206_000]
    assert group.busy_ns == 6 * 1_000 + 500, "what is busy is what was given, not how long it took"


@settings(max_examples=examples(30))
@given(works=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=8))
def test_the_clock_of_the_work_agrees_with_one_that_ticks(works: list[tuple[int, int]]) -> None:
    """The reference ticks by 100 ns, and does 1 or a half of 100 ns of work each."""
    spec = GroupSpec(idle_after_ns=2_000, idle_slowness=2.0, ramp_ns=1_200)
    world = World(1)
    world.add_host("box")
    world.add_cores("box", "reader", spec)
    world.place("box", "reader", Diary, FREE)
    world.start()
    world.run_until(100_000)
    reader = world.program("reader")
    assert isinstance(reader, Diary)
    slot = world.transport.slot_of("reader")
    arrivals, at_ns = [], 100_000
    for gap, work in works:
        at_ns += 400 * gap
        arrivals.append((at_ns, 200 * work))
        world.kernel.call_at(at_ns, lambda _, work=work: slot.host.enqueue(slot, 1, "out", Note("w"), 200 * work))
    ends: list[int] = []
    slot.core.watch = lambda job, came, began, given: ends.append(world.kernel.now_ns)  # type: ignore[attr-defined]
    world.run_until(1_000_000)
    expected, clock_ns, ended_ns, fast_ns = [], 0, 500, 0
    for came_ns, work_ns in arrivals:
        clock_ns = max(clock_ns, came_ns)
        if clock_ns - ended_ns >= 2_000:
            fast_ns = clock_ns + 1_200
        left = float(work_ns)
        while left > 0:
            left -= 50 if clock_ns < fast_ns else 100
            clock_ns += 100
        ended_ns = clock_ns
        expected.append(clock_ns)
    assert all(abs(one - other) <= 100 for one, other in zip(ends, expected, strict=True)), (ends, expected)
