"""Streams where it is hard: peers that are down, lost news, both at once, old packets. Nobody is left waiting."""

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.faults.fault import Tally
from squall.faults.network import LinkCut, PacketLoss, Partition
from squall.sim.host import Costs
from squall.sim.link import LinkSpec
from squall.sim.packet import Packet
from squall.sim.stream import TcpSpec, TransportSpec
from squall.sim.trace import PacketDropped, Retransmitted
from squall.sim.world import World
from tests.profiles import examples
from tests.sim.machines import MILLISECOND, Diary, Note, TwoHosts

RTO = TransportSpec(rto_min_ns=20 * MILLISECOND, max_retransmissions=4)
KINDS = {"lean": RTO, "tcp": replace(RTO, tcp=TcpSpec(delayed_ack_ns=0))}


@pytest.fixture(scope="module", autouse=True, params=KINDS)
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every story here is told of both kinds of stream."""
    global RTO
    lean, RTO = RTO, KINDS[request.param]
    yield request.param
    RTO = lean


GIVES_UP_NS = (20 + 40 + 80 + 160 + 320) * MILLISECOND
"""After five attempts, each waiting twice as long as the one before."""


def stage_of(**how: Any) -> TwoHosts:
    return TwoHosts(transport=RTO, **how)


def connected(**how: Any) -> TwoHosts:
    stage = stage_of(**how)
    stage.diary("a").runtime.open("b")
    stage.run(30 * MILLISECOND)
    for who, peer in (("a", "b"), ("b", "a")):
        assert stage.diary(who).told[-1] == ("open", peer)
    return stage


def told(stage: TwoHosts, who: str, *kinds: str) -> list[tuple[Any, ...]]:
    """What a program was told of its streams, the peer's name apart."""
    return [(entry[0], *entry[2:]) for entry in stage.diary(who).told if entry[0] in (kinds or ("open", "closed"))]


# --- opening -----------------------------------------------------------------------------------------


