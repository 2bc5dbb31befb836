"""Links against theory: the Lindley recursion and M/D/1 on a link's queue, and Gilbert and Elliott's loss in bursts."""

from itertools import groupby
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.bursts import Bursts, Weather
from squall.sim.kernel import Kernel
from squall.sim.link import LinkSpec
from squall.sim.packet import Packet
from squall.sim.rng import Chance
from tests.profiles import PROFILE
from tests.sim.machines import Note, TwoHosts
from tests.theory import formulas

TIMES = {"ci": 1, "nightly": 20}[PROFILE]
LATENCY_NS = 5_000
PACKET_NS = 640
"""What 64 bytes take at 800 Mbit/s."""


def sent_and_come(gap_ns: int, count: int, seed: int) -> tuple[list[int], list[int]]:
    """When datagrams set out on a link, at random, and when the last bit of each was on it."""
    spec = LinkSpec(LATENCY_NS, bandwidth_bps=800_000_000, queue_bytes=10**9)
    stage = TwoHosts(seed, spec)
    at_ns, came = 2_000, []
    for number in range(count):
        at_ns += int(-log(1.0 - Chance(seed).uniform(f"gap/{number}")) * gap_ns)
        came.append(at_ns)
        stage.at(at_ns, lambda number=number: stage.diary("a").runtime.send("b", Note(f"{number}")))
    stage.run(at_ns + 10_000_000)
    return came, [entry[0] - LATENCY_NS for entry in stage.diary("b").entries if entry[1] == "message"]


@pytest.mark.parametrize("gap_ns", [3_000, 900, 500])
def test_a_links_queue_is_the_lindley_recursion_on_the_same_arrivals_to_the_nanosecond(gap_ns: int) -> None:
    """At a load of a fifth, of seven tenths, and beyond what the link can carry."""
    came, ended = sent_and_come(gap_ns, 3_000, seed=7)
    assert ended == formulas.lindley(np.array(came), np.full(len(came), PACKET_NS)).tolist()


def test_a_links_queue_is_as_long_as_that_of_m_d_1() -> None:
    came, ended = sent_and_come(1_000, 12_000 * TIMES, seed=3)
    mean_ns = float(np.mean(np.array(ended) - np.array(came)))
    assert mean_ns == pytest.approx(formulas.pollaczek_khinchine(1 / 1_000, PACKET_NS, 0.0), rel=0.05)


def lost_and_not(bursts: Bursts, every_ns: int, count: int, seed: int) -> list[bool]:
    """Of packets on a link with this weather, at even distances: which are lost."""
    kernel = Kernel()
    weather = Weather(kernel, Chance(seed), "weather/wire", bursts)
    packet = Packet("a", "b", Note("x"), 0)
    fates = []
    for number in range(1, count + 1):
        kernel.run_until(number * every_ns)
        fates.append(weather.fate(packet, lambda _, number=number: Chance(seed).uniform(f"{number}")) is None)
    return fates


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_share_lost_and_the_length_of_bursts_are_those_of_gilbert(seed: int) -> None:
    """Five thousand turns: their means stray by some 2 %, so 7 % is more than three times that."""
    bursts = Bursts(bad_ns=2_000_000, good_ns=18_000_000)
    every_ns = 1_000_000
    lost = lost_and_not(bursts, every_ns, 100_000, seed)
    runs = [len(list(run)) for bad, run in groupby(lost) if bad]
    assert bursts.loss == pytest.approx(0.1)
    assert sum(lost) / len(lost) == pytest.approx(bursts.loss, rel=0.07)
    assert sum(runs) / len(runs) == pytest.approx(bursts.burst_packets(every_ns), rel=0.07)
    assert bursts.burst_packets(every_ns) > 2.0, "even loss of a tenth has bursts of 1.1"


def test_elliott_loses_a_share_in_good_times_and_another_in_bad_ones() -> None:
    bursts = Bursts(2_000_000, 6_000_000, loss_bad=0.4, loss_good=0.02)
    lost = lost_and_not(bursts, 1_000_000, 60_000, seed=5)
    assert bursts.loss == pytest.approx(0.115)
    assert sum(lost) / len(lost) == pytest.approx(bursts.loss, rel=0.07)


@given(st.integers(1, 10), st.lists(st.integers(0, 5_000_000), min_size=1, max_size=30), st.sets(st.integers(0, 29)))
def test_a_packet_that_is_not_sent_moves_the_fate_of_no_other(seed: int, gaps: list[int], left_out: set[int]) -> None:
    def fates(without: set[int]) -> dict[int, bool]:
        stage = TwoHosts(seed, LinkSpec(100, bursts=Bursts(1_000_000, 1_000_000, loss_bad=0.7)))
        at_ns = 2_000
        for number, gap_ns in enumerate(gaps):
            at_ns += gap_ns
            if number not in without:
                stage.at(at_ns, lambda number=number: stage.diary("a").runtime.send("b", Note(f"{number}")))
        stage.run(at_ns + 10_000)
        here = {int(entry[3]) for entry in stage.diary("b").entries if entry[1] == "message"}
        return {number: number in here for number in range(len(gaps)) if number not in without}

    whole, part = fates(set()), fates(left_out)
    assert part == {number: fate for number, fate in whole.items() if number not in left_out}
