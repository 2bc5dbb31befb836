"""Scenarios as users write them, good and bad: run as ``tests/scenarios/own.py:name``."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from squall.faults.fault import Heal, Plan, Tally, during
from squall.faults.network import PacketLoss
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling, Scenario, scenario
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, VenueAccepted
from squall.sim.world import World
from squall.system.domain.signals import Workload

FILE = Path(__file__)
MS = 1_000_000
SECOND = 1_000 * MS


def _brief(*promises: Promise, plan: Plan = ()) -> Scenario:
    return Scenario(
        workload=Workload(orders_per_s=20, start_ns=500 * MS, stop_ns=2_500 * MS, lots_min=1, lots_max=5),
        plan=plan,
        promises=(*always(), *promises),
        duration_ns=3 * SECOND,
    )


@scenario(proves="that a user's own scenario needs a function and nothing else")
def sound() -> Scenario:
    return _brief()


def settled() -> Scenario:
    """The same, and all that holds when a market has come to rest."""
    return replace(_brief(*settles()), duration_ns=5 * SECOND)


# --- judges of their own ---


class _Judge:
    """Says what it was told to, after having a look at every order that a venue accepts."""

    def __init__(self, stage: Stage, look: Callable[[], object], in_the_end: Callable[[], object]) -> None:
        self._look = look
        self._in_the_end = in_the_end
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        self._look()

    def ruling(self) -> Ruling:
        self._in_the_end()
        return Ruling(Verdict.PASS, "fine by me")


def _promise(look: Callable[[], object] = lambda: None, in_the_end: Callable[[], object] = lambda: None) -> Promise:
    return Promise("a promise of my own", "liveness", lambda stage: _Judge(stage, look, in_the_end))


def reads_the_clock() -> Scenario:
    """Its judge asks the machine for the time, in the middle of a run."""
    return _brief(_promise(look=lambda: time.time()))


def chatty() -> Scenario:
    """It prints whenever it can."""
    print("I am being made")
    return _brief(_promise(look=lambda: print("an order!"), in_the_end=lambda: print("it is over")))


def _fail() -> None:
    raise LookupError("my judge\nhas a bug")


def judge_fails() -> Scenario:
    return _brief(_promise(in_the_end=_fail))


def _interrupt() -> None:
    raise KeyboardInterrupt


def interrupted() -> Scenario:
    """Somebody presses Ctrl-C when it is all but over."""
    return _brief(_promise(in_the_end=_interrupt))


# --- faults of their own ---


class _Spin:
    """Time stands still from here on."""

    kind = "spin"
    target = "everything"

    def check(self, world: World) -> None:
        """It can be anywhere."""

    def inject(self, world: World, tally: Tally) -> Heal:
        def again(_: None) -> None:
            world.kernel.call_in(0, again)

        again(None)
        return lambda: None


def spins() -> Scenario:
    return _brief(plan=(during(1 * SECOND, 2 * SECOND, _Spin()),))


class _Moody:
    """It strikes or not, as the process it runs in has been told to hash."""

    kind = "mood"
    target = "exchange-a/orders"

    def check(self, world: World) -> None:
        """It can be anywhere."""

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("moods")
        if os.environ.get("PYTHONHASHSEED") == "1":
            tally.touched("moods")
            return PacketLoss(self.target, 1.0).inject(world, tally)
        return lambda: None


def parts_in_the_middle() -> Scenario:
    """What one process sees after a second and a half depends on its hash seed."""
    return _brief(plan=(during(1_500 * MS, 1_600 * MS, _Moody()),))


def parts_in_the_end() -> Scenario:
    """The same, when there is hardly anything left to see."""
    return _brief(plan=(during(2_980 * MS, 2_990 * MS, _Moody()),))


# --- what is none ---


def a_number() -> int:
    return 3


def needs_an_argument(rate: int) -> Scenario:
    return _brief()


def raises() -> Scenario:
    raise RuntimeError("I never\nworked")


def no_such_link() -> Scenario:
    return _brief(plan=(during(1 * SECOND, 2 * SECOND, PacketLoss("exchange-z/orders", 1.0)),))


not_a_function = 4
