"""`squall capacity`: latency against throughput."""

import sys

import click

from squall.commands.exits import PASS, VIOLATED, bad_input
from squall.commands.options import JSON, SEED, SET
from squall.commands.outputs import output, progress_bar, show, show_drawn, write


@click.command()
@click.option(
    "--rates",
    default="100:500:100",
    show_default=True,
    help="Orders a second: A:B:STEP, both ends included, or a list A,B,C.",
)
@click.option("--sla", default="p99<100us", show_default=True, help="What signal_to_wire is to keep.")
@click.option("--orders", type=click.IntRange(10), default=2_000, show_default=True, help="Orders at each rate.")
@SEED
@SET
@JSON
@click.option("--require", is_flag=True, help="Exit 1 unless the SLA and every promise are kept at every rate.")
def capacity(
    rates: str,
    sla: str,
    orders: int,
    seed: int,
    overrides: tuple[str, ...],
    json_file: str | None,
    require: bool,
) -> None:
    """Latency against throughput: signal to wire under Poisson load, the journal on its path."""
    from squall.reports.machine import capacity_json, encode
    from squall.reports.summary import capacity_table
    from squall.scenarios.capacity import measure_capacity, parse_rates, parse_sla

    target = output(json_file, "--json")
    with bad_input():
        wanted, limit = parse_rates(rates), parse_sla(sla)
        with progress_bar("capacity") as progress:
            measured = measure_capacity(wanted, limit, orders, seed, overrides, progress)
    if target is not None:
        write(target, encode(capacity_json(measured.curves)).decode() + "\n")
    if json_file == "-":
        show(encode(capacity_json(measured.curves)).decode())
    else:
        show_drawn(lambda console: capacity_table(measured.curves, console))
    for flaw in measured.flaws:
        click.echo(f"squall: {flaw}", err=True)
    sys.exit(VIOLATED if require and not measured.kept else PASS)
