"""An event loop that never waits: it is stepped when something happens, and says when to be stepped again."""

import asyncio
import heapq
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context
from math import ceil
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from squall.aio.connections import Connections
from squall.aio.refused import NETWORK, refuse, refusing_the_rest

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
SECOND: Final = 1_000_000_000
CALLBACKS_A_STEP: Final = 1_000
"""What is still ready after so many waits for the core like any other job: a coroutine that never sleeps costs time."""
PATIENCE_NS: Final = 1 * SECOND
"""How long a task that failed may wait for somebody who asks what became of it."""


class NumberedFuture(asyncio.Future[T]):
    """Hashed by a number of its loop's: sets of futures, as `asyncio.wait` keeps, are then walked alike in all runs."""

    def __init__(self, loop: "Loop") -> None:
        self.number = loop.next_number()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self.number


class NumberedTask(asyncio.Task[T]):
    """A task, hashed by its number; nobody is told when one that is pending dies with its host."""

    _log_destroy_pending = False

    def __init__(
        self,
        loop: "Loop",
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        name: str | None,
        context: Context | None,
    ) -> None:
        self.number = loop.next_number()
        # The library's own names count through the whole process.
        super().__init__(coro, loop=loop, name=name or f"Task-{self.number}", context=context)

    def __hash__(self) -> int:
        return self.number


@refusing_the_rest
class Loop(asyncio.AbstractEventLoop):
    """`asyncio`'s loop for one life of one program.

    *monotonic_ns* is the only clock it has. *wake_in* asks for another `step` after so many ns, and replaces what was
    asked for before.
    """

    def __init__(self, monotonic_ns: Callable[[], int], wake_in: Callable[[int], None]) -> None:
        self.connections: Connections
        self._monotonic_ns = monotonic_ns
        self._wake_in = wake_in
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._due_ns = 0
        """A drifting clock may show a nanosecond less than what a timer was set for: time does not go back for that."""
        self._armed_ns: int | None = None
        self._numbers = 0
        self._context = Context()
        self._handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None
        self._failure: BaseException | None = None
        self._dead = False
        self.tasks: dict[int, NumberedTask[Any]] = {}
        """Those that are pending, by number, held here as the library itself holds none."""

    # --- stepped from outside ---

    def step(self, what: Callable[[], None] | None = None, woken: bool = False) -> None:
        """Do *what*, then all that is ready by now; raise what nobody has caught. *woken*: by what `wake_in` asked."""
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=None, finalizer=self._close_generator)
        try:
            if woken and self._armed_ns is not None:
                self._due_ns = max(self._due_ns, self._armed_ns)
                self._armed_ns = None
            if what is not None:
                # A context of the program's own: not that of whoever runs the world.
                self._context.run(what)
            self._run_ready()
        finally:
            sys.set_asyncgen_hooks(*hooks)
            asyncio._set_running_loop(outer)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        self._arm()

    def _run_ready(self) -> None:
        timers, ready, now_ns = self._timers, self._ready, self.now_ns
        while timers and timers[0][0] <= now_ns:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(CALLBACKS_A_STEP):
            if not ready or self._failure is not None:
                return
            handle = ready.popleft()
            if not handle.cancelled():
                try:
                    handle._run()
                except SystemExit as asked:
                    self._failure = asked

    def _arm(self) -> None:
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if self._ready:
            wake_ns = self.now_ns
        elif self._timers:
            wake_ns = self._timers[0][0]
        else:
            return
        if self._armed_ns != wake_ns:
            self._armed_ns = wake_ns
            self._wake_in(max(wake_ns - self._monotonic_ns(), 0))

    def bury(self) -> None:
        """The host is gone, and what ran here with it: nothing that is still suspended can reach anybody any more.

        Python runs the ``finally`` of what it throws away. Better here than whenever it collects its garbage.
        """
        self._dead = True
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            for task in list(self.tasks.values()):
                coro: Any = task.get_coro()
                with suppress(BaseException):  # whoever clings to life does so without a world
                    coro.close()
        finally:
            asyncio._set_running_loop(outer)
        self.tasks.clear()
        self._ready.clear()
        self._timers.clear()

    # --- time and callbacks ---

    @property
    def now_ns(self) -> int:
        """Monotonic time, and no less than what a timer that rang was set for."""
        return max(self._monotonic_ns(), self._due_ns)

    def next_number(self) -> int:
        """Counts all that this loop makes, from 1."""
        self._numbers += 1
        return self._numbers

    def time(self) -> float:
        return self.now_ns / SECOND

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if not self._dead:
            self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        # Rounded up: a wait of any length lets time pass.
        return self._call_at(self.now_ns + max(ceil(delay * SECOND), 0), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self._call_at(round(when * SECOND), callback, args, context)

    def _call_at(
        self, when_ns: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when_ns / SECOND, callback, args, self, context)
        if not self._dead:
            heapq.heappush(self._timers, (when_ns, self.next_number(), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    # --- futures and tasks ---

    def create_future(self) -> asyncio.Future[Any]:
        return NumberedFuture(self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        task = NumberedTask(self, coro, name, context)
        self.tasks[task.number] = task
        task.add_done_callback(self._task_done, context=self._context)
        return task

    def _task_done(self, task: Any) -> None:
        self.tasks.pop(task.number, None)
        if not task.cancelled() and task._log_traceback:
            self._call_at(self.now_ns + PATIENCE_NS, self._nobody_asked, (task,), self._context)

    def _nobody_asked(self, task: Any) -> None:
        """Unless somebody awaited it meanwhile, the failure of a task is the program's."""
        if task._log_traceback:
            self._fail(task.exception())

    def set_task_factory(self, factory: Any) -> None:
        if factory is not None:
            refuse("loop.set_task_factory", "tasks are made in the order in which they are asked for")

    def get_task_factory(self) -> Any:
        return None

    # --- connections ---

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        _expect_none("create_connection", options)
        return await self.connections.connect(protocol_factory, host, port)

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        _expect_none("create_server", options)
        return self.connections.serve(protocol_factory)

    # --- what goes wrong ---

    def _fail(self, error: BaseException) -> None:
        if self._failure is None and not self._dead:
            self._failure = error

    def get_exception_handler(self) -> Any:
        return self._handler

    def set_exception_handler(self, handler: Any) -> None:
        self._handler = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self._dead or "never retrieved" in context["message"]:
            return  # the library says so when it collects garbage, whenever that is; of tasks we hear in time
        if self._handler is not None:
            self._handler(self, context)
        else:
            self.default_exception_handler(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self._fail(context.get("exception") or RuntimeError(context["message"]))

    def _close_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        """An async generator that somebody left half-way."""
        if not self._dead:
            self.call_soon(self.create_task, generator.aclose())

    # --- what there is to say of it ---

    def get_debug(self) -> bool:
        return False

    def set_debug(self, enabled: bool) -> None:
        """There is no slower way to run."""

    def is_running(self) -> bool:
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        return self._dead

    async def shutdown_asyncgens(self) -> None:
        """They end with their program."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""


HARMLESS: Final = ("family", "proto", "flags", "happy_eyeballs_delay", "interleave", "backlog", "reuse_address")
"""Options about addresses and sockets that say nothing here."""


def _expect_none(call: str, options: dict[str, Any]) -> None:
    for name, value in options.items():
        if value and name not in (*HARMLESS, "reuse_port", "start_serving"):
            refuse(f"loop.{call}({name}=…)", NETWORK)
