"""The main job on a recorded market: the whole file, a verdict, and every fill borne out by the raw lines."""

from decimal import Decimal
from pathlib import Path

import pytest

from squall.scenarios.configuration import configuration
from squall.scenarios.find import choose
from squall.scenarios.result import Verdict
from squall.scenarios.run import run
from squall.sim.trace import Record, VenueAccepted, VenueExecuted
from tests.recordings import SYNTHETIC, RawFill, source_file, sources, synthetic_lines, unsupported_fills, write

HALF_TICK = Decimal("0.005")
LOT = Decimal("0.00001")
LONG_ENOUGH_MS = 56_000
"""The scenario's last fault ends at 49 s."""
FILLS_AT_LEAST = {SYNTHETIC: 20}
FILLS_ON_THE_REAL_ONE = 100


class _Fills:
    """A sink that keeps what exchange-a did with our orders."""

    def __init__(self) -> None:
        self._entered_ns: dict[str, int] = {}
        self.fills: list[RawFill] = []

    def write(self, record: Record) -> None:
        event = record.event
        if type(event) is VenueAccepted and event.venue == "exchange-a":
            self._entered_ns[event.cl_ord_id] = record.at_ns
        elif type(event) is VenueExecuted and event.venue == "exchange-a":
            price, quantity = event.price_half_ticks * HALF_TICK, event.lots * LOT
            self.fills.append(RawFill(self._entered_ns[event.cl_ord_id], record.at_ns, event.buy, price, quantity))


@pytest.mark.parametrize("source", sources())
def test_the_desk_survives_api_timeouts_on_a_recording_and_every_fill_is_at_a_recorded_price(
    source: str, tmp_path: Path
) -> None:
    if source == SYNTHETIC:
        file = write(tmp_path / "long.gz", synthetic_lines(duration_ms=LONG_ENOUGH_MS))
    else:
        file = source_file(source, tmp_path)
    sink = _Fills()
    result = run(choose("exchange-api-timeouts", seed=1, market=str(file)), sink)
    assert result.verdict is Verdict.PASS, [check for check in result.checks if check.verdict is not Verdict.PASS]
    (touches,) = [check for check in result.checks if check.name == "the desk's book is the recording's"]
    alike, compared = touches.detail.split(" touches")[0].split(" of ")
    assert alike == compared
    assert int(compared) > LONG_ENOUGH_MS / 200
    assert len(sink.fills) >= FILLS_AT_LEAST.get(source, FILLS_ON_THE_REAL_ONE)
    assert unsupported_fills(file, sink.fills) == []


def test_a_recording_decides_the_digest_and_nothing_else_does(tmp_path: Path) -> None:
    one = write(tmp_path / "one.gz", synthetic_lines(duration_ms=4_000))
    same_under_another_name = write(tmp_path / "two", synthetic_lines(duration_ms=4_000))
    other = write(tmp_path / "other.gz", synthetic_lines(duration_ms=4_000, seed=2))
    first, second, third = (
        run(choose("calm", seed=1, market=str(file))).digest for file in (one, same_under_another_name, other)
    )
    assert first == second
    assert first != third


def test_the_first_record_tells_which_recording_was_played_by_its_content(tmp_path: Path) -> None:
    lines = list(synthetic_lines(duration_ms=600))
    packed, plain = write(tmp_path / "one.gz", lines), write(tmp_path / "two", lines)
    other = write(tmp_path / "other", list(synthetic_lines(duration_ms=600, seed=2)))
    told = []
    for file in (packed, plain, other):
        choice = choose("calm", market=str(file))
        told.append(configuration(choice.settled(), choice.seed, choice.with_faults)["recording"])
    assert told[0] == told[1] != told[2]
    assert isinstance(told[0], str)
    assert len(told[0]) == 16
    assert configuration(choose("calm").settled(), 1, True)["recording"] is None
