"""The timeline: states, latency and throughput over one axis of virtual time, faults shaded across all."""

from html import escape
from typing import Any, Final

from msgspec import Struct

from squall.reports.latency import PERCENTILES, latency_axis, latency_traces, rate_axis, rate_trace
from squall.reports.units import SECOND_NS, duration, moment, window
from squall.scenarios.result import FaultResult, Lane, RunResult, Verdict

Figure = dict[str, Any]
"""A plotly figure as plain data: data, layout, config."""

# After Okabe and Ito: apart for every common kind of colour vision, and in grey. The pattern says it again.
TONES: Final = {
    "good": {"fill": "#1f8275", "text": "#ffffff", "pattern": ""},
    "warn": {"fill": "#e9b44c", "text": "#1f1f1f", "pattern": "."},
    "bad": {"fill": "#c1440e", "text": "#ffffff", "pattern": "/"},
    "idle": {"fill": "#a7adb5", "text": "#1f1f1f", "pattern": ""},
}
FAULT_FILL: Final = "rgba(124,77,160,0.13)"
FAULT_EDGE: Final = "rgba(124,77,160,0.65)"
FAULT_TEXT: Final = "#9467bd"
INK: Final = "#1b1f24"
"""The page's style sheet finds the titles by this colour, to lighten them in the dark."""
VIOLATION: Final = "#c1440e"

_LANE_PX: Final = 28
_LATENCY_PX: Final = 140
_RATE_PX: Final = 64
_EMPTY_PX: Final = 20
_GAP_PX: Final = 34
_LABEL_PX: Final = 17
_BOTTOM_PX: Final = 46
_LEFT_PX_MIN: Final = 96
_WIDTH_PX: Final = 600
"""The plot's width on paper, where it is least: the labels of faults stay apart at this width and above."""
_LETTER_PX: Final = 6.6
_LANE_LETTERS: Final = 30
"""A longer name of a lane is cut; the pointer shows it whole."""


class Label(Struct, frozen=True):
    """A fault's label above the plot: in which row, and whether it *ends* at its window's end."""

    text: str
    row: int
    x_ns: int
    ends: bool


class _Panel(Struct, frozen=True):
    title: str
    height_px: int
    axis: dict[str, Any]
    traces: list[dict[str, Any]]
    """Without their y axis."""
    keys: bool = False
    """Whether the title explains the percentiles' colours."""


