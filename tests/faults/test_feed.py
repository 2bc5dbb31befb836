"""What a venue's feed does to its two lines: each kind's effects, its window, its heal, and several at once."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from squall.faults.fault import Fault, during
from squall.faults.feed import FeedDead, FeedDuplicate, FeedGap, FeedLate, FeedLineDead, FeedStale, MessageStorm
from squall.faults.feed_lies import BadTick, FeedCrossed, FeedImpossible, FeedLocked, FeedStuck
from squall.faults.feed_old import FeedMisnamed, FeedReplays
from squall.faults.market import QuoteStuffing
from squall.sim.exchange.wire.messages import BookUpdate, FeedHeartbeat, Level, Side
from squall.sim.trace import FaultHealed, FeedTold, Sent, TouchChanged
from squall.system.config import FeedConfig
from squall.system.domain.desk_book import DeskBook, Touch
from squall.system.domain.quality import flaw_of_touch, flaw_of_update
from squall.system.domain.suspicion import Suspicion
from tests.faults.stages import Market
from tests.sim.markets import MILLISECOND

SECOND = 1_000 * MILLISECOND
START_NS, END_NS = SECOND, 3 * SECOND


def broken(*faults: Fault, until_ns: int = 4 * SECOND) -> Market:
    """A lively market in which all of these are in force from 1 s to 3 s."""
    return Market(*(during(START_NS, END_NS, fault) for fault in faults), every_ns=5 * MILLISECOND).run(until_ns)


def sent(market: Market, line: str) -> list[tuple[int, BookUpdate]]:
    """When which update went out on this line."""
    return [
        (record.at_ns, record.event.message)
        for record in market.memory.records
        if type(record.event) is Sent and type(record.event.message) is BookUpdate and record.event.message.line == line
    ]


def numbers(market: Market, line: str) -> list[int]:
    return [update.seq for _, update in sent(market, line)]


def inside(market: Market, line: str) -> list[BookUpdate]:
    return [update for at_ns, update in sent(market, line) if START_NS <= at_ns < END_NS]


def book_after(market: Market, at_ns: int) -> DeskBook:
    """What somebody believes who applies line A as it comes."""
    book = DeskBook()
    for sent_ns, update in sent(market, "A"):
        if sent_ns <= at_ns:
            book.apply(update.levels)
    return book


def true_touch(market: Market) -> Touch:
    program = market.world.program("left")
    assert program is not None
    return program.engine.touch("ACME")  # type: ignore[attr-defined, no-any-return]


REFUSED: list[tuple[Fault, str]] = [
    (FeedGap("right"), "no venue 'right'; venues are left"),
    (FeedGap("left", 0.0), "market data: gap: the share must be above 0 and at most 1, found 0.0"),
    (
        FeedGap("left", 0.5, "C"),  # type: ignore[arg-type]
        "market data: gap: the lines must be one of both, A, B, found 'C'",
    ),
    (FeedDuplicate("left", 3.0), "market data: duplicate: the share must be above 0 and at most 1, found 3.0"),
    (FeedLate("left", 0), "market data: late: the delay must be above 0 ns, found 0"),
    (
        FeedLineDead("left", "both"),  # type: ignore[arg-type]
        "market data: line dead: the lines must be one of A, B, found 'both'",
    ),
    (FeedDead("right"), "no venue 'right'; venues are left"),
    (FeedStale("right"), "no venue 'right'; venues are left"),
    (FeedStuck("right"), "no venue 'right'; venues are left"),
    (FeedCrossed("left", -1.0), "market data: crossed: the share must be above 0 and at most 1, found -1.0"),
    (FeedLocked("left", -1.0), "market data: locked: the share must be above 0 and at most 1, found -1.0"),
    (FeedImpossible("left", 2.0), "market data: zero or negative: the share must be above 0 and at most 1, found 2.0"),
    (FeedMisnamed("left", 0.0), "market data: wrong symbol: the share must be above 0 and at most 1, found 0.0"),
    (FeedReplays("left", 0), "market data: replayed: it must go back above 0 ns, found 0"),
    (BadTick("left", 0.5, 1.0), "market data: bad tick: the factor must be above 1 and at most 1000, found 1.0"),
    (QuoteStuffing("left", 0), "market: quote stuffing: expected 1 to 1000000 quotes a second, found 0"),
    (MessageStorm("left", 0), "market data: message storm: expected 1 to 1000000 updates a second, found 0"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_a_fault_that_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        Market(during(0, SECOND, fault))
    assert str(caught.value) == f"plan[0]: {line}"


EVERY: list[Fault] = [
    FeedGap("left"),
    FeedDuplicate("left"),
    FeedLate("left", MILLISECOND),
    FeedLineDead("left"),
    FeedDead("left"),
    FeedStale("left"),
    FeedStuck("left"),
    FeedCrossed("left"),
    FeedLocked("left"),
    FeedImpossible("left"),
    FeedMisnamed("left"),
    FeedReplays("left", 500 * MILLISECOND),
    BadTick("left"),
    MessageStorm("left"),
    QuoteStuffing("left"),
]


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.kind)
def test_each_counts_what_it_touches_and_the_feed_is_sound_from_its_last_nanosecond_on(fault: Fault) -> None:
    market = broken(fault)
    (healed,) = market.memory.events(FaultHealed)
    assert healed.effects == market.plan.tallies[0].effects > 0
    assert market.world.venue("left").feed.in_force == 0
    late_ns = END_NS + 2 * MILLISECOND
    after = [[update for at_ns, update in sent(market, line) if at_ns >= late_ns] for line in ("A", "B")]
    assert [update.seq for update in after[0]] == [update.seq for update in after[1]]
    assert [update.seq for update in after[0]] == list(range(after[0][0].seq, after[0][-1].seq + 1))
    last = market.memory.events(FeedTold)[-1:]
    assert all(event.truly for event in last)


@pytest.mark.parametrize(
    "fault",
    [
        FeedStuck("left"),
        FeedCrossed("left", 0.5),
        FeedLocked("left", 0.5),
        FeedImpossible("left", 0.5),
        FeedMisnamed("left", 0.5),
        FeedReplays("left", 500 * MILLISECOND),
        BadTick("left", 0.5),
        MessageStorm("left"),
        QuoteStuffing("left"),
    ],
    ids=str,
)
def test_a_lie_is_set_right_when_it_heals(fault: Fault) -> None:
    """Whoever applied all that was sent, true or false, has the venue's book in the end."""
    market = broken(fault)
    assert book_after(market, 4 * SECOND).touch == true_touch(market)


