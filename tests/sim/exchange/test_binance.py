"""A raw recording is read exactly, or refused with one line that says where and why."""

import gzip
import json
from bisect import bisect_right
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from squall.sim.exchange.binance import RecordingError, load
from squall.sim.exchange.recording import (
    Diff,
    RecordedFairValue,
    Recording,
    Sequencer,
    Snapshot,
    Ticker,
    TradePrint,
    Verdict,
)
from squall.sim.exchange.wire.messages import Side
from tests import recordings
from tests.profiles import examples
from tests.recordings import depth, snapshot, synthetic_lines, ticker, trade, write

HALF_TICK = Decimal("0.005")
LOT = Decimal("0.00001")
BIDS = (("100.00000000", "1.00000000"), ("99.99000000", "2.00000000"))
ASKS = (("100.02000000", "3.00000000"), ("100.03000000", "4.00000000"))


@pytest.fixture(scope="module", params=recordings.sources())
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording as a file: the synthetic one, and the real one where there is one."""
    return recordings.source_file(request.param, tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def recording(file: Path) -> Recording:
    return load(file)


def sound_lines() -> list[str]:
    """A small recording by hand, without a fault."""
    return [
        depth(0, 11, 14, bids=[("99.98000000", "5.00000000")]),
        ticker(10, 14, BIDS[0], ASKS[0]),
        snapshot(20, 12, BIDS, ASKS),
        depth(100, 15, 16, bids=[("100.01000000", "0.50000000")]),
        trade(110, 7, "100.01000000", "0.10000000", seller_aggressed=True),
        ticker(120, 17, ("100.01000000", "0.40000000"), ASKS[0]),
        depth(200, 17, 17, bids=[("100.01000000", "0.40000000")]),
    ]


def refusal(tmp_path: Path, lines: list[str]) -> str:
    """What the loader says of these lines, without the file's name."""
    file = write(tmp_path / "bad.txt", lines)
    with pytest.raises(RecordingError) as refused:
        load(file)
    text = str(refused.value)
    assert text.startswith(f"{file}: ")
    assert len(text.splitlines()) == 1
    return text.removeprefix(f"{file}: ")


# --- what is read --------------------------------------------------------------------------------------


def test_every_number_of_the_file_arrives_exactly(file: Path, recording: Recording) -> None:
    """Held against json and Decimal; only a quantity finer than a lot is rounded, down to whole lots."""
    finer = 0
    raw = recordings.read_raw(file)
    assert len(raw) == len(recording.steps)
    for line, ((at_ns, content), step) in enumerate(zip(raw, recording.steps, strict=True), 1):
        data = content.get("data", content)
        assert (step.line, step.at_ns) == (line, at_ns)
        match step:
            case Diff() | Snapshot():
                pairs = (*data.get("b", data.get("bids")), *data.get("a", data.get("asks")))
                assert step.last_id == data.get("u", data.get("lastUpdateId"))
                for level, (price, quantity) in zip(step.levels, pairs, strict=True):
                    rest = Decimal(quantity) - level.lots * LOT
                    finer += rest > 0
                    assert level.price_half_ticks * HALF_TICK == Decimal(price)
                    assert 0 <= rest < LOT
            case TradePrint():
                tape = step.print
                assert tape.price_half_ticks * HALF_TICK == Decimal(data["p"])
                assert tape.lots * LOT == Decimal(data["q"])
                assert tape.side is (Side.SELL if data["m"] else Side.BUY)
            case Ticker():
                bid, bid_lots, ask, ask_lots = step.touch
                assert [bid * HALF_TICK, bid_lots * LOT] == [Decimal(data["b"]), Decimal(data["B"])]
                assert [ask * HALF_TICK, ask_lots * LOT] == [Decimal(data["a"]), Decimal(data["A"])]
    assert recording.finer_levels == finer
    assert recording.duration_ns == raw[-1][0]
    assert recording.symbol == "BTCUSDT"
    assert recording.unit_money == HALF_TICK * LOT


def test_after_every_diff_the_touch_is_the_ticker_with_the_largest_id_up_to_its_own(
    file: Path, recording: Recording
) -> None:
    rebuilt = {after.update_id: after.touch for after in recording.touches}
    expected = recording.expected_touches()
    wrong = {last_id: touch for last_id, touch in expected.items() if rebuilt[last_id] != touch}
    assert not wrong, f"{len(wrong)} of {len(expected)} differ"
    assert len(expected) == len(recording.applied) == (3_449 if file.name == recordings.REAL else 28)


