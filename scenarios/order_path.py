"""The order-path world: one host, a program for each station of an order's way, measured from signal to wire."""

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from squall.faults.fault import InstalledPlan, Plan, happening
from squall.scenarios.order_parts import Kept, OrderParts, Parts, Passing
from squall.scenarios.stacks import HOPS, Stack
from squall.sim.core import MESSAGE
from squall.sim.guard import Guard
from squall.sim.host import Costs, ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.world import World
from squall.system.config import SECOND

DESK: Final = "desk"
BACKUP: Final = "backup"
MARKET: Final = "market"
"""Who signals come from: nobody in this world, as a network card would hand them over."""
LAST: Final = len(HOPS) - 1
COMMITS: Final = 3
"""Where the OMS has risk's word, and lets the order out once that is written down."""
LAN_NS: Final = 10_000
FSYNC_NS: Final = 12_000
SETTLE_NS: Final = 1 * SECOND
"""How long after the last signal an order may still reach the wire."""
START_NS: Final = 1_000_000
"""By then the programs have started. Load, and its plan of faults, begin here."""
LATE_NS: Final = 3_600 * SECOND
"""What an order counts that never does."""


class _Quiet:
    """What a program here has nothing to say to."""

    def on_start(self) -> None: ...
    def on_timer(self, key: Hashable) -> None: ...
    def on_durable(self, token: int) -> None: ...
    def on_stream_open(self, peer: str) -> None: ...
    def on_stream_closed(self, peer: str, reason: str) -> None: ...
    def on_config(self, config: Any) -> None: ...


class Station(_Quiet):
    """Takes a message and hands it on. At the end of the way, it is on the wire."""

    def __init__(self, runtime: ProgramRuntime, wired: "OrderPath") -> None:
        self._runtime = runtime
        self._wired = wired

    def on_message(self, sender: str, message: Passing) -> None:
        hop = message.hop
        if hop == LAST:
            self._wired.reached(message.number)
        else:
            self._runtime.send(HOPS[hop + 1], Passing(message.number, hop + 1))


class Journal(Station):
    """The OMS with its journal on the path: an order goes on when its own disk and the backup's have it."""

    def __init__(self, runtime: ProgramRuntime, wired: "OrderPath") -> None:
        super().__init__(runtime, wired)
        self._tokens: dict[int, int] = {}
        self._here: dict[int, bool] = {}
        """Orders that wait: whether one of the two has them already."""

    def on_start(self) -> None:
        self._runtime.open(BACKUP)

    def on_message(self, sender: str, message: Passing | Kept) -> None:
        if isinstance(message, Kept):
            self._has(message.number, by_backup=True)
        elif message.hop == COMMITS:
            number = message.number
            self._here[number] = False
            self._tokens[self._runtime.append("journal", b"%d" % number)] = number
            self._wired.parts.sets_out(number)
            self._runtime.write(BACKUP, Kept(number))
        else:
            super().on_message(sender, message)

    def on_durable(self, token: int) -> None:
        # One word of the disk is about all that was written up to there.
        for written in [each for each in self._tokens if each <= token]:
            self._has(self._tokens.pop(written), by_backup=False)

    def _has(self, number: int, by_backup: bool) -> None:
        if self._here.get(number):
            del self._here[number]
            self._wired.parts.committed(number, by_backup)
            super().on_message("journal", Passing(number, COMMITS))
        elif number in self._here:
            self._here[number] = True


class Backup(_Quiet):
    """Writes down what it is told, and says so when it is on its disk."""

    def __init__(self, runtime: ProgramRuntime, wired: "OrderPath") -> None:
        self._runtime = runtime
        self._wired = wired
        self._tokens: dict[int, int] = {}

    def on_message(self, sender: str, message: Kept) -> None:
        self._tokens[self._runtime.append("journal", b"%d" % message.number)] = message.number

    def on_durable(self, token: int) -> None:
        for written in [each for each in self._tokens if each <= token]:
            number = self._tokens.pop(written)
            self._wired.parts.sets_out(number)
            self._runtime.write("oms", Kept(number, done=True))


class Passed(Struct, frozen=True):
    """What one replication came to."""

    latency_ns: npt.NDArray[np.int64]
    """Of every order, in the order in which they were meant to be sent; `LATE_NS` where it never reached the wire."""
    parts_ns: Parts
    """What each of them spent its time on: a row an order, a column each of `PARTS`."""
    utilisation: dict[str, float]
    """How busy each program's core was while signals came."""
    loaded_ns: int
    ended_ns: int
    """When the last order reached the wire."""
    lost: int
    effects: int
    """What the plan of faults did."""


