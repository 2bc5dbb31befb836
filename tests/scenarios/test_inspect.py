"""Inspecting: a moment as it was, an order's history in words, and a run that goes on as if nobody had looked."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from squall.cli import PASS, USAGE
from squall.faults.exchange import ReportsLost
from squall.faults.fault import during
from squall.faults.feed import FeedDead
from squall.faults.host import Crash, Pause
from squall.faults.software import BadConfig, Hangs, Livelock, OldVersion
from squall.scenarios.find import choose
from squall.scenarios.inspect import inspect, look
from squall.scenarios.run import Choice, run, run_to
from tests.scenarios.own import FILE
from tests.scenarios.runs import Memory, brief
from tests.test_cli import Said, Squall, squall

__all__ = ["squall"]

MS = 1_000_000
SECOND = 1_000 * MS
SETTLED = f"{FILE}:settled"


@pytest.fixture(scope="module")
def troubled() -> Choice:
    plan = (
        during(700 * MS, 1_900 * MS, ReportsLost("exchange-a", share=0.8)),
        during(1_000 * MS, 1_500 * MS, Crash("k3"), must_touch=False),
        during(1_100 * MS, 1_200 * MS, Pause("book"), must_touch=False),
    )
    return choose(SETTLED, seed=3, plan=plan)


def test_whoever_looks_changes_nothing(troubled: Choice) -> None:
    stage = run_to(troubled, 1_150 * MS)
    first = look(stage, troubled)
    assert look(stage, troubled) == first
    for at_ns in (1_700 * MS, stage.duration_ns):
        stage.world.run_until(at_ns)
        look(stage, troubled)
    assert stage.world.trace.digest() == run(troubled).digest


def test_a_moment_shows_what_is_broken_just_then(troubled: Choice) -> None:
    seen = inspect(troubled, 1_150 * MS)
    assert [(fault.kind, fault.target) for fault in seen.faults] == [
        ("exchange API: reports lost", "exchange-a"),
        (troubled.settled().plan[1].fault.kind, "k3"),
        (troubled.settled().plan[2].fault.kind, "book"),
    ]
    states = {host.host: host.state for host in seen.hosts}
    assert (states["k3"], states["book"], states["oms1"]) == ("down", "paused", "up")
    assert seen.services["keeper3"] == {}
    assert seen.services["keeper1"]["granted_to"] == "oms1"
    later = inspect(troubled, 1_600 * MS)
    assert {host.host: (host.state, host.epoch) for host in later.hosts}["k3"] == ("up", 2)
    assert [fault.kind for fault in later.faults] == ["exchange API: reports lost"]


def test_what_is_in_quarantine_is_shown_with_its_reason_and_how_often_each_was_there(troubled: Choice) -> None:
    plan = (during(700 * MS, 1_900 * MS, FeedDead("exchange-a"), must_touch=False),)
    seen = inspect(replace(troubled, plan=plan), 1_800 * MS)
    feeds = seen.services["market-data"]
    assert feeds["exchange-a"]["in_quarantine"] == {"feed": "silent"}
    assert feeds["exchange-a"]["quarantines"] == {"silent": 1}
    assert feeds["exchange-b"]["in_quarantine"] == feeds["exchange-b"]["quarantines"] == {}
    assert seen.services["monitor"]["quarantines"] == {"exchange-a": {"silent": 1}}
    assert seen.services["monitor"]["alerts_standing"] == [
        "warning: market data of exchange-a: feed in quarantine, silent"
    ]


def test_a_moment_comes_before_what_happens_at_it(troubled: Choice) -> None:
    assert inspect(troubled, 700 * MS).faults == ()
    assert len(inspect(troubled, 700 * MS + 1).faults) == 1


def test_leaders_breakers_feeds_and_positions_are_told(troubled: Choice) -> None:
    seen = inspect(troubled, 5 * SECOND)
    assert (seen.services["oms1"]["role"], seen.services["oms2"]["role"]) == ("leading", "standby")
    assert seen.services["oms1"]["journal_version"] == seen.services["oms2"]["journal_version"] > 0
    venues = seen.services["execution"]["venues"]
    told = {lane.name: lane.spans[-1].state for lane in run(troubled).lanes}
    assert {name: state["breaker"] for name, state in venues.items()} == {
        "exchange-a": told["breaker exchange-a"],
        "exchange-b": "closed",
    }
    assert seen.services["market-data"]["exchange-a"]["state"] == "in sequence"
    held = {symbol: position["net_lots"] for symbol, position in seen.services["positions"].items()}
    checked = {symbol: state["net_lots"] for symbol, state in seen.services["risk"]["symbols"].items()}
    assert held == checked
    assert any(held.values())
    assert "exchange-b" in seen.services["router"]["routable"]
    assert "oms1 → router" in {host.host: host for host in seen.hosts}["oms1"].streams


def test_an_orders_history_is_every_record_that_touched_it_and_no_other(troubled: Choice) -> None:
    memory = Memory()
    run(troubled, memory)
    seen = inspect(troubled, 5 * SECOND, "pulse-ACME-7")
    assert seen.order is not None
    steps = seen.order.steps
    assert steps[0].words.endswith("SubmitOrder (submit/pulse-ACME-7)")
    assert [step.seq for step in steps] == sorted(step.seq for step in steps)
    by_seq = {record.seq: record for record in memory.records}
    assert all((by_seq[step.seq].at_ns, by_seq[step.seq].host) == (step.at_ns, step.host) for step in steps)
    assert not any("pulse-ACME-17" in step.words or "pulse-ACME-70" in step.words for step in steps)
    journal = [step.words for step in steps if step.words.startswith("journal")]
    assert "OrderSubmitted" in journal[0]
    assert len(journal) == len(set(journal))
    assert any("accepts pulse-ACME-7: " in step.words for step in steps)


def test_an_order_in_doubt_is_one_at_that_moment(troubled: Choice) -> None:
    doubted = next(
        name
        for name in (f"pulse-{symbol}-{number}" for number in range(1, 20) for symbol in ("ACME", "BOLT"))
        if (order := inspect(troubled, 1_800 * MS, name).order) is not None and order.fate.doubted
    )
    order = inspect(troubled, 5 * SECOND, doubted).order
    assert order is not None
    assert any("OrderDoubted" in step.words for step in order.steps)
    assert any("never sends report/" in step.words for step in order.steps)


def test_before_it_is_submitted_an_order_is_not_known(troubled: Choice) -> None:
    with pytest.raises(ValueError, match=r"no order 'pulse-ACME-7' by 1ms; there is none yet$"):
        inspect(troubled, 1 * MS, "pulse-ACME-7")
    with pytest.raises(ValueError, match=r"no order 'pulse-ACNE-7' by 5s; did you mean pulse-ACME-7\?"):
        inspect(troubled, 5 * SECOND, "pulse-ACNE-7")


def test_without_faults_none_is_in_force(troubled: Choice) -> None:
    assert inspect(replace(troubled, with_faults=False), 1_150 * MS).faults == ()


# --- the command ---


def _line(said: Said) -> str:
    assert (said.exit_code, said.out) == (USAGE, "")
    assert said.err.count("\n") == 1
    return said.err


def test_inspect_prints_the_order_then_all_the_rest(squall: Squall) -> None:
    said = squall("inspect", SETTLED, "--at", "2s", "--order", "pulse-ACME-3")
    assert said.exit_code == PASS
    assert said.out.startswith(f"{SETTLED}, seed 1, at 2.000000 s\n\npulse-ACME-3: ")
    for part in ("Faults in force", "Machines", "Services", "Venues", "breaker closed", "leading"):
        assert part in said.out
    assert max(map(len, said.out.splitlines())) <= 100


def test_inspect_writes_the_same_as_json(squall: Squall, tmp_path: Path) -> None:
    file = tmp_path / "then.json"
    assert squall("inspect", SETTLED, "--at", "2s", "--json", str(file)).exit_code == PASS
    document = json.loads(squall("inspect", SETTLED, "--at", "2s", "--json", "-").out)
    assert json.loads(file.read_text()) == document
    assert (document["schema"], document["at_ns"], document["order"]) == (1, 2 * SECOND, None)
    assert document["services"]["oms1"]["role"] == "leading"


def test_what_cannot_be_inspected_is_told_in_one_line(squall: Squall, tmp_path: Path) -> None:
    assert "--at: expected a duration such as 250ms or 5s, found 'noon'" in _line(
        squall("inspect", SETTLED, "--at", "noon")
    )
    assert "the run ends at 5s, found 6s" in _line(squall("inspect", SETTLED, "--at", "6s"))
    assert "Missing option '--at'" in _line(squall("inspect", SETTLED))
    assert "did you mean pulse-" in _line(squall("inspect", SETTLED, "--at", "2s", "--order", "puls-ACME-3"))
    assert "no scenario 'settld'" in _line(squall("inspect", "settld", "--at", "1s"))
    nowhere = str(tmp_path / "nowhere" / "it.json")
    assert "no such folder" in _line(squall("inspect", SETTLED, "--at", "1s", "--json", nowhere))


def test_a_program_that_a_fault_has_got_at_is_shown_as_it_is() -> None:
    plan = (
        during(1_000 * MS, 2_900 * MS, Hangs("oms1", "SubmitOrder")),
        during(1_000 * MS, 2_900 * MS, OldVersion("router", "2003")),
        during(1_000 * MS, 2_900 * MS, BadConfig("risk", "risk.max_order_lots", "1")),
        during(1_000 * MS, 2_900 * MS, Livelock("market-data"), must_touch=False),
    )
    seen = inspect(brief(plan), 2_000 * MS).services
    assert seen["oms1"]["program"] == "hung"
    assert seen["market-data"]["program"] == "in a livelock"
    assert seen["router"]["deployed_version"] == "2003"
    assert seen["risk"]["configured_otherwise"] == "since push 1"
    assert "program" not in seen["execution"]
    assert inspect(brief(plan), 1_020 * MS).services["router"]["program"] == "down"


def test_people_see_what_the_operator_waits_for_how_far_parents_are_and_what_venues_have_told() -> None:
    closing = inspect(choose("end-of-day", seed=2), 10 * SECOND).services
    assert closing["operator"]["words"]["desk"]["state"] == "closing"
    assert closing["reconciler"]["leader"] == "oms2"
    venues = closing["reconciler"]["venues"]
    assert all(venue["subscribed"] and venue["trades_heard"] > 0 for venue in venues.values())

    day = inspect(choose("execution-day", seed=2), 6 * SECOND).services
    parents = day["algos"]["parents"]
    assert all(parent["filled_lots"] + parent["open_lots"] <= parent["lots"] for parent in parents.values())
    assert any(0 < parent["filled_lots"] < parent["lots"] for parent in parents.values())
    assert not day["clients"]["parents_unanswered"]


def test_people_see_where_a_market_makers_quotes_rest_and_which_venues_have_had_enough() -> None:
    shown = inspect(choose("maker-at-a-throttled-venue"), 6 * SECOND).services["strategy"]
    assert shown["venues_throttled"] == ["exchange-a", "exchange-b"]
    quotes = shown["open_orders"].values()
    assert {quote["venue"] for quote in quotes} <= {"exchange-a", "exchange-b", None}
    assert all(quote["leaves_lots"] > 0 and quote["price_half_ticks"] > 0 for quote in quotes)
    assert any(quote["venue"] for quote in quotes)
