"""A program of the world that runs a user's main coroutine: one event loop for each life of its host."""

import asyncio
import weakref
from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Any, Final

from squall.aio.connections import Connections
from squall.aio.loop import Loop
from squall.aio.stand_ins import stand_ins
from squall.scenarios.desk import Floor
from squall.sim.guard import Lent, lending
from squall.sim.program import Program
from squall.system.runtime import Address, Runtime

WAKE: Final = "asyncio"


class Disk:
    """The host's disk: what a program finds again after a crash, if it waited for it to be safe."""

    def __init__(self, runtime: Callable[[], Runtime | None]) -> None:
        self._runtime = runtime
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def append(self, file: str, data: bytes) -> None:
        """Append a record, and come back when it would survive a crash."""
        runtime = self._runtime()
        if runtime is not None:
            future = self._waiting[runtime.append(file, data)] = asyncio.get_running_loop().create_future()
            await future

    def read(self, file: str) -> list[bytes]:
        """The records of a file, in order; empty where there is none."""
        runtime = self._runtime()
        return runtime.read(file) if runtime is not None else []

    def durable(self, token: int) -> None:
        """All that was appended up to this one is safe."""
        for each in [each for each in self._waiting if each <= token]:
            future = self._waiting.pop(each)
            if not future.done():
                future.set_result(None)


class Env:
    """What an asyncio program may be given of its world, beside the library: its disk, the market's floor, a feed."""

    def __init__(self, address: Address, floor: Floor, disk: Disk, runtime: Callable[[], Runtime | None]) -> None:
        self.address = address
        self.floor = floor
        self.disk = disk
        self._runtime = runtime
        self._feed: asyncio.Queue[Any] | None = None

    @property
    def feed(self) -> "asyncio.Queue[Any]":
        """Every datagram of the venues' market data that comes from now on; the program reads it or it grows."""
        if self._feed is None:
            self._feed = asyncio.Queue()
        return self._feed

    def datagram(self, message: Any) -> None:
        """One has come. Where nobody ever asked for the feed it goes where datagrams go."""
        if self._feed is not None:
            self._feed.put_nowait(message)

    def emit(self, claim: Any) -> None:
        """Say something for people and `reached` conditions."""
        runtime = self._runtime()
        if runtime is not None:
            runtime.emit(claim)


Main = Callable[[Env], Coroutine[Any, Any, Any]]


def program(main: Main, hosts: Mapping[str, Address] | None = None) -> Callable[[Runtime, Floor], Program]:
    """What a `Seat` is to make: *main*'s coroutine, begun anew in each life of the host.

    A coroutine that knows nothing of Squall is wrapped: ``program(lambda env: trade("exchange-a", 7001))``. *hosts*
    says which address is meant by a name as the coroutine knows it, ``host`` or ``host:port``; others stand for
    themselves, whatever the port.
    """

    def make(runtime: Runtime, floor: Floor) -> Program:
        return AsyncioProgram(runtime, floor, main, dict(hosts or {}))

    return make


class _Clocks:
    """Its host's, for as long as there is one; after that they stand."""

    def __init__(self, alive: Callable[[], Runtime | None]) -> None:
        self._alive = alive
        self._wall_ns = self._monotonic_ns = 0

    def wall_ns(self) -> int:
        runtime = self._alive()
        if runtime is not None:
            self._wall_ns = runtime.now_ns
        return self._wall_ns

    def monotonic_ns(self) -> int:
        runtime = self._alive()
        if runtime is not None:
            self._monotonic_ns = runtime.monotonic_ns
        return self._monotonic_ns

    def wake_in(self, delay_ns: int) -> None:
        runtime = self._alive()
        if runtime is not None:
            runtime.set_timer(delay_ns, WAKE)


def _sole(error: BaseException) -> BaseException:
    """What a group of one is about: it tells the place, and what went wrong."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _bury(loop: Loop, lent: Lent) -> None:
    with lending(lent):
        loop.bury()


class AsyncioProgram:
    """Turns what the world says into steps of a loop, and raises what the user's program did not catch.

    The loop and all that is suspended in it hold this object weakly: when the host drops it in a crash, or the world
    is thrown away, they are buried at once.
    """

    def __init__(self, runtime: Runtime, floor: Floor, main: Main, hosts: dict[str, Address]) -> None:
        self._runtime = runtime
        mine = weakref.ref(self)

        def alive() -> Runtime | None:
            program = mine()
            return program._runtime if program is not None else None

        clocks = _Clocks(alive)
        # Its decorator has put in the methods that the type checker misses.
        loop = self._loop = Loop(clocks.monotonic_ns, clocks.wake_in)  # type: ignore[abstract]
        venues = frozenset(route.address for route in floor.venues)
        self._connections = loop.connections = Connections(loop, runtime.address, alive, venues, hosts)
        self._disk = Disk(alive)
        self._env = Env(runtime.address, floor, self._disk, alive)
        self._main = main
        self._task: asyncio.Task[Any] | None = None
        self._winding_up = self._over = False
        names = stand_ins(clocks.wall_ns, lambda: loop.now_ns, runtime)
        self._lent = Lent(names)
        weakref.finalize(self, _bury, loop, Lent(names, recorded=False)).atexit = False

    def _step(self, what: Callable[[], None] | None = None, woken: bool = False) -> None:
        if self._over:
            return
        with lending(self._lent):
            try:
                self._loop.step(what, woken)
                self._look_at_main()
            except SystemExit as asked:
                if asked.code:
                    raise RuntimeError(f"the program exited with {asked.code!r}") from asked
                self._end()

    def _look_at_main(self) -> None:
        if self._task is None or not self._task.done():
            return
        if not self._winding_up:
            if not self._task.cancelled() and (error := self._task.exception()) is not None:
                raise _sole(error)
            # As `asyncio.run` does: what is left is cancelled when main is through.
            self._winding_up = True
            self._loop.step(self._cancel_all)
        if not self._loop.tasks:
            self._end()

    def _cancel_all(self) -> None:
        for task in list(self._loop.tasks.values()):
            task.cancel()

    def _end(self) -> None:
        self._over = True
        self._connections.hang_up_all()

    # --- Program ---

    def on_start(self) -> None:
        def begin() -> None:
            self._task = self._loop.create_task(self._main(self._env), name="main")

        self._step(begin)

    def on_message(self, sender: str, message: Any) -> None:
        def receive() -> None:
            if not self._connections.received(sender, message):
                self._env.datagram(message)

        self._step(receive)

    def on_timer(self, key: Hashable) -> None:
        self._step(woken=True)

    def on_durable(self, token: int) -> None:
        self._step(lambda: self._disk.durable(token))

    def on_stream_open(self, peer: str) -> None:
        self._step(lambda: self._connections.opened(peer))

    def on_stream_closed(self, peer: str, reason: str) -> None:
        self._step(lambda: self._connections.closed(peer, reason))

    def on_config(self, config: Any) -> None:
        """Whatever it is, no asyncio program asks for it."""
