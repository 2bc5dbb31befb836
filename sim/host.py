"""A machine: cores that serve one job at a time, programs that die with it, a disk and clocks of its own."""

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from squall.sim.clock import Clock
from squall.sim.core import CLOSED, DURABLE, HOUSEKEEPING_NS, MESSAGE, OPENED, START, STREAMED, TIMER, Core, Job
from squall.sim.disk import DEFAULT_FSYNC_NS, Disk
from squall.sim.guard import NondeterminismError
from squall.sim.kernel import Call, LivelockError
from squall.sim.program import Message, Program
from squall.sim.trace import (
    Handled,
    HostCrashed,
    HostPaused,
    HostRestarted,
    HostResumed,
    ObserverError,
    ProgramRaised,
)

if TYPE_CHECKING:
    from squall.sim.transport import End
    from squall.sim.world import World

_OURS: Final = (NondeterminismError, LivelockError, ObserverError)
"""What no program is to blame for: it ends the run."""
NEVER_DURABLE: Final = 0
"""The token of what a program appends after its host has crashed under it: there is no disk to write to."""


class Costs(Struct, frozen=True):
    """Service times in ns of one program: by type of message, or the default."""

    default_ns: int = 2_000
    by_message: Mapping[type, int] = {}


class Slot:
    """A program's place: its addresses, the core it runs on, and how to build it anew after a crash."""

    def __init__(self, host: "Host", address: str, core: "Core", factory: Callable[..., Program], costs: Costs) -> None:
        self.host = host
        self.address = address
        self.core = core
        self.factory = factory
        self.costs: dict[type, int] = dict(costs.by_message)
        self.default_cost_ns = costs.default_ns
        self.program: Program | None = None
        self.runtime: ProgramRuntime | None = None
        self.ends: dict[str, End] = {}
        """Streams, by the peer's address. One that is gone stays until the program has been told."""
        self.timers: dict[Hashable, Call] = {}

    def cost_ns(self, message: Any) -> int:
        """Service time of this message."""
        return self.costs.get(type(message), self.default_cost_ns)


class ProgramRuntime:
    """What one program, in one life of its host, may ask of the world (the desk's Runtime protocol)."""

    __slots__ = ("_clock", "_host", "_kernel", "_slot", "_trace", "_transport", "_world", "address")

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._host = slot.host
        self._world = slot.host.world
        self._kernel = self._world.kernel
        self._trace = self._world.trace
        self._transport = self._world.transport
        self._clock = slot.host.clock
        self.address = slot.address

    @property
    def now_ns(self) -> int:
        return self._clock.wall_ns(self._kernel.now_ns)

    @property
    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns(self._kernel.now_ns)

    @property
    def dead(self) -> bool:
        """The life of the host that this belonged to is over. Whoever still holds it reaches nobody any more."""
        return self._slot.runtime is not self

    def send(self, to: str, message: Message) -> None:
        if self._slot.runtime is self:
            self._transport.send(self._slot, to, message)

    def open(self, to: str) -> None:
        if self._slot.runtime is self:
            self._transport.open(self._slot, to)

    def write(self, to: str, message: Message) -> bool:
        return self._slot.runtime is self and self._transport.write(self._slot, to, message)

    def close(self, to: str) -> None:
        if self._slot.runtime is self:
            self._transport.close(self._slot, to)

    def set_timer(self, delay_ns: int, key: Hashable) -> None:
        slot = self._slot
        if slot.runtime is not self:
            return
        previous = slot.timers.get(key)
        if previous is not None:
            previous.cancel()
        due = self._kernel.call_in(self._clock.true_delay_ns(max(delay_ns, 0)), self._host.timer_due)
        due.arg = (slot, key, due)
        slot.timers[key] = due

    def cancel_timer(self, key: Hashable) -> None:
        slot = self._slot
        if slot.runtime is self:
            due = slot.timers.pop(key, None)
            if due is not None:
                due.cancel()

    def append(self, file: str, data: bytes) -> int:
        if self._slot.runtime is not self:
            return NEVER_DURABLE
        return self._host.disk.append(file, data, self._host.durable_callback(self._slot))

    def read(self, file: str) -> list[bytes]:
        return self._host.disk.read(file)

    def emit(self, claim: Any) -> None:
        if self._slot.runtime is self:
            self._trace.claim(self._host.name, claim)

    def chance(self, name: str, *identity: object) -> float:
        return self._world.chance.uniform("/".join((self.address, name, *map(str, identity))))

    def buggify(self, name: str, *identity: object) -> bool:
        return self._world.buggify(self.address, name, *identity)