def test_opening_to_a_host_that_is_down_is_tried_again_and_again_and_then_times_out() -> None:
    stage = stage_of()
    stage.world.host("host2").crash()
    stage.diary("a").runtime.open("b")
    stage.run(GIVES_UP_NS - 1)
    waits = [event.after_ns // MILLISECOND for event in stage.memory.events(Retransmitted)]
    assert waits == [20, 40, 80, 160]
    assert told(stage, "a") == []
    stage.run(MILLISECOND)
    assert told(stage, "a") == [("closed", "timed out")]


def test_a_host_that_comes_back_in_time_takes_the_stream() -> None:
    stage = stage_of()
    stage.world.host("host2").crash()
    stage.diary("a").runtime.open("b")
    stage.run(100 * MILLISECOND)
    stage.world.host("host2").restart()
    stage.run(GIVES_UP_NS)
    assert told(stage, "a") == told(stage, "b") == [("open",)]
    assert stage.diary("a").runtime.write("b", Note("at last"))
    stage.run(MILLISECOND)
    assert told(stage, "b", "message") == [("message", "at last")]


def test_an_opener_that_hears_no_answer_times_out_and_does_not_wait_for_ever() -> None:
    """Its segments arrive, and nothing comes back: the acknowledgement of an opening is its answer."""
    stage = stage_of()
    heal = Partition(("host2",), ("host1",)).inject(stage.world, Tally())
    stage.diary("a").runtime.open("b")
    stage.run(2 * GIVES_UP_NS)
    heal()
    assert told(stage, "a") == [("closed", "timed out")]
    assert told(stage, "b")[0] == ("open",)
    assert told(stage, "b")[1][0] == "closed"
    stage.diary("a").runtime.open("b")
    stage.run(MILLISECOND)
    assert told(stage, "a")[-1] == told(stage, "b")[-1] == ("open",)


class _LoseWords:
    """Loses all that one side says; its acknowledgements pass."""

    def __init__(self, sender: str) -> None:
        self._sender = sender

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        return None if packet.sender == self._sender and packet.note != "ack/" else 0


def test_an_opener_whose_answer_is_lost_is_not_left_opening_because_its_question_was_acknowledged() -> None:
    stage = stage_of()
    remove = stage.world.network.link("wire").install(_LoseWords("b"))
    stage.diary("a").runtime.open("b")
    stage.run(2 * GIVES_UP_NS)
    remove()
    assert told(stage, "a") == [("closed", "timed out")]
    assert [entry[0] for entry in told(stage, "b")] == ["open", "closed"]


def test_a_stream_can_be_written_to_from_within_on_stream_open_on_both_sides() -> None:
    class Greeter(Diary):
        def on_stream_open(self, peer: str) -> None:
            super().on_stream_open(peer)
            assert self.runtime.write(peer, Note(f"hello from {self.runtime.address}"))

    world = World(1, RTO)
    for host, address in (("host1", "a"), ("host2", "b")):
        world.add_host(host)
        world.place(host, address, Greeter, Costs(default_ns=0))
    world.place("host2", "c", Greeter, Costs(default_ns=0))
    world.connect("wire", "host1", "host2", LinkSpec(100, 5_000, 0.2))
    world.start()
    world.run_until(1_000)
    a, b, c = (world.program(name) for name in "abc")
    assert isinstance(a, Diary)
    assert isinstance(b, Diary)
    assert isinstance(c, Diary)
    a.runtime.open("b")
    c.runtime.open("b")
    world.run_until(300 * MILLISECOND)
    assert a.told[1:] == [("open", "b"), ("message", "b", "hello from b")]
    assert [entry for entry in b.told[1:] if entry[1] == "a"] == [("open", "a"), ("message", "a", "hello from a")]
    assert [entry for entry in b.told[1:] if entry[1] == "c"] == [("open", "c"), ("message", "c", "hello from c")]


def test_a_stream_goes_to_a_programs_own_address_and_to_another_program() -> None:
    world = World(1)
    for host in ("host1", "host2"):
        world.add_host(host)
    world.place("host1", "a", Diary)
    world.place("host2", "b", Diary, aliases=("b/A",))
    world.start()
    a = world.program("a")
    assert isinstance(a, Diary)
    with pytest.raises(ValueError, match=r"^a: a stream goes to a program's own address, 'b', not to a further one"):
        a.runtime.open("b/A")
    with pytest.raises(ValueError, match=r"^a: a program cannot open a stream to itself"):
        a.runtime.open("a")


# --- closing -----------------------------------------------------------------------------------------


def test_closing_and_opening_at_once_gives_a_new_stream_and_nothing_of_the_old_one() -> None:
    stage = connected(costs=Costs(default_ns=1_000))
    a, b = stage.diary("a").runtime, stage.diary("b").runtime
    for number in range(5):
        assert b.write("a", Note(f"old {number}"))
    stage.run(1_500)  # the first is being handled, four wait for the core
    a.close("b")
    a.open("b")
    stage.run(30 * MILLISECOND)
    assert told(stage, "a", "open", "closed", "message") == [("open",), ("message", "old 0"), ("open",)]
    assert told(stage, "b") == [("open",), ("closed", "closed by the peer"), ("open",)]
    assert a.write("b", Note("new"))
    stage.run(30 * MILLISECOND)
    assert told(stage, "b", "message") == [("message", "new")]


def test_a_program_is_told_that_a_stream_is_gone_before_it_can_open_another() -> None:
    """The news waits for the core; a retry timer that comes first must not have the new stream take it for its own."""
    stage = connected(costs=Costs(default_ns=MILLISECOND))
    a, b = stage.diary("a"), stage.diary("b")
    a.reactions["busy"] = lambda _: a.runtime.open("b")
    b.runtime.send("a", Note("busy"))
    b.runtime.close("a")  # arrives while a is at work, and is told after it
    stage.run(20 * MILLISECOND)
    assert told(stage, "a", "open", "closed", "message") == [
        ("open",),
        ("message", "busy"),
        ("closed", "closed by the peer"),
    ]
    assert told(stage, "b") == [("open",)]
    a.runtime.open("b")
    stage.run(20 * MILLISECOND)
    assert told(stage, "a")[-1] == ("open",)


def test_a_program_that_hangs_up_on_a_stream_that_is_gone_already_hears_no_more_of_it() -> None:
    stage = connected(costs=Costs(default_ns=MILLISECOND))
    a, b = stage.diary("a"), stage.diary("b")

    def start_anew(_: str) -> None:
        a.runtime.close("b")
        a.runtime.open("b")

    a.reactions["busy"] = start_anew
    b.runtime.send("a", Note("busy"))
    b.runtime.close("a")
    stage.run(30 * MILLISECOND)
    assert told(stage, "a") == [("open",), ("open",)]
    assert told(stage, "b") == [("open",), ("open",)]


def test_closing_twice_is_closing_once() -> None:
    stage = connected()
    stage.diary("a").runtime.close("b")
    stage.diary("a").runtime.close("b")
    stage.run(30 * MILLISECOND)
    assert told(stage, "b") == [("open",), ("closed", "closed by the peer")]


def test_on_one_host_streams_open_close_and_tell_in_the_same_order() -> None:
    world = World(1)
    world.add_host("host")
    for address in ("a", "b"):
        world.place("host", address, Diary, Costs(default_ns=1_000))
    world.start()
    world.run_until(1_000)
    a, b = world.program("a"), world.program("b")
    assert isinstance(a, Diary)
    assert isinstance(b, Diary)
    a.runtime.open("b")
    assert a.runtime.write("b", Note("one"))
    world.run_until(10_000)
    b.runtime.write("a", Note("discarded"))
    a.runtime.close("b")
    a.runtime.open("b")
    a.runtime.write("b", Note("two"))
    world.run_until(30_000)
    assert b.told[1:] == [
        ("open", "a"),
        ("message", "a", "one"),
        ("closed", "a", "closed by the peer"),
        ("open", "a"),
        ("message", "a", "two"),
    ]
    assert a.told[1:] == [("open", "b"), ("open", "b")]


# --- half open ---------------------------------------------------------------------------------------


def test_after_a_one_way_partition_the_side_that_heard_nothing_learns_of_it_when_it_speaks() -> None:
    stage = connected()
    heal = Partition(("host1",), ("host2",)).inject(stage.world, Tally())
    stage.diary("a").runtime.write("b", Note("never arrives"))
    stage.run(2 * GIVES_UP_NS)
    heal()
    stage.run(GIVES_UP_NS)
    assert told(stage, "a")[-1] == ("closed", "timed out")
    assert told(stage, "b")[-1] == ("open",), "it has heard nothing: half open"
    assert stage.diary("b").runtime.write("a", Note("hello?"))
    stage.run(30 * MILLISECOND)
    assert told(stage, "b")[-1] == ("closed", "reset by the peer")
    assert told(stage, "b", "message") == []


def test_where_acknowledgements_do_not_come_back_the_message_arrives_once_and_the_sender_times_out() -> None:
    stage = connected()
    heal = Partition(("host2",), ("host1",)).inject(stage.world, Tally())
    stage.diary("a").runtime.write("b", Note("arrives"))
    stage.run(2 * GIVES_UP_NS)
    heal()
    assert told(stage, "b", "message") == [("message", "arrives")]
    assert told(stage, "a")[-1] == ("closed", "timed out")
    # The reset went the way that was open.
    assert told(stage, "b")[-1] == ("closed", "reset by the peer")


def test_a_half_open_stream_is_replaced_when_the_other_side_opens_again() -> None:
    stage = connected()
    heal = Partition(("host1",), ("host2",)).inject(stage.world, Tally())
    stage.diary("a").runtime.write("b", Note("never arrives"))
    stage.run(2 * GIVES_UP_NS)
    heal()
    stage.diary("a").runtime.open("b")
    stage.run(30 * MILLISECOND)
    assert told(stage, "b") == [("open",), ("closed", "replaced by the peer's new stream"), ("open",)]


def test_the_reset_of_a_restarted_host_can_be_lost_like_any_packet_and_is_asked_for_again(kind: str) -> None:
    stage = connected()
    stage.world.host("host2").crash()
    stage.world.host("host2").restart()
    heal = Partition(("host2",), ("host1",)).inject(stage.world, Tally())
    stage.diary("a").runtime.write("b", Note("are you there?"))
    stage.run(30 * MILLISECOND)
    assert told(stage, "a")[-1] == ("open",), "no reset comes through a partition"
    heal()
    stage.run(100 * MILLISECOND)
    assert told(stage, "a")[-1] == ("closed", "reset by the peer")
    dropped = [event.what for event in stage.memory.events(PacketDropped)]
    what = {"lean": "are you there?", "tcp": "a/b/1/a/1-65"}[kind]
    assert dropped == [f"rst/{what}#0", f"rst/{what}#1"]


def test_a_reset_that_is_in_flight_when_the_link_is_cut_is_gone() -> None:
    stage = connected(link=LinkSpec(MILLISECOND))
    now_ns = stage.world.kernel.now_ns
    stage.diary("a").runtime.close("b")
    heals: list[Callable[[], None]] = []
    stage.at(now_ns + 500_000, lambda: heals.append(LinkCut("wire").inject(stage.world, Tally())))
    stage.at(now_ns + 600_000, lambda: heals[0]())
    stage.run(30 * MILLISECOND)
    assert told(stage, "b")[-1] == ("open",)
    assert [event.what for event in stage.memory.events(PacketDropped)] == ["rst/a/b/1#0"]


# --- both at once, and old packets -------------------------------------------------------------------


class _Delay:
    """Holds one packet back."""

    def __init__(self, what: str, delay_ns: int) -> None:
        self._what = what
        self._delay_ns = delay_ns

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        return self._delay_ns if packet.what == self._what else 0


@pytest.mark.parametrize("delayed", ["syn/a/b/1#0", "syn/b/a/1#0", "syn-ack/a/b/1#0", "syn-ack/b/a/1#0"])
def test_when_both_open_at_once_one_stream_stands_however_late_a_packet_is(delayed: str) -> None:
    stage = stage_of()
    stage.world.network.link("wire").install(_Delay(delayed, 5 * MILLISECOND))
    stage.diary("a").runtime.open("b")
    stage.diary("b").runtime.open("a")
    stage.run(GIVES_UP_NS)
    assert told(stage, "a") == told(stage, "b") == [("open",)]
    for who, peer in (("a", "b"), ("b", "a")):
        assert stage.diary(who).runtime.write(peer, Note(f"from {who}"))
    stage.run(MILLISECOND)
    assert told(stage, "a", "message") == [("message", "from b")]
    assert told(stage, "b", "message") == [("message", "from a")]


@pytest.mark.parametrize(("cut_off", "other"), [("host1", "host2"), ("host2", "host1")])
def test_when_both_open_at_once_and_one_cannot_be_heard_neither_is_left_opening(cut_off: str, other: str) -> None:
    stage = stage_of()
    heal = Partition((cut_off,), (other,)).inject(stage.world, Tally())
    stage.diary("a").runtime.open("b")
    stage.diary("b").runtime.open("a")
    stage.run(3 * GIVES_UP_NS)
    heal()
    for who in ("a", "b"):
        assert told(stage, who)[-1][0] == "closed"


def test_an_opening_segment_that_a_newer_stream_has_overtaken_is_not_taken_for_a_third() -> None:
    stage = stage_of()
    stage.world.network.link("wire").install(_Delay("syn/a/b/1#0", 5 * MILLISECOND))
    a = stage.diary("a").runtime
    a.open("b")
    stage.run(1_000)
    a.close("b")
    a.open("b")
    stage.run(GIVES_UP_NS)
    assert told(stage, "a") == told(stage, "b") == [("open",)]
    assert a.write("b", Note("still there"))
    stage.run(MILLISECOND)
    assert told(stage, "b", "message") == [("message", "still there")]


# --- anything, in any order --------------------------------------------------------------------------


class Wary(Diary):
    """Keeps in mind what it believes of its stream, and complains where it is told what cannot be."""

    complaints: list[str]

    def __init__(self, runtime: Any, peer: str, complaints: list[str]) -> None:
        super().__init__(runtime)
        self.peer = peer
        self.belief = "none"
        self.complaints = complaints
        self.heard: list[int] = []

    def _told(self, what: str, *allowed: str) -> None:
        if self.belief not in allowed:
            self.complaints.append(f"{self.runtime.address} was told {what} while {self.belief}")

    def open(self) -> None:
        self.runtime.open(self.peer)
        if self.belief == "none":
            self.belief = "opening"

    def close(self) -> None:
        self.runtime.close(self.peer)
        self.belief = "none"

    def say(self, number: int) -> bool:
        written = self.runtime.write(self.peer, Note(str(number)))
        if written and self.belief == "none":
            self.complaints.append(f"{self.runtime.address} could write to nobody")
        return written

    def on_stream_open(self, peer: str) -> None:
        self._told("open", "none", "opening")
        self.belief = "open"

    def on_stream_closed(self, peer: str, reason: str) -> None:
        self._told(f"closed ({reason})", "opening", "open")
        self.belief = "none"

    def on_message(self, sender: str, message: Note) -> None:
        self._told("a message", "open")
        self.heard.append(int(message.name))

    def on_timer(self, key: Hashable) -> None:
        raise KeyError(key)


FAULTS = {
    "cut": LinkCut("wire"),
    "a to b": Partition(("host1",), ("host2",)),
    "b to a": Partition(("host2",), ("host1",)),
    "loss": PacketLoss("wire", 0.5),
}
ACTIONS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from(["open", "open", "close", "say", "say", "crash", "restart", "pause", "resume", *FAULTS]),
        st.sampled_from("ab"),
    ),
    max_size=30,
)


