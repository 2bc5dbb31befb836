"""Markdown for a job's summary page: the verdict, what broke, and the line that shows it again; under 1 MiB."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from squall.reports.campaign import campaign_headline, novelty_in_words, remarks, what_is_amiss
from squall.reports.units import count, moment, number, window
from squall.reports.words import WORDS, effects, headline, open_questions, told_violation, worst_first
from squall.scenarios.result import CampaignResult, FailureGroup, RunResult, Verdict

LIMIT_BYTES: Final = 1_000_000
"""A job summary may hold 1 MiB; what would be too much is left out from the end, and said to be."""
_ROOM_FOR_NOTE: Final = 200
"""Bytes, for what is said at the end where something was left out."""


def run_markdown(result: RunResult) -> str:
    """One run: the verdict, why, the promises and the faults."""
    return _within_limit(chain(_run_head(result), _run_tables(result)))


def campaign_markdown(result: CampaignResult) -> str:
    """A campaign: the verdict, the scenarios, what broke, lost seeds, and what was seen."""
    return _within_limit(chain(_campaign_head(result), _campaign_details(result)))


def _run_head(result: RunResult) -> Iterator[str]:
    yield f"## {_mark(result.verdict)}: {_plain(result.scenario)}, seed {result.seed}"
    yield ""
    yield _plain(headline(result))
    if result.verdict is not Verdict.PASS:
        yield from _code(result.replay_command)
    told = told_violation(result)
    if told is not None and result.story:
        yield from ("", _plain(f"{told.name}: {told.detail}"), "")
        yield from _table(
            ("", "time", "host", "what led to it"),
            (
                (str(place), moment(step.at_ns), step.host, step.words)
                for place, step in enumerate(result.story, start=1)
            ),
        )
    for question in open_questions(result):
        yield f"- {_plain(question)}"


def _run_tables(result: RunResult) -> Iterator[str]:
    yield from _table(
        ("", "promise", "detail"),
        ((_mark(check.verdict), check.name, check.detail) for check in worst_first(result.checks)),
    )
    if result.faults:
        yield from _table(
            ("fault", "on", "when", "touched"),
            ((f.kind, f.target, window(f.start_ns, f.end_ns), effects(f)) for f in result.faults),
        )
    yield ""
    yield f"Digest `{result.digest}`"


def _campaign_head(result: CampaignResult) -> Iterator[str]:
    yield f"## {_mark(result.verdict)}: {campaign_headline(result)}"
    yield ""
    for remark in remarks(result):
        yield f"- {_plain(remark)}"
    yield from _table(
        ("", "scenario", "seeds", "passed", "violated", "inconclusive", "lost", ""),
        (
            (
                _mark(each.verdict),
                f"{each.scenario} (canary)" if each.canary else each.scenario,
                *map(number, (each.seeds, each.passed, each.violated, each.inconclusive, each.lost)),
                what_is_amiss(each),
            )
            for each in result.scenarios
        ),
    )


def _campaign_details(result: CampaignResult) -> Iterator[str]:
    if result.groups:
        yield from ("", "### What broke, and how")
    for group in result.groups:
        yield "\n".join(_group(group))  # whole or not at all: a block of code that never ends would swallow the rest
    if result.lost:
        yield from ("", "### Seeds without a verdict")
        yield from _table(
            ("scenario", "seed", "", "why"),
            ((each.scenario, str(each.seed), each.outcome, each.detail) for each in result.lost),
        )
    yield from ("", "### Behaviours", "")
    yield f"{count(len(result.behaviours), 'behaviour')} seen. {novelty_in_words(result)}"
    yield from _table(
        ("behaviour", "seeds", "times", "first seen"),
        (
            (each.name, number(each.seeds), number(each.times), f"{each.scenario}, seed {each.seed}")
            for each in result.behaviours
        ),
    )


def _group(group: FailureGroup) -> Iterator[str]:
    seeds = f"{count(group.seeds, 'seed')} of {_plain(', '.join(group.scenarios))}"
    yield ""
    yield f"**{_plain(group.promise)}** — {_plain(group.how)}: {seeds}"
    yield from _code(group.command)
    if group.also:
        yield f"Broken after it: {_plain(', '.join(group.also))}."


# --- Markdown --------------------------------------------------------------------------------------


def _mark(verdict: Verdict) -> str:
    return f"{WORDS[verdict].symbol} {WORDS[verdict].word}"


def _code(command: str) -> Iterator[str]:
    fence = "```"
    while fence in command:
        fence += "`"
    yield from ("", fence, " ".join(command.split("\n")), fence, "")


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(_plain(cell) for cell in row)} |"
    yield ""


def _plain(text: str) -> str:
    """Text that stays what it is: no markup, no cell of its own, one line."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in line)


def _within_limit(pieces: Iterable[str]) -> str:
    """As many pieces, of a line or several, as there is room for; and how many lines had to be left out."""
    kept: list[str] = []
    left_out = 0
    room = LIMIT_BYTES - _ROOM_FOR_NOTE
    for piece in pieces:
        room -= len(piece.encode()) + 1
        if room < 0:
            left_out += sum(map(bool, piece.split("\n")))
        else:
            kept.append(piece)
    text = "\n".join(kept).strip("\n") + "\n"
    if not left_out:
        return text
    note = f"{number(left_out)} more lines were left out: a summary holds at most 1 MiB. The JSON has all of it."
    return f"{text}\n*{note}*\n"
