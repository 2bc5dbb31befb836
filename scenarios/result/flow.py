"""What flowed through a run, node by node."""

from msgspec import Struct


class FlowNode(Struct, frozen=True):
    """Where what flows is seen to come and to go. Between its ends of the chart, *entered* is *left* and *there*."""

    name: str
    entered: int
    left: int
    there: int
    """What has come and not gone when the run ends."""
    inner: bool
    """Whether things pass through; sources and ends are where they begin and stay."""


class FlowLink(Struct, frozen=True):
    """How many went from one node to the next, and the share that they are of all that came to the first."""

    source: str
    target: str
    count: int
    share: float | None
    """None from a source, which nothing comes to."""
    figure_share: float | None = None
    """What the figure that it is held against has there."""

    of: int = 0
    """How many came to the source."""

    @property
    def chance(self) -> float:
        """The standard error of a share as large as the figure's, of so many: √(p(1 − p)/n); 0.0 without a figure."""
        share = self.figure_share
        return 0.0 if share is None or not self.of else (share * (1 - share) / self.of) ** 0.5

    @property
    def deviation(self) -> float | None:
        """Ours less the figure's, as a share; None where there is nothing to compare."""
        return None if self.share is None or self.figure_share is None else self.share - self.figure_share


class FlowChart(Struct, frozen=True):
    """The flow of a run, from market data to positions, as it was observed."""

    nodes: tuple[FlowNode, ...]
    links: tuple[FlowLink, ...]
    figure: str | None = None
    """What it is held against."""
    scale: float | None = None
    """How many of the figure's come to market data while one of ours does: the run is so much smaller."""

    @property
    def largest_deviation(self) -> float:
        """Of all links that the figure has, as a share; 0.0 without a figure."""
        return max((abs(link.deviation) for link in self.links if link.deviation is not None), default=0.0)
