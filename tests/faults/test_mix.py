"""The mix of production: its shares, its rate, its phases, and the histories that it takes and refuses."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.faults.drawn import CATALOGUE
from squall.faults.fault import InstalledPlan, Plan, happening
from squall.faults.kinds import KINDS, tag_of
from squall.faults.mix import FIGURE_10_4, HistoryError, Mix, shares_of
from squall.faults.phases import SECOND, Phases, phases_of
from squall.faults.venue_staff import BY_STAFF
from squall.scenarios.topology import build
from squall.sim.rng import Chance
from squall.sim.world import World
from tests.scenarios.runs import brief

PHASES = Phases(2 * SECOND, 10 * SECOND, 2 * SECOND, 6 * SECOND)


def a_world(seed: int) -> World:
    """The desk's world, for its names, with the chance of another seed."""
    world = build("a test", brief().scenario, 1).world
    world.chance = Chance(seed)
    return world


WORLD = a_world(1)


def drawn(mix: Mix, seed: int) -> Plan:
    WORLD.chance = Chance(seed)
    return mix(WORLD)


def test_the_categories_are_the_figures_and_each_kind_that_is_drawn_can_be_written_to_a_plan_file() -> None:
    assert list(FIGURE_10_4) == list(CATALOGUE)
    assert sum(FIGURE_10_4.values()) == pytest.approx(1.0)
    assert all(row.kind in KINDS for rows in CATALOGUE.values() for row in rows)


def test_faults_come_in_the_shares_of_the_figure_at_the_rate_that_was_stated() -> None:
    mix = Mix(Phases(1 * SECOND, 60 * SECOND, 1 * SECOND, 1 * SECOND), per_minute=50)
    found: Counter[str] = Counter()
    for seed in range(40):
        found.update(planned.name.split()[0] for planned in drawn(mix, seed))
    assert 50 * 40 * 0.93 <= found.total() <= 50 * 40 * 1.07
    for category, share in FIGURE_10_4.items():
        assert found[category] / found.total() == pytest.approx(share, abs=0.035)


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_every_plan_begins_after_the_baseline_and_is_over_when_healing_is(seed: int) -> None:
    plan = drawn(Mix(PHASES, per_minute=60), seed)
    assert plan
    assert all(PHASES.baseline_ns <= each.start_ns < PHASES.faults_end_ns for each in plan)
    assert all(each.end_ns <= PHASES.healed_ns for each in plan)
    assert happening(WORLD, plan) == plan
    assert InstalledPlan(WORLD, plan).plan == plan


def test_the_same_seed_draws_the_same_plan_and_another_one_another() -> None:
    mix = Mix(PHASES, per_minute=60)
    assert drawn(mix, 7) == drawn(mix, 7)
    assert drawn(mix, 7) != drawn(mix, 8)


def test_what_has_no_share_is_never_drawn() -> None:
    mix = Mix(PHASES, per_minute=300, shares={"hardware": 1.0, "network": 0.0})
    assert {planned.name.split()[0] for planned in drawn(mix, 1)} == {"hardware"}


def test_kinds_that_are_left_out_are_never_drawn() -> None:
    every = Mix(PHASES, per_minute=600, shares={"exchange-api": 1.0})
    less = Mix(PHASES, per_minute=600, shares={"exchange-api": 1.0}, without=BY_STAFF)
    kinds = [{planned.name.split()[1] for seed in range(20) for planned in drawn(mix, seed)} for mix in (every, less)]
    assert kinds[0] >= set(BY_STAFF)
    assert kinds[1] == kinds[0] - set(BY_STAFF)


@pytest.mark.parametrize(
    ("shares", "without", "line"),
    [
        ({"network": 1.0}, ("trade-busted",), "mix: no kind 'trade-busted' is ever drawn; those that are: "),
        ({"exchange-api": 1.0}, None, "mix: exchange-api has a share, and none of its kinds is to be drawn"),
    ],
)
def test_kinds_that_cannot_be_left_out_are_named(
    shares: dict[str, float], without: tuple[str, ...] | None, line: str
) -> None:
    if without is None:
        without = tuple(tag_of(each.kind) for each in CATALOGUE["exchange-api"])
    with pytest.raises(ValueError) as refused:  # noqa: PT011 the whole line is looked at
        Mix(PHASES, 60, shares, without)
    assert str(refused.value).startswith(line)


@pytest.mark.parametrize(
    ("shares", "per_minute", "line"),
    [
        ({"netwrok": 1.0}, 1, "mix: no category 'netwrok'; categories are exchange-api, network,"),
        ({"network": -1.0}, 1, "mix: network: expected a share of at least 0, found -1.0"),
        ({"network": float("nan")}, 1, "mix: network: expected a share of at least 0, found nan"),
        ({"network": 0.0}, 1, "mix: expected shares that come to more than nothing"),
        ({"network": 1.0}, 0, "mix: expected up to 1000 faults a run, found 0 a minute"),
        ({"network": 1.0}, 10**6, "mix: expected up to 1000 faults a run, found 1000000 a minute"),
    ],
)
def test_shares_and_rates_that_make_no_sense_are_refused(
    shares: dict[str, float], per_minute: float, line: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 the whole line is looked at
        Mix(PHASES, per_minute, shares)
    assert str(refused.value).startswith(line)


def test_a_run_without_one_of_its_phases_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^phases.heal_ns: expected a time above 0 ns, found 0$"):
        Phases(heal_ns=0)
    assert phases_of(20 * SECOND).total_ns == 20 * SECOND


# --- one's own history ---


def history(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "incidents.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_one_row_is_one_incident_or_as_many_as_it_says(tmp_path: Path) -> None:
    file = history(
        tmp_path,
        "date, category, incidents, what\n"
        '2026-01-03,Exchange API,1,"timeouts, again"\n'
        "2026-02-01,network,2,switch\n"
        "2026-03-01,hardware,1,disk\n",
    )
    assert shares_of(file) == {
        "exchange-api": 0.25,
        "network": 0.5,
        "software": 0.0,
        "data-feed": 0.0,
        "hardware": 0.25,
    }
    assert shares_of(history(tmp_path, "category\nsoftware\n"))["software"] == 1.0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "line 1: expected a column 'category', found none"),
        ("kind,incidents\nnetwork,1\n", "line 1: expected a column 'category', found kind, incidents"),
        ("category\nnetwork\nnetwrok\n", "line 3: no category 'netwrok'; did you mean network?"),
        ("category\nzzz\n", "line 2: no category 'zzz'; categories are exchange-api,"),
        (
            "category,incidents\nnetwork,1\nsoftware,-2\n",
            "line 3: incidents: expected a whole number up to 1000000000,",
        ),
        ("category,incidents\nnetwork,many\n", "line 2: incidents: expected a whole number up to 1000000000, found"),
        ("category,incidents\nnetwork\n", "line 2: expected 2 fields, as in the first line"),
        ("category\nnetwork,1\n", "line 2: expected 1 fields, as in the first line"),
        ("category\n", "expected at least one incident, found none"),
        ("category,incidents\nnetwork,0\n", "expected at least one incident, found none"),
        ('category\n"network\n', "not CSV: unexpected end of data"),
    ],
)
def test_a_bad_row_is_refused_by_its_line(text: str, line: str, tmp_path: Path) -> None:
    file = history(tmp_path, text)
    with pytest.raises(HistoryError) as refused:
        shares_of(file)
    assert str(refused.value).startswith(f"{file}: {line}")
