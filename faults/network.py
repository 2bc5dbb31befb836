"""What goes wrong between machines: packets lost, packets late, links cut, hosts cut off from one another."""

from collections.abc import Callable
from typing import ClassVar, Self

from msgspec.structs import replace

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.faults.targets import Pick
from squall.sim.kernel import HEAL, INJECT, Call
from squall.sim.packet import ACK, Packet
from squall.sim.stream import Control
from squall.sim.world import World


class _Lose:
    """Drops a share of the packets that pass."""

    def __init__(self, share: float, tally: Tally) -> None:
        self._share = share
        self._tally = tally

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        if self._share < 1.0 and draw("loss") >= self._share:
            return 0
        self._tally.touched(kind_of_packet(packet))
        return None


def kind_of_packet(packet: Packet) -> str:
    """What a tally calls the loss of this one."""
    if packet.note == ACK:
        return "acknowledgements lost"
    if packet.note or type(packet.message) is Control:
        return "connection packets lost"
    return "repeated packets lost" if packet.attempt else "packets lost"


class PacketLoss(FaultKind, frozen=True):
    """Each packet on the link, either way, is lost with this probability; 1 loses them all."""

    place: ClassVar[str] = "link"
    target: str
    share: float

    @property
    def kind(self) -> str:
        return "packet loss"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.network.link(self.target).install(_Lose(self.share, tally))


class LinkCut(FaultKind, frozen=True):
    """The link is down: nothing passes, and what was on it is gone."""

    place: ClassVar[str] = "link"
    target: str

    @property
    def kind(self) -> str:
        return "link cut"

    def check(self, world: World) -> None:
        world.network.link(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("link down")
        return world.network.link(self.target).cut(
            world.kernel.now_ns, lambda packet: tally.touched(kind_of_packet(packet))
        )


class Flapping(FaultKind, frozen=True):
    """The link goes down and comes up again, over and over: down for this share of every period."""

    place: ClassVar[str] = "link"
    target: str
    period_ns: int = 200_000_000
    down_share: float = 0.5

    @property
    def kind(self) -> str:
        return "flapping link"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        if self.period_ns <= 1:
            raise ValueError(f"{self.kind}: the period must be above 1 ns, found {self.period_ns}")
        if not 0.0 < self.down_share < 1.0:
            raise ValueError(f"{self.kind}: the share must be above 0 and below 1, found {self.down_share}")

    def inject(self, world: World, tally: Tally) -> Heal:
        kernel, link = world.kernel, world.network.link(self.target)
        down_ns = max(int(self.period_ns * self.down_share), 1)
        mend: Heal | None = None
        due: Call | None = None

        def go_down(_: None) -> None:
            nonlocal mend, due
            tally.touched("link down")
            mend = link.cut(kernel.now_ns, lambda packet: tally.touched(kind_of_packet(packet)))
            due = kernel.call_at(kernel.now_ns + down_ns, come_up, turn=HEAL)

        def come_up(_: None) -> None:
            nonlocal mend, due
            if mend is not None:
                mend()
                mend = None
            due = kernel.call_at(kernel.now_ns + self.period_ns - down_ns, go_down, turn=INJECT)

        def heal() -> None:
            if due is not None:
                due.cancel()
            if mend is not None:
                mend()

        go_down(None)
        return heal


class _Clog:
    """Holds whatever is sent until the clog dissolves."""

    def __init__(self, world: World, until_ns: int, tally: Tally) -> None:
        self._kernel = world.kernel
        self._until_ns = until_ns
        self._tally = tally

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        self._tally.touched("packets clogged")
        return max(self._until_ns - self._kernel.now_ns, 0)


class Clogging(FaultKind, frozen=True):
    """The link clogs at some moment within *stagger*, and dissolves at some moment within the next *stagger*.

    On several links at once (``40% of links``) they clog one by one and dissolve in another order: what FoundationDB
    calls swizzled. Nothing is lost; what was sent into a clog comes out of it all at once.
    """

    place: ClassVar[str] = "link"
    target: str
    stagger_ns: int = 500_000_000

    @property
    def kind(self) -> str:
        return "clogged link"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        if self.stagger_ns <= 0:
            raise ValueError(f"{self.kind}: the stagger must be above 0 ns, found {self.stagger_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        kernel, link = world.kernel, world.network.link(self.target)
        key = tally.key(f"clog/{self.target}/{kernel.now_ns}")
        clogs_ns = kernel.now_ns + int(world.chance.uniform(f"{key}/clogs") * self.stagger_ns)
        dissolves_ns = kernel.now_ns + self.stagger_ns + int(world.chance.uniform(f"{key}/dissolves") * self.stagger_ns)
        remove: Heal | None = None

        def clog(_: None) -> None:
            nonlocal remove
            remove = link.install(_Clog(world, dissolves_ns, tally))

        def dissolve(_: None) -> None:
            if remove is not None:
                remove()

        begins = kernel.call_at(clogs_ns, clog, turn=INJECT)
        ends = kernel.call_at(dissolves_ns, dissolve, turn=HEAL)

        def heal() -> None:
            begins.cancel()
            ends.cancel()
            dissolve(None)

        return heal


class _Cut:
    """Drops what goes from one group of hosts to another."""

    def __init__(self, world: World, left: frozenset[str], right: frozenset[str], tally: Tally) -> None:
        self._transport = world.transport
        self._left = left
        self._right = right
        self._tally = tally

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        sender = self._transport.slot_of(packet.sender).host.name
        to = self._transport.slot_of(packet.to).host.name
        if sender in self._left and to in self._right:
            self._tally.touched(kind_of_packet(packet))
            return None
        return 0


class Partition(FaultKind, frozen=True):
    """Packets from *left* to *right* vanish; with *both_ways*, the other way too. Real partitions are often one-way."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    both_ways: bool = False

    @property
    def kind(self) -> str:
        return "partition"

    @property
    def target(self) -> str:
        arrow = "↔" if self.both_ways else "→"
        return f"{', '.join(self.left)} {arrow} {', '.join(self.right)}"

    def strikes(self, pick: Pick) -> tuple[Self, ...]:
        """Both sides by name. Who is on the left by name or by lot is not on a right that means more than one name."""
        left = tuple(dict.fromkeys(name for each in self.left for name in pick("host", each)))
        right = []
        for each in self.right:
            meant = pick("host", each)
            right += [name for name in meant if name == each or name not in left]
        return (replace(self, left=left, right=tuple(dict.fromkeys(right))),)

    def check(self, world: World) -> None:
        for side, names in (("left", self.left), ("right", self.right)):
            if not names:
                raise ValueError(f"{self.kind}: there must be a host on each side, found none on the {side}")
            for name in names:
                world.host(name)
        both = [name for name in self.left if name in self.right]
        if both:
            raise ValueError(f"{self.kind}: a host is on one side only, found {', '.join(both)} on both")

    def inject(self, world: World, tally: Tally) -> Heal:
        left, right = frozenset(self.left), frozenset(self.right)
        removers = []
        for link in world.network.links.values():
            # On the sender's own links only, so that a packet meets the rule once: what a program sends leaves
            # by the network card that has the name of its host, and hosts do not forward.
            if any(end in left for end in link.ends):
                removers.append(link.install(_Cut(world, left, right, tally)))
            if self.both_ways and any(end in right for end in link.ends):
                removers.append(link.install(_Cut(world, right, left, tally)))

        def heal() -> None:
            for remove in removers:
                remove()

        return heal
