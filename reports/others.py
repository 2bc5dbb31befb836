"""Beside a study's curves: the same stacks without bursts, and with the journal on the path."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

from squall.reports.lines import Cell, heading, paragraph, table
from squall.reports.load_plot import COLOURS, latency_layout, limits
from squall.reports.summary import crossing_words
from squall.reports.units import duration, number
from squall.scenarios.result import CapacityCurve, DrawnCurve

DASHES: Final = {"poisson": "dot", "journal": "dash"}


def others_table(others: Sequence[CapacityCurve], drawn: Sequence[DrawnCurve], console: Console) -> None:
    """A line a curve with its 99th percentiles, then what that means."""
    heading(console, "Without bursts, and with the journal and its backup on the path")
    rates = [point.rate_per_s for point in others[0].points]
    rows: list[list[Cell]] = [[("p99", "dim"), *((number(rate), "dim") for rate in rates)]]
    rows += [[curve.profile, *(duration(point.p99_ns) for point in curve.points)] for curve in others]
    table(console, rows)
    for line in others_words(others, drawn):
        paragraph(console, line)


def others_words(others: Sequence[CapacityCurve], drawn: Sequence[DrawnCurve]) -> list[str]:
    """That Poisson load does not reach what is drawn, by how much, and where the SLA ends with the journal."""
    lines = []
    ends = {curve.profile: curve.points[-1] for curve in others}
    reached = [
        ends[f"{each.profile}/poisson"].p99_ns / each.points[-1][1]
        for each in drawn
        if f"{each.profile}/poisson" in ends
    ]
    if reached:
        rate = number(drawn[0].points[-1][0])
        share = f"{max(reached):.1%} of what is drawn, at most"
        lines.append(f"Poisson load cannot reach the figure: at {rate} orders/s it comes to {share}.")
    lines += [f"{curve.profile}: {crossing_words(curve)}" for curve in others if curve.profile.endswith("/journal")]
    return lines


def others_figure(curves: Sequence[CapacityCurve], others: Sequence[CapacityCurve]) -> dict[str, Any]:
    """99th percentiles over load: a colour a stack, a kind of line a way to load or to build it."""
    colours = {curve.profile: COLOURS[index % len(COLOURS)] for index, curve in enumerate(curves)}
    traces = []
    for curve in (*curves, *others):
        stack, _, kind = curve.profile.partition("/")
        traces.append(
            {
                "type": "scatter",
                "name": curve.profile,
                "x": [point.rate_per_s for point in curve.points],
                "y": [max(point.p99_ns, 1) for point in curve.points],
                "mode": "lines+markers",
                "line": {"color": colours[stack], "width": 2, "dash": DASHES.get(kind, "solid")},
                "text": [f"{curve.profile}: p99 {duration(point.p99_ns)}" for point in curve.points],
                "hoverinfo": "text",
            }
        )
    return {"data": traces, "layout": latency_layout("signal to wire, p99", limits(curves))}
