"""`squall replay`: an incident, run again."""

import shlex
import sys
from pathlib import Path

import click

from squall.commands.exits import INCONCLUSIVE, PASS, VIOLATED, BadInput, bad_input
from squall.commands.options import JSON
from squall.commands.outputs import output, quiet, show, show_drawn, write


@click.command()
@click.argument("incident", metavar="INCIDENT")
@JSON
def replay(incident: str, json_file: str | None) -> None:
    """Run an incident again, and say whether its violation is still there."""
    from squall.reports.machine import encode, run_json
    from squall.reports.summary import print_summary
    from squall.scenarios.search.incident import Outcome, load_incident
    from squall.scenarios.search.incident import replay as replay_incident

    target = output(json_file, "--json")
    with bad_input():
        loaded = load_incident(Path(incident))
    with quiet(json_file):
        try:
            replayed = replay_incident(loaded, f"squall replay {shlex.quote(incident)}")
        except ValueError as error:
            raise BadInput(f"{incident}: {error}") from None
    if target is not None:
        write(target, encode(run_json(replayed.result)).decode() + "\n")
    if json_file == "-":
        show(encode(run_json(replayed.result)).decode())
    else:
        show_drawn(lambda console: print_summary(replayed.result, console))
        show(f"\n{replayed.incident.promise}: {replayed.outcome.value}")
    for line in replayed.differing:
        click.echo(f"squall: since the incident was written: {line}", err=True)
    exits = {Outcome.GONE: PASS, Outcome.INCONCLUSIVE: INCONCLUSIVE}
    sys.exit(exits.get(replayed.outcome, VIOLATED))
