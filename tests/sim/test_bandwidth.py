"""Links on which bytes cost time: serialisation, a finite queue, squeezes, cuts; and latencies with a long tail."""

from collections import deque
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.fault import Tally
from squall.faults.link import SqueezedLink
from squall.sim.kernel import Kernel
from squall.sim.link import LinkSpec
from squall.sim.network import Network
from squall.sim.rng import Chance
from squall.sim.service import Constant, Empirical, Lognormal
from squall.sim.trace import PacketDropped, Trace
from squall.sim.transmitter import Transmitter, Waiting
from tests.sim.machines import MILLISECOND, Note, TwoHosts

BYTE_A_NS = 8_000_000_000
"""Bits a second at which a byte takes a nanosecond: a `Note` has 64."""


class Parcel(Note, frozen=True, gc=False, tag=True):
    wire_bytes: ClassVar[int] = 1_000


def arrivals(stage: TwoHosts, address: str) -> list[tuple[int, str]]:
    return [(entry[0], entry[3]) for entry in stage.diary(address).entries if entry[1] == "message"]


def test_packets_go_out_one_after_the_other_each_as_long_as_it_has_bytes() -> None:
    stage = TwoHosts(link=LinkSpec(100, bandwidth_bps=BYTE_A_NS))
    for note in (Note("one"), Parcel("two"), Note("three")):
        stage.diary("a").runtime.send("b", note)
    stage.diary("b").runtime.send("a", Note("the other way"))
    stage.run(10_000)
    assert arrivals(stage, "b") == [(1_164, "one"), (2_164, "two"), (2_228, "three")]
    assert arrivals(stage, "a") == [(1_164, "the other way")], "each way has bits of its own"


def test_who_finds_the_queue_full_is_dropped_and_counted() -> None:
    stage = TwoHosts(link=LinkSpec(100, bandwidth_bps=BYTE_A_NS, queue_bytes=128))
    for number in range(5):
        stage.diary("a").runtime.send("b", Note(f"{number}"))
    stage.run(10_000)
    assert [name for _, name in arrivals(stage, "b")] == ["0", "1", "2"], "one in service, two of 64 bytes waiting"
    link = stage.world.network.link("wire")
    assert (link.dropped, link.overflowed) == (2, 2)
    assert [event.what for event in stage.memory.events(PacketDropped)] == ["3#0", "4#0"]


def test_packets_of_two_senders_queue_where_they_meet_in_the_order_in_which_they_get_there() -> None:
    stage = TwoHosts(link=LinkSpec(5_000))
    world = stage.world
    world.add_switch("hub")
    world.add_host("host3")
    world.connect("3/hub", "host3", "hub", LinkSpec(200))
    world.connect("far/hub", "host1", "hub", LinkSpec(2_000))
    world.connect("hub/2", "hub", "host2", LinkSpec(100, bandwidth_bps=BYTE_A_NS))
    c = world.place("host3", "c", type(stage.diary("a")))
    world.host("host3").start()
    stage.run(1_000)
    stage.diary("a").runtime.send("b", Note("sent first, from afar"))
    stage.run(1_790)
    assert c.runtime is not None
    c.runtime.send("b", Note("sent later, from near"))
    stage.run(10_000)
    # They reach the switch at 4,000 and at 3,990: the one that was sent later goes first, and the other waits for it.
    assert arrivals(stage, "b") == [(4_154, "sent later, from near"), (4_218, "sent first, from afar")]


@given(
    arriving=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 60)), min_size=1, max_size=40),
    queue_bytes=st.integers(0, 150),
)
def test_a_transmitter_is_what_a_slow_reference_makes_of_the_same_packets(
    arriving: list[tuple[int, int]], queue_bytes: int
) -> None:
    kernel = Kernel()
    transmitter = Transmitter(kernel, BYTE_A_NS, queue_bytes)
    out: list[tuple[int, int]] = []
    refused: list[int] = []
    at_ns, plan = 0, []
    for number, (gap_ns, size) in enumerate(arriving):
        at_ns += gap_ns
        plan.append((at_ns, number, size))

    def offer(arg: tuple[int, int]) -> None:
        number, size = arg
        if not transmitter.offer(Waiting(size, lambda: out.append((kernel.now_ns, number)), lambda: None, 0)):
            refused.append(number)

    for at_ns, number, size in plan:
        kernel.call_at(at_ns, offer, (number, size))
    kernel.run_until(100_000)

    expected: list[tuple[int, int]] = []
    expected_refused = []
    here: deque[tuple[int, int]] = deque()
    """When each of those that are here will be out, and its size; the first is in service."""
    for at_ns, number, size in plan:
        while here and here[0][0] < at_ns:
            here.popleft()
        if here and sum(each for _, each in list(here)[1:]) + size > queue_bytes:
            expected_refused.append(number)
            continue
        ends_ns = (here[-1][0] if here else at_ns) + size
        here.append((ends_ns, size))
        expected.append((ends_ns, number))
    assert out == expected
    assert refused == expected_refused
    assert transmitter.busy_ns == sum(size for _, number, size in plan if number not in refused)


