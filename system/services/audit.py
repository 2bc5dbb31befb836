"""Audit: keeps the OMS's events on its own disk, each once, and hands them on to the monitor."""

from collections.abc import Hashable
from typing import Final

from squall.system.config import DeskConfig
from squall.system.domain.audit_trail import AuditRecord, Coverage, decode_record, encode_record
from squall.system.domain.claims import AlertRaised
from squall.system.domain.messages import JournalCopied
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

FILE: Final = "audit"
REOPEN: Final = "reopen monitor"


class Audit:
    """What is on the disk decides what is new: after a restart, and after a takeover."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._monitor = wiring.monitor
        self._coverage = Coverage()
        self._durable = 0

    @property
    def durable_token(self) -> int:
        """The last token of the audit file that is known to be on the disk."""
        return self._durable

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Versions of the journal that have not come, though later ones have: from, up to and without."""
        return list(self._coverage.missing)

    def on_start(self) -> None:
        for data in self._runtime.read(FILE):
            record = decode_record(data)
            self._coverage.take(record.first_version, len(record.events))
        self._runtime.open(self._monitor)

    def on_message(self, sender: Address, message: JournalCopied) -> None:
        match message:
            case JournalCopied():
                self._copy(message)
            case _:
                raise TypeError(f"audit: no handler for {type(message).__name__} from {sender}")

    def _copy(self, copied: JournalCopied) -> None:
        """Write down and hand on what has not come before."""
        first, count = copied.first_version, len(copied.events)
        if self._coverage.follows(first, count):
            self._keep(copied)
            return
        holes = len(self._coverage.missing)
        for start, end in self._coverage.take(first, count):
            self._keep(JournalCopied(copied.epoch, start, copied.events[start - first : end - first]))
        if len(self._coverage.missing) > holes:
            low, high = self._coverage.missing[-1]
            text = f"audit: versions {low} to {high - 1} of the journal have not come, {high} has"
            self._runtime.emit(AlertRaised("warning", "audit.gap", text))

    def _keep(self, fresh: JournalCopied) -> None:
        record = AuditRecord(fresh.epoch, fresh.first_version, self._runtime.now_ns, fresh.events)
        self._runtime.append(FILE, encode_record(record))
        self._runtime.write(self._monitor, fresh)

    def on_durable(self, token: int) -> None:
        self._durable = token

    def on_stream_open(self, peer: Address) -> None:
        """Nothing: an OMS speaks first, and the monitor only listens."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        if peer == self._monitor:
            self._runtime.set_timer(self._config.monitor.reopen_interval_ns, REOPEN)

    def on_timer(self, key: Hashable) -> None:
        if key != REOPEN:
            raise ValueError(f"audit: timer {key!r}, expected {REOPEN!r}")
        self._runtime.open(self._monitor)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config
