"""One channel out of two lines: each update once, in sequence, and an honest word about what is missing."""

from typing import Final

from squall.sim.exchange.wire.depth import DepthIncrement
from squall.sim.exchange.wire.messages import BookUpdate

PRIMARY_LINE: Final = "A"
"""The line that the desk would listen to if it had only one."""
BUFFER_LIMIT: Final = 4_096
"""How many updates beyond a gap are kept; the oldest goes first, and only a snapshot can help then."""

Update = BookUpdate | DepthIncrement
"""In whatever words: here only its line and its number count."""
Updates = tuple[Update, ...]


class LineArbiter:
    """Takes the updates of both lines in any order and hands them on in sequence.

    The second line earns its keep only where the first one failed: an update that it brought first counts as
    *rescued* when the primary line shows by a later sequence number that it has missed it, or has not brought
    it for *patience_ns*.
    """

    __slots__ = (
        "_brought_ns",
        "_buffer",
        "_buffer_limit",
        "_held",
        "_primary_next",
        "discarded",
        "duplicates",
        "known_seq",
        "next_seq",
        "patience_ns",
        "rescued",
    )

    def __init__(self, patience_ns: int, buffer_limit: int = BUFFER_LIMIT) -> None:
        self.patience_ns = patience_ns
        self._buffer_limit = buffer_limit
        self._buffer: dict[int, Update] = {}
        self._held = False
        self._primary_next = 1
        self._brought_ns: dict[int, int] = {}
        """When the second line brought what the primary line still owes, by seq, in order of arrival."""
        self.next_seq = 1
        """What is to be applied next."""
        self.known_seq = 0
        """The highest sequence number that anything has told of."""
        self.duplicates = 0
        self.discarded = 0
        """Updates that the full buffer had no room for."""
        self.rescued: list[int] = []
        """What only the second line brought in time; whoever reads it clears it."""

    @property
    def missing(self) -> bool:
        """Whether anything known of cannot be applied yet."""
        return self._held or self.known_seq >= self.next_seq

    @property
    def held(self) -> bool:
        """Whether only a snapshot can help, whatever the lines bring."""
        return self._held

    @property
    def overflowing(self) -> bool:
        """Whether the buffer is full: waiting any longer only loses more."""
        return len(self._buffer) >= self._buffer_limit

    def take(self, update: Update, now_ns: int) -> Updates:
        """What can be applied now that this has come, in sequence: often the update itself, or nothing."""
        seq = update.seq
        primary = update.line == PRIMARY_LINE
        if primary:
            self._primary_brings(seq)
        if seq == self.next_seq and not self._held:
            self.next_seq = seq + 1
            if seq > self.known_seq:
                self.known_seq = seq
            if not primary:
                self._second_brings(seq, now_ns)
            return (update, *self._drain()) if self._buffer else (update,)
        if seq < self.next_seq or seq in self._buffer:
            self.duplicates += 1
            return ()
        if not primary:
            self._second_brings(seq, now_ns)
        self._keep(update)
        return ()

    def hear(self, last_seq: int, now_ns: int) -> None:
        """A heartbeat says that everything up to *last_seq* has been sent."""
        if last_seq > self.known_seq:
            self.known_seq = last_seq
        self._primary_overdue(now_ns)

    def hold(self) -> None:
        """Apply nothing more until `rebase`: the book is suspect, though nothing is known to be missing."""
        self._held = True

    def start_over(self) -> None:
        """The channel begins again at 1, with books that we do not know: hold until `rebase`."""
        self._buffer.clear()
        self._brought_ns.clear()
        self._primary_next = self.next_seq = 1
        self.known_seq = 0
        self._held = True

    def rebase(self, last_seq: int) -> Updates | None:
        """Go on from a snapshot as of *last_seq* with what was kept beyond it; None if it is too old."""
        if last_seq < self.next_seq - 1:
            return None
        self._held = False
        self.next_seq = last_seq + 1
        self.known_seq = max(self.known_seq, last_seq)
        for seq in [seq for seq in self._buffer if seq <= last_seq]:
            del self._buffer[seq]
        for seq in [seq for seq in self._brought_ns if seq <= last_seq]:
            del self._brought_ns[seq]
        return self._drain()

    def skip(self) -> Updates:
        """Go on as if nothing were missing: past the gap, with whatever was kept beyond it."""
        self._held = False
        self.next_seq = min(self._buffer, default=self.known_seq + 1)
        return self._drain()

    def _keep(self, update: Update) -> None:
        if self.overflowing:
            del self._buffer[next(iter(self._buffer))]
            self.discarded += 1
        self._buffer[update.seq] = update
        if update.seq > self.known_seq:
            self.known_seq = update.seq

    def _drain(self) -> Updates:
        ready = []
        while (update := self._buffer.pop(self.next_seq, None)) is not None:
            ready.append(update)
            self.next_seq += 1
        return tuple(ready)

    def _primary_brings(self, seq: int) -> None:
        if self._brought_ns:
            self._brought_ns.pop(seq, None)
            self._primary_missed_before(seq)
        if seq >= self._primary_next:
            self._primary_next = seq + 1

    def _primary_missed_before(self, seq: int) -> None:
        """The primary line is at *seq*: what it owes below that is lost (or overtaken, as bad for a book)."""
        if seq <= self._primary_next or not self._brought_ns:
            return
        lost = [owed for owed in self._brought_ns if owed < seq]
        for owed in lost:
            del self._brought_ns[owed]
        self.rescued += lost

    def _second_brings(self, seq: int, now_ns: int) -> None:
        if seq >= self._primary_next:
            self._brought_ns[seq] = now_ns
        else:
            # The primary line has gone past this one already: nothing but the second line could bring it.
            self.rescued.append(seq)
        self._primary_overdue(now_ns)

    def _primary_overdue(self, now_ns: int) -> None:
        owed_ns = self._brought_ns
        while owed_ns:
            seq = next(iter(owed_ns))
            if owed_ns[seq] + self.patience_ns > now_ns:
                return
            del owed_ns[seq]
            self.rescued.append(seq)
