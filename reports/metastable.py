"""Whether a desk comes back, load by load: a table, a page with the regions marked, CSV."""

import csv
import io
from itertools import pairwise
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs
from rich.console import Console

from squall.reports.lines import STYLES, Cell, heading, paragraph, table
from squall.reports.load_plot import COLOURS, LAYOUT, latency_layout, script_json
from squall.reports.units import duration, number
from squall.scenarios.result import Metastable, MetastablePoint, Region, Verdict

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("squall.reports", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
COLUMNS: Final = (
    *("rate_per_s", "region", "in_time_before", "in_time_after", "sends_per_order_after", "p99_before_ns"),
    *("p99_after_ns", "recovered_after_ns"),
)
TITLES: Final = ("orders/s", "region", "in time, before and in the end", "sends", "p99, likewise", "back after")
SHADES: Final = {Region.STABLE: "#3f8f6a", Region.VULNERABLE: "#e6a23c", Region.OVERLOADED: "#c0603a"}
MARKS: Final = {
    Region.STABLE: Verdict.PASS,
    Region.VULNERABLE: Verdict.INCONCLUSIVE,
    Region.OVERLOADED: Verdict.VIOLATED,
}
NEVER_NS: Final = 3_600_000_000_000
"""What an order counts that never reached the wire; it is not drawn."""


def metastable_json(found: Metastable) -> dict[str, Any]:
    """The study, with the lowest loads of each region; null where no load tried is in it."""
    firsts = {f"{region.value}_from_per_s": found.first(region) for region in (Region.VULNERABLE, Region.OVERLOADED)}
    return {"schema": 1, "metastable": found, **firsts}


def metastable_csv(found: Metastable) -> str:
    """A line a load."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in found.points:
        back = "" if point.recovered_after_ns is None else point.recovered_after_ns
        writer.writerow(
            (
                *(point.rate_per_s, point.region.value, point.in_time_before, point.in_time_after),
                *(point.sends_per_order_after, point.p99_before_ns, point.p99_after_ns, back),
            )
        )
    return out.getvalue()


def metastable_table(found: Metastable, console: Console) -> None:
    """Load by load, and where the regions begin."""
    heading(console, f"{found.profile}: {found.trigger}")
    paragraph(console, trial_words(found), "dim")
    cells: list[list[Cell]] = [[(title, "dim") for title in TITLES]]
    for point in found.points:
        first, region, *rest = _cells(point)
        cells.append([first, (region, STYLES[MARKS[point.region]]), *rest])
    table(console, cells)
    paragraph(console, region_words(found))


def _cells(point: MetastablePoint) -> list[str]:
    back = "never" if point.recovered_after_ns is None else duration(point.recovered_after_ns)
    return [
        number(point.rate_per_s),
        point.region.value,
        f"{point.in_time_before:.1%}, {point.in_time_after:.1%}",
        f"{point.sends_per_order_after:.2f}",
        f"{_latency(point.p99_before_ns)}, {_latency(point.p99_after_ns)}",
        "–" if point.region is Region.OVERLOADED else back,
    ]


def _latency(ns: int) -> str:
    return "never" if ns >= NEVER_NS else duration(ns)


def trial_words(found: Metastable) -> str:
    """What every load goes through."""
    timeout = duration(found.timeout_ns)
    repeats = f"An order that is not on the wire after {timeout} is sent again, {found.retries} times at most"
    if not found.retries:
        repeats = f"Nothing is repeated; in time is within {timeout}"
    guards = []
    if found.budget_percent is not None:
        guards.append(f"repeats are at most {found.budget_percent} % of first sends")
    if found.most_inside is not None:
        guards.append(f"what comes while {number(found.most_inside)} are in the desk is turned away")
    guarded = f"; {'; '.join(guards)}" if guards else ""
    return (
        f"{repeats}{guarded}. Once the trigger is gone the desk has {duration(found.within_ns)} to come back: to have "
        "99 of 100 orders on the wire before their first time-out. The worst of "
        f"{found.replications} replications counts."
    )


def region_words(found: Metastable) -> str:
    """Where the desk may stay down."""
    vulnerable, overloaded = found.first(Region.VULNERABLE), found.first(Region.OVERLOADED)
    tried = f"{number(found.points[-1].rate_per_s)} orders/s"
    if len(found.points) > 1:
        tried = f"{number(found.points[0].rate_per_s)} to {tried}"
    if vulnerable is None and overloaded is None:
        return f"It comes back at every load tried, {tried}."
    words = []
    if vulnerable is not None:
        words.append(
            f"Metastable from {number(vulnerable)} orders/s on: there it is sound, and stays down once triggered"
        )
    else:
        words.append("No load tried is metastable")
    if overloaded is not None:
        words.append(f"from {number(overloaded)} on it is overloaded without any trigger")
    return f"{'; '.join(words)}. Tried: {tried}."


def render_metastable(found: Metastable) -> str:
    """The page; equal studies give equal bytes."""
    return _ENVIRONMENT.get_template("metastable.html.j2").render(
        found=found,
        trial=trial_words(found),
        words=region_words(found),
        titles=TITLES,
        rows=[_cells(point) for point in found.points],
        shades=[(region.value, SHADES[region]) for region in Region],
        latency=script_json(latency_figure(found)),
        course=script_json(course_figure(found)),
        plotly=get_plotlyjs(),
    )


def regions(found: Metastable) -> list[tuple[Region, float, float]]:
    """Neighbouring loads of one region, each load as wide as half the way to its neighbours."""
    rates = [point.rate_per_s for point in found.points]
    middles = [(low + high) / 2 for low, high in pairwise(rates)]
    edges = [rates[0], *middles, rates[-1]]
    spans: list[tuple[Region, float, float]] = []
    for point, low, high in zip(found.points, edges, edges[1:], strict=False):
        if spans and spans[-1][0] is point.region:
            spans[-1] = (point.region, spans[-1][1], high)
        else:
            spans.append((point.region, low, high))
    return spans


def latency_figure(found: Metastable) -> dict[str, Any]:
    """p99 over load, before the trigger and at the end; the regions shaded."""
    layout = latency_layout("signal to wire, p99", [])
    shapes = [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": low,
            "x1": high,
            "y0": 0,
            "y1": 1,
            "fillcolor": SHADES[region],
            "opacity": 0.18,
            "line": {"width": 0},
            "layer": "below",
        }
        for region, low, high in regions(found)
    ]
    traces = []
    for name, colour, of in (
        ("before the trigger", COLOURS[0], "p99_before_ns"),
        ("at the end", COLOURS[1], "p99_after_ns"),
    ):
        values = [getattr(point, of) for point in found.points]
        traces.append(
            {
                "type": "scatter",
                "name": name,
                "x": [point.rate_per_s for point in found.points],
                "y": [max(ns, 1) if ns < NEVER_NS else None for ns in values],
                "text": [_latency(ns) for ns in values],
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2},
            }
        )
    return {"data": traces, "layout": {**layout, "shapes": shapes}}


def course_figure(found: Metastable) -> dict[str, Any]:
    """The share of orders in time over time, a line a load; the trigger shaded."""
    traces = [
        {
            "type": "scatter",
            "name": f"{number(point.rate_per_s)} orders/s, {point.region.value}",
            "x": [window.start_ns / 1e9 for window in point.windows],
            "y": [100 * window.in_time for window in point.windows],
            "mode": "lines",
            "line": {"color": COLOURS[index % len(COLOURS)], "width": 2, "shape": "hv"},
        }
        for index, point in enumerate(found.points)
    ]
    start_s, end_s = found.trigger_start_ns / 1e9, found.trigger_end_ns / 1e9
    trigger = {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": start_s,
        "x1": end_s,
        "y0": 0,
        "y1": 1,
        "fillcolor": "#7c4da0",
        "opacity": 0.3,
        "line": {"width": 0},
        "layer": "below",
    }
    layout = {
        "xaxis": {"title": {"text": "seconds of load"}},
        "yaxis": {"title": {"text": "% on the wire before the first time-out"}, "range": [-3, 103]},
        "shapes": [trigger],
        **LAYOUT,
    }
    return {"data": traces, "layout": layout}
