"""`squall shrink`: the smallest plan, workload and duration that still break the same promise."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

from squall.commands.exits import INCONCLUSIVE, PASS, VIOLATED, BadInput, bad_input
from squall.commands.options import PLAN, SCENARIO, SEED, SET, SWARM, settled_choice
from squall.commands.outputs import outputs, show_drawn, write

if TYPE_CHECKING:
    from squall.scenarios.search.shrink import Told


@click.command()
@SCENARIO
@SEED
@SET
@PLAN
@SWARM
@click.option("--promise", metavar="NAME", help="The promise to shrink for; by default the gravest.")
@click.option("--max-runs", type=click.IntRange(1), default=400, show_default=True, help="When to be content.")
@click.option("--out", "out_file", metavar="FILE", help="Write the incident, for squall replay.")
@click.option("--test", "test_file", metavar="FILE", help="Write a pytest file that fails until this is mended.")
def shrink(
    scenario: str,
    seed: int,
    overrides: tuple[str, ...],
    plan_file: str | None,
    swarm: bool,
    promise: str | None,
    max_runs: int,
    out_file: str | None,
    test_file: str | None,
) -> None:
    """Find the smallest plan, workload and duration that still break the same promise."""
    from squall.reports.shrinking import print_shrinking
    from squall.scenarios.result import Verdict
    from squall.scenarios.run import judge, run
    from squall.scenarios.search.incident import IncidentError, as_test, encode_incident, incident_of
    from squall.scenarios.search.shrink import shrink as shrink_choice

    with bad_input():
        choice = settled_choice(scenario, seed, True, overrides, None, plan_file, swarm)
    targets = outputs(out=out_file, test=test_file)
    with bad_input():
        verdict = judge(choice, choice.settled()).verdict
        if verdict is not Verdict.VIOLATED:
            click.echo(f"{choice.name}, seed {seed}: {verdict.value}: there is nothing to shrink")
            sys.exit(PASS if verdict is Verdict.PASS else INCONCLUSIVE)
        with _progress() as told:
            shrunk = shrink_choice(choice, promise, max_runs, told)
    result = run(shrunk.choice, about=shrunk.shrinking.promise)
    incident, problem = None, ""
    try:
        incident = incident_of(shrunk.choice, result, shrunk.shrinking.promise)
    except IncidentError as error:
        problem = str(error)
    kept = incident is not None and out_file is not None
    again = f"squall replay {shlex.quote(out_file or '')}" if kept else "squall shrink … --out FILE keeps it"
    if incident is not None:
        for target, text in zip(targets, (encode_incident(incident), as_test(incident)), strict=True):
            if target is not None:
                write(target, text)
    result = msgspec.structs.replace(result, replay_command=again)
    show_drawn(lambda console: print_shrinking(shrunk.shrinking, result, console))
    if problem and any(targets):
        raise BadInput(f"nothing is written: {problem}")
    sys.exit(VIOLATED)


@contextmanager
def _progress() -> "Iterator[Told | None]":
    """A line on a terminal that says what is being tried."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with console.status("shrinking") as status:
        yield lambda stage, runs, faults: status.update(f"shrinking {stage}: {runs} runs, {faults} faults left")
