"""What people are shown is what was executed: the read models, in the end, agree with the venues' own records."""

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record
from squall.system.domain.claims import ReadModelsTold


class _ReadSideCatchesUp:
    """Folds the venues' executions by itself, and compares with what was shown last."""

    def __init__(self, stage: Stage) -> None:
        self._venues: dict[str, tuple[int, int]] = {}
        self._executions = 0
        self._shown: Record | None = None
        watch_standing(stage.world.trace, self._on_standing)
        stage.world.trace.watch_claims(self._on_shown, ReadModelsTold)

    def _on_standing(self, record: Record, change: Standing) -> None:
        self._executions += 1
        lots, cash = self._venues.get(change.symbol, (0, 0))
        self._venues[change.symbol] = (lots + change.signed_lots, cash + change.cash)

    def _on_shown(self, record: Record) -> None:
        self._shown = record

    def ruling(self) -> Ruling:
        if not self._executions:
            return Ruling(Verdict.PASS, "nothing was executed")
        if self._shown is None:
            return Ruling(Verdict.VIOLATED, f"{self._executions} executions, and nothing was ever shown")
        told: ReadModelsTold = self._shown.event
        shown = {symbol: (lots, cash) for symbol, lots, cash in told.positions}
        for symbol in sorted({*self._venues, *shown}):
            venues, seen = self._venues.get(symbol, (0, 0)), shown.get(symbol, (0, 0))
            if venues != seen:
                detail = (
                    f"{symbol}: the venues' executions make {venues[0]:+} lots and a cash flow of {venues[1]:+}, shown "
                    f"at version {told.version}, {told.behind_versions} behind, are {seen[0]:+} and {seen[1]:+}"
                )
                return Ruling(Verdict.VIOLATED, detail, self._shown.at_ns, self._shown.seq)
        return Ruling(Verdict.PASS, f"what is shown at version {told.version} is what was executed")


def read_side_catches_up() -> Promise:
    """Once the faults have healed, the read models show what the venues have executed, to the lot and to the cent."""
    return Promise("what is shown is what was executed", "durability", _ReadSideCatchesUp, of_our_desk=True)
