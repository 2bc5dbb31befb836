"""The network: a graph of named links, the ways through it, and the fate of each packet on its way."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import networkx as nx
from msgspec import Struct

from squall.sim.bursts import Weather
from squall.sim.kernel import Kernel
from squall.sim.link import Changes, Link, LinkSpec
from squall.sim.packet import MTU_BYTES, Doubler, Draws, Packet
from squall.sim.rng import Chance
from squall.sim.route import NoRouteError, Way, shortest
from squall.sim.service import ServiceTime
from squall.sim.trace import PacketDropped, RoutesChanged, Trace
from squall.sim.transmitter import Transmitter, Waiting


class _Trip(Struct, gc=False):
    """A packet that goes from link to link, since bytes cost time on one of them."""

    packet: Packet
    cause: int
    links: tuple[Link, ...]
    arrives: Callable[[Any], None]
    lost: Callable[[Any], None]
    arg: Any
    at: str
    """The node that it is at, or on its way to."""
    head_bytes: int
    """What of it needs room in a queue."""
    index: int = 0
    """Which of the links comes next."""


class _Spread:
    """The latency of a link that is no even jitter."""

    def __init__(self, spread: ServiceTime) -> None:
        self._spread = spread

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        return self._spread.at_ns(draw("spread"))


def _nobody_waits(_: Any) -> None:
    """For a packet that nobody misses."""


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
        self.convergence_ns: int | None = None
        """How old the news is by which packets are led: what a link has become is minded so much later, everywhere.
        None: routes stay as they were laid, whatever goes down."""
        self._slow: tuple[tuple[int, Callable[[], None]], ...] = ()
        """By how much more the news is late, for each who makes it so, and whom to tell of each."""
        self._told = 0
        self._minded = 0
        """Which news was told last, and which of it is the latest that is minded."""
        self._known_down: frozenset[str] = frozenset()
        self.changes.on_turn = self._turned

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
        trouble = spec.trouble()
        if trouble is not None:
            raise ValueError(f"link {name}: {trouble}")
        near, far = (Transmitter(self._kernel, spec.bandwidth_bps, spec.queue_bytes) for _ in range(2))
        link = Link(name, spec, (one, other), self.changes, (near, far))
        if spec.spread is not None:
            link.install(_Spread(spec.spread))
        if spec.bursts is not None:
            link.install(Weather(self._kernel, self._chance, f"weather/{name}", spec.bursts))
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
            way = self._ways[source, target] = Way(source, self._find(source, target), self.changes)
        return way

    def route(self, source: str, target: str) -> tuple[Link, ...]:
        """The links of that way."""
        return self.way(source, target).links

    def _find(self, source: str, target: str) -> tuple[Link, ...]:
        for node in (source, target):
            if node not in self._graph:
                known = ", ".join(self._graph)
                raise NoRouteError(f"no way from {source} to {target}: no node {node!r}; nodes are {known}")
        nodes = self._nodes_between(source, target, self._known_down)
        if nodes is None and self._known_down:
            # Nothing leads there that is up: packets are sent into what is down, and lost.
            nodes = self._nodes_between(source, target, frozenset())
        if nodes is None:
            raise NoRouteError(f"no way from {source} to {target}: no links join them")
        return tuple(self._graph.edges[pair]["link"] for pair in pairwise(nodes))

    def _nodes_between(self, source: str, target: str, without: frozenset[str]) -> tuple[str, ...] | None:
        switches = [node for node, switch in self._graph.nodes(data="switch") if switch]
        through = tuple(dict.fromkeys((source, target, *switches)))
        joined = tuple(
            (*link.ends, link.spec.latency_ns)
            for link in self.links.values()
            if link.ends[0] in through and link.ends[1] in through and link.name not in without
        )
        return shortest(source, target, through, joined)

    def _turned(self) -> None:
        """A link has gone down, or come up: the news is minded when it is old enough."""
        if self.convergence_ns is None:
            return
        self._told += 1
        late_ns = 0
        for delay_ns, told in self._slow:
            late_ns += delay_ns
            told()
        down = frozenset(link.name for link in self.links.values() if not link.up)
        self._kernel.post(self.convergence_ns + late_ns, self._converge, (self._told, down), self._kernel.cause)

    def slow_down(self, delay_ns: int, told: Callable[[], None]) -> Callable[[], None]:
        """Let all news of links come so much later; returns what ends that. *told* hears of each that does."""
        entry = (delay_ns, told)
        self._slow = (*self._slow, entry)

        def hurry() -> None:
            self._slow = tuple(other for other in self._slow if other is not entry)

        return hurry

    def _converge(self, news: tuple[int, frozenset[str]]) -> None:
        number, down = news
        if number < self._minded:
            return  # it has been overtaken by what became of the links since
        self._minded = number
        self._known_down = down
        changed = 0
        for (source, target), way in self._ways.items():
            links = self._find(source, target)
            if links != way.links:
                way.lead(links)
                changed += 1
        if changed:
            self.changes.count += 1
            around = tuple(name for name in self.links if name in down)
            self._trace.observe("network", RoutesChanged(around=around, ways=changed))

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
        """How long a packet takes along a way that is not narrow; None, with a record of where, if it is lost.

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

    def carry(
        self,
        way: Way,
        packet: Packet,
        cause: int,
        arrives: Callable[[Any], None],
        arg: Any,
        lost: Callable[[Any], None] = _nobody_waits,
        in_segments: bool = False,
    ) -> None:
        """Take a packet along a narrow way, from link to link; `arrives(arg)` at its end, `lost(arg)` where it is lost.

        Its fate on each link is decided when it gets there, and whether there is room for it. *in_segments*: it is a
        message that a sender lets out segment by segment, as those before get through: there must be room for one.
        """
        head_bytes = min(packet.size_bytes, MTU_BYTES) if in_segments else packet.size_bytes
        self._step(_Trip(packet, cause, way.links, arrives, lost, arg, way.source, head_bytes))

    def _step(self, trip: _Trip) -> None:
        """The packet is at a node: on to the next link, or it has arrived."""
        self._kernel.cause = trip.cause
        if trip.index == len(trip.links):
            trip.arrives(trip.arg)
            return
        link = trip.links[trip.index]
        side = link.ends.index(trip.at)
        latency_ns = link.fate_ns(self._chance, trip.packet)
        if latency_ns is None:
            self._drop(link, trip.packet, trip.cause)
            trip.lost(trip.arg)
            return
        trip.index += 1
        trip.at = link.ends[1 - side]
        if not link.narrow:
            self._kernel.post(latency_ns, self._step, trip, trip.cause)
            return
        waiting = Waiting(
            trip.packet.size_bytes,
            lambda: self._kernel.post(latency_ns, self._step, trip, trip.cause),
            lambda: self._felled(link, trip),
            trip.cause,
            trip.head_bytes,
        )
        transmitter = link.transmitters[side]
        held_up = link.squeezed and (
            # Behind others; or alone, and its own bits take longer than all the way does.
            transmitter.busy or transmitter.takes_ns(waiting.size_bytes) > link.spec.latency_ns
        )
        if not transmitter.offer(waiting):
            link.overflow(trip.packet)
            self._drop(link, trip.packet, trip.cause)
            trip.lost(trip.arg)
        elif held_up:
            link.hold_up(trip.packet)

    def _felled(self, link: Link, trip: _Trip) -> None:
        self.kill(link, trip.packet, trip.cause)
        trip.lost(trip.arg)

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
