"""Our orders trade against a recording by its fill model, and never change it."""

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from squall.sim.exchange.binance import load
from squall.sim.exchange.engine import Engine
from squall.sim.exchange.recorded import RecordedMarket
from squall.sim.exchange.recording import Recording
from squall.sim.exchange.wire.messages import (
    Level,
    NewOrderSingle,
    OrdRejReason,
    OrdType,
    Print,
    Side,
    TimeInForce,
)
from squall.sim.kernel import Kernel
from tests import recordings
from tests.recordings import (
    RawFill,
    depth,
    snapshot,
    synthetic_lines,
    ticker,
    trade,
    unsupported_fills,
    write,
)

MS = 1_000_000
HALF_TICK = Decimal("0.005")
LOT = Decimal("0.00001")
BUY, SELL = Side.BUY, Side.SELL

BIDS = (("100.00000000", "0.00005000"), ("99.99000000", "0.00020000"))
ASKS = (("100.02000000", "0.00003000"), ("100.03000000", "0.00004000"), ("100.05000000", "0.00009000"))
BID, ASK, ASK_2, ASK_3 = 20_000, 20_004, 20_006, 20_010
"""The touch and what follows it, in half ticks; 5 lots at the bid, 3, 4 and 9 on the ask's side."""


def order(
    name: str, side: Side, lots: int, price: int | None = None, tif: TimeInForce = TimeInForce.DAY
) -> NewOrderSingle:
    ord_type = OrdType.MARKET if price is None else OrdType.LIMIT
    return NewOrderSingle(name, name, "BTCUSDT", side, lots, ord_type, tif, price)


