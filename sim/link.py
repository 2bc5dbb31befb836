"""One link: what it is like, cuts, rules and squeezes, and the fate of each packet on it."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from squall.sim.bursts import Bursts
from squall.sim.packet import Draws, LinkRule, Packet
from squall.sim.rng import Chance
from squall.sim.service import ServiceTime
from squall.sim.transmitter import Transmitter

_TWO_32: Final = 1 << 32


class LinkSpec(Struct, frozen=True):
    """What a link is like on a good day; the same both ways."""

    latency_ns: int
    jitter_ns: int = 0
    """Each packet takes up to this much longer, uniformly."""
    loss: float = 0.0
    """The share of packets that is lost, from 0 to 1."""
    spread: ServiceTime | None = None
    """How much longer than *latency_ns* a packet takes, drawn for each: what jitter is too plain for."""
    bursts: Bursts | None = None
    """Loss that comes in bursts."""
    bandwidth_bps: int = 0
    """Bits a second, each way; 0: bytes cost nothing."""
    queue_bytes: int = 65_536
    """What may wait at either end of a link with a bandwidth; a packet that does not fit is dropped."""

    def trouble(self) -> str | None:
        """What is wrong with it, in a few words; None where it can be."""
        for holds, what in (
            (
                self.latency_ns >= 0 and self.jitter_ns >= 0,
                f"latency and jitter must not be negative, found {self.latency_ns} ns and {self.jitter_ns} ns",
            ),
            (0.0 <= self.loss <= 1.0, f"the loss must be from 0 to 1, found {self.loss}"),
            (self.bandwidth_bps >= 0, f"the bandwidth must not be negative, found {self.bandwidth_bps} bits a second"),
            (self.queue_bytes >= 0, f"the queue must not be negative, found {self.queue_bytes} bytes"),
        ):
            if not holds:
                return what
        return None


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


class _Squeeze:
    """One reason why a link is narrow, and who wants to hear of each packet that it costs, or that it holds up."""

    __slots__ = ("bandwidth_bps", "held_up", "no_room", "queue_bytes")

    def __init__(
        self,
        bandwidth_bps: int,
        queue_bytes: int,
        no_room: Callable[[Packet], None],
        held_up: Callable[[Packet], None],
    ) -> None:
        self.bandwidth_bps = bandwidth_bps
        self.queue_bytes = queue_bytes
        self.no_room = no_room
        self.held_up = held_up


def _nobody(_: Packet) -> None:
    """For a cut or a squeeze that nobody counts."""


class Changes:
    """What has become of the links of one network so far, so that nobody has to look at all of them each time."""

    __slots__ = ("count", "last_down_ns", "on_turn")

    def __init__(self) -> None:
        self.count = 0
        """How often a rule or a cut came or went, or a link was laid."""
        self.last_down_ns = -1
        """When one of them last went down."""
        self.on_turn: Callable[[], None] = _nothing
        """Called when a link has gone down, or has come up."""


def _nothing() -> None:
    """For nobody to be told."""


class Link:
    """One link, both directions."""

    def __init__(
        self,
        name: str,
        spec: LinkSpec,
        ends: tuple[str, str],
        changes: Changes | None = None,
        transmitters: tuple[Transmitter, ...] = (),
    ) -> None:
        """*transmitters*: what puts packets on it at the first of its *ends*, and at the other."""
        self.name = name
        self.spec = spec
        self.ends = ends
        self.last_down_ns = -1
        """When it last went down: packets that were on it then are lost."""
        self.dropped = 0
        """How many packets it has lost, of whatever cause."""
        self.overflowed = 0
        """How many of them found no room in a queue."""
        self._changes = changes or Changes()
        self._rules: list[_Installed] = []
        self._cuts: list[_Cut] = []
        self._felled_by = _Cut(_nobody)
        self._loss_threshold = int(spec.loss * _TWO_32)
        self._squeezes: list[_Squeeze] = []
        self._narrowest: _Squeeze | None = None
        """Of the squeezes, the one whose width holds; None where the link's own is less."""
        self.transmitters = transmitters
        self.narrow = bool(spec.bandwidth_bps)
        """Bytes cost time on it: packets go through a transmitter, and may find its queue full."""
        self.lossless = not (spec.loss or self.narrow)
        """No packet can be lost on it; it may be late."""
        self.plain = self.lossless and not spec.jitter_ns
        """Nothing about this link is left to chance or to a fault: every packet takes its latency."""

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
        falls = not self._cuts
        if falls:
            self.last_down_ns = self._changes.last_down_ns = now_ns
            self._felled_by = cut
        self._cuts.append(cut)
        self._settle()
        if falls:
            for transmitter in self.transmitters:
                transmitter.clear()
            self._changes.on_turn()

        def mend() -> None:
            was_up = self.up
            self._cuts = [other for other in self._cuts if other is not cut]
            self._settle()
            if self.up and not was_up:
                self._changes.on_turn()

        return mend

    def squeeze(
        self,
        bandwidth_bps: int,
        queue_bytes: int,
        no_room: Callable[[Packet], None] = _nobody,
        held_up: Callable[[Packet], None] = _nobody,
    ) -> Callable[[], None]:
        """Let no more than this pass, each way, and no more wait; returns what lets go. The least of all holds.

        *no_room* hears of every packet that is dropped because of it, *held_up* of every one that goes out late: while
        it is this one that holds.
        """
        squeeze = _Squeeze(bandwidth_bps, queue_bytes, no_room, held_up)
        self._squeezes.append(squeeze)
        self._set_width()

        def let_go() -> None:
            self._squeezes = [other for other in self._squeezes if other is not squeeze]
            self._set_width()

        return let_go

    def overflow(self, packet: Packet) -> None:
        """This packet found no room in the queue."""
        self.overflowed += 1
        tightest = min(self._squeezes, key=lambda each: each.queue_bytes, default=None)
        if tightest is not None and self.spec.bandwidth_bps and tightest.queue_bytes > self.spec.queue_bytes:
            tightest = self._narrowest
        if tightest is not None:
            tightest.no_room(packet)

    @property
    def squeezed(self) -> bool:
        """Whether somebody makes it narrower than it is."""
        return self._narrowest is not None

    def hold_up(self, packet: Packet) -> None:
        """This packet had to wait until it could go out."""
        if self._narrowest is not None:
            self._narrowest.held_up(packet)

    def _set_width(self) -> None:
        spec = self.spec
        widths = [each.bandwidth_bps for each in self._squeezes]
        queues = [each.queue_bytes for each in self._squeezes]
        if spec.bandwidth_bps:
            widths.append(spec.bandwidth_bps)
            queues.append(spec.queue_bytes)
        self.narrow = bool(widths)
        narrowest = min(self._squeezes, key=lambda each: each.bandwidth_bps, default=None)
        holds = narrowest is not None and narrowest.bandwidth_bps == min(widths)
        self._narrowest = narrowest if holds else None
        for transmitter in self.transmitters:
            transmitter.change(min(widths, default=0), min(queues, default=0))
        self._settle()

    def _settle(self) -> None:
        self.lossless = not (self._cuts or self._rules or self.narrow or self.spec.loss)
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
