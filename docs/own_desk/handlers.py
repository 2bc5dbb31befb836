"""An order management system of one's own, in handlers: the world calls, it answers at once, and never waits."""

from typing import Any

from msgspec import Struct, msgpack
from msgspec.structs import replace

from squall.faults.mix import Mix
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.venue_staff import BY_STAFF
from squall.scenarios import venue_promises
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.checks.told import positions_told
from squall.scenarios.desk import Desk, Floor, Seat
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import NetworkConfig, Settings
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.client import Client, Word
from squall.sim.exchange.wire.messages import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderStatusRequest,
    OrdType,
    Side,
    TimeInForce,
)
from squall.system.domain.signals import Workload
from squall.system.runtime import Runtime

PATIENCE_NS = 300 * MILLISECOND
"""How long an order may be open before we ask its venue, and withdraw what rests there."""
PRICE_HALF_TICKS = 20_000


class Order(Struct, frozen=True):
    """An order as it is in our journal, before it goes anywhere."""

    venue: str
    message: NewOrderSingle


class Fill(Struct, frozen=True):
    """An execution, signed."""

    exec_id: str
    cl_ord_id: str
    symbol: str
    lots: int


class Oms(Client):
    """Journals each order, sends it once, and asks when no answer comes."""

    def __init__(self, runtime: Runtime, floor: Floor) -> None:
        super().__init__(runtime, [route.address for route in floor.venues])
        self.runtime, self.floor = runtime, floor
        self.orders = {order.message.cl_ord_id: order for order in orders_of(runtime.read("orders"))}
        self.fills = {fill.exec_id: fill for fill in fills_of(runtime.read("fills"))}
        self.unsent: dict[int, Order] = {}
        self.ended: dict[str, None] = {}

    def on_start(self) -> None:
        super().on_start()
        self.runtime.set_timer(self.floor.workload.start_ns, "trade")

    def on_own_timer(self, key: Any) -> None:
        if key == "trade":
            trade(self)
        else:
            self.ask(self.orders[key])

    def place(self, order: Order) -> None:
        self.orders[order.message.cl_ord_id] = order
        self.unsent[self.runtime.append("orders", msgpack.encode(order))] = order

    def on_durable(self, token: int) -> None:
        for mark in [mark for mark in self.unsent if mark <= token]:
            self.send(self.unsent.pop(mark))

    def send(self, order: Order) -> None:
        if self.venues.write(order.venue, replace(order.message, attempt=self.venues.next())):
            self.runtime.set_timer(PATIENCE_NS, order.message.cl_ord_id)

    def ask(self, order: Order) -> None:
        name = order.message.cl_ord_id
        if name not in self.ended and order not in self.unsent.values():
            self.venues.write(order.venue, OrderStatusRequest(name, self.venues.next()))
            self.runtime.set_timer(PATIENCE_NS, name)

    def on_up(self, venue: str) -> None:
        for order in [order for order in self.orders.values() if order.venue == venue]:
            self.ask(order)

    def on_absent(self, venue: str, cl_ord_id: str) -> None:
        self.send(self.orders[cl_ord_id])

    def on_word(self, word: Word) -> None:
        name, order = word.cl_ord_id, self.orders[word.cl_ord_id].message
        for execution in word.executions:
            if execution.exec_id not in self.fills:
                fill = Fill(execution.exec_id, name, order.symbol, order.side.sign * execution.lots)
                self.fills[fill.exec_id] = fill
                self.runtime.append("fills", msgpack.encode(fill))
        booked_lots = sum(abs(fill.lots) for fill in self.fills.values() if fill.cl_ord_id == name)
        if not word.leaves_lots and booked_lots == word.cum_lots:
            self.ended[name] = None
        elif word.leaves_lots and word.is_answer:
            cancel = OrderCancelRequest(f"{name}/x{self.venues.next()}", name, order.symbol, order.side)
            self.venues.write(self.orders[name].venue, cancel)


def trade(oms: Oms) -> None:
    """What a strategy would do: want an order, and want another a little later."""
    workload = oms.floor.workload
    if workload.runs_at(oms.runtime.monotonic_ns):
        oms.place(wanted(oms.runtime, oms.floor, len(oms.orders) + 1))
        oms.runtime.set_timer(SECOND // workload.orders_per_s, "trade")


def wanted(runtime: Runtime, floor: Floor, number: int) -> Order:
    """What we want to trade next: at the market, or at a price of our own for a while."""
    load, name = floor.workload, f"mine-{number}"
    at_market = runtime.chance("style", number) < load.marketable_share
    message = NewOrderSingle(
        cl_ord_id=name,
        cl_ord_link_id=name,
        symbol=floor.instruments[0].symbol,
        side=Side.BUY if runtime.chance("side", number) < load.buy_share else Side.SELL,
        quantity_lots=load.lots_min + int(runtime.chance("lots", number) * (load.lots_max - load.lots_min + 1)),
        ord_type=OrdType.MARKET if at_market else OrdType.LIMIT,
        time_in_force=TimeInForce.IOC if at_market else TimeInForce.DAY,
        price_half_ticks=None if at_market else PRICE_HALF_TICKS,
    )
    return Order(floor.venues[number % len(floor.venues)].address, message)


def orders_of(records: list[bytes]) -> list[Order]:
    """Every order that may ever have left, from the journal."""
    return [msgpack.decode(data, type=Order) for data in records]


def fills_of(records: list[bytes]) -> list[Fill]:
    """What the journal says was executed."""
    return [msgpack.decode(data, type=Fill) for data in records]


def position(stage: Stage) -> dict[str, int]:
    """What the desk says it has, when all is over: net lots, from its journal."""
    lots: dict[str, int] = {}
    for fill in fills_of(stage.world.host("oms").disk.read("fills")):
        lots[fill.symbol] = lots.get(fill.symbol, 0) + fill.lots
    return lots


PHASES = Phases(baseline_ns=1 * SECOND, faults_ns=5 * SECOND, heal_ns=1 * SECOND, converge_ns=4 * SECOND)


@scenario(proves="an OMS of our own keeps its orders through whatever production brings")
def own_oms() -> Scenario:
    return Scenario(
        desk=Desk(seats=(Seat("oms", "oms", Oms),), orders_from=("oms",)),
        settings=Settings(network=NetworkConfig(max_retransmissions=3)),
        workload=Workload(orders_per_s=5, stop_ns=PHASES.faults_end_ns, lots_max=9, marketable_share=0.5),
        plan=Mix(PHASES, per_minute=96, without=BY_STAFF),
        promises=(
            *venue_promises.always(max_order_lots=9),
            *venue_promises.settles(),
            positions_told(position),
            something_struck(),
        ),
        duration_ns=PHASES.total_ns,
    )
