"""Lines that lose in bursts, are squeezed, or are shared with other people's packets: each in its window alone."""

from itertools import groupby

import pytest

from squall.faults.disk import BitRot
from squall.faults.fault import Fault, InstalledPlan, Tally, during
from squall.faults.hardware import TornWrite
from squall.faults.link import BurstyLoss, CongestedLink, SqueezedLink
from squall.faults.network import Clogging, LinkCut
from squall.faults.site import PowerLost
from squall.sim.link import LinkSpec
from squall.sim.rng import Chance
from tests.faults.stages import Market, chatter, heard, stage_with
from tests.sim.machines import Note, TwoHosts

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

REFUSED: list[tuple[Fault, str]] = [
    (BurstyLoss("wier"), "no link 'wier'; links are left-orders, left-feed-A, left-feed-B"),
    (BurstyLoss("left-orders", bad_ns=10), "bursts: expected bad times of at least 50000 ns, found 10 ns"),
    (BurstyLoss("left-orders", good_ns=0), "bursts: expected good times of at least 50000 ns, found 0 ns"),
    (BurstyLoss("left-orders", loss_bad=1.1), "bursts: the loss in bad times must be from 0 to 1, found 1.1"),
    (
        BurstyLoss("left-orders", loss_bad=0.0),
        "bursty loss: nothing would ever be lost, found no loss in bad times nor in good ones",
    ),
    (
        SqueezedLink("left-orders", 0),
        "squeezed link: the bandwidth must be from 1000 to 1000000000 bits a second, found 0",
    ),
    (SqueezedLink("left-orders", 64_000, 100), "squeezed link: the queue must hold at least 1500 bytes, found 100"),
    (CongestedLink("left-orders", 0.0), "congested link: the load must be above 0 and at most 4, found 0.0"),
    (
        CongestedLink("left-orders", 0.5, 10**9),
        "congested link: the bandwidth must be from 1000 to 100000000 bits a second, found 1000000000",
    ),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        Market(during(0, SECOND, fault))
    assert str(caught.value) == f"plan[0]: {line}"


def test_bursty_loss_takes_several_in_a_row_and_only_in_its_window() -> None:
    window = during(20 * MILLISECOND, 80 * MILLISECOND, BurstyLoss("wire", 2 * MILLISECOND, 8 * MILLISECOND))
    stage, plan = stage_with(window)
    chatter(stage, 100_000, 1_000)
    stage.run(110 * MILLISECOND)
    sent = range(1_000, 100_001_000, 100_000)
    here = set(heard(stage, "b"))
    lost = [at_ns not in here for at_ns in sent]
    assert not any(gone for at_ns, gone in zip(sent, lost, strict=True) if not window.start_ns <= at_ns < window.end_ns)
    runs = [len(list(run)) for gone, run in groupby(lost) if gone]
    assert max(runs) > 10
    assert plan.tallies[0].effects == 2 * sum(lost), "noise on a cable is there for both ways"


def congested(load: float, queue_bytes: int) -> tuple[float, int, str]:
    """How long our packets took on average, how many found no room, and what the tally says."""
    stage, plan = stage_with(during(1_000, SECOND, CongestedLink("wire", load, queue_bytes=queue_bytes)))
    chatter(stage, 2 * MILLISECOND, 300)
    stage.run(700 * MILLISECOND)
    taken = [
        record.at_ns - int(record.event.message.name)
        for record in stage.memory.records
        if type(record.event).__name__ == "Handled" and record.event.to == "b"
    ]
    return sum(taken) / len(taken), stage.world.network.link("wire").overflowed, plan.tallies[0].words


def test_other_peoples_packets_make_ours_wait() -> None:
    waited = [congested(load, 15_000)[0] for load in (0.2, 0.9, 1.5)]
    assert 0.05 * MILLISECOND < waited[0] < 0.5 * MILLISECOND < waited[1] < waited[2]
    assert waited[2] > 8 * MILLISECOND, "nearly the whole queue of ten packets of 1.2 ms each"


def test_where_the_queue_is_short_and_the_others_many_ours_find_no_room() -> None:
    _, overflowed, words = congested(1.5, 1_500)
    assert overflowed > 100
    assert f"{overflowed} packets that found no room" in words
    assert congested(0.1, 1_500)[1] < 20


def test_two_entries_that_are_alike_and_begin_together_have_bad_times_of_their_own() -> None:
    """One alone is as it ever was: only its twin gets other draws, as if it had begun a nanosecond later."""

    def lost(*faults: Fault) -> set[int]:
        stage, _ = stage_with(*(during(2_000, 100 * MILLISECOND, fault) for fault in faults))
        chatter(stage, 100_000, 1_000)
        stage.run(110 * MILLISECOND)
        return set(range(1_000, 100_001_000, 100_000)) - set(heard(stage, "b"))

    fault = BurstyLoss("wire", 2 * MILLISECOND, 8 * MILLISECOND)
    alone, together = lost(fault), lost(fault, fault)
    assert alone < together
    assert len(together) > 1.3 * len(alone)


@pytest.mark.parametrize(
    "fault",
    [
        BurstyLoss("wire"),
        CongestedLink("wire", 0.5),
        Clogging("wire"),
        BitRot("host1"),
        TornWrite("host1"),
        PowerLost("host1", boots_within_ns=1_000),
    ],
    ids=lambda fault: fault.kind,
)
def test_twins_never_ask_for_a_number_that_the_other_has(fault: Fault) -> None:
    stage = TwoHosts()
    chance = stage.world.chance = _Asked(1)
    stage.world.host("host1").disk.stood("log", b"old")
    stage.world.host("host1").disk.stood("log", b"older")
    window = during(100_000, 20 * MILLISECOND, fault)
    InstalledPlan(stage.world, (window, window))
    stage.run(10 * MILLISECOND)
    assert len(chance.keys) > 1
    assert len(set(chance.keys)) == len(chance.keys)


class _Asked(Chance):
    """Writes down the names that it is asked for."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.keys: list[str] = []

    def uniform(self, key: str) -> float:
        self.keys.append(key)
        return super().uniform(key)


def test_a_squeeze_no_narrower_than_the_link_itself_is_refused_and_would_count_nothing() -> None:
    narrow = LinkSpec(100, bandwidth_bps=1_000_000)
    fault = SqueezedLink("wire", 1_000_000)
    with pytest.raises(ValueError, match="must be less than that of wire itself, 1000000 bits a second, found 1000000"):
        stage_with(during(2_000, SECOND, fault), link=narrow)

    def arrivals(squeezed: bool) -> tuple[list[int], int]:
        stage, tally = TwoHosts(link=narrow), Tally()
        if squeezed:
            SqueezedLink("wire", 1_000_000_000, 65_536).inject(stage.world, tally)
        for number in range(20):
            stage.diary("a").runtime.send("b", Note(f"{number}"))
        stage.run(100 * MILLISECOND)
        return [entry[0] for entry in stage.diary("b").entries if entry[1] == "message"], tally.effects

    assert arrivals(squeezed=True) == arrivals(squeezed=False)


def test_only_a_packet_that_goes_out_late_counts_as_held_up() -> None:
    """64 bytes take half a microsecond at 1 Gbit/s: next to the millisecond of the way nobody would notice."""
    stage, plan = stage_with(during(2_000, SECOND, SqueezedLink("wire", 1_000_000_000)), link=LinkSpec(MILLISECOND))
    chatter(stage, 2 * MILLISECOND, 20)
    stage.run(100 * MILLISECOND)
    assert plan.tallies[0].words == "nothing"
    for number in range(3):
        stage.diary("a").runtime.send("b", Note(f"{number}"))
    stage.run(100 * MILLISECOND)
    assert plan.tallies[0].words == "2 packets held up", "one went out at once, and two behind it"


def test_a_load_is_of_the_links_own_bandwidth_where_that_is_less() -> None:
    stage = TwoHosts(link=LinkSpec(100, bandwidth_bps=1_000_000))
    CongestedLink("wire", 0.5).inject(stage.world, Tally())
    stage.run(SECOND // 2)
    link = stage.world.network.link("wire")
    assert 0.4 < link.transmitters[0].busy_ns / (SECOND // 2) < 0.6
    assert link.overflowed == 0


def test_nobody_sends_into_a_congested_link_while_it_is_cut() -> None:
    stage, _ = stage_with(
        during(2_000, SECOND, CongestedLink("wire", 4.0)),
        during(100 * MILLISECOND, 200 * MILLISECOND, LinkCut("wire")),
    )
    waiting = lambda: [each.waiting_bytes for each in stage.world.network.link("wire").transmitters]  # noqa: E731
    stage.run(99 * MILLISECOND)
    assert min(waiting()) > 0
    stage.run(100 * MILLISECOND)
    assert waiting() == [0, 0]
    stage.run(100 * MILLISECOND)
    assert min(waiting()) > 0
