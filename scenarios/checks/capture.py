"""Trade capture holds what the venues' tape says, joined with the orders; and orders flow as the read side counts them.

Both are folded here from the venues' own records and from the orders that the OMS was given; nothing of the desk's
projections is used but what they left: a file on a disk, and claims about what is shown.
"""

from collections.abc import Mapping

from msgspec import Struct

from squall.scenarios.checks.standing import Standing as Stands
from squall.scenarios.checks.standing import watch_standing
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import Side
from squall.sim.trace import Handled, Record, VenueBusted, VenueCorrected, VenueExecuted
from squall.system.domain.claims import FlowTold
from squall.system.domain.ids import ExecID
from squall.system.domain.messages import OrderTaken, SubmitOrder
from squall.system.domain.positions import PositionKey
from squall.system.domain.projections.trades import CapturedTrade, Standing, read_trades
from squall.system.services.audit import TRADES


class _Execution(Struct):
    """One trade of the tape, as it stands."""

    record: Record
    venue: str
    order: str
    symbol: str
    buy: bool
    lots: int
    price_half_ticks: int
    fee: int
    rested: bool

    @property
    def words(self) -> str:
        side = "bought" if self.buy else "sold"
        return f"{self.lots} {self.symbol} {side} at {self.price_half_ticks} on {self.venue} for {self.order}"


class _CapturedIsTheTape:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._tape: dict[ExecID, _Execution] = {}
        self._orders: dict[str, list[SubmitOrder]] = {}
        """What the OMS was given under each name; only the first that was taken counts, and which that was it knows."""
        trace = stage.world.trace
        trace.watch(self._on_executed, VenueExecuted)
        trace.watch(self._on_busted, VenueBusted)
        trace.watch(self._on_corrected, VenueCorrected)
        trace.watch(self._on_submit, Handled, SubmitOrder)

    def _on_executed(self, record: Record) -> None:
        it: VenueExecuted = record.event
        self._tape[ExecID(it.exec_id)] = _Execution(
            record,
            it.venue,
            it.cl_ord_link_id,
            it.symbol,
            it.buy,
            it.lots,
            it.price_half_ticks,
            it.fee,
            it.rested,
        )

    def _on_busted(self, record: Record) -> None:
        self._tape[ExecID(record.event.exec_ref_id)].lots = 0

    def _on_corrected(self, record: Record) -> None:
        execution = self._tape[ExecID(record.event.exec_ref_id)]
        execution.lots, execution.price_half_ticks = record.event.lots, record.event.price_half_ticks

    def _on_submit(self, record: Record) -> None:
        given = self._orders.setdefault(record.event.message.cl_ord_id, [])
        if record.event.message not in given:
            given.append(record.event.message)

    def ruling(self) -> Ruling:
        host = self._stage.world.transport.slot_of(self._stage.wiring.audit).host
        version, trades = read_trades(host.disk.durable(TRADES))
        found = self._held_against(trades)
        if found is not None:
            if self._stage.plan.in_force:
                return Ruling(Verdict.INCONCLUSIVE, f"{found[0]}; a fault had not healed when the run ended")
            detail, record = found
            if record is None:
                return Ruling(Verdict.VIOLATED, detail)
            return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        busted = sum(not execution.lots for execution in self._tape.values())
        words = f"{len(self._tape)} executions are captured up to version {version}, {busted} of them busted"
        return Ruling(Verdict.PASS, words if self._tape else "nothing was executed")

    def _held_against(self, trades: Mapping[ExecID, CapturedTrade]) -> tuple[str, Record | None] | None:
        """What is wrong first, if anything is."""
        for exec_id, execution in self._tape.items():
            trade = trades.get(exec_id)
            if trade is None:
                return f"{exec_id} is not captured: {execution.words}", execution.record
            wrong = _differs(execution, trade) or self._stranger(trade)
            if wrong:
                return f"{exec_id}, {execution.words}: captured {wrong}", execution.record
        latest: dict[PositionKey, CapturedTrade] = {}
        sums: dict[PositionKey, int] = {}
        for exec_id, trade in trades.items():
            if exec_id not in self._tape and trade.standing is not Standing.SET_ASIDE:
                return f"{exec_id} is captured, and no venue has ever executed it", None
            if trade.standing is Standing.SET_ASIDE or not (trade.lots or trade.first_lots):
                continue
            key = PositionKey(trade.symbol, trade.strategy)
            sums[key] = sums.get(key, 0) + (trade.lots if trade.side is Side.BUY else -trade.lots)
            if key not in latest or trade.version > latest[key].version:
                latest[key] = trade
        for key, trade in latest.items():
            if trade.position_lots != sums[key]:
                held = f"{trade.position_lots:+} lots of {key[0]} for {key[1]}, its trades make {sums[key]:+}"
                return f"the position that was captured last is {held}", None
        return None

    def _stranger(self, trade: CapturedTrade) -> str | None:
        """What of its order is not what the OMS was given."""
        said = (trade.strategy, trade.attribution, trade.intended_ns, trade.decision_twice_half_ticks)
        for order in self._orders.get(trade.order_id, ()):
            if said == (order.strategy, order.attribution, order.intended_ns, order.decision_twice_half_ticks):
                return None
        return f"is another order: {trade.order_id} of {trade.strategy}, {trade.attribution}"


