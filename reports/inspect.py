"""A moment of a run on a terminal: what is broken just now, every machine, every service, one order's history."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from rich.console import Console

from squall.reports.lines import heading, paragraph, put, table
from squall.reports.machine import SCHEMA
from squall.reports.units import count, metric, moment, window
from squall.scenarios.result import HostState, Inspection, OrderHistory

LISTED: Final = 8
"""How many names of orders are listed, before the rest is counted."""


def print_inspection(inspection: Inspection, console: Console) -> None:
    """The order first, where one was asked for; then all the rest."""
    put(console, (f"{inspection.scenario}, seed {inspection.seed}, at {moment(inspection.at_ns)}", "bold"))
    if inspection.order is not None:
        _history(inspection.order, console)
    heading(console, "Faults in force")
    for fault in inspection.faults:
        touched = fault.what or "touched nothing"
        put(console, f"  {fault.kind} on {fault.target}, {window(fault.start_ns, fault.end_ns)}: {touched} so far")
    if not inspection.faults:
        paragraph(console, "  none", "dim")
    heading(console, "Machines")
    table(console, [["  " + host.host, host.state, *_machine(host)] for host in inspection.hosts])
    for title, programs in (("Services", inspection.services), ("Venues", inspection.venues)):
        heading(console, title)
        for address, state in programs.items():
            rows = list(_rows(state))
            put(console, "  ", (address, "bold"), "" if rows else "  nothing to show")
            table(console, [["    " + name, value] for name, value in rows])


def inspection_json(inspection: Inspection) -> dict[str, Any]:
    """All of it."""
    return {"schema": SCHEMA, **msgspec.to_builtins(inspection)}


def _history(order: OrderHistory, console: Console) -> None:
    fate = order.fate
    side = "buy" if fate.buy else "sell"
    so_far = f"{fate.ended}, {fate.filled_lots} of {fate.lots} lots filled" + (", doubted" if fate.doubted else "")
    heading(console, f"{order.cl_ord_id}: {side} {fate.lots} {fate.symbol}; so far {so_far}")
    table(console, [[f"  {moment(step.at_ns)}", step.host, step.words] for step in order.steps])


def _machine(host: HostState) -> list[str]:
    unsynced = f", {count(host.unsynced_records, 'record')} not synced" if host.unsynced_records else ""
    disk = f"{host.disk_bytes:,} bytes on disk{unsynced}" if host.disk_bytes or host.unsynced_records else ""
    life = f"life {host.epoch}"
    return [life, disk, "; ".join(host.streams)]


def _rows(state: dict[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """One row for each plain value; what holds values of its own is laid open."""
    for name, value in state.items():
        path = f"{within} {name}".strip()
        match value:
            case dict() if _is_small(value):
                yield (
                    path,
                    ", ".join(f"{metric(key, inner).label} {_value(key, inner)}" for key, inner in value.items()),
                )
            case dict():
                yield from _rows(value, path)
            case list():
                shown = ", ".join(map(str, value[:LISTED])) or "none"
                yield (
                    path.replace("_", " "),
                    shown + (f" and {len(value) - LISTED} more" if len(value) > LISTED else ""),
                )
            case _:
                yield path.replace("_", " "), _value(name, value)


def _is_small(value: dict[str, Any]) -> bool:
    return bool(value) and not any(type(inner) in (dict, list) for inner in value.values())


def _value(name: str, value: Any) -> str:
    return metric(name, value).value
