"""What the desk's clients want of it: parent orders, each a pure function of its number and keyed draws."""

from typing import Final

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.config import MILLISECOND, SECOND
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import Algorithm, ParentOrder

TRADERS: Final = ("ann", "bob", "cyd")
"""The desk's people who answer for clients' orders."""


class ClientFlow(Struct, frozen=True):
    """Who sends how many parents, and when. Times are of the wall clock. ValueError, naming the field, for nonsense."""

    clients: tuple[str, ...] = ("fund", "insurer", "trust")
    """Each has two accounts."""
    algorithms: tuple[Algorithm, ...] = (Algorithm.TWAP, Algorithm.VWAP, Algorithm.POV, Algorithm.SHORTFALL)
    """In turn."""
    parents: int = 4
    first_ns: int = 1 * SECOND
    every_ns: int = 250 * MILLISECOND
    """Between the clients' decisions."""
    window_ns: int = 8 * SECOND
    """From then on a parent may trade."""
    lots_min: int = 100
    lots_max: int = 300
    buy_share: float = 0.5
    limit_share: float = 0.5
    """Of the parents that have a limit."""
    worth_half_ticks: int = 20_000
    """What clients believe a symbol is worth, which is what their limits are about."""
    limit_half_ticks: int = 60
    """How much worse than that they would trade at most."""
    participation_percent: int = 20
    """Of POV, and of every second parent that has a limit, as a bound."""
    aversion_billionths_max: int = 20_000
    cancel_share: float = 0.0
    """Of the parents that their clients want back half-way."""
    wanted_back: int = 0
    """So many of the last parents are wanted back half-way in any case."""

    def __post_init__(self) -> None:
        for name in ("parents", "every_ns", "window_ns", "lots_min", "worth_half_ticks", "limit_half_ticks"):
            _expect(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("clients", "algorithms"):
            _expect(bool(getattr(self, name)), name, getattr(self, name), "one at least")
        for name in ("buy_share", "limit_share", "cancel_share"):
            _expect(0.0 <= getattr(self, name) <= 1.0, name, getattr(self, name), "a share from 0 to 1")
        _expect(0 <= self.wanted_back <= self.parents, "wanted_back", self.wanted_back, f"0 to {self.parents}")
        _expect(self.lots_max >= self.lots_min, "lots_max", self.lots_max, f"at least {self.lots_min}")
        _expect(0 < self.participation_percent < 100, "participation_percent", self.participation_percent, "1 to 99")


class ClientDraws(Struct, frozen=True, gc=False):
    """The uniforms in [0, 1) that shape one parent, each keyed by its number and its own name."""

    side: float
    lots: float
    limit: float
    aversion: float
    cancel: float


def decided_ns(flow: ClientFlow, number: int) -> int:
    """When parent *number* (from 1) is decided."""
    return flow.first_ns + (number - 1) * flow.every_ns


def shape_parent(flow: ClientFlow, symbols: tuple[Symbol, ...], number: int, draws: ClientDraws) -> ParentOrder:
    """Parent *number* (from 1): ``fund-1``, ``insurer-2`` … in turn of clients, algorithms and symbols."""
    client = flow.clients[(number - 1) % len(flow.clients)]
    algorithm = flow.algorithms[(number - 1) % len(flow.algorithms)]
    side = Side.BUY if draws.side < flow.buy_share else Side.SELL
    limited = draws.limit < flow.limit_share
    bounded = limited and number % 2 == 0 and algorithm is not Algorithm.DARK_FIRST
    follows = algorithm is Algorithm.POV or bounded
    start_ns = decided_ns(flow, number)
    return ParentOrder(
        cl_ord_id=ClOrdID(f"{client}-{number}"),
        client=client,
        account=f"{client}/{'main' if number % 2 else 'pension'}",
        trader=TRADERS[(number - 1) % len(TRADERS)],
        symbol=symbols[(number - 1) % len(symbols)],
        side=side,
        quantity_lots=flow.lots_min + int(draws.lots * (flow.lots_max - flow.lots_min + 1)),
        algorithm=algorithm,
        start_ns=start_ns,
        end_ns=start_ns + flow.window_ns,
        limit_half_ticks=flow.worth_half_ticks + side.sign * flow.limit_half_ticks if limited else None,
        participation_percent=flow.participation_percent if follows else 0,
        aversion_billionths=int(draws.aversion * flow.aversion_billionths_max),
    )


def cancelled_ns(flow: ClientFlow, number: int, draws: ClientDraws) -> int | None:
    """When its client wants it back; None where it does not."""
    if draws.cancel >= flow.cancel_share and number <= flow.parents - flow.wanted_back:
        return None
    return decided_ns(flow, number) + flow.window_ns // 2


def _expect(holds: bool, name: str, found: object, expected: str) -> None:
    if not holds:
        raise ValueError(f"clients.{name}: found {found}, expected {expected}")
