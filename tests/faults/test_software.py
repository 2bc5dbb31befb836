"""Programs that go wrong on sound machines: what each kind does, what it counts, and that its heal undoes it."""

from typing import Any, ClassVar

import pytest
from msgspec import Struct
from msgspec.structs import replace

from squall.faults.fault import Fault, InstalledPlan, Planned, during
from squall.faults.messages import FieldsSwapped, OffByOne, ValueAsQuantity, changed, value_of
from squall.faults.software import BadConfig, Hangs, Livelock, OldVersion, PoisonMessage, Sluggish, Throws
from squall.sim.host import Costs
from squall.sim.link import LinkSpec
from squall.sim.lives import START_UP_NS
from squall.sim.trace import HostCrashed, Intercepted, ProgramRaised, ProgramStarted, Sent
from squall.sim.world import World
from tests.faults.stages import Market, chatter, heard, stage_with
from tests.sim.machines import FREE, Beat, Diary, Memory, Note

MS = 1_000_000


class Part(Struct, frozen=True):
    lots: int


class Order(Struct, frozen=True, gc=False, tag=True):
    """A message with numbers in it."""

    wire_bytes: ClassVar[int] = 64
    is_heartbeat: ClassVar[bool] = False
    name: str
    lots: int
    price: int | None
    part: Part = Part(7)

    @property
    def identity(self) -> str:
        return self.name


class Build(Diary):
    """Another one."""


class Desk:
    """``a`` talks to ``b``; both have a configuration, and ``b`` has another build."""

    def __init__(self, *plan: Planned, seed: int = 1, costs: Costs = FREE) -> None:
        self.memory = Memory()
        self.world = World(seed, sink=self.memory)
        for host in ("host1", "host2"):
            self.world.add_host(host)
        self.world.connect("wire", "host1", "host2", LinkSpec(100))
        self.world.place("host1", "a", Diary, costs, config={"limit": 5})
        self.world.place("host2", "b", Diary, costs, versions={"old": Build}, config={"limit": 5})
        self.world.groups = {"both": ("a", "b")}
        self.world.reconfigured = self._reconfigured
        self.world.vocabulary = {each.__name__: each for each in (Note, Beat, Order)}
        self.plan = InstalledPlan(self.world, plan)
        self.world.start()
        self.world.run_until(1_000)

    @staticmethod
    def _reconfigured(config: dict[str, int], assignment: str) -> dict[str, int]:
        key, _, value = assignment.partition("=")
        if key not in config:
            raise ValueError(f"--set {key}: no such key")
        return {**config, key: int(value)}

    def diary(self, address: str) -> Diary:
        program = self.world.program(address)
        assert isinstance(program, Diary)
        return program

    def say(self, at_ns: int, *messages: Any) -> None:
        """From a to b."""

        def now(_: object) -> None:
            for message in messages:
                self.diary("a").runtime.send("b", message)

        self.world.kernel.call_at(at_ns, now)

    def run(self, until_ns: int) -> "Desk":
        self.world.run_until(until_ns)
        return self

    def sent(self) -> list[Any]:
        return [event.message for event in self.memory.events(Sent)]


