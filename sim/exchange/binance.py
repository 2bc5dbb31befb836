"""Reads a raw recording of a Binance spot market, and refuses it at the first line that cannot be right.

A line is the receive time in nanoseconds, a space, and the JSON as it came: `…@depth@100ms` diffs,
`…@bookTicker`, `…@trade`, and snapshots as REST answers them. Plain or gzip.

What real recordings show is tolerated, and no more. Receive times never go back; trade ids and ticker ids
rise. A level may bear an old quantity with a fraction of a lot (orders from before the lot was widened,
far from the touch): its whole lots count, and `Recording.finer_levels` says how many such there were. A
price off the tick is refused everywhere, and so is a fraction of a lot in a trade or at the touch, or a
level that is less than one lot.
"""

import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from gzip import BadGzipFile, GzipFile
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct, field

from squall.sim.exchange.recording import (
    Diff,
    LevelBook,
    Recording,
    Sequencer,
    Snapshot,
    Step,
    Ticker,
    TouchAt,
    TradePrint,
    Verdict,
)
from squall.sim.exchange.wire.messages import Level, Print, Side


class RecordingError(ValueError):
    """The recording cannot be used. One line: the file, the place, what was expected and what was found."""


class Grid(Struct, frozen=True):
    """What prices and quantities of a market are multiples of, as decimals."""

    tick: str
    lot: str


GRIDS: Final[dict[str, Grid]] = {"BTCUSDT": Grid(tick="0.01", lot="0.00001")}
"""The recording does not say: PRICE_FILTER and LOT_SIZE of the venue's exchange information, by symbol."""

DEFAULT_GRID: Final = Grid(tick="0.01", lot="0.00001")
"""For every other symbol. Where it is too coarse, the file is refused at the first price that shows it."""

# Decimals are read as ints of 10⁻⁸, the finest that the venue writes.
_PLACES: Final = 8
_DECIMAL: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,8})?")
_RECEIVE_TIME: Final = re.compile(rb"[0-9]{1,19}")
_STREAM: Final = re.compile(rb'"stream"\s*:\s*"([a-z0-9]+)@')
_GZIP_MAGIC: Final = b"\x1f\x8b"
_FOUND_CHARS_MAX: Final = 80

_T = TypeVar("_T")
_Id = Annotated[int, Meta(ge=1)]
_Levels = list[tuple[str, str]]


class _Envelope(Struct, gc=False):
    stream: str | None = None
    data: Raw = field(default_factory=Raw)


class _Depth(Struct, gc=False):
    symbol: str = field(name="s")
    first_id: _Id = field(name="U")
    last_id: _Id = field(name="u")
    bids: _Levels = field(name="b")
    asks: _Levels = field(name="a")


class _BookTicker(Struct, gc=False):
    symbol: str = field(name="s")
    update_id: _Id = field(name="u")
    bid: str = field(name="b")
    bid_quantity: str = field(name="B")
    ask: str = field(name="a")
    ask_quantity: str = field(name="A")


class _Trade(Struct, gc=False):
    symbol: str = field(name="s")
    trade_id: _Id = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    buyer_is_maker: bool = field(name="m")


class _RestSnapshot(Struct, gc=False):
    last_id: _Id = field(name="lastUpdateId")
    bids: _Levels
    asks: _Levels


def load(path: str | PathLike[str]) -> Recording:
    """Read and validate a whole recording. RecordingError names the first line that cannot be right."""
    return _Loader(str(path)).load()


