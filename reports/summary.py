"""A run and a table of proofs on a terminal: at most 100 columns, and plain where it is none."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from squall.reports.units import count, duration, metric, metrics, moment, number, window
from squall.reports.words import WORDS, effects, first_violation, headline, open_questions, worst_first
from squall.scenarios.result import CapacityCurve, CausalStep, ProveRow, RunResult, Verdict

COLUMNS: Final = 100
_NARROW: Final = 20

_STYLES: Final = {Verdict.PASS: "green", Verdict.VIOLATED: "bold red", Verdict.INCONCLUSIVE: "yellow"}
_SPANS: Final = ("order_to_ack", "order_to_fill", "signal_to_wire")
_FLOWS: Final = ("orders", "fills", "messages", "messages_per_order", "orders_per_s")
_ASCII: Final = str.maketrans(
    {"µ": "u", "–": "-", "→": "->", "·": "-", "…": "...", "×": "x", "’": "'", "“": '"', "”": '"', "é": "e"}
)

Cell = str | tuple[str, str]
"""Text, or text with a style."""


def print_summary(result: RunResult, console: Console) -> None:
    """The verdict first; then why, if violated; then promises, faults, figures and the digest."""
    word = WORDS[result.verdict]
    style = _STYLES[result.verdict]
    verdict = f"{_symbol(result.verdict, console)} {word.word.upper()}"
    _put(console, (verdict, f"bold {style}"), f"  {result.scenario}, seed {result.seed}")
    _paragraph(console, headline(result))
    _paragraph(console, f"Proves: {result.proves}", "dim")
    _why(result, console)
    _promises(result, console)
    _faults(result, console)
    _figures(result, console)
    _put(console)
    _put(console, ("Digest  ", "dim"), result.digest)


def prove_table(rows: Sequence[ProveRow], console: Console) -> None:
    """Each protection on and off; a row that proves nothing says what is missing."""
    cells: list[list[Cell]] = [
        [(title, "dim") for title in ("", "protection", "scenario", "on", "off", "broken promise")]
    ]
    for row in rows:
        mark = _symbol(Verdict.PASS if row.ok else Verdict.VIOLATED, console)
        cells.append(
            [
                (mark, _STYLES[Verdict.PASS if row.ok else Verdict.VIOLATED]),
                row.protection,
                row.scenario,
                (_verdict_on(row), _STYLES[row.verdict_on]),
                row.verdict_off.value,
                _proof(row),
            ]
        )
    _table(console, cells)
    fixed: list[list[Cell]] = [[row.protection, ", ".join(row.settings)] for row in rows if row.settings]
    if fixed:
        _heading(console, "Fixed in both arms, since safeguards cover for one another")
        _table(console, fixed)
    proven = sum(row.ok for row in rows)
    _put(console)
    _put(console, f"{proven} of {count(len(rows), 'protection')} proven.")


def capacity_table(curves: Sequence[CapacityCurve], console: Console) -> None:
    """Latency against load, curve by curve, and the load at which each one breaks its SLA."""
    titles = ("orders/s", "done/s", "p50", "p99", "p99 within", "p99.9", "busiest")
    for curve in curves:
        under = f"under {curve.plan}" if curve.plan is not None else "healthy"
        _put(console, (f"{curve.profile}, {under}", "bold"))
        cells: list[list[Cell]] = [[(title, "dim") for title in titles]]
        for point in curve.points:
            broken = point.p99_ns >= curve.sla.limit_ns
            cells.append(
                [
                    number(point.rate_per_s),
                    number(point.throughput_per_s),
                    duration(point.p50_ns),
                    (duration(point.p99_ns), _STYLES[Verdict.VIOLATED] if broken else ""),
                    " – ".join(duration(bound) for bound in point.p99_ci_ns),
                    duration(point.p999_ns),
                    _busiest(point.utilisation),
                ]
            )
        _table(console, cells)
        _paragraph(console, _crossing(curve))
        _put(console)


# --- the parts of a summary ------------------------------------------------------------------------


def _why(result: RunResult, console: Console) -> None:
    broken = first_violation(result)
    if broken is not None:
        _heading(console, "What went wrong first")
        when = f" at {moment(broken.at_ns)}" if broken.at_ns is not None else ""
        record = f", record {number(broken.seq)}" if broken.seq is not None else ""
        _paragraph(console, f"{broken.name} ({broken.kind}) was violated{when}{record}: {broken.detail}", "bold")
    if result.story:
        _table(console, [_step(index, result.story) for index in range(len(result.story))])
    questions = open_questions(result)
    if questions:
        _heading(console, "What stayed open")
        for question in questions:
            _paragraph(console, question)
    if result.verdict is not Verdict.PASS:
        _put(console)
        # On one line whatever the width, so that it can be copied.
        _put(console, ("Replay  ", "dim"), (result.replay_command, "bold"))


def _step(index: int, story: Sequence[CausalStep]) -> list[Cell]:
    step = story[index]
    after = f"+{duration(step.at_ns - story[index - 1].at_ns)}" if index else ""
    return [(f"{index + 1}.", "dim"), (moment(step.at_ns), "dim"), (after, "dim"), step.host, step.words]


def _promises(result: RunResult, console: Console) -> None:
    _heading(console, "Promises")
    cells: list[list[Cell]] = []
    for check in worst_first(result.checks):
        style = _STYLES[check.verdict]
        mark = f"{_symbol(check.verdict, console)} {WORDS[check.verdict].promise}"
        cells.append([(mark, style), check.name, (check.detail, "" if check.verdict is Verdict.VIOLATED else "dim")])
    _table(console, cells or [["none"]])


def _faults(result: RunResult, console: Console) -> None:
    _heading(console, "Faults")
    _table(
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
        _heading(console, "Figures")
    _table(console, [[span.replace("_", " "), "p50 / p99", text] for span, text in spans.items() if text])
    if flows:
        shown = (f"{found.label} {found.value}" for found in metrics(flows))
        _paragraph(console, " · ".join(shown))


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


def _crossing(curve: CapacityCurve) -> str:
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


# --- lines -----------------------------------------------------------------------------------------


def _width(console: Console) -> int:
    """A terminal's own width up to our limit; a file or a pipe has no width, so it gets the limit."""
    return min(COLUMNS, console.width) if console.is_terminal else COLUMNS


