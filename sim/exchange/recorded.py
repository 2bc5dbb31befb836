"""A market that plays a recording; our orders trade against it, and never change it.

The fill model, whole:

- **The recording is the public book and tape.** What we do is displayed nowhere: our orders make no level
  and our executions no print. Our own orders do not meet each other.
- **An arriving order takes the displayed depth** at that moment, level by level within its limit, at the
  levels' prices, less what we already took at a level since the recording last changed its size. What is
  left of a market or IOC order is closed; what is left of a limit order rests.
- **A resting order queues behind the displayed size** at its price on its side. The queue ahead shrinks
  by what prints at that price, and to the displayed size where that falls below it.
- **It fills on later prints, whoever the aggressor was**: at its price with what the queue ahead leaves
  over of the print; beyond its price ("through") without any queue. One print fills no more of our orders
  than its size, better prices first, then the earlier arrival. A fill is at the order's own limit, as a
  maker's is. A quote that crosses the order without a print fills nothing.
- **While the book is not known** (before the first snapshot, and from a gap to the snapshot that mends
  it) the displayed book is empty. Market and IOC orders find nothing. New limit orders wait, and arrive
  when the book is known. Those that rest keep their queue and go on filling on prints. What we took
  before a gap is forgotten.
"""

from bisect import insort

from squall.sim.exchange.engine import EngineListener, admit
from squall.sim.exchange.recording import (
    Diff,
    LevelBook,
    Recording,
    Sequencer,
    Snapshot,
    Ticker,
    TradePrint,
    Verdict,
)
from squall.sim.exchange.wire.messages import (
    BookImage,
    Level,
    NewOrderSingle,
    OrdRejReason,
    OrdType,
    Print,
    Side,
    TimeInForce,
)
from squall.sim.kernel import Kernel


class _Resting:
    """A limit order of ours that waits for prints."""

    __slots__ = ("leaves_lots", "order", "price", "queue_ahead_lots", "rank")

    def __init__(self, order: NewOrderSingle, leaves_lots: int, price: int, arrival: int) -> None:
        self.order = order
        self.leaves_lots = leaves_lots
        self.price = price
        self.queue_ahead_lots = 0
        self.rank = (-order.side.sign * price, arrival)
        """Smaller is served first: the better price, then the earlier arrival."""


def _rests(order: NewOrderSingle) -> bool:
    return order.ord_type is OrdType.LIMIT and order.time_in_force.rests


def _rank(resting: _Resting) -> tuple[int, int]:
    return resting.rank


