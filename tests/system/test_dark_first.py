"""Algorithms, router and gateway with an order that goes to the dark first: from the parent to what each leg bears."""

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side, TimeInForce
from squall.system.config import SECOND, AlgosConfig, DeskConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import (
    Algorithm,
    CancelOrder,
    ChildMoved,
    ChildState,
    OrderTaken,
    ParentOutcome,
    SubmitOrder,
    UnsentReason,
)
from squall.system.domain.routing import Choice, choose_dark
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.scenarios.stages import route
from tests.system.test_algos_service import CONFIG, PARENT, Rig, order

ACME, POOL, A = Symbol("ACME"), Venue("dark-pool"), Venue("exchange-a")
WIRING = Wiring(
    instruments=(Instrument(ACME),),
    venues=(VenueRoute(A, "exchange-a", (ACME,)), VenueRoute(POOL, "dark-pool", (ACME,), dark=True)),
    algos="algos",
    clients="clients",
)
DARK = order(algorithm=Algorithm.DARK_FIRST, quantity_lots=300)


def running(config: DeskConfig = CONFIG, lots: int = 300) -> Rig:
    rig = Rig(config, WIRING)
    rig.lead()
    rig.tick()
    rig.take(replace(DARK, quantity_lots=lots))
    return rig


def told(rig: Rig, number: int, lots: int, filled: int, ended: bool) -> None:
    name = ClOrdID(f"{PARENT}.{number}")
    rig.hear("oms1", ChildMoved(PARENT, ChildState(name, lots, filled, filled * 20_000, ended)))


def legs(rig: Rig) -> list[tuple[Venue | None, int, TimeInForce, int]]:
    return [(each.venue, each.quantity_lots, each.time_in_force, each.min_lots) for each in rig.children()]


def taken_back(rig: Rig) -> list[ClOrdID]:
    """Once its time in the dark is over."""
    rig.hear("oms1", OrderTaken(ClOrdID(f"{PARENT}.1")))
    rig.pass_time(2 * SECOND)
    return [each.cl_ord_id for each in rig.runtime.take(CancelOrder)]


def test_all_of_a_large_order_rests_in_the_dark_and_the_rest_goes_to_the_light_once_its_end_is_confirmed() -> None:
    rig = running()
    assert legs(rig) == [(POOL, 300, TimeInForce.DAY, 30)]
    assert taken_back(rig) == [f"{PARENT}.1"]
    assert legs(rig) == []
    told(rig, 1, 300, 120, ended=False)  # the pool trades while it is taken back
    assert legs(rig) == []
    told(rig, 1, 300, 150, ended=True)
    assert legs(rig) == [(A, 150, TimeInForce.IOC, 0)]
    assert ProtectionActed("algos.await_end", PARENT) in rig.runtime.claims


def test_without_the_protection_the_rest_is_routed_on_at_once() -> None:
    rig = running(replace(CONFIG, algos=replace(CONFIG.algos, await_end=False)))
    legs(rig)
    taken_back(rig)
    assert legs(rig) == [(A, 300, TimeInForce.IOC, 0)]


def test_a_pool_that_does_not_confirm_is_asked_again() -> None:
    rig = running()
    legs(rig)
    assert len(taken_back(rig)) == 1
    rig.pass_time(3 * SECOND)
    assert len(rig.runtime.take(CancelOrder)) == 3
    assert legs(rig) == []


def test_one_that_the_pool_fills_whole_is_done() -> None:
    rig = running()
    legs(rig)
    told(rig, 1, 300, 300, ended=True)
    (done,) = rig.done
    assert (done.outcome, done.filled_lots) == (ParentOutcome.FILLED, 300)


def test_one_that_no_pool_has_taken_goes_to_the_light_at_once() -> None:
    rig = running()
    legs(rig)
    told(rig, 1, 300, 0, ended=True)
    assert legs(rig) == [(A, 300, TimeInForce.IOC, 0)]


def test_a_small_order_goes_to_the_light_at_once() -> None:
    assert legs(running(lots=99)) == [(A, 99, TimeInForce.IOC, 0)]


def test_what_a_leg_brings_back_goes_on_when_its_venue_shows_something_new() -> None:
    rig = running(lots=90)
    assert legs(rig) == [(A, 90, TimeInForce.IOC, 0)]
    rig.tick()
    told(rig, 1, 90, 40, ended=True)
    assert legs(rig) == [(A, 50, TimeInForce.IOC, 0)]
    told(rig, 2, 50, 0, ended=True)
    assert legs(rig) == [], "the same quote as before: it has been asked"
    rig.pass_time(2 * SECOND)
    assert legs(rig) == [(A, 50, TimeInForce.IOC, 0)]


def test_a_restart_goes_on_with_what_is_in_the_dark_and_takes_it_back_in_its_time() -> None:
    rig = running()
    legs(rig)
    rig.hear("oms1", OrderTaken(ClOrdID(f"{PARENT}.1")))
    rig.pass_time(SECOND)
    rig.start()
    rig.lead()
    rig.hear("oms1", OrderTaken(PARENT))
    rig.hear("oms1", OrderTaken(ClOrdID(f"{PARENT}.1")))
    rig.tick()
    told(rig, 1, 300, 50, ended=False)
    rig.runtime.take(SubmitOrder)
    rig.pass_time(SECOND)
    assert [each.cl_ord_id for each in rig.runtime.take(CancelOrder)] == [f"{PARENT}.1"]
    told(rig, 1, 300, 60, ended=True)
    assert legs(rig) == [(A, 240, TimeInForce.IOC, 0)]


def test_what_has_ended_in_the_dark_is_not_told_to_the_next_leader_again() -> None:
    rig = running()
    legs(rig)
    taken_back(rig)
    told(rig, 1, 300, 60, ended=True)
    rig.lose()
    rig.lead("oms2")
    assert f"{PARENT}.1" not in [each.cl_ord_id for each in rig.runtime.take(CancelOrder, "oms2")]


def test_at_the_parents_end_what_rests_is_asked_for_until_it_is_over() -> None:
    rig = running(replace(CONFIG, algos=AlgosConfig(day_ns=1_000 * SECOND, dark_patience_ns=20 * SECOND)))
    legs(rig)
    rig.hear("oms1", OrderTaken(ClOrdID(f"{PARENT}.1")))
    rig.pass_time(13 * SECOND)
    assert len([each for each in rig.runtime.take(CancelOrder) if each.cl_ord_id == f"{PARENT}.1"]) > 1
    told(rig, 1, 300, 10, ended=True)
    (done,) = rig.done
    assert (done.outcome, done.filled_lots) == (ParentOutcome.OVER, 10)


# --- the router ---


def test_a_leg_for_the_dark_goes_there_or_nowhere() -> None:
    leg = replace(route("a", 1), venue=POOL, min_lots=3)
    assert choose_dark(leg, POOL, True) == Choice(POOL, 10, 20_000, 0, False)
    assert choose_dark(leg, POOL, False) is UnsentReason.NO_VENUE
    assert leg.side is Side.BUY
