"""A stream with all of TCP: bytes in segments, windows, congestion, Nagle, delayed acknowledgements, keep-alive."""

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from squall.sim.link import Link
from squall.sim.packet import ACK, HEADER_BYTES, RESET, Packet
from squall.sim.program import Message
from squall.sim.stream import Control, End, TcpSpec
from squall.sim.tcp_receiver import Receiver
from squall.sim.tcp_sender import Sender
from squall.sim.trace import Retransmitted

if TYPE_CHECKING:
    from squall.sim.transport import Transport


class Entry(Struct, gc=False):
    """One message among the bytes of a stream: it is there when the byte before *ends* is."""

    message: Message
    ends: int
    record: int
    """The trace record of its latest sending."""


class Segment(Struct, frozen=True, gc=False):
    """What a packet of a stream carries: bytes from *start* to before *end*, and word of the other direction's."""

    pipe: "TcpPipe"
    start: int
    end: int
    ack: int
    """All before this byte of the other direction has come."""
    window: int
    """And so many more may be on their way."""
    record: int
    sent_ns: int
    asks: bool = False
    """It wants an answer, whatever it carries: a probe."""


class Bytes(Struct, frozen=True, gc=False):
    """A part of a stream on the wire, as packets know it: by the stream, and by where in it."""

    identity: str
    wire_bytes: int
    is_heartbeat: bool = False


