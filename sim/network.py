"""The network: a graph of named links with latency, jitter and loss, and the fate of each packet on it."""

from collections.abc import Callable
from typing import Any, Final, Protocol

import networkx as nx
from msgspec import Struct

from squall.sim.kernel import Kernel
from squall.sim.program import Message
from squall.sim.rng import Chance
from squall.sim.trace import PacketDropped, Trace

_TWO_32: Final = 1 << 32


class LinkSpec(Struct, frozen=True):
    """What a link is like on a good day; the same both ways."""

    latency_ns: int
    jitter_ns: int = 0
    """Each packet takes up to this much longer, uniformly."""
    loss: float = 0.0
    """The share of packets that is lost, from 0 to 1."""


class Packet:
    """What travels: a message (or an acknowledgement of one) on its *attempt*-th way from one address to another."""

    __slots__ = ("attempt", "message", "note", "sender", "sent_ns", "to")

    def __init__(
        self, sender: str, to: str, message: Message, sent_ns: int, attempt: int = 0, note: str = ""
    ) -> None:
        self.sender = sender
        self.to = to
        self.message = message
        self.sent_ns = sent_ns
        self.attempt = attempt
        self.note = note

    @property
    def what(self) -> str:
        """Its name for ever, by which chance knows it: note, the message's identity, attempt."""
        return f"{self.note}{self.message.identity}#{self.attempt}"


class LinkRule(Protocol):
    """What a fault does to packets on a link. Rules compose in the order in which they were installed."""

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        """Extra latency in ns, or None to drop the packet. `draw(name)` is a uniform number keyed to this packet."""


class Link:
    """One link, both directions, and what it has carried."""

    def __init__(self, name: str, spec: LinkSpec, ends: tuple[str, str]) -> None:
        self.name = name
        self.spec = spec
        self.ends = ends
        self.up = True
        self.last_down_ns = -1
        """When it last went down: packets that were on it then are lost."""
        self.carried = 0
        self.dropped = 0
        self._rules: list[LinkRule] = []
        self._loss_threshold = int(spec.loss * _TWO_32)
        self.plain = not spec.jitter_ns and not spec.loss
        """Nothing about this link is left to chance or to a fault: every packet takes its latency."""

    def install(self, rule: LinkRule) -> Callable[[], None]:
        """Add a rule; returns what removes it again."""
        self._rules.append(rule)
        self._settle()

        def remove() -> None:
            self._rules.remove(rule)
            self._settle()

        return remove

    def set_up(self, up: bool, now_ns: int) -> None:
        """Cut or mend the link. A cut also kills what is in flight."""
        if self.up and not up:
            self.last_down_ns = now_ns
        self.up = up
        self._settle()

    def _settle(self) -> None:
        self.plain = self.up and not self._rules and not self.spec.jitter_ns and not self.spec.loss

    def fate_ns(self, chance: Chance, packet: Packet) -> int | None:
        """How long this packet takes, or None if it is lost. Decided when it is sent."""
        if not self.up:
            return None
        spec = self.spec
        key = f"{self.name}|{packet.to}|{packet.what}"
        lost, jittered = chance.pair(key) if spec.jitter_ns or spec.loss else (_TWO_32, 0)
        if lost < self._loss_threshold:
            return None
        latency_ns = spec.latency_ns + ((spec.jitter_ns * jittered) >> 32)
        for rule in self._rules:
            extra_ns = rule.fate(packet, lambda name: chance.uniform(f"{key}|{name}"))
            if extra_ns is None:
                return None
            latency_ns += extra_ns
        return latency_ns


class NoRouteError(ValueError):
    """No links lead from one node to the other."""


class Network:
    """Nodes (a host's network cards, and switches) and the links between them. Only switches forward."""

    def __init__(self, kernel: Kernel, trace: Trace, chance: Chance) -> None:
        self._kernel = kernel
        self._trace = trace
        self._chance = chance
        self._graph: Any = nx.Graph()
        self._routes: dict[tuple[str, str], tuple[Link, ...]] = {}
        self.links: dict[str, Link] = {}

    def add_node(self, node: str, switch: bool = False) -> None:
        """A network card, or a switch."""
        self._graph.add_node(node, switch=switch)
        self._routes.clear()

    def connect(self, name: str, one: str, other: str, spec: LinkSpec) -> Link:
        """Lay a link between two nodes that exist."""
        for node in (one, other):
            if node not in self._graph:
                raise ValueError(f"link {name}: no node {node!r}; nodes are {', '.join(self._graph)}")
        if name in self.links:
            raise ValueError(f"link {name}: there is a link of that name already")
        link = Link(name, spec, (one, other))
        self._graph.add_edge(one, other, link=link)
        self.links[name] = link
        self._routes.clear()
        return link

    def link(self, name: str) -> Link:
        """The link of this name; ValueError that lists the links where there is none."""
        try:
            return self.links[name]
        except KeyError:
            raise ValueError(f"no link {name!r}; links are {', '.join(self.links)}") from None

    def route(self, source: str, target: str) -> tuple[Link, ...]:
        """The links from one node to another, least latency first among ways through switches."""
        route = self._routes.get((source, target))
        if route is None:
            route = self._find(source, target)
            self._routes[source, target] = route
        return route

    def _find(self, source: str, target: str) -> tuple[Link, ...]:
        graph = self._graph
        through = [n for n, data in graph.nodes(data=True) if data["switch"] or n in (source, target)]

        def latency(_one: str, _other: str, data: dict[str, Any]) -> int:
            return int(data["link"].spec.latency_ns)

        try:
            nodes = nx.shortest_path(graph.subgraph(through), source, target, weight=latency)
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            raise NoRouteError(f"no way from {source} to {target}") from None
        return tuple(graph.edges[pair]["link"] for pair in zip(nodes, nodes[1:], strict=False))

    def fate_ns(self, route: tuple[Link, ...], packet: Packet) -> int | None:
        """How long a packet takes along the route; None, with a record of where, if it is lost."""
        total_ns = 0
        for link in route:
            link.carried += 1
            if link.plain:
                total_ns += link.spec.latency_ns
                continue
            latency_ns = link.fate_ns(self._chance, packet)
            if latency_ns is None:
                self.drop(link, packet)
                return None
            total_ns += latency_ns
        return total_ns

    def cut_since(self, route: tuple[Link, ...], sent_ns: int) -> Link | None:
        """The link that went down while the packet was on its way, if any."""
        for link in route:
            if link.last_down_ns >= sent_ns:
                return link
        return None

    def drop(self, link: Link, packet: Packet) -> None:
        """Count and record a lost packet."""
        link.dropped += 1
        event = PacketDropped(link=link.name, sender=packet.sender, to=packet.to, what=packet.what)
        self._trace.observe(link.name, event)
