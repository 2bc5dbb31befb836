"""The matching engine: what clients are told, and what the public sees."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.sim.exchange.engine import Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.wire.messages import (
    Level,
    NewOrderSingle,
    OrdRejReason,
    OrdType,
    Print,
    Side,
    TimeInForce,
)
from tests.profiles import examples


class Ear:
    """Remembers what an engine says, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def on_accepted(self, order: NewOrderSingle) -> None:
        self.heard.append(("accepted", order.cl_ord_id))

    def on_triggered(self, order: NewOrderSingle) -> None:
        raise AssertionError("no stop orders here")

    def on_refused(self, order: NewOrderSingle, reason: OrdRejReason) -> None:
        self.heard.append(("refused", order.cl_ord_id, reason))

    def on_executed(
        self, order: NewOrderSingle, lots: int, price_half_ticks: int, leaves_lots: int, *, takes: bool
    ) -> None:
        self.heard.append(("executed", order.cl_ord_id, lots, price_half_ticks, leaves_lots))

    def on_closed(self, order: NewOrderSingle, leaves_lots: int) -> None:
        self.heard.append(("closed", order.cl_ord_id, leaves_lots))

    def on_book(self, symbol: str, levels: tuple[Level, ...], prints: tuple[Print, ...], source_id: int) -> None:
        self.heard.append(("book", symbol, levels, prints))

    def take(self) -> list[tuple[Any, ...]]:
        heard, self.heard = self.heard, []
        return heard


def an_engine() -> tuple[MatchingEngine, Ear]:
    engine = MatchingEngine([Listing("ACME", 200), Listing("BOLT", 400)])
    engine.listener = ear = Ear()
    engine.start()
    return engine, ear


def limit(name: str, side: Side, lots: int, price: int | None, symbol: str = "ACME") -> NewOrderSingle:
    return NewOrderSingle(name, name, symbol, side, lots, OrdType.LIMIT, TimeInForce.DAY, price)


def test_an_order_is_accepted_then_executed_then_seen_by_the_public() -> None:
    engine, ear = an_engine()
    engine.place("ACME", Side.SELL, 10, 200)
    engine.place("ACME", Side.SELL, 10, 202)
    engine.publish("ACME")
    ear.take()
    engine.enter(limit("a", Side.BUY, 25, 202))
    assert ear.take() == [
        ("accepted", "a"),
        ("executed", "a", 10, 200, 15),
        ("executed", "a", 10, 202, 5),
        (
            "book",
            "ACME",
            (Level(Side.BUY, 202, 5), Level(Side.SELL, 200, 0), Level(Side.SELL, 202, 0)),
            (Print(Side.BUY, 200, 10), Print(Side.BUY, 202, 10)),
        ),
    ]
    assert engine.touch("ACME") == (202, 5, 0, 0)


def test_a_participant_that_meets_a_resting_client_executes_it() -> None:
    engine, ear = an_engine()
    engine.enter(limit("a", Side.BUY, 10, 200))
    ear.take()
    assert engine.place("ACME", Side.SELL, 4, 198) is None
    engine.place("ACME", Side.SELL, 6, None)
    engine.publish("ACME")
    assert ear.take()[:2] == [("executed", "a", 4, 200, 6), ("executed", "a", 6, 200, 0)]
    assert not engine.cancel("a")


def test_two_clients_that_meet_are_both_told() -> None:
    engine, ear = an_engine()
    engine.enter(limit("a", Side.BUY, 10, 200))
    engine.enter(limit("b", Side.SELL, 4, 200))
    executions = [heard for heard in ear.take() if heard[0] == "executed"]
    assert executions == [("executed", "a", 4, 200, 6), ("executed", "b", 4, 200, 0)]


@pytest.mark.parametrize(
    ("ord_type", "time_in_force"),
    [(OrdType.LIMIT, TimeInForce.IOC), (OrdType.MARKET, TimeInForce.DAY), (OrdType.MARKET, TimeInForce.IOC)],
)
def test_what_an_ioc_or_market_order_cannot_get_at_once_is_closed(
    ord_type: OrdType, time_in_force: TimeInForce
) -> None:
    engine, ear = an_engine()
    engine.place("ACME", Side.SELL, 4, 200)
    price = 200 if ord_type is OrdType.LIMIT else None
    engine.enter(NewOrderSingle("a", "a", "ACME", Side.BUY, 10, ord_type, time_in_force, price))
    heard = ear.take()
    assert heard[:3] == [("accepted", "a"), ("executed", "a", 4, 200, 6), ("closed", "a", 6)]
    assert engine.touch("ACME") == (0, 0, 0, 0)


