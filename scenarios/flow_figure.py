"""The chapter's figure 10.2: how many of what goes where, every second. And what it gets wrong."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class FlowFigure(Struct, frozen=True):
    """Somebody's drawing of a flow."""

    name: str
    counts: Mapping[tuple[str, str], int]
    """From node to node, a second; by the names of `scenarios/flow.py`."""
    fed_per_s: int
    """What its source gives."""

    def share(self, source: str, target: str) -> float | None:
        """Of all that it draws as leaving *source*, what goes to *target*; None where it does not draw that."""
        if (source, target) not in self.counts:
            return None
        return self.counts[source, target] / sum(count for (at, _), count in self.counts.items() if at == source)


FIGURE_10_2: Final = FlowFigure(
    "figure 10.2",
    {
        ("market data feed", "data normalisation"): 10_000,
        ("data normalisation", "strategy engine"): 9_500,
        ("data normalisation", "data quality checks failed"): 500,
        ("strategy engine", "order validation"): 7_200,
        ("strategy engine", "signals filtered"): 2_300,
        # The figure asks risk first, and validates what risk let pass: the same 400 and 300 go (erratum 13).
        ("order validation", "risk gate"): 6_900,
        ("order validation", "order validation failed"): 300,
        ("risk gate", "execution router"): 6_500,
        ("risk gate", "risk rejected"): 400,
        # 6,500 come and 6,700 go (erratum 47). Shares are of those that go.
        ("execution router", "exchange-a"): 3_200,
        ("execution router", "exchange-b"): 2_100,
        ("execution router", "dark-pool"): 1_200,
        ("execution router", "execution failed"): 200,
        # What a venue took and did not fill the figure leaves out; it is what is missing there.
        ("exchange-a", "fill confirmations"): 3_000,
        ("exchange-a", "canceled or expired"): 200,
        ("exchange-b", "fill confirmations"): 2_000,
        ("exchange-b", "canceled or expired"): 100,
        ("dark-pool", "fill confirmations"): 1_100,
        ("dark-pool", "canceled or expired"): 100,
        # Its two branches of 6,000 behind the positions are copies of the same: no flow divides there (erratum 47).
        ("fill confirmations", "positions"): 6_100,
    },
    10_000,
)
