"""How a venue's publication of its market data misbehaves: rules lose, delay, double or falsify what it tells."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Final, Protocol

from msgspec import Struct

from squall.sim.exchange.wire.messages import Level

Levels = tuple[Level, ...]


class FeedFate(Struct, frozen=True):
    """What becomes of one message on one line."""

    discard: bool = False
    delay_ns: int = 0
    copies: int = 0
    """How often it is sent besides the first time."""
    last_seq: int | None = None
    """Of a heartbeat: the number that it tells instead of the true one."""


class Falsehood(Struct, frozen=True):
    """Levels as they are not: told beside all that is true, or *alone*, so that nothing of what happens is told."""

    levels: Levels
    alone: bool = False
    symbol: str | None = None
    """Told as another symbol's."""
    stamp_ns: int | None = None
    """Told with this time instead of the venue's."""


SENT: Final = FeedFate()
UNSENT: Final = FeedFate(discard=True)


def lowest_free(taken: Sequence[int]) -> int:
    """The lowest number, from 0, that nobody bears."""
    return next(number for number in count() if number not in taken)


class FeedRule(Protocol):
    """Asked about each step of the channel, and then about each message on each line."""

    def content(self, symbol: str, seq: int, truth: Callable[[], Levels]) -> Falsehood | None:
        """What the step tells that is not so; None where it tells the truth. *truth*: the whole book now."""

    def on_update(self, line: str, seq: int) -> FeedFate: ...

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate: ...


class FeedRules:
    """The rules in force, in the order in which they were installed. The first that falsifies a step decides how.

    Delays and copies add up; a message that one of them discards is not sent. Rules outlive a crash of the venue.
    """

    def __init__(self) -> None:
        self._rules: tuple[FeedRule, ...] = ()
        self._numbers: tuple[int, ...] = ()
        self.last_seq: Callable[[], int] = lambda: 0
        """The number of the last step; the feed that lives says it."""
        self.publish: Callable[[str, Levels], None] = lambda symbol, levels: None
        """Sends a step of which the book knows nothing."""
        self.set_right: Callable[[], None] = lambda: None
        """Publishes the truth about whatever was falsified, unless a rule still falsifies it."""
        self.symbols: tuple[str, ...] = ()

    @property
    def in_force(self) -> int:
        """How many there are now."""
        return len(self._rules)

    @property
    def next_number(self) -> int:
        """What the next rule is numbered: as none that is in force, so that it draws apart from all of them."""
        return lowest_free(self._numbers)

    def install(self, rule: FeedRule) -> Callable[[], None]:
        """Put a rule into force; returns what takes it out again and sets right what it has told."""
        number = self.next_number
        self._rules, self._numbers = (*self._rules, rule), (*self._numbers, number)

        def remove() -> None:
            if rule in self._rules:
                self._rules = tuple(other for other in self._rules if other is not rule)
                self._numbers = tuple(other for other in self._numbers if other != number)
                self.set_right()

        return remove

    def content(self, symbol: str, seq: int, truth: Callable[[], Levels]) -> Falsehood | None:
        """What a step tells that is not so, or None."""
        for rule in self._rules:
            false = rule.content(symbol, seq, truth)
            if false is not None:
                return false
        return None

    def on_update(self, line: str, seq: int) -> FeedFate:
        """What all rules together make of an update on this line."""
        fate = SENT
        for rule in self._rules:
            fate = _both(fate, rule.on_update(line, seq))
        return fate

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        """What all rules together make of a heartbeat on this line."""
        fate = SENT
        for rule in self._rules:
            fate = _both(fate, rule.on_heartbeat(line, last_seq))
        return fate


def _both(one: FeedFate, other: FeedFate) -> FeedFate:
    if one is SENT or other.discard:
        return other
    if other is SENT or one.discard:
        return one
    return FeedFate(
        delay_ns=one.delay_ns + other.delay_ns,
        copies=one.copies + other.copies,
        last_seq=one.last_seq if one.last_seq is not None else other.last_seq,
    )
