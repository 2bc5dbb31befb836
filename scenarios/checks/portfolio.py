"""What the desk says that it holds, what that is worth and what it risks: worked out again from what it was told.

Nothing of the desk's own rules is used: the average cost is folded in another way, value at risk comes from numpy. What
the services were told is what the world saw them handle, since they last began anew.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from squall.scenarios.checks.lives import on_new_life
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import DiskLost, Handled, Record, Sent
from squall.system.domain.claims import AlertRaised
from squall.system.domain.messages import (
    AmendFill,
    BookFill,
    MarksTold,
    PortfolioValued,
    StrategyPositions,
    SyncPositions,
)
from squall.system.services.portfolio import FILE

MILLIONTHS: Final = 10**6
FINE: Final = 10**12
"""The judge's own unit of cost, so that its roundings are none beside the desk's."""

ROUNDED_PERCENT: Final = 1
"""A drawdown is told in whole percent, and rounded up."""
KEPT: Final = 16
"""How many valuations are remembered that nobody has been told of."""

FloatArray = npt.NDArray[np.float64]
Key = tuple[str, str]
"""Symbol and strategy."""


# --- positions ---


class _Fill(Struct):
    """An execution as it counts now."""

    key: Key
    sign: int
    lots: int
    price_half_ticks: int
    commission: int


class _Held:
    """What executions come to, one after the other: net lots, what the open ones cost, cash, and fees."""

    def __init__(self) -> None:
        self.fills = self.net = self.cash = self.fees = self._cost = 0

    @property
    def cost_millionths(self) -> int:
        return self._cost // (FINE // MILLIONTHS)

    def add(self, fill: _Fill) -> None:
        signed, price, net = fill.sign * fill.lots, fill.price_half_ticks, self.net
        self.fills += 1
        self.cash -= signed * price + fill.commission
        self.fees += fill.commission
        closing = min(abs(net), abs(signed)) if net * signed < 0 else 0
        if closing:
            self._cost -= self._cost * closing // abs(net)
        opening = signed + closing if signed < 0 else signed - closing
        self._cost += opening * price * FINE
        self.net += signed


class _PositionsAreTheirFills:
    def __init__(self, stage: Stage) -> None:
        self._docket = Docket()
        self._told = 0
        self._forget()
        on_new_life(stage, stage.wiring.positions, self._forget)
        trace = stage.world.trace
        trace.watch(lambda record: self._book(record.event.message), Handled, BookFill)
        trace.watch(lambda record: self._amend(record.event.message), Handled, AmendFill)
        trace.watch(self._on_sync, Handled, SyncPositions)
        trace.watch(self._on_told, Sent, StrategyPositions)

    def _forget(self) -> None:
        self._fills: dict[str, _Fill] = {}
        self._about: dict[str, str] = {}
        self._early: dict[str, AmendFill] = {}
        self._held: dict[Key, _Held] = {}
        """By position, where all of its executions are counted as they count now."""

    def _book(self, fill: BookFill) -> None:
        if fill.exec_id in self._fills:
            return
        sign = 1 if fill.side is Side.BUY else -1
        key = (fill.symbol, fill.strategy)
        booked = self._fills[fill.exec_id] = _Fill(key, sign, fill.lots, fill.price_half_ticks, fill.commission)
        if fill.exec_id in self._early:
            self._change(booked, self._early.pop(fill.exec_id))
        if key in self._held:
            self._held[key].add(booked)

    def _amend(self, amendment: AmendFill) -> None:
        if amendment.exec_id in self._about:
            return
        about = self._about[amendment.exec_id] = self._about.get(amendment.ref_exec_id, amendment.ref_exec_id)
        if about in self._fills:
            self._change(self._fills[about], amendment)
            self._held.pop(self._fills[about].key, None)
        else:
            self._early[about] = amendment

    @staticmethod
    def _change(fill: _Fill, amendment: AmendFill) -> None:
        fill.lots, fill.price_half_ticks = amendment.lots, amendment.price_half_ticks
        fill.commission = amendment.commission

    def _on_sync(self, record: Record) -> None:
        for fill in record.event.message.fills:
            self._book(fill)
        for amendment in record.event.message.amendments:
            self._amend(amendment)

    def _on_told(self, record: Record) -> None:
        for state in record.event.message.states:
            self._told += 1
            key = (state.symbol, state.strategy)
            held = self._held.get(key) or self._counted(key)
            said, cost = (state.net_lots, state.cash_flow, state.fees), held.cost_millionths
            # Each side rounds to the nearest millionth whenever lots close.
            if said != (held.net, held.cash, held.fees) or abs(state.cost_millionths - cost) > held.fills + 1:
                self._docket.violated(
                    record,
                    f"{state.symbol} of {state.strategy}: {held.fills} executions make {held.net:+} lots that cost "
                    f"{cost / MILLIONTHS:+.3f}, a cash flow of {held.cash:+} and fees of {held.fees}, told were "
                    f"{state.net_lots:+}, {state.cost_millionths / MILLIONTHS:+.3f}, {state.cash_flow:+} "
                    f"and {state.fees}",
                )

    def _counted(self, key: Key) -> _Held:
        """All executions of a position, from the first on: one of them may have been amended."""
        held = self._held[key] = _Held()
        for fill in self._fills.values():
            if fill.key == key:
                held.add(fill)
        return held

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"positions were told {self._told} times, each the sum of its executions")


def positions_are_their_fills() -> Promise:
    """Lots, cash, fees and average cost that are told of a position are those of its executions, busts included."""
    return Promise("a position is the sum of its fills", "safety", _PositionsAreTheirFills, of_our_desk=True)


# --- the portfolio ---


class _Worth(Struct, frozen=True):
    """What everything is worth at one set of marks, in cents."""

    equity: Fraction
    losses: FloatArray | None
    names: int


class _PortfolioAddsUp:
    """Equity is cash and market value; value at risk is numpy's, of market values and of what prices have done."""

    def __init__(self, stage: Stage) -> None:
        self._docket = Docket()
        self._valued = self._at_risk = 0
        host = stage.world.transport.slot_of(stage.wiring.portfolio).host
        self._home, self._disk = host.name, host.disk
        self._lost = 0
        """Records that crashes took off that disk: not one of them needs to be a horizon."""
        self._all_past: list[dict[str, int]] = []
        """The prices at the ends of all horizons, those of earlier lives too."""
        self._anew = False
        desk = stage.scenario.settings.desk
        self._remembers = desk.portfolio.remember
        self._var, self._cash = desk.var, 100 * Fraction(desk.portfolio.cash)
        self._cents: dict[str, Fraction] = {
            each.symbol: 100 * Fraction(each.unit_money) for each in stage.floor.instruments
        }
        self._forget()
        self._anew = False
        on_new_life(stage, stage.wiring.portfolio, self._forget)
        trace = stage.world.trace
        trace.watch(self._on_positions, Handled, StrategyPositions)
        trace.watch(self._on_marks, Handled, MarksTold)
        # The monitor may be a neighbour on the same host: what the world sees of it is that it was handled.
        trace.watch(self._on_valued, Handled, PortfolioValued)
        trace.watch(self._on_lost, DiskLost)

    def _on_lost(self, record: Record) -> None:
        if record.host == self._home:
            self._lost += len(self._all_past) if record.event.whole_disk else record.event.records

    def _forget(self) -> None:
        self._positions: dict[Key, tuple[int, int, int]] = {}
        """Net lots, cash flow, and cost in millionths."""
        self._marks: dict[str, int] = {}
        self._past: list[dict[str, int]] = []
        self._anew = True
        self._number = 0
        self._expected: dict[int, _Worth] = {}
        """By the number of the marks, until it was told."""

    def _on_positions(self, record: Record) -> None:
        told: StrategyPositions = record.event.message
        if told.whole:
            self._positions = {}
        for each in told.states:
            self._positions[each.symbol, each.strategy] = (each.net_lots, each.cash_flow, each.cost_millionths)

    def _on_marks(self, record: Record) -> None:
        told: MarksTold = record.event.message
        if told.number > self._number:
            self._number = told.number
            self._marks = {**self._marks, **{mark.symbol: mark.twice_half_ticks for mark in told.marks}}
            if self._anew:
                self._recall(record)
            if told.ends_horizon:
                self._all_past.append(self._marks)
                self._past = [*self._past, self._marks][-self._var.observations - 1 :]
            self._expected[told.number] = self._worth()
            self._expected.pop(told.number - KEPT, None)

    def _recall(self, record: Record) -> None:
        """A new life's first marks: all horizons that earlier lives were told are on its disk, but for the last one,
        on which it may have come to its end, and for what crashes took. How many of those the disk says."""
        self._anew = False
        if not self._remembers:
            return
        told = len(self._all_past)
        written = sum(bool(marks) for _, marks, *_ in map(msgspec.msgpack.decode, self._disk.written(FILE)))
        if not told - 1 - self._lost <= written <= told:
            self._docket.violated(record, f"{told} horizons were told to earlier lives, {written} are on the disk")
        self._lost = 0
        del self._all_past[written:]
        self._past = [*self._all_past, {}][-self._var.observations - 1 :]

    def _worth(self) -> _Worth:
        cash, value = self._cash, {name: Fraction(0) for name in self._cents}
        for (symbol, _), (net, flow, cost) in self._positions.items():
            mark = Fraction(self._marks.get(symbol, 0), 2)
            cash += flow * self._cents[symbol]
            # What has no price yet is worth what it cost.
            worth = net * mark if mark else Fraction(cost, MILLIONTHS)
            value[symbol] += worth * self._cents[symbol]
        losses = self._losses({symbol: float(each) for symbol, each in value.items() if each})
        return _Worth(cash + sum(value.values()), losses, len(value))

    def _losses(self, value: dict[str, float]) -> FloatArray | None:
        """Of each horizon; None where a name has no price for part of the past: which horizons count is not our say."""
        if any(not marks.get(symbol) for marks in self._past if marks for symbol in value):
            return None
        pairs = [(before, after) for before, after in pairwise(self._past) if before and after]
        if not pairs:
            return np.zeros(0)
        began = np.array([[before[symbol] for symbol in value] for before, _ in pairs], dtype=float)
        ended = np.array([[after[symbol] for symbol in value] for _, after in pairs], dtype=float)
        losses: FloatArray = -((ended / began - 1) @ np.array(list(value.values())))
        return losses

    def _on_valued(self, record: Record) -> None:
        said: PortfolioValued = record.event.message
        worth = self._expected.pop(said.number, None)
        if worth is None:
            return  # of an earlier life
        self._valued += 1
        self._judge(record, "equity", float(worth.equity), said.equity_cents, 1)
        self._judge(record, "the day's profit", float(worth.equity - self._cash), said.profit_cents, 1)
        if worth.losses is None:
            return
        found = said.value_at_risk_cents, said.expected_shortfall_cents
        if len(worth.losses) < self._var.observations_min:
            if found != (None, None):
                self._docket.violated(record, f"value at risk is told from {len(worth.losses)} observations")
            return
        self._at_risk += 1
        worst = np.sort(worth.losses)[::-1]
        tail = len(worst) * (100 - self._var.confidence_percent) / 100
        weights = np.clip(tail - np.arange(len(worst)), 0, 1)
        slack = 1 + worth.names  # each name's loss is rounded for itself
        self._judge(record, "value at risk", float(worst[np.count_nonzero(weights >= 1 - 1e-9)]), found[0], slack)
        self._judge(record, "expected shortfall", float(np.average(worst, weights=weights)), found[1], slack)

    def _judge(self, record: Record, what: str, cents: float, found: int | None, slack: int) -> None:
        if found is None or abs(cents - found) > slack:
            told = "nothing" if found is None else f"{found / 100:,.2f}"
            self._docket.violated(record, f"{what} is {cents / 100:,.2f}, told was {told}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._valued} valuations add up, {self._at_risk} of them with value at risk")


