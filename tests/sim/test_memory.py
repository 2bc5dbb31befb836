"""Memory that grows: a program at its limit is killed, alone, and begins anew with what its disk has kept."""

import pytest

from squall.faults.fault import Fault, InstalledPlan, Planned, during
from squall.faults.memory import MemoryLeak
from squall.sim.host import Costs
from squall.sim.link import LinkSpec
from squall.sim.memory import BASE_BYTES, DEFAULT_LIMIT_BYTES, LOOK_NS, Memory
from squall.sim.trace import HostCrashed, ProgramStarted, ProgramStopped
from squall.sim.world import World
from tests.faults.stages import stage_with
from tests.sim.machines import Diary, Note, TwoHosts

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND
MIB = 1 << 20
ROOM_MIB = (DEFAULT_LIMIT_BYTES - BASE_BYTES) // MIB

REFUSED: list[tuple[Fault, str]] = [
    (MemoryLeak("c", 1), "no program at address 'c'; there are a, b"),
    (MemoryLeak("a", 0), "memory leak: expected 1 to 1000000 MiB a second, found 0"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        stage_with(during(2_000, 3_000, fault))
    assert str(caught.value) == f"plan[0]: {line}"


def leaking(*plan: Planned) -> tuple[TwoHosts, InstalledPlan]:
    return stage_with(*plan)


def times(stage: TwoHosts, kind: type) -> list[int]:
    return [record.at_ns for record in stage.memory.records if type(record.event) is kind]


def test_a_leak_grows_until_the_program_is_killed_alone_and_grows_again_in_its_next_life() -> None:
    """Twice what there is room for in a second: it lives for half of one, and for 50 ms it is being started."""
    stage, plan = leaking(during(10_000, 2 * SECOND, MemoryLeak("a", 2 * ROOM_MIB)))
    stage.at(20_000, lambda: stage.diary("a").runtime.append("log", b"kept"))
    stage.run(2 * SECOND)
    killed = times(stage, ProgramStopped)
    assert len(killed) == 3
    due = (SECOND // 2, 1_050_000_000, 1_600_000_000)
    assert all(abs(at_ns - at_due_ns) < 3 * LOOK_NS for at_ns, at_due_ns in zip(killed, due, strict=True))
    assert {event.why for event in stage.memory.events(ProgramStopped)} == {
        "out of memory: it is at its limit of 2048 MiB"
    }
    assert times(stage, HostCrashed) == []
    assert plan.tallies[0].words == "3 programs killed, 1 programs leaking"
    assert stage.diary("a").runtime.read("log") == [b"kept"]


def test_what_has_leaked_stays_when_the_leak_is_mended_and_is_gone_with_the_program() -> None:
    stage, _ = leaking(during(10_000, 10_000 + SECOND // 4, MemoryLeak("a", ROOM_MIB)))
    stage.run(2 * SECOND)
    memory = stage.world.transport.slot_of("a").memory
    assert memory is not None
    assert memory.used_bytes - BASE_BYTES == ROOM_MIB * MIB // 4
    stage.world.host("host1").respawn("a", "a test")
    assert memory.used_bytes == 0
    stage.run(SECOND)
    assert (memory.used_bytes, memory.kills) == (BASE_BYTES, 0)


def test_a_crash_of_its_machine_frees_what_has_leaked() -> None:
    stage, _ = leaking(during(10_000, 2 * SECOND, MemoryLeak("a", ROOM_MIB)))
    stage.run(SECOND // 2)
    back = stage.world.host("host1").outage()
    stage.run(SECOND // 10)
    back()
    stage.run(3 * SECOND // 4)
    assert times(stage, ProgramStopped) == []


def test_a_program_whose_queue_outgrows_its_limit_is_killed_and_its_queue_is_gone() -> None:
    """Nothing leaks here: it is just too slow. 64 bytes a message, and a limit of a MiB above what it starts with."""
    world = World(1)
    for host in ("one", "two"):
        world.add_host(host)
    world.connect("wire", "one", "two", LinkSpec(100))
    world.place("one", "busy", Diary)
    slot = world.place("two", "slow", Diary, Costs(default_ns=SECOND), memory_bytes=BASE_BYTES + MIB)
    stopped: list[int] = []
    world.trace.watch(lambda record: stopped.append(record.at_ns), ProgramStopped)
    started: list[int] = []
    world.trace.watch(lambda record: started.append(record.at_ns), ProgramStarted)
    world.start()
    busy = world.program("busy")
    assert isinstance(busy, Diary)
    for number in range(MIB // 64 + 2):
        busy.runtime.send("slow", Note(f"{number}"))
    world.run_until(SECOND)
    assert stopped == [LOOK_NS]
    assert len(started) == 1
    assert not slot.core.waiting


def test_a_limit_below_what_a_program_starts_with_is_refused() -> None:
    stage = TwoHosts()
    with pytest.raises(ValueError, match="a: memory: expected more than the 268435456 bytes it starts with, found 9"):
        Memory(stage.world.transport.slot_of("a"), 9)


def test_where_nobody_leaks_and_nothing_has_a_limit_nobody_looks() -> None:
    stage = TwoHosts()
    before = stage.world.kernel.events
    stage.run(10 * SECOND)
    assert stage.world.kernel.events == before
