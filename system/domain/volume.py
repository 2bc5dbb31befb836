"""How much has been traded, from ticks that may be overtaken, and counters that may begin anew."""

from squall.system.domain.ids import Venue
from squall.system.domain.messages import Tick


class VolumeMeter:
    """Counts one symbol's volume on all venues from when it is first seen. Never more than was traded.

    Each tick says how much its venue's tape has shown so far. A tick that was overtaken says less than the one before,
    and is old news; market data that was restarted counts from 0 again, in a tick with a higher number. What was traded
    while nobody counted is left out: who wants a share of volume then takes less, not more.
    """

    __slots__ = ("_seen", "total_lots")

    def __init__(self) -> None:
        self.total_lots = 0
        self._seen: dict[Venue, tuple[int, int]] = {}
        """The number and the count of each venue's latest tick."""

    def see(self, tick: Tick) -> None:
        """The latest word of one venue."""
        before = self._seen.get(tick.venue)
        if before is not None:
            seq, traded_lots = before
            if tick.seq < seq:
                return
            self.total_lots += max(tick.traded_lots - traded_lots, 0)
        self._seen[tick.venue] = (tick.seq, tick.traded_lots)
