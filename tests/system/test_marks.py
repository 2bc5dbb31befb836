"""Marks: the middle of the best touch that is believed."""

from squall.system.domain.ids import Symbol
from squall.system.domain.marks import marks_of, twice_the_middle
from squall.system.domain.messages import PriceMark

ACME, BOLT = Symbol("ACME"), Symbol("BOLT")


def test_the_middle_is_between_the_best_bid_and_the_best_ask_of_all_venues() -> None:
    assert twice_the_middle([(198, 5, 204, 5), (200, 5, 206, 5)]) == 200 + 204


def test_a_side_that_is_empty_everywhere_leaves_no_middle() -> None:
    assert twice_the_middle([(198, 5, 0, 0), (200, 5, 0, 0)]) == 0
    assert twice_the_middle([(198, 5, 0, 0), (0, 0, 202, 5)]) == 400
    assert twice_the_middle([]) == 0


def test_only_what_has_a_middle_has_a_mark() -> None:
    believed = [(ACME, (198, 5, 202, 5)), (BOLT, (198, 5, 0, 0)), (ACME, (199, 5, 203, 5))]
    assert marks_of(believed) == (PriceMark(ACME, 401),)
