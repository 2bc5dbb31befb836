"""`squall run`: one scenario, one seed, one verdict."""

import sys

import click

from squall.commands.exits import INCONCLUSIVE, PASS, VIOLATED, bad_input
from squall.commands.options import (
    JSON,
    JUNIT,
    MARKDOWN,
    MARKET,
    NO_FAULTS,
    PLAN,
    SCENARIO,
    SEED,
    SET,
    SWARM,
    settled_choice,
)
from squall.commands.outputs import outputs, progress_bar, quiet, show, show_drawn, tracing, write_each


@click.command()
@SCENARIO
@SEED
@NO_FAULTS
@SET
@MARKET
@PLAN
@SWARM
@JSON
@click.option("--html", "html_file", metavar="FILE", help="Write the report, one self-contained page.")
@JUNIT
@MARKDOWN
@click.option(
    "--flow", is_flag=True, help="Draw the flow from market data to positions, whatever the scenario is about."
)
@click.option("--trace", "trace_file", metavar="FILE", help="Write every record, as JSON Lines.")
def run(
    scenario: str,
    seed: int,
    no_faults: bool,
    overrides: tuple[str, ...],
    market: str | None,
    plan_file: str | None,
    swarm: bool,
    json_file: str | None,
    html_file: str | None,
    junit_file: str | None,
    markdown_file: str | None,
    flow: bool,
    trace_file: str | None,
) -> None:
    """Run a scenario once and judge it."""
    from squall.reports.html import render_html
    from squall.reports.junit import run_junit
    from squall.reports.machine import encode, run_json
    from squall.reports.markdown import run_markdown
    from squall.reports.summary import print_summary
    from squall.scenarios.result import Verdict
    from squall.scenarios.run import run as run_scenario

    with bad_input(), quiet(json_file):
        choice = settled_choice(scenario, seed, not no_faults, overrides, market, plan_file, swarm)
    targets = outputs(json=json_file, html=html_file, trace=trace_file, junit=junit_file, markdown=markdown_file)
    json_target, html_target, trace_target, junit_target, markdown_target = targets
    label = f"{choice.name}, seed {seed}"
    with (
        tracing(trace_target, choice.name, seed) as sink,
        bad_input(),
        progress_bar(label) as progress,
        quiet(json_file),
    ):
        result = run_scenario(choice, sink, progress, flow=flow)
    write_each(
        (json_target, lambda: encode(run_json(result)).decode() + "\n"),
        (html_target, lambda: render_html(result)),
        (junit_target, lambda: run_junit(result)),
        (markdown_target, lambda: run_markdown(result)),
    )
    if json_file == "-":
        show(encode(run_json(result)).decode())
    else:
        show_drawn(lambda console: print_summary(result, console))
        if html_target is not None:
            show(f"report: {html_file}")
    sys.exit({Verdict.PASS: PASS, Verdict.VIOLATED: VIOLATED, Verdict.INCONCLUSIVE: INCONCLUSIVE}[result.verdict])