@settings(max_examples=examples(150))
@given(seed=st.integers(0, 1_000), jitter_us=st.integers(0, 3_000), actions=ACTIONS)
def test_whatever_happens_nobody_is_told_what_cannot_be_and_in_the_end_both_sides_agree(
    seed: int, jitter_us: int, actions: list[tuple[int, str, str]]
) -> None:
    """Random opening, closing and talking, through crashes, pauses, cuts and one-way partitions.

    Then all heals, and everybody who believes in a stream says something: what they believe is the same, what was
    written while it stood has arrived, in order and once, and nobody is left waiting for an answer to `open`.
    """
    world, complaints = World(seed, RTO), []
    heard: dict[str, list[list[int]]] = {"a": [], "b": []}

    def build(runtime: Any, peer: str) -> Wary:
        program = Wary(runtime, peer, complaints)
        heard[runtime.address].append(program.heard)
        return program

    for host, address, peer in (("host1", "a", "b"), ("host2", "b", "a")):
        world.add_host(host)
        world.place(host, address, lambda runtime, peer=peer: build(runtime, peer), Costs(default_ns=200_000))
    world.connect("wire", "host1", "host2", LinkSpec(MILLISECOND, jitter_us * 1_000))
    hosts = {"a": world.host("host1"), "b": world.host("host2")}
    world.start()
    world.run_until(MILLISECOND)

    def living(who: str) -> Wary | None:
        program = world.program(who)
        assert program is None or isinstance(program, Wary)
        return program

    heals: dict[str, Callable[[], None]] = {}
    said = 0
    for wait_ms, action, who in actions:
        world.run_until(world.kernel.now_ns + wait_ms * MILLISECOND // 4)
        program = living(who)
        if action in FAULTS:
            heals.pop(action)() if action in heals else heals.update({action: FAULTS[action].inject(world, Tally())})
        elif action in ("crash", "restart", "pause", "resume"):
            getattr(hosts[who], action)()
        elif program is not None and not hosts[who].paused:
            said += 1
            program.say(said) if action == "say" else getattr(program, action)()

    for heal in heals.values():
        heal()
    for host in hosts.values():
        host.resume()
        host.restart()
    world.run_until(world.kernel.now_ns + 3 * GIVES_UP_NS)
    last: dict[str, int] = {}
    for who in "ab":
        program = living(who)
        assert program is not None
        assert program.belief != "opening"
        said += 1
        if program.belief == "open" and program.say(said):
            last[who] = said
    world.run_until(world.kernel.now_ns + 3 * GIVES_UP_NS)
    a, b = living("a"), living("b")
    assert a is not None
    assert b is not None
    assert complaints == []
    assert (a.belief, b.belief) in (("open", "open"), ("none", "none"))
    if a.belief == "open":
        assert last.keys() == {"a", "b"}
        assert (a.heard[-1], b.heard[-1]) == (last["b"], last["a"])
    for lives in heard.values():
        numbers = [number for life in lives for number in life]
        assert numbers == sorted(set(numbers)), "in order and once"