def _differs(execution: _Execution, trade: CapturedTrade) -> str | None:
    """What was captured otherwise than the tape has it."""
    tape = (execution.venue, execution.order, execution.symbol, execution.buy, execution.lots, execution.rested)
    said = (trade.venue, trade.order_id, trade.symbol, trade.side is Side.BUY, trade.lots, trade.rested)
    if not execution.lots:
        # Of a trade that was taken back before it was heard of nobody knows whether it rested.
        if trade.standing is not Standing.BUSTED:
            return f"is {trade.standing.value}"
        return None if said[:-1] == tape[:-1] else f"was {said[:-1]}"
    if said != tape:
        return f"was {said}"
    if (trade.price_half_ticks, trade.commission) != (execution.price_half_ticks, execution.fee):
        return f"was at {trade.price_half_ticks} for a fee of {trade.commission}, not of {execution.fee}"
    return None


def captured_is_the_tape() -> Promise:
    """Every execution of the venues is captured once, as it stands after busts and corrections, with its order."""
    name = "trade capture is the venues' tape"
    return Promise(name, "durability", _CapturedIsTheTape, of_our_desk=True)


# --- the flow ---


class _FlowBalances:
    def __init__(self, stage: Stage) -> None:
        self._docket = Docket()
        self._given: dict[str, None] = {}
        self._taken: dict[str, None] = {}
        self._lots = 0
        self._told = 0
        self._last: Record | None = None
        trace = stage.world.trace
        trace.watch(self._on_submit, Handled, SubmitOrder)
        trace.watch(self._on_taken, Handled, OrderTaken)
        watch_standing(trace, self._on_standing)
        trace.watch_claims(self._on_told, FlowTold)

    def _on_submit(self, record: Record) -> None:
        self._given[record.event.message.cl_ord_id] = None

    def _on_taken(self, record: Record) -> None:
        self._taken[record.event.message.cl_ord_id] = None

    def _on_standing(self, record: Record, change: Stands) -> None:
        self._lots += change.lots

    def _on_told(self, record: Record) -> None:
        told: FlowTold = record.event
        self._told += 1
        self._last = record
        for state, entered, left, there in told.nodes:
            if entered != left + there:
                words = f"{state}: {entered} orders have come, {left} have left, and {there} are there"
                self._docket.violated(record, words)
        if not 0 <= told.ended_filled_lots <= min(told.ended_ordered_lots, told.filled_lots):
            ended = f"{told.ended_filled_lots} of {told.ended_ordered_lots} lots"
            self._docket.violated(
                record, f"of what has ended at a venue {ended} were filled, of all {told.filled_lots}"
            )

    def ruling(self) -> Ruling:
        taken = [name for name in self._taken if name in self._given]
        if self._last is None:
            if taken:
                return Ruling(Verdict.VIOLATED, f"{len(taken)} orders were taken, and no flow was ever told")
            return Ruling(Verdict.PASS, "no order was taken")
        told: FlowTold = self._last.event
        standing = sum(there for _, _, _, there in told.nodes)
        if not self._docket.violations:
            if not len(taken) <= standing <= len(self._given):
                words = f"{standing} orders are in the flow, {len(taken)} were taken of {len(self._given)} given"
                self._docket.violated(self._last, words)
            elif told.filled_lots != self._lots:
                words = f"{told.filled_lots} lots are filled in the flow, the venues' executions are {self._lots}"
                self._docket.violated(self._last, words)
        rate = (
            "nothing ended"
            if not told.ended_ordered_lots
            else (f"{100 * told.ended_filled_lots / told.ended_ordered_lots:.1f} % of what ended at a venue was filled")
        )
        return self._docket.ruling(f"told {self._told} times; {standing} orders in the end, {rate}")


def flow_balances() -> Promise:
    """What enters a state of an order's life leaves it or is there; all that was taken is somewhere.

    And the lots that are filled are those that the venues have executed.
    """
    return Promise("the flow of orders balances", "durability", _FlowBalances, of_our_desk=True)
