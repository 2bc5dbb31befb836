"""Who leads the desk, and what a new leader has to know."""

from typing import Final

from squall.scenarios.protections.row import ACCEPTED_MEANWHILE, BOOKED_ONCE, ORDERS_END, Protection

NOTHING_LOST: Final = "nothing is lost (RPO 0)"
ONE_LEADER: Final = "at most one leader acts per epoch"

ROWS: Final = (
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
        "a lease that is handed over",
        "lease.hand_over",
        "rolling-upgrade",
        ACCEPTED_MEANWHILE,
        "A leader that is replaced without giving its lease up is missed like one that has died.",
    ),
)
