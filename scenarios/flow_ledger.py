"""What came to each node and what left it, thing by thing: a ledger that can fail to balance."""

from collections.abc import Iterator

from msgspec import Struct

Link = tuple[str, str]


class Unbalanced(Struct, frozen=True):
    """A thing that left a node more often than it had come."""

    node: str
    unit: str
    came: int
    left: int

    @property
    def words(self) -> str:
        return f"{self.node}: {self.unit} left {_times(self.left)} and had come {_times(self.came)}"


class Ledger:
    """Things that flow have names, *units*; what leaves a node may bear another name in the next one."""

    def __init__(self) -> None:
        self.counts: dict[Link, int] = {}
        """How many went from one node to the next."""
        self._came: dict[str, dict[str, int]] = {}
        self._left: dict[str, dict[str, int]] = {}

    def copy(self) -> "Ledger":
        """One of its own, as this one is now."""
        other = Ledger()
        other.counts = dict(self.counts)
        other._came = {node: dict(units) for node, units in self._came.items()}
        other._left = {node: dict(units) for node, units in self._left.items()}
        return other

    def cross(self, source: str, target: str, unit: str, becomes: str | None = None) -> None:
        """*unit* went from *source* to *target*, where its name is what it *becomes*, or the same."""
        self.counts[source, target] = self.counts.get((source, target), 0) + 1
        left = self._left.setdefault(source, {})
        left[unit] = left.get(unit, 0) + 1
        came = self._came.setdefault(target, {})
        name = unit if becomes is None else becomes
        came[name] = came.get(name, 0) + 1

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes, in the order in which links first named them."""
        return tuple(dict.fromkeys(name for link in self.counts for name in link))

    def is_inner(self, node: str) -> bool:
        """Whether things both come to it and leave it."""
        return node in self._came and node in self._left

    def entered(self, node: str) -> int:
        """How many have come."""
        return sum(self._came.get(node, {}).values())

    def left(self, node: str) -> int:
        """How many have gone."""
        return sum(self._left.get(node, {}).values())

    def there(self, node: str) -> int:
        """How many are there: counted one by one, as those that have come more often than they have left."""
        left = self._left.get(node, {})
        return sum(max(came - left.get(unit, 0), 0) for unit, came in self._came.get(node, {}).items())

    def unbalanced(self, sources: frozenset[str]) -> Iterator[Unbalanced]:
        """What left a node, other than one of the *sources*, more often than it had come to it."""
        for node, left in self._left.items():
            if node in sources:
                continue
            came = self._came.get(node, {})
            for unit, times in left.items():
                if times > came.get(unit, 0):
                    yield Unbalanced(node, unit, came.get(unit, 0), times)


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
