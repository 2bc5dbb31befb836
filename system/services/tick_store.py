"""Tick store: keeps the bars that market data send it, on its own disk, and answers what can be asked of them.

It stands beside the order path and not in it: nobody waits for it, it asks nobody, and market data send it one datagram
an interval. It may lag behind, or lose its tail: an answer says how many bars it is made of, and how many are missing.
"""

from collections import deque
from collections.abc import Hashable, Iterable
from typing import Final

from msgspec.msgpack import Decoder, Encoder

from squall.system.config import DeskConfig
from squall.system.domain.claims import AlertRaised
from squall.system.domain.history import answer
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import AskHistory, Bar, BarsClosed
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

FILE: Final = "bars"
TickStoreMessage = BarsClosed | AskHistory

_ENCODER: Final = Encoder()
_DECODER: Final[Decoder[tuple[Bar, ...]]] = Decoder(tuple[Bar, ...])


class TickStore:
    """Several intervals share a record on the disk. What waits for the disk is bounded: beyond it bars are not written,
    and will be missing after a restart."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config.history
        self._bars: dict[Symbol, deque[Bar]] = {
            instrument.symbol: deque(maxlen=config.history.max_bars) for instrument in wiring.instruments
        }
        self._batch: list[Bar] = []
        self._intervals = 0
        """How many the batch holds."""
        self._unsynced: deque[int] = deque()
        """Tokens of records that are not yet on the disk."""
        self.refused = 0
        """Bars that were not later than the one before: doubled, overtaken, or by a clock that was set back."""
        self.unwritten = 0
        """Bars that found no room among what waits for the disk."""

    @property
    def bars(self) -> dict[Symbol, tuple[Bar, ...]]:
        """All that is kept, by symbol, in order of time."""
        return {symbol: tuple(bars) for symbol, bars in self._bars.items()}

    def on_start(self) -> None:
        """From the disk: where bars are missing there, they stay missing."""
        for record in self._runtime.read(FILE):
            self._keep(_DECODER.decode(record))

    def on_message(self, sender: Address, message: TickStoreMessage) -> None:
        match message:
            case BarsClosed():
                self._take(message.bars)
            case AskHistory():
                bars = tuple(self._bars.get(message.symbol, ()))
                self._runtime.send(sender, answer(message, bars, self._config.bar_ns))
            case _:
                raise TypeError(f"tick store: no handler for {type(message).__name__} from {sender}")

    def _keep(self, bars: Iterable[Bar]) -> list[Bar]:
        """What is later than all that there is of its symbol."""
        kept = []
        for bar in bars:
            mine = self._bars.get(bar.symbol)
            if mine is None or (mine and bar.start_ns <= mine[-1].start_ns):
                self.refused += 1
            else:
                mine.append(bar)
                kept.append(bar)
        return kept

    def _take(self, bars: tuple[Bar, ...]) -> None:
        self._batch += self._keep(bars)
        self._intervals += 1
        if self._intervals >= self._config.batch:
            self._write()

    def _write(self) -> None:
        batch, self._batch, self._intervals = self._batch, [], 0
        if not batch:
            return
        if len(self._unsynced) >= self._config.max_unsynced:
            if not self.unwritten:
                text = f"tick store: {len(self._unsynced)} records wait for the disk already; bars are not written"
                self._runtime.emit(AlertRaised("warning", "tick-store.unwritten", text))
            self.unwritten += len(batch)
            return
        self._unsynced.append(self._runtime.append(FILE, _ENCODER.encode(batch)))

    def on_durable(self, token: int) -> None:
        while self._unsynced and self._unsynced[0] <= token:
            self._unsynced.popleft()

    def on_timer(self, key: Hashable) -> None:
        raise ValueError(f"tick store: found timer {key!r}, expected none")

    def on_stream_open(self, peer: Address) -> None:
        """The monitor knocks."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        """As above."""

    def on_config(self, config: DeskConfig) -> None:
        """The length of a bar stays that of what has been recorded."""
        self._config = config.history