def timeline(result: RunResult) -> Figure:
    """The whole figure. It is plain data, the same for the same result."""
    panels = _panels(result)
    labels = fault_labels(result.faults, result.virtual_ns)
    rows = 1 + max((label.row for label in labels), default=-1)
    broken_ns = _first_violation_ns(result)
    top_px = 24 + _LABEL_PX * (rows + (broken_ns is not None))
    plot_px = sum(panel.height_px for panel in panels) + _GAP_PX * (len(panels) - 1)
    layout: dict[str, Any] = {
        "height": top_px + plot_px + _BOTTOM_PX,
        "margin": {"l": _left_px(result.lanes), "r": 20, "t": top_px, "b": _BOTTOM_PX},
        "font": {"family": "system-ui, sans-serif", "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "barmode": "overlay",
        "uniformtext": {"mode": "hide", "minsize": 10},
        "hovermode": "closest",
        "hoverdistance": 30,
        "dragmode": "zoom",
        "shapes": _shapes(result, broken_ns),
        "annotations": _fault_annotations(labels) + _violation_annotation(broken_ns, rows),
        "xaxis": {
            "range": [0, max(result.virtual_ns, 1) / SECOND_NS],
            "anchor": _axis(len(panels) - 1),
            "title": {"text": "virtual time, seconds", "standoff": 8},
            "zeroline": False,
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": "#8c8c8c",
        },
    }
    data: list[dict[str, Any]] = []
    below_px = plot_px
    for index, panel in enumerate(panels):
        top, bottom = below_px / plot_px, (below_px - panel.height_px) / plot_px
        below_px -= panel.height_px + _GAP_PX
        axis = _axis(index)
        layout["yaxis" + axis[1:]] = {
            "domain": [round(max(bottom, 0.0), 6), round(top, 6)],
            "zeroline": False,
            "fixedrange": True,
            "automargin": False,
            "ticklabelstandoff": 4,
            **panel.axis,
        }
        layout["annotations"].append(_title(panel, top))
        data += [{**trace, "yaxis": axis} for trace in panel.traces]
    config = {"displaylogo": False, "responsive": True, "displayModeBar": False}
    return {"data": data, "layout": layout, "config": config}


def _axis(index: int) -> str:
    return "y" if index == 0 else f"y{index + 1}"


def _panels(result: RunResult) -> list[_Panel]:
    until_ns = result.virtual_ns
    panels = [_lane_panel(result.lanes)] if result.lanes else []
    for latency in result.latencies:
        words = latency.metric.removesuffix("_ns").replace("_", " ")
        if not any(value is not None for value in latency.max_ns):
            panels.append(_empty(f"{words}: nothing was measured"))
            continue
        traces = latency_traces(latency, until_ns)
        panels.append(_Panel(words, _LATENCY_PX, latency_axis(latency), traces, keys=True))
    for series in result.counts:
        name = series.name.replace("_", " ")
        if not series.counts:
            panels.append(_empty(f"{name}: nothing was counted"))
            continue
        trace = rate_trace(series, until_ns)
        panels.append(_Panel(f"{name} per second", _RATE_PX, rate_axis(series, until_ns), [trace]))
    return panels or [_empty("nothing was recorded over time")]


def _empty(title: str) -> _Panel:
    return _Panel(title, _EMPTY_PX, {"range": [0, 1], "tickvals": []}, [])


# --- lanes -----------------------------------------------------------------------------------------


def _lane_panel(lanes: tuple[Lane, ...]) -> _Panel:
    """Lanes from top to bottom in the order given; one trace a tone, for its colour and pattern."""
    traces = [trace for tone in TONES if (trace := _tone_trace(lanes, tone))]
    axis = {
        "range": [len(lanes) - 0.5, -0.5],
        "tickvals": list(range(len(lanes))),
        "ticktext": [escape(_cut(lane.name), quote=False) for lane in lanes],
        "showgrid": False,
    }
    return _Panel("state", _LANE_PX * len(lanes), axis, traces)


def _left_px(lanes: tuple[Lane, ...]) -> int:
    letters = max((len(_cut(lane.name)) for lane in lanes), default=0)
    return max(_LEFT_PX_MIN, 20 + round(_LETTER_PX * letters))


def _cut(name: str) -> str:
    return name if len(name) <= _LANE_LETTERS else name[: _LANE_LETTERS - 1] + "…"


def _tone_trace(lanes: tuple[Lane, ...], tone: str) -> dict[str, Any] | None:
    spans = [(row, lane, span) for row, lane in enumerate(lanes) for span in lane.spans if _tone(span.tone) == tone]
    if not spans:
        return None
    look = TONES[tone]
    return {
        "type": "bar",
        "orientation": "h",
        "name": tone,
        "y": [row for row, _, _ in spans],
        "width": 0.78,  # or plotly takes it from the distance between this trace's rows
        "base": [span.start_ns / SECOND_NS for _, _, span in spans],
        "x": [(span.end_ns - span.start_ns) / SECOND_NS for _, _, span in spans],
        "text": [escape(span.state, quote=False) for _, _, span in spans],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "textfont": {"color": look["text"], "size": 11},
        "hovertext": [
            escape(
                f"{lane.name}: {span.state}, {window(span.start_ns, span.end_ns)}"
                f" ({duration(span.end_ns - span.start_ns)})",
                quote=False,
            )
            for _, lane, span in spans
        ],
        "hoverinfo": "text",
        "marker": {
            "color": look["fill"],
            "pattern": {
                "shape": look["pattern"],
                "size": 6,
                "solidity": 0.2,
                "bgcolor": look["fill"],
                "fgcolor": "rgba(255,255,255,0.4)",
            },
            "line": {"width": 0.5, "color": "rgba(255,255,255,0.8)"},
        },
    }


def _tone(tone: str) -> str:
    return tone if tone in TONES else "idle"


# --- faults and the violation ----------------------------------------------------------------------


def fault_tag(index: int) -> str:
    """How a fault is called in the figure and in its table: F1, F2, …"""
    return f"F{index + 1}"


def fault_labels(faults: tuple[FaultResult, ...], virtual_ns: int) -> list[Label]:
    """Each fault's label in the first row where it covers no other."""
    px_per_ns = _WIDTH_PX / max(virtual_ns, 1)
    rows: list[list[tuple[float, float]]] = []
    labels = []
    for index, fault in enumerate(faults):
        text = f"{fault_tag(index)} {fault.kind} · {fault.target}"
        width_px = _LETTER_PX * len(text) + 8
        left_px = fault.start_ns * px_per_ns
        ends = left_px + width_px > _WIDTH_PX and left_px > _WIDTH_PX / 2
        if ends:
            left_px = min(fault.end_ns * px_per_ns, _WIDTH_PX) - width_px
        row = next((i for i, taken in enumerate(rows) if _free(taken, left_px, width_px)), len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append((left_px, left_px + width_px))
        labels.append(Label(text, row, min(fault.end_ns, virtual_ns) if ends else fault.start_ns, ends))
    return labels


def _free(taken: list[tuple[float, float]], left_px: float, width_px: float) -> bool:
    return all(left_px >= end or left_px + width_px <= start for start, end in taken)


def _fault_annotations(labels: list[Label]) -> list[dict[str, Any]]:
    return [
        {
            "text": escape(label.text, quote=False),
            "x": label.x_ns / SECOND_NS,
            "xref": "x",
            "xanchor": "right" if label.ends else "left",
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "yshift": 20 + _LABEL_PX * label.row,
            "showarrow": False,
            "font": {"size": 11, "color": FAULT_TEXT},
        }
        for label in labels
    ]


def _shapes(result: RunResult, broken_ns: int | None) -> list[dict[str, Any]]:
    """Windows as shaded bands under everything else; what has no length, and the violation, as lines."""
    shapes: list[dict[str, Any]] = []
    for fault in result.faults:
        start_s, end_s = fault.start_ns / SECOND_NS, fault.end_ns / SECOND_NS
        if fault.end_ns > fault.start_ns:
            band = {"fillcolor": FAULT_FILL, "line": {"width": 0}}
            shapes.append({"type": "rect", "x0": start_s, "x1": end_s, **_ACROSS, **band})
        shapes.append(_upright(start_s, FAULT_EDGE, "solid"))
        if fault.end_ns > fault.start_ns:
            shapes.append(_upright(end_s, FAULT_EDGE, "dot"))
    if broken_ns is not None:
        shapes.append({**_upright(broken_ns / SECOND_NS, VIOLATION, "solid", 2), "layer": "above"})
    return shapes


_ACROSS: Final = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}


def _upright(at_s: float, colour: str, dash: str, width: float = 1) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": at_s,
        "x1": at_s,
        **_ACROSS,
        "line": {"width": width, "color": colour, "dash": dash},
    }


def _first_violation_ns(result: RunResult) -> int | None:
    times = [c.at_ns for c in result.checks if c.verdict is Verdict.VIOLATED and c.at_ns is not None]
    return min(times, default=None)


def _violation_annotation(broken_ns: int | None, rows: int) -> list[dict[str, Any]]:
    if broken_ns is None:
        return []
    return [
        {
            "text": f"✖ first violation, {moment(broken_ns)}",
            "x": broken_ns / SECOND_NS,
            "xref": "x",
            "xanchor": "auto",
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "yshift": 20 + _LABEL_PX * rows,
            "showarrow": False,
            "font": {"size": 11, "color": VIOLATION},
        }
    ]


# --- titles ----------------------------------------------------------------------------------------


def _title(panel: _Panel, top: float) -> dict[str, Any]:
    text = f"<b>{escape(panel.title, quote=False)}</b>"
    if panel.keys:
        keys = {"p50": "●─", "p99": "◆─", "max": "–"}
        text += "".join(
            f'   <span style="color:{colour}">{keys[name]} {name}</span>' for name, colour, _ in PERCENTILES
        )
    return {
        "text": text,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": round(top, 6),
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 1,
        "showarrow": False,
        "font": {"size": 12, "color": INK},
    }
