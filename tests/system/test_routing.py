"""Where orders go: the best price within the limit, at a safe venue, and the whole of the order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.wire.fees import Tariff
from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import RouteOrder, Tick, UnsentReason
from squall.system.domain.routing import Choice, choose_venue, offers_of, ranked

ACME = Symbol("ACME")
MARKET, LIMIT = OrdType.MARKET, OrdType.LIMIT
DAY, IOC = TimeInForce.DAY, TimeInForce.IOC


def quote(venue: str, bid: int, ask: int, *, bid_lots: int = 10, ask_lots: int = 10, stale: bool = False) -> Tick:
    return Tick(Venue(venue), ACME, 1, bid, bid_lots if bid else 0, ask, ask_lots if ask else 0, stale)


def order(side: Side, price: int | None, time_in_force: TimeInForce = IOC, quantity_lots: int = 5) -> RouteOrder:
    return RouteOrder(
        epoch=Epoch(1),
        cl_ord_id=ClOrdID("pulse-ACME-1"),
        symbol=ACME,
        side=side,
        quantity_lots=quantity_lots,
        ord_type=MARKET if price is None else LIMIT,
        time_in_force=time_in_force,
        price_half_ticks=price,
        attempt=1,
    )


def chosen(wanted: RouteOrder, *quotes: Tick) -> str:
    choice = choose_venue(wanted, quotes)
    assert isinstance(choice, Choice)
    return choice.venue


def test_a_buy_goes_to_the_lowest_offer_and_a_sell_to_the_highest_bid() -> None:
    quotes = (quote("a", 98, 104), quote("b", 100, 106))
    assert chosen(order(Side.BUY, None), *quotes) == "a"
    assert chosen(order(Side.SELL, None), *quotes) == "b"


def test_nothing_is_routed_beyond_the_limit() -> None:
    """Errata 15: the chapter's router never looks at the limit price."""
    quotes = (quote("a", 98, 104), quote("b", 96, 106))
    assert choose_venue(order(Side.BUY, 102), quotes) is UnsentReason.NOT_MARKETABLE
    assert choose_venue(order(Side.SELL, 100), quotes) is UnsentReason.NOT_MARKETABLE
    assert chosen(order(Side.BUY, 104), *quotes) == "a"


def test_what_the_displayed_depth_cannot_take_is_still_allocated() -> None:
    """Errata 14: the chapter allocates what is displayed, and the rest of the order vanishes."""
    choice = choose_venue(order(Side.BUY, 110, DAY, quantity_lots=500), [quote("a", 98, 104), quote("b", 98, 106)])
    assert choice == Choice(Venue("a"), 500, 104, 10, True)


def test_at_equal_prices_the_larger_size_wins_then_the_first_venue() -> None:
    small, large = quote("a", 98, 104, ask_lots=3), quote("b", 98, 104, ask_lots=8)
    assert chosen(order(Side.BUY, 104), small, large) == "b"
    assert chosen(order(Side.SELL, None), small, large) == "a"


def test_stale_quotes_and_other_symbols_do_not_count() -> None:
    best, fair = quote("a", 98, 100, stale=True), quote("b", 98, 104)
    assert chosen(order(Side.BUY, None), best, fair) == "b"
    assert choose_venue(order(Side.BUY, None), [best]) is UnsentReason.NO_VENUE
    elsewhere = Tick(Venue("c"), Symbol("BOLT"), 1, 10, 1, 12, 1)
    assert chosen(order(Side.BUY, None), elsewhere, fair) == "b"


def test_without_any_quote_no_venue_is_safe() -> None:
    assert choose_venue(order(Side.BUY, 100, DAY), []) is UnsentReason.NO_VENUE


def test_a_market_order_is_not_sent_into_an_empty_side() -> None:
    assert choose_venue(order(Side.BUY, None), [quote("a", 98, 0)]) is UnsentReason.NOT_MARKETABLE


def test_a_day_limit_that_trades_nowhere_rests_where_its_own_side_is_best() -> None:
    quotes = (quote("a", 94, 104), quote("b", 98, 108))
    assert chosen(order(Side.BUY, 96, DAY), *quotes) == "b"
    assert chosen(order(Side.SELL, 106, DAY), *quotes) == "a"


def test_an_empty_side_is_the_last_place_to_rest_but_better_than_none() -> None:
    assert chosen(order(Side.SELL, 106, DAY), quote("a", 98, 0), quote("b", 98, 108)) == "b"
    assert chosen(order(Side.SELL, 106, DAY), quote("a", 0, 0), quote("b", 0, 0)) == "a"


