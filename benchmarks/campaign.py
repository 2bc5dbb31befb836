"""What a campaign costs: seeds a second beside bare simpy, two jobs beside one, building a run, memory."""

import resource
import sys
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.yardstick import Timed, bare_simpy_timeouts, interleaved, ratio, row
from squall.scenarios.find import choose
from squall.scenarios.run import judge
from squall.scenarios.search.campaign import Campaign, run_campaign
from squall.scenarios.search.campaign_store import CampaignStore

SCENARIO: Final = "production-mix"
SEEDS: Final = 40
ROUNDS: Final = 5


def _seeds_with(jobs: int) -> Timed:
    """A campaign of one job or two over the same seeds, its processes started before the clock."""

    def once() -> tuple[float, int]:
        campaign = Campaign((choose(SCENARIO),), range(1, SEEDS + 1), jobs)
        told: list[float] = []
        run_campaign(campaign, CampaignStore(), lambda _: told.append(perf_counter()))
        # The first few answers start the workers and find out how large a batch may be.
        begun = 4 * jobs
        return told[-1] - told[begun - 1], len(told) - begun

    return once


def _outside_the_kernel() -> float:
    """The share of a run that is not stepping: laying the world out, and judging it."""
    choice = choose(SCENARIO)
    scenario = choice.settled()
    shares = []
    for _ in range(SEEDS // 2):
        began = perf_counter()
        judged = judge(choice, scenario)
        shares.append(1 - judged.wall_s / (perf_counter() - began))
    return median(shares)


def _memory_kib(seeds: int) -> int:
    """The most that this process ever held, once it has seen so many seeds."""
    campaign = Campaign((choose(SCENARIO),), range(1, seeds + 1), 2)
    run_campaign(campaign, CampaignStore())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Print the ratios; 1 where a target is missed."""
    few, many = _memory_kib(SEEDS // 2), _memory_kib(SEEDS * 4)
    rates = interleaved(
        {"simpy": lambda: bare_simpy_timeouts(perf_counter), "one": _seeds_with(1), "two": _seeds_with(2)}, ROUNDS
    )
    print(f"{SCENARIO}: {median(rates['one']):.1f} seeds a second with one job, {median(rates['two']):.1f} with two")
    held = [
        row("seeds a second and core, to bare simpy", 1e5 * ratio(rates, "one", "simpy"), "× 10⁻⁵", 3, True),
        row("two jobs to one", ratio(rates, "two", "one"), "×", 1.8, True),
        row("building and judging, of a run", _outside_the_kernel(), "of it", 0.15, False),
        row("memory of eight times the seeds", many / few, "×", 1.1, False),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
