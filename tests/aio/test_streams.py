"""Streams of bytes over the simulated network: to a venue in its frames, to another program as they are."""

import asyncio
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall import aio
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.faults.network import LinkCut
from squall.sim.exchange.wire import messages
from squall.sim.exchange.wire.frames import (
    HEADER_BYTES,
    LARGEST_BYTES,
    AnyMessage,
    FrameError,
    Frames,
    decode,
    encode,
    length,
)
from squall.sim.exchange.wire.messages import (
    BookUpdate,
    ExecutionReport,
    Heartbeat,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrdType,
    Side,
    SnapshotRequest,
    TimeInForce,
    WireMessage,
)
from tests.aio.stages import MS, SECOND, play, raised

ORDER = NewOrderSingle("mine-1", "mine-1", "ACME", Side.BUY, 3, OrdType.MARKET, TimeInForce.IOC, None)


async def _message(reader: asyncio.StreamReader) -> Any:
    return decode(await reader.readexactly(length(await reader.readexactly(HEADER_BYTES))))


# --- frames ---


@given(cuts=st.lists(st.integers(0, 200), max_size=6))
def test_messages_come_out_of_a_stream_however_it_is_cut(cuts: list[int]) -> None:
    sent = [Logon("me", 1), ORDER, Heartbeat("me", 7)]
    stream = b"".join(encode(message) for message in sent)
    frames, found = Frames(), []
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    for start, end in pairwise(edges):
        found += frames.feed(stream[start:end])
    assert found == sent


def test_frames_know_every_message_of_the_protocol() -> None:
    kinds = {each for each in vars(messages).values() if isinstance(each, type) and issubclass(each, WireMessage)}
    assert kinds - {WireMessage} == {*get_args(AnyMessage)}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0\0\0\0", f"expected a frame of 1 to {LARGEST_BYTES} bytes, found 0"),
        (b"\xff\xff\xff\xff", "found 4294967295"),
        (b"\0\0\0\x01\xc0", "no message of the protocol"),
    ],
)
def test_bytes_that_are_no_message_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(FrameError, match=said):
        Frames().feed(data)


# --- to a venue ---


def test_a_program_trades_over_reader_and_writer() -> None:
    heard: list[Any] = []

    async def main(env: aio.Env) -> None:
        reader, writer = await asyncio.open_connection("exchange-a", 7001)
        assert writer.get_extra_info("peername") == ("exchange-a", 0)
        data = encode(Logon("p1", 1)) + encode(ORDER)
        writer.write(data[:10])
        writer.write(data[10:])
        await writer.drain()
        heard.extend([await _message(reader) for _ in range(3)])
        writer.close()
        await writer.wait_closed()

    judged = play(main)
    assert raised(judged) is None
    assert [type(message) for message in heard] == [LogonAccepted, ExecutionReport, ExecutionReport]
    assert judged.stage.measure.totals["fills"] == 1


def test_bytes_that_are_no_message_are_the_programs_own_mistake() -> None:
    async def main(env: aio.Env) -> None:
        _, writer = await asyncio.open_connection("exchange-a", 7001)
        writer.write(b"8=FIX.4.4\x0135=A\x01")
        await asyncio.sleep(0.1)

    found = raised(play(main))
    assert found is not None
    assert "FrameError" in found.detail


def test_a_name_of_production_stands_for_an_address() -> None:
    said: list[str] = []

    async def trade() -> None:
        for port in (9876, 9877):
            _, writer = await asyncio.open_connection("fix.venue.example", port)
            said.append(writer.get_extra_info("peername")[0])
            writer.close()

    from squall.scenarios.desk import Desk, Seat
    from squall.scenarios.run import Choice, judge
    from squall.scenarios.scenario import Scenario

    hosts = {"fix.venue.example": "exchange-a", "fix.venue.example:9877": "exchange-b"}
    desk = Desk(seats=(Seat("box", "p", aio.program(lambda env: trade(), hosts)),), orders_from=("box",))
    choice = Choice("own", Scenario(desk=desk, duration_ns=1 * SECOND), "")
    judge(choice, choice.settled())
    assert said == ["exchange-a", "exchange-b"]


def test_whom_nobody_knows_and_whom_one_talks_to_already_cannot_be_reached() -> None:
    said: list[str] = []
    kept: list[asyncio.StreamWriter] = []

    async def main(env: aio.Env) -> None:
        for host in ("exchange-z", "exchange-a", "exchange-a"):
            try:
                kept.append((await asyncio.open_connection(host, 1))[1])
            except OSError as error:
                said.append(str(error))

    assert raised(play(main)) is None
    assert "exchange-z" in said[0]
    assert "a program has one to each peer" in said[1]


