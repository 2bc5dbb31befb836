"""A capacity study: it stops when it is sure or has spent what it may, and says which; it finds where the SLA ends."""

import msgspec
import pytest

from squall.faults.fault import Planned
from squall.faults.hardware import CoreThrottled
from squall.reports.capacity import COLUMNS, capacity_csv, latency_figure, parts_figure, render_capacity
from squall.reports.summary import crossing_words
from squall.scenarios.capacity import parse_sla
from squall.scenarios.load import Arrivals
from squall.scenarios.result import CapacityCurve, Stopped
from squall.scenarios.study import Asked, Effort, interpolated, measure_point, study

MILLISECOND = 1_000_000
BRIEF = Effort(tight=0.15, least=5, most=6, orders=400)


def asked(sla: str = "p99<100us", **more: object) -> Asked:
    return msgspec.structs.replace(Asked((1_000, 2_000, 3_000), parse_sla(sla), 1, effort=BRIEF), **more)


def test_it_stops_when_the_interval_is_tight_and_not_before_the_least_replications() -> None:
    found = measure_point("kernel-bypass", 500, asked(effort=msgspec.structs.replace(BRIEF, tight=5.0))).point
    assert (found.stopped, found.replications) == (Stopped.TIGHT, 5)
    low, high = found.p99_ci_ns
    assert low <= found.p99_ns <= high
    assert found.p50_ns <= found.p99_ns <= found.p999_ns


def test_it_stops_when_all_is_spent_and_says_so() -> None:
    found = measure_point("baseline", 3_000, asked(effort=msgspec.structs.replace(BRIEF, tight=0.001))).point
    assert (found.stopped, found.replications) == (Stopped.BUDGET, 6)


def test_more_than_can_be_served_is_marked_and_not_averaged_away() -> None:
    found = measure_point("baseline", 2_000_000, asked(arrivals=Arrivals.POISSON)).point
    assert found.stopped is Stopped.SATURATED
    assert found.throughput_per_s < 1_000_000
    assert found.bottleneck == "oms", "every order passes it twice"
    assert found.utilisation["oms"] > 0.5


def test_the_bottleneck_is_the_core_that_was_measured_to_be_busiest() -> None:
    found = measure_point("lock-free", 2_000, asked()).point
    assert found.bottleneck == max(found.utilisation, key=lambda name: found.utilisation[name])


def test_the_time_of_the_order_at_the_99th_percentile_is_told_by_parts() -> None:
    found = measure_point("baseline", 3_000, asked()).point
    assert sum(found.p99_parts_ns.values()) == pytest.approx(found.p99_ns, rel=0.5)
    assert found.p99_parts_ns["queue"] > found.p99_parts_ns["service"]


def test_the_load_where_the_sla_ends_is_found_between_the_rates_with_its_interval() -> None:
    (curve,) = study(("baseline",), asked(sla="p99<150us")).curves
    crossing, interval = curve.sla.crossing_per_s, curve.sla.crossing_ci_per_s
    assert crossing is not None
    assert interval is not None
    assert 1_000 < crossing < 3_000
    assert interval[0] <= crossing <= interval[1]
    just_below = measure_point("baseline", crossing * 0.9, asked(sla="p99<150us")).point
    assert just_below.p99_ns < 150_000 * 1.15


@pytest.mark.parametrize(
    ("sla", "said"),
    [
        ("p99<1us", "broken at the first rate already, 1,000 orders/s, and at 3 of 3 rates tried."),
        ("p99<1s", "kept at every rate tried."),
    ],
)
def test_an_sla_that_is_missed_everywhere_or_nowhere_has_no_crossing_and_that_is_said(sla: str, said: str) -> None:
    (curve,) = study(("kernel-bypass",), asked(sla)).curves
    assert curve.sla.crossing_per_s is None
    assert curve.sla.crossing_ci_per_s is None
    assert crossing_words(curve).endswith(said)


def test_a_study_under_a_plan_is_slower_than_one_without_and_its_curve_bears_the_plan() -> None:
    plan = (Planned(CoreThrottled("desk", 20.0), 0, 10_000 * MILLISECOND),)
    small = {"rates": (1_000,), "effort": msgspec.structs.replace(BRIEF, most=5, orders=100)}
    measured = study(("lock-free",), asked(plan=plan, plan_name="hot.toml", **small))
    healthy = study(("lock-free",), asked(**small))
    assert measured.flaws == ()
    assert measured.curves[0].plan == "hot.toml"
    assert measured.curves[0].points[0].p99_ns > 5 * healthy.curves[0].points[0].p99_ns


def test_a_study_in_two_processes_is_the_study_in_one() -> None:
    small = asked(rates=(500, 1_000), effort=msgspec.structs.replace(BRIEF, orders=60))
    assert study(("lock-free", "kernel-bypass"), small, jobs=2) == study(("lock-free", "kernel-bypass"), small, jobs=1)


@pytest.mark.parametrize(
    ("points", "crossing"),
    [
        ([(100, 50), (200, 200)], 150.0),
        ([(100, 50), (200, 90)], None),
        ([(100, 100), (200, 200)], None),
        ([(0, 10), (100, 100)], 100.0),
        ([], None),
    ],
)
def test_between_points_a_curve_is_straight_on_a_log_axis(points: list[tuple[float, int]], crossing: float) -> None:
    assert interpolated(points, 100) == crossing


def test_an_effort_without_an_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 5 ≤ least ≤ most, found 4, 9"):
        Effort(least=4, most=9)


# --- its reports ---------------------------------------------------------------------------------------


def curves() -> tuple[CapacityCurve, ...]:
    return study(("lock-free", "kernel-bypass"), asked(effort=msgspec.structs.replace(BRIEF, orders=100))).curves


def test_the_page_draws_every_curve_its_band_the_limit_and_the_crossings() -> None:
    drawn = curves()
    figure = latency_figure(drawn)
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert [shape["y0"] for shape in figure["layout"]["shapes"]] == [100_000]
    named = [trace for trace in figure["data"] if "name" in trace]
    assert [trace["name"] for trace in named] == ["lock-free", "kernel-bypass"]
    assert [trace["y"] for trace in named] == [[point.p99_ns for point in curve.points] for curve in drawn]
    bands = [trace for trace in figure["data"] if trace.get("fill") == "toself"]
    assert len(bands) == 2
    crosses = [trace["x"] for trace in figure["data"] if trace.get("mode") == "markers"]
    assert crosses == [[c.sla.crossing_per_s] for c in drawn if c.sla.crossing_per_s is not None]
    page = render_capacity(drawn)
    assert page == render_capacity(drawn)
    assert "kernel-bypass" in page


def test_the_stacked_plot_has_every_part_of_every_point() -> None:
    drawn = curves()
    for trace in parts_figure(drawn)["data"]:
        expected = [point.p99_parts_ns[trace["name"]] / 1_000 for curve in drawn for point in curve.points]
        assert trace["y"] == expected


def test_the_csv_has_a_line_a_point() -> None:
    head, *lines = capacity_csv(curves()).splitlines()
    assert head.split(",") == list(COLUMNS)
    assert len(lines) == 6
    assert all(len(line.split(",")) == len(COLUMNS) for line in lines)
