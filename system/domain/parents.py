"""How much has been sent under an order's name since the OMS last let it out: never more than it let out."""

from squall.system.domain.doubt import desk_id
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import RouteOrder


class _Parent:
    """One order, as it was last let out."""

    __slots__ = ("let_out", "quantity_lots", "written_lots")

    def __init__(self, let_out: tuple[int, int], quantity_lots: int) -> None:
        self.let_out = let_out
        """Epoch and attempt: the OMS never gives the same ones twice."""
        self.quantity_lots = quantity_lots
        self.written_lots = 0


class Parents:
    """Remembers the latest *most* orders, also after they have ended.

    A router may cut an order into children, which bear its name with a number behind (``pulse-ACME-17~2``).
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._parents: dict[ClOrdID, _Parent] = {}

    def __len__(self) -> int:
        return len(self._parents)

    def allows(self, order: RouteOrder) -> bool:
        """Whether there is room for this one beside what was written on the same attempt.

        Where nothing was, the order itself may go and no child of it: what it is a part of may have been given back.
        """
        name = desk_id(order.cl_ord_id)
        parent = self._parents.get(name)
        if parent is None or parent.let_out != (order.epoch, order.attempt):
            return order.cl_ord_id == name
        return parent.written_lots + order.quantity_lots <= parent.quantity_lots

    def wrote(self, order: RouteOrder) -> None:
        """It went out."""
        name, let_out = desk_id(order.cl_ord_id), (order.epoch, order.attempt)
        parent = self._parents.get(name)
        if parent is None or parent.let_out < let_out:
            self._parents.pop(name, None)  # it is the latest now
            parent = self._parents[name] = _Parent(let_out, order.quantity_lots)
            if len(self._parents) > self.most:
                del self._parents[next(iter(self._parents))]
        parent.written_lots += order.quantity_lots
