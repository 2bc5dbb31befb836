"""How much faster a lean kernel call is than a bare simpy timeout: as a ratio, medians of seven."""

import sys
from collections.abc import Callable
from statistics import median
from typing import Final

from benchmarks.yardstick import EVENTS, PROCESSES, bare_simpy_timeouts, clock, interleaved, ratio, row
from squall.sim.kernel import Kernel

TARGET: Final = 1.3


def _looping(kernel: Kernel, delay_ns: int) -> Callable[[None], None]:
    """The yardstick's process as a lean call: it calls itself again, *delay_ns* later."""

    def again(_: None) -> None:
        kernel.call_in(delay_ns, again)

    return again


def lean_calls() -> tuple[float, int]:
    """As many lean calls as the yardstick has timeouts, at the same times; `run_until` alone is timed."""
    kernel = Kernel()
    for number in range(PROCESSES):
        kernel.call_in(1000 + number, _looping(kernel, 1000 + number))
    until_ns = (1000 + PROCESSES // 2) * (EVENTS // PROCESSES)
    began = clock()
    kernel.run_until(until_ns)
    return clock() - began, kernel.events


def main() -> int:
    """Print the ratio; 1 where the target is missed."""
    rates = interleaved({"simpy": bare_simpy_timeouts, "lean": lean_calls})
    print(f"bare simpy timeouts {median(rates['simpy']):>12,.0f} a second")
    print(f"lean kernel calls   {median(rates['lean']):>12,.0f} a second")
    return 0 if row("lean kernel calls", ratio(rates, "lean", "simpy"), "× bare simpy", TARGET, True) else 1


if __name__ == "__main__":
    sys.exit(main())
