"""Laws of an order's life, for any stream of commands, sane or not: replaces, busts, holds, doubles and strays too."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import CxlRejReason, ExecType, Execution, OrderStatusReport, OrdStatus
from squall.system.domain import snapshots
from squall.system.domain.commands import AnyCommand, ApplyStatus, RefuseCancel
from squall.system.domain.events import AnyEvent, OrderFilled, OrderReplaced, TradeBusted, TradeCorrected
from squall.system.domain.ids import ClOrdID
from squall.system.domain.oms import rebuild
from tests.profiles import examples
from tests.system.oms_stage import (
    VENUE,
    A,
    Desk,
    allow,
    amend,
    cancel,
    doubt,
    judge,
    no_replace,
    place,
    replaced,
    report,
    sent,
    unsent,
    working,
)

few = st.integers(1, 6)
executions = st.sampled_from(("e1", "e2", "e3", "e4"))
amendments = st.sampled_from(("c1", "c2", "c3"))
revisions = st.integers(1, 3)
prices = st.sampled_from((19_990, 20_000, 20_010))
PLAIN = (ExecType.NEW, ExecType.SUSPENDED, ExecType.STOPPED, ExecType.DONE_FOR_DAY, ExecType.RESTATED)
ENDS = (ExecType.CANCELED, ExecType.EXPIRED, ExecType.REJECTED)


def _told(status: OrdStatus | None, listed: dict[str, tuple[int, int, str]], latest: int, lots: int) -> ApplyStatus:
    each = tuple(Execution(name, size, price, 0, by) for name, (size, price, by) in listed.items())
    cum, name = sum(one.lots for one in each), f"{A}~r{latest}" if latest else ""
    answer = OrderStatusReport(A, 1, status, cum, max(lots - cum, 0), each, name, lots if latest else 0, 20_000)
    return ApplyStatus(VENUE, A, VENUE, answer)


commands = st.one_of(
    st.builds(place, lots=st.just(10)),
    st.just(judge()),
    st.builds(sent, few),
    st.builds(unsent, few),
    st.builds(doubt, few),
    st.just(cancel()),
    st.builds(lambda reason: RefuseCancel("execution", A, reason.value), st.sampled_from(CxlRejReason)),
    st.builds(amend, revisions, st.integers(1, 20), prices),
    st.builds(allow, revisions),
    st.builds(no_replace, st.sampled_from(CxlRejReason), revisions),
    st.builds(lambda r, lots, cum: replaced(r, lots, cum=cum), revisions, st.integers(1, 20), st.integers(0, 10)),
    st.builds(report, st.sampled_from(PLAIN)),
    st.builds(lambda kind, cum: report(kind, cum_lots=cum), st.sampled_from(ENDS), st.integers(0, 10)),
    st.builds(
        lambda name, lots, price, cum: report(
            ExecType.TRADE, exec_id=name, last_lots=lots, last_price_half_ticks=price, cum_lots=cum
        ),
        executions,
        few,
        prices,
        st.integers(0, 12),
    ),
    st.builds(
        lambda kind, name, ref, lots, price: report(
            kind, exec_id=name, exec_ref_id=ref, last_lots=lots, last_price_half_ticks=price
        ),
        st.sampled_from((ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)),
        amendments,
        executions | amendments,
        few,
        prices,
    ),
    st.builds(
        _told,
        st.none() | st.sampled_from(OrdStatus),
        st.dictionaries(executions, st.tuples(st.integers(0, 6), prices, st.just("") | amendments), max_size=3),
        st.integers(0, 3),
        st.integers(1, 20),
    ),
    st.just(report(ExecType.NEW, name=ClOrdID("stray"))),
)


class Ledger:
    """What each execution counts for, read off the events, by nothing of the desk's."""

    def __init__(self) -> None:
        self.counts: dict[str, tuple[int, int]] = {}
        self.booked: list[str] = []

    def take(self, event: AnyEvent) -> None:
        match event:
            case OrderFilled():
                self.booked.append(event.exec_id)
                self.counts[event.exec_id] = (event.lots, event.price_half_ticks)
            case TradeBusted():
                self.counts[event.ref_exec_id] = (0, 0)
            case TradeCorrected():
                assert self.counts[event.ref_exec_id] == (event.was_lots, event.was_price_half_ticks)
                self.counts[event.ref_exec_id] = (event.lots, event.price_half_ticks)

    @property
    def lots(self) -> int:
        return sum(lots for lots, _ in self.counts.values())

    @property
    def notional(self) -> int:
        return sum(lots * price for lots, price in self.counts.values())


def _lived(stream: list[AnyCommand], begun: bool) -> Desk:
    """The stream, played; the laws are looked at after each command."""
    desk = working(Desk()) if begun else Desk()
    ledger = Ledger()
    for event in desk.log:
        ledger.take(event)
    for command in stream:
        for event in desk.tell(command):
            ledger.take(event)
        order = desk.state.order(A)
        if order is None:
            continue
        assert (order.cum_lots, order.cum_notional) == (ledger.lots, ledger.notional)
        average = Fraction(ledger.notional, ledger.lots) if ledger.lots else Fraction(0)
        assert order.average_price_half_ticks == average
        assert order.terms.quantity_lots == order.cum_lots + order.leaves_lots
        if not order.ended:
            assert order.leaves_lots >= 0 or any(isinstance(each, OrderReplaced) for each in desk.log)
    assert len(ledger.booked) == len(dict.fromkeys(ledger.booked)), "an execution was booked twice"
    return desk


@given(stream=st.lists(commands, max_size=40), begun=st.booleans())
@settings(max_examples=examples(200))
def test_quantities_and_the_average_price_are_those_of_the_fills_that_stand(
    stream: list[AnyCommand], begun: bool
) -> None:
    _lived(stream, begun)


@given(stream=st.lists(commands, max_size=25), begun=st.booleans(), cut=st.floats(0, 1))
@settings(max_examples=examples(100))
def test_rebuilt_is_live_at_every_prefix_and_from_a_snapshot_at_any(
    stream: list[AnyCommand], begun: bool, cut: float
) -> None:
    desk = working(Desk()) if begun else Desk()
    hashes = {len(desk.log): desk.state.hash()}
    for command in stream:
        desk.tell(command)
        hashes[len(desk.log)] = desk.state.hash()
    for version, expected in hashes.items():
        assert rebuild(desk.log[:version]).hash() == expected
    at = int(cut * len(desk.log))
    restored = snapshots.restore(snapshots.take(rebuild(desk.log[:at])))
    assert snapshots.take(rebuild(desk.log[at:], restored)) == snapshots.take(desk.state)


@given(stream=st.lists(commands, max_size=25))
@settings(max_examples=examples(100))
def test_nothing_that_is_told_twice_counts_twice(stream: list[AnyCommand]) -> None:
    desk = working(Desk())
    for command in stream:
        desk.tell(command)
        order = desk.state.order(A)
        desk.tell(command)
        again = desk.state.order(A)
        assert order is not None
        assert again is not None
        assert (order.cum_lots, order.cum_notional) == (again.cum_lots, again.cum_notional)
        assert order.terms == again.terms
