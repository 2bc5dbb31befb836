"""A small model of order lives: facts about an order, and its state read off them by precedence.

It knows no table, imports nothing from desk or world, and keeps everything: meant to be obviously right.
"""

HOPELESS = ("no venue is safe", "no venue keeps stop orders", "no price within the limit")

NOT_ASKED = ("session down", "fenced")


class ModelOrder:
    """What is known of one order, fact by fact."""

    def __init__(self, quantity: int, price: int) -> None:
        self.quantity = quantity
        self.price = price
        self.fills: dict[str, tuple[int, int]] = {}
        """Execution → (lots, price)."""
        self.attempt = 0
        self.sent = False
        self.acknowledged = False
        self.doubted = False
        self.cancel_pending = False
        self.end: str | None = None
        """What ended it, fills apart."""
        self.held: str | None = None
        """The venue holds it back: stopped, suspended or done for day."""
        self.revision = 0
        self.wish: tuple[int, int] | None = None
        """The quantity and price that it is to have, until somebody has answered."""
        self.wish_revision = 0
        """Which wish that is: a later one, denied because this one was pending, leaves it as it was."""
        self.wish_is_out = False
        """Risk has let it pass, so the venue has been asked."""
        self.wish_was_seen = False
        """The venue says that it has had the request before."""

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
        if self.wish is not None:
            return "pending_replace"
        if self.leaves <= 0:
            return "filled"
        if self.doubted:
            return "in_doubt"
        if self.held is not None:
            return self.held
        if self.fills:
            return "partially_filled"
        if self.acknowledged:
            return "acknowledged"
        if self.sent:
            return "submitted"
        return "pending_submission" if self.attempt else "pending_validation"

    @property
    def ended(self) -> bool:
        return self.state in ("filled", "canceled", "expired", "rejected")

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

    def submit(self, name: str, quantity: int, price: int) -> None:
        self.orders.setdefault(name, ModelOrder(quantity, price))

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
        if not order.leaves:
            order.held = None
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

    def expired(self, name: str, cum: int) -> None:
        order = self.orders[name]
        if order.out:
            if cum > order.filled:
                order.doubted = True
            else:
                order.end = "expired"

    def held(self, name: str, kind: str) -> None:
        order = self.orders[name]
        if order.out and order.held != kind:
            order.held = kind
            order.acknowledged = True
            order.doubted = False

    def restated(self, name: str) -> None:
        order = self.orders[name]
        if order.out and not (order.held is None and order.acknowledged):
            order.held = None
            order.acknowledged = True
            order.doubted = False

    def wanted_otherwise(self, name: str, revision: int, quantity: int, price: int) -> None:
        order = self.orders[name]
        if revision <= order.revision:
            return
        order.revision = revision
        at_work = order.state in ("acknowledged", "partially_filled") and order.held is None
        if at_work and quantity > order.filled and (quantity, price) != (order.quantity, order.price):
            order.wish, order.wish_revision = (quantity, price), revision
            order.wish_is_out = order.wish_was_seen = False

    def wish_judged(self, name: str, revision: int, approved: bool) -> None:
        order = self.orders[name]
        if order.ended or order.wish is None or order.wish_is_out or revision != order.wish_revision:
            return
        possible = order.leaves > 0 and order.wish[0] > order.filled
        if approved and possible and not order.cancel_pending:
            order.wish_is_out = True
        else:
            self._wish_over(order)

    def wish_refused(self, name: str, revision: int, reason: str) -> None:
        order = self.orders[name]
        if order.ended or order.wish is None or revision != order.wish_revision or reason == "fenced":
            return
        if reason in ("duplicate ClOrdID", "unknown order"):
            order.wish_was_seen = True
        else:
            self._wish_over(order)

    def replaced(self, name: str, revision: int, quantity: int, price: int, cum: int) -> None:
        order = self.orders[name]
        if order.out and order.wish is not None and order.wish_is_out and revision == order.wish_revision:
            order.quantity, order.price = quantity, price
            order.acknowledged = True
            self._wish_over(order)
            if not order.ended and cum > order.filled:
                order.doubted = True

    @staticmethod
    def _wish_over(order: ModelOrder) -> None:
        order.wish = None
        order.doubted = False

    def rejected(self, name: str) -> None:
        order = self.orders[name]
        never_seen = not order.fills and (
            order.cancel_pending or (order.doubted and order.wish is None) or not order.acknowledged
        )
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
            if order.held is not None:
                order.held = None
                order.doubted = False
            if order.wish_was_seen and order.wish is not None and not order.cancel_pending:
                self._wish_over(order)
        elif status == "filled":
            if not order.leaves:
                self._wish_over(order)
                order.cancel_pending = False
        elif status == "canceled":
            if cum <= order.filled:
                order.end = "canceled"
        elif status == "rejected":
            self.rejected(name)
