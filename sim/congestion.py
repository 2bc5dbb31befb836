"""How much a TCP sender dares to have on its way (Reno), and how long it waits for word of it."""

from typing import Final

INITIAL_SEGMENTS: Final = 10
"""RFC 6928."""
DUPLICATES: Final = 3
"""So many acknowledgements of the same byte, and a segment is taken for lost (RFC 5681)."""


class Reno:
    """The congestion window in bytes: slow start, congestion avoidance, fast recovery (RFC 5681, RFC 6582)."""

    def __init__(self, mss_bytes: int) -> None:
        self._mss = mss_bytes
        self.window = INITIAL_SEGMENTS * mss_bytes
        self.threshold = 1 << 40
        """Where slow start ends: nowhere, until something is lost."""
        self.recovering = False

    def acknowledged(self, acked_bytes: int) -> None:
        """New bytes are there, and it was the window that held back more: it grows, by RFC 5681's (2) or (3)."""
        if self.window < self.threshold:
            self.window += min(acked_bytes, self._mss)
        else:
            self.window += max(self._mss * self._mss // self.window, 1)

    def lost(self, flight_bytes: int) -> None:
        """A segment is lost and those behind it arrive: half the window, and what has left the network on top."""
        self.threshold = self._half(flight_bytes)
        self.window = self.threshold + DUPLICATES * self._mss
        self.recovering = True

    def duplicate(self) -> None:
        """One more segment has left the network while we recover."""
        self.window += self._mss

    def partial(self, acked_bytes: int) -> None:
        """A hole is filled, and there is another one: deflate by what came, and let one more out."""
        self.window = max(self.window - acked_bytes + (self._mss if acked_bytes >= self._mss else 0), self._mss)

    def recovered(self) -> None:
        """All that was on its way when the loss was seen is there."""
        self.window = self.threshold
        self.recovering = False

    def timed_out(self, flight_bytes: int, again: bool) -> None:
        """Nothing was heard at all: begin anew with one segment. *again*: of the same segment."""
        if not again:
            self.threshold = self._half(flight_bytes)
        self.window = self._mss
        self.recovering = False

    def _half(self, flight_bytes: int) -> int:
        return max(flight_bytes // 2, 2 * self._mss)


class Patience:
    """The retransmission time-out, from round trips measured (RFC 6298). It doubles with each time that it passes."""

    def __init__(self, first_ns: int, least_ns: int, most_ns: int) -> None:
        self._least_ns = least_ns
        self._most_ns = max(most_ns, least_ns)
        self._smooth_ns = 0
        self._varies_ns = 0
        self._measured_ns = max(first_ns, least_ns)
        self._doublings = 0

    def heard_after(self, round_trip_ns: int) -> None:
        """A segment that was sent once was acknowledged so long after (Karn: of others nothing can be said)."""
        if not self._smooth_ns:
            self._smooth_ns, self._varies_ns = round_trip_ns, round_trip_ns // 2
        else:
            self._varies_ns = (3 * self._varies_ns + abs(self._smooth_ns - round_trip_ns)) // 4
            self._smooth_ns = (7 * self._smooth_ns + round_trip_ns) // 8
        # The least time stands on top of the round trip, as in Linux: a path that never varies would time out on time.
        self._measured_ns = self._smooth_ns + max(4 * self._varies_ns, self._least_ns)

    def passed(self) -> None:
        """The time-out has passed without word."""
        self._doublings += 1

    def got_on(self) -> None:
        """There was word of new bytes."""
        self._doublings = 0

    @property
    def timeout_ns(self) -> int:
        """How long to wait now."""
        return max(min(self._measured_ns << min(self._doublings, 40), self._most_ns), self._least_ns)
