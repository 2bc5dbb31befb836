"""One direction of a stream: in order and once, late instead of lossy."""

from heapq import heappush
from typing import TYPE_CHECKING

from msgspec import Struct

from squall.sim.core import STREAMED, Job
from squall.sim.kernel import WORK
from squall.sim.link import Link
from squall.sim.packet import ACK, RESET, Packet
from squall.sim.program import Message
from squall.sim.route import Way
from squall.sim.stream import Admission, Control, End, admission
from squall.sim.trace import Retransmitted

if TYPE_CHECKING:
    from squall.sim.transport import Transport


class Segment(Struct, gc=False):
    """One message on a pipe, by its place in the order; *record* and *links* are those of its latest sending."""

    seq: int
    message: Message
    record: int
    links: tuple[Link, ...]
    attempt: int = 0
    sent_ns: int = 0


class Pipe:
    """One direction of a stream: in order and once, by repeating what is lost and holding what is early."""

    def __init__(self, transport: "Transport", sender: End, receiver: End) -> None:
        self._transport = transport
        self._kernel = kernel = transport.world.kernel
        self._heap, self._sequence = kernel.heap, kernel.sequence
        self._network = transport.world.network
        self.sender = sender
        self.receiver = receiver
        self._target = receiver.slot
        source, target = transport.node_of(sender.slot.address), transport.node_of(receiver.slot.address)
        self._way: Way = self._network.way(source, target)
        self._back: Way = self._network.way(target, source)
        self._changes = self._network.changes
        self._seen = -1
        self._plain_ns: int | None = None
        """How long a segment takes, as of the changes *seen*; None where that depends."""
        self._acknowledged = False
        """Whether an acknowledgement always comes, as of then."""
        self._arrives = self._arrive
        round_trip_ns = sum(2 * link.spec.latency_ns + 2 * link.spec.jitter_ns for link in self._way.links)
        # At least twice the round trip, so that an acknowledgement on its way always arrives in time.
        self._rto_ns = max(transport.spec.rto_min_ns, 2 * round_trip_ns)
        self._next = 0
        self._expected = 0
        self._acked = -1
        self._held: dict[int, Segment] = {}

    def push(self, message: Message, record: int) -> None:
        """Send the next message; *record* is the trace record of its sending."""
        now_ns = self._kernel.now_ns
        segment = Segment(self._next, message, record, self._way.links, 0, now_ns)
        self._next += 1
        if self._seen != self._changes.count:
            self._look()
        delay_ns = self._plain_ns
        if delay_ns is None:
            self._transmit(segment)
        else:
            heappush(self._heap, (now_ns + delay_ns, WORK, next(self._sequence), self._arrives, segment, record))

    def _look(self) -> None:
        self._seen = self._changes.count
        self._plain_ns = self._way.plain_ns()
        self._acknowledged = self._back.lossless()

    def read(self) -> None:
        """The other end's program takes a message: here nobody counts."""

    def acknowledge_opening(self) -> None:
        """The answer to our opening segment has come: it is not repeated any more."""
        self._acked = max(self._acked, 0)

    def _transmit(self, segment: Segment) -> None:
        segment.sent_ns = self._kernel.now_ns
        segment.links = self._way.links
        delay_ns = self._way.plain_ns()
        if delay_ns is None:
            packet = self._packet(segment)
            if self._way.narrow():
                self._network.carry(
                    self._way, packet, segment.record, self._arrives, segment, self._repeat_later, in_segments=True
                )
                return
            delay_ns = self._network.fate_ns(self._way, packet, segment.record)
        if delay_ns is None:
            self._repeat_later(segment)
        else:
            self._kernel.post(delay_ns, self._arrives, segment, segment.record)

    def _packet(self, segment: Segment) -> Packet:
        return Packet(
            self.sender.slot.address,
            self.receiver.slot.address,
            segment.message,
            segment.sent_ns,
            segment.attempt,
        )

    def _repeat_later(self, segment: Segment) -> None:
        timeout_ns = min(self._rto_ns << segment.attempt, max(self._transport.spec.rto_max_ns, self._rto_ns))
        due_ns = max(segment.sent_ns + timeout_ns, self._kernel.now_ns)
        self._kernel.call_at(due_ns, self._repeat, segment).cause = segment.record

    def _repeat(self, segment: Segment) -> None:
        """The retransmission timer of one segment: nothing to do where it has been acknowledged since."""
        if self.sender.gone or self._acked >= segment.seq:
            return
        waited_ns = self._kernel.now_ns - segment.sent_ns
        segment.attempt += 1
        if segment.attempt > self._transport.spec.max_retransmissions:
            self._transport.give_up(self.sender)
            return
        event = Retransmitted(
            sender=self.sender.slot.address,
            to=self.receiver.slot.address,
            what=segment.message.identity,
            attempt=segment.attempt,
            after_ns=waited_ns,
        )
        segment.record = self._transport.world.trace.observe(self.sender.slot.host.name, event)
        self._transmit(segment)

    def _arrive(self, segment: Segment) -> None:
        """What nearly every segment meets: the next one, on links that held, for a program that listens."""
        slot, receiver, seq, changes = self._target, self.receiver, segment.seq, self._changes
        if (
            seq != self._expected
            or not seq
            or self._held
            or changes.last_down_ns >= segment.sent_ns
            or not slot.host.up
            or receiver.gone
        ):
            self._arrive_in_trouble(segment)
            return
        self._expected = seq + 1
        message = segment.message
        cost_ns = slot.costs.get(type(message), slot.default_cost_ns)
        slot.core.submit(Job(slot, STREAMED, receiver, message, cost_ns, segment.record))
        if self._acknowledged and self._seen == changes.count:
            self._acked = seq
        else:
            self._acknowledge(segment)

    def _arrive_in_trouble(self, segment: Segment) -> None:
        """Whatever it meets: the rule of which `_arrive` is the common case."""
        cut = self._way.cut_since(segment.sent_ns, segment.links)
        if cut is not None:
            self._network.kill(cut, self._packet(segment), segment.record)
        if cut is not None or not self.receiver.slot.host.up:
            self._repeat_later(segment)
            return
        if self.receiver.gone:
            self._transport.refuse(self.sender, self._answer(segment, RESET), segment.record)
            # If that is lost, a repetition will ask for another.
            self._repeat_later(segment)
            return
        if segment.seq == 0 and self._expected == 0 and not self._may_open(segment):
            return
        if segment.seq == self._expected:
            self._expected += 1
            self._deliver(segment)
        elif segment.seq > self._expected:
            self._held.setdefault(segment.seq, segment)
        while self._expected in self._held:
            ready = self._held.pop(self._expected)
            self._expected += 1
            self._deliver(ready)
        if segment.seq == 0 and self.sender.slot is self.sender.client:
            # The server's own opening segment is what answers a client's: until it has come, repeat.
            self._repeat_later(segment)
        else:
            self._acknowledge(segment)

    def _may_open(self, segment: Segment) -> bool:
        found = admission(self.receiver, self.sender)
        if found is Admission.REFUSED:
            self._transport.refuse(self.sender, self._answer(segment, RESET), segment.record)
        if found in (Admission.REFUSED, Admission.LATER):
            self._repeat_later(segment)
        return found is Admission.TAKEN

    def _acknowledge(self, segment: Segment) -> None:
        """Acknowledgements are cumulative; one that is lost costs a repetition unless a later one covers it."""
        if not self._back.lossless():
            packet = self._answer(segment, ACK)
            if self._back.narrow():
                covered = (segment, packet, self._back.links, max(self._acked, self._expected - 1))
                self._network.carry(
                    self._back, packet, segment.record, self._answered, covered, lambda _: self._repeat_later(segment)
                )
                return
            if self._network.fate_ns(self._back, packet, segment.record) is None:
                self._repeat_later(segment)
                return
        # What came early is covered once the hole before it is filled.
        self._acked = max(self._acked, self._expected - 1)

    def _answered(self, arg: tuple[Segment, Packet, tuple[Link, ...], int]) -> None:
        """An acknowledgement that took its time has come."""
        segment, packet, links, acked = arg
        cut = self._back.cut_since(packet.sent_ns, links)
        if cut is not None:
            self._network.kill(cut, packet, segment.record)
            self._repeat_later(segment)
        else:
            self._acked = max(self._acked, acked)

    def _answer(self, segment: Segment, note: str) -> Packet:
        """What goes back for a segment has a name of its own, and so a fate of its own."""
        return Packet(
            self.receiver.slot.address,
            self.sender.slot.address,
            segment.message,
            self._kernel.now_ns,
            segment.attempt,
            note,
        )

    def _deliver(self, segment: Segment) -> None:
        kernel = self._kernel
        before = kernel.cause
        kernel.cause = segment.record
        if type(segment.message) is Control:
            self._transport.opened(self.receiver)
        else:
            self._transport.hand_over(self.receiver, segment.message)
        kernel.cause = before
