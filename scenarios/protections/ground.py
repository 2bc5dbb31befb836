"""What the desk stands on: clocks, sites, networks."""

from typing import Final

from squall.scenarios.protections.row import Protection

ROWS: Final = (
    Protection(
        "the backup stands in another site",
        "site.spread",
        "cme-2025",
        "orders reach venues within 500 ms again",
        "Primary, backup and two of three keepers share one room, and one cooling plant.",
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
