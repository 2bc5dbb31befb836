"""Regenerates what docs/capacity.md shows of a study and of a fit: `python docs/make_capacity.py [figure.json]`.

Without a file it runs `squall capacity --figure --seed 1` (some minutes); with one it reads what that wrote.
"""

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from squall.reports.fit import fit_table
from squall.reports.units import number
from squall.scenarios.capacity import parse_rates, parse_sla
from squall.scenarios.figure import beside, errors
from squall.scenarios.fit import fit_measurements
from squall.scenarios.measurements import read_measurements
from squall.scenarios.result import CapacityCurve, DrawnCurve
from squall.scenarios.stacks import STACKS
from squall.scenarios.study import Asked, study

HERE: Final = Path(__file__).resolve().parent
PAGE: Final = HERE / "capacity.md"
MEASUREMENTS: Final = HERE / "measurements.csv"
ASKED: Final = Asked(parse_rates("500:3000:500"), parse_sla("p99<100us"), 1)
"""What `squall capacity --figure --seed 1` asks."""


def figure_section(curves: Sequence[CapacityCurve]) -> str:
    """Ours beside what is drawn, how far off that is, and where the SLA ends."""
    drawn = beside(curves)
    off = errors(drawn)
    rates = [rate for rate, _ in drawn[0].points]
    lines = [
        "| " + " | ".join(["", *map(number, rates)]) + " |",
        "|---" * (len(rates) + 1) + "|",
        *(f"| `{each.profile}` | {' | '.join(cells(each))} |" for each in drawn),
        "",
        f"Off by {off.median:.0%} in the median and by {off.largest:.0%} at most; where nothing was fitted, by "
        f"{off.held_out:.0%} in the median.",
        f"They pass 100 µs at {_listed([_crossing(curve) for curve in curves if curve.profile in STACKS])} orders/s.",
    ]
    return "\n".join(lines).replace("%", " %").replace("|  |", "| |")


def cells(drawn: DrawnCurve) -> list[str]:
    """Here / drawn, in µs, a cell a load."""
    pairs = zip(drawn.points, drawn.ours_ns, strict=True)
    return [f"{ours / 1_000:.0f} / {ns / 1_000:.0f}" for (_, ns), ours in pairs]


def fit_section() -> str:
    """What the fit to docs/measurements.csv prints."""
    told = Console(file=io.StringIO(), width=100, highlight=False)
    points = read_measurements(MEASUREMENTS)
    fit_table(fit_measurements(MEASUREMENTS.name, points, parse_sla("p99<100us")), told)
    assert isinstance(told.file, io.StringIO)
    shown = "\n".join(line.rstrip() for line in told.file.getvalue().splitlines())
    return f"```\n$ squall capacity fit docs/measurements.csv --sla 'p99<100us'\n{shown.strip()}\n```"


def with_sections(page: str, sections: Mapping[str, str]) -> str:
    """The page with each text between its markers; ValueError where they are missing."""
    for name, text in sections.items():
        before, begin, rest = page.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if not begin or not end:
            raise ValueError(f"capacity.md: expected <!-- {name} --> and <!-- /{name} -->")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


def shown(page: str, name: str) -> str:
    """What stands between these markers."""
    return page.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0].strip()


def main(arguments: Sequence[str]) -> None:
    """Rewrite the page."""
    if arguments:
        curves = msgspec.convert(msgspec.json.decode(Path(arguments[0]).read_bytes())["curves"], list[CapacityCurve])
    else:
        curves = list(study(tuple(STACKS), ASKED, jobs=2).curves)
    sections = {"figure": figure_section(curves), "fit": fit_section()}
    PAGE.write_text(with_sections(PAGE.read_text(), sections))
    print("capacity.md: the figure and the fit")


def _crossing(curve: CapacityCurve) -> str:
    low, high = curve.sla.crossing_ci_per_s or (0.0, 0.0)
    return f"{number(round(curve.sla.crossing_per_s or 0))} ({number(round(low))} to {number(round(high))})"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]])


if __name__ == "__main__":
    main(sys.argv[1:])
