"""The yardstick that every benchmark is a ratio to, and how two things are timed beside each other."""

import gc
from collections.abc import Callable, Generator, Mapping
from statistics import median
from time import process_time
from typing import Any, Final

import simpy

ROUNDS: Final = 7
PROCESSES: Final = 100
EVENTS: Final = 300_000

Clock = Callable[[], float]
clock: Final[Clock] = process_time
"""CPU seconds of this process: what others do on the machine is not ours. Where several processes work together, wall
time is what counts."""

Timed = Callable[[], tuple[float, int]]
"""Does the work once; returns the seconds it took and how many things it did."""


def bare_simpy_timeouts(clock: Clock = clock) -> tuple[float, int]:
    """100 processes, each looping `yield env.timeout(1000 + i)`; 300,000 events; `run()` alone is timed."""
    env = simpy.Environment()
    each = EVENTS // PROCESSES

    def loop(number: int) -> Generator[Any, Any, None]:
        for _ in range(each):
            yield env.timeout(1000 + number)

    for number in range(PROCESSES):
        env.process(loop(number))
    began = clock()
    env.run()
    return clock() - began, EVENTS


def interleaved(work: Mapping[str, Timed], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Things a second of each work, round by round: all of them once, then all of them again.

    A machine that is slow for a while is then slow for all, and the ratio within a round is what counts.
    """
    rates: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, once in work.items():
            gc.collect()
            seconds, done = once()
            rates[name].append(done / seconds)
    return rates


def ratios(rates: dict[str, list[float]], name: str, to: str) -> list[float]:
    """Round by round, one rate divided by the other."""
    return [one / other for one, other in zip(rates[name], rates[to], strict=True)]


def ratio(rates: dict[str, list[float]], name: str, to: str) -> float:
    """The median over the rounds of one rate divided by the other."""
    return median(ratios(rates, name, to))


def row(what: str, value: float, unit: str, bound: float, at_least: bool) -> bool:
    """Print one line of the result; whether the bound holds."""
    holds = value >= bound if at_least else value <= bound
    sign, verdict = "≥" if at_least else "≤", "ok" if holds else "MISSED"
    print(f"{what:<50} {value:>8.3f} {unit:<12} {sign} {bound:<6g} {verdict}")
    return holds
