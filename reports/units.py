"""How figures read to people: durations, moments, counts, and metrics whose names carry their units."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

SECOND_NS: Final = 1_000_000_000

_UNITS: Final = ((1, "ns"), (1_000, "µs"), (1_000_000, "ms"), (SECOND_NS, "s"))
_LONG_NS: Final = 120 * SECOND_NS
"""From here on a duration reads in minutes: 119 s, then 2 min."""

# Longest first: `_per_s` must not be read as seconds.
_SUFFIXES: Final = (
    "_half_tick_lots",
    "_half_ticks",
    "_percent",
    "_cents",
    "_per_virtual_s",
    "_per_s",
    "_bytes",
    "_ticks",
    "_lots",
    "_ppm",
    "_ns",
    "_s",
)
_STATISTIC: Final = re.compile(r"^(?P<of>.+?)_(?P<what>p\d{2,4}|max|min|mean)(?=_|$)(?P<rest>.*)$")


def duration(ns: int) -> str:
    """A span of time to three significant digits: ``1.24 ms``, ``250 ms``, ``5 min 12 s``.

    Halves round to even; no trailing zeros; never ``1000 µs`` where ``1 ms`` is meant.
    """
    if ns < 0:
        return "-" + duration(-ns)
    if ns >= _LONG_NS:
        return _long(ns)
    for size, unit in _UNITS:
        value, decimals = _three_digits(ns, size)
        if value < 1_000 * 10**decimals or unit == "s":
            return f"{_decimal(value, decimals)} {unit}"
    raise AssertionError("seconds take whatever is left")


def _three_digits(ns: int, size: int) -> tuple[int, int]:
    """*ns* in units of *size*, as an integer and its number of decimals."""
    decimals = 2
    while decimals and ns >= size * 10 ** (3 - decimals):
        decimals -= 1
    if size == 1:
        decimals = 0
    value = _round(ns * 10**decimals, size)
    if decimals and value >= 1_000:  # 9.999 rounds to 10.00: one digit too many
        decimals -= 1
        value = _round(ns * 10**decimals, size)
    return value, decimals


def _round(value: int, by: int) -> int:
    whole, rest = divmod(value, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


def _decimal(value: int, decimals: int) -> str:
    whole, fraction = divmod(value, 10**decimals)
    if not fraction:
        return str(whole)
    return f"{whole}.{fraction:0{decimals}d}".rstrip("0")


def _long(ns: int) -> str:
    minutes, seconds = divmod(_round(ns, SECOND_NS), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02d} min"
    return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"


def moment(ns: int) -> str:
    """A point of virtual time, to the microsecond: ``12.503417 s``."""
    sign = "-" if ns < 0 else ""
    seconds, us = divmod(_round(abs(ns), 1_000), 1_000_000)
    return f"{sign}{seconds}.{us:06d} s"


def window(start_ns: int, end_ns: int) -> str:
    """A window of virtual time: ``5 s – 8.25 s``, and one moment where it has no length."""
    if start_ns >= end_ns:
        return f"at {_seconds(start_ns)} s"
    return f"{_seconds(start_ns)} – {_seconds(end_ns)} s"


def _seconds(ns: int) -> str:
    return _decimal(_round(ns, 1_000), 6)


def count(number: int, what: str, plural: str | None = None) -> str:
    """``1 promise``, ``2 promises``, ``1,204 records``."""
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def number(value: Any) -> str:
    """A number with thousands apart, four digits if it is a fraction; other things as they are."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return str(value)


class Metric(Struct, frozen=True):
    """One figure for people: *group* and *label* in words, *value* with its unit."""

    group: str
    label: str
    value: str
    statistic: bool
    """Whether the label is a statistic of the group, such as ``p99``."""


def metric(name: str, value: Any) -> Metric:
    """Read the unit and the statistic off a metric's name.

    ``order_to_ack_p99_ns`` becomes group ``order to ack``, label ``p99``, value ``1.24 ms``; a name without a
    statistic has its first word as its group and the whole name as its label.
    """
    stem, suffix = _split(name)
    found = _STATISTIC.match(stem)
    if found:
        what = _statistic(found["what"])
        return Metric(_words(found["of"]), _words(what + found["rest"]), _with_unit(value, suffix), True)
    group = re.split(r"[._]", stem, maxsplit=1)[0]
    return Metric(group, _words(stem), _with_unit(value, suffix), False)


def metrics(values: Mapping[str, Any]) -> list[Metric]:
    """All metrics, in the order given, with those that hold further metrics laid open."""
    found: list[Metric] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += metrics({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            found.append(metric(name, value))
    return found


def _split(name: str) -> tuple[str, str]:
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name != suffix:
            return name[: -len(suffix)], suffix[1:]
    return name, ""


def _statistic(what: str) -> str:
    """``p999`` is the 99.9th percentile: p99.9."""
    return f"{what[:3]}.{what[3:]}" if len(what) > 3 and what[0] == "p" else what


def _words(name: str) -> str:
    return name.replace("_", " ").strip()


def _with_unit(value: Any, unit: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return number(value)
    match unit:
        case "":
            return number(value)
        case "ns":
            return duration(round(value))
        case "s":
            return duration(round(value * SECOND_NS))
        case "per_s" | "per_virtual_s":
            return f"{number(value)}/s"
        case "percent":
            return f"{number(value)} %"
        case "cents":
            sign, (units, cents) = "-" if value < 0 else "", divmod(abs(round(value)), 100)
            return f"{sign}{units:,}.{cents:02d}"
        case "half_tick_lots":
            return f"{number(value)} half tick × lot"
        case _:
            return f"{number(value)} {_words(unit)}"
