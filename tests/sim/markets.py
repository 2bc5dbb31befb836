"""A venue and a client of its own: enough of a market to let faults act on."""

from collections.abc import Hashable
from typing import Any, ClassVar

from msgspec import Struct

from squall.sim.clock import Clock
from squall.sim.exchange.engine import Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.participants import FairValue, Participants, Profile
from squall.sim.exchange.rules import Rules
from squall.sim.exchange.venue import Venue, VenueSpec
from squall.sim.exchange.wire.messages import (
    BookUpdate,
    ExecutionReport,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderStatusReport,
    OrderStatusRequest,
    OrdType,
    Side,
    SnapshotRequest,
    TimeInForce,
)
from squall.sim.host import Costs, ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.world import World

MILLISECOND = 1_000_000
REFERENCE_HALF_TICKS = 20_000


class Answered(Struct, frozen=True, tag=True):
    """A claim: an answer came, from the venue or from the disk."""

    cl_ord_id: str
    what: str


class Trader:
    """Sends an order each *every_ns*, asks about the silent ones, writes down what it hears, and follows the feed."""

    ack_timeout_ns: ClassVar[int] = 5 * MILLISECOND

    def __init__(self, runtime: ProgramRuntime, venue: str, symbol: str, every_ns: int) -> None:
        self.runtime = runtime
        self.venue = venue
        self.symbol = symbol
        self.every_ns = every_ns
        self.sent: list[tuple[int, str]] = []
        self.reports: list[tuple[int, ExecutionReport]] = []
        self.answers: list[tuple[int, OrderStatusReport]] = []
        self.feed: list[tuple[int, int]] = []
        self._session = 0
        self._logged_on = False
        self._asked: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._snapshots = 0

    def on_start(self) -> None:
        self.runtime.open(self.venue)
        self.runtime.set_timer(self.every_ns, "trade")

    def on_stream_open(self, peer: str) -> None:
        self._session += 1
        self.runtime.write(peer, Logon(self.runtime.address, self._session))

    def on_stream_closed(self, peer: str, reason: str) -> None:
        self._logged_on = False
        self.runtime.set_timer(MILLISECOND, "open")

    def on_timer(self, key: Hashable) -> None:
        match key:
            case "trade":
                self._trade()
                self.runtime.set_timer(self.every_ns, "trade")
            case "open":
                self.runtime.open(self.venue)
            case ("ask", str(cl_ord_id)):
                self._asked[cl_ord_id] = attempt = self._asked.get(cl_ord_id, 0) + 1
                self.runtime.write(self.venue, OrderStatusRequest(cl_ord_id, attempt))
                self.runtime.set_timer(self.ack_timeout_ns << min(attempt, 6), key)
            case _:
                raise KeyError(key)

    def _trade(self) -> None:
        if not self._logged_on:
            return
        number = len(self.sent) + 1
        cl_ord_id = f"{self.runtime.address}-{number}"
        side = Side.BUY if self.runtime.chance("side", number) < 0.5 else Side.SELL
        order = NewOrderSingle(
            cl_ord_id=cl_ord_id,
            cl_ord_link_id=cl_ord_id,
            symbol=self.symbol,
            side=side,
            quantity_lots=10,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.DAY if number % 3 else TimeInForce.IOC,
            price_half_ticks=REFERENCE_HALF_TICKS + 2 * side.sign * (number % 5),
        )
        if self.runtime.write(self.venue, order):
            self.sent.append((self.runtime.monotonic_ns, cl_ord_id))
            self.runtime.set_timer(self.ack_timeout_ns, ("ask", cl_ord_id))

    def on_message(self, sender: str, message: Any) -> None:
        now_ns = self.runtime.monotonic_ns
        match message:
            case LogonAccepted():
                self._logged_on = True
            case ExecutionReport():
                self.reports.append((now_ns, message))
                self.runtime.cancel_timer(("ask", message.cl_ord_id))
                self.runtime.append("reports", message.exec_id.encode())
                self.runtime.emit(Answered(message.cl_ord_id, message.ord_status.value))
            case OrderStatusReport():
                self.answers.append((now_ns, message))
                self.runtime.cancel_timer(("ask", message.cl_ord_id))
            case BookUpdate():
                self.feed.append((now_ns, message.seq))
                if message.seq > self._seen.get(message.line, 0) + 1:
                    self._snapshots += 1
                    self.runtime.write(self.venue, SnapshotRequest(self.runtime.address, self._snapshots))
                self._seen[message.line] = max(message.seq, self._seen.get(message.line, 0))
            case _:
                pass

    def on_durable(self, token: int) -> None:
        self.runtime.emit(Answered("disk", str(token)))

    def on_config(self, config: Any) -> None:
        """It has none."""


def lay_market(
    world: World,
    name: str,
    symbol: str,
    link: LinkSpec,
    every_ns: int = 10 * MILLISECOND,
    profile: Profile | None = None,
) -> None:
    """A venue *name* and a trader ``name-trader``, each on a host of that name, and three links between them.

    They are ``name-orders``, ``name-feed-A`` and ``name-feed-B``.
    """
    trader = f"{name}-trader"
    world.add_host(name, Clock())
    world.add_host(trader, Clock(drift_ppb=5_000))
    listing = Listing(symbol, REFERENCE_HALF_TICKS)
    engine = MatchingEngine([listing])
    worth = FairValue(world.kernel, world.chance.stream(f"fair-value/{symbol}"), REFERENCE_HALF_TICKS)
    world.fair_values[symbol] = worth
    stream = world.chance.stream(f"participants/{name}/{symbol}")
    Participants(world.kernel, engine, listing, stream, worth, profile or Profile(events_per_s=100.0))
    world.venues[name] = rules = Rules()
    spec = VenueSpec(name, subscribers_a=(f"{trader}/A",), subscribers_b=(f"{trader}/B",))
    world.place(name, name, lambda machine: Venue(machine, spec, engine, world.trace, rules), Costs(8_000))
    world.place(
        trader,
        trader,
        lambda machine: Trader(machine, name, symbol, every_ns),
        Costs(2_000),
        aliases=(f"{trader}/A", f"{trader}/B"),
    )
    world.connect(f"{name}-orders", trader, name, link)
    for line in ("A", "B"):
        world.connect(f"{name}-feed-{line}", f"{trader}/{line}", name, link)
