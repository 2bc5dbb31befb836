"""The sending half of one direction of TCP: what may go out now, what goes out again, and when to give up."""

from typing import TYPE_CHECKING

from msgspec import Struct
from sortedcontainers import SortedDict

from squall.sim.congestion import DUPLICATES, Patience, Reno
from squall.sim.kernel import Call, Kernel
from squall.sim.stream import TcpSpec, TransportSpec

if TYPE_CHECKING:
    from squall.sim.tcp import TcpPipe


class _Sent(Struct, gc=False):
    """A segment that is out, by where it begins."""

    end: int
    sent_ns: int
    attempt: int = 0


class Sender:
    """Bytes before *una* are acknowledged, those before *nxt* are out, those before *top* have been out before."""

    def __init__(
        self,
        pipe: "TcpPipe",
        kernel: Kernel,
        spec: TcpSpec,
        first_ns: int,
        least_ns: int,
        limits: TransportSpec,
    ) -> None:
        self.una = 0
        self.nxt = 0
        self.top = 0
        self.edge = 1
        """No byte from here on may be sent: the other end has no room for more. At first, for the opening one."""
        self.reno = Reno(spec.mss_bytes)
        self._patience = Patience(first_ns, least_ns, limits.rto_max_ns)
        self._max_timeouts = limits.max_retransmissions
        self._pipe = pipe
        self._kernel = kernel
        self._spec = spec
        self.out: SortedDict[int, _Sent] = SortedDict()
        """What is not acknowledged, by where it begins."""
        self._duplicates = 0
        self._recover = 0
        """What was out when something was seen to be lost: until that is acknowledged, it is one loss."""
        self._timeouts = 0
        self._timer: Call | None = None
        self._timer_due_ns = 0
        self._deadline_ns = 0
        """When it is too late for word of what is out; the timer may ring before, and is set again then."""
        self._timed: tuple[int, int] | None = None
        """The byte whose acknowledgement ends a measured round trip, and when that began."""
        self._persists: Call | None = None
        self._probes = 0
        self._unanswered = 0
        """Questions in a row that nothing has come of."""
        self._heard_ns = 0
        self._alive: Call | None = None

    @property
    def gone(self) -> bool:
        """Whether our end of the stream is no more."""
        return self._pipe.sender.gone

    # --- what may go out ---

    def pump(self) -> None:
        """Send whatever may be sent now."""
        mss, written = self._spec.mss_bytes, self._pipe.written
        while self.nxt < written:
            size = min(mss, written - self.nxt) if self.nxt else 1
            flight = self.nxt - self.una
            # Two segments more on the first two duplicates (RFC 3042): they show that something gets through.
            more = 0 if self.reno.recovering else min(self._duplicates, 2) * mss
            if flight and flight + size > self.reno.window + more:
                return
            if self.nxt + size > self.edge:
                if not flight:
                    self._persist()
                return
            if size < mss and flight and self.nxt >= self.top:
                if self._spec.nagle:
                    return  # a small segment waits until all that is out is acknowledged (RFC 896)
                self._pipe.hurried()
            self._send(self.nxt, self.nxt + size)

    def _send(self, start: int, end: int) -> None:
        now_ns = self._kernel.now_ns
        known = self.out.get(start)
        attempt, waited_ns = (0, 0) if known is None else (known.attempt + 1, now_ns - known.sent_ns)
        self.out[start] = _Sent(end, now_ns, attempt)
        again = start < self.top
        self.nxt = max(self.nxt, end)
        self.top = max(self.top, end)
        if again:
            self._timed = None  # Karn: whichever of the two is acknowledged, nobody can say
        elif self._timed is None:
            self._timed = (end, now_ns)
        if start == self.una and (again or end == self.nxt):
            self._wait()
        self._pipe.send(start, end, attempt if known is not None else int(again), waited_ns)

    def _wait(self) -> None:
        self._deadline_ns = self._kernel.now_ns + self._patience.timeout_ns
        if self._timer is not None and self._timer_due_ns > self._deadline_ns:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._set_timer()

    def _set_timer(self) -> None:
        self._timer_due_ns = self._deadline_ns
        self._timer = self._kernel.call_at(self._deadline_ns, self._rings)

    # --- what comes back ---

    def acknowledged(self, ack: int, window: int, pure: bool) -> None:
        """All before *ack* is there, and *window* bytes beyond it have room. *pure*: it came with no bytes."""
        if self.gone or ack < self.una or ack > self.top:
            return
        moved = ack + window > self.edge
        self.edge = max(self.edge, ack + window)
        if ack > self.una:
            self._got_on(ack)
        elif pure and not moved and self.una < self.nxt:
            self._heard_the_same()
        if self._persists is not None and moved:
            self._persists.cancel()
            self._persists = None
        self.pump()

    def _got_on(self, ack: int) -> None:
        acked = ack - self.una
        flight = self.nxt - self.una
        was_full = flight + self._spec.mss_bytes > self.reno.window
        if self._timed is not None and ack >= self._timed[0]:
            self._patience.heard_after(self._kernel.now_ns - self._timed[1])
            self._timed = None
        self.una = ack
        self.nxt = max(self.nxt, ack)
        self._timeouts = 0
        self._duplicates = 0
        self._patience.got_on()
        self._forget(ack)
        if not self.reno.recovering:
            if was_full:
                self.reno.acknowledged(acked)
        elif ack >= self._recover:
            self.reno.recovered()
        else:
            self.reno.partial(acked)
            self._again()
        if self.una < self.nxt:
            self._wait()

    def _heard_the_same(self) -> None:
        self._duplicates += 1
        if self.reno.recovering:
            self.reno.duplicate()
        elif self._duplicates == DUPLICATES and self.una >= self._recover:
            self._recover = self.top
            self.reno.lost(self.nxt - self.una)
            self._again()

    def _again(self) -> None:
        """The first segment that is missing goes out once more."""
        known = self.out.get(self.una)
        end = known.end if known is not None else min(self.una + self._spec.mss_bytes, self.top)
        self._send(self.una, end)

    def _forget(self, before: int) -> None:
        while self.out and self.out.peekitem(0)[0] < before:
            self.out.popitem(0)
        entries = self._pipe.unacknowledged
        while entries and entries[0].ends <= before:
            entries.popleft()

    # --- when nothing comes back ---

    def _rings(self, _: None) -> None:
        self._timer = None
        if self.gone or self.una >= self.top:
            return
        if self._kernel.now_ns < self._deadline_ns:
            self._set_timer()
            return
        self._timeouts += 1
        if self._timeouts > self._max_timeouts:
            self._pipe.give_up()
            return
        self.reno.timed_out(self.nxt - self.una, again=self._timeouts > 1)
        self._patience.passed()
        self._duplicates = 0
        self._recover = self.top
        # All that was out goes out again as the window opens (go back N): what the other end has, it says so.
        self.nxt = self.una
        self._again()

    def _persist(self) -> None:
        """The other end has no room. That it has some again may be lost: ask, more and more seldom."""
        if self._persists is None:
            self._probes = 0
            self._persists = self._kernel.call_in(self._patience.timeout_ns, self._probe)

    def _probe(self, _: None) -> None:
        self._persists = None
        if self.gone or self.nxt > self.una or self.nxt >= self._pipe.written:
            return
        if self._unanswered >= self._max_timeouts:
            self._pipe.give_up()
            return
        self._probes += 1
        self._unanswered += 1
        self._pipe.answer(asks=True)
        wait_ns = self._patience.timeout_ns << min(self._probes, 6)
        self._persists = self._kernel.call_in(wait_ns, self._probe)

    # --- keep-alive ---

    def heard(self) -> None:
        """Something of this stream has come to our end."""
        self._heard_ns = self._kernel.now_ns
        self._unanswered = 0

    def keep_alive(self) -> None:
        """The stream is open: see to it from now on that somebody is there, where that is asked for."""
        if self._spec.keep_alive_ns and self._alive is None:
            self.heard()
            self._alive = self._kernel.call_in(self._spec.keep_alive_ns, self._look)

    def _look(self, _: None) -> None:
        self._alive = None
        if self.gone:
            return
        spec = self._spec
        silent_ns = self._kernel.now_ns - self._heard_ns
        wait_ns = spec.keep_alive_ns - silent_ns
        if silent_ns >= spec.keep_alive_ns and self.una == self.nxt:
            if self._unanswered >= spec.keep_alive_probes:
                self._pipe.give_up()
                return
            self._unanswered += 1
            self._pipe.answer(asks=True)
            wait_ns = spec.keep_alive_interval_ns
        elif silent_ns >= spec.keep_alive_ns:
            wait_ns = spec.keep_alive_interval_ns  # bytes are out: their own time-out sees to it
        self._alive = self._kernel.call_in(wait_ns, self._look)
