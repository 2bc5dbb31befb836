"""How well parents were executed is told truly."""

from fractions import Fraction
from math import floor
from typing import Final

from squall.scenarios.checks.families import Ends, Parents
from squall.scenarios.checks.knowledge import CLOCKS_NS, Answers, Feeds, Middles, Prices, Sights
from squall.scenarios.checks.tape import watch_tape
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, Sent, TouchChanged
from squall.system.domain.messages import ParentDone, ParentMeasured, ParentOrder

TAPE_SLACK_HALF_TICKS: Final = 2
"""A trade at the edge of a bar may be in the next one."""


class _Measured:
    """Recomputes every report from the client's order, the venues' executions, their books and their tapes.

    What the desk may say that it does not know is judged as well: a price where its algorithms had been told none, bars
    where the tick store's answers had none.
    """

    def __init__(self, stage: Stage) -> None:
        self._parents = Parents(stage)
        self._bar_ns = stage.floor.settings.desk.history.bar_ns
        self._poor_bps = stage.floor.settings.desk.algos.poor_execution_bps
        self._middles: dict[str, Middles] = {}
        self._arrivals: dict[str, Prices] = {}
        self._lasts: dict[str, Prices] = {}
        """As arrivals: the middles at the end of each parent."""
        self._windows: dict[str, int] = {}
        """When each parent's window begins, as the OMS was told."""
        self._ends: dict[str, int] = {}
        self._tape: dict[str, list[tuple[int, int, int]]] = {}
        self._told = Ends(stage)
        self._reports: dict[str, ParentMeasured] = {}
        self._whole = 0
        self._docket = Docket()
        self._clients = stage.wiring.clients
        self._sights = Sights(stage)
        self._answers = Answers(stage)
        self._feeds = Feeds(stage)
        self._found: dict[str, tuple[int, int] | None] = {}
        """How many bars are missing in what the tick store had answered when a report first left: least and most."""
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_parent, Handled, ParentOrder)
        trace.watch(self._on_done, Sent, ParentDone)
        trace.watch(self._on_leaving, Sent, ParentMeasured)
        trace.watch(self._on_report, Handled, ParentMeasured)
        watch_tape(stage, self._on_trade)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        self._middles.setdefault(event.symbol, Middles()).show(record.at_ns, event)

    def _prices(self, symbol: str, at_ns: int) -> Prices:
        """What venues showed, and what the algorithms made of as much of it as they believed; whether ticks are true to
        their venues is another promise."""
        middles = self._middles.get(symbol)
        shown = [] if middles is None else middles.lately(at_ns)
        return Prices([*shown, *self._sights.middle_twice(symbol)], self._sights.knows(symbol))

    def _on_parent(self, record: Record) -> None:
        order: ParentOrder = record.event.message
        if record.event.sender != self._clients:
            self._windows.setdefault(order.cl_ord_id, order.start_ns)
        elif order.cl_ord_id not in self._windows:
            # It comes again until it is answered, and to a life that had not noted it as if it were new.
            now, before = self._prices(order.symbol, record.at_ns), self._arrivals.get(order.cl_ord_id)
            both = now if before is None else Prices([*before.twice, *now.twice], before.known and now.known)
            self._arrivals[order.cl_ord_id] = both

    def _on_done(self, record: Record) -> None:
        name = record.event.message.cl_ord_id
        order = self._parents.orders.get(name)
        if name not in self._ends and order is not None:
            self._ends[name] = record.at_ns
            self._lasts[name] = self._prices(order.symbol, record.at_ns)

    def _on_trade(self, record: Record, symbol: str, price_half_ticks: int, lots: int) -> None:
        self._tape.setdefault(symbol, []).append((record.at_ns, price_half_ticks, lots))

    def _on_leaving(self, record: Record) -> None:
        name = record.event.message.cl_ord_id
        order = self._parents.orders.get(name)
        if order is None or name in self._found or name not in self._windows or name not in self._ends:
            return
        from_ns = self._windows[name] // self._bar_ns * self._bar_ns
        self._found[name] = self._answers.missing(order.symbol, from_ns, self._ends[name])

    def _on_report(self, record: Record) -> None:
        report: ParentMeasured = record.event.message
        order = self._parents.orders.get(report.cl_ord_id)
        if order is None or report.cl_ord_id in self._reports:
            return
        self._reports[report.cl_ord_id] = report
        for complaint in (
            self._of_trades(report),
            self._of_arrival(report),
            self._of_bars(report),
            self._of_tape(order, report),
            self._of_shortfall(order, report),
            *self._of_costs(order, report),
        ):
            if complaint:
                self._docket.violated(record, f"{report.cl_ord_id}: {complaint}")

    def _of_trades(self, report: ParentMeasured) -> str:
        """They are those of the end that was told before it, and as much as venues have executed."""
        done = self._told.told.get(report.cl_ord_id)
        told = f"told of {report.filled_lots} lots for {report.notional}, fees {report.fees}"
        mine = (report.filled_lots, report.notional, report.fees)
        if done is not None and mine != (done.filled_lots, done.notional, done.fees):
            return f"{told}; at its end of {done.filled_lots} for {done.notional}, fees {done.fees}"
        lots, notional, fees = self._told.may_be(report.cl_ord_id)
        if report.filled_lots in lots and report.notional in notional and report.fees in fees:
            return ""
        return f"{told}; venues executed {lots} for {notional}, fees {fees}"

    def _of_arrival(self, report: ParentMeasured) -> str:
        shown = self._arrivals.get(report.cl_ord_id)
        if shown is None or not shown.twice:
            return ""
        least, most = min(shown.twice), max(shown.twice)
        if report.arrival_twice is None:
            return f"told of no arrival price, venues showed {least} to {most}" if shown.known else ""
        if least <= report.arrival_twice <= most:
            return ""
        return f"told of an arrival at {report.arrival_twice} (doubled half ticks), venues showed {least} to {most}"

    def _of_bars(self, report: ParentMeasured) -> str:
        found = self._found.get(report.cl_ord_id)
        if found is None or found[0] <= report.bars_missing <= found[1]:
            return ""
        return f"told of {report.bars_missing} bars that are missing, by the tick store's answers they are {found[0]}"

    def _of_tape(self, order: ParentOrder, report: ParentMeasured) -> str:
        start_ns, end_ns = self._windows.get(report.cl_ord_id), self._ends.get(report.cl_ord_id)
        if start_ns is None or end_ns is None:
            return ""
        # An end at the edge of a bar, such as the close, is before it by one clock and after it by another.
        by_clocks = (end_ns - CLOCKS_NS, end_ns + CLOCKS_NS)
        ends = dict.fromkeys(-(-at_ns // self._bar_ns) * self._bar_ns for at_ns in by_clocks)
        from_ns = start_ns // self._bar_ns * self._bar_ns
        _, most = self._summed(order.symbol, from_ns - CLOCKS_NS, max(ends) + CLOCKS_NS)
        if report.tape_lots > most:
            return f"told of {report.tape_lots} lots on a tape that shows {most}"
        if report.bars_missing:
            return ""
        least = min(self._summed(order.symbol, from_ns + CLOCKS_NS, to_ns - CLOCKS_NS)[1] for to_ns in ends)
        if report.tape_lots < least and self._feeds.followed(from_ns, max(ends) + CLOCKS_NS):
            return f"told of {report.tape_lots} lots on a whole tape that shows {least}"
        if not report.tape_lots:
            return ""
        self._whole += 1
        sums = [self._summed(order.symbol, from_ns, to_ns) for to_ns in ends]
        found = [Fraction(turnover, lots) for turnover, lots in sums if lots]
        told = Fraction(report.tape_turnover, report.tape_lots)
        if not found or min(abs(told - mine) for mine in found) <= TAPE_SLACK_HALF_TICKS:
            return ""
        return f"told of a VWAP of {float(told):.2f} half ticks, the tapes say {float(found[-1]):.2f}"

    def _summed(self, symbol: str, from_ns: int, to_ns: int) -> tuple[int, int]:
        """Turnover and lots of all that the tapes have shown in this time."""
        trades = [(price, lots) for at_ns, price, lots in self._tape.get(symbol, ()) if from_ns <= at_ns < to_ns]
        return sum(price * lots for price, lots in trades), sum(lots for _, lots in trades)

    def _of_shortfall(self, order: ParentOrder, report: ParentMeasured) -> str:
        """Paper less real. What the rest has missed is by a price at the end that the report does not bear: it has to
        be one of those that venues showed then."""
        lots, notional = report.filled_lots, report.notional
        left, told = order.quantity_lots - lots, report.shortfall_millionths
        if report.arrival_twice is None:
            return "" if told is None else f"told of a shortfall of {told} millionths against no price"
        shown = self._lasts.get(report.cl_ord_id)
        if left and (shown is None or not shown.twice):
            return ""
        if told is None:
            return "told of no shortfall" if not left or (shown is not None and shown.known) else ""
        arrival = Fraction(report.arrival_twice, 2)
        lasts = [Fraction(twice, 2) for twice in shown.twice] if left and shown is not None else [arrival]
        costs = [
            (order.side.sign * (notional - lots * arrival + left * (last - arrival)) + report.fees)
            / (order.quantity_lots * arrival)
            for last in lasts
        ]
        least, most = (floor(cost * 1_000_000 + Fraction(1, 2)) for cost in (min(costs), max(costs)))
        if least <= told <= most:
            return ""
        return f"told of a shortfall of {told} millionths, it was {least} to {most}"

    def _of_costs(self, order: ParentOrder, report: ParentMeasured) -> list[str]:
        """Against its own benchmarks, which are judged above: the arrival, and the tape where it is whole."""
        arrival = None if report.arrival_twice is None else Fraction(report.arrival_twice, 2)
        vwap = Fraction(report.tape_turnover, report.tape_lots) if report.tape_lots else None
        complaints = []
        for name, benchmark, told in (
            ("arrival", arrival, report.arrival_cost_millionths),
            ("vwap", vwap, report.vwap_cost_millionths),
        ):
            mine = _cost(order, report, benchmark)
            if told != mine:
                complaints.append(f"told that it cost {told} millionths against its {name}, and it was {mine}")
        if report.poor != ((_cost(order, report, vwap) or 0) > self._poor_bps * 100):
            complaints.append(f"called {'poor' if report.poor else 'good'} at {report.vwap_cost_millionths} millionths")
        return complaints

    def ruling(self) -> Ruling:
        if not self._reports:
            return Ruling(Verdict.INCONCLUSIVE, "no client ever heard how well it was executed")
        if not self._whole and not self._docket.violations:
            return Ruling(Verdict.INCONCLUSIVE, f"{len(self._reports)} reports, none of them on a whole tape")
        poor = sum(report.poor for report in self._reports.values())
        return self._docket.ruling(
            f"{len(self._reports)} reports add up, {self._whole} of them on a whole tape; {poor} executed poorly"
        )


def executions_measured() -> Promise:
    """What clients are told about their executions adds up: trades, fees, arrival, interval VWAP and the costs."""
    return Promise("reports on executions add up", "safety", _Measured, of_our_desk=True)


def _cost(order: ParentOrder, report: ParentMeasured, benchmark: Fraction | None) -> int | None:
    """In millionths of the benchmark, more than 0 being worse for the client."""
    if not report.filled_lots or not benchmark:
        return None
    paid = Fraction(report.notional, report.filled_lots)
    return floor(order.side.sign * (paid - benchmark) / benchmark * 1_000_000 + Fraction(1, 2))
