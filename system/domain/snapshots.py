"""The OMS's state as one value: what a restart begins with, instead of the whole log before it.

The log is the truth and a snapshot only saves time. So there is no upcasting of snapshots: one of another schema is
passed over, and the state is folded from the log, whose events are upcast.
"""

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.events import AnyEvent
from squall.system.domain.family import Family
from squall.system.domain.ids import ExecID
from squall.system.domain.messages import ChildState, ParentOrder
from squall.system.domain.names import Names
from squall.system.domain.oms_state import ENDED_KEPT, OmsState, rebuild
from squall.system.domain.orders import Order
from squall.system.domain.switches import Switch, Switches
from squall.system.domain.trades import Trade

SCHEMA: Final = 5
"""Raised whenever what follows here, or anything within an `Order`, changes its meaning or its shape."""


class _Family(Struct, frozen=True, array_like=True):
    parent: ParentOrder
    children: list[ChildState]
    committed_lots: int


class _Snapshot(Struct, frozen=True, array_like=True):
    schema: int
    version: int
    orders: list[Order]
    ended: list[Order]
    executions: list[tuple[ExecID, Trade]]
    runs: dict[str, list[tuple[int, int]]]
    odd: tuple[str, ...]
    counts: tuple[int, int, int]
    digest: bytes
    switches: tuple[Switch, ...]
    families: list[_Family]
    closed_runs: dict[str, list[tuple[int, int]]]
    closed_odd: tuple[str, ...]


class _Schema(Struct, frozen=True, array_like=True):
    """All that is read of a snapshot before it is believed."""

    schema: int


_encode: Final = msgspec.msgpack.Encoder().encode
_SCHEMA: Final = msgspec.msgpack.Decoder(_Schema)
_SNAPSHOT: Final = msgspec.msgpack.Decoder(_Snapshot)


def take(state: OmsState) -> bytes:
    """The whole state, encoded."""
    return _encode(
        _Snapshot(
            SCHEMA,
            state.version,
            list(state.orders.values()),
            list(state.ended.values()),
            list(state.exec_ids.items()),
            state.seen.runs(),
            state.seen.odd(),
            (state.refused, state.quarantined, state.unknown),
            state.digest,
            state.switches.all,
            [
                _Family(family.parent, list(family.children.values()), family.committed_lots)
                for family in state.families.values()
            ],
            state.closed.runs(),
            state.closed.odd(),
        )
    )


def restore(data: bytes, ended_kept: int = ENDED_KEPT) -> OmsState | None:
    """The state that `take` was given; None where it is of another schema: then the log has to tell it."""
    if _SCHEMA.decode(data).schema != SCHEMA:
        return None
    saved = _SNAPSHOT.decode(data)
    state = OmsState(ended_kept)
    state.version = saved.version
    state.orders = {order.cl_ord_id: order for order in saved.orders}
    state.ended = {order.cl_ord_id: order for order in saved.ended}
    state.seen = Names(saved.runs, saved.odd)
    for exec_id, trade in saved.executions:
        state.remember_execution(exec_id, trade)
    state.refused, state.quarantined, state.unknown = saved.counts
    state.digest = saved.digest
    state.switches = Switches(saved.switches)
    state.families = {each.parent.cl_ord_id: _restored(each) for each in saved.families}
    state.closed = Names(saved.closed_runs, saved.closed_odd)
    return state


def _restored(saved: _Family) -> Family:
    family = Family(saved.parent)
    family.children = {child.cl_ord_id: child for child in saved.children}
    family.committed_lots = saved.committed_lots
    return family


def as_of(log: Iterable[AnyEvent], at_ns: int) -> OmsState:
    """The state as it was at this time of the leaders' wall clocks: the log up to its first later event.

    Clocks of two leaders differ, and may step back. Where a new leader's is behind, what it did while it caught up
    is past for this view only once the old leader's last event is.
    """
    return rebuild(takewhile(lambda event: event.at_ns <= at_ns, log))
