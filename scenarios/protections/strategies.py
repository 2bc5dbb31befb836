"""What keeps a strategy from trading on what it does not know."""

from typing import Final

from squall.scenarios.protections.row import Protection

ROWS: Final = (
    Protection(
        "price collar",
        "strategy.price_collar",
        "flash-crash-2010",
        "executed within 5 % of the market",
        "An algorithm that heeds volume only, sells through a book that is not there any more, down to a stub quote.",
    ),
    Protection(
        "quotes are pulled when nobody sees the market",
        "strategy.pull_stale_quotes",
        "market-maker-blind",
        "no quote rests in the dark",
        "Bids stand where the market was, while prices fall through them.",
    ),
    Protection(
        "strategies heed the venues' health",
        "strategy.heed_venues",
        "maker-at-a-sick-venue",
        "strategies keep off venues that are not safe",
        "Quotes stay in the book of a venue that does not answer, where nobody knows what becomes of them.",
    ),
    Protection(
        "quotes are replaced where they rest",
        "strategy.replace_quotes",
        "maker-in-a-moving-market",
        "both sides are quoted 90 % of the time",
        "Each quote that has to move is taken back first, and for as long as that takes nobody makes a market.",
    ),
    Protection(
        "quotes move less often at a throttled venue",
        "strategy.heed_throttle",
        "maker-at-a-throttled-venue",
        "a throttled venue is asked less often",
        "A venue that has had enough is asked as often as ever, and turns ever more away.",
    ),
    Protection(
        "cool-down",
        "strategy.cool_down",
        "thin-momentum",
        "at most 12 orders a second",
        "What comes back unfilled is sent again at the next tick, and at the one after it.",
    ),
)
