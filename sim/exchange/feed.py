"""A venue's market data: one channel of numbered steps, alike on two lines, with heartbeats and snapshots."""

from collections.abc import Callable, Hashable
from typing import Final

from squall.sim.exchange.depth_format import DepthFormat
from squall.sim.exchange.engine import Engine
from squall.sim.exchange.feed_rules import SENT, Falsehood, FeedFate, FeedRules, Levels
from squall.sim.exchange.wire.depth import DepthIncrement
from squall.sim.exchange.wire.messages import (
    BookUpdate,
    FeedHeartbeat,
    Level,
    Print,
    Side,
    Snapshot,
    SnapshotRequest,
)
from squall.sim.program import Machine
from squall.sim.trace import FeedTold

LATE_FEED: Final = "late-feed"

FeedDatagram = BookUpdate | DepthIncrement | FeedHeartbeat


class _Line:
    """One of the two lines, and to whom it goes in which words."""

    __slots__ = ("name", "own", "plain")

    def __init__(self, name: str, subscribers: tuple[str, ...], own_words_for: tuple[str, ...]) -> None:
        """A subscriber is a program's network card, as ``market-data/A``."""
        self.name = name
        self.own = tuple(each for each in subscribers if each.partition("/")[0] in own_words_for)
        self.plain = tuple(each for each in subscribers if each not in self.own)


class Feed:
    """Numbers what the engine reports, from 1, and sends it on both lines as datagrams, as its rules let it.

    The world writes down where a step does not tell the truth about a symbol, and from which one on it is told again.
    Snapshots are made from the book, and always true.
    """

    def __init__(
        self,
        machine: Machine,
        venue: str,
        lines: tuple[tuple[str, ...], tuple[str, ...]],
        engine: Engine,
        rules: FeedRules,
        observe: Callable[[FeedTold], object],
        own_words_for: tuple[str, ...] = (),
    ) -> None:
        """*lines*: the subscribers of A and of B. The last feed that is given these rules is theirs.

        *own_words_for*: the programs that read depth increments, the venue's own words; the others get the plain ones.
        """
        self._machine = machine
        self._venue = venue
        self._lines = tuple(_Line(line, to, own_words_for) for line, to in zip(("A", "B"), lines, strict=True) if to)
        self._own_words_for = own_words_for
        self._engine = engine
        self._rules = rules
        self._observe = observe
        self._beats = 0
        self.last_seq = 0
        self._owed: dict[str, dict[tuple[Side, int], None]] = {}
        """By falsified symbol: the levels about which subscribers may believe something wrong."""
        self._late: dict[int, tuple[str, FeedDatagram]] = {}
        self._delayed = 0
        rules.symbols = tuple(image.symbol for image in engine.image())
        self._format = DepthFormat(rules.symbols)
        rules.last_seq = lambda: self.last_seq
        rules.publish = lambda symbol, levels: self._add(symbol, levels)
        rules.set_right = self._set_right

    def publish(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> int:
        """Send one step to every subscriber; returns its number on the channel."""
        self.last_seq = seq = self.last_seq + 1
        now_ns = self._machine.now_ns
        rules = self._rules
        misled = rules.in_force > 0
        if misled or self._owed:
            told = self._content(symbol, seq, levels)
            levels = told.levels
            if told.symbol is not None:
                symbol = told.symbol
            if told.stamp_ns is not None:
                now_ns = told.stamp_ns
        for line in self._lines:
            fate = rules.on_update(line.name, seq) if misled else SENT
            update = BookUpdate(self._venue, line.name, seq, symbol, levels, prints, now_ns, source_id)
            if line.plain:
                self._send(line.plain, update, fate)
            if line.own:
                self._send(line.own, self._format.increment(update), fate)
        return seq

    def beat(self) -> None:
        """Tell every subscriber the last number sent, so that a loss at the tail shows."""
        self._beats += 1
        for line in self._lines:
            fate = self._rules.on_heartbeat(line.name, self.last_seq)
            last_seq = self.last_seq if fate.last_seq is None else fate.last_seq
            self._send(line.plain + line.own, FeedHeartbeat(self._venue, line.name, last_seq, self._beats), fate)

    def snapshot(self, peer: str, request: SnapshotRequest) -> None:
        """Answer with every book as of the last step sent, on the stream that the request came by."""
        image = self._engine.image()
        snapshot = Snapshot(self._venue, self.last_seq, request.attempt, image, self._machine.now_ns)
        own_words = request.sender in self._own_words_for
        self._machine.write(peer, self._format.image(snapshot) if own_words else snapshot)

    def on_timer(self, key: Hashable) -> None:
        """A delay is over."""
        assert isinstance(key, tuple), "set by this feed"
        subscriber, message = self._late.pop(key[1])
        self._machine.send(subscriber, message)

    def _send(self, subscribers: tuple[str, ...], message: FeedDatagram, fate: FeedFate) -> None:
        if fate is SENT:
            for subscriber in subscribers:
                self._machine.send(subscriber, message)
        else:
            self._send_otherwise(subscribers, message, fate)

    # --- misbehaviour ---

    def _send_otherwise(self, subscribers: tuple[str, ...], message: FeedDatagram, fate: FeedFate) -> None:
        if fate.discard:
            return
        for subscriber in subscribers:
            for _ in range(1 + fate.copies):
                if fate.delay_ns:
                    self._delayed += 1
                    self._late[self._delayed] = subscriber, message
                    self._machine.set_timer(fate.delay_ns, (LATE_FEED, self._delayed))
                else:
                    self._machine.send(subscriber, message)

    def _content(self, symbol: str, seq: int, levels: Levels) -> Falsehood:
        """What the step tells: the truth, some falsehood, or the truth about all that was falsified before."""
        false = self._rules.content(symbol, seq, lambda: self._true_levels(symbol))
        owed = self._owed.get(symbol)
        if false is None and owed is None:
            return Falsehood(levels)
        if owed is None:
            owed = self._owed[symbol] = {}
            self._observe(FeedTold(self._venue, symbol, seq, False))
        owed.update(((level.side, level.price_half_ticks), None) for level in levels)
        true = {(level.side, level.price_half_ticks): level.lots for level in self._true_levels(symbol)}
        told = {place: true.get(place, 0) for place in owed}
        if false is None:
            del self._owed[symbol]
            self._observe(FeedTold(self._venue, symbol, seq, True))
        else:
            if false.alone:
                told.clear()
            told.update(((level.side, level.price_half_ticks), level.lots) for level in false.levels)
            owed.update(dict.fromkeys(told))
        content = tuple(Level(*place, lots) for place, lots in told.items())
        if false is None:
            return Falsehood(content)
        return Falsehood(content, symbol=false.symbol, stamp_ns=false.stamp_ns)

    def _true_levels(self, symbol: str) -> Levels:
        return next((image.levels for image in self._engine.image() if image.symbol == symbol), ())

    def _set_right(self) -> None:
        for symbol in tuple(self._owed):
            self.publish(symbol, (), (), 0)

    def _add(self, symbol: str, levels: Levels) -> None:
        self.publish(symbol, levels, (), 0)
