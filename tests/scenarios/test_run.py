"""A run and its verdict: what decides it, what its digest rests on, and what it says of itself."""

import gc
import shlex
import weakref
from typing import Any

import click
import msgspec
import pytest

from squall.cli import cli
from squall.faults.exchange import RequestsLost
from squall.faults.fault import Heal, Planned, Tally, during
from squall.faults.network import PacketLoss
from squall.scenarios.checks.durability import nothing_lost
from squall.scenarios.checks.orders import orders_end
from squall.scenarios.checks.positions import executions_booked_once
from squall.scenarios.checks.sla import latency_within
from squall.scenarios.desk_promises import settles
from squall.scenarios.find import choose, sound_scenarios
from squall.scenarios.protections import PROTECTIONS
from squall.scenarios.protections.row import Protection
from squall.scenarios.prove import UnknownProtectionError, arm, chosen, prove, prove_one
from squall.scenarios.result import CheckResult, RunResult, Verdict
from squall.scenarios.run import Choice, judge, run, verdict_of
from squall.scenarios.settings import SettingError
from squall.scenarios.story import STORY_STEPS
from squall.scenarios.words import is_plumbing
from squall.sim.trace import RunBegan, Trace
from squall.sim.world import World
from tests.scenarios.runs import DOUBLED, MS, SECOND, Memory, brief, library_run, promise

QUIET_LINK = "exchange-a/snapshots"
"""Nothing passes here as long as no feed has a gap."""


# --- verdicts ---


def _check(verdict: Verdict) -> CheckResult:
    return CheckResult("a promise", "safety", verdict, "")


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((), Verdict.INCONCLUSIVE),
        ((Verdict.PASS,), Verdict.PASS),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), Verdict.INCONCLUSIVE),
        ((Verdict.PASS, Verdict.VIOLATED), Verdict.VIOLATED),
        ((Verdict.INCONCLUSIVE, Verdict.VIOLATED, Verdict.PASS), Verdict.VIOLATED),
    ],
)
def test_violated_beats_inconclusive_and_inconclusive_beats_pass(found: tuple[Verdict, ...], verdict: Verdict) -> None:
    assert verdict_of([_check(each) for each in found]) is verdict


def test_a_run_that_promises_nothing_shows_nothing_and_says_so() -> None:
    result = run(brief(promises=()))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert [check.name for check in result.checks] == ["something is promised"]


def test_a_desk_that_denies_every_order_has_not_shown_that_it_books_executions() -> None:
    scenario = brief(promises=(orders_end(), executions_booked_once(), nothing_lost())).scenario
    workload = msgspec.structs.replace(scenario.workload, lots_min=2)
    result = run(
        brief(scenario=msgspec.structs.replace(scenario, workload=workload), overrides=("risk.max_order_lots=1",))
    )
    checks = {check.name: check.verdict for check in result.checks}
    assert checks["every execution is booked once"] is Verdict.INCONCLUSIVE
    assert result.verdict is Verdict.INCONCLUSIVE


def test_a_safety_promise_that_nothing_has_tried_yet_does_not_make_the_baseline_unhealthy() -> None:
    plan = (during(1, 2, PacketLoss("exchange-a/orders", 1.0), must_touch=False),)
    result = run(brief(plan=plan))
    assert result.verdict is Verdict.PASS


@pytest.mark.parametrize("spelt", ["night.py:x", "./night.py:x", "/somewhere/night.py:x", "../here/night.py:x"])
def test_a_users_scenario_has_one_name_in_the_digest_however_its_path_is_spelt(spelt: str) -> None:
    choice = brief(name=spelt)
    assert choice.recorded_name == "night:x"
    assert run(choice).digest == run(brief(name="night.py:x")).digest


def test_settings_that_contradict_each_other_are_refused_once_all_are_known() -> None:
    overrides = ("lease.beat=1s", "lease.lease=2s")
    assert brief(overrides=overrides).settled().settings.desk.lease.lease_ns == 2 * SECOND
    with pytest.raises(SettingError, match=r"^lease.lease: found 500ms, expected more than lease.beat, 1s$"):
        brief(overrides=overrides[:1]).settled()


