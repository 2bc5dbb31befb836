"""How near links and streams come to theory on long runs: Mathis's bound, M/D/1, Gilbert's bursts."""

import sys
from itertools import groupby
from typing import Final

import numpy as np

from squall.sim.bursts import Bursts
from tests.theory import formulas
from tests.theory.bulk import NEAR, NOISE, RARE, carry
from tests.theory.test_links import PACKET_NS, lost_and_not, sent_and_come

LOSSES: Final = {0.001: 120, 0.002: 120, 0.005: 100, 0.01: 100, 0.02: 100, 0.05: 100, 0.1: 100}
"""Loss, and how many seconds of it."""
SEED: Final = 1


def main() -> int:
    """Print the tables; how many rows miss."""
    return streams() + queues() + bursts()


def streams() -> int:
    missed = 0
    print(f"{'loss':>8}{'throughput':>16}{'MSS/RTT·C/√p':>16}{'of it':>8}")
    for loss, seconds in LOSSES.items():
        found = carry(loss, seconds, SEED)
        holds = found.in_order and found.of_the_bound < NOISE and (loss > RARE or found.of_the_bound > NEAR)
        line = f"{loss:>8.1%}{found.bytes_per_s:>12,.0f} B/s{found.bound_bytes_per_s:>12,.0f} B/s"
        line += f"{found.of_the_bound:>8.0%}"
        print(line + ("" if holds else "  MISSED"), flush=True)
        missed += not holds
    return missed


def queues() -> int:
    missed = 0
    print(f"{'load':>8}{'mean':>12}{'M/D/1':>12}{'off':>8}")
    for gap_ns in (3_200, 1_280, 914, 800):
        came, ended = sent_and_come(gap_ns, 200_000, SEED)
        mean_ns = float(np.mean(np.array(ended) - np.array(came)))
        said_ns = formulas.pollaczek_khinchine(1 / gap_ns, PACKET_NS, 0.0)
        off = mean_ns / said_ns - 1.0
        missed += abs(off) > 0.02
        print(f"{PACKET_NS / gap_ns:>8.0%}{mean_ns:>9,.0f} ns{said_ns:>9,.0f} ns{off:>+8.2%}", flush=True)
    return missed


def bursts() -> int:
    missed = 0
    print(f"{'bad, good':>16}{'lost':>8}{'said':>8}{'burst':>8}{'said':>8}")
    for bad_ns, good_ns in ((2_000_000, 18_000_000), (5_000_000, 95_000_000), (20_000_000, 180_000_000)):
        weather = Bursts(bad_ns, good_ns)
        lost = lost_and_not(weather, 1_000_000, 2_000_000, SEED)
        runs = [len(list(run)) for bad, run in groupby(lost) if bad]
        share, length = sum(lost) / len(lost), sum(runs) / len(runs)
        said = weather.burst_packets(1_000_000)
        missed += abs(share / weather.loss - 1.0) > 0.03 or abs(length / said - 1.0) > 0.03
        name = f"{bad_ns // 1_000_000}, {good_ns // 1_000_000} ms"
        print(f"{name:>16}{share:>8.2%}{weather.loss:>8.2%}{length:>8.2f}{said:>8.2f}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main() and 1)
