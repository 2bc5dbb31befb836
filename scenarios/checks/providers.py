"""What the second provider's data are good for: how old they may be, and that the desk goes on trading by them."""

from collections import deque
from typing import Final

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, TouchChanged, VenueAccepted
from squall.system.domain.messages import Tick

Touch = tuple[int, int, int, int]
NO_TOUCH: Final[Touch] = (0, 0, 0, 0)


class _NotOlder:
    """At every good tick of the second provider's: it has to show what its venue has shown within so long."""

    def __init__(self, stage: Stage, within_ns: int) -> None:
        self._within_ns = within_ns
        self._strategy = stage.wiring.strategy
        self._now: dict[tuple[str, str], Touch] = {}
        self._past: dict[tuple[str, str], deque[tuple[int, Touch]]] = {}
        """Touches that are no more, by the time until which they were shown."""
        self._ticks = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_touch, TouchChanged)
        stage.world.trace.watch(self._on_tick, Handled, Tick)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        key = (event.venue, event.symbol)
        past = self._past.setdefault(key, deque())
        past.append((record.at_ns, self._now.get(key, NO_TOUCH)))
        self._now[key] = _touch_of(event)
        while past[0][0] < record.at_ns - self._within_ns:
            past.popleft()

    def _on_tick(self, record: Record) -> None:
        tick: Tick = record.event.message
        if not tick.second or tick.stale or record.event.to != self._strategy:
            return
        self._ticks += 1
        key = (tick.venue, tick.symbol)
        shown = _touch_of(tick)
        past = self._past.get(key, ())
        if shown == self._now.get(key) or any(
            touch == shown for until_ns, touch in past if until_ns >= record.at_ns - self._within_ns
        ):
            return
        detail = f"{tick.venue} {tick.symbol}: the second provider shows {shown}, which the venue has not shown in"
        self._docket.violated(record, f"{detail} {self._within_ns / 1e6:g} ms")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._ticks} ticks of the second provider, none of them older")


def _touch_of(event: TouchChanged | Tick) -> Touch:
    return (event.bid_half_ticks, event.bid_lots, event.ask_half_ticks, event.ask_lots)


def second_provider_within(within_ns: int) -> Promise:
    """What the desk is told from the second provider has been so, at its venue, within this time."""
    name = f"the second provider is at most {within_ns // 1_000_000} ms behind"
    return Promise(name, "safety", lambda stage: _NotOlder(stage, within_ns), of_our_desk=True)


class _GoesOn:
    """At every order that a venue accepts, and at the end: how long none had come, while some were meant."""

    def __init__(self, stage: Stage, apart_ns: int) -> None:
        workload = stage.scenario.workload
        self._apart_ns = apart_ns
        self._last_ns = workload.start_ns
        self._stop_ns = workload.stop_ns if workload.stop_ns is not None else stage.duration_ns
        self._kernel = stage.world.kernel
        self._orders = 0
        self._longest_ns = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        self._orders += 1
        self._since_last(min(record.at_ns, self._stop_ns), record)
        self._last_ns = max(record.at_ns, self._last_ns)

    def _since_last(self, at_ns: int, record: Record | None) -> None:
        gap_ns = at_ns - self._last_ns
        self._longest_ns = max(gap_ns, self._longest_ns)
        if gap_ns > self._apart_ns:
            self._docket.violated(record, f"no order reached any venue for {gap_ns / 1e9:.1f} s")

    def ruling(self) -> Ruling:
        if not self._docket.violations:
            self._since_last(min(self._kernel.now_ns, self._stop_ns), None)
        if not self._orders and not self._docket.violations:
            return Ruling(Verdict.INCONCLUSIVE, "no order came so far")
        return self._docket.ruling(f"{self._orders} orders, at most {self._longest_ns / 1e9:.1f} s apart")


def orders_go_on(apart_ns: int) -> Promise:
    """As long as the strategy means to trade, orders reach venues, never longer apart than this."""
    name = f"orders go on reaching venues, at most {apart_ns // 1_000_000_000} s apart"
    return Promise(name, "liveness", lambda stage: _GoesOn(stage, apart_ns))