def test_a_limit_order_without_a_limit_is_a_mistake_that_says_so() -> None:
    wanted = RouteOrder(Epoch(1), ClOrdID("x-1"), ACME, Side.BUY, 1, LIMIT, DAY, None, 1)
    with pytest.raises(ValueError, match="x-1: found no price, expected one"):
        choose_venue(wanted, [quote("a", 98, 104)])


prices = st.integers(0, 12)
quotes_of = st.lists(
    st.builds(
        quote,
        st.sampled_from(["a", "b", "c"]),
        prices,
        prices,
        bid_lots=st.integers(1, 3),
        ask_lots=st.integers(1, 3),
        stale=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda tick: tick.venue,
)
orders = st.builds(
    order,
    st.sampled_from(Side),
    st.none() | st.integers(1, 12),
    st.sampled_from(TimeInForce),
    st.integers(1, 50),
)


@given(orders, quotes_of)
def test_the_choice_is_the_one_that_looking_at_all_of_them_makes(wanted: RouteOrder, quotes: list[Tick]) -> None:
    buying = wanted.side is Side.BUY
    fresh = [tick for tick in quotes if not tick.stale]
    offers = [
        (sign * price, -lots, place)
        for place, tick in enumerate(fresh)
        for sign, price, lots in (
            [(1, tick.ask_half_ticks, tick.ask_lots)] if buying else [(-1, tick.bid_half_ticks, tick.bid_lots)]
        )
        if lots and (wanted.price_half_ticks is None or sign * price <= sign * wanted.price_half_ticks)
    ]
    choice = choose_venue(wanted, quotes)
    if not fresh:
        assert choice is UnsentReason.NO_VENUE
    elif offers:
        price, lots, place = min(offers)
        assert choice == Choice(fresh[place].venue, wanted.quantity_lots, abs(price), -lots, True)
    elif wanted.ord_type is MARKET or wanted.time_in_force is IOC:
        assert choice is UnsentReason.NOT_MARKETABLE
    else:
        assert isinstance(choice, Choice)
        assert not choice.marketable
        assert choice.allocated_lots == wanted.quantity_lots
        assert choice.price_half_ticks == wanted.price_half_ticks
        assert choice.venue in {tick.venue for tick in fresh}


venues = st.sampled_from([Venue("a"), Venue("b"), Venue("c")])
tariffs_of = st.dictionaries(venues, st.builds(Tariff, st.integers(-150, 150)))


@given(orders, quotes_of, tariffs_of, st.none() | venues)
def test_one_pass_finds_what_ranking_all_offers_with_their_fees_puts_first(
    wanted: RouteOrder, quotes: list[Tick], tariffs: dict[Venue, Tariff], meant: Venue | None
) -> None:
    limit, sign = wanted.price_half_ticks, wanted.side.sign
    offers = [
        offer
        for offer in offers_of(wanted.side, [tick for tick in quotes if not tick.stale], tariffs)
        if limit is None or sign * offer.price_half_ticks <= sign * limit
    ]
    offers = ranked(wanted.side, None if wanted.time_in_force.rests else limit, offers)
    first = [offer for offer in offers if offer.venue == meant] + offers
    choice = choose_venue(replace(wanted, venue=meant), quotes, tariffs)
    if first:
        best = first[0]
        assert choice == Choice(best.venue, wanted.quantity_lots, best.price_half_ticks, best.lots, True)
    else:
        assert not isinstance(choice, Choice) or not choice.marketable


@given(orders, quotes_of)
def test_nothing_vanishes_and_nothing_passes_the_limit(wanted: RouteOrder, quotes: list[Tick]) -> None:
    """Errata 14 and 15, whatever the order and the quotes: all of it at one venue, or a reason."""
    match choose_venue(wanted, quotes):
        case Choice() as choice:
            assert choice.allocated_lots == wanted.quantity_lots
            limit, sign = wanted.price_half_ticks, wanted.side.sign
            assert limit is None or sign * choice.price_half_ticks <= sign * limit
        case reason:
            assert reason in (UnsentReason.NO_VENUE, UnsentReason.NOT_MARKETABLE)


def test_a_stop_order_comes_back_as_a_value_and_is_no_error() -> None:
    stop = replace(order(Side.BUY, None, DAY), ord_type=OrdType.STOP, stop_price_half_ticks=20_100)
    assert choose_venue(stop, [quote("exchange-a", 19_998, 20_002)]) is UnsentReason.NO_STOPS
