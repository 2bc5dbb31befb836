"""Orders that take are cut into legs, one a venue: what each venue offers, and how much more than it showed it had."""

from collections.abc import Iterable

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import Tick
from squall.system.domain.routing import Offer, Tariffs, hidden_after, offers_of
from squall.system.domain.strategies.orders import Mine


class Legs:
    """Those that have not ended, and what earlier ones have found."""

    __slots__ = ("_cut", "_tariffs", "hidden")

    def __init__(self, tariffs: Tariffs) -> None:
        self._tariffs = tariffs
        self._cut: dict[ClOrdID, tuple[Symbol, Venue, int]] = {}
        """Symbol and venue of each, and how many lots it showed when the leg was cut."""
        self.hidden: dict[Symbol, dict[Venue, int]] = {}
        """How many lots each venue has lately had beyond what it showed."""

    def offers(self, symbol: Symbol, side: Side, ticks: Iterable[Tick], hidden_percent: int) -> tuple[Offer, ...]:
        """What the venues of these fresh ticks show, and so much of what each has lately had beyond that."""
        hidden = self.hidden.get(symbol, {})
        return tuple(
            replace(offer, hidden_lots=hidden.get(offer.venue, 0) * hidden_percent // 100)
            for offer in offers_of(side, ticks, self._tariffs)
        )

    def cut(self, cl_ord_id: ClOrdID, symbol: Symbol, venue: Venue, shown_lots: int) -> None:
        """A leg goes out to this venue, which shows so many lots."""
        self._cut[cl_ord_id] = symbol, venue, shown_lots

    def end(self, mine: Mine, worked_at: Venue | None) -> None:
        """It has ended. Of one that never came to its venue nothing is learnt; nor of an order that is no leg."""
        cut = self._cut.pop(mine.cl_ord_id, None)
        if cut is not None and cut[1] == worked_at:
            symbol, venue, shown_lots = cut
            hidden = self.hidden.setdefault(symbol, {})
            hidden[venue] = hidden_after(hidden.get(venue, 0), shown_lots, mine.cum_lots, mine.lots)
