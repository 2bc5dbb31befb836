"""A fit to measurements finds again what they were made with, says how good it is, and its intervals cover."""

from collections.abc import Sequence
from functools import cache

import msgspec
import numpy as np
import pytest

from squall.reports.fit import COLUMNS, ends, fit_csv, fit_figure, parameter, prediction, quality, render_fit
from squall.scenarios.burst_queue import BurstQueue, percentiles
from squall.scenarios.capacity import parse_sla
from squall.scenarios.estimate import nearest_rank
from squall.scenarios.fit import fit_measurements, held_out
from squall.scenarios.load import BURSTS, Arrivals, arrival_times
from squall.scenarios.measurements import Measurement
from squall.scenarios.order_path import OrderPath
from squall.scenarios.order_path_model import passed_ns
from squall.scenarios.result import CapacityFit, FitParameter, FitPrediction
from squall.scenarios.stacks import STACKS
from squall.sim.core import LOCAL_HOP_NS
from squall.sim.rng import Chance
from tests.profiles import PROFILE

SECOND = 1_000_000_000
RATES = (250, 500, 750, 1_000, 1_250, 1_500, 1_750, 2_000, 2_250)
BEYOND = (2_500, 3_000, 4_000)
SEEDS, NAMES = {"ci": (2, ("kernel-bypass",)), "nightly": (20, tuple(STACKS))}[PROFILE]
BURSTY = BurstQueue(10_000, 1_200, 1.5e-3, 60, 15_000, 0.25, 0.05)


def found(fit: CapacityFit) -> dict[str, FitParameter]:
    return {each.name: each for each in fit.parameters}


def times(rate: int, seed: int, bursts: int) -> list[int]:
    return arrival_times(Chance(seed), Arrivals.BURSTY, rate, int(bursts / BURSTS.per_s * SECOND))


def measured(rate: float, latencies: np.ndarray) -> Measurement:
    return Measurement(rate, nearest_rank(latencies, 50), nearest_rank(latencies, 99), len(latencies))


def of_the_model(queue: BurstQueue, rates: Sequence[float]) -> list[Measurement]:
    said = percentiles(queue, np.array(rates, dtype=float))
    return [Measurement(*point, 10_000) for point in zip(rates, said.p50_ns, said.p99_ns, strict=True)]


@cache
def own() -> CapacityFit:
    return fit_measurements("own.csv", of_the_model(BURSTY, RATES), parse_sla("p99<100us"), BEYOND)


def test_from_what_the_model_itself_made_its_numbers_come_back() -> None:
    """Orders a burst and what each costs can be told apart only where they are few, and jitter only where none wait."""
    numbers = found(own())
    for name in BurstQueue.__struct_fields__:
        near = 0.03 if name in ("lone_ns", "unevenness") else 0.2
        assert numbers[name].value == pytest.approx(getattr(BURSTY, name), rel=near), name
    assert numbers["contention"].value == pytest.approx(BURSTY.contention, rel=0.15)
    assert own().errors.held_out_largest < 0.02
    beyond = percentiles(BURSTY, np.array(BEYOND, dtype=float))
    for each, p50_ns, p99_ns in zip(own().predictions, beyond.p50_ns, beyond.p99_ns, strict=True):
        assert (each.p50_ns, each.p99_ns) == (pytest.approx(p50_ns, rel=0.05), pytest.approx(p99_ns, rel=0.05))


