"""One hand-written fake per port: a Runtime that remembers what a program asked of it."""

from collections.abc import Hashable
from typing import Any


class FakeRuntime:
    """A machine with no world behind it. Time moves when a test says so; the disk is durable at once or on demand."""

    def __init__(self, address: str = "here", now_ns: int = 0) -> None:
        self.address = address
        self.now_ns = now_ns
        self.monotonic_ns = now_ns
        self.sent: list[tuple[str, Any]] = []
        """Datagrams and stream messages alike, in order."""
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.streams: set[str] = set()
        """Peers to which `write` succeeds; a test opens them with `connect`."""
        self.timers: dict[Hashable, int] = {}
        """Key to the monotonic time at which it is due."""
        self.files: dict[str, list[bytes]] = {}
        self.rotten: set[tuple[str, int]] = set()
        """Files and places of records that cannot be read."""
        self.claims: list[Any] = []
        self.draws: dict[tuple[str, tuple[object, ...]], float] = {}
        self.buggified: set[str] = set()
        """The buggify points that are forced here."""
        self.builds: dict[str, tuple[str, ...]] = {}
        """Program on this machine → the builds that there are of it."""
        self.installed: dict[str, str] = {}
        self._token = 0

    def connect(self, program: Any, peer: str) -> None:
        """The stream to *peer* opens."""
        self.streams.add(peer)
        program.on_stream_open(peer)

    def disconnect(self, program: Any, peer: str, reason: str = "reset") -> None:
        """The stream to *peer* dies."""
        self.streams.discard(peer)
        program.on_stream_closed(peer, reason)

    def advance(self, program: Any, by_ns: int) -> None:
        """Let time pass; timers fire in due order, each at its time."""
        until = self.monotonic_ns + by_ns
        while self.timers:
            key, due = min(self.timers.items(), key=lambda item: item[1])
            if due > until:
                break
            del self.timers[key]
            self._move_to(due)
            program.on_timer(key)
        self._move_to(until)

    def _move_to(self, monotonic_ns: int) -> None:
        self.now_ns += monotonic_ns - self.monotonic_ns
        self.monotonic_ns = monotonic_ns

    def sync(self, program: Any) -> None:
        """All that was appended becomes durable."""
        program.on_durable(self._token)

    def take(self, kind: type, to: str | None = None) -> list[Any]:
        """Remove and return the messages of this kind (to this peer) that were sent."""
        mine = [m for peer, m in self.sent if isinstance(m, kind) and to in (None, peer)]
        self.sent = [(p, m) for p, m in self.sent if not (isinstance(m, kind) and to in (None, p))]
        return mine

    # --- Runtime ---

    def send(self, to: str, message: Any) -> None:
        self.sent.append((to, message))

    def open(self, to: str) -> None:
        self.opened.append(to)

    def write(self, to: str, message: Any) -> bool:
        if to not in self.streams:
            return False
        self.sent.append((to, message))
        return True

    def close(self, to: str) -> None:
        self.streams.discard(to)
        self.closed.append(to)

    def set_timer(self, delay_ns: int, key: Hashable) -> None:
        self.timers[key] = self.monotonic_ns + delay_ns

    def cancel_timer(self, key: Hashable) -> None:
        self.timers.pop(key, None)

    def append(self, file: str, data: bytes) -> int:
        self.files.setdefault(file, []).append(data)
        self._token += 1
        return self._token

    def read(self, file: str) -> list[bytes]:
        if any(name == file for name, _ in self.rotten):
            raise OSError(5, f"{file}: a record does not fit its checksum")
        return list(self.files.get(file, ()))

    def read_each(self, file: str) -> list[bytes | None]:
        records = self.files.get(file, ())
        return [None if (file, place) in self.rotten else data for place, data in enumerate(records)]

    def install(self, program: str, version: str) -> bool:
        if version not in self.builds.get(program, ()):
            return False
        self.installed[program] = version
        return True

    def halt(self, program: str) -> bool:
        self.installed.pop(program, None)
        return program in self.builds

    def emit(self, claim: Any) -> None:
        self.claims.append(claim)

    def chance(self, name: str, *identity: object) -> float:
        return self.draws.get((name, identity), 0.5)

    def buggify(self, name: str, *identity: object) -> bool:
        return name in self.buggified
