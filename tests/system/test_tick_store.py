"""The tick store: bars on a disk that may be slow, full or lost, and answers that say how much they are made of."""

from squall.sim.exchange.wire.messages import BookUpdate, Level, Print
from squall.system.config import SECOND, DeskConfig, HistoryConfig
from squall.system.domain.claims import AlertRaised
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import AskHistory, Bar, BarsClosed, HistoryTold, Statistic
from squall.system.services.bar_clock import BARS, BarClock
from squall.system.services.market_data import MarketData
from squall.system.services.tick_store import FILE, TickStore
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime
from tests.system.test_market_data import BUY, SELL, A
from tests.system.test_market_data import WIRING as TWO_SYMBOLS

ACME = Symbol("ACME")
WIRING = Wiring(instruments=(Instrument(ACME),), venues=())
HISTORY = HistoryConfig(batch=2, max_bars=50, max_unsynced=3)


def bar(second: int, close: int = 200, lots: int = 10) -> Bar:
    return Bar(ACME, second * SECOND, close, close, close, close, lots, lots * close // 2)


class Store:
    """A tick store, the disk that it writes to, and market data that send it one bar a second."""

    def __init__(self, history: HistoryConfig = HISTORY) -> None:
        self.runtime = FakeRuntime("tick-store")
        self.history = history
        self.start()

    def start(self) -> None:
        self.program = TickStore(self.runtime, DeskConfig(history=self.history), WIRING)
        self.program.on_start()

    def hear(self, *bars: Bar) -> None:
        for each in bars:
            self.program.on_message("market-data", BarsClosed(1, (each,)))

    def asks(self, statistic: Statistic, from_s: int, to_s: int, parts: int = 1, horizon_s: int = 1) -> HistoryTold:
        question = AskHistory(7, statistic, ACME, from_s * SECOND, to_s * SECOND, parts, horizon_s * SECOND)
        self.program.on_message("algos", question)
        (told,) = self.runtime.take(HistoryTold, "algos")
        answer: HistoryTold = told
        return answer


def test_it_answers_what_was_traded_and_how() -> None:
    store = Store()
    store.hear(*(bar(second, 200 + 2 * second, second) for second in range(10)))
    assert store.asks(Statistic.VOLUME_PROFILE, 0, 10, parts=2) == HistoryTold(7, (10, 5, 35, 5), 10, 0)
    assert store.asks(Statistic.VWAP, 2, 4) == HistoryTold(7, (2 * 102 + 3 * 103, 5), 2, 0)
    assert store.asks(Statistic.RETURNS, 0, 10, horizon_s=4).values == (200, 208, 208, 216)
    (volatility,) = store.asks(Statistic.VOLATILITY, 0, 10, horizon_s=4).values
    assert 300 < volatility < 600


def test_a_question_that_makes_no_sense_has_no_values() -> None:
    store = Store()
    store.hear(bar(0), bar(1))
    assert store.asks(Statistic.VOLUME_PROFILE, 0, 10, parts=0).values == ()
    assert store.asks(Statistic.VOLUME_PROFILE, 10, 0).values == ()
    assert store.asks(Statistic.RETURNS, 0, 10, horizon_s=0).values == ()
    assert store.asks(Statistic.VOLATILITY, 0, 10).values == (), "one return says nothing"
    stranger = AskHistory(1, Statistic.VWAP, Symbol("ZINC"), 0, SECOND)
    store.program.on_message("algos", stranger)
    assert store.runtime.take(HistoryTold) == [HistoryTold(1, (0, 0), 0, 1)]


def test_several_intervals_are_one_record_and_a_restart_finds_them() -> None:
    store = Store()
    store.hear(*(bar(second) for second in range(5)))
    assert len(store.runtime.files[FILE]) == 2
    store.start()
    assert [each.start_ns // SECOND for each in store.program.bars[ACME]] == [0, 1, 2, 3], "the tail is lost"


def test_what_a_restart_has_cost_is_a_gap_and_no_return_reaches_across_it() -> None:
    store = Store()
    store.hear(bar(0, 100), bar(1, 110), bar(2, 120))
    store.start()
    store.hear(bar(6, 200), bar(7, 100))
    told = store.asks(Statistic.RETURNS, 0, 8)
    assert (told.values, told.bars, told.bars_missing) == ((100, 110, 200, 100), 4, 4)


def test_a_bar_that_comes_twice_or_too_late_is_refused() -> None:
    store = Store()
    store.hear(bar(1), bar(2), bar(2, lots=99), bar(1), bar(3))
    assert [each.lots for each in store.program.bars[ACME]] == [10, 10, 10]
    assert store.program.refused == 2
    store.program.on_message("market-data", BarsClosed(1, (Bar(Symbol("ZINC"), 0, 0, 0, 0, 0, 0, 0),)))
    assert store.program.refused == 3


def test_what_waits_for_the_disk_is_bounded_said_once_and_missing_after_a_restart() -> None:
    store = Store()
    store.hear(*(bar(second) for second in range(12)))
    assert len(store.runtime.files[FILE]) == 3
    assert store.program.unwritten == 6
    assert [claim.kind for claim in store.runtime.claims if type(claim) is AlertRaised] == ["tick-store.unwritten"]
    assert len(store.program.bars[ACME]) == 12, "it can still be asked about all of them"
    store.runtime.sync(store.program)
    store.hear(bar(12), bar(13))
    assert len(store.runtime.files[FILE]) == 4
    store.start()
    assert store.asks(Statistic.VWAP, 0, 14).bars_missing == 6


def test_it_keeps_so_many_bars_and_no_more() -> None:
    store = Store()
    store.hear(*(bar(second) for second in range(80)))
    assert [each.start_ns // SECOND for each in store.program.bars[ACME]] == list(range(30, 80))


# --- market data's side ---


def test_market_data_send_one_datagram_an_interval_on_the_grid_of_the_wall_clock() -> None:
    runtime = FakeRuntime("market-data", now_ns=10 * SECOND + 300)
    clock = BarClock(runtime, HistoryConfig(), (ACME,), "tick-store")
    clock.start()
    for _ in range(3):
        clock.price(ACME, (100, 1, 104, 1))
        clock.trade(ACME, 102, 5)
        runtime.now_ns += SECOND - 200
        del runtime.timers[BARS]
        clock.on_end()
    closed = runtime.take(BarsClosed, "tick-store")
    assert [each.number for each in closed] == [1, 2, 3]
    assert [each.bars for each in closed] == [
        (Bar(ACME, second * SECOND, 204, 204, 204, 204, 5, 510),) for second in (10, 11, 12)
    ]
    assert abs(runtime.timers[BARS] - runtime.monotonic_ns - (13 * SECOND + SECOND - runtime.now_ns)) == 0


def test_what_is_traded_and_believed_comes_into_the_bar_and_what_is_in_quarantine_does_not() -> None:
    runtime = FakeRuntime("market-data")
    program = MarketData(runtime, DeskConfig(), TWO_SYMBOLS)
    program.on_start()
    steps = (
        BookUpdate(A, "A", 1, ACME, (Level(BUY, 1_000, 5), Level(SELL, 1_010, 5)), (Print(BUY, 1_004, 3),)),
        BookUpdate(A, "A", 2, ACME, (Level(BUY, 1_002, 5),)),
        BookUpdate(A, "A", 3, ACME, (Level(BUY, 1_014, 5),)),
    )
    for step in steps:
        program.on_message("exchange-a", step)
    runtime.advance(program, SECOND)
    (closed,) = runtime.take(BarsClosed, "tick-store")
    assert closed.bars[0] == Bar(ACME, 0, 2_010, 2_012, 2_010, 2_012, 3, 3 * 1_004)
