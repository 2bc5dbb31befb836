"""What plots of latency against load have in common: colours, a log axis in units of time, the limits across."""

import json
from collections.abc import Sequence
from math import log10
from typing import Any, Final

from squall.reports.units import duration
from squall.scenarios.result import CapacityCurve

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
TICKS_NS: Final = [digit * 10**power for power in range(2, 10) for digit in (1, 2, 5)]
"""Where the log axis of latencies is labelled: 100 ns to 5 s."""
LIMIT: Final = {"color": "#c00000", "width": 1.5, "dash": "dash"}
LAYOUT: Final = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": "#808080"},
    "margin": {"t": 20, "r": 20},
    "legend": {"orientation": "h", "y": -0.2},
}


def limits(curves: Sequence[CapacityCurve]) -> list[int]:
    """What the curves are to stay below, in ns."""
    return sorted({curve.sla.limit_ns for curve in curves})


def latency_layout(title: str, limits_ns: Sequence[int]) -> dict[str, Any]:
    """Load along, latency up on a log axis, and each limit as a line across with its name."""
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "line": LIMIT}
    note = {"xref": "paper", "x": 0.01, "yanchor": "bottom", "showarrow": False}
    return {
        "xaxis": {"title": {"text": "orders a second"}, "rangemode": "tozero"},
        "yaxis": {
            "title": {"text": title},
            "type": "log",
            "tickvals": TICKS_NS,
            "ticktext": [duration(ns) for ns in TICKS_NS],
        },
        "shapes": [across | {"y0": ns, "y1": ns} for ns in limits_ns],
        "annotations": [note | {"y": log10(ns), "text": f"SLA {duration(ns)}"} for ns in limits_ns],
        **LAYOUT,
    }


def script_json(figure: dict[str, Any]) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(figure, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
