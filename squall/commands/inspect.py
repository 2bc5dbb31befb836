"""`squall inspect`: everything at one moment of a run, and one order's history."""

import click

from squall.commands.exits import BadInput, bad_input
from squall.commands.options import JSON, NO_FAULTS, PLAN, SCENARIO, SEED, SET, SWARM, settled_choice
from squall.commands.outputs import output, quiet, show, show_drawn, write


@click.command()
@SCENARIO
@SEED
@click.option("--at", "at", metavar="TIME", required=True, help="The moment to look at, as 12.5s.")
@click.option("--order", "order", metavar="ID", help="An order's whole history up to then, by its ClOrdID.")
@NO_FAULTS
@SET
@PLAN
@SWARM
@JSON
def inspect(
    scenario: str,
    seed: int,
    at: str,
    order: str | None,
    no_faults: bool,
    overrides: tuple[str, ...],
    plan_file: str | None,
    swarm: bool,
    json_file: str | None,
) -> None:
    """Run to a moment, and show the state of every service."""
    from squall.faults.durations import DurationError, parse_duration
    from squall.reports.inspect import inspection_json, print_inspection
    from squall.reports.machine import encode
    from squall.scenarios.inspect import inspect as look_at

    try:
        at_ns = parse_duration(at)
    except DurationError as error:
        raise BadInput(f"--at: {error}") from None
    with bad_input(), quiet(json_file):
        choice = settled_choice(scenario, seed, not no_faults, overrides, None, plan_file, swarm)
    target = output(json_file, "--json")
    with bad_input(), quiet(json_file):
        inspection = look_at(choice, at_ns, order)
    document = encode(inspection_json(inspection)).decode()
    if target is not None:
        write(target, document + "\n")
    if json_file == "-":
        show(document)
    else:
        show_drawn(lambda console: print_inspection(inspection, console))