class RecordedMarket:
    """An `Engine` over a recording."""

    listener: EngineListener

    def __init__(self, kernel: Kernel, recording: Recording, start_ns: int = 0) -> None:
        """*start_ns* is when the recording's first line happens, whenever the venue opens."""
        self._kernel = kernel
        self._symbol = recording.symbol
        self._tick_half_ticks = recording.listing().tick_half_ticks
        # Tickers are what the book is checked against: they do nothing here.
        self._steps: tuple[Diff | TradePrint | Snapshot, ...] = tuple(
            step for step in recording.steps if not isinstance(step, Ticker)
        )
        self._next = 0
        self._start_ns = start_ns
        self._opened = False
        self.duration_ns = recording.duration_ns
        self._sequencer = Sequencer()
        self._book = LevelBook()
        self._taken: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
        """By the displayed side: price to the lots we took there since the recording changed that level."""
        self._resting: dict[Side, list[_Resting]] = {Side.BUY: [], Side.SELL: []}
        """By the order's side, in the order in which they are served."""
        self._waiting: list[tuple[NewOrderSingle, int]] = []
        """Limit orders that came while the book was not known, and what is left of each."""
        self._arrivals = 0

    @property
    def end_ns(self) -> int:
        """When the last line of the recording happens."""
        return self._start_ns + self.duration_ns

    def start(self) -> None:
        """Begin to play; lines whose time has passed happen at once.

        Again, after the venue's programs have crashed: our orders are taken out. The recording goes on: it
        never noticed.
        """
        if self._opened:
            for cl_ord_id in self._open_orders():
                self.cancel(cl_ord_id)
            return
        self._opened = True
        self._schedule()

    def image(self) -> tuple[BookImage, ...]:
        return (BookImage(self._symbol, self._book.levels()),)

    def touch(self, symbol: str) -> tuple[int, int, int, int]:
        return self._book.touch() if symbol == self._symbol else (0, 0, 0, 0)

    # --- orders ---

    def enter(self, order: NewOrderSingle) -> None:
        admit(self, order, self._open_orders())

    def put_back(self, order: NewOrderSingle, leaves_lots: int) -> None:
        if _rests(order) and not self._sequencer.known:
            self._waiting.append((order, leaves_lots))
        else:
            self._arrive(order, leaves_lots)

    def cancel(self, cl_ord_id: str) -> bool:
        gone = self._remove(cl_ord_id)
        if gone is not None:
            self.listener.on_closed(*gone)
        return gone is not None

    def take_out(self, cl_ord_id: str) -> int:
        gone = self._remove(cl_ord_id)
        return gone[1] if gone is not None else 0

    def _remove(self, cl_ord_id: str) -> tuple[NewOrderSingle, int] | None:
        for place, (order, _) in enumerate(self._waiting):
            if order.cl_ord_id == cl_ord_id:
                return self._waiting.pop(place)
        for ours in self._resting.values():
            for place, resting in enumerate(ours):
                if resting.order.cl_ord_id == cl_ord_id:
                    del ours[place]
                    return resting.order, resting.leaves_lots
        return None

    def amend(self, order: NewOrderSingle, leaves_lots: int) -> bool:
        for place, (before, lots) in enumerate(self._waiting):
            if before.cl_ord_id == order.cl_ord_id:
                if before.price_half_ticks != order.price_half_ticks or leaves_lots > lots:
                    return False
                self._waiting[place] = (order, leaves_lots)
                return True
        for resting in self._resting[order.side]:
            if resting.order.cl_ord_id == order.cl_ord_id:
                if resting.price != order.price_half_ticks or leaves_lots > resting.leaves_lots:
                    return False
                resting.order, resting.leaves_lots = order, leaves_lots
                return True
        return False

    def _open_orders(self) -> list[str]:
        """The ClOrdIDs of all that rests or waits: a handful."""
        resting = [ours.order.cl_ord_id for side in self._resting.values() for ours in side]
        return resting + [order.cl_ord_id for order, _ in self._waiting]

    def refusal(self, order: NewOrderSingle) -> OrdRejReason | None:
        if order.symbol != self._symbol:
            return OrdRejReason.UNKNOWN_SYMBOL
        if order.quantity_lots <= 0:
            return OrdRejReason.INVALID_QUANTITY
        if order.ord_type.has_stop or order.min_lots:
            return OrdRejReason.UNSUPPORTED_ORDER
        price = order.price_half_ticks
        if order.ord_type is OrdType.LIMIT and (price is None or price <= 0 or price % self._tick_half_ticks):
            return OrdRejReason.INVALID_PRICE
        return None

    def _arrive(self, order: NewOrderSingle, leaves_lots: int) -> None:
        fills, leaves = self._displayed(order, leaves_lots)
        if leaves and order.time_in_force is TimeInForce.FOK:
            self.listener.on_closed(order, leaves_lots)
            return
        self._take(order, leaves_lots, fills)
        if not leaves:
            return
        price = order.price_half_ticks
        if price is None or not _rests(order):
            self.listener.on_closed(order, leaves)
            return
        self._arrivals += 1
        resting = _Resting(order, leaves, price, self._arrivals)
        resting.queue_ahead_lots = self._book.lots_at(order.side, price)
        insort(self._resting[order.side], resting, key=_rank)

    def _displayed(self, order: NewOrderSingle, leaves: int) -> tuple[list[tuple[int, int]], int]:
        """What is displayed for the order on the other side, as (price, lots), and the lots that find nothing."""
        facing = order.side.other
        taken = self._taken[facing]
        limit = order.price_half_ticks if order.ord_type is OrdType.LIMIT else None
        sign = order.side.sign
        fills: list[tuple[int, int]] = []
        for price, displayed in self._book.best_first(facing):
            if not leaves or (limit is not None and (price - limit) * sign > 0):
                break
            lots = min(leaves, displayed - taken.get(price, 0))
            if lots > 0:
                leaves -= lots
                fills.append((price, lots))
        return fills, leaves

    def _take(self, order: NewOrderSingle, still: int, fills: list[tuple[int, int]]) -> None:
        taken = self._taken[order.side.other]
        for price, lots in fills:
            taken[price] = taken.get(price, 0) + lots
        for price, lots in fills:
            still -= lots
            self.listener.on_executed(order, lots, price, still, takes=True)

    # --- the recording ---

    def _schedule(self) -> None:
        if self._next < len(self._steps):
            step = self._steps[self._next]
            due_ns = max(self._kernel.now_ns, self._start_ns + step.at_ns)
            self._kernel.call_at(due_ns, self._play, step)

    def _play(self, step: Diff | TradePrint | Snapshot) -> None:
        # The next step first: what this one leads to is not its cause.
        self._next += 1
        self._schedule()
        match step:
            case Diff():
                self._on_diff(step)
            case TradePrint():
                self._on_print(step.print)
            case Snapshot():
                self._on_snapshot(step)

    def _on_diff(self, diff: Diff) -> None:
        verdict = self._sequencer.on_diff(diff)
        if verdict is Verdict.APPLY:
            self._apply(diff.levels, diff.last_id)
        elif verdict is Verdict.GAP:
            gone = tuple(Level(level.side, level.price_half_ticks, 0) for level in self._book.levels())
            self._book.clear()
            if gone:
                self.listener.on_book(self._symbol, gone, (), 0)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        if self._sequencer.on_snapshot(snapshot) is not Verdict.REBUILD:
            return
        self._apply(snapshot.levels, snapshot.last_id)
        for diff in self._sequencer.backlog:
            self._apply(diff.levels, diff.last_id)
        waiting, self._waiting = self._waiting, []
        for order, leaves_lots in waiting:
            self._arrive(order, leaves_lots)

    def _apply(self, levels: tuple[Level, ...], source_id: int) -> None:
        """Put these levels on display, and let nobody queue behind more than that."""
        if not levels:
            return
        for level in levels:
            if self._book.set(level) != level.lots:
                self._taken[level.side].pop(level.price_half_ticks, None)
        for side, ours in self._resting.items():
            for resting in ours:
                displayed = self._book.lots_at(side, resting.price)
                if resting.queue_ahead_lots > displayed:
                    resting.queue_ahead_lots = displayed
        self.listener.on_book(self._symbol, levels, (), source_id)

    def _on_print(self, tape: Print) -> None:
        for side, ours in self._resting.items():
            if ours:
                self._fill_resting(side, ours, tape)
        self.listener.on_book(self._symbol, (), (tape,), 0)

    def _fill_resting(self, side: Side, ours: list[_Resting], tape: Print) -> None:
        """What this print does for our orders of one side."""
        sign = side.sign
        filled_lots = 0
        executed: list[tuple[_Resting, int]] = []
        for resting in ours:
            through = (resting.price - tape.price_half_ticks) * sign
            if through < 0:
                break
            left = tape.lots - filled_lots
            if not through:
                left -= resting.queue_ahead_lots
                resting.queue_ahead_lots = max(0, resting.queue_ahead_lots - tape.lots)
            lots = min(resting.leaves_lots, left)
            if lots > 0:
                resting.leaves_lots -= lots
                filled_lots += lots
                executed.append((resting, lots))
        if not executed:
            return
        self._resting[side] = [resting for resting in ours if resting.leaves_lots]
        for resting, lots in executed:
            self.listener.on_executed(resting.order, lots, resting.price, resting.leaves_lots, takes=False)
