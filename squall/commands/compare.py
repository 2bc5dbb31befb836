"""`squall compare`: the same seed twice, and what the difference cost."""

import click

from squall.commands.exits import BadInput, bad_input
from squall.commands.options import JSON, PLAN, SCENARIO, SEED, settled_choice
from squall.commands.outputs import output, quiet, show, show_drawn, write


@click.command()
@SCENARIO
@SEED
@PLAN
@click.option("--without-faults", is_flag=True, help="Without the faults and with them: so unless --set is given.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="As it is and with this setting, as a protection off; with --without-faults it holds for both runs.",
)
@JSON
def compare(
    scenario: str,
    seed: int,
    plan_file: str | None,
    without_faults: bool,
    overrides: tuple[str, ...],
    json_file: str | None,
) -> None:
    """Run a seed with and without its faults, or with and without a protection."""
    from squall.reports.compare import comparison_json, print_comparison
    from squall.reports.machine import encode
    from squall.scenarios.compare import with_settings
    from squall.scenarios.compare import without_faults as with_and_without

    by_faults = without_faults or not overrides
    with bad_input(), quiet(json_file):
        choice = settled_choice(scenario, seed, True, overrides if by_faults else (), None, plan_file)
        if by_faults and not choice.settled().plan:
            raise BadInput(f"{choice.name}: it has no faults to leave out; expected --set KEY=VALUE or --plan FILE")
    target = output(json_file, "--json")
    with bad_input(), quiet(json_file):
        comparison = with_and_without(choice) if by_faults else with_settings(choice, overrides)
    document = encode(comparison_json(comparison)).decode()
    if target is not None:
        write(target, document + "\n")
    if json_file == "-":
        show(document)
    else:
        show_drawn(lambda console: print_comparison(comparison, console))
