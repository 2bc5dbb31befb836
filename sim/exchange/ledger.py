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
    """All that outlives an order: some 400 bytes with one execution. Nothing else of the venue grows.

    Where the venue takes the same ClOrdID more than once, one history covers all the orders that bear it.
    """

    status: OrdStatus = OrdStatus.REJECTED
    cum_lots: int = 0
    leaves_lots: int = 0
    accepted: int = 0
    """How many orders were accepted under this ClOrdID: one, unless duplicates are not refused."""
    reports: int = 0
    """How many execution reports there have been, sent or not: what numbers the ExecIDs."""
    executions: tuple[Execution, ...] = ()

    def settle(self, ended_as: OrdStatus) -> None:
        """Quantities changed: take the status that they call for, or *ended_as* where nothing is left."""
        if not self.leaves_lots:
            self.status = ended_as
        else:
            self.status = OrdStatus.PARTIALLY_FILLED if self.cum_lots else OrdStatus.NEW


class LiveOrder(Struct):
    """A client order that the engine has. *key* is its ClOrdID in the engine."""

    key: str
    order: NewOrderSingle
    sender: str
    history: History
    cum_lots: int = 0


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
    def live_orders(self) -> int:
        """How many client orders the engine has."""
        return len(self._live)

    def open(self, order: NewOrderSingle, sender: str) -> LiveOrder:
        """Make an order known, before the engine gets it. A second one of its ClOrdID gets its own key."""
        cl_ord_id = order.cl_ord_id
        history = self._histories.get(cl_ord_id)
        if history is None:
            history = self._histories[cl_ord_id] = History()
            key = cl_ord_id
        else:
            key = engine_key(cl_ord_id, history.accepted + 1)
        live = self._live[key] = LiveOrder(key, order, sender, history)
        return live

    def live_of(self, cl_ord_id: str) -> list[LiveOrder]:
        """The live orders of this ClOrdID, oldest first: at most one, unless duplicates pass."""
        history = self._histories.get(cl_ord_id)
        if history is None:
            return []
        keys = (engine_key(cl_ord_id, number) for number in range(1, history.accepted + 1))
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
            cl_ord_id, attempt, history.status, history.cum_lots, history.leaves_lots, history.executions
        )


def engine_key(cl_ord_id: str, number: int) -> str:
    """How the engine knows the *number*th order of this ClOrdID: the first one by the ClOrdID itself."""
    return cl_ord_id if number == 1 else f"{cl_ord_id}#{number}"


def cl_ord_id_of(key: str) -> str:
    """The ClOrdID behind an engine's key."""
    return key.partition("#")[0]
