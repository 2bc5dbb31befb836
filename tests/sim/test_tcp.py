"""Streams with all of TCP: windows, fast retransmit, Nagle and the stall, buffers that are full, keep-alive."""

from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.faults.fault import Fault, InstalledPlan, Tally, during
from squall.faults.link import BurstyLoss, CongestedLink, SqueezedLink
from squall.faults.network import Flapping, LinkCut, PacketLoss, Partition
from squall.faults.packets import Corruption, Jitter, Reordering
from squall.sim.host import Costs
from squall.sim.link import LinkSpec
from squall.sim.packet import ACK, Packet
from squall.sim.stream import TcpSpec, TransportSpec
from squall.sim.tcp import TcpPipe
from squall.sim.trace import PacketDropped, Retransmitted, StreamClosed
from tests.profiles import examples
from tests.sim.machines import FREE, MILLISECOND, Note, TwoHosts

MSS = 1_460
ONE_WAY_NS = 1 * MILLISECOND


class Full(Note, frozen=True, gc=False, tag=True):
    """As long as a segment may be."""

    wire_bytes: ClassVar[int] = MSS


class Book(Note, frozen=True, gc=False, tag=True):
    """Longer than many."""

    wire_bytes: ClassVar[int] = 20_000


def connected(tcp: TcpSpec | None = None, link: LinkSpec | None = None, **how: Any) -> TwoHosts:
    spec = TransportSpec(tcp=tcp or TcpSpec())
    stage = TwoHosts(link=link or LinkSpec(ONE_WAY_NS), transport=spec, **how)
    stage.diary("a").runtime.open("b")
    stage.run(200 * MILLISECOND)
    assert stage.diary("a").told[-1] == ("open", "b")
    return stage


def pipe(stage: TwoHosts, sender: str = "a", to: str = "b") -> TcpPipe:
    found = stage.world.transport.slot_of(sender).ends[to].out
    assert isinstance(found, TcpPipe)
    return found


def came(stage: TwoHosts, since_ns: int = 0, address: str = "b") -> list[tuple[int, str]]:
    return [(entry[0] - since_ns, entry[3]) for entry in stage.diary(address).entries if entry[1] == "message"]


class _Lose:
    """Loses the first copy of the packets with these starts in their names, and nothing else."""

    def __init__(self, *numbers: int, size: int = MSS) -> None:
        self._names = {f"a/b/1/a/{1 + number * size}-{1 + (number + 1) * size}" for number in numbers}

    def fate(self, packet: Packet, draw: object) -> int | None:
        return None if packet.message.identity in self._names and not packet.attempt else 0


# --- bytes in segments -------------------------------------------------------------------------------


def test_a_long_message_goes_in_segments_and_is_there_when_the_last_of_them_is() -> None:
    stage = connected(link=LinkSpec(ONE_WAY_NS, bandwidth_bps=80_000_000))
    start = stage.world.kernel.now_ns
    for note in (Book("book"), Note("note")):
        assert stage.diary("a").runtime.write("b", note)
    stage.run(40 * MILLISECOND)
    # 14 segments of 150 µs each, header included; now and then the line idles, for want of a window.
    (book_ns, book), (note_ns, note) = came(stage, start)
    assert (book, note) == ("book", "note")
    assert 13 * 150_000 + ONE_WAY_NS < book_ns < 14 * 150_000 + 2 * ONE_WAY_NS
    assert book_ns == note_ns, "it rides in the book's last segment"


def test_three_duplicate_acknowledgements_bring_the_lost_segment_a_round_trip_later_not_a_time_out() -> None:
    stage = connected()
    start = stage.world.kernel.now_ns
    stage.world.network.link("wire").install(_Lose(1))
    for number in range(8):
        stage.diary("a").runtime.write("b", Full(f"{number}"))
    stage.run(100 * MILLISECOND)
    times = {name: at_ns for at_ns, name in came(stage, start)}
    assert list(times) == [f"{number}" for number in range(8)]
    assert times["0"] == ONE_WAY_NS
    assert {times[f"{number}"] for number in range(1, 8)} == {3 * ONE_WAY_NS}, "those behind the hole wait for it"
    (again,) = stage.memory.events(Retransmitted)
    assert (again.what, again.after_ns) == ("1", 2 * ONE_WAY_NS)


