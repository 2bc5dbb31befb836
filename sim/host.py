"""A machine: cores that serve one job at a time, programs that die with it, a disk and clocks of its own."""

from collections.abc import Callable, Hashable
from functools import partial
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, Final

from squall.sim import lives
from squall.sim.clock import Clock
from squall.sim.core import CLOSED, CONFIG, DURABLE, HOUSEKEEPING_NS, MESSAGE, OPENED, START, STREAMED, TIMER, Core, Job
from squall.sim.damage import UnreadableError
from squall.sim.disk import DEFAULT_FSYNC_NS, Disk
from squall.sim.guard import NondeterminismError
from squall.sim.intercept import Rule, Tap, Way
from squall.sim.kernel import Call, LivelockError
from squall.sim.lives import Change, Release
from squall.sim.program import Message, Program
from squall.sim.slot import Costs, ProgramRuntime, Slot
from squall.sim.trace import (
    HostCrashed,
    HostPaused,
    HostRestarted,
    HostResumed,
    ObserverError,
    ProgramRaised,
)

if TYPE_CHECKING:
    from squall.sim.stream import End
    from squall.sim.world import World

__all__ = ["Costs", "Host", "ProgramRuntime", "Slot"]

_OURS: Final = (NondeterminismError, LivelockError, ObserverError)
"""What no program is to blame for: it ends the run."""


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
        self._kernel = world.kernel
        self._handled = world.trace.handled
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

    def place(self, address: str, release: Release, costs: Costs, core: str | None) -> Slot:
        """Give a program a place on a core (its own, unless one is named); it starts when the host does."""
        label = core or address
        if label not in self.cores:
            self.cores[label] = Core(self, label)
        slot = Slot(self, address, self.cores[label], release, costs)
        self.slots.append(slot)
        return slot

    def start(self) -> None:
        """Build every program and let it start. An exception in a constructor takes the host down."""
        wanted = [slot for slot in self.slots if not slot.release.halted]
        for slot in wanted:
            # First in line, so that nothing is handled before it, whatever the constructors send each other.
            self.enqueue(slot, START, None, None, HOUSEKEEPING_NS)
        for slot in wanted:
            if not self._build(slot):
                return

    def begin_life(self, slot: Slot) -> None:
        """Build one program anew while the host runs on, and let it start."""
        self.enqueue(slot, START, None, None, HOUSEKEEPING_NS)
        self._build(slot)

    def _build(self, slot: Slot) -> bool:
        slot.runtime = ProgramRuntime(slot)
        epoch = self.epoch
        try:
            slot.program = slot.release.factory(slot.runtime)
        except _OURS:
            raise
        except Exception as error:  # a finding, as in a handler
            self._raised(slot, error, epoch)
        return epoch == self.epoch

    # --- work ---

    def enqueue(self, slot: Slot, kind: int, a: Any, b: Any, cost_ns: int) -> None:
        """A job for a program, behind all that its core has to do already. A host that is down takes none."""
        if self.up:
            slot.core.submit(Job(slot, kind, a, b, cost_ns, self._kernel.cause))

    def handle(self, job: Job) -> None:
        """Run the handler that this job stands for; an exception in it takes the host down."""
        slot = job.slot
        self._kernel.cause = job.cause
        if slot.tap is not None and not slot.tap.lets_through(job):
            if job.kind == STREAMED and not job.a.plain:
                job.a.takes()
            return
        program = slot.program
        assert program is not None
        epoch = self.epoch
        try:
            kind = job.kind
            if MESSAGE <= kind <= STREAMED:
                sender, message = job.a, job.b
                if kind == STREAMED:
                    if not sender.plain and not sender.takes():
                        return
                    sender = sender.peer.address
                if not message.is_heartbeat:
                    self.world.messages += 1
                    self._kernel.cause = self._handled(self.name, slot.address, sender, message)
                program.on_message(sender, message)
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
                slot.unreadable = 0
            elif kind == CONFIG:
                program.on_config(job.a)
        except _OURS:
            raise
        except Exception as error:  # whatever a program under test throws is a finding, not our end
            self._raised(slot, error, epoch)

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
            life = slot.runtime

            def callback(token: int) -> None:
                if slot.runtime is life:  # what it wrote outlives the program, and tells nobody
                    self.enqueue(slot, DURABLE, token, None, HOUSEKEEPING_NS)

            self._durable[slot.address] = callback
        return callback

    def _raised(self, slot: Slot, error: Exception, epoch: int) -> None:
        if isinstance(error, UnreadableError):
            self._cannot_read(slot, error, epoch)
            return
        frames = extract_tb(error.__traceback__)
        place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
        event = ProgramRaised(program=slot.address, error=f"{type(error).__name__}: {error}", where=place)
        self.world.kernel.cause = self.world.trace.observe(self.name, event)
        if epoch == self.epoch:  # else the host has crashed already, under this very handler
            self.crash()

    def _cannot_read(self, slot: Slot, error: UnreadableError, epoch: int) -> None:
        """The disk's fault and not the program's: it goes down alone, and is started again, ever more seldom."""
        event = ProgramRaised(program=slot.address, error=str(error), where="its disk", injected=True)
        self.world.kernel.cause = self.world.trace.observe(self.name, event)
        if epoch == self.epoch:
            slot.unreadable += 1
            lives.stop(self, slot, "it could not read its disk")

    def forget_durable(self, slot: Slot) -> None:
        """What this life has written is told to it no more; the next one asks under another name."""
        self._durable.pop(slot.address, None)

    # --- one program in trouble (what software faults act on) ---

    def slot(self, program: str) -> Slot:
        """The place of this program; ValueError that lists the host's programs where there is none."""
        for slot in self.slots:
            if slot.address == program:
                return slot
        known = ", ".join(slot.address for slot in self.slots) or "none"
        raise ValueError(f"no program {program!r} on {self.name}; there are {known}")

    def deploy(self, program: str, version: str) -> Callable[[], None]:
        """Restart the program in place in another of its builds; returns what deploys the one before again.

        The old one's timers, queue and streams die; the disk stays. ValueError where there is no such build.
        """
        return lives.deploy(self, self.slot(program), version)

    def install(self, program: str, version: str) -> bool:
        """Have the supervisor run this build of a program here from now on; False where there is none such."""
        slots = [slot for slot in self.slots if slot.address == program]
        return bool(slots) and lives.install(self, slots[0], version)

    def halt(self, program: str) -> bool:
        """Have the supervisor stop a program here, and not start it again; False where there is none such."""
        slots = [slot for slot in self.slots if slot.address == program]
        for slot in slots:
            lives.halt(self, slot)
        return bool(slots)

    def configure(self, program: str, change: Change, what: str) -> Callable[[], None]:
        """Push a changed configuration to this one program, as `on_config`; returns what takes the change back."""
        return lives.configure(self, self.slot(program), change, what)

    def intercept(self, program: str, way: Way, rule: Rule) -> Callable[[], None]:
        """Let a rule decide about every message on its way in, or out; returns what removes it.

        Rules apply in the order in which they were installed, and outlive the program's restart and its host's.
        """
        return self.tapped(self.slot(program)).install(way, rule)

    def respawn(self, program: str, why: str) -> None:
        """End the program's process; the host's supervisor starts it again, with what the disk has kept."""
        lives.respawn(self, self.slot(program), why)

    def threw(self, slot: Slot, message: Message) -> None:
        """A fault in its code has made a program throw: it goes down alone, and is started again."""
        error = f"the fault makes it throw on {message.identity}"
        event = ProgramRaised(program=slot.address, error=error, where="a fault", injected=True)
        self.world.kernel.cause = self.world.trace.observe(self.name, event)
        lives.stop(self, slot, "it threw")

    def tapped(self, slot: Slot) -> Tap:
        """What stands between this program and the host; put there where nothing does yet."""
        if slot.tap is None:
            slot.tap = Tap(self, slot)
        return slot.tap

    @staticmethod
    def tidy(slot: Slot) -> None:
        """Nothing stands there any more that does nothing."""
        if slot.tap is not None and slot.tap.idle:
            slot.tap = None

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
            if slot.tap is not None:
                slot.tap.reset(down=slot.release.halted)
                self.tidy(slot)
        self._durable.clear()
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
