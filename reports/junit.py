"""JUnit XML for CI: a scenario is a test case, and each promise or way of failing is one failure of it."""

from collections.abc import Iterable, Sequence
from typing import Final

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from squall.reports.campaign import what_is_amiss
from squall.reports.units import count, moment
from squall.reports.words import headline, open_questions, told_violation, worst_first
from squall.scenarios.result import CampaignResult, FailureGroup, LostSeed, RunResult, ScenarioTally, Verdict

INCONCLUSIVE: Final = "inconclusive"
"""The type of an error that is no violation: JUnit knows no third colour, and it must not be green."""
NO_VERDICT: Final = "no verdict"


def run_junit(result: RunResult) -> str:
    """One run: a test case with a failure for each broken promise, and an error where nothing was proved."""
    found: list[Failure | Error] = []
    for check in worst_first(result.checks):
        if check.verdict is Verdict.VIOLATED:
            when = f", at {moment(check.at_ns)}" if check.at_ns is not None else ""
            steps = result.story if check is told_violation(result) else ()
            story = [f"{moment(step.at_ns)}  {step.host}: {step.words}" for step in steps]
            text = "\n".join([f"{check.detail}{when}", *story, f"again: {result.replay_command}"])
            found.append(_failure(f"{check.name}: {check.detail}", check.kind, text))
    questions = open_questions(result)
    if result.verdict is Verdict.INCONCLUSIVE:
        again = f"again: {result.replay_command}"
        found.append(_error(headline(result), INCONCLUSIVE, "\n".join([*questions, again])))
    said = f"seed {result.seed}, digest {result.digest}\nproves: {result.proves}"
    return _xml("squall run", [_case(result.scenario, "squall.run", result.wall_s, found, said)])


def campaign_junit(result: CampaignResult) -> str:
    """A campaign: a test case for each scenario, with a failure for each group that shows in it."""
    cases = [
        _case(
            tally.scenario,
            "squall.campaign",
            tally.wall_s,
            [
                *(_of_group(group) for group in result.groups if tally.scenario in group.scenarios),
                *_of_tally(tally),
                *(_of_lost(each) for each in result.lost if each.scenario == tally.scenario),
            ],
            f"{tally.passed} of {count(tally.seeds, 'seed')} passed, {tally.violated} violated",
        )
        for tally in result.scenarios
    ]
    return _xml("squall campaign", cases)


def _of_group(group: FailureGroup) -> Failure:
    also = f"broken after it: {', '.join(group.also)}\n" if group.also else ""
    text = f"{group.detail}\n{also}simplest: {group.command}"
    return _failure(f"{count(group.seeds, 'seed')}: {group.promise}: {group.how}", group.promise, text)


def _of_tally(tally: ScenarioTally) -> Iterable[Failure | Error]:
    if tally.canary and tally.verdict is Verdict.VIOLATED:
        said = f"the canary was not found: {tally.violated} of {count(tally.seeds, 'seed')} violated"
        yield _failure(said, "canary", "A campaign that does not find it would not find a bug either.")
    elif tally.verdict is Verdict.INCONCLUSIVE and not tally.lost:
        yield _error(what_is_amiss(tally), INCONCLUSIVE, f"{tally.inconclusive} of {tally.seeds} were inconclusive")


def _of_lost(lost: LostSeed) -> Error:
    return _error(f"seed {lost.seed} {lost.outcome}: {lost.detail}", NO_VERDICT, lost.detail)


# --- the document ---


def _xml(name: str, cases: Iterable[TestCase]) -> str:
    suite = TestSuite(name)
    for case in cases:
        suite.add_testcase(case)
    document = JUnitXml("squall")
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]  # the library's
    return str(document.tostring().decode()) + "\n"  # type: ignore[no-untyped-call]  # the library's


def _case(name: str, group: str, time_s: float, found: Sequence[Failure | Error], said: str) -> TestCase:
    case = TestCase(_legal(name), group, time_s)
    case.result = list(found)
    case.system_out = _legal(said)
    return case


def _failure(message: str, kind: str, text: str) -> Failure:
    failure = Failure(_legal(message), _legal(kind))
    failure.text = _legal(text)
    return failure


def _error(message: str, kind: str, text: str) -> Error:
    error = Error(_legal(message), _legal(kind))
    error.text = _legal(text)
    return error


def _legal(text: str) -> str:
    """Without what XML cannot hold: control characters."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
