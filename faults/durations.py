"""Durations as people write them, at the edges only: ``250ms``, ``12.5s``, ``2min``."""

import re
from fractions import Fraction
from typing import Final

_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PATTERN: Final = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*(ns|us|µs|ms|s|min|h)")


class DurationError(ValueError):
    """Not a duration: one line with what was found."""


def parse_duration(text: str) -> int:
    """Nanoseconds of a duration such as ``250ms``."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise DurationError(f"expected a duration such as 250ms or 5s, found {text!r}")
    value_ns = Fraction(match[1]) * _UNITS_NS[match[2]]
    if value_ns.denominator != 1:
        raise DurationError(f"expected whole nanoseconds, found {text!r}")
    return int(value_ns)


def format_duration(ns: int) -> str:
    """The shortest exact way to write it: 250000000 is ``250ms``."""
    for unit in ("h", "min", "s", "ms", "us"):
        if ns and ns % _UNITS_NS[unit] == 0:
            return f"{ns // _UNITS_NS[unit]}{unit}"
    return f"{ns}ns"
