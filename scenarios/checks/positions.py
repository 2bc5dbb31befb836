"""Every execution of the venues is in the desk's positions exactly once, to the lot and to the cent."""

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, VenueAccepted
from squall.system.domain.messages import PositionChanged, PositionsTold


class _BookedOnce:
    """Folds the venues' executions by itself, and compares with the last word of the positions service."""

    def __init__(self, stage: Stage) -> None:
        self._lots: dict[str, int] = {}
        self._cash: dict[str, int] = {}
        self._accepted = 0
        self._executions = 0
        self._latest: dict[str, tuple[int, int]] = {}
        self._last: Record | None = None
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        watch_standing(trace, self._on_standing)
        trace.watch(self._on_position, Handled, PositionChanged)
        trace.watch(self._on_told, Handled, PositionsTold)

    def _on_accepted(self, record: Record) -> None:
        self._accepted += 1

    def _on_standing(self, record: Record, change: Standing) -> None:
        self._executions += 1
        self._last = record
        self._lots[change.symbol] = self._lots.get(change.symbol, 0) + change.signed_lots
        self._cash[change.symbol] = self._cash.get(change.symbol, 0) + change.cash

    def _on_position(self, record: Record) -> None:
        position = record.event.message
        self._latest[position.symbol] = (position.net_lots, position.cash_flow)

    def _on_told(self, record: Record) -> None:
        for state in record.event.message.states:
            self._latest[state.symbol] = (state.net_lots, state.cash_flow)

    def ruling(self) -> Ruling:
        at_ns, seq = (self._last.at_ns, self._last.seq) if self._last is not None else (None, None)
        for symbol in sorted({*self._lots, *self._latest}):
            venues = (self._lots.get(symbol, 0), self._cash.get(symbol, 0))
            desk = self._latest.get(symbol, (0, 0))
            if venues != desk:
                detail = (
                    f"{symbol}: the venues' executions make {venues[0]:+} lots and a cash flow of {venues[1]:+}, "
                    f"the desk has booked {desk[0]:+} and {desk[1]:+}"
                )
                return Ruling(Verdict.VIOLATED, detail, at_ns, seq)
        if not self._executions and not self._accepted:
            return Ruling(Verdict.INCONCLUSIVE, "no order was ever accepted, let alone executed")
        words = ", ".join(f"{symbol} {lots:+}" for symbol, lots in sorted(self._lots.items()))
        return Ruling(Verdict.PASS, f"{self._executions} executions, each booked once ({words or 'flat'})")


def executions_booked_once() -> Promise:
    """Position = Σ fills and cash = Σ flows, by the venues' own execution logs, after quiet.

    Busts, corrections and fees are in both.
    """
    return Promise("every execution is booked once", "liveness", _BookedOnce, of_our_desk=True)
