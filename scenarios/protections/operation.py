"""Who watches the desk, and how its programs are replaced and stopped."""

from typing import Final

from squall.scenarios.protections.row import ACCEPTED_MEANWHILE, Protection

ROWS: Final = (
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
        "no program stops before the desk is closed",
        "upgrade.await_close",
        "stopped-for-the-day",
        "programs stop when nothing is in flight",
        "Programs stop at the word, with orders open at a slow venue that nobody is left to hear of.",
    ),
)
