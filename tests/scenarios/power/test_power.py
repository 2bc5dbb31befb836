"""Bug-finding power: intervals that cover, courses that resume, and a planted bug that is found from outside."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.scenarios.power.broken_builds import ROOT, Bug, Edit
from squall.scenarios.power.child import Task
from squall.scenarios.power.courses import Course, courses, reference_course, stretches
from squall.scenarios.power.measurement import Builds, Measurement, attempt, measure
from squall.scenarios.power.probes import Probes
from squall.scenarios.power.reference import ReferenceFileError
from squall.scenarios.power.store import (
    RARE,
    Attempt,
    PowerStore,
    code_of,
    deciding_sources,
    stratum,
    summed_up,
    wilson,
)

SECOND_SALE = Bug(
    "sells are buys",
    "erratum 11",
    "positions book sells as buys",
    (Edit("system/domain/positions.py", "signed = lots if side is Side.BUY else -lots", "signed = lots"),),
)
SAME_THING = Edit("system/domain/positions.py", "FLAT: Final = Position()", "FLAT: Final = Position(0)")
BRIEF = Course("brief", ("tests/scenarios/own.py:settled",))
REFERENCE = ROOT / "tests/planted_bugs/reference.toml"


def _store(tmp_path: Path) -> PowerStore:
    return PowerStore(tmp_path / "power.sqlite", "some code")


# --- figures ---------------------------------------------------------------------------------------------


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


def test_strata_are_told_by_the_share_of_runs_that_show_a_bug() -> None:
    assert [stratum(p) for p in (0.5, 0.05, 0.02, 0.005, 0.002, 0.001)][::2] == [
        stratum(p) for p in (0.05, 0.005, 0.001)
    ]
    assert stratum(0.0009) == stratum(0.0) == RARE


def test_what_is_known_of_a_bug_has_no_gaps_and_ends_when_there_is_enough() -> None:
    sound = {number: Attempt(number, "pass", (), 0.5) for number in range(8)}
    runs = {0: Attempt(0, "pass", (), 1.0), 2: Attempt(2, "violated", ("x", "y"), 2.0), 5: Attempt(5, "pass", (), 1.0)}
    two = Course("two", ("any",), enough=1, least=3)
    found = summed_up(runs, sound, frozenset({1}), two, endless=False)
    assert (found.runs, found.violated, found.first, found.repeated, found.over) == (3, 1, 2, 1, True)
    assert (found.cpu_s_to_first, found.promise) == (3.5, "x")
    control = summed_up(runs, sound, frozenset({1, 3}), two, endless=True)
    assert (control.runs, control.over) == (4, False), "the fourth run is neither made nor the sound desk's"


def test_a_build_that_breaks_its_runs_is_left_alone_and_is_not_found() -> None:
    runs = {number: Attempt(number, "failed", ("KeyError",), 0.1) for number in range(9)}
    found = summed_up(runs, {}, frozenset(), BRIEF, endless=False)
    assert (found.runs, found.lost, found.first, found.over) == (5, 5, None, True)


def test_all_bugs_are_known_a_little_before_one_is_known_well() -> None:
    assert list(stretches(1_000)) == [range(100), range(100, 200), range(200, 400), range(400, 800), range(800, 1_000)]
    assert max(map(len, stretches(9_999))) == 1_000
    assert [number for numbers in stretches(9_999) for number in numbers] == list(range(9_999))


# --- the store -------------------------------------------------------------------------------------------


def test_what_was_run_is_kept_for_this_code_this_bug_and_this_course(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.add(SECOND_SALE, BRIEF, [Attempt(1, "violated", ("x", "y"), 2.0), Attempt(0, "pass", (), 1.0)])
    store.close()
    again = _store(tmp_path)
    kept = again.attempts(SECOND_SALE, BRIEF)
    assert list(kept) == [0, 1]
    assert kept[1] == Attempt(1, "violated", ("x", "y"), 2.0)
    other_bug = Bug(SECOND_SALE.name, "", "", (SAME_THING,))
    assert not again.attempts(other_bug, BRIEF)
    assert not again.attempts(SECOND_SALE, Course("brief", ("tests/scenarios/own.py:other",)))
    again.close()
    assert not PowerStore(tmp_path / "power.sqlite", "other code").attempts(SECOND_SALE, BRIEF)


def test_of_a_run_that_died_no_bug_is_said_to_be_unfelt(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.add("probes", BRIEF, [Attempt(0, "died", ("out of memory",), 0.0), Attempt(1, "pass", (), 1.0, "4")])
    hits = dict(store.hits("probes", BRIEF, range(2)))
    assert [hits[0] >> note & 1 for note in range(4)] == [1, 1, 1, 1]
    assert [hits[1] >> note & 1 for note in range(4)] == [0, 0, 1, 0]


def test_the_code_is_squalls_and_a_projects_own(tmp_path: Path) -> None:
    ours = code_of(ROOT)
    assert code_of(tmp_path) == ours
    (tmp_path / "desk.py").write_text("x = 1")
    one = code_of(tmp_path)
    (tmp_path / "desk.py").write_text("x = 2")
    assert len({ours, one, code_of(tmp_path)}) == 3


# --- measuring -------------------------------------------------------------------------------------------


def test_what_only_measures_is_no_source_of_a_run() -> None:
    here = {path.name for path in deciding_sources() if path.parent == ROOT / "scenarios" / "power"}
    assert here == {"child.py", "reference.py"}
    assert ROOT / "scenarios" / "run.py" in deciding_sources()


def test_a_planted_bug_is_found_by_what_the_world_observed_and_the_sound_build_is_not(tmp_path: Path) -> None:
    sound = Bug("nothing", "control", "the same build", (SAME_THING,))
    store = _store(tmp_path)
    measured = measure((SECOND_SALE, sound), BRIEF, 2, store, jobs=2, shrinking=True)
    broken, same = measured.found(SECOND_SALE), measured.found(sound)
    assert (broken.runs, broken.violated, broken.first, broken.over) == (1, 1, 0, True)
    assert broken.promise == "a position is the sum of its fills"
    assert (same.runs, same.violated, same.promise, same.over) == (2, 0, None, False)
    assert (measured.sound().runs, measured.sound().violated) == (2, 0)
    smallest = store.smallest(SECOND_SALE, BRIEF)
    assert smallest is not None
    assert (smallest.promise, smallest.faults) == ("a position is the sum of its fills", 0)


def test_what_was_run_is_not_run_again(tmp_path: Path) -> None:
    store = _store(tmp_path)
    told: list[str] = []
    measure((SECOND_SALE,), BRIEF, 1, store, told=lambda name, course, found: told.append(name))
    measure((SECOND_SALE,), BRIEF, 1, store, told=lambda name, course, found: told.append(name))
    assert told == ["sound", "sells are buys"]


def test_a_build_that_kills_its_process_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    ends = "FLAT: Final = Position()\nraise SystemExit(9)"
    dies = Bug("dies", "test", "", (Edit("system/domain/positions.py", "FLAT: Final = Position()", ends),))
    measured = measure((dies, SECOND_SALE), BRIEF, 1, _store(tmp_path))
    assert (measured.found(dies).violated, measured.found(dies).lost) == (0, 1)
    assert measured.found(SECOND_SALE).violated == 1


def test_a_run_in_which_nothing_is_felt_of_a_bug_is_the_sound_desks_record_for_record(tmp_path: Path) -> None:
    """What lets rare bugs be measured: each of these runs is made after all, and has the sound run's digest."""
    zoo = (
        Bug(
            "no venue is asked anew",
            "test",
            "",
            (
                Edit(
                    "system/domain/oms_reports.py",
                    "    if order.state is OrderState.PENDING_CANCEL:\n        # It knows nothing",
                    "    if order.state is OrderState.PENDING_CANCEL and order.cum_lots:\n        # It knows nothing",
                ),
            ),
        ),
        Bug(
            "takeover of the acknowledged",
            "test",
            "",
            (
                Edit(
                    "system/services/inquiries.py",
                    "        orders = [order for order in self._term.state.orders.values() if order.attempt]",
                    "        orders = [order for order in self._term.state.orders.values() if order.acknowledged]",
                ),
            ),
        ),
    )
    course = reference_course(REFERENCE)
    probes = Probes(ROOT, zoo)
    builds = Builds(tmp_path, probes)
    runs = tuple((number, *course.run(number)) for number in range(12))
    sound = {each.number: each for each in attempt(builds.of(None), Task(runs, (), probed=probes.offsets))}
    plain = {each.number: each for each in attempt(ROOT, Task(runs, ()))}
    assert {n: each.digest for n, each in sound.items()} == {n: each.digest for n, each in plain.items()}
    unfelt = 0
    for bug in zoo:
        notes = probes.felt(bug)
        assert notes
        for each in attempt(builds.of(bug), Task(runs, ())):
            if not any(int(sound[each.number].hits, 16) >> note & 1 for note in notes):
                unfelt += 1
                assert each.digest == sound[each.number].digest
    assert unfelt >= 12


