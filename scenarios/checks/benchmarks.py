"""How well parents were executed is told truly, and a VWAP follows the volume that was recorded."""

from collections import deque
from fractions import Fraction
from math import floor
from typing import Final

from msgspec.msgpack import Decoder

from squall.scenarios.checks.parents import Parents, parent_of
from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.checks.tape import watch_tape
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import Handled, Record, Sent, TouchChanged, VenueAccepted, VenueClosed
from squall.system.domain.history import DAY_NS
from squall.system.domain.messages import Algorithm, Bar, ParentAnswered, ParentDone, ParentMeasured, ParentOrder
from squall.system.domain.profile import Basis
from squall.system.services.tick_store import FILE

CLOCKS_NS: Final = 2_000_000
"""How far the clocks of the desk and of the world may be apart, with the way from a venue to it."""
TAPE_SLACK_HALF_TICKS: Final = 2
"""A trade at the edge of a bar may be in the next one."""
ARRIVAL_MEMORY_NS: Final = 500_000_000


class _Middles:
    """The middles of the best touch of all venues, as they were in the last half second."""

    def __init__(self) -> None:
        self._touches: dict[str, tuple[int, int]] = {}
        self._past: deque[tuple[int, int]] = deque()

    def show(self, at_ns: int, event: TouchChanged) -> None:
        if event.bid_half_ticks and event.ask_half_ticks:
            self._touches[event.venue] = (event.bid_half_ticks, event.ask_half_ticks)
        else:
            self._touches.pop(event.venue, None)
        if self._touches:
            bids, asks = zip(*self._touches.values(), strict=True)
            self._past.append((at_ns, max(bids) + min(asks)))

    def since(self, from_ns: int) -> list[int]:
        """Those of this time, doubled; what stood when it began is one of them."""
        stood = [twice for at_ns, twice in self._past if at_ns <= from_ns][-1:]
        return [*stood, *(twice for at_ns, twice in self._past if at_ns > from_ns)]


