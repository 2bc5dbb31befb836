"""All that a program of the desk may ask of the world it runs in."""

from collections.abc import Hashable
from typing import Any, Protocol

Address = str


class Runtime(Protocol):
    """One program's view of its machine. Every call returns at once."""

    @property
    def address(self) -> Address:
        """The program's own address."""

    @property
    def now_ns(self) -> int:
        """The host's wall clock: offset, drifting, may step back. For timestamps."""

    @property
    def monotonic_ns(self) -> int:
        """The host's monotonic clock: drifts, never steps. For timers, leases and time-outs."""

    def send(self, to: Address, message: Any) -> None:
        """A datagram (or a local queue where *to* runs on this host): may be lost, doubled or late."""

    def open(self, to: Address) -> None:
        """Ask for a stream; `on_stream_open` or `on_stream_closed` follows. Opening an open stream does nothing."""

    def write(self, to: Address, message: Any) -> bool:
        """In order and once, as long as the stream lives. False, and nothing is sent, where no stream is open."""

    def close(self, to: Address) -> None:
        """Hang up. What was not yet delivered is discarded. The peer hears of it; the caller does not."""

    def set_timer(self, delay_ns: int, key: Hashable) -> None:
        """Call `on_timer(key)` after *delay_ns* of monotonic time; a timer set under the same key replaces it."""

    def cancel_timer(self, key: Hashable) -> None:
        """Forget the timer, if it is set."""

    def append(self, file: str, data: bytes) -> int:
        """Append one record to a file on the host's disk; `on_durable(token)` follows when it is synced."""

    def read(self, file: str) -> list[bytes]:
        """The records of a file that a restart would find, in order; empty where there is no such file.

        OSError where one of them cannot be read: what has rotted does not fit its checksum, and is never handed out.
        """

    def read_each(self, file: str) -> list[bytes | None]:
        """As `read`, with None in place of each record that has rotted. OSError where nothing can be read."""

    def install(self, program: Address, version: str) -> bool:
        """Have this machine's supervisor run another build of a program here, for good: it is stopped, and started.

        False where no such program, or no such build of it, is on this machine. Empty for the build of the layout.
        """

    def halt(self, program: Address) -> bool:
        """Have it stop a program on this machine, and not start it again until a build is installed. False as above."""

    def emit(self, claim: Any) -> None:
        """Say something for people and `reached` conditions. Nothing safe rests on it."""

    def chance(self, name: str, *identity: object) -> float:
        """A keyed uniform draw in [0, 1): the same name and identity give the same number for one seed."""

    def buggify(self, name: str, *identity: object) -> bool:
        """Whether to force a rare but legal behaviour here; off by default. With an identity, now and then."""
