"""Packets late, unevenly late, held back, doubled and damaged; links that flap and clog: each in its window alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.fault import Fault, during
from squall.faults.network import Clogging, Flapping
from squall.faults.packets import Corruption, Duplication, Jitter, Latency, Reordering
from squall.sim.trace import Handled, PacketDropped
from tests.faults.stages import Market, chatter, heard, stage_with
from tests.sim.machines import Note, TwoHosts

SECOND = 1_000_000_000


def delays(stage: TwoHosts) -> dict[int, int]:
    """Time of sending → how long a datagram to b took, for those that came."""
    taken = [r for r in stage.memory.records if type(r.event) is Handled and r.event.to == "b"]
    return {int(record.event.message.name): record.at_ns - int(record.event.message.name) for record in taken}


REFUSED: list[tuple[Fault, str]] = [
    (Latency("wier", 5), "no link 'wier'; links are left-orders, left-feed-A, left-feed-B"),
    (Latency("left-orders", 0), "added latency: the delay must be above 0 ns, found 0"),
    (Jitter("left-orders", -1), "jitter: the delay must be above 0 ns, found -1"),
    (Reordering("left-orders", 1.2), "reordering: the share must be above 0 and at most 1, found 1.2"),
    (Reordering("left-orders", 0.2, 0), "reordering: the delay must be above 0 ns, found 0"),
    (Duplication("left-orders", 0.0), "duplication: the share must be above 0 and at most 1, found 0.0"),
    (Corruption("left-orders", 2.0), "corruption: the share must be above 0 and at most 1, found 2.0"),
    (Flapping("left-orders", 1), "flapping link: the period must be above 1 ns, found 1"),
    (Flapping("left-orders", 10, 1.0), "flapping link: the share must be above 0 and below 1, found 1.0"),
    (Clogging("left-orders", 0), "clogged link: the stagger must be above 0 ns, found 0"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        Market(during(0, SECOND, fault))
    assert str(caught.value) == f"plan[0]: {line}"


def test_latency_is_added_in_the_window_and_to_the_nanosecond() -> None:
    stage, plan = stage_with(during(2_000, 4_000, Latency("wire", 33)))
    chatter(stage, 100, 50)
    stage.run(20_000)
    for sent_ns, took_ns in delays(stage).items():
        assert took_ns == (133 if 2_000 <= sent_ns < 4_000 else 100)
    assert plan.tallies[0].words == "40 packets late"


def test_latencies_of_two_faults_add_up_and_heal_each_by_itself() -> None:
    stage, _ = stage_with(during(2_000, 6_000, Latency("wire", 10)), during(4_000, 8_000, Latency("wire", 7)))
    chatter(stage, 500, 16)
    stage.run(20_000)
    found = delays(stage)
    assert [found[at_ns] for at_ns in (1_500, 2_000, 4_000, 6_000, 8_000)] == [100, 110, 117, 107, 100]


def test_jitter_is_uniform_up_to_its_bound_and_lets_packets_overtake() -> None:
    stage, _ = stage_with(during(2_000, 10**9, Jitter("wire", 1_000)))
    chatter(stage, 100, 3_000)
    stage.run(400_000)
    late = [took_ns - 100 for sent_ns, took_ns in delays(stage).items() if sent_ns >= 2_000]
    assert 0 <= min(late) < 20
    assert 980 < max(late) < 1_000
    # The mean of 3,000 uniform draws: five standard deviations are 27.
    assert abs(sum(late) / len(late) - 500) < 27
    assert heard(stage, "b") != sorted(heard(stage, "b"))


def test_a_packet_that_is_held_back_is_overtaken_and_none_is_lost() -> None:
    stage, plan = stage_with(during(2_000, 20_000, Reordering("wire", 0.3, 250)))
    chatter(stage, 100, 300)
    stage.run(60_000)
    order = heard(stage, "b")
    assert sorted(order) == list(range(1_000, 31_000, 100))
    late = [at_ns for index, at_ns in enumerate(order) if any(before > at_ns for before in order[:index])]
    assert late
    assert all(2_000 <= at_ns < 20_000 for at_ns in late)
    assert plan.tallies[0].effects >= len(late)


def test_a_stream_puts_right_what_the_line_has_mixed_up_doubled_and_damaged() -> None:
    stage, plan = stage_with(
        during(2_000, SECOND, Reordering("wire", 0.4, 900)),
        during(2_000, SECOND, Duplication("wire", 1.0)),
        during(2_000, SECOND, Corruption("wire", 0.2)),
    )
    stage.at(1_100, lambda: stage.diary("a").runtime.open("b"))
    for number in range(200):
        stage.at(3_000 + 100 * number, lambda number=number: stage.diary("a").runtime.write("b", Note(f"{number}")))
    stage.run(60 * SECOND)
    assert heard(stage, "b") == list(range(200))
    assert plan.tallies[0].effects > 0
    assert plan.tallies[2].words.endswith("checksums failed")


def test_doubled_datagrams_arrive_twice_each_on_its_own_way() -> None:
    stage, plan = stage_with(during(2_000, 4_000, Duplication("wire", 1.0)), during(1_500, 10**6, Jitter("wire", 500)))
    chatter(stage, 100, 60)
    stage.run(20_000)
    order = heard(stage, "b")
    for at_ns in range(1_000, 7_000, 100):
        assert order.count(at_ns) == (2 if 2_000 <= at_ns < 4_000 else 1), at_ns
    assert plan.tallies[0].words == "40 datagrams doubled"


def test_a_share_of_the_datagrams_is_doubled_the_same_ones_for_a_bigger_share() -> None:
    def doubled(share: float) -> set[int]:
        stage, _ = stage_with(during(2_000, 10**9, Duplication("wire", share)))
        chatter(stage, 100, 400)
        stage.run(60_000)
        order = heard(stage, "b")
        return {at_ns for at_ns in order if order.count(at_ns) == 2}

    few, many = doubled(0.1), doubled(0.5)
    assert 15 < len(few) < 75
    assert few < many


def test_damaged_packets_are_dropped_by_the_receivers_card_and_the_trace_shows_each() -> None:
    stage, plan = stage_with(during(2_000, 10**9, Corruption("wire", 0.3)))
    chatter(stage, 100, 500)
    stage.run(60_000)
    assert plan.tallies[0].effects == len(stage.memory.events(PacketDropped)) > 200


@given(period=st.integers(2, 40), share=st.floats(0.1, 0.9))
def test_a_flapping_link_is_down_for_its_share_of_every_period_and_up_when_it_heals(period: int, share: float) -> None:
    """The reference counts in periods: a packet passes if the link is up from when it is sent until it arrives."""
    period_ns = 100 * period
    stage, _ = stage_with(during(2_000, 9_000, Flapping("wire", period_ns, share)))
    sendings = range(1_950, 12_000, 50)
    for at_ns in sendings:
        stage.at(at_ns, lambda at_ns=at_ns: stage.diary("a").runtime.send("b", Note(f"{at_ns}")))
    stage.run(20_000)
    down_ns = max(int(period_ns * share), 1)
    downs = [(start, min(start + down_ns, 9_000)) for start in range(2_000, 9_000, period_ns)]
    # What arrives at the very moment at which the link goes down is lost with it.
    passed = [at_ns for at_ns in sendings if not any(down <= at_ns + 100 and at_ns < up for down, up in downs)]
    assert heard(stage, "b") == passed
    assert stage.world.network.link("wire").plain


def test_what_is_sent_into_a_clog_comes_out_when_it_dissolves_and_nothing_is_lost() -> None:
    stage, plan = stage_with(during(2_000, 30_000, Clogging("wire", 5_000)))
    chatter(stage, 100, 300)
    stage.run(60_000)
    found = delays(stage)
    assert sorted(found) == list(range(1_000, 31_000, 100))
    held = {sent_ns: took_ns for sent_ns, took_ns in found.items() if took_ns > 100}
    assert 2 * len(held) == plan.tallies[0].effects > 0
    (dissolved,) = {sent_ns + took_ns for sent_ns, took_ns in held.items()}
    assert 2_000 <= min(held) < 7_000
    assert 7_000 <= dissolved - 100 < 12_000


def test_a_clog_that_is_healed_early_lets_the_next_packet_pass() -> None:
    stage, _ = stage_with(during(2_000, 8_000, Clogging("wire", 5_000)), seed=2)
    chatter(stage, 100, 100)
    stage.run(60_000)
    assert all(took_ns == 100 for sent_ns, took_ns in delays(stage).items() if sent_ns >= 8_000)
    assert stage.world.network.link("wire").plain
