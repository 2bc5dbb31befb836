"""A scenario inside somebody's test: runs it with the test's seed, and tells what went wrong in plain words."""

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from hypothesis import currently_in_test_context, reject
from rich.console import Console

from squall.faults.fault import Plan
from squall.reports.summary import print_summary
from squall.reports.words import headline
from squall.scenarios.find import choose
from squall.scenarios.result import RunResult, Verdict
from squall.scenarios.run import Choice
from squall.scenarios.run import run as run_choice
from squall.scenarios.scenario import Scenario
from squall.scenarios.search.incident import (
    Incident,
    IncidentError,
    Outcome,
    decode_incident,
    encode_incident,
    incident_of,
    replay,
)

COLUMNS: Final = 100

Chosen = str | Callable[[], Scenario]
"""A scenario by its name, as on the command line, or the function that makes it."""


class ScenarioFailedError(AssertionError):
    """A promise was violated, or the run showed nothing."""


def check_incident(incident: str) -> None:
    """Run an incident, given as the text of its file: ScenarioFailedError, with its story, until it is gone."""
    __tracebackhide__ = True
    # Pytest leaves the name of the test that is running, with its phase, in the environment.
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    replayed = replay(decode_incident(incident, "the incident"), f"pytest {shlex.quote(test)}" if test else "this test")
    if replayed.outcome is not Outcome.GONE:
        what = f"{replayed.incident.promise}: {replayed.outcome.value}"
        raise ScenarioFailedError("\n".join((what, *replayed.differing, _summary(replayed.result))))


def check(
    scenario: Chosen,
    seed: int = 1,
    settings: Mapping[str, str] | None = None,
    plan: Plan | None = None,
) -> RunResult:
    """Run a scenario without the fixture, as a property does: ScenarioFailedError, with its story, unless it passes.

    Within a property, a plan or a workload with which nothing is proved is no example, and no failure either.
    """
    __tracebackhide__ = True
    result = run_choice(Asked(scenario, _overrides(settings), plan).choice(seed))
    if result.verdict is Verdict.INCONCLUSIVE and currently_in_test_context():
        reject()
    if result.verdict is not Verdict.PASS:
        raise ScenarioFailedError(_summary(result))
    return result


def _overrides(settings: Mapping[str, str] | None) -> tuple[str, ...]:
    return tuple(f"{key}={value}" for key, value in (settings or {}).items())


def _summary(result: RunResult) -> str:
    """What a terminal would show, without its colours."""
    console = Console(width=COLUMNS, no_color=True, highlight=False)
    with console.capture() as drawn:
        print_summary(result, console)
    return drawn.get().rstrip()


class ScenarioTest:
    """What the fixture `squall` is: one seed, and the scenario that the test's marker names, if it has one."""

    def __init__(
        self, seed: int, asked: "Asked | None", incident: Incident | None, test: str, folder: Path | None
    ) -> None:
        self.seed = seed
        self.marked = asked is not None
        self.looked_at = False
        """Whether the test has asked for a result: then what it means is the test's business."""
        self._asked = asked
        self._incident = incident
        self._test = test
        self._folder = folder
        self._runs: list[tuple[Choice, RunResult]] = []

    @property
    def result(self) -> RunResult:
        """Of the marker's scenario: run when it is first asked for, and not again."""
        self.looked_at = True
        return self._result()

    def run(
        self, scenario: Chosen, settings: Mapping[str, str] | None = None, plan: Plan | None = None, faults: bool = True
    ) -> RunResult:
        """Run another scenario with this test's seed. ValueError in one line where it, or a setting, is none."""
        self.looked_at = True
        asked = Asked(scenario, _overrides(settings), plan)
        return self._run(msgspec.structs.replace(asked.choice(self.seed), with_faults=faults))

    def check(self) -> RunResult:
        """The marker's scenario has to pass: ScenarioFailedError, with the promise that broke, where it does not."""
        __tracebackhide__ = True
        self.looked_at = True
        result = self._result()
        if result.verdict is not Verdict.PASS:
            raise ScenarioFailedError(f"{result.scenario}, seed {result.seed}: {headline(result)}")
        return result

    def properties(self) -> Iterator[tuple[str, object]]:
        """For JUnit: what was run, and what came out."""
        for choice, result in self._runs:
            yield "squall_scenario", choice.name
            yield "squall_seed", choice.seed
            yield "squall_verdict", result.verdict.value
            yield "squall_digest", result.digest

    def sections(self) -> Iterator[tuple[str, str]]:
        """For the report of a failed test: the whole story of each run, and the lines that run it again."""
        for choice, result in self._runs:
            again = [f"run again: {result.replay_command}"]
            try:
                incident = self._keep(choice, result)
            except IncidentError as error:
                incident = None
                again.append(f"no incident: {error}")
            if incident is not None:
                again.append(f"this test again: pytest {self._test!r} --squall-replay {incident}")
            yield f"squall: {choice.name}, seed {choice.seed}", "\n".join((_summary(result), "", *again))

    def _result(self) -> RunResult:
        if self._asked is None:
            raise LookupError(
                'no scenario: mark the test with @pytest.mark.scenario("NAME"), or call squall.run("NAME")'
            )
        if not self._runs:
            self._run(self._asked.choice(self.seed) if self._incident is None else self._incident.choice())
        return self._runs[0][1]

    def _run(self, choice: Choice) -> RunResult:
        result = run_choice(choice)
        self._runs.append((choice, result))
        return result

    def _keep(self, choice: Choice, result: RunResult) -> Path | None:
        """Write the incident, where there is a folder for them and something was violated."""
        if self._folder is None or result.verdict is not Verdict.VIOLATED:
            return None
        incident = encode_incident(incident_of(choice, result))
        self._folder.mkdir(parents=True, exist_ok=True)
        name = "".join(letter if letter.isalnum() else "-" for letter in choice.recorded_name)
        # Two tests may run the same seed of the same scenario with other settings.
        path = self._folder / f"{name}-seed-{choice.seed}-{result.digest[:8]}.json"
        path.write_text(incident, encoding="utf-8")
        return path


class Asked(msgspec.Struct, frozen=True):
    """What a marker, or a call, asks for."""

    scenario: Chosen
    overrides: tuple[str, ...] = ()
    plan: Plan | None = None

    @property
    def name(self) -> str:
        """As the command line knows it: a function of somebody's file is ``path/to/file.py:function``.

        From here, where that is below: an incident is to be replayed in another checkout too.
        """
        if isinstance(self.scenario, str):
            return self.scenario
        code: Any = self.scenario
        path, here = Path(code.__code__.co_filename), Path.cwd()
        return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{code.__name__}"

    def choice(self, seed: int) -> Choice:
        """Settled once, so that a wrong setting is told before anything runs."""
        if isinstance(self.scenario, str):
            choice = choose(self.scenario, seed=seed, overrides=self.overrides, plan=self.plan)
        else:
            proves = getattr(self.scenario, "proves", "")
            choice = Choice(self.name, self.scenario(), proves, seed, overrides=self.overrides, plan=self.plan)
        choice.settled()
        return choice
