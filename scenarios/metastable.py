"""Does the desk come back once the trigger has gone? Load by load, with a client that repeats what is not answered.

A metastable failure (Bronson and others, HotOS 2021): a *trigger* pushes a system that was sound into a bad state, and
a *sustaining effect* keeps it there when the trigger has gone. Here the effect is work that grows with delay: repeats
of orders that were not answered in time, and queues that cost more the longer they are.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from squall.faults.durations import format_duration
from squall.faults.fault import Plan
from squall.scenarios.estimate import nearest_rank
from squall.scenarios.load import Arrivals, arrival_times
from squall.scenarios.order_path import START_NS
from squall.scenarios.result import Metastable, MetastablePoint, Region, Window
from squall.scenarios.retry_path import Retry, RetryPath
from squall.scenarios.run import Progress
from squall.scenarios.stacks import STACKS, Stack
from squall.scenarios.study import SEEDS_APART
from squall.sim.rng import Chance
from squall.system.config import MILLISECOND

SOUND: Final = 0.99
"""A stretch of time is sound if so many of its orders are on the wire before their first time-out."""
WINDOWS: Final = 40
"""Into so many stretches a run is cut."""
GRAVITY: Final = (Region.STABLE, Region.VULNERABLE, Region.OVERLOADED)


class Trial(Struct, frozen=True):
    """What every load goes through. ValueError, naming the field, for what makes no sense."""

    seed: int = 1
    before_ns: int = 500 * MILLISECOND
    """How long the desk runs undisturbed."""
    pause_ns: int = 50 * MILLISECOND
    """The trigger, where there is no plan: how long the host stands still."""
    within_ns: int = 1_500 * MILLISECOND
    """How long it has to come back."""
    plan: Plan = ()
    """The trigger instead. Its faults begin after *before_ns*, counted from the world's start."""
    plan_name: str | None = None
    retry: Retry = Retry()
    arrivals: Arrivals = Arrivals.BURSTY
    replications: int = 3

    def __post_init__(self) -> None:
        for name in ("before_ns", "within_ns", "replications"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name.removesuffix('_ns')}: expected more than 0, found {getattr(self, name)}")
        if self.pause_ns < 1 and not self.plan:
            raise ValueError(f"pause: expected a time above zero, found {self.pause_ns} ns")
        if self.plan and min(planned.start_ns for planned in self.plan) - START_NS < self.before_ns:
            starts = format_duration(min(planned.start_ns for planned in self.plan))
            least = format_duration(self.before_ns + START_NS)
            raise ValueError(f"plan: its first fault begins at {starts}, expected at {least} or later")

    @property
    def trigger(self) -> tuple[int, int]:
        """From when until when it is there, since the load began."""
        if not self.plan:
            return self.before_ns, self.before_ns + self.pause_ns
        starts = min(planned.start_ns for planned in self.plan) - START_NS
        return starts, max(planned.end_ns for planned in self.plan) - START_NS

    @property
    def window_ns(self) -> int:
        """How long a stretch of the run is."""
        return (self.trigger[1] + self.within_ns) // WINDOWS

    @property
    def words(self) -> str:
        """What the trigger is."""
        return self.plan_name or f"the host stands still for {format_duration(self.pause_ns)}"


class _Outcome(Struct, frozen=True):
    """One replication."""

    region: Region
    recovered_after_ns: int | None
    windows: tuple[Window, ...]


def study_metastable(
    name: str, rates: Sequence[float], trial: Trial, progress: Progress | None = None, stack: Stack | None = None
) -> Metastable:
    """Every load through the same trial; *stack* in place of the one of that name."""
    points = []
    for done, rate in enumerate(rates, 1):
        outcomes = [_one(stack or STACKS[name], rate, trial, number) for number in range(trial.replications)]
        points.append(_point(rate, outcomes, trial))
        if progress is not None:
            progress(done / len(rates))
    start_ns, end_ns = trial.trigger
    retry = trial.retry
    return Metastable(
        profile=name,
        trigger=trial.words,
        trigger_start_ns=start_ns,
        trigger_end_ns=end_ns,
        within_ns=trial.within_ns,
        timeout_ns=retry.timeout_ns,
        retries=retry.most,
        budget_percent=retry.budget_percent,
        most_inside=retry.most_inside,
        replications=trial.replications,
        points=tuple(points),
    )


def _one(stack: Stack, rate_per_s: float, trial: Trial, number: int) -> _Outcome:
    seed = trial.seed * SEEDS_APART + number
    _, gone_ns = trial.trigger
    for_ns = gone_ns + trial.within_ns
    times = arrival_times(Chance(seed), trial.arrivals, rate_per_s, for_ns)
    path = RetryPath(stack, times, for_ns, seed, trial.plan, trial.retry, None if trial.plan else trial.trigger)
    latency_ns = path.run().latency_ns
    windows = _windows(np.asarray(times), latency_ns, path.sends, for_ns, trial.retry.timeout_ns)
    return _outcome(windows, trial)


def _windows(
    times: npt.NDArray[np.int64],
    latency_ns: npt.NDArray[np.int64],
    sends: npt.NDArray[np.int64],
    for_ns: int,
    timeout_ns: int,
) -> tuple[Window, ...]:
    """Those stretches in which an order was meant."""
    which = np.minimum(times * WINDOWS // for_ns, WINDOWS - 1)
    windows = []
    for number in range(WINDOWS):
        here = which == number
        if here.any():
            late = latency_ns[here]
            in_time = float((late <= timeout_ns).mean())
            start_ns = number * for_ns // WINDOWS
            windows.append(Window(start_ns, nearest_rank(late, 99), in_time, float(sends[here].mean())))
    return tuple(windows)


def _outcome(windows: tuple[Window, ...], trial: Trial) -> _Outcome:
    start_ns, gone_ns = trial.trigger
    length_ns = trial.window_ns
    before = _before(windows, start_ns, length_ns)
    after = [window for window in windows if window.start_ns >= gone_ns]
    if not before or not after or np.mean([window.in_time for window in before]) < SOUND:
        return _Outcome(Region.OVERLOADED, None, windows)
    sound_from = len(after)
    while sound_from and after[sound_from - 1].in_time >= SOUND:
        sound_from -= 1
    if sound_from == len(after):
        return _Outcome(Region.VULNERABLE, None, windows)
    return _Outcome(Region.STABLE, max(after[sound_from].start_ns - gone_ns, 0), windows)


def _point(rate_per_s: float, outcomes: Sequence[_Outcome], trial: Trial) -> MetastablePoint:
    """The worst that was seen: a region is where it *may* stay down."""
    worst = max(outcomes, key=lambda each: (GRAVITY.index(each.region), each.recovered_after_ns or 0))
    start_ns, _ = trial.trigger
    first, last = _before(worst.windows, start_ns, trial.window_ns) or worst.windows[:1], worst.windows[-1]
    return MetastablePoint(
        rate_per_s=rate_per_s,
        region=worst.region,
        in_time_before=round(float(np.mean([window.in_time for window in first])), 4),
        in_time_after=round(last.in_time, 4),
        sends_per_order_after=round(last.sends_per_order, 3),
        p99_before_ns=int(np.median([window.p99_ns for window in first])),
        p99_after_ns=last.p99_ns,
        recovered_after_ns=worst.recovered_after_ns,
        windows=worst.windows,
    )


def _before(windows: tuple[Window, ...], start_ns: int, length_ns: int) -> tuple[Window, ...]:
    """Those that were over when the trigger came, the first one apart: the desk was empty."""
    return tuple(window for window in windows[1:] if window.start_ns + length_ns <= start_ns)