def test_a_stream_that_dies_is_a_reset_at_the_reader_and_the_next_one_works() -> None:
    said: list[str] = []

    async def main(env: aio.Env) -> None:
        for number in range(1, 3):
            reader, writer = await asyncio.open_connection("exchange-a", 7001)
            writer.write(encode(Logon("p1", number)))
            try:
                while number == 1:
                    await asyncio.sleep(0.2)
                    writer.write(encode(SnapshotRequest("p1", number)))
                    await writer.drain()
                    await asyncio.wait_for(_message(reader), 9)
                said.append(type(await _message(reader)).__name__)
            except ConnectionResetError as error:
                said.append(str(error))

    judged = play(main, plan=(during(1 * SECOND, 8 * SECOND, LinkCut("exchange-a/orders")),), for_ns=12 * SECOND)
    assert raised(judged) is None
    assert said == ["exchange-a: timed out", "LogonAccepted"]


def test_a_connection_that_is_given_up_is_taken_back() -> None:
    said: list[str] = []

    async def main(env: aio.Env) -> None:
        await asyncio.sleep(0.1)
        try:
            async with asyncio.timeout(0.3):
                await asyncio.open_connection("exchange-a", 7001)
        except TimeoutError:
            said.append("gave up")
        await asyncio.sleep(0.5)
        _, writer = await asyncio.open_connection("exchange-a", 7001)
        said.append("made it")
        writer.close()

    assert raised(play(main, plan=(during(50 * MS, 800 * MS, LinkCut("exchange-a/orders")),))) is None
    assert said == ["gave up", "made it"]


def test_market_data_comes_by_the_queue_of_the_feed() -> None:
    said: list[Any] = []

    async def main(env: aio.Env) -> None:
        while len(said) < 20:
            said.append(await env.feed.get())

    from squall.scenarios.desk import Desk, Seat
    from squall.scenarios.run import Choice, judge
    from squall.scenarios.scenario import Scenario

    desk = Desk(seats=(Seat("box", "p", aio.program(main), feed_lines=("A",)),), orders_from=("box",))
    choice = Choice("own", Scenario(desk=desk, duration_ns=3 * SECOND), "")
    judge(choice, choice.settled())
    assert any(isinstance(message, BookUpdate) for message in said)


# --- between programs ---


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def _serves(env: aio.Env) -> None:
    server = await asyncio.start_server(_echo, "p1", 7000)
    async with server:
        await server.serve_forever()


def test_two_programs_of_a_desk_talk_in_bytes_of_their_own() -> None:
    said: list[bytes] = []

    async def asks(env: aio.Env) -> None:
        reader, writer = await asyncio.open_connection("p1", 7000)
        writer.write(b"hel")
        writer.write(b"lo\nagain\n")
        said.extend([await reader.readline(), await reader.readline()])
        writer.close()
        await writer.wait_closed()

    judged = play(_serves, asks)
    assert raised(judged) is None
    assert said == [b"HELLO\n", b"AGAIN\n"]


def test_the_end_of_a_peer_that_closes_is_the_end_of_the_stream() -> None:
    said: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append(await reader.read())
        said.append(b"over")

    async def serves(env: aio.Env) -> None:
        async with await asyncio.start_server(once) as server:
            await server.serve_forever()

    async def asks(env: aio.Env) -> None:
        _, writer = await asyncio.open_connection("p1", 7000)
        writer.write(b"all of it")
        await asyncio.sleep(0.1)
        writer.close()

    assert raised(play(serves, asks)) is None
    assert said == [b"all of it", b"over"]


def test_what_came_before_the_end_is_read_before_it_however_slowly() -> None:
    said: list[int] = []

    async def reads_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        said.append(len(await reader.read()))

    async def serves(env: aio.Env) -> None:
        async with await asyncio.start_server(reads_late, limit=1_000) as server:
            await server.serve_forever()

    async def asks(env: aio.Env) -> None:
        _, writer = await asyncio.open_connection("p1", 7000)
        for _ in range(10):
            writer.write(b"x" * 1_000)
        await asyncio.sleep(0.1)
        writer.close()

    assert raised(play(serves, asks)) is None
    assert said == [10_000]


def test_a_server_that_crashes_resets_its_clients_and_serves_again() -> None:
    said: list[str] = []

    async def asks(env: aio.Env) -> None:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("p1", 7000)
            try:
                while True:
                    writer.write(b"x\n")
                    said.append((await reader.readline()).decode().strip())
                    await asyncio.sleep(0.3)
            except ConnectionError:
                said.append("reset")
            await asyncio.sleep(0.5)

    judged = play(_serves, asks, plan=(during(500 * MS, 800 * MS, Crash("box1")),), for_ns=3 * SECOND)
    assert raised(judged) is None
    assert said[:2] == ["X", "X"]
    assert "reset" in said
    assert said[-1] == "X"


def test_where_nobody_serves_a_stream_is_closed_again() -> None:
    said: list[bytes] = []

    async def idle(env: aio.Env) -> None:
        await asyncio.sleep(9)

    async def asks(env: aio.Env) -> None:
        reader, _ = await asyncio.open_connection("p1", 7000)
        said.append(await reader.read())

    assert raised(play(idle, asks)) is None
    assert said == [b""]


def test_a_second_server_finds_the_address_in_use() -> None:
    async def main(env: aio.Env) -> None:
        await asyncio.start_server(_echo)
        with pytest.raises(OSError, match="address already in use"):
            await asyncio.start_server(_echo)

    assert raised(play(main)) is None
