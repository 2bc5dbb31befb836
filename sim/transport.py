"""How messages travel: datagrams that may be lost, and TCP-like streams that are late instead, or reset."""

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from squall.sim.core import CLOSED, HOUSEKEEPING_NS, LOCAL_HOP_NS, MESSAGE, OPENED, STREAMED, Job
from squall.sim.packet import Packet
from squall.sim.pipe import Pipe
from squall.sim.program import Message
from squall.sim.route import Way
from squall.sim.slot import Slot
from squall.sim.stream import Admission, Control, End, TransportSpec, admission
from squall.sim.tcp import TcpPipe
from squall.sim.trace import StreamClosed, StreamOpened

if TYPE_CHECKING:
    from squall.sim.world import World


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
        self.hurried = 0
        """Small segments of TCP that went out at once, where Nagle would have had them wait."""
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
            cost_ns = target.cost_ns(message) + LOCAL_HOP_NS
            if target.core.ring is None:
                target.host.enqueue(target, MESSAGE, slot.address, message, cost_ns)
            else:
                job = Job(target, MESSAGE, slot.address, message, cost_ns, self._kernel.cause)
                target.core.ring.takes(slot, job, streamed=False)
            return
        kernel, network = self._kernel, self._network
        record = kernel.cause if message.is_heartbeat else self._sent(slot.host.name, slot.address, to, message)
        packet = Packet(slot.address, to, message, kernel.now_ns)
        way = network.way(self._nodes[slot.address], self._nodes[to])
        self.launch(way, packet, record, self._datagram_arrives, (packet, target, way, way.links))
        if network.doubling:
            for number in range(1, network.copies(way, packet) + 1):
                copy = Packet(slot.address, to, message, packet.sent_ns, note=f"copy-{number}/")
                self.launch(way, copy, record, self._datagram_arrives, (copy, target, way, way.links))

    def launch(self, way: Way, packet: Packet, cause: int, arrives: Callable[[Any], None], arg: Any) -> None:
        """A packet sets out: `arrives(arg)`, unless it is lost on its way, of which nobody hears."""
        delay_ns = way.plain_ns()
        if delay_ns is None:
            if way.narrow():
                self._network.carry(way, packet, cause, arrives, arg)
                return
            delay_ns = self._network.fate_ns(way, packet, cause)
            if delay_ns is None:
                return
        self._kernel.post(delay_ns, arrives, arg, cause)

    def _datagram_arrives(self, arg: Any) -> None:
        # It reaches whoever lives at the address now: nothing in a datagram says for which life it was meant.
        packet, target, way, links = arg
        cut = way.cut_since(packet.sent_ns, links)
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
        if self.spec.tcp is None:
            near.out = near.lean = Pipe(self, near, far)
            far.out = far.lean = Pipe(self, far, near)
        else:
            near.out, far.out = TcpPipe(self, self.spec.tcp, near, far), TcpPipe(self, self.spec.tcp, far, near)
            near.plain = far.plain = False
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
        """Send on the open stream to this peer; False where there is none.

        Nor is there one any more when its send buffer is full: both ends hear of that, and nothing is lost from the
        middle of a stream.
        """
        end = slot.ends.get(to)
        if end is None or not end.open:
            return False
        pipe: Pipe | TcpPipe | None = end.lean
        if pipe is None:
            pipe = end.out
            if pipe is None:
                target = end.peer
                cost_ns = target.cost_ns(message) + LOCAL_HOP_NS
                if target.core.ring is not None:
                    job = Job(target, STREAMED, end.far, message, cost_ns, self.world.kernel.cause)
                    return target.core.ring.takes(slot, job, streamed=True)
                target.host.enqueue(target, STREAMED, end.far, message, cost_ns)
                return True
            if type(pipe) is TcpPipe and not pipe.has_room(message):
                self._close(end, "send buffer full")
                self._send_reset(end, "reset by the peer")
                return False
        if message.is_heartbeat:
            pipe.push(message, self._kernel.cause)
        else:
            pipe.push(message, self._sent(slot.host.name, slot.address, to, message))
        return True

    def hand_over(self, end: End, message: Message) -> None:
        """A message has come whole, and in its turn: it waits for the program at this end."""
        slot = end.slot
        slot.host.enqueue(slot, STREAMED, end, message, slot.cost_ns(message))

    def close(self, slot: Slot, to: str) -> None:
        """Hang up. The peer hears of it if the news reaches it; the caller knows, and hears nothing more."""
        end = slot.ends.pop(to, None)
        if end is None:
            return
        end.hang_up()
        if end.gone:
            return
        end.vanish()
        self.world.trace.observe(slot.host.name, StreamClosed(end=slot.address, peer=to, reason="closed"))
        self._send_reset(end, "closed by the peer")

    def give_up(self, end: End) -> None:
        """Too many repetitions: this end is reset, and the other one if the news reaches it."""
        self._close(end, "timed out")
        self._send_reset(end, "reset by the peer")

    def admits(self, receiver: End, sender: End, reset: Packet, cause: int) -> bool:
        """Whether a stream may begin at this end now; where nobody listens, *reset* says so."""
        found = admission(receiver, sender)
        if found is Admission.REFUSED:
            self.refuse(sender, reset, cause)
        return found is Admission.TAKEN

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
        way = self._network.way(self._nodes[packet.sender], self._nodes[packet.to])
        self.launch(way, packet, cause, self._reset_arrives, (end, packet, way, way.links, reason))

    def _reset_arrives(self, arg: Any) -> None:
        end, packet, way, links, reason = arg
        cut = way.cut_since(packet.sent_ns, links)
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