def test_an_ioc_never_trades_beyond_its_limit() -> None:
    engine, ear = an_engine()
    engine.place("ACME", Side.SELL, 4, 202)
    order = replace(limit("a", Side.BUY, 10, 200), time_in_force=TimeInForce.IOC)
    engine.enter(order)
    assert ("closed", "a", 10) in ear.take()


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (limit("a", Side.BUY, 1, 200, "NOPE"), OrdRejReason.UNKNOWN_SYMBOL),
        (limit("a", Side.BUY, 0, 200), OrdRejReason.INVALID_QUANTITY),
        (limit("a", Side.BUY, -5, 200), OrdRejReason.INVALID_QUANTITY),
        (limit("a", Side.BUY, 1, None), OrdRejReason.INVALID_PRICE),
        (limit("a", Side.BUY, 1, 201), OrdRejReason.INVALID_PRICE),
        (limit("a", Side.BUY, 1, 0), OrdRejReason.INVALID_PRICE),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_changes_nothing(
    order: NewOrderSingle, reason: OrdRejReason
) -> None:
    engine, ear = an_engine()
    engine.enter(order)
    assert ear.take() == [("refused", "a", reason)]
    assert all(not image.levels for image in engine.image())


def test_a_cancel_says_what_was_left() -> None:
    engine, ear = an_engine()
    engine.enter(limit("a", Side.BUY, 10, 200))
    engine.place("ACME", Side.SELL, 3, 200)
    engine.publish("ACME")
    ear.take()
    assert engine.cancel("a")
    assert ear.take() == [("closed", "a", 7), ("book", "ACME", (Level(Side.BUY, 200, 0),), ())]
    assert not engine.cancel("a")
    assert not engine.cancel("never seen")


def test_opening_again_takes_client_orders_out_and_leaves_the_market_alone() -> None:
    engine, ear = an_engine()
    engine.place("ACME", Side.BUY, 5, 200)
    engine.enter(limit("a", Side.BUY, 10, 200))
    engine.enter(limit("b", Side.SELL, 10, 404, "BOLT"))
    ear.take()
    engine.start()
    assert [heard[:3] for heard in ear.take() if heard[0] == "closed"] == [
        ("closed", "a", 10),
        ("closed", "b", 10),
    ]
    assert [image.levels for image in engine.image()] == [(Level(Side.BUY, 200, 5),), ()]


steps = st.tuples(
    st.sampled_from(["client", "client", "participant", "cancel"]),
    st.sampled_from(list(Side)),
    st.integers(1, 20),
    st.integers(97, 103).map(lambda ticks: 2 * ticks),
    st.sampled_from(["limit", "ioc", "market"]),
)


@given(st.lists(steps, max_size=40))
@settings(max_examples=examples(100))
def test_every_lot_of_a_client_is_executed_closed_or_still_resting(
    story: list[tuple[str, Side, int, int, str]],
) -> None:
    engine, ear = an_engine()
    ordered: dict[str, int] = {}
    for number, (who, side, lots, price, kind) in enumerate(story):
        if who == "participant":
            engine.place("ACME", side, lots, None if kind == "market" else price)
            engine.publish("ACME")
        elif who == "cancel":
            engine.cancel(str(lots))
        else:
            ord_type = OrdType.MARKET if kind == "market" else OrdType.LIMIT
            time_in_force = TimeInForce.IOC if kind == "ioc" else TimeInForce.DAY
            ordered[str(number)] = lots
            engine.enter(NewOrderSingle(str(number), "", "ACME", side, lots, ord_type, time_in_force, price))
    heard = ear.take()
    for name, lots in ordered.items():
        mine = [h for h in heard if h[1] == name]
        executed = sum(h[2] for h in mine if h[0] == "executed")
        closed = sum(h[2] for h in mine if h[0] == "closed")
        ear.take()
        assert engine.cancel(name) == (executed + closed < lots)
        resting = sum(h[2] for h in ear.take() if h[0] == "closed")
        assert executed + closed + resting == lots
        assert mine[0] == ("accepted", name)
