"""Two runs of one seed beside each other: what each came to, and the orders that fared differently."""

from typing import Any, Final

import msgspec
from rich.console import Console

from squall.reports.lines import STYLES, Cell, heading, paragraph, put, symbol, table
from squall.reports.machine import SCHEMA
from squall.reports.units import count, duration, metric
from squall.reports.words import WORDS
from squall.scenarios.result import Arm, Comparison, OrderDifference, OrderFate

ORDERS_SHOWN: Final = 20
DELAYS_SHOWN: Final = 5
TITLE_COLUMNS: Final = 24


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Both verdicts, the figures of both side by side, and the orders that differ."""
    first, second = comparison.first, comparison.second
    put(console, (f"{comparison.scenario}, seed {comparison.seed}", "bold"))
    for arm in (first, second):
        _verdict(arm, console)
    if first.digest == second.digest:
        paragraph(console, "The two runs are the same, record for record.")
        return
    heading(console, "What it came to")
    titles: list[Cell] = [(title, "dim") for title in ("", _title(first), _title(second), "difference")]
    table(console, [titles, *_rows(first, second)])
    heading(console, f"{count(len(comparison.differing), 'order')} of {comparison.orders:,} fared differently")
    shown = comparison.differing[:ORDERS_SHOWN]
    table(console, [[each.cl_ord_id, in_words(each)] for each in shown])
    if len(comparison.differing) > len(shown):
        paragraph(console, f"… and {len(comparison.differing) - len(shown):,} more; --json has them all.", "dim")

    _print_delays(comparison, console)


def _print_delays(comparison: Comparison, console: Console) -> None:
    if not comparison.delayed:
        return
    heading(console, f"{count(len(comparison.delayed), 'order')} reached a venue later or earlier, by 1 ms or more")
    shown = comparison.delayed[:DELAYS_SHOWN]
    words = [
        (each.cl_ord_id, f"after {duration(each.first_ns)}; now after {duration(each.second_ns)}") for each in shown
    ]
    table(console, [list(row) for row in words])
    if len(comparison.delayed) > len(shown):
        paragraph(console, f"… and {len(comparison.delayed) - len(shown):,} more; --json has them all.", "dim")


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """All of it; enums by their values."""
    return {"schema": SCHEMA, **msgspec.to_builtins(comparison)}


def in_words(difference: OrderDifference) -> str:
    """``filled 40 of 60 at 10012.5 ticks; now refused``."""
    return f"{_fate(difference.first)}; now {_fate(difference.second)}"


def _fate(fate: OrderFate | None) -> str:
    if fate is None:
        return "never submitted"
    words = fate.ended
    if fate.filled_lots and fate.price_half_ticks is not None:
        filled = f"filled {fate.filled_lots} of {fate.lots} at {round(fate.price_half_ticks / 2, 2):g} ticks"
        words = filled if fate.ended == "filled" else f"{fate.ended}, {filled}"
    if fate.accepted > 1:
        words += f", sent {fate.accepted} times"
    return words + (", after doubt" if fate.doubted else "")


def _title(arm: Arm) -> str:
    return arm.label if len(arm.label) <= TITLE_COLUMNS else "changed"


def _verdict(arm: Arm, console: Console) -> None:
    broken = f": {', '.join(arm.violated)}" if arm.violated else ""
    style = STYLES[arm.verdict]
    put(console, "  ", (f"{symbol(arm.verdict, console)} {WORDS[arm.verdict].word}", style), f"  {arm.label}{broken}")


def _rows(first: Arm, second: Arm) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for name, was in first.figures.items():
        now = second.figures[name]
        if not was and not now:
            continue
        shown = metric(name, was)
        label = f"{shown.group} {shown.label}" if shown.statistic else shown.label
        rows.append([label, shown.value, metric(name, now).value, _difference(name, was, now)])
    return rows


def _difference(name: str, was: float | None, now: float | None) -> Cell:
    if was is None or now is None or was == now:
        return ""
    change = now - was
    return ("+" if change > 0 else "") + metric(name, change).value