class OrderPath:
    """One replication: the world, its load, and where each order's time went."""

    def __init__(
        self,
        stack: Stack,
        times_ns: Sequence[int],
        for_ns: int,
        seed: int,
        plan: Plan = (),
        journal: bool = False,
    ) -> None:
        """*times_ns* are when orders are meant, in order, before *for_ns*; with a *journal*, it is on their path."""
        self.world = World(seed)
        self._stack = stack
        self._for_ns = for_ns
        self._times = times_ns
        self._latency_ns = np.full(len(self._times), LATE_NS, dtype=np.int64)
        self.parts = OrderParts(self.world, len(self._times), stack.wake_up_ns, LAN_NS)
        self._ended_ns = 0
        self._began_ns = 0
        """When the load began: its times are counted from here."""
        self.world.add_host(DESK, fsync_ns=FSYNC_NS)
        self._lay(Costs(default_ns=stack.service_ns), journal)
        self.world.groups = {
            "hosts": tuple(self.world.hosts),
            "desk": (DESK,),
            "links": tuple(self.world.network.links),
        }
        self._plan = InstalledPlan(self.world, happening(self.world, plan))
        self._next = 0

    def _lay(self, costs: Costs, journal: bool) -> None:
        """The programs of the order's way, each on a core of its own."""
        watch = self.parts.on(DESK)
        for name in dict.fromkeys(HOPS):
            self.world.add_cores(DESK, name, self._stack.cores).watch = watch
            kind = Journal if journal and name == "oms" else Station
            self.world.place(DESK, name, partial(kind, wired=self), costs, core=name)
        if journal:
            self._lay_backup(costs)
        self._first = self.world.host(DESK).slot(HOPS[0])

    def _lay_backup(self, costs: Costs) -> None:
        self.world.add_host(BACKUP, fsync_ns=FSYNC_NS)
        self.world.connect("replication", DESK, BACKUP, LinkSpec(LAN_NS))
        self.world.add_cores(BACKUP, BACKUP, self._stack.cores).watch = self.parts.on(BACKUP)
        self.world.place(BACKUP, BACKUP, partial(Backup, wired=self), costs, core=BACKUP)

    def run(self) -> Passed:
        """Let all signals come, and give the last ones time to reach the wire."""
        world = self.world
        world.start()
        with Guard():
            world.run_until(START_NS)
            self._began_ns = world.kernel.now_ns
            before = {name: core.busy_ns for name, core in world.host(DESK).cores.items()}
            self._post_next()
            if self._stack.pause_every_ns:
                self._post_pause(0)
            world.run_until(self._began_ns + self._for_ns)
            busy = {name: core.busy_ns - before[name] for name, core in world.host(DESK).cores.items()}
            world.run_until(self._began_ns + self._for_ns + SETTLE_NS)
        return Passed(
            latency_ns=self._latency_ns,
            parts_ns=self.parts.table(),
            utilisation={name: each / self._for_ns for name, each in busy.items()},
            loaded_ns=self._for_ns,
            ended_ns=self._ended_ns,
            lost=int((self._latency_ns == LATE_NS).sum()),
            effects=sum(tally.effects for tally in self._plan.tallies),
        )

    # --- the load ---

    def _post_next(self) -> None:
        if self._next < len(self._times):
            at_ns = self._began_ns + self._times[self._next]
            self.world.kernel.post(at_ns - self.world.kernel.now_ns, self._signal, self._next, 0)
            self._next += 1

    def _signal(self, number: int) -> None:
        self._enter(number)
        self._post_next()

    def _enter(self, number: int) -> None:
        """The signal comes in."""
        slot = self._first
        slot.host.enqueue(slot, MESSAGE, MARKET, Passing(number, 0), slot.default_cost_ns)

    def reached(self, number: int) -> None:
        """The order is on the wire. Latency is from when its signal was meant to be."""
        now_ns = self.world.kernel.now_ns - self._began_ns
        latency_ns = self._latency_ns[number] = now_ns - self._times[number]
        self.parts.ended(number, int(latency_ns))
        self._ended_ns = now_ns

    # --- the runtime's pauses ---

    def _post_pause(self, number: int) -> None:
        gap_ns = int(2 * self._stack.pause_every_ns * self.world.chance.uniform(f"pause/{number}"))
        self.world.kernel.post(gap_ns, self._pause, number, 0)

    def _pause(self, number: int) -> None:
        let_go = self.world.host(DESK).hold()
        self.world.kernel.post(self._stack.pause_ns, lambda _: let_go(), None, 0)
        self._post_pause(number + 1)
