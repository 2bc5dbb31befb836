"""What flows through the desk, from market data to positions: nothing comes from nowhere, and nothing goes twice."""

from typing import Final

from squall.scenarios.flow import SOURCES, FlowBook, chart_of, traded_ns
from squall.scenarios.flow_figure import FlowFigure
from squall.scenarios.result import FlowLink, Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage

ERRORS: Final = 3
"""So many standard errors are chance."""


class _NothingFromNowhere:
    def __init__(self, stage: Stage) -> None:
        self._book = FlowBook(stage)

    def ruling(self) -> Ruling:
        ledger = self._book.settled()
        wrong = list(ledger.unbalanced(SOURCES))
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            return Ruling(Verdict.VIOLATED, f"{wrong[0].words}{more}")
        inner = [name for name in ledger.nodes if ledger.is_inner(name)]
        there = sum(ledger.there(name) for name in inner)
        return Ruling(Verdict.PASS, f"{len(inner)} nodes balance; {there} of what flows is still there")


def nothing_from_nowhere() -> Promise:
    """At every node of the flow, what leaves it had come to it, once: from market data to positions."""
    return Promise("what flows balances at every node", "safety", _NothingFromNowhere, of_our_desk=True)


class _SharesOf:
    def __init__(self, stage: Stage, figure: FlowFigure, within_points: int) -> None:
        self._book = FlowBook(stage)
        self._figure = figure
        self._within = within_points
        self._for_ns = traded_ns(stage)

    def ruling(self) -> Ruling:
        chart = chart_of(self._book.settled(), self._for_ns, self._figure)
        compared = [link for link in chart.links if link.deviation is not None]
        if not compared:
            return Ruling(Verdict.INCONCLUSIVE, "nothing flowed")
        worst = max(compared, key=self._beyond)
        words = (
            f"{worst.source} → {worst.target}: {worst.share:.1%} of {worst.of}, in {self._figure.name} "
            f"{worst.figure_share:.1%}; of {len(compared)} shares none is further off"
        )
        return Ruling(Verdict.PASS if self._beyond(worst) <= 0 else Verdict.VIOLATED, words)

    def _beyond(self, link: FlowLink) -> float:
        """By how much the share is further off than it may be."""
        return abs(link.deviation or 0.0) - self._within / 100 - ERRORS * link.chance


def shares_of(figure: FlowFigure, within_points: int) -> Promise:
    """Every share of the figure is met within so many percentage points, and three standard errors of its count."""
    name = f"the shares of {figure.name}, within {within_points} points and chance"

    def judge(stage: Stage) -> _SharesOf:
        return _SharesOf(stage, figure, within_points)

    return Promise(name, "sla", judge, needs_faults=True, of_our_desk=True)
