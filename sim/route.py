"""Ways: which links lead from one network card to another, and what can be said of them for now."""

from functools import lru_cache

import networkx as nx

from squall.sim.link import Changes, Link


class Way:
    """A route between two network cards, and what can be said of every packet on it until something changes."""

    __slots__ = ("_changes", "_lossless", "_narrow", "_plain_ns", "links", "seen", "source")

    def __init__(self, source: str, links: tuple[Link, ...], changes: Changes) -> None:
        self.source = source
        self.links = links
        self._changes = changes
        self.seen = -1
        """The count of changes that was looked at last: while it stands, nothing has to be asked again."""
        self._plain_ns: int | None = None
        self._lossless = False
        self._narrow = False

    def plain_ns(self) -> int | None:
        """How long any packet takes where nothing on the way is left to chance or to a fault; otherwise None."""
        if self.seen != self._changes.count:
            self._look()
        return self._plain_ns

    def lossless(self) -> bool:
        """Whether no packet can be lost on it now; it may be late."""
        if self.seen != self._changes.count:
            self._look()
        return self._lossless

    def narrow(self) -> bool:
        """Whether bytes cost time somewhere on it now: then a packet goes from link to link."""
        if self.seen != self._changes.count:
            self._look()
        return self._narrow

    def _look(self) -> None:
        self.seen = self._changes.count
        self._lossless = all(link.lossless for link in self.links)
        self._narrow = any(link.narrow for link in self.links)
        plain = all(link.plain for link in self.links)
        self._plain_ns = sum(link.spec.latency_ns for link in self.links) if plain else None

    def lead(self, links: tuple[Link, ...]) -> None:
        """From now on it leads along these links. What is on the others goes on there."""
        self.links = links
        self.seen = -1

    def cut_since(self, sent_ns: int, links: tuple[Link, ...]) -> Link | None:
        """The link that went down since a packet was sent along these, if any; then the packet is to be killed.

        Its *links* are those that the way led along when it set out. A packet is taken to be on all of them until it
        arrives: just where it was decides nothing.
        """
        if self._changes.last_down_ns >= sent_ns:
            for link in links:
                if link.last_down_ns >= sent_ns:
                    return link
        return None


class NoRouteError(ValueError):
    """No links lead from one node to the other."""


@lru_cache(maxsize=4_096)
def shortest(
    source: str, target: str, through: tuple[str, ...], joined: tuple[tuple[str, str, int], ...]
) -> tuple[str, ...] | None:
    """The quickest way through these nodes, along edges with a latency; None where none leads there.

    Remembered, since a thousand seeds lay the same links.
    """
    # A graph of its own, laid in order: networkx's filtered views walk over sets where they are small,
    # so that the choice between two equally quick ways would depend on how strings are hashed.
    ways = nx.Graph()
    ways.add_nodes_from(through)
    ways.add_weighted_edges_from(joined, weight="latency_ns")
    try:
        return tuple(nx.shortest_path(ways, source, target, "latency_ns"))
    except nx.NetworkXNoPath:
        return None
