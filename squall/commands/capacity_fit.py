"""`squall capacity fit`: a model of the user's own system, from what was measured of it."""

from pathlib import Path

import click

from squall.commands.exits import bad_input
from squall.commands.options import JSON
from squall.commands.outputs import outputs, show, show_drawn, write, write_each
from squall.commands.picture import can_take, photograph_text


@click.command("fit")
@click.argument("measurements", metavar="MEASUREMENTS.CSV")
@click.option("--sla", default=None, metavar="p99<DURATION", help="What is to be kept; where it ends is told.")
@click.option("--rates", default=None, help="What to predict: A:B:STEP or A,B,C. [1.25, 1.5 and 2 times the highest]")
@JSON
@click.option("--csv", "csv_file", metavar="FILE", help="Write points and predictions as CSV.")
@click.option("--html", "html_file", metavar="FILE", help="Write one page with the points, the curve and its band.")
@click.option("--png", "png_file", metavar="FILE", help="Write the page as a picture; takes a Chromium.")
def fit(
    measurements: str,
    sla: str | None,
    rates: str | None,
    json_file: str | None,
    csv_file: str | None,
    html_file: str | None,
    png_file: str | None,
) -> None:
    """Fit a queue to your own measurements, and predict beyond them.

    MEASUREMENTS.CSV has the columns rate_per_s, p50_us, p99_us, n: latency at a load, of n orders.
    """
    from squall.reports.fit import fit_csv, fit_json, fit_table, render_fit
    from squall.reports.machine import encode
    from squall.scenarios.capacity import parse_rates, parse_sla
    from squall.scenarios.fit import fit_measurements
    from squall.scenarios.measurements import read_measurements

    target, csv_target, html_target, picture = outputs(json=json_file, csv=csv_file, html=html_file, png=png_file)
    can_take(png_file)
    with bad_input():
        limit = parse_sla(sla) if sla is not None else None
        beyond = parse_rates(rates) if rates is not None else ()
        points = read_measurements(Path(measurements))
    found = fit_measurements(Path(measurements).name, points, limit, beyond)
    document = encode(fit_json(found)).decode()
    if target is not None:
        write(target, document + "\n")
    write_each((csv_target, lambda: fit_csv(found)), (html_target, lambda: render_fit(found)))
    if picture is not None:
        with bad_input():
            photograph_text(render_fit(found), picture)
    if json_file == "-":
        show(document)
    else:
        show_drawn(lambda console: fit_table(found, console))
