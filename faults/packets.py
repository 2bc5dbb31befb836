"""What a bad line does to the packets that get through: late, unevenly late, doubled, overtaken, damaged."""

from collections.abc import Callable
from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.packet import Packet
from squall.sim.world import World


def check_delay(kind: str, delay_ns: int) -> None:
    """ValueError unless it is above zero."""
    if delay_ns <= 0:
        raise ValueError(f"{kind}: the delay must be above 0 ns, found {delay_ns}")


class _Later:
    """Every packet takes longer, by a fixed time or by a part of it."""

    def __init__(self, delay_ns: int, uneven: bool, tally: Tally, sender: str = "") -> None:
        self._delay_ns = delay_ns
        self._sender = sender
        self._uneven = uneven
        self._tally = tally

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        if self._sender not in ("", packet.sender):
            return 0
        self._tally.touched("packets late")
        return int(self._delay_ns * draw("jitter")) if self._uneven else self._delay_ns


class Latency(FaultKind, frozen=True):
    """Every packet on the link, either way, takes this much longer; or only those of one *sender*, by its address."""

    place: ClassVar[str] = "link"
    target: str
    delay_ns: int
    sender: str = ""

    @property
    def kind(self) -> str:
        return "added latency"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        check_delay(self.kind, self.delay_ns)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.network.link(self.target).install(_Later(self.delay_ns, False, tally, self.sender))


class Jitter(FaultKind, frozen=True):
    """Every packet on the link takes up to this much longer, uniformly: one may overtake another."""

    place: ClassVar[str] = "link"
    target: str
    delay_ns: int

    @property
    def kind(self) -> str:
        return "jitter"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        check_delay(self.kind, self.delay_ns)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.network.link(self.target).install(_Later(self.delay_ns, True, tally))


class _HeldBack:
    """A share of the packets waits, and what was sent after them overtakes them."""

    def __init__(self, share: float, delay_ns: int, tally: Tally) -> None:
        self._share = share
        self._delay_ns = delay_ns
        self._tally = tally

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        if draw("reorder") >= self._share:
            return 0
        self._tally.touched("packets held back")
        return self._delay_ns


class Reordering(FaultKind, frozen=True):
    """A share of the packets is held back, so that later ones arrive before them. A stream puts them right again."""

    place: ClassVar[str] = "link"
    target: str
    share: float
    delay_ns: int = 1_000_000

    @property
    def kind(self) -> str:
        return "reordering"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        check_share(self.kind, self.share)
        check_delay(self.kind, self.delay_ns)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.network.link(self.target).install(_HeldBack(self.share, self.delay_ns, tally))


class _Damage:
    """A share of the packets arrives with a checksum that does not fit: the card throws them away."""

    def __init__(self, share: float, tally: Tally) -> None:
        self._share = share
        self._tally = tally

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        if draw("corruption") >= self._share:
            return 0
        self._tally.touched("checksums failed")
        return None


class Corruption(FaultKind, frozen=True):
    """A share of the packets is damaged, which the receiver's card sees by their checksum, and discards them."""

    place: ClassVar[str] = "link"
    target: str
    share: float

    @property
    def kind(self) -> str:
        return "corruption"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.network.link(self.target).install(_Damage(self.share, tally))


class _Twice:
    """Says of which packets the line makes a second copy."""

    def __init__(self, share: float, tally: Tally) -> None:
        self._share = share
        self._tally = tally

    def copies(self, packet: Packet, draw: Callable[[str], float]) -> bool:
        if draw("duplication") >= self._share:
            return False
        self._tally.touched("datagrams doubled")
        return True


class Duplication(FaultKind, frozen=True):
    """A share of the datagrams arrives twice. A stream would know the second copy by its number, and drops it."""

    place: ClassVar[str] = "link"
    target: str
    share: float

    @property
    def kind(self) -> str:
        return "duplication"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.network.double(self.target, _Twice(self.share, tally))
