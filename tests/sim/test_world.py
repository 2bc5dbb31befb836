"""The world: what it hands out by name, what it refuses to build, and what becomes of a time that stands still."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from squall.sim.exchange.participants import FairValue
from squall.sim.exchange.rules import Rules
from squall.sim.host import Costs
from squall.sim.kernel import LivelockError
from squall.sim.link import LinkSpec
from squall.sim.trace import HostCrashed, ProgramRaised
from squall.sim.world import World
from tests.sim.machines import FREE, Diary, Memory, Note, TwoHosts


def small() -> World:
    world = World(1)
    world.add_host("oms1")
    world.add_host("risk")
    world.place("oms1", "oms", Diary, aliases=("oms/A",))
    world.venues["exchange-a"] = Rules()
    world.fair_values["ACME"] = FairValue(world.kernel, world.chance.stream("worth"), 20_000)
    return world


REFUSED: dict[str, Callable[[World], Any]] = {
    "no host 'oms3'; hosts are oms1, risk": lambda world: world.host("oms3"),
    "no venue 'exchange-z'; venues are exchange-a": lambda world: world.venue("exchange-z"),
    "no fair value for 'BOLT'; there are ACME": lambda world: world.fair_value("BOLT"),
    "no program at address 'oms3'; there are oms, oms/A": lambda world: world.program("oms3"),
    "host 'oms1' exists already": lambda world: world.add_host("oms1"),
    "node 'oms/A': there is a node of that name already": lambda world: world.add_host("oms/A"),
    "node 'risk': there is a node of that name already": lambda world: world.add_switch("risk"),
    "no host 'ops'; hosts are oms1, risk ": lambda world: world.place("ops", "audit", Diary),
    "address 'oms' is taken, by a program on host 'oms1'": lambda world: world.place("risk", "oms", Diary),
    "address 'oms/A' is taken, by a program on host 'oms1'": (
        lambda world: world.place("risk", "audit", Diary, aliases=("oms/A",))
    ),
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_not_there_or_there_already_is_refused_in_one_line(line: str) -> None:
    world = small()
    with pytest.raises(ValueError, match=r"^(no|host|node|address) ") as caught:
        REFUSED[line](world)
    assert str(caught.value) == line.strip()


def test_a_world_of_a_recording_says_why_it_has_no_fair_value() -> None:
    with pytest.raises(ValueError, match="no fair value for 'ACME'; there are none: the market is a recording"):
        World(1).fair_value("ACME")


def test_a_program_that_was_refused_its_address_is_not_in_the_world_by_half() -> None:
    world = small()
    with pytest.raises(ValueError, match="is taken"):
        world.place("risk", "audit", Diary, aliases=("audit/A", "oms/A"))
    assert world.host("risk").slots == []
    world.place("risk", "audit", Diary, aliases=("audit/A",))
    world.start()
    world.run_until(10_000)
    assert isinstance(world.program("audit"), Diary)
    assert world.program("audit/A") is world.program("audit")


def test_time_does_not_go_back() -> None:
    world = small()
    world.run_until(100)
    with pytest.raises(ValueError, match="run_until: 99 ns is in the past; now is 100 ns"):
        world.run_until(99)


def test_rare_ways_are_taken_where_they_are_forced_and_nowhere_else() -> None:
    world = small()
    world.start()
    diary = world.program("oms")
    assert isinstance(diary, Diary)
    assert not diary.runtime.buggify("slow path")
    world.force("oms/slow path")
    assert diary.runtime.buggify("slow path")
    assert not diary.runtime.buggify("other path")


def test_a_programs_chance_is_its_own_and_depends_on_nothing_but_the_seed_and_the_name() -> None:
    def draws(seed: int) -> list[float]:
        stage = TwoHosts(seed)
        return [stage.diary(who).runtime.chance("side", "ACME", number) for who in "ab" for number in range(20)]

    assert draws(1) == draws(1)
    assert len({*draws(1), *draws(2)}) == 80
    assert all(0 <= draw < 1 for draw in draws(1))


# --- a time that stands still -------------------------------------------------------------------------


def test_two_programs_that_answer_each_other_without_time_passing_are_a_livelock_that_names_them() -> None:
    stage = TwoHosts(link=LinkSpec(0), costs=FREE)
    for name in ("a", "b"):
        diary = stage.diary(name)
        diary.reactions["ball"] = lambda sender, diary=diary: diary.runtime.send(sender, Note("ball"))
    stage.diary("a").runtime.send("b", Note("ball"))
    with pytest.raises(LivelockError) as caught:
        stage.run(10)
    line = str(caught.value)
    assert line.startswith("more than 100000 events at 1000 ns without time passing; spinning: ")
    assert "a handling Note" in line
    assert "b handling Note" in line
    assert stage.memory.events(ProgramRaised) == [], "it ends the run, and no program is to blame by itself"


def test_streams_that_spin_are_named_too() -> None:
    stage = TwoHosts(link=LinkSpec(0), costs=FREE)
    stage.diary("a").runtime.open("b")
    stage.run(10_000)
    for name in ("a", "b"):
        diary = stage.diary(name)
        diary.reactions["ball"] = lambda sender, diary=diary: diary.runtime.write(sender, Note("ball"))
    stage.diary("a").runtime.write("b", Note("ball"))
    with pytest.raises(LivelockError, match=r"a handling Note.*b handling Note|b handling Note.*a handling Note"):
        stage.run(10)


def test_a_program_that_sends_to_itself_takes_time_over_it_even_where_its_service_costs_nothing() -> None:
    """A local hop costs something, and so does a timer: a program cannot spin alone."""
    stage = TwoHosts(costs=FREE)
    diary = stage.diary("a")
    diary.reactions["again"] = lambda _: diary.runtime.send("a", Note("again"))
    diary.runtime.send("a", Note("again"))
    stage.run(10_000)
    assert len([entry for entry in diary.told if entry[0] == "message"]) == 19
    assert [entry[0] for entry in diary.entries[1:4]] == [1_500, 2_000, 2_500]


def test_a_simpy_process_that_spins_is_named() -> None:
    world = World(1)

    def busy_bee() -> Generator[Any, Any, None]:
        while True:
            yield world.kernel.timeout(0)

    world.kernel.process(busy_bee())
    with pytest.raises(LivelockError, match=r"spinning: process busy_bee \(1000 of 1000\)"):
        world.run_until(10)


def test_an_exception_while_the_spinner_is_looked_for_does_not_hide_that_it_spins() -> None:
    world = World(1)
    turns: list[int] = []

    def spin(_: Any) -> None:
        turns.append(1)
        if len(turns) > 100_100:
            raise KeyError("at last")
        world.kernel.call_in(0, spin)

    world.kernel.call_in(0, spin)
    with pytest.raises(LivelockError, match=r"spinning: .*spin.*; then KeyError: 'at last'"):
        world.run_until(10)


# --- construction of programs -------------------------------------------------------------------------


class Stillborn(Diary):
    """Raises when it is built for the second time."""

    lives = 0

    def __init__(self, runtime: Any) -> None:
        super().__init__(runtime)
        type(self).lives += 1
        if self.lives > 1:
            raise RuntimeError("the journal is torn")


def test_a_program_that_cannot_be_built_anew_after_a_crash_is_a_finding_and_takes_the_host_down() -> None:
    class Once(Stillborn):
        lives = 0

    memory = Memory()
    world = World(1, sink=memory)
    host = world.add_host("host")
    for address, factory in (("sound", Diary), ("torn", Once), ("behind", Diary)):
        world.place("host", address, factory)
    world.start()
    world.run_until(1_000)
    host.crash()
    host.restart()
    world.run_until(10_000)
    (raised,) = memory.events(ProgramRaised)
    assert (raised.program, raised.error) == ("torn", "RuntimeError: the journal is torn")
    assert len(memory.events(HostCrashed)) == 2
    assert [world.program(address) for address in ("sound", "torn", "behind")] == [None, None, None]


def test_nothing_is_handled_before_on_start_even_if_a_constructor_sends_it() -> None:
    class Eager(Diary):
        def __init__(self, runtime: Any) -> None:
            super().__init__(runtime)
            runtime.send("late", Note("early bird"))

    world = World(1)
    world.add_host("host")
    world.place("host", "eager", Eager, Costs(default_ns=0))
    world.place("host", "late", Diary, Costs(default_ns=0))
    world.start()
    world.run_until(10_000)
    late = world.program("late")
    assert isinstance(late, Diary)
    assert [entry[0] for entry in late.told] == ["start", "message"]
