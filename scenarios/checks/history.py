"""The tick store's bars are those of what was traded: none twice, none out of order, none of more than there was."""

from msgspec.msgpack import Decoder

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.depth import SIZE_UNITS_PER_LOT, DepthIncrement, security_ids
from squall.sim.exchange.wire.messages import BookUpdate
from squall.sim.trace import Handled, Record
from squall.system.domain.messages import Bar
from squall.system.services.tick_store import FILE


class _True:
    """Reads the store's disk at the end, and holds it against the tapes that reached market data."""

    def __init__(self, stage: Stage) -> None:
        self._disk = stage.world.host(stage.desk.host_of(stage.wiring.tick_store)).disk
        self._market_data = stage.wiring.market_data
        symbols = tuple(instrument.symbol for instrument in stage.floor.instruments)
        self._symbols = {number: symbol for symbol, number in security_ids(symbols).items()}
        self._seen: dict[tuple[str, int], None] = {}
        """Both lines bring each update."""
        self._traded: dict[str, int] = {}
        stage.world.trace.watch(self._on_update, Handled, BookUpdate)
        stage.world.trace.watch(self._on_increment, Handled, DepthIncrement)

    def _on_update(self, record: Record) -> None:
        update: BookUpdate = record.event.message
        key = (update.venue, update.seq)
        if not update.prints or key in self._seen:
            return
        self._seen[key] = None
        self._trade(update.symbol, sum(print_.lots for print_ in update.prints))

    def _on_increment(self, record: Record) -> None:
        increment: DepthIncrement = record.event.message
        key = (increment.venue, increment.seq)
        symbol = self._symbols.get(increment.security_id)
        if not increment.trades or key in self._seen or symbol is None:
            return
        self._seen[key] = None
        self._trade(symbol, sum(trade.size for trade in increment.trades) // SIZE_UNITS_PER_LOT)

    def _trade(self, symbol: str, lots: int) -> None:
        self._traded[symbol] = self._traded.get(symbol, 0) + lots

    def ruling(self) -> Ruling:
        decoder = Decoder(tuple[Bar, ...])
        bars = [bar for record in self._disk.durable(FILE) for bar in decoder.decode(record)]
        if not bars:
            return Ruling(Verdict.INCONCLUSIVE, "no bar is on the disk")
        docket = Docket()
        last_ns: dict[str, int] = {}
        lots: dict[str, int] = {}
        for bar in bars:
            if bar.start_ns <= last_ns.get(bar.symbol, bar.start_ns - 1):
                docket.violated(
                    None, f"{bar.symbol}: a bar of {bar.start_ns} ns stands behind {last_ns[bar.symbol]} ns"
                )
            last_ns[bar.symbol] = bar.start_ns
            lots[bar.symbol] = lots.get(bar.symbol, 0) + bar.lots
        for symbol, recorded in lots.items():
            traded = self._traded.get(symbol, 0)
            if recorded > traded:
                docket.violated(None, f"{symbol}: bars of {recorded} lots, and the tapes have shown {traded}")
        told = ", ".join(f"{symbol} {recorded} of {self._traded.get(symbol, 0)}" for symbol, recorded in lots.items())
        return docket.ruling(f"{len(bars)} bars on the disk; lots recorded: {told}")


def bars_are_true() -> Promise:
    """What the tick store has on its disk was traded, and is there once."""
    return Promise("recorded bars are true", "durability", _True, of_our_desk=True)