def test_a_gap_is_numbered_and_the_same_on_both_lines() -> None:
    market = broken(FeedGap("left", 0.4))
    a, b = numbers(market, "A"), numbers(market, "B")
    assert a == b
    gone = set(range(1, a[-1] + 1)) - set(a)
    assert market.plan.tallies[0].effects == 2 * len(gone)
    assert 0.25 < len(gone) / (len(gone) + len(inside(market, "A"))) < 0.55


def test_a_gap_on_one_line_leaves_the_other_whole() -> None:
    market = broken(FeedGap("left", 1.0, "B"))
    assert numbers(market, "A") == list(range(1, numbers(market, "A")[-1] + 1))
    assert inside(market, "B") == []


def test_gaps_of_each_line_that_overlap_are_drawn_apart() -> None:
    market = broken(FeedGap("left", 0.5, "A"), FeedGap("left", 0.5, "B"))
    a, b = (set(numbers(market, line)) for line in "AB")
    assert a - b
    assert b - a
    every = set(range(1, max(a) + 1))
    assert every - a - b, "and some are lost on both"


def test_a_gap_that_begins_as_another_ends_is_drawn_apart_from_one_that_goes_on() -> None:
    market = Market(
        during(0, START_NS, FeedGap("left", 0.5, "A")),
        during(1, END_NS, FeedGap("left", 0.5, "A")),
        during(START_NS, END_NS, FeedGap("left", 0.5, "B")),
    ).run(END_NS)
    a, b = ({update.seq for update in inside(market, line)} for line in "AB")
    assert a - b
    assert b - a


def test_a_doubled_update_goes_out_twice() -> None:
    market = broken(FeedDuplicate("left", 1.0, "A"))
    seqs = [update.seq for update in inside(market, "A")]
    assert all(seqs.count(seq) == 2 for seq in set(seqs))
    assert all(seqs.count(seq) == 1 for seq in (update.seq for update in inside(market, "B")) if seq not in seqs)
    assert len(inside(market, "B")) == len(set(seqs))


def test_a_late_update_goes_out_that_much_later_also_after_the_end() -> None:
    market = broken(FeedLate("left", 50 * MILLISECOND, "B"))
    a, b = ({update.seq: at_ns for at_ns, update in sent(market, line)} for line in "AB")
    delayed = [seq for seq, at_ns in a.items() if START_NS <= at_ns < END_NS]
    assert len(delayed) > 50
    assert all(50 * MILLISECOND <= b[seq] - a[seq] < 51 * MILLISECOND for seq in delayed)
    assert all(b[seq] == a[seq] for seq in a if seq not in delayed)


