"""`squall shrink` and `squall replay`: what they write, what they say, and what they refuse."""

from pathlib import Path

import pytest

from squall.cli import PASS, USAGE, VIOLATED
from squall.scenarios.search.incident import load_incident
from tests.scenarios.own import FILE
from tests.test_cli import Said, Squall, squall

__all__ = ["squall"]

SETTLED = f"{FILE}:settled"
RECKLESS = ("--set", "execution.resolve_in_doubt=off", "--set", "venue.refuse_duplicates=off")
PLAN = """
schema = 1
[[faults]]
kind = "reports-lost"
target = "exchange-a"
start = "700ms"
end = "1900ms"
[[faults]]
kind = "pause"
target = "book"
start = "800ms"
end = "900ms"
must_touch = false
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    file = tmp_path / "plan.toml"
    file.write_text(PLAN)
    return str(file)


def _line(said: Said) -> str:
    assert said.exit_code == USAGE, said
    assert said.err.count("\n") == 1
    return said.err


def test_shrink_writes_an_incident_that_replay_finds_violated_again(squall: Squall, plan: str, tmp_path: Path) -> None:
    out, test = tmp_path / "incident.json", tmp_path / "test_incident.py"
    said = squall("shrink", SETTLED, "--seed", "3", "--plan", plan, *RECKLESS, "--out", str(out), "--test", str(test))
    assert said.exit_code == VIOLATED
    assert "; every step taken still violated: no order is sent twice" in said.out
    assert "from  2 faults, 40 orders, 5 s" in said.out
    assert "to    1 fault, " in said.out
    assert f"squall replay {out}" in said.out
    assert "no order is sent twice (safety) was violated at" in said.out
    others = said.out.count("✖ violated") > 1
    assert others == ("What else is broken below may be so only because the run ends sooner." in said.out)
    assert [entry["kind"] for entry in load_incident(out).plan or ()] == ["reports-lost"]
    assert "def test_no_order_is_sent_twice() -> None:" in test.read_text()
    again = squall("replay", str(out))
    assert again.exit_code == VIOLATED
    assert again.out.endswith("no order is sent twice: the violation is there\n")
    assert f"Replay  squall replay {out}\n" in again.out
    assert again.err == ""


def test_replay_says_that_a_violation_is_gone_and_what_has_changed_since(
    squall: Squall, plan: str, tmp_path: Path
) -> None:
    out = tmp_path / "incident.json"
    squall("shrink", SETTLED, "--seed", "3", "--plan", plan, *RECKLESS, "--max-runs", "5", "--out", str(out))
    mended = out.read_text().replace('"execution.resolve_in_doubt=off",', "").replace('"squall": "0', '"squall": "00')
    out.write_text(mended)
    said = squall("replay", str(out))
    assert said.exit_code == PASS
    assert said.out.endswith("no order is sent twice: the violation is gone\n")
    assert "squall: since the incident was written: squall was 00." in said.err
    assert "the digest was" in said.err


def test_what_is_left_of_a_plan_that_no_file_can_hold_is_told_and_not_written(squall: Squall, tmp_path: Path) -> None:
    out, own = tmp_path / "incident.json", tmp_path / "own.py"
    own.write_text(
        "from msgspec.structs import replace\n"
        "from squall.faults.exchange import ReportsLost\n"
        "from squall.faults.fault import during\n"
        "from tests.scenarios.own import settled\n"
        "class Mine:\n"
        "    kind, target = 'mine', 'exchange-a'\n"
        "    def check(self, world): pass\n"
        "    def inject(self, world, tally): return ReportsLost('exchange-a').inject(world, tally)\n"
        "def broken():\n"
        "    return replace(settled(), plan=(during(700_000_000, 1_900_000_000, Mine()),))\n"
    )
    said = squall("shrink", f"{own}:broken", "--seed", "3", *RECKLESS, "--max-runs", "3", "--out", str(out))
    assert said.exit_code == USAGE
    assert "no order is sent twice" in said.out
    assert "squall replay" not in said.out
    assert said.err == "squall: nothing is written: plan[0]: mine is a fault of your own: a file cannot hold it\n"
    assert not out.exists()


def test_there_is_nothing_to_shrink_in_a_run_that_passes(squall: Squall) -> None:
    said = squall("shrink", SETTLED)
    assert said.exit_code == PASS
    assert said.out == f"{SETTLED}, seed 1: pass: there is nothing to shrink\n"


def test_wrong_input_is_told_in_one_line_and_leaves_nothing_behind(squall: Squall, plan: str, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "incident.json"
    assert "--out" in _line(squall("shrink", SETTLED, *RECKLESS, "--out", str(out)))
    assert "no scenario 'settld'" in _line(squall("shrink", "settld"))
    asked = ("shrink", SETTLED, "--seed", "3", "--plan", plan, *RECKLESS, "--promise", "feeds end in sequence")
    assert "'feeds end in sequence' is not violated; violated are no order is sent twice" in _line(squall(*asked))
    assert "cannot be read: No such file or directory" in _line(squall("replay", str(out)))
    (tmp_path / "junk.json").write_text("{]")
    assert "junk.json: not JSON: JSON is malformed" in _line(squall("replay", str(tmp_path / "junk.json")))
    strange = '{"schema": 1, "scenario": "clam", "seed": 1, "promise": "x", "detail": "y"}'
    (tmp_path / "junk.json").write_text(strange)
    assert "junk.json: no scenario 'clam'; did you mean calm?" in _line(squall("replay", str(tmp_path / "junk.json")))
    (tmp_path / "junk.json").write_text(strange.replace("clam", "oms-crash").replace('"seed": 1', '"seed": -1'))
    assert "junk.json: seed: expected 0 to " in _line(squall("replay", str(tmp_path / "junk.json")))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["junk.json", "plan.toml"]
