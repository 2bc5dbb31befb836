"""A user's own measurements of latency against load, read from CSV and refused by line where they cannot be."""

import csv
from math import isfinite
from pathlib import Path
from typing import Final

from msgspec import Struct

COLUMNS: Final = ("rate_per_s", "p50_us", "p99_us", "n")
FEWEST_POINTS: Final = 6
"""Two of them are held out, and four are left for what has to be fitted."""
MOST_POINTS: Final = 200
FEWEST_ORDERS: Final = 100
"""Of fewer, the 99th percentile is the largest."""
MOST_ORDERS: Final = 1e15
LONGEST_US: Final = 3_600e6
FASTEST_PER_S: Final = 1e9


class MeasurementsError(ValueError):
    """A file that cannot be read as measurements: one line, with the file's own line in it."""


class Measurement(Struct, frozen=True):
    """Latency at one load, of *orders* orders."""

    rate_per_s: float
    p50_ns: float
    p99_ns: float
    orders: int


def read_measurements(path: Path) -> tuple[Measurement, ...]:
    """The points of a CSV file with a header, in order of load.

    Raises `MeasurementsError` at the first line that is not as expected.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise MeasurementsError(f"{path}: expected UTF-8 text, found other bytes") from None
    except OSError as error:
        raise MeasurementsError(f"{path}: cannot be read: {error.strerror}") from None
    reader = csv.reader(text.splitlines())
    where: dict[str, int] = {}
    lines: dict[float, int] = {}
    found: list[Measurement] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            place = f"{path}:{reader.line_num}"
            if not where:
                where = _header(row, place)
                continue
            point = _point(row, where, place)
            if point.rate_per_s in lines:
                again = f"{point.rate_per_s:g} again, after line {lines[point.rate_per_s]}"
                raise MeasurementsError(f"{place}: rate_per_s: expected each rate once, found {again}")
            lines[point.rate_per_s] = reader.line_num
            found.append(point)
    except csv.Error as error:
        raise MeasurementsError(f"{path}:{reader.line_num}: expected CSV, found {error}") from None
    if not where:
        raise MeasurementsError(f"{path}:1: expected the columns {', '.join(COLUMNS)}, found nothing")
    if not FEWEST_POINTS <= len(found) <= MOST_POINTS:
        last = max(reader.line_num, 1)
        raise MeasurementsError(
            f"{path}:{last}: expected {FEWEST_POINTS} to {MOST_POINTS} points, found {len(found)} by the end"
        )
    return tuple(sorted(found, key=lambda point: point.rate_per_s))


def _header(row: list[str], place: str) -> dict[str, int]:
    """Where each column is."""
    names = [cell.strip() for cell in row]
    if sorted(names) != sorted(COLUMNS):
        raise MeasurementsError(f"{place}: expected the columns {', '.join(COLUMNS)}, found {', '.join(names)}")
    return {name: names.index(name) for name in COLUMNS}


def _point(row: list[str], where: dict[str, int], place: str) -> Measurement:
    if len(row) != len(COLUMNS):
        raise MeasurementsError(f"{place}: expected {len(COLUMNS)} values, found {len(row)}")
    cells = {name: row[index].strip() for name, index in where.items()}
    rate = _number("rate_per_s", cells, FASTEST_PER_S, place)
    p50_us, p99_us = (_number(name, cells, LONGEST_US, place) for name in ("p50_us", "p99_us"))
    if p99_us < p50_us:
        raise MeasurementsError(f"{place}: p99_us: expected at least p50_us, {p50_us:g}, found {cells['p99_us']}")
    orders = cells["n"]
    if not (orders.isascii() and orders.isdigit() and FEWEST_ORDERS <= float(orders) <= MOST_ORDERS):
        bounds = f"a whole number of at least {FEWEST_ORDERS}, at most {MOST_ORDERS:g}"
        raise MeasurementsError(f"{place}: n: expected {bounds}, found {orders[:40]!r}")
    return Measurement(rate, p50_us * 1_000, p99_us * 1_000, int(orders))


def _number(name: str, cells: dict[str, str], most: float, place: str) -> float:
    text = cells[name]
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (isfinite(value) and 0 < value <= most):
        raise MeasurementsError(f"{place}: {name}: expected a number above 0, at most {most:g}, found {text!r}")
    return value
