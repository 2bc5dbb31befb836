"""What a strategy holds of one symbol, and its orders that may still fill: folded from what the OMS tells it."""

from collections.abc import Container, Iterable

from msgspec.structs import replace

from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import OpenHolding, OrderProgressed
from squall.system.domain.strategies.orders import Asked, Mine


class Holdings:
    """Changed by its own orders and by what is told. Every telling is absolute, so none counts twice."""

    __slots__ = ("_open", "position_lots")

    def __init__(self) -> None:
        self.position_lots = 0
        """What all fills that we have heard of come to; negative: short."""
        self._open: dict[ClOrdID, Mine] = {}

    @property
    def open_orders(self) -> tuple[Mine, ...]:
        """Orders that have not ended, as far as we know, in the order in which they were sent."""
        return tuple(self._open.values())

    def open_order(self, cl_ord_id: ClOrdID) -> Mine:
        """As it stands. KeyError where it has ended."""
        return self._open[cl_ord_id]

    def hold(self, mine: Mine) -> None:
        """This order goes out."""
        self._open[mine.cl_ord_id] = mine

    def cancelling(self, cl_ord_id: ClOrdID) -> None:
        """Its cancel goes out; it may fill all the same."""
        self._open[cl_ord_id] = replace(self._open[cl_ord_id], cancelling=True)

    def moving(self, cl_ord_id: ClOrdID, lots: int, price_half_ticks: int) -> Mine:
        """A wish for these terms goes out: the order has them once that is said. Returns it with its revision."""
        mine = self._open[cl_ord_id]
        mine = replace(mine, revision=mine.revision + 1, asked=Asked(lots, price_half_ticks))
        self._open[cl_ord_id] = mine
        return mine

    def progress(self, now: OrderProgressed) -> Mine | None:
        """So it stands by now; perhaps with fewer lots filled, after a bust. Returns it if it has ended."""
        mine = self._open[now.cl_ord_id]
        self.position_lots += mine.side.sign * (now.cum_lots - mine.cum_lots)
        under_way = mine.asked if mine.revision > now.revision else None
        self._open[now.cl_ord_id] = _standing(mine, now, under_way)
        return self._open.pop(now.cl_ord_id) if now.ended else None

    def told(
        self, net_lots: int, open_orders: Iterable[OpenHolding], not_taken: Container[ClOrdID], *, new_leader: bool
    ) -> tuple[Mine, ...]:
        """Everything anew. Returns the orders that have ended meanwhile: taken, and not among the open ones.

        A wish that a *new_leader* knows nothing of has died with an earlier one. Of any other teller's word it is only
        that they have crossed on the way: the order may come to stand on either terms.
        """
        self.position_lots = net_lots
        ended: list[Mine] = []
        told = {each.cl_ord_id: each for each in open_orders}
        for cl_ord_id, mine in list(self._open.items()):
            if cl_ord_id in told:
                now = told[cl_ord_id]
                unheard = mine.revision > now.revision and not new_leader
                self._open[cl_ord_id] = _standing(mine, now, mine.asked if unheard else None)
            elif cl_ord_id not in not_taken:
                ended.append(self._open.pop(cl_ord_id))
        return tuple(ended)


def _standing(mine: Mine, now: OpenHolding | OrderProgressed, under_way: Asked | None) -> Mine:
    """As it is told. *under_way*: a wish that the teller has not heard yet."""
    if now.asked is not None:
        under_way = Asked(now.asked.lots, now.asked.price_half_ticks)
    lots, price = (now.lots, now.price_half_ticks) if now.lots else (mine.lots, mine.price_half_ticks)
    return replace(
        mine,
        lots=lots,
        price_half_ticks=price,
        cum_lots=now.cum_lots,
        venue=now.venue,
        revision=max(mine.revision, now.revision),
        asked=under_way,
    )