def test_two_late_lines_add_up() -> None:
    market = broken(FeedLate("left", 20 * MILLISECOND), FeedLate("left", 30 * MILLISECOND, "B"))
    a, b = ({update.seq: at_ns for at_ns, update in sent(market, line)} for line in "AB")
    both = [seq for seq, at_ns in b.items() if START_NS + 50 * MILLISECOND <= at_ns < END_NS and seq in a]
    assert all(b[seq] - a[seq] in range(29 * MILLISECOND, 31 * MILLISECOND) for seq in both[1:])


@pytest.mark.parametrize(
    ("fault", "dead"),
    [(FeedLineDead("left", "A"), "A"), (FeedLineDead("left", "B"), "B"), (FeedDead("left"), "AB")],
    ids=["A", "B", "both"],
)
def test_a_dead_line_says_nothing_at_all(fault: Fault, dead: str) -> None:
    heard: dict[str, list[int]] = {"A": [], "B": []}
    market = Market(during(START_NS, END_NS, fault))
    before = market.trader.on_message

    def listen(sender: str, message: object) -> None:
        if isinstance(message, BookUpdate | FeedHeartbeat):
            heard[message.line].append(market.world.kernel.now_ns)
        before(sender, message)

    market.trader.on_message = listen  # type: ignore[method-assign]
    market.run(4 * SECOND)
    for line, times in heard.items():
        quiet = [at_ns for at_ns in times if START_NS + MILLISECOND <= at_ns < END_NS]
        assert (quiet == []) is (line in dead)
        assert [at_ns for at_ns in times if END_NS <= at_ns < END_NS + 200 * MILLISECOND]


def test_the_heartbeats_of_a_frozen_feed_know_of_nothing() -> None:
    beats: list[int] = []
    market = Market(during(START_NS, END_NS, FeedStale("left")))
    before = market.trader.on_message

    def listen(sender: str, message: object) -> None:
        if isinstance(message, FeedHeartbeat) and START_NS < market.world.kernel.now_ns < END_NS:
            beats.append(message.last_seq)
        before(sender, message)

    market.trader.on_message = listen  # type: ignore[method-assign]
    market.run(4 * SECOND)
    assert inside(market, "A") == inside(market, "B") == []
    assert len(beats) > 30
    assert len(set(beats)) == 1
    sequence = numbers(market, "A")
    assert beats[0] in sequence
    assert next(seq for seq in sequence if seq > beats[0]) > beats[0] + 1, "what was not sent has numbers too"


def test_a_stuck_feed_counts_on_and_says_the_same_again() -> None:
    market = broken(FeedStuck("left"))
    first, *rest = inside(market, "A")
    assert len({update.levels for update in rest}) == 1
    assert [update.seq for update in rest] == list(range(first.seq + 1, first.seq + 1 + len(rest)))
    false, true = market.memory.events(FeedTold)
    assert (false.seq, false.truly, true.truly) == (rest[0].seq, False, True)
    assert book_after(market, END_NS - 1).touch == book_after(market, START_NS + SECOND).touch


def test_a_crossed_update_crosses_and_the_next_one_recants() -> None:
    market = broken(FeedCrossed("left", 0.2))
    book, states = DeskBook(), []
    for at_ns, update in sent(market, "A"):
        book.apply(update.levels)
        states.append((START_NS <= at_ns < END_NS, flaw_of_touch(book.touch, FeedConfig()) is None))
    crossed = [within for within, sound in states if not sound]
    assert len(crossed) == market.plan.tallies[0].effects > 20
    assert all(crossed), "only in the window"
    assert states[-1][1]


def flaws(market: Market) -> list[tuple[bool, Suspicion | None]]:
    """Of each update, or of the touch that it leads to, as it came on line A; and whether it was in the window."""
    book, newest_ns, found = DeskBook(), 0, []
    for at_ns, update in sent(market, "A"):
        flaw = flaw_of_update(update, ("ACME",), newest_ns, FeedConfig())
        if flaw is None:
            newest_ns = update.venue_time_ns
        book.apply(update.levels)
        found.append((START_NS <= at_ns < END_NS, flaw or flaw_of_touch(book.touch, FeedConfig())))
    return found


@pytest.mark.parametrize(
    ("fault", "flaw"),
    [
        (FeedLocked("left", 0.2), Suspicion.LOCKED),
        (FeedImpossible("left", 0.2), Suspicion.IMPOSSIBLE),
        (FeedMisnamed("left", 0.2), Suspicion.WRONG_SYMBOL),
        (FeedReplays("left", 500 * MILLISECOND), Suspicion.BACKWARDS),
    ],
    ids=str,
)
def test_each_lie_is_the_one_that_it_is_called(fault: Fault, flaw: Suspicion) -> None:
    market = broken(fault)
    found = flaws(market)
    assert {each for _, each in found} == {None, flaw}
    assert all(within for within, each in found if each), "only in the window"
    touched, seen = market.plan.tallies[0].effects, sum(each is flaw for _, each in found)
    # What is played again has caught up with what came before it after half a second.
    assert 20 < seen <= touched if flaw is Suspicion.BACKWARDS else 20 < seen == touched


