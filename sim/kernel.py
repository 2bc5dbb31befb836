"""The event loop: simpy's heap and processes, a lean call beside them, turns within an instant, and a budget."""

from collections import Counter
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Any, Final

from msgspec import Struct
from simpy import Environment, Event

HEAL: Final = -2
"""A fault's rule is removed: before anything else of the instant, so that windows are half-open."""
INJECT: Final = -1
"""A fault's rule is installed. simpy's own urgent events (0) come after."""
WORK: Final = 1
"""Everything that the world does; simpy's normal priority."""
OBSERVE: Final = 2
"""Looking at the world when the instant is over."""

DEFAULT_BUDGET_PER_INSTANT: Final = 100_000
_NAMING_SAMPLE: Final = 1_000
_BEFORE_ALL: Final = HEAL - 1


class LivelockError(RuntimeError):
    """Virtual time stands still: more events in one instant than the budget allows."""


class Call(Struct):
    """A function to call later, with one argument. `cancel()` forgets it."""

    fn: Callable[[Any], None] | None
    arg: Any
    cause: int

    def cancel(self) -> None:
        """Do not call. It costs nothing to cancel twice, or after the call."""
        self.fn = None
        self.arg = None


class Kernel(Environment):
    """A simpy environment on integer nanoseconds.

    simpy's processes and resources work as ever; `call_at` and `call_in` are the lean way, and `post` the leanest, for
    what is never taken back. At one instant, turns come in order (`HEAL`, `INJECT`, simpy's urgent, `WORK`, `OBSERVE`);
    within a turn, first come first served.

    `cause` is the trace record that led to what runs now; a call inherits the cause that was current when it was made.
    """

    def __init__(self, budget_per_instant: int = DEFAULT_BUDGET_PER_INSTANT, ties: Iterator[int] | None = None) -> None:
        """*ties*: what breaks ties within a turn, instead of first come, first served."""
        self.now_ns = 0
        """Virtual time, as a plain attribute: what the hot path reads."""
        super().__init__(initial_time=0)
        self.cause = 0
        self.events = 0
        """Events processed so far."""
        self._budget = budget_per_instant
        self.heap: list[Any] = self._queue
        """What is to come, as (time, turn, sequence, function, argument, cause). Where the function is None, the
        argument is a `Call`, which may have been cancelled. `Core` and `Pipe`, which every message comes by, push here
        themselves: `post` written out."""
        if ties is not None:
            self._eid = ties  # type: ignore[assignment]  # we ask it for the next number only
        self.sequence: Iterator[int] = self._eid

    @property
    def now(self) -> int:
        """Virtual time in nanoseconds, under simpy's name for it."""
        return self.now_ns

    @property
    def _now(self) -> int:
        # Where simpy keeps the time: there is one time only, and it is ours.
        return self.now_ns

    @_now.setter
    def _now(self, at_ns: int) -> None:
        self.now_ns = at_ns

    def call_at(self, at_ns: int, fn: Callable[[Any], None], arg: Any = None, turn: int = WORK) -> Call:
        """Call `fn(arg)` at *at_ns* of virtual time, which must not have passed."""
        if at_ns < self.now_ns:
            raise ValueError(f"call_at: {at_ns} ns is in the past; now is {self.now_ns} ns")
        call = Call(fn, arg, self.cause)
        heappush(self.heap, (at_ns, turn, next(self.sequence), None, call, 0))
        return call

    def call_in(self, delay_ns: int, fn: Callable[[Any], None], arg: Any = None) -> Call:
        """Call `fn(arg)` after *delay_ns*, which must not be negative."""
        if delay_ns < 0:
            raise ValueError(f"call_in: the delay must not be negative, found {delay_ns} ns")
        call = Call(fn, arg, self.cause)
        heappush(self.heap, (self.now_ns + delay_ns, WORK, next(self.sequence), None, call, 0))
        return call

    def post(self, delay_ns: int, fn: Callable[[Any], None], arg: Any, cause: int) -> None:
        """`call_in` for the hot path: with a cause of its own, and for good."""
        if delay_ns < 0:
            raise ValueError(f"post: the delay must not be negative, found {delay_ns} ns")
        heappush(self.heap, (self.now_ns + delay_ns, WORK, next(self.sequence), fn, arg, cause))

    def schedule(self, event: Event, priority: int = WORK, delay: int = 0) -> None:  # type: ignore[override]
        """Where simpy puts its events: one more function to call."""
        heappush(self.heap, (self.now_ns + delay, priority, next(self.sequence), self._process, event, 0))

    def run_until(self, until_ns: int) -> None:
        """Process everything due before *until_ns*, then stand at *until_ns*, which must not have passed.

        LivelockError where time gets stuck.
        """
        if until_ns < self.now_ns:
            raise ValueError(f"run_until: {until_ns} ns is in the past; now is {self.now_ns} ns")
        heap = self.heap
        budget = self._budget
        pop = heappop
        events = 0
        at_ns = self.now_ns
        instant_began = 0
        # An entry that comes before all others of *until_ns* is cheaper than a look at the clock before each event.
        end = (until_ns, _BEFORE_ALL, 0, None, None, 0)
        heappush(heap, end)
        try:
            while True:
                time_ns, _, _, fn, arg, cause = pop(heap)
                if fn is None:
                    if arg is None:
                        break
                    fn = arg.fn
                    if fn is None:
                        continue
                    cause = arg.cause
                    arg = arg.arg
                events += 1
                if time_ns != at_ns:
                    self.now_ns = at_ns = time_ns
                    instant_began = events
                elif events - instant_began > budget:
                    heappush(heap, (time_ns, WORK, next(self.sequence), fn, arg, cause))
                    raise LivelockError(self._who_spins(at_ns))
                self.cause = cause
                fn(arg)
        except BaseException:
            heap.remove(end)
            heapify(heap)
            raise
        finally:
            self.events += events
        self.now_ns = until_ns

    @staticmethod
    def _process(event: Any) -> None:
        """What `simpy.Environment.step` does with an event that it has taken from the heap."""
        callbacks, event.callbacks = event.callbacks, None
        for callback in callbacks:
            callback(event)
        if not event._ok and not hasattr(event, "_defused"):
            raise event._value

    def _who_spins(self, at_ns: int) -> str:
        """Run on for a moment to see whose events they are."""
        names: Counter[str] = Counter()
        trouble = ""
        for _ in range(_NAMING_SAMPLE):
            if not self.heap or self.heap[0][0] > at_ns:
                break
            _, _, _, fn, arg, cause = heappop(self.heap)
            if fn is None:
                fn, arg, cause = arg.fn, arg.arg, arg.cause
            if fn is None:
                continue
            names[_name_of(fn, arg)] += 1
            self.cause = cause
            try:
                fn(arg)
            except Exception as error:  # that it spins is the news; this only happened while we looked who does
                trouble = f"; then {type(error).__name__}: {error}"
                break
        who = ", ".join(f"{name} ({count} of {names.total()})" for name, count in names.most_common(3))
        return (
            f"more than {self._budget} events at {at_ns} ns without time passing; spinning: {who or 'unknown'}{trouble}"
        )


def _name_of(fn: Callable[[Any], None], arg: Any) -> str:
    """Whose work it is, where the function's owner or the argument has a label; else the function's name."""
    if isinstance(arg, Event):
        return _name_of_simpys(arg)
    owner = getattr(fn, "__self__", None)
    label = getattr(owner, "label", None) or getattr(arg, "label", None)
    return str(label or getattr(fn, "__qualname__", type(fn).__name__))


def _name_of_simpys(event: Event) -> str:
    """The process that waits for this event; else what kind of event it is."""
    for callback in event.callbacks or ():
        name = getattr(getattr(callback, "__self__", None), "name", None)
        if isinstance(name, str):
            return f"process {name}"
    return type(event).__name__
