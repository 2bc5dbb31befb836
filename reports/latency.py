"""Panels of the timeline's lower half: latency percentiles on a log axis, and throughput."""

from math import ceil, floor, log10
from typing import Any, Final

from squall.reports.units import SECOND_NS, count, duration, number, window
from squall.scenarios.result import CountSeries, LatencySeries

# Told apart by lightness and by form, not by hue alone; legible on white and on near-black.
PERCENTILES: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("p50", "#0072b2", {"mode": "lines+markers", "line": {"width": 2}, "marker": {"size": 4}}),
    (
        "p99",
        "#d55e00",
        {"mode": "lines+markers", "line": {"width": 1.5}, "marker": {"size": 5, "symbol": "diamond"}},
    ),
    (
        "max",
        "#8c8c8c",
        {"mode": "markers", "marker": {"size": 5, "symbol": "line-ew-open", "line": {"width": 1.5}}},
    ),
)
RATE_COLOUR: Final = "#0072b2"


def latency_traces(series: LatencySeries, until_ns: int) -> list[dict[str, Any]]:
    """One trace a percentile. A bucket without an order is a gap in the line, never a zero."""
    traces = []
    for (name, colour, form), values in zip(PERCENTILES, _percentiles(series), strict=True):
        buckets = [_bucket(i, series.bucket_ns, until_ns) for i in range(len(values))]
        traces.append(
            {
                "type": "scatter",
                "name": name,
                "x": [_middle_s(bucket) for bucket in buckets],
                # A log axis has no zero: what took no time at all is drawn at its lowest, 1 ns.
                "y": [None if value is None else max(value, 1) for value in values],
                "text": [
                    "" if value is None else f"{name} {duration(value)}, {window(*bucket)}"
                    for value, bucket in zip(values, buckets, strict=True)
                ],
                "hoverinfo": "text",
                "connectgaps": False,
                **form,
                "marker": {**form["marker"], "color": colour},
                **({"line": {**form["line"], "color": colour}} if "line" in form else {}),
            }
        )
    return traces[::-1]  # the median on top, where percentiles of few orders coincide


def latency_axis(series: LatencySeries) -> dict[str, Any]:
    """A log axis just around what was seen, labelled at decades, or at 1, 2, 5 where it spans few."""
    seen = [max(value, 1) for values in _percentiles(series) for value in values if value is not None]
    low, high = log10(min(seen, default=1)) - 0.25, log10(max(seen, default=1)) + 0.25
    step = 1 + int(high - low) // 5
    ticks = [10**decade for decade in range(max(ceil(low), 0), floor(high) + 1, step)]
    if len(ticks) < 2:
        ticks = [
            lead * 10**decade
            for decade in range(max(floor(low), 0), ceil(high) + 1)
            for lead in (1, 2, 5)
            if low <= log10(lead * 10**decade) <= high
        ]
    return {
        "type": "log",
        "range": [round(low, 4), round(high, 4)],
        "tickvals": ticks,
        "ticktext": [duration(tick) for tick in ticks],
    }


def rate_trace(series: CountSeries, until_ns: int) -> dict[str, Any]:
    """Counts as rates a second; a last bucket that the run's end cut short counts as short as it was."""
    buckets = [_bucket(i, series.bucket_ns, until_ns) for i in range(len(series.counts))]
    rates = _rates(series, until_ns)
    return {
        "type": "scatter",
        "name": series.name,
        "mode": "lines",
        "fill": "tozeroy",
        "fillcolor": "rgba(0,114,178,0.14)",
        "line": {"width": 1.5, "color": RATE_COLOUR, "shape": "hvh"},
        "x": [_middle_s(bucket) for bucket in buckets],
        "y": rates,
        "text": [
            f"{number(rate)}/s ({count(n, 'time')}, {window(*bucket)})"
            for rate, n, bucket in zip(rates, series.counts, buckets, strict=True)
        ],
        "hoverinfo": "text",
    }


def rate_axis(series: CountSeries, until_ns: int) -> dict[str, Any]:
    """From zero to a round figure above the highest rate, and only those two are labelled."""
    top = _round_up(max(_rates(series, until_ns), default=0))
    return {
        "type": "linear",
        "range": [0, top * 1.05],
        "tickvals": [0, top],
        "ticktext": ["0", f"{number(top)}/s"],
    }


def _percentiles(series: LatencySeries) -> tuple[tuple[int | None, ...], ...]:
    return series.p50_ns, series.p99_ns, series.max_ns


def _rates(series: CountSeries, until_ns: int) -> list[float]:
    rates = []
    for index, counted in enumerate(series.counts):
        start_ns, end_ns = _bucket(index, series.bucket_ns, until_ns)
        rates.append(round(counted * SECOND_NS / (end_ns - start_ns), 3))
    return rates


def _bucket(index: int, bucket_ns: int, until_ns: int) -> tuple[int, int]:
    start_ns = index * bucket_ns
    end_ns = start_ns + bucket_ns
    return start_ns, min(end_ns, until_ns) if until_ns > start_ns else end_ns


def _middle_s(bucket: tuple[int, int]) -> float:
    return (bucket[0] + bucket[1]) / (2 * SECOND_NS)


def _round_up(value: float) -> float | int:
    """The next of 1, 2, 5, 10, 20, 50, …"""
    if value <= 0:
        return 1
    decade = 10.0 ** floor(log10(value))
    top = next((step * decade for step in (1, 2, 5) if step * decade >= value), 10 * decade)
    return round(top) if top >= 1 else top
