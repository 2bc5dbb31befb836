"""Portfolio: values all positions at the market's marks, on a timer and when positions have moved.

Nothing reaches it at every tick or fill. Positions send what has changed, at most once an interval; marks are asked for
once an interval, by datagram. What is lost is made up for by the next one; on a new stream positions tell everything.
Positions know what is held. What nobody else knows is on its disk, a record for each horizon and each new peak: the
highest equity, and the prices of the past (`remembered`).
"""

from collections.abc import Hashable
from typing import Final

from msgspec.structs import replace

from squall.system.config import DeskConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.history import day_of
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import (
    Alive,
    AreYouThere,
    AskMarks,
    MarksTold,
    PortfolioValued,
    StrategyPositions,
)
from squall.system.domain.portfolio import Money, Valuation, valued
from squall.system.domain.positions import Position, PositionKey
from squall.system.domain.reference import corrected
from squall.system.domain.remembered import Remembered, encode_remembered, recalled
from squall.system.domain.var import PriceHistory
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

PortfolioMessage = AreYouThere | StrategyPositions | MarksTold

VALUE: Final = "value"
FILE: Final = "portfolio"


class Portfolio:
    """`valuation` is the latest one; before any positions have come there is none."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._market_data = wiring.market_data
        self._positions_at = wiring.positions
        self._monitor = wiring.monitor
        self.money = Money(wiring.instruments)
        self._wiring = wiring
        self._sectors = self._sectors_by(config)
        self._starting_cash = config.portfolio.cash * self.money.per_unit
        self._peak = self._written_peak = self._starting_cash
        self._day = day_of(runtime.now_ns)
        """The day of which that is the peak."""
        self._positions: dict[PositionKey, Position] = {}
        self._marks: dict[Symbol, int] = {}
        self.history = PriceHistory(config.var.observations)
        self._observed_ns: int | None = None
        """When marks were last an observation of the past, on our monotonic clock."""
        self._asked = 0
        self._heard = 0
        self.valuation: Valuation | None = None

    def _sectors_by(self, config: DeskConfig) -> dict[Symbol, str]:
        """The sector of each name, by the reference data as it is now."""
        return {each.symbol: each.sector for each in corrected(self._wiring.instruments, config.reference.entries)}

    def on_start(self) -> None:
        if self._config.portfolio.remember:
            self._recall()
        self._runtime.open(self._monitor)
        # Positions open this stream too; but after a restart of ours they would not know that they have to.
        self._runtime.open(self._positions_at)
        self._runtime.set_timer(self._config.portfolio.value_interval_ns, VALUE)

    def _recall(self) -> None:
        """What earlier lives have written down. What prices did while nobody looked is no horizon."""
        self._day = day_of(self._runtime.now_ns)
        peak, past = recalled(self._runtime.read(FILE), self._config.var.observations, self._day)
        for marks in past:
            self.history.observe(marks)
        self.history.interrupt()
        if peak > self._peak:
            self._peak = self._written_peak = peak
        if peak or past:
            what = f"a peak of {self.money.in_cents(self._peak)} cents, {len(self.history)} horizons"
            self._runtime.emit(ProtectionActed("portfolio.remember", what))

    def on_message(self, sender: Address, message: PortfolioMessage) -> None:
        match message:
            case StrategyPositions():
                self._take(message)
            case MarksTold():
                self._mark(message)
            case AreYouThere():
                self._runtime.write(sender, Alive(message.number))
            case _:
                raise TypeError(f"portfolio: no handler for {type(message).__name__} from {sender}")

    def _take(self, told: StrategyPositions) -> None:
        """Positions have moved: what they are worth, and what is at risk, moves with them."""
        if told.whole:
            self._positions.clear()
        for state in told.states:
            key = PositionKey(state.symbol, state.strategy)
            self._positions[key] = Position(
                state.net_lots, state.cost_millionths, state.cash_flow, state.fees, state.fills
            )
        self._value()

    def _mark(self, told: MarksTold) -> None:
        if told.number <= self._heard:
            return  # a datagram that was doubled or overtaken
        self._heard = told.number
        for mark in told.marks:
            self._marks[mark.symbol] = mark.twice_half_ticks
        if told.ends_horizon:
            self._observed_ns = self._runtime.monotonic_ns
            self.history.observe(dict(self._marks))
        self._begin_day()
        if self.valuation is not None:
            self._value()
            self._tell(self.valuation)
        if told.ends_horizon or self._peak > self._written_peak:
            self._written_peak = self._peak
            record = Remembered(self._peak, dict(self._marks) if told.ends_horizon else {}, self._day)
            self._runtime.append(FILE, encode_remembered(record))

    def _begin_day(self) -> None:
        """Where a new day has begun by the wall clock, its highest equity is that with which the last one ended."""
        day = day_of(self._runtime.now_ns)
        if day > self._day:
            self._day = day
            self._peak = self._written_peak = (
                self.valuation.equity if self.valuation is not None else self._starting_cash
            )

    def _value(self) -> None:
        found = valued(self._positions, self._marks, self._sectors, self.money, self._starting_cash, self._peak)
        limits = self._config.var
        tail = self.history.tail_risk(
            {Symbol(each.of): each.net for each in found.names}, limits.confidence_percent, limits.observations_min
        )
        self._peak = found.peak
        self.valuation = replace(found, tail=tail)

    def _tell(self, now: Valuation) -> None:
        in_cents, tail = self.money.in_cents, now.tail
        self._runtime.write(
            self._monitor,
            PortfolioValued(
                self._heard,
                in_cents(now.equity),
                in_cents(now.realised),
                in_cents(now.profit),
                now.drawdown_percent,
                None if tail is None else in_cents(tail.value_at_risk),
                None if tail is None else in_cents(tail.expected_shortfall),
                self.var_utilisation_percent,
            ),
        )

    @property
    def var_utilisation_percent(self) -> int | None:
        """How much of the limit is used; None while too little of the past is known."""
        if self.valuation is None or self.valuation.tail is None:
            return None
        return self.valuation.tail.utilisation_percent(self._config.var.limit * self.money.per_unit)

    def on_timer(self, key: Hashable) -> None:
        if key == VALUE:
            self._ask()
        else:
            assert isinstance(key, str)
            self._runtime.open(key)

    def _ask(self) -> None:
        """Ask for marks. Half an interval of grace: an answer takes its time, and the next question comes too soon."""
        every_ns = self._config.portfolio.value_interval_ns
        due_ns = self._config.var.horizon_ns - every_ns // 2
        ends = self._observed_ns is None or self._runtime.monotonic_ns - self._observed_ns >= due_ns
        self._asked += 1
        self._runtime.send(self._market_data, AskMarks(self._asked, ends))
        self._runtime.set_timer(every_ns, VALUE)

    def on_stream_open(self, peer: Address) -> None:
        """Nothing: positions speak first, and the monitor only listens."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        waits = self._config.monitor if peer == self._monitor else self._config.risk
        self._runtime.set_timer(waits.reopen_interval_ns, peer)

    def on_durable(self, token: int) -> None:
        """Nobody waits for it: what a crash takes is a horizon at most, and a peak that was one for that long."""

    def on_config(self, config: DeskConfig) -> None:
        """Limits, intervals and sectors change at once; the day's first cash and the history's length do not."""
        self._config = config
        self._sectors = self._sectors_by(config)