def test_what_has_to_come_about_after_the_faults_is_not_missed_while_one_lasts() -> None:
    """A venue that swallows orders until the end of the run."""
    lasting = run(brief((during(1 * SECOND, 60 * SECOND, RequestsLost("exchange-a")),), promises=settles()))
    checks = {check.name: check for check in lasting.checks}
    assert lasting.verdict is Verdict.INCONCLUSIVE
    assert checks["every order comes to an end"].verdict is Verdict.INCONCLUSIVE
    assert checks["every order comes to an end"].detail.startswith(
        "too early to say: exchange API: requests lost on exchange-a had not healed when the run ended ("
    )
    assert checks["every order has a whole audit trail"].verdict is Verdict.INCONCLUSIVE


def test_a_safety_promise_is_judged_whatever_lasts() -> None:
    promises = (promise("broken", Verdict.VIOLATED, kind="safety"),)
    lasting = (during(1 * SECOND, 60 * SECOND, RequestsLost("exchange-a")),)
    assert run(brief(lasting, promises=promises)).verdict is Verdict.VIOLATED


def test_a_run_whose_promises_all_hold_passes() -> None:
    result = run(brief())
    assert result.verdict is Verdict.PASS
    assert {check.verdict for check in result.checks} == {Verdict.PASS}
    assert result.story == ()


def test_a_violation_decides_a_run_whatever_else_stayed_open() -> None:
    promises = (promise("open", Verdict.INCONCLUSIVE), promise("broken", Verdict.VIOLATED))
    assert run(brief(promises=promises)).verdict is Verdict.VIOLATED
    assert run(brief(promises=promises[:1])).verdict is Verdict.INCONCLUSIVE


def test_a_fault_that_touched_nothing_leaves_the_run_inconclusive() -> None:
    result = run(brief((during(1 * SECOND, 2 * SECOND, PacketLoss(QUIET_LINK, 1.0)),)))
    assert result.verdict is Verdict.INCONCLUSIVE
    (check,) = [check for check in result.checks if check.verdict is not Verdict.PASS]
    assert check.name == f"packet loss on {QUIET_LINK} touched something"
    assert check.detail == "it touched nothing"
    (fault,) = result.faults
    assert (fault.effects, fault.what) == (0, "nothing")


def test_a_fault_that_need_not_touch_anything_may_touch_nothing() -> None:
    plan = (Planned(PacketLoss(QUIET_LINK, 1.0), 1 * SECOND, 2 * SECOND, must_touch=False),)
    assert run(brief(plan)).verdict is Verdict.PASS


def test_a_fault_that_touched_something_says_what() -> None:
    result = run(brief((during(1 * SECOND, 2 * SECOND, PacketLoss("exchange-a/feed-A", 1.0)),)))
    assert result.verdict is Verdict.PASS
    (fault,) = result.faults
    assert fault.effects > 0
    assert fault.what == f"{fault.effects} packets lost"
    assert (fault.start_ns, fault.end_ns) == (1 * SECOND, 2 * SECOND)


