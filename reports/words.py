"""A result in plain words: the verdict's sentence, the first violation, what a fault touched."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from squall.reports.units import count
from squall.scenarios.result import CheckResult, FaultResult, RunResult, Verdict


class VerdictWord(Struct, frozen=True):
    """A verdict in a word and a symbol (also one in ASCII), and what it makes of a promise."""

    word: str
    symbol: str
    ascii: str
    promise: str


WORDS: Final = {
    Verdict.PASS: VerdictWord("Passed", "✔", "+", "kept"),
    Verdict.VIOLATED: VerdictWord("Violated", "✖", "x", "violated"),
    Verdict.INCONCLUSIVE: VerdictWord("Inconclusive", "?", "?", "inconclusive"),
}

_SEVERITY: Final = {Verdict.VIOLATED: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 2}


def headline(result: RunResult) -> str:
    """What the verdict rests on, in one sentence: ``2 of 11 promises were violated.``"""
    total = len(result.checks)
    violated = sum(check.verdict is Verdict.VIOLATED for check in result.checks)
    unclear = sum(check.verdict is Verdict.INCONCLUSIVE for check in result.checks)
    match result.verdict:
        case Verdict.PASS:
            return f"{'The one promise was' if total == 1 else f'All {total} promises were'} kept."
        case Verdict.VIOLATED:
            return f"{violated} of {count(total, 'promise')} {'was' if violated == 1 else 'were'} violated."
        case Verdict.INCONCLUSIVE:
            why = f"{unclear} of {total} could not be judged" if unclear else "a fault or the baseline was amiss"
            return f"No promise was violated, but {why}: this proves nothing."


def worst_first(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """Violated promises by time, then those without a verdict, then those kept, each in the order given."""
    return sorted(checks, key=lambda check: (_SEVERITY[check.verdict], *_when(check)))


def first_violation(result: RunResult) -> CheckResult | None:
    """The violated promise whose record came first; one without a record comes last."""
    broken = [check for check in result.checks if check.verdict is Verdict.VIOLATED]
    return min(broken, key=_when, default=None)


def told_violation(result: RunResult) -> CheckResult | None:
    """The violated promise that the story is about: the first, unless another was asked for."""
    broken = [check for check in result.checks if check.verdict is Verdict.VIOLATED]
    return next((check for check in broken if check.name == result.told), first_violation(result))


def what_went_wrong(result: RunResult) -> str:
    """The heading above the story: it says *first* only where that is so."""
    return "What went wrong first" if told_violation(result) is first_violation(result) else "What went wrong"


def open_questions(result: RunResult) -> list[str]:
    """Why a run is inconclusive, one line a reason; empty for other verdicts."""
    if result.verdict is not Verdict.INCONCLUSIVE:
        return []
    unclear = [f"{c.name}: {c.detail}" for c in result.checks if c.verdict is Verdict.INCONCLUSIVE]
    idle = [f"{f.kind} on {f.target} touched nothing" for f in result.faults if not f.effects]
    return unclear + idle


def effects(fault: FaultResult) -> str:
    """What a fault touched, in its own words where it has some."""
    if fault.what:
        return fault.what
    return count(fault.effects, "effect") if fault.effects else "touched nothing"


def _when(check: CheckResult) -> tuple[bool, int, int]:
    if check.verdict is not Verdict.VIOLATED:
        return False, 0, 0
    return check.at_ns is None, check.at_ns or 0, check.seq or 0
