"""`squall capacity`: latency against throughput, of the desk or of a stack."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from squall.commands.capacity_by import by
from squall.commands.capacity_fit import fit
from squall.commands.capacity_metastable import metastable
from squall.commands.exits import PASS, VIOLATED, BadInput, bad_input
from squall.commands.options import JSON, SEED, SET
from squall.commands.outputs import outputs, progress_bar, show, show_drawn, write_each
from squall.commands.picture import PictureError, browser, can_take, photograph_text

if TYPE_CHECKING:
    from squall.scenarios.capacity import Measured

WHOLE_DESK = "journal-on-path"
PICTURE_HEIGHT = 3_200
ARRIVALS = click.Choice(["bursty", "poisson"])


@click.group(invoke_without_command=True, subcommand_metavar="[by WHAT | metastable | fit MEASUREMENTS.CSV]")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME",
    help="A stack: baseline, lock-free, kernel-bypass; may be repeated. [journal-on-path, the whole desk]",
)
@click.option("--figure", is_flag=True, help="All stacks at the loads of the chapter's figure 10.3, beside it.")
@click.option(
    "--rates",
    default=None,
    help="Orders a second: A:B:STEP, both ends included, or a list A,B,C. [100:500:100; stacks: 500:3000:500]",
)
@click.option("--sla", default="p99<100us", show_default=True, help="What signal_to_wire is to keep.")
@click.option("--orders", type=click.IntRange(10), default=2_000, show_default=True, help="At each rate, whole desk.")
@click.option("--arrivals", type=ARRIVALS, help="How orders come to a stack [bursty]; to the whole desk, Poisson.")
@click.option("--journal", is_flag=True, help="A stack with its journal and its backup's on the path.")
@click.option("--plan", "plan_file", metavar="FILE", help="A stack under these faults, TOML or JSON.")
@click.option("--precise", is_flag=True, help="A stack until p99 is known to 5 %, not to 15 %.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes, for stacks.")
@SEED
@SET
@JSON
@click.option("--csv", "csv_file", metavar="FILE", help="Write the points as CSV.")
@click.option("--html", "html_file", metavar="FILE", help="Write one page with the curves.")
@click.option("--png", "png_file", metavar="FILE", help="Write the page as a picture; takes a Chromium.")
@click.option(
    "--out", "folder", metavar="FOLDER", help="Page, JSON and CSV in there; a picture, if there is a browser."
)
@click.option("--require", is_flag=True, help="Exit 1 unless the SLA and every promise are kept at every rate.")
@click.pass_context
def capacity(
    context: click.Context,
    /,
    figure: bool,
    json_file: str | None,
    csv_file: str | None,
    html_file: str | None,
    png_file: str | None,
    folder: str | None,
    require: bool,
    **asked: Any,
) -> None:
    """Latency against throughput: signal to wire under load, and where the SLA ends."""
    if context.invoked_subcommand is not None:
        _nothing_before(context)
        return
    from squall.reports.capacity import capacity_csv, render_capacity
    from squall.reports.machine import capacity_json, encode
    from squall.reports.others import others_table
    from squall.reports.summary import capacity_table, figure_table
    from squall.scenarios.figure import beside, errors

    targets = _targets(folder, json=json_file, csv=csv_file, html=html_file, png=png_file)
    with bad_input():
        measured, others = _measured(figure, **asked)
    curves = measured.curves
    drawn = beside(curves) if figure else ()
    every = (*curves, *others.curves)
    document = encode(capacity_json(every)).decode()
    write_each(
        (targets["json"], lambda: document + "\n"),
        (targets["csv"], lambda: capacity_csv(every)),
        (targets["html"], lambda: render_capacity(curves, drawn, others.curves)),
    )
    if targets["png"] is not None:
        with bad_input():
            photograph_text(render_capacity(curves, drawn, others.curves), targets["png"], PICTURE_HEIGHT)
    if json_file == "-":
        show(document)
    else:
        show_drawn(lambda console: capacity_table(curves, console))
        if drawn:
            show_drawn(lambda console: figure_table(drawn, errors(drawn), console))
        if others.curves:
            show_drawn(lambda console: others_table(others.curves, drawn, console))
    for flaw in (*measured.flaws, *others.flaws):
        click.echo(f"squall: {flaw}", err=True)
    sys.exit(VIOLATED if require and not measured.kept else PASS)


def _targets(folder: str | None, **files: str | None) -> dict[str, Path | None]:
    """Where each form goes. In a *folder* stand page, JSON and CSV always, and a picture where it can be taken."""
    if folder is not None:
        if not Path(folder).is_dir():
            raise BadInput(f"--out {folder}: no such folder")
        forms = ("html", "json", "csv", "png")
        files = {form: files[form] or str(Path(folder) / f"capacity.{form}") for form in forms}
    targets = dict(zip(files, outputs(**files), strict=True))
    can_take(files["png"] if folder is None else None)
    if targets["png"] is not None:
        try:
            browser()
        except PictureError as error:
            click.echo(f"squall: no picture: {error}", err=True)
            targets["png"] = None
    return targets


def _nothing_before(context: click.Context) -> None:
    """What stands before the subcommand would be read by nobody."""
    for option in context.command.params:
        if context.get_parameter_source(str(option.name)) is not ParameterSource.DEFAULT:
            raise BadInput(f"{option.opts[0]}: expected behind {context.invoked_subcommand}, found before it")


for subcommand in (by, metastable, fit):
    capacity.add_command(subcommand)


def _measured(
    figure: bool,
    profiles: tuple[str, ...],
    rates: str | None,
    sla: str,
    orders: int,
    arrivals: str | None,
    journal: bool,
    plan_file: str | None,
    precise: bool,
    jobs: int,
    seed: int,
    overrides: tuple[str, ...],
) -> "tuple[Measured, Measured]":
    """What was asked for, and what is shown beside it: nothing, but for the figure."""
    from squall.faults.plan import load_plan
    from squall.scenarios.capacity import CapacityError, Measured, measure_capacity, parse_rates, parse_sla
    from squall.scenarios.figure import others
    from squall.scenarios.load import Arrivals
    from squall.scenarios.stacks import STACKS
    from squall.scenarios.study import PRECISE, QUICK, Asked, study

    if figure:
        if profiles or rates:
            raise CapacityError("--figure: it says itself which stacks are measured, and at which loads")
        profiles, rates = tuple(STACKS), "500:3000:500"
    names = tuple(dict.fromkeys(profiles)) or (WHOLE_DESK,)
    for name in names:
        if name != WHOLE_DESK and name not in STACKS:
            raise CapacityError(f"--profile {name}: no such profile; there are {', '.join((WHOLE_DESK, *STACKS))}")
    if WHOLE_DESK in names and len(names) > 1:
        raise CapacityError(f"--profile {WHOLE_DESK}: the whole desk is measured by itself")
    limit = parse_sla(sla)
    plan = load_plan(Path(plan_file)) if plan_file is not None else ()
    if names == (WHOLE_DESK,):
        given = {"--arrivals": arrivals, "--journal": journal, "--precise": precise, "--plan": plan}
        for option, value in given.items():
            if value:
                raise CapacityError(f"{option}: this is for stacks; the whole desk has Poisson load and no plan")
        with progress_bar("capacity") as progress:
            rising = parse_rates(rates or "100:500:100")
            return measure_capacity(rising, limit, orders, seed, overrides, progress), Measured(())
    if overrides:
        raise CapacityError(f"--set {overrides[0]}: a stack has no settings; this is for the whole desk")
    asked = Asked(
        rates=parse_rates(rates or "500:3000:500"),
        sla=limit,
        seed=seed,
        arrivals=Arrivals(arrivals or "bursty"),
        effort=PRECISE if precise else QUICK,
        plan=plan,
        plan_name=Path(plan_file).name if plan_file is not None else None,
        journal=journal,
    )
    with progress_bar("capacity") as progress:
        measured = study(names, asked, jobs, progress)
    if not figure or arrivals or journal or plan:
        return measured, Measured(())
    with progress_bar("beside it") as progress:
        return measured, others(asked, jobs, progress)
