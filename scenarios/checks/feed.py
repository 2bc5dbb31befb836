"""The desk's own book is the venue's book: right whenever it speaks, and never silent for long."""

from collections import deque
from typing import Final

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, TouchChanged
from squall.system.domain.messages import Tick

MEMORY_TOUCHES: Final = 4_096
"""How many of a symbol's touches are remembered while the desk has not caught up with them."""

Touch = tuple[int, int, int, int]


class _Follow:
    """Pairs each touch of a venue with the desk's tick for the same channel sequence number."""

    def __init__(self, stage: Stage, within_ns: int | None) -> None:
        self._within_ns = within_ns
        self._strategy = stage.wiring.strategy
        self._ahead: dict[tuple[str, str], deque[tuple[int, Record]]] = {}
        self._venue_last: dict[tuple[str, str], Record] = {}
        self._desk_last: dict[tuple[str, str], Tick] = {}
        self._pairs = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_touch, TouchChanged)
        stage.world.trace.watch(self._on_tick, Handled, Tick)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        key = (event.venue, event.symbol)
        self._venue_last[key] = record
        ahead = self._ahead.setdefault(key, deque(maxlen=MEMORY_TOUCHES))
        ahead.append((event.seq, record))

    def _on_tick(self, record: Record) -> None:
        if record.event.to != self._strategy:
            return
        tick: Tick = record.event.message
        key = (tick.venue, tick.symbol)
        self._desk_last[key] = tick
        if tick.stale:
            return
        ahead = self._ahead.setdefault(key, deque(maxlen=MEMORY_TOUCHES))
        current: Record | None = None
        while ahead and ahead[0][0] <= tick.seq:
            _, current = ahead.popleft()
            self._judge_delay(current, record)
        if current is not None:
            self._judge_touch(current, record, tick)

    def _judge_delay(self, touch: Record, tick: Record) -> None:
        if self._within_ns is not None and tick.at_ns - touch.at_ns > self._within_ns:
            event: TouchChanged = touch.event
            late_ms = (tick.at_ns - touch.at_ns) / 1e6
            self._docket.violated(
                tick,
                f"{event.venue} {event.symbol}: message {event.seq} reached the desk's book after {late_ms:.1f} ms",
            )

    def _judge_touch(self, touch: Record, record: Record, tick: Tick) -> None:
        self._pairs += 1
        venue, desk = _touch_of(touch.event), _touch_of(tick)
        if venue != desk:
            detail = f"{tick.venue} {tick.symbol} after message {tick.seq}: the venue shows {venue}, the desk {desk}"
            self._docket.violated(record, detail)

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._pairs} touches compared, all alike")


def _touch_of(event: TouchChanged | Tick) -> Touch:
    return (event.bid_half_ticks, event.bid_lots, event.ask_half_ticks, event.ask_lots)


class _InSequence(_Follow):
    """At the end, nothing is missing: the last touch of every venue is the desk's last tick, and not stale."""

    def ruling(self) -> Ruling:
        for key, record in self._venue_last.items():
            tick = self._desk_last.get(key)
            event: TouchChanged = record.event
            name = f"{event.venue} {event.symbol}"
            if tick is None or tick.stale:
                state = "stale" if tick is not None else "never seen"
                return Ruling(
                    Verdict.VIOLATED, f"{name}: the desk's book is {state}", record.at_ns, record.seq
                )
            if _touch_of(event) != _touch_of(tick):
                detail = f"{name}: the venue ended at {_touch_of(event)}, the desk at {_touch_of(tick)}"
                return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        return Ruling(Verdict.PASS, f"{len(self._venue_last)} books end alike on both sides")


def books_agree() -> Promise:
    """Whenever the desk calls its touch good, it is the venue's, price and size, at that sequence number."""
    return Promise("the desk's book is the venue's", "safety", lambda stage: _Follow(stage, None))


def market_data_within(within_ns: int) -> Promise:
    """No market data stays missing: every touch is in the desk's book within this time."""
    name = f"market data within {within_ns // 1_000_000} ms"
    return Promise(name, "sla", lambda stage: _Follow(stage, within_ns), of_baseline=True)


def feeds_in_sequence() -> Promise:
    """When all is quiet, feeds are in sequence and no book is stale."""
    return Promise("feeds end in sequence", "liveness", lambda stage: _InSequence(stage, None))