class _Hold:
    """One of those who hold a host still."""

    __slots__ = ("told",)

    def __init__(self, told: Callable[[], None]) -> None:
        self.told = told


class _Throttle:
    """One reason why a host is slow."""

    __slots__ = ("factor",)

    def __init__(self, factor: float) -> None:
        self.factor = factor


def _nothing() -> None:
    """For nobody to be told, and for nothing to be let go of."""


class Host:
    """One machine. A crash drops its programs and begins a new epoch; what belongs to the old one dies with it."""

    def __init__(self, world: "World", name: str, clock: Clock, fsync_ns: int = DEFAULT_FSYNC_NS) -> None:
        self.world = world
        self.name = name
        self.clock = clock
        self.disk = Disk(world.kernel, world.trace, name, fsync_ns, partial(world.buggify, name, "slow fsync"))
        self.cores: dict[str, Core] = {}
        self.slots: list[Slot] = []
        self.up = True
        self.paused = False
        self.epoch = 1
        self._outages: list[object] = []
        self._holds: list[_Hold] = []
        self._throttles: list[_Throttle] = []
        self._durable: dict[str, Callable[[int], None]] = {}

    # --- programs ---

    def place(self, address: str, factory: Callable[[ProgramRuntime], Program], costs: Costs, core: str | None) -> Slot:
        """Give a program a place on a core (its own, unless one is named); it starts when the host does."""
        label = core or address
        if label not in self.cores:
            self.cores[label] = Core(self, label)
        slot = Slot(self, address, self.cores[label], factory, costs)
        self.slots.append(slot)
        return slot

    def start(self) -> None:
        """Build every program and let it start. An exception in a constructor takes the host down."""
        for slot in self.slots:
            # First in line, so that nothing is handled before it, whatever the constructors send each other.
            self.enqueue(slot, START, None, None, HOUSEKEEPING_NS)
        for slot in self.slots:
            slot.runtime = ProgramRuntime(slot)
            try:
                slot.program = slot.factory(slot.runtime)
            except _OURS:
                raise
            except Exception as error:  # a finding, as in a handler
                self._raised(slot, error, self.epoch)
                return

    # --- work ---

    def enqueue(self, slot: Slot, kind: int, a: Any, b: Any, cost_ns: int) -> None:
        """A job for a program, behind all that its core has to do already. A host that is down takes none."""
        if self.up:
            slot.core.submit(Job(slot, kind, a, b, cost_ns, self.world.kernel.cause))

    def handle(self, job: Job) -> None:
        """Run the handler that this job stands for; an exception in it takes the host down."""
        slot = job.slot
        program = slot.program
        assert program is not None
        epoch = self.epoch
        self.world.kernel.cause = job.cause
        try:
            kind = job.kind
            if kind == MESSAGE:
                self._handle_message(slot, program, job.a, job.b)
            elif kind == STREAMED:
                end = job.a
                if not end.hung_up:
                    self._handle_message(slot, program, end.peer.address, job.b)
            elif kind == TIMER:
                self._handle_timer(slot, program, job.a, job.b)
            elif kind == DURABLE:
                program.on_durable(job.a)
            elif kind == OPENED:
                if not job.a.hung_up:
                    program.on_stream_open(job.a.peer.address)
            elif kind == CLOSED:
                self._handle_closed(slot, program, job.a, job.b)
            elif kind == START:
                program.on_start()
            else:
                program.on_config(job.a)
        except _OURS:
            raise
        except Exception as error:  # whatever a program under test throws is a finding, not our end
            self._raised(slot, error, epoch)

    def _handle_message(self, slot: Slot, program: Program, sender: str, message: Message) -> None:
        if not message.is_heartbeat:
            world = self.world
            world.messages += 1
            world.kernel.cause = world.trace.observe(self.name, Handled(slot.address, sender, message))
        program.on_message(sender, message)

    @staticmethod
    def _handle_closed(slot: Slot, program: Program, end: "End", reason: str) -> None:
        peer = end.peer.address
        # Only now does the program know, and may open another.
        if slot.ends.get(peer) is end:
            del slot.ends[peer]
        if not end.hung_up:
            program.on_stream_closed(peer, reason)

    @staticmethod
    def _handle_timer(slot: Slot, program: Program, key: Hashable, due: Call) -> None:
        # It may have been cancelled or replaced while it waited for the core.
        if slot.timers.get(key) is due:
            del slot.timers[key]
            program.on_timer(key)

    def timer_due(self, arg: Any) -> None:
        """A timer of one of the programs rings (it waits for its core like everything else)."""
        slot, key, due = arg
        due.arg = None  # it names itself there: let go, so that nothing waits for the garbage collector
        self.enqueue(slot, TIMER, key, due, HOUSEKEEPING_NS)

    def durable_callback(self, slot: Slot) -> Callable[[int], None]:
        """What the disk calls for this program: the same object each time, so that syncs can be told together."""
        callback = self._durable.get(slot.address)
        if callback is None:

            def callback(token: int) -> None:
                self.enqueue(slot, DURABLE, token, None, HOUSEKEEPING_NS)

            self._durable[slot.address] = callback
        return callback

    def _raised(self, slot: Slot, error: Exception, epoch: int) -> None:
        frames = extract_tb(error.__traceback__)
        place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
        event = ProgramRaised(program=slot.address, error=f"{type(error).__name__}: {error}", where=place)
        self.world.kernel.cause = self.world.trace.observe(self.name, event)
        if epoch == self.epoch:  # else the host has crashed already, under this very handler
            self.crash()

    # --- trouble (what faults act on) ---

    def outage(self, with_disk: bool = False, survivors: int = 0) -> Callable[[], None]:
        """Power off; returns what lets go. The host comes back when no outage holds it down any more.

        Nothing to let go of where it was down without any (a program had raised): who brings it back then is
        not this outage's business.
        """
        by_itself = not self.up and not self._outages
        self.crash(with_disk, survivors)
        if by_itself:
            return _nothing
        outage = object()
        self._outages.append(outage)

        def end() -> None:
            if outage in self._outages:
                self._outages.remove(outage)
                if not self._outages:
                    self.restart()

        return end

    def hold(self, told: Callable[[], None] = _nothing) -> Callable[[], None]:
        """Pause; returns what lets go. The host goes on when nobody holds it any more.

        A host that comes back from a crash while it is held is paused before it does anything. *told* is called
        each time that this stops a machine that is up: now, or then.
        """
        hold = _Hold(told)
        self._holds.append(hold)
        if self.up:
            told()
            self.pause()

        def let_go() -> None:
            if hold in self._holds:
                self._holds.remove(hold)
                if not self._holds:
                    self.resume()

        return let_go

    def throttle(self, factor: float) -> Callable[[], None]:
        """Everything takes *factor* times as long, the job in service included; returns what ends that."""
        throttle = _Throttle(factor)
        self._throttles.append(throttle)
        self._change_speed()

        def recover() -> None:
            if throttle in self._throttles:
                self._throttles.remove(throttle)
                self._change_speed()

        return recover

    def _change_speed(self) -> None:
        slowness = 1.0
        for throttle in self._throttles:
            slowness *= throttle.factor
        for core in self.cores.values():
            core.change_speed(slowness)

    def pause(self) -> None:
        """Stop the world on this machine: nothing is handled until `resume`; what arrives waits."""
        if self.up and not self.paused:
            self.paused = True
            self.world.trace.observe(self.name, HostPaused())
            for core in self.cores.values():
                core.pause()

    def resume(self) -> None:
        """Go on, in due order, with all that has come up meanwhile."""
        if self.up and self.paused:
            self.paused = False
            self.world.trace.observe(self.name, HostResumed())
            for core in self.cores.values():
                core.resume()

    def crash(self, with_disk: bool = False, survivors: int = 0) -> None:
        """Power off. Programs, timers, queues, streams and unsynced writes are gone; with the disk, everything is.

        *survivors*: how many of the unsynced writes are found on the disk afterwards, see `Disk.crash`.
        """
        if not self.up:
            if with_disk:
                self.disk.destroy()
            return
        world = self.world
        world.kernel.cause = world.trace.observe(self.name, HostCrashed(with_disk=with_disk))
        self.up = False
        self.paused = False
        self.epoch += 1
        for core in self.cores.values():
            core.crash()
        for slot in self.slots:
            for due in slot.timers.values():
                due.cancel()
            slot.timers.clear()
            for end in slot.ends.values():
                end.vanish()
            slot.ends.clear()
            slot.program = None
            slot.runtime = None
        if with_disk:
            self.disk.destroy()
        else:
            self.disk.crash(survivors)

    def restart(self) -> None:
        """Power on: programs are built anew and find what the disk has kept."""
        if self.up:
            return
        self.up = True
        self.world.kernel.cause = self.world.trace.observe(self.name, HostRestarted(epoch=self.epoch))
        if self._holds:
            self.pause()
            for hold in self._holds:
                hold.told()
        self.start()
