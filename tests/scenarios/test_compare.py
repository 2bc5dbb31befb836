"""Comparing: the same orders in both arms, what each came to, and figures that add up to the venues' records."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from squall.cli import PASS, USAGE
from squall.faults.exchange import ReportsLost, RequestsLost
from squall.faults.fault import during
from squall.faults.host import Pause
from squall.scenarios.compare import Tape, with_settings, without_faults
from squall.scenarios.find import choose
from squall.scenarios.result import Comparison, Verdict
from squall.scenarios.run import run
from squall.sim.exchange.wire.messages import Side
from squall.system.domain.claims import OrderMoved
from tests.scenarios.own import FILE
from tests.scenarios.runs import brief
from tests.scenarios.stages import Tale, submit
from tests.test_cli import Said, Squall, squall

__all__ = ["squall"]

MS = 1_000_000
SECOND = 1_000 * MS
SETTLED = f"{FILE}:settled"
LOST = (during(700 * MS, 1_900 * MS, ReportsLost("exchange-a", share=0.8)),)


@pytest.fixture(scope="module")
def faulty() -> Comparison:
    return without_faults(choose(SETTLED, seed=3, plan=LOST))


def test_each_arm_is_the_run_that_squall_run_would_do(faulty: Comparison) -> None:
    choice = choose(SETTLED, seed=3, plan=LOST)
    assert faulty.second.digest == run(choice).digest
    assert faulty.first.digest == run(replace(choice, with_faults=False)).digest


def test_lost_reports_cost_time_and_doubt_and_no_order(faulty: Comparison) -> None:
    was, now = faulty.first.figures, faulty.second.figures
    assert (was["orders"], was["orders_in_doubt"]) == (now["orders"], 0)
    assert now["orders_in_doubt"] == sum(each.second is not None and each.second.doubted for each in faulty.differing)
    assert now["orders_in_doubt"]
    assert was["order_to_ack_p99_ns"] < 2 * MS < now["order_to_ack_p99_ns"]
    assert faulty.orders == was["orders"]
    assert 0 < len(faulty.differing) < faulty.orders


def test_what_a_fault_cost_in_time_is_told_order_by_order() -> None:
    """The gate stops for a third of a second: whatever was submitted meanwhile is late, and nothing else is."""
    stopped = without_faults(choose(SETTLED, seed=3, plan=(during(1_000 * MS, 1_300 * MS, Pause("risk")),)))
    late = [each.second_ns - each.first_ns for each in stopped.delayed]
    assert late == sorted(late, reverse=True)
    assert all(1 * MS <= each <= 310 * MS for each in late)
    assert 1 <= len(late) < stopped.orders


def test_the_orders_that_differ_are_named_with_what_became_of_them_both_times() -> None:
    off = with_settings(
        choose(SETTLED, seed=3, plan=LOST), ("execution.resolve_in_doubt=off", "venue.refuse_duplicates=off")
    )
    assert (off.first.verdict, off.second.verdict) == (Verdict.PASS, Verdict.VIOLATED)
    assert "no order is sent twice" in off.second.violated
    twice = [each for each in off.differing if each.second is not None and each.second.accepted > 1]
    assert len(twice) == off.second.figures["orders_sent_twice"] > 0
    assert off.first.figures["orders_sent_twice"] == 0
    for each in twice:
        assert each.first is not None
        assert each.first.accepted == 1
        assert each.first.lots == each.second.lots if each.second is not None else False


def test_an_order_whose_price_alone_differs_comes_after_those_that_fared_otherwise() -> None:
    off = with_settings(
        choose(SETTLED, seed=3, plan=LOST), ("execution.resolve_in_doubt=off", "venue.refuse_duplicates=off")
    )

    def fared(index: int) -> list[tuple[str, int, int]]:
        difference = off.differing[index]
        return [(f.ended, f.filled_lots, f.accepted) for f in (difference.first, difference.second) if f is not None]

    alone = [len(set(fared(index))) == 1 for index in range(len(off.differing))]
    assert alone == sorted(alone)


def test_a_fault_that_strikes_nobody_costs_nothing() -> None:
    late = during(2_900 * MS, 2_950 * MS, RequestsLost("exchange-a"), must_touch=False)
    same = without_faults(brief(plan=(late,)))
    assert same.differing == ()
    assert same.first.figures == same.second.figures


def test_both_arms_are_marked_at_the_same_prices_and_profit_is_cash_and_holdings() -> None:
    tale = Tale()
    tape = Tape(tale.stage)
    fair = tape.price_half_ticks("ACME")
    assert fair is not None
    tale.sent("strategy", "oms1", submit("one", 10))
    tale.accepted("one", 10)
    tale.executed("one", 4, price_half_ticks=fair + 2)
    tale.executed("one", 2, price_half_ticks=fair + 4)
    # (4·2 + 2·4) half ticks × lots of 0.005 each; at a mark 10 half ticks up, six lots are worth 60 more.
    assert tape.slippage() == (pytest.approx(16 / 6), pytest.approx(16 * 0.005))
    assert tape.profit_money({"ACME": fair}) == pytest.approx(-16 * 0.005)
    assert tape.profit_money({"ACME": fair + 10}) == pytest.approx((60 - 16) * 0.005)


def test_a_sale_below_the_market_is_slippage_too() -> None:
    tale = Tale()
    tape = Tape(tale.stage)
    fair = tape.price_half_ticks("ACME")
    assert fair is not None
    tale.sent("strategy", "oms1", replace(submit("one", 10), side=Side.SELL))
    tale.accepted("one", 10, buy=False)
    tale.executed("one", 10, buy=False, price_half_ticks=fair - 3)
    assert tape.slippage()[0] == pytest.approx(3)


def test_what_became_of_an_order_is_said_by_the_venue_and_failing_that_by_the_desk() -> None:
    tale = Tale()
    tape = Tape(tale.stage)
    for name in ("filled", "part", "twice", "resting", "denied", "unheard", "doubted"):
        tale.sent("strategy", "oms1", submit(name, 10))
    for name in ("filled", "part", "twice", "twice", "resting"):
        tale.accepted(name, 10)
    tale.executed("filled", 10)
    tale.executed("part", 3)
    tale.closed("part", 7)
    tale.executed("twice", 10)
    tale.executed("twice", 10)
    tale.heard(OrderMoved("denied", "rejected"))
    tale.heard(OrderMoved("doubted", "in_doubt"))
    tale.accepted("nobody asked", 5)
    fates = {name: order.fate() for name, order in tape.orders.items()}
    assert {name: fate.ended for name, fate in fates.items()} == {
        "filled": "filled",
        "part": "cancelled",
        "twice": "overfilled",
        "resting": "working",
        "denied": "rejected by the desk",
        "unheard": "never taken",
        "doubted": "in doubt",
        "nobody asked": "working",
    }
    assert fates["part"].filled_lots == 3
    assert fates["twice"].accepted == 2
    assert [name for name, fate in fates.items() if fate.doubted] == ["doubted"]


# --- the command ---


def _line(said: Said) -> str:
    assert (said.exit_code, said.out) == (USAGE, "")
    assert said.err.count("\n") == 1
    return said.err


@pytest.fixture
def plan(tmp_path: Path) -> str:
    file = tmp_path / "plan.toml"
    entry = 'kind = "reports-lost"\ntarget = "exchange-a"\nshare = 0.8\nstart = "700ms"\nend = "1900ms"\n'
    file.write_text(f"schema = 1\n[[faults]]\n{entry}")
    return str(file)


def test_compare_prints_both_arms_and_the_orders_that_differ(squall: Squall, plan: str) -> None:
    said = squall("compare", SETTLED, "--seed", "3", "--plan", plan)
    assert said.exit_code == PASS
    assert "Passed  without faults" in said.out
    assert "Passed  with faults" in said.out
    assert "orders in doubt" in said.out
    assert "fared differently" in said.out
    assert ", after doubt" in said.out
    assert max(map(len, said.out.splitlines())) <= 100


def test_compare_prints_the_orders_that_were_late(squall: Squall, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text('schema = 1\n[[faults]]\nkind = "pause"\ntarget = "risk"\nstart = "1s"\nend = "1300ms"\n')
    said = squall("compare", SETTLED, "--seed", "3", "--plan", str(file))
    assert "orders reached a venue later or earlier, by 1 ms or more\n" in said.out
    assert " µs; now after 2" in said.out


def test_compare_writes_the_same_as_json(squall: Squall, plan: str, tmp_path: Path, faulty: Comparison) -> None:
    file = tmp_path / "compared.json"
    assert squall("compare", SETTLED, "--seed", "3", "--plan", plan, "--json", str(file)).exit_code == PASS
    piped = squall("compare", SETTLED, "--seed", "3", "--plan", plan, "--json", "-")
    document = json.loads(piped.out)
    assert json.loads(file.read_text()) == document
    assert document["schema"] == 1
    assert [each["cl_ord_id"] for each in document["differing"]] == [each.cl_ord_id for each in faulty.differing]
    assert document["second"]["figures"]["fills"] == faulty.second.figures["fills"]


def test_a_setting_is_the_difference_or_with_without_faults_holds_for_both(squall: Squall, plan: str) -> None:
    off = ("--set", "execution.resolve_in_doubt=off", "--set", "venue.refuse_duplicates=off")
    by_setting = squall("compare", SETTLED, "--seed", "3", "--plan", plan, *off)
    assert "Passed  as it is" in by_setting.out
    assert "Violated  execution.resolve_in_doubt=off, venue.refuse_duplicates=off: no order is s" in by_setting.out
    both = squall("compare", SETTLED, "--seed", "3", "--plan", plan, "--without-faults", *off)
    assert "Passed  without faults" in both.out
    assert "Violated  with faults: no order is sent twice" in both.out


def test_what_cannot_be_compared_is_told_in_one_line(squall: Squall, plan: str, tmp_path: Path) -> None:
    assert "it has no faults to leave out; expected --set" in _line(squall("compare", SETTLED))
    assert "no scenario 'settld'" in _line(squall("compare", "settld"))
    assert "execution.resolve" in _line(squall("compare", SETTLED, "--set", "execution.resolve=off"))
    assert "expected" in _line(squall("compare", SETTLED, "--set", "venue.refuse_duplicates=maybe"))
    nowhere = str(tmp_path / "nowhere" / "it.json")
    assert "no such folder" in _line(squall("compare", SETTLED, "--plan", plan, "--json", nowhere))
