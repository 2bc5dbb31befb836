"""What puts packets on a link bit by bit: one after the other, with a finite queue for those that wait."""

from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from squall.sim.kernel import Call, Kernel

_BITS: Final = 8
_SECOND: Final = 1_000_000_000


class Waiting(Struct, gc=False):
    """A packet in the queue, and whom to tell when its last bit is out, or when it is thrown away."""

    size_bytes: int
    sent: Callable[[], None]
    lost: Callable[[], None]
    cause: int
    head_bytes: int = 0
    """What of it needs room: where its sender holds the rest back until this is out. 0: all of it."""


class Transmitter:
    """One end of a link that has a bandwidth. First in, first out; who finds the queue full is dropped (tail drop)."""

    def __init__(self, kernel: Kernel, bandwidth_bps: int, queue_bytes: int) -> None:
        self.bandwidth_bps = bandwidth_bps
        """0: no bound."""
        self.queue_bytes = queue_bytes
        self.waiting_bytes = 0
        """Of the packets that wait, that in service apart."""
        self.overflowed = 0
        """How many packets found the queue full."""
        self.busy_ns = 0
        """How long bits went out, of the packets that are out."""
        self._kernel = kernel
        self._waiting: deque[Waiting] = deque()
        self._current: Waiting | None = None
        self._due: Call | None = None
        self._began_ns = 0
        self._ends_ns = 0

    def takes_ns(self, size_bytes: int) -> int:
        """How long a packet of this size takes to go out, rounded up."""
        if not self.bandwidth_bps:
            return 0
        return -(-size_bytes * _BITS * _SECOND // self.bandwidth_bps)

    @property
    def busy(self) -> bool:
        """Whether bits go out now: who comes has to wait."""
        return self._current is not None

    def offer(self, packet: Waiting) -> bool:
        """Send it behind all that came before; False, and nobody told, where the queue is too full for it."""
        if self._current is None:
            self._serve(packet, self.takes_ns(packet.size_bytes))
            return True
        if self.waiting_bytes + (packet.head_bytes or packet.size_bytes) > self.queue_bytes:
            self.overflowed += 1
            return False
        self._waiting.append(packet)
        self.waiting_bytes += packet.size_bytes
        return True

    def _serve(self, packet: Waiting, for_ns: int) -> None:
        self._current = packet
        self._began_ns = self._kernel.now_ns
        self._ends_ns = self._began_ns + for_ns
        self._due = self._kernel.call_in(for_ns, self._out)
        self._due.cause = packet.cause

    def _out(self, _: None) -> None:
        packet = self._current
        assert packet is not None
        self.busy_ns += self._kernel.now_ns - self._began_ns
        self._current = None
        if self._waiting:
            following = self._waiting.popleft()
            self.waiting_bytes -= following.size_bytes
            self._serve(following, self.takes_ns(following.size_bytes))
        self._kernel.cause = packet.cause
        packet.sent()

    def change(self, bandwidth_bps: int, queue_bytes: int) -> None:
        """From now on so fast, the rest of the packet in service too. Nobody who waits already is thrown out."""
        before_bps, self.bandwidth_bps = self.bandwidth_bps, bandwidth_bps
        self.queue_bytes = queue_bytes
        packet, due = self._current, self._due
        if packet is None or due is None or not before_bps or before_bps == bandwidth_bps:
            return
        due.cancel()
        self.busy_ns += self._kernel.now_ns - self._began_ns
        if bandwidth_bps:
            left_ns = self._ends_ns - self._kernel.now_ns
            self._serve(packet, -(-left_ns * before_bps // bandwidth_bps))
            return
        # All at once, and now: what sets out at this instant finds nobody here to queue behind, and must not overtake.
        cause = self._kernel.cause
        for gone in self._empty():
            self._kernel.cause = gone.cause
            gone.sent()
        self._kernel.cause = cause

    def clear(self) -> None:
        """The link is down: what waits here is lost, that in service too."""
        if self._due is not None:
            self._due.cancel()
        for packet in self._empty():
            packet.lost()

    def _empty(self) -> list[Waiting]:
        gone = [*([self._current] if self._current is not None else []), *self._waiting]
        self._current = None
        self._waiting.clear()
        self.waiting_bytes = 0
        return gone
