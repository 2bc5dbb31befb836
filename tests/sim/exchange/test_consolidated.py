"""The second provider: looks at the venues now and then, tells what has changed, and all of it once in a while."""

from typing import Any

from squall.sim.exchange.consolidated import LOOK, Consolidated, Source
from squall.sim.exchange.wire.consolidated import ConsolidatedPacket, ConsolidatedQuote
from tests.fakes import FakeRuntime

MS = 1_000_000


class Shown:
    """What a venue shows."""

    def __init__(self) -> None:
        self.now = (19_998, 7, 20_002, 9)

    def touch(self, symbol: str) -> tuple[int, int, int, int]:
        return self.now


def started(**how: Any) -> tuple[FakeRuntime, Shown, Consolidated]:
    runtime, shown = FakeRuntime("vendor"), Shown()
    source: Any = Source(shown, "ACME")  # type: ignore[arg-type]
    program = Consolidated(runtime, {"ACME.A": source}, ("market-data",), **how)  # type: ignore[arg-type]
    program.on_start()
    return runtime, shown, program


def test_a_quote_is_in_the_vendors_units_and_only_what_has_changed_is_told() -> None:
    runtime, shown, program = started(refresh_looks=100)
    runtime.advance(program, 100 * MS)
    shown.now = (20_000, 1, 0, 0)
    runtime.advance(program, 50 * MS)
    packets = runtime.take(ConsolidatedPacket, "market-data")
    assert [packet.quotes for packet in packets] == [
        (ConsolidatedQuote("ACME.A", 999_900, 70, 1_000_100, 90),),
        (),
        (ConsolidatedQuote("ACME.A", 1_000_000, 10, 0, 0),),
    ]
    assert [(packet.number, packet.taken_us) for packet in packets] == [(1, 50_000), (2, 100_000), (3, 150_000)]


def test_what_comes_and_goes_between_two_looks_is_never_told() -> None:
    runtime, shown, program = started(refresh_looks=100)
    runtime.advance(program, 60 * MS)
    before = shown.now
    shown.now = (1, 1, 2, 1)
    runtime.advance(program, 10 * MS)
    shown.now = before
    runtime.advance(program, 60 * MS)
    assert [len(packet.quotes) for packet in runtime.take(ConsolidatedPacket)] == [1, 0]


def test_once_in_a_while_everything_is_told_again_for_whoever_has_missed_it() -> None:
    runtime, _, program = started(refresh_looks=3)
    runtime.advance(program, 350 * MS)
    assert [len(packet.quotes) for packet in runtime.take(ConsolidatedPacket)] == [1, 0, 0, 1, 0, 0, 1]
    assert LOOK in runtime.timers
