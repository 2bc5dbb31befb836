"""The arguments and options that several commands share, and the choice that they make."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from squall.scenarios.run import Choice

SCENARIO = click.argument("scenario", metavar="SCENARIO")
SEED = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    metavar="N",
    default=1,
    show_default=True,
    help="Decides everything.",
)
SET = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting; may be repeated.")
NO_FAULTS = click.option("--no-faults", is_flag=True, help="The same scenario without its plan.")
PLAN = click.option("--plan", "plan_file", metavar="FILE", help="A plan, TOML or JSON, in place of the scenario's own.")
SWARM = click.option("--swarm", is_flag=True, help="With drawn faults beside it, rare behaviours, shuffled ties.")
MARKET = click.option("--market", metavar="binance:FILE", help="Replay a recording as exchange-a.")
MARKDOWN = click.option("--markdown", "markdown_file", metavar="FILE", help="Write a job's summary, under 1 MiB.")
JUNIT = click.option("--junit", "junit_file", metavar="FILE", help="Write JUnit XML: a test case a scenario.")
JSON = click.option("--json", "json_file", metavar="FILE", help="Write the result as JSON; - for standard output.")


def settled_choice(
    name: str,
    seed: int,
    with_faults: bool,
    overrides: tuple[str, ...],
    market: str | None,
    plan_file: str | None = None,
    swarm: bool = False,
) -> "Choice":
    """The choice, settled once so that a wrong setting is refused before anything starts."""
    from squall.faults.plan import load_plan
    from squall.scenarios.find import choose
    from squall.scenarios.market import parse_market

    recording = parse_market(market) if market is not None else None
    plan = load_plan(Path(plan_file)) if plan_file is not None else None
    choice = choose(
        name,
        seed=seed,
        with_faults=with_faults,
        overrides=overrides,
        market=recording,
        plan=plan,
        plan_file=plan_file,
        swarm=swarm,
    )
    choice.settled()
    return choice
