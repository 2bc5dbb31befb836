"""`squall campaign`: many seeds of many scenarios, on all cores."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from squall.commands.exits import INCONCLUSIVE, INTERNAL, NONDETERMINISM, PASS, VIOLATED, BadInput, bad_input
from squall.commands.options import JSON, JUNIT, MARKDOWN, NO_FAULTS, PLAN, SET, SWARM, settled_choice
from squall.commands.outputs import outputs, quiet, show, show_drawn, write_each

if TYPE_CHECKING:
    from squall.scenarios.result import CampaignResult
    from squall.scenarios.run import Choice
    from squall.scenarios.search.campaign import Standing


SAME_PRESS_S: Final = 1.0
"""Signals so close together are one: `timeout` and terminals tell a process and its group, which the process is in."""


def _seeds(ctx: click.Context, param: click.Parameter, value: str) -> range:
    """``A:B``, half-open."""
    first, colon, end = value.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal()):
        raise click.BadParameter(f"expected A:B, whole numbers, B not included; found {value!r}")
    if not int(first) < int(end) <= 2**63:
        raise click.BadParameter(f"expected A below B, and B at most 2^63; found {value!r}")
    return range(int(first), int(end))


def _share(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """``20%``, or ``0.2``."""
    try:
        share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise click.BadParameter(f"expected a share such as 20%, found {value!r}")
    return share


def _patience(ctx: click.Context, param: click.Parameter, value: float) -> float:
    """A number of seconds; click's own range lets through what is not a number."""
    if isnan(value):
        raise click.BadParameter("expected a number of seconds, found nan")
    return value


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option(
    "--seeds",
    metavar="A:B",
    callback=_seeds,
    default="1:101",
    show_default=True,
    help="From A up to B, B not included.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", default=None, help="Processes.  [default: one for each core]"
)
@NO_FAULTS
@SET
@PLAN
@SWARM
@click.option("--db", "db_file", metavar="FILE", help="Keep every seed's result in this SQLite file.")
@click.option("--resume", is_flag=True, help="Go on with what --db holds: seeds that have a verdict are not run again.")
@click.option(
    "--max-inconclusive",
    metavar="SHARE",
    callback=_share,
    default="20%",
    show_default=True,
    help="Of a scenario's seeds, before exit 3.",
)
@click.option(
    "--seed-timeout",
    type=click.FloatRange(0.1, 86_400),
    callback=_patience,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="A seed that takes longer is given up.",
)
@JSON
@JUNIT
@MARKDOWN
def campaign(
    scenarios: tuple[str, ...],
    seeds: range,
    jobs: int | None,
    no_faults: bool,
    overrides: tuple[str, ...],
    plan_file: str | None,
    swarm: bool,
    db_file: str | None,
    resume: bool,
    max_inconclusive: float,
    seed_timeout: float,
    json_file: str | None,
    junit_file: str | None,
    markdown_file: str | None,
) -> None:
    """Run many seeds of these scenarios, or of all that are of a campaign's size."""
    from squall.reports.campaign import print_campaign
    from squall.reports.junit import campaign_junit
    from squall.reports.machine import campaign_json, encode
    from squall.reports.markdown import campaign_markdown
    from squall.scenarios.search.campaign import Campaign, run_campaign
    from squall.scenarios.search.campaign_store import CampaignStore

    if resume and db_file is None:
        raise BadInput("--resume: expected --db FILE with it, to go on with what that holds")
    if db_file == "-":
        raise BadInput("--db -: expected a file; only --json can go to standard output")
    json_target, junit_target, markdown_target = outputs(json=json_file, junit=junit_file, markdown=markdown_file)
    with bad_input(), quiet(json_file):
        choices = _choices(scenarios, not no_faults, overrides, plan_file, swarm)
        asked = Campaign(choices, seeds, jobs or _cores(), seed_timeout, max_inconclusive)
        store = CampaignStore(Path(db_file) if db_file is not None else None, resume)
    try:
        with bad_input(), _live() as told, interruptible() as stopped:
            result = run_campaign(asked, store, told, stopped)
    finally:
        store.close()
    write_each(
        (json_target, lambda: encode(campaign_json(result)).decode() + "\n"),
        (junit_target, lambda: campaign_junit(result)),
        (markdown_target, lambda: campaign_markdown(result)),
    )
    if json_file == "-":
        show(encode(campaign_json(result)).decode())
    else:
        show_drawn(lambda console: print_campaign(result, console))
    sys.exit(_exit_code(result))


def _choices(
    names: tuple[str, ...], with_faults: bool, overrides: tuple[str, ...], plan_file: str | None, swarm: bool
) -> "tuple[Choice, ...]":
    """Each scenario once, settled. Canaries need their faults: without them they are left out."""
    from squall.scenarios.find import campaign_scenarios

    if names and len(dict.fromkeys(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"{twice}: expected each scenario once")
    wanted = names or campaign_scenarios()
    choices = [settled_choice(name, 1, with_faults, overrides, None, plan_file, swarm) for name in wanted]
    found = tuple(choice for choice in choices if with_faults or not choice.canary)
    if not found:
        raise BadInput("expected a scenario that can pass; a canary without its faults is none")
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _exit_code(result: "CampaignResult") -> int:
    """A violation is the news; a seed that got no verdict, or an interruption, is never green."""
    from squall.scenarios.result import Verdict

    if result.verdict is Verdict.VIOLATED:
        return VIOLATED
    if result.nondeterminism:
        return NONDETERMINISM
    if result.interrupted or result.lost:
        return INTERNAL
    return PASS if result.verdict is Verdict.PASS else INCONCLUSIVE


@contextmanager
def interruptible(clock: Callable[[], float] = monotonic) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C (or SIGTERM) lets what has begun come to its end; a second one, later, is not so patient."""
    asked_s: list[float] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        if asked_s and clock() - asked_s[0] >= SAME_PRESS_S:
            raise KeyboardInterrupt
        asked_s.append(clock())

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked_s)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _live() -> "Iterator[Callable[[Standing], None] | None]":
    """A line on a terminal that says how far it is, and how fast; nothing elsewhere, never on standard output."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("campaign"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[news]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, news="")

        def told(standing: "Standing") -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f} seeds/s, " if speed else ""
            lost = f", {standing.lost} lost" if standing.lost else ""
            news = f"{rate}{standing.violated} violated{lost}"
            bar.update(task, completed=standing.done, total=standing.asked, news=news)

        yield told
