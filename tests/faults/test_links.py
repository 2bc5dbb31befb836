"""Lines that lose in bursts, are squeezed, or are shared with other people's packets: each in its window alone."""

from itertools import groupby

import pytest

from squall.faults.fault import Fault, during
from squall.faults.link import BurstyLoss, CongestedLink, SqueezedLink
from tests.faults.stages import Market, chatter, heard, stage_with

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

REFUSED: list[tuple[Fault, str]] = [
    (BurstyLoss("wier"), "no link 'wier'; links are left-orders, left-feed-A, left-feed-B"),
    (BurstyLoss("left-orders", bad_ns=10), "bursts: expected bad times of at least 1000 ns, found 10 ns"),
    (BurstyLoss("left-orders", good_ns=0), "bursts: expected good times of at least 1000 ns, found 0 ns"),
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
