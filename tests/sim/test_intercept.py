"""Rules about a program's messages: what they change, drop, repeat and delay, and handlers that never come back."""

import pytest

from squall.sim.host import Costs
from squall.sim.intercept import IN, OUT, Act, Outcome, Rule
from squall.sim.trace import Handled, HostCrashed, Intercepted, ProgramRaised, ProgramStarted, ProgramStopped
from tests.sim.machines import Beat, Note, TwoHosts

SLOW = Costs(default_ns=1_000)
ROUND_NS = 2_000


def only(name: str, outcome: Outcome) -> Rule:
    """About the message of this name."""
    return lambda _, message: outcome if message.name == name else None


def say(stage: TwoHosts, *names: str, at_ns: int = 1_000) -> None:
    stage.at(at_ns, lambda: [stage.diary("a").runtime.send("b", Note(name)) for name in names])


def heard(stage: TwoHosts, address: str = "b") -> list[str]:
    return [entry[3] for entry in stage.diary(address).entries if entry[1] == "message"]


def test_a_message_is_changed_on_its_way_in_and_the_program_knows_no_other() -> None:
    stage = TwoHosts()
    stage.world.host("host2").intercept("b", IN, only("one", Outcome((Note("uno"),))))
    say(stage, "one", "two")
    stage.run(10_000)
    assert heard(stage) == ["uno", "two"]
    assert [event.message.name for event in stage.memory.events(Handled)] == ["uno", "two"]
    assert stage.memory.events(Intercepted) == [Intercepted("b", "in", "a", "one", "changes")]


def test_on_its_way_out_it_is_changed_before_the_network_sees_it() -> None:
    stage = TwoHosts()
    stage.world.host("host1").intercept("a", OUT, only("one", Outcome((Note("uno"), Note("due")))))
    say(stage, "one")
    stage.run(10_000)
    assert heard(stage) == ["uno", "due"]


def test_what_is_dropped_on_its_way_out_the_program_believes_sent() -> None:
    stage = TwoHosts()
    stage.diary("a").runtime.open("b")
    stage.run(1_000)
    remove = stage.world.host("host1").intercept("a", OUT, lambda _, __: Outcome())
    assert stage.diary("a").runtime.write("b", Note("lost"))
    remove()
    assert stage.diary("a").runtime.write("b", Note("found"))
    stage.run(10_000)
    assert heard(stage) == ["found"]


def test_rules_compose_in_the_order_in_which_they_were_installed() -> None:
    def append(letter: str) -> Rule:
        return lambda _, message: Outcome((Note(message.name + letter),))

    stage = TwoHosts()
    host = stage.world.host("host2")
    removals = [host.intercept("b", IN, append(letter)) for letter in "xyz"]
    say(stage, "-", at_ns=1_000)
    stage.at(2_000, removals[1])
    say(stage, "-", at_ns=3_000)
    stage.at(4_000, removals[0])
    stage.at(4_000, removals[2])
    say(stage, "-", at_ns=5_000)
    stage.run(10_000)
    assert heard(stage) == ["-xyz", "-xz", "-"]
    assert host.slot("b").tap is None, "what does nothing is not asked"


def test_a_repeated_message_is_handled_twice_in_a_row_and_the_rule_sees_it_once() -> None:
    stage = TwoHosts(costs=SLOW)
    seen: list[str] = []

    def twice(_: str, message: Note) -> Outcome:
        seen.append(message.name)
        return Outcome((message, message))

    stage.world.host("host2").intercept("b", IN, twice)
    say(stage, "one", "two")
    stage.run(10_000)
    assert heard(stage) == ["one", "one", "two", "two"]
    assert seen == ["one", "two"]


@pytest.mark.parametrize("way", [IN, OUT])
def test_what_a_program_is_late_with_may_be_overtaken(way: str) -> None:
    stage = TwoHosts()
    host, program = ("host2", "b") if way == IN else ("host1", "a")
    stage.world.host(host).intercept(program, way, only("one", Outcome((Note("one"),), delay_ns=500)))  # type: ignore[arg-type]
    say(stage, "one", "two")
    stage.run(10_000)
    assert [(at - 1_000, what[2]) for at, *what in stage.diary("b").entries if what[0] == "message"] == [
        (100, "two"),
        (600, "one"),
    ]


def test_what_is_late_dies_with_the_life_that_it_was_for() -> None:
    stage = TwoHosts()
    host = stage.world.host("host2")
    host.intercept("b", IN, only("one", Outcome((Note("one"),), delay_ns=5_000)))
    say(stage, "one")
    stage.at(2_000, host.crash)
    stage.at(3_000, host.restart)
    stage.run(10_000)
    assert heard(stage) == []


# --- handlers that do not come back ---


