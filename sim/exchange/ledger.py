"""A venue's own store: what became of every ClOrdID ever seen. Answers queries, exposes duplicates."""

from collections.abc import Callable

from msgspec import Struct

from squall.sim.exchange.wire.messages import (
    Execution,
    NewOrderSingle,
    OrderStatusReport,
    OrdStatus,
)


class History(Struct, gc=False):
    """All that outlives an order: some 400 bytes with one execution.

    Where the venue takes the same ClOrdID more than once, one history covers all the orders that bear it. Where an
    order was replaced, all its ClOrdIDs lead to one history.
    """

    root: str
    """The first ClOrdID: the engine knows the order by it, however often it is replaced."""
    latest: str
    """The ClOrdID that it bears now."""
    status: OrdStatus = OrdStatus.REJECTED
    cum_lots: int = 0
    leaves_lots: int = 0
    accepted: int = 0
    """How many orders were accepted under this ClOrdID: one, unless duplicates are not refused."""
    reports: int = 0
    """How many execution reports there have been, sent or not: what numbers the ExecIDs."""
    executions: tuple[Execution, ...] = ()
    order_lots: int = 0
    price_half_ticks: int | None = None

    def settle(self, ended_as: OrdStatus, held: OrdStatus | None = None) -> None:
        """Quantities changed: take the status that they call for, or *ended_as* where nothing is left."""
        if not self.leaves_lots:
            self.status = ended_as
        elif held is not None:
            self.status = held
        else:
            self.status = OrdStatus.PARTIALLY_FILLED if self.cum_lots else OrdStatus.NEW

    def revise(self, exec_id: str, lots: int, price_half_ticks: int, fee: int, by: str) -> None:
        """An execution is for so many lots at this price from here on."""
        self.executions = tuple(
            Execution(exec_id, lots, price_half_ticks, fee, by, each.rested) if each.exec_id == exec_id else each
            for each in self.executions
        )


class LiveOrder(Struct):
    """A client order that the engine has, or that the venue holds back. *key* is its ClOrdID in the engine."""

    key: str
    order: NewOrderSingle
    """As it is now: under its latest name, with its latest quantity and prices."""
    sender: str
    history: History
    cum_lots: int = 0
    leaves_lots: int = 0
    held: OrdStatus | None = None
    """SUSPENDED, STOPPED or DONE_FOR_DAY: the engine does not have it. None while it is at work."""
    stopped_at_half_ticks: int = 0
    """Of one that is STOPPED: the price that it is sure to get."""
    accepted_ns: int = 0
    asked_to_cancel: bool = False
    """A client has; otherwise its end is the venue's own doing."""

    @property
    def status(self) -> OrdStatus:
        """While it lives."""
        if self.held is not None:
            return self.held
        return OrdStatus.PARTIALLY_FILLED if self.cum_lots else OrdStatus.NEW


class Ledger:
    """Histories by ClOrdID, for good; live orders by the engine's key, until they end."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._histories: dict[str, History] = {}
        self._live: dict[str, LiveOrder] = {}
        # Asked at every turn of an order's life: the dicts answer for themselves.
        self.history: Callable[[str], History | None] = self._histories.get
        """What became of this ClOrdID; None where it was never seen."""
        self.live: Callable[[str], LiveOrder | None] = self._live.get
        """The live order that the engine knows by this key."""

    def __len__(self) -> int:
        """How many ClOrdIDs are remembered."""
        return len(self._histories)

    @property
    def live_orders(self) -> tuple[LiveOrder, ...]:
        """Client orders that the engine has or the venue holds back, the oldest first."""
        return tuple(self._live.values())

    def open(self, order: NewOrderSingle, sender: str) -> LiveOrder:
        """Make an order known, before the engine gets it. A second one of its ClOrdID gets its own key."""
        cl_ord_id = order.cl_ord_id
        history = self._histories.get(cl_ord_id)
        if history is None:
            history = self._histories[cl_ord_id] = History(cl_ord_id, cl_ord_id)
            key = cl_ord_id
        else:
            key = engine_key(history.root, history.accepted + 1)
        live = self._live[key] = LiveOrder(key, order, sender, history)
        return live

    def rename(self, live: LiveOrder, order: NewOrderSingle) -> None:
        """The order goes on as *order*, whose ClOrdID leads to its history too from now on."""
        live.order = order
        live.history.latest = order.cl_ord_id
        self._histories[order.cl_ord_id] = live.history

    def live_of(self, cl_ord_id: str) -> list[LiveOrder]:
        """The live orders of this ClOrdID, oldest first: at most one, unless duplicates pass."""
        history = self._histories.get(cl_ord_id)
        if history is None:
            return []
        keys = (engine_key(history.root, number) for number in range(1, history.accepted + 1))
        return [self._live[key] for key in keys if key in self._live]

    def close(self, key: str) -> None:
        """The order has ended."""
        del self._live[key]

    def next_exec_id(self, cl_ord_id: str, history: History) -> str:
        """Unique on this venue, and the same in any run in which this order fares the same."""
        history.reports += 1
        return f"{self._venue}/{cl_ord_id}/{history.reports}"

    def status_report(self, cl_ord_id: str, attempt: int) -> OrderStatusReport:
        """The answer to a status request, with every execution so far."""
        history = self._histories.get(cl_ord_id)
        if history is None:
            return OrderStatusReport(cl_ord_id, attempt, None)
        return OrderStatusReport(
            cl_ord_id,
            attempt,
            history.status,
            history.cum_lots,
            history.leaves_lots,
            history.executions,
            "" if history.latest == cl_ord_id else history.latest,
            history.order_lots,
            history.price_half_ticks,
        )


def engine_key(cl_ord_id: str, number: int) -> str:
    """How the engine knows the *number*th order of this ClOrdID: the first one by the ClOrdID itself."""
    return cl_ord_id if number == 1 else f"{cl_ord_id}#{number}"


def cl_ord_id_of(key: str) -> str:
    """The ClOrdID behind an engine's key."""
    return key.partition("#")[0]
