"""A build of the router that should be nowhere any more: what orders call IOC today, it takes for "keep sending"."""

from collections.abc import Hashable
from typing import Final

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import TimeInForce
from squall.system.config import MILLISECOND, DeskConfig
from squall.system.domain.doubt import fresh_wire_id
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import RouteOrder
from squall.system.runtime import Address, Runtime
from squall.system.services.router import Router, RouterMessage
from squall.system.wiring import Wiring

CHILD_NS: Final = 25 * MILLISECOND
_CHILD: Final = "child"


class OldRouter:
    """In its day a parent order was worked: one child after the other, until the fills came to the whole.

    The flag that asked for this has been given to something else since, the count of the fills was moved elsewhere, and
    the code was left where it was. So it sees the flag on every IOC order, and never sees that the parent is filled.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._router = Router(runtime, config, wiring)
        self._worked: dict[ClOrdID, tuple[Address, RouteOrder]] = {}
        self._children: dict[ClOrdID, int] = {}

    def on_start(self) -> None:
        self._router.on_start()

    def on_message(self, sender: Address, message: RouterMessage) -> None:
        self._router.on_message(sender, message)
        if isinstance(message, RouteOrder) and message.time_in_force is TimeInForce.IOC:
            self._worked[message.cl_ord_id] = (sender, message)
            self._children[message.cl_ord_id] = 1
            self._runtime.set_timer(CHILD_NS, (_CHILD, message.cl_ord_id))

    def on_timer(self, key: Hashable) -> None:
        match key:
            case ("child", str(name)):
                self._send_child(ClOrdID(name))
            case _:
                self._router.on_timer(key)

    def _send_child(self, parent: ClOrdID) -> None:
        sender, order = self._worked[parent]
        number = self._children[parent] = self._children[parent] + 1
        child = replace(order, cl_ord_id=ClOrdID(fresh_wire_id(parent, number)))
        self._router.on_message(sender, child)
        self._runtime.set_timer(CHILD_NS, (_CHILD, parent))

    def on_durable(self, token: int) -> None:
        self._router.on_durable(token)

    def on_stream_open(self, peer: Address) -> None:
        self._router.on_stream_open(peer)

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._router.on_stream_closed(peer, reason)

    def on_config(self, config: DeskConfig) -> None:
        self._router.on_config(config)
