"""Whatever is lost, cut or taken over: an order is at venues once at most, and its leader hears of it."""

from collections import deque
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import (
    ExecType,
    ExecutionReport,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderStatusReport,
    OrderStatusRequest,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from squall.sim.exchange.wire.messages import (
    Execution as Executed,
)
from squall.system.config import MILLISECOND, SECOND, BreakerConfig, DeskConfig, ExecutionConfig
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    Fence,
    FenceAccepted,
    OpenAtVenue,
    OrderUnsent,
    RouteOrder,
    SendOrder,
    VenueReport,
)
from squall.system.services.execution import Execution
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime
from tests.profiles import examples

ACME: Final = Symbol("ACME")
WIRING: Final = Wiring(
    instruments=(Instrument(ACME),),
    venues=(VenueRoute(Venue("A"), "A", (ACME,)), VenueRoute(Venue("B"), "B", (ACME,))),
)
CONFIG: Final = DeskConfig(
    execution=ExecutionConfig(
        ack_timeout_ns=100 * MILLISECOND,
        query_interval_ns=100 * MILLISECOND,
        query_interval_max_ns=400 * MILLISECOND,
        heartbeat_interval_ns=3_600 * SECOND,
    ),
    breaker=BreakerConfig(failure_threshold=3, reset_timeout_ns=SECOND),
)
LOTS: Final = 5


class FakeVenue:
    """Refuses nothing: whatever copy of an order arrives is accepted and executed at once.

    What is under way on its session, and what it took and has not acted upon, waits in queues for the test.
    """

    def __init__(self) -> None:
        self.wire_in: deque[Any] = deque()
        self.inbox: deque[Any] = deque()
        self.wire_out: deque[Any] = deque()
        self.connected = False
        self.session = 0
        """0: none is logged on."""
        self.had_session = False
        self.declares = True
        """Whether a logon ends the session before; if not, what that had taken lingers, and is done late."""
        self.lingering: deque[Any] = deque()
        self.copies: dict[str, int] = {}

    def take(self) -> None:
        """The next message arrives."""
        if not self.wire_in:
            return
        message = self.wire_in.popleft()
        if isinstance(message, Logon):
            if self.declares:
                self.lingering.clear()
            else:
                self.lingering.extend(self.inbox)
            self.inbox.clear()
            self.wire_out.append(LogonAccepted(message.session, self.had_session and self.declares))
            self.session, self.had_session = message.session, True
        elif self.session:
            self.inbox.append(message)

    def act(self, lose_request: bool = False, lose_from: int = 9, late: bool = False) -> None:
        """Act on the next request, or not; of the reports, those from *lose_from* on are never written."""
        requests = self.lingering if late else self.inbox
        if not requests:
            return
        request = requests.popleft()
        if lose_request:
            return
        reports: list[Any]
        match request:
            case NewOrderSingle():
                self.copies[request.cl_ord_link_id] = self.copies.get(request.cl_ord_link_id, 0) + 1
                reports = [
                    execution_report(request, ExecType.NEW),
                    execution_report(request, ExecType.TRADE),
                ]
            case OrderStatusRequest() if request.cl_ord_id in self.copies:
                trade = Executed(f"{request.cl_ord_id}/t", LOTS, 200)
                number = request.attempt
                reports = [OrderStatusReport(request.cl_ord_id, number, OrdStatus.FILLED, LOTS, 0, (trade,))]
            case OrderStatusRequest():
                reports = [OrderStatusReport(request.cl_ord_id, request.attempt, None)]
            case _:
                raise TypeError(request)
        if self.session:
            self.wire_out.extend(reports[:lose_from])

    def reset(self) -> None:
        """What is under way dies with the stream. What was taken may still be acted upon."""
        self.wire_in.clear()
        self.wire_out.clear()
        self.session = 0
        self.connected = False


def execution_report(order: NewOrderSingle, kind: ExecType) -> ExecutionReport:
    traded = LOTS if kind is ExecType.TRADE else 0
    return ExecutionReport(
        exec_id=f"{order.cl_ord_id}/{kind.value}",
        exec_type=kind,
        ord_status=OrdStatus.FILLED if traded else OrdStatus.NEW,
        cl_ord_id=order.cl_ord_id,
        order_id=order.cl_ord_id,
        symbol=order.symbol,
        side=order.side,
        cum_lots=traded,
        leaves_lots=LOTS - traded,
        last_lots=traded,
        last_price_half_ticks=200 if traded else 0,
    )


