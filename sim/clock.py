"""A host's two clocks: one for timestamps, which may step, and one for time-outs, which never does."""

from typing import Final

_BILLION: Final = 1_000_000_000


class Clock:
    """Reads true (virtual) time through an oscillator that drifts. All in nanoseconds; drift in parts per billion."""

    __slots__ = ("_since_local_ns", "_since_true_ns", "drift_ppb", "offset_ns")

    def __init__(self, offset_ns: int = 0, drift_ppb: int = 0) -> None:
        self.offset_ns = offset_ns
        self.drift_ppb = drift_ppb
        self._since_true_ns = 0
        """When the drift was last changed, in true time and by the monotonic clock."""
        self._since_local_ns = 0

    def wall_ns(self, true_ns: int) -> int:
        """What the wall clock shows at this true time, which is not before the last change of drift."""
        passed_ns = true_ns - self._since_true_ns
        return self._since_local_ns + passed_ns + passed_ns * self.drift_ppb // _BILLION + self.offset_ns

    def monotonic_ns(self, true_ns: int) -> int:
        """What the monotonic clock shows: the same drift, no offset, no steps."""
        passed_ns = true_ns - self._since_true_ns
        return self._since_local_ns + passed_ns + passed_ns * self.drift_ppb // _BILLION

    def true_delay_ns(self, local_delay_ns: int) -> int:
        """How long a delay measured on this host really lasts."""
        if not self.drift_ppb:
            return local_delay_ns
        return local_delay_ns * _BILLION // (_BILLION + self.drift_ppb)

    def true_of_wall_ns(self, wall_ns: int) -> int:
        """The true time at which the wall clock showed this, as it runs now, for judging timestamps (within 1 ns)."""
        local_ns = wall_ns - self.offset_ns - self._since_local_ns
        return self._since_true_ns + local_ns * _BILLION // (_BILLION + self.drift_ppb)

    def step(self, by_ns: int) -> None:
        """The wall clock jumps. The monotonic one does not."""
        self.offset_ns += by_ns

    def drift(self, by_ppb: int, true_ns: int) -> None:
        """From this true time on both clocks run this much faster (or slower) than before, without a jump.

        Timers that are set already ring when they were to ring.
        """
        self._since_local_ns = self.monotonic_ns(true_ns)
        self._since_true_ns = true_ns
        self.drift_ppb += by_ppb
