"""A run and a table of proofs on a terminal: at most 100 columns, and plain where it is none."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

from squall.reports.flow import flow_table
from squall.reports.lines import STYLES, Cell, heading, paragraph, put, symbol, table
from squall.reports.units import count, duration, metric, metrics, moment, number, window
from squall.reports.words import WORDS, effects, headline, open_questions, told_violation, what_went_wrong, worst_first
from squall.scenarios.result import CapacityCurve, CausalStep, DrawnCurve, FigureErrors, ProveRow, RunResult, Verdict

_SPANS: Final = ("order_to_ack", "order_to_fill", "signal_to_wire")
_FLOWS: Final = ("orders", "fills", "messages", "messages_per_order", "orders_per_s")


def print_summary(result: RunResult, console: Console) -> None:
    """The verdict first; then why, if violated; then promises, faults, figures and the digest."""
    word = WORDS[result.verdict]
    style = STYLES[result.verdict]
    verdict = f"{symbol(result.verdict, console)} {word.word.upper()}"
    put(console, (verdict, f"bold {style}"), f"  {result.scenario}, seed {result.seed}")
    paragraph(console, headline(result))
    if result.proves:
        paragraph(console, f"Proves: {result.proves}", "dim")
    _why(result, console)
    _promises(result, console)
    _faults(result, console)
    _figures(result, console)
    if result.flow is not None:
        flow_table(result.flow, console)
    put(console)
    put(console, ("Digest  ", "dim"), result.digest)


def prove_table(rows: Sequence[ProveRow], console: Console) -> None:
    """Each protection on and off; a row that proves nothing says what is missing."""
    cells: list[list[Cell]] = [
        [(title, "dim") for title in ("", "protection", "scenario", "on", "off", "broken promise")]
    ]
    for row in rows:
        mark = symbol(Verdict.PASS if row.ok else Verdict.VIOLATED, console)
        cells.append(
            [
                (mark, STYLES[Verdict.PASS if row.ok else Verdict.VIOLATED]),
                row.protection,
                row.scenario,
                (_verdict_on(row), STYLES[row.verdict_on]),
                row.verdict_off.value,
                _proof(row),
            ]
        )
    table(console, cells)
    fixed: list[list[Cell]] = [[row.protection, ", ".join(row.settings)] for row in rows if row.settings]
    if fixed:
        heading(console, "Fixed in both arms, since safeguards cover for one another")
        table(console, fixed)
    proven = sum(row.ok for row in rows)
    put(console)
    put(console, f"{proven} of {count(len(rows), 'protection')} proven.")


def capacity_table(curves: Sequence[CapacityCurve], console: Console) -> None:
    """Latency against load, curve by curve, and the load at which each one breaks its SLA."""
    titles = ("orders/s", "done/s", "p50", "p99", "p99 within", "p99.9", "busiest")
    for curve in curves:
        under = f"under {curve.plan}" if curve.plan is not None else "healthy"
        put(console, (f"{curve.profile}, {under}", "bold"))
        cells: list[list[Cell]] = [[(title, "dim") for title in titles]]
        for point in curve.points:
            broken = point.p99_ns >= curve.sla.limit_ns
            cells.append(
                [
                    number(point.rate_per_s),
                    number(point.throughput_per_s),
                    duration(point.p50_ns),
                    (duration(point.p99_ns), STYLES[Verdict.VIOLATED] if broken else ""),
                    " – ".join(duration(bound) for bound in point.p99_ci_ns),
                    duration(point.p999_ns),
                    _busiest(point.utilisation),
                ]
            )
        table(console, cells)
        paragraph(console, crossing_words(curve))
        put(console)


def figure_table(drawn: Sequence[DrawnCurve], errors: FigureErrors, console: Console) -> None:
    """Ours beside the chapter's figure 10.3, point by point, and where each curve crosses 100 µs."""
    heading(console, "Beside the chapter's figure 10.3")
    rates = [rate for rate, _ in drawn[0].points]
    rows: list[list[Cell]] = [[("here / drawn, µs", "dim"), *((number(rate), "dim") for rate in rates)]]
    for curve in drawn:
        pairs = zip(curve.points, curve.ours_ns, strict=True)
        rows.append([curve.profile, *(f"{ours / 1_000:.0f} / {ns / 1_000:.0f}" for (_, ns), ours in pairs)])
    table(console, rows)
    held_out = ", ".join(number(rate) for rate in drawn[0].held_out)
    paragraph(
        console,
        f"Off by {errors.median:.0%} in the median and by {errors.largest:.0%} at most; where nothing was fitted "
        f"({held_out}), by {errors.held_out:.0%} in the median.",
    )
    for curve in drawn:
        paragraph(
            console,
            f"{curve.profile}: the text has 100 µs at {number(curve.text_per_s)} orders/s; its curve crosses at "
            f"{number(curve.crossing_linear_per_s)}, or {number(curve.crossing_log_per_s)} on a log axis.",
        )


