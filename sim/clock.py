"""A host's two clocks: one for timestamps, which may step, and one for time-outs, which never does."""

from typing import Final

_BILLION: Final = 1_000_000_000


class Clock:
    """Reads true (virtual) time through an oscillator that drifts. All in nanoseconds; drift in parts per billion."""

    def __init__(self, offset_ns: int = 0, drift_ppb: int = 0) -> None:
        self.offset_ns = offset_ns
        self.drift_ppb = drift_ppb

    def wall_ns(self, true_ns: int) -> int:
        """What the wall clock shows at this true time."""
        return true_ns + true_ns * self.drift_ppb // _BILLION + self.offset_ns

    def monotonic_ns(self, true_ns: int) -> int:
        """What the monotonic clock shows: the same drift, no offset, no steps."""
        return true_ns + true_ns * self.drift_ppb // _BILLION

    def true_delay_ns(self, local_delay_ns: int) -> int:
        """How long a delay measured on this host really lasts."""
        if not self.drift_ppb:
            return local_delay_ns
        return local_delay_ns * _BILLION // (_BILLION + self.drift_ppb)

    def true_of_wall_ns(self, wall_ns: int) -> int:
        """The true time at which the wall clock showed this, for judging timestamps (within a nanosecond)."""
        return (wall_ns - self.offset_ns) * _BILLION // (_BILLION + self.drift_ppb)
