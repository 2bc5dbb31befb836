"""A trading program of one's own on asyncio: it trades over TCP, and it trades in Squall, line for line the same."""

import asyncio
import random
from itertools import count
from typing import Any, Protocol

from msgspec import Struct, msgpack

from squall import aio
from squall.faults.mix import Mix
from squall.faults.phases import SECOND, Phases
from squall.faults.venue_staff import BY_STAFF
from squall.scenarios import venue_promises
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.checks.told import positions_told
from squall.scenarios.desk import Desk, Seat
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import NetworkConfig, Settings, VenueConfig
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.frames import HEADER_BYTES, decode, encode, length
from squall.sim.exchange.wire.messages import (
    ExecType,
    ExecutionReport,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdType,
    Side,
    TimeInForce,
)

PATIENCE_S = 0.2
"""How often we look after what is open."""
PRICE_HALF_TICKS = 20_000

# --- the program: asyncio, and the venue's protocol -------------------------------------------------


class Journal(Protocol):
    """Files of records: a folder in production, the host's disk in Squall."""

    async def append(self, file: str, data: bytes) -> None:
        """Comes back when the record is safe."""

    def read(self, file: str) -> list[bytes]: ...


class Fill(Struct, frozen=True):
    """An execution, signed."""

    exec_id: str
    cl_ord_id: str
    symbol: str
    lots: int


