"""What every service was at, at one moment."""

from typing import Any

from msgspec import Struct

from squall.scenarios.result.comparison import OrderFate
from squall.scenarios.result.run import FaultResult


class HostState(Struct, frozen=True):
    """A machine at a moment. *streams* are its programs' open ones, as ``oms1 → router``."""

    host: str
    state: str
    """up, down or paused."""
    epoch: int
    disk_bytes: int
    unsynced_records: int
    streams: tuple[str, ...]


class HistoryStep(Struct, frozen=True):
    """One thing that happened to an order. *seq* is the record's, as in a trace file."""

    seq: int
    at_ns: int
    host: str
    words: str


class OrderHistory(Struct, frozen=True):
    """All that happened to one order so far."""

    cl_ord_id: str
    fate: OrderFate
    steps: tuple[HistoryStep, ...]


class Inspection(Struct, frozen=True):
    """Everything at a moment, just before what happens then."""

    scenario: str
    seed: int
    at_ns: int
    faults: tuple[FaultResult, ...]
    """Those in force, with what they have touched so far."""
    hosts: tuple[HostState, ...]
    services: dict[str, dict[str, Any]]
    """What each service knows, by address: plain values, names with units. Empty while it is down."""
    venues: dict[str, dict[str, Any]]
    order: OrderHistory | None = None
