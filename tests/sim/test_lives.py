"""The lives of a host: what belongs to one of them never reaches the next, even where both are of one instant."""

from typing import Any

from squall.sim.core import HOUSEKEEPING_NS
from squall.sim.host import Costs
from squall.sim.trace import HostCrashed, HostRestarted, ProgramRaised, Record
from tests.sim.machines import Diary, Note, TwoHosts

SLOW = Costs(default_ns=1_000)


def test_a_program_that_takes_its_own_host_down_does_nothing_more_in_what_is_left_of_its_handler() -> None:
    stage = TwoHosts()
    b = stage.diary("b")
    said: list[Any] = []
    b.runtime.open("a")
    stage.run(1_000_000)

    def fall(sender: str) -> None:
        stage.world.host("host2").crash()
        runtime = b.runtime
        runtime.send("a", Note("last words"))
        runtime.open("a")
        runtime.close("a")
        runtime.set_timer(10, "never")
        runtime.cancel_timer("never")
        runtime.emit(Note("a claim"))
        said.append((runtime.write("a", Note("on the stream")), runtime.append("file", b"late"), runtime.dead))

    b.reactions["fall"] = fall
    for name in ("fall", "never handled"):
        stage.diary("a").runtime.send("b", Note(name))
    stage.run(100_000)
    assert said == [(False, 0, True)]
    assert [entry for entry in stage.diary("a").told if entry[0] == "message"] == []
    assert b.told[-1] == ("message", "a", "fall")
    assert not any(record.claimed for record in stage.memory.records)
    stage.world.host("host2").restart()
    stage.run(100_000)
    assert stage.diary("b").told == [("start",)]
    assert stage.diary("b").runtime.read("file") == []


def test_a_program_that_restarts_its_own_host_is_followed_by_a_new_one_that_starts_first_of_all() -> None:
    stage = TwoHosts(costs=SLOW)
    host, old = stage.world.host("host2"), stage.diary("b")

    def turn(_: str) -> None:
        host.crash()
        host.restart()

    old.reactions["turn"] = turn
    for name in ("turn", "lost with the queue"):
        stage.diary("a").runtime.send("b", Note(name))
    stage.at(2_101, lambda: stage.diary("a").runtime.send("b", Note("to the new one")))
    stage.run(10_000)
    new = stage.diary("b")
    assert new is not old
    assert new.entries == [
        (2_100 + HOUSEKEEPING_NS, "start"),
        (2_100 + HOUSEKEEPING_NS + 1_000, "message", "a", "to the new one"),
    ]
    assert host.epoch == 2


def test_an_exception_after_a_restart_in_the_same_handler_is_on_the_record_and_does_not_touch_the_new_life() -> None:
    stage = TwoHosts()
    host = stage.world.host("host2")

    def turn_and_raise(_: str) -> None:
        host.crash()
        host.restart()
        raise RuntimeError("from beyond")

    stage.diary("b").reactions["turn"] = turn_and_raise
    stage.diary("a").runtime.send("b", Note("turn"))
    stage.run(10_000)
    assert [event.error for event in stage.memory.events(ProgramRaised)] == ["RuntimeError: from beyond"]
    assert len(stage.memory.events(HostCrashed)) == 1
    assert stage.diary("b").told == [("start",)]


def test_nothing_of_the_old_life_reaches_the_new_one_of_the_same_instant() -> None:
    stage = TwoHosts(costs=SLOW)
    host, old = stage.world.host("host2"), stage.diary("b")
    old.runtime.set_timer(500, "old timer")
    old.runtime.append("file", b"old write")
    stage.diary("a").runtime.send("b", Note("in service"))
    stage.diary("a").runtime.send("b", Note("waiting"))
    stage.run(300)
    host.crash()
    host.restart()
    stage.run(100_000)
    assert stage.diary("b").told == [("start",)]
    assert stage.diary("b").runtime.read("file") == []
    assert next(type(r.event) for r in _of(stage, "host2") if r.at_ns == 1_300) is HostCrashed
    assert len(stage.memory.events(HostRestarted)) == 1


def _of(stage: TwoHosts, host: str) -> list[Record]:
    return [record for record in stage.memory.records if record.host == host]