class _Loader:
    """One file on its way to a Recording; it knows the line it is at, so that every refusal can say so."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._line = 0
        self._symbol = ""
        self._grid = DEFAULT_GRID
        self._half_tick = self._tick = self._lot = 1
        # Prices repeat endlessly: each text is read once, and its int shared.
        self._prices: dict[str, int] = {}
        self._quantities: dict[str, tuple[int, int]] = {}
        self._finer_levels = 0
        self._last_trade_id = self._last_ticker_id = 0
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._depth = msgspec.json.Decoder(_Depth)
        self._book_ticker = msgspec.json.Decoder(_BookTicker)
        self._trade = msgspec.json.Decoder(_Trade)
        self._rest_snapshot = msgspec.json.Decoder(_RestSnapshot)

    def load(self) -> Recording:
        lines = self._read()
        self._find_symbol(lines)
        steps = tuple(self._steps(lines))
        if not self._symbol:
            self._refuse("a line of a stream, which names the symbol", "none", "after the last line")
        touches, applied = self._rebuild(steps)
        self._line = len(lines)
        if not any(bid and ask for _, _, (bid, _, ask, _) in touches):
            self._refuse("a book with bids and asks", "one that never has both", "after the last line")
        unit_money = Decimal(self._grid.tick) / 2 * Decimal(self._grid.lot)
        return Recording(self._symbol, steps, touches, applied, steps[-1].at_ns, self._finer_levels, unit_money)

    def _refuse(self, expected: str, found: str, place: str = "line") -> NoReturn:
        found = " ".join(found.split())
        if len(found) > _FOUND_CHARS_MAX:
            found = found[: _FOUND_CHARS_MAX - 1] + "…"
        raise RecordingError(f"{self._path}: {place} {self._line}: expected {expected}, found {found}") from None

    # --- the file ---

    def _read(self) -> list[bytes]:
        try:
            content = Path(self._path).read_bytes()
        except OSError as error:
            found = error.strerror or type(error).__name__
            raise RecordingError(f"{self._path}: expected a file that can be read, found: {found}") from None
        if content.startswith(_GZIP_MAGIC):
            lines = self._unzip(content)
        else:
            lines = content.splitlines()
        if not lines:
            raise RecordingError(f"{self._path}: expected a recording, found an empty file")
        return lines

    def _unzip(self, content: bytes) -> list[bytes]:
        lines: list[bytes] = []
        try:
            with GzipFile(fileobj=BytesIO(content)) as file:
                for line in file:  # one by one: what came before an error must be counted
                    lines.append(line)
        except EOFError:
            self._line = len(lines)
            self._refuse("the rest of the gzip data", "the end of the file", "after the last line")
        except (BadGzipFile, zlib.error) as error:
            self._line = len(lines)
            self._refuse("sound gzip data", str(error), "after line")
        return lines

    def _find_symbol(self, lines: list[bytes]) -> None:
        """The first stream's symbol decides the grid, and every line must be of it."""
        for line in lines:
            match = _STREAM.search(line)
            if match:
                self._symbol = match[1].decode().upper()
                break
        self._grid = grid = GRIDS.get(self._symbol, DEFAULT_GRID)
        self._tick = _units(grid.tick)
        self._half_tick = self._tick // 2
        self._lot = _units(grid.lot)

    # --- the lines ---

    def _steps(self, lines: list[bytes]) -> Iterator[Step]:
        first_ns = last_ns = 0
        for self._line, line in enumerate(lines, 1):
            stamp, _, body = line.partition(b" ")
            if not _RECEIVE_TIME.fullmatch(stamp):
                self._refuse("a receive time in nanoseconds and a space", _shown(stamp))
            received_ns = int(stamp)
            if self._line == 1:
                first_ns = received_ns
            elif received_ns < last_ns:
                self._refuse(f"a receive time of at least {last_ns}", str(received_ns))
            last_ns = received_ns
            yield self._step(received_ns - first_ns, body)

    def _step(self, at_ns: int, body: bytes) -> Step:
        envelope = self._decode(self._envelope, body, "JSON")
        stream = envelope.stream
        if stream is None:
            snapshot = self._decode(self._rest_snapshot, body, "a stream's message, or a snapshot")
            return self._on_snapshot(at_ns, snapshot)
        symbol, _, kind = stream.partition("@")
        if symbol.upper() != self._symbol:
            self._refuse(f"a stream of {self._symbol}", _shown(stream))
        if kind == "depth@100ms":
            return self._on_depth(at_ns, self._decode(self._depth, envelope.data, "a depth update"))
        if kind == "trade":
            return self._on_trade(at_ns, self._decode(self._trade, envelope.data, "a trade"))
        if kind != "bookTicker":
            self._refuse("a stream depth@100ms, bookTicker or trade", _shown(stream))
        ticker = self._decode(self._book_ticker, envelope.data, "a book ticker")
        return self._on_book_ticker(at_ns, ticker)

    def _decode(self, decoder: msgspec.json.Decoder[_T], body: bytes | Raw, expected: str) -> _T:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._refuse(expected, f"something else: {error}")

    def _on_depth(self, at_ns: int, depth: _Depth) -> Diff:
        self._check_symbol(depth.symbol)
        if depth.first_id > depth.last_id:
            self._refuse(f"a last id u of at least U = {depth.first_id}", str(depth.last_id))
        levels = self._levels(depth.bids, depth.asks)
        return Diff(self._line, at_ns, depth.first_id, depth.last_id, levels)

    def _on_snapshot(self, at_ns: int, snapshot: _RestSnapshot) -> Snapshot:
        levels = self._levels(snapshot.bids, snapshot.asks)
        for level in levels:
            if not level.lots:
                self._refuse("levels with a quantity in a snapshot", "a quantity of 0")
        return Snapshot(self._line, at_ns, snapshot.last_id, levels)

    def _on_trade(self, at_ns: int, trade: _Trade) -> TradePrint:
        self._check_symbol(trade.symbol)
        if trade.trade_id <= self._last_trade_id:
            self._refuse(f"a trade id above {self._last_trade_id}", str(trade.trade_id))
        self._last_trade_id = trade.trade_id
        aggressor = Side.SELL if trade.buyer_is_maker else Side.BUY
        tape = Print(aggressor, self._half_ticks(trade.price), self._whole_lots(trade.quantity))
        return TradePrint(self._line, at_ns, trade.trade_id, tape)

    def _on_book_ticker(self, at_ns: int, ticker: _BookTicker) -> Ticker:
        self._check_symbol(ticker.symbol)
        if ticker.update_id <= self._last_ticker_id:
            self._refuse(f"a book ticker's id above {self._last_ticker_id}", str(ticker.update_id))
        self._last_ticker_id = ticker.update_id
        bid, ask = self._half_ticks(ticker.bid), self._half_ticks(ticker.ask)
        if bid >= ask:
            self._refuse("a best bid below the best ask", f"{ticker.bid} and {ticker.ask}")
        touch = (bid, self._whole_lots(ticker.bid_quantity), ask, self._whole_lots(ticker.ask_quantity))
        return Ticker(self._line, at_ns, ticker.update_id, touch)

    def _check_symbol(self, symbol: str) -> None:
        if symbol != self._symbol:
            self._refuse(f"the symbol {self._symbol}", _shown(symbol))

    # --- the numbers ---

    def _levels(self, bids: _Levels, asks: _Levels) -> tuple[Level, ...]:
        return tuple(
            Level(side, self._half_ticks(price), self._level_lots(quantity))
            for side, levels in ((Side.BUY, bids), (Side.SELL, asks))
            for price, quantity in levels
        )

    def _half_ticks(self, text: str) -> int:
        price = self._prices.get(text)
        if price is None:
            units = self._units(text, "price")
            if not units or units % self._tick:
                self._refuse(f"a positive price in ticks of {self._grid.tick}", _shown(text))
            price = self._prices[text] = units // self._half_tick
        return price

    def _level_lots(self, text: str) -> int:
        """Whole lots. Zero means that the level is gone, so that a quantity must not become it."""
        lots, rest = self._lots_and_rest(text)
        if rest:
            if not lots:
                self._refuse(f"a quantity of 0 or at least one lot of {self._grid.lot}", _shown(text))
            self._finer_levels += 1
        return lots

    def _whole_lots(self, text: str) -> int:
        lots, rest = self._lots_and_rest(text)
        if not lots or rest:
            self._refuse(f"a positive quantity in lots of {self._grid.lot}", _shown(text))
        return lots

    def _lots_and_rest(self, text: str) -> tuple[int, int]:
        known = self._quantities.get(text)
        if known is None:
            known = self._quantities[text] = divmod(self._units(text, "quantity"), self._lot)
        return known

    def _units(self, text: str, what: str) -> int:
        if not _DECIMAL.fullmatch(text):
            self._refuse(f"a {what} as a decimal, not negative, with at most {_PLACES} places", _shown(text))
        return _units(text)

    # --- the book ---

    def _rebuild(self, steps: tuple[Step, ...]) -> tuple[tuple[TouchAt, ...], tuple[int, ...]]:
        """Play the whole file: refuse a crossed book, and a gap or a beginning that no snapshot mends."""
        sequencer = Sequencer()
        book = LevelBook()
        touches: list[TouchAt] = []
        applied: list[int] = []
        gap: tuple[int, int, int] | None = None
        for step in steps:
            match step:
                case Diff():
                    verdict = sequencer.on_diff(step)
                    if verdict is Verdict.GAP:
                        gap = (step.line, sequencer.wanted_id, step.first_id)
                        book.clear()
                    elif verdict is Verdict.APPLY:
                        self._apply(book, step, step.at_ns, touches)
                        if step.levels:
                            applied.append(step.last_id)
                case Snapshot():
                    if sequencer.on_snapshot(step) is Verdict.REBUILD:
                        book.clear()
                        self._apply(book, step, step.at_ns, touches)
                        for diff in sequencer.backlog:
                            self._apply(book, diff, step.at_ns, touches)
                            if diff.levels:
                                applied.append(diff.last_id)
                case _:
                    pass
        if not sequencer.known:
            if gap is not None:
                self._line, wanted_id, first_id = gap
                self._refuse(f"U = {wanted_id}, or a later snapshot to bridge the gap", f"U = {first_id}")
            self._line = steps[-1].line
            self._refuse("a snapshot that fits the diffs", "none", "after the last line")
        return tuple(touches), tuple(applied)

    def _apply(self, book: LevelBook, step: Diff | Snapshot, at_ns: int, touches: list[TouchAt]) -> None:
        for level in step.levels:
            book.set(level)
        touch = book.touch()
        bid, _, ask, _ = touch
        if ask and bid >= ask:
            self._line = step.line
            self._refuse(
                "a best bid below the best ask once this is in the book",
                f"{self._decimal(bid)} and {self._decimal(ask)}",
            )
        touches.append(TouchAt(at_ns, step.last_id, touch))

    def _decimal(self, half_ticks: int) -> str:
        units, places = divmod(half_ticks * self._half_tick, 10**_PLACES)
        return f"{units}.{places:0{_PLACES}}"


def _units(text: str) -> int:
    """A decimal in units of 10⁻⁸, exactly. It must have the form of `_DECIMAL`."""
    whole, _, places = text.partition(".")
    return int(whole + places.ljust(_PLACES, "0"))


def _shown(text: str | bytes) -> str:
    """Quoted, and without the b of bytes, which is nothing to people."""
    return repr(text.decode(errors="replace") if isinstance(text, bytes) else text)