def test_a_squeeze_slows_what_is_in_service_too_and_lets_the_rest_go_at_once_when_it_ends() -> None:
    stage = TwoHosts(link=LinkSpec(100, bandwidth_bps=BYTE_A_NS))
    link = stage.world.network.link("wire")
    for name in ("one", "two", "three"):
        stage.diary("a").runtime.send("b", Note(name))
    stage.run(32)
    let_go = link.squeeze(BYTE_A_NS // 10, 65_536)
    stage.run(320 + 64)
    let_go()
    stage.run(10_000)
    # Half of the first was out: its rest takes ten times as long, then a tenth of the second, then all is as before.
    assert arrivals(stage, "b") == [(1_452, "one"), (1_574, "two"), (1_638, "three")]
    wide = TwoHosts(link=LinkSpec(100))
    let_go = wide.world.network.link("wire").squeeze(BYTE_A_NS, 65_536)
    for name in ("one", "two"):
        wide.diary("a").runtime.send("b", Note(name))
    wide.run(10)
    let_go()
    wide.diary("a").runtime.send("b", Note("three"))
    wide.run(1_000)
    assert arrivals(wide, "b") == [(1_110, "one"), (1_110, "two"), (1_110, "three")]


def test_of_two_squeezes_the_tighter_one_holds_and_each_ends_by_itself() -> None:
    stage = TwoHosts(link=LinkSpec(100))
    link = stage.world.network.link("wire")
    loose, tight = link.squeeze(BYTE_A_NS, 9_000), link.squeeze(BYTE_A_NS // 2, 1_000)
    assert {(each.bandwidth_bps, each.queue_bytes) for each in link.transmitters} == {(BYTE_A_NS // 2, 1_000)}
    tight()
    tight()
    assert {(each.bandwidth_bps, each.queue_bytes) for each in link.transmitters} == {(BYTE_A_NS, 9_000)}
    loose()
    assert not link.narrow
    assert link.plain


def test_a_cut_takes_what_waits_and_nobody_queues_behind_it_afterwards() -> None:
    stage = TwoHosts(link=LinkSpec(100, bandwidth_bps=BYTE_A_NS))
    link = stage.world.network.link("wire")
    felled: list[str] = []
    for number in range(3):
        stage.diary("a").runtime.send("b", Note(f"{number}"))
    stage.run(70)
    mend = link.cut(stage.world.kernel.now_ns, lambda packet: felled.append(packet.message.identity))
    stage.run(10)
    mend()
    stage.diary("a").runtime.send("b", Note("after"))
    stage.run(10_000)
    assert arrivals(stage, "b") == [(1_244, "after")]
    assert sorted(felled) == ["0", "1", "2"], "the first was out, and still on its way"


def test_a_stream_over_a_narrow_link_with_a_short_queue_loses_nothing() -> None:
    stage = TwoHosts(link=LinkSpec(MILLISECOND, bandwidth_bps=1_000_000, queue_bytes=2_000))
    stage.diary("a").runtime.open("b")
    stage.run(50 * MILLISECOND)
    for number in range(60):
        assert stage.diary("a").runtime.write("b", Note(f"{number}"))
    stage.run(2_000 * MILLISECOND)
    assert [name for _, name in arrivals(stage, "b")] == [f"{number}" for number in range(60)]
    assert stage.world.network.link("wire").overflowed > 10


class Image(Note, frozen=True, gc=False, tag=True):
    """Longer than the queue of a squeezed link."""

    wire_bytes: ClassVar[int] = 20_000


def test_a_long_message_of_a_stream_needs_room_for_its_first_packet_and_gets_through_a_short_queue() -> None:
    stage = TwoHosts()
    stage.diary("a").runtime.open("b")
    stage.run(5 * MILLISECOND)
    tally = Tally()
    SqueezedLink("wire", 1_000_000).inject(stage.world, tally)
    for number in range(200):  # a tenth of what the link can carry
        stage.at(
            (6 + 5 * number) * MILLISECOND, lambda number=number: stage.diary("a").runtime.write("b", Note(f"{number}"))
        )
    stage.at(506 * MILLISECOND + 100_000, lambda: stage.diary("a").runtime.write("b", Image("image")))
    stage.run(1_500 * MILLISECOND)
    names = [name for _, name in arrivals(stage, "b")]
    assert names == [*(f"{number}" for number in range(101)), "image", *(f"{number}" for number in range(101, 200))]
    assert dict(map(reversed, arrivals(stage, "b")))["image"] // MILLISECOND == 506 + 160  # its bits, at 1 Mbit/s
    assert stage.world.network.link("wire").overflowed == 0


def test_a_long_datagram_needs_room_for_all_of_it_since_nobody_holds_back_the_rest() -> None:
    stage = TwoHosts(link=LinkSpec(100, bandwidth_bps=1_000_000, queue_bytes=16_384))
    for message in (Note("in service"), Image("image"), Note("behind")):
        stage.diary("a").runtime.send("b", message)
    stage.run(500 * MILLISECOND)
    assert [name for _, name in arrivals(stage, "b")] == ["in service", "behind"]


def test_a_latency_may_have_a_long_tail_and_each_packet_keeps_its_own() -> None:
    spread = Lognormal(50_000, 1.0)
    stage = TwoHosts(link=LinkSpec(100_000, spread=spread), seed=4)
    for number in range(300):
        stage.at(
            number * MILLISECOND + 2_000, lambda number=number: stage.diary("a").runtime.send("b", Note(f"{number}"))
        )
    stage.run(400 * MILLISECOND)
    took = {name: at_ns - int(name) * MILLISECOND - 2_000 for at_ns, name in arrivals(stage, "b")}
    for name, took_ns in took.items():
        key = f"wire|a|b|{name}#0|spread"
        assert took_ns == 100_000 + spread.at_ns(Chance(4).uniform(key))
    assert max(took.values()) > 350_000
    measured = TwoHosts(link=LinkSpec(10, spread=Empirical((5, 70))))
    for number in range(40):
        measured.diary("a").runtime.send("b", Note(f"{number}"))
    measured.run(1_000)
    assert {at_ns for at_ns, _ in arrivals(measured, "b")} == {1_015, 1_080}


def test_no_rule_says_that_a_spread_link_can_be_taken_for_plain() -> None:
    kernel = Kernel()
    network = Network(kernel, Trace(kernel), Chance(1))
    network.add_node("a")
    network.add_node("b")
    network.connect("a/b", "a", "b", LinkSpec(1, spread=Constant(4)))
    assert network.way("a", "b").plain_ns() is None


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (LinkSpec(1, bandwidth_bps=-1), "link x: the bandwidth must not be negative, found -1 bits a second"),
        (LinkSpec(1, queue_bytes=-1), "link x: the queue must not be negative, found -1 bytes"),
    ],
)
def test_a_width_that_cannot_be_is_refused_in_one_line(spec: LinkSpec, line: str) -> None:
    kernel = Kernel()
    network = Network(kernel, Trace(kernel), Chance(1))
    network.add_node("a")
    network.add_node("b")
    with pytest.raises(ValueError, match="link x: ") as caught:
        network.connect("x", "a", "b", spec)
    assert str(caught.value) == line


def test_the_fault_squeezes_and_lets_go() -> None:
    stage = TwoHosts(link=LinkSpec(100))
    tally = Tally()
    heal = SqueezedLink("wire", 8_000_000, 1_500).inject(stage.world, tally)
    for number in range(40):
        stage.diary("a").runtime.send("b", Note(f"{number}"))
    stage.run(MILLISECOND)
    heal()
    assert tally.words == "24 packets held up, 16 packets that found no room"
    assert not stage.world.network.link("wire").narrow
