"""What a world asks of a program, and what it may assume of a message."""

from collections.abc import Hashable
from typing import Any, ClassVar, Protocol


class Message(Protocol):
    """A value on the wire. Its identity is stable: it names the thing, never a global counter or a time."""

    wire_bytes: ClassVar[int]
    """Size on the wire, in bytes."""
    is_heartbeat: ClassVar[bool]
    """Beats are delivered like anything else, but neither traced one by one nor counted as messages."""

    @property
    def identity(self) -> str:
        """What keyed chance knows this message by, for instance ``new/AAA-17``.

        The same datagram again meets the same fate: one that is to have another needs another name, such as an
        attempt. (A stream counts its own repetitions.)
        """


class Machine(Protocol):
    """What a program of the world's own (a venue) may ask of its host. Every call returns at once.

    The desk knows it as its Runtime; the world does not import the desk, so it says it for itself.
    """

    @property
    def address(self) -> str:
        """The program's own address."""

    @property
    def now_ns(self) -> int:
        """The host's wall clock: offset, drifting, may step back. For timestamps."""

    @property
    def monotonic_ns(self) -> int:
        """The host's monotonic clock: drifts, never steps. For timers and time-outs."""

    def send(self, to: str, message: Any) -> None:
        """A datagram (or a local queue where *to* runs on this host): may be lost, doubled or late."""

    def open(self, to: str) -> None:
        """Ask for a stream; `on_stream_open` or `on_stream_closed` follows.

        Nothing, if one is open, or is gone and the program has not been told yet.
        """

    def write(self, to: str, message: Any) -> bool:
        """In order and once, as long as the stream lives. False, and nothing sent, where none is open."""

    def close(self, to: str) -> None:
        """Hang up. What was not yet handled is discarded. The peer hears of it; the caller hears nothing more."""

    def set_timer(self, delay_ns: int, key: Hashable) -> None:
        """Call `on_timer(key)` after *delay_ns* of monotonic time; the same key again replaces it."""

    def cancel_timer(self, key: Hashable) -> None:
        """Forget the timer, if it is set."""

    def append(self, file: str, data: bytes) -> int:
        """Append one record to a file on the host's disk; `on_durable(token)` follows when it is synced."""

    def read(self, file: str) -> list[bytes]:
        """The records of a file in order, those that are not synced yet too; empty where there is no such file.

        OSError where one of them cannot be read: what has rotted does not fit its checksum, and is never handed out.
        """

    def read_each(self, file: str) -> list[bytes | None]:
        """As `read`, with None in place of each record that has rotted. OSError where nothing can be read."""

    def install(self, program: str, version: str) -> bool:
        """Have this machine's supervisor run another build of a program here, for good: it is stopped, and started.

        False where no such program, or no such build of it, is on this machine. Empty for the build of the layout.
        """

    def halt(self, program: str) -> bool:
        """Have it stop a program on this machine, and not start it again until a build is installed. False as above."""

    def emit(self, claim: Any) -> None:
        """Say something for people and `reached` conditions. Nothing safe rests on it."""

    def chance(self, name: str, *identity: object) -> float:
        """A keyed uniform draw in [0, 1): the same name and identity give the same number for one seed."""

    def buggify(self, name: str, *identity: object) -> bool:
        """Whether to force a rare but legal behaviour here; off by default. With an identity, now and then."""


class Program(Protocol):
    """Handlers, run to completion, one at a time per core. Nothing here may block or wait."""

    def on_start(self) -> None: ...
    def on_message(self, sender: str, message: Any) -> None: ...
    def on_timer(self, key: Hashable) -> None: ...
    def on_durable(self, token: int) -> None:
        """Everything appended up to and including *token* is on the disk."""

    def on_stream_open(self, peer: str) -> None: ...
    def on_stream_closed(self, peer: str, reason: str) -> None: ...
    def on_config(self, config: Any) -> None: ...
