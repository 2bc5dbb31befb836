"""The chapter's figure 10.3: how near the three stacks come, and what the text says of it that is not so."""

from functools import cache

import numpy as np

from squall.scenarios.estimate import nearest_rank
from squall.scenarios.figure import FIGURE_NS, FITTED, RATES, beside, errors, lone_order_ns
from squall.scenarios.load import Arrivals, arrival_times
from squall.scenarios.order_path_model import passed_ns
from squall.scenarios.result import CapacityCurve, CapacityPoint, CapacitySla, DrawnCurve
from squall.scenarios.stacks import STACKS
from squall.sim.rng import Chance
from tests.profiles import PROFILE

ORDERS, SEEDS = {"ci": (12_000, 3), "nightly": (40_000, 20)}[PROFILE]
SECOND = 1_000_000_000


def p99_ns(name: str, rate: int, arrivals: Arrivals = Arrivals.BURSTY) -> int:
    """By the arithmetic, which the world equals to the nanosecond; its rare pauses apart."""
    times = [arrival_times(Chance(seed), arrivals, rate, ORDERS * SECOND // rate) for seed in range(SEEDS)]
    return nearest_rank(np.concatenate([passed_ns(STACKS[name], each) for each in times]), 99)


@cache
def drawn() -> tuple[DrawnCurve, ...]:
    curves = []
    for name in STACKS:
        points = tuple(CapacityPoint(rate, 0, p99_ns(name, rate), 0, (0, 0), 0.0, {}) for rate in RATES if rate)
        curves.append(CapacityCurve(name, None, points, CapacitySla("signal_to_wire_p99_ns", 100_000)))
    return beside(curves)


def test_the_stacks_come_as_near_to_the_figure_as_was_asked_for() -> None:
    """All 21 points: 15 % in the median, 35 % at most; and 20 % in the median of those that nothing was fitted to."""
    assert sum(len(curve.ours_ns) for curve in drawn()) == 21
    found = errors(drawn())
    assert found.near, found


def test_a_lone_order_is_what_the_figure_has_at_no_load() -> None:
    for name, stack in STACKS.items():
        assert abs(lone_order_ns(stack) / FIGURE_NS[name][0] - 1) < 0.05


def test_four_loads_were_fitted_and_three_were_held_out() -> None:
    assert [rate for rate in RATES if rate not in FITTED] == [500, 1_500, 2_500]
    assert all(curve.held_out == (500, 1_500, 2_500) for curve in drawn())


def test_the_curves_do_not_cross_where_the_text_says_erratum_49() -> None:
    """The text: 1,500, 2,200 and 2,800 orders/s. The figure beside it says otherwise, however it is read."""
    assert [curve.text_per_s for curve in drawn()] == [1_500, 2_200, 2_800]
    assert [round(curve.crossing_linear_per_s) for curve in drawn()] == [1_357, 1_600, 2_024]
    assert [round(curve.crossing_log_per_s) for curve in drawn()] == [1_396, 1_638, 2_034]


def test_poisson_load_does_not_reach_the_figure() -> None:
    """At 3,000 orders/s each waits for a microsecond or two: without bursts there is nothing to see."""
    for name in STACKS:
        assert p99_ns(name, 3_000, Arrivals.POISSON) < 0.03 * FIGURE_NS[name][-1]


def test_one_point_that_is_far_off_is_seen() -> None:
    first, *others = drawn()
    off = DrawnCurve(**{f: getattr(first, f) for f in first.__struct_fields__} | {"ours_ns": (1, *first.ours_ns[1:])})
    assert not errors((off, *others)).near
