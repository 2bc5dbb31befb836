"""What keeps an order one order on its way to a venue and back."""

from typing import Final

from squall.scenarios.protections.row import ACCEPTED_MEANWHILE, ORDERS_END, Protection

PATIENCE: Final = "exchange-a is logged on to at most 10 times in 10 s"
NO_ORDER_TWICE: Final = "no order is sent twice"

ROWS: Final = (
    Protection(
        "circuit breaker",
        "breaker.enabled",
        "exchange-api-timeouts",
        "nothing is sent through an open breaker",
        "A venue that does not answer goes on getting orders, each of which ends in doubt.",
    ),
    Protection(
        "time-outs",
        "execution.timeouts",
        "request-lost",
        ORDERS_END,
        "An order that the venue never saw waits for its answer for ever. (The OMS asks nobody in either arm.)",
        ("oms.reconcile=off",),
    ),
    Protection(
        "retries keep their ClOrdID",
        "execution.keep_cl_ord_id",
        "ack-lost",
        NO_ORDER_TWICE,
        "Sent again under a new name, an order that had arrived is a second order. (Asking first is off in both arms.)",
        ("execution.resolve_in_doubt=off",),
    ),
    Protection(
        "in-doubt orders are resolved first",
        "execution.resolve_in_doubt",
        "ack-lost",
        NO_ORDER_TWICE,
        "Sent again without asking, an order that had arrived is doubled. (The venue's refusal is off in both arms.)",
        ("venue.refuse_duplicates=off",),
    ),
    Protection(
        "venues refuse a duplicate ClOrdID",
        "venue.refuse_duplicates",
        "ack-lost",
        NO_ORDER_TWICE,
        "The last line, on the venue's side, when the desk sends again without asking.",
        ("execution.resolve_in_doubt=off",),
    ),
    Protection(
        "no more than was let out",
        "execution.within_parent",
        "knight-2012",
        NO_ORDER_TWICE,
        "A router on old code sends child after child of an order that is filled.",
    ),
    Protection(
        "no parent is let out twice",
        "oms.parent_cap",
        "oversized-children",
        "no parent is traded beyond its quantity",
        "A child that grew on its way trades many times what its client ordered.",
    ),
    Protection(
        "the end is awaited before the rest is routed on",
        "algos.await_end",
        "dark-first",
        "no parent is traded beyond its quantity",
        "What was taken back from the dark and is not over trades what went to the lit venues too. (The parent's cap "
        "is off in both arms.)",
        ("oms.parent_cap=off",),
    ),
    Protection(
        "form checks",
        "oms.form_checks",
        "wrong-tick",
        "no venue refuses an order for its form",
        "What one program's wrong reference data makes of its prices is the venues' to find out.",
    ),
    Protection(
        "back-off with jitter",
        "execution.back_off",
        "robinhood-2020",
        "orders reach venues within 500 ms again",
        "Every open order asks four times a second, and venues that stood still for four seconds never catch up. (The "
        "breaker does not open in either arm.)",
        ("breaker.failure_threshold=10000",),
    ),
    Protection(
        "orders wait for execution",
        "router.await_execution",
        "rolling-upgrade",
        ACCEPTED_MEANWHILE,
        "While execution is replaced, an order comes back at once, three times in a row, and is given up.",
    ),
    Protection(
        "a session that flaps is left alone",
        "execution.flap_damping",
        "sip-2013",
        PATIENCE,
        "Each log-on succeeds, so the next one is tried at once, and brings its storm of questions: 25 times in ten "
        "seconds.",
    ),
)