def test_a_program_that_is_made_to_throw_goes_down_alone_and_the_record_says_whose_doing_it_is() -> None:
    stage = TwoHosts()
    remove = stage.world.host("host2").intercept("b", IN, only("poison", Outcome(act=Act.THROW)))
    stage.diary("a").runtime.open("b")
    stage.at(2_000, lambda: stage.diary("a").runtime.write("b", Note("poison")))
    stage.run(3_000)
    assert stage.world.program("b") is None
    (raised,) = stage.memory.events(ProgramRaised)
    assert (raised.program, raised.injected) == ("b", True)
    assert stage.memory.events(HostCrashed) == []
    assert ("closed", "b", "closed by the peer") in stage.diary("a").told
    remove()
    stage.run(100_000_000)
    assert stage.diary("b").told == [("start",)]
    assert stage.memory.events(ProgramStarted) == [ProgramStarted("b", "")]


def test_a_poison_message_makes_it_throw_again_each_time_that_it_comes() -> None:
    stage = TwoHosts()
    stage.world.host("host2").intercept("b", IN, only("poison", Outcome(act=Act.THROW)))
    for at_ns in (1_000, 100_000_000, 200_000_000):
        say(stage, "well", "poison", "never seen", at_ns=at_ns)
    stage.run(300_000_000)
    assert len(stage.memory.events(ProgramRaised)) == 3
    assert len(stage.memory.events(ProgramStarted)) == 3


def test_a_hung_program_handles_nothing_more_while_its_host_and_its_neighbours_live() -> None:
    stage = TwoHosts()
    host = stage.world.host("host2")
    stage.world.place("host2", "c", type(stage.diary("b")), SLOW)
    host.begin_life(host.slot("c"))
    host.intercept("b", IN, only("hang", Outcome(act=Act.HANG)))
    stage.diary("b").runtime.set_timer(3_000, "never")
    say(stage, "hang", "unheard")
    stage.at(2_000, lambda: stage.diary("a").runtime.send("c", Note("neighbour")))
    stage.run(10_000)
    assert stage.diary("b").told == [("start",)]
    assert heard(stage, "c") == ["neighbour"]
    assert host.slot("b").tap is not None


def test_the_end_of_the_rule_does_not_bring_a_hung_program_back_and_a_respawn_does() -> None:
    stage = TwoHosts()
    host = stage.world.host("host2")
    remove = host.intercept("b", IN, only("hang", Outcome(act=Act.HANG)))
    say(stage, "hang")
    stage.at(5_000, remove)
    say(stage, "unheard", at_ns=6_000)
    stage.at(7_000, lambda: host.respawn("b", "an operator kills it"))
    say(stage, "heard", at_ns=100_000_000)
    stage.run(200_000_000)
    assert stage.diary("b").told == [("start",), ("message", "a", "heard")]
    assert [event.why for event in stage.memory.events(ProgramStopped)] == ["an operator kills it"]


def test_a_program_in_a_livelock_keeps_its_timers_and_goes_on_in_order_when_it_ends() -> None:
    stage = TwoHosts(costs=SLOW)
    host = stage.world.host("host2")
    remove = host.intercept("b", IN, only("round", Outcome(act=Act.SPIN, pass_ns=ROUND_NS)))
    say(stage, "before", "round", "behind")
    say(stage, "later", at_ns=8_000)
    stage.diary("b").runtime.set_timer(6_000, "alive")
    stage.at(20_000, remove)
    say(stage, "last", at_ns=20_000)
    stage.run(15_000)
    assert stage.diary("b").told == [("start",), ("message", "a", "before"), ("timer", "alive")]
    assert host.cores["b"].busy_ns > 10_000, "it is busy all the while"
    stage.run(30_000)
    assert heard(stage) == ["before", "round", "behind", "later", "last"]
    assert host.slot("b").tap is None


def test_heartbeats_are_messages_to_a_rule_like_any_other() -> None:
    stage = TwoHosts()
    stage.world.host("host2").intercept("b", IN, only("beat", Outcome()))
    stage.diary("a").runtime.send("b", Beat("beat"))
    stage.run(1_000)
    assert heard(stage) == []


def test_a_slow_program_takes_its_factor_longer_and_two_causes_both() -> None:
    stage = TwoHosts(costs=Costs(default_ns=1_000, by_message={Beat: 100}))
    slot = stage.world.host("host2").slot("b")
    recover = slot.slow(3.0)
    again = slot.slow(2.0)
    assert (slot.cost_ns(Note("x")), slot.cost_ns(Beat("x"))) == (6_000, 600)
    recover()
    assert (slot.cost_ns(Note("x")), slot.cost_ns(Beat("x"))) == (2_000, 200)
    again()
    assert (slot.cost_ns(Note("x")), slot.cost_ns(Beat("x"))) == (1_000, 100)
