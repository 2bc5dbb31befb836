"""Campaigns: many seeds, whatever becomes of each of them; grouped, counted, kept, and gone on with."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from squall.scenarios.find import choose
from squall.scenarios.result import CampaignResult, SeedResult, Verdict
from squall.scenarios.run import run
from squall.scenarios.search import campaign_worker
from squall.scenarios.search.campaign import CANARY_SEEDS, Campaign, Standing, _hash_of, run_campaign
from squall.scenarios.search.campaign_pool import LARGEST_BATCH, WAITING, Case, run_cases
from squall.scenarios.search.campaign_store import CampaignStore, StoreError
from squall.scenarios.search.campaign_worker import Recipe
from squall.scenarios.search.failures import in_general
from tests.scenarios.own import FILE as OWN
from tests.scenarios.runs import DOUBLED
from tests.scenarios.search.own_campaign import FILE


def _own(*names: str, seeds: range = range(1, 7), jobs: int = 2, **changes: Any) -> Campaign:
    return Campaign(tuple(choose(f"{FILE}:{name}") for name in names), seeds, jobs, **changes)


def _came_to(campaign: Campaign, store: CampaignStore | None = None) -> CampaignResult:
    return run_campaign(campaign, store or CampaignStore())


def _outcomes(store: CampaignStore, configuration: int = 1) -> dict[int, str]:
    return {seed: outcome for seed, outcome, _ in store.runs(configuration)}


# --- seeds ---


def test_verdicts_and_digests_are_those_of_single_runs_whatever_the_number_of_jobs() -> None:
    found = []
    for jobs in (1, 2):
        store = CampaignStore()
        _came_to(_own("odd_seeds_break", seeds=range(3, 9), jobs=jobs), store)
        found.append(list(store.runs(1)))
    assert found[0] == found[1]
    singly = [run(choose(f"{FILE}:odd_seeds_break", seed=seed)) for seed in range(3, 9)]
    assert found[0] == [(each.seed, each.verdict.value, each.digest) for each in singly]


def test_nothing_that_a_seed_leaves_in_a_users_module_is_there_for_the_next_one() -> None:
    store = CampaignStore()
    _came_to(_own("remembers_earlier_seeds", jobs=1), store)
    assert _outcomes(store) == dict.fromkeys(range(1, 7), "pass")


def test_reports_are_the_same_for_any_number_of_jobs_the_clock_apart() -> None:
    one, two = (_came_to(_own("odd_seeds_break", "sound", jobs=jobs)) for jobs in (1, 2))
    assert _timeless(one) == _timeless(two)


def _timeless(result: CampaignResult) -> CampaignResult:
    tallies = tuple(msgspec.structs.replace(each, wall_s=0.0) for each in result.scenarios)
    return msgspec.structs.replace(result, wall_s=0.0, jobs=0, kept=0, scenarios=tallies)


@pytest.mark.parametrize(
    ("name", "outcome", "said"),
    [
        ("third_dies", "died", "its process died"),
        ("third_raises", "failed", "SystemExit: my judge leaves, at own_campaign.py:"),
    ],
)
def test_a_seed_that_takes_its_process_along_costs_that_seed_and_no_other(name: str, outcome: str, said: str) -> None:
    store = CampaignStore()
    result = _came_to(_own(name, "sound"), store)
    expected = {seed: "pass" if seed != 3 else outcome for seed in range(1, 7)}
    assert _outcomes(store, 1) == expected
    assert _outcomes(store, 2) == dict.fromkeys(range(1, 7), "pass")
    (lost,) = result.lost
    assert (lost.seed, lost.outcome) == (3, outcome)
    assert said in lost.detail
    assert result.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("name", "outcome", "said"),
    [
        ("third_spins", "hung", "no end after 5 s, at own_campaign.py:"),
        ("third_is_stuck", "died", "killed, or stuck beyond reach"),
    ],
)
def test_a_seed_that_hangs_is_given_up_wherever_it_is_stuck(name: str, outcome: str, said: str) -> None:
    store = CampaignStore()
    result = _came_to(_own(name, seeds=range(1, 5), seed_timeout_s=5.0), store)
    assert _outcomes(store) == {1: "pass", 2: "pass", 3: outcome, 4: "pass"}
    assert said in result.lost[0].detail


def test_a_run_in_which_time_stands_still_is_a_lost_seed() -> None:
    result = run_campaign(Campaign((choose(f"{OWN}:spins"),), range(1, 3)), CampaignStore())
    assert [each.outcome for each in result.lost] == ["failed"] * 2
    assert "LivelockError" in result.lost[0].detail


def test_whoever_walks_away_leaves_no_worker_behind() -> None:
    before = multiprocessing.active_children()
    cases = ((Recipe(f"{FILE}:third_spins"), seed) for seed in (1, 3))
    running = run_cases(cases, 1, 3_600.0)
    assert next(running).seed == 1
    running.close()  # type: ignore[attr-defined]
    assert [each for each in multiprocessing.active_children() if each not in before] == []


def test_a_seed_that_asks_the_machine_for_the_time_is_told_as_that() -> None:
    result = _came_to(_own("reads_the_clock", seeds=range(1, 3)))
    assert result.nondeterminism
    assert [each.outcome for each in result.lost] == ["nondeterminism"] * 2


def test_cases_are_drawn_as_they_are_needed_so_that_memory_does_not_grow_with_them() -> None:
    drawn = 0

    def cases() -> Iterator[Case]:
        nonlocal drawn
        recipe = Recipe(f"{FILE}:sound")
        for drawn in count(1):
            yield recipe, drawn

    done: list[SeedResult] = []
    ahead = []
    for result in run_cases(cases(), 2, 60.0, stopped=lambda: len(done) >= 40):
        done.append(result)
        ahead.append(drawn - len(done))
    assert max(ahead) <= 2 * WAITING * LARGEST_BATCH
    assert sorted(each.seed for each in done)[:40] == list(range(1, 41))


def test_workers_make_a_scenario_of_the_library_once() -> None:
    first = campaign_worker._prepared(Recipe("ack-lost"))
    assert campaign_worker._prepared(Recipe("ack-lost")) is first


# --- interruption and going on ---


def test_what_ran_is_kept_when_somebody_stops_it_and_resuming_ends_where_one_go_would_have(tmp_path: Path) -> None:
    # More than can be in hand when somebody stops it, however quick the machine is.
    asked = _own("odd_seeds_break", "sound", seeds=range(1, WAITING * LARGEST_BATCH + 1), jobs=1)
    every = 2 * len(asked.seeds)
    standing: list[Standing] = []
    store = CampaignStore(tmp_path / "c.sqlite")
    cut = run_campaign(asked, store, standing.append, stopped=lambda: len(standing) >= 3)
    store.close()
    assert cut.interrupted
    assert 3 <= cut.seeds == standing[-1].done < every

    again = CampaignStore(tmp_path / "c.sqlite", resume=True)
    rest: list[Standing] = []
    resumed = run_campaign(asked, again, rest.append)
    assert (resumed.kept, len(rest)) == (cut.seeds, every - cut.seeds)
    assert _timeless(resumed) == _timeless(_came_to(asked))


def test_a_seed_that_was_lost_is_run_again_and_one_with_a_verdict_is_not(tmp_path: Path) -> None:
    asked = _own("third_dies", seeds=range(2, 5))
    store = CampaignStore(tmp_path / "c.sqlite")
    _came_to(asked, store)
    told: list[Standing] = []
    result = run_campaign(asked, store, told.append)
    assert (result.kept, len(told)) == (2, 1)
    assert result.seeds == 3


def test_another_setting_is_kept_apart_in_the_same_file() -> None:
    store = CampaignStore()
    _came_to(_own("sound"), store)
    changed = choose(f"{FILE}:sound", overrides=("breaker.reset_timeout=7s",))
    result = run_campaign(Campaign((changed,), range(1, 3)), store)
    assert (result.kept, result.seeds) == (0, 2)


def test_a_file_that_holds_a_campaign_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    store = CampaignStore(path)
    _came_to(_own("sound", seeds=range(1, 2)), store)
    store.close()
    with pytest.raises(StoreError, match=r"c\.sqlite: it holds a campaign already; --resume goes on with it"):
        CampaignStore(path)


def test_a_file_that_is_none_of_ours_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    text, other, newer = (tmp_path / name for name in ("text", "other.sqlite", "newer.sqlite"))
    text.write_text("my notes\n" * 100)
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    CampaignStore(newer).close()
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    before = [path.read_bytes() for path in (text, other)]
    for path, said in ((text, "not a database"), (other, "another program's"), (newer, "version 1, found 99")):
        with pytest.raises(StoreError, match=said):
            CampaignStore(path, resume=True)
    assert [path.read_bytes() for path in (text, other)] == before


# --- groups ---


@pytest.mark.parametrize(
    ("one", "other", "symbols"),
    [
        (
            "pulse-BOLT-23 was sent twice: exchange-a accepted 20 lots as pulse-BOLT-23~2 while 20 of 20 were open",
            "pulse-ACME-4 was sent twice: exchange-a accepted 5 lots as pulse-ACME-4~3 while 0 of 5 were open",
            ("ACME", "BOLT"),
        ),
        ("epoch 1 was won by oms1 and by oms2 (and 3 more)", "epoch 12 was won by oms1 and by oms2", ()),
        (
            "19 of 130 orders never ended on the desk: pulse-BOLT-23, pulse-ACME-24, pulse-BOLT-24",
            "1 of 90 orders never ended on the desk: pulse-BOLT-7",
            (),
        ),
        (
            "exchange-a ACME after message 2: the venue shows (19996, 399, 2, 8), the desk (None, 0, 2, 8)",
            "exchange-a BOLT after message 231: the venue shows (1, 2, 20000, 8), the desk (19996, 427, 3, 4)",
            ("ACME", "BOLT"),
        ),
        ("it folds to 6a2d6c6a8b13bd3a24d2b4f069f5c730", "it folds to fbe7e8b30b320334e6114655388f9315", ()),
        ("-93 lots after 138.2 ms, 5 %", "+1,857,482 lots after 3 s, 12%", ()),
    ],
)
def test_what_differs_from_seed_to_seed_does_not_part_a_group(one: str, other: str, symbols: tuple[str, ...]) -> None:
    assert in_general(one, symbols) == in_general(other, symbols)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oms1 raised KeyError: 3 at term.py:40", "oms1 raised KeyError: 3 at term.py:41"),
        ("exchange-a went down", "exchange-b went down"),
        ("oms1 leads", "oms2 leads"),
        ("3 orders never ended", "3 orders still stand at a venue"),
    ],
)
def test_what_broke_elsewhere_or_otherwise_is_another_group(one: str, other: str) -> None:
    assert in_general(one) != in_general(other)


def test_seeds_that_broke_alike_are_one_line_with_the_first_promise_and_what_broke_after_it() -> None:
    result = _came_to(_own("odd_seeds_break", seeds=range(1, 11)))
    by_promise = {group.promise: group for group in result.groups}
    assert list(by_promise) == ["in time", "not the fifth"]
    assert by_promise["in time"].how == "# of # was # late at #"
    assert (by_promise["in time"].seeds, by_promise["in time"].also) == (5, ("not the fifth",))
    assert (by_promise["not the fifth"].seeds, by_promise["not the fifth"].seed) == (1, 10)
    assert by_promise["not the fifth"].command == f"squall run {FILE}:odd_seeds_break --seed 10"


def test_a_change_of_a_file_that_the_users_desk_imports_runs_every_seed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scenario's own file is as it was; kept verdicts of another desk would be green for ever."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_limits.py").write_text("ORDERS_PER_S = 4\n")
    (tmp_path / "own_night.py").write_text(
        "from own_limits import ORDERS_PER_S\nfrom tests.scenarios.search.own_campaign import sound\n"
    )

    def configuration() -> str:
        choice = choose("own_night:sound")
        return _hash_of(choice, "the same sources of squall's")

    before = configuration()
    assert configuration() == before
    (tmp_path / "own_limits.py").write_text("ORDERS_PER_S = 5\n")
    assert configuration() != before


def test_the_seed_that_is_shown_has_the_fewest_faults_at_work_then_the_fewest_messages() -> None:
    seeds = range(1, 10)
    shown = _came_to(_own("odd_seeds_break", seeds=seeds)).groups[0]
    runs = [run(choose(f"{FILE}:odd_seeds_break", seed=seed)) for seed in seeds if seed % 2]
    simplest = min(runs, key=lambda r: (sum(f.effects > 0 for f in r.faults), r.messages, r.seed))
    assert (shown.seed, shown.messages) == (simplest.seed, simplest.messages)


def test_a_real_bug_is_found_and_told_in_one_line() -> None:
    result = run_campaign(Campaign((choose("ack-lost", overrides=DOUBLED),), range(1, 4), 2), CampaignStore())
    (group,) = result.groups
    assert (group.promise, group.seeds) == ("no order is sent twice", 3)
    assert "filled is at most ordered" in group.also
    assert group.how.startswith("# was sent twice: exchange-a accepted # lots")


# --- verdicts ---


def test_a_condition_that_no_seed_reached_makes_a_campaign_inconclusive() -> None:
    result = _came_to(_own("never_reached", seeds=range(1, 4)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.scenarios[0].never_reached == ("the place",)


def test_a_condition_that_one_seed_reached_is_not_held_against_the_others() -> None:
    result = _came_to(_own("seldom_reached"))
    (tally,) = result.scenarios
    assert (tally.passed, tally.inconclusive, tally.unreached, tally.never_reached) == (1, 5, 5, ())
    assert result.verdict is Verdict.PASS


@pytest.mark.parametrize(("allowed", "verdict"), [(0.5, Verdict.PASS), (0.49, Verdict.INCONCLUSIVE)])
def test_a_share_of_seeds_may_be_inconclusive_and_no_more(allowed: float, verdict: Verdict) -> None:
    assert _came_to(_own("doubtful", max_inconclusive=allowed)).verdict is verdict


def test_a_canary_that_is_found_is_no_failure_and_is_not_searched_for_long() -> None:
    result = _came_to(_own("canary", "sound", seeds=range(1, CANARY_SEEDS + 5)))
    assert result.verdict is Verdict.PASS
    assert result.groups == ()
    assert (result.scenarios[0].violated, result.scenarios[1].seeds) == (CANARY_SEEDS, CANARY_SEEDS + 4)


def test_a_canary_that_passes_fails_the_campaign() -> None:
    result = _came_to(_own("silent_canary", "sound"))
    assert [each.verdict for each in result.scenarios] == [Verdict.VIOLATED, Verdict.PASS]
    assert result.verdict is Verdict.VIOLATED


# --- coverage ---


def test_what_was_seen_is_counted_by_the_fault_in_force_and_placed_at_its_first_seed() -> None:
    result = _came_to(_own("sound"))
    seen = {each.name: each for each in result.behaviours}
    assert seen["order sent → acknowledged, exchange API: slow"].seeds == 6
    assert seen["order sent → acknowledged, no fault"].times >= 6
    assert seen["leader recovering → leading"].seeds == 6
    assert all(each.seed in range(1, 7) and each.seeds <= each.times for each in result.behaviours)
    assert result.novelty == ((6, len(result.behaviours)),)


def test_breakers_doubts_and_takeovers_show_in_what_was_seen() -> None:
    result = run_campaign(Campaign((choose("ack-lost"), choose("host-lost")), range(1, 2), 2), CampaignStore())
    seen = {each.name: each.scenario for each in result.behaviours}
    assert seen["breaker closed → open"] == "ack-lost"
    assert seen["order sent → doubted, exchange API: reports lost"] == "ack-lost"
    assert any(name.startswith("leader candidate →") for name in seen)
    assert "protection execution.resolve_in_doubt acted" in seen
