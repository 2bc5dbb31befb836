"""A venue's market data: one channel of numbered steps, alike on two lines, with heartbeats and snapshots."""

from squall.sim.exchange.engine import Engine
from squall.sim.exchange.wire.messages import (
    BookUpdate,
    FeedHeartbeat,
    Level,
    Print,
    Snapshot,
    SnapshotRequest,
)
from squall.sim.program import Machine


class Feed:
    """Numbers what the engine reports, from 1, and sends it on both lines as datagrams."""

    def __init__(
        self,
        machine: Machine,
        venue: str,
        subscribers_a: tuple[str, ...],
        subscribers_b: tuple[str, ...],
        engine: Engine,
    ) -> None:
        self._machine = machine
        self._venue = venue
        self._lines = tuple((line, to) for line, to in (("A", subscribers_a), ("B", subscribers_b)) if to)
        self._engine = engine
        self._beats = 0
        self.last_seq = 0

    def publish(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> int:
        """Send one step to every subscriber; returns its number on the channel."""
        self.last_seq = seq = self.last_seq + 1
        now_ns = self._machine.now_ns
        for line, subscribers in self._lines:
            update = BookUpdate(self._venue, line, seq, symbol, levels, prints, now_ns, source_id)
            for subscriber in subscribers:
                self._machine.send(subscriber, update)
        return seq

    def beat(self) -> None:
        """Tell every subscriber the last number sent, so that a loss at the tail shows."""
        self._beats += 1
        for line, subscribers in self._lines:
            heartbeat = FeedHeartbeat(self._venue, line, self.last_seq, self._beats)
            for subscriber in subscribers:
                self._machine.send(subscriber, heartbeat)

    def snapshot(self, peer: str, request: SnapshotRequest) -> None:
        """Answer with every book as of the last step sent, on the stream that the request came by."""
        self._machine.write(peer, Snapshot(self._venue, self.last_seq, request.attempt, self._engine.image()))