class World:
    """An honest leader, a router with a queue, an execution, and two venues behind streams to be cut."""

    def __init__(self, config: DeskConfig) -> None:
        self.config = config
        self.runtime = FakeRuntime("execution")
        self.venues = {"A": FakeVenue(), "B": FakeVenue()}
        self.epoch = 0
        self.fenced = False
        self.attempts: dict[str, int] = {}
        """Of the orders that are out, and of no known fate, as the leader knows it."""
        self.routed: dict[str, int] = {}
        """How often each order was let out."""
        self.done: dict[str, str] = {}
        """The orders that the leader heard of from a venue."""
        self.router: deque[SendOrder] = deque()
        self.execution = self.start()
        self.take_over()

    def start(self) -> Execution:
        self.runtime.timers.clear()
        self.runtime.streams.clear()
        execution = Execution(self.runtime, self.config, WIRING)
        execution.on_start()
        return execution

    def pump(self) -> None:
        """Hand on what execution has said: requests onto the wires, reports to the leader."""
        sent, self.runtime.sent = self.runtime.sent, []
        for to, message in sent:
            if to in self.venues:
                if self.venues[to].connected:
                    self.venues[to].wire_in.append(message)
            elif to == f"oms{self.epoch}":
                self.lead(message)

    def lead(self, message: Any) -> None:
        match message:
            case FenceAccepted():
                self.fenced = True
            case VenueReport():
                self.attempts.pop(message.cl_ord_id, None)
                self.done[message.cl_ord_id] = message.venue
            case OrderUnsent() if self.attempts.get(message.cl_ord_id) == message.attempt:
                del self.attempts[message.cl_ord_id]

    # --- what can happen; each is an int that chooses among what it may happen to ---

    def route(self, which: int) -> None:
        """The leader lets an order out: a new one, or one that was certainly unsent."""
        name = f"order-{which % 3}"
        if self.fenced and name not in self.attempts and name not in self.done:
            attempt = self.attempts[name] = self.routed[name] = self.routed.get(name, 0) + 1
            self.router.append(SendOrder(Venue("AB"[which // 3 % 2]), self.order(name, attempt)))

    def trade(self, which: int) -> None:
        """An order goes all the way to the venue's door."""
        self.route(which)
        for _ in range(len(self.router)):
            self.hand_over(which)
        self.pump()
        self.take(which // 3)

    def order(self, name: str, attempt: int) -> RouteOrder:
        price, tif = 200, TimeInForce.DAY
        return RouteOrder(Epoch(self.epoch), ClOrdID(name), ACME, Side.BUY, LOTS, OrdType.LIMIT, tif, price, attempt)

    def hand_over(self, which: int) -> None:
        if self.router:
            self.execution.on_message("router", self.router.popleft())

    def take(self, which: int) -> None:
        self.venue(which).take()

    def act(self, which: int) -> None:
        self.venue(which).act()

    def act_late(self, which: int) -> None:
        self.venue(which).act(late=True)

    def toggle(self, which: int) -> None:
        """From now on this venue ends, or does not end, the session before at a logon."""
        self.venue(which).declares = not self.venue(which).declares

    def cycle(self, which: int) -> None:
        """A session is cut and stands again."""
        for what in ("reset", "wait", "connect", "take", "answer"):
            self.do(what, which if what != "wait" else 1)

    def converse(self, which: int) -> None:
        """Both venues get, do and answer all there is."""
        for name, venue in self.venues.items():
            while venue.wire_in or venue.inbox or venue.wire_out:
                venue.take()
                venue.act()
                if venue.wire_out:
                    self.execution.on_message(name, venue.wire_out.popleft())
                self.pump()

    def lose_request(self, which: int) -> None:
        self.venue(which).act(lose_request=True)

    def lose_reports(self, which: int) -> None:
        self.venue(which).act(lose_from=which // 2 % 2)

    def answer(self, which: int) -> None:
        venue = self.venue(which)
        if venue.wire_out:
            self.execution.on_message("AB"[which % 2], venue.wire_out.popleft())

    def reset(self, which: int) -> None:
        name = "AB"[which % 2]
        if self.venues[name].connected:
            self.venues[name].reset()
            self.runtime.disconnect(self.execution, name)

    def connect(self, which: int) -> None:
        name = "AB"[which % 2]
        if not self.venues[name].connected and ("reconnect", name) not in self.runtime.timers:
            self.venues[name].connected = True
            self.runtime.connect(self.execution, name)

    def wait(self, which: int) -> None:
        self.runtime.advance(self.execution, (50, 100, 400, 1_000)[which % 4] * MILLISECOND)

    def refence(self, which: int) -> None:
        """The leader's stream was cut and stands again: what was under way on it is gone."""
        self.fence()

    def take_over(self, which: int = 0) -> None:
        """A new leader, who knows what the old one knew. What that one sent may still be with the router."""
        self.epoch += 1
        self.fence()

    def fence(self) -> None:
        leader = f"oms{self.epoch}"
        self.runtime.sent.clear()
        self.runtime.streams.add(leader)
        self.fenced = False
        orders = tuple(OpenAtVenue(self.order(name, attempt), None) for name, attempt in self.attempts.items())
        self.execution.on_message(leader, Fence(Epoch(self.epoch), leader, orders, 1))
        self.runtime.sync(self.execution)

    def restart(self, which: int) -> None:
        """Execution's host dies and comes back with its disk; its leader notices, and fences again later."""
        for venue in self.venues.values():
            venue.reset()
        self.runtime.sent.clear()
        self.fenced = False
        self.execution = self.start()

    def venue(self, which: int) -> FakeVenue:
        return self.venues["AB"[which % 2]]

    # --- what must hold ---

    def do(self, what: str, which: int) -> None:
        getattr(self, what)(which)
        # What a cut takes away is decided before it: everything said so far is on the wire.
        self.pump()
        for name in self.routed:
            assert self.copies(name) <= 1, f"{name} is at venues {self.copies(name)} times"

    def copies(self, name: str) -> int:
        return sum(venue.copies.get(name, 0) for venue in self.venues.values())

    def heal(self) -> None:
        """Nothing is lost any more, every venue declares what is dead, and there is time."""
        self.do("refence", 0)
        for which in (0, 1):
            self.venue(which).declares = True
            self.do("cycle", which)
        for _ in range(25):
            for what in ("connect", "hand_over", "converse", "wait"):
                self.do(what, 0)
                self.do(what, 1)


COMMON: Final = ("trade", "converse", "wait", "cycle", "act_late")
RARE: Final = (
    *("route", "hand_over", "take", "act", "answer", "connect", "lose_request", "lose_reports"),
    *("reset", "toggle", "refence", "take_over", "restart"),
)
THINGS: Final = st.sampled_from(COMMON + COMMON + RARE)
# Short lives are dull, and short is what hypothesis makes of a list that may be empty.
STEPS: Final = st.lists(st.tuples(THINGS, st.integers(0, 11)), min_size=40, max_size=120)


def lived(config: DeskConfig, steps: list[tuple[str, int]]) -> World:
    world = World(config)
    for which in (0, 1):
        for what in ("connect", "take", "answer"):
            world.do(what, which)
    for what, which in steps:
        world.do(what, which)
    return world


@settings(max_examples=examples(150))
@given(STEPS)
def test_an_order_is_at_venues_once_at_most_and_its_fate_is_told_in_the_end(
    steps: list[tuple[str, int]],
) -> None:
    world = lived(CONFIG, steps)
    world.heal()
    assert world.attempts == {}, "the leader still waits for these"
    assert world.execution.flights == (), "execution still remembers these"
    for name in world.routed:
        assert (name in world.done) is (world.copies(name) == 1)


def test_without_resolution_the_same_world_has_an_order_at_a_venue_twice() -> None:
    """The model can tell: a report is lost, and the order is sent again without a question."""
    config = DeskConfig(execution=ExecutionConfig(resolve_in_doubt=False, keep_cl_ord_id=False))
    world = World(config)
    for what in ("connect", "take", "answer", "route", "hand_over", "take", "lose_reports"):
        world.do(what, 0)
    for _ in range(3):
        world.do("wait", 0)
    world.runtime.advance(world.execution, config.execution.ack_timeout_ns)
    world.pump()
    world.venues["A"].take()
    world.venues["A"].act()
    assert world.copies("order-0") == 2
