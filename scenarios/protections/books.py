"""What makes the desk's executions, orders and positions the venues'."""

from typing import Final

from squall.scenarios.protections.row import BOOKED_ONCE, ORDERS_END, Protection

ROWS: Final = (
    Protection(
        "drop copies",
        "reconcile.drop_copy",
        "lost-on-a-healthy-stream",
        BOOKED_ONCE,
        "Trades that the venue forgot to report are nobody's. (Nobody asks after single orders in either arm.)",
        ("oms.reconcile=off", "execution.timeouts=off"),
    ),
    Protection(
        "drop copies, when nobody leads",
        "reconcile.drop_copy",
        "busts-in-the-gap",
        BOOKED_ONCE,
        "What is voided while nobody leads is heard by nobody, and a new leader does not ask after what is over.",
    ),
    Protection(
        "the journal knows what memory has let go",
        "oms.recall",
        "busted-long-after",
        BOOKED_ONCE,
        "A bust of an order that ended ten thousand orders ago is refused, and the trade stays in the positions.",
    ),
    Protection(
        "the venues' open orders",
        "reconcile.open_orders",
        "ended-unheard",
        ORDERS_END,
        "An order that the venue has cancelled, and never said so, waits for its end. (Nobody asks in either arm.)",
        ("oms.reconcile=off", "execution.timeouts=off"),
    ),
    Protection(
        "the portfolio remembers",
        "portfolio.remember",
        "peak-forgotten",
        "a drawdown is told from the true peak",
        "After a restart in the fall the peak is where it stands now, and the rest of the way down looks like little.",
    ),
    Protection(
        "busts and corrections are booked",
        "portfolio.amend",
        "lme-2022",
        BOOKED_ONCE,
        "Trades that the venue has declared void stay in the desk's positions and in its profit.",
    ),
)
