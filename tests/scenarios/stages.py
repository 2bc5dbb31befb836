"""A stage that nobody plays on: a test tells the trace what happened, and asks a judge what it makes of it."""

from typing import Any

from squall.scenarios.desk import Desk
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Judge, Market, Promise, Ruling, Scenario
from squall.scenarios.settings import Settings, override
from squall.scenarios.topology import build
from squall.sim.exchange.wire.messages import (
    ExecType,
    Execution,
    ExecutionReport,
    NewOrderSingle,
    OrderStatusReport,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from squall.sim.trace import Handled, Sent, VenueAccepted, VenueClosed, VenueExecuted, VenueRefused
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import RouteOrder, SendOrder, SubmitOrder
from squall.system.domain.signals import Workload

MS = 1_000_000
SECOND = 1_000 * MS


class Tale:
    """Events as a test tells them, at times that it names, on a real stage whose hosts were never switched on."""

    def __init__(
        self,
        *overrides: str,
        desk: Desk | None = None,
        workload: Workload | None = None,
        market: Market | None = None,
    ) -> None:
        settings = Settings()
        for assignment in overrides:
            settings = override(settings, assignment)
        scenario = Scenario(workload or Workload(), settings=settings, desk=desk, market=market or Market())
        self.stage = build("a tale", scenario, seed=1)
        self.world = self.stage.world
        self._executions = 0

    def at(self, at_ns: int) -> None:
        """It is *at_ns* from now on."""
        self.world.run_until(at_ns)

    def judge(self, promise: Promise) -> Judge:
        """The judge of this promise, watching from now on."""
        return promise.judge(self.stage)

    def stored(self, host: str, file: str, *records: bytes) -> None:
        """These records are on the host's disk."""
        for data in records:
            self.world.host(host).disk.append(file, data, lambda _: None)
        self.world.run_until(self.world.kernel.now_ns + 1 * MS)

    # --- what the world sees; each returns the record's seq ---

    def saw(self, event: Any, host: str = "somewhere") -> int:
        return self.world.trace.observe(host, event)

    def heard(self, claim: Any, host: str = "somewhere") -> int:
        """A program says so itself."""
        return self.world.trace.claim(host, claim)

    def sent(self, sender: str, to: str, message: Any) -> int:
        return self.saw(Sent(sender, to, message), sender)

    def handled(self, to: str, sender: str, message: Any) -> int:
        return self.saw(Handled(to, sender, message), to)

    # --- an order's way ---

    def submitted(self, order: str, lots: int = 10) -> int:
        """The strategy wants this."""
        return self.sent("strategy", "oms1", submit(order, lots))

    def routed(self, order: str, epoch: int, venue: str = "exchange-a") -> int:
        """Execution gets the order from the router, on behalf of an epoch."""
        return self.handled("execution", "router", SendOrder(Venue(venue), route(order, epoch)))

    def left(self, order: str, venue: str = "exchange-a", name: str | None = None, lots: int = 10) -> int:
        """The order goes out on the wire."""
        return self.sent("execution", venue, new_order(order, name, lots))

    def refused(self, order: str, venue: str = "exchange-a") -> int:
        """The venue wants none of it."""
        return self.saw(VenueRefused(venue, order, "invalid price"), venue)

    def answered(self, order: str, venue: str = "exchange-a", kind: ExecType = ExecType.NEW) -> int:
        """The venue's report comes in."""
        return self.handled("execution", venue, report(order, kind))

    def accepted(
        self,
        order: str,
        lots: int = 10,
        venue: str = "exchange-a",
        name: str | None = None,
        buy: bool = True,
        symbol: str = "ACME",
    ) -> int:
        """The venue's engine takes it; *name* is the ClOrdID where it is not the order's own."""
        return self.saw(VenueAccepted(venue, name or order, order, symbol, buy, lots, 20_000, False), venue)

    def executed(
        self,
        order: str,
        lots: int = 10,
        venue: str = "exchange-a",
        name: str | None = None,
        buy: bool = True,
        symbol: str = "ACME",
        price_half_ticks: int = 20_000,
    ) -> int:
        self._executions += 1
        exec_id = f"{venue}/{self._executions}"
        event = VenueExecuted(venue, exec_id, name or order, order, symbol, buy, lots, price_half_ticks)
        return self.saw(event, venue)

    def closed(self, order: str, leaves_lots: int = 0, venue: str = "exchange-a", name: str | None = None) -> int:
        return self.saw(VenueClosed(venue, name or order, order, leaves_lots), venue)


def submit(order: str, lots: int = 10, intended_ns: int = 0, ioc: bool = False) -> SubmitOrder:
    return SubmitOrder(
        cl_ord_id=ClOrdID(order),
        strategy="pulse",
        symbol=Symbol("ACME"),
        side=Side.BUY,
        quantity_lots=lots,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.IOC if ioc else TimeInForce.DAY,
        price_half_ticks=20_000,
        intended_ns=intended_ns,
    )


def route(order: str, epoch: int, lots: int = 10) -> RouteOrder:
    return RouteOrder(
        epoch=Epoch(epoch),
        cl_ord_id=ClOrdID(order),
        symbol=Symbol("ACME"),
        side=Side.BUY,
        quantity_lots=lots,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        price_half_ticks=20_000,
        attempt=1,
    )


def new_order(order: str, name: str | None = None, lots: int = 10) -> NewOrderSingle:
    return NewOrderSingle(
        cl_ord_id=name or order,
        cl_ord_link_id=order,
        symbol="ACME",
        side=Side.BUY,
        quantity_lots=lots,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        price_half_ticks=20_000,
    )


def report(order: str, kind: ExecType = ExecType.NEW, leaves_lots: int = 10) -> ExecutionReport:
    return ExecutionReport(
        exec_id=f"exec-{order}-{kind.value}",
        exec_type=kind,
        ord_status=OrdStatus.NEW,
        cl_ord_id=order,
        order_id=f"venue-{order}",
        symbol="ACME",
        side=Side.BUY,
        cum_lots=10 - leaves_lots,
        leaves_lots=leaves_lots,
    )


def status(order: str, filled_lots: int = 0, leaves_lots: int = 10, known: bool = True) -> OrderStatusReport:
    """The answer to a question about this order."""
    if not known:
        return OrderStatusReport(order, 1, None)
    executions = (Execution(f"exec-{order}", filled_lots, 20_000),) if filled_lots else ()
    return OrderStatusReport(order, 1, OrdStatus.NEW, filled_lots, leaves_lots, executions)


def held(ruling: Ruling) -> bool:
    return ruling.verdict is Verdict.PASS


def fired(ruling: Ruling) -> bool:
    return ruling.verdict is Verdict.VIOLATED


def undecided(ruling: Ruling) -> bool:
    return ruling.verdict is Verdict.INCONCLUSIVE
