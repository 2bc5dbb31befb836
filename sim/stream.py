"""A stream between two programs: its numbers, its two ends, and the segments that open and end it."""

from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct

from squall.sim.slot import Slot

if TYPE_CHECKING:
    from squall.sim.pipe import Pipe
    from squall.sim.tcp import TcpPipe

MILLISECOND: Final = 1_000_000


class TcpSpec(Struct, frozen=True):
    """What a stream is like with all of TCP. ValueError for what cannot be."""

    mss_bytes: int = 1_460
    """The most that one segment carries, besides its header."""
    send_buffer_bytes: int = 4_194_304
    """What a program may have written and not got acknowledged. More, and the stream is closed: whoever does not take
    what it is sent is cut off, as venues do, rather than left with a hole. One message alone may be longer."""
    receive_buffer_bytes: int = 262_144
    """What may have come and not been taken by its program: the window is what is left of that."""
    nagle: bool = False
    """A small segment waits until all that is out is acknowledged (RFC 896). Off is what TCP_NODELAY asks for."""
    delayed_ack_ns: int = 40 * MILLISECOND
    """How long an acknowledgement waits for something to ride on, or for a second full segment. 0: it never waits."""
    keep_alive_ns: int = 0
    """After so long without word an idle stream asks whether somebody is there. 0: it never asks."""
    keep_alive_interval_ns: int = 100 * MILLISECOND
    """How long before it asks again,"""
    keep_alive_probes: int = 3
    """and after how many questions without an answer the stream is given up."""

    def __post_init__(self) -> None:
        for name, least in (
            ("mss_bytes", 64),
            ("send_buffer_bytes", self.mss_bytes),
            ("receive_buffer_bytes", 2 * self.mss_bytes),
            ("delayed_ack_ns", 0),
            ("keep_alive_ns", 0),
            ("keep_alive_interval_ns", 1_000),
            ("keep_alive_probes", 1),
        ):
            found = getattr(self, name)
            if found < least:
                raise ValueError(f"tcp: {name}: expected at least {least}, found {found}")


class TransportSpec(Struct, frozen=True):
    """TCP's numbers. The retransmission time-out doubles with each attempt, from *rto_min_ns* to *rto_max_ns*."""

    rto_min_ns: int = 20 * MILLISECOND
    rto_max_ns: int = 2_000 * MILLISECOND
    max_retransmissions: int = 8
    """A segment that is still not acknowledged after this many repetitions resets the stream."""
    tcp: TcpSpec | None = None
    """How streams are to be all of TCP. None: they are lean, with what order entry feels of TCP: order, repetition,
    back-off, head-of-line blocking and resets, and neither windows nor held-back acknowledgements."""


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
        self.lean: Pipe | None = None
        """The way to the other end, where nobody asks whether there is room; None where it is another one."""
        self.out: Pipe | TcpPipe | None = None
        """The way to the other end, whichever it is; None where that is on the same host."""
        self.plain = True
        """Nothing is to be asked when the program takes a message: it has not hung up, and nobody counts."""

    @property
    def connection(self) -> str:
        """A name for the stream: client, server, and the client's count."""
        server = self.peer if self.slot is self.client else self.slot
        return f"{self.client.address}/{server.address}/{self.number}"

    def hang_up(self) -> None:
        """The program that this end belongs to is to hear nothing more of it."""
        self.hung_up = True
        self.plain = False

    def takes(self) -> bool:
        """Its program is about to take a message from it, and whether it still may."""
        if self.hung_up:
            return False
        if self.far.out is not None:
            self.far.out.read()
        return True

    def vanish(self) -> None:
        """Nothing more is repeated from here. Nobody is told."""
        self.gone = True
        self.open = False


class Admission(Enum):
    """What becomes of an opening segment where it arrives."""

    TAKEN = "the stream may begin here"
    IGNORED = "an old one, of which nobody wants to hear"
    REFUSED = "the host lives, and nobody listens: it says so at once"
    LATER = "both sides have opened at once, and the other's stream stands if it comes about"


def admission(receiver: End, sender: End) -> Admission:
    """Whether a stream may begin at *receiver* now. A client that has to wait repeats its opening segment."""
    if sender.yielded:
        return Admission.IGNORED
    if receiver.slot.down:
        return Admission.REFUSED
    known = receiver.slot.ends.get(sender.slot.address)
    if known is None or known is receiver or known.gone:
        return Admission.TAKEN
    if known.client is sender.client:
        # A later one has overtaken it: this is an old opening segment, long given up by whoever sent it.
        return Admission.TAKEN if known.number < receiver.number else Admission.IGNORED
    if known.open or receiver.slot.address > sender.slot.address:
        return Admission.TAKEN
    return Admission.LATER
