"""The circuit breaker of one venue session: whether a new order may be risked there now."""

from collections import deque
from enum import Enum
from typing import NewType

from squall.system.config import BreakerConfig

Permit = NewType("Permit", int)
"""Leave to send one order. Its value is the breaker's epoch at the time: what comes of it counts while that
epoch lasts."""


class BreakerState(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Opens after consecutive failures; when it has been open long enough, lets one order through: the probe.

    A failure is a time-out or a session error, never a business reject. All times are monotonic nanoseconds
    and must not decrease from call to call. Every permit ends in `succeeded`, `failed` or `give_back`, or is
    dropped without a word when its session dies (`session_failed` speaks for all of them).
    """

    __slots__ = ("_failed_at_ns", "_free_probes", "config", "epoch", "since_ns", "state")

    def __init__(self, config: BreakerConfig) -> None:
        self.config = config
        self.state = BreakerState.CLOSED
        self.epoch = 0
        """Counts the moves: whatever was admitted before the last one is stale."""
        self._failed_at_ns: deque[int] = deque()
        self._free_probes = 0
        self.since_ns = 0
        """When it opened; when half open, when the probe was let through."""

    def reopen(self, opened_ns: int) -> None:
        """Begin as an earlier life ended: open since then, on the monotonic clock that both lives share."""
        self._failed_at_ns.append(opened_ns)
        self._move(BreakerState.OPEN)
        self.since_ns = opened_ns

    @property
    def failures(self) -> int:
        """Consecutive failures that counted at the last one."""
        return len(self._failed_at_ns)

    def routable(self, now_ns: int) -> bool:
        """Whether `admit` would say yes now."""
        if self.state is BreakerState.CLOSED or not self.config.enabled or self._free_probes:
            return True
        return not self.ripe_in_ns(now_ns)

    def ripe_in_ns(self, now_ns: int) -> int:
        """How long until an open breaker lets a probe through; 0 where it would now.

        Half open counts from the probe: one whose fate is never told must not block the venue for ever.
        """
        return max(self.since_ns + self.config.reset_timeout_ns - now_ns, 0)

    def admit(self, now_ns: int) -> Permit | None:
        """Leave to send one order now, or None. The call that finds an open breaker ripe *is* the probe."""
        if self.state is BreakerState.CLOSED or not self.config.enabled:
            return Permit(self.epoch)
        if self._free_probes:
            self._free_probes -= 1
        elif not self.ripe_in_ns(now_ns):
            self._move(BreakerState.HALF_OPEN)
        else:
            return None
        self.since_ns = now_ns
        return Permit(self.epoch)

    def give_back(self, permit: Permit) -> None:
        """The order was not sent after all: if it was the probe, another one may be."""
        if permit == self.epoch and self.state is BreakerState.HALF_OPEN:
            self._free_probes += 1

    def succeeded(self, permit: Permit) -> None:
        """The venue answered in time. Only what was admitted in this epoch has a say."""
        if permit != self.epoch:
            return
        self._failed_at_ns.clear()
        if self.state is BreakerState.HALF_OPEN:
            self._move(BreakerState.CLOSED)

    def failed(self, permit: Permit, now_ns: int) -> None:
        """The venue did not answer in time. Only what was admitted in this epoch has a say."""
        if permit == self.epoch:
            self.session_failed(now_ns)

    def session_failed(self, now_ns: int) -> None:
        """An error of the session itself: one failure, however many orders it leaves unanswered."""
        if not self.config.enabled or self.state is BreakerState.OPEN:
            return
        failed_at_ns = self._failed_at_ns
        failed_at_ns.append(now_ns)
        while now_ns - failed_at_ns[0] > self.config.failure_window_ns:
            failed_at_ns.popleft()
        if self.state is BreakerState.HALF_OPEN or len(failed_at_ns) >= self.config.failure_threshold:
            self._move(BreakerState.OPEN)
            self.since_ns = now_ns

    def _move(self, state: BreakerState) -> None:
        self.state = state
        self.epoch += 1
        self._free_probes = 0