def test_by_order_of_arrival_the_law_would_not_hold(recording: Recording) -> None:
    """Diffs and tickers overtake each other: why ids are compared, and proof that the law has teeth."""
    rebuilt = {after.update_id: after.touch for after in recording.touches}
    latest, differ = None, 0
    for step in recording.steps:
        if isinstance(step, Ticker):
            latest = step.touch
        elif isinstance(step, Diff) and latest and step.last_id in rebuilt:
            differ += rebuilt[step.last_id] != latest
    assert differ > 0


def test_the_fair_value_is_the_middle_of_the_touch_of_that_moment(recording: Recording) -> None:
    worth = RecordedFairValue(recording, start_ns=1_000)
    times = [after.at_ns for after in recording.touches]
    for at_ns in range(times[0], times[-1], max(1, times[-1] // 50)):
        bid, _, ask, _ = recording.touches[bisect_right(times, at_ns) - 1].touch
        assert worth.at(1_000 + at_ns) * 2 == bid + ask
    assert worth.at(0) == recording.listing().reference_price_half_ticks


def test_a_plain_file_reads_like_a_gzipped_one(tmp_path: Path) -> None:
    lines = synthetic_lines(duration_ms=800)
    assert load(write(tmp_path / "plain.txt", lines)) == load(write(tmp_path / "zipped.gz", lines))


def test_a_diff_that_came_before_its_snapshot_is_applied_on_it(tmp_path: Path) -> None:
    recording = load(write(tmp_path / "sound.txt", sound_lines()))
    assert recording.applied == (14, 16, 17)
    assert [(after.at_ns, after.update_id) for after in recording.touches] == [
        (20_000_000, 12),
        (20_000_000, 14),
        (100_000_000, 16),
        (200_000_000, 17),
    ]
    assert recording.touches[-1].touch == (20_002, 40_000, 20_004, 300_000)
    assert recording.listing().reference_price_half_ticks == 20_002


def test_a_gap_is_mended_by_a_later_snapshot(tmp_path: Path) -> None:
    lines = synthetic_lines(duration_ms=3_000, snapshots_at_ms=(250, 2_000), lost_diffs=(9,))
    recording = load(write(tmp_path / "mended.gz", lines))
    whole = load(write(tmp_path / "whole.gz", synthetic_lines(duration_ms=3_000)))
    rebuilt = {after.update_id: after.touch for after in recording.touches}
    expected = recording.expected_touches()
    assert {last_id: rebuilt[last_id] for last_id in expected} == expected
    assert set(recording.applied) < set(whole.applied)
    assert recording.applied[-1] == whole.applied[-1]


# --- what is refused -----------------------------------------------------------------------------------


def replaced(line: int, old: str, new: str) -> list[str]:
    """The sound recording, with something else on one line."""
    lines = sound_lines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return lines


SNAPSHOT_LINE = 3
WRONG: dict[str, tuple[list[str], str]] = {
    "not JSON": (
        replaced(2, '"data":{', '"data":'),
        "line 2: expected JSON, found something else: JSON is malformed",
    ),
    "bad receive time": (
        replaced(4, "1700000000", "17000000x0"),
        "line 4: expected a receive time in nanoseconds and a space, found '17000000x0",
    ),
    "an empty line": (
        [*sound_lines()[:3], ""],
        "line 4: expected a receive time in nanoseconds and a space, found ''",
    ),
    "time goes back": (
        [*sound_lines()[:6], depth(119, 17, 17)],
        "line 7: expected a receive time of at least 1700000000243456789, found 1700000000242456789",
    ),
    "a field is missing": (
        replaced(5, '"p":"100.01000000",', ""),
        "line 5: expected a trade, found something else: Object missing required field `p`",
    ),
    "a field of another type": (
        replaced(5, '"m":true', '"m":1'),
        "line 5: expected a trade, found something else: Expected `bool`, got `int`",
    ),
    "neither stream nor snapshot": (
        replaced(SNAPSHOT_LINE, "lastUpdateId", "lastUpdate"),
        "line 3: expected a stream's message, or a snapshot, found something else: "
        "Object missing required field `lastUpdateId`",
    ),
    "unknown stream": (
        replaced(5, "btcusdt@trade", "btcusdt@aggTrade"),
        "line 5: expected a stream depth@100ms, bookTicker or trade, found 'btcusdt@aggTrade'",
    ),
    "another symbol's stream": (
        replaced(5, "btcusdt@trade", "ethusdt@trade"),
        "line 5: expected a stream of BTCUSDT, found 'ethusdt@trade'",
    ),
    "another symbol's message": (
        replaced(5, '"BTCUSDT"', '"ETHUSDT"'),
        "line 5: expected the symbol BTCUSDT, found 'ETHUSDT'",
    ),
    "no snapshot": (
        [line for line in sound_lines() if "lastUpdateId" not in line],
        "after the last line 6: expected a snapshot that fits the diffs, found none",
    ),
    "a snapshot that is too old": (
        replaced(SNAPSHOT_LINE, '"lastUpdateId":12', '"lastUpdateId":9'),
        "after the last line 7: expected a snapshot that fits the diffs, found none",
    ),
    "nothing but snapshots": (
        [snapshot(0, 12, BIDS, ASKS)],
        "after the last line 1: expected a line of a stream, which names the symbol, found none",
    ),
    "a gap": (
        [*sound_lines()[:6], depth(200, 18, 18)],
        "line 7: expected U = 17, or a later snapshot to bridge the gap, found U = 18",
    ),
    "an overlap": (
        [*sound_lines()[:6], depth(200, 16, 17)],
        "line 7: expected U = 17, or a later snapshot to bridge the gap, found U = 16",
    ),
    "first id beyond the last": (
        replaced(4, '"U":15', '"U":17'),
        "line 4: expected a last id u of at least U = 17, found 16",
    ),
    "a diff crosses the book": (
        replaced(4, "100.01000000", "100.02000000"),
        "line 4: expected a best bid below the best ask once this is in the book, found 100.02000000 and 100.02000000",
    ),
    "a crossed snapshot": (
        replaced(SNAPSHOT_LINE, "99.99000000", "100.99000000"),
        "line 3: expected a best bid below the best ask once this is in the book, found 100.99000000 and 100.02000000",
    ),
    "a crossed ticker": (
        replaced(6, '"b":"100.01000000"', '"b":"100.02000000"'),
        "line 6: expected a best bid below the best ask, found 100.02000000 and 100.02000000",
    ),
    "a book with one side only": (
        [snapshot(0, 12, BIDS, ()), depth(100, 13, 13)],
        "after the last line 2: expected a book with bids and asks, found one that never has both",
    ),
    "negative price": (
        replaced(4, "100.01000000", "-100.01000000"),
        "line 4: expected a price as a decimal, not negative, with at most 8 places, found '-100.01000000'",
    ),
    "zero price": (
        replaced(4, "100.01000000", "0.00000000"),
        "line 4: expected a positive price in ticks of 0.01, found '0.00000000'",
    ),
    "off-tick price": (
        replaced(4, "100.01000000", "100.01500000"),
        "line 4: expected a positive price in ticks of 0.01, found '100.01500000'",
    ),
    "a price that only looks like one": (
        replaced(4, "100.01000000", "1e2"),
        "line 4: expected a price as a decimal, not negative, with at most 8 places, found '1e2'",
    ),
    "negative quantity": (
        replaced(4, "0.50000000", "-0.5"),
        "line 4: expected a quantity as a decimal, not negative, with at most 8 places, found '-0.5'",
    ),
    "less than a lot": (
        replaced(4, "0.50000000", "0.00000900"),
        "line 4: expected a quantity of 0 or at least one lot of 0.00001, found '0.00000900'",
    ),
    "a trade off the lot": (
        replaced(5, "0.10000000", "0.10000100"),
        "line 5: expected a positive quantity in lots of 0.00001, found '0.10000100'",
    ),
    "a ticker off the lot": (
        replaced(6, "0.40000000", "0.40000100"),
        "line 6: expected a positive quantity in lots of 0.00001, found '0.40000100'",
    ),
    "a trade of nothing": (
        replaced(5, "0.10000000", "0.00000000"),
        "line 5: expected a positive quantity in lots of 0.00001, found '0.00000000'",
    ),
    "an empty level in a snapshot": (
        replaced(SNAPSHOT_LINE, "1.00000000", "0.00000000"),
        "line 3: expected levels with a quantity in a snapshot, found a quantity of 0",
    ),
    "a trade twice": (
        [*sound_lines(), trade(210, 7, "100.01000000", "0.10000000", seller_aggressed=True)],
        "line 8: expected a trade id above 7, found 7",
    ),
    "a ticker twice": (
        [*sound_lines(), ticker(210, 17, BIDS[0], ASKS[0])],
        "line 8: expected a book ticker's id above 17, found 17",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_right_is_refused_with_its_line(wrong: str, tmp_path: Path) -> None:
    lines, expected = WRONG[wrong]
    assert refusal(tmp_path, lines).startswith(expected)


def test_truncated_gzip_data_is_refused_with_the_last_whole_line(tmp_path: Path) -> None:
    lines = synthetic_lines(duration_ms=2_000)
    content = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    file = tmp_path / "cut.gz"
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(RecordingError) as refused:
        load(file)
    place, _, problem = str(refused.value).removeprefix(f"{file}: after the last line ").partition(": ")
    assert problem == "expected the rest of the gzip data, found the end of the file"
    assert 0 < int(place) < len(lines)


def test_damaged_gzip_data_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress("".join(f"{line}\n" for line in sound_lines()).encode()))
    content[-6] ^= 1
    file = tmp_path / "damaged.gz"
    file.write_bytes(content)
    with pytest.raises(RecordingError, match=r"after line \d+: expected sound gzip data, found CRC"):
        load(file)


def test_a_file_that_is_empty_or_not_there_is_refused_by_name(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.txt", [])
    with pytest.raises(RecordingError, match=r"empty\.txt: expected a recording, found an empty file$"):
        load(empty)
    with pytest.raises(RecordingError, match=r"none\.gz: expected a file that can be read, found: No such"):
        load(tmp_path / "none.gz")
    with pytest.raises(RecordingError, match="expected a file that can be read, found"):
        load(tmp_path)


@settings(max_examples=examples(150))
@given(data=st.data())
def test_damage_anywhere_is_either_harmless_or_refused_in_one_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray("".join(f"{line}\n" for line in sound_lines()).encode())
    start = data.draw(st.integers(0, len(content) - 1), label="start")
    content[start : start + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12), label="new")
    file = tmp_path_factory.getbasetemp() / "damaged.txt"
    file.write_bytes(content)
    try:
        said = f"{file}: {load(file).touches[-1]}"
    except RecordingError as refused:
        said = str(refused)
    assert len(said.splitlines()) == 1
    assert said.startswith(f"{file}: ")


def test_a_symbol_without_a_grid_of_its_own_gets_the_default_one(tmp_path: Path) -> None:
    lines = [line.replace("BTCUSDT", "XYZUSDT").replace("btcusdt", "xyzusdt") for line in sound_lines()]
    assert load(write(tmp_path / "xyz.txt", lines)).touches[-1].touch == (20_002, 40_000, 20_004, 300_000)


# --- the rules of ids, against the rules as the venue words them -----------------------------------------


@settings(max_examples=examples(300))
@given(
    cuts=st.lists(st.integers(1, 15), min_size=3, max_size=12, unique=True),
    lost=st.sets(st.integers(0, 11), max_size=2),
    images=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 15)), min_size=1, max_size=5),
)
@example(cuts=[1, 2, 3, 4, 5], lost={2}, images=[(4, 1)])
def test_the_book_is_known_exactly_when_an_unbroken_chain_leads_from_a_snapshot(
    cuts: list[int], lost: set[int], images: list[tuple[int, int]]
) -> None:
    """The slow reference keeps every diff since the beginning, and looks for a chain from each snapshot."""
    ends = sorted(cuts)
    diffs = [
        Diff(0, 0, first + 1, last, ())
        for first, last in zip([0, *ends], ends, strict=False)
        if last not in {ends[n] for n in lost if n < len(ends)}
    ]
    sequencer = Sequencer()
    seen: list[Diff] = []
    base: int | None = None
    for place in range(len(diffs) + 1):
        for _, last_id in sorted(image for image in images if image[0] == place):
            verdict = sequencer.on_snapshot(Snapshot(0, 0, last_id, ()))
            if base is None and chain(last_id, seen) is not None:
                assert verdict is Verdict.REBUILD
                assert sequencer.backlog == chain(last_id, seen)
                base = last_id
            else:
                assert verdict is Verdict.HOLD
        if place == len(diffs):
            break
        diff = diffs[place]
        seen.append(diff)
        verdict = sequencer.on_diff(diff)
        applied = chain(base, seen) if base is not None else None
        if base is None:
            assert verdict is Verdict.HOLD
        elif applied is None:
            assert verdict is Verdict.GAP
            base = None
        else:
            assert verdict is (Verdict.APPLY if diff in applied else Verdict.HOLD)
        assert sequencer.known is (base is not None)


def chain(snapshot_id: int, seen: list[Diff]) -> list[Diff] | None:
    """The diffs beyond the snapshot; None where something is missing between it and the last of them."""
    needed = [diff for diff in seen if diff.last_id > snapshot_id]
    for number, diff in enumerate(needed):
        before = needed[number - 1].last_id if number else snapshot_id
        if diff.first_id > before + 1:
            return None
    return needed


def test_the_synthetic_recording_is_the_same_on_every_machine() -> None:
    lines = synthetic_lines()
    assert lines == synthetic_lines()
    assert lines != synthetic_lines(seed=2)
    kinds = [json.loads(line.split(" ", 1)[1]).get("stream", "snapshot") for line in lines]
    assert {kind: kinds.count(kind) > 0 for kind in sorted(set(kinds))} == {
        "btcusdt@bookTicker": True,
        "btcusdt@depth@100ms": True,
        "btcusdt@trade": True,
        "snapshot": True,
    }
