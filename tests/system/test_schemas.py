"""Two builds and one journal: what either writes the other reads, or says by name that it does not know it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.audit_trail import AuditRecord, decode_record, encode_record
from squall.system.domain.events import AnyEvent, OrderFilled
from squall.system.domain.ids import Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import JoinStandby, JournalImage, Replicate, Replicated, SchemaRead
from squall.system.domain.old_events import OrderSubmittedV1
from squall.system.domain.oms import rebuild
from squall.system.domain.schemas import FIRST, SECOND, UnknownEventError, tag_of
from squall.system.services.journal import Journal, UnreadableLogError
from squall.system.services.replication import Follower, Replication
from tests.fakes import FakeRuntime
from tests.system.oms_stage import A, Desk, ack, fill, judge, place, sent

fills = st.builds(
    OrderFilled,
    cl_ord_id=st.just(A),
    at_ns=st.integers(0, 10**18),
    actor=st.text(),
    exec_id=st.text().map(ExecID),
    venue=st.just(Venue("exchange-a")),
    symbol=st.just(Symbol("ACME")),
    side=st.sampled_from(Side),
    lots=st.integers(1, 10**6),
    price_half_ticks=st.integers(1, 10**6),
    commission=st.integers(-(10**6), 10**6),
    rested=st.booleans(),
)


def life() -> tuple[AnyEvent, ...]:
    """An order that was taken, let out and filled."""
    desk = Desk()
    desk.tell(place(), judge(), sent(), ack(), fill("1", 4, 4), fill("2", 6, 10))
    return tuple(desk.log)


@given(fills)
def test_a_fill_says_the_same_in_either_schema(one: OrderFilled) -> None:
    assert FIRST.decode(FIRST.encode(one)) == one
    assert SECOND.decode(SECOND.encode(one)) == one
    assert SECOND.decode(FIRST.encode(one)) == one


def test_an_old_reader_and_a_new_one_fold_the_same_state_of_what_both_may_read() -> None:
    log = life()
    live = rebuild(log).hash()
    in_first = [FIRST.encode(event) for event in log]
    in_second = [SECOND.encode(event) for event in log]
    half_and_half = in_first[:3] + in_second[3:]
    assert rebuild(map(FIRST.decode, in_first)).hash() == live
    for written in (in_first, in_second, half_and_half):
        assert rebuild(map(SECOND.decode, written)).hash() == live


def test_a_new_field_at_the_end_is_passed_over_by_who_does_not_know_it() -> None:
    submitted = life()[0]
    assert SECOND.encode(submitted) != FIRST.encode(submitted)
    assert FIRST.decode(SECOND.encode(submitted)) == submitted


def test_an_event_of_a_later_schema_is_refused_by_name() -> None:
    written = [SECOND.encode(event) for event in life()]
    SECOND.check(written)
    with pytest.raises(UnknownEventError, match="OrderFilled/2 is of a later build: this one reads schema 1"):
        FIRST.check(written)


def test_with_nothing_lifted_the_next_build_does_not_know_the_fills_of_the_one_before() -> None:
    assert SECOND.strict(SECOND.encode(FILL)) == FILL
    with pytest.raises(UnknownEventError, match="OrderFilled is of an earlier build"):
        SECOND.strict(FIRST.encode(FILL))


def test_an_audit_file_that_an_earlier_build_began_is_read_as_this_one_knows_it() -> None:
    submitted = life()[0]
    terms = (Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 20_000)
    old: Any = OrderSubmittedV1(A, submitted.at_ns, "pulse", "pulse", *terms, 5)
    record = AuditRecord(Epoch(1), 1, 7, (old,))
    (event,) = decode_record(encode_record(record)).events
    assert (type(event).__name__, event.cl_ord_id) == ("OrderSubmitted", A)


# --- side by side --------------------------------------------------------------------------------------


class Leader:
    """A leader of the next build, its journal, and what it ships."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime("oms2")
        self.journal = Journal(self.runtime, schema=SECOND)
        self.replication = Replication(self.runtime, self.journal, "oms1", Epoch(2), SECOND)
        self.runtime.streams.add("oms1")

    def join(self, *, reads: int) -> JournalImage:
        if reads > 1:
            self.replication.on_schema(SchemaRead("oms1", reads))
        self.replication.on_join()
        image: JournalImage = self.runtime.take(JournalImage)[0]
        self.replication.on_replicated(Replicated(Epoch(2), len(image.events)))
        return image

    def write(self, *events: AnyEvent) -> list[str]:
        """The tags of what it has written."""
        encoded = tuple(map(self.replication.writes.encode, events))
        self.journal.append(Epoch(2), encoded, self.journal.version)
        self.journal.on_durable(10**9)
        self.replication.add(encoded)
        return [tag_of(event) for event in encoded]


FILL = next(event for event in life() if isinstance(event, OrderFilled))


def test_a_leader_of_the_next_build_writes_what_a_standby_of_the_one_before_can_read() -> None:
    leader = Leader()
    leader.join(reads=1)
    assert leader.write(FILL) == ["OrderFilled"]
    leader.replication.on_stream_closed()
    leader.join(reads=2)
    assert leader.write(FILL) == ["OrderFilled/2"]


def test_a_build_that_was_taken_back_gets_the_journal_in_words_that_it_knows() -> None:
    leader = Leader()
    leader.join(reads=2)
    leader.write(*life())
    leader.replication.on_stream_closed()
    image = leader.join(reads=1)
    FIRST.check(image.events)
    assert rebuild(map(FIRST.decode, image.events)).hash() == rebuild(life()).hash()
    assert leader.write(FILL) == ["OrderFilled"]


def test_a_build_that_finds_a_later_one_s_journal_on_its_disk_does_not_lead_from_it() -> None:
    leader = Leader()
    leader.join(reads=2)
    leader.write(FILL)
    with pytest.raises(UnreadableLogError, match="OrderFilled/2 is of a later build"):
        Journal(leader.runtime, schema=FIRST).load()
    Journal(leader.runtime, schema=SECOND).load()


def test_a_standby_of_the_next_build_says_first_of_all_what_it_reads() -> None:
    for schema, said in ((SECOND, [SchemaRead("oms1", 2)]), (FIRST, [])):
        runtime = FakeRuntime("oms1")
        runtime.streams.add("oms2")
        Follower(runtime, Journal(runtime), "oms2", schema).on_stream_open()
        first = [message for _, message in runtime.sent]
        assert first[: len(said)] == said
        assert isinstance(first[-1], JoinStandby)
        assert not any(isinstance(message, Replicate) for message in first)
