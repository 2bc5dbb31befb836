"""The receiving half of one direction of TCP: bytes in order, room for more, and when to say so."""

from collections import deque
from typing import TYPE_CHECKING

from squall.sim.kernel import Call, Kernel
from squall.sim.stream import TcpSpec

if TYPE_CHECKING:
    from squall.sim.tcp import TcpPipe


class Receiver:
    """All before byte *next* has come. What came early is kept; what a program has not taken yet takes up room."""

    def __init__(self, pipe: "TcpPipe", kernel: Kernel, spec: TcpSpec) -> None:
        self.next = 0
        self._unread: deque[int] = deque()
        """The sizes of messages that wait for the program, in order."""
        self._unread_bytes = 0
        self._early: list[tuple[int, int]] = []
        """Ranges that came before what belongs in front of them: in order, apart from one another."""
        self._edge = 0
        """How far the sender was told that it may go: never taken back."""
        self._unsaid_bytes = 0
        """What has come in order since the last word of it."""
        self._held_back: Call | None = None
        self._pipe = pipe
        self._kernel = kernel
        self._spec = spec

    # --- what comes ---

    def take(self, start: int, end: int) -> None:
        """Bytes have come: hand over what is in order now, and say so now or in a while."""
        if start > self.next:
            self._keep(start, end)
            self._say()
            return
        if end <= self.next:
            self._say()  # an old one: the sender has missed our word of it
            return
        filled = bool(self._early)
        before = self.next
        self.next = end
        while self._early and self._early[0][0] <= self.next:
            self.next = max(self.next, self._early.pop(0)[1])
        self._unsaid_bytes += self.next - before
        self._pipe.deliver(self.next)
        if self._pipe.receiver.gone or not self._unsaid_bytes:
            return  # what it was handed made the program answer, and the answer bore the word
        opens = before == 0
        if opens or filled or not self._spec.delayed_ack_ns or self._unsaid_bytes >= 2 * self._spec.mss_bytes:
            self._say()
        elif self._held_back is None:
            self._held_back = self._kernel.call_in(self._spec.delayed_ack_ns, self._in_a_while)

    def _keep(self, start: int, end: int) -> None:
        merged = []
        for each in self._early:
            if each[1] < start or each[0] > end:
                merged.append(each)
            else:
                start, end = min(start, each[0]), max(end, each[1])
        self._early = sorted([*merged, (start, end)])

    def _in_a_while(self, _: None) -> None:
        self._held_back = None
        if not self._pipe.receiver.gone:
            self._say()

    def _say(self) -> None:
        self._pipe.back.answer()

    def says(self) -> tuple[int, int]:
        """What goes back with whatever goes back: all before here has come, and so much more has room."""
        if self._held_back is not None:
            self._held_back.cancel()
            self._held_back = None
        self._unsaid_bytes = 0
        self._edge = max(self._edge, self.next + self._room())
        return self.next, self._edge - self.next

    def _room(self) -> int:
        """None at all where it is less than a segment or half the buffer: small windows make small segments."""
        free = self._spec.receive_buffer_bytes - self._unread_bytes - sum(end - start for start, end in self._early)
        return free if free >= min(self._spec.mss_bytes, self._spec.receive_buffer_bytes // 2) else 0

    # --- what is taken ---

    def handed_over(self, size_bytes: int) -> None:
        """A message waits for the program."""
        self._unread.append(size_bytes)
        self._unread_bytes += size_bytes

    def read(self) -> None:
        """The program has taken a message: where the sender waits for room, tell it that there is some again."""
        if not self._unread:
            return
        self._unread_bytes -= self._unread.popleft()
        if self._pipe.receiver.gone:
            return
        told = self._edge - self.next
        mss = self._spec.mss_bytes
        if told < mss and self._room() >= min(2 * mss, self._spec.receive_buffer_bytes // 2):
            self._say()
