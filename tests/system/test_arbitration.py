"""Two lines, one channel: what is applied, in which order, and when the second line has earned its keep."""

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import BookUpdate
from squall.system.domain.arbitration import LineArbiter

PATIENCE_NS = 5_000_000


def update(seq: int, line: str = "A") -> BookUpdate:
    return BookUpdate(venue="exchange-a", line=line, seq=seq, symbol="ACME")


def seqs(updates: tuple[BookUpdate, ...] | None) -> list[int]:
    return [ready.seq for ready in updates or ()]


def test_whichever_line_is_first_wins_and_the_other_copy_is_a_duplicate() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    assert seqs(arbiter.take(update(1, "B"), 0)) == [1]
    assert arbiter.take(update(1, "A"), 0) == ()
    assert seqs(arbiter.take(update(2, "A"), 0)) == [2]
    assert arbiter.take(update(2, "B"), 0) == ()
    assert arbiter.duplicates == 2
    assert arbiter.rescued == []


def test_an_update_beyond_a_gap_waits_until_the_gap_is_filled() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1), 0)
    assert arbiter.take(update(4), 0) == ()
    assert arbiter.take(update(3), 0) == ()
    assert arbiter.missing
    assert seqs(arbiter.take(update(2), 0)) == [2, 3, 4]
    assert not arbiter.missing


def test_a_faster_second_line_has_rescued_nothing_while_the_first_one_keeps_up() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    for seq in range(1, 50):
        arbiter.take(update(seq, "B"), seq * 1_000)
        arbiter.take(update(seq, "A"), seq * 1_000 + 900)
    assert arbiter.rescued == []


def test_the_second_line_mattered_when_the_first_one_skips_what_it_brought() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1, "A"), 0)
    arbiter.take(update(2, "B"), 0)
    assert arbiter.rescued == []
    arbiter.take(update(3, "A"), 0)
    assert arbiter.rescued == [2]


def test_the_second_line_mattered_when_it_fills_a_gap_that_the_first_one_has_shown() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1, "A"), 0)
    arbiter.take(update(3, "A"), 0)
    assert seqs(arbiter.take(update(2, "B"), 0)) == [2, 3]
    assert arbiter.rescued == [2]


def test_a_silent_first_line_shows_by_its_lateness() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1, "B"), 0)
    arbiter.take(update(2, "B"), PATIENCE_NS - 1)
    assert arbiter.rescued == []
    arbiter.hear(2, PATIENCE_NS)
    assert arbiter.rescued == [1]


def test_a_heartbeat_shows_a_loss_at_the_tail() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1), 0)
    arbiter.hear(1, 0)
    assert not arbiter.missing
    arbiter.hear(2, 0)
    assert arbiter.missing


def test_a_snapshot_drops_what_it_covers_and_what_was_kept_beyond_it_goes_on() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1), 0)
    for seq in (3, 4, 5):
        arbiter.take(update(seq), 0)
    assert seqs(arbiter.rebase(3)) == [4, 5]
    assert arbiter.next_seq == 6
    assert not arbiter.missing


def test_a_snapshot_older_than_the_book_is_refused() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    for seq in (1, 2, 3, 5):
        arbiter.take(update(seq), 0)
    assert arbiter.rebase(2) is None
    assert arbiter.next_seq == 4
    assert arbiter.rebase(3) == ()
    assert arbiter.missing


def test_a_held_channel_keeps_everything_for_the_snapshot() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1), 0)
    arbiter.hold()
    assert arbiter.missing
    assert arbiter.take(update(2), 0) == ()
    assert arbiter.take(update(3), 0) == ()
    assert seqs(arbiter.rebase(2)) == [3]
    assert not arbiter.missing


def test_skipping_goes_on_beyond_the_gap() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    arbiter.take(update(1), 0)
    arbiter.take(update(4), 0)
    arbiter.take(update(5), 0)
    assert seqs(arbiter.skip()) == [4, 5]
    arbiter.hear(9, 0)
    assert arbiter.skip() == ()
    assert arbiter.next_seq == 10


def test_the_buffer_is_bounded_and_loses_its_oldest() -> None:
    arbiter = LineArbiter(PATIENCE_NS, buffer_limit=3)
    for seq in (2, 3, 4, 5):
        arbiter.take(update(seq), 0)
    assert arbiter.overflowing
    assert arbiter.discarded == 1
    assert seqs(arbiter.rebase(1)) == []
    assert arbiter.missing
    assert seqs(arbiter.rebase(2)) == [3, 4, 5]


def test_a_channel_that_starts_over_counts_from_one_again() -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    for seq in (1, 2, 3):
        arbiter.take(update(seq), 0)
    arbiter.start_over()
    assert arbiter.take(update(1), 0) == ()
    assert arbiter.take(update(2), 0) == ()
    assert seqs(arbiter.rebase(1)) == [2]


lines = st.lists(st.tuples(st.sampled_from("AB"), st.integers(min_value=1, max_value=12)), max_size=80)


@given(lines)
def test_whatever_arrives_is_handed_on_once_and_in_sequence(arrivals: list[tuple[str, int]]) -> None:
    arbiter = LineArbiter(PATIENCE_NS)
    applied: list[int] = []
    for line, seq in arrivals:
        applied += seqs(arbiter.take(update(seq, line), 0))
    arrived = {seq for _, seq in arrivals}
    prefix = 0
    while prefix + 1 in arrived:
        prefix += 1
    assert applied == list(range(1, prefix + 1))
    assert arbiter.missing == (len(arrived) > prefix)


@given(lines)
def test_what_was_rescued_is_what_came_by_the_second_line_before_the_first_one_went_past_it(
    arrivals: list[tuple[str, int]],
) -> None:
    """The reference knows the whole history: first copy by B, and no copy by A until A had gone past it."""
    arbiter = LineArbiter(PATIENCE_NS)
    expected: set[int] = set()
    for place, (line, seq) in enumerate(arrivals):
        before = arrivals[:place]
        by_a_before = [other for by, other in before if by == "A"]
        if line == "B" and seq not in {other for _, other in before} and max(by_a_before, default=0) > seq:
            expected.add(seq)
        if line == "A":
            first_by_b = {other for by, other in before if by == "B" and other < seq}
            expected |= first_by_b - set(by_a_before)
    for line, seq in arrivals:
        arbiter.take(update(seq, line), 0)
    assert sorted(arbiter.rescued) == sorted(expected)
