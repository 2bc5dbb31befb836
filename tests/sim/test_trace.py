"""The trace: what a digest depends on and what it does not, who is told of what, and that a file holds it all."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from squall.scenarios.trace_file import TraceFile
from squall.sim import trace as events
from squall.sim.trace import (
    CHECKPOINT_RECORDS,
    Handled,
    HostPaused,
    HostRestarted,
    ObserverError,
    ProgramRaised,
    Record,
    RunBegan,
    Sent,
    Trace,
)
from tests.profiles import examples
from tests.sim.machines import Beat, Memory, Note, TwoHosts


class Clock:
    """A time and a cause to set by hand."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.cause = 0


class Claim(Struct, frozen=True, tag=True):
    text: str


def story(length: int, trace: Trace, clock: Clock) -> Trace:
    """So many records, every third one a claim."""
    for number in range(length):
        clock.now_ns += number
        clock.cause = number // 2
        if number % 3:
            trace.observe("host", Sent("a", "b", Note(f"note {number}")))
        else:
            trace.claim("host", Claim(f"claim {number}"))
    return trace


def told(length: int, sink: Any = None) -> Trace:
    clock = Clock()
    return story(length, Trace(clock, sink), clock)


# --- the digest --------------------------------------------------------------------------------------


@settings(max_examples=examples(30))
@given(length=st.integers(0, 40), changed=st.integers(0, 39), field=st.sampled_from(Record.__struct_fields__))
def test_the_digest_changes_with_any_field_of_any_record_and_with_nothing_else(
    length: int, changed: int, field: str
) -> None:
    memory = Memory()
    plain = told(length, memory)
    # The reference encodes record by record, and knows no buffer.
    records = list(memory.records)
    assert plain.digest() == _digest(records)
    assert told(length).digest() == plain.digest()
    if changed < length:
        other: dict[str, Any] = {
            "seq": 999, "at_ns": -1, "host": "elsewhere", "cause": 999, "claimed": not records[changed].claimed,
            "event": Claim("something else"),
        }  # fmt: skip
        records[changed] = msgspec.structs.replace(records[changed], **{field: other[field]})
        assert plain.digest() != _digest(records)


def _digest(records: list[Record]) -> str:
    from hashlib import blake2b

    whole = blake2b(digest_size=16)
    for record in records:
        whole.update(msgspec.msgpack.encode(record))
    return whole.hexdigest()


def test_the_digest_is_a_function_of_seed_and_configuration_through_the_first_record() -> None:
    def digest(seed: int, configuration: dict[str, Any]) -> str:
        clock = Clock()
        trace = Trace(clock)
        trace.observe("squall", RunBegan("scenario", seed, configuration))
        return story(10, trace, clock).digest()

    assert digest(1, {"a": 1}) == digest(1, {"a": 1})
    assert len({digest(1, {"a": 1}), digest(2, {"a": 1}), digest(1, {"a": 2}), digest(1, {})}) == 4


def test_checkpoints_come_each_1024_records_and_find_the_first_difference() -> None:
    whole = told(5 * CHECKPOINT_RECORDS + 7)
    assert CHECKPOINT_RECORDS == 1_024
    assert len(whole.checkpoints) == 5
    assert whole.checkpoints == [told(n * CHECKPOINT_RECORDS).digest() for n in range(1, 6)]
    assert told(CHECKPOINT_RECORDS - 1).checkpoints == []

    clock = Clock()
    other = Trace(clock)
    story(2 * CHECKPOINT_RECORDS + 5, other, clock)
    other.observe("host", HostPaused())
    story(2 * CHECKPOINT_RECORDS, other, clock)
    same = [mine == theirs for mine, theirs in zip(whole.checkpoints, other.checkpoints, strict=False)]
    assert same[:4] == [True, True, False, False]


def test_the_digest_may_be_asked_for_at_any_time_and_does_not_change_what_follows() -> None:
    clock = Clock()
    trace = Trace(clock)
    for _ in range(5):
        story(300, trace, clock)
        assert trace.digest() == trace.digest()
    clock = Clock()
    silent = Trace(clock)
    for _ in range(5):
        story(300, silent, clock)
    assert trace.digest() == silent.digest()
    assert trace.records == 1_500


