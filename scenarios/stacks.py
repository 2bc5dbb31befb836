"""Three stacks that an order can pass through: what each spends on a message, and what load does to it."""

from typing import Final

from msgspec import Struct

from squall.sim.core_group import GroupSpec
from squall.system.config import MILLISECOND

HOPS: Final = ("strategy", "oms", "risk", "oms", "router", "gateway")
"""An order's way from the signal to the wire."""
MESSAGE_BYTES: Final = 256


class Stack(Struct, frozen=True):
    """One way to build a host. Its fitted numbers are three: *handling_ns*, *wake_up_ns*, *coherency*."""

    name: str
    copies: int
    """How often a message is copied from one place to another on its way to the next program."""
    handling_ns: int
    """What a program does with a message, its copies apart."""
    wake_up_ns: int
    """How long a program that had nothing to do takes to be at it: to be scheduled, or to come round to its ring."""
    coherency: float
    """What a queue costs those who share it, see `GroupSpec`."""
    pause_ns: int = 0
    """How long the runtime stops the world (a collection, a scheduler's tick), …"""
    pause_every_ns: int = 0
    """… and how often, on average."""

    @property
    def service_ns(self) -> int:
        """What a program is busy with one message for, if nobody else is there; the hop to it apart."""
        return self.handling_ns + self.copies * COPY_NS

    @property
    def cores(self) -> GroupSpec:
        """The core that each program has to itself."""
        return GroupSpec(wake_up_ns=self.wake_up_ns, coherency=self.coherency)


COPY_NS: Final = 10
"""To copy a message that is in the cache: 256 bytes at about 25 GB/s."""

STACKS: Final[dict[str, Stack]] = {
    stack.name: stack
    for stack in (
        # Kernel TCP and locked queues: in and out of the kernel on each side, threads that sleep on a futex.
        Stack("baseline", 4, 97, 1_150, 2.37e-3, pause_ns=300_000, pause_every_ns=500 * MILLISECOND),
        # Rings between the programs: one copy in, one out; the same runtime with its pauses.
        Stack("lock-free", 2, 40, 880, 1.93e-3, pause_ns=300_000, pause_every_ns=500 * MILLISECOND),
        # The card writes to where the program reads, on cores that nothing else is scheduled on: no pauses.
        Stack("kernel-bypass", 1, 11, 396, 1.19e-3),
    )
}
"""Found by search over the arithmetic of the path, against the chapter's figure 10.3 at 0, 1,000, 2,000 and 3,000
orders/s; polished by benchmarks/fit_stacks.py, and rounded."""
