"""A campaign on a terminal: scenario by scenario, one line for each way of failing, and what was seen."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console

from squall.reports.lines import STYLES, Cell, heading, paragraph, put, symbol, table
from squall.reports.units import count, number
from squall.reports.words import WORDS
from squall.scenarios.result import CampaignResult, FailureGroup, ScenarioTally, Verdict

GROUPS_SHOWN: Final = 20
LOST_SHOWN: Final = 10
STRETCHES_SHOWN: Final = 5


def print_campaign(result: CampaignResult, console: Console) -> None:
    """The verdict, the scenarios, the failures in groups, lost seeds, and whether more seeds would pay."""
    style = STYLES[result.verdict]
    word = f"{symbol(result.verdict, console)} {WORDS[result.verdict].word.upper()}"
    put(console, (word, f"bold {style}"), f"  {campaign_headline(result)}")
    for line in remarks(result):
        paragraph(console, line)
    heading(console, "Scenarios")
    titles = ("", "scenario", "seeds", "passed", "violated", "inconclusive", "lost", "")
    table(console, [[(title, "dim") for title in titles], *(_scenario(each, console) for each in result.scenarios)])
    if result.groups:
        heading(console, "What broke, and how")
        for group in result.groups[:GROUPS_SHOWN]:
            _group(group, console)
        _more(len(result.groups) - GROUPS_SHOWN, "group", console)
    if result.lost:
        heading(console, "Seeds without a verdict")
        shown = result.lost[:LOST_SHOWN]
        table(console, [[each.scenario, f"seed {each.seed}", each.outcome, each.detail] for each in shown])
        _more(sum(each.lost for each in result.scenarios) - len(shown), "seed", console)
    heading(console, "Behaviours")
    paragraph(console, f"{count(len(result.behaviours), 'behaviour')} seen. {novelty_in_words(result)}")
    for line in behaviours_in_words(result):
        paragraph(console, line)


def behaviours_in_words(result: CampaignResult) -> Iterator[str]:
    """What was seen but for the steps of orders, of which there are hundreds: these are counted."""
    steps = sum(each.name.startswith("order ") for each in result.behaviours)
    others: dict[str, list[str]] = {}
    for each in result.behaviours:
        what, _, how = each.name.partition(" ")
        if what != "order":
            others.setdefault(what.rstrip(":"), []).append(f"{how} {number(each.times)}")
    if steps:
        yield f"{count(steps, 'step')} of orders under kinds of fault: --markdown and --json list them."
    for what, seen in others.items():
        yield f"{what}: {', '.join(seen)}"


def campaign_headline(result: CampaignResult) -> str:
    """How much was run, and what came of it, in one line."""
    violated = sum(each.violated for each in result.scenarios if not each.canary)
    ran = result.seeds - result.kept
    rate = f", {number(round(ran / result.wall_s, 1))} seeds/s on {count(result.jobs, 'core')}" if ran > 0 else ""
    return f"{count(result.seeds, 'seed')} of {count(len(result.scenarios), 'scenario')}, {violated} violated{rate}"


def remarks(result: CampaignResult) -> list[str]:
    """What has to be known about the campaign as a whole: interrupted, resumed, canaries."""
    said = []
    if result.interrupted:
        said.append(f"Interrupted after {number(result.seeds)} of {count(result.asked, 'seed')}.")
    if result.kept:
        said.append(f"{count(result.kept, 'seed')} had been run before.")
    for each in result.scenarios:
        if each.canary:
            found = f"{number(each.violated)} of {count(each.seeds, 'seed')}"
            said.append(
                f"The canary {each.scenario} was found, on {found}."
                if each.verdict is Verdict.PASS
                else f"THE CANARY {each.scenario} WAS NOT FOUND: it has to be violated, and was on {found}."
            )
    return said


def what_is_amiss(tally: ScenarioTally) -> str:
    """Why a scenario without a violation is not passed; nothing where it is."""
    said = [f"never: {name}" for name in tally.never_reached]
    if tally.verdict is Verdict.INCONCLUSIVE and not said and not tally.lost:
        said.append("too many inconclusive" if tally.seeds else "nothing was run")
    return "; ".join(said)


def novelty_in_words(result: CampaignResult) -> str:
    """What the last thousands of seeds brought that was new: when it is little, more seeds pay little."""
    if not result.novelty:
        return "Nothing was run."
    said = []
    before = 0
    for upto, new in result.novelty:
        said.append(f"{number(upto - before)} seeds: {new} new")
        before = upto
    if len(said) == 1:
        return f"The first {said[0].replace(': ', ' brought ')}."
    upto, new = result.novelty[-1]
    last = upto - result.novelty[-2][0]
    trail = ", then ".join(said[-STRETCHES_SHOWN:])
    return f"The last {count(last, 'seed')} brought {count(new, 'new behaviour')} ({trail})."


def _scenario(tally: ScenarioTally, console: Console) -> list[Cell]:
    name = f"{tally.scenario} (canary)" if tally.canary else tally.scenario
    unsure = str(tally.inconclusive) + (f" ({tally.unreached} unreached)" if tally.unreached else "")
    return [
        (symbol(tally.verdict, console), STYLES[tally.verdict]),
        name,
        number(tally.seeds),
        number(tally.passed),
        (number(tally.violated), STYLES[Verdict.VIOLATED] if tally.violated and not tally.canary else ""),
        unsure,
        number(tally.lost),
        (what_is_amiss(tally), "yellow"),
    ]


def _group(group: FailureGroup, console: Console) -> None:
    where = ", ".join(group.scenarios)
    table(console, [[(number(group.seeds), "bold red"), (group.promise, "bold"), f"{group.how}  [{where}]"]])
    put(console, "      ", ("simplest  ", "dim"), group.command)


def _more(number_left: int, what: str, console: Console) -> None:
    if number_left > 0:
        paragraph(console, f"… and {count(number_left, f'more {what}')}.", "dim")
