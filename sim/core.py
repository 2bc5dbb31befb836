"""A core: one queue, one job in service at a time, and what it costs to be served."""

from collections import deque
from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from squall.sim.kernel import WORK

if TYPE_CHECKING:
    from squall.sim.host import Host
    from squall.sim.ring import Ring
    from squall.sim.slot import Slot

LOCAL_HOP_NS: Final = 500
"""A local queue: what it costs a program to take a message that another one on the same host has put there."""
HOUSEKEEPING_NS: Final = 500
"""Service time of a timer, a disk completion or a change of a stream."""

START, MESSAGE, STREAMED, TIMER, DURABLE, OPENED, CLOSED, CONFIG, SPIN = range(9)
"""What a job may be. A message is a datagram, or from a queue on the same host; or it is streamed. SPIN is one round of
a handler that comes to no end."""

_NONE_DUE: Final = 0
_IN_WORDS: Final = {
    START: "its start",
    TIMER: "a timer",
    DURABLE: "a sync of its disk",
    OPENED: "the opening of a stream",
    CLOSED: "the end of a stream",
    CONFIG: "its configuration",
    SPIN: "the same message again and again",
}


class Job(Struct):
    """One handler invocation waiting for a core, or in service."""

    slot: "Slot"
    kind: int
    a: Any
    b: Any
    cost_ns: int
    cause: int


class Core:
    """First in, first out, one job in service, and one completion event that a pause or a crash takes back."""

    ring: "Ring | None" = None
    """The bounded queue before it, for messages from the same machine; a plain core has room for any number."""

    def __init__(self, host: "Host", label: str) -> None:
        self.host = host
        self.name = label
        self.waiting: deque[Job] = deque()
        self.busy_ns = 0
        """Service time given so far."""
        self._kernel = kernel = host.world.kernel
        self._heap, self._sequence = kernel.heap, kernel.sequence
        self._current: Job | None = None
        self._services = 0
        """How often service began or went on: what tells a completion that still counts from one taken back."""
        self._due = _NONE_DUE
        """Which service the completion to come belongs to."""
        self._complete = self._completed
        self._ends_ns = 0
        self._left_ns = 0
        """Service that the job still needs, at full speed, where it stands still."""
        self._slowness = 1.0
        self._handling = False

    @property
    def label(self) -> str:
        """What it does just now, for messages about what spins."""
        job = self._current
        if job is None:
            return self.name
        what = type(job.b).__name__ if job.kind in (MESSAGE, STREAMED) else _IN_WORDS[job.kind]
        return f"{job.slot.address} handling {what}"

    def submit(self, job: Job) -> None:
        """Serve the job as soon as all that came before is served."""
        if self._current is not None or self._handling or self.host.paused:
            self.waiting.append(job)
        else:
            self._serve(job, job.cost_ns)

    def _serve(self, job: Job, for_ns: int) -> None:
        self._current = job
        if self._slowness != 1.0:
            for_ns = int(for_ns * self._slowness)
        self._ends_ns = ends_ns = self._kernel.now_ns + for_ns
        self._services = self._due = due = self._services + 1
        heappush(self._heap, (ends_ns, WORK, next(self._sequence), self._complete, due, job.cause))

    def _completed(self, service: int) -> None:
        if service != self._due:
            return  # a pause, a change of speed or a crash came in between
        job = self._current
        assert job is not None
        self._current = None
        self._due = _NONE_DUE
        self._handling = True
        self.busy_ns += job.cost_ns
        try:
            self.host.handle(job)
        finally:
            self._handling = False
        # Also where the handler has taken its own host down: it may be up again, with a new program waiting.
        if self.waiting:
            self._next()

    def _next(self) -> None:
        if self.waiting and self._current is None and not self.host.paused:
            job = self.waiting.popleft()
            self._serve(job, job.cost_ns)

    def pause(self) -> None:
        """Stop where we are; the job in service keeps what it has been served."""
        if self._due != _NONE_DUE:
            self._due = _NONE_DUE
            self._left_ns = int((self._ends_ns - self._kernel.now_ns) / self._slowness)

    def change_speed(self, slowness: float) -> None:
        """Everything takes *slowness* times its service time from now on; the job in service goes on at that."""
        in_service = self._due != _NONE_DUE
        self.pause()
        self._slowness = slowness
        if in_service:
            self.resume()

    def resume(self) -> None:
        """Go on where we stopped."""
        if self._current is not None:
            self._serve(self._current, self._left_ns)
        else:
            self._next()

    def stall(self, slot: "Slot") -> Callable[[], None]:
        """Stand still after this handler of *slot*, until what is returned is called: for core groups alone."""
        raise ValueError(f"{slot.address}: a full queue is to block it, and only cores of a group can stand still")

    def crash(self) -> None:
        """Forget everything."""
        self._due = _NONE_DUE
        self._current = None
        self.waiting.clear()

    def forget(self, slot: "Slot") -> None:
        """Forget what one program has waiting here, or in service: it is no more."""
        kept = [job for job in self.waiting if job.slot is not slot]
        self.waiting.clear()
        self.waiting.extend(kept)
        if self._current is not None and self._current.slot is slot:
            self._due = _NONE_DUE
            self._current = None
            self._next()
