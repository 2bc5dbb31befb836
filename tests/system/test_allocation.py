"""How an order that takes is split: sums, steps, the limit with fees, and no cheaper way by looking at all of them."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from squall.sim.exchange.wire.fees import Tariff
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import RouteOrder, Tick, UnsentReason
from squall.system.domain.routing import (
    Allocation,
    Choice,
    Leg,
    Offer,
    allocate,
    choose_venue,
    hidden_after,
    offers_of,
    ranked,
)

ACME = Symbol("ACME")
A, B, C = Venue("a"), Venue("b"), Venue("c")


def offer(venue: Venue, price: int, lots: int, fee: int = 0, hidden: int = 0) -> Offer:
    return Offer(venue, price, lots, fee, hidden)


def route(price: int | None, *, venue: Venue | None = None, side: Side = Side.BUY, rests: bool = False) -> RouteOrder:
    kind = OrdType.LIMIT if price else OrdType.MARKET
    time_in_force = TimeInForce.DAY if rests else TimeInForce.IOC
    return RouteOrder(Epoch(1), ClOrdID("m-ACME-1"), ACME, side, 5, kind, time_in_force, price, attempt=1, venue=venue)


def tick(venue: Venue, ask: int) -> Tick:
    return Tick(venue, ACME, 1, ask - 4, 10, ask, 10)


# --- examples ---


def test_the_best_price_is_taken_first_and_what_it_does_not_show_goes_on_to_the_next() -> None:
    offers = (offer(A, 106, 40), offer(B, 104, 30))
    assert allocate(Side.BUY, 50, 110, offers) == Allocation((Leg(B, 30, 104), Leg(A, 20, 106)), 0)
    assert allocate(Side.SELL, 50, 100, offers) == Allocation((Leg(A, 40, 106), Leg(B, 10, 104)), 0)


def test_what_nobody_shows_is_reported_and_does_not_vanish() -> None:
    """Erratum 14: the chapter's router allocates what is displayed, and the rest of the order is gone."""
    assert allocate(Side.BUY, 50, None, (offer(A, 104, 30),)) == Allocation((Leg(A, 30, 104),), 20)
    assert allocate(Side.BUY, 50, None, ()) == Allocation((), 50)


def test_a_price_beyond_the_limit_is_never_gone_to_fees_included() -> None:
    """Erratum 15: the chapter's router never looks at the limit price."""
    offers = (offer(A, 104, 30, fee=60), offer(B, 104, 20))
    assert allocate(Side.BUY, 50, 104, offers) == Allocation((Leg(B, 20, 104),), 30)
    assert allocate(Side.BUY, 50, 105, offers) == Allocation((Leg(B, 20, 104), Leg(A, 30, 104)), 0)
    assert allocate(Side.SELL, 50, 104, offers) == Allocation((Leg(B, 20, 104),), 30)


def test_a_rebate_makes_a_price_better_but_buys_nothing_beyond_the_limit() -> None:
    offers = (offer(A, 105, 30, fee=-200), offer(B, 104, 30))
    assert allocate(Side.BUY, 30, 105, offers).legs == (Leg(A, 30, 105),)
    assert allocate(Side.BUY, 30, 104, offers).legs == (Leg(B, 30, 104),)


def test_legs_are_whole_lots_and_what_is_less_than_a_step_stays_over() -> None:
    offers = (offer(A, 104, 37), offer(B, 106, 9))
    assert allocate(Side.BUY, 55, None, offers, step_lots=10) == Allocation((Leg(A, 30, 104),), 25)


def test_where_hidden_size_is_sought_a_good_price_is_asked_for_more_than_it_shows() -> None:
    offers = (offer(A, 104, 30, hidden=15), offer(B, 106, 40))
    assert allocate(Side.BUY, 50, None, offers, seek_hidden=True).legs == (Leg(A, 45, 104), Leg(B, 5, 106))
    assert allocate(Side.BUY, 50, None, offers).legs == (Leg(A, 30, 104), Leg(B, 20, 106))


def test_hidden_size_is_believed_by_halves_and_a_leg_that_asked_for_less_says_nothing() -> None:
    assert hidden_after(0, shown_lots=30, filled_lots=50, asked_lots=50) == 10
    assert hidden_after(20, shown_lots=30, filled_lots=30, asked_lots=50) == 10
    assert hidden_after(20, shown_lots=30, filled_lots=30, asked_lots=30) == 20
    assert hidden_after(20, shown_lots=30, filled_lots=0, asked_lots=50) == 10


def test_a_leg_goes_to_the_venue_that_it_was_cut_for_unless_that_is_not_safe_any_more() -> None:
    quotes = (tick(A, 104), tick(B, 106))
    for wanted, chosen in ((B, "b"), (None, "a"), (C, "a")):
        choice = choose_venue(route(110, venue=wanted), quotes)
        assert isinstance(choice, Choice)
        assert choice.venue == chosen
    beyond = choose_venue(route(104, venue=B), quotes)
    assert isinstance(beyond, Choice)
    assert beyond.venue == "a"


