"""A sender that always has more to send, over a link that loses packets at random: what a stream of TCP makes of it."""

from collections.abc import Callable
from math import sqrt
from typing import ClassVar, Final

from msgspec import Struct

from squall.sim.link import LinkSpec
from squall.sim.packet import Packet
from squall.sim.stream import TcpSpec, TransportSpec
from squall.sim.tcp import TcpPipe
from tests.sim.machines import MILLISECOND, Note, TwoHosts

MSS: Final = 1_460
ROUND_TRIP_NS: Final = 20 * MILLISECOND
RANDOM_LOSS: Final = 1.31
"""C for random loss with every segment acknowledged (Mathis, Semke, Mahdavi, Ott 1997; periodic loss: √(3/2))."""
NEAR: Final = 0.85
"""Of the bound: what a stream reaches where loss is rare enough for no time-out."""
NOISE: Final = 1.08
"""Above the bound, what a run of this length may be by chance."""
RARE: Final = 0.01


class Full(Note, frozen=True, gc=False, tag=True):
    wire_bytes: ClassVar[int] = MSS


class Carried(Struct, frozen=True):
    """What a run came to."""

    loss: float
    bytes_per_s: float
    in_order: bool

    @property
    def bound_bytes_per_s(self) -> float:
        """MSS / RTT · C / √p."""
        return MSS / (ROUND_TRIP_NS / 1e9) * RANDOM_LOSS / sqrt(self.loss)

    @property
    def of_the_bound(self) -> float:
        return self.bytes_per_s / self.bound_bytes_per_s


class _LoseData:
    """The way there loses, the way back does not, as the formula has it."""

    def __init__(self, loss: float) -> None:
        self._loss = loss

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        return None if packet.sender == "a" and draw("loss") < self._loss else 0


def carry(loss: float, seconds: int, seed: int) -> Carried:
    """Throughput over so many seconds, once the first fifth of that time has gone by."""
    tcp = TcpSpec(delayed_ack_ns=0, send_buffer_bytes=10**12, receive_buffer_bytes=10**9)
    spec = TransportSpec(max_retransmissions=50, tcp=tcp)
    stage = TwoHosts(seed, LinkSpec(ROUND_TRIP_NS // 2), transport=spec)
    sender, reader = stage.diary("a").runtime, stage.diary("b")
    sender.open("b")
    stage.run(100 * MILLISECOND)
    stage.world.network.link("wire").install(_LoseData(loss))
    out = stage.world.transport.slot_of("a").ends["b"].out
    assert isinstance(out, TcpPipe)
    written = 0

    def fill(for_ns: int) -> int:
        nonlocal written
        before = len(reader.entries)
        until_ns = stage.world.kernel.now_ns + for_ns
        while stage.world.kernel.now_ns < until_ns:
            while out.written - out.out.una < 2_000 * MSS:
                sender.write("b", Full(f"{written}"))
                written += 1
            stage.run(min(ROUND_TRIP_NS, until_ns - stage.world.kernel.now_ns))
        return len(reader.entries) - before

    fill(seconds * 200 * MILLISECOND)
    messages = fill(seconds * 1_000 * MILLISECOND)
    names = [entry[3] for entry in reader.entries if entry[1] == "message"]
    return Carried(loss, messages * MSS / seconds, names == [f"{number}" for number in range(len(names))])
