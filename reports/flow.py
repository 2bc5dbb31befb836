"""The flow of a run: a Sankey chart that balances, and a table of its shares beside a figure's."""

from typing import Any, Final

from msgspec import Struct
from rich.console import Console

from squall.reports.lines import Cell, heading, paragraph, table
from squall.reports.units import number
from squall.scenarios.result import FlowChart, FlowLink

LOST: Final = "#c0603a"
WAY: Final = "#3f7fb5"
END: Final = "#3f8f6a"
IDLE: Final = "#8c8c8c"
ENDS_WELL: Final = ("filled whole", "filled in part")
"""Ends that are what the flow is for."""
IDLES: Final = ("no signal", "still there")
"""Ends of what nobody wanted, or what has not ended. Any other end is where something is lost."""


class FlowRow(Struct, frozen=True):
    """A link, as the table has it."""

    source: str
    target: str
    count: str
    share: str
    figure: str
    deviation: str


def sankey(chart: FlowChart) -> dict[str, Any]:
    """The chart for plotly: all links as wide as they are many, what is lost in another colour."""
    links = [link for link in chart.links if link.count]
    names = [node.name for node in chart.nodes]
    names += [link.target for link in links if link.target not in names]
    index = {name: number for number, name in enumerate(names)}
    inner = {node.name for node in chart.nodes if node.inner}
    sources = {node.name for node in chart.nodes if not node.entered}
    ends = {**dict.fromkeys(ENDS_WELL, END), **dict.fromkeys(IDLES, IDLE)}
    colours = [WAY if name in inner or name in sources else ends.get(name, LOST) for name in names]
    trace = {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": names,
            "color": colours,
            "pad": 14,
            "thickness": 14,
            "hovertemplate": "%{label}: %{value}<extra></extra>",
        },
        "link": {
            "source": [index[link.source] for link in links],
            "target": [index[link.target] for link in links],
            "value": [link.count for link in links],
            "color": [_faint(colours[index[link.target]]) for link in links],
            "customdata": [_words(chart, link) for link in links],
            "hovertemplate": "%{source.label} → %{target.label}: %{value}%{customdata}<extra></extra>",
        },
    }
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "#808080", "size": 12},
        "margin": {"t": 10, "r": 10, "b": 10, "l": 10},
        "height": 520,
    }
    return {"data": [trace], "layout": layout}


def rows(chart: FlowChart) -> list[FlowRow]:
    """All links, in their order."""
    return [
        FlowRow(
            link.source,
            link.target,
            number(link.count),
            _percent(link.share),
            _percent(link.figure_share),
            "" if link.deviation is None else f"{100 * link.deviation:+.1f}",
        )
        for link in chart.links
    ]


def caption(chart: FlowChart) -> str:
    """What the chart shows, and how much smaller it is than what it is held against."""
    inner = sum(node.inner for node in chart.nodes)
    words = f"All {inner} nodes balance: what came has left, or is still there."
    if any(node.inner and node.entered != node.left + node.there for node in chart.nodes):
        wrong = [node for node in chart.nodes if node.inner and node.entered != node.left + node.there]
        node = wrong[0]
        words = (
            f"{len(wrong)} of {inner} nodes do not balance: at {node.name} {number(node.entered)} came, "
            f"{number(node.left)} left, and {number(node.there)} are there."
        )
    if chart.figure is None:
        return words
    scale = f" Scaled down: {chart.scale:,.0f} of the figure's are one here." if chart.scale is not None else ""
    return (
        f"{words} Beside {chart.figure}; shares are of what comes to a node, deviations in percentage points, "
        f"{100 * chart.largest_deviation:.1f} at most.{scale}"
    )


def flow_table(chart: FlowChart, console: Console) -> None:
    """The same on a terminal."""
    heading(console, "Flow")
    titles = ("from", "to", "count", "share", chart.figure or "", "off")
    cells: list[list[Cell]] = [[(title, "dim") for title in titles]]
    cells += [[row.source, row.target, row.count, row.share, row.figure, row.deviation] for row in rows(chart)]
    table(console, cells)
    paragraph(console, caption(chart))


def _words(chart: FlowChart, link: FlowLink) -> str:
    if link.share is None:
        return ""
    beside = "" if link.figure_share is None else f", in {chart.figure} {link.figure_share:.1%}"
    return f" ({link.share:.1%}{beside})"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"