def test_a_replay_tells_what_was_so_long_ago() -> None:
    market = broken(FeedReplays("left", 500 * MILLISECOND))
    replayed = [update for update in inside(market, "A") if update.venue_time_ns < START_NS + 500 * MILLISECOND]
    stamps = {update.venue_time_ns for update in replayed}
    assert stamps
    first_ns = next(at_ns for at_ns, update in sent(market, "A") if update is replayed[-1])
    assert 0 <= first_ns - replayed[-1].venue_time_ns - 500 * MILLISECOND <= 200 * MILLISECOND


def test_a_bad_tick_is_off_by_its_factor_and_does_not_cross() -> None:
    market = broken(BadTick("left", 0.2, 10.0))
    book, bad = DeskBook(), []
    for at_ns, update in sent(market, "A"):
        book.apply(update.levels)
        assert flaw_of_touch(book.touch, FeedConfig()) is not Suspicion.CROSSED
        bid, _, ask, _ = book.touch
        if not 15_000 < bid <= ask < 25_000:
            bad.append((at_ns, bid))
    assert len(bad) == market.plan.tallies[0].effects > 20
    assert all(START_NS <= at_ns < END_NS for at_ns, _ in bad)
    assert {bid > 100_000 for _, bid in bad} == {True, False}, "up as well as down"


def test_a_storm_is_as_many_updates_more_and_leaves_no_level_behind() -> None:
    calm, storm = broken(), broken(MessageStorm("left", 501))
    more = len(inside(storm, "A")) - len(inside(calm, "A"))
    assert storm.plan.tallies[0].effects >= 1_002
    assert abs(more - 1_002) < 20
    assert (2, 1) not in book_after(storm, 4 * SECOND).depth(Side.BUY)


def test_lies_that_overlap_heal_each_by_itself() -> None:
    market = Market(
        during(1 * SECOND, 2 * SECOND, FeedStuck("left")),
        during(1_500 * MILLISECOND, 3 * SECOND, BadTick("left", 0.5)),
        during(1_700 * MILLISECOND, 2_500 * MILLISECOND, FeedGap("left", 0.2)),
        every_ns=5 * MILLISECOND,
    ).run(4 * SECOND)
    assert all(tally.effects for tally in market.plan.tallies)
    assert market.memory.events(FeedTold)[-1].truly


def test_falsehoods_are_drawn_by_number_so_that_fewer_of_them_are_some_of_the_same() -> None:
    def false(share: float) -> set[int]:
        market = Market(during(START_NS, END_NS, BadTick("left", share)), every_ns=SECOND).run(END_NS)
        return {event.seq for event in market.memory.events(FeedTold) if not event.truly}

    few, many = false(0.05), false(0.1)
    assert len(few) > 3
    assert len(few - many) <= len(few) // 2, "two in a row are one falsehood"


def test_feed_rules_outlive_a_crash_of_their_venue() -> None:
    market = Market(during(START_NS, END_NS, FeedGap("left")), every_ns=5 * MILLISECOND)
    come_back: list[Callable[[], None]] = []
    kernel, host = market.world.kernel, market.world.host("left")
    kernel.call_at(1_100 * MILLISECOND, lambda _: come_back.append(host.outage(False)))
    kernel.call_at(1_200 * MILLISECOND, lambda _: come_back[0]())
    market.run(4 * SECOND)
    assert inside(market, "A") == []
    assert [at_ns for at_ns, _ in sent(market, "A") if at_ns >= END_NS]


def test_a_level_is_told_in_full_after_a_falsehood() -> None:
    """Levels that changed while nobody was told are owed too."""
    market = broken(FeedStuck("left"))
    program = market.world.program("left")
    image = program.engine.image()[0].levels  # type: ignore[union-attr]
    book = book_after(market, 4 * SECOND)
    believed = {Level(side, price, lots) for side in (Side.BUY, Side.SELL) for price, lots in book.depth(side)}
    assert believed == set(image)


def test_stuffed_quotes_are_real_and_change_the_touch_each_time() -> None:
    market = broken(QuoteStuffing("left", 500))
    moved = [
        record.event.bid_lots
        for record in market.memory.records
        if type(record.event) is TouchChanged and START_NS <= record.at_ns < END_NS
    ]
    assert len(moved) >= market.plan.tallies[0].effects - 2 > 900
    assert sum(abs(after - before) == 1 for before, after in pairwise(moved)) > 800
    assert sum(at_ns >= END_NS for at_ns, _ in sent(market, "A")) > 0
