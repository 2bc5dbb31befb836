"""An OMS's pure part on a stage: commands in short words, and a desk that keeps what came of them."""

from typing import Any

from squall.sim.exchange.wire.messages import (
    CxlRejReason,
    ExecType,
    Execution,
    ExecutionReport,
    OrderStatusReport,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from squall.system.domain.commands import (
    AnyCommand,
    ApplyReport,
    ApplyStatus,
    DoubtOrder,
    JudgeOrder,
    JudgeReplace,
    MarkSent,
    PlaceOrder,
    RefuseReplace,
    ReplaceOrder,
    ReturnOrder,
    WithdrawOrder,
)
from squall.system.domain.events import AnyEvent
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import Denial, UnsentReason
from squall.system.domain.oms import OmsState, decide, evolve
from squall.system.domain.orders import Order
from squall.system.domain.terms import Terms

A = ClOrdID("pulse-ACME-1")
VENUE = Venue("exchange-a")
EPOCH = Epoch(1)


class Desk:
    """An OMS's state, its log, and its orders as they were last seen, ended or not."""

    def __init__(self) -> None:
        self.state = OmsState()
        self.log: list[AnyEvent] = []
        self.orders: dict[ClOrdID, Order] = {}

    def tell(self, *commands: AnyCommand) -> list[AnyEvent]:
        """Returns the events of the last command."""
        events: tuple[AnyEvent, ...] = ()
        for command in commands:
            events = decide(self.state, command, now_ns=1_000 + len(self.log))
            for event in events:
                order = evolve(self.state, event)
                self.log.append(event)
                if order is not None:
                    self.orders[order.cl_ord_id] = order
        return list(events)

    @property
    def order(self) -> Order:
        return self.orders[A]


def place(name: ClOrdID = A, side: Side = Side.BUY, lots: int = 10) -> PlaceOrder:
    return PlaceOrder(
        actor="strategy",
        cl_ord_id=name,
        strategy="pulse",
        terms=Terms(Symbol("ACME"), side, lots, OrdType.LIMIT, TimeInForce.DAY, 20_000),
        intended_ns=5,
    )


def judge(*denials: Denial) -> JudgeOrder:
    return JudgeOrder("risk", A, denials, EPOCH)


def sent(attempt: int = 1) -> MarkSent:
    return MarkSent("execution", A, VENUE, attempt)


def unsent(attempt: int = 1, reason: UnsentReason = UnsentReason.NEVER_ARRIVED) -> ReturnOrder:
    return ReturnOrder("execution", A, attempt, reason, EPOCH, max_reroutes=3)


def doubt(attempt: int = 1) -> DoubtOrder:
    return DoubtOrder("execution", A, VENUE, attempt)


def cancel() -> WithdrawOrder:
    return WithdrawOrder("strategy", A)


def report(kind: ExecType, name: ClOrdID = A, **fields: Any) -> ApplyReport:
    whole: dict[str, Any] = {
        "exec_id": "exchange-a-0",
        "ord_status": OrdStatus.NEW,
        "cl_ord_id": name,
        "order_id": "7",
        "symbol": "ACME",
        "side": Side.BUY,
        "cum_lots": 0,
        "leaves_lots": 0,
    }
    whole.update(fields)
    return ApplyReport(VENUE, name, VENUE, ExecutionReport(exec_type=kind, **whole))


def ack() -> ApplyReport:
    return report(ExecType.NEW)


def fill(exec_id: str, lots: int, cum: int = 0, price: int = 20_000, **fields: Any) -> ApplyReport:
    return report(
        ExecType.TRADE,
        exec_id=exec_id,
        last_lots=lots,
        last_price_half_ticks=price,
        cum_lots=cum,
        **fields,
    )


def status(what: OrdStatus | None, *executions: tuple[str, int, int], cum: int | None = None) -> ApplyStatus:
    listed = tuple(Execution(*execution) for execution in executions)
    total = sum(each.lots for each in listed) if cum is None else cum
    return ApplyStatus(VENUE, A, VENUE, OrderStatusReport(A, attempt=1, status=what, cum_lots=total, executions=listed))


def amend(revision: int = 1, lots: int = 10, price: int | None = 20_010) -> ReplaceOrder:
    return ReplaceOrder("strategy", A, revision, lots, price)


def allow(revision: int = 1, *denials: Denial) -> JudgeReplace:
    return JudgeReplace("risk", A, revision, denials, EPOCH)


def no_replace(reason: CxlRejReason | UnsentReason, revision: int = 1) -> RefuseReplace:
    return RefuseReplace("execution", A, revision, reason.value)


def replaced(revision: int = 1, lots: int = 10, price: int | None = 20_010, cum: int = 0) -> ApplyReport:
    report = ExecutionReport(
        f"exchange-a-r{revision}",
        ExecType.REPLACED,
        OrdStatus.NEW,
        f"{A}~r{revision}",
        "7",
        "ACME",
        Side.BUY,
        cum,
        lots - cum,
        orig_cl_ord_id=A,
        order_lots=lots,
        price_half_ticks=price,
    )
    return ApplyReport(VENUE, A, VENUE, report)


def working(desk: Desk) -> Desk:
    desk.tell(place(), judge(), sent(), ack())
    return desk