class TcpPipe:
    """One direction of a stream. What goes back for it rides on the other direction's segments, or alone."""

    def __init__(self, transport: "Transport", spec: TcpSpec, sender: End, receiver: End) -> None:
        self._transport = transport
        self._kernel = transport.world.kernel
        network = transport.world.network
        self._network = network
        self.spec = spec
        self.sender = sender
        self.receiver = receiver
        source, target = transport.node_of(sender.slot.address), transport.node_of(receiver.slot.address)
        self._way = network.way(source, target)
        round_trip_ns = sum(2 * link.spec.latency_ns + 2 * link.spec.jitter_ns for link in self._way.links)
        # An acknowledgement that is held back must not be taken for a loss.
        least_ns = max(transport.spec.rto_min_ns, 2 * spec.delayed_ack_ns)
        first_ns = max(transport.spec.rto_min_ns, 2 * round_trip_ns)
        self.unacknowledged: deque[Entry] = deque()
        self._unsent: deque[Entry] = deque()
        """Of these, those that have not been out whole."""
        self.coming: deque[Entry] = deque()
        """Messages that the receiver has not got whole."""
        self.written = 0
        self.out = Sender(self, self._kernel, spec, first_ns, least_ns, transport.spec)
        self.into = Receiver(self, self._kernel, spec)
        self._said = (0, 0)
        """What was said last of the other direction, and how often."""

    @property
    def back(self) -> "TcpPipe":
        """The other direction."""
        assert type(self.receiver.out) is TcpPipe
        return self.receiver.out

    # --- what the transport asks ---

    def has_room(self, message: Message) -> bool:
        """Whether the send buffer takes it: an empty one takes any message, since what is long goes in bit by bit."""
        held_bytes = self.written - self.out.una
        return not held_bytes or held_bytes + message.wire_bytes <= self.spec.send_buffer_bytes

    def push(self, message: Message, record: int) -> None:
        """Write a message behind those before."""
        self.written += 1 if type(message) is Control else max(message.wire_bytes, 1)
        entry = Entry(message, self.written, record)
        self.unacknowledged.append(entry)
        self._unsent.append(entry)
        self.coming.append(entry)
        self.out.pump()

    def acknowledge_opening(self) -> None:
        """The other side's opening segment bears its own acknowledgement."""

    # --- sending ---

    def send(self, start: int, end: int, attempt: int, waited_ns: int) -> None:
        """Bytes of this direction set out; on a further *attempt*, *waited_ns* after the one before."""
        entry = self._entry_at(start, again=attempt > 0)
        record = entry.record
        if attempt:
            event = Retransmitted(
                sender=self.sender.slot.address,
                to=self.receiver.slot.address,
                what=entry.message.identity,
                attempt=attempt,
                after_ns=waited_ns,
            )
            before = self._kernel.cause
            self._kernel.cause = record
            record = self._transport.world.trace.observe(self.sender.slot.host.name, event)
            self._kernel.cause = before
            for each in self.unacknowledged:
                if each.ends > end:
                    break
                each.record = record
        ack, window = self.back.into.says()
        segment = Segment(self, start, end, ack, window, record, self._kernel.now_ns)
        if type(entry.message) is Control:
            message: Message = entry.message
        else:
            name = f"{self.sender.connection}/{self.sender.slot.address}/{start}-{end}"
            message = Bytes(name, end - start + HEADER_BYTES)  # type: ignore[assignment]  # a size of its own
        self._launch(segment, message, attempt, "")

    def hurried(self) -> None:
        """A small segment goes out at once, where Nagle would have it wait."""
        self._transport.hurried += 1

    def answer(self, asks: bool = False) -> None:
        """Word of the other direction's bytes, and nothing else."""
        ack, window = self.back.into.says()
        self._said = (ack, self._said[1] + 1 if self._said[0] == ack else 0)
        segment = Segment(self, self.out.nxt, self.out.nxt, ack, window, self._kernel.cause, self._kernel.now_ns, asks)
        name = f"{self.sender.connection}/{self.sender.slot.address}/{ack}"
        self._launch(segment, Bytes(name, HEADER_BYTES), self._said[1], ACK)  # type: ignore[arg-type]

    def _launch(self, segment: Segment, message: Message, attempt: int, note: str) -> None:
        packet = Packet(self.sender.slot.address, self.receiver.slot.address, message, segment.sent_ns, attempt, note)
        self._transport.launch(self._way, packet, segment.record, self._arrives, (segment, packet, self._way.links))

    def _entry_at(self, start: int, again: bool) -> Entry:
        """The message that the byte *start* is of."""
        if again:
            return next(each for each in self.unacknowledged if each.ends > start)
        while self._unsent[0].ends <= start:
            self._unsent.popleft()
        return self._unsent[0]

    def give_up(self) -> None:
        """Nothing is heard of the other end any more."""
        self._transport.give_up(self.sender)

    # --- arriving ---

    def _arrives(self, arg: tuple[Segment, Packet, tuple[Link, ...]]) -> None:
        segment, packet, links = arg
        cut = self._way.cut_since(segment.sent_ns, links)
        if cut is not None:
            self._network.kill(cut, packet, segment.record)
            return
        receiver = self.receiver
        if not receiver.slot.host.up:
            return
        opens = segment.start == 0 and segment.end == 1
        if receiver.gone:
            self._transport.refuse(self.sender, self._reset(packet), segment.record)
            return
        if opens and not self.into.next and not self._admitted(packet, segment.record):
            return
        if not self.into.next and not opens:
            return  # behind an opening segment that is lost; or an old packet
        self.back.out.heard()
        if segment.end > segment.start:
            self.into.take(segment.start, segment.end)
        elif segment.asks:
            self.back.answer()
        if not receiver.gone:
            self.back.out.acknowledged(segment.ack, segment.window, pure=segment.end == segment.start)

    def _admitted(self, packet: Packet, cause: int) -> bool:
        return self._transport.admits(self.receiver, self.sender, self._reset(packet), cause)

    def read(self) -> None:
        """The program at the other end takes a message."""
        self.into.read()

    def _reset(self, packet: Packet) -> Packet:
        """The answer to a packet of a stream that is not, with a fate of its own."""
        to = self.sender.slot.address
        return Packet(packet.to, to, packet.message, self._kernel.now_ns, packet.attempt, f"{RESET}{packet.note}")

    def deliver(self, before: int) -> None:
        """All before this byte is there: hand over the messages that are whole."""
        kernel, coming, transport = self._kernel, self.coming, self._transport
        cause = kernel.cause
        while coming and coming[0].ends <= before:
            entry = coming.popleft()
            kernel.cause = entry.record
            if type(entry.message) is Control:
                transport.opened(self.receiver)
                self.out.keep_alive()
                self.back.out.keep_alive()
            else:
                transport.hand_over(self.receiver, entry.message)
                self.into.handed_over(entry.message.wire_bytes)
        kernel.cause = cause
