"""What a desk of one's own says it has is what the venues executed for it."""

from collections.abc import Callable, Mapping

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, VenueAccepted

Told = Callable[[Stage], Mapping[str, int] | None]
"""Asks the desk when the run is over: net lots by symbol; None where it cannot say."""


class _PositionsTold:
    """Folds the venues' executions by itself, and asks the desk in the end."""

    def __init__(self, stage: Stage, told: Told) -> None:
        self._stage = stage
        self._told = told
        self._lots: dict[str, int] = {}
        self._accepted = 0
        self._last: Record | None = None
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        watch_standing(trace, self._on_standing)

    def _on_accepted(self, record: Record) -> None:
        self._accepted += 1

    def _on_standing(self, record: Record, change: Standing) -> None:
        self._last = record
        self._lots[change.symbol] = self._lots.get(change.symbol, 0) + change.signed_lots

    def ruling(self) -> Ruling:
        at_ns, seq = (self._last.at_ns, self._last.seq) if self._last is not None else (None, None)
        told = self._told(self._stage)
        if told is None:
            return Ruling(Verdict.VIOLATED, "the desk cannot say what it has", at_ns, seq)
        for symbol in sorted({*self._lots, *told}):
            venues, desk = self._lots.get(symbol, 0), told.get(symbol, 0)
            if venues != desk:
                detail = f"{symbol}: the venues' executions make {venues:+} lots, the desk says {desk:+}"
                return Ruling(Verdict.VIOLATED, detail, at_ns, seq)
        if not self._accepted:
            return Ruling(Verdict.INCONCLUSIVE, "no order was ever accepted, let alone executed")
        words = ", ".join(f"{symbol} {lots:+}" for symbol, lots in sorted(self._lots.items()))
        return Ruling(Verdict.PASS, f"the desk and the venues agree ({words or 'flat'})")


def positions_told(told: Told) -> Promise:
    """Net lots by symbol, as *told* reads them from a file or a program of the desk, are the venues' executions."""
    return Promise("the desk's positions are the venues'", "liveness", lambda stage: _PositionsTold(stage, told))
