"""Hypothesis strategies for the field's things: the life of an order at a venue, a workload, a plan of faults."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from hypothesis import strategies as st
from msgspec import Struct

from squall.faults.drawn import CATALOGUE, Dice, Drawn
from squall.faults.fault import FaultKind, Plan, Planned
from squall.faults.kinds import tag_of
from squall.scenarios.scenario import Scenario
from squall.scenarios.topology import build
from squall.sim.exchange.wire.messages import (
    ExecType,
    ExecutionReport,
    NewOrderSingle,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from squall.sim.world import World
from squall.system.domain.signals import Schedule, Workload

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000 * MILLISECOND

GRID_NS: Final = 100 * MILLISECOND
"""Of windows: finer ones would be tried for minutes, when a plan shrinks, and would tell nobody more."""
STEPS: Final = 16
"""Of an intensity, for the same reason."""


class OrderLife(Struct, frozen=True):
    """An order, all that its venue reported of it, and what of that was heard, in the order in which it was heard.

    Every report is heard at least once. Where a life is *tidy* it is heard just once and in turn; otherwise reports
    may come twice, and one may overtake another: ExecID and CumQty (lots) tell them apart.
    """

    order: NewOrderSingle
    reports: tuple[ExecutionReport, ...]
    heard: tuple[ExecutionReport, ...]

    @property
    def filled_lots(self) -> int:
        """What was traded in all, each execution counted once."""
        return sum(report.last_lots for report in self.reports)

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to the order at its venue."""
        return bool(self.reports) and self.reports[-1].leaves_lots == 0


def orders(
    symbols: tuple[str, ...] = ("ACME",), max_lots: int = 100, prices: tuple[int, int] = (19_900, 20_100)
) -> st.SearchStrategy[NewOrderSingle]:
    """Limit and market orders with a name of their own; *prices* in half ticks, both ends included."""

    def made(number: int, symbol: str, side: Side, lots: int, limit: int | None, rests: bool) -> NewOrderSingle:
        name = f"order-{number}"
        time_in_force = TimeInForce.DAY if rests and limit is not None else TimeInForce.IOC
        ord_type = OrdType.MARKET if limit is None else OrdType.LIMIT
        return NewOrderSingle(name, name, symbol, side, lots, ord_type, time_in_force, limit)

    limits = st.integers(*prices)
    return st.builds(
        made,
        st.integers(1, 10**6),
        st.sampled_from(symbols),
        st.sampled_from(Side),
        st.integers(1, max_lots),
        limits | st.none(),
        st.booleans(),
    )


@st.composite
def order_lives(
    draw: st.DrawFn,
    of: st.SearchStrategy[NewOrderSingle] | None = None,
    tidy: bool = False,
    venue: str = "exchange-a",
    max_fills: int = 5,
) -> OrderLife:
    """What a venue that keeps its own rules may report of an order: rejected; or acknowledged, filled, canceled."""
    order = draw(of if of is not None else orders())
    reports = _Reports(order, venue)
    if draw(st.integers(0, 9)) == 9:
        reports.rejected(draw(st.sampled_from(OrdRejReason)))
    else:
        reports.acknowledged()
        for _ in range(draw(st.integers(0, max_fills))):
            if reports.leaves_lots:
                price = order.price_half_ticks or draw(st.integers(19_900, 20_100))
                reports.traded(draw(st.integers(1, reports.leaves_lots)), price)
        if reports.leaves_lots and (order.time_in_force is TimeInForce.IOC or draw(st.booleans())):
            reports.canceled()
    told = tuple(reports.told)
    return OrderLife(order, told, told if tidy else draw(_heard(told)))


def _heard(told: tuple[ExecutionReport, ...]) -> st.SearchStrategy[tuple[ExecutionReport, ...]]:
    again = st.lists(st.sampled_from(told), max_size=2)
    return again.flatmap(lambda copies: st.permutations((*told, *copies))).map(tuple)


class _Reports:
    """A venue's side of one order: keeps CumQty and LeavesQty, and names each execution."""

    def __init__(self, order: NewOrderSingle, venue: str) -> None:
        self._order = order
        self._venue = venue
        self.cum_lots = 0
        self.leaves_lots = order.quantity_lots
        self.told: list[ExecutionReport] = []

    def acknowledged(self) -> None:
        self._tell(ExecType.NEW, OrdStatus.NEW)

    def rejected(self, reason: OrdRejReason) -> None:
        self.leaves_lots = 0
        self._tell(ExecType.REJECTED, OrdStatus.REJECTED, reason=reason)

    def canceled(self) -> None:
        self.leaves_lots = 0
        self._tell(ExecType.CANCELED, OrdStatus.CANCELED)

    def traded(self, lots: int, price_half_ticks: int) -> None:
        self.cum_lots += lots
        self.leaves_lots -= lots
        status = OrdStatus.PARTIALLY_FILLED if self.leaves_lots else OrdStatus.FILLED
        self._tell(ExecType.TRADE, status, lots, price_half_ticks)

    def _tell(
        self,
        exec_type: ExecType,
        status: OrdStatus,
        lots: int = 0,
        price_half_ticks: int = 0,
        reason: OrdRejReason | None = None,
    ) -> None:
        order = self._order
        self.told.append(
            ExecutionReport(
                exec_id=f"{self._venue}-{order.cl_ord_id}-{len(self.told) + 1}",
                exec_type=exec_type,
                ord_status=status,
                cl_ord_id=order.cl_ord_id,
                order_id=f"{self._venue}/{order.cl_ord_id}",
                symbol=order.symbol,
                side=order.side,
                cum_lots=self.cum_lots,
                leaves_lots=self.leaves_lots,
                last_lots=lots,
                last_price_half_ticks=price_half_ticks,
                reason=reason,
            )
        )