# --- courses ---------------------------------------------------------------------------------------------


def test_a_reference_is_the_same_course_wherever_it_is_run_from(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference_course(REFERENCE)
    monkeypatch.chdir(REFERENCE.parent)
    assert reference_course(Path(REFERENCE.name)).key() == before.key()
    assert before.scenarios[0] == "tests/planted_bugs/reference.py:steady"


def test_a_reference_elsewhere_is_told_by_its_whole_path(tmp_path: Path) -> None:
    for name in ("reference.toml", "reference.py"):
        shutil.copy(REFERENCE.with_name(name), tmp_path)
    elsewhere = reference_course(tmp_path / "reference.toml")
    assert elsewhere.scenarios[0] == f"{tmp_path / 'reference.py'}:steady"
    assert attempt(ROOT, Task(((0, *elsewhere.run(0)),), ()))[0].verdict == "pass"


def test_a_reference_without_its_scenarios_is_refused(tmp_path: Path) -> None:
    shutil.copy(REFERENCE, tmp_path)
    with pytest.raises(ReferenceFileError, match=r"in reference\.py beside it, found no such file"):
        reference_course(tmp_path / "reference.toml")


def test_the_ablations_leave_one_thing_out_of_the_campaign_and_nothing_else() -> None:
    known = courses()
    whole = known["campaign"].scenarios
    assert {"swarm", "production-mix"} <= set(whole)
    assert "canary" not in whole
    assert "swarm" not in known["without-swarm"].scenarios
    assert "production-mix" not in known["without-mix"].scenarios
    assert set(known["without-swarm"].scenarios) | set(known["without-mix"].scenarios) == set(whole)
    assert known["without-buggify"] == Course("without-buggify", whole, forced=False)
    assert known["without-faults"] == Course("without-faults", whole, with_faults=False)
    assert known["canary"].scenarios == ("canary",)


def test_a_course_counts_seeds_from_one_as_a_campaign_does() -> None:
    course = Course("two", ("a", "b"))
    assert [course.run(number) for number in range(4)] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_a_measurement_of_some_bugs_watches_all(tmp_path: Path) -> None:
    other = Bug("other", "test", "", (Edit("system/domain/breaker.py", "self._free_probes -= 1", "pass"),))
    store = _store(tmp_path)
    measure((SECOND_SALE, other), BRIEF, 1, store, only=(SECOND_SALE,))
    assert not store.attempts(other, BRIEF)
    everything = Measurement((SECOND_SALE, other), BRIEF, store)
    assert everything.found(other).runs == 1, "nothing is felt of it, so that it is the sound run"
