"""A keeper of the leader's lease: grants each epoch once, on its own clock, and never forgets it."""

from collections import deque
from collections.abc import Hashable
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from squall.system.config import DeskConfig
from squall.system.domain.ids import Epoch
from squall.system.domain.lease import NOBODY, Grant, keeper_lease_ns, may_grant, may_renew, release
from squall.system.domain.messages import (
    LeaseGranted,
    LeaseRefused,
    LeaseRenewed,
    ReleaseLease,
    RenewLease,
    RequestLease,
)
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

FILE: Final = "grants"

KeeperMessage = RequestLease | RenewLease | ReleaseLease


class GrantRecord(Struct, frozen=True, gc=False, array_like=True):
    """One line of the keeper's file. The clock is not in it: after a restart it means nothing."""

    epoch: Epoch
    candidate: str


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[GrantRecord]] = msgspec.msgpack.Decoder(GrantRecord)


class Keeper:
    """Answers by datagram. A grant leaves only when it is on the disk; a renewal costs none."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._wiring = wiring
        self._last = NOBODY
        self._renews = False
        self._promised: deque[tuple[int, Address, LeaseGranted]] = deque()
        """Grants that are on their way to the disk, with the token to wait for."""

    @property
    def renews(self) -> bool:
        """Somebody has renewed its lease here in this life: it is known again who leads."""
        return self._renews

    @property
    def last(self) -> Grant:
        """What was granted last."""
        return self._last

    def on_start(self) -> None:
        records = self._runtime.read(FILE)
        if records:
            # How old that lease is, nobody knows any more, nor whether it was led: assume the worst of both.
            record = _DECODER.decode(records[-1])
            self._last = Grant(record.epoch, record.candidate, self._lease_end_ns(), led=True)

    def _lease_end_ns(self) -> int:
        lease = self._config.lease
        return self._runtime.monotonic_ns + keeper_lease_ns(lease.lease_ns, lease.drift_allowance_ppm)

    def on_message(self, sender: Address, message: KeeperMessage) -> None:
        match message:
            case RenewLease():
                self._renew(sender, message)
            case RequestLease():
                self._request(sender, message)
            case ReleaseLease():
                # Not written down: a restarted keeper takes the lease to run, and only waits too long.
                self._last = release(self._last, message.epoch, message.candidate, self._runtime.monotonic_ns)
            case _:
                raise TypeError(f"keeper: found {type(message).__name__}, expected {KeeperMessage}")

    def _renew(self, sender: Address, message: RenewLease) -> None:
        # One who may not gets no answer: its lease ends by itself.
        if may_renew(self._last, message.epoch, message.candidate):
            self._renews = True
            self._last = replace(self._last, ends_ns=self._lease_end_ns(), led=True)
            renewed = LeaseRenewed(message.epoch, message.candidate, self._runtime.address, message.asked_ns)
            self._runtime.send(sender, renewed)

    def _request(self, sender: Address, message: RequestLease) -> None:
        epoch, candidate, keeper = message.epoch, message.candidate, self._runtime.address
        if not may_grant(self._last, epoch, candidate, self._runtime.monotonic_ns):
            self._runtime.send(sender, LeaseRefused(epoch, candidate, keeper, self._last.epoch))
            return
        self._last = Grant(epoch, candidate, self._lease_end_ns(), led=False)
        token = self._runtime.append(FILE, _ENCODER.encode(GrantRecord(epoch, candidate)))
        self._promised.append((token, sender, LeaseGranted(epoch, candidate, keeper, message.asked_ns)))

    def on_durable(self, token: int) -> None:
        while self._promised and self._promised[0][0] <= token:
            _, candidate, granted = self._promised.popleft()
            # Only what still holds: a later request may have been granted while this one was being written.
            if granted.epoch == self._last.epoch:
                self._runtime.send(candidate, granted)

    def on_timer(self, key: Hashable) -> None:
        raise AssertionError(f"keeper: found timer {key!r}, but a keeper sets none")

    def on_stream_open(self, peer: Address) -> None:
        """Keepers speak in datagrams; a stream is nobody's mistake worth dying for."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        """As above."""

    def on_config(self, config: DeskConfig) -> None:
        self._config = config
