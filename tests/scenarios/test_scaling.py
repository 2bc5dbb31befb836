"""More symbols, strategies and shards: costs come from what happens, and agree with what theory knows of them."""

from collections import OrderedDict
from io import StringIO
from random import Random

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from rich.console import Console

from squall.cli import cli
from squall.reports.scaling import law_words, render_scaling, scaling_csv, scaling_json, scaling_table
from squall.scenarios.capacity import CapacityError, parse_sla
from squall.scenarios.load import Arrivals, arrival_times
from squall.scenarios.order_path import DESK, OrderPath, Passed
from squall.scenarios.result import CapacityCurve, Scaling, ScalingPoint
from squall.scenarios.scaling import By, demands_ns, miss_share, parse_counts, usl_of
from squall.scenarios.split_path import CACHED_SYMBOLS, MISS_NS, Floor, SplitPath, names_of
from squall.scenarios.stacks import STACKS
from squall.scenarios.study import Asked, Effort, measure_point, saturated
from squall.sim.rng import Chance
from squall.system.config import SECOND

BARE = replace(STACKS["lock-free"], wake_up_ns=0, coherency=0.0, pause_every_ns=0)
"""Stations that only serve: what theory is about."""


def passed(floor: Floor, rate_per_s: float, orders: int = 1_500) -> Passed:
    for_ns = int(orders * SECOND / rate_per_s)
    times = arrival_times(Chance(5), Arrivals.POISSON, rate_per_s, for_ns)
    return SplitPath(BARE, times, for_ns, 5, floor=floor).run()


# --- the world ---


def test_with_one_of_each_it_is_the_order_path_to_the_nanosecond() -> None:
    stack = STACKS["baseline"]
    for_ns = SECOND // 4
    times = arrival_times(Chance(7), Arrivals.BURSTY, 3_000, for_ns)
    one, other = OrderPath(stack, times, for_ns, 7).run(), SplitPath(stack, times, for_ns, 7).run()
    assert (one.latency_ns == other.latency_ns).all()
    assert one.utilisation == other.utilisation


@pytest.mark.parametrize("floor", [Floor(symbols=64), Floor(64, 4, 2), Floor(64, 1, 4), Floor(1_000, 2, 3, skew=1.0)])
def test_how_busy_each_station_is_is_load_times_demand(floor: Floor) -> None:
    """The utilisation law, U = X·D: measured on the left, closed form on the right."""
    demands = demands_ns(BARE, floor)
    rate = 0.5 * SECOND / max(demands.values())
    run = passed(floor, rate, orders=3_000)
    arrived = len(run.latency_ns) * SECOND / run.loaded_ns
    cold = MISS_NS * min(floor.symbols, CACHED_SYMBOLS) / run.loaded_ns
    """At the beginning a cache is empty, which no demand in the long run knows of."""
    for station, demand in demands.items():
        busy = max(run.utilisation[name] for name in names_of(station, floor))
        expected = arrived * demand / SECOND
        assert 0.94 * expected <= busy <= 1.06 * expected + cold, station


@pytest.mark.parametrize("shards", [1, 3])
def test_the_bottleneck_law_says_what_shards_can_take(shards: int) -> None:
    floor = By.SHARDS.floor(shards)
    law = SECOND / max(demands_ns(BARE, floor).values())
    assert not saturated(passed(floor, 0.9 * law))
    assert saturated(passed(floor, 1.2 * law))


def test_as_shards_grow_the_bottleneck_moves_from_the_oms_to_what_they_share() -> None:
    busiest = []
    for shards in (1, 4):
        used = passed(By.SHARDS.floor(shards), 400_000).utilisation
        busiest.append(max(used, key=lambda name: used[name]))
    assert busiest == ["oms", "router"]


def test_signals_that_are_split_at_random_make_each_strategy_an_m_d_1_queue() -> None:
    """The mean number there is ρ + ρ²/(2(1 − ρ)), by Pollaczek and Khinchine; each has its share of the load."""
    strategies, rho = 3, 0.6
    rate = strategies * rho * SECOND / BARE.service_ns
    for_ns = int(12_000 * SECOND / rate)
    times = arrival_times(Chance(5), Arrivals.POISSON, rate, for_ns)
    path = SplitPath(BARE, times, for_ns, 5, floor=Floor(strategies=strategies))
    path.run()
    there = sum(path.world.host(DESK).cores[f"strategy{n}"].count() for n in (1, 2, 3)) / for_ns  # type: ignore[attr-defined]
    assert there == pytest.approx(strategies * (rho + rho**2 / (2 * (1 - rho))), rel=0.06)


