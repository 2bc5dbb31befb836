"""Order-entry sessions: who is logged on over which stream, and what waits on the way in and out."""

from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

from squall.sim.exchange.rules import Report, Request
from squall.sim.exchange.wire.messages import Heartbeat, Logon, LogonAccepted
from squall.sim.program import Machine

M = TypeVar("M")


class DelayLine(Generic[M]):
    """Lets messages through in order, each after its delay; a later one never overtakes an earlier one."""

    def __init__(self, machine: Machine, key: Hashable, release: Callable[[M], None]) -> None:
        self._machine = machine
        self._key = key
        self._release = release
        self._waiting: deque[tuple[int, M]] = deque()

    def put(self, message: M, delay_ns: int) -> None:
        """Release the message after *delay_ns*, and after everything that was put before it."""
        waiting = self._waiting
        if delay_ns <= 0 and not waiting:
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
        waiting = self._waiting
        if waiting:
            # Without a look at the clock: a drifting one may show a nanosecond less than was asked for.
            self._release(waiting.popleft()[1])
        while waiting and waiting[0][0] <= self._machine.monotonic_ns:
            self._release(waiting.popleft()[1])
        if waiting:
            self._machine.set_timer(waiting[0][0] - self._machine.monotonic_ns, self._key)

    def clear(self) -> list[M]:
        """Let nothing more through; returns what was waiting."""
        dropped = [message for _, message in self._waiting]
        self._waiting.clear()
        self._machine.cancel_timer(self._key)
        return dropped


class Session:
    """One client's log-on over one stream, which may be gone while its last requests are still handled."""

    __slots__ = ("live", "number", "peer", "reports", "requests", "sender")

    def __init__(self, sender: str, peer: str, number: int) -> None:
        self.sender = sender
        self.peer = peer
        self.number = number
        self.live = True
        self.requests: DelayLine[Request]
        self.reports: DelayLine[Report]


class Sessions:
    """All sessions of a venue, by stream peer and by sender; a sender has one at most."""

    def __init__(self, machine: Machine, venue: str, handle: Callable[[Session, Request], None]) -> None:
        self._machine = machine
        self._venue = venue
        self._handle = handle
        self._by_peer: dict[str, Session] = {}
        self.on_peer: Callable[[str], Session | None] = self._by_peer.get
        """The live session on this peer's stream."""
        self._by_sender: dict[str, Session] = {}
        self._lines: dict[Hashable, DelayLine[Request] | DelayLine[Report]] = {}
        self._opened = 0
        self._beats = 0
        self.reports_discarded = 0
        """Reports that found no live session. They are never sent again: a client asks for order status."""

    def live_of(self, sender: str) -> Session | None:
        """The sender's live session."""
        session = self._by_sender.get(sender)
        return session if session is not None and session.live else None

    def log_on(self, peer: str, logon: Logon) -> list[Request]:
        """Begin a session and accept it; any earlier one of this sender is dead from here on.

        Returns the requests that the earlier one had taken and not acted upon: nobody will, any more.
        """
        on_this_stream = self._by_peer.get(peer)
        if on_this_stream is not None:
            self._end(on_this_stream)
        before = self._by_sender.get(logon.sender)
        abandoned: list[Request] = []
        if before is not None:
            if before.live and before.peer != peer:
                self._machine.close(before.peer)
            self._end(before)
            abandoned = before.requests.clear()
            self.reports_discarded += len(before.reports.clear())
            self._forget(before.number)
        self._begin(peer, logon.sender)
        self._machine.write(peer, LogonAccepted(session=logon.session, previous_session_closed=before is not None))
        return abandoned

    def _begin(self, peer: str, sender: str) -> None:
        self._opened += 1
        session = Session(sender, peer, self._opened)
        requests_key, reports_key = ("requests", session.number), ("reports", session.number)
        session.requests = DelayLine(self._machine, requests_key, partial(self._handle, session))
        session.reports = DelayLine(self._machine, reports_key, partial(self._write, session))
        self._lines[requests_key] = session.requests
        self._lines[reports_key] = session.reports
        self._by_peer[peer] = session
        self._by_sender[sender] = session

    def _forget(self, number: int) -> None:
        del self._lines["requests", number], self._lines["reports", number]

    def _end(self, session: Session) -> None:
        session.live = False
        if self._by_peer.get(session.peer) is session:
            del self._by_peer[session.peer]

    def hung_up(self, peer: str) -> None:
        """The stream is gone. Requests that were taken are still handled; reports have nowhere to go."""
        session = self._by_peer.get(peer)
        if session is not None:
            self._end(session)

    def _write(self, session: Session, report: Report) -> None:
        if not session.live or not self._machine.write(session.peer, report):
            self.reports_discarded += 1

    def beat(self) -> None:
        """One heartbeat on every live session."""
        self._beats += 1
        heartbeat = Heartbeat(sender=self._venue, number=self._beats)
        for peer in self._by_peer:
            self._machine.write(peer, heartbeat)

    def on_timer(self, key: Hashable) -> None:
        """A delay is over. A timer that rang just before its session was replaced finds nothing to do."""
        line = self._lines.get(key)
        if line is not None:
            line.on_timer()
