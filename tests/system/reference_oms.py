"""A small model of order lives: facts about an order, and its state read off them by precedence.

It knows no table, imports nothing from desk or world, and keeps everything: meant to be obviously right.
"""

HOPELESS = ("no venue is safe", "no price within the limit")

NOT_ASKED = ("session down", "fenced")


class ModelOrder:
    """What is known of one order, fact by fact."""

    def __init__(self, quantity: int) -> None:
        self.quantity = quantity
        self.fills: dict[str, tuple[int, int]] = {}
        """Execution → (lots, price)."""
        self.attempt = 0
        self.sent = False
        self.acknowledged = False
        self.doubted = False
        self.cancel_pending = False
        self.end: str | None = None
        """What ended it, fills apart."""

    @property
    def filled(self) -> int:
        return sum(lots for lots, _ in self.fills.values())

    @property
    def notional(self) -> int:
        return sum(lots * price for lots, price in self.fills.values())

    @property
    def leaves(self) -> int:
        return self.quantity - self.filled

    @property
    def state(self) -> str:
        """FIX's precedence: an end, then pending cancel, then fills, and so on down."""
        if self.end is not None:
            return self.end
        if self.cancel_pending:
            return "pending_cancel"
        if not self.leaves:
            return "filled"
        if self.doubted:
            return "in_doubt"
        if self.fills:
            return "partially_filled"
        if self.acknowledged:
            return "acknowledged"
        if self.sent:
            return "submitted"
        return "pending_submission" if self.attempt else "pending_validation"

    @property
    def ended(self) -> bool:
        return self.state in ("filled", "canceled", "rejected")

    @property
    def out(self) -> bool:
        """Let out, and not ended."""
        return bool(self.attempt) and not self.ended


class ReferenceOms:
    """Every order that ever was, and every execution that was set aside."""

    def __init__(self, max_reroutes: int) -> None:
        self.max_reroutes = max_reroutes
        self.orders: dict[str, ModelOrder] = {}
        self.quarantined: dict[str, None] = {}
        self.booked: dict[str, None] = {}

    def submit(self, name: str, quantity: int) -> None:
        self.orders.setdefault(name, ModelOrder(quantity))

    def judge(self, name: str, approved: bool) -> None:
        order = self.orders[name]
        if order.state == "pending_validation":
            if approved:
                order.attempt = 1
            else:
                order.end = "rejected"

    def sent(self, name: str, attempt: int) -> None:
        order = self.orders[name]
        if order.out and attempt >= order.attempt and not (order.acknowledged or order.fills):
            order.sent = True
            order.doubted = False

    def returned(self, name: str, attempt: int, reason: str) -> None:
        order = self.orders[name]
        if not order.out or attempt < order.attempt or order.acknowledged or order.fills:
            return
        if order.cancel_pending:
            order.end = "canceled"
        elif reason in HOPELESS or order.attempt > self.max_reroutes:
            order.end = "rejected"
        else:
            order.attempt = attempt + 1
            order.sent = order.doubted = False

    def doubt(self, name: str, attempt: int) -> None:
        order = self.orders[name]
        if order.out and attempt >= order.attempt:
            order.doubted = True

    def acknowledge(self, name: str) -> None:
        order = self.orders[name]
        if order.out:
            order.acknowledged = True
            order.doubted = False

    def trade(self, name: str, execution: str, lots: int, price: int, cum: int) -> None:
        order = self.orders[name]
        if self._book(order, execution, lots, price):
            order.doubted = order.filled < min(cum, order.quantity)

    def _book(self, order: ModelOrder, execution: str, lots: int, price: int) -> bool:
        if execution in self.booked or execution in self.quarantined:
            return False
        if not order.out or lots > order.leaves:
            self.quarantined[execution] = None
            return False
        self.booked[execution] = None
        order.fills[execution] = (lots, price)
        return True

    def cancel(self, name: str) -> None:
        order = self.orders[name]
        if order.state == "pending_validation":
            order.end = "canceled"
        elif order.out:
            order.cancel_pending = True

    def cancel_refused(self, name: str, reason: str) -> None:
        order = self.orders[name]
        if reason in NOT_ASKED or (reason == "unknown order" and not (order.acknowledged or order.fills)):
            return
        if order.out and order.cancel_pending:
            order.cancel_pending = order.doubted = False
            order.sent = True

    def canceled(self, name: str, cum: int) -> None:
        order = self.orders[name]
        if order.out:
            if cum > order.filled:
                order.doubted = True
            else:
                order.end = "canceled"

    def rejected(self, name: str) -> None:
        order = self.orders[name]
        never_seen = not order.fills and (order.cancel_pending or order.doubted or not order.acknowledged)
        if order.out and never_seen:
            order.end = "rejected"

    def refused_as_duplicate(self, name: str) -> None:
        order = self.orders[name]
        if order.out and not order.acknowledged:
            order.doubted = True

    def status(self, name: str, status: str, executions: dict[str, tuple[int, int]], cum: int) -> None:
        order = self.orders[name]
        for execution, (lots, price) in executions.items():
            if self._book(order, execution, lots, price):
                order.doubted = False
        if not order.out:
            return
        if status in ("new", "partially_filled"):
            if order.doubted or not order.acknowledged:
                order.acknowledged = True
                order.doubted = False
        elif status == "filled":
            if order.cancel_pending and not order.leaves:
                order.cancel_pending = False
        elif status == "canceled":
            if cum <= order.filled:
                order.end = "canceled"
        elif status == "rejected":
            self.rejected(name)
