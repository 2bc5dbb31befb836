"""Loads at which a desk does not come back: where theory says, and not where a protection keeps repeats in bounds."""

import json
from io import StringIO

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from rich.console import Console

from squall.cli import cli
from squall.faults.fault import during
from squall.faults.host import Pause
from squall.reports.metastable import (
    metastable_csv,
    metastable_json,
    metastable_table,
    region_words,
    regions,
    render_metastable,
)
from squall.scenarios.load import Arrivals
from squall.scenarios.metastable import Trial, study_metastable
from squall.scenarios.order_path import LATE_NS, OrderPath
from squall.scenarios.result import Metastable, Region
from squall.scenarios.retry_path import Retry, RetryPath
from squall.scenarios.stacks import STACKS
from squall.system.config import MICROSECOND, MILLISECOND

BARE = replace(STACKS["lock-free"], wake_up_ns=0, coherency=0.0, pause_every_ns=0)
"""An order takes the OMS 1,120 ns in all: it serves 893,000 a second, or half as many twice."""
ONCE = Retry(100 * MICROSECOND, most=1)


def region(rate_per_s: float, retry: Retry) -> Region:
    trial = Trial(
        before_ns=1 * MILLISECOND,
        pause_ns=500 * MICROSECOND,
        within_ns=3 * MILLISECOND,
        retry=retry,
        arrivals=Arrivals.POISSON,
        replications=1,
    )
    (point,) = study_metastable("bare", (rate_per_s,), trial, stack=BARE).points
    return point.region


@pytest.mark.parametrize(
    ("rate_per_s", "expected"), [(380_000, Region.STABLE), (520_000, Region.VULNERABLE), (960_000, Region.OVERLOADED)]
)
def test_who_repeats_once_is_vulnerable_from_half_of_what_the_desk_can_serve(rate_per_s: int, expected: Region) -> None:
    """Where every order is sent twice, the load is twice the load: λ < μ/2 comes back, μ/2 < λ < μ may not."""
    assert region(rate_per_s, ONCE) is expected


@pytest.mark.parametrize(
    "retry",
    [replace(ONCE, most=0), replace(ONCE, budget_percent=10), replace(ONCE, most_inside=60)],
    ids=["nothing is repeated", "a budget for repeats", "turned away at the door"],
)
def test_what_bounds_the_repeats_brings_it_back(retry: Retry) -> None:
    assert region(520_000, retry) is Region.STABLE


def test_queues_that_cost_more_the_longer_they_are_stay_down_at_the_loads_of_the_figure() -> None:
    trial = Trial(before_ns=200 * MILLISECOND, pause_ns=200 * MILLISECOND, within_ns=400 * MILLISECOND, replications=1)
    found = study_metastable("lock-free", (1_000, 3_000), trial)
    assert [point.region for point in found.points] == [Region.STABLE, Region.VULNERABLE]
    assert found.points[1].sends_per_order_after > 3
    kept = study_metastable("lock-free", (3_000,), replace(trial, retry=Retry(budget_percent=10)))
    assert kept.points[0].region is Region.STABLE


def test_without_repeats_or_a_trigger_it_is_the_order_path() -> None:
    times = list(range(0, 1_000_000, 900))
    one = OrderPath(BARE, times, 1_000_000, 3).run()
    other = RetryPath(BARE, times, 1_000_000, 3, retry=Retry(most=0)).run()
    assert (one.latency_ns == other.latency_ns).all()


def test_a_copy_too_many_is_turned_away_and_the_first_on_the_wire_is_the_answer() -> None:
    times = [0, 1, 2]
    path = RetryPath(BARE, times, 1_000_000, 3, retry=Retry(1_000, most=5, most_inside=2))
    latency_ns = path.run().latency_ns
    assert path.turned_away > 0
    assert (latency_ns[:2] < LATE_NS).all()
    assert path.sends[0] > 1, "an answer takes longer than 1 µs, so it is repeated"


def test_a_plan_may_be_the_trigger_and_has_to_leave_time_before_it() -> None:
    plan = (during(2 * MILLISECOND, 3 * MILLISECOND, Pause("desk")),)
    trial = Trial(before_ns=1 * MILLISECOND, within_ns=3 * MILLISECOND, plan=plan, retry=ONCE, replications=1)
    assert trial.trigger == (1 * MILLISECOND, 2 * MILLISECOND)
    found = study_metastable("bare", (520_000,), replace(trial, arrivals=Arrivals.POISSON), stack=BARE)
    assert found.points[0].region is Region.VULNERABLE
    with pytest.raises(ValueError, match=r"plan: its first fault begins at 2ms, expected at 6ms or later"):
        replace(trial, before_ns=5 * MILLISECOND)


# --- what is told ---


def three() -> Metastable:
    trial = Trial(
        before_ns=1 * MILLISECOND,
        pause_ns=500 * MICROSECOND,
        within_ns=2 * MILLISECOND,
        retry=ONCE,
        arrivals=Arrivals.POISSON,
        replications=1,
    )
    return study_metastable("bare", (200_000, 520_000, 600_000, 1_200_000), trial, stack=BARE)


def test_the_regions_are_marked_in_words_json_csv_and_on_the_plot() -> None:
    found = three()
    assert [each for each, _, _ in regions(found)] == [Region.STABLE, Region.VULNERABLE, Region.OVERLOADED]
    assert regions(found)[1][1:] == (360_000, 900_000)
    assert region_words(found).startswith("Metastable from 520,000 orders/s on")
    document = metastable_json(found)
    assert (document["vulnerable_from_per_s"], document["overloaded_from_per_s"]) == (520_000, 1_200_000)
    assert [line.split(",")[1] for line in metastable_csv(found).splitlines()[1:]] == [
        p.region.value for p in found.points
    ]
    out = StringIO()
    metastable_table(found, Console(file=out, width=100))
    (down,) = [line for line in out.getvalue().splitlines() if line.startswith("520,000")]
    assert down.split()[1] == "vulnerable"
    assert down.split()[-1] == "never"
    page = render_metastable(found)
    assert page.count('"type":"rect"') == 4, "three regions and the trigger"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--profile", "fast"), "--profile fast: no such stack"),
        (("--pause", "long"), "--pause long"),
        (("--timeout", "0ms"), "--timeout: expected a time above zero"),
        (("--plan", "nowhere.toml"), "nowhere.toml: cannot be read"),
        (("--rates", "3,1"), "--rates 3,1: expected rising rates"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(cli, ["capacity", "metastable", *words])
    assert result.exit_code == 2
    assert said in result.output


def test_the_command_marks_the_region_and_with_require_it_is_a_failure() -> None:
    words = [
        "capacity",
        "metastable",
        "--rates",
        "3000",
        "--pause",
        "200ms",
        "--within",
        "300ms",
        "--replications",
        "1",
    ]
    result = CliRunner().invoke(cli, [*words, "--json", "-", "--require"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["metastable"]["points"][0]["region"] == "vulnerable"
