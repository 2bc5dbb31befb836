"""Runs one scenario with one seed, judges it, and gathers all that a report needs."""

import platform
import shlex
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Final

import msgspec

from squall import __version__
from squall.faults.durations import format_duration
from squall.faults.fault import InstalledPlan, Plan, PlanError
from squall.scenarios.checks.feed import recorded_touches
from squall.scenarios.configuration import configuration
from squall.scenarios.desk import DeskError
from squall.scenarios.flow import FlowBook, chart_of, traded_ns
from squall.scenarios.result import CausalStep, CheckResult, FaultResult, RunResult, Verdict
from squall.scenarios.scenario import Judge, Promise, Ruling, Scenario
from squall.scenarios.settings import check_together, override
from squall.scenarios.story import Story
from squall.scenarios.swarmed import swarmed
from squall.scenarios.topology import Stage, build
from squall.sim.guard import Guard
from squall.sim.kernel import OBSERVE
from squall.sim.scan import modules_of, replaced
from squall.sim.trace import ObserverError, RunBegan, Sink
from squall.system.domain.signals import Workload

VERSIONED: Final = ("simpy", "numpy", "networkx", "msgspec", "hypothesis")
PROGRESS_STEPS: Final = 100
MOST_TOLD: Final = 3
"""So many of those that a selector picked are told by name."""
LARGEST_SEED: Final = 2**63 - 1
NO_COMMAND: Final = "the test or the file that this came from: no option says its plan, workload or duration"

Progress = Callable[[float], None]


class Choice(msgspec.Struct, frozen=True):
    """What a person chose to run: the scenario by name, and what they changed about it."""

    name: str
    scenario: Scenario
    proves: str
    seed: int = 1
    with_faults: bool = True
    overrides: tuple[str, ...] = ()
    market: str | None = None
    plan: Plan | None = None
    """In place of the scenario's own."""
    plan_file: str | None = None
    """Where that plan was read from, as the person named it."""
    swarm: bool = False
    """A drawn plan beside the scenario's (but beside no *plan* that was given), rare behaviours, shuffled ties."""
    canary: bool = False
    """It must be violated: a canary that passes says that the search is blind."""
    workload: Workload | None = None
    """In place of the scenario's own."""
    duration_ns: int | None = None
    """In place of the scenario's own."""

    def settled(self) -> Scenario:
        """The scenario with overrides, market and plan applied. ValueError where one of them cannot be."""
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed: expected 0 to {LARGEST_SEED}, found {self.seed}")
        settings = self.scenario.settings
        for assignment in self.overrides:
            settings = override(settings, assignment)
        check_together(settings)
        scenario = msgspec.structs.replace(self.scenario, settings=settings)
        if self.market is not None:
            market = msgspec.structs.replace(self.scenario.market, symbols=(), thin_venues=(), recording=self.market)
            own_book = (recorded_touches(),) if scenario.desk is None else ()
            promises = (*scenario.promises, *own_book)
            scenario = msgspec.structs.replace(scenario, market=market, promises=promises)
        if self.workload is not None:
            scenario = msgspec.structs.replace(scenario, workload=self.workload)
        if self.duration_ns is not None:
            scenario = msgspec.structs.replace(scenario, duration_ns=self.duration_ns)
        if scenario.duration_ns <= 0:
            raise ValueError(f"duration: expected a time above 0 ns, found {scenario.duration_ns} ns")
        if self.plan is not None:
            scenario = msgspec.structs.replace(scenario, plan=self.plan)
            if self.plan_file is not None:
                _check_windows(self.plan, scenario.duration_ns, self.plan_file)
        return swarmed(scenario, drawing=self.plan is None) if self.swarm else scenario

    @property
    def recorded_name(self) -> str:
        """The name as the first record has it: the same however the path of a user's file was spelt."""
        place, colon, function = self.name.rpartition(":")
        return f"{Path(place).stem}:{function}" if colon and place.endswith(".py") else self.name

    def command(self) -> str:
        """The line that runs exactly this again; where none can, what has to be run instead."""
        if (self.plan is not None and self.plan_file is None) or self.workload or self.duration_ns is not None:
            return NO_COMMAND
        words = ["squall", "run", self.name, "--seed", str(self.seed)]
        if not self.with_faults:
            words.append("--no-faults")
        for assignment in self.overrides:
            words += ["--set", assignment]
        if self.market is not None:
            words += ["--market", f"binance:{self.market}"]
        if self.plan_file is not None:
            words += ["--plan", self.plan_file]
        if self.swarm:
            words.append("--swarm")
        return shlex.join(words)


def _check_windows(plan: Plan, duration_ns: int, file: str) -> None:
    """PlanError for what would never begin: somebody meant another time."""
    for index, planned in enumerate(plan):
        if planned.start_ns >= duration_ns:
            start, end = format_duration(planned.start_ns), format_duration(duration_ns)
            raise PlanError(index, ".start", f"the run ends at {end}, found {start}").within(file)