def test_of_a_textbook_s_queue_it_finds_the_service_the_end_and_no_bursts() -> None:
    """M/M/1 with a mean service of 10 µs: sampled up to a load of 0.7, predicted at 0.9, over at 1."""
    draws = np.random.Generator(np.random.PCG64(1))
    points = []
    for load in (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        latencies = (draws.exponential(10_000 / (1 - load), 5_000)).astype(np.int64)
        points.append(measured(load * 1e5, latencies))
    fit = fit_measurements("mm1.csv", points, None, (9e4, 1.1e5))
    assert found(fit)["contention"].value > 0.95
    assert found(fit)["contention"].ci is not None
    assert found(fit)["lasts_ns"].ci is None, "without bursts, nothing is to be seen of how long they last"
    assert fit.saturates_per_s == pytest.approx(1e5, rel=0.06)
    near, over = fit.predictions
    assert near.p99_ci_ns[1] is not None
    assert near.p99_ci_ns[0] < np.log(100) * 1e5 < near.p99_ci_ns[1]
    assert (over.p50_ns, over.p99_ns) == (None, None)


def test_from_what_the_order_path_world_made_it_finds_its_bursts_and_its_bottleneck() -> None:
    """Of the world's six programs the OMS is the one that orders wait for, twice each."""
    stack, bursts = STACKS["lock-free"], 192
    points = []
    for number, rate in enumerate(RATES[1:]):
        path = OrderPath(stack, times(rate, number, bursts), int(bursts / BURSTS.per_s * SECOND), number)
        points.append(measured(rate, path.run().latency_ns))
    fit = fit_measurements("world.csv", points, parse_sla("p99<100us"), BEYOND)
    numbers = found(fit)
    lone_ns = 6 * (stack.service_ns + stack.wake_up_ns) + 5 * LOCAL_HOP_NS
    assert numbers["lone_ns"].value == pytest.approx(lone_ns, rel=0.06)
    assert numbers["service_ns"].value == pytest.approx(2 * (stack.service_ns + LOCAL_HOP_NS), rel=0.5)
    assert numbers["bursts_per_s"].value == pytest.approx(BURSTS.per_s, rel=0.5)
    assert numbers["unevenness"].value == pytest.approx(BURSTS.sigma, rel=0.3)
    assert fit.errors.held_out_median < 0.15


@cache
def truth_ns(name: str, rate: int) -> int:
    """Of many bursts: the p99 is decided in the largest 64th of them, and of eight such it was seen to be 40 % off."""
    return nearest_rank(passed_ns(STACKS[name], times(rate, 10**6 + rate, 64 * 16)), 99)


@pytest.mark.parametrize("name", NAMES)
def test_the_interval_beyond_what_was_measured_covers_what_comes(name: str) -> None:
    """Of 95 % intervals at up to 1.8 times the highest load; by the arithmetic, which the world equals."""
    covered = []
    for seed in range(SEEDS):
        points = [measured(rate, passed_ns(STACKS[name], times(rate, 1_000 * seed + rate, 128))) for rate in RATES]
        for each in fit_measurements("m.csv", points, None, BEYOND).predictions:
            low, high = each.p99_ci_ns
            covered.append(low <= truth_ns(name, int(each.rate_per_s)) <= (high or float("inf")))
    assert sum(covered) >= 0.9 * len(covered), covered


def test_it_is_said_which_points_were_held_out_and_the_highest_is_one() -> None:
    assert held_out(6) == (1, 5)
    assert held_out(9) == (1, 4, 8)
    assert [p.rate_per_s for p in own().points if p.held_out] == [500, 1_250, 2_250]


def test_a_point_that_is_far_off_is_seen_in_the_errors() -> None:
    points = of_the_model(BURSTY, RATES[:6])
    points[1] = msgspec.structs.replace(points[1], p99_ns=10 * points[1].p99_ns)
    assert fit_measurements("off.csv", points).errors.held_out_largest > 0.8


def test_latencies_that_fall_with_load_are_said_not_to_be_described() -> None:
    rates = (100, 400, 900, 1_600, 2_500, 3_600)
    points = [Measurement(rate, 10_000_000 // rate, 40_000_000 // rate, 10_000) for rate in rates]
    fit = fit_measurements("falls.csv", points)
    assert not fit.errors.describes
    assert "does not describe these points" in quality(fit)[-1]
    assert own().errors.describes
    assert len(quality(own())) == 2


# --- its reports ---------------------------------------------------------------------------------------


def test_the_csv_has_a_line_a_point_and_a_prediction() -> None:
    head, *lines = fit_csv(own()).splitlines()
    assert head.split(",") == list(COLUMNS)
    kinds = [line.split(",")[0] for line in lines]
    assert [kinds.count(kind) for kind in ("fitted", "held out", "predicted")] == [6, 3, 3]
    assert all(line.count(",") == len(COLUMNS) - 1 for line in lines)


def test_the_page_draws_points_curve_band_what_was_held_out_and_the_crossing() -> None:
    fit = own()
    assert fit.sla is not None
    assert fit.sla.crossing_per_s is not None
    drawn = {trace["name"]: trace for trace in fit_figure(fit)["data"] if "name" in trace}
    assert drawn["p99, held out"]["x"] == [500, 1_250, 2_250]
    assert drawn["p99, held out"]["marker"]["symbol"] == "circle-open"
    assert drawn["passes 100 µs"]["x"] == [fit.sla.crossing_per_s]
    assert max(drawn["p99, model"]["x"]) == 4_000
    (band,) = [trace for trace in fit_figure(fit)["data"] if trace.get("fill") == "toself"]
    assert len(band["x"]) == 2 * len(fit.curve)
    assert render_fit(fit) == render_fit(fit)
    low, high = (each.p99_ns for each in (fit.curve[0], fit.curve[-1]))
    assert low is not None
    assert high is not None
    assert low < 100_000 < high


def test_an_sla_that_is_kept_or_missed_everywhere_is_said_so_and_has_no_crossing() -> None:
    for text, said in (("p99<1s", "kept up to 4,000 orders/s"), ("p99<1us", "broken at the lowest rate already, 250")):
        fit = msgspec.structs.replace(own(), sla=parse_sla(text))
        assert said in ends(fit)[0]


def test_what_is_not_known_is_said_in_words() -> None:
    assert parameter(FitParameter("lasts_ns", 5e3, None)) == ("5 µs", "not to be seen in these points")
    assert prediction(FitPrediction(1.0, None, None, (5_000, None))) == ("–", "does not keep up", "from 5 µs on")
    assert prediction(FitPrediction(1.0, 1, 2, (1, None)))[2] == "1 ns or more, or it does not keep up"
    nowhere = msgspec.structs.replace(own(), sla=None, saturates_per_s=None)
    assert ends(nowhere) == ["Where it no longer keeps up cannot be told from these points."]
