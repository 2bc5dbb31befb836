"""`squall verify`: the proof that a seed decides everything."""

import sys

import click

from squall.commands.exits import NONDETERMINISM, PASS, bad_input
from squall.commands.options import MARKET, PLAN, SCENARIO, SEED, SET, SWARM, settled_choice
from squall.commands.outputs import progress_bar


@click.command()
@SCENARIO
@SEED
@SET
@MARKET
@PLAN
@SWARM
@click.option("--runs", type=click.IntRange(2), default=3, show_default=True, help="How many fresh processes.")
def verify(
    scenario: str,
    seed: int,
    overrides: tuple[str, ...],
    market: str | None,
    plan_file: str | None,
    swarm: bool,
    runs: int,
) -> None:
    """The same digest in fresh processes, under different hash seeds."""
    from squall.scenarios.verify import verify as verify_scenario

    with bad_input():
        choice = settled_choice(scenario, seed, True, overrides, market, plan_file, swarm)
        with progress_bar(f"verify {choice.name}") as progress:
            outcome = verify_scenario(choice, runs, progress)
    for line in outcome.lines:
        click.echo(line)
    sys.exit(PASS if outcome.same else NONDETERMINISM)