class _Bench:
    """All judges of a run, and what they said of the time before the first fault."""

    def __init__(self, promises: Sequence[Promise], with_faults: bool) -> None:
        self.promises = [p for p in promises if with_faults or not p.needs_faults]
        self.judges: list[Judge] = []
        self.unhealthy: str | None = None

    def attach(self, stage: Stage) -> None:
        """Let every judge watch, and look at the baseline just before the first fault."""
        for promise in self.promises:
            if promise.of_our_desk and not stage.desk.ours:
                raise DeskError(
                    f"{stage.name}: promise {promise.name!r} judges Squall's own desk, and the scenario has another; "
                    "expected promises of the venues' side, as in squall.scenarios.venue_promises"
                )
        self.judges = [promise.judge(stage) for promise in self.promises]
        starts = [planned.start_ns for planned in stage.plan.plan]
        if starts and min(starts) > 0:
            stage.world.kernel.call_at(min(starts) - 1, self._look_at_baseline, turn=OBSERVE)

    def _look_at_baseline(self, _: None) -> None:
        for promise, judge in zip(self.promises, self.judges, strict=True):
            if promise.kind == "safety" or promise.of_baseline:
                ruling = judge.ruling()
                # Where nothing has happened yet a safety promise holds; a latency has to be seen.
                sound = ruling.verdict is Verdict.PASS or (
                    ruling.verdict is Verdict.INCONCLUSIVE and not promise.of_baseline
                )
                if not sound and self.unhealthy is None:
                    self.unhealthy = f"{promise.name}: {ruling.detail}"

    def rulings(self) -> list[tuple[Promise, Ruling]]:
        """What every judge says in the end."""
        return [(promise, judge.ruling()) for promise, judge in zip(self.promises, self.judges, strict=True)]


class Judged(msgspec.Struct):
    """A run that is over, and what the judges said of it."""

    stage: Stage
    checks: tuple[CheckResult, ...]
    verdict: Verdict
    wall_s: float

    def faults(self) -> tuple[FaultResult, ...]:
        """What each fault of the plan came to."""
        plan = self.stage.plan
        return tuple(
            FaultResult(p.fault.kind, _whom(p.fault.target, who), p.start_ns, p.end_ns, tally.effects, tally.words)
            for p, who, tally in zip(plan.plan, plan.struck, plan.tallies, strict=True)
        )


def _whom(target: str, struck: str) -> str:
    """Whom a fault was to strike, and who that was where a selector picked a few."""
    return target if struck == target or struck.count(",") >= MOST_TOLD else f"{target} ({struck})"


def run(
    choice: Choice,
    sink: Sink | None = None,
    progress: Progress | None = None,
    about: str | None = None,
    flow: bool = False,
) -> RunResult:
    """Build, run and judge, and tell the story of a violation. The guard is on while the kernel steps.

    The story is of the promise *about*, where that broke, and else of the one that broke first. *flow*: count
    what flows through the desk also where the scenario is not about that. DeskError where the desk is not Squall's own.
    """
    scenario = choice.settled()
    books: list[FlowBook] = []
    counted = flow or scenario.flow is not None
    watch = (lambda stage: books.append(FlowBook(stage))) if counted else None
    judged = judge(choice, scenario, sink, progress, watch)
    told = _told(judged.checks, about)
    stage, world, measure = judged.stage, judged.stage.world, judged.stage.measure
    return RunResult(
        scenario=choice.name,
        proves=choice.proves,
        seed=choice.seed,
        verdict=judged.verdict,
        digest=world.trace.digest(),
        virtual_ns=stage.duration_ns,
        events=world.kernel.events,
        records=world.trace.records,
        messages=world.messages,
        wall_s=judged.wall_s,
        checks=judged.checks,
        faults=judged.faults(),
        metrics=measure.metrics(),
        versions=versions(),
        replay_command=choice.command(),
        story=() if told is None else story_of(choice, told),
        lanes=measure.lanes(),
        latencies=measure.latency_series(),
        counts=measure.count_series(),
        checkpoints=tuple(world.trace.checkpoints),
        told=None if told is None else told.name,
        flow=chart_of(books[0].settled(), traded_ns(stage), scenario.flow) if books else None,
    )


def judge(
    choice: Choice,
    scenario: Scenario,
    sink: Sink | None = None,
    progress: Progress | None = None,
    watch: Callable[[Stage], None] | None = None,
) -> Judged:
    """One run of *scenario*, the choice's own as it was settled, and nothing that only a report needs.

    *watch* attaches more watchers than the judges', before anything starts.
    """
    stage, bench, wall_s = _perform(choice, scenario, sink, progress, watch)
    checks = [
        CheckResult(p.name, p.kind, r.verdict, r.detail, r.at_ns, r.seq)
        for p, r in ((promise, _once_healed(stage.plan, promise, ruling)) for promise, ruling in bench.rulings())
    ]
    if not checks:
        detail = "the scenario promises nothing, or nothing without its faults"
        checks.append(CheckResult("something is promised", "reached", Verdict.INCONCLUSIVE, detail))
    checks += _must_touch(stage.plan)
    if bench.unhealthy is not None:
        detail = f"before the first fault: {bench.unhealthy}"
        checks.append(CheckResult("healthy baseline", "baseline", Verdict.INCONCLUSIVE, detail))
    return Judged(stage, tuple(checks), verdict_of(checks), wall_s)


