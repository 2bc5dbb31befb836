"""The table of protections: each has a scenario that it saves, and that is violated without it."""

from typing import Final

from msgspec import Struct


class Protection(Struct, frozen=True):
    """One row: its switch, what is run, and the promise that breaks without it.

    *fixed* is set alike in both arms, because safeguards cover for one another; it is printed with the row.
    """

    name: str
    key: str
    scenario: str
    promise: str
    why: str
    fixed: tuple[str, ...] = ()

    @property
    def off(self) -> str:
        """What switches it off."""
        return f"{self.key}=off"


PATIENCE: Final = "exchange-a is logged on to at most 10 times in 10 s"
NO_ORDER_TWICE: Final = "no order is sent twice"
BOOKED_ONCE: Final = "every execution is booked once"
NOTHING_LOST: Final = "nothing is lost (RPO 0)"
ORDERS_END: Final = "every order comes to an end"
CANNOT_BE: Final = "no good tick shows what cannot be"
OFF_THE_MARKET: Final = "orders are priced off the market"
ACCEPTED_MEANWHILE: Final = "orders are accepted within 250 ms while builds are rolled out"
ONE_LEADER: Final = "at most one leader acts per epoch"

PROTECTIONS: Final = (
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
        "hard block on size",
        "risk.hard_block",
        "citi-2022",
        "order size stays within the limit",
        "A value that was typed as a quantity draws a warning, and goes. (Limits of money are off in both arms.)",
        ("risk.exposure_limits=off", "risk.concentration=off", "risk.fat_finger=off"),
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
    Protection(
        "in-flight orders count",
        "risk.count_in_flight",
        "slow-fills",
        "exposure stays within the position limit",
        "While fills are under way, the gate lets through what no longer fits.",
    ),
    Protection(
        "daily loss limit",
        "risk.loss_limit",
        "falling-market",
        "past the daily loss only reducing orders pass",
        "The strategy buys all the way down.",
    ),
    Protection(
        "drawdown from the peak",
        "risk.drawdown_limit",
        "from-the-peak",
        "past the drawdown only reducing orders pass",
        "The day is not lost yet, so the strategy buys on while what it has gained goes.",
    ),
    Protection(
        "concentration",
        "risk.concentration",
        "all-eggs-in-one-basket",
        "no name is too large a share of the portfolio",
        "Orders that are each within their limits make one name a quarter of the portfolio.",
    ),
    Protection(
        "exposure limits",
        "risk.exposure_limits",
        "spread-too-wide",
        "gross exposure stays within the limit",
        "Long here and short there, each name within its limits, and twice of what the desk is meant to run.",
    ),
    Protection(
        "price collar at the gate",
        "risk.price_collar",
        "mistyped-limits",
        OFF_THE_MARKET,
        "A limit fifteen dollars through the market is a market order that nobody meant.",
    ),
    Protection(
        "fat finger",
        "risk.fat_finger",
        "fat-finger",
        "no order is larger than was meant",
        "A value that was typed as a quantity is within every limit of size.",
    ),
    Protection(
        "duplicate filter",
        "risk.duplicate_filter",
        "echoed-orders",
        "no order is a copy of another",
        "Under a name of its own, the same order again is another order to everybody.",
    ),
    Protection(
        "message rate",
        "risk.rate_limit",
        "order-storm",
        "no more orders a second than the limit",
        "A strategy that goes wild floods the venues.",
    ),
    Protection(
        "repeated executions",
        "risk.repeat_throttle",
        "runaway-strategy",
        "a strategy that runs away is stopped",
        "As long as its orders are filled, nobody stops it.",
    ),
    Protection(
        "restricted list",
        "risk.restricted_list",
        "restricted-name",
        "no order leaves in a restricted name",
        "The list is known, and nobody looks at it.",
    ),
    Protection(
        "locates",
        "risk.locates",
        "borrow-recalled",
        "nothing is sold short without a locate",
        "What was sold short cannot be delivered.",
    ),
    Protection(
        "kill switch",
        "risk.kill_switch",
        "kill-switch",
        "nothing is sent after the kill switch",
        "A person says stop, and nobody listens.",
    ),
    Protection(
        "a venue is only reduced at",
        "risk.kill_switch",
        "reducing-venue",
        "a reducing venue only gets what reduces",
        "A person wants to leave a venue, and positions are opened there.",
    ),
    Protection(
        "a close waits for what is in flight",
        "risk.drain",
        "end-of-day",
        "a closed desk is closed",
        "The desk is said to be closed while orders for the day still stand at a venue that has yet to answer.",
    ),
    Protection(
        "stops are set off by believed prices",
        "router.believed_stops",
        "stops-on-bad-ticks",
        "stops are set off by the market",
        "A decimal point slips in a feed, and what was to be sold in a crash is sold.",
    ),
    Protection(
        "held stops outlive the leader",
        "oms.keep_stops",
        "stops-outlive-the-leader",
        "every stop that is reached is sent",
        "The next leader has the stop orders in its books, and nobody watches the market for them.",
    ),
    Protection(
        "a backup takes over",
        "lease.takeover",
        "oms-crash",
        "the backup leads within the RTO",
        "Nobody leads until the host is back.",
    ),
    Protection(
        "the switch-over is automatic",
        "lease.takeover",
        "tse-2020",
        "orders reach venues within 500 ms again",
        "The primary's memory has failed and the backup is well; one setting is wrong, and nobody trades today.",
    ),
    Protection(
        "the recovery site is used",
        "lease.takeover",
        "cme-2025",
        "orders reach venues within 500 ms again",
        "The cooling is gone, the backup in the other room stands by all day, and nobody lets it trade.",
    ),
    Protection(
        "the backup stands in another site",
        "site.spread",
        "cme-2025",
        "orders reach venues within 500 ms again",
        "Primary, backup and two of three keepers share one room, and one cooling plant.",
    ),
    Protection(
        "a backup takes over",
        "lease.takeover",
        "oms-hangs",
        "the backup leads within the RTO",
        "A leader that hangs answers every packet, and leads on until somebody kills it.",
    ),
    Protection(
        "a leader stops when its lease ends",
        "lease.self_stop",
        "leader-paused",
        ONE_LEADER,
        "A leader that slept through its lease acts beside its successor. (Fencing is off in both arms.)",
        ("execution.fencing=off",),
    ),
    Protection(
        "fencing",
        "execution.fencing",
        "leader-paused",
        ONE_LEADER,
        "A leader that does not know that it was replaced gets its orders out. (Stopping itself is off in both arms.)",
        ("lease.self_stop=off",),
    ),
    Protection(
        "clocks are set by time servers",
        "ntp.discipline",
        "drifting-clocks",
        "clocks are within 100 us of true time",
        "Every oscillator goes its own way, and one much faster: the audit trail's times are nobody's.",
    ),
    Protection(
        "time servers are outvoted",
        "ntp.vote",
        "lying-clock",
        "clocks are within 100 us of true time",
        "One of three time servers is five milliseconds off, and the desk believes a third of it.",
    ),
    Protection(
        "replay",
        "oms.replay",
        "fills-in-the-gap",
        ORDERS_END,
        "A new leader that starts cold does not know the orders that are open.",
    ),
    Protection(
        "a journal is whole, or it is none",
        "oms.whole_log",
        "rotten-backup",
        ORDERS_END,
        "Records that cannot be read are passed over, and a leader trades on what is left of the truth.",
    ),
    Protection(
        "reconciliation",
        "oms.reconcile",
        "fills-in-the-gap",
        BOOKED_ONCE,
        "What venues reported while nobody led is never heard of again. (Drop copies are not heeded in either arm.)",
        ("reconcile.drop_copy=off",),
    ),
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
        "output commit",
        "oms.output_commit",
        "host-lost",
        NOTHING_LOST,
        "Orders that only the lost disk knew of were executed, and nobody knows them.",
    ),
    Protection(
        "output commit, when there are two brains",
        "oms.output_commit",
        "split-brain",
        NOTHING_LOST,
        "A leader that is cut off trades on, and its successor never hears of it.",
    ),
    Protection(
        "reconciliation, when the disk was full",
        "oms.reconcile",
        "disk-full",
        ORDERS_END,
        "What waited for room on the old leader's disk is nobody's business any more.",
    ),
    Protection(
        "the portfolio remembers",
        "portfolio.remember",
        "peak-forgotten",
        "a drawdown is told from the true peak",
        "After a restart in the fall the peak is where it stands now, and the rest of the way down looks like little.",
    ),
    Protection(
        "silent services are asked for a sign of life",
        "monitor.probes",
        "portfolio-hangs",
        "portfolio does not fall silent unnoticed",
        "The stream stands, so the service counts as well, and its last figures stand as if they were today's.",
    ),
    Protection(
        "a knock has to be answered",
        "monitor.probes",
        "back-office-hangs",
        "reconciler does not fall silent unnoticed",
        "The host opens every stream, so whoever is behind it counts as well.",
    ),
    Protection(
        "busts and corrections are booked",
        "portfolio.amend",
        "lme-2022",
        BOOKED_ONCE,
        "Trades that the venue has declared void stay in the desk's positions and in its profit.",
    ),
    Protection(
        "a lease that is handed over",
        "lease.hand_over",
        "rolling-upgrade",
        ACCEPTED_MEANWHILE,
        "A leader that is replaced without giving its lease up is missed like one that has died.",
    ),
    Protection(
        "builds are awaited before the next is touched",
        "upgrade.await_ready",
        "rolling-upgrade",
        ACCEPTED_MEANWHILE,
        "All programs are replaced at once, both OMSs among them: there is no desk until they find each other again.",
    ),
    Protection(
        "events of earlier builds are lifted",
        "oms.upcast",
        "rolling-upgrade",
        "program_raised",
        "The next build takes over a journal that the one before has written, and does not know its own fills.",
    ),
    Protection(
        "orders wait for execution",
        "router.await_execution",
        "rolling-upgrade",
        ACCEPTED_MEANWHILE,
        "While execution is replaced, an order comes back at once, three times in a row, and is given up.",
    ),
    Protection(
        "no program stops before the desk is closed",
        "upgrade.await_close",
        "stopped-for-the-day",
        "programs stop when nothing is in flight",
        "Programs stop at the word, with orders open at a slow venue that nobody is left to hear of.",
    ),
    Protection(
        "a session that flaps is left alone",
        "execution.flap_damping",
        "sip-2013",
        PATIENCE,
        "Each log-on succeeds, so the next one is tried at once, and brings its storm of questions: 25 times in ten "
        "seconds.",
    ),
    Protection(
        "routes lead around what is down",
        "network.reroute",
        "sip-2013",
        "exchange-a is reached while its line is down",
        "There is a second way, and nobody takes it.",
    ),
    Protection(
        "small segments do not wait (TCP_NODELAY)",
        "network.no_delay",
        "packet-loss",
        "order_to_fill_marketable p99 within 100 ms",
        "A small segment waits for word of the one before, which waits 40 ms for something to ride on; and again where "
        "packets are lost. (Streams are all of TCP in both arms.)",
        ("network.streams=tcp",),
    ),
)


def protections_page() -> str:
    """docs/protections.md, from the table."""
    lines = [
        "# Protections",
        "",
        "Generated by `make docs` from the table in `scenarios/protections.py`. Every protection can be switched off,",
        "and has a scenario that is violated without it, by the promise that names it: `squall prove` runs them all.",
        "",
        "| protection | key | scenario | promise that breaks without it | set in both arms |",
        "|---|---|---|---|---|",
    ]
    for row in PROTECTIONS:
        fixed = ", ".join(f"`{each}`" for each in row.fixed) or "–"
        lines.append(f"| {row.name} | `{row.key}` | `{row.scenario}` | {row.promise} | {fixed} |")
    lines += ["", "## What happens without them", ""]
    lines += [f"- **{row.name}** (`{row.key}`): {row.why}" for row in PROTECTIONS]
    return "\n".join(lines) + "\n"