# --- theory ---


def misses_one_by_one(shares: list[float], room: int, draws: int) -> float:
    """The obviously right reference: a cache, and symbols drawn one after the other."""
    cache: OrderedDict[int, None] = OrderedDict()
    missed = 0
    for number, symbol in enumerate(Random(3).choices(range(len(shares)), shares, k=2 * draws)):
        missed += symbol not in cache and number >= draws
        cache[symbol] = None
        cache.move_to_end(symbol)
        if len(cache) > room:
            cache.popitem(last=False)
    return missed / draws


@pytest.mark.parametrize(("symbols", "skew"), [(300, 0.0), (1_000, 0.0), (1_000, 1.0), (4_000, 1.2)])
def test_how_often_a_cache_misses_is_what_it_does(symbols: int, skew: float) -> None:
    shares = Floor(symbols=symbols, skew=skew).shares()
    assert miss_share(shares, 256, 0, "strategy") == pytest.approx(misses_one_by_one(shares, 256, 20_000), abs=0.015)


def test_the_universal_scalability_law_is_found_where_it_holds() -> None:
    curve = [(n, n * 1_000 / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1))) for n in (1, 2, 4, 8)]
    assert usl_of(curve) == (pytest.approx(0.05, abs=1e-5), pytest.approx(0.002, abs=1e-5))
    assert usl_of([(1, 1_000), (2, 1_000), (4, 1_000), (8, 1_000)]) == (pytest.approx(1.0), 0.0)
    assert usl_of(curve[1:]) == usl_of(curve[:2]) == (None, None)


# --- what is asked, and what is told ---


@pytest.mark.parametrize("text", ["", "1,x", "2,1", "0,1", "1,1", "1,65"])
def test_counts_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(CapacityError, match="--counts"):
        parse_counts(text, By.SHARDS)


@pytest.mark.parametrize("field", ["symbols", "strategies", "shards", "skew"])
def test_a_floor_without_any_of_something_is_refused_by_its_name(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Floor(**{field: -1})


def test_a_curve_of_a_split_desk_is_measured_like_any_other() -> None:
    asked = Asked((2_000,), parse_sla("p99<100us"), 1, effort=Effort(0.9, 5, 5, 200), floor=Floor(64, 1, 2))
    point = measure_point("lock-free", 2_000, asked).point
    assert point.replications == 5
    assert {"oms1", "oms2", "risk2", "router"} <= set(point.utilisation)


def told() -> Scaling:
    points = tuple(
        ScalingPoint(count, 1_000.0 * count, busiest, {"oms": 0.5, "router": 0.4 + 0.1 * count}, 2_000.0, 500.0)
        for count, busiest in ((1, "oms"), (2, "oms"), (4, "router"))
    )
    return Scaling("shards", "lock-free", points, 0.01, 0.002)


def test_words_json_csv_and_page_tell_where_the_bottleneck_moves() -> None:
    scaling = told()
    curves = (CapacityCurve("lock-free, so many shards", None, (), parse_sla("p99<100us")),) * 3
    assert law_words(scaling).startswith("With 1 the oms gives way first; from 4 on the router gives way first.")
    assert scaling_json(curves, scaling)["scaling"] is scaling
    assert scaling_csv(curves, scaling).splitlines()[-1] == "4,4000.0,router,0.8,2000.0,500.0,"
    out = StringIO()
    scaling_table(curves, scaling, Console(file=out, width=100))
    assert [line.split()[-1] for line in out.getvalue().splitlines() if "so many shards" in line][:1] == ["kept"]
    page = render_scaling(curves, scaling)
    assert "from 4 on the router gives way first" in page
    assert "bottleneck law" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("by", "shards", "--counts", "4,2"), "--counts 4,2: expected rising numbers above zero"),
        (("by", "shards", "--profile", "fast"), "--profile fast: no such stack"),
        (("by", "venues"), "'venues' is not one of"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(cli, ["capacity", *words])
    assert result.exit_code == 2
    assert said in result.output