# --- the parts of a summary ------------------------------------------------------------------------


def _why(result: RunResult, console: Console) -> None:
    broken = told_violation(result)
    if broken is not None:
        heading(console, what_went_wrong(result))
        when = f" at {moment(broken.at_ns)}" if broken.at_ns is not None else ""
        record = f", record {number(broken.seq)}" if broken.seq is not None else ""
        paragraph(console, f"{broken.name} ({broken.kind}) was violated{when}{record}: {broken.detail}", "bold")
    if result.story:
        table(console, [_step(index, result.story) for index in range(len(result.story))])
    questions = open_questions(result)
    if questions:
        heading(console, "What stayed open")
        for question in questions:
            paragraph(console, question)
    if result.verdict is not Verdict.PASS:
        put(console)
        # On one line whatever the width, so that it can be copied.
        put(console, ("Replay  ", "dim"), (result.replay_command, "bold"))


def _step(index: int, story: Sequence[CausalStep]) -> list[Cell]:
    step = story[index]
    after = f"+{duration(step.at_ns - story[index - 1].at_ns)}" if index else ""
    return [(f"{index + 1}.", "dim"), (moment(step.at_ns), "dim"), (after, "dim"), step.host, step.words]


def _promises(result: RunResult, console: Console) -> None:
    heading(console, "Promises")
    cells: list[list[Cell]] = []
    for check in worst_first(result.checks):
        style = STYLES[check.verdict]
        mark = f"{symbol(check.verdict, console)} {WORDS[check.verdict].promise}"
        cells.append([(mark, style), check.name, (check.detail, "" if check.verdict is Verdict.VIOLATED else "dim")])
    table(console, cells or [["none"]])


def _faults(result: RunResult, console: Console) -> None:
    heading(console, "Faults")
    table(
        console,
        [
            [
                fault.kind,
                fault.target,
                window(fault.start_ns, fault.end_ns),
                (effects(fault), "" if fault.effects else "yellow"),
            ]
            for fault in result.faults
        ]
        or [["none"]],
    )


def _figures(result: RunResult, console: Console) -> None:
    spans = {span: _percentiles(result.metrics, span) for span in _SPANS}
    flows: dict[str, Any] = {name: result.metrics[name] for name in _FLOWS if name in result.metrics}
    if any(spans.values()) or flows:
        heading(console, "Figures")
    table(console, [[span.replace("_", " "), "p50 / p99", text] for span, text in spans.items() if text])
    if flows:
        shown = (f"{found.label} {found.value}" for found in metrics(flows))
        paragraph(console, " · ".join(shown))


def _percentiles(values: dict[str, Any], span: str) -> str:
    names = (f"{span}_p50_ns", f"{span}_p99_ns")
    if not any(name in values for name in names):
        return ""
    return " / ".join(found.value for found in metrics({name: values.get(name) for name in names}))


def _verdict_on(row: ProveRow) -> str:
    return row.verdict_on.value if row.acted else f"{row.verdict_on.value}, idle"


def _proof(row: ProveRow) -> str:
    text = row.promise
    if row.violated_by is None:
        text += ": not broken without it"
    elif row.violated_by != row.promise:
        text += f": broken was {row.violated_by} instead"
    return text if row.acted else f"{text}; never seen to act"


def _busiest(utilisation: dict[str, float]) -> str:
    if not utilisation:
        return "–"
    name = max(utilisation, key=lambda name: utilisation[name])
    return f"{name} {utilisation[name]:.0%}"


def crossing_words(curve: CapacityCurve) -> str:
    """Where this curve ends to keep its SLA, in words; also where it never does, or always."""
    sla = curve.sla
    limit = f"{metric(sla.metric, sla.limit_ns).group} {metric(sla.metric, 0).label} < {duration(sla.limit_ns)}"
    if sla.crossing_per_s is None:
        broken = sum(point.p99_ns >= sla.limit_ns for point in curve.points)
        if not broken:
            return f"SLA {limit}: kept at every rate tried."
        # Broken, and no crossing: the curve began above the limit, whatever it did later.
        first = number(curve.points[0].rate_per_s)
        tried = count(len(curve.points), "rate")
        return f"SLA {limit}: broken at the first rate already, {first} orders/s, and at {broken} of {tried} tried."
    between = ""
    if sla.crossing_ci_per_s is not None:
        between = f" (between {' and '.join(number(bound) for bound in sla.crossing_ci_per_s)})"
    return f"SLA {limit}: broken from {number(sla.crossing_per_s)} orders/s{between}."
