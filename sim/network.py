"""The network: a graph of named links with latency, jitter and loss, and the fate of each packet on it."""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
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


class Packet(Struct, gc=False):
    """What travels: a message, or an answer to one (by its *note*), on its *attempt*-th way to an address."""

    sender: str
    to: str
    message: Message
    sent_ns: int
    attempt: int = 0
    note: str = ""

    @property
    def what(self) -> str:
        """Its name for ever, by which chance knows it: note, the message's identity, attempt."""
        return f"{self.note}{self.message.identity}#{self.attempt}"


class LinkRule(Protocol):
    """What a fault does to packets on a link. Rules compose in the order in which they were installed.

    Extra latencies add up. The first rule that drops a packet settles it: later ones are not asked.
    """

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        """Extra latency in ns, or None to drop the packet. `draw(name)` is a uniform number keyed to this packet."""


class Doubler(Protocol):
    """What makes a second copy of datagrams on a link."""

    def copies(self, packet: Packet, draw: Callable[[str], float]) -> bool:
        """Whether this one arrives twice. `draw(name)` is a uniform number keyed to this packet."""


class _Draws:
    """Numbers keyed to one packet. A name that a second rule asks for too gives it a number of its own."""

    __slots__ = ("_asked", "_chance", "_key")

    def __init__(self, chance: Chance, key: str) -> None:
        self._chance = chance
        self._key = key
        self._asked: dict[str, int] = {}

    def __call__(self, name: str) -> float:
        times = self._asked[name] = self._asked.get(name, 0) + 1
        return self._chance.uniform(f"{self._key}|{name}" if times == 1 else f"{self._key}|{name}/{times}")


class _Installed:
    """One rule in its place. The same rule may be installed twice, and each is removed by itself."""

    __slots__ = ("rule",)

    def __init__(self, rule: LinkRule) -> None:
        self.rule = rule


class _Cut:
    """One reason why a link is down, and who wants to hear of each packet that it costs."""

    __slots__ = ("told",)

    def __init__(self, told: Callable[[Packet], None]) -> None:
        self.told = told


def _nobody(_: Packet) -> None:
    """A cut that nobody counts."""


class Changes:
    """What has become of the links of one network so far, so that nobody has to look at all of them each time."""

    __slots__ = ("count", "last_down_ns")

    def __init__(self) -> None:
        self.count = 0
        """How often a rule or a cut came or went, or a link was laid."""
        self.last_down_ns = -1
        """When one of them last went down."""


class Link:
    """One link, both directions."""

    def __init__(self, name: str, spec: LinkSpec, ends: tuple[str, str], changes: Changes | None = None) -> None:
        self.name = name
        self.spec = spec
        self.ends = ends
        self.last_down_ns = -1
        """When it last went down: packets that were on it then are lost."""
        self.dropped = 0
        self._changes = changes or Changes()
        self._rules: list[_Installed] = []
        self._cuts: list[_Cut] = []
        self._felled_by = _Cut(_nobody)
        self._loss_threshold = int(spec.loss * _TWO_32)
        self.plain = not spec.jitter_ns and not spec.loss
        """Nothing about this link is left to chance or to a fault: every packet takes its latency."""
        self.lossless = not spec.loss
        """No packet can be lost on it; it may be late."""

    @property
    def up(self) -> bool:
        """Whether nothing holds it down."""
        return not self._cuts

    def install(self, rule: LinkRule) -> Callable[[], None]:
        """Add a rule; returns what removes it again (calling that twice is harmless)."""
        entry = _Installed(rule)
        self._rules.append(entry)
        self._settle()

        def remove() -> None:
            self._rules = [other for other in self._rules if other is not entry]
            self._settle()

        return remove

    def cut(self, now_ns: int, told: Callable[[Packet], None] = _nobody) -> Callable[[], None]:
        """Take the link down, and kill what is in flight on it; returns what lets go of it.

        It is up again when nobody holds it down any more. *told* hears of every packet that this cut costs.
        """
        cut = _Cut(told)
        if not self._cuts:
            self.last_down_ns = self._changes.last_down_ns = now_ns
            self._felled_by = cut
        self._cuts.append(cut)
        self._settle()

        def mend() -> None:
            self._cuts = [other for other in self._cuts if other is not cut]
            self._settle()

        return mend

    def _settle(self) -> None:
        self.lossless = not (self._cuts or self._rules or self.spec.loss)
        self.plain = self.lossless and not self.spec.jitter_ns
        self._changes.count += 1

    def fate_ns(self, chance: Chance, packet: Packet) -> int | None:
        """How long this packet takes, or None if it is lost. Decided when it is sent."""
        if self._cuts:
            self._cuts[0].told(packet)
            return None
        spec = self.spec
        key = f"{self.name}|{packet.sender}|{packet.to}|{packet.what}"
        lost, jittered = chance.pair(key) if spec.jitter_ns or spec.loss else (_TWO_32, 0)
        if lost < self._loss_threshold:
            return None
        latency_ns = spec.latency_ns + ((spec.jitter_ns * jittered) >> 32)
        if self._rules:
            draws = _Draws(chance, key)
            for entry in self._rules:
                extra_ns = entry.rule.fate(packet, draws)
                if extra_ns is None:
                    return None
                latency_ns += extra_ns
        return latency_ns

    def kill(self, packet: Packet) -> None:
        """This packet was on the link when it went down: whoever cut it is told."""
        self._felled_by.told(packet)


class Way:
    """A route between two network cards, and what can be said of every packet on it until something changes."""

    __slots__ = ("_changes", "_lossless", "_plain_ns", "links", "seen")

    def __init__(self, links: tuple[Link, ...], changes: Changes) -> None:
        self.links = links
        self._changes = changes
        self.seen = -1
        """The count of changes that was looked at last: while it stands, nothing has to be asked again."""
        self._plain_ns: int | None = None
        self._lossless = False

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

    def _look(self) -> None:
        self.seen = self._changes.count
        self._lossless = all(link.lossless for link in self.links)
        plain = all(link.plain for link in self.links)
        self._plain_ns = sum(link.spec.latency_ns for link in self.links) if plain else None

    def cut_since(self, sent_ns: int) -> Link | None:
        """The link that went down since a packet was sent on this way, if any; then the packet is to be killed.

        A packet is taken to be on all of its way until it arrives: just where it was decides nothing.
        """
        if self._changes.last_down_ns >= sent_ns:
            for link in self.links:
                if link.last_down_ns >= sent_ns:
                    return link
        return None


class NoRouteError(ValueError):
    """No links lead from one node to the other."""


@lru_cache(maxsize=4_096)
def _shortest(
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
        nodes = _shortest(source, target, through, joined)
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
                count += doubler.copies(packet, _Draws(self._chance, f"{link.name}|{packet.sender}|{packet.what}"))
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
