"""Ratios that are kept as JSON, and what has become worse since: by more than the noise of a busy machine."""

import json
from pathlib import Path
from statistics import median
from typing import Any, Final

WORSE_BY: Final = 0.30
SCHEMA: Final = 1


class Measured:
    """One ratio: its rounds, and the bound that was asked for. Ratios that are to be high have a bound from below."""

    def __init__(self, rounds: list[float], bound: float, at_least: bool) -> None:
        self.rounds = rounds
        self.bound = bound
        self.at_least = at_least

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def reached(self) -> bool:
        """Whether what was asked for is reached."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "median": round(self.value, 4),
            "at_least" if self.at_least else "at_most": self.bound,
            "reached": self.reached,
            "rounds": [round(each, 4) for each in self.rounds],
        }


def write(path: Path, measured: dict[str, Measured], versions: dict[str, str]) -> None:
    """Keep them: what later ones are held against."""
    ratios = {name: each.plain() for name, each in measured.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"schema": SCHEMA, "versions": versions, "ratios": ratios}, indent=2) + "\n")


def read(path: Path) -> dict[str, float]:
    """The medians that were kept, by name. ValueError that names the file where it holds something else."""
    try:
        kept = json.loads(path.read_text())
        if kept["schema"] != SCHEMA:
            raise ValueError(f"schema {kept['schema']}")
        return {name: float(each["median"]) for name, each in kept["ratios"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected ratios of schema {SCHEMA}, found {error}") from None


def worse(before: dict[str, float], now: dict[str, Measured], by: float = WORSE_BY) -> list[str]:
    """A line for each ratio that is worse than it was by more than this share; new ones have nothing to be held to."""
    lines = []
    for name, measured in now.items():
        if name not in before:
            continue
        loss = before[name] / measured.value if measured.at_least else measured.value / before[name]
        if loss > 1 + by:
            lines.append(f"{name}: {measured.value:.4g}, and it was {before[name]:.4g}")
    return lines