class Trader:
    """Marks each order in its journal, sends it once, and sends it again only when the venue has never had it."""

    def __init__(self, host: str, port: int, journal: Journal) -> None:
        self.host, self.port, self.journal = host, port, journal
        orders = [msgpack.decode(data, type=NewOrderSingle) for data in journal.read("orders")]
        self.orders = {order.cl_ord_id: order for order in orders}
        self.fills = {fill.exec_id: fill for fill in fills_of(journal.read("fills"))}
        self.ended = [data.decode() for data in journal.read("ended")]
        self.sent = {data.decode(): 0 for data in journal.read("sent")}
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.sending = asyncio.Lock()
        self.up = asyncio.Event()
        self.writer: asyncio.StreamWriter | None = None
        self.asked = 0

    async def run(self, orders: int, every_s: float) -> None:
        """Everything at once, for good: the orders end, the looking after them does not."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.keep_session())
            tasks.create_task(self.book())
            tasks.create_task(self.look_after())
            tasks.create_task(self.trade(orders, every_s))

    async def keep_session(self) -> None:
        for number in count(1):
            try:
                async with asyncio.timeout(1):
                    reader, writer = await asyncio.open_connection(self.host, self.port)
                await self.talk(number, reader, writer)
            except (OSError, EOFError):
                await asyncio.sleep(random.uniform(0.1, 0.3))

    async def talk(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(encode(Logon("trader", number)))
            while True:
                message = decode(await reader.readexactly(length(await reader.readexactly(HEADER_BYTES))))
                if isinstance(message, LogonAccepted):
                    self.writer = writer
                    self.up.set()
                self.heard.put_nowait(message)
        finally:
            self.writer = None
            self.up.clear()
            writer.close()

    async def trade(self, orders: int, every_s: float) -> None:
        while len(self.orders) < orders:
            order = wanted(len(self.orders) + 1)
            await self.journal.append("orders", msgpack.encode(order))
            self.orders[order.cl_ord_id] = order
            await self.send(order.cl_ord_id)
            await asyncio.sleep(every_s)

    async def send(self, name: str) -> None:
        async with self.sending:
            if name in self.sent:
                return
            await self.up.wait()
            await self.journal.append("sent", name.encode())
            self.sent[name] = self.asked
            self.say(self.orders[name])

    async def look_after(self) -> None:
        while True:
            await asyncio.sleep(PATIENCE_S)
            for name in [name for name in self.orders if name not in self.ended]:
                if name in self.sent:
                    self.asked += 1
                    self.say(OrderStatusRequest(name, self.asked))
                else:
                    await self.send(name)

    async def book(self) -> None:
        while True:
            match await self.heard.get():
                case OrderStatusReport(status=None) as answer:
                    if answer.attempt > self.sent.get(answer.cl_ord_id, answer.attempt):
                        del self.sent[answer.cl_ord_id]
                        await self.send(answer.cl_ord_id)
                case OrderStatusReport() as answer:
                    for execution in answer.executions:
                        await self.fill(execution.exec_id, answer.cl_ord_id, execution.lots)
                    await self.settle(answer)
                    if answer.leaves_lots:
                        self.cancel(self.orders[answer.cl_ord_id])
                case ExecutionReport() as report:
                    if report.exec_type is ExecType.TRADE:
                        await self.fill(report.exec_id, report.cl_ord_id, report.last_lots)
                    await self.settle(report)

    async def fill(self, exec_id: str, name: str, lots: int) -> None:
        if exec_id not in self.fills:
            order = self.orders[name]
            fill = self.fills[exec_id] = Fill(exec_id, name, order.symbol, order.side.sign * lots)
            await self.journal.append("fills", msgpack.encode(fill))

    async def settle(self, report: ExecutionReport | OrderStatusReport) -> None:
        name = report.cl_ord_id
        booked_lots = sum(abs(fill.lots) for fill in self.fills.values() if fill.cl_ord_id == name)
        if not report.leaves_lots and booked_lots == report.cum_lots and name not in self.ended:
            self.ended.append(name)
            await self.journal.append("ended", name.encode())

    def cancel(self, order: NewOrderSingle) -> None:
        self.asked += 1
        name = order.cl_ord_id
        self.say(OrderCancelRequest(f"{name}/x{self.asked}", name, order.symbol, order.side))

    def say(self, message: Any) -> None:
        if self.writer is not None:
            self.writer.write(encode(message))


def wanted(number: int) -> NewOrderSingle:
    """What we want to trade next: at the market, or at a price of our own for a while."""
    name, at_market = f"mine-{number}", random.random() < 0.5
    return NewOrderSingle(
        cl_ord_id=name,
        cl_ord_link_id=name,
        symbol="ACME",
        side=random.choice((Side.BUY, Side.SELL)),
        quantity_lots=random.randint(1, 9),
        ord_type=OrdType.MARKET if at_market else OrdType.LIMIT,
        time_in_force=TimeInForce.IOC if at_market else TimeInForce.DAY,
        price_half_ticks=None if at_market else PRICE_HALF_TICKS,
    )


def fills_of(records: list[bytes]) -> list[Fill]:
    """What the journal says was executed."""
    return [msgpack.decode(data, type=Fill) for data in records]


# --- the scenario -----------------------------------------------------------------------------------

PHASES = Phases(baseline_ns=1 * SECOND, faults_ns=5 * SECOND, heal_ns=1 * SECOND, converge_ns=5 * SECOND)
SHARES = {"exchange-api": 0.3, "network": 0.4, "hardware": 0.3}


async def main(env: aio.Env) -> None:
    """All that is not the same in production: where the venue is, and what a journal is."""
    trader = Trader("exchange-a", 7001, env.disk)
    await trader.run(orders=25, every_s=0.2)


def position(stage: Stage) -> dict[str, int]:
    """What the program says it has, when all is over: net lots, from its journal."""
    lots: dict[str, int] = {}
    for fill in fills_of(stage.world.host("box").disk.read("fills")):
        lots[fill.symbol] = lots.get(fill.symbol, 0) + fill.lots
    return lots


@scenario(proves="a program of coroutines keeps its orders, at a venue that takes the same order twice")
def own_trader() -> Scenario:
    return Scenario(
        desk=Desk(seats=(Seat("box", "trader", aio.program(main)),), orders_from=("box",)),
        settings=Settings(
            venue=VenueConfig(refuse_duplicates=False),
            network=NetworkConfig(max_retransmissions=3),
        ),
        plan=Mix(PHASES, per_minute=96, without=BY_STAFF, shares=SHARES),
        promises=(
            *venue_promises.always(max_order_lots=9),
            *venue_promises.settles(),
            positions_told(position),
            something_struck(),
        ),
        duration_ns=PHASES.total_ns,
    )
