"""One self-contained HTML page of one run, byte-identical for the same result."""

import json
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct
from plotly.offline import get_plotlyjs

from squall.reports.flow import FlowRow, caption, rows, sankey
from squall.reports.timeline import fault_tag, timeline
from squall.reports.units import count, duration, metrics, moment, number, window
from squall.reports.words import WORDS, effects, headline, open_questions, told_violation, what_went_wrong, worst_first
from squall.scenarios.result import CausalStep, FaultResult, FlowChart, Lane, RunResult

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("squall.reports", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters |= {"moment": moment, "duration": duration, "count": count}


class _Step(Struct, frozen=True):
    """One link of the causal chain; *after* is the time since the link before it, empty for the first."""

    at: str
    after: str
    host: str
    words: str
    seq: int


class _FaultRow(Struct, frozen=True):
    tag: str
    kind: str
    target: str
    window: str
    lasted: str
    effects: str
    touched: bool


class _SpanRow(Struct, frozen=True):
    lane: str
    state: str
    tone: str
    window: str


class _Flow(Struct, frozen=True):
    """The Sankey chart, as JSON for its script, and what stands beside it."""

    caption: str
    figure: str
    rows: tuple[FlowRow, ...]
    sankey: str


class _MetricTable(Struct, frozen=True):
    """Spans of the order's way against statistics; a cell is empty where a span lacks one."""

    statistics: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def write_html(result: RunResult, path: Path | str) -> None:
    """Write the page. It is rendered before the file is opened; an `OSError` is the caller's to explain."""
    page = render_html(result)
    Path(path).write_text(page, encoding="utf-8", newline="\n")


def render_html(result: RunResult) -> str:
    """The page as text. It holds neither a time of day nor `wall_s`, so that equal runs give equal bytes."""
    spans, others = _metric_tables(result.metrics)
    return _ENVIRONMENT.get_template("report.html.j2").render(
        result=result,
        word=WORDS[result.verdict],
        headline=headline(result),
        went_wrong=what_went_wrong(result),
        broken=told_violation(result),
        questions=open_questions(result),
        story=_steps(result.story),
        checks=[(check, WORDS[check.verdict]) for check in worst_first(result.checks)],
        timed=any(check.at_ns is not None for check in result.checks),
        faults=[_fault_row(index, fault) for index, fault in enumerate(result.faults)],
        spans=spans,
        others=others,
        lanes=_span_rows(result.lanes),
        versions=sorted(result.versions.items()),
        figure=_script_json(timeline(result)),
        flow=_flow(result.flow) if result.flow is not None else None,
        plotly=get_plotlyjs(),
        number=number,
    )


def _flow(chart: FlowChart) -> _Flow:
    return _Flow(caption(chart), chart.figure or "", tuple(rows(chart)), _script_json(sankey(chart)))


def _steps(story: tuple[CausalStep, ...]) -> list[_Step]:
    steps = []
    for index, step in enumerate(story):
        after = f"+{duration(step.at_ns - story[index - 1].at_ns)}" if index else ""
        steps.append(_Step(moment(step.at_ns), after, step.host, step.words, step.seq))
    return steps


def _fault_row(index: int, fault: FaultResult) -> _FaultRow:
    return _FaultRow(
        tag=fault_tag(index),
        kind=fault.kind,
        target=fault.target,
        window=window(fault.start_ns, fault.end_ns),
        lasted=duration(fault.end_ns - fault.start_ns) if fault.end_ns > fault.start_ns else "–",
        effects=effects(fault),
        touched=fault.effects > 0,
    )


def _span_rows(lanes: tuple[Lane, ...]) -> list[_SpanRow]:
    return [
        _SpanRow(lane.name, span.state, span.tone, window(span.start_ns, span.end_ns))
        for lane in lanes
        for span in lane.spans
    ]


def _metric_tables(values: dict[str, Any]) -> tuple[_MetricTable, list[tuple[str, list[tuple[str, str]]]]]:
    """Latencies as a table of spans by statistics; all else as lists under their first words."""
    spans: dict[str, dict[str, str]] = {}
    lists: dict[str, list[tuple[str, str]]] = {}
    for metric in metrics(values):
        if metric.statistic:
            spans.setdefault(metric.group, {})[metric.label] = metric.value
        else:
            lists.setdefault(metric.group, []).append((metric.label, metric.value))
    statistics = tuple(dict.fromkeys(label for cells in spans.values() for label in cells))
    rows = tuple((span, tuple(cells.get(s, "") for s in statistics)) for span, cells in spans.items())
    # A group of one needs no heading of its own.
    single = [entry for entries in lists.values() if len(entries) == 1 for entry in entries]
    others = [(group, entries) for group, entries in lists.items() if len(entries) > 1]
    return _MetricTable(statistics, rows), others + ([("other", single)] if single else [])


def _script_json(figure: dict[str, Any]) -> str:
    """JSON that may stand inside a script element: no text of a run can end the element or open a comment."""
    text = json.dumps(figure, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
