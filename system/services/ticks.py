"""Tells the desk of touches: at once, or where there are too many, the latest of each book as soon as there is room."""

from typing import Final

from squall.system.config import FeedConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.conflation import Conflator
from squall.system.domain.messages import Tick
from squall.system.runtime import Address, Runtime

CONFLATION: Final = "feed.conflate"
ROOM: Final = "room for ticks"


class Ticker:
    """Says each tick to every listener, as datagrams. Its timer is `ROOM`."""

    def __init__(self, runtime: Runtime, config: FeedConfig, listeners: tuple[Address, ...]) -> None:
        self._runtime = runtime
        self.config = config
        self._listeners = listeners
        self._conflator = Conflator()

    @property
    def conflated(self) -> int:
        """Ticks that were never said, since a later one of their book was."""
        return self._conflator.conflated

    def say(self, tick: Tick) -> None:
        """Now, or when there is room; a stale one now."""
        waited = self._conflator.waiting
        if self._conflator.offer(tick, self._runtime.monotonic_ns, self.config):
            self._send(tick)
        elif not waited:
            what = f"{tick.venue} {tick.symbol}: too many ticks, the latest of each book waits"
            self._runtime.emit(ProtectionActed(protection=CONFLATION, what=what))
            self._await_room()

    def on_room(self) -> None:
        """The timer: what there is room for goes out."""
        for tick in self._conflator.release(self._runtime.monotonic_ns, self.config):
            self._send(tick)
        if self._conflator.waiting:
            self._await_room()

    def _await_room(self) -> None:
        self._runtime.set_timer(max(self._conflator.room_in_ns(self.config), 1), ROOM)

    def _send(self, tick: Tick) -> None:
        for listener in self._listeners:
            self._runtime.send(listener, tick)
