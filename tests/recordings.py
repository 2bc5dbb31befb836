"""Makes tiny recordings in the raw format, and re-derives from any raw file, slowly, what a fill rests on.

Shares nothing with the code that it checks: json, Decimal and dicts only.
"""

import gzip
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

SYNTHETIC: Final = "synthetic"
REAL: Final = "btcusdt_20240808_spot.gz"

FIRST_RECEIVED_NS: Final = 1_700_000_000_123_456_789
_MS: Final = 1_000_000
_EXCHANGE_AHEAD_MS: Final = 1_270
"""The recorder's clock runs behind the exchange's, as in the real thing."""


def sources() -> list[str]:
    """What tests of recorded markets run on: the synthetic one, and the real one where SQUALL_DATA is set."""
    return [SYNTHETIC, REAL] if "SQUALL_DATA" in os.environ else [SYNTHETIC]


def source_file(source: str, folder: Path) -> Path:
    """The file of one of `sources()`; the synthetic one is written into *folder*."""
    if source == SYNTHETIC:
        return write(folder / "synthetic.gz", synthetic_lines())
    return Path(os.environ["SQUALL_DATA"]) / source


def write(file: Path, lines: Iterable[str]) -> Path:
    """Write a recording, gzipped where the name ends in .gz. The same lines give the same bytes."""
    content = "".join(f"{line}\n" for line in lines).encode()
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)
    return file


# --- lines by hand: times in ms after the first line, numbers as the venue writes them ------------------

Pairs = Sequence[tuple[str, str]]


def _line(at_ms: float, content: dict[str, Any]) -> str:
    return f"{FIRST_RECEIVED_NS + round(at_ms * _MS)} {json.dumps(content, separators=(',', ':'))}"


def _exchange_ms(at_ms: float) -> int:
    return FIRST_RECEIVED_NS // _MS + _EXCHANGE_AHEAD_MS + int(at_ms)


def depth(at_ms: float, first: int, last: int, bids: Pairs = (), asks: Pairs = ()) -> str:
    data = {"e": "depthUpdate", "E": _exchange_ms(at_ms), "s": "BTCUSDT", "U": first, "u": last}
    return _line(at_ms, {"stream": "btcusdt@depth@100ms", "data": {**data, "b": bids, "a": asks}})


