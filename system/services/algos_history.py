"""What the algorithms ask of the tick store: which volume to expect, and afterwards what was traded. Nobody waits."""

from collections.abc import Callable, Hashable
from typing import Final

from squall.system.config import DeskConfig
from squall.system.domain.benchmarks import Tape
from squall.system.domain.history import expected_bars
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import AskHistory, HistoryTold, Statistic
from squall.system.domain.profile import Basis, profile_of
from squall.system.runtime import Runtime
from squall.system.wiring import Wiring

MOST_UNANSWERED: Final = 100
"""Questions that are remembered; an answer to an older one comes too late."""


class _Measurement:
    """What was traded in some time is to be found out."""

    __slots__ = ("from_ns", "name", "symbol", "tape", "to_ns", "tries")

    def __init__(self, name: ClOrdID, symbol: Symbol, from_ns: int, to_ns: int) -> None:
        self.name = name
        self.symbol = symbol
        self.from_ns = from_ns
        self.to_ns = to_ns
        self.tries = 0
        self.tape: Tape | None = None
        """Of the answers so far the one that is made of most."""


class History:
    """Questions and answers are datagrams, and the store may be down, lag, or have lost its tail. So a profile is the
    last one that was told; and a measurement is made, after a few tries, of what there is.
    """

    def __init__(
        self, runtime: Runtime, config: DeskConfig, wiring: Wiring, measured: Callable[[ClOrdID, Tape], None]
    ) -> None:
        """*measured* is called once for each measurement that was asked for."""
        self._runtime = runtime
        self._store = wiring.tick_store
        self._symbols = tuple(instrument.symbol for instrument in wiring.instruments)
        self._measured = measured
        self._profiles: dict[Symbol, tuple[int, ...]] = {}
        self._measurements: dict[ClOrdID, _Measurement] = {}
        self._number = 0
        self._asked: dict[int, Symbol | ClOrdID] = {}
        """What each question is about; those about a symbol ask for its profile."""
        self.on_config(config)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.algos
        self._bar_ns = config.history.bar_ns

    def on_start(self) -> None:
        self._number = self._runtime.now_ns  # no answer to a question of an earlier life passes for one of ours
        self._ask_profiles()

    def profile(self, symbol: Symbol) -> tuple[tuple[int, ...], Basis]:
        """Which volume to expect, and what it rests on."""
        return profile_of(self._profiles.get(symbol), self._config.profile_bars_min)

    def measure(self, name: ClOrdID, symbol: Symbol, from_ns: int, to_ns: int) -> None:
        """Find out what was traded meanwhile, once the bar has been recorded in which that ends."""
        bar_ns = self._bar_ns
        self._measurements[name] = _Measurement(name, symbol, from_ns // bar_ns * bar_ns, to_ns)
        recorded_ns = (to_ns // bar_ns + 1) * bar_ns + bar_ns // 2
        self._runtime.set_timer(max(recorded_ns - self._runtime.now_ns, 0), ("measure", name))

    def on_told(self, told: HistoryTold) -> None:
        about = self._asked.pop(told.number, None)
        if about is None:
            return  # doubled, or too late
        measurement = self._measurements.get(ClOrdID(about))
        if measurement is None:
            if about in self._symbols:
                self._profiles[Symbol(about)] = told.values
            return
        turnover, lots = told.values
        if measurement.tape is None or told.bars > measurement.tape.bars:
            measurement.tape = Tape(turnover, lots, told.bars, told.bars_missing)
        if not told.bars_missing:
            self._finish(measurement)

    def on_timer(self, key: Hashable) -> bool:
        """Whether the timer was one of these."""
        match key:
            case "profiles":
                self._ask_profiles()
            case ("measure", str(name)):
                self._try(self._measurements[ClOrdID(name)])
            case _:
                return False
        return True

    def _ask_profiles(self) -> None:
        for symbol in self._symbols:
            parts = self._config.profile_parts
            self._ask(symbol, Statistic.VOLUME_PROFILE, symbol, 0, self._config.day_ns, parts)
        self._runtime.set_timer(self._config.history_interval_ns, "profiles")

    def _try(self, it: _Measurement) -> None:
        if it.tries >= self._config.measure_tries:
            self._finish(it)
            return
        it.tries += 1
        self._ask(it.name, Statistic.VWAP, it.symbol, it.from_ns, it.to_ns)
        self._runtime.set_timer(self._bar_ns, ("measure", it.name))

    def _finish(self, it: _Measurement) -> None:
        self._runtime.cancel_timer(("measure", it.name))
        del self._measurements[it.name]
        nothing = Tape(bars_missing=expected_bars(it.from_ns, it.to_ns, self._bar_ns))
        self._measured(it.name, it.tape or nothing)

    def _ask(
        self, about: Symbol | ClOrdID, what: Statistic, symbol: Symbol, from_ns: int, to_ns: int, parts: int = 1
    ) -> None:
        self._number += 1
        self._asked[self._number] = about
        if len(self._asked) > MOST_UNANSWERED:
            del self._asked[next(iter(self._asked))]
        self._runtime.send(self._store, AskHistory(self._number, what, symbol, from_ns, to_ns, parts))
