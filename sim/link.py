"""One link: latency, jitter and loss, cuts and rules, and the fate of each packet on it."""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from squall.sim.program import Message
from squall.sim.rng import Chance

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


class Draws:
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
            draws = Draws(chance, key)
            for entry in self._rules:
                extra_ns = entry.rule.fate(packet, draws)
                if extra_ns is None:
                    return None
                latency_ns += extra_ns
        return latency_ns

    def kill(self, packet: Packet) -> None:
        """This packet was on the link when it went down: whoever cut it is told."""
        self._felled_by.told(packet)
