"""Datagrams are lost; streams are late instead, or reset: never a silently missing message."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.faults.fault import Tally
from squall.faults.network import LinkCut, PacketLoss, Partition
from squall.sim.link import LinkSpec
from squall.sim.stream import TcpSpec, TransportSpec
from squall.sim.trace import PacketDropped, Retransmitted
from tests.profiles import examples
from tests.sim.machines import MILLISECOND, Note, TwoHosts

RTO = TransportSpec(rto_min_ns=20 * MILLISECOND, max_retransmissions=4)

KINDS = {"lean": RTO, "tcp": replace(RTO, tcp=TcpSpec(delayed_ack_ns=0))}
ON_THE_WIRE = {
    "lean": {"one": "one", "in flight": "in flight"},
    "tcp": {"one": "a/b/1/a/1-65", "in flight": "a/b/1/a/1-65"},
}
"""What the packets that bear these messages are called."""


@pytest.fixture(scope="module", autouse=True, params=KINDS)
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every story here is told of both kinds of stream."""
    global RTO
    lean, RTO = RTO, KINDS[request.param]
    yield request.param
    RTO = lean


def connected(**how: Any) -> TwoHosts:
    stage = TwoHosts(transport=RTO, **how)
    stage.diary("a").runtime.open("b")
    stage.run(200 * MILLISECOND)
    assert ("open", "b") in stage.diary("a").told
    assert ("open", "a") in stage.diary("b").told
    return stage


def names(stage: TwoHosts, address: str) -> list[str]:
    return [entry[3] for entry in stage.diary(address).entries if entry[1] == "message"]


def test_a_stream_delivers_both_ways_and_costs_no_packet_more_than_it_needs() -> None:
    stage = connected()
    b = stage.diary("b")
    b.reactions["ping"] = lambda sender: b.runtime.write(sender, Note("pong"))
    assert stage.diary("a").runtime.write("b", Note("ping"))
    stage.run(MILLISECOND)
    assert (names(stage, "a"), names(stage, "b")) == (["pong"], ["ping"])
    assert stage.memory.events(Retransmitted) == []


def test_nothing_can_be_written_where_no_stream_is_open() -> None:
    stage = TwoHosts()
    assert not stage.diary("a").runtime.write("b", Note("too early"))
    stage.run(MILLISECOND)
    assert names(stage, "b") == []


def test_a_lost_segment_comes_after_the_retransmission_time_out_and_holds_up_those_behind_it(kind: str) -> None:
    stage = connected()
    link = stage.world.network.link("wire")
    start = stage.world.kernel.now_ns
    remove = link.install(_LoseFirst(ON_THE_WIRE[kind]["one"]))
    for name in ("one", "two", "three"):
        stage.diary("a").runtime.write("b", Note(name))
    stage.run(100 * MILLISECOND)
    remove()
    arrivals = [
        (at - start, entry[2])
        for at, kind, *entry in stage.diary("b").entries
        if kind == "message"
        for entry in [[kind, *entry]]
    ]
    assert [name for _, name in arrivals] == ["one", "two", "three"]
    # All of TCP has measured the round trip, and puts it on top of the least time.
    measured_ns = {"lean": 0, "tcp": 200}[kind]
    assert {at for at, _ in arrivals} == {20 * MILLISECOND + measured_ns + 100}


class _LoseFirst:
    """Loses the first packet of one message, and no other."""

    def __init__(self, name: str) -> None:
        self._name = name

    def fate(self, packet: Any, draw: Any) -> int | None:
        return None if packet.message.identity == self._name and packet.attempt == 0 and not packet.note else 0


