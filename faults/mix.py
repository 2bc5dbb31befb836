"""The mix of production: faults at a stated rate, in the shares in which they occur, or in those of one's history."""

import csv
import difflib
from collections.abc import Mapping
from math import log
from pathlib import Path
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from squall.faults.drawn import (
    CATALOGUE,
    DATA_FEED,
    EXCHANGE_API,
    HARDWARE,
    NETWORK,
    SOFTWARE,
    Dice,
    Drawn,
    name_of,
    planned,
)
from squall.faults.fault import Plan
from squall.faults.kinds import tag_of
from squall.faults.phases import SECOND, Phases
from squall.sim.world import World

MINUTE: Final = 60 * SECOND
MOST_FAULTS: Final = 1_000
FIGURE_10_4: Final[Mapping[str, float]] = MappingProxyType(
    {
        EXCHANGE_API: 0.38,
        NETWORK: 0.28,
        SOFTWARE: 0.18,
        DATA_FEED: 0.12,
        HARDWARE: 0.04,
    }
)
"""What fails in production, by category."""
LARGEST_COUNT: Final = 10**9


class HistoryError(ValueError):
    """Not an incident history: one line with the place, what was found and what was expected."""


class Mix(Struct, frozen=True):
    """A plan that the seed decides: call it with a world. At least one fault, a Poisson number on average *per_minute*.

    *without*: kinds, by the names that plans give them, that are never drawn: a desk may not claim to bear them.
    ValueError for shares of what is no category, or that come to nothing, and for what is no kind of any category.
    """

    phases: Phases
    per_minute: float
    shares: Mapping[str, float] = FIGURE_10_4
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 < self.per_minute * self.phases.faults_ns / MINUTE <= MOST_FAULTS:
            raise ValueError(f"mix: expected up to {MOST_FAULTS} faults a run, found {self.per_minute} a minute")
        for category, share in self.shares.items():
            if category not in CATALOGUE:
                raise ValueError(f"mix: no category {category!r}; categories are {', '.join(CATALOGUE)}")
            if not 0.0 <= share < float("inf"):
                raise ValueError(f"mix: {category}: expected a share of at least 0, found {share}")
        if not sum(self.shares.values()):
            raise ValueError("mix: expected shares that come to more than nothing")
        known = [tag_of(drawn.kind) for kinds in CATALOGUE.values() for drawn in kinds]
        for kind in self.without:
            if kind not in known:
                raise ValueError(f"mix: no kind {kind!r} is ever drawn; those that are: {', '.join(known)}")
        for category, share in self.shares.items():
            if share and not self._kinds(category):
                raise ValueError(f"mix: {category} has a share, and none of its kinds is to be drawn")

    def __call__(self, world: World) -> Plan:
        phases = self.phases
        gap_ns = MINUTE / self.per_minute
        plan: Plan = ()
        at_ns = float(phases.baseline_ns)
        for number in range(1, MOST_FAULTS + 1):
            dice = Dice(world.chance, f"mix/{number}")
            if number == 1:
                # As if it were known that there is one: a run without faults would prove nothing.
                at_ns += dice.uniform("gap") * min(gap_ns, phases.faults_ns)
            else:
                at_ns -= log(1.0 - dice.uniform("gap")) * gap_ns
            if at_ns >= phases.faults_end_ns:
                break
            category = self._category(dice.uniform("category"))
            drawn = dice.one("kind", self._kinds(category))
            plan = (*plan, planned(world, drawn, phases, int(at_ns), name_of(category, drawn, number)))
        return plan

    def _kinds(self, category: str) -> tuple[Drawn, ...]:
        return tuple(each for each in CATALOGUE[category] if tag_of(each.kind) not in self.without)

    def _category(self, uniform: float) -> str:
        left = uniform * sum(self.shares.values())
        for category, share in self.shares.items():
            left -= share
            if left < 0.0:
                return category
        return max(self.shares, key=lambda each: self.shares[each])


def shares_of(history: Path) -> dict[str, float]:
    """The shares of one's own incidents, from a CSV with a column ``category`` and perhaps one ``incidents``.

    One row is one incident, or as many as ``incidents`` says; other columns are for people. HistoryError, with the
    line, where a row is no incident.
    """
    try:
        with history.open(encoding="utf-8-sig", newline="") as file:
            return _shares(csv.DictReader(file, strict=True), str(history))
    except OSError as error:
        raise HistoryError(f"{history}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise HistoryError(f"{history}: expected text in UTF-8") from None
    except csv.Error as error:
        raise HistoryError(f"{history}: not CSV: {error}") from None


def _shares(rows: "csv.DictReader[str]", where: str) -> dict[str, float]:
    columns = [column.strip() for column in rows.fieldnames or ()]
    rows.fieldnames = columns
    if "category" not in columns:
        raise HistoryError(f"{where}: line 1: expected a column 'category', found {', '.join(columns) or 'none'}")
    counts = dict.fromkeys(CATALOGUE, 0)
    for row in rows:
        line = f"{where}: line {rows.line_num}"
        if None in row or None in row.values():
            raise HistoryError(f"{line}: expected {len(columns)} fields, as in the first line")
        category = row["category"].strip().lower().replace(" ", "-")
        if category not in counts:
            close = difflib.get_close_matches(category, counts, 1)
            hint = f"did you mean {close[0]}?" if close else f"categories are {', '.join(counts)}"
            raise HistoryError(f"{line}: no category {row['category']!r}; {hint}")
        text = row.get("incidents", "1").strip()
        if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_COUNT):
            raise HistoryError(f"{line}: incidents: expected a whole number up to {LARGEST_COUNT}, found {text!r}")
        counts[category] += int(text)
    total = sum(counts.values())
    if not total:
        raise HistoryError(f"{where}: expected at least one incident, found none")
    return {category: count / total for category, count in counts.items()}
