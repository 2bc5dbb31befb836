"""Order-entry sessions: who is logged on over which stream, and what waits on the way in and out."""

from collections.abc import Callable, Hashable
from functools import partial

from squall.sim.exchange.lines import STRAY, DelayLine, Strays
from squall.sim.exchange.rules import Gate, Report, Request
from squall.sim.exchange.wire.messages import Heartbeat, Logon, LogonAccepted
from squall.sim.program import Machine


class Session:
    """One client's log-on over one stream, which may be gone while its last requests are still handled."""

    __slots__ = ("live", "number", "peer", "reports", "requests", "sender", "strays")

    def __init__(self, sender: str, peer: str, number: int) -> None:
        self.sender = sender
        self.peer = peer
        self.number = number
        self.live = True
        self.requests: DelayLine[Request]
        self.reports: DelayLine[Report]
        self.strays: Strays[Report]
        """Reports that others may overtake."""


class Sessions:
    """All sessions of a venue, by stream peer and by sender; a sender has one at most."""

    def __init__(
        self,
        machine: Machine,
        venue: str,
        handle: Callable[[Session, Request], None],
        gate: Gate,
        ignored: Callable[[Request | Report], None],
    ) -> None:
        """*handle* acts upon a request; *ignored* is told of what waited before the gate and was discarded there."""
        self._machine = machine
        self._venue = venue
        self._handle = handle
        self._gate = gate
        self._ignored = ignored
        self._by_peer: dict[str, Session] = {}
        self.on_peer: Callable[[str], Session | None] = self._by_peer.get
        """The live session on this peer's stream."""
        self._by_sender: dict[str, Session] = {}
        self._lines: dict[Hashable, DelayLine[Request] | DelayLine[Report]] = {}
        self._strays: dict[Hashable, Strays[Report]] = {}
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
            self.reports_discarded += len(before.reports.clear()) + len(before.strays.clear())
            self._forget(before.number)
        self._begin(peer, logon.sender)
        self._machine.write(peer, LogonAccepted(session=logon.session, previous_session_closed=before is not None))
        return abandoned

    def _begin(self, peer: str, sender: str) -> None:
        self._opened += 1
        session = Session(sender, peer, self._opened)
        requests_key, reports_key = ("requests", session.number), ("reports", session.number)
        machine, gate, ignored = self._machine, self._gate, self._ignored
        act, write = partial(self._handle, session), partial(self._write, session)
        session.requests = DelayLine(machine, requests_key, gate, act, ignored)
        session.reports = DelayLine(machine, reports_key, gate, write, ignored)
        session.strays = self._strays[session.number] = Strays(machine, session.number, gate, write, ignored)
        self._lines[requests_key] = session.requests
        self._lines[reports_key] = session.reports
        self._by_peer[peer] = session
        self._by_sender[sender] = session

    def _forget(self, number: int) -> None:
        del self._lines["requests", number], self._lines["reports", number], self._strays[number]

    def _end(self, session: Session) -> None:
        session.live = False
        if self._by_peer.get(session.peer) is session:
            del self._by_peer[session.peer]

    def hung_up(self, peer: str) -> None:
        """The stream is gone. Requests that were taken are still handled; reports have nowhere to go."""
        session = self._by_peer.get(peer)
        if session is not None:
            self._end(session)

    def hang_up(self) -> int:
        """End every session, and say how many there were."""
        sessions = list(self._by_peer.values())
        for session in sessions:
            self._machine.close(session.peer)
            self._end(session)
        return len(sessions)

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
        if isinstance(key, tuple) and key[0] == STRAY:
            strays = self._strays.get(key[1])
            if strays is not None:
                strays.on_timer(key[2])
            return
        line = self._lines.get(key)
        if line is not None:
            line.on_timer()