REFUSED: list[tuple[Fault, str]] = [
    (Throws("c"), "program throws: 'c' is no program; programs are a, b"),
    (Throws("b", "Notes"), "program throws: no message 'Notes'; did you mean Note?"),
    (PoisonMessage("b", ""), "poison message: expected the type of a message"),
    (PoisonMessage("b", "Note", 0.0), "poison message: the share must be above 0 and at most 1, found 0.0"),
    (Hangs("b", "X"), "program hangs: no message 'X'; messages are Note, Beat, Order"),
    (Livelock("c"), "program in a livelock: 'c' is no program; programs are a, b"),
    (Sluggish("b", 1.0), "program slow: the factor must be above 1 and at most a million, found 1.0"),
    (OldVersion("b", "new"), "old version deployed: b has no version 'new'; there are old"),
    (OldVersion("a", "old"), "old version deployed: a has no version 'old'; there are none but its own"),
    (BadConfig("b", "limits", "1"), "bad configuration: limits: no such key"),
    (OffByOne("b", "Order", "lot"), "number off: Order has no field 'lot'; it has name, lots, price, part"),
    (OffByOne("b", "Order", "part.lot"), "number off: Part has no field 'lot'; it has lots"),
    (OffByOne("b", "Order", "name"), "number off: expected a number, Order.name holds str"),
    (OffByOne("b", "Order", "part"), "number off: expected a number, Order.part holds Part"),
    (
        OffByOne("b", "Order", "lots.x"),
        "number off: Order.lots has no fields, found 'x' behind it",
    ),
    (
        OffByOne("b", "Order", "price.x"),
        "number off: Order.price has no fields, found 'x' behind it",
    ),
    (OffByOne("b", "Order", "lots", by=0), "number off: must not be off by 0"),
    (
        OffByOne("b", "Order", "lots", by=-(10**9) - 1),
        "number off: expected to be off by at most 1000000000, found -1000000001",
    ),
    (
        FieldsSwapped("b", "Order", "lots", "name"),
        "fields swapped: expected two of a kind, Order.lots holds int, name str",
    ),
    (
        ValueAsQuantity("b", "Order", "name", "price"),
        "value typed as quantity: expected a number, Order.name holds str",
    ),
    (OffByOne("b", "Order", "lots", way="up"), "number off: expected a way of in or out, found 'up'"),
    (FieldsSwapped("b", "Order", "lots", "lots"), "fields swapped: expected two fields, found 'lots' twice"),
    (
        ValueAsQuantity("b", "Order", "lots", "price", unit=0),
        "value typed as quantity: the unit must be at least 1, found 0",
    ),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        Desk(during(0, MS, fault))
    assert str(caught.value) == f"plan[0]: {line}"


def test_a_venues_program_is_no_service_to_break() -> None:
    with pytest.raises(ValueError, match="program throws: 'left' is a venue's program; programs are left-trader"):
        Market(during(0, MS, Throws("left")))


def test_a_world_without_settings_says_so() -> None:
    with pytest.raises(ValueError, match="bad configuration: x=1: the programs of this world have no settings"):
        stage_with(during(2_000, MS, BadConfig("b", "x", "1")))


# --- throwing ---


def test_a_program_throws_once_on_the_next_message_and_comes_back_by_itself() -> None:
    stage, plan = stage_with(during(2_000, 9 * MS, Throws("b")))
    chatter(stage, 1_000, 4)
    stage.at(100 * MS, lambda: stage.diary("a").runtime.send("b", Note("0")))
    stage.run(200 * MS)
    (raised,) = stage.memory.events(ProgramRaised)
    assert (raised.program, raised.injected, raised.error) == ("b", True, "the fault makes it throw on 2000")
    assert stage.memory.events(HostCrashed) == []
    assert stage.diary("b").told == [("start",), ("message", "a", "0")]
    assert plan.tallies[0].words == "1 handlers thrown"


def test_a_poison_message_throws_each_time_and_its_harmless_sisters_never() -> None:
    desk = Desk(during(2_000, 900 * MS, PoisonMessage("b", "Note", share=0.5)), seed=3)
    for at_ns in (3_000, 200 * MS, 400 * MS, 1_000 * MS):
        for number in range(8):
            desk.say(at_ns + number, Note(f"n{number}"))
    desk.run(1_200 * MS)
    poison = [event.error.rsplit(" ", 1)[-1] for event in desk.memory.events(ProgramRaised)]
    assert len(poison) == 3
    assert len(set(poison)) == 1, "the first poisonous one, each time"
    assert desk.plan.tallies[0].words == "3 handlers thrown"
    assert [entry[3] for entry in desk.diary("b").entries if entry[1] == "message"] == [f"n{n}" for n in range(8)]


# --- hanging, spinning, dawdling ---


def test_a_program_hangs_until_the_window_ends_and_is_then_killed_and_started_again() -> None:
    desk = Desk(during(2_000, 10 * MS, Hangs("b", "Note")))
    desk.say(3_000, Beat("beat"), Note("hangs"), Note("unheard"))
    desk.say(80 * MS, Note("heard"))
    desk.run(9 * MS)
    assert desk.diary("b").told == [("start",), ("message", "a", "beat")]
    desk.run(100 * MS)
    assert desk.diary("b").told == [("start",), ("message", "a", "heard")]
    assert [record.at_ns for record in desk.memory.records if type(record.event) is ProgramStarted] == [
        10 * MS + START_UP_NS
    ]
    assert desk.plan.tallies[0].words == "1 program hung"


def test_a_hang_that_found_nothing_to_hang_on_restarts_nobody() -> None:
    desk = Desk(during(2_000, 10 * MS, Hangs("b", "Order")))
    desk.say(3_000, Note("well"))
    desk.run(100 * MS)
    assert desk.plan.tallies[0].effects == 0
    assert desk.memory.events(ProgramStarted) == []


def test_a_livelock_ends_with_its_window_and_nothing_is_lost_or_overtaken() -> None:
    desk = Desk(during(2_000, 10 * MS, Livelock("b", "Note")))
    desk.say(1_500, Note("0"))
    desk.say(3_000, Note("1"), Beat("beat"), Note("2"))
    desk.diary("b").runtime.set_timer(5 * MS, "alive")
    desk.run(9 * MS)
    assert desk.diary("b").told == [("start",), ("message", "a", "0"), ("timer", "alive")]
    desk.run(20 * MS)
    assert [entry[3] for entry in desk.diary("b").entries if entry[1] == "message"] == ["0", "1", "beat", "2"]
    assert desk.plan.tallies[0].words == "1 handlers in circles"


def test_a_slow_program_counts_what_it_was_slow_with_and_is_quick_again_afterwards() -> None:
    desk = Desk(during(2_000, 40_000, Sluggish("b", 10.0)), costs=Costs(default_ns=1_000))
    desk.say(3_000, Note("one"), Beat("beat"))
    desk.say(50_000, Note("two"))
    desk.run(MS)
    assert [entry[0] for entry in desk.diary("b").entries if entry[1] == "message"] == [13_100, 23_100, 51_100]
    assert desk.plan.tallies[0].words == "2 messages handled slowly"


# --- the wrong build, the wrong configuration ---


def test_an_old_version_runs_for_the_window_and_only_where_it_was_deployed() -> None:
    desk = Desk(during(2_000, 200 * MS, OldVersion("b", "old")))
    desk.run(100 * MS)
    assert isinstance(desk.diary("b"), Build)
    desk.run(300 * MS)
    assert type(desk.diary("b")) is Diary
    assert [event.version for event in desk.memory.events(ProgramStarted)] == ["old", ""]
    assert desk.plan.tallies[0].words == "1 program deployed"


def test_a_bad_configuration_reaches_one_program_and_is_taken_back() -> None:
    desk = Desk(during(2_000, 10 * MS, BadConfig("b", "limit", "1")))
    desk.run(20 * MS)
    assert desk.diary("b").told[1:] == [("config", {"limit": 1}), ("config", {"limit": 5})]
    assert desk.diary("a").told == [("start",)]
    assert desk.plan.tallies[0].words == "1 configuration pushed"


def test_a_configuration_that_is_so_already_has_touched_nothing() -> None:
    desk = Desk(during(2 * MS, 4 * MS, BadConfig("b", "limit", "5"))).run(5 * MS)
    assert desk.plan.tallies[0].effects == 0


def test_one_of_a_group_is_struck_the_same_one_for_the_same_seed() -> None:
    def struck(seed: int) -> str:
        desk = Desk(during(2_000, 10 * MS, BadConfig("one of both", "limit", "1")), seed=seed).run(20 * MS)
        return desk.plan.struck[0]

    assert {struck(seed) for seed in range(12)} == {"a", "b"}
    assert [struck(seed) for seed in range(6)] == [struck(seed) for seed in range(6)]


# --- numbers ---


def test_a_quantity_is_off_by_one_on_the_wire_and_right_again_after_the_window() -> None:
    desk = Desk(during(2_000, 10_000, OffByOne("a", "Order", "lots")))
    desk.say(1_500, Order("0", 10, 100))
    desk.say(3_000, Order("1", 10, 100), Note("n"))
    desk.say(10_000, Order("2", 10, 100))
    desk.run(MS)
    assert [each.lots for each in desk.sent() if type(each) is Order] == [10, 11, 10]
    assert desk.plan.tallies[0].words == "1 messages changed"
    assert desk.memory.events(Intercepted) == [Intercepted("a", "out", "b", "1", "changes")]


def test_a_number_that_is_misread_on_the_way_in_is_right_on_the_wire() -> None:
    desk = Desk(during(2_000, MS, OffByOne("b", "Order", "part.lots", by=-1, way="in")))
    desk.say(3_000, Order("1", 10, 100))
    desk.run(MS)
    assert [each.part.lots for each in desk.sent()] == [7]
    assert [each.deed for each in desk.memory.events(Intercepted)] == ["changes"]


def test_what_is_not_there_is_neither_off_nor_swapped_nor_typed() -> None:
    market = Order("m", 10, None)
    desk = Desk(
        during(2_000, MS, OffByOne("a", "Order", "price")),
        during(2_000, MS, FieldsSwapped("a", "Order", "lots", "price")),
        during(2_000, MS, ValueAsQuantity("a", "Order", "lots", "price")),
    )
    desk.say(3_000, market)
    desk.run(MS)
    assert desk.sent() == [market]
    assert [tally.effects for tally in desk.plan.tallies] == [0, 0, 0]


def test_fields_are_swapped_and_a_value_is_typed_as_a_quantity() -> None:
    order = Order("o", 10, 20_000)
    for fault, expected in (
        (FieldsSwapped("a", "Order", "lots", "price"), replace(order, lots=20_000, price=10)),
        (ValueAsQuantity("a", "Order", "lots", "price", unit=200), replace(order, lots=1_000)),
    ):
        desk = Desk(during(2_000, MS, fault))
        desk.say(3_000, order)
        desk.run(MS)
        assert desk.sent() == [expected]


def test_a_share_of_the_messages_is_wrong_and_each_of_them_always() -> None:
    desk = Desk(during(2_000, MS, OffByOne("a", "Order", "lots", share=0.4)))
    orders = [Order(f"o{number}", 10, 100) for number in range(50)]
    desk.say(3_000, *orders)
    desk.say(4_000, *orders)
    desk.run(MS)
    lots = [each.lots for each in desk.sent()]
    assert lots[:50] == lots[50:]
    assert 10 <= lots[:50].count(11) <= 30


def test_a_field_is_found_and_changed_by_its_path() -> None:
    order = Order("o", 10, 100)
    assert value_of(order, "part.lots") == 7
    assert changed(order, "part.lots", 8) == replace(order, part=Part(8))


def test_faults_of_one_program_overlap_and_heal_in_any_order() -> None:
    stage, plan = stage_with(
        during(2_000, 6 * MS, Livelock("b")),
        during(3_000, 9 * MS, Livelock("b")),
        during(4_000, 5 * MS, Sluggish("b", 2.0)),
    )
    chatter(stage, 500, 4)
    stage.run(8 * MS)
    assert heard(stage, "b") == [1_000, 1_500]
    assert [tally.effects for tally in plan.tallies] == [1, 1, 0], "what the first one lets go, the second one holds"
    stage.run(8 * MS)
    assert heard(stage, "b") == [1_000, 1_500, 2_000, 2_500]
    assert plan.in_force == ()
    assert stage.world.host("host2").slot("b").tap is None
