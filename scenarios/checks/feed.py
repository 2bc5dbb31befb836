"""The desk's own book is the venue's book: right whenever it speaks, and never silent for long."""

from collections import deque
from typing import Final

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import BookUpdate
from squall.sim.trace import FeedTold, Handled, Record, Sent, TouchChanged
from squall.system.domain.messages import Tick

MEMORY_TOUCHES: Final = 4_096
"""How many of a symbol's touches are remembered while the desk has not caught up with them."""
IN_FLIGHT_NS: Final = 10_000_000
"""How young a touch may be at the end, for the desk not to have it yet: the network, a jitter and a queue."""

TICK_DELAY_NS: Final = 1_000_000
"""By then the tick that an update has led to has reached the strategy."""

Touch = tuple[int, int, int, int]


class _Follow:
    """Pairs each touch of a venue with the desk's tick for the same channel sequence number."""

    def __init__(self, stage: Stage, within_ns: int | None) -> None:
        self._within_ns = within_ns
        self._kernel = stage.world.kernel
        self._strategy = stage.wiring.strategy
        self._ahead: dict[tuple[str, str], deque[tuple[int, Record]]] = {}
        self._reached: dict[tuple[str, str], Record] = {}
        """The newest touch that the desk's ticks have come up to."""
        self._desk_last: dict[tuple[str, str], Tick] = {}
        self._pairs = 0
        self._untrue: dict[tuple[str, str], list[tuple[int, bool]]] = {}
        """From which message on a feed told no truth, or told it again: what the desk is not to be held against."""
        self._docket = Docket()
        stage.world.trace.watch(self._on_touch, TouchChanged)
        stage.world.trace.watch(self._on_told, FeedTold)
        stage.world.trace.watch(self._on_tick, Handled, Tick)

    def _on_told(self, record: Record) -> None:
        event: FeedTold = record.event
        self._untrue.setdefault((event.venue, event.symbol), []).append((event.seq, event.truly))

    def _is_told_truly(self, key: tuple[str, str], seq: int) -> bool:
        """What the venue itself said at this message, as far as anybody can know who listens to it."""
        moves = [truly for since, truly in self._untrue.get(key, ()) if since <= seq]
        return not moves or moves[-1]

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        key = (event.venue, event.symbol)
        ahead = self._ahead.get(key)
        if ahead is None:
            ahead = self._ahead[key] = deque(maxlen=MEMORY_TOUCHES)
        ahead.append((event.seq, record))

    def _on_tick(self, record: Record) -> None:
        handled: Handled = record.event
        if handled.to != self._strategy:
            return
        tick: Tick = handled.message
        key = (tick.venue, tick.symbol)
        self._desk_last[key] = tick
        if tick.stale or tick.second:
            return  # what the second provider says is of no message of the venue's
        ahead = self._ahead.get(key)
        while ahead and ahead[0][0] <= tick.seq:
            _, touch = ahead.popleft()
            self._reached[key] = touch
            if self._within_ns is not None:
                self._judge_delay(touch, record, self._within_ns)
        reached = self._reached.get(key)
        if reached is not None and reached.event.seq <= tick.seq and self._is_told_truly(key, tick.seq):
            self._judge_touch(reached, record, tick)

    def _judge_delay(self, touch: Record, tick: Record, within_ns: int) -> None:
        if tick.at_ns - touch.at_ns > within_ns:
            event: TouchChanged = touch.event
            late_ms = (tick.at_ns - touch.at_ns) / 1e6
            self._docket.violated(
                tick,
                f"{event.venue} {event.symbol}: message {event.seq} reached the desk's book after {late_ms:.1f} ms",
            )

    def _overdue(self) -> Ruling | None:
        """A touch that should be in the desk's book by now, and is not."""
        for ahead in self._ahead.values():
            if self._within_ns is None or not ahead:
                continue
            seq, touch = ahead[0]
            waiting_ns = self._kernel.now_ns - touch.at_ns
            if waiting_ns > self._within_ns:
                event: TouchChanged = touch.event
                detail = f"{event.venue} {event.symbol}: message {seq} is missing since {waiting_ns / 1e6:.1f} ms"
                return Ruling(Verdict.VIOLATED, detail, touch.at_ns, touch.seq)
        return None

    def _judge_touch(self, touch: Record, record: Record, tick: Tick) -> None:
        self._pairs += 1
        venue, desk = _touch_of(touch.event), _touch_of(tick)
        if venue != desk:
            detail = f"{tick.venue} {tick.symbol} after message {tick.seq}: the venue shows {venue}, the desk {desk}"
            self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        overdue = self._overdue() if not self._docket.violations else None
        if overdue is None and not self._pairs:
            return Ruling(Verdict.INCONCLUSIVE, "no touch of a venue was ever compared with the desk's")
        return overdue or self._docket.ruling(f"{self._pairs} touches compared, all alike")


