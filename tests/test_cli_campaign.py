"""`squall campaign` as a person or a CI job types it: what comes out, what is left behind, and the exit code."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from squall.cli import INCONCLUSIVE, INTERNAL, NONDETERMINISM, PASS, USAGE, VIOLATED, main
from squall.commands.campaign import interruptible
from tests.scenarios.search.own_campaign import FILE


class Said(NamedTuple):
    """What a command came to."""

    exit_code: int
    out: str
    err: str


Squall = Callable[..., Said]


@pytest.fixture
def campaign(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Squall:
    """``squall campaign`` in this process; a word that begins with a colon is a scenario of our own."""

    def typed(*words: str) -> Said:
        own = [f"{FILE}{word}" if word.startswith(":") else word for word in words]
        monkeypatch.setattr(sys, "argv", ["squall", "campaign", *own])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Said(code, *capfd.readouterr())

    return typed


# --- exit codes ---


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        ((":sound", ":canary"), PASS, "✔ PASSED"),
        ((":odd_seeds_break", ":sound"), VIOLATED, "in time # of # was # late at #"),
        ((":silent_canary",), VIOLATED, "WAS NOT FOUND"),
        ((":never_reached",), INCONCLUSIVE, "never: the place"),
        ((":seldom_reached",), PASS, "(3 unreached)"),
        ((":doubtful",), INCONCLUSIVE, "too many inconclusive"),
        ((":doubtful", "--max-inconclusive", "50%"), PASS, "✔ PASSED"),
        ((":third_raises",), INTERNAL, "SystemExit: my judge leaves"),
        ((":reads_the_clock",), NONDETERMINISM, "called time.time during a run"),
        ((":third_raises", ":odd_seeds_break"), VIOLATED, "SystemExit: my judge leaves"),
    ],
)
def test_the_exit_code_is_the_worst_that_was_seen(
    campaign: Squall, words: tuple[str, ...], exit_code: int, said: str
) -> None:
    told = campaign(*words, "--seeds", "1:5", "--jobs", "1")
    assert told.exit_code == exit_code
    assert said in " ".join(told.out.split())
    assert told.err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((":sound", "--seeds", "7"), "expected A:B, whole numbers, B not included; found '7'"),
        ((":sound", "--seeds", "7:7"), "expected A below B"),
        ((":sound", "--max-inconclusive", "lots"), "expected a share such as 20%, found 'lots'"),
        ((":sound", "--resume"), "--resume: expected --db FILE"),
        ((":sound", "--seed-timeout", "nan"), "expected a number of seconds, found nan"),
        ((":sound", "--seeds", "1:99999999999999999999"), "B at most 2^63"),
        ((":sound", ":sound"), "expected each scenario once"),
        (("slow-filsl",), "did you mean slow-fills?"),
        ((":sound", "--set", "breaker.nonsense=1"), "breaker.nonsense: no such key"),
        ((":sound", "--db", "no/such/folder/c.sqlite"), "cannot be used as a campaign's database"),
        ((":sound", "--json", "no/such/folder/c.json"), "no such folder"),
        ((":canary", "--no-faults"), "a canary without its faults is none"),
    ],
)
def test_what_is_typed_wrong_is_told_in_one_line(campaign: Squall, words: tuple[str, ...], said: str) -> None:
    told = campaign(*words)
    assert (told.exit_code, told.out, told.err.count("\n")) == (USAGE, "", 1)
    assert said in told.err


def test_a_database_of_somebody_elses_is_refused(campaign: Squall, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine\n")
    told = campaign(":sound", "--db", str(notes), "--resume")
    assert told.exit_code == USAGE
    assert "cannot be used as a campaign's database" in told.err
    assert notes.read_text() == "mine\n"


# --- Ctrl-C ---


def test_a_signal_that_comes_twice_at_once_is_one_and_a_later_one_does_not_wait() -> None:
    """`timeout -s INT` signals the process and its group: a nightly job that is told its time is up still sums up."""
    now_s = 0.0
    before = signal.getsignal(signal.SIGINT)
    with interruptible(lambda: now_s) as stopped:
        assert not stopped()
        signal.raise_signal(signal.SIGINT)
        now_s = 0.2
        signal.raise_signal(signal.SIGINT)
        assert stopped()
        now_s = 1.2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


# --- what is left behind ---


def test_conditions_that_were_reached_are_counted_with_the_seed_that_showed_them_first(
    campaign: Squall, tmp_path: Path
) -> None:
    """Seed 4 alone gets there."""
    file = tmp_path / "c.md"
    told = campaign(":seldom_reached", "--seeds", "1:6", "--json", "-", "--markdown", str(file))
    (reached,) = (each for each in json.loads(told.out)["behaviours"] if each["name"].startswith("reached: "))
    assert (reached["name"], reached["seeds"], reached["seed"]) == ("reached: the place", 1, 4)
    assert "| reached: the place | 1 | 1 |" in file.read_text()


def test_reports_are_written_beside_the_summary_and_tell_the_same(campaign: Squall, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"c.{kind}" for kind in ("json", "junit", "markdown")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    told = campaign(":odd_seeds_break", "--seeds", "1:5", *options)
    assert told.exit_code == VIOLATED
    (group,) = json.loads(files["json"].read_text())["groups"]
    assert (group["promise"], group["seeds"]) == ("in time", 2)
    assert group["command"] in told.out
    assert group["command"] in files["markdown"].read_text()
    assert group["command"] in str(ElementTree.parse(files["junit"]).findtext(".//failure"))


def test_json_on_standard_output_is_alone_there_even_where_a_users_own_code_prints(campaign: Squall) -> None:
    told = campaign(":chatty", "--seeds", "1:3", "--json", "-")
    assert told.exit_code == PASS
    assert json.loads(told.out)["seeds"] == 2
    assert "I am being made" in told.err


def test_a_campaign_goes_on_with_the_file_that_it_has(campaign: Squall, tmp_path: Path) -> None:
    db = ("--db", str(tmp_path / "c.sqlite"))
    assert campaign(":sound", "--seeds", "1:4", *db).exit_code == PASS
    assert campaign(":sound", "--seeds", "1:6", *db).exit_code == USAGE
    told = campaign(":sound", "--seeds", "1:6", *db, "--resume")
    assert "5 seeds of 1 scenario" in told.out
    assert "3 seeds had been run before." in told.out


def test_ctrl_c_keeps_what_ran_and_sums_it_up(tmp_path: Path) -> None:
    words = ["campaign", f"{FILE}:chatty", "--seeds", "1:1000000", "--jobs", "1", "--db", str(tmp_path / "c.sqlite")]
    running = subprocess.Popen(
        [sys.executable, "-c", "from squall.cli import main; main()", *words, "--json", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stderr is not None
    for _ in range(2):  # made once to be looked at, and once in the worker: now seeds are being run
        assert running.stderr.readline() == "I am being made\n"
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to everybody
    out, err = running.communicate(timeout=60)
    told = json.loads(out)
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as db:
        (kept,) = db.execute("SELECT count(*) FROM run").fetchone()
    assert running.returncode == INTERNAL
    assert told["interrupted"]
    assert 1 <= told["seeds"] == kept < 1_000_000
    assert "Traceback" not in err
