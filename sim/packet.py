"""A packet, what names it for chance, and what a fault may do to it on its way."""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from squall.sim.program import Message
from squall.sim.rng import Chance

HEADER_BYTES: Final = 40
"""IP and TCP, without options."""
MTU_BYTES: Final = 1_500
"""The most that one packet of Ethernet carries, headers and all."""
ACK: Final = "ack/"
RESET: Final = "rst/"
ANSWERS: Final = (ACK, RESET)
"""The notes of packets that carry no message of their own."""


class Packet(Struct, gc=False):
    """What travels: a message, or an answer to one (by its *note*), on its *attempt*-th way to an address."""

    sender: str
    to: str
    message: Message
    sent_ns: int
    attempt: int = 0
    note: str = ""

    @property
    def what(self) -> str:
        """Its name for ever, by which chance knows it: note, the message's identity, attempt."""
        return f"{self.note}{self.message.identity}#{self.attempt}"

    @property
    def size_bytes(self) -> int:
        """On the wire. What goes back for a segment is a header and nothing else, whatever it names."""
        return HEADER_BYTES if self.note in ANSWERS else self.message.wire_bytes


class LinkRule(Protocol):
    """What a fault does to packets on a link. Rules compose in the order in which they were installed.

    Extra latencies add up. The first rule that drops a packet settles it: later ones are not asked.
    """

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        """Extra latency in ns, or None to drop the packet. `draw(name)` is a uniform number keyed to this packet."""


class Doubler(Protocol):
    """What makes a second copy of datagrams on a link."""

    def copies(self, packet: Packet, draw: Callable[[str], float]) -> bool:
        """Whether this one arrives twice. `draw(name)` is a uniform number keyed to this packet."""


class Draws:
    """Numbers keyed to one packet. A name that a second rule asks for too gives it a number of its own."""

    __slots__ = ("_asked", "_chance", "_key")

    def __init__(self, chance: Chance, key: str) -> None:
        self._chance = chance
        self._key = key
        self._asked: dict[str, int] = {}

    def __call__(self, name: str) -> float:
        times = self._asked[name] = self._asked.get(name, 0) + 1
        return self._chance.uniform(f"{self._key}|{name}" if times == 1 else f"{self._key}|{name}/{times}")