def _touch_of(event: TouchChanged | Tick) -> Touch:
    return (event.bid_half_ticks, event.bid_lots, event.ask_half_ticks, event.ask_lots)


class _InSequence(_Follow):
    """At the end, nothing is missing: the last touch of every venue is the desk's last tick, and not stale."""

    def ruling(self) -> Ruling:
        for key, ahead in self._ahead.items():
            touches = [record for record in (self._reached.get(key), *(each for _, each in ahead)) if record]
            if touches:
                ruling = self._judge_end(touches, self._desk_last.get(key))
                if ruling is not None:
                    return ruling
        if not self._ahead:
            return Ruling(Verdict.INCONCLUSIVE, "no venue ever showed a price")
        return Ruling(Verdict.PASS, f"{len(self._ahead)} books end alike on both sides")

    def _judge_end(self, touches: list[Record], tick: Tick | None) -> Ruling | None:
        """*touches*: what the desk has come up to, and all that came after."""
        last = touches[-1]
        event: TouchChanged = last.event
        name = f"{event.venue} {event.symbol}"
        if tick is None or tick.stale:
            state = "stale" if tick is not None else "never seen"
            return Ruling(Verdict.VIOLATED, f"{name}: the desk's book is {state}", last.at_ns, last.seq)
        # The newest may still be on their way: then the desk may stand wherever they began.
        settled = len(touches) - 1
        while settled and touches[settled].at_ns > self._kernel.now_ns - IN_FLIGHT_NS:
            settled -= 1
        if any(_touch_of(record.event) == _touch_of(tick) for record in touches[settled:]):
            return None
        detail = f"{name}: the venue ended at {_touch_of(event)}, the desk at {_touch_of(tick)}"
        return Ruling(Verdict.VIOLATED, detail, last.at_ns, last.seq)


def books_agree() -> Promise:
    """Whenever the desk calls its touch good, it is the venue's, price and size, at that sequence number."""
    return Promise("the desk's book is the venue's", "safety", lambda stage: _Follow(stage, None), of_our_desk=True)


def market_data_within(within_ns: int) -> Promise:
    """No market data stays missing: every touch is in the desk's book within this time."""
    name = f"market data within {within_ns // 1_000_000} ms"
    return Promise(name, "sla", lambda stage: _Follow(stage, within_ns), of_baseline=True, of_our_desk=True)


def feeds_in_sequence() -> Promise:
    """When all is quiet, feeds are in sequence and no book is stale."""
    return Promise("feeds end in sequence", "liveness", lambda stage: _InSequence(stage, None), of_our_desk=True)


