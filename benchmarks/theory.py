"""How near the machines come to queueing theory on long runs: 2 % of the mean, 5 % of the 99th percentile."""

import sys
from typing import Final

from tests.theory.models import OF_THE_MEAN, OF_THE_P99, by_name, measure

CUSTOMERS: Final = 1_500_000
SEED: Final = 1


def main() -> int:
    """Print the table; how many rows miss."""
    missed = 0
    print(f"{'':<12}{'':<4}{'mean':>12}{'theory':>12}{'off':>8}{'±':>7}{'p99':>14}{'theory':>12}{'off':>8}{'±':>7}")
    for name, model in by_name().items():
        for found in measure(model, CUSTOMERS, SEED, confidence=0.95):
            mean, p99 = found.mean, found.p99
            line = f"{name:<12}{found.where:<4}{mean.value:>9,.0f} ns{found.said.mean_ns:>9,.0f} ns"
            line += f"{found.mean_off:>+8.2%}{mean.relative:>7.1%}"
            holds = abs(found.mean_off) <= OF_THE_MEAN
            if found.said.p99_ns is not None and found.p99_off is not None:
                line += f"{p99.value:>11,.0f} ns{found.said.p99_ns:>9,.0f} ns{found.p99_off:>+8.2%}{p99.relative:>7.1%}"
                holds = holds and abs(found.p99_off) <= OF_THE_P99
            print(line + ("" if holds else "  MISSED"), flush=True)
            missed += not holds
    return missed


if __name__ == "__main__":
    sys.exit(main() and 1)