def test_the_runtime_of_the_old_life_cannot_cancel_a_timer_of_the_new_one() -> None:
    stage = TwoHosts()
    host, old = stage.world.host("host2"), stage.diary("b")
    old.runtime.set_timer(5_000, "alarm")
    host.crash()
    host.restart()
    stage.run(1_000)
    stage.diary("b").runtime.set_timer(5_000, "alarm")
    old.runtime.cancel_timer("alarm")
    old.runtime.set_timer(1, "alarm")
    stage.run(10_000)
    assert [entry[0] for entry in stage.diary("b").entries if entry[1] == "timer"] == [7_000 + HOUSEKEEPING_NS]


def test_a_datagram_that_was_on_its_way_reaches_whoever_lives_at_the_address_when_it_arrives() -> None:
    """As UDP has it: nothing in a datagram says for which life it was meant. Streams do tell."""
    stage = TwoHosts()
    stage.diary("a").runtime.send("b", Note("sent to the old one"))
    stage.at(1_050, stage.world.host("host2").crash)
    stage.at(1_060, stage.world.host("host2").restart)
    stage.diary("a").runtime.send("b", Note("so was this"))
    stage.run(10_000)
    assert [entry[2] for entry in stage.diary("b").told if entry[0] == "message"] == [
        "sent to the old one",
        "so was this",
    ]


def test_a_datagram_to_a_host_that_is_down_is_gone() -> None:
    stage = TwoHosts()
    stage.diary("a").runtime.send("b", Note("nobody home"))
    stage.at(1_050, stage.world.host("host2").crash)
    stage.at(1_150, stage.world.host("host2").restart)
    stage.run(10_000)
    assert stage.diary("b").told == [("start",)]


def test_a_job_that_is_paused_twice_is_served_as_long_as_it_takes_all_in_all() -> None:
    stage = TwoHosts(costs=SLOW)
    host = stage.world.host("host2")
    stage.diary("a").runtime.send("b", Note("patient"))  # in service from 1,100 ns, for 1,000 ns
    for pause_ns, resume_ns in ((1_400, 3_000), (3_100, 7_000), (7_000, 7_500)):
        stage.at(pause_ns, host.pause)
        stage.at(resume_ns, host.resume)
    stage.at(3_500, host.pause)  # again, while it is paused: nothing new
    stage.run(20_000)
    assert stage.diary("b").entries[1:] == [(7_500 + 600, "message", "a", "patient")]


def test_a_crash_ends_a_pause_and_what_waited_in_it() -> None:
    stage = TwoHosts()
    host = stage.world.host("host2")
    stage.at(1_050, host.pause)
    stage.diary("a").runtime.send("b", Note("waits"))
    stage.at(2_000, host.crash)
    stage.at(3_000, host.restart)
    stage.at(4_000, lambda: stage.diary("a").runtime.send("b", Note("after")))
    stage.run(10_000)
    assert stage.diary("b").entries == [(3_500, "start"), (4_100, "message", "a", "after")]


class Ticking(Diary):
    """Sets its timer again from within, under the same key; cancels it the third time, after setting it."""

    def on_timer(self, key: Any) -> None:
        super().on_timer(key)
        rings = len([entry for entry in self.told if entry == ("timer", key)])
        self.runtime.set_timer(100, key)
        if rings == 3:
            self.runtime.cancel_timer(key)


def test_a_timer_may_be_set_again_under_its_own_key_while_it_rings_and_cancelled_too() -> None:
    from squall.sim.world import World

    world = World(1)
    world.add_host("host")
    world.place("host", "clock", Ticking)
    world.start()
    world.run_until(1_000)
    clock = world.program("clock")
    assert isinstance(clock, Ticking)
    clock.runtime.set_timer(100, "tick")
    world.run_until(100_000)
    step = 100 + HOUSEKEEPING_NS
    assert [entry[0] for entry in clock.entries[1:]] == [1_000 + step, 1_000 + 2 * step, 1_000 + 3 * step]


def test_a_timer_that_was_replaced_while_it_waited_for_the_core_rings_once_and_late() -> None:
    stage = TwoHosts(costs=SLOW)
    b = stage.diary("b")
    b.reactions["again"] = lambda _: b.runtime.set_timer(2_000, "alarm")
    b.runtime.set_timer(500, "alarm")
    stage.diary("a").runtime.send("b", Note("again"))
    stage.run(20_000)
    assert [entry[0] for entry in b.entries if entry[1] == "timer"] == [2_100 + 2_000 + HOUSEKEEPING_NS]
