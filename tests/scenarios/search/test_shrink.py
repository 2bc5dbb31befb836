"""Shrinking: what is left still breaks the same promise, and is small; an incident brings it back."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from squall.faults.exchange import ApiSlow, ReportsLost, RequestsLost
from squall.faults.fault import during
from squall.faults.hardware import CoreThrottled
from squall.faults.host import Crash, Pause
from squall.faults.network import LinkCut, PacketLoss, Partition
from squall.scenarios.find import choose
from squall.scenarios.protections.orders import NO_ORDER_TWICE
from squall.scenarios.result import Verdict
from squall.scenarios.run import Choice, judge, run
from squall.scenarios.search.incident import (
    Incident,
    IncidentError,
    Outcome,
    as_test,
    decode_incident,
    encode_incident,
    incident_of,
    load_incident,
    replay,
)
from squall.scenarios.search.shrink import NothingToShrinkError, broken, shrink, weaker

MS = 1_000_000
SECOND = 1_000 * MS
RECKLESS = ("execution.resolve_in_doubt=off", "venue.refuse_duplicates=off")

MANY = (
    during(600 * MS, 900 * MS, PacketLoss("exchange-b/orders", 0.05), must_touch=False),
    during(700 * MS, 1_900 * MS, ReportsLost("exchange-a", share=0.8)),
    during(800 * MS, 1_000 * MS, Pause("book"), must_touch=False),
    during(1_100 * MS, 1_200 * MS, ApiSlow("exchange-b", 5 * MS), must_touch=False),
    during(1_200 * MS, 1_300 * MS, Partition(("k1",), ("oms1",)), must_touch=False),
    during(1_400 * MS, 1_500 * MS, Crash("k3"), must_touch=False),
)
"""Six faults, of which one matters."""


def reckless(**changes: object) -> Choice:
    choice = choose("tests/scenarios/own.py:settled", seed=3, overrides=RECKLESS, plan=MANY)
    return replace(choice, **changes)


def test_of_six_faults_the_one_that_matters_is_left_and_it_is_shorter_and_weaker() -> None:
    shrunk = shrink(reckless())
    (left,) = shrunk.choice.plan or ()
    assert isinstance(left.fault, ReportsLost)
    assert left.name == "reports-lost exchange-a"
    assert left.end_ns - left.start_ns < 1_200 * MS
    assert shrunk.shrinking.promise == NO_ORDER_TWICE
    assert (shrunk.shrinking.before.faults, shrunk.shrinking.after.faults) == (6, 1)
    assert shrunk.shrinking.after.orders < shrunk.shrinking.before.orders
    assert shrunk.shrinking.after.duration_ns < shrunk.shrinking.before.duration_ns
    assert not shrunk.shrinking.spent
    again = judge(shrunk.choice, shrunk.choice.settled())
    assert broken(again, NO_ORDER_TWICE) is not None


def test_a_promise_about_the_end_of_a_run_keeps_the_calm_that_it_needs() -> None:
    """Were the end to come at once, the last order would not have ended, whatever the faults."""
    plan = (during(1 * SECOND, 1_600 * MS, RequestsLost("exchange-a")), *MANY[2:4])
    choice = replace(reckless(plan=plan), overrides=("execution.timeouts=off", "oms.reconcile=off"))
    shrunk = shrink(choice, "every order comes to an end")
    last_ns = max(planned.end_ns for planned in shrunk.choice.plan or ())
    assert shrunk.choice.duration_ns is not None
    assert shrunk.choice.workload is not None
    assert shrunk.choice.duration_ns - max(last_ns, shrunk.choice.workload.stop_ns or 0) == 5 * SECOND - 2_500 * MS
    assert [type(planned.fault) for planned in shrunk.choice.plan or ()] == [RequestsLost]


def test_a_budget_ends_the_search_with_what_there_is() -> None:
    shrunk = shrink(reckless(), max_runs=3)
    assert (shrunk.shrinking.runs, shrunk.shrinking.spent) == (3, True)
    assert broken(judge(shrunk.choice, shrunk.choice.settled()), NO_ORDER_TWICE) is not None


def test_a_factor_is_brought_down_towards_one() -> None:
    """What slows by a thousand when four is enough is shown with less."""
    left = [each.fault for each in weaker(during(0, MS, CoreThrottled("exec", 1_000.0)))]
    assert left == [CoreThrottled("exec", 500.0)]
    assert not list(weaker(during(0, MS, CoreThrottled("exec", 1.5))))


def test_what_breaks_nothing_or_not_that_cannot_be_shrunk() -> None:
    with pytest.raises(NothingToShrinkError, match="seed 3: pass: there is nothing to shrink"):
        shrink(choose("tests/scenarios/own.py:settled", seed=3))
    with pytest.raises(NothingToShrinkError, match="'feeds end in sequence' is not violated; violated are no order is"):
        shrink(reckless(), "feeds end in sequence")


# --- incidents ---


@pytest.fixture(scope="module")
def incident() -> Incident:
    choice = reckless()
    return incident_of(choice, run(choice))


def test_an_incident_reads_back_as_it_was_written(incident: Incident, tmp_path: Path) -> None:
    file = tmp_path / "incident.json"
    file.write_text(encode_incident(incident))
    assert encode_incident(load_incident(file)) == encode_incident(incident)
    assert incident.choice().plan == tuple(MANY)
    assert any("accepts pulse-" in line for line in incident.story)


def test_the_story_of_an_incident_is_of_its_own_promise_whichever_broke_first() -> None:
    choice = replace(reckless(), duration_ns=2_200 * MS)
    result = run(choice)
    broken_ones = [check for check in result.checks if check.verdict is Verdict.VIOLATED and check.seq is not None]
    assert len({check.seq for check in broken_ones}) > 1
    for check in broken_ones:
        story = incident_of(choice, result, check.name).story
        assert any(line.startswith(f"{(check.at_ns or 0) / 1e9:.6f} s ") for line in story), check.name
        again = run(choice, about=check.name)
        assert (again.told, again.digest) == (check.name, result.digest)
        assert check.seq in [step.seq for step in again.story]


def test_replayed_it_breaks_the_same_promise_with_the_same_digest(incident: Incident) -> None:
    replayed = replay(incident)
    assert (replayed.outcome, replayed.differing) == (Outcome.VIOLATED, ())


def test_what_differs_is_said_plainly(incident: Incident) -> None:
    old = replace(incident, versions={**incident.versions, "squall": "0.0.1"}, digest="0" * 32)
    first, second = replay(old).differing
    assert first.startswith("squall was 0.0.1, and is ")
    assert second.startswith(f"the digest was {'0' * 32}, and is ")


def test_mended_the_violation_is_gone(incident: Incident) -> None:
    assert replay(replace(incident, overrides=())).outcome is Outcome.GONE


def test_another_broken_promise_is_not_taken_for_the_old_one(incident: Incident) -> None:
    other = replace(incident, promise="feeds end in sequence")
    assert replay(other).outcome is Outcome.ELSEWHERE


def test_an_incident_of_a_promise_that_nobody_makes_any_more_is_refused_with_those_that_are(incident: Incident) -> None:
    with pytest.raises(IncidentError, match="does not promise 'no order is late'; it promises no order is sent"):
        replay(replace(incident, promise="no order is late"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": -4}, "seed: expected 0 to 9223372036854775807, found -4"),
        ({"seed": 2**70}, "seed: expected 0 to 9223372036854775807, found 1180591620717411303424"),
        ({"duration": "0s"}, "duration: expected a time above 0 ns, found 0 ns"),
        ({"duration": "soon"}, "duration: expected a duration such as 250ms or 5s, found 'soon'"),
    ],
)
def test_an_incident_that_cannot_be_run_says_why(incident: Incident, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        replay(replace(incident, **changed))


def test_what_no_option_can_say_is_never_told_as_a_command(incident: Incident) -> None:
    """The command of a shrunken run would run the whole one."""
    assert replay(incident, "squall replay it.json").result.replay_command == "squall replay it.json"
    assert "squall run" not in run(incident.choice()).replay_command


def test_a_passed_run_is_no_incident() -> None:
    choice = choose("tests/scenarios/own.py:settled", seed=3)
    with pytest.raises(IncidentError, match="no promise is violated: no incident"):
        incident_of(choice, run(choice))


WRONG = {
    "i.json: not JSON: JSON is malformed: invalid character (byte 0)": "plan = 3",
    "i.json: not an incident: Object missing required field `schema`": "{}",
    "i.json: not an incident: Object contains unknown field `sead`": '{"schema": 1, "sead": 3}',
    "i.json: schema: expected 1, found 2": (
        '{"schema": 2, "scenario": "calm", "seed": 1, "promise": "x", "detail": "y"}'
    ),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_is_no_incident_is_refused_in_one_line(said: str) -> None:
    with pytest.raises(IncidentError) as caught:
        decode_incident(WRONG[said], "i.json")
    assert str(caught.value) == said


def test_an_incident_of_an_unknown_kind_of_fault_names_it(incident: Incident) -> None:
    assert incident.plan is not None
    strange = replace(incident, plan=[{**incident.plan[0], "kind": "packet-los"}])
    with pytest.raises(
        ValueError, match=r"plan: faults\[0\]\.kind: no kind of fault 'packet-los'; did you mean packet-l"
    ):
        replay(strange)


def test_the_test_file_fails_until_the_bug_is_mended(incident: Incident, tmp_path: Path) -> None:
    broken_file, mended_file = tmp_path / "test_broken.py", tmp_path / "test_mended.py"
    broken_file.write_text(as_test(incident))
    mended_file.write_text(as_test(replace(incident, overrides=())))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(broken_file), str(mended_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout
    assert "ScenarioFailedError: no order is sent twice: the violation is there" in done.stdout
    assert re.search(r"Replay  pytest \S*test_broken\.py::test_no_order_is_sent_twice\n", done.stdout)


def test_link_cuts_and_other_kinds_survive_the_file() -> None:
    plan = (during(1 * SECOND, 2 * SECOND, LinkCut("exchange-b/orders"), must_touch=False), *MANY)
    choice = reckless(plan=plan)
    incident = incident_of(choice, run(choice))
    assert decode_incident(encode_incident(incident), "it").choice().plan == plan
