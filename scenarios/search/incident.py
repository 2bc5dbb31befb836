"""An incident: a violation as a file that runs again, here or on another machine, today or after a change."""

from enum import Enum
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import msgspec
from msgspec import Struct

from squall.faults.durations import DurationError, format_duration, parse_duration
from squall.faults.plan import plan_data, plan_of
from squall.scenarios.find import choose
from squall.scenarios.result import RunResult, Verdict, gravest
from squall.scenarios.run import Choice, run, story_of, versions
from squall.system.domain.signals import Workload

SCHEMA: Final = 1
COLUMNS: Final = 110
"""Of the story in a test file."""


class IncidentError(ValueError):
    """No incident, or one that cannot be run: one line with the file and what is wrong with it."""


class Incident(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What was run and what broke. Digest and versions are kept to compare with; nothing depends on them."""

    schema: int
    scenario: str
    seed: int
    promise: str
    detail: str
    overrides: tuple[str, ...] = ()
    market: str | None = None
    swarm: bool = False
    plan: list[dict[str, Any]] | None = None
    """As in a plan file. None: the scenario's own, whatever that is by then."""
    workload: Workload | None = None
    duration: str | None = None
    story: tuple[str, ...] = ()
    """The causes that led to it, in plain words."""
    digest: str = ""
    versions: dict[str, str] = {}

    def choice(self) -> Choice:
        """What to run. ValueError in one line where the scenario, a setting or a fault is not known here."""
        if self.duration is None:
            duration_ns = None
        else:
            try:
                duration_ns = parse_duration(self.duration)
            except DurationError as error:
                raise IncidentError(f"duration: {error}") from None
        return choose(
            self.scenario,
            seed=self.seed,
            overrides=self.overrides,
            market=self.market,
            swarm=self.swarm,
            plan=None if self.plan is None else plan_of(self.plan, "plan"),
            workload=self.workload,
            duration_ns=duration_ns,
        )


class Outcome(Enum):
    """What came of running an incident again."""

    VIOLATED = "the violation is there"
    ELSEWHERE = "another promise breaks instead"
    GONE = "the violation is gone"
    INCONCLUSIVE = "nothing broke, and nothing was shown"


class Replay(Struct, frozen=True):
    """An incident, run again."""

    incident: Incident
    result: RunResult
    outcome: Outcome
    differing: tuple[str, ...]
    """What is not as it was when the incident was written, a line each: versions, the digest."""


def incident_of(choice: Choice, result: RunResult, promise: str | None = None) -> Incident:
    """The incident of a run: of *promise*, or of the gravest violation. IncidentError where there is none.

    A plan that a file cannot hold, since a fault of it is of the user's own, is left to the scenario.
    """
    check = gravest(check for check in result.checks if promise in (None, check.name))
    if check is None:
        raise IncidentError(f"{choice.name}, seed {choice.seed}: {promise or 'no promise'} is violated: no incident")
    # The result's story may be of another promise, which broke sooner.
    story = result.story if result.told == check.name else story_of(choice, check)
    return Incident(
        schema=SCHEMA,
        scenario=choice.name,
        seed=choice.seed,
        promise=check.name,
        detail=check.detail,
        overrides=choice.overrides,
        market=choice.market,
        swarm=choice.swarm,
        plan=_plan_of(choice),
        workload=choice.workload,
        duration=None if choice.duration_ns is None else format_duration(choice.duration_ns),
        story=tuple(f"{step.at_ns / 1e9:.6f} s {step.host}: {step.words}" for step in story),
        digest=result.digest,
        versions=result.versions,
    )


def _plan_of(choice: Choice) -> list[dict[str, Any]] | None:
    if not choice.with_faults:
        return []
    if choice.plan is None:
        return None
    try:
        return plan_data(choice.plan)
    except ValueError as error:
        raise IncidentError(str(error)) from None


def encode_incident(incident: Incident) -> str:
    """As a file holds it: JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(incident), indent=2).decode() + "\n"


def as_test(incident: Incident) -> str:
    """A pytest file of its own: it fails for as long as the violation is there."""
    name = "".join(letter if letter.isalnum() else "_" for letter in incident.promise.lower()).strip("_")
    told = (f"{incident.promise}: {incident.detail}", "", *incident.story)
    lines = [line for each in told for line in wrap(each, COLUMNS) or [""]]
    story = "\n    ".join(lines).replace("\n    \n", "\n\n").replace("\\", "\\\\")
    text = encode_incident(incident).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return (
        f'"""{incident.scenario}, seed {incident.seed}: found by squall, and kept until it is mended and after."""\n\n'
        "from squall.testing import check_incident\n\n\n"
        f"def test_{'_'.join(filter(None, name.split('_')))}() -> None:\n"
        f'    """{story}\n    """\n'
        f'    check_incident(INCIDENT)\n\n\nINCIDENT = """\\\n{text}"""\n'
    )


def load_incident(path: Path) -> Incident:
    """Read it. IncidentError where the file is no incident."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise IncidentError(f"{path}: cannot be read: {error.strerror}") from None
    return decode_incident(data, str(path))


def decode_incident(data: bytes | str, where: str) -> Incident:
    """Read it from what a file holds. IncidentError, which begins with *where*, where it is none."""
    try:
        incident = msgspec.json.decode(data, type=Incident)
    except msgspec.ValidationError as error:
        raise IncidentError(f"{where}: not an incident: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IncidentError(f"{where}: not JSON: {error}") from None
    if incident.schema != SCHEMA:
        raise IncidentError(f"{where}: schema: expected {SCHEMA}, found {incident.schema}")
    return incident


def replay(incident: Incident, again: str = "squall replay FILE") -> Replay:
    """Run it again, and say what has become of the violation. ValueError in one line where it cannot be run.

    *again* is what a person types to have this once more: an incident holds more than options can say.
    """
    result = msgspec.structs.replace(run(incident.choice(), about=incident.promise), replay_command=again)
    promised = [check.name for check in result.checks]
    if incident.promise not in promised:
        names = ", ".join(promised)
        raise IncidentError(f"promise: the scenario does not promise {incident.promise!r}; it promises {names}")
    violated = [check.name for check in result.checks if check.verdict is Verdict.VIOLATED]
    if incident.promise in violated:
        outcome = Outcome.VIOLATED
    elif violated:
        outcome = Outcome.ELSEWHERE
    else:
        outcome = Outcome.GONE if result.verdict is Verdict.PASS else Outcome.INCONCLUSIVE
    return Replay(incident, result, outcome, tuple(_differing(incident, result)))


def _differing(incident: Incident, result: RunResult) -> list[str]:
    now = versions()
    lines = [
        f"{name} was {was}, and is {now.get(name, 'not there')}"
        for name, was in incident.versions.items()
        if now.get(name) != was
    ]
    if incident.digest and incident.digest != result.digest:
        lines.append(f"the digest was {incident.digest}, and is {result.digest}")
    return lines
