"""How messages travel: datagrams that may be lost, and TCP-like streams that are late instead, or reset."""

from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import Struct

from squall.sim.host import CLOSED, HOUSEKEEPING_NS, LOCAL_HOP_NS, MESSAGE, OPENED, Slot
from squall.sim.network import Link, Packet
from squall.sim.program import Message
from squall.sim.trace import Retransmitted, Sent, StreamClosed, StreamOpened

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

    def __init__(self, slot: Slot, peer: Slot, connection: str) -> None:
        self.slot = slot
        self.peer = peer
        self.connection = connection
        """Which stream between the two this is: client, server, and the client's count of them."""
        self.open = False
        self.gone = False
        self.out: Pipe | None = None

    def vanish(self) -> None:
        """The host is down: nobody is told, and nothing more is repeated from here."""
        self.gone = True
        self.open = False


class Segment:
    """One message on a pipe, by its place in the order."""

    __slots__ = ("attempt", "message", "record", "sent_ns", "seq")

    def __init__(self, seq: int, message: Message, record: int) -> None:
        self.seq = seq
        self.message = message
        self.record = record
        self.attempt = 0
        self.sent_ns = 0


class Pipe:
    """One direction of a stream: in order and once, by repeating what is lost and holding what is early."""

    def __init__(self, transport: "Transport", sender: End, receiver: End) -> None:
        self._transport = transport
        self._kernel = transport.world.kernel
        self._network = transport.world.network
        self.sender = sender
        self.receiver = receiver
        source, target = transport.node_of(sender.slot.address), transport.node_of(receiver.slot.address)
        self._route: tuple[Link, ...] = self._network.route(source, target)
        self._back: tuple[Link, ...] = self._network.route(target, source)
        round_trip_ns = sum(2 * link.spec.latency_ns + 2 * link.spec.jitter_ns for link in self._route)
        # At least twice the round trip, so that an acknowledgement on its way always arrives in time.
        self._rto_ns = max(transport.spec.rto_min_ns, 2 * round_trip_ns)
        self._next = 0
        self._expected = 0
        self._acked = -1
        self._held: dict[int, Segment] = {}

    def push(self, message: Message, record: int) -> None:
        """Send the next message; *record* is the trace record of its sending."""
        segment = Segment(self._next, message, record)
        self._next += 1
        self._transmit(segment)

    def _transmit(self, segment: Segment) -> None:
        segment.sent_ns = self._kernel.now_ns
        packet = self._packet(segment)
        delay_ns = self._network.fate_ns(self._route, packet)
        if delay_ns is None:
            self._repeat_later(segment)
        else:
            self._kernel.call_in(delay_ns, self._arrive, segment).cause = segment.record

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
        cut = self._network.cut_since(self._route, segment.sent_ns)
        if cut is not None:
            self._network.drop(cut, self._packet(segment))
        if cut is not None or not self.receiver.slot.host.up:
            self._repeat_later(segment)
            return
        if self.receiver.gone:
            self._transport.refuse(self.sender)
            return
        if segment.seq >= self._expected:
            self._held.setdefault(segment.seq, segment)
        while self._expected in self._held:
            ready = self._held.pop(self._expected)
            self._expected += 1
            self._deliver(ready)
        self._acknowledge(segment)

    def _acknowledge(self, segment: Segment) -> None:
        """Acknowledgements are cumulative; one that is lost costs a repetition unless a later one covers it."""
        for link in self._back:
            if not link.plain:
                packet = Packet(
                    self.receiver.slot.address,
                    self.sender.slot.address,
                    segment.message,
                    segment.sent_ns,
                    segment.attempt,
                    note="ack/",
                )
                if self._network.fate_ns(self._back, packet) is None:
                    self._repeat_later(segment)
                    return
                break
        # What came early is covered once the hole before it is filled.
        self._acked = max(self._acked, self._expected - 1)

    def _deliver(self, segment: Segment) -> None:
        slot = self.receiver.slot
        kernel = self._kernel
        before = kernel.cause
        kernel.cause = segment.record
        if type(segment.message) is Control:
            self._transport.opened(self.receiver)
        else:
            slot.host.enqueue(
                slot, MESSAGE, self.sender.slot.address, segment.message, slot.cost_ns(segment.message)
            )
        kernel.cause = before