def test_the_venue_of_a_whole_order_is_chosen_by_the_price_with_its_fee() -> None:
    quotes, dear = (tick(A, 104), tick(B, 105)), {A: Tariff(take_per_100_lots=150)}
    choice = choose_venue(route(110), quotes, dear)
    assert isinstance(choice, Choice)
    assert choice.venue == "b"
    assert choose_venue(route(104), quotes, dear) is UnsentReason.NOT_MARKETABLE
    rests = choose_venue(route(104, rests=True), quotes, dear)
    assert isinstance(rests, Choice)  # it would trade wherever it rests: its limit is of the price alone
    assert (rests.venue, rests.marketable) == ("a", True)


# --- properties ---

sides = st.sampled_from(Side)
limits = st.none() | st.integers(1, 12)
books = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(-150, 150), st.integers(0, 4)), max_size=3
).map(lambda rows: tuple(offer(venue, *row) for venue, row in zip((A, B, C), rows, strict=False)))
steps = st.sampled_from([1, 2, 3])


def cost(side: Side, legs: dict[Venue, int], offers: tuple[Offer, ...]) -> int:
    by_venue = {each.venue: each for each in offers}
    return sum(lots * by_venue[venue].net(side) for venue, lots in legs.items())


@given(sides, st.integers(1, 14), limits, books, steps, st.booleans())
def test_allocated_and_unrouted_are_what_was_ordered_in_whole_steps_within_limit_and_depth(
    side: Side, quantity: int, limit: int | None, offers: tuple[Offer, ...], step: int, seek: bool
) -> None:
    """Errata 14 and 15, for any order and any book."""
    allocation = allocate(side, quantity, limit, offers, step, seek)
    assert sum(leg.lots for leg in allocation.legs) + allocation.unrouted_lots == quantity
    assert allocation.unrouted_lots >= 0
    by_venue = {each.venue: each for each in offers}
    assert len({leg.venue for leg in allocation.legs}) == len(allocation.legs)
    for leg in allocation.legs:
        found = by_venue[leg.venue]
        assert 0 < leg.lots <= found.lots + (found.hidden_lots if seek else 0)
        assert leg.lots % step == 0
        assert leg.price_half_ticks == found.price_half_ticks
        if limit is not None:
            assert side.sign * leg.price_half_ticks <= side.sign * limit
            assert found.net(side) <= side.sign * 100 * limit


@given(sides, st.integers(1, 14), limits, books, steps)
def test_no_other_split_routes_more_or_as_much_for_less(
    side: Side, quantity: int, limit: int | None, offers: tuple[Offer, ...], step: int
) -> None:
    """By trying every split there is."""
    allocation = allocate(side, quantity, limit, offers, step)
    within = ranked(side, limit, offers)
    mine = {leg.venue: leg.lots for leg in allocation.legs}
    choices = [range(0, each.lots + 1, step) for each in within]
    best = max(
        (sum(split), -cost(side, dict(zip((each.venue for each in within), split, strict=True)), offers))
        for split in product(*choices)
        if sum(split) <= quantity
    )
    assert (sum(mine.values()), -cost(side, mine, offers)) == best


@given(sides, st.integers(1, 14), limits, books, st.integers(1, 5), st.booleans())
def test_more_depth_never_routes_less_nor_makes_it_dearer(
    side: Side, quantity: int, limit: int | None, offers: tuple[Offer, ...], more: int, seek: bool
) -> None:
    before = allocate(side, quantity, limit, offers, 1, seek)
    deeper = tuple(
        offer(each.venue, each.price_half_ticks, each.lots + more, each.fee_per_100_lots, each.hidden_lots)
        for each in offers
    )
    after = allocate(side, quantity, limit, deeper, 1, seek)
    assert after.unrouted_lots <= before.unrouted_lots
    if after.unrouted_lots == before.unrouted_lots:
        costs = [cost(side, {leg.venue: leg.lots for leg in each.legs}, offers) for each in (before, after)]
        assert costs[1] <= costs[0]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100), st.integers(1, 100))
def test_what_is_believed_hidden_stays_between_what_was_believed_and_what_was_found(
    before: int, shown: int, filled: int, asked: int
) -> None:
    filled = min(filled, asked)
    found = max(filled - shown, 0)
    assert min(before, found) <= hidden_after(before, shown, filled, asked) <= max(before, found)


@given(sides, st.lists(st.booleans(), min_size=3, max_size=3))
def test_an_empty_side_offers_nothing(side: Side, empty: list[bool]) -> None:
    quotes = [
        Tick(venue, ACME, 1, 0 if none else 98, 0 if none else 5, 0 if none else 102, 0 if none else 5)
        for venue, none in zip((A, B, C), empty, strict=True)
    ]
    assert [each.venue for each in offers_of(side, quotes)] == [
        venue for venue, none in zip((A, B, C), empty, strict=True) if not none
    ]
