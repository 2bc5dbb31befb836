"""One program dies while its host lives on: what dies with it, what stays, and in which build it comes back."""

from typing import Any

import pytest

from squall.sim.host import ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.lives import START_UP_NS
from squall.sim.trace import ConfigPushed, HostCrashed, ProgramStarted, ProgramStopped
from squall.sim.world import World
from tests.sim.machines import FREE, Diary, Memory, Note


class Other(Diary):
    """Another build of the same program."""


class Worlds:
    """``a`` on one host; ``b``, of which there are other builds, and ``c`` on another."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.world = World(1, sink=self.memory)
        for host in ("host1", "host2"):
            self.world.add_host(host)
        self.world.connect("wire", "host1", "host2", LinkSpec(100))
        self.world.place("host1", "a", Diary, FREE)
        self.world.place("host2", "b", Diary, FREE, versions={"old": Other, "older": Other}, config=10)
        self.world.place("host2", "c", Diary, FREE)
        self.world.start()
        self.run(1_000)
        self.host = self.world.host("host2")

    def diary(self, address: str) -> Diary:
        program = self.world.program(address)
        assert isinstance(program, Diary)
        return program

    def run(self, for_ns: int) -> None:
        self.world.run_until(self.world.kernel.now_ns + for_ns)

    def times(self, kind: type) -> list[int]:
        return [record.at_ns for record in self.memory.records if type(record.event) is kind]


def test_a_build_that_is_installed_stays_through_a_restart_of_the_host_and_under_what_a_fault_has_deployed() -> None:
    stage = Worlds()
    assert stage.host.install("b", "old")
    undo = stage.host.deploy("b", "older")
    stage.run(START_UP_NS + 1_000)
    undo()
    stage.run(START_UP_NS + 1_000)
    stage.host.crash()
    stage.host.restart()
    stage.run(1_000)
    assert isinstance(stage.diary("b"), Other)
    assert stage.host.slot("b").release.version == "old"
    assert [event.version for event in stage.memory.events(ProgramStarted)] == ["older", "old"]


def test_nothing_is_done_where_there_is_no_such_build_or_program_or_where_it_runs_already() -> None:
    stage = Worlds()
    assert not stage.host.install("b", "newest")
    assert not stage.host.install("z", "old")
    assert stage.host.install("b", "")
    stage.run(START_UP_NS + 1_000)
    assert stage.memory.events(ProgramStopped) == []


def test_a_program_that_is_halted_stays_down_until_a_build_of_it_is_installed() -> None:
    stage = Worlds()
    assert stage.host.halt("b")
    stage.run(2 * START_UP_NS)
    stage.host.crash()
    stage.host.restart()
    stage.run(2 * START_UP_NS)
    assert stage.world.program("b") is None
    assert stage.diary("c").told == [("start",)]
    stage.host.install("b", "")
    stage.run(START_UP_NS + 1_000)
    assert stage.diary("b").told == [("start",)]


def test_another_build_takes_over_in_place_and_the_neighbour_does_not_notice() -> None:
    stage = Worlds()
    neighbour = stage.diary("c")
    stage.host.deploy("b", "old")
    assert stage.world.program("b") is None
    stage.run(START_UP_NS + 1_000)
    assert isinstance(stage.diary("b"), Other)
    assert stage.diary("b").told == [("start",)]
    assert stage.diary("c") is neighbour
    assert stage.memory.events(HostCrashed) == []
    assert stage.memory.events(ProgramStarted) == [ProgramStarted("b", "old")]
    assert stage.host.slot("b").tap is None


def test_what_belonged_to_the_old_one_dies_and_the_disk_stays() -> None:
    stage = Worlds()
    old = stage.diary("b")
    old.runtime.set_timer(1_000, "of the old one")
    token = old.runtime.append("file", b"kept")
    for peer in ("a", "c"):
        old.runtime.open(peer)
    stage.run(500)
    stage.diary("a").runtime.send("b", Note("on its way"))
    stage.host.deploy("b", "old")
    stage.run(START_UP_NS + 100_000)
    assert ("timer", "of the old one") not in old.told
    assert ("durable", token) not in [*old.told, *stage.diary("b").told]
    assert stage.diary("b").runtime.read("file") == [b"kept"]
    assert stage.host.disk.durable("file") == [b"kept"]
    assert old.runtime.dead
    assert not old.runtime.write("a", Note("from beyond"))
    for peer in ("a", "c"):
        assert ("closed", "b", "closed by the peer") in stage.diary(peer).told
    assert stage.diary("b").told == [("start",)]


def test_nobody_listens_until_it_has_started_again() -> None:
    stage = Worlds()
    stage.host.deploy("b", "old")
    for peer in ("a", "c"):
        stage.diary(peer).runtime.open("b")
        stage.diary(peer).runtime.send("b", Note("unheard"))
    stage.run(START_UP_NS + 1_000)
    assert stage.diary("a").told[1:] == [("closed", "b", "reset by the peer")]
    assert stage.diary("c").told[1:] == [("closed", "b", "nobody listens")]
    assert stage.diary("b").told == [("start",)]
    stage.diary("a").runtime.open("b")
    stage.run(1_000)
    assert stage.diary("b").told == [("start",), ("open", "a")]


def test_it_starts_only_when_the_disk_has_what_its_last_life_wrote() -> None:
    stage = Worlds()
    make_room = stage.host.disk.fill(lambda: None)
    stage.diary("b").runtime.append("file", b"cached")
    stage.host.deploy("b", "old")
    stage.run(3 * START_UP_NS)
    assert stage.world.program("b") is None
    make_room()
    stage.run(2 * START_UP_NS)
    assert stage.diary("b").runtime.read("file") == stage.host.disk.durable("file") == [b"cached"]


def test_taking_a_build_back_deploys_the_one_below_whichever_goes_first() -> None:
    stage = Worlds()
    builds: list[str] = []

    def settle() -> None:
        stage.run(2 * START_UP_NS)
        builds.append(stage.host.slot("b").release.version)

    first = stage.host.deploy("b", "old")
    settle()
    second = stage.host.deploy("b", "older")
    settle()
    first()
    settle()
    second()
    settle()
    second()
    settle()
    assert builds == ["old", "older", "older", "", ""]
    assert [event.version for event in stage.memory.events(ProgramStarted)] == ["old", "older", ""]
    assert type(stage.diary("b")) is Diary


def test_a_build_that_is_deployed_while_the_host_is_down_is_what_it_comes_back_with() -> None:
    stage = Worlds()
    stage.host.crash()
    stage.host.deploy("b", "old")
    stage.run(2 * START_UP_NS)
    assert stage.world.program("b") is None
    stage.host.restart()
    stage.run(1_000)
    assert isinstance(stage.diary("b"), Other)
    assert stage.memory.events(ProgramStopped) == []


def test_a_crash_while_it_is_down_starts_it_once_with_its_host() -> None:
    stage = Worlds()
    stage.host.respawn("b", "a test")
    stage.run(1_000)
    stage.host.crash()
    stage.run(1_000)
    stage.host.restart()
    stage.run(3 * START_UP_NS)
    assert stage.diary("b").told == [("start",)]
    assert stage.memory.events(ProgramStarted) == []


def test_an_unknown_build_or_program_is_refused_with_what_there_is() -> None:
    stage = Worlds()
    with pytest.raises(ValueError, match="b: no version 'new'; there are old, older"):
        stage.host.deploy("b", "new")
    with pytest.raises(ValueError, match="c: no version 'old'; there are none but its own"):
        stage.host.deploy("c", "old")
    with pytest.raises(ValueError, match="no program 'a' on host2; there are b, c"):
        stage.host.deploy("a", "old")


# --- configuration ---


def add(number: int) -> Any:
    return lambda config: config + number


def test_a_configuration_is_pushed_to_one_program_and_taken_back_in_any_order() -> None:
    stage = Worlds()
    first = stage.host.configure("b", add(1), "plus one")
    second = stage.host.configure("b", add(5), "plus five")
    stage.run(10_000)
    first()
    second()
    stage.run(10_000)
    assert stage.diary("b").told[1:] == [("config", 11), ("config", 16), ("config", 15), ("config", 10)]
    assert stage.diary("c").told == [("start",)]
    pushed = stage.memory.events(ConfigPushed)
    assert [(event.version, event.what) for event in pushed] == [
        (1, "plus one"),
        (2, "plus five"),
        (3, "without plus one"),
        (4, "without plus five"),
    ]


def test_a_restarted_program_begins_with_the_configuration_in_force() -> None:
    seen: list[Any] = []

    class Reads(Diary):
        def __init__(self, runtime: ProgramRuntime) -> None:
            super().__init__(runtime)
            seen.append(runtime.config)

    world = World(1)
    host = world.add_host("host")
    world.place("host", "b", Reads, FREE, config=10)
    world.start()
    take_back = host.configure("b", add(1), "plus one")
    host.crash()
    host.restart()
    host.respawn("b", "a test")
    take_back()
    world.run_until(2 * START_UP_NS)
    assert seen == [10, 11, 10]


def test_a_change_that_cannot_be_is_refused_before_anything_has_happened() -> None:
    def refuse(_: Any) -> Any:
        raise ValueError("no such key")

    stage = Worlds()
    with pytest.raises(ValueError, match="no such key"):
        stage.host.configure("b", refuse, "nonsense")
    assert stage.host.slot("b").release.config == 10
    assert stage.memory.events(ConfigPushed) == []
