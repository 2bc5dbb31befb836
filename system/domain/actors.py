"""Who acts: every command and every event bears a name, and the name says in which capacity."""

from enum import Enum


class Capacity(Enum):
    """In which capacity somebody acts on an order."""

    STRATEGY = "strategy"
    TRADER = "trader"
    """A person, about orders of their own."""
    OPERATOR = "operator"
    """A person, about the desk: a kill switch, a bust agreed on the telephone."""
    RECOVERY = "recovery"
    """A leader that finishes what an earlier one, or an earlier attempt, left behind."""
    SERVICE = "service"
    """A service of the desk, or a venue, about what it has seen: the name is its own, without a capacity before it."""


def acting(capacity: Capacity, name: str) -> str:
    """The actor *name* in this *capacity*, as in ``trader/ann``."""
    return f"{capacity.value}/{name}"


def capacity_of(actor: str) -> Capacity:
    """In which capacity this actor acted. ValueError for one that is none."""
    capacity, slash, _ = actor.partition("/")
    return Capacity(capacity) if slash else Capacity.SERVICE
