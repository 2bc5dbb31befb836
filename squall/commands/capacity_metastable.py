"""`squall capacity metastable`: does a stack come back once what threw it off has gone?"""

import sys
from pathlib import Path

import click

from squall.commands.exits import PASS, VIOLATED, bad_input
from squall.commands.options import JSON, SEED
from squall.commands.outputs import outputs, progress_bar, show, show_drawn, write_each


@click.command("metastable")
@click.option("--profile", default="lock-free", show_default=True, help="The stack.")
@click.option("--rates", default="500:3000:500", show_default=True, help="Orders a second: A:B:STEP or A,B,C.")
@click.option("--pause", default="100ms", show_default=True, help="The trigger: the host stands still for so long.")
@click.option("--plan", "plan_file", metavar="FILE", help="These faults are the trigger instead, TOML or JSON.")
@click.option("--timeout", default="1ms", show_default=True, help="What is not on the wire by then is sent again.")
@click.option("--retries", type=click.IntRange(0), default=3, show_default=True, help="How often at most.")
@click.option(
    "--budget", type=click.IntRange(0, 100), help="Protection: repeats at most this percentage of first sends."
)
@click.option(
    "--most-inside", type=click.IntRange(1), help="Protection: turn away what comes while so many are inside."
)
@click.option("--within", default="1.5s", show_default=True, help="How long it has to come back.")
@click.option("--arrivals", type=click.Choice(["bursty", "poisson"]), default="bursty", show_default=True)
@click.option("--replications", type=click.IntRange(1, 100), default=3, show_default=True, help="The worst counts.")
@SEED
@JSON
@click.option("--csv", "csv_file", metavar="FILE", help="Write the loads as CSV.")
@click.option("--html", "html_file", metavar="FILE", help="Write one page with the regions.")
@click.option("--require", is_flag=True, help="Exit 1 unless it comes back at every load.")
def metastable(
    profile: str,
    rates: str,
    pause: str,
    plan_file: str | None,
    timeout: str,
    retries: int,
    budget: int | None,
    most_inside: int | None,
    within: str,
    arrivals: str,
    replications: int,
    seed: int,
    json_file: str | None,
    csv_file: str | None,
    html_file: str | None,
    require: bool,
) -> None:
    """Does it come back once the trigger has gone? Loads are stable, vulnerable, or overloaded.

    A client that repeats what was not answered in time adds load where there is delay, and so delay.
    """
    from squall.faults.durations import DurationError, parse_duration
    from squall.faults.plan import load_plan
    from squall.reports.machine import encode
    from squall.reports.metastable import metastable_csv, metastable_json, metastable_table, render_metastable
    from squall.scenarios.capacity import CapacityError, parse_rates
    from squall.scenarios.load import Arrivals
    from squall.scenarios.metastable import Trial, study_metastable
    from squall.scenarios.result import Region
    from squall.scenarios.retry_path import Retry
    from squall.scenarios.stacks import STACKS

    def time_of(option: str, text: str) -> int:
        try:
            return parse_duration(text)
        except DurationError as error:
            raise CapacityError(f"{option} {text}: {error}") from None

    target, csv_target, html_target = outputs(json=json_file, csv=csv_file, html=html_file)
    with bad_input():
        if profile not in STACKS:
            raise CapacityError(f"--profile {profile}: no such stack; there are {', '.join(STACKS)}")
        plan = load_plan(Path(plan_file)) if plan_file is not None else ()
        try:
            trial = Trial(
                seed=seed,
                pause_ns=time_of("--pause", pause),
                within_ns=time_of("--within", within),
                plan=plan,
                plan_name=Path(plan_file).name if plan_file is not None else None,
                retry=Retry(time_of("--timeout", timeout), retries, budget, most_inside),
                arrivals=Arrivals(arrivals),
                replications=replications,
            )
        except CapacityError:
            raise
        except ValueError as error:
            raise CapacityError(f"--{error}") from None
        loads = parse_rates(rates)
    with bad_input(), progress_bar("metastable") as progress:
        found = study_metastable(profile, loads, trial, progress)
    document = encode(metastable_json(found)).decode()
    write_each(
        (target, lambda: document + "\n"),
        (csv_target, lambda: metastable_csv(found)),
        (html_target, lambda: render_metastable(found)),
    )
    if json_file == "-":
        show(document)
    else:
        show_drawn(lambda console: metastable_table(found, console))
    stays = all(point.region is Region.STABLE for point in found.points)
    sys.exit(VIOLATED if require and not stays else PASS)
