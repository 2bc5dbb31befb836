"""A program's place on a machine, and what one life of a program there may ask of the world."""

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from squall.sim.core import Core
from squall.sim.intercept import Tap
from squall.sim.kernel import Call
from squall.sim.lives import Release
from squall.sim.program import Message, Program

if TYPE_CHECKING:
    from squall.sim.host import Host
    from squall.sim.memory import Memory
    from squall.sim.stream import End

NEVER_DURABLE: Final = 0
"""The token of what a program appends after its host has crashed under it: there is no disk to write to."""


class Costs(Struct, frozen=True):
    """Service times in ns of one program: by type of message, or the default."""

    default_ns: int = 2_000
    by_message: Mapping[type, int] = {}

    def __post_init__(self) -> None:
        for what, cost_ns in (("a message", self.default_ns), *((t.__name__, ns) for t, ns in self.by_message.items())):
            if cost_ns < 0:
                raise ValueError(f"costs: expected at least 0 ns for {what}, found {cost_ns}")


class Slot:
    """A program's place: its addresses, the core it runs on, and how to build it anew after a crash."""

    def __init__(self, host: "Host", address: str, core: "Core", release: Release, costs: Costs) -> None:
        self.host = host
        self.address = address
        self.core = core
        self.release = release
        self._costs = costs
        self._slowness: list[list[float]] = []
        self.costs: dict[type, int] = dict(costs.by_message)
        self.default_cost_ns = costs.default_ns
        self.program: Program | None = None
        self.runtime: ProgramRuntime | None = None
        self.ends: dict[str, End] = {}
        """Streams, by the peer's address. One that is gone stays until the program has been told."""
        self.timers: dict[Hashable, Call] = {}
        self.unreadable = 0
        """How often running it has gone down, over files that could not be read, before it was up for once."""
        self.memory: Memory | None = None
        """Its limit and what it leaks; None where nobody has said anything about either."""
        self.tap: Tap | None = None
        """What a fault has done to the program's code; nothing, as a rule."""

    @property
    def down(self) -> bool:
        """Its process is gone while its host is up: nobody listens at its addresses."""
        return self.tap is not None and self.tap.down

    def slow(self, factor: float) -> Callable[[], None]:
        """Its handlers take *factor* times as long over messages that come from now on; returns what ends that."""
        entry = [factor]
        self._slowness.append(entry)
        self._price()

        def recover() -> None:
            self._slowness = [each for each in self._slowness if each is not entry]
            self._price()

        return recover

    def _price(self) -> None:
        slowness = 1.0
        for (factor,) in self._slowness:
            slowness *= factor
        self.costs = {kind: int(cost_ns * slowness) for kind, cost_ns in self._costs.by_message.items()}
        self.default_cost_ns = int(self._costs.default_ns * slowness)

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

    @property
    def config(self) -> Any:
        """The configuration in force for this program when its life began, or is asked for."""
        return self._slot.release.config

    def send(self, to: str, message: Message) -> None:
        slot = self._slot
        if slot.runtime is self:
            if slot.tap is None:
                self._transport.send(slot, to, message)
            else:
                slot.tap.sends(self, to, message, streamed=False)

    def open(self, to: str) -> None:
        if self._slot.runtime is self:
            self._transport.open(self._slot, to)

    def write(self, to: str, message: Message) -> bool:
        slot = self._slot
        if slot.runtime is not self:
            return False
        if slot.tap is None:
            return self._transport.write(slot, to, message)
        return slot.tap.sends(self, to, message, streamed=True)

    def hand_over(self, to: str, message: Message, streamed: bool) -> bool:
        """Past all rules, to the network: on the stream to *to*, or as a datagram."""
        if self._slot.runtime is not self:
            return False
        if streamed:
            return self._transport.write(self._slot, to, message)
        self._transport.send(self._slot, to, message)
        return True

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
        host = self._host
        return host.disk.append(file, data, host.durable_callback(self._slot))

    def read(self, file: str) -> list[bytes]:
        return self._host.disk.read(file)

    def read_each(self, file: str) -> list[bytes | None]:
        return self._host.disk.read_each(file)

    def install(self, program: str, version: str) -> bool:
        return self._slot.runtime is self and self._host.install(program, version)

    def halt(self, program: str) -> bool:
        return self._slot.runtime is self and self._host.halt(program)

    def emit(self, claim: Any) -> None:
        if self._slot.runtime is self:
            self._trace.claim(self._host.name, claim)

    def chance(self, name: str, *identity: object) -> float:
        return self._world.chance.uniform("/".join((self.address, name, *map(str, identity))))

    def buggify(self, name: str, *identity: object) -> bool:
        return self._world.buggify(self.address, name, *identity)