def test_sink_and_watchers_leave_no_mark_on_the_digest() -> None:
    clock = Clock()
    watched = Trace(clock, Memory())
    heard: list[Record] = []
    watched.watch(heard.append, Sent)
    watched.watch(heard.append, Sent, Note)
    watched.watch_claims(heard.append, Claim)
    story(CHECKPOINT_RECORDS + 50, watched, clock)
    bare = told(CHECKPOINT_RECORDS + 50)
    assert len(heard) > CHECKPOINT_RECORDS
    assert (watched.digest(), watched.checkpoints) == (bare.digest(), bare.checkpoints)


def test_a_whole_run_has_the_same_digest_watched_or_not() -> None:
    def run(watch: bool) -> str:
        stage = TwoHosts(seed=5)
        if watch:
            stage.world.trace.watch(lambda record: None, Handled)
        b = stage.diary("b")
        b.reactions["ping"] = lambda sender: b.runtime.send(sender, Note("pong"))
        stage.diary("a").runtime.send("b", Note("ping"))
        stage.run(10_000)
        return stage.world.trace.digest()

    assert run(True) == run(False)


# --- who is told -------------------------------------------------------------------------------------


def test_a_watcher_is_told_of_one_event_type_or_of_one_message_type() -> None:
    trace = Trace(Clock())
    heard: list[tuple[str, int]] = []
    trace.watch(lambda record: heard.append(("sent", record.seq)), Sent)
    trace.watch(lambda record: heard.append(("sent note", record.seq)), Sent, Note)
    trace.watch(lambda record: heard.append(("handled note", record.seq)), Handled, Note)
    trace.watch(lambda record: heard.append(("handled", record.seq)), Handled)
    seqs = [
        trace.observe("host", Sent("a", "b", Note("x"))),
        trace.observe("host", Sent("a", "b", Beat("y"))),
        trace.observe("host", Handled("b", "a", Note("x"))),
        trace.observe("host", HostPaused()),
    ]
    assert seqs == [1, 2, 3, 4]
    assert heard == [("sent", 1), ("sent note", 1), ("sent", 2), ("handled", 3), ("handled note", 3)]


def test_watchers_of_one_thing_are_told_in_the_order_in_which_they_came() -> None:
    trace = Trace(Clock())
    heard: list[int] = []
    for number in range(5):
        trace.watch(lambda _, number=number: heard.append(number), HostPaused)
    trace.observe("host", HostPaused())
    assert heard == list(range(5))


def test_claims_never_reach_the_watchers_of_observed_events_nor_the_other_way_round() -> None:
    """A program may claim that a host has restarted, or even that it sent a message; no safety promise hears of it."""
    trace = Trace(Clock())
    observed: list[Any] = []
    claimed: list[Any] = []
    for kind in (HostRestarted, Sent):
        trace.watch(observed.append, kind)
        trace.watch_claims(claimed.append, kind)
    trace.watch(observed.append, Sent, Note)
    for event in (HostRestarted(1), Sent("a", "b", Note("x"))):
        trace.claim("host", event)
    assert (observed, [record.claimed for record in claimed]) == ([], [True, True])
    claimed.clear()
    trace.observe("host", HostRestarted(1))
    assert ([record.claimed for record in observed], claimed) == ([False], [])


def test_only_sent_and_handled_carry_messages() -> None:
    with pytest.raises(ValueError, match="only Sent and Handled carry messages, found HostPaused"):
        Trace(Clock()).watch(lambda record: None, HostPaused, Note)


def test_a_watcher_that_fails_ends_the_run_and_is_not_blamed_on_the_program_it_was_watching() -> None:
    stage = TwoHosts()

    def judge(record: Record) -> None:
        raise KeyError("a bug of the judge's")

    stage.world.trace.watch(judge, Handled)
    stage.diary("a").runtime.send("b", Note("anything"))
    with pytest.raises(ObserverError, match=r"a watcher failed on record 2, Handled: KeyError: .*judge's"):
        stage.run(10_000)
    assert stage.memory.events(ProgramRaised) == []
    assert stage.world.host("host2").up


def test_a_sink_that_fails_ends_the_run_too() -> None:
    class Full:
        def write(self, record: Record) -> None:
            raise OSError("no space left on device")

    with pytest.raises(ObserverError, match=r"the sink failed on record 1, .*: OSError: no space left"):
        Trace(Clock(), Full()).observe("host", HostPaused())