def run_to(choice: Choice, at_ns: int, sink: Sink | None = None, watch: Callable[[Stage], None] | None = None) -> Stage:
    """The stage as it is at *at_ns*, judged by nobody; let it go on, and it is the run that `run` does.

    ValueError where the run is over by then.
    """
    stage = _begin(choice, choice.settled(), sink, watch)
    if at_ns > stage.duration_ns:
        end, at = format_duration(stage.duration_ns), format_duration(at_ns)
        raise ValueError(f"{choice.name}: the run ends at {end}, found {at}")
    _advance(stage, at_ns)
    return stage


def _perform(
    choice: Choice,
    scenario: Scenario,
    sink: Sink | None,
    progress: Progress | None = None,
    watch: Callable[[Stage], None] | None = None,
) -> tuple[Stage, _Bench, float]:
    bench = _Bench(scenario.promises, choice.with_faults)

    def attach(stage: Stage) -> None:
        bench.attach(stage)
        if watch is not None:
            watch(stage)

    stage = _begin(choice, scenario, sink, attach)
    began = perf_counter()
    steps = PROGRESS_STEPS if progress is not None else 1
    for step in range(1, steps + 1):
        _advance(stage, stage.duration_ns * step // steps)
        if progress is not None:
            progress(step / steps)
    return stage, bench, perf_counter() - began


def _begin(choice: Choice, scenario: Scenario, sink: Sink | None, attach: Callable[[Stage], None] | None) -> Stage:
    """Build the stage, record what is run, and switch everything on."""
    try:
        stage = build(choice.name, scenario, choice.seed, choice.with_faults, sink, attach)
    except PlanError as error:
        raise (error if choice.plan_file is None else error.within(choice.plan_file)) from None
    world = stage.world
    world.trace.observe(
        "squall",
        RunBegan(choice.recorded_name, choice.seed, configuration(stage.scenario, choice.seed, choice.with_faults)),
    )
    with Guard(), replaced(_of_users(stage)):
        world.start()
    return stage


def _of_users(stage: Stage) -> tuple[ModuleType, ...]:
    """The modules of a desk of one's own. Ours are held to more by the lint."""
    return () if stage.desk.ours else modules_of(seat.make for seat in stage.desk.seats)


def _advance(stage: Stage, until_ns: int) -> None:
    with Guard() as guard, replaced(_of_users(stage)):
        try:
            stage.world.run_until(until_ns)
        except ObserverError:
            # A judge that asks the machine for the time is told as just that.
            if guard.breach is not None:
                raise guard.breach from None
            raise


def verdict_of(checks: Sequence[CheckResult]) -> Verdict:
    """Violated beats inconclusive beats pass; where nothing was judged, nothing was shown."""
    found = {check.verdict for check in checks} or {Verdict.INCONCLUSIVE}
    if Verdict.VIOLATED in found:
        return Verdict.VIOLATED
    return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in found else Verdict.PASS


def _once_healed(plan: InstalledPlan, promise: Promise, ruling: Ruling) -> Ruling:
    """What has to come about after the faults cannot be missed as long as one of them lasts."""
    if promise.kind != "liveness" or ruling.verdict is not Verdict.VIOLATED or not plan.in_force:
        return ruling
    lasting = ", ".join(f"{plan.plan[index].fault.kind} on {plan.struck[index]}" for index in plan.in_force)
    detail = f"too early to say: {lasting} had not healed when the run ended ({ruling.detail})"
    return Ruling(Verdict.INCONCLUSIVE, detail, ruling.at_ns, ruling.seq)


def _must_touch(plan: InstalledPlan) -> list[CheckResult]:
    """A fault that touched nothing proves nothing."""
    return [
        CheckResult(
            f"{planned.fault.kind} on {planned.fault.target} touched something",
            "reached",
            Verdict.INCONCLUSIVE,
            f"it touched {tally.words}",
            planned.start_ns,
        )
        for planned, tally in zip(plan.plan, plan.tallies, strict=True)
        if planned.must_touch and not tally.effects
    ]


def versions() -> dict[str, str]:
    """What a replay must have alike."""
    return {
        "squall": __version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in VERSIONED},
    }


@cache
def _version(name: str) -> str:
    """Reading a distribution's metadata takes a millisecond, which a campaign need not pay for each seed."""
    return version(name)


def _told(checks: Sequence[CheckResult], about: str | None) -> CheckResult | None:
    """The violation that a story can be told of: of this promise if it has one, else the first."""
    violated = [check for check in checks if check.verdict is Verdict.VIOLATED and check.seq is not None]
    return min(violated, key=lambda check: (check.name != about, check.seq or 0), default=None)


def story_of(choice: Choice, check: CheckResult) -> tuple[CausalStep, ...]:
    """Run again, keep what matters, and tell what led to this violation. Nothing, where no record shows it."""
    if check.seq is None:
        return ()
    # A safety promise is broken by what its record is; the others by what did not come of it.
    story = Story(check.seq, missing=check.kind != "safety")
    _perform(choice, choice.settled(), story)
    return story.steps()
