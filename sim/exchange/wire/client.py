"""The client's side of order entry: sessions that come back by themselves, one way to read what a venue says, and a
program that has both."""

from collections.abc import Hashable, Iterable
from typing import Any, Final, Protocol

from msgspec import Struct

from squall.sim.exchange.wire.reports import Execution, ExecutionReport, OrderStatusReport
from squall.sim.exchange.wire.session import Logon, LogonAccepted
from squall.sim.exchange.wire.words import ExecType, OrdRejReason, WireMessage

REOPEN_NS: Final = 300_000_000


class Line(Protocol):
    """What sessions need of the world."""

    @property
    def address(self) -> str: ...

    def open(self, to: str) -> None: ...

    def write(self, to: str, message: Any) -> bool: ...

    def set_timer(self, delay_ns: int, key: Hashable) -> None: ...


class Sessions:
    """One with each venue: opened, logged on, and opened again when it is lost.

    A program's handlers hand on what they hear: `on_stream_open`, `on_stream_closed`, `on_timer`, and a
    `LogonAccepted` as `on_logon`.
    """

    def __init__(self, line: Line, venues: Iterable[str], reopen_ns: int = REOPEN_NS) -> None:
        self._line = line
        self._reopen_ns = reopen_ns
        self._up = dict.fromkeys(venues, False)
        self._number = 0

    def open(self) -> None:
        """Open them all."""
        for venue in self._up:
            self._line.open(venue)

    def next(self) -> int:
        """Counts up. Whatever is said bears another name each time: the same packet would meet the same fate."""
        self._number += 1
        return self._number

    def write(self, venue: str, message: WireMessage) -> bool:
        """Say it, if the session stands; otherwise False, and nothing has left. ValueError: no such venue."""
        if venue not in self._up:
            raise ValueError(f"no venue {venue!r}; venues are {', '.join(self._up)}")
        return self._up[venue] and self._line.write(venue, message)

    def on_stream_open(self, peer: str) -> None:
        """Log on; of a peer that is no venue nothing is made."""
        if peer in self._up:
            self._log_on(peer)

    def _log_on(self, venue: str) -> None:
        """Until it is answered: a venue may drop a logon as it may drop anything."""
        if not self._up[venue] and self._line.write(venue, Logon(self._line.address, self.next())):
            self._line.set_timer(self._reopen_ns, ("logon", venue))

    def on_logon(self, venue: str) -> None:
        """The venue has taken the session: what was said in an earlier one is dead, where it had not come."""
        self._up[venue] = True

    def on_stream_closed(self, peer: str, reason: str) -> None:
        if peer not in self._up:
            return
        self._up[peer] = False
        self._line.set_timer(self._reopen_ns, ("session", peer))

    def on_timer(self, key: Hashable) -> bool:
        """Whether the timer was one of ours."""
        match key:
            case ("session", str(venue)):
                self._line.open(venue)
                return True
            case ("logon", str(venue)):
                self._log_on(venue)
                return True
        return False


class Word(Struct, frozen=True, gc=False):
    """What a venue says of an order, by itself or because it was asked."""

    cl_ord_id: str
    executions: tuple[Execution, ...]
    """Those that it tells of: the one that a report is about, or all of them."""
    cum_lots: int
    leaves_lots: int
    """What is still open there."""
    is_answer: bool
    """It was asked; a report comes by itself."""


def word_of(message: WireMessage) -> Word | None:
    """None where it says nothing about an order: a refusal of a copy tells of the copy alone."""
    match message:
        case OrderStatusReport(status=None) | ExecutionReport(reason=OrdRejReason.DUPLICATE_ORDER):
            return None
        case OrderStatusReport():
            return Word(message.cl_ord_id, message.executions, message.cum_lots, message.leaves_lots, True)
        case ExecutionReport():
            is_trade = message.exec_type is ExecType.TRADE
            execution = Execution(message.exec_id, message.last_lots, message.last_price_half_ticks)
            executions = (execution,) if is_trade else ()
            return Word(message.cl_ord_id, executions, message.cum_lots, message.leaves_lots, False)
    return None


class Client:
    """A program with a session at each venue. Whoever derives from it says what is to be done when one is up, at a
    word about an order, and when a venue has no such order; the rest of the world's calls may be left as they are.
    """

    def __init__(self, line: Line, venues: Iterable[str], reopen_ns: int = REOPEN_NS) -> None:
        self.venues = Sessions(line, venues, reopen_ns)

    def on_up(self, venue: str) -> None:
        """The venue has taken a session: what was said in an earlier one is dead, where it had not come."""

    def on_word(self, word: Word) -> None:
        """A venue says something of an order."""

    def on_absent(self, venue: str, cl_ord_id: str) -> None:
        """A venue was asked, and knows of no such order."""

    def on_own_timer(self, key: Hashable) -> None:
        """A timer that is not the sessions'."""

    def on_start(self) -> None:
        self.venues.open()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case LogonAccepted():
                self.venues.on_logon(sender)
                self.on_up(sender)
            case OrderStatusReport(status=None):
                self.on_absent(sender, message.cl_ord_id)
            case _ if word := word_of(message):
                self.on_word(word)

    def on_timer(self, key: Hashable) -> None:
        if not self.venues.on_timer(key):
            self.on_own_timer(key)

    def on_stream_open(self, peer: str) -> None:
        self.venues.on_stream_open(peer)

    def on_stream_closed(self, peer: str, reason: str) -> None:
        self.venues.on_stream_closed(peer, reason)

    def on_durable(self, token: int) -> None:
        """Everything up to *token* is on the disk."""

    def on_config(self, config: Any) -> None:
        """There is none."""