def workloads(max_orders: int = 60, for_ns: int = 3 * SECOND) -> st.SearchStrategy[Workload]:
    """What a strategy sends within *for_ns* of virtual time: at most *max_orders*, on average if Poisson."""

    def made(
        schedule: Schedule, rate: int, burst: int, lots: tuple[int, int], shares: tuple[float, float, float]
    ) -> Workload:
        buy, marketable, market = shares
        return Workload(
            schedule=schedule,
            orders_per_s=rate,
            start_ns=SECOND // 2,
            stop_ns=SECOND // 2 + for_ns,
            burst=min(burst, rate),
            lots_min=min(lots),
            lots_max=max(lots),
            buy_share=buy,
            marketable_share=marketable,
            market_share=market,
        )

    share = st.sampled_from((0.5, 0.0, 1.0)) | st.floats(0.0, 1.0)
    lots = st.integers(1, 60)
    return st.builds(
        made,
        st.sampled_from((Schedule.STEADY, Schedule.POISSON)),
        st.integers(1, max(1, max_orders * SECOND // for_ns)),
        st.integers(1, 10),
        st.tuples(lots, lots),
        st.tuples(share, share, share),
    )


class _Draws:
    """What stands in for a seed's chance: every draw is Hypothesis's, and shrinks towards full strength.

    Towards the mildest, three faults that each do hardly anything would be a smallest plan: none could be spared.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def uniform(self, key: str) -> float:
        return (STEPS - 1 - self._draw(st.integers(0, STEPS - 1))) / STEPS


def plans(
    kinds: Sequence[type[FaultKind]] | None = None,
    max_faults: int = 4,
    window_ns: tuple[int, int] = (2 * SECOND, 12 * SECOND),
    of: Callable[[], Scenario] | None = None,
) -> st.SearchStrategy[Plan]:
    """One to *max_faults* faults within the window, all healed when it ends; what fails shrinks to a smallest plan.

    *kinds* are those to draw from, by default all of `squall.faults.drawn`; targets are those of the world of the
    scenario *of*, by default two venues and two symbols. ValueError for a kind that is not drawn, or a window that is
    none.
    """
    drawn = [each for rows in CATALOGUE.values() for each in rows if kinds is None or each.kind in kinds]
    missing = [tag_of(kind) for kind in kinds or () if kind not in [each.kind for each in drawn]]
    if missing or not drawn:
        known = ", ".join(dict.fromkeys(tag_of(each.kind) for rows in CATALOGUE.values() for each in rows))
        raise ValueError(f"plans: no drawn kind {', '.join(missing) or 'at all'}; there are {known}")
    if not 0 <= window_ns[0] + MILLISECOND <= window_ns[1]:
        raise ValueError(f"plans: the window must begin before it ends, found {window_ns[0]} ns to {window_ns[1]} ns")
    scenario = of() if of is not None else Scenario(workload=Workload(orders_per_s=1))
    world = build("plans", msgspec.structs.replace(scenario, plan=()), seed=0, with_faults=False).world
    # Whether a fault is in the plan is a draw of its own: leaving one out then moves no other draw, and is tried first.
    each = st.tuples(st.booleans(), _faults(world, drawn, window_ns))
    return st.lists(each, min_size=1, max_size=max_faults).map(_those_that_are_in)


def _those_that_are_in(drawn: list[tuple[bool, Planned]]) -> Plan:
    """The faults that are switched on; the first where none is, since a plan has one at the least."""
    return tuple(planned for on, planned in drawn if on) or (drawn[0][1],)


@st.composite
def _faults(draw: st.DrawFn, world: World, kinds: Sequence[Drawn], window_ns: tuple[int, int]) -> Planned:
    """A fault of one of these kinds, somewhere in the window, as early, as brief and as strong as it may be."""
    drawn = draw(st.sampled_from(kinds))
    length_ns = window_ns[1] - window_ns[0]
    grid_ns = max(min(GRID_NS, length_ns // 2), MILLISECOND)
    start_ns = draw(st.integers(0, (length_ns - 1) // grid_ns)) * grid_ns
    longest_ns = min(drawn.longest_ns, length_ns - start_ns)
    shortest_ns = min(drawn.shortest_ns, longest_ns)
    lasts_ns = min(shortest_ns + draw(st.integers(0, (longest_ns - shortest_ns) // grid_ns)) * grid_ns, longest_ns)
    fault = drawn.draw(world, Dice(_Draws(draw), ""))
    start_ns += window_ns[0]
    return Planned(fault, start_ns, start_ns + lasts_ns, must_touch=False)
