"""A parent as the algorithms know it, and the volume that it may have a share of."""

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.algorithms import Plan
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import Algorithm, ChildState, ParentOrder, ParentOutcome, Tick
from squall.system.domain.parent_life import ParentLife
from squall.system.domain.slicing import Window, followed_lots
from squall.system.domain.volume import VolumeMeter

PARENT = ClOrdID("fund-1")


def life(percent: int = 0) -> ParentLife:
    order = ParentOrder(
        PARENT, "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 100, Algorithm.POV, participation_percent=percent
    )
    return ParentLife(order, Plan(Window(0, 1_000), ()))


def child(number: int, lots: int, filled: int = 0, ended: bool = False) -> ChildState:
    return ChildState(ClOrdID(f"{PARENT}.{number}"), lots, filled, filled * 20_000, ended)


def test_no_two_children_have_the_same_name_not_even_those_of_an_earlier_life() -> None:
    parent = life()
    assert parent.next_name() == "fund-1.1"
    parent.mean(child(1, 10))
    assert parent.next_name() == "fund-1.2"
    parent.tell(child(7, 10))
    assert parent.next_name() == "fund-1.8", "the OMS knows more than our diary did"


def test_what_is_out_counts_until_it_is_known_to_have_ended() -> None:
    parent = life()
    parent.mean(child(1, 60))
    assert parent.progress.committed_lots == 60
    parent.tell(child(1, 60, filled=20))
    assert (parent.progress.filled_lots, parent.progress.open_lots) == (20, 40)
    parent.tell(child(1, 60, filled=20, ended=True))
    assert (parent.progress.filled_lots, parent.progress.open_lots) == (20, 0)


def test_it_ends_filled_or_over_or_cancelled_and_not_before_its_last_child_has() -> None:
    parent = life()
    parent.mean(child(1, 100))
    assert parent.outcome(2_000) is None
    parent.tell(child(1, 100, filled=40, ended=True))
    assert parent.outcome(999) is None
    assert parent.outcome(1_000) is ParentOutcome.OVER
    parent.cancelled = True
    assert parent.outcome(500) is ParentOutcome.CANCELED
    parent.tell(child(2, 60, filled=60, ended=True))
    assert parent.outcome(500) is ParentOutcome.FILLED


def test_children_that_find_nothing_make_it_patient_and_one_that_trades_eager() -> None:
    parent = life()
    waits = []
    for number in range(1, 6):
        parent.mean(child(number, 10))
        parent.tell(child(number, 10, ended=True))
        waits.append(parent.patience_ns(100))
    assert waits == [200, 400, 800, 800, 800]
    parent.tell(child(6, 10, filled=1, ended=True))
    assert parent.patience_ns(100) == 100


def test_an_end_that_is_told_twice_is_one() -> None:
    parent = life()
    parent.tell(child(1, 10, ended=True))
    parent.tell(child(1, 10, ended=True))
    assert parent.barren == 1


@given(st.integers(0, 1_000), st.integers(1, 99), st.integers(0, 10**6))
def test_a_later_life_may_have_what_it_has_traded_and_no_lot_of_the_time_it_was_down(
    filled: int, percent: int, meter: int
) -> None:
    parent = life(percent)
    parent.tell(child(1, 1_000, filled=filled, ended=True))
    parent.count_volume_from(meter)
    assert followed_lots(parent.traded_lots(meter), percent) == filled


# --- volume ---


def tick(seq: int, traded: int, venue: str = "exchange-a") -> Tick:
    return Tick(Venue(venue), Symbol("ACME"), seq, 19_998, 10, 20_002, 10, traded_lots=traded)


def test_volume_is_what_all_venues_have_traded_since_it_was_first_looked_at() -> None:
    meter = VolumeMeter()
    for each in (tick(1, 500), tick(2, 530), tick(1, 70, "exchange-b"), tick(2, 75, "exchange-b")):
        meter.see(each)
    assert meter.total_lots == 35


def test_a_tick_that_was_overtaken_does_not_count_twice() -> None:
    meter = VolumeMeter()
    for each in (tick(1, 0), tick(3, 30), tick(2, 10), tick(4, 40)):
        meter.see(each)
    assert meter.total_lots == 40


def test_market_data_that_was_restarted_counts_from_zero() -> None:
    meter = VolumeMeter()
    for each in (tick(1, 0), tick(3, 30), tick(9, 0), tick(10, 5)):
        meter.see(each)
    assert meter.total_lots == 35


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=40), st.randoms(use_true_random=False))
def test_it_is_never_more_than_was_traded_however_ticks_are_lost_and_overtaken(trades: list, random) -> None:  # type: ignore[no-untyped-def, type-arg]
    truth, ticks, counted = 0, [], 0
    for seq, (lots, restarted) in enumerate(trades, 1):
        counted = 0 if restarted else counted + lots
        truth += lots
        ticks.append(tick(seq, counted))
    shuffled = sorted(ticks, key=lambda each: each.seq + random.random() * 4)
    meter = VolumeMeter()
    for each in shuffled[:: random.choice((1, 1, 2))]:
        meter.see(each)
    assert 0 <= meter.total_lots <= truth