class Ear:
    """Writes down what an engine says."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.said: list[tuple[Any, ...]] = []
        """What became of our orders, in order."""
        self.public: list[tuple[int, tuple[Level, ...], tuple[Print, ...], int]] = []
        self.fills: list[tuple[int, NewOrderSingle, int, int]] = []
        self.entered_ns: dict[str, int] = {}

    def on_accepted(self, order: NewOrderSingle) -> None:
        self.entered_ns[order.cl_ord_id] = self._kernel.now_ns
        self.said.append(("accepted", order.cl_ord_id))

    def on_triggered(self, order: NewOrderSingle) -> None:
        raise AssertionError("no stop orders here")

    def on_refused(self, order: NewOrderSingle, reason: OrdRejReason) -> None:
        self.said.append(("refused", order.cl_ord_id, reason))

    def on_executed(
        self, order: NewOrderSingle, lots: int, price_half_ticks: int, leaves_lots: int, *, takes: bool
    ) -> None:
        self.said.append(("executed", order.cl_ord_id, lots, price_half_ticks, leaves_lots))
        self.fills.append((self._kernel.now_ns, order, lots, price_half_ticks))

    def on_closed(self, order: NewOrderSingle, leaves_lots: int) -> None:
        self.said.append(("closed", order.cl_ord_id, leaves_lots))

    def on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None:
        assert symbol == "BTCUSDT"
        assert levels or prints
        self.public.append((self._kernel.now_ns, levels, prints, source_id))


class Stage:
    """A recorded market, started, and whoever listens to it."""

    def __init__(self, recording: Recording) -> None:
        self.kernel = Kernel()
        self.market = RecordedMarket(self.kernel, recording)
        engine: Engine = self.market
        self.ear = Ear(self.kernel)
        engine.listener = self.ear
        engine.start()

    def play_to(self, at_ms: float) -> None:
        """Up to this time, its own lines included."""
        self.kernel.run_until(round(at_ms * MS) + 1)

    def take_said(self) -> list[tuple[Any, ...]]:
        """What was said of our orders since the last call, acceptances apart."""
        said, self.ear.said = self.ear.said, []
        return [words for words in said if words[0] != "accepted"]


def stage(tmp_path: Path, *lines: str) -> Stage:
    """Opens with the book above at 0 ms, played that far; *lines* follow."""
    opening = snapshot(0, 10, BIDS, ASKS)
    file = write(tmp_path / "recording.txt", [opening, *lines, ticker(10_000, 90, BIDS[0], ASKS[0])])
    played = Stage(load(file))
    played.play_to(0)
    return played


def printed(at_ms: float, number: int, price: str, quantity: str) -> str:
    return trade(at_ms, number, price, quantity, seller_aggressed=True)


@pytest.fixture(scope="module", params=recordings.sources())
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording as a file: the synthetic one, and the real one where there is one."""
    return recordings.source_file(request.param, tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def recording(file: Path) -> Recording:
    return load(file)


# --- the replay ------------------------------------------------------------------------------------------


def test_whoever_follows_the_feed_has_the_recorded_touch_after_every_diff(recording: Recording) -> None:
    """A book built from `on_book` alone shows what the book tickers say, and in the end equals the image."""
    stage = Stage(recording)
    stage.play_to(recording.duration_ns / MS)
    expected = recording.expected_touches()
    sides: dict[Side, dict[int, int]] = {BUY: {}, SELL: {}}
    right = 0
    for _, levels, _, source_id in stage.ear.public:
        for level in levels:
            sides[level.side][level.price_half_ticks] = level.lots
            if not level.lots:
                del sides[level.side][level.price_half_ticks]
        if source_id in expected:
            bid, ask = max(sides[BUY]), min(sides[SELL])
            right += expected[source_id] == (bid, sides[BUY][bid], ask, sides[SELL][ask])
    assert right == len(expected) == len(recording.applied)
    best_first = [Level(BUY, price, sides[BUY][price]) for price in sorted(sides[BUY], reverse=True)]
    best_first += [Level(SELL, price, sides[SELL][price]) for price in sorted(sides[SELL])]
    assert stage.market.image()[0].symbol == "BTCUSDT"
    assert list(stage.market.image()[0].levels) == best_first
    assert stage.market.end_ns == recording.duration_ns


def test_every_trade_is_on_the_tape_at_its_time(file: Path, recording: Recording) -> None:
    stage = Stage(recording)
    stage.play_to(recording.duration_ns / MS)
    tape = [
        (at_ns, side is BUY, price * HALF_TICK, lots * LOT)
        for at_ns, _, prints, _ in stage.ear.public
        for side, price, lots in ((p.side, p.price_half_ticks, p.lots) for p in prints)
    ]
    assert tape == [
        (at_ns, not content["data"]["m"], Decimal(content["data"]["p"]), Decimal(content["data"]["q"]))
        for at_ns, content in recordings.read_raw(file)
        if content.get("stream", "").endswith("@trade")
    ]


def trade_at_random(stage: Stage, recording: Recording, seed: int, orders: int) -> list[RawFill]:
    """Enter orders of all kinds near the touch, cancel some, play to the end; returns the fills."""
    random = Random(seed)
    market = stage.market
    for number in range(orders):
        stage.play_to(recording.duration_ns / MS * (number + random.random()) / orders)
        bid, _, ask, _ = market.touch("BTCUSDT")
        side = random.choice((BUY, SELL))
        price = random.choice((bid, ask)) + 2 * random.randrange(-3, 4) if bid else 12_367_526
        tif = random.choice((TimeInForce.DAY, TimeInForce.DAY, TimeInForce.IOC))
        lots = random.randrange(1, 60_000)
        market.enter(order(f"o{number}", side, lots, random.choice((price, price, None)), tif))
        if random.random() < 0.2:
            market.cancel(f"o{random.randrange(number + 1)}")
    stage.play_to(recording.duration_ns / MS)
    entered_ns = stage.ear.entered_ns
    return [
        RawFill(entered_ns[o.cl_ord_id], at_ns, o.side is BUY, price * HALF_TICK, lots * LOT)
        for at_ns, o, lots, price in stage.ear.fills
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_fill_is_borne_out_by_the_raw_file(file: Path, recording: Recording, seed: int) -> None:
    """Displayed depth at arrival, or a print at or through the price; and never more than there was."""
    fills = trade_at_random(Stage(recording), recording, seed, orders=300)
    assert not unsupported_fills(file, fills)
    assert sum(fill.at_ns == fill.entered_ns for fill in fills) > 100
    assert sum(fill.at_ns != fill.entered_ns for fill in fills) > 10


def test_the_judge_of_fills_knows_a_wrong_one(tmp_path: Path) -> None:
    """Too much, at another price, or at another time: each is complained about."""
    file = write(tmp_path / "synthetic.gz", synthetic_lines())
    recording = load(file)
    fills = trade_at_random(Stage(recording), recording, 4, orders=100)
    taken = next(fill for fill in fills if fill.at_ns == fill.entered_ns)
    passive = next(fill for fill in fills if fill.at_ns != fill.entered_ns)
    for fill in (taken, passive):
        assert unsupported_fills(file, [fill._replace(quantity=fill.quantity + 1_000)])
        worse = Decimal(-10_000 if fill.buy else 10_000)
        assert unsupported_fills(file, [fill._replace(price=fill.price + worse)])
    assert unsupported_fills(file, [passive._replace(at_ns=passive.at_ns - 1)])


def test_our_orders_never_change_what_is_public(recording: Recording) -> None:
    alone, beside_us = Stage(recording), Stage(recording)
    alone.play_to(recording.duration_ns / MS)
    assert trade_at_random(beside_us, recording, 5, orders=200)
    assert beside_us.ear.public == alone.ear.public
    assert beside_us.market.image() == alone.market.image()


def test_lots_are_accounted_for(recording: Recording) -> None:
    """Accepted = executed + closed + still resting, order by order, and leaves count down to what is said."""
    stage = Stage(recording)
    trade_at_random(stage, recording, 6, orders=200)
    leaves: dict[str, int] = {}
    ended: list[str] = []
    for word, name, *rest in stage.ear.said:
        assert name not in ended
        if word == "executed":
            lots, _, left = rest
            assert left == leaves.get(name, left + lots) - lots
            leaves[name] = left
            if not left:
                ended.append(name)
        elif word == "closed":
            assert rest == [leaves.get(name, rest[0])]
            ended.append(name)
    for number in range(200):
        name = f"o{number}"
        assert stage.market.cancel(name) is (name in stage.ear.entered_ns and name not in ended)


# --- the fill model, sentence by sentence ------------------------------------------------------------------


def test_a_market_order_takes_the_displayed_depth_level_by_level_and_the_rest_is_closed(
    tmp_path: Path,
) -> None:
    played = stage(tmp_path)
    played.market.enter(order("m", BUY, 20))
    assert played.take_said() == [
        ("executed", "m", 3, ASK, 17),
        ("executed", "m", 4, ASK_2, 13),
        ("executed", "m", 9, ASK_3, 4),
        ("closed", "m", 4),
    ]


def test_an_ioc_order_stops_at_its_limit(tmp_path: Path) -> None:
    played = stage(tmp_path)
    played.market.enter(order("buy", BUY, 10, ASK_2, TimeInForce.IOC))
    played.market.enter(order("sell", SELL, 7, BID, TimeInForce.IOC))
    assert played.take_said() == [
        ("executed", "buy", 3, ASK, 7),
        ("executed", "buy", 4, ASK_2, 3),
        ("closed", "buy", 3),
        ("executed", "sell", 5, BID, 2),
        ("closed", "sell", 2),
    ]


def test_what_we_took_is_gone_until_the_recording_changes_that_level(tmp_path: Path) -> None:
    played = stage(
        tmp_path,
        depth(100, 11, 12, asks=[ASKS[0], ("100.03000000", "0.00005000")]),
        depth(200, 13, 13, asks=[("100.02000000", "0.00002000")]),
    )
    played.market.enter(order("first", BUY, 5, ASK_2, TimeInForce.IOC))
    played.market.enter(order("second", BUY, 5, ASK_2, TimeInForce.IOC))
    assert played.take_said() == [
        ("executed", "first", 3, ASK, 2),
        ("executed", "first", 2, ASK_2, 0),
        ("executed", "second", 2, ASK_2, 3),
        ("closed", "second", 3),
    ]
    played.play_to(100)  # repeats the size of one level, changes the other
    played.market.enter(order("third", BUY, 10, ASK_2, TimeInForce.IOC))
    assert played.take_said() == [("executed", "third", 5, ASK_2, 5), ("closed", "third", 5)]
    played.play_to(200)
    played.market.enter(order("fourth", BUY, 10, ASK_2, TimeInForce.IOC))
    assert played.take_said() == [("executed", "fourth", 2, ASK, 8), ("closed", "fourth", 8)]


def test_what_the_depth_cannot_give_a_limit_order_rests_at_its_price(tmp_path: Path) -> None:
    played = stage(tmp_path, printed(50, 1, "100.02000000", "0.00001000"))
    played.market.enter(order("b", BUY, 5, ASK))
    assert played.take_said() == [("executed", "b", 3, ASK, 2)]
    played.play_to(50)  # nobody else is displayed on our side at that price
    assert played.take_said() == [("executed", "b", 1, ASK, 1)]
    assert played.market.cancel("b")
    assert played.take_said() == [("closed", "b", 1)]


def test_a_resting_order_waits_until_the_displayed_size_before_it_has_traded(tmp_path: Path) -> None:
    played = stage(
        tmp_path,
        printed(50, 1, "100.00000000", "0.00003000"),
        printed(60, 2, "100.00000000", "0.00004000"),
        printed(70, 3, "100.00000000", "0.00009000"),
    )
    played.market.enter(order("b", BUY, 6, BID))
    played.play_to(50)
    assert played.take_said() == []
    played.play_to(60)
    assert played.take_said() == [("executed", "b", 2, BID, 4)]
    played.play_to(70)
    assert played.take_said() == [("executed", "b", 4, BID, 0)]
    assert not played.market.cancel("b")


def test_the_queue_ahead_is_never_longer_than_what_is_displayed(tmp_path: Path) -> None:
    """Those before us cancelled: growth behind us does not put anybody before us again."""
    played = stage(
        tmp_path,
        depth(40, 11, 11, bids=[("100.00000000", "0.00002000")]),
        depth(45, 12, 12, bids=[("100.00000000", "0.00090000")]),
        printed(50, 1, "100.00000000", "0.00003000"),
    )
    played.market.enter(order("b", BUY, 6, BID))
    played.play_to(50)
    assert played.take_said() == [("executed", "b", 1, BID, 5)]


def test_a_print_through_the_price_fills_at_the_limit_without_a_queue(tmp_path: Path) -> None:
    played = stage(
        tmp_path,
        printed(50, 1, "99.99000000", "0.00004000"),
        printed(60, 2, "100.03000000", "0.00004000"),
    )
    played.market.enter(order("buy", BUY, 6, BID))
    played.market.enter(order("sell", SELL, 3, ASK))
    played.play_to(50)
    assert played.take_said() == [("executed", "buy", 4, BID, 2)]
    played.play_to(60)
    assert played.take_said() == [("executed", "sell", 3, ASK, 0)]


def test_one_print_fills_no_more_of_ours_than_its_size_better_prices_first(tmp_path: Path) -> None:
    played = stage(tmp_path, printed(50, 1, "99.98000000", "0.00008000"))
    played.market.enter(order("late-but-better", BUY, 3, BID + 2))
    played.market.enter(order("early", BUY, 4, BID))
    played.market.enter(order("late", BUY, 4, BID))
    played.market.enter(order("best", BUY, 2, BID + 2))
    played.play_to(50)
    assert played.take_said() == [
        ("executed", "late-but-better", 3, BID + 2, 0),
        ("executed", "best", 2, BID + 2, 0),
        ("executed", "early", 3, BID, 1),
    ]


def test_a_quote_that_crosses_a_resting_order_fills_nothing(tmp_path: Path) -> None:
    played = stage(
        tmp_path,
        depth(40, 11, 12, bids=[("100.00000000", "0.00000000")], asks=[("100.00000000", "0.00009000")]),
    )
    played.market.enter(order("b", BUY, 6, BID))
    played.play_to(100)
    assert played.market.touch("BTCUSDT")[2] == BID
    assert played.take_said() == []


def test_before_the_first_snapshot_nothing_trades_and_limit_orders_arrive_with_the_book(
    tmp_path: Path,
) -> None:
    lines = [
        depth(0, 10, 10),
        printed(10, 1, "100.00000000", "0.00100000"),
        snapshot(20, 10, BIDS, ASKS),
    ]
    played = Stage(load(write(tmp_path / "late.txt", lines)))
    played.play_to(5)
    assert played.market.touch("BTCUSDT") == (0, 0, 0, 0)
    played.market.enter(order("market", BUY, 1))
    played.market.enter(order("crossing", BUY, 4, ASK))
    played.market.enter(order("resting", SELL, 4, ASK_3))
    played.market.enter(order("cancelled", SELL, 4, ASK_3))
    assert played.market.cancel("cancelled")
    played.play_to(15)
    assert played.take_said() == [("closed", "market", 1), ("closed", "cancelled", 4)]
    played.play_to(20)
    assert played.take_said() == [("executed", "crossing", 3, ASK, 1)]
    assert played.market.cancel("resting")


def test_in_a_gap_the_book_is_empty_and_the_queue_is_kept(tmp_path: Path) -> None:
    played = stage(
        tmp_path,
        depth(40, 15, 15),
        printed(50, 1, "100.00000000", "0.00002000"),
        snapshot(60, 89, (("100.00000000", "0.00009000"),), ASKS),
        printed(70, 2, "100.00000000", "0.00004000"),
    )
    played.market.enter(order("b", BUY, 6, BID))
    played.play_to(50)
    _, levels, _, source_id = played.ear.public[1]
    assert {(level.price_half_ticks, level.lots) for level in levels} == {
        (price, 0) for price in (BID, BID - 2, ASK, ASK_2, ASK_3)
    }
    assert source_id == 0
    assert played.market.touch("BTCUSDT") == (0, 0, 0, 0)
    assert played.take_said() == []
    played.play_to(70)
    assert played.market.touch("BTCUSDT") == (BID, 9, ASK, 3)
    assert played.take_said() == [("executed", "b", 1, BID, 5)]


def test_what_we_took_before_a_gap_is_forgotten(tmp_path: Path) -> None:
    played = stage(tmp_path, depth(40, 15, 15), snapshot(60, 89, BIDS, ASKS))
    played.market.enter(order("before", BUY, 3, ASK, TimeInForce.IOC))
    played.play_to(50)
    played.market.enter(order("meanwhile", BUY, 3, ASK, TimeInForce.IOC))
    played.play_to(60)
    played.market.enter(order("after", BUY, 3, ASK, TimeInForce.IOC))
    assert played.take_said() == [
        ("executed", "before", 3, ASK, 0),
        ("closed", "meanwhile", 3),
        ("executed", "after", 3, ASK, 0),
    ]


def test_orders_that_cannot_be_are_refused(tmp_path: Path) -> None:
    market = (played := stage(tmp_path)).market
    market.enter(order("none", BUY, 0))
    market.enter(order("half", BUY, 1, BID + 1))
    market.enter(order("free", BUY, 1, 0))
    unknown = NewOrderSingle("x", "x", "ETHUSDT", BUY, 1, OrdType.MARKET, TimeInForce.DAY, None)
    market.enter(unknown)
    assert played.ear.said == [
        ("refused", "none", OrdRejReason.INVALID_QUANTITY),
        ("refused", "half", OrdRejReason.INVALID_PRICE),
        ("refused", "free", OrdRejReason.INVALID_PRICE),
        ("refused", "x", OrdRejReason.UNKNOWN_SYMBOL),
    ]
    market.enter(order("once", BUY, 1, BID))
    with pytest.raises(KeyError, match="once"):
        market.enter(order("once", BUY, 1, BID))


def test_a_second_start_takes_our_orders_out_and_the_recording_goes_on(tmp_path: Path) -> None:
    recording = load(write(tmp_path / "synthetic.gz", synthetic_lines(duration_ms=1_000)))
    alone, crashed = Stage(recording), Stage(recording)
    alone.play_to(2_000)
    crashed.play_to(500)
    bid = crashed.market.touch("BTCUSDT")[0]
    crashed.market.enter(order("rests", BUY, 5, bid - 20))
    crashed.market.start()
    assert crashed.take_said() == [("closed", "rests", 5)]
    crashed.play_to(2_000)
    assert crashed.ear.public == alone.ear.public
    assert crashed.market.end_ns == alone.market.end_ns


def test_the_recording_keeps_its_own_time_however_late_the_venue_opens(tmp_path: Path) -> None:
    """What is overdue happens at once, the rest on the nanosecond: a machine needs a moment to start."""
    lines = [snapshot(0, 9, BIDS, ASKS), printed(5, 1, "100.00000000", "0.00001000"), depth(9, 10, 10)]
    recording = load(write(tmp_path / "recording.txt", lines))
    heard = []
    for start_ms, opens_ms in ((0, 2), (7, 2)):
        kernel = Kernel()
        market = RecordedMarket(kernel, recording, start_ns=start_ms * MS)
        market.listener = ear = Ear(kernel)
        kernel.run_until(opens_ms * MS)
        market.start()
        kernel.run_until(30 * MS)
        heard.append([at_ns // MS for at_ns, _, _, _ in ear.public])
        assert market.end_ns == (start_ms + 9) * MS
    assert heard == [[2, 5], [7, 12]]
