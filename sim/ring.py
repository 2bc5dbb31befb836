"""A bounded queue between programs of one machine: what happens when it is full is decided, and counted."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from squall.sim.trace import QueueFull

if TYPE_CHECKING:
    from squall.sim.core import Job
    from squall.sim.core_group import CoreGroup
    from squall.sim.slot import Slot

WHEN_FULL: Final = ("block", "drop", "reject")


class QueueSpec(Struct, frozen=True):
    """How many messages may wait, and what becomes of one more."""

    most: int
    when_full: Literal["block", "drop", "reject"] = "reject"
    """``block``: whoever wrote it stands still until there is room, and its core with it. ``drop``: it is gone, and
    nobody is told. ``reject``: `write` says False. A stream never loses a message unseen: there a drop is a reject."""
    single_producer: bool = False
    """A ring of one writer, as the fast ones are. A second one is a bug, and is told so."""

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"queue: expected room for at least 1 message, found {self.most}")
        if self.when_full not in WHEN_FULL:
            raise ValueError(f"queue: when_full: expected {', '.join(WHEN_FULL)}, found {self.when_full!r}")


class Ring:
    """What stands before one group of cores; messages from other machines do not come this way.

    A ring buffer of capacity n holds n − 1: *most* is what fits, whatever holds it.
    """

    def __init__(self, group: "CoreGroup", spec: QueueSpec) -> None:
        self._group = group
        self._spec = spec
        self._pushing: deque[tuple[Job, Callable[[], None]]] = deque()
        """What blocks its writer, in the order of writing, and what lets that go on."""
        self._producer = ""
        self.dropped = self.rejected = self.blocked = 0
        """Messages that found it full, by what became of them."""

    def takes(self, sender: "Slot", job: "Job", streamed: bool) -> bool:
        """A message from the same machine. Whether it goes in now, or as soon as there is room.

        ValueError where it has one producer, and this is another; or where it blocks one that no group of cores runs.
        """
        spec, group = self._spec, self._group
        if spec.single_producer and sender.address != self._producer:
            if self._producer:
                raise ValueError(f"{group.name}: its ring has one producer, {self._producer}; found {sender.address}")
            self._producer = sender.address
        if len(group.waiting) < spec.most and not self._pushing:
            group.submit(job)
            return True
        if spec.when_full == "block":
            self.blocked += 1
            self._say(sender, job, "waits")
            self._pushing.append((job, sender.core.stall(sender)))
            return True
        dropped = spec.when_full == "drop" and not streamed
        self.dropped += dropped
        self.rejected += not dropped
        self._say(sender, job, "is dropped" if dropped else "is rejected")
        return False

    def _say(self, sender: "Slot", job: "Job", deed: str) -> None:
        host = self._group.host
        event = QueueFull(job.slot.address, sender.address, type(job.b).__name__, deed)
        host.world.trace.observe(host.name, event)

    def has_room(self) -> None:
        """One that waited is served: the next one that was being pushed goes in."""
        while self._pushing and len(self._group.waiting) < self._spec.most:
            job, release = self._pushing.popleft()
            self._group.submit(job)
            release()

    def clear(self, slot: "Slot | None" = None) -> None:
        """Nothing is pushed any more: to this program, or to any. Whoever pushed goes on."""
        pushing, self._pushing = self._pushing, deque()
        for job, release in pushing:
            if slot is None or job.slot is slot:
                release()
            else:
                self._pushing.append((job, release))