def portfolio_adds_up() -> Promise:
    """Equity, profit, value at risk and expected shortfall are what the positions and marks that were told make."""
    return Promise("the portfolio adds up", "safety", _PortfolioAddsUp, of_our_desk=True)


# --- drawdown ---


class _DrawdownTold:
    """Folds the peak from every equity that was ever told, over all lives, and the level from the configuration."""

    def __init__(self, stage: Stage) -> None:
        desk = stage.scenario.settings.desk
        self._docket = Docket()
        self._alert_percent = desk.monitor.drawdown_alert_percent
        self._peak = 100 * desk.portfolio.cash
        self._fallen_percent = 0.0
        self._standing = False
        self._since: Record | None = None
        self._times = 0
        trace = stage.world.trace
        trace.watch(self._on_valued, Handled, PortfolioValued)
        trace.watch_claims(self._on_alert, AlertRaised)

    def _on_valued(self, record: Record) -> None:
        """The alert has to come on the first valuation that calls for it: it is judged on the next one."""
        said: PortfolioValued = record.event.message
        self._overdue()
        self._peak = max(self._peak, said.equity_cents)
        fallen_percent = self._fallen_percent = 100 * (self._peak - said.equity_cents) / self._peak
        if fallen_percent < self._alert_percent:
            self._since = None
        elif not self._standing and self._since is None:
            self._since = record
        if not fallen_percent <= said.drawdown_percent < fallen_percent + ROUNDED_PERCENT:
            told = f"a drawdown of {said.drawdown_percent} % is told"
            self._docket.violated(record, f"{told}, equity is {fallen_percent:.1f} % below its peak")

    def _on_alert(self, record: Record) -> None:
        if record.event.kind == "drawdown":
            self._standing = True
            self._times += 1
            self._since = None
            if self._fallen_percent + ROUNDED_PERCENT <= self._alert_percent:
                told = f"an alert from {self._alert_percent} % on"
                self._docket.violated(record, f"{told}, equity is {self._fallen_percent:.1f} % below its peak")

    def _overdue(self) -> None:
        if self._since is not None and not self._standing:
            self._docket.violated(self._since, f"equity fell by {self._alert_percent} % or more, and nobody was told")
            self._standing = True

    def ruling(self) -> Ruling:
        self._overdue()
        if not self._times and not self._docket.violations:
            return Ruling(Verdict.INCONCLUSIVE, "equity never fell so far")
        return self._docket.ruling(f"equity fell from {self._peak / 100:,.2f}, and {self._times} alerts came in time")


def drawdown_told() -> Promise:
    """How far equity has fallen is told from the highest that it ever was, and from the alert level on people hear."""
    return Promise(
        "a drawdown is told from the true peak", "liveness", _DrawdownTold, needs_faults=True, of_our_desk=True
    )
