"""Whatever happens to orders, in whatever order and however often: the real OMS agrees with a small model."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from squall.sim.exchange.wire.messages import (
    ExecType,
    Execution,
    ExecutionReport,
    OrderStatusReport,
    OrdRejReason,
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
    RefuseCancel,
    RefuseReplace,
    ReplaceOrder,
    ReturnOrder,
    WithdrawOrder,
)
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.events import OrderFilled
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import Denial, DenyReason, UnsentReason
from squall.system.domain.oms import OmsState, decide, evolve, rebuild
from squall.system.domain.terms import Terms
from tests.profiles import examples
from tests.system.reference_oms import ReferenceOms

NAMES = ("pulse-ACME-1", "pulse-ACME-2", "pulse-ACME-3")
VENUE = Venue("exchange-a")
MAX_REROUTES = 2

STATUSES = (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED, OrdStatus.FILLED, OrdStatus.CANCELED, OrdStatus.REJECTED)
"""Those that the model knows."""
names = st.sampled_from(NAMES)
attempts = st.integers(1, MAX_REROUTES + 2)
lots = st.integers(1, 12)
prices = st.integers(19_990, 20_010)
executions = st.sampled_from([f"exchange-a-{n}" for n in range(1, 13)])


class OrderLives(RuleBasedStateMachine):
    """Three orders, a venue that may say anything in any order, and restarts from the log at any point."""

    @initialize()
    def a_desk_opens(self) -> None:
        self.state = OmsState()
        self.model = ReferenceOms(MAX_REROUTES)
        self.log: list[bytes] = []
        self.hashes = [self.state.hash()]
        self.booked: list[str] = []
        self.ends: dict[str, str] = {}
        self.money: dict[str, tuple[int, int]] = {}

    def tell(self, command: AnyCommand) -> None:
        """To the real OMS; its log and the hash after every event are kept."""
        for event in decide(self.state, command, now_ns=len(self.log)):
            order = evolve(self.state, event)
            self.log.append(encode_event(event))
            self.hashes.append(self.state.hash())
            if isinstance(event, OrderFilled):
                self.booked.append(event.exec_id)
            if order is not None:
                self.money[order.cl_ord_id] = (order.cum_lots, order.cum_notional)
                if order.ended:
                    self.ends[order.cl_ord_id] = order.state.value

    @rule(name=names, quantity=lots)
    def submit(self, name: str, quantity: int) -> None:
        self.model.submit(name, quantity, 20_010)
        self.tell(
            PlaceOrder(
                actor="strategy",
                cl_ord_id=ClOrdID(name),
                strategy="pulse",
                terms=Terms(Symbol("ACME"), Side.BUY, quantity, OrdType.LIMIT, TimeInForce.DAY, 20_010),
                intended_ns=0,
            )
        )

    def known(self) -> bool:
        return bool(self.model.orders)

    def pick(self, name: str) -> str:
        """This order, or where it is not there yet, the first that is."""
        return name if name in self.model.orders else next(iter(self.model.orders))

    @precondition(known)
    @rule(name=names)
    def approve(self, name: str) -> None:
        name = self.pick(name)
        self.model.judge(name, True)
        self.tell(JudgeOrder("risk", ClOrdID(name), (), Epoch(1)))

    @precondition(known)
    @rule(name=names)
    def deny(self, name: str) -> None:
        name = self.pick(name)
        self.model.judge(name, False)
        denial = Denial(DenyReason.ORDER_SIZE, 20_000, 10_000)
        self.tell(JudgeOrder("risk", ClOrdID(name), (denial,), Epoch(1)))

    @precondition(known)
    @rule(name=names, attempt=attempts)
    def leave(self, name: str, attempt: int) -> None:
        name = self.pick(name)
        self.model.sent(name, attempt)
        self.tell(MarkSent("execution", ClOrdID(name), VENUE, attempt))

    @precondition(known)
    @rule(name=names, attempt=attempts, reason=st.sampled_from(UnsentReason))
    def come_back_unsent(self, name: str, attempt: int, reason: UnsentReason) -> None:
        name = self.pick(name)
        self.model.returned(name, attempt, reason.value)
        self.tell(ReturnOrder("execution", ClOrdID(name), attempt, reason, Epoch(1), MAX_REROUTES))

    @precondition(known)
    @rule(name=names, attempt=attempts)
    def fall_into_doubt(self, name: str, attempt: int) -> None:
        name = self.pick(name)
        self.model.doubt(name, attempt)
        self.tell(DoubtOrder("execution", ClOrdID(name), VENUE, attempt))

    def report(
        self,
        name: str,
        kind: ExecType,
        execution: str = "exchange-a-0",
        cum: int = 0,
        last: int = 0,
        price: int = 0,
        reason: OrdRejReason | None = None,
    ) -> None:
        report = ExecutionReport(
            exec_id=execution,
            exec_type=kind,
            ord_status=OrdStatus.NEW,
            cl_ord_id=name,
            order_id="1",
            symbol="ACME",
            side=Side.BUY,
            cum_lots=cum,
            leaves_lots=0,
            last_lots=last,
            last_price_half_ticks=price,
            reason=reason,
        )
        self.tell(ApplyReport(VENUE, ClOrdID(name), VENUE, report))

    @precondition(known)
    @rule(name=names)
    def acknowledge(self, name: str) -> None:
        name = self.pick(name)
        self.model.acknowledge(name)
        self.report(name, ExecType.NEW)

    @precondition(known)
    @rule(name=names, execution=executions, last=lots, price=prices, missed=st.integers(0, 3))
    def trade(self, name: str, execution: str, last: int, price: int, missed: int) -> None:
        """A fill: partial, whole, too much, early, late, once more, or behind one that was lost."""
        name = self.pick(name)
        cum = self.model.orders[name].filled + last + missed
        self.model.trade(name, execution, last, price, cum)
        self.report(name, ExecType.TRADE, execution, cum, last, price)

    @precondition(known)
    @rule(name=names, execution=executions, price=prices)
    def fill_what_is_left(self, name: str, execution: str, price: int) -> None:
        name = self.pick(name)
        order = self.model.orders[name]
        last = max(order.leaves, 1)
        self.model.trade(name, execution, last, price, order.quantity)
        self.report(name, ExecType.TRADE, execution, order.quantity, last, price)

    @precondition(known)
    @rule(name=names)
    def ask_to_cancel(self, name: str) -> None:
        name = self.pick(name)
        self.model.cancel(name)
        self.tell(WithdrawOrder("strategy", ClOrdID(name)))

    @precondition(known)
    @rule(name=names, reason=st.sampled_from(("too late to cancel", "unknown order", "session down", "fenced")))
    def refuse_the_cancel(self, name: str, reason: str) -> None:
        name = self.pick(name)
        self.model.cancel_refused(name, reason)
        self.tell(RefuseCancel("execution", ClOrdID(name), reason))

    @precondition(known)
    @rule(name=names, missed=st.integers(-1, 2))
    def cancel(self, name: str, missed: int) -> None:
        name = self.pick(name)
        cum = self.model.orders[name].filled + missed
        self.model.canceled(name, cum)
        self.report(name, ExecType.CANCELED, cum=cum)

    @precondition(known)
    @rule(name=names, missed=st.integers(-1, 2))
    def expire(self, name: str, missed: int) -> None:
        name = self.pick(name)
        cum = self.model.orders[name].filled + missed
        self.model.expired(name, cum)
        self.report(name, ExecType.EXPIRED, cum=cum)

    @precondition(known)
    @rule(name=names, kind=st.sampled_from((ExecType.STOPPED, ExecType.SUSPENDED, ExecType.DONE_FOR_DAY)))
    def hold_back(self, name: str, kind: ExecType) -> None:
        name = self.pick(name)
        self.model.held(name, kind.value)
        self.report(name, kind)

    @precondition(known)
    @rule(name=names)
    def restate(self, name: str) -> None:
        name = self.pick(name)
        self.model.restated(name)
        self.report(name, ExecType.RESTATED)

    @precondition(known)
    @rule(name=names, revision=st.integers(1, 3), quantity=st.integers(1, 20), price=st.sampled_from((20_010, 20_020)))
    def ask_for_other_terms(self, name: str, revision: int, quantity: int, price: int) -> None:
        name = self.pick(name)
        self.model.wanted_otherwise(name, revision, quantity, price)
        self.tell(ReplaceOrder("strategy", ClOrdID(name), revision, quantity, price))

    @precondition(known)
    @rule(name=names, revision=st.integers(1, 3), approved=st.booleans())
    def judge_the_wish(self, name: str, revision: int, approved: bool) -> None:
        name = self.pick(name)
        self.model.wish_judged(name, revision, approved)
        denials = () if approved else (Denial(DenyReason.ORDER_SIZE, 20_000, 10_000),)
        self.tell(JudgeReplace("risk", ClOrdID(name), revision, denials, Epoch(1)))

    @precondition(known)
    @rule(
        name=names,
        revision=st.integers(1, 3),
        reason=st.sampled_from(("too late to cancel", "unknown order", "duplicate ClOrdID", "fenced", "session down")),
    )
    def refuse_the_wish(self, name: str, revision: int, reason: str) -> None:
        name = self.pick(name)
        self.model.wish_refused(name, revision, reason)
        self.tell(RefuseReplace("execution", ClOrdID(name), revision, reason))

    @precondition(known)
    @rule(name=names, revision=st.integers(1, 3), quantity=st.integers(1, 20), missed=st.integers(0, 2))
    def replace(self, name: str, revision: int, quantity: int, missed: int) -> None:
        name = self.pick(name)
        cum = self.model.orders[name].filled + missed
        self.model.replaced(name, revision, quantity, 20_030, cum)
        report = ExecutionReport(
            exec_id="exchange-a-r",
            exec_type=ExecType.REPLACED,
            ord_status=OrdStatus.NEW,
            cl_ord_id=f"{name}~r{revision}",
            order_id="1",
            symbol="ACME",
            side=Side.BUY,
            cum_lots=cum,
            leaves_lots=0,
            order_lots=quantity,
            price_half_ticks=20_030,
        )
        self.tell(ApplyReport(VENUE, ClOrdID(name), VENUE, report))

    @precondition(known)
    @rule(name=names, duplicate=st.booleans())
    def reject(self, name: str, duplicate: bool) -> None:
        name = self.pick(name)
        if duplicate:
            self.model.refused_as_duplicate(name)
        else:
            self.model.rejected(name)
        reason = OrdRejReason.DUPLICATE_ORDER if duplicate else OrdRejReason.INVALID_PRICE
        self.report(name, ExecType.REJECTED, reason=reason)

    @precondition(known)
    @rule(
        name=names,
        status=st.sampled_from(STATUSES),
        listed=st.dictionaries(executions, st.tuples(lots, prices), max_size=3),
        missed=st.integers(0, 1),
    )
    def report_the_status(self, name: str, status: OrdStatus, listed: dict[str, tuple[int, int]], missed: int) -> None:
        name = self.pick(name)
        new = sum(size for execution, (size, _) in listed.items() if execution not in self.model.booked)
        cum = self.model.orders[name].filled + new + missed
        self.model.status(name, status.value, listed, cum)
        report = OrderStatusReport(
            cl_ord_id=name,
            attempt=1,
            status=status,
            cum_lots=cum,
            executions=tuple(Execution(execution, size, price) for execution, (size, price) in listed.items()),
        )
        self.tell(ApplyStatus(VENUE, ClOrdID(name), VENUE, report))

    @rule(share=st.floats(0, 1))
    def restart(self, share: float) -> None:
        """From the log: any prefix gives the state of then, and we go on with the one that it all gives."""
        prefix = int(share * len(self.log))
        assert rebuild(map(decode_event, self.log[:prefix])).hash() == self.hashes[prefix]
        self.state = rebuild(map(decode_event, self.log))
        assert self.state.hash() == self.hashes[-1]

    @invariant()
    def the_oms_agrees_with_the_model(self) -> None:
        for name, expected in self.model.orders.items():
            live = self.state.orders.get(ClOrdID(name))
            assert (self.ends.get(name) if live is None else live.state.value) == expected.state
            assert self.money[name] == (expected.filled, expected.notional)
            if live is not None:
                assert (live.attempt, live.cum_lots) == (expected.attempt, expected.filled)

    @invariant()
    def every_execution_is_booked_or_set_aside_once(self) -> None:
        assert sorted(self.booked) == sorted(self.model.booked)
        assert sorted(self.state.exec_ids) == sorted({**self.model.booked, **self.model.quarantined})
        assert self.state.quarantined == len(self.model.quarantined)


OrderLives.TestCase.settings = settings(
    max_examples=examples(150),
    stateful_step_count=40,
)
TestOrderLives = OrderLives.TestCase


def test_a_wish_that_was_denied_since_another_was_pending_leaves_that_one_as_it_was() -> None:
    """Found by one life of some two thousand: the model took the answer to the first wish for one to nobody."""
    lives = OrderLives()
    lives.a_desk_opens()
    lives.submit(name="pulse-ACME-1", quantity=2)
    lives.approve(name="pulse-ACME-1")
    lives.acknowledge(name="pulse-ACME-1")
    for revision in (1, 2):
        lives.ask_for_other_terms(name="pulse-ACME-1", price=20_010, quantity=1, revision=revision)
        lives.the_oms_agrees_with_the_model()
    lives.judge_the_wish(name="pulse-ACME-1", revision=1, approved=False)
    lives.the_oms_agrees_with_the_model()
