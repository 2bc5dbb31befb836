"""The coroutines of the worked example run as they are outside of Squall: over TCP, against a venue made by hand."""

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from squall.sim.exchange.wire.frames import HEADER_BYTES, decode, encode, length
from squall.sim.exchange.wire.messages import (
    ExecType,
    Execution,
    ExecutionReport,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderStatusReport,
    OrderStatusRequest,
    OrdStatus,
)
from tests.own_desk.bugs import EXAMPLES


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coroutines_outside", EXAMPLES / "coroutines.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Folder:
    """A journal of files: a record a line, in hexadecimal."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def append(self, file: str, data: bytes) -> None:
        with (self._path / file).open("a") as lines:
            lines.write(data.hex() + "\n")

    def read(self, file: str) -> list[bytes]:
        path = self._path / file
        return [bytes.fromhex(line) for line in path.read_text().splitlines()] if path.exists() else []


class HandMadeVenue:
    """Fills every order whole; never tells of the first one, and drops the line once, behind the second."""

    def __init__(self) -> None:
        self.orders: dict[str, NewOrderSingle] = {}
        self.copies: list[str] = []
        self.logons = 0
        self.lines: list[asyncio.Task[Any] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(asyncio.current_task())
        try:
            while True:
                body = await reader.readexactly(length(await reader.readexactly(HEADER_BYTES)))
                self._answer(decode(body), writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    def _answer(self, message: Any, writer: asyncio.StreamWriter) -> None:
        match message:
            case Logon():
                self.logons += 1
                writer.write(encode(LogonAccepted(message.session, self.logons > 1)))
            case NewOrderSingle():
                self.copies.append(message.cl_ord_id)
                self.orders[message.cl_ord_id] = message
                if len(self.copies) == 2:
                    writer.close()
                elif len(self.copies) > 2:
                    writer.write(encode(_filled(message)))
            case OrderStatusRequest():
                writer.write(encode(_status(message, self.orders.get(message.cl_ord_id))))


def _filled(order: NewOrderSingle) -> ExecutionReport:
    name, lots = order.cl_ord_id, order.quantity_lots
    exec_type, status = ExecType.TRADE, OrdStatus.FILLED
    return ExecutionReport(f"e/{name}", exec_type, status, name, name, order.symbol, order.side, lots, 0, lots, 20_000)


def _status(question: OrderStatusRequest, order: NewOrderSingle | None) -> OrderStatusReport:
    if order is None:
        return OrderStatusReport(question.cl_ord_id, question.attempt, None)
    lots = order.quantity_lots
    executions = (Execution(f"e/{order.cl_ord_id}", lots, 20_000),)
    return OrderStatusReport(question.cl_ord_id, question.attempt, OrdStatus.FILLED, lots, 0, executions)


def test_the_same_trader_trades_over_tcp_with_a_report_lost_and_a_line_dropped(tmp_path: Path) -> None:
    example, venue = _example(), HandMadeVenue()
    journal = Folder(tmp_path)

    async def trade() -> None:
        server = await asyncio.start_server(venue.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        trader = example.Trader("127.0.0.1", port, journal)
        running = asyncio.create_task(trader.run(orders=5, every_s=0.001))
        async with asyncio.timeout(30):
            while len(trader.ended) < 5:  # an answer of the venue's, never a certain time, lets this go on
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()
        await asyncio.gather(*(line for line in venue.lines if line is not None))

    asyncio.run(trade())
    assert venue.copies == [f"mine-{number}" for number in range(1, 6)]
    assert venue.logons == 2
    booked = {fill.cl_ord_id: abs(fill.lots) for fill in example.fills_of(journal.read("fills"))}
    assert booked == {name: order.quantity_lots for name, order in venue.orders.items()}
