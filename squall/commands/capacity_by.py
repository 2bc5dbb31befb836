"""`squall capacity by`: what more symbols, strategies or shards of the OMS do to a stack."""

import click

from squall.commands.exits import bad_input
from squall.commands.options import JSON, SEED
from squall.commands.outputs import outputs, progress_bar, show, show_drawn, write_each

WHAT = click.Choice(["symbols", "strategies", "shards"])


@click.command("by")
@click.argument("what", type=WHAT)
@click.option("--counts", default=None, help="How many: A,B,C. [1,2,3,4,8; symbols: 64,256,1024,4096]")
@click.option("--profile", default="lock-free", show_default=True, help="The stack.")
@click.option("--rates", default="1000:3000:1000", show_default=True, help="Orders a second: A:B:STEP or A,B,C.")
@click.option("--sla", default="p99<100us", show_default=True, help="What signal_to_wire is to keep.")
@click.option("--skew", type=click.FloatRange(0), default=0.0, show_default=True, help="Zipf's exponent of symbols.")
@SEED
@JSON
@click.option("--csv", "csv_file", metavar="FILE", help="Write the points as CSV.")
@click.option("--html", "html_file", metavar="FILE", help="Write one page with the curves.")
def by(
    what: str,
    counts: str | None,
    profile: str,
    rates: str,
    sla: str,
    skew: float,
    seed: int,
    json_file: str | None,
    csv_file: str | None,
    html_file: str | None,
) -> None:
    """Capacity by symbols, strategies or OMS shards: what each takes, and what gives way first.

    Shards share router and gateway, strategies share the OMS's queue, symbols share each core's cache.
    """
    from squall.reports.machine import encode
    from squall.reports.scaling import render_scaling, scaling_csv, scaling_json, scaling_table
    from squall.scenarios.capacity import CapacityError, parse_rates, parse_sla
    from squall.scenarios.scaling import SPLIT_EFFORT, By, parse_counts, study_scaling
    from squall.scenarios.stacks import STACKS
    from squall.scenarios.study import Asked

    target, csv_target, html_target = outputs(json=json_file, csv=csv_file, html=html_file)
    with bad_input():
        if profile not in STACKS:
            raise CapacityError(f"--profile {profile}: no such stack; there are {', '.join(STACKS)}")
        kind = By(what)
        several = parse_counts(counts, kind) if counts is not None else kind.usual
        asked = Asked(rates=parse_rates(rates), sla=parse_sla(sla), seed=seed, effort=SPLIT_EFFORT)
    with progress_bar(f"capacity by {what}") as progress:
        found = study_scaling(profile, kind, several, asked, skew, progress)
    document = encode(scaling_json(found.curves, found.scaling)).decode()
    write_each(
        (target, lambda: document + "\n"),
        (csv_target, lambda: scaling_csv(found.curves, found.scaling)),
        (html_target, lambda: render_scaling(found.curves, found.scaling)),
    )
    if json_file == "-":
        show(document)
    else:
        show_drawn(lambda console: scaling_table(found.curves, found.scaling, console))
