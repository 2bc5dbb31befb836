"""Market data as the portfolio asks it: what is everything worth, by the books that are believed?"""

from squall.sim.exchange.wire.messages import BookUpdate, Level, Side
from squall.system.config import DeskConfig
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import AskMarks, MarksTold, PriceMark
from squall.system.services.market_data import MarketData
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
WIRING = Wiring(
    instruments=(Instrument(ACME), Instrument(BOLT)),
    venues=tuple(VenueRoute(Venue(name), name, (ACME, BOLT)) for name in ("exchange-a", "exchange-b")),
)


def book(venue: str, seq: int, symbol: Symbol, bid: int, ask: int) -> BookUpdate:
    levels = (Level(Side.BUY, bid, 10), Level(Side.SELL, ask, 10))
    return BookUpdate(venue, "A", seq, symbol, levels, venue_time_ns=seq)


def test_who_asks_is_told_the_middle_of_the_best_books_and_nothing_of_what_has_none() -> None:
    runtime = FakeRuntime("market-data")
    program = MarketData(runtime, DeskConfig(), WIRING)
    program.on_start()
    program.on_message("exchange-a", book("exchange-a", 1, ACME, 198, 204))
    program.on_message("exchange-b", book("exchange-b", 1, ACME, 200, 206))
    program.on_message("portfolio", AskMarks(7, True))
    assert runtime.take(MarksTold, "portfolio") == [MarksTold(7, (PriceMark(ACME, 200 + 204),), True)]


def test_a_book_that_nobody_believes_has_no_say() -> None:
    """Nothing was heard of it for longer than a feed may be silent."""
    runtime = FakeRuntime("market-data")
    program = MarketData(runtime, DeskConfig(), WIRING)
    program.on_start()
    program.on_message("exchange-a", book("exchange-a", 1, ACME, 198, 204))
    runtime.advance(program, 2 * DeskConfig().feed.silence_ns)
    program.on_message("portfolio", AskMarks(1))
    assert runtime.take(MarksTold, "portfolio") == [MarksTold(1, ())]
