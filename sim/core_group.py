"""Cores that share one queue, and what a stack makes of it: drawn service times, wake-ups, contention."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from squall.sim.core import MESSAGE, STREAMED, Core, Job
from squall.sim.ring import QueueSpec, Ring
from squall.sim.service import ServiceTime

if TYPE_CHECKING:
    from squall.sim.host import Host
    from squall.sim.slot import Slot

Served = Callable[[Job, int, int, int], None]
"""Hears of a job as its service ends: the job, when it came, when its service began and how long that took."""


class GroupSpec(Struct, frozen=True):
    """What a group of cores is like. Service of a message takes its cost, and what *service* draws for its type."""

    cores: int = 1
    service: Mapping[type, ServiceTime] = {}
    """Drawn by the message's identity, which has to tell one visit of a thing from its next one."""
    queue: QueueSpec | None = None
    """How much room there is for messages from the same machine; None: for any number."""
    idle_after_ns: int = 0
    idle_slowness: float = 1.0
    ramp_ns: int = 0
    """Frequency scaling: a core that had nothing to do for *idle_after_ns* has clocked down. It takes *idle_slowness*
    times as long over what comes then, for *ramp_ns*, until its governor has clocked it up."""
    wake_up_ns: int = 0
    """A core that idles sleeps: whoever comes first waits so long for it to be scheduled. 0: it spins."""
    contention: float = 0.0
    """Every message that waits makes the service of the one that is taken longer by this share: those who put it
    there want the same lock."""
    coherency: float = 0.0
    """And every pair among those that wait and the one that is taken, by this share: they move the same cache lines to
    and fro. (Gunther's Universal Scalability Law: 1 + σ(N − 1) + κN(N − 1), N of them together.)"""

    def __post_init__(self) -> None:
        for holds, what in (
            (self.cores >= 1, f"cores: expected at least 1, found {self.cores}"),
            (self.wake_up_ns >= 0, f"wake_up_ns: expected at least 0, found {self.wake_up_ns}"),
            (self.idle_after_ns >= 0, f"idle_after_ns: expected at least 0, found {self.idle_after_ns}"),
            (1.0 <= self.idle_slowness <= 100.0, f"idle_slowness: expected 1 to 100, found {self.idle_slowness}"),
            (self.ramp_ns >= 0, f"ramp_ns: expected at least 0, found {self.ramp_ns}"),
            (self.contention >= 0, f"contention: expected at least 0, found {self.contention}"),
            (self.coherency >= 0, f"coherency: expected at least 0, found {self.coherency}"),
        ):
            if not holds:
                raise ValueError(what)


class _Seat:
    """One core of the group: what it serves, and until when."""

    __slots__ = (
        "began_ns",
        "came_ns",
        "due",
        "ended_ns",
        "ends_ns",
        "fast_at_ns",
        "given_ns",
        "handling",
        "job",
        "left_ns",
        "stalls",
    )

    def __init__(self) -> None:
        self.job: Job | None = None
        self.due = 0
        """Which service the completion to come belongs to; 0 where none is to come."""
        self.ends_ns = 0
        self.left_ns = 0
        self.given_ns = 0
        self.came_ns = 0
        self.began_ns = 0
        self.handling = False
        self.ended_ns = 0
        """When it last had something to do, …"""
        self.fast_at_ns = 0
        """… and when it is, or was, at its full clock again after having had nothing."""
        self.stalls: dict[object, Slot] = {}
        """Messages that it pushes into full queues, each by whom."""