def _symbol(verdict: Verdict, console: Console) -> str:
    word = WORDS[verdict]
    return word.ascii if console.options.ascii_only else word.symbol


def _heading(console: Console, text: str) -> None:
    _put(console)
    _put(console, (text, "bold"))


def _paragraph(console: Console, text: str, style: str = "") -> None:
    for line in _wrap(text, _width(console)):
        _put(console, (line, style))


def _table(console: Console, rows: Sequence[Sequence[Cell]]) -> None:
    """Columns as wide as their widest cell; the last one wraps, indented, within what is left of the line."""
    if not rows:
        return
    ahead = [max(len(_text(row[i])) for row in rows) + 2 for i in range(len(rows[0]) - 1)]
    room = _width(console) - sum(ahead)
    for row in rows:
        *first, last = row
        padded: list[Cell] = [
            (_text(cell).ljust(width), _style(cell)) for cell, width in zip(first, ahead, strict=True)
        ]
        indent, lines = sum(ahead), _wrap(_text(last), max(room, _NARROW))
        if room < _NARROW:  # a column of a word a line: the cell goes below the others instead
            indent, lines = 4, ["", *_wrap(_text(last), max(_width(console) - 4, _NARROW))]
        _put(console, *padded, (lines[0], _style(last)))
        for line in lines[1:]:
            _put(console, " " * indent, (line, _style(last)))


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most *width*; identities such as ``pulse-ACME-17`` stay whole where they fit."""
    return wrap(text, width, break_on_hyphens=False) or [""]


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _style(cell: Cell) -> str:
    return "" if isinstance(cell, str) else cell[1]


def _put(console: Console, *parts: Cell) -> None:
    """One line, as it stands: rich neither wraps it nor reads markup into it."""
    line = Text.assemble(*_printable(parts, console))
    line.rstrip()
    console.print(line, soft_wrap=True, highlight=False)


def _printable(parts: Iterable[Cell], console: Console) -> Iterable[Cell]:
    """Without control characters, which could steer a terminal; in ASCII where that is all it knows."""
    for part in parts:
        text = "".join(letter if letter.isprintable() else "?" for letter in _text(part))
        if console.options.ascii_only:
            text = text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
        yield text, _style(part)