class _Measured:
    """Recomputes every report from the client's order, the venues' executions, their books and their tapes."""

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._bar_ns = stage.floor.settings.desk.history.bar_ns
        self._poor_bps = stage.floor.settings.desk.algos.poor_execution_bps
        self._middles: dict[str, _Middles] = {}
        self._arrivals: dict[str, list[int]] = {}
        self._windows: dict[str, int] = {}
        """When each parent's window begins, as the OMS was told."""
        self._ends: dict[str, int] = {}
        self._tape: dict[str, list[tuple[int, int, int]]] = {}
        self._traded: dict[str, tuple[int, int]] = {}
        self._reports: dict[str, ParentMeasured] = {}
        self._whole = 0
        self._docket = Docket()
        self._clients = stage.wiring.clients
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_parent, Handled, ParentOrder)
        trace.watch(self._on_done, Sent, ParentDone)
        trace.watch(self._on_report, Handled, ParentMeasured)
        watch_standing(trace, self._on_standing)
        watch_tape(stage, self._on_trade)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        self._middles.setdefault(event.symbol, _Middles()).show(record.at_ns, event)

    def _on_parent(self, record: Record) -> None:
        order: ParentOrder = record.event.message
        if record.event.sender == self._clients:
            if order.cl_ord_id not in self._arrivals and order.symbol in self._middles:
                middles = self._middles[order.symbol].since(record.at_ns - ARRIVAL_MEMORY_NS)
                self._arrivals[order.cl_ord_id] = middles
        else:
            self._windows.setdefault(order.cl_ord_id, order.start_ns)

    def _on_done(self, record: Record) -> None:
        self._ends.setdefault(record.event.message.cl_ord_id, record.at_ns)

    def _on_trade(self, record: Record, symbol: str, price_half_ticks: int, lots: int) -> None:
        self._tape.setdefault(symbol, []).append((record.at_ns, price_half_ticks, lots))

    def _on_standing(self, record: Record, it: Standing) -> None:
        name = parent_of(it.order)
        lots, notional = self._traded.get(name, (0, 0))
        self._traded[name] = (lots + it.lots, notional + it.notional)

    def _on_report(self, record: Record) -> None:
        report: ParentMeasured = record.event.message
        order = self._parents.orders.get(report.cl_ord_id)
        if order is None or report.cl_ord_id in self._reports:
            return
        self._reports[report.cl_ord_id] = report
        for complaint in (self._of_trades(report), self._of_arrival(report), self._of_tape(order, report)):
            if complaint:
                self._docket.violated(record, f"{report.cl_ord_id}: {complaint}")
        for complaint in self._of_costs(order, report):
            self._docket.violated(record, f"{report.cl_ord_id}: {complaint}")

    def _of_trades(self, report: ParentMeasured) -> str:
        lots, notional = self._traded.get(report.cl_ord_id, (0, 0))
        if (report.filled_lots, report.notional) == (lots, notional):
            return ""
        return f"told of {report.filled_lots} lots for {report.notional}, venues executed {lots} for {notional}"

    def _of_arrival(self, report: ParentMeasured) -> str:
        middles = self._arrivals.get(report.cl_ord_id)
        if report.arrival_twice is None or not middles or min(middles) <= report.arrival_twice <= max(middles):
            return ""
        shown = f"{min(middles)} to {max(middles)}"
        return f"told of an arrival at {report.arrival_twice} (doubled half ticks), venues showed {shown}"

    def _of_tape(self, order: ParentOrder, report: ParentMeasured) -> str:
        start_ns, end_ns = self._windows.get(report.cl_ord_id), self._ends.get(report.cl_ord_id)
        if report.bars_missing or not report.tape_lots or start_ns is None or end_ns is None:
            return ""
        self._whole += 1
        # An end at the edge of a bar, such as the close, is before it by one clock and after it by another.
        by_clocks = (end_ns - CLOCKS_NS, end_ns + CLOCKS_NS)
        ends = dict.fromkeys(-(-at_ns // self._bar_ns) * self._bar_ns for at_ns in by_clocks)
        from_ns = start_ns // self._bar_ns * self._bar_ns
        found = [vwap for to_ns in ends if (vwap := self._vwap(order.symbol, from_ns, to_ns)) is not None]
        if not found:
            return f"told of {report.tape_lots} lots on a tape that shows none"
        told = Fraction(report.tape_turnover, report.tape_lots)
        if min(abs(told - mine) for mine in found) <= TAPE_SLACK_HALF_TICKS:
            return ""
        return f"told of a VWAP of {float(told):.2f} half ticks, the tapes say {float(found[-1]):.2f}"

    def _vwap(self, symbol: str, from_ns: int, to_ns: int) -> Fraction | None:
        """Of all that the tapes have shown in this time; None where they have shown nothing."""
        trades = [(price, lots) for at_ns, price, lots in self._tape.get(symbol, ()) if from_ns <= at_ns < to_ns]
        lots = sum(lots for _, lots in trades)
        return Fraction(sum(price * lots for price, lots in trades), lots) if lots else None

    def _of_costs(self, order: ParentOrder, report: ParentMeasured) -> list[str]:
        """Against its own benchmarks, which are judged above."""
        arrival = None if report.arrival_twice is None else Fraction(report.arrival_twice, 2)
        vwap = Fraction(report.tape_turnover, report.tape_lots) if report.tape_lots else None
        complaints = []
        for name, benchmark, told in (
            ("arrival", arrival, report.arrival_cost_millionths),
            ("vwap", vwap, report.vwap_cost_millionths),
        ):
            mine = self._cost(order, benchmark)
            if told != mine:
                complaints.append(f"told that it cost {told} millionths against its {name}, and it was {mine}")
        if report.poor != ((self._cost(order, vwap) or 0) > self._poor_bps * 100):
            complaints.append(f"called {'poor' if report.poor else 'good'} at {report.vwap_cost_millionths} millionths")
        return complaints

    def _cost(self, order: ParentOrder, benchmark: Fraction | None) -> int | None:
        lots, notional = self._traded.get(order.cl_ord_id, (0, 0))
        if not lots or not benchmark:
            return None
        worse = Fraction(notional, lots) - benchmark if order.side is Side.BUY else benchmark - Fraction(notional, lots)
        return floor(worse / benchmark * 1_000_000 + Fraction(1, 2))

    def ruling(self) -> Ruling:
        if not self._reports:
            return Ruling(Verdict.INCONCLUSIVE, "no client ever heard how well it was executed")
        poor = sum(report.poor for report in self._reports.values())
        return self._docket.ruling(
            f"{len(self._reports)} reports add up, {self._whole} of them on a whole tape; {poor} executed poorly"
        )


def executions_measured() -> Promise:
    """What clients are told about their executions adds up: trades, arrival price, interval VWAP and the costs."""
    return Promise("reports on executions add up", "safety", _Measured, of_our_desk=True)


class _FollowsVolume:
    """At every child of a VWAP that is said to follow recorded volume: the family is not ahead of that volume."""

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._disk = stage.world.host(stage.desk.host_of(stage.wiring.tick_store)).disk
        algos = stage.floor.settings.desk.algos
        self._day_ns, self._parts = algos.day_ns, algos.profile_parts
        self._clients = stage.wiring.clients
        self._weights: dict[str, list[int]] = {}
        self._windows: dict[str, ParentOrder] = {}
        self._follow: dict[str, None] = {}
        self._executed: dict[str, int] = {}
        self._open: dict[str, dict[tuple[str, str], int]] = {}
        self._children = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_parent, Handled, ParentOrder)
        trace.watch(self._on_answered, Sent, ParentAnswered)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_closed, VenueClosed)
        watch_standing(trace, self._on_standing)

    def _on_parent(self, record: Record) -> None:
        order: ParentOrder = record.event.message
        if record.event.sender != self._clients and order.algorithm is Algorithm.VWAP:
            self._windows.setdefault(order.cl_ord_id, order)

    def _on_answered(self, record: Record) -> None:
        answer: ParentAnswered = record.event.message
        if answer.follows == Basis.RECORDED.value:
            self._follow[answer.cl_ord_id] = None

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        name = parent_of(event.cl_ord_link_id)
        order = self._windows.get(name)
        if order is None:
            return
        live = self._open.setdefault(name, {})
        live[event.venue, event.cl_ord_id] = event.lots
        if name not in self._follow:
            return
        self._children += 1
        out = self._executed.get(name, 0) + sum(live.values())
        due = order.quantity_lots * self._share(order, record.at_ns + CLOCKS_NS)
        if out > due + 1:
            detail = f"{name} has {out} of {order.quantity_lots} lots at work or executed, by recorded volume"
            self._docket.violated(record, f"{detail} {float(due):.1f} are due")

    def _share(self, order: ParentOrder, at_ns: int) -> Fraction:
        """Of the volume of its window, how much falls into the parts that have begun by now."""
        weights = self._of(order.symbol)
        begun = whole = 0
        for part, volume in enumerate(weights):
            from_ns = max(self._day_ns * part // self._parts, order.start_ns)
            to_ns = min(self._day_ns * (part + 1) // self._parts, order.end_ns)
            weight = volume * max(to_ns - from_ns, 0)
            whole += weight
            begun += weight if from_ns <= at_ns else 0
        return Fraction(begun, whole)

    def _of(self, symbol: str) -> list[int]:
        """Lots in each part of the days before this one, read off the disk."""
        if not self._weights:
            decoder = Decoder(tuple[Bar, ...])
            for record in self._disk.durable(FILE):
                for bar in decoder.decode(record):
                    weights = self._weights.setdefault(bar.symbol, [0] * self._parts)
                    if bar.start_ns < 0:
                        weights[bar.start_ns % DAY_NS * self._parts // self._day_ns] += bar.lots
        return self._weights[symbol]

    def _on_standing(self, record: Record, it: Standing) -> None:
        name = parent_of(it.order)
        self._executed[name] = self._executed.get(name, 0) + it.lots
        live = self._open.get(name, {})
        if it.lots > 0 and (it.venue, it.cl_ord_id) in live:
            live[it.venue, it.cl_ord_id] -= it.lots

    def _on_closed(self, record: Record) -> None:
        event: VenueClosed = record.event
        self._open.get(parent_of(event.cl_ord_link_id), {}).pop((event.venue, event.cl_ord_id), None)

    def ruling(self) -> Ruling:
        if not self._children:
            return Ruling(Verdict.INCONCLUSIVE, "no child of a VWAP on recorded volume ever came to a venue")
        return self._docket.ruling(f"{self._children} children of {len(self._follow)} parents, none ahead of volume")


def volume_followed() -> Promise:
    """A VWAP on recorded volume is never further than that volume is, in the days before this one."""
    return Promise("a VWAP is not ahead of recorded volume", "safety", _FollowsVolume, of_our_desk=True)