class Transport:
    """Finds a message's way by address: to the same host through a local queue, to another over the network."""

    def __init__(self, world: "World", spec: TransportSpec) -> None:
        self.world = world
        self.spec = spec
        self._slots: dict[str, Slot] = {}
        self._nodes: dict[str, str] = {}
        self._connections: dict[tuple[str, str], count[int]] = {}

    # --- the directory ---

    def register(self, address: str, slot: Slot, node: str) -> None:
        """*address* leads to the program at *slot*, through the network card *node*."""
        if address in self._slots:
            raise ValueError(
                f"address {address!r} is taken, by a program on host {self._slots[address].host.name!r}"
            )
        self._slots[address] = slot
        self._nodes[address] = node

    def slot_of(self, address: str) -> Slot:
        """The program at this address; ValueError that names it where there is none."""
        try:
            return self._slots[address]
        except KeyError:
            raise ValueError(
                f"no program at address {address!r}; there are {', '.join(self._slots)}"
            ) from None

    def node_of(self, address: str) -> str:
        """The network card that an address goes through."""
        return self._nodes[address]

    # --- datagrams ---

    def send(self, slot: Slot, to: str, message: Message) -> None:
        """A datagram: its fate is decided now; it may be lost, and it may overtake another."""
        target = self.slot_of(to)
        world = self.world
        if target.host is slot.host:
            target.host.enqueue(
                target, MESSAGE, slot.address, message, target.cost_ns(message) + LOCAL_HOP_NS
            )
            return
        record = self._record(slot, to, message)
        packet = Packet(slot.address, to, message, world.kernel.now_ns)
        route = world.network.route(self._nodes[slot.address], self._nodes[to])
        delay_ns = world.network.fate_ns(route, packet)
        if delay_ns is not None:
            world.kernel.call_in(delay_ns, self._datagram_arrives, (packet, target, route)).cause = record

    def _record(self, slot: Slot, to: str, message: Message) -> int:
        if message.is_heartbeat:
            return self.world.kernel.cause
        return self.world.trace.observe(slot.host.name, Sent(slot.address, to, message))

    def _datagram_arrives(self, arg: Any) -> None:
        packet, target, route = arg
        cut = self.world.network.cut_since(route, packet.sent_ns)
        if cut is not None:
            self.world.network.drop(cut, packet)
            return
        target.host.enqueue(target, MESSAGE, packet.sender, packet.message, target.cost_ns(packet.message))

    # --- streams ---

    def open(self, slot: Slot, to: str) -> None:
        """Begin a stream; where one is open or opening between the two, nothing happens."""
        if to in slot.ends:
            return
        peer = self.slot_of(to)
        number = next(self._connections.setdefault((slot.address, to), count(1)))
        connection = f"{slot.address}/{to}/{number}"
        near, far = End(slot, peer, connection), End(peer, slot, connection)
        if peer.host is slot.host:
            self._join_locally(near, far)
            return
        near.out, far.out = Pipe(self, near, far), Pipe(self, far, near)
        slot.ends[to] = near
        near.out.push(Control("syn", connection), self.world.kernel.cause)

    def _join_locally(self, near: End, far: End) -> None:
        if near.peer.address == near.slot.address:
            raise ValueError(f"{near.slot.address}: a program cannot open a stream to itself")
        for end in (near, far):
            end.open = True
            end.slot.ends[end.peer.address] = end
            end.slot.host.enqueue(end.slot, OPENED, end.peer.address, None, HOUSEKEEPING_NS)

    def opened(self, end: End) -> None:
        """The other side's opening segment has come: on the server's side it is the first that is heard of it."""
        slot, peer = end.slot, end.peer.address
        known = slot.ends.get(peer)
        if known is not end:
            if known is not None and known.open:
                self._close(known, "replaced by the peer's new stream")
            elif known is not None:
                # Both have opened at once: the stream of the one whose address sorts first stands.
                if slot.address < peer:
                    return
                known.vanish()
            slot.ends[peer] = end
            end.open = True
            assert end.out is not None
            end.out.push(Control("syn-ack", end.connection), self.world.kernel.cause)
            self.world.trace.observe(slot.host.name, StreamOpened(client=peer, server=slot.address))
        end.open = True
        slot.host.enqueue(slot, OPENED, peer, None, HOUSEKEEPING_NS)

    def write(self, slot: Slot, to: str, message: Message) -> bool:
        """Send on the open stream to this peer; False where there is none."""
        end = slot.ends.get(to)
        if end is None or not end.open:
            return False
        if end.out is None:
            target = end.peer
            target.host.enqueue(
                target, MESSAGE, slot.address, message, target.cost_ns(message) + LOCAL_HOP_NS
            )
        else:
            end.out.push(message, self._record(slot, to, message))
        return True

    def close(self, slot: Slot, to: str) -> None:
        """Hang up. The peer hears of it if the news reaches it; the caller knows already."""
        end = slot.ends.pop(to, None)
        if end is None:
            return
        end.vanish()
        self.world.trace.observe(slot.host.name, StreamClosed(end=slot.address, peer=to, reason="closed"))
        self._send_reset(end, "closed by the peer")

    def give_up(self, end: End) -> None:
        """Too many repetitions: this end is reset, and the other one if the news reaches it."""
        self._close(end, "timed out")
        self._send_reset(end, "reset by the peer")

    def refuse(self, end: End) -> None:
        """A segment reached a host that knows no such stream: the answer is a reset."""
        if not end.gone:
            delay_ns = sum(link.spec.latency_ns for link in self._way(end.peer, end.slot))
            self.world.kernel.call_in(delay_ns, self._reset_arrives, (end, "reset by the peer"))

    def _send_reset(self, end: End, reason: str) -> None:
        """Tell the other end. A reset is a packet like any other, and is not repeated."""
        far = end.peer.ends.get(end.slot.address)
        if far is None or far.peer is not end.slot:
            return
        if end.out is None:
            self._close(far, reason)
            return
        if far is not end.out.receiver:
            return
        control = Control("rst", end.connection)
        packet = Packet(end.slot.address, end.peer.address, control, self.world.kernel.now_ns)
        delay_ns = self.world.network.fate_ns(self._way(end.slot, end.peer), packet)
        if delay_ns is not None:
            self.world.kernel.call_in(delay_ns, self._reset_arrives, (far, reason))

    def _way(self, source: Slot, target: Slot) -> tuple[Link, ...]:
        return self.world.network.route(self._nodes[source.address], self._nodes[target.address])

    def _reset_arrives(self, arg: Any) -> None:
        end, reason = arg
        if end.slot.host.up:
            self._close(end, reason)

    def _close(self, end: End, reason: str) -> None:
        if end.gone:
            return
        slot, peer = end.slot, end.peer.address
        end.vanish()
        if slot.ends.get(peer) is end:
            del slot.ends[peer]
        self.world.trace.observe(slot.host.name, StreamClosed(end=slot.address, peer=peer, reason=reason))
        slot.host.enqueue(slot, CLOSED, peer, reason, HOUSEKEEPING_NS)
