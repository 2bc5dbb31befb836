"""Curves of latency against load: one self-contained page, and CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct
from plotly.offline import get_plotlyjs

from squall.reports.load_plot import COLOURS, LAYOUT, latency_layout, limits, script_json
from squall.reports.others import others_figure, others_words
from squall.reports.summary import crossing_words
from squall.reports.units import duration, number
from squall.scenarios.result import CapacityCurve, DrawnCurve, Stopped

PART_COLOURS: Final = ("#d55e00", "#0072b2", "#cc79a7", "#e69f00", "#8c8c8c", "#56b4e9", "#a00000", "#009e73")
COLUMNS: Final = (
    *("profile", "plan", "rate_per_s", "p50_ns", "p99_ns", "p99_low_ns", "p99_high_ns", "p999_ns"),
    *("throughput_per_s", "bottleneck", "utilisation", "orders", "replications", "stopped"),
)
STOPPED_WORDS: Final = {
    Stopped.TIGHT: "tight",
    Stopped.BUDGET: "budget spent",
    Stopped.SATURATED: "above saturation",
}
_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("squall.reports", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_ENVIRONMENT.filters |= {"duration": duration, "number": number}


class _Row(Struct, frozen=True):
    """One point in the page's table."""

    profile: str
    rate: str
    p50: str
    p99: str
    within: str
    p999: str
    busiest: str
    stopped: str
    broken: bool


def capacity_csv(curves: Sequence[CapacityCurve]) -> str:
    """A line a point, with the names of the JSON; *utilisation* is that of the bottleneck."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for curve in curves:
        for point in curve.points:
            busy = point.utilisation.get(point.bottleneck or "", "")
            writer.writerow(
                (
                    *(curve.profile, curve.plan or "", point.rate_per_s, point.p50_ns, point.p99_ns, *point.p99_ci_ns),
                    *(point.p999_ns, point.throughput_per_s, point.bottleneck or "", busy),
                    *(point.orders, point.replications, point.stopped.value),
                )
            )
    return out.getvalue()


def render_capacity(
    curves: Sequence[CapacityCurve], drawn: Sequence[DrawnCurve] = (), others: Sequence[CapacityCurve] = ()
) -> str:
    """The page: the curves with their bands, the SLA and its crossings, where the time goes, and all figures.

    Equal studies give equal bytes. *drawn* and *others* are shown beside the curves.
    """
    # Without bursts there is nothing to see in the parts but what a lone order takes.
    told = [curve for curve in (*curves, *others) if not curve.profile.endswith("/poisson")]
    figures = {"curves": latency_figure(curves, drawn)}
    if any(point.p99_parts_ns for curve in told for point in curve.points):
        figures["parts"] = parts_figure(told)
    if others:
        figures["others"] = others_figure(curves, others)
    return _ENVIRONMENT.get_template("capacity.html.j2").render(
        crossings=[(curve.profile, crossing_words(curve)) for curve in curves],
        rows=[_row(curve, index) for curve in (*curves, *others) for index in range(len(curve.points))],
        drawn=drawn,
        ours={curve.profile: _crossing(curve) for curve in curves},
        others=others_words(others, drawn) if others else (),
        figures={name: script_json(figure) for name, figure in figures.items()},
        plotly=get_plotlyjs(),
    )


def latency_figure(curves: Sequence[CapacityCurve], drawn: Sequence[DrawnCurve] = ()) -> dict[str, Any]:
    """99th percentiles over load, each with its band; the limit across; a cross where a curve passes it."""
    traces: list[dict[str, Any]] = []
    for index, curve in enumerate(curves):
        colour = COLOURS[index % len(COLOURS)]
        name = curve.profile if curve.plan is None else f"{curve.profile}, {curve.plan}"
        rates = [point.rate_per_s for point in curve.points]
        bounds = [[max(point.p99_ci_ns[end], 1) for point in curve.points] for end in (0, 1)]
        traces += [
            {
                "type": "scatter",
                "x": rates + rates[::-1],
                "y": bounds[1] + bounds[0][::-1],
                "fill": "toself",
                "fillcolor": colour,
                "opacity": 0.18,
                "line": {"width": 0},
                "hoverinfo": "skip",
                "showlegend": False,
            },
            {
                "type": "scatter",
                "name": name,
                "x": rates,
                "y": [max(point.p99_ns, 1) for point in curve.points],
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2},
                "text": [f"{name}: p99 {duration(p.p99_ns)} at {number(p.rate_per_s)} orders/s" for p in curve.points],
                "hoverinfo": "text",
            },
        ]
        if curve.sla.crossing_per_s is not None:
            crossing = f"{name} crosses {duration(curve.sla.limit_ns)} at {number(curve.sla.crossing_per_s)} orders/s"
            traces.append(
                {
                    "type": "scatter",
                    "x": [curve.sla.crossing_per_s],
                    "y": [curve.sla.limit_ns],
                    "mode": "markers",
                    "marker": {"symbol": "x", "size": 11, "color": colour},
                    "text": [crossing],
                    "hoverinfo": "text",
                    "showlegend": False,
                }
            )
        for each in drawn:
            if each.profile == curve.profile:
                traces.append(_as_drawn(each, colour))
    return {"data": traces, "layout": latency_layout("signal to wire, p99", limits(curves))}


def parts_figure(curves: Sequence[CapacityCurve]) -> dict[str, Any]:
    """What an order at the 99th percentile spends its time on: a stack of bars a load, a group a profile."""
    traces = []
    names = list(dict.fromkeys(part for curve in curves for point in curve.points for part in point.p99_parts_ns))
    points = [(curve, point) for curve in curves for point in curve.points if point.p99_parts_ns]
    for part, colour in zip(names, PART_COLOURS, strict=False):
        traces.append(
            {
                "type": "bar",
                "name": part,
                "x": [
                    [curve.profile for curve, _ in points],
                    [number(point.rate_per_s) for _, point in points],
                ],
                "y": [point.p99_parts_ns[part] / 1_000 for _, point in points],
                "marker": {"color": colour},
            }
        )
    layout = {"barmode": "stack", "yaxis": {"title": {"text": "µs of the p99 order"}}, **LAYOUT}
    return {"data": traces, "layout": layout}


def _as_drawn(drawn: DrawnCurve, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": f"{drawn.profile}, as drawn",
        "x": [rate for rate, _ in drawn.points],
        "y": [ns for _, ns in drawn.points],
        "mode": "lines+markers",
        "line": {"color": colour, "width": 1, "dash": "dot"},
        "marker": {"symbol": ["circle-open" if rate in drawn.held_out else "square" for rate, _ in drawn.points]},
    }


def _crossing(curve: CapacityCurve) -> str:
    at = curve.sla.crossing_per_s
    return "–" if at is None else number(at)


def _row(curve: CapacityCurve, index: int) -> _Row:
    point = curve.points[index]
    busiest = point.bottleneck
    return _Row(
        profile=curve.profile,
        rate=number(point.rate_per_s),
        p50=duration(point.p50_ns),
        p99=duration(point.p99_ns),
        within=" – ".join(duration(bound) for bound in point.p99_ci_ns),
        p999=duration(point.p999_ns),
        busiest=f"{busiest} {point.utilisation.get(busiest, 0.0):.1%}" if busiest is not None else "–",
        stopped=f"{STOPPED_WORDS[point.stopped]}, {number(point.orders)} orders",
        broken=point.p99_ns >= curve.sla.limit_ns,
    )
