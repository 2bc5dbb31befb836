"""Reference data: the instruments' entries as they were laid out, and what has been set anew since."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from msgspec.structs import replace

from squall.system.config import Entry
from squall.system.wiring import DAY_NS, Instrument

LARGEST: Final = 10**12


def settled(entries: tuple[Entry, ...], news: Entry) -> tuple[Entry, ...]:
    """The entries with one more. ValueError, saying what was expected, where it is no entry."""
    if not news.symbol:
        raise ValueError("expected reference.SYMBOL.FIELD=value")
    _value(news)
    others = tuple(each for each in entries if (each.symbol, each.field) != (news.symbol, news.field))
    return (*others, news)


def corrected(instruments: tuple[Instrument, ...], entries: Iterable[Entry]) -> tuple[Instrument, ...]:
    """The instruments as they are after these entries. What is said of a symbol that is not there concerns nobody."""
    changes: dict[str, dict[str, Any]] = {}
    for entry in entries:
        changes.setdefault(entry.symbol, {})[FIELDS[entry.field][0]] = _value(entry)
    if not changes:
        return instruments
    return tuple(replace(each, **changes.get(each.symbol, {})) for each in instruments)


def _value(entry: Entry) -> Any:
    if entry.field not in FIELDS:
        raise ValueError(f"an instrument has no {entry.field!r}; it has {', '.join(FIELDS)}")
    return FIELDS[entry.field][1](entry.value)


def _number(text: str, least: int = 1, most: int = LARGEST) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ValueError(f"expected a whole number from {least} to {most}, found {text!r}")
    return int(text)


def _locate(text: str) -> int | None:
    return None if text == "easy" else _number(text, least=0)


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError(f"expected on or off, found {text!r}")
    return text == "on"


def _money(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not (value.is_finite() and Decimal("1e-12") <= value <= 10**6):
        raise ValueError(f"expected an amount above zero, found {text!r}")
    return value


def _time_of_day(text: str) -> int:
    """``09:30`` and ``24:00``, in ns since midnight."""
    hours, _, minutes = text.partition(":")
    if not (hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit() and int(minutes) < 60):
        raise ValueError(f"expected a time of day like 09:30, found {text!r}")
    at_ns = (int(hours) * 60 + int(minutes)) * 60_000_000_000
    if at_ns > DAY_NS:
        raise ValueError(f"expected a time of day up to 24:00, found {text!r}")
    return at_ns


FIELDS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "tick": ("tick_half_ticks", _number),
    "unit_money": ("unit_money", _money),
    "round_lots": ("round_lots", _number),
    "sector": ("sector", str),
    "currency": ("currency", str),
    "locate": ("locate_lots", _locate),
    "restricted": ("restricted", _switch),
    "opens": ("opens_ns", _time_of_day),
    "closes": ("closes_ns", _time_of_day),
}
"""What may be set of an instrument, as it is written: the field that holds it, and how to read its value."""
