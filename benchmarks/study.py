"""What a capacity study costs: three stacks at fifteen loads, with one job and with two beside it.

The clock says what a person waits for. On a machine that others use too it says little, so processor time is told
beside it: two jobs are as good as their processor time is equal to one job's, and evenly spread.
"""

import argparse
import resource
import sys
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.yardstick import row
from squall.scenarios.capacity import parse_rates, parse_sla
from squall.scenarios.stacks import STACKS
from squall.scenarios.study import Asked, study

RATES: Final = "200:3000:200"
LONGEST_S: Final = 180.0
ROUNDS: Final = 3


def processor_s() -> float:
    """What this process and those that it has waited for have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def once(rates: str, jobs: int) -> tuple[float, float]:
    """Seconds by the clock, and of processor time; the processes' start is in both."""
    asked = Asked(parse_rates(rates), parse_sla("p99<100us"), 1)
    began, used = perf_counter(), processor_s()
    study(tuple(STACKS), asked, jobs)
    return perf_counter() - began, processor_s() - used


def main() -> int:
    """Print both, and their ratio, round by round; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", default=RATES, help="the loads")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    one, two = [], []
    for _ in range(given.rounds):
        for jobs, times in ((1, one), (2, two)):
            times.append(once(given.rates, jobs))
            print(f"{jobs} job(s): {times[-1][0]:.1f} s, {times[-1][1]:.1f} s of processor time", flush=True)
    faster = median(alone[0] / both[0] for alone, both in zip(one, two, strict=True))
    dearer = median(both[1] / alone[1] for alone, both in zip(one, two, strict=True))
    held = [
        row("two jobs", median(wall for wall, _ in two), "s", LONGEST_S, at_least=False),
        row("two jobs against one, by the clock", faster, "×", 1.8, at_least=True),
        row("processor time of two jobs against one's", dearer, "×", 1.1, at_least=False),
        row("half the processor time of two jobs", median(used for _, used in two) / 2, "s", LONGEST_S, at_least=False),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
