"""What waits on its way into a venue's application or out of it: in order, or each message by itself."""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from squall.sim.exchange.rules import Gate
from squall.sim.program import Machine

M = TypeVar("M")
STRAY: Final = "stray"


class DelayLine(Generic[M]):
    """Lets messages through in order, each after its delay and none while the gate is shut; none overtakes another."""

    def __init__(
        self, machine: Machine, key: Hashable, gate: Gate, release: Callable[[M], None], discard: Callable[[M], None]
    ) -> None:
        self._machine = machine
        self._key = key
        self._gate = gate
        self._release = release
        self._discard = discard
        self._waiting: deque[tuple[int, M]] = deque()
        self._forget = gate.tell(self._on_gate)

    def put(self, message: M, delay_ns: int) -> None:
        """Release the message after *delay_ns*, and after everything that was put before it."""
        waiting = self._waiting
        if delay_ns <= 0 and not waiting and not self._gate.shut:
            self._release(message)
            return
        due_ns = self._machine.monotonic_ns + max(delay_ns, 0)
        if waiting:
            due_ns = max(due_ns, waiting[-1][0])
        else:
            self._machine.set_timer(delay_ns, self._key)
        waiting.append((due_ns, message))

    def on_timer(self) -> None:
        """The first message is due; so may be others behind it."""
        if self._gate.shut:
            return  # it says when it opens
        waiting = self._waiting
        if waiting:
            # Without a look at the clock: a drifting one may show a nanosecond less than was asked for.
            self._release(waiting.popleft()[1])
        self._go_on()

    def clear(self) -> list[M]:
        """Let nothing more through, for good; returns what was waiting."""
        self._forget()
        dropped = [message for _, message in self._waiting]
        self._waiting.clear()
        self._machine.cancel_timer(self._key)
        return dropped

    def _on_gate(self, discards: bool) -> None:
        if not discards:
            self._go_on()
            return
        dropped = [message for _, message in self._waiting]
        self._waiting.clear()
        self._machine.cancel_timer(self._key)
        for message in dropped:
            self._discard(message)

    def _go_on(self) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= self._machine.monotonic_ns:
            self._release(waiting.popleft()[1])
        if waiting:
            self._machine.set_timer(waiting[0][0] - self._machine.monotonic_ns, self._key)


class Strays(Generic[M]):
    """Lets each message through after its own delay, whatever waits beside it, but none while the gate is shut."""

    def __init__(
        self, machine: Machine, key: Hashable, gate: Gate, release: Callable[[M], None], discard: Callable[[M], None]
    ) -> None:
        self._machine = machine
        self._key = key
        self._gate = gate
        self._release = release
        self._discard = discard
        self._put = 0
        self._waiting: dict[int, M] = {}
        self._due: list[int] = []
        """What the gate keeps, by number, in the order in which it fell due."""
        self._forget = gate.tell(self._on_gate)

    def put(self, message: M, delay_ns: int) -> None:
        """Release the message after *delay_ns*."""
        self._put += 1
        self._waiting[self._put] = message
        self._machine.set_timer(delay_ns, (STRAY, self._key, self._put))

    def on_timer(self, number: int) -> None:
        """This one is due; it may have been cleared away just before."""
        if self._gate.shut:
            self._due.append(number)
            return
        message = self._waiting.pop(number, None)
        if message is not None:
            self._release(message)

    def clear(self) -> list[M]:
        """Let nothing more through, for good; returns what was waiting."""
        self._forget()
        return self._drop()

    def _drop(self) -> list[M]:
        dropped = list(self._waiting.values())
        for number in self._waiting:
            self._machine.cancel_timer((STRAY, self._key, number))
        self._waiting.clear()
        self._due.clear()
        return dropped

    def _on_gate(self, discards: bool) -> None:
        if discards:
            for message in self._drop():
                self._discard(message)
            return
        due, self._due = self._due, []
        for number in due:
            self.on_timer(number)
