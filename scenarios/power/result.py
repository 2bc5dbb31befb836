"""What the measurements of a zoo come to, in the values that reports read."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from squall.scenarios.power.broken_builds import Bug
from squall.scenarios.power.courses import CAMPAIGN, CANARY, SOUND_ONLY, Course
from squall.scenarios.power.measurement import Measurement, is_control
from squall.scenarios.power.store import Found, PowerStore, stratum
from squall.scenarios.result import PowerControl, PowerCourse, PowerResult, PowerRow
from squall.scenarios.run import versions

OPEN: Final = "open: not shown yet, in too few runs to say how rare it is"
RAREST: Final = 1e-3
"""Below it a bug counts as rare."""
NOTHING: Final = Found(0, 0, None, 0.0, None)


def power_result(
    bugs: Sequence[Bug], reference: Course | None, measured: Mapping[str, tuple[Course, Measurement]], store: PowerStore
) -> PowerResult:
    """All that has been measured of these bugs, on whichever courses."""
    broken = [bug for bug in bugs if not is_control(bug)]
    found = {name: {bug.name: each.found(bug) for bug in bugs} for name, (_, each) in measured.items()}
    nothing = {bug.name: NOTHING for bug in bugs}
    hard = found.get(reference.name, nothing) if reference is not None else nothing
    real = found.get(CAMPAIGN, nothing)
    common = min((_spent(broken, found[name]) for name in found if _searches(name, reference)), default=0)
    return PowerResult(
        reference=reference.name if reference is not None else "",
        scenarios=measured[CAMPAIGN][0].scenarios if CAMPAIGN in measured else (),
        common_seeds=common,
        rows=tuple(_row(bug, hard[bug.name], real[bug.name], measured, store) for bug in broken),
        courses=tuple(_course(name, broken, found[name], common) for name in found if _searches(name, reference)),
        controls=(*_sound(measured), *_redundant(bugs, measured, found)),
        code=store.code,
        versions=versions(),
    )


def _searches(name: str, reference: Course | None) -> bool:
    """Whether a course is there to find bugs, and not to weigh them or to stay green."""
    return name not in SOUND_ONLY and (reference is None or name != reference.name)


def _row(
    bug: Bug, hard: Found, real: Found, measured: Mapping[str, tuple[Course, Measurement]], store: PowerStore
) -> PowerRow:
    low, high = hard.interval
    smallest = store.smallest(bug, measured[CAMPAIGN][0]) if CAMPAIGN in measured else None
    return PowerRow(
        bug=bug.name,
        origin=bug.origin,
        what=bug.what,
        stratum=_stratum(hard),
        reference_runs=hard.runs,
        reference_violated=hard.violated,
        low=low,
        high=high,
        seeds=real.runs,
        found_at=None if real.first is None else real.first + 1,
        cpu_s=round(real.cpu_s_to_first, 2),
        promise=real.promise or hard.promise,
        lost=real.lost,
        faults=smallest.faults if smallest is not None else None,
        faults_before=smallest.faults_before if smallest is not None else None,
    )


def _stratum(hard: Found) -> str:
    """Rare is what has been shown to be, and not what has only not been seen yet."""
    if not hard.runs:
        return "not measured"
    _, high = hard.interval
    return stratum(hard.p) if hard.violated or high < RAREST else OPEN


def _spent(bugs: Sequence[Bug], found: Mapping[str, Found]) -> int:
    """Every bug that was not found before has had so many seeds."""
    return min(
        (found[bug.name].runs for bug in bugs if found[bug.name].first is None),
        default=max((each.runs for each in found.values()), default=0),
    )


def _course(name: str, bugs: Sequence[Bug], found: Mapping[str, Found], common: int) -> PowerCourse:
    firsts = {bug.name: found[bug.name].first for bug in bugs}
    within = [first + 1 for first in firsts.values() if first is not None and first < common]
    return PowerCourse(
        course=name,
        bugs=len(bugs),
        seeds=_spent(bugs, found),
        found=len(within),
        missed=tuple(bug for bug, first in firsts.items() if first is None or first >= common),
        median_seeds=median(within) if within else None,
        cpu_s=round(sum(found[bug.name].cpu_s_to_first for bug in bugs), 1),
    )


def _sound(measured: Mapping[str, tuple[Course, Measurement]]) -> list[PowerControl]:
    """The desk as it is, on every course; and the canary, which is broken and has to be found."""
    controls = []
    for name, (course, measurement) in measured.items():
        sound = measurement.sound()
        if name == CANARY:
            what = f"a desk without one of its safeguards, {', '.join(course.scenarios)}: violated in every run"
            controls.append(PowerControl(CANARY, what, sound.runs, sound.violated, 0 < sound.runs == sound.violated))
        else:
            what = f"the desk as it is, on {name}: no false alarm"
            controls.append(PowerControl(f"sound, {name}", what, sound.runs, sound.violated, not sound.violated))
    return controls


def _redundant(
    bugs: Sequence[Bug],
    measured: Mapping[str, tuple[Course, Measurement]],
    found: Mapping[str, Mapping[str, Found]],
) -> list[PowerControl]:
    controls = []
    for bug in bugs:
        if is_control(bug):
            searched = [found[name][bug.name] for name in measured if name not in SOUND_ONLY]
            runs, violated = sum(each.runs for each in searched), sum(each.violated for each in searched)
            controls.append(PowerControl(bug.name, bug.what, runs, violated, not violated))
    return controls
