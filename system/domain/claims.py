"""What the desk says of itself, for people and `reached` conditions. Nothing safe rests on a claim."""

from msgspec import Struct


class Claim(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base of all claims."""


class BreakerMoved(Claim, frozen=True, gc=False, tag=True):
    """A venue session's breaker changed state: closed, open or half-open."""

    venue: str
    state: str
    failures: int


class ProtectionActed(Claim, frozen=True, gc=False, tag=True):
    """A protection did its work once; *protection* is its key in the table of `squall prove`."""

    protection: str
    what: str


class LeadershipMoved(Claim, frozen=True, gc=False, tag=True):
    """An OMS changed role: standby, candidate, recovering, leading, stopped."""

    oms: str
    role: str
    epoch: int


class FeedMoved(Claim, frozen=True, gc=False, tag=True):
    """A venue's feed, as the desk sees it: in sequence, gap, recovering."""

    venue: str
    state: str
    seq: int


class OrderMoved(Claim, frozen=True, gc=False, tag=True):
    """An order changed state in the OMS."""

    cl_ord_id: str
    state: str


class ParentMoved(Claim, frozen=True, gc=False, tag=True):
    """A client's parent order, as the algorithms see it: taken, refused, paused, resumed, done."""

    cl_ord_id: str
    state: str
    why: str = ""
    """Of a refusal and a pause the reason, of an end the outcome."""


class SignalDropped(Claim, frozen=True, gc=False, tag=True):
    """The strategy meant to trade and did not: no tick, stale, no leader, down.

    *count*: so many signals in a row, of which *cl_ord_id* would have been the first.
    """

    cl_ord_id: str
    reason: str
    count: int = 1


class AlertRaised(Claim, frozen=True, gc=False, tag=True):
    severity: str
    kind: str
    text: str


class SwitchReported(Claim, frozen=True, gc=False, tag=True):
    """The operator has heard that something is in this state now, how much of it is left, and what that waits for."""

    scope: str
    name: str
    state: str
    left: int
    waits_for: tuple[str, ...] = ()


class ReleaseMoved(Claim, frozen=True, gc=False, tag=True):
    """A roll-out, or a stop, has come this far: what with which program."""

    program: str
    what: str


class StateHash(Claim, frozen=True, gc=False, tag=True):
    """The hash of a live state at a version of its stream, to be held against a rebuilt one."""

    stream: str
    version: int
    hash: str


class ReadModelsTold(Claim, frozen=True, gc=False, tag=True):
    """What the read side shows, up to *version* of the journal and *behind_versions* behind what it has heard of."""

    version: int
    behind_versions: int
    behind_ns: int
    positions: tuple[tuple[str, int, int], ...]
    """Symbol, net lots, and cash flow in half tick × lot."""
    captured_version: int = 0
    """Up to which version trades are captured on the disk."""
    uncaptured: int = 0
    """How many executions have changed since, and are not on it yet."""


class FlowTold(Claim, frozen=True, gc=False, tag=True):
    """Where all orders are, at *version* of the journal, by the states of their lives."""

    version: int
    nodes: tuple[tuple[str, int, int, int], ...]
    """State; how many orders have come into it and left it; and how many are there, counted apart where it is a state
    in which an order is open."""
    ordered_lots: int
    filled_lots: int
    ended_ordered_lots: int
    """Of those that have ended at a venue: what the fill rate is over."""
    ended_filled_lots: int
