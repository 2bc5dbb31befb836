"""Capacity by symbols, strategies or shards: curves, how much each count takes beside theory, and one page of both."""

import csv
import io
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs
from rich.console import Console

from squall.reports.capacity import capacity_csv, latency_figure
from squall.reports.lines import Cell, heading, paragraph, table
from squall.reports.load_plot import COLOURS, LAYOUT, script_json
from squall.reports.machine import capacity_json
from squall.reports.units import duration, number
from squall.scenarios.result import CapacityCurve, Scaling, ScalingPoint

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("squall.reports", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
COLUMNS: Final = (
    *("count", "saturates_per_s", "bottleneck", "utilisation", "bottleneck_law_per_s", "amdahl_per_s"),
    "crossing_per_s",
)
TITLES: Final = ("", "takes, orders/s", "bottleneck law", "Amdahl", "busiest", "SLA until")


def scaling_json(curves: tuple[CapacityCurve, ...], scaling: Scaling) -> dict[str, Any]:
    """The curves as `squall capacity` has them, and what they come to."""
    return {**capacity_json(curves), "scaling": scaling}


def scaling_csv(curves: tuple[CapacityCurve, ...], scaling: Scaling) -> str:
    """The points of the curves; then, after an empty line, a line a count."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in scaling.points:
        busy = point.utilisation[point.bottleneck]
        law, amdahl = point.bottleneck_law_per_s, point.amdahl_per_s
        crossing = "" if point.crossing_per_s is None else point.crossing_per_s
        writer.writerow((point.count, point.saturates_per_s, point.bottleneck, busy, law, amdahl, crossing))
    return f"{capacity_csv(curves)}\n{out.getvalue()}"


def scaling_table(curves: tuple[CapacityCurve, ...], scaling: Scaling, console: Console) -> None:
    """What each count takes, what gives way first, and what theory has beside it."""
    heading(console, f"{scaling.profile} by {scaling.by}")
    cells: list[list[Cell]] = [[(title, "dim") for title in TITLES]]
    cells += _rows(curves, scaling)
    table(console, cells)
    paragraph(console, law_words(scaling))
    rates = [point.rate_per_s for point in curves[0].points]
    heading(console, "p99 at a load")
    rows: list[list[Cell]] = [[("", "dim"), *((f"{number(rate)} orders/s", "dim") for rate in rates)]]
    rows += [[curve.profile, *(duration(point.p99_ns) for point in curve.points)] for curve in curves]
    table(console, rows)


def _rows(curves: tuple[CapacityCurve, ...], scaling: Scaling) -> list[list[Cell]]:
    return [_cells(scaling, point, curve) for point, curve in zip(scaling.points, curves, strict=True)]


def _cells(scaling: Scaling, point: ScalingPoint, curve: CapacityCurve) -> list[Cell]:
    kept = all(each.p99_ns < curve.sla.limit_ns for each in curve.points)
    until = "kept" if kept else "never kept"
    if point.crossing_per_s is not None:
        until = f"{number(round(point.crossing_per_s))} orders/s"
    return [
        curve.profile.rpartition(", ")[2],
        number(round(point.saturates_per_s)),
        number(round(point.bottleneck_law_per_s)),
        number(round(point.amdahl_per_s)),
        f"{point.bottleneck} {point.utilisation[point.bottleneck]:.0%}",
        until,
    ]


def law_words(scaling: Scaling) -> str:
    """Where the bottleneck moves, and the Universal Scalability Law through what was measured."""
    moves = [scaling.points[0].bottleneck]
    words = []
    for point in scaling.points[1:]:
        if point.bottleneck != moves[-1]:
            moves.append(point.bottleneck)
            words.append(f"from {number(point.count)} on the {point.bottleneck} gives way first")
    first = f"With {number(scaling.points[0].count)} the {moves[0]} gives way first"
    said = f"{first}; {'; '.join(words)}." if words else f"{first}, and with any more."
    if scaling.usl_contention is None:
        return said
    return (
        f"{said} The Universal Scalability Law through these: contention σ {scaling.usl_contention:.3f}, coherency κ "
        f"{scaling.usl_coherency:.4f}."
    )


def render_scaling(curves: tuple[CapacityCurve, ...], scaling: Scaling) -> str:
    """The page; equal studies give equal bytes."""
    return _ENVIRONMENT.get_template("scaling.html.j2").render(
        scaling=scaling,
        words=law_words(scaling),
        titles=TITLES,
        rows=_rows(curves, scaling),
        curves=script_json(latency_figure(curves)),
        figure=script_json(scaling_figure(scaling)),
        plotly=get_plotlyjs(),
    )


def scaling_figure(scaling: Scaling) -> dict[str, Any]:
    """What each count takes, between Amdahl's law below and the bottleneck's above."""
    counts = [point.count for point in scaling.points]
    lines = (
        ("measured", [point.saturates_per_s for point in scaling.points], COLOURS[0], "solid"),
        ("bottleneck law", [point.bottleneck_law_per_s for point in scaling.points], COLOURS[1], "dot"),
        ("Amdahl", [point.amdahl_per_s for point in scaling.points], COLOURS[2], "dot"),
    )
    traces = [
        {
            "type": "scatter",
            "name": name,
            "x": counts,
            "y": values,
            "mode": "lines+markers",
            "line": {"color": colour, "width": 2, "dash": dash},
            "text": [f"{point.bottleneck} {point.utilisation[point.bottleneck]:.0%}" for point in scaling.points],
        }
        for name, values, colour, dash in lines
    ]
    layout = {
        "xaxis": {"title": {"text": scaling.by}, "type": "log", "tickvals": counts, "ticktext": counts},
        "yaxis": {"title": {"text": "orders a second, at most"}, "rangemode": "tozero"},
        **LAYOUT,
    }
    return {"data": traces, "layout": layout}