class CoreGroup(Core):
    """First in, first out, as many in service as there are cores; in all else a `Core`, which it is with one of them.

    It counts what Little's law is about: how many are here, integrated over time.
    """

    def __init__(self, host: "Host", label: str, spec: GroupSpec) -> None:
        super().__init__(host, label)
        self.spec = spec
        self.queue_ns = 0
        """The number of jobs here, waiting or in service, integrated over time since the start."""
        self.watch: Served | None = None
        self._chance = host.world.chance
        self._seats = tuple(_Seat() for _ in range(spec.cores))
        self._came: deque[int] = deque()
        """When each of those that wait has come."""
        self._here = 0
        self._since_ns = 0
        self._at: _Seat | None = None
        """The core whose handler runs."""
        if spec.queue is not None:
            self.ring = Ring(self, spec.queue)

    @property
    def label(self) -> str:
        """What it does just now, for messages about what spins."""
        for seat in self._seats:
            if seat.job is not None:
                return f"{seat.job.slot.address} on {self.name}"
        return self.name

    def count(self) -> int:
        """`queue_ns` up to now."""
        self._moves(0)
        return self.queue_ns

    def submit(self, job: Job) -> None:
        """Serve the job as soon as a core is free, and all that came before is served or in service."""
        self._moves(1)
        now_ns = self._kernel.now_ns
        if not self.waiting and not self.host.paused:
            for seat in self._seats:
                if seat.job is None and not seat.handling:
                    self._begin(seat, job, now_ns, self.spec.wake_up_ns)
                    return
        self._came.append(now_ns)
        self.waiting.append(job)

    def _begin(self, seat: _Seat, job: Job, came_ns: int, wake_up_ns: int) -> None:
        spec = self.spec
        given_ns = job.cost_ns
        if spec.service and MESSAGE <= job.kind <= STREAMED:
            drawn = spec.service.get(type(job.b))
            if drawn is not None:
                given_ns += drawn.at_ns(self._chance.uniform(f"service/{job.slot.address}/{job.b.identity}"))
        waiting = len(self.waiting)
        if waiting and (spec.contention or spec.coherency):
            given_ns += int(given_ns * waiting * (spec.contention + spec.coherency * (waiting + 1)))
        seat.job = job
        seat.given_ns = given_ns
        seat.came_ns = came_ns
        seat.began_ns = self._kernel.now_ns
        self._run(seat, given_ns + wake_up_ns + self._clocked_down_ns(seat, given_ns))

    def _clocked_down_ns(self, seat: _Seat, given_ns: int) -> int:
        """How much longer it takes for the core's having been idle."""
        spec, now_ns = self.spec, self._kernel.now_ns
        if spec.idle_slowness == 1.0:
            return 0
        if now_ns - seat.ended_ns >= spec.idle_after_ns:
            seat.fast_at_ns = now_ns + spec.ramp_ns
        slow_ns = seat.fast_at_ns - now_ns
        if slow_ns <= 0:
            return 0
        all_of_it_ns = int(given_ns * spec.idle_slowness)
        if all_of_it_ns <= slow_ns:
            return all_of_it_ns - given_ns
        return slow_ns - int(slow_ns / spec.idle_slowness)  # the rest is done at full clock

    def _run(self, seat: _Seat, for_ns: int) -> None:
        if self._slowness != 1.0:
            for_ns = int(for_ns * self._slowness)
        seat.ends_ns = self._kernel.now_ns + for_ns
        self._services = seat.due = due = self._services + 1
        assert seat.job is not None
        self._kernel.post(for_ns, self._ended, (seat, due), seat.job.cause)

    def _ended(self, which: tuple[_Seat, int]) -> None:
        seat, due = which
        if seat.due != due:
            return  # a pause, a change of speed or a crash came in between
        job = seat.job
        assert job is not None
        seat.job = None
        seat.due = 0
        self._moves(-1)
        self.busy_ns += seat.given_ns
        if self.watch is not None:
            self.watch(job, seat.came_ns, seat.began_ns, seat.given_ns)
        seat.ended_ns = self._kernel.now_ns
        seat.handling = True
        self._at = seat
        try:
            self.host.handle(job)
        finally:
            self._at = None
            seat.handling = bool(seat.stalls)
        self._next()

    def _next(self) -> None:
        if self.host.paused:
            return
        for seat in self._seats:
            if not self.waiting:
                return
            if seat.job is None and not seat.handling:
                job = self.waiting.popleft()
                # It has not slept: there was something to do.
                self._begin(seat, job, self._came.popleft(), 0)
                if self.ring is not None:
                    self.ring.has_room()

    def stall(self, slot: "Slot") -> Callable[[], None]:
        """The core whose handler runs takes nothing more after it, until what is returned is called."""
        seat, token = self._at, object()
        if seat is None:
            raise ValueError(f"{slot.address}: a full queue is to block it, and none of its handlers runs")
        seat.stalls[token] = slot

        def go_on() -> None:
            if seat.stalls.pop(token, None) is not None and not seat.stalls and self._at is not seat:
                seat.handling = False
                self._next()

        return go_on

    def pause(self) -> None:
        """Stop where we are; what is in service keeps what it has been served."""
        for seat in self._seats:
            if seat.due:
                seat.due = 0
                seat.left_ns = int((seat.ends_ns - self._kernel.now_ns) / self._slowness)

    def change_speed(self, slowness: float) -> None:
        """Everything takes *slowness* times its service time from now on; what is in service goes on at that."""
        in_service = [seat for seat in self._seats if seat.due]
        self.pause()
        self._slowness = slowness
        for seat in in_service:
            self._run(seat, seat.left_ns)

    def resume(self) -> None:
        """Go on where we stopped."""
        for seat in self._seats:
            if seat.job is not None and not seat.due:
                self._run(seat, seat.left_ns)
        self._next()

    def crash(self) -> None:
        """Forget everything."""
        self._moves(-self._here)
        for seat in self._seats:
            seat.due = 0
            seat.job = None
            seat.stalls.clear()
            seat.handling = seat is self._at
        self.waiting.clear()
        self._came.clear()
        if self.ring is not None:
            self.ring.clear()

    def forget(self, slot: "Slot") -> None:
        """Forget what one program has waiting here, or in service: it is no more."""
        kept = [pair for pair in zip(self.waiting, self._came, strict=True) if pair[0].slot is not slot]
        self._moves(len(kept) - len(self.waiting))
        self.waiting = deque(job for job, _ in kept)
        self._came = deque(came_ns for _, came_ns in kept)
        for seat in self._seats:
            if seat.job is not None and seat.job.slot is slot:
                seat.due = 0
                seat.job = None
                self._moves(-1)
            seat.stalls = {token: by for token, by in seat.stalls.items() if by is not slot}
            seat.handling = bool(seat.stalls) or seat is self._at
        if self.ring is not None:
            self.ring.clear(slot)
        self._next()

    def _moves(self, by: int) -> None:
        """So many have come or gone."""
        now_ns = self._kernel.now_ns
        self.queue_ns += self._here * (now_ns - self._since_ns)
        self._since_ns = now_ns
        self._here += by
