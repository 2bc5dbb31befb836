"""What a strategy holds of one symbol, and its orders that may still fill: folded from what the OMS tells it."""

from collections.abc import Container, Mapping

from msgspec.structs import replace

from squall.system.domain.ids import ClOrdID
from squall.system.domain.strategies.orders import Mine


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

    def hold(self, mine: Mine) -> None:
        """This order goes out."""
        self._open[mine.cl_ord_id] = mine

    def cancelling(self, cl_ord_id: ClOrdID) -> None:
        """Its cancel goes out; it may fill all the same."""
        self._open[cl_ord_id] = replace(self._open[cl_ord_id], cancelling=True)

    def progress(self, cl_ord_id: ClOrdID, cum_lots: int, ended: bool) -> Mine | None:
        """So much of it is filled by now; fewer lots than before, after a bust. Returns it if it has ended."""
        mine = self._open[cl_ord_id]
        self.position_lots += mine.side.sign * (cum_lots - mine.cum_lots)
        self._open[cl_ord_id] = replace(mine, cum_lots=cum_lots)
        return self._open.pop(cl_ord_id) if ended else None

    def told(self, net_lots: int, cum_lots: Mapping[ClOrdID, int], not_taken: Container[ClOrdID]) -> tuple[Mine, ...]:
        """Everything anew. Returns the orders that have ended meanwhile: taken, and not among the open ones."""
        self.position_lots = net_lots
        ended: list[Mine] = []
        for cl_ord_id, mine in list(self._open.items()):
            if cl_ord_id in cum_lots:
                self._open[cl_ord_id] = replace(mine, cum_lots=cum_lots[cl_ord_id])
            elif cl_ord_id not in not_taken:
                ended.append(self._open.pop(cl_ord_id))
        return tuple(ended)
