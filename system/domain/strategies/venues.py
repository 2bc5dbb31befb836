"""How the venues are, to a strategy that decides by itself: which may be sent to, and which ask for fewer requests."""

from collections.abc import Iterable

from squall.system.domain.ids import Venue
from squall.system.domain.messages import VenueHealth


class Venues:
    """Folded from what execution says; nothing is safe of which it has said nothing. Dark pools are none of these:
    no quote ever rests there."""

    __slots__ = ("_safe", "_throttled")

    def __init__(self, lit: Iterable[Venue]) -> None:
        self._safe: dict[Venue, bool] = dict.fromkeys(lit, False)
        self._throttled: dict[Venue, None] = {}

    def hear(self, health: VenueHealth) -> bool:
        """Execution's word for one venue. Whether it has just become one that is not safe."""
        venue = health.venue
        if venue not in self._safe:
            return False
        if health.throttled:
            self._throttled[venue] = None
        else:
            self._throttled.pop(venue, None)
        was_safe, self._safe[venue] = self._safe[venue], health.routable and not health.reducing
        return was_safe and not self._safe[venue]

    def lose(self) -> tuple[Venue, ...]:
        """Execution cannot be heard: no venue is safe. Returns those that were."""
        lost = tuple(venue for venue, safe in self._safe.items() if safe)
        self._safe = dict.fromkeys(self._safe, False)
        return lost

    def is_safe(self, venue: Venue) -> bool:
        return self._safe.get(venue, False)

    @property
    def throttled(self) -> tuple[Venue, ...]:
        """Those that ask for fewer requests."""
        return tuple(self._throttled)

    @property
    def all_throttled(self) -> bool:
        """Whether there is no other one to be sent to."""
        return bool(self._throttled) and not any(
            safe and venue not in self._throttled for venue, safe in self._safe.items()
        )
