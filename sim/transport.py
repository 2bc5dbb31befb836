"""How messages travel: datagrams that may be lost, and TCP-like streams that are late instead, or reset."""

from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import Struct

from squall.sim.core import CLOSED, HOUSEKEEPING_NS, LOCAL_HOP_NS, MESSAGE, OPENED, STREAMED, Job
from squall.sim.host import Slot
from squall.sim.network import Packet, Way
from squall.sim.program import Message
from squall.sim.trace import Retransmitted, StreamClosed, StreamOpened

if TYPE_CHECKING:
    from squall.sim.world import World

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


class Segment(Struct, gc=False):
    """One message on a pipe, by its place in the order; *record* is the trace record of its latest sending."""

    seq: int
    message: Message
    record: int
    attempt: int = 0
    sent_ns: int = 0


class Pipe:
    """One direction of a stream: in order and once, by repeating what is lost and holding what is early."""

    def __init__(self, transport: "Transport", sender: End, receiver: End) -> None:
        self._transport = transport
        self._kernel = transport.world.kernel
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
        kernel = self._kernel
        segment = Segment(self._next, message, record, 0, kernel.now_ns)
        self._next += 1
        if self._seen != self._changes.count:
            self._look()
        delay_ns = self._plain_ns
        if delay_ns is None:
            self._transmit(segment)
        else:
            kernel.post(delay_ns, self._arrives, segment, record)

    def _look(self) -> None:
        self._seen = self._changes.count
        self._plain_ns = self._way.plain_ns()
        self._acknowledged = self._back.lossless()

    def acknowledge_opening(self) -> None:
        """The answer to our opening segment has come: it is not repeated any more."""
        self._acked = max(self._acked, 0)

    def _transmit(self, segment: Segment) -> None:
        segment.sent_ns = self._kernel.now_ns
        delay_ns = self._way.plain_ns()
        if delay_ns is None:
            delay_ns = self._network.fate_ns(self._way, self._packet(segment), segment.record)
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
        cut = self._way.cut_since(segment.sent_ns)
        if cut is not None:
            self._network.kill(cut, self._packet(segment), segment.record)
        if cut is not None or not self.receiver.slot.host.up:
            self._repeat_later(segment)
            return
        if self.receiver.gone:
            self._transport.refuse(self.sender, self._answer(segment, "rst/"), segment.record)
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
        """Whether a stream may begin here now; a client that has to wait repeats its opening segment."""
        receiver = self.receiver
        if self.sender.yielded:
            return False
        if receiver.slot.down:
            # The host lives, and nobody listens: it says so at once.
            self._transport.refuse(self.sender, self._answer(segment, "rst/"), segment.record)
            self._repeat_later(segment)
            return False
        known = receiver.slot.ends.get(self.sender.slot.address)
        if known is None or known is receiver or known.gone:
            return True
        if known.client is self.sender.client:
            # A later one has overtaken it: this is an old opening segment, long given up by whoever sent it.
            return known.number < receiver.number
        if known.open or receiver.slot.address > self.sender.slot.address:
            return True
        # Both have opened at once: the stream of the one whose address sorts first stands, if it comes about.
        self._repeat_later(segment)
        return False

    def _acknowledge(self, segment: Segment) -> None:
        """Acknowledgements are cumulative; one that is lost costs a repetition unless a later one covers it."""
        if not self._back.lossless():
            packet = self._answer(segment, "ack/")
            if self._network.fate_ns(self._back, packet, segment.record) is None:
                self._repeat_later(segment)
                return
        # What came early is covered once the hole before it is filled.
        self._acked = max(self._acked, self._expected - 1)

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
        slot = self.receiver.slot
        kernel = self._kernel
        before = kernel.cause
        kernel.cause = segment.record
        if type(segment.message) is Control:
            self._transport.opened(self.receiver)
        else:
            slot.host.enqueue(slot, STREAMED, self.receiver, segment.message, slot.cost_ns(segment.message))
        kernel.cause = before


