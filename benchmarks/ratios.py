"""All that is promised of the simulator's own speed, in one run: interleaved, medians of seven, as ratios.

`python -m benchmarks.ratios` holds them against what was kept: 1 where one is worse by more than 30 %, which is what
`make nightly` asks. `--keep` keeps them instead. Whether what was asked for is reached is printed beside each.
"""

import argparse
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

from msgspec.structs import replace

from benchmarks import kept, startup
from benchmarks.calm import LONGER, Recorded, messages
from benchmarks.kept import Measured
from benchmarks.kernel import lean_calls
from benchmarks.orders import one_order
from benchmarks.yardstick import bare_simpy_timeouts, clock, interleaved, ratios, row
from squall.scenarios.find import choose
from squall.scenarios.run import judge

RESULTS: Final = Path(__file__).parent / "results" / "ratios.json"
MIX_SEEDS: Final = range(1, 5)
ORDERS: Final = 5_000
SYMBOLS: Final = 2
"""How many `calm` has."""
GROWTH_ROUNDS: Final = 3
"""Each takes as long as all rounds of the rest."""
ONCE: Final = 4


def mix() -> tuple[float, int]:
    """Some seeds of the mix that campaigns are measured by, as a campaign's worker runs them, in this process."""
    choice = choose("production-mix")
    scenario = choice.settled()
    began = clock()
    for seed in MIX_SEEDS:
        judge(replace(choice, seed=seed), scenario)
    return clock() - began, len(MIX_SEEDS)


def several_times() -> tuple[float, int]:
    """`calm` so often that it is no shorter than what it is held against by chance alone."""
    took = [messages() for _ in range(ONCE)]
    return sum(seconds for seconds, _ in took), sum(done for _, done in took)


def speeds() -> dict[str, Measured]:
    """What one thing costs, in bare simpy timeouts or the other way round."""
    rates = interleaved(
        {
            "simpy": bare_simpy_timeouts,
            "lean": lean_calls,
            "messages": messages,
            "mix": mix,
            "records": Recorded().observe,
            "order": lambda: one_order(ORDERS),
            "imports": startup.imports(),
            "first event": startup.first_event(),
        }
    )
    print(f"bare simpy timeouts {median(rates['simpy']):>12,.0f} a CPU second")
    print(f"calm, messages      {median(rates['messages']):>12,.0f} a CPU second")
    return {
        "lean kernel calls, to timeouts": Measured(ratios(rates, "lean", "simpy"), 1.35, True),
        "messages of calm, to timeouts": Measured(ratios(rates, "messages", "simpy"), 0.18, True),
        "seeds of production-mix, to 100,000 timeouts": Measured(
            [1e5 * each for each in ratios(rates, "mix", "simpy")], 3, True
        ),
        "a record of the trace, in timeouts": Measured(ratios(rates, "simpy", "records"), 0.8, False),
        "the pure path of an order, in timeouts": Measured(ratios(rates, "simpy", "order"), 20, False),
        "squall run to its first event, to imports": Measured(ratios(rates, "imports", "first event"), 2.5, False),
    }


def growth() -> dict[str, Measured]:
    """What a message costs in ten times as much of something, to what it costs in `calm`."""
    rates = interleaved(
        {
            "once": several_times,
            "as long": lambda: messages(longer=LONGER),
            "the orders": lambda: messages(orders=LONGER),
            "the symbols": lambda: messages(symbols=LONGER * SYMBOLS),
        },
        GROWTH_ROUNDS,
    )
    # Below 1 is chance, or idle traffic that is spread over more messages: no reason to be stricter the next time.
    return {
        f"a message, ten times {what}": Measured([max(each, 1.0) for each in ratios(rates, "once", what)], 1.15, False)
        for what in ("as long", "the orders", "the symbols")
    }


def main() -> int:
    """Print the ratios; 1 where one has become worse than what is kept allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name} anew instead")
    asked = parser.parse_args()
    measured = {**speeds(), **growth()}
    for name, each in measured.items():
        row(name, each.value, "×", each.bound, each.at_least)
    if asked.keep:
        versions = {"python": platform.python_version(), "simpy": version("simpy"), "msgspec": version("msgspec")}
        kept.write(RESULTS, measured, versions)
        return 0
    lines = kept.worse(kept.read(RESULTS), measured)
    for line in lines:
        print(f"worse by more than {kept.WORSE_BY:.0%}: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
