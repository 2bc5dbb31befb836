"""Scenarios for campaigns: brief ones, of which some seeds break, die, hang or prove nothing."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from squall.faults.exchange import ApiSlow
from squall.faults.fault import during
from squall.scenarios.desk_promises import always
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling, Scenario, scenario
from squall.scenarios.topology import Stage
from squall.system.domain.signals import Workload

FILE = Path(__file__)
MS = 1_000_000


class _Judge:
    def __init__(self, stage: Stage, rule: Callable[[int], Ruling]) -> None:
        self._seed = stage.world.seed
        self._rule = rule

    def ruling(self) -> Ruling:
        return self._rule(self._seed)


def _by_seed(rule: Callable[[int], Ruling], kind: str = "liveness", name: str = "my own promise") -> Promise:
    return Promise(name, kind, lambda stage: _Judge(stage, rule))


def _brief(*promises: Promise) -> Scenario:
    return Scenario(
        workload=Workload(orders_per_s=10, start_ns=300 * MS, stop_ns=800 * MS, lots_min=1, lots_max=5),
        plan=(during(400 * MS, 700 * MS, ApiSlow("exchange-a", 5 * MS), must_touch=False),),
        promises=(*always(), *promises),
        duration_ns=1_000 * MS,
    )


def _fine(seed: int) -> Ruling:
    return Ruling(Verdict.PASS, "fine by me")


def sound() -> Scenario:
    return _brief(_by_seed(_fine))


def _odd(seed: int) -> Ruling:
    detail = f"pulse-ACME-{seed} of BOLT was {seed * 1.5} ms late at {seed},000 (and {seed} more)"
    return Ruling(Verdict.VIOLATED, detail, 800 * MS, 7) if seed % 2 else _fine(seed)


def _fifth(seed: int) -> Ruling:
    return Ruling(Verdict.VIOLATED, "every fifth goes wrong", 900 * MS, 8) if not seed % 5 else _fine(seed)


SEEN: list[int] = []
"""What should be nowhere but in a program: it outlives a run."""


def _first(seed: int) -> Ruling:
    SEEN.append(seed)
    return _fine(seed) if [seed] == SEEN else Ruling(Verdict.VIOLATED, f"seeds {SEEN} have left their mark")


def remembers_earlier_seeds() -> Scenario:
    """Passes alone, and breaks after any other run in the same modules."""
    return _brief(_by_seed(_first))


def odd_seeds_break() -> Scenario:
    """Every odd seed breaks one promise, and every fifth another one, later."""
    return _brief(_by_seed(_fifth, name="not the fifth"), _by_seed(_odd, name="in time"))


def _dies(seed: int) -> Ruling:
    if seed == 3:
        os._exit(9)
    return _fine(seed)


def third_dies() -> Scenario:
    """As if the machine had run out of memory."""
    return _brief(_by_seed(_dies))


def _spins(seed: int) -> Ruling:
    while seed == 3:
        pass
    return _fine(seed)


def third_spins() -> Scenario:
    return _brief(_by_seed(_spins))


def _stuck(seed: int) -> Ruling:
    if seed == 3:
        sum(range(10**18))  # in C, where no signal is heard
    return _fine(seed)


def third_is_stuck() -> Scenario:
    return _brief(_by_seed(_stuck))


def _raises(seed: int) -> Ruling:
    if seed == 3:
        raise SystemExit("my judge\nleaves")
    return _fine(seed)


def third_raises() -> Scenario:
    return _brief(_by_seed(_raises))


class _ReadsTheClock(_Judge):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, _fine)
        stage.world.kernel.call_at(500 * MS, lambda _: time.time())


def reads_the_clock() -> Scenario:
    return _brief(Promise("my own promise", "liveness", _ReadsTheClock))


def _never(seed: int) -> Ruling:
    return Ruling(Verdict.INCONCLUSIVE, "it never came")


def _seldom(seed: int) -> Ruling:
    return _fine(seed) if seed == 4 else _never(seed)


def seldom_reached() -> Scenario:
    """Seed 4 alone gets there."""
    return _brief(_by_seed(_seldom, "reached", "the place"))


def never_reached() -> Scenario:
    return _brief(_by_seed(_never, "reached", "the place"))


def doubtful() -> Scenario:
    """Every odd seed cannot be judged."""
    return _brief(_by_seed(lambda seed: _never(seed) if seed % 2 else _fine(seed)))


@scenario(proves="that a search finds it", canary=True)
def canary() -> Scenario:
    return _brief(_by_seed(lambda seed: Ruling(Verdict.VIOLATED, "as it should be")))


@scenario(proves="that a search finds it", canary=True)
def silent_canary() -> Scenario:
    return _brief(_by_seed(_fine))


def chatty() -> Scenario:
    """It prints wherever it runs."""
    print("I am being made")
    return sound()