class Transport:
    """Finds a message's way by address: to the same host through a local queue, to another over the network."""

    def __init__(self, world: "World", spec: TransportSpec) -> None:
        self.world = world
        self.spec = spec
        self._kernel = world.kernel
        self._network = world.network
        self._sent = world.trace.sent
        self._slots: dict[str, Slot] = {}
        self._nodes: dict[str, str] = {}
        self._connections: dict[tuple[str, str], count[int]] = {}

    # --- the directory ---

    def register(self, address: str, slot: Slot, node: str) -> None:
        """*address* leads to the program at *slot*, through the network card *node*."""
        self.check_free(address)
        self._slots[address] = slot
        self._nodes[address] = node

    def check_free(self, address: str) -> None:
        """ValueError that names who has it, where this address is taken."""
        if address in self._slots:
            raise ValueError(f"address {address!r} is taken, by a program on host {self._slots[address].host.name!r}")

    @property
    def programs(self) -> tuple[str, ...]:
        """The own address of every program, in the order in which they were placed."""
        return tuple(address for address, slot in self._slots.items() if slot.address == address)

    def slot_of(self, address: str) -> Slot:
        """The program at this address; ValueError that names it where there is none."""
        try:
            return self._slots[address]
        except KeyError:
            raise ValueError(f"no program at address {address!r}; there are {', '.join(self._slots)}") from None

    def node_of(self, address: str) -> str:
        """The network card that an address goes through."""
        return self._nodes[address]

    # --- datagrams ---

    def send(self, slot: Slot, to: str, message: Message) -> None:
        """A datagram: its fate is decided now; it may be lost, and it may overtake another."""
        target = self.slot_of(to)
        if target.host is slot.host:
            target.host.enqueue(target, MESSAGE, slot.address, message, target.cost_ns(message) + LOCAL_HOP_NS)
            return
        kernel, network = self._kernel, self._network
        record = kernel.cause if message.is_heartbeat else self._sent(slot.host.name, slot.address, to, message)
        packet = Packet(slot.address, to, message, kernel.now_ns)
        way = network.way(self._nodes[slot.address], self._nodes[to])
        delay_ns = way.plain_ns()
        if delay_ns is None:
            delay_ns = network.fate_ns(way, packet, record)
        if delay_ns is not None:
            kernel.post(delay_ns, self._datagram_arrives, (packet, target, way), record)
        for number in range(1, network.copies(way, packet) + 1 if network.doubling else 1):
            copy = Packet(slot.address, to, message, packet.sent_ns, note=f"copy-{number}/")
            delay_ns = network.fate_ns(way, copy, record)
            if delay_ns is not None:
                kernel.post(delay_ns, self._datagram_arrives, (copy, target, way), record)

    def _datagram_arrives(self, arg: Any) -> None:
        # It reaches whoever lives at the address now: nothing in a datagram says for which life it was meant.
        packet, target, way = arg
        cut = way.cut_since(packet.sent_ns)
        if cut is not None:
            self._network.kill(cut, packet, self._kernel.cause)
        elif target.host.up:
            message = packet.message
            cost_ns = target.costs.get(type(message), target.default_cost_ns)
            target.core.submit(Job(target, MESSAGE, packet.sender, message, cost_ns, self._kernel.cause))

    # --- streams ---

    def open(self, slot: Slot, to: str) -> None:
        """Begin a stream; where one is open, opening or not yet known to be gone, nothing happens."""
        if to in slot.ends:
            return
        peer = self.slot_of(to)
        if peer.address != to:
            raise ValueError(
                f"{slot.address}: a stream goes to a program's own address, "
                f"{peer.address!r}, not to a further one, {to!r}"
            )
        if peer is slot:
            raise ValueError(f"{slot.address}: a program cannot open a stream to itself")
        number = next(self._connections.setdefault((slot.address, to), count(1)))
        near, far = End(slot, peer, slot, number), End(peer, slot, slot, number)
        near.far, far.far = far, near
        if peer.host is slot.host:
            if peer.down:
                slot.ends[to] = near
                self._close(near, "nobody listens")
                return
            self._join_locally(near, far)
            return
        near.out, far.out = Pipe(self, near, far), Pipe(self, far, near)
        slot.ends[to] = near
        near.out.push(Control("syn", near.connection), self.world.kernel.cause)

    @staticmethod
    def _join_locally(near: End, far: End) -> None:
        for end in (near, far):
            end.open = True
            end.slot.ends[end.peer.address] = end
            end.slot.host.enqueue(end.slot, OPENED, end, None, HOUSEKEEPING_NS)

    def opened(self, end: End) -> None:
        """The other side's opening segment has come: on the server's side it is the first that is heard of it."""
        slot, peer = end.slot, end.peer.address
        assert end.out is not None
        if slot is end.client:
            end.out.acknowledge_opening()
        else:
            known = slot.ends.get(peer)
            if known is not None and known.open:
                self._close(known, "replaced by the peer's new stream")
            elif known is not None and not known.gone:
                known.vanish()
                known.yielded = True
            slot.ends[peer] = end
            end.out.push(Control("syn-ack", end.connection), self.world.kernel.cause)
            self.world.trace.observe(slot.host.name, StreamOpened(client=peer, server=slot.address))
        end.open = True
        slot.host.enqueue(slot, OPENED, end, None, HOUSEKEEPING_NS)

    def write(self, slot: Slot, to: str, message: Message) -> bool:
        """Send on the open stream to this peer; False where there is none."""
        end = slot.ends.get(to)
        if end is None or not end.open:
            return False
        pipe = end.out
        if pipe is None:
            target = end.peer
            target.host.enqueue(target, STREAMED, end.far, message, target.cost_ns(message) + LOCAL_HOP_NS)
        elif message.is_heartbeat:
            pipe.push(message, self._kernel.cause)
        else:
            pipe.push(message, self._sent(slot.host.name, slot.address, to, message))
        return True

    def close(self, slot: Slot, to: str) -> None:
        """Hang up. The peer hears of it if the news reaches it; the caller knows, and hears nothing more."""
        end = slot.ends.pop(to, None)
        if end is None:
            return
        end.hung_up = True
        if end.gone:
            return
        end.vanish()
        self.world.trace.observe(slot.host.name, StreamClosed(end=slot.address, peer=to, reason="closed"))
        self._send_reset(end, "closed by the peer")

    def give_up(self, end: End) -> None:
        """Too many repetitions: this end is reset, and the other one if the news reaches it."""
        self._close(end, "timed out")
        self._send_reset(end, "reset by the peer")

    def refuse(self, end: End, reset: Packet, cause: int) -> None:
        """A segment reached a host that knows no such stream: the answer is a reset."""
        if not end.gone:
            self._launch_reset(end, reset, "reset by the peer", cause)

    def _send_reset(self, end: End, reason: str) -> None:
        """Tell the other end. A reset is a packet like any other, and is not repeated."""
        far = end.far
        if far.gone or far.slot.ends.get(end.slot.address) is not far:
            return
        if end.out is None:
            self._close(far, reason)
            return
        control = Control("rst", end.connection)
        packet = Packet(end.slot.address, far.slot.address, control, self.world.kernel.now_ns)
        self._launch_reset(far, packet, reason, self.world.kernel.cause)

    def _launch_reset(self, end: End, packet: Packet, reason: str, cause: int) -> None:
        nodes, network = self._nodes, self._network
        way = network.way(nodes[packet.sender], nodes[packet.to])
        delay_ns = network.fate_ns(way, packet, cause)
        if delay_ns is not None:
            self._kernel.post(delay_ns, self._reset_arrives, (end, packet, way, reason), cause)

    def _reset_arrives(self, arg: Any) -> None:
        end, packet, way, reason = arg
        cut = way.cut_since(packet.sent_ns)
        if cut is not None:
            self._network.kill(cut, packet, self._kernel.cause)
        elif not end.gone:
            self._close(end, reason)

    def _close(self, end: End, reason: str) -> None:
        """This end learns that it is gone. Its program is told in its turn, and until then cannot open another."""
        slot, peer = end.slot, end.peer.address
        end.vanish()
        self.world.trace.observe(slot.host.name, StreamClosed(end=slot.address, peer=peer, reason=reason))
        slot.host.enqueue(slot, CLOSED, end, reason, HOUSEKEEPING_NS)
