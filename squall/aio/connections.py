"""Asyncio's transports over the simulated network: bytes to the program, messages on the wire."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final, Protocol

from msgspec import Struct

from squall.aio.refused import NETWORK, refuse
from squall.sim.exchange.wire.frames import Frames, encode
from squall.system.runtime import Address, Runtime

CLOSED_BY_PEER: Final = "closed by the peer"
Factory = Callable[[], asyncio.BaseProtocol]


class Segment(Struct, frozen=True, gc=False):
    """Bytes from one program of a desk to another, as they were written."""

    is_heartbeat: ClassVar[bool] = False
    identity: str
    data: bytes

    @property
    def wire_bytes(self) -> int:
        """What they weigh, with their headers."""
        return len(self.data) + 40


class Codec(Protocol):
    """Turns what a program writes into messages, and what comes into bytes."""

    def out(self, data: bytes) -> list[Any]: ...
    def into(self, message: Any) -> bytes: ...


class Framed:
    """Towards a venue: its protocol's frames, cut into the messages that they are."""

    def __init__(self) -> None:
        self._frames = Frames()

    def out(self, data: bytes) -> list[Any]:
        return list(self._frames.feed(data))

    def into(self, message: Any) -> bytes:
        return encode(message)


class Raw:
    """Towards another program of the desk: bytes as they are."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._number = 0

    def out(self, data: bytes) -> list[Any]:
        self._number += 1
        return [Segment(f"{self._name}/{self._number}", data)]

    def into(self, message: Any) -> bytes:
        return bytes(message.data)


class Connection(asyncio.Transport):
    """One stream, as a transport: what `StreamReader` and `StreamWriter` stand on."""

    def __init__(
        self, connections: "Connections", peer: Address, protocol: asyncio.BaseProtocol, codec: Codec, server: bool
    ) -> None:
        super().__init__({"peername": (peer, 0), "sockname": (connections.address, 0)})
        self._connections = connections
        self._peer = peer
        self._protocol = protocol
        self._codec = codec
        self._paused: list[bytes] | None = None
        self._closing = False
        self.server = server

    def begin(self) -> None:
        self._protocol.connection_made(self)

    # --- what comes ---

    def received(self, message: Any) -> None:
        """A message of the peer's."""
        data = self._codec.into(message)
        if self._paused is not None:
            self._paused.append(data)
        elif not self._closing:
            self._deliver(data)

    def _deliver(self, data: bytes) -> None:
        assert isinstance(self._protocol, asyncio.Protocol)
        self._protocol.data_received(data)

    def lost(self, reason: str) -> None:
        """The stream is gone, and not by our doing."""
        if self._closing:
            return
        self._closing = True
        if reason == CLOSED_BY_PEER:
            for data in self._paused or ():
                self._deliver(data)  # it came before the end
            if isinstance(self._protocol, asyncio.Protocol):
                self._protocol.eof_received()
            self._protocol.connection_lost(None)
        else:
            self._protocol.connection_lost(ConnectionResetError(f"{self._peer}: {reason}"))

    # --- asyncio.Transport ---

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            for message in self._codec.out(bytes(data)):
                self._connections.write(self._peer, message)

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._connections.hang_up(self._peer, self)
            self._connections.loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing or self._connections.dead

    def is_reading(self) -> bool:
        return self._paused is None and not self._closing

    def pause_reading(self) -> None:
        if self._paused is None:
            self._paused = []

    def resume_reading(self) -> None:
        kept, self._paused = self._paused or [], None
        for data in kept:
            self._deliver(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return (0, 0)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The stream takes all that is written."""

    def can_write_eof(self) -> bool:
        return False

    def write_eof(self) -> None:
        refuse("transport.write_eof", "a stream of the simulated network is closed both ways: transport.close")

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol


class Server(asyncio.AbstractServer):
    """What takes the streams that other programs of the desk open."""

    sockets: tuple[()] = ()

    def __init__(self, connections: "Connections", factory: Factory, loop: asyncio.AbstractEventLoop) -> None:
        self._connections = connections
        self._loop = loop
        self._closed = loop.create_future()
        self.factory = factory

    def close(self) -> None:
        if not self._closed.done():
            self._connections.server = None
            self._closed.set_result(None)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return not self._closed.done()

    async def start_serving(self) -> None:
        """It has been since it was made."""

    async def serve_forever(self) -> None:
        try:
            await asyncio.shield(self._closed)
        finally:
            self.close()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._closed)


class Connections:
    """All streams of one life of a program, one a peer. Without a world, when that life is over, nothing happens."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: Address,
        runtime: Callable[[], Runtime | None],
        venues: frozenset[Address],
        hosts: dict[str, Address],
    ) -> None:
        """*hosts*: the addresses behind names as the program knows them, each as ``host`` or ``host:port``."""
        self.loop = loop
        self.address = address
        self._runtime = runtime
        self._venues = venues
        self._hosts = hosts
        self._opening: dict[Address, tuple[Factory, asyncio.Future[Connection]]] = {}
        self._open: dict[Address, Connection] = {}
        self._made = 0
        self.server: Server | None = None

    @property
    def dead(self) -> bool:
        """The life that they belonged to is over."""
        return self._runtime() is None

    # --- what the loop asks ---

    async def connect(self, factory: Factory, host: Any, port: Any) -> tuple[Connection, asyncio.BaseProtocol]:
        """Open a stream; OSError where that cannot be."""
        peer = self._hosts.get(f"{host}:{port}", self._hosts.get(str(host), str(host)))
        runtime = self._runtime()
        if runtime is None or peer in self._open or peer in self._opening:
            raise OSError(f"{peer}: there is a connection already: a program has one to each peer")
        future = self.loop.create_future()
        self._opening[peer] = (factory, future)
        try:
            runtime.open(peer)
            connection: Connection = await future
        except ValueError as error:
            raise OSError(f"{host}:{port}: {error}") from None
        except asyncio.CancelledError:
            self.hang_up(peer, self._open.get(peer))
            raise
        finally:
            self._opening.pop(peer, None)
        return connection, connection.get_protocol()

    def serve(self, factory: Factory) -> Server:
        """Take what others open; OSError where somebody does already."""
        if self.server is not None:
            raise OSError(f"{self.address}: address already in use: a program has one server")
        self.server = Server(self, factory, self.loop)
        return self.server

    # --- what a connection asks ---

    def write(self, peer: Address, message: Any) -> None:
        runtime = self._runtime()
        if runtime is not None:
            runtime.write(peer, message)

    def hang_up(self, peer: Address, connection: Connection | None) -> None:
        if self._open.get(peer) is connection:
            self._open.pop(peer, None)
            runtime = self._runtime()
            if runtime is not None:
                runtime.close(peer)

    def hang_up_all(self) -> None:
        """The program has ended: its sockets are closed for it."""
        for peer, connection in list(self._open.items()):
            self.hang_up(peer, connection)
        self.server = None

    # --- what the world says ---

    def opened(self, peer: Address) -> None:
        asked = self._opening.get(peer)
        if asked is None and self.server is None:
            runtime = self._runtime()
            if runtime is not None:
                runtime.close(peer)  # nobody listens here
            return
        self._made += 1
        codec: Codec = Framed() if peer in self._venues else Raw(f"segment/{self.address}/{peer}/{self._made}")
        factory = asked[0] if asked is not None else self.server.factory if self.server is not None else None
        assert factory is not None
        connection = self._open[peer] = Connection(self, peer, factory(), codec, server=asked is None)
        connection.begin()
        if asked is not None and not asked[1].done():
            asked[1].set_result(connection)

    def closed(self, peer: Address, reason: str) -> None:
        asked = self._opening.get(peer)
        if asked is not None and not asked[1].done():
            asked[1].set_exception(ConnectionRefusedError(f"{peer}: {reason}"))
        connection = self._open.pop(peer, None)
        if connection is not None:
            connection.lost(reason)

    def received(self, peer: Address, message: Any) -> bool:
        """Whether somebody has a connection to this peer."""
        connection = self._open.get(peer)
        if connection is None:
            return False
        connection.received(message)
        return True


__all__ = ["NETWORK", "Connection", "Connections", "Segment", "Server"]
