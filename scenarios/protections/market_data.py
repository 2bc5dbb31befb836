"""What keeps prices that cannot be, or are not any more, from being believed."""

from typing import Final

from squall.scenarios.protections.row import OFF_THE_MARKET, Protection

CANNOT_BE: Final = "no good tick shows what cannot be"

ROWS: Final = (
    Protection(
        "A/B arbitration",
        "feed.arbitration",
        "packet-loss",
        "the desk's book is the venue's",
        "With one line only, what it loses is missing. (Gap recovery is off in both arms.)",
        ("feed.gap_recovery=off",),
    ),
    Protection(
        "gap recovery",
        "feed.gap_recovery",
        "feed-gap",
        "the desk's book is the venue's",
        "Skipping what both lines have lost leaves the book wrong, and nobody knows.",
    ),
    Protection(
        "prices within a band",
        "feed.check_prices",
        "bad-market-data",
        OFF_THE_MARKET,
        "A single false tick, ten times the price, becomes the limit of an order. (A tenth may lock the book: that "
        "check is off in both arms.)",
        ("feed.check_locked=off",),
    ),
    Protection(
        "crossed books are seen",
        "feed.check_crossed",
        "bad-market-data",
        CANNOT_BE,
        "A bid above the ask looks like money for nothing, and strategy and router believe it.",
    ),
    Protection(
        "locked books are seen",
        "feed.check_locked",
        "impossible-market-data",
        CANNOT_BE,
        "One and the same price to buy and to sell at: one of the two is not there any more.",
    ),
    Protection(
        "numbers that cannot be are refused",
        "feed.check_numbers",
        "impossible-market-data",
        CANNOT_BE,
        "A size below zero stands at the touch as if somebody meant it.",
    ),
    Protection(
        "time does not go back",
        "feed.check_time",
        "impossible-market-data",
        OFF_THE_MARKET,
        "The past, played again under new numbers, is in sequence, moves and is within its band: it is traded on.",
    ),
    Protection(
        "a name that nobody knows is a book that is missing something",
        "feed.check_symbol",
        "impossible-market-data",
        OFF_THE_MARKET,
        "What is passed over was meant for some book, which stands still while the market moves.",
    ),
    Protection(
        "stuck prices are seen",
        "feed.watch_stuck",
        "bad-market-data",
        OFF_THE_MARKET,
        "Numbers go up, so the book counts as fresh, and orders are priced where the market was.",
    ),
    Protection(
        "a quiet feed is asked",
        "feed.watch_quiet",
        "bad-market-data",
        OFF_THE_MARKET,
        "Heartbeats say that nothing has happened, and the desk believes them.",
    ),
    Protection(
        "a silent feed is stale",
        "feed.watch_silence",
        "feed-dead",
        OFF_THE_MARKET,
        "With both lines dead, the last price stands for ever. (Asking a quiet feed is off in both arms.)",
        ("feed.watch_quiet=off",),
    ),
    Protection(
        "second provider",
        "feed.second_provider",
        "second-provider",
        "orders go on reaching venues, at most 3 s apart",
        "With every direct feed dead there are no prices to trade on, and the desk stands still.",
    ),
    Protection(
        "ticks are conflated under load",
        "feed.conflate",
        "quote-storm",
        "market data within 100 ms",
        "The strategy works its way through a thousand touches that are no more, and trades on the past.",
    ),
)