def test_a_baseline_in_which_a_latency_was_not_yet_met_leaves_the_run_inconclusive() -> None:
    # The fault begins before the first order does: there was nothing to see that the desk was well.
    plan = (during(100 * MS, 2 * SECOND, PacketLoss("exchange-a/feed-A", 1.0)),)
    result = run(brief(plan, (latency_within("signal_to_wire", 99, 1 * SECOND),)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.checks[0].verdict is Verdict.PASS
    assert result.checks[-1].name == "healthy baseline"
    assert result.checks[-1].detail == (
        "before the first fault: signal_to_wire p99 within 1000 ms: no order came so far"
    )


def test_a_safety_promise_that_was_broken_before_the_first_fault_is_said_of_the_baseline_too() -> None:
    plan = (during(1 * SECOND, 2 * SECOND, PacketLoss("exchange-a/feed-A", 1.0)),)
    result = run(brief(plan, (promise("always broken", Verdict.VIOLATED, "safety"),)))
    assert result.verdict is Verdict.VIOLATED
    assert [check.name for check in result.checks] == ["always broken", "healthy baseline"]


def test_what_holds_only_in_the_end_is_not_asked_of_the_baseline() -> None:
    plan = (during(1 * SECOND, 2 * SECOND, PacketLoss("exchange-a/feed-A", 1.0)),)
    result = run(brief(plan, (promise("broken in the end", Verdict.VIOLATED, "liveness"),)))
    assert [check.name for check in result.checks] == ["broken in the end"]


def test_without_faults_what_only_a_fault_can_bring_about_is_not_asked_for() -> None:
    promises = (
        promise("holds", Verdict.PASS),
        promise("never comes by itself", Verdict.INCONCLUSIVE, "reached", needs_faults=True),
    )
    plan = (during(1 * SECOND, 2 * SECOND, PacketLoss("exchange-a/feed-A", 1.0)),)
    assert run(brief(plan, promises)).verdict is Verdict.INCONCLUSIVE
    result = run(brief(plan, promises, with_faults=False))
    assert result.verdict is Verdict.PASS
    assert [check.name for check in result.checks] == ["holds"]
    assert result.faults == ()


def test_a_scenario_of_the_library_passes_without_its_faults_too() -> None:
    with_faults, without = (run(choose("ack-lost", with_faults=each)) for each in (True, False))
    assert without.verdict is Verdict.PASS
    assert without.faults == ()
    assert without.digest != with_faults.digest


def test_a_target_that_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="no link 'exchange-z/orders'"):
        run(brief((during(1 * SECOND, 2 * SECOND, PacketLoss("exchange-z/orders", 1.0)),)))


def test_a_setting_that_cannot_be_is_refused_before_anything_runs() -> None:
    with pytest.raises(SettingError, match=r"--set breaker\.speed"):
        run(brief(overrides=("breaker.speed=1",)))


# --- a user's own faults ---


class _Eclipse:
    """A fault of no particular class, as a user might write one."""

    kind = "eclipse"
    target = "the sun"

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.healed_at_ns: int | None = None

    def check(self, world: World) -> None:
        if self.depth < 0:
            raise ValueError(f"eclipse: expected a depth, found {self.depth}")

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("chickens gone to roost")

        def heal() -> None:
            self.healed_at_ns = world.kernel.now_ns

        return heal


def test_a_fault_of_the_users_own_needs_the_right_shape_and_no_base_class() -> None:
    eclipse = _Eclipse(3)
    result = run(brief((during(1 * SECOND, 2 * SECOND, eclipse),)))
    assert result.verdict is Verdict.PASS
    assert result.faults[0].what == "1 chickens gone to roost"
    assert eclipse.healed_at_ns == 2 * SECOND


def test_what_a_users_own_fault_is_made_of_is_part_of_the_digest() -> None:
    digests = [run(brief((during(1 * SECOND, 2 * SECOND, _Eclipse(depth)),))).digest for depth in (3, 4, 3)]
    assert digests[0] == digests[2] != digests[1]


# --- the digest ---


def test_the_same_seed_gives_the_same_digest_and_another_one_another() -> None:
    one, again, other = (run(brief(seed=seed)) for seed in (1, 1, 2))
    assert one.digest == again.digest
    assert one.metrics == again.metrics
    assert one.checkpoints == again.checkpoints
    assert other.digest != one.digest


def test_who_watches_makes_no_difference_to_a_run() -> None:
    alone = run(brief())
    memory, heard = Memory(), list[float]()
    watched = run(brief(), memory, heard.append)
    assert watched.digest == alone.digest
    assert watched.events == alone.events
    assert watched.checks == alone.checks
    assert len(memory.records) == watched.records
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_who_watches_makes_no_difference_to_a_run_with_faults_and_violations() -> None:
    choice = choose("ack-lost", overrides=DOUBLED)
    watched = run(choice, Memory(), lambda done: None)
    alone = library_run("ack-lost", *DOUBLED)
    assert (watched.digest, watched.checks, watched.story) == (alone.digest, alone.checks, alone.story)


def test_settings_and_faults_are_part_of_the_digest_even_where_they_change_nothing() -> None:
    plan = (Planned(PacketLoss(QUIET_LINK, 1.0), 1 * SECOND, 2 * SECOND, must_touch=False),)
    choices = (
        brief(),
        brief(overrides=("monitor.max_alerts_kept=7",)),
        brief(plan),
        brief(plan, with_faults=False),
    )
    assert len({run(choice).digest for choice in choices}) == len(choices)


def test_the_first_record_says_what_decides_all_that_follows() -> None:
    memory = Memory()
    run(brief(seed=3, overrides=("breaker.failure_threshold=2",)), memory)
    began = memory.records[0].event
    assert isinstance(began, RunBegan)
    assert (began.scenario, began.seed) == ("brief", 3)
    assert began.configuration["settings"]["breaker.failure_threshold"] == 2
    assert began.configuration["workload"]["orders_per_s"] == 10


def test_a_result_bears_what_a_replay_must_have_alike() -> None:
    assert {"squall", "python", "simpy", "msgspec", "numpy"} <= set(run(brief()).versions)


# --- claims convince no judge of safety ---


def _verdicts(result: RunResult) -> dict[str, tuple[Verdict, str]]:
    return {
        check.name: (check.verdict, check.detail)
        for check in result.checks
        if check.kind in ("safety", "liveness", "sla")
    }


@pytest.mark.parametrize(
    ("name", "overrides"),
    [("calm", ()), ("exchange-api-timeouts", ()), ("exchange-api-timeouts", ("breaker.enabled=off",))],
)
def test_deleting_every_claimed_record_leaves_all_safety_verdicts_unchanged(
    name: str, overrides: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    believed = library_run(name, *overrides)
    monkeypatch.setattr(Trace, "watch_claims", lambda *_: None)
    deaf = run(choose(name, overrides=overrides))
    assert deaf.digest == believed.digest
    assert _verdicts(deaf) == _verdicts(believed)
    assert len(_verdicts(deaf)) >= 10
    # It did make a difference to what only claims can tell.
    assert deaf.metrics != believed.metrics


# --- the story of a violation ---


@pytest.fixture(scope="module")
def doubled() -> RunResult:
    """An order was sent twice."""
    return library_run("ack-lost", *DOUBLED)


def test_a_violation_is_told_as_a_chain_of_causes_that_ends_at_what_shows_it(doubled: RunResult) -> None:
    memory = Memory()
    run(choose("ack-lost", overrides=DOUBLED), memory)
    violations = [check for check in doubled.checks if check.verdict is Verdict.VIOLATED and check.seq is not None]
    assert "no order is sent twice" in [check.name for check in violations]
    assert doubled.story[-1].seq == min(check.seq for check in violations if check.seq is not None)
    assert "accepts" in doubled.story[-1].words
    assert 1 < len(doubled.story) <= STORY_STEPS
    seq = doubled.story[-1].seq
    for step in reversed(doubled.story):
        # What lies between two steps did lead from one to the other, and has nothing to tell.
        while seq != step.seq:
            assert is_plumbing(memory.records[seq - 1])
            seq = memory.records[seq - 1].cause
        record = memory.records[seq - 1]
        assert (record.seq, record.at_ns, record.host) == (step.seq, step.at_ns, step.host)
        seq = record.cause


def test_a_story_is_told_in_words_and_not_in_types(doubled: RunResult) -> None:
    for step in doubled.story:
        assert step.words
        assert "(" not in step.words.split(" ")[0]
        assert "Struct" not in step.words


def test_a_violation_that_no_record_shows_has_no_story() -> None:
    result = run(brief(promises=(promise("broken in the end", Verdict.VIOLATED),)))
    assert result.verdict is Verdict.VIOLATED
    assert result.story == ()


def test_where_something_never_came_the_story_goes_on_to_where_it_got_stuck() -> None:
    """An order without an end: its submission alone would explain nothing."""
    story = library_run("request-lost", "oms.reconcile=off", "execution.timeouts=off").story
    assert story[0].words.startswith("strategy sends oms1 SubmitOrder")
    assert story[-1].words.startswith("exchange-a never acts on new/")
    assert [step.seq for step in story] == sorted(step.seq for step in story)
    assert len(story) <= STORY_STEPS


def test_two_violations_are_told_from_the_earlier_one() -> None:
    result = library_run("exchange-api-timeouts", "breaker.enabled=off")
    seqs = [check.seq for check in result.checks if check.verdict is Verdict.VIOLATED and check.seq is not None]
    assert result.story[-1].seq == min(seqs)


# --- replaying ---


def _replayed(command: str) -> Choice:
    """The choice that the command line makes of a replay command."""
    squall, subcommand, *words = shlex.split(command)
    assert (squall, subcommand) == ("squall", "run")
    runner = cli.commands["run"]
    context = click.Context(runner)
    runner.parse_args(context, list(words))
    asked = context.params
    return choose(
        asked["scenario"],
        seed=asked["seed"],
        with_faults=not asked["no_faults"],
        overrides=asked["overrides"],
    )


@pytest.mark.parametrize(
    "chosen",
    [{"overrides": DOUBLED}, {"seed": 5}, {"with_faults": False, "overrides": ("breaker.reset_timeout=5 s",)}],
)
def test_the_replay_command_runs_exactly_the_same_again(chosen: dict[str, Any]) -> None:
    result = run(choose("ack-lost", **chosen))
    assert run(_replayed(result.replay_command)).digest == result.digest


def test_a_replay_command_names_the_recording_and_quotes_what_a_shell_would_split() -> None:
    choice = brief(market="my day.gz", with_faults=False, overrides=("breaker.reset_timeout=5 s",), seed=9)
    assert choice.command() == (
        "squall run brief --seed 9 --no-faults --set 'breaker.reset_timeout=5 s' --market 'binance:my day.gz'"
    )


# --- the library ---

BIGGEST = 20_000


@pytest.mark.parametrize("name", sound_scenarios())
def test_a_scenario_of_the_library_says_what_it_proves_passes_and_is_small(name: str) -> None:
    result = library_run(name)
    open_or_broken = [(c.name, c.detail) for c in result.checks if c.verdict is not Verdict.PASS]
    assert open_or_broken == []
    assert result.verdict is Verdict.PASS
    assert len(result.proves.split()) > 4
    assert result.messages <= BIGGEST
    # A drawn fault may find nothing to do.
    touched = any if callable(choose(name).scenario.plan) else all
    assert not result.faults or touched(bool(fault.effects) for fault in result.faults)


# --- protections ---


@pytest.mark.parametrize("key", ["risk.count_in_flight", "execution.resolve_in_doubt", "feed.gap_recovery"])
def test_a_protection_is_proven_on_and_off_with_faults_and_without(key: str) -> None:
    (protection,) = [each for each in PROTECTIONS if each.key == key]
    row = prove_one(protection, seed=1)
    assert row.ok
    assert (row.verdict_on, row.verdict_off) == (Verdict.PASS, Verdict.VIOLATED)
    assert row.violated_by == protection.promise
    assert row.acted > 0


@pytest.mark.parametrize("scenario", ["split-brain", "disk-full"])
def test_a_protection_may_have_several_rows_and_each_is_proven(scenario: str) -> None:
    (protection,) = [each for each in PROTECTIONS if each.scenario == scenario]
    assert prove_one(protection, seed=1).ok
    assert len(chosen((protection.key,))) == 2


def _row(**changes: str) -> Protection:
    told = {"key": "risk.count_in_flight", "promise": "exposure stays within the position limit", **changes}
    return Protection("a protection", told["key"], "slow-fills", told["promise"], "because")


@pytest.mark.parametrize(
    "row",
    [_row(promise="no order is sent twice"), _row(key="execution.fencing")],
    ids=["another promise breaks", "it breaks nothing"],
)
def test_a_row_that_does_not_show_what_it_says_is_not_proven(row: Protection) -> None:
    assert not prove_one(row, seed=1).ok


def test_both_arms_of_a_row_differ_in_the_protection_and_in_nothing_else() -> None:
    for protection in PROTECTIONS:
        on, off = (arm(protection, seed=1, on=each) for each in (True, False))
        assert (*on.overrides, f"{protection.key}=off") == off.overrides
        assert on.settled() != off.settled()


def test_a_protection_that_is_not_in_the_table_is_refused_with_what_there_is() -> None:
    with pytest.raises(UnknownProtectionError, match=r"no protection 'prayer'; protections are breaker\.enabled, "):
        prove(["prayer"], seed=1)


def test_a_run_that_is_over_is_thrown_away_with_its_world() -> None:
    choice = brief()
    world = weakref.ref(judge(choice, choice.settled()).stage.world)
    gc.collect()
    assert world() is None
