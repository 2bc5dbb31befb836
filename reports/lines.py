"""Lines on a terminal: at most 100 columns, tables whose last column wraps, plain ASCII where that is all it knows."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.text import Text

from squall.reports.words import WORDS
from squall.scenarios.result import Verdict

COLUMNS: Final = 100
_NARROW: Final = 20

STYLES: Final = {Verdict.PASS: "green", Verdict.VIOLATED: "bold red", Verdict.INCONCLUSIVE: "yellow"}
_ASCII: Final = str.maketrans(
    {"µ": "u", "–": "-", "→": "->", "·": "-", "…": "...", "×": "x", "’": "'", "“": '"', "”": '"', "é": "e"}
)

Cell = str | tuple[str, str]
"""Text, or text with a style."""


def _width(console: Console) -> int:
    """A terminal's own width up to our limit; a file or a pipe has no width, so it gets the limit."""
    return min(COLUMNS, console.width) if console.is_terminal else COLUMNS


def symbol(verdict: Verdict, console: Console) -> str:
    """The verdict's mark, as far as the terminal can show it."""
    word = WORDS[verdict]
    return word.ascii if console.options.ascii_only else word.symbol


def heading(console: Console, text: str) -> None:
    """A line of its own, after an empty one."""
    put(console)
    put(console, (text, "bold"))


def paragraph(console: Console, text: str, style: str = "") -> None:
    """Text, wrapped."""
    for line in _wrap(text, _width(console)):
        put(console, (line, style))


def table(console: Console, rows: Sequence[Sequence[Cell]]) -> None:
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
        put(console, *padded, (lines[0], _style(last)))
        for line in lines[1:]:
            put(console, " " * indent, (line, _style(last)))


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most *width*; identities such as ``pulse-ACME-17`` stay whole where they fit."""
    return wrap(text, width, break_on_hyphens=False) or [""]


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _style(cell: Cell) -> str:
    return "" if isinstance(cell, str) else cell[1]


def put(console: Console, *parts: Cell) -> None:
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
