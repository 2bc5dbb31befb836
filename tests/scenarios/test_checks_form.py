"""The promise about the form of what leaves the desk: where it holds, and where it fires."""

from squall.scenarios.checks.form import well_formed
from tests.scenarios.stages import Tale, fired, held


def test_orders_that_venues_take_are_well_formed() -> None:
    tale = Tale()
    judge = tale.judge(well_formed())
    tale.accepted("o-1")
    assert held(judge.ruling())


def test_it_fires_where_a_venue_refuses_an_order_for_its_price() -> None:
    tale = Tale()
    judge = tale.judge(well_formed())
    tale.refused("o-1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "exchange-a refused o-1: invalid price"