class _RecordedTouches:
    """After every diff of the recording: the desk's touch against the recorder's own book ticker.

    Ticks bear the sequence number of the update that they come from, and follow it within microseconds; a diff is
    judged a while later, by the last tick that is not newer than it.
    """

    def __init__(self, stage: Stage) -> None:
        recording = stage.exchanges.recording
        if recording is None:
            raise ValueError("the recorded touches: this market is no recording")
        self._expected = recording.expected_touches()
        self._symbol = recording.symbol
        self._venue = stage.wiring.venues[0].venue
        self._strategy = stage.wiring.strategy
        self._touch: Touch | None = None
        self._ticks: deque[Tick] = deque()
        self._waiting: dict[int, Record] = {}
        """By sequence number: the two lines bring each update twice, and not always in order."""
        self._alike = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_update, Handled, BookUpdate)
        stage.world.trace.watch(self._on_tick, Handled, Tick)

    def _on_update(self, record: Record) -> None:
        update: BookUpdate = record.event.message
        if update.venue == self._venue:
            self._settle(record.at_ns - TICK_DELAY_NS)
            if update.source_id in self._expected:
                self._waiting.setdefault(update.seq, record)

    def _on_tick(self, record: Record) -> None:
        tick: Tick = record.event.message
        if record.event.to == self._strategy and tick.venue == self._venue:
            self._ticks.append(tick)

    def _settle(self, until_ns: int | None) -> None:
        """Judge the diffs that were handled before *until_ns*, or all."""
        due = [seq for seq, record in self._waiting.items() if until_ns is None or record.at_ns < until_ns]
        for seq in sorted(due):
            record = self._waiting.pop(seq)
            while self._ticks and self._ticks[0].seq <= seq:
                tick = self._ticks.popleft()
                self._touch = None if tick.stale else _touch_of(tick)
            self._judge(record, record.event.message.source_id)

    def _judge(self, record: Record, source_id: int) -> None:
        expected = self._expected.pop(source_id)
        if expected == self._touch:
            self._alike += 1
        else:
            detail = f"{self._symbol} after diff {source_id}: recorded {expected}, the desk shows {self._touch}"
            self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        self._settle(None)
        if self._expected and not self._docket.violations:
            detail = f"{len(self._expected)} recorded touches were never compared; {self._alike} were, and are alike"
            return Ruling(Verdict.INCONCLUSIVE, detail)
        compared = self._alike + self._docket.violations
        return self._docket.ruling(
            f"{self._alike} of {compared} touches equal the recorded book ticker, price and size"
        )


def recorded_touches() -> Promise:
    """After every recorded diff the desk's arbitrated touch is the recorder's book ticker, price and size."""
    return Promise("the desk's book is the recording's", "liveness", _RecordedTouches, of_our_desk=True)


class _CanBe:
    """At every tick that calls itself good, when market data send it to the strategy."""

    def __init__(self, stage: Stage) -> None:
        self._strategy = stage.wiring.strategy
        self._ticks = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_tick, Sent, Tick)

    def _on_tick(self, record: Record) -> None:
        tick: Tick = record.event.message
        if tick.stale or record.event.to != self._strategy:
            return
        self._ticks += 1
        bid, bid_lots, ask, ask_lots = _touch_of(tick)
        if min(bid, bid_lots, ask, ask_lots) < 0 or (bid_lots and not bid) or (ask_lots and not ask):
            self._docket.violated(record, f"{tick.venue} {tick.symbol}: a good tick shows {_touch_of(tick)}")
        elif bid_lots and ask_lots and bid >= ask:
            state = "crossed" if bid > ask else "locked"
            self._docket.violated(record, f"{tick.venue} {tick.symbol}: a good tick is {state}: {_touch_of(tick)}")

    def ruling(self) -> Ruling:
        if not self._ticks:
            return Ruling(Verdict.INCONCLUSIVE, "no good tick was ever sent")
        return self._docket.ruling(f"{self._ticks} good ticks, each with its sides in order")


def good_ticks_can_be() -> Promise:
    """No tick that calls itself good shows a book that crosses or locks, or a price or size of less than nothing."""
    return Promise("no good tick shows what cannot be", "safety", _CanBe, of_our_desk=True)
