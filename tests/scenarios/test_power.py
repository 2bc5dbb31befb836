"""Bug-finding power: intervals that cover, courses that resume, and a planted bug that is found from outside."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.scenarios.broken_builds import Bug, Edit
from squall.scenarios.power import RARE, Attempt, Course, PowerStore, measure, stratum, wilson

SECOND_SALE = Bug(
    "sells are buys",
    "erratum 11",
    "positions book sells as buys",
    (Edit("system/domain/positions.py", "signed = lots if side is Side.BUY else -lots", "signed = lots"),),
)
BRIEF = Course("brief", ("tests/scenarios/own.py:settled",))


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_share_lies_in_its_interval_and_more_trials_narrow_it(counts: tuple[int, int]) -> None:
    hits, trials = counts
    low, high = wilson(hits, trials)
    assert 0.0 <= low <= hits / trials <= high <= 1.0
    wide, narrow = high - low, wilson(10 * hits, 10 * trials)
    assert narrow[1] - narrow[0] < wide


def test_strata_are_told_by_the_share_of_seeds_that_show_a_bug() -> None:
    assert [stratum(p) for p in (0.5, 0.05, 0.02, 0.005, 0.002, 0.001)][::2] == [
        stratum(p) for p in (0.05, 0.005, 0.001)
    ]
    assert stratum(0.0009) == stratum(0.0) == RARE


def test_what_was_run_is_not_run_again(tmp_path: Path) -> None:
    store = PowerStore(tmp_path / "power.sqlite")
    store.add("a", "brief", [Attempt(0, "pass", (), 1.0), Attempt(1, "violated", ("x", "y"), 2.0)])
    store.add("a", "brief", [Attempt(2, "violated", ("x",), 4.0)])
    store.close()
    again = PowerStore(tmp_path / "power.sqlite")
    assert again.done("a", "brief") == [0, 1, 2]
    assert again.done("a", "other") == []
    found = again.found("a", "brief")
    assert (found.runs, found.violated, found.first, found.cpu_s_to_first, found.promise) == (3, 2, 1, 3.0, "x")


def test_a_planted_bug_is_found_by_what_the_world_observed_and_the_sound_build_is_not(tmp_path: Path) -> None:
    same_thing = Edit("system/domain/positions.py", "FLAT: Final = Position()", "FLAT: Final = Position(0)")
    sound = Bug("nothing", "control", "the same build", (same_thing,))
    store = PowerStore(tmp_path / "power.sqlite")
    measure((SECOND_SALE, sound), BRIEF, 2, store, jobs=2)
    broken, same = store.found("sells are buys", "brief"), store.found("nothing", "brief")
    assert (broken.violated, broken.first) == (2, 0)
    assert broken.promise is not None
    assert (same.runs, same.violated, same.promise) == (2, 0, None)


def test_a_build_that_kills_its_process_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    dies = Bug(
        "dies",
        "test",
        "the process ends",
        (
            Edit(
                "system/domain/positions.py",
                "FLAT: Final = Position()",
                "FLAT: Final = Position()\nraise SystemExit(9)",
            ),
        ),
    )
    store = PowerStore(tmp_path / "power.sqlite")
    measure((dies, SECOND_SALE), BRIEF, 1, store)
    assert store.found("dies", "brief").violated == 0
    assert store.found("sells are buys", "brief").violated == 1
