"""What was fitted to a user's own measurements: a table, CSV, and one self-contained page."""

import csv
import io
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs
from rich.console import Console

from squall.reports.lines import Cell, heading, paragraph, put, table
from squall.reports.load_plot import COLOURS, latency_layout, script_json
from squall.reports.machine import SCHEMA
from squall.reports.units import duration, number
from squall.scenarios.result import CapacityFit, FitParameter, FitPoint, FitPrediction

COLUMNS: Final = (
    *("kind", "rate_per_s", "n", "p50_us", "p99_us"),
    *("model_p50_us", "model_p99_us", "p99_low_us", "p99_high_us"),
)
FAR: Final = 2.0
"""A prediction for more than so many times the highest load is said to be one."""
WORDS: Final = {
    "lone_ns": "an order that meets nobody takes",
    "service_ns": "of that, one at a time",
    "contention": "contention (σ): the share of that",
    "coherency": "coherency (κ): what a pair costs",
    "bursts_per_s": "bursts a second",
    "lasts_ns": "a burst lasts",
    "unevenness": "bursts differ by",
    "jitter": "lone orders differ by (0 not, 1 exponentially)",
}
_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("squall.reports", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_ENVIRONMENT.filters |= {"duration": duration, "number": number}


def fit_json(fit: CapacityFit) -> dict[str, Any]:
    """The fit as other programs read it."""
    return {"schema": SCHEMA, "fit": msgspec.to_builtins(fit)}


def fit_csv(fit: CapacityFit) -> str:
    """A line a point, measured or predicted. What was not measured, or is not to be had, is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in fit.points:
        measured = (point.p50_ns, point.p99_ns, point.model_p50_ns, point.model_p99_ns)
        kind = "held out" if point.held_out else "fitted"
        writer.writerow((kind, point.rate_per_s, point.orders, *map(_us, measured), "", ""))
    for each in fit.predictions:
        predicted = (each.p50_ns, each.p99_ns, *each.p99_ci_ns)
        writer.writerow(("predicted", each.rate_per_s, "", "", "", *map(_us, predicted)))
    return out.getvalue()


def fit_table(fit: CapacityFit, console: Console) -> None:
    """The points with what the model makes of them, how good that is, its numbers, and what it predicts."""
    put(console, (f"{fit.file}: a model of {number(len(fit.points))} points", "bold"))
    titles = ("orders/s", "n", "p50", "model", "off", "p99", "model", "off", "")
    table(console, [[(title, "dim") for title in titles], *(_point_cells(point) for point in fit.points)])
    for line in quality(fit):
        paragraph(console, line)
    heading(console, "Its numbers")
    table(console, [[WORDS[each.name], *parameter(each)] for each in fit.parameters])
    heading(console, "What it predicts")
    rows: list[list[Cell]] = [[(title, "dim") for title in ("orders/s", "p50", "p99", "p99 within")]]
    rows += [[number(each.rate_per_s), *prediction(each)] for each in fit.predictions]
    table(console, rows)
    for line in ends(fit):
        paragraph(console, line)


def quality(fit: CapacityFit) -> list[str]:
    """How far off it is, and of which points that is said."""
    errors = fit.errors
    held = ", ".join(number(point.rate_per_s) for point in fit.points if point.held_out)
    lines = [
        f"Off by {errors.fitted_median:.1%} in the median and {errors.fitted_largest:.1%} at most where it was fitted, "
        f"by {errors.held_out_median:.1%} and {errors.held_out_largest:.1%} at {held} orders/s, which were held out.",
        "What follows is of the model fitted anew to all points.",
    ]
    if not errors.describes:
        lines.append(
            "The model does not describe these points: what it predicts is not to be relied on. Are they of one "
            "system, in one state, and is the load the only thing that differs?"
        )
    return lines


def ends(fit: CapacityFit) -> list[str]:
    """Where the SLA ends, if one was asked for, and where the system does."""
    lines = []
    if fit.sla is not None:
        lines.append(_sla_words(fit))
    if fit.saturates_per_s is None:
        lines.append("Where it no longer keeps up cannot be told from these points.")
    else:
        between = "how surely cannot be told"
        if fit.saturates_ci_per_s is not None:
            between = f"between {' and '.join(number(round(bound)) for bound in fit.saturates_ci_per_s)}"
        lines.append(f"It no longer keeps up from {number(round(fit.saturates_per_s))} orders/s on ({between}).")
        times = fit.saturates_per_s / fit.points[-1].rate_per_s
        if times > FAR:
            lines.append(
                f"That is {times:.1f} times the highest load that was measured: something else may end sooner."
            )
    return lines


def _sla_words(fit: CapacityFit) -> str:
    sla = fit.sla
    assert sla is not None
    limit = f"SLA p99 < {duration(sla.limit_ns)}"
    if sla.crossing_per_s is not None:
        assert sla.crossing_ci_per_s is not None
        between = " and ".join(number(bound) for bound in sla.crossing_ci_per_s)
        return f"{limit}: broken from {number(sla.crossing_per_s)} orders/s (between {between})."
    first, last = fit.curve[0], fit.curve[-1]
    if first.p99_ns is None or first.p99_ns >= sla.limit_ns:
        return f"{limit}: broken at the lowest rate already, {number(first.rate_per_s)} orders/s."
    return f"{limit}: kept up to {number(last.rate_per_s)} orders/s, the highest that was asked about."


def parameter(each: FitParameter) -> tuple[str, str]:
    """A number of the model and its interval, in words."""
    if each.ci is None:
        return _value(each.name, each.value), "not to be seen in these points"
    return _value(each.name, each.value), " – ".join(_value(each.name, bound) for bound in each.ci)


def prediction(each: FitPrediction) -> tuple[str, str, str]:
    """Median, 99th percentile and its interval, in words."""
    low, high = each.p99_ci_ns
    if each.p50_ns is None or each.p99_ns is None:
        return "–", "does not keep up", f"from {duration(low)} on"
    to = f" – {duration(high)}" if high is not None else " or more, or it does not keep up"
    return duration(each.p50_ns), duration(each.p99_ns), duration(low) + to


def _value(name: str, value: float) -> str:
    return (
        duration(round(value)) if name.endswith("_ns") else f"{value:,.3g}" if value < 1_000 else number(round(value))
    )


def _point_cells(point: FitPoint) -> list[Cell]:
    return [
        *(number(point.rate_per_s), number(point.orders)),
        *(duration(point.p50_ns), duration(point.model_p50_ns), f"{point.p50_off:+.0%}"),
        *(duration(point.p99_ns), duration(point.model_p99_ns), f"{point.p99_off:+.0%}"),
        "held out" if point.held_out else "",
    ]


def _us(ns: int | None) -> str:
    return "" if ns is None else f"{ns / 1_000:g}"


# --- the page --------------------------------------------------------------------------------------------


def render_fit(fit: CapacityFit) -> str:
    """The page; equal fits give equal bytes."""
    return _ENVIRONMENT.get_template("fit.html.j2").render(
        fit=fit,
        lines=quality(fit),
        ends=ends(fit),
        points=[_point_cells(point) for point in fit.points],
        parameters=[(WORDS[each.name], *parameter(each)) for each in fit.parameters],
        predictions=[(number(each.rate_per_s), *prediction(each)) for each in fit.predictions],
        figure=script_json(fit_figure(fit)),
        plotly=get_plotlyjs(),
    )


def fit_figure(fit: CapacityFit) -> dict[str, Any]:
    """Points, the curves with the band of the 99th percentile, what was held out, the limit and where it is passed."""
    colour, median = COLOURS[0], COLOURS[2]
    sound = [each for each in fit.curve if each.p99_ns is not None]
    banded = [(each, each.p99_ci_ns[1]) for each in sound if each.p99_ci_ns[1] is not None]
    rates = [each.rate_per_s for each, _ in banded]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "x": rates + rates[::-1],
            "y": [high for _, high in banded] + [max(each.p99_ci_ns[0], 1) for each, _ in banded][::-1],
            "fill": "toself",
            "fillcolor": colour,
            "opacity": 0.18,
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        _line("p99, model", sound, "p99_ns", colour),
        _line("p50, model", sound, "p50_ns", median),
        *(
            _dots(name, fit, field, held, shade)
            for name, field, shade in (("p99", "p99_ns", colour), ("p50", "p50_ns", median))
            for held in (False, True)
        ),
    ]
    if fit.sla is not None and fit.sla.crossing_per_s is not None:
        traces.append(
            {
                "type": "scatter",
                "x": [fit.sla.crossing_per_s],
                "y": [fit.sla.limit_ns],
                "mode": "markers",
                "marker": {"symbol": "x", "size": 11, "color": colour},
                "name": f"passes {duration(fit.sla.limit_ns)}",
            }
        )
    layout = latency_layout("latency", [fit.sla.limit_ns] if fit.sla is not None else [])
    last = fit.points[-1].rate_per_s
    beyond = {"x": last, "yref": "paper", "y": 1, "xanchor": "left", "showarrow": False, "text": "predicted →"}
    layout["shapes"].append({"type": "line", "x0": last, "x1": last, "yref": "paper", "y0": 0, "y1": 1, "line": _EDGE})
    layout["annotations"].append(beyond)
    return {"data": traces, "layout": layout}


_EDGE: Final = {"color": "#808080", "width": 1, "dash": "dot"}


def _line(name: str, curve: list[FitPrediction], field: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "x": [each.rate_per_s for each in curve],
        "y": [getattr(each, field) for each in curve],
        "mode": "lines",
        "line": {"color": colour, "width": 2},
    }


def _dots(name: str, fit: CapacityFit, field: str, held: bool, colour: str) -> dict[str, Any]:
    points = [point for point in fit.points if point.held_out is held]
    return {
        "type": "scatter",
        "name": f"{name}, {'held out' if held else 'fitted'}",
        "x": [point.rate_per_s for point in points],
        "y": [getattr(point, field) for point in points],
        "mode": "markers",
        "marker": {"size": 9, "color": colour, "symbol": "circle-open" if held else "circle"},
    }