def test_where_too_little_is_behind_the_hole_only_the_time_out_brings_it() -> None:
    stage = connected(TcpSpec(delayed_ack_ns=0))
    start = stage.world.kernel.now_ns
    stage.world.network.link("wire").install(_Lose(0))
    for number in range(3):
        stage.diary("a").runtime.write("b", Full(f"{number}"))
    stage.run(200 * MILLISECOND)
    # The round trip, measured as the stream opened, its variation, and one way.
    assert came(stage, start)[0][0] >= 20 * MILLISECOND
    assert [name for _, name in came(stage)] == ["0", "1", "2"]


def test_the_window_of_congestion_lets_ten_segments_out_and_doubles_with_each_round_trip() -> None:
    stage = connected(TcpSpec(delayed_ack_ns=0))
    start = stage.world.kernel.now_ns
    for number in range(70):
        stage.diary("a").runtime.write("b", Full(f"{number}"))
    stage.run(50 * MILLISECOND)
    times = [at_ns // ONE_WAY_NS for at_ns, _ in came(stage, start)]
    assert [times.count(turn) for turn in (1, 3, 5)] == [10, 20, 40]


# --- Nagle and the acknowledgement that is held back -------------------------------------------------


@pytest.mark.parametrize(
    ("nagle", "delayed_ack_ns", "second_ns"),
    [
        (True, 40 * MILLISECOND, 40 * MILLISECOND + 3 * ONE_WAY_NS),
        (True, 0, 3 * ONE_WAY_NS),
        (False, 40 * MILLISECOND, ONE_WAY_NS),
        (False, 0, ONE_WAY_NS),
    ],
)
def test_two_small_messages_stall_for_forty_milliseconds_with_both_and_with_no_delay_for_none(
    nagle: bool, delayed_ack_ns: int, second_ns: int
) -> None:
    """Write, write, read: the second waits for word of the first, which waits for something to ride on."""
    stage = connected(TcpSpec(nagle=nagle, delayed_ack_ns=delayed_ack_ns))
    start = stage.world.kernel.now_ns
    for name in ("head", "body"):
        stage.diary("a").runtime.write("b", Note(name))
    stage.run(100 * MILLISECOND)
    assert came(stage, start) == [(ONE_WAY_NS, "head"), (second_ns, "body")]


def test_an_answer_bears_the_word_and_ends_the_stall() -> None:
    stage = connected(TcpSpec(nagle=True))
    b = stage.diary("b")
    b.reactions["head"] = lambda sender: b.runtime.write(sender, Note("heard"))
    start = stage.world.kernel.now_ns
    for name in ("head", "body"):
        stage.diary("a").runtime.write("b", Note(name))
    stage.run(100 * MILLISECOND)
    assert came(stage, start) == [(ONE_WAY_NS, "head"), (3 * ONE_WAY_NS, "body")]


def test_nagle_makes_one_segment_of_what_waits() -> None:
    stage = connected(TcpSpec(nagle=True, delayed_ack_ns=0))
    for number in range(9):
        stage.diary("a").runtime.write("b", Note(f"{number}"))
    stage.run(20 * MILLISECOND)
    assert [name for _, name in came(stage)] == [f"{number}" for number in range(9)]
    assert {at_ns for at_ns, _ in came(stage)[1:]} == {came(stage)[1][0]}


# --- windows and buffers -----------------------------------------------------------------------------


def test_a_program_that_is_slow_closes_the_window_and_nothing_overflows() -> None:
    slow = Costs(default_ns=2 * MILLISECOND)
    stage = connected(TcpSpec(receive_buffer_bytes=8_000), costs=slow)
    for number in range(40):
        assert stage.diary("a").runtime.write("b", Full(f"{number}"))
    for _ in range(100):
        stage.run(1 * MILLISECOND)
        waiting = sum(job.b.wire_bytes for job in stage.world.host("host2").cores["b"].waiting if job.b is not None)
        assert waiting <= 8_000
    stage.run(300 * MILLISECOND)
    assert [name for _, name in came(stage)] == [f"{number}" for number in range(40)]


def test_that_there_is_room_again_may_be_lost_and_is_asked_for() -> None:
    stage = connected(TcpSpec(receive_buffer_bytes=3_000), costs=Costs(default_ns=5 * MILLISECOND))
    for number in range(6):
        stage.diary("a").runtime.write("b", Full(f"{number}"))
    stage.run(4 * MILLISECOND)
    assert pipe(stage).out.una < pipe(stage).written
    heal = PacketLoss("wire", 1.0).inject(stage.world, Tally())
    stage.run(30 * MILLISECOND)
    heal()
    stage.run(600 * MILLISECOND)
    assert [name for _, name in came(stage)] == [f"{number}" for number in range(6)]


def test_a_writer_whose_buffer_is_full_is_cut_off_so_that_no_later_message_overtakes_and_may_open_again() -> None:
    stage = connected(TcpSpec(send_buffer_bytes=10 * MSS))
    written = [stage.diary("a").runtime.write("b", Full(f"{number}")) for number in range(11)]
    written.append(stage.diary("a").runtime.write("b", Note("would have had room")))
    assert written == [True] * 10 + [False] * 2
    stage.run(20 * MILLISECOND)
    assert stage.diary("a").told[-1] == ("closed", "b", "send buffer full")
    assert stage.diary("b").told[-1] == ("closed", "a", "reset by the peer")
    assert [event.reason for event in stage.memory.events(StreamClosed)] == ["send buffer full", "reset by the peer"]
    got = [name for _, name in came(stage)]
    assert got == [f"{number}" for number in range(len(got))], "nothing is missing from the middle"
    stage.diary("a").runtime.open("b")
    stage.run(20 * MILLISECOND)
    assert stage.diary("a").runtime.write("b", Full("again"))
    stage.run(20 * MILLISECOND)
    assert came(stage)[-1][1] == "again"


def test_an_empty_buffer_takes_a_message_that_is_longer_than_it_and_room_counts_from_what_is_acknowledged() -> None:
    stage = connected(TcpSpec(send_buffer_bytes=10 * MSS))
    assert stage.diary("a").runtime.write("b", Book("longer than the buffer"))
    stage.run(200 * MILLISECOND)
    for number in range(3):
        assert stage.diary("a").runtime.write("b", Full(f"{number}"))
        stage.run(200 * MILLISECOND)
    assert [name for _, name in came(stage)] == ["longer than the buffer", "0", "1", "2"]


def test_what_is_acknowledged_is_forgotten_though_it_went_out_again_cut_into_other_segments() -> None:
    """A hundred small segments are lost and go out again as a few large ones, which begin elsewhere."""
    stage = connected()
    sender = pipe(stage).out
    heal = PacketLoss("wire", 1.0).inject(stage.world, Tally())
    for number in range(100):
        assert stage.diary("a").runtime.write("b", Note(f"{number}"))
    stage.run(MILLISECOND)
    heal()
    for _ in range(300):
        stage.run(MILLISECOND)
        assert all(start >= sender.una for start in sender.out)
    assert [name for _, name in came(stage)] == [f"{number}" for number in range(100)]
    assert not sender.out


# --- keep-alive --------------------------------------------------------------------------------------

ALIVE = TcpSpec(keep_alive_ns=200 * MILLISECOND, keep_alive_interval_ns=50 * MILLISECOND, keep_alive_probes=3)


def test_a_peer_behind_a_silent_link_is_missed_by_who_keeps_alive_and_by_nobody_else() -> None:
    for spec, ends in ((ALIVE, [("closed", "b", "timed out")]), (TcpSpec(), [])):
        stage = connected(spec)
        PacketLoss("wire", 1.0).inject(stage.world, Tally())
        stage.run(1_000 * MILLISECOND)
        assert [entry for entry in stage.diary("a").told if entry[0] == "closed"] == ends
        # A packet is lost where one was sent, so the other end has kept quiet, or asked in vain as well.
        assert bool(stage.memory.events(PacketDropped)) == bool(ends)


def test_an_idle_stream_whose_questions_are_answered_stays() -> None:
    stage = connected(ALIVE)
    stage.run(5_000 * MILLISECOND)
    assert not [entry for entry in stage.diary("a").told + stage.diary("b").told if entry[0] == "closed"]


def test_a_peer_that_has_come_back_without_memory_answers_a_question_with_a_reset() -> None:
    stage = connected(ALIVE)
    stage.world.host("host2").crash()
    stage.world.host("host2").restart()
    stage.run(500 * MILLISECOND)
    assert stage.diary("a").told[-1] == ("closed", "b", "reset by the peer")


# --- whatever happens --------------------------------------------------------------------------------

FAULTS: tuple[Fault, ...] = (
    PacketLoss("wire", 0.3),
    BurstyLoss("wire", 5 * MILLISECOND, 20 * MILLISECOND),
    LinkCut("wire"),
    Flapping("wire", 30 * MILLISECOND),
    Partition(("host1",), ("host2",)),
    Partition(("host2",), ("host1",)),
    Reordering("wire", 0.3, 3 * MILLISECOND),
    Jitter("wire", 20 * MILLISECOND),
    Corruption("wire", 0.2),
    SqueezedLink("wire", 500_000, 4_000),
    CongestedLink("wire", 1.2, 1_000_000, 6_000),
)
KINDS = {
    "lean": None,
    "tcp": TcpSpec(),
    "tcp with nagle, small buffers": TcpSpec(nagle=True, receive_buffer_bytes=4_000, keep_alive_ns=150 * MILLISECOND),
    "tcp, all acknowledged at once": TcpSpec(delayed_ack_ns=0, mss_bytes=100),
}
WINDOWS = st.tuples(st.integers(0, 400), st.integers(1, 200), st.sampled_from(FAULTS))
SAID = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab"), st.sampled_from((Note, Full, Book))), max_size=40)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples(25), deadline=None)
@given(plan=st.lists(WINDOWS, max_size=3), said=SAID, seed=st.integers(1, 1_000))
def test_whatever_breaks_nothing_is_lost_doubled_or_out_of_order_within_a_stream(
    kind: str, plan: list[tuple[int, int, Fault]], said: list[tuple[int, str, type[Note]]], seed: int
) -> None:
    """What comes of each stream is a beginning of what was written on it, and all of it where the stream lived."""
    spec = TransportSpec(max_retransmissions=12, tcp=KINDS[kind])
    stage = TwoHosts(seed, LinkSpec(ONE_WAY_NS, jitter_ns=100_000, bandwidth_bps=50_000_000), FREE, spec)
    stage.diary("a").runtime.open("b")
    stage.run(100 * MILLISECOND)
    now_ns = stage.world.kernel.now_ns
    at = [(now_ns + start * MILLISECOND, now_ns + (start + lasts) * MILLISECOND, fault) for start, lasts, fault in plan]
    InstalledPlan(stage.world, tuple(during(start, end, fault, must_touch=False) for start, end, fault in at))
    written: dict[str, list[str]] = {"a": [], "b": []}

    def say(who: str, note: Note) -> None:
        if stage.diary(who).runtime.write("ba"["ab".index(who)], note):
            written[who].append(note.name)

    at_ns = now_ns
    for number, (gap, who, shape) in enumerate(said):
        at_ns += gap * MILLISECOND
        note = shape(f"{number}")
        stage.at(at_ns, lambda who=who, note=note: say(who, note))
    stage.run(30_000 * MILLISECOND)
    for who, reader in (("a", "b"), ("b", "a")):
        heard = [name for _, name in came(stage, address=reader)]
        assert heard == written[who][: len(heard)]
        closed = [entry for each in "ab" for entry in stage.diary(each).told if entry[0] == "closed"]
        assert closed or heard == written[who]


def test_the_property_above_is_of_streams_that_mostly_live_and_of_packets_that_are_lost() -> None:
    spec = TransportSpec(max_retransmissions=12, tcp=TcpSpec())
    stage = TwoHosts(3, LinkSpec(ONE_WAY_NS), FREE, spec)
    stage.diary("a").runtime.open("b")
    stage.run(100 * MILLISECOND)
    PacketLoss("wire", 0.3).inject(stage.world, Tally())
    for number in range(60):
        stage.diary("a").runtime.write("b", Full(f"{number}"))
    stage.run(20_000 * MILLISECOND)
    assert [name for _, name in came(stage)] == [f"{number}" for number in range(60)]
    lost = stage.memory.events(PacketDropped)
    assert len([event for event in lost if event.what.startswith(ACK)]) > 3
    assert len(stage.memory.events(Retransmitted)) > 10


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({"mss_bytes": 1}, "tcp: mss_bytes: expected at least 64, found 1"),
        ({"send_buffer_bytes": 100}, "tcp: send_buffer_bytes: expected at least 1460, found 100"),
        ({"receive_buffer_bytes": 2_000}, "tcp: receive_buffer_bytes: expected at least 2920, found 2000"),
        ({"keep_alive_probes": 0}, "tcp: keep_alive_probes: expected at least 1, found 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(how: dict[str, int], line: str) -> None:
    with pytest.raises(ValueError, match="tcp: ") as caught:
        TcpSpec(**how)
    assert str(caught.value) == line