def test_what_cannot_be_encoded_is_refused_and_leaves_no_half_record_behind() -> None:
    clock = Clock()
    trace = Trace(clock)
    trace.observe("host", HostPaused())
    before = trace.digest()
    with pytest.raises(TypeError):
        trace.claim("host", Claim(object()))  # type: ignore[arg-type]
    assert (trace.digest(), trace.records) == (before, 1)
    assert trace.observe("host", HostPaused()) == 2


@given(
    kinds=st.lists(st.sampled_from(("sent", "handled", "paused", "claim")), max_size=60),
    watched=st.sets(st.sampled_from(("sent", "handled"))),
)
def test_the_quick_ways_to_record_a_message_leave_what_observe_leaves(kinds: list[str], watched: set[str]) -> None:
    """The reference makes every record and every event, and encodes them one by one."""
    trace, clock = Trace(quick_clock := Clock()), Clock()
    for event in (Sent, Handled):
        if event.__name__.lower() in watched:
            trace.watch(lambda record: None, event, Note)
    records: list[Record] = []
    for number, kind in enumerate(kinds):
        clock.now_ns = quick_clock.now_ns = number * 7
        clock.cause = quick_clock.cause = number // 3
        message, event = Note(f"note {number}"), HostPaused()
        if kind == "sent":
            event = Sent("a", "b", message)
            seq = trace.sent("host", "a", "b", message)
        elif kind == "handled":
            event = Handled("b", "a", message)
            seq = trace.handled("host", "b", "a", message)
        elif kind == "claim":
            event = Claim(f"claim {number}")
            seq = trace.claim("host", event)
        else:
            seq = trace.observe("host", event)
        records.append(Record(seq, clock.now_ns, "host", clock.cause, kind == "claim", event))
    assert [record.seq for record in records] == list(range(1, len(kinds) + 1))
    assert trace.digest() == _digest(records)


def test_a_message_of_a_type_that_cannot_be_encoded_is_refused_where_it_is_sent() -> None:
    trace = Trace(Clock())
    for record in (trace.sent, trace.handled):
        with pytest.raises(TypeError, match="object"):
            record("host", "a", "b", Note(object()))  # type: ignore[arg-type]
    assert (trace.records, trace.digest()) == (0, Trace(Clock()).digest())


def test_a_later_message_that_cannot_be_encoded_ends_the_run_and_is_named() -> None:
    trace = Trace(Clock())
    trace.sent("host", "a", "b", Note("sound"))
    trace.sent("host", "a", "b", Note(object()))  # type: ignore[arg-type]
    with pytest.raises(ObserverError, match=r"record 2, of host at 0 ns: a Note, sent by a, with b, cannot be encoded"):
        trace.digest()


# --- in a file ---------------------------------------------------------------------------------------


def test_json_lines_hold_every_record_and_decode_back(tmp_path: Path) -> None:
    stage, file = TwoHosts(), TraceFile(tmp_path / "trace.jsonl", "two-hosts", 7)
    b = stage.diary("b")
    b.reactions["ping"] = lambda sender: b.runtime.send(sender, Note("pong"))
    b.reactions["fall"] = lambda _: stage.world.host("host2").crash()
    for name in ("ping", "fall"):
        stage.diary("a").runtime.send("b", Note(name))
    stage.diary("a").runtime.emit(Claim("done"))
    stage.run(10_000)
    for record in stage.memory.records:
        file.write(record)
    file.keep()

    header, *lines = (tmp_path / "trace.jsonl").read_bytes().splitlines()
    assert msgspec.json.decode(header) == {
        "schema": 1,
        "scenario": "two-hosts",
        "seed": 7,
        "fields": ["seq", "at_ns", "host", "cause", "claimed", "event"],
    }
    assert [_decoded(line) for line in lines] == stage.memory.records
    assert {record.claimed for record in stage.memory.records} == {True, False}


def _decoded(line: bytes) -> Record:
    """Types by their names, as any reader of the file would have it."""
    *first, event = msgspec.json.decode(line)
    return Record(*first, _made(event))


def _made(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kinds = {"Claim": Claim, "Note": Note, **vars(events)}
    return kinds[value["type"]](**{name: _made(each) for name, each in value.items() if name != "type"})


def test_every_observed_event_has_a_name_of_its_own() -> None:
    """The tag is how a reader tells them apart."""
    kinds = [
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, events.Event) and kind is not events.Event
    ]
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert len(kinds) > 20
    assert tags == [kind.__name__ for kind in kinds]
