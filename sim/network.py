"""The network: a graph of named links, the ways through it, and the fate of each packet on its way."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import networkx as nx

from squall.sim.kernel import Kernel
from squall.sim.link import Changes, Doubler, Draws, Link, LinkSpec, Packet
from squall.sim.rng import Chance
from squall.sim.route import NoRouteError, Way, shortest
from squall.sim.trace import PacketDropped, Trace


class Network:
    """Nodes (a host's network cards, and switches) and the links between them. Only switches forward."""

    def __init__(self, kernel: Kernel, trace: Trace, chance: Chance) -> None:
        self._kernel = kernel
        self._trace = trace
        self._chance = chance
        self._graph: Any = nx.Graph()
        self._ways: dict[tuple[str, str], Way] = {}
        self.changes = Changes()
        self._doublers: tuple[tuple[Link, Doubler], ...] = ()
        self.links: dict[str, Link] = {}

    def add_node(self, node: str, switch: bool = False) -> None:
        """A network card, or a switch. ValueError where there is a node of that name."""
        if node in self._graph:
            raise ValueError(f"node {node!r}: there is a node of that name already")
        self._graph.add_node(node, switch=switch)
        self._ways.clear()

    def connect(self, name: str, one: str, other: str, spec: LinkSpec) -> Link:
        """Lay a link between two nodes that exist; at most one between any two. ValueError in one line otherwise."""
        for node in (one, other):
            if node not in self._graph:
                raise ValueError(f"link {name}: no node {node!r}; nodes are {', '.join(self._graph)}")
        if name in self.links:
            raise ValueError(f"link {name}: there is a link of that name already")
        if one == other:
            raise ValueError(f"link {name}: it joins {one!r} to itself")
        if self._graph.has_edge(one, other):
            known = self._graph.edges[one, other]["link"].name
            raise ValueError(f"link {name}: {one!r} and {other!r} are joined by link {known} already")
        if spec.latency_ns < 0 or spec.jitter_ns < 0:
            found = f"{spec.latency_ns} ns and {spec.jitter_ns} ns"
            raise ValueError(f"link {name}: latency and jitter must not be negative, found {found}")
        if not 0.0 <= spec.loss <= 1.0:
            raise ValueError(f"link {name}: the loss must be from 0 to 1, found {spec.loss}")
        link = Link(name, spec, (one, other), self.changes)
        self._graph.add_edge(one, other, link=link)
        self.links[name] = link
        self._ways.clear()
        return link

    def link(self, name: str) -> Link:
        """The link of this name; ValueError that lists the links where there is none."""
        try:
            return self.links[name]
        except KeyError:
            raise ValueError(f"no link {name!r}; links are {', '.join(self.links)}") from None

    def way(self, source: str, target: str) -> Way:
        """The way from one node to another, least latency first among those through switches."""
        way = self._ways.get((source, target))
        if way is None:
            way = self._ways[source, target] = Way(self._find(source, target), self.changes)
        return way

    def route(self, source: str, target: str) -> tuple[Link, ...]:
        """The links of that way."""
        return self.way(source, target).links

    def _find(self, source: str, target: str) -> tuple[Link, ...]:
        for node in (source, target):
            if node not in self._graph:
                known = ", ".join(self._graph)
                raise NoRouteError(f"no way from {source} to {target}: no node {node!r}; nodes are {known}")
        switches = [node for node, switch in self._graph.nodes(data="switch") if switch]
        through = tuple(dict.fromkeys((source, target, *switches)))
        joined = tuple(
            (*link.ends, link.spec.latency_ns)
            for link in self.links.values()
            if link.ends[0] in through and link.ends[1] in through
        )
        nodes = shortest(source, target, through, joined)
        if nodes is None:
            raise NoRouteError(f"no way from {source} to {target}: no links join them")
        return tuple(self._graph.edges[pair]["link"] for pair in pairwise(nodes))

    def double(self, link: str, doubler: Doubler) -> Callable[[], None]:
        """Let *doubler* copy datagrams on this link; returns what ends that (calling it twice is harmless)."""
        entry = (self.link(link), doubler)
        self._doublers = (*self._doublers, entry)

        def remove() -> None:
            self._doublers = tuple(other for other in self._doublers if other is not entry)

        return remove

    @property
    def doubling(self) -> bool:
        """Whether datagrams are copied anywhere."""
        return bool(self._doublers)

    def copies(self, way: Way, packet: Packet) -> int:
        """How many more times than once this datagram arrives: each copy goes its own way."""
        count = 0
        for link, doubler in self._doublers:
            if link in way.links:
                count += doubler.copies(packet, Draws(self._chance, f"{link.name}|{packet.sender}|{packet.what}"))
        return count

    def fate_ns(self, way: Way, packet: Packet, cause: int) -> int | None:
        """How long a packet takes along the way; None, with a record of where, if it is lost.

        *cause* is the record of its sending.
        """
        total_ns = 0
        for link in way.links:
            if link.plain:
                total_ns += link.spec.latency_ns
                continue
            latency_ns = link.fate_ns(self._chance, packet)
            if latency_ns is None:
                self._drop(link, packet, cause)
                return None
            total_ns += latency_ns
        return total_ns

    def kill(self, link: Link, packet: Packet, cause: int) -> None:
        """Count and record a packet that was on its way when this link went down."""
        link.kill(packet)
        self._drop(link, packet, cause)

    def _drop(self, link: Link, packet: Packet, cause: int) -> None:
        """Count and record a lost packet."""
        link.dropped += 1
        event = PacketDropped(link=link.name, sender=packet.sender, to=packet.to, what=packet.what)
        kernel = self._kernel
        before, kernel.cause = kernel.cause, cause
        self._trace.observe(link.name, event)
        kernel.cause = before