def ticker(at_ms: float, update_id: int, bid: tuple[str, str], ask: tuple[str, str]) -> str:
    data = {"u": update_id, "s": "BTCUSDT", "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return _line(at_ms, {"stream": "btcusdt@bookTicker", "data": data})


def trade(at_ms: float, trade_id: int, price: str, quantity: str, *, seller_aggressed: bool) -> str:
    sent_ms = _exchange_ms(at_ms)
    data = {"e": "trade", "E": sent_ms, "s": "BTCUSDT", "t": trade_id, "p": price, "q": quantity}
    data |= {"T": sent_ms, "m": seller_aggressed, "M": True}
    return _line(at_ms, {"stream": "btcusdt@trade", "data": data})


def snapshot(at_ms: float, last: int, bids: Pairs, asks: Pairs) -> str:
    return _line(at_ms, {"lastUpdateId": last, "bids": bids, "asks": asks})


# --- a whole recording ---------------------------------------------------------------------------------


def synthetic_lines(
    duration_ms: int = 3_000,
    seed: int = 1,
    snapshots_at_ms: Sequence[int] = (250,),
    lost_diffs: Sequence[int] = (),
) -> list[str]:
    """A lively market around 61,837.63, some 200 updates a second, wobbling within half a dollar or so.

    Like the real one: diffs every 100 ms that start before the snapshot, tickers that a diff sometimes
    overtakes, a level beyond the snapshot's depth, an old quantity finer than a lot. *lost_diffs* (numbered
    from 0) are left out, which makes gaps; a snapshot of a later time mends them.
    """
    return _Market(seed).record(duration_ms, snapshots_at_ms, lost_diffs)


class _Market:
    """Two dicts of cents to lots, one change per update id."""

    _START_CENTS = 6_183_763
    _LEVELS_MIN = 12

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        # Apart, so that one snapshot more or one diff less leaves the market what it was.
        self._wire = Random(f"wire {seed}")
        start = self._START_CENTS
        self._bids = {start - k: self._size() for k in range(20)}
        self._asks = {start + 1 + k: self._size() for k in range(20)}
        self._update_id = 50_000
        self._trade_id = 900
        self._changed: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._lines: list[tuple[float, Callable[[float], str]]] = []
        """When a line is received, and what writes it once the first one's time is known."""
        self._last_ms: dict[str, float] = {}

    def record(self, duration_ms: int, snapshots_at_ms: Sequence[int], lost: Sequence[int]) -> list[str]:
        first_of_diff, diffs = self._update_id + 1, 0
        touch = None
        for now_ms in range(0, duration_ms, 5):
            self._step(now_ms)
            if touch != (touch := self._touch()):
                late = self._wire.random() < 0.03
                self._write("ticker", now_ms + (90 if late else 1), self._ticker())
            if now_ms % 100 == 95:
                bids, asks = (self._pairs(side, reverse=not k) for k, side in enumerate(self._changed))
                if diffs == 2:
                    asks.append(("200000.00000000", "25.42618900"))
                if diffs == 4:
                    bids.append(("100.00000000", "0.00000000"))  # never seen: deeper than the snapshot
                if diffs not in lost:
                    diff = partial(depth, first=first_of_diff, last=self._update_id, bids=bids, asks=asks)
                    self._write("depth", now_ms + 40, diff)
                first_of_diff, diffs = self._update_id + 1, diffs + 1
                self._changed = ({}, {})
            if now_ms in snapshots_at_ms:
                bids, asks = self._pairs(self._bids, reverse=True), self._pairs(self._asks, reverse=False)
                image = partial(snapshot, last=self._update_id, bids=bids, asks=asks)
                self._write("snapshot", now_ms + 120, image)
        first_ms = min(at_ms for at_ms, _ in self._lines)
        in_order = sorted(self._lines, key=lambda entry: entry[0])
        return [line(at_ms - first_ms) for at_ms, line in in_order]

    def _write(self, stream: str, at_ms: float, line: Callable[[float], str]) -> None:
        """Within a stream nothing overtakes."""
        at_ms = max(at_ms + self._wire.random(), self._last_ms.get(stream, 0.0) + 0.001)
        self._last_ms[stream] = at_ms
        self._lines.append((at_ms, line))

    def _step(self, now_ms: int) -> None:
        random = self._random
        buy = random.random() < 0.5
        book = self._bids if buy else self._asks
        best = max(book) if buy else min(book)
        away = -1 if buy else 1
        roll = random.random()
        drift = best - self._START_CENTS
        if roll < 0.4:
            self._set(buy, random.choice(sorted(book)), self._size())
        elif roll < 0.65 and (drift * away < 40 or random.random() < 0.3):
            # A trade: the other side's aggressor takes some of this touch, or all of it.
            lots = min(book[best], self._size() // 4 + 1)
            self._trade_id += 1
            line = partial(trade, trade_id=self._trade_id, price=_price(best), quantity=_quantity(lots))
            self._set(buy, best, book[best] - lots)
            self._write("trade", now_ms + 1, partial(line, seller_aggressed=buy))
        elif roll < 0.8 and len(book) > self._LEVELS_MIN:
            self._set(buy, random.choice(sorted(book)), 0)
        else:
            # A new level: inside the spread where there is room, or anywhere near.
            inside = best - away
            other = self._asks if buy else self._bids
            self._set(buy, inside if inside not in other else best + away * random.randrange(25), self._size())
        if len(book) < self._LEVELS_MIN:
            deepest = min(book) if buy else max(book)
            self._set(buy, deepest + away, self._size())

    def _size(self) -> int:
        return self._random.randrange(100, 200_000)

    def _set(self, buy: bool, cents: int, lots: int) -> None:
        book, changed = (self._bids, self._changed[0]) if buy else (self._asks, self._changed[1])
        self._update_id += 1
        changed[cents] = lots
        if lots:
            book[cents] = lots
        else:
            book.pop(cents, None)

    def _touch(self) -> tuple[int, int, int, int]:
        bid, ask = max(self._bids), min(self._asks)
        return bid, self._bids[bid], ask, self._asks[ask]

    def _ticker(self) -> Callable[[float], str]:
        bid, bid_lots, ask, ask_lots = self._touch()
        best_bid, best_ask = (_price(bid), _quantity(bid_lots)), (_price(ask), _quantity(ask_lots))
        return partial(ticker, update_id=self._update_id, bid=best_bid, ask=best_ask)

    @staticmethod
    def _pairs(levels: dict[int, int], *, reverse: bool) -> list[tuple[str, str]]:
        return [(_price(cents), _quantity(levels[cents])) for cents in sorted(levels, reverse=reverse)]


def _price(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}000000"


def _quantity(lots: int) -> str:
    return f"{lots // 100_000}.{lots % 100_000:05}000"


# --- what a fill rests on, from the raw file alone ---------------------------------------------------------


class RawFill(NamedTuple):
    """A fill of ours, in the file's own units: times in ns after its first line, decimals."""

    entered_ns: int
    """When the venue took the order."""
    at_ns: int
    buy: bool
    price: Decimal
    quantity: Decimal


class Evidence(NamedTuple):
    """What the file says about a fill."""

    displayed: Decimal
    """On the other side, at the fill's price, at the fill's time; 0 where there was no such level."""
    unchanged_since_ns: int
    """When the file last changed that level."""
    known_since_ns: int
    """When the file last began to tell the book: what waited for that arrived then."""
    printed: Decimal
    """What traded at the very time of the fill, at its price or through it (for a buy: below)."""


@lru_cache(maxsize=2)
def read_raw(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """(ns after the first line, content) of each line, decoded in the slow and obvious way."""
    content = file.read_bytes()
    text = gzip.decompress(content) if file.suffix == ".gz" else content
    raw = [line.split(" ", 1) for line in text.decode().splitlines()]
    first_ns = int(raw[0][0])
    return [(int(stamp) - first_ns, json.loads(content)) for stamp, content in raw]


class _RawBook:
    """(is bid, price) to quantity and the time of its last change; None while the file does not tell."""

    def __init__(self) -> None:
        self.levels: dict[tuple[bool, Decimal], tuple[Decimal, int]] | None = None
        self.known_since_ns = -1
        self._last_id = 0
        self._diffs: list[dict[str, Any]] = []

    def feed(self, at_ns: int, content: dict[str, Any]) -> None:
        if "lastUpdateId" in content:
            if self.levels is None:
                self._start(at_ns, content)
        elif content["stream"].endswith("@depth@100ms"):
            data = content["data"]
            if self.levels is None or data["u"] > self._last_id:
                if self.levels is not None and data["U"] > self._last_id + 1:
                    self.levels = None
                    self._diffs = []
                self._diffs.append(data)
                if self.levels is not None:
                    self._apply(at_ns, data)

    def _start(self, at_ns: int, content: dict[str, Any]) -> None:
        last_id = content["lastUpdateId"]
        for data in self._diffs:
            if data["u"] > last_id:
                if data["U"] > last_id + 1:
                    return
                last_id = data["u"]
        self.levels = {}
        self.known_since_ns = at_ns
        self._last_id = content["lastUpdateId"]
        self._set(at_ns, content["bids"], content["asks"])
        for data in self._diffs:
            if data["u"] > self._last_id:
                self._apply(at_ns, data)

    def _apply(self, at_ns: int, data: dict[str, Any]) -> None:
        self._set(at_ns, data["b"], data["a"])
        self._last_id = data["u"]

    def _set(self, at_ns: int, bids: Pairs, asks: Pairs) -> None:
        assert self.levels is not None
        for is_bid, pairs in ((True, bids), (False, asks)):
            for price, quantity in pairs:
                key, size = (is_bid, Decimal(price)), Decimal(quantity)
                if self.levels.get(key, (None, 0))[0] != size:
                    self.levels[key] = (size, at_ns)


def rederive_fills(file: Path, fills: Sequence[RawFill]) -> list[Evidence]:
    """The evidence for each fill, in the order of *fills*, from one pass over the raw file.

    A line counts for a fill from the line's own nanosecond on.
    """
    evidence: dict[int, Evidence] = {}
    book = _RawBook()
    raw = read_raw(file)
    prints: list[tuple[int, Decimal, Decimal]] = []
    place = 0
    for number, fill in sorted(enumerate(fills), key=lambda entry: entry[1].at_ns):
        while place < len(raw) and raw[place][0] <= fill.at_ns:
            at_ns, content = raw[place]
            book.feed(at_ns, content)
            if content.get("stream", "").endswith("@trade"):
                prints.append((at_ns, Decimal(content["data"]["p"]), Decimal(content["data"]["q"])))
            place += 1
        displayed, since_ns = (book.levels or {}).get((not fill.buy, fill.price), (Decimal(0), 0))
        printed = Decimal(0)
        for at_ns, price, quantity in reversed(prints):
            if at_ns != fill.at_ns:
                break
            if price <= fill.price if fill.buy else price >= fill.price:
                printed += quantity
        evidence[number] = Evidence(displayed, since_ns, book.known_since_ns, printed)
    return [evidence[number] for number in range(len(fills))]


def unsupported_fills(file: Path, fills: Sequence[RawFill]) -> list[str]:
    """What is wrong with these fills, judged by the raw file alone; nothing where every one is borne out.

    A fill at its order's arrival (which waits for the book to be known) takes displayed depth, and all that
    we take of a level until the file changes it fits into it. A later fill happens on a print at or through
    its price, and all fills of one side on a print fit into it.
    """
    complaints: list[str] = []
    taken: dict[tuple[bool, Decimal, int], Decimal] = defaultdict(Decimal)
    passive: dict[tuple[bool, int], Decimal] = defaultdict(Decimal)
    for fill, found in zip(fills, rederive_fills(file, fills), strict=True):
        if fill.at_ns in (fill.entered_ns, found.known_since_ns):
            level = (fill.buy, fill.price, found.unchanged_since_ns)
            taken[level] += fill.quantity
            if taken[level] > found.displayed:
                complaints.append(f"{fill}: took {taken[level]} of {found.displayed} displayed")
        else:
            passive[fill.buy, fill.at_ns] += fill.quantity
            if passive[fill.buy, fill.at_ns] > found.printed:
                complaints.append(f"{fill}: filled {passive[fill.buy, fill.at_ns]} on {found.printed} printed")
    return complaints
