"""A stream between two programs: its numbers, its two ends, and the segments that open and end it."""

from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct

from squall.sim.slot import Slot

if TYPE_CHECKING:
    from squall.sim.pipe import Pipe

MILLISECOND: Final = 1_000_000


class TransportSpec(Struct, frozen=True):
    """TCP's numbers. The retransmission time-out doubles with each attempt, from *rto_min_ns* to *rto_max_ns*."""

    rto_min_ns: int = 20 * MILLISECOND
    rto_max_ns: int = 2_000 * MILLISECOND
    max_retransmissions: int = 8
    """A segment that is still not acknowledged after this many repetitions resets the stream."""


class Control(Struct, frozen=True, gc=False):
    """A segment of the stream itself: the first one each way opens it, a reset ends it."""

    wire_bytes: ClassVar[int] = 40
    is_heartbeat: ClassVar[bool] = True
    kind: str
    connection: str

    @property
    def identity(self) -> str:
        return f"{self.kind}/{self.connection}"


class End:
    """One end of a stream, in the hands of the program at *slot*."""

    def __init__(self, slot: Slot, peer: Slot, client: Slot, number: int) -> None:
        self.slot = slot
        self.peer = peer
        self.client = client
        self.number = number
        """Which stream of this client's to its peer this is, from 1."""
        self.open = False
        self.gone = False
        self.hung_up = False
        """Its own program has closed it, and is to hear nothing more of it."""
        self.yielded = False
        """Both had opened at once, and the other's stream stands."""
        self.far: End
        self.out: Pipe | None = None
        """The way to the other end; None where that is on the same host."""

    @property
    def connection(self) -> str:
        """A name for the stream: client, server, and the client's count."""
        server = self.peer if self.slot is self.client else self.slot
        return f"{self.client.address}/{server.address}/{self.number}"

    def vanish(self) -> None:
        """Nothing more is repeated from here. Nobody is told."""
        self.gone = True
        self.open = False