def test_retransmissions_back_off_and_then_reset_both_ends() -> None:
    stage = connected()
    tally = Tally()
    heal = PacketLoss("wire", 1.0).inject(stage.world, tally)
    stage.diary("a").runtime.write("b", Note("lost"))
    stage.run(2_000 * MILLISECOND)
    waits = [event.after_ns // MILLISECOND for event in stage.memory.events(Retransmitted)]
    assert waits == [20, 40, 80, 160]
    assert ("closed", "b", "timed out") in stage.diary("a").told
    assert tally.effects == 6  # five attempts and the reset
    heal()
    # b has heard nothing: it learns of it when it next says something.
    assert stage.diary("b").runtime.write("a", Note("hello?"))
    stage.run(100 * MILLISECOND)
    assert ("closed", "a", "reset by the peer") in stage.diary("b").told
    assert names(stage, "a") == []


def test_a_lost_acknowledgement_costs_a_repetition_and_no_second_delivery() -> None:
    stage = connected()
    remove = stage.world.network.link("wire").install(_LoseAcknowledgement())
    stage.diary("a").runtime.write("b", Note("once"))
    stage.run(15 * MILLISECOND)
    remove()
    stage.run(100 * MILLISECOND)
    assert names(stage, "b") == ["once"]
    assert [event.what for event in stage.memory.events(Retransmitted)] == ["once"]


class _LoseAcknowledgement:
    def fate(self, packet: Any, draw: Any) -> int | None:
        return None if packet.note else 0


def test_a_cut_kills_what_is_in_flight_and_the_stream_repeats_it(kind: str) -> None:
    stage = connected(link=LinkSpec(MILLISECOND))
    start = stage.world.kernel.now_ns
    tally = Tally()
    heals: list[Any] = []
    stage.diary("a").runtime.write("b", Note("in flight"))
    stage.diary("a").runtime.send("b", Note("datagram"))
    stage.at(start + 500_000, lambda: heals.append(LinkCut("wire").inject(stage.world, tally)))
    stage.at(start + 700_000, lambda: heals[0]())
    stage.run(100 * MILLISECOND)
    assert names(stage, "b") == ["in flight"]
    in_flight = ON_THE_WIRE[kind]["in flight"]
    assert [event.what for event in stage.memory.events(PacketDropped)] == ["datagram#0", f"{in_flight}#0"] or [
        event.what for event in stage.memory.events(PacketDropped)
    ] == [f"{in_flight}#0", "datagram#0"]


def test_a_partition_is_one_way_and_heals_on_the_nanosecond() -> None:
    stage = TwoHosts()
    tally = Tally()
    heal: list[Any] = []
    stage.world.kernel.call_at(
        2_000, lambda _: heal.append(Partition(("host1",), ("host2",)).inject(stage.world, tally)), turn=-1
    )
    stage.world.kernel.call_at(3_000, lambda _: heal[0](), turn=-2)
    for at_ns in (1_999, 2_000, 2_999, 3_000):
        stage.at(at_ns, lambda at_ns=at_ns: stage.diary("a").runtime.send("b", Note(f"to b at {at_ns}")))
    stage.at(2_500, lambda: stage.diary("b").runtime.send("a", Note("to a at 2500")))
    stage.run(10_000)
    assert names(stage, "b") == ["to b at 1999", "to b at 3000"]
    assert names(stage, "a") == ["to a at 2500"]
    assert tally.effects == 2


def test_a_peer_that_crashed_and_came_back_answers_with_a_reset() -> None:
    stage = connected()
    stage.world.host("host2").crash()
    stage.world.host("host2").restart()
    assert stage.diary("a").runtime.write("b", Note("are you there?"))
    stage.run(100 * MILLISECOND)
    assert ("closed", "b", "reset by the peer") in stage.diary("a").told
    assert names(stage, "b") == []


def test_a_new_stream_of_a_restarted_client_replaces_the_old_one() -> None:
    stage = connected()
    stage.world.host("host1").crash()
    stage.world.host("host1").restart()
    stage.run(1_000)
    stage.diary("a").runtime.open("b")
    stage.run(MILLISECOND)
    assert stage.diary("b").told[-2:] == [("closed", "a", "replaced by the peer's new stream"), ("open", "a")]
    assert stage.diary("a").runtime.write("b", Note("again"))
    stage.run(MILLISECOND)
    assert names(stage, "b") == ["again"]


def test_when_both_open_at_once_one_stream_stands() -> None:
    stage = TwoHosts(transport=RTO)
    stage.diary("a").runtime.open("b")
    stage.diary("b").runtime.open("a")
    stage.run(500 * MILLISECOND)
    assert stage.diary("a").runtime.write("b", Note("from a"))
    assert stage.diary("b").runtime.write("a", Note("from b"))
    stage.run(MILLISECOND)
    assert (names(stage, "a"), names(stage, "b")) == (["from b"], ["from a"])
    assert not [entry for entry in stage.diary("a").told + stage.diary("b").told if entry[0] == "closed"]


def test_closing_tells_the_peer_and_not_oneself() -> None:
    stage = connected()
    stage.diary("a").runtime.close("b")
    stage.run(MILLISECOND)
    assert stage.diary("b").told[-1] == ("closed", "a", "closed by the peer")
    assert not [entry for entry in stage.diary("a").told if entry[0] == "closed"]


@settings(max_examples=examples(60))
@given(
    seed=st.integers(0, 10_000),
    loss=st.floats(0.0, 0.6),
    jitter_ns=st.integers(0, 5 * MILLISECOND),
    count=st.integers(1, 30),
)
def test_a_stream_is_a_prefix_of_what_was_written_whatever_the_link_does(
    seed: int, loss: float, jitter_ns: int, count: int
) -> None:
    stage = TwoHosts(seed, LinkSpec(100, jitter_ns, loss), transport=TransportSpec(max_retransmissions=6))
    a = stage.diary("a")
    a.runtime.open("b")
    stage.run(10_000 * MILLISECOND)
    written = [f"note {number}" for number in range(count) if a.runtime.write("b", Note(f"note {number}"))]
    stage.run(60_000 * MILLISECOND)
    got = names(stage, "b")
    assert got == written[: len(got)]
    reset = any(entry[0] == "closed" for entry in a.told)
    assert reset or got == written


@settings(max_examples=examples(30))
@given(seed=st.integers(0, 1_000), drop=st.integers(0, 40))
def test_a_dropped_packet_moves_no_other_packets_fate(seed: int, drop: int) -> None:
    """Keyed chance: datagrams are lost or kept each for themselves."""

    def play(dropped: int | None) -> list[str]:
        stage = TwoHosts(seed, LinkSpec(100, 50, 0.3))
        if dropped is not None:
            stage.world.network.link("wire").install(_LoseFirst(f"note {dropped}"))
        for number in range(40):
            stage.diary("a").runtime.send("b", Note(f"note {number}"))
        stage.run(10_000)
        return sorted(names(stage, "b"))

    assert play(drop) == [name for name in play(None) if name != f"note {drop}"]
