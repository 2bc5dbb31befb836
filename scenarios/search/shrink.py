"""The smallest plan, then workload, then duration that still breaks the same promise, found by running them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from squall.faults.fault import FaultKind, Plan, Planned
from squall.scenarios.result import CheckResult, Shrinking, Size, Verdict, gravest
from squall.scenarios.run import Choice, Judged, judge
from squall.scenarios.search.ddmin import ddmin
from squall.scenarios.settings import MILLISECOND
from squall.system.domain.signals import Workload

WEAKEST_SHARE: Final = 0.01
FINEST: Final = 16
"""Windows and durations are cut by halves, then quarters … down to this fraction of what is left."""
DEFAULT_RUNS: Final = 400


class NothingToShrinkError(ValueError):
    """The run does not break a promise, or not this one: one line that says what it does."""


class Shrunk(Struct, frozen=True):
    """What is left, and how far that went."""

    choice: Choice
    """With the plan, workload and duration that are left."""
    shrinking: Shrinking


Told = Callable[[str, int, int], None]
"""Hears what is being tried, how many runs that took so far, and how many faults are left."""


class _SpentError(Exception):
    """The budget of runs is used up: what we have is the answer."""


@dataclass
class _Search:
    """The smallest choice so far, and the runs that were spent on it."""

    best: Choice
    promise: str
    max_runs: int
    told: Told | None
    calm_ns: int
    """What has to be left of a run when the last fault has healed and the last order was sent."""
    runs: int = 0
    stage: str = "faults"

    def __post_init__(self) -> None:
        self._known: dict[bytes, bool] = {}

    def breaks(self, choice: Choice) -> bool:
        """Whether this run breaks the promise; then it is the best so far. The same choice is run once."""
        key = _key(choice)
        if key not in self._known:
            if self.runs >= self.max_runs:
                raise _SpentError
            self.runs += 1
            self._known[key] = broken(_judged(choice), self.promise) is not None
            if self.told is not None:
                self.told(self.stage, self.runs, len(self.best.plan or ()))
        if self._known[key]:
            self.best = choice
        return self._known[key]

    def first(self, candidates: Iterator[Choice]) -> bool:
        """Take the first candidate that still breaks the promise, if any does."""
        return any(self.breaks(candidate) for candidate in candidates)


def shrink(
    choice: Choice, promise: str | None = None, max_runs: int = DEFAULT_RUNS, told: Told | None = None
) -> Shrunk:
    """Shrink what *choice* breaks: *promise*, or else the gravest.

    Every step is a run that broke the same promise. NothingToShrinkError where the choice itself does not.
    """
    judged = _judged(choice)
    check = _violation(judged, choice, promise)
    stage = judged.stage
    concrete = replace(
        choice, plan=stage.plan.plan, workload=stage.scenario.workload, duration_ns=stage.duration_ns, plan_file=None
    )
    # A promise about the end of a run would break of itself, were the end to come too soon.
    calm_ns = 0 if check.kind == "safety" else stage.duration_ns - _busy_ns(concrete)
    search = _Search(concrete, check.name, max_runs, told, calm_ns)
    spent = False
    try:
        _shrink_plan(search)
        search.stage = "workload"
        _shrink_workload(search)
        search.stage = "duration"
        _shrink_duration(search)
        # A smaller workload may need fewer faults.
        search.stage = "faults"
        _drop_faults(search)
    except _SpentError:
        spent = True
    after = _judged(search.best)
    return Shrunk(search.best, Shrinking(check.name, _size(judged), _size(after), search.runs, spent))


def broken(judged: Judged, promise: str) -> CheckResult | None:
    """The check of this promise, where it was violated."""
    violated = (check for check in judged.checks if check.verdict is Verdict.VIOLATED)
    return next((check for check in violated if check.name == promise), None)


def _violation(judged: Judged, choice: Choice, promise: str | None) -> CheckResult:
    check = gravest(judged.checks) if promise is None else broken(judged, promise)
    if check is not None:
        return check
    if judged.verdict is not Verdict.VIOLATED:
        raise NothingToShrinkError(
            f"{choice.name}, seed {choice.seed}: {judged.verdict.value}: there is nothing to shrink"
        )
    names = ", ".join(each.name for each in judged.checks if each.verdict is Verdict.VIOLATED)
    raise NothingToShrinkError(f"{choice.name}, seed {choice.seed}: {promise!r} is not violated; violated are {names}")


def _judged(choice: Choice) -> Judged:
    return judge(choice, choice.settled())


def _size(judged: Judged) -> Size:
    orders = judged.stage.measure.metrics().get("orders", 0)
    return Size(len(judged.stage.plan.plan), int(orders), judged.stage.duration_ns)


def _key(choice: Choice) -> bytes:
    """The same for choices that run alike."""
    plan = [(msgspec.to_builtins(p.fault, enc_hook=vars), p.start_ns, p.end_ns, p.name) for p in choice.plan or ()]
    return msgspec.json.encode((plan, choice.workload, choice.duration_ns))


def _cuts_ns(length_ns: int) -> Iterator[int]:
    """A half, a quarter … of it, in whole milliseconds, as people write them."""
    part = 2
    while part <= FINEST and length_ns // part >= MILLISECOND:
        yield length_ns // part // MILLISECOND * MILLISECOND
        part *= 2


# --- the plan --------------------------------------------------------------------------------------


def _shrink_plan(search: _Search) -> None:
    _drop_faults(search)
    search.stage = "windows"
    _each_fault(search, _shorter_windows)
    search.stage = "intensities"
    _each_fault(search, weaker)


def _drop_faults(search: _Search) -> None:
    base = search.best
    left = ddmin(base.plan or (), lambda plan: search.breaks(replace(base, plan=plan)))
    search.best = replace(base, plan=left)


def _each_fault(search: _Search, simpler: Callable[[Planned], Iterator[Planned]]) -> None:
    """Make one fault after the other simpler, for as long as that goes."""
    for index in range(len(search.best.plan or ())):
        while search.first(_with(search.best, index, each) for each in simpler((search.best.plan or ())[index])):
            pass


def _with(choice: Choice, index: int, planned: Planned) -> Choice:
    plan: Plan = choice.plan or ()
    return replace(choice, plan=(*plan[:index], planned, *plan[index + 1 :]))


def _shorter_windows(planned: Planned) -> Iterator[Planned]:
    """Its first half, its second half; then without the last quarter, without the first one, and so on."""
    for cut_ns in _cuts_ns(planned.end_ns - planned.start_ns):
        yield replace(planned, end_ns=planned.end_ns - cut_ns)
        yield replace(planned, start_ns=planned.start_ns + cut_ns)


def weaker(planned: Planned) -> Iterator[Planned]:
    """One field of the fault after the other: half of a number, fewer names, or what it would be by itself."""
    fault = planned.fault
    if not isinstance(fault, FaultKind):
        return
    for field in msgspec.structs.fields(type(fault)):
        for value in _milder(field, getattr(fault, field.name)):
            try:
                milder: Any = replace(fault, **{field.name: value})
            except ValueError:
                continue
            yield replace(planned, fault=milder)


def _milder(field: msgspec.structs.FieldInfo, value: Any) -> Iterator[Any]:
    match value:
        case bool():
            if field.default is not msgspec.NODEFAULT and value is not field.default:
                yield field.default
        case float() if value / 2 > 1.0 or WEAKEST_SHARE <= value / 2 <= 0.5:  # a factor, which 1 ends; a share
            yield round(value / 2, 4)
        case int() if field.name.endswith("_ns"):
            if abs(value) > MILLISECOND:
                yield value // 2 if value > 0 else -(-value // 2)
        case int() if abs(value) > 1:
            yield value // 2 if value > 0 else -(-value // 2)
        case tuple() if len(value) > 1:
            yield from (value[:index] + value[index + 1 :] for index in range(len(value)))


# --- the workload, and the time it all takes ---------------------------------------------------------


def _shrink_workload(search: _Search) -> None:
    while search.first(_with_workload(search.best, each) for each in _fewer_orders(_workload(search.best))):
        pass


def _workload(choice: Choice) -> Workload:
    assert choice.workload is not None
    return choice.workload


def _with_workload(choice: Choice, workload: Workload) -> Choice:
    return replace(choice, workload=workload)


def _fewer_orders(load: Workload) -> Iterator[Workload]:
    """Stop earlier, begin later, fewer at once, fewer a second, smaller, all alike."""
    if load.stop_ns is not None:
        for cut_ns in _cuts_ns(load.stop_ns - load.start_ns):
            yield replace(load, stop_ns=load.stop_ns - cut_ns)
            yield replace(load, start_ns=load.start_ns + cut_ns)
    if load.burst > 1:
        yield replace(load, burst=load.burst // 2)
    if load.orders_per_s > 1:
        yield replace(load, orders_per_s=load.orders_per_s // 2, burst=min(load.burst, load.orders_per_s // 2))
    if load.lots_max > load.lots_min:
        yield replace(load, lots_max=(load.lots_min + load.lots_max) // 2)


def _shrink_duration(search: _Search) -> None:
    while search.first(_sooner(search.best, search.calm_ns)):
        pass


def _sooner(choice: Choice, calm_ns: int) -> Iterator[Choice]:
    """End the run earlier: after the last window, the last order, and as much calm as there has to be."""
    assert choice.duration_ns is not None
    spare_ns = choice.duration_ns - _busy_ns(choice) - calm_ns
    for cut_ns in (spare_ns, *_cuts_ns(spare_ns)):
        if cut_ns > 0:
            yield replace(choice, duration_ns=choice.duration_ns - cut_ns)


def _busy_ns(choice: Choice) -> int:
    """When the last fault has healed and the last order was sent."""
    healed_ns = max((planned.end_ns for planned in choice.plan or ()), default=0)
    return max(healed_ns, _workload(choice).stop_ns or 0)
