"""What becomes of a line that is not down: it loses in bursts, or bytes begin to cost time on it."""

from math import log
from typing import ClassVar, Final

from squall.faults.fault import FaultKind, Heal, Tally
from squall.faults.network import kind_of_packet
from squall.faults.packets import check_delay
from squall.sim.bursts import Bursts, Weather
from squall.sim.kernel import Call
from squall.sim.link import Link
from squall.sim.packet import MTU_BYTES
from squall.sim.transmitter import Waiting
from squall.sim.world import World

CROSS_BYTES: Final = MTU_BYTES
"""What a packet of the others' traffic has."""
WIDEST_BPS: Final = 1_000_000_000
NARROWEST_BPS: Final = 1_000
BUSIEST_BPS: Final = 100_000_000
"""Of a congested link: more would be more of other people's packets than of the desk's."""
HEAVIEST: Final = 4.0


class BurstyLoss(FaultKind, frozen=True):
    """The link has bad times and good ones, exponential of these means, and loses a share of the packets in each.

    What Gilbert and Elliott described: the same share of all packets as under even loss, and several in a row.
    """

    place: ClassVar[str] = "link"
    target: str
    bad_ns: int = 50_000_000
    good_ns: int = 500_000_000
    loss_bad: float = 1.0
    loss_good: float = 0.0

    @property
    def kind(self) -> str:
        return "bursty loss"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        if not self._bursts().loss:
            raise ValueError(f"{self.kind}: nothing would ever be lost, found no loss in bad times nor in good ones")

    def _bursts(self) -> Bursts:
        return Bursts(self.bad_ns, self.good_ns, self.loss_bad, self.loss_good)

    def inject(self, world: World, tally: Tally) -> Heal:
        name = tally.key(f"bursty/{self.target}/{world.kernel.now_ns}")
        told = lambda packet: tally.touched(kind_of_packet(packet))  # noqa: E731
        weather = Weather(world.kernel, world.chance, name, self._bursts(), told)
        return world.network.link(self.target).install(weather)


def _check_width(kind: str, bandwidth_bps: int, queue_bytes: int, widest_bps: int) -> None:
    if not NARROWEST_BPS <= bandwidth_bps <= widest_bps:
        bounds = f"from {NARROWEST_BPS} to {widest_bps}"
        raise ValueError(f"{kind}: the bandwidth must be {bounds} bits a second, found {bandwidth_bps}")
    if queue_bytes < CROSS_BYTES:
        raise ValueError(f"{kind}: the queue must hold at least {CROSS_BYTES} bytes, found {queue_bytes}")


def _squeeze(world: World, target: str, bandwidth_bps: int, queue_bytes: int, tally: Tally) -> Heal:
    return world.network.link(target).squeeze(
        bandwidth_bps,
        queue_bytes,
        no_room=lambda _: tally.touched("packets that found no room"),
        held_up=lambda _: tally.touched("packets held up"),
    )


class SqueezedLink(FaultKind, frozen=True):
    """So many bits a second pass the link, each way, and no more; what has to wait may come to so many bytes.

    Packets take their time to go out, one after the other; one that finds no room in the queue is dropped. A long
    message of a stream needs room for its first 1,500 bytes: its sender lets the rest out as those get through.
    """

    place: ClassVar[str] = "link"
    target: str
    bandwidth_bps: int
    queue_bytes: int = 16_384

    @property
    def kind(self) -> str:
        return "squeezed link"

    def check(self, world: World) -> None:
        own_bps = world.network.link(self.target).spec.bandwidth_bps
        _check_width(self.kind, self.bandwidth_bps, self.queue_bytes, WIDEST_BPS)
        if own_bps and self.bandwidth_bps >= own_bps:
            raise ValueError(
                f"{self.kind}: the bandwidth must be less than that of {self.target} itself, "
                f"{own_bps} bits a second, found {self.bandwidth_bps}"
            )

    def inject(self, world: World, tally: Tally) -> Heal:
        return _squeeze(world, self.target, self.bandwidth_bps, self.queue_bytes, tally)


class CongestedLink(FaultKind, frozen=True):
    """Other people's packets share the link: Poisson, of 1,500 bytes, *load* times what its bandwidth can carry.

    From a load of 1 on its queue is full most of the time, and what comes is dropped as often as not. Where the link
    has a bandwidth of its own that is less, it is that one which counts.
    """

    place: ClassVar[str] = "link"
    target: str
    load: float
    bandwidth_bps: int = 10_000_000
    queue_bytes: int = 65_536

    @property
    def kind(self) -> str:
        return "congested link"

    def check(self, world: World) -> None:
        world.network.link(self.target)
        _check_width(self.kind, self.bandwidth_bps, self.queue_bytes, BUSIEST_BPS)
        if not 0.0 < self.load <= HEAVIEST:
            raise ValueError(f"{self.kind}: the load must be above 0 and at most {HEAVIEST:.0f}, found {self.load}")

    def inject(self, world: World, tally: Tally) -> Heal:
        own_bps = world.network.link(self.target).spec.bandwidth_bps
        bandwidth_bps = min(self.bandwidth_bps, own_bps or self.bandwidth_bps)
        heal = _squeeze(world, self.target, bandwidth_bps, self.queue_bytes, tally)
        gap_ns = CROSS_BYTES * 8 * 1_000_000_000 / (bandwidth_bps * self.load)
        key = tally.key(f"congestion/{self.target}")
        others = [_Others(world, world.network.link(self.target), side, gap_ns, key) for side in range(2)]

        def go() -> None:
            for each in others:
                each.end()
            heal()

        return go


class SlowConvergence(FaultKind, frozen=True):
    """Routers hear of links so much later: packets go into what is down, and around what is up again.

    With a link that flaps it is a route that flaps, always after the fact. There must be routes that change.
    """

    delay_ns: int = 1_000_000_000

    @property
    def kind(self) -> str:
        return "slow convergence"

    @property
    def target(self) -> str:
        return "routes"

    def check(self, world: World) -> None:
        check_delay(self.kind, self.delay_ns)
        if world.network.convergence_ns is None:
            raise ValueError(f"{self.kind}: routes stay as they are here; expected a second carrier, and rerouting on")

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.network.slow_down(self.delay_ns, lambda: tally.touched("pieces of news late"))


class _Others:
    """Whoever else sends on one end of a link."""

    def __init__(self, world: World, link: Link, side: int, gap_ns: float, key: str) -> None:
        self._kernel = world.kernel
        self._chance = world.chance
        self._link = link
        self._transmitter = link.transmitters[side]
        self._key = f"{key}/{side}/{world.kernel.now_ns}"
        self._gap_ns = gap_ns
        self._number = 0
        self._due: Call
        self._wait()

    def _wait(self) -> None:
        self._number += 1
        gap_ns = int(-log(1.0 - self._chance.uniform(f"{self._key}/{self._number}")) * self._gap_ns)
        self._due = self._kernel.call_in(gap_ns, self._send)

    def _send(self, _: None) -> None:
        if self._link.up:
            self._transmitter.offer(Waiting(CROSS_BYTES, _nobody, _nobody, self._kernel.cause))
        self._wait()

    def end(self) -> None:
        self._due.cancel()


def _nobody() -> None:
    """Other people's packets are nobody's news here."""
