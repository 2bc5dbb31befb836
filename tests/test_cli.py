"""The command line: what a person types, what comes out, what is left behind, and the exit code."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from squall.cli import INCONCLUSIVE, INTERNAL, NONDETERMINISM, PASS, USAGE, VIOLATED, cli, main
from squall.scenarios.capacity import crossing_per_s
from squall.scenarios.find import library_scenarios
from squall.scenarios.protections import PROTECTIONS, protections_page
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import FAILURE_MODES
from squall.system.services.strategy import Strategy
from tests.recordings import synthetic_lines, write
from tests.scenarios.own import FILE
from tests.scenarios.runs import DOUBLED, promise

QUICK = "slow-fills"
"""A library scenario that takes no time."""
DOUBLING = ["ack-lost", *(word for each in DOUBLED for word in ("--set", each))]
HERE = Path(__file__).resolve().parent.parent


class Said(NamedTuple):
    """What a command came to."""

    exit_code: int
    out: str
    err: str


Squall = Callable[..., Said]


@pytest.fixture
def squall(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Squall:
    """The console script, in this process."""

    def typed(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["squall", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Said(code, *capfd.readouterr())

    return typed


def _in_a_process(*words: str, before: str = "", cwd: Path = HERE) -> Said:
    """The console script, in a process of its own; *before* is done first."""
    code = f"{before}\nfrom squall.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, cwd=cwd, timeout=120
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _one_line(said: Said, exit_code: int = USAGE) -> str:
    """The one line that it ended with: nothing on standard output, no traceback."""
    assert said.exit_code == exit_code, said
    assert said.out == ""
    assert said.err.startswith("squall: ")
    assert said.err.count("\n") == 1
    assert said.err.endswith("\n")
    assert "Traceback" not in said.err
    return said.err.removeprefix("squall: ").removesuffix("\n")


def _nothing_in(folder: Path) -> bool:
    return not list(folder.iterdir())


# --- exit codes ---


def test_exit_code_0_every_promise_was_kept(squall: Squall) -> None:
    said = squall("run", QUICK)
    assert (said.exit_code, said.err) == (PASS, "") == (0, "")
    assert "PASSED" in said.out.splitlines()[0]


def test_exit_code_1_a_promise_was_broken_and_the_replay_is_told(squall: Squall) -> None:
    said = squall("run", *DOUBLING)
    assert said.exit_code == VIOLATED == 1
    assert "VIOLATED" in said.out.splitlines()[0]
    assert "no order is sent twice" in said.out
    assert f"squall run ack-lost --seed 1 --set {DOUBLED[0]} --set {DOUBLED[1]}" in said.out


def test_exit_code_3_the_breaker_never_opened_so_nothing_was_shown(squall: Squall) -> None:
    said = squall("run", "exchange-api-timeouts", "--set", "breaker.failure_threshold=1000")
    assert said.exit_code == INCONCLUSIVE == 3
    assert "breaker of exchange-a: open: it never came" in said.out


def test_exit_code_4_a_service_that_asks_the_machine_for_the_time(
    squall: Squall, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Strategy, "on_timer", lambda self, key: time.time())
    line = _one_line(squall("run", QUICK, "--trace", str(tmp_path / "t.jsonl")), NONDETERMINISM)
    assert NONDETERMINISM == 4
    assert line.startswith("nondeterminism: ")
    assert "test_cli.py:" in line
    assert "called time.time during a run; a program reads its host's clock" in line
    assert _nothing_in(tmp_path)


def test_exit_code_4_a_users_judge_that_asks_the_machine_for_the_time(squall: Squall) -> None:
    line = _one_line(squall("run", f"{FILE}:reads_the_clock"), NONDETERMINISM)
    assert "own.py:" in line
    assert "called time.time during a run" in line


def test_exit_code_4_processes_that_do_not_come_to_the_same_digest(squall: Squall) -> None:
    said = squall("verify", f"{FILE}:parts_in_the_end", "--runs", "2")
    assert said.exit_code == NONDETERMINISM
    assert "DIFFERENT digests" in said.out.splitlines()[-1]


def test_exit_code_5_time_that_stands_still(squall: Squall, tmp_path: Path) -> None:
    line = _one_line(squall("run", f"{FILE}:spins", "--trace", str(tmp_path / "t.jsonl")), INTERNAL)
    assert INTERNAL == 5
    assert line.startswith("livelock: more than 100000 events at 1000000000 ns")
    assert _nothing_in(tmp_path)


def test_exit_code_5_a_bug_is_told_in_one_line_with_its_place(squall: Squall, tmp_path: Path) -> None:
    line = _one_line(squall("run", f"{FILE}:judge_fails", "--trace", str(tmp_path / "t.jsonl")), INTERNAL)
    assert "own.py:" in line
    assert "LookupError: my judge has a bug" in line
    assert _nothing_in(tmp_path)


def test_exit_code_5_somebody_interrupts(squall: Squall, tmp_path: Path) -> None:
    said = squall("run", f"{FILE}:interrupted", "--trace", str(tmp_path / "t.jsonl"))
    assert said.exit_code == INTERNAL
    assert said.err.strip() == "squall: interrupted"
    assert _nothing_in(tmp_path)


# --- wrong usage ---


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "Missing command…(see squall --help)"),
        (("fly",), "No such command …fly…(see squall --help)"),
        (("run",), "Missing argument …SCENARIO…(see squall run --help)"),
        (("run", QUICK, "--fly"), "No such option…--fly…(see squall run --help)"),
        (
            ("run", QUICK, "--seed", "x"),
            "Invalid value for '--seed': 'x' is not a valid integer…(see squall run --help)",
        ),
        (("run", QUICK, "--seed", "-1"), "Invalid value for '--seed': -1 is not in the range"),
        (("run", QUICK, "--seed", str(2**63)), f"Invalid value for '--seed': {2**63} is not in the range"),
        (("run", "calmm"), "no scenario 'calmm'; did you mean calm?"),
        (("run", "xyzzy"), "no scenario 'xyzzy'; scenarios are ack-lost, "),
        (("run", QUICK, "--set", "breaker.speed=1"), "--set breaker.speed: no such key; breaker has breaker.enabled"),
        (("run", QUICK, "--set", "breaker.enabled=2"), "--set breaker.enabled: expected on or off, found '2'"),
        (("run", QUICK, "--set", "breaker.enabled"), "--set breaker.enabled: expected key=value, found no '='"),
        (("run", QUICK, "--set", f"execution.max_sends={10**30}"), "--set execution.max_sends: expected a number of"),
        (("run", QUICK, "--set", "profile=fast"), "--set profile=fast: no such profile; profiles are default, chap"),
        (("run", QUICK, "--market", "file.gz"), "--market file.gz: expected binance:FILE"),
        (("run", QUICK, "--market", "binance:"), "--market binance:: expected binance:FILE"),
        (("run", QUICK, "--market", "nyse:file.gz"), "--market nyse:file.gz: expected binance:FILE"),
        (("run", QUICK, "--market", "binance:no.gz"), "--market binance:no.gz: no such file: no.gz"),
        (("run", QUICK, "--html", "-"), "--html -: expected a file; only --json can go to standard output"),
        (("run", QUICK, "--trace", "-"), "--trace -: expected a file; only --json can go to standard output"),
        (("run", f"{FILE}:a_number"), f"{FILE}:a_number: expected a function that returns a Scenario, found int"),
        (("run", f"{FILE}:nothing"), f"{FILE}:nothing: {FILE} has no function 'nothing'"),
        (("run", f"{FILE}:raises"), f"{FILE}:raises: the function failed: RuntimeError: I never worked (own.py:"),
        (("run", "no.py:x"), "no.py:x: no such file: no.py"),
        (("run", "no_module:x"), "no_module:x: cannot import no_module: ModuleNotFoundError: No module named 'no_mo"),
        (("run", f"{FILE}:no_such_link"), "plan[0]: no link 'exchange-z/orders'; links are "),
        (("verify", "calmm"), "no scenario 'calmm'; did you mean calm?"),
        (("verify", QUICK, "--runs", "1"), "Invalid value for '--runs': 1 is not in the range x>=2."),
        (
            ("verify", f"{FILE}:no_such_link"),
            f"verify {FILE}:no_such_link: a fresh process failed: PlanError: plan[0]:",
        ),
        (("prove", "prayer"), "no protection 'prayer'; protections are breaker.enabled,"),
        (("capacity", "--rates", "fast"), "--rates fast: expected A:B:STEP or A,B,C in whole orders a second"),
        (("capacity", "--rates", "1:2"), "--rates 1:2: expected A:B:STEP or A,B,C in whole orders a second"),
        (("capacity", "--rates", "1:5:0"), "--rates 1:5:0: the step must be above zero, found 0"),
        (("capacity", "--rates", "5:1:1"), "--rates 5:1:1: expected rising rates above zero, found none"),
        (("capacity", "--rates", "0,5"), "--rates 0,5: expected rising rates above zero, found 0, 5"),
        (("capacity", "--rates", "5,5"), "--rates 5,5: expected rising rates above zero, found 5, 5"),
        (("capacity", "--rates", "1:99999999:1"), "--rates 1:99999999:1: expected at most 1000 rates, found 99999999"),
        (("capacity", "--sla", "p50<1ms"), "--sla p50<1ms: expected p99<DURATION such as p99<100us"),
        (("capacity", "--sla", "p99<fast"), "--sla p99<fast: expected a duration such as 250ms or 5s, found 'fast'"),
        (("capacity", "--sla", "p99<0us"), "--sla p99<0us: expected a limit above zero"),
        (("capacity", "--orders", "1"), "Invalid value for '--orders': 1 is not in the range x>=10."),
        (("capacity", "--profile", "fast"), "--profile fast: no such profile; there are journal-on-path, baseline,"),
        (
            ("capacity", "--profile", "journal-on-path", "--profile", "baseline"),
            "--profile journal-on-path: the whole desk is measured by itself",
        ),
        (("capacity", "--journal"), "--journal: this is for stacks; the whole desk has Poisson load and no plan"),
        (("capacity", "--profile", "baseline", "--set", "a=b"), "--set a=b: a stack has no settings"),
        (("capacity", "--figure", "--rates", "5,6"), "--figure: it says itself which stacks are measured"),
        (("capacity", "--set", "a=b"), "--set a: no such key; sections are breaker,"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_with_exit_code_2(
    words: tuple[str, ...], line: str, squall: Squall
) -> None:
    """An ellipsis stands for words of click's, which differ from version to version."""
    said = _one_line(squall(*words))
    beginning, *others = line.split("…")
    assert said.startswith(beginning)
    assert all(other in said for other in others)


def test_a_file_with_a_syntax_error_is_refused_in_one_line(squall: Squall, tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def story(:\n")
    line = _one_line(squall("run", f"{file}:story"))
    assert line == f"{file}:story: cannot load {file}: SyntaxError: invalid syntax (broken.py, line 1)"


# --- files that cannot be written ---

OUTPUTS = [
    ("run", QUICK, "--json"),
    ("run", QUICK, "--html"),
    ("run", QUICK, "--trace"),
    ("prove", "risk.count_in_flight", "--json"),
    ("prove", "risk.count_in_flight", "--docs"),
    ("capacity", "--json"),
]


@pytest.mark.parametrize("words", OUTPUTS)
def test_a_file_in_a_folder_that_is_not_there_is_refused_before_anything_runs(
    words: tuple[str, ...], squall: Squall, tmp_path: Path
) -> None:
    target = tmp_path / "nowhere" / "file"
    assert _one_line(squall(*words, str(target))) == f"{words[-1]} {target}: no such folder: {target.parent}"


@pytest.mark.parametrize("words", OUTPUTS)
def test_a_folder_in_place_of_a_file_is_refused_before_anything_runs(
    words: tuple[str, ...], squall: Squall, tmp_path: Path
) -> None:
    line = _one_line(squall(*words, str(tmp_path)))
    assert line == f"{words[-1]} {tmp_path}: expected a file, found a folder"
    assert _nothing_in(tmp_path)


@pytest.mark.parametrize("words", OUTPUTS)
def test_a_name_that_no_disk_would_have_is_refused_before_anything_runs(
    words: tuple[str, ...], squall: Squall, tmp_path: Path
) -> None:
    line = _one_line(squall(*words, str(tmp_path / ("x" * 300))))
    assert line.endswith("cannot be written: File name too long")
    assert _nothing_in(tmp_path)


@pytest.mark.parametrize("words", OUTPUTS)
def test_a_pipe_in_place_of_a_file_is_refused_and_stays(words: tuple[str, ...], squall: Squall, tmp_path: Path) -> None:
    """Renaming a file over it would replace it: with the rights to do so, a device too."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for target in (pipe, link):
        assert _one_line(squall(*words, str(target))) == f"{words[-1]} {target}: expected a file, found a pipe"
    assert pipe.is_fifo()
    assert link.is_symlink()


def test_a_link_stays_and_what_it_points_to_is_written(squall: Squall, tmp_path: Path) -> None:
    options = []
    for option in ("json", "html", "trace"):
        (tmp_path / f"{option}.link").symlink_to(tmp_path / option)
        options += [f"--{option}", str(tmp_path / f"{option}.link")]
    assert squall("run", f"{FILE}:sound", *options).exit_code == PASS
    for option in ("json", "html", "trace"):
        assert (tmp_path / f"{option}.link").is_symlink()
        assert (tmp_path / option).stat().st_size
    assert json.loads((tmp_path / "json").read_text())["verdict"] == "pass"


def test_links_that_run_in_a_circle_are_refused(squall: Squall, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "cannot be written: Too many levels of symbolic links" in _one_line(
        squall("run", QUICK, "--json", str(tmp_path / "a"))
    )


def test_two_outputs_cannot_share_a_file_by_whatever_name(squall: Squall, tmp_path: Path) -> None:
    file, link = tmp_path / "out", tmp_path / "link"
    link.symlink_to(file)
    line = _one_line(squall("run", QUICK, "--json", str(file), "--trace", str(link)))
    assert line == f"--trace {link}: expected a file of its own, found that of --json"
    line = _one_line(squall("prove", "risk.count_in_flight", "--json", str(file), "--docs", str(file)))
    assert line == f"--docs {file}: expected a file of its own, found that of --json"
    assert not file.exists()


def test_settings_that_contradict_each_other_are_refused_in_one_line(squall: Squall) -> None:
    for words in (("run", QUICK), ("capacity", "--rates", "200", "--orders", "10")):
        line = _one_line(squall(*words, "--set", "network.rto_max=1ms"))
        assert line == "network.rto_max: found 1ms, expected at least network.rto_min, 20ms"


def test_a_disk_that_is_full_is_told_and_is_not_taken_for_a_program_that_failed(tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    said = _in_a_process(
        *("run", QUICK, "--trace", str(trace)),
        before="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))",
    )
    assert _one_line(said) == f"--trace {trace}: cannot be written: File too large"
    assert _nothing_in(tmp_path)


def test_what_stood_in_a_file_stays_when_the_run_fails(squall: Squall, tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    trace.write_text("of another day")
    assert squall("run", f"{FILE}:spins", "--trace", str(trace)).exit_code == INTERNAL
    assert trace.read_text() == "of another day"
    assert [each.name for each in tmp_path.iterdir()] == ["t.jsonl"]


# --- recordings that cannot be played ---


WHOLE = gzip.compress("".join(f"{line}\n" for line in synthetic_lines(duration_ms=600)).encode(), mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain text\n",
        gzip.compress(b"plain text\n", mtime=0),
        gzip.compress(b"1700000000123456789 {not json}\n", mtime=0),
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-4],
        WHOLE[:20] + b"\xff\xff\xff\xff" + WHOLE[24:],
        b"\x00" * 100,
    ],
    ids=["empty", "prose", "gzipped prose", "not json", "half", "torn tail", "flipped bits", "zeros"],
)
def test_a_recording_that_cannot_be_played_is_refused_in_one_line_that_names_it(
    content: bytes, squall: Squall, tmp_path: Path
) -> None:
    file = tmp_path / "market.gz"
    file.write_bytes(content)
    words = ("run", "calm", "--market", f"binance:{file}", "--json", str(tmp_path / "out.json"))
    assert "market.gz" in _one_line(squall(*words))
    assert [each.name for each in tmp_path.iterdir()] == ["market.gz"]


def test_a_recording_that_no_process_can_play_cannot_be_verified(squall: Squall, tmp_path: Path) -> None:
    file = tmp_path / "market.gz"
    file.write_bytes(WHOLE[:-4])
    line = _one_line(squall("verify", "calm", "--market", f"binance:{file}", "--runs", "2"))
    assert line.startswith("verify calm: a fresh process failed: ")
    assert "market.gz" in line


def test_a_recording_with_a_gap_that_nothing_mends_is_refused(squall: Squall, tmp_path: Path) -> None:
    file = write(tmp_path / "market.gz", synthetic_lines(duration_ms=2_000, lost_diffs=(8,)))
    assert "market.gz: line " in _one_line(squall("run", "calm", "--market", f"binance:{file}"))


def test_a_recording_is_played_and_its_replay_command_names_it(squall: Squall, tmp_path: Path) -> None:
    file = write(tmp_path / "market.gz", synthetic_lines(duration_ms=1_500))
    said = squall("run", "calm", "--market", f"binance:{file}", "--json", "-")
    told = json.loads(said.out)
    assert said.exit_code in (PASS, INCONCLUSIVE)
    assert told["virtual_ns"] > 1_500_000_000
    assert "violated" not in [check["verdict"] for check in told["checks"]]


def test_a_fault_that_a_recording_has_no_place_for_is_refused(squall: Squall, tmp_path: Path) -> None:
    file = write(tmp_path / "market.gz", synthetic_lines(duration_ms=600))
    line = _one_line(squall("run", "falling-market", "--market", f"binance:{file}"))
    assert "there are none: the market is a recording" in line


# --- what is written ---


def test_list_tells_every_scenario_and_what_it_proves(squall: Squall) -> None:
    said = squall("list")
    assert said.exit_code == PASS
    assert len(said.out.splitlines()) == len(library_scenarios())
    for line, (name, maker) in zip(said.out.splitlines(), library_scenarios().items(), strict=True):
        assert line.split("  ", 1)[0] == name
        assert line.endswith(maker.proves)  # type: ignore[attr-defined]


def test_list_as_json_is_one_object(squall: Squall) -> None:
    told = json.loads(squall("list", "--json").out)
    assert told["schema"] == 1
    assert [row["name"] for row in told["scenarios"]] == list(library_scenarios())
    assert all(row["proves"] for row in told["scenarios"])


RUN_FORM = (
    *("schema", "scenario", "seed", "verdict", "digest", "virtual_ns", "events", "messages", "wall_s"),
    *("checks", "faults", "metrics", "versions"),
)
CHECK_FORM = ("name", "kind", "verdict", "detail", "at_ns", "seq")
FAULT_FORM = ("kind", "target", "start_ns", "end_ns", "effects")


def _assert_run_form(told: dict[str, Any]) -> None:
    """As the contract has it."""
    assert tuple(told) == RUN_FORM
    assert told["schema"] == 1
    assert told["verdict"] in ("pass", "violated", "inconclusive")
    assert len(told["digest"]) == 32
    for name in ("seed", "virtual_ns", "events", "messages"):
        assert type(told[name]) is int
    assert type(told["wall_s"]) is float
    for check in told["checks"]:
        assert tuple(check) == CHECK_FORM
        assert check["verdict"] in ("pass", "violated", "inconclusive")
    for fault in told["faults"]:
        assert tuple(fault) == FAULT_FORM
        assert fault["start_ns"] < fault["end_ns"]


def test_json_to_standard_output_is_one_object_and_nothing_else(squall: Squall) -> None:
    said = squall("run", *DOUBLING, "--seed", "3", "--json", "-")
    assert said.exit_code == VIOLATED
    assert said.err == ""
    told = json.loads(said.out)
    _assert_run_form(told)
    assert (told["scenario"], told["seed"], told["verdict"]) == ("ack-lost", 3, "violated")
    (fault,) = told["faults"]
    assert fault["kind"] == "exchange API: reports lost"
    assert fault["effects"] > 0
    violated = [check for check in told["checks"] if check["verdict"] == "violated"]
    assert all(type(check["seq"]) is int and type(check["at_ns"]) is int for check in violated)


def test_json_to_standard_output_is_alone_there_even_where_a_users_own_code_prints(squall: Squall) -> None:
    said = squall("run", f"{FILE}:chatty", "--json", "-")
    _assert_run_form(json.loads(said.out))
    assert "I am being made" in said.err
    assert "an order!" in said.err
    assert "it is over" in said.err


def test_what_is_written_to_files_is_whole_and_the_digest_is_the_same_without_them(
    squall: Squall, tmp_path: Path
) -> None:
    report, page, trace = (tmp_path / name for name in ("run.json", "run.html", "run.jsonl"))
    said = squall("run", QUICK, "--json", str(report), "--html", str(page), "--trace", str(trace))
    assert said.exit_code == PASS
    assert said.out.endswith(f"report: {page}\n")
    told = json.loads(report.read_text())
    _assert_run_form(told)
    alone = json.loads(squall("run", QUICK, "--json", "-").out)
    assert {**told, "wall_s": 0} == {**alone, "wall_s": 0}
    assert page.read_text().lstrip().startswith("<!")
    assert told["digest"] in page.read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run.html", "run.json", "run.jsonl"]


def test_a_trace_is_json_lines_with_a_header_first_and_one_record_a_line(squall: Squall, tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    squall("run", QUICK, "--seed", "2", "--trace", str(trace))
    header, *records = [json.loads(line) for line in trace.read_text().splitlines()]
    assert header == {
        "schema": 1,
        "scenario": QUICK,
        "seed": 2,
        "fields": ["seq", "at_ns", "host", "cause", "claimed", "event"],
    }
    named = [dict(zip(header["fields"], record, strict=True)) for record in records]
    assert [record["seq"] for record in named] == list(range(1, len(named) + 1))
    assert named[0]["event"]["type"] == "RunBegan"
    assert named[0]["event"]["seed"] == 2
    assert all(record["cause"] < record["seq"] for record in named)
    assert any(record["claimed"] for record in named)
    times = [record["at_ns"] for record in named]
    assert times == sorted(times)


def test_a_trace_is_the_same_bytes_every_time(squall: Squall, tmp_path: Path) -> None:
    for name in ("one", "two"):
        squall("run", QUICK, "--trace", str(tmp_path / name))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_no_faults_runs_the_same_scenario_without_its_plan(squall: Squall) -> None:
    said = squall("run", QUICK, "--no-faults", "--json", "-")
    assert said.exit_code == PASS
    assert json.loads(said.out)["faults"] == []


def test_verify_tells_each_digest_and_that_they_are_the_same(squall: Squall) -> None:
    said = squall("verify", QUICK, "--seed", "2", "--runs", "2")
    assert said.exit_code == PASS
    assert len(said.out.splitlines()) == 3
    assert said.out.splitlines()[-1] == "the same digest in 2 fresh processes"


def test_prove_has_the_form_of_the_contract_and_writes_the_table(squall: Squall, tmp_path: Path) -> None:
    page = tmp_path / "protections.md"
    said = squall("prove", "risk.count_in_flight", "--json", "-", "--docs", str(page))
    assert said.exit_code == PASS
    told = json.loads(said.out)
    assert told == {
        "schema": 1,
        "rows": [
            {
                "protection": "risk.count_in_flight",
                "scenario": "slow-fills",
                "promise": "exposure stays within the position limit",
                "verdict_on": "pass",
                "verdict_off": "violated",
                "violated_by": "exposure stays within the position limit",
            }
        ],
    }
    assert page.read_text() == protections_page()
    for protection in PROTECTIONS:
        assert f"`{protection.key}`" in page.read_text()


def test_prove_tells_a_person_how_many_rows_are_proven(squall: Squall) -> None:
    said = squall("prove", "risk.count_in_flight")
    assert said.exit_code == PASS
    assert "1 of 1 protection proven." in said.out


def test_the_index_of_scenarios_in_the_docs_is_the_library_as_it_is(squall: Squall, tmp_path: Path) -> None:
    page = tmp_path / "scenarios.md"
    assert squall("list", "--docs", str(page)).exit_code == PASS
    kept = (HERE / "docs" / "scenarios.md").read_text()
    assert kept == page.read_text(), "make it anew: squall list --docs docs/scenarios.md"


def test_every_way_in_which_trading_systems_fail_has_a_scenario_and_each_says_what_it_stands_for(
    squall: Squall,
) -> None:
    rows = json.loads(squall("list", "--json").out)["scenarios"]
    assert len(rows) >= 12
    stood_for = {row["stands_for"] for row in rows}
    assert set(FAILURE_MODES) <= stood_for


def test_the_page_of_protections_in_the_docs_is_the_table_as_it_is() -> None:
    assert (HERE / "docs" / "protections.md").read_text() == protections_page()


# --- capacity ---

BRISK = ("capacity", "--rates", "200:400:200", "--orders", "40")


def test_capacity_has_the_form_of_the_contract(squall: Squall) -> None:
    told = json.loads(squall(*BRISK, "--json", "-").out)
    assert told["schema"] == 1
    (curve,) = told["curves"]
    assert tuple(curve) == ("profile", "plan", "points", "sla")
    assert [point["rate_per_s"] for point in curve["points"]] == [200, 400]
    for point in curve["points"]:
        assert tuple(point) == (
            *("rate_per_s", "p50_ns", "p99_ns", "p999_ns", "p99_ci_ns", "throughput_per_s", "utilisation"),
            *("bottleneck", "orders", "replications", "stopped", "p99_parts_ns"),
        )
        low, high = point["p99_ci_ns"]
        assert low <= point["p99_ns"] <= high
        assert point["p50_ns"] <= point["p99_ns"] <= point["p999_ns"]
    assert curve["sla"] == {
        "metric": "signal_to_wire_p99_ns",
        "limit_ns": 100_000,
        "crossing_per_s": None,
        "crossing_ci_per_s": None,
    }


def test_capacity_may_fail_a_build_and_does_so_only_where_it_is_asked_to(squall: Squall) -> None:
    missed = (*BRISK, "--sla", "p99<1us")
    assert squall(*missed).exit_code == PASS
    assert squall(*missed, "--require").exit_code == VIOLATED
    assert squall(*BRISK, "--require").exit_code == PASS


def test_a_capacity_of_orders_that_never_reach_a_venue_is_none(squall: Squall) -> None:
    """Half of them are denied: the other half is quick, and the SLA is not kept all the same."""
    said = squall(*BRISK, "--set", "risk.max_order_lots=1", "--json", "-")
    assert said.exit_code == PASS
    assert said.err.count("orders never reached a venue; they count as an hour late") == 2
    for point in json.loads(said.out)["curves"][0]["points"]:
        assert point["p50_ns"] < 1_000_000
        assert point["p99_ns"] > 3_000_000_000_000
    assert squall(*BRISK, "--set", "risk.max_order_lots=1", "--sla", "p99<2h", "--require").exit_code == VIOLATED


def test_a_capacity_whose_promises_are_broken_names_the_promise(
    squall: Squall, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = promise("my promise", Verdict.VIOLATED)
    monkeypatch.setattr("squall.scenarios.capacity.always", lambda: (broken,))
    said = squall(*BRISK)
    assert said.exit_code == PASS
    assert "squall: at 200 orders/s: my promise: my promise says violated" in said.err
    assert squall(*BRISK, "--require").exit_code == VIOLATED


def test_the_capacity_of_a_stack_under_a_plan_goes_to_a_page_a_table_and_json(squall: Squall, tmp_path: Path) -> None:
    plan = tmp_path / "hot.toml"
    plan.write_text(
        'schema = 1\n[[faults]]\nkind = "core-throttled"\ntarget = "desk"\nfactor = 5.0\nstart = "0s"\nend = "9s"\n'
    )
    said = squall(
        *("capacity", "--profile", "lock-free", "--rates", "3000", "--plan", str(plan), "--sla", "p99<1us"),
        *("--html", str(tmp_path / "c.html"), "--csv", str(tmp_path / "c.csv"), "--json", "-", "--require"),
    )
    assert said.exit_code == VIOLATED
    (curve,) = json.loads(said.out)["curves"]
    assert (curve["profile"], curve["plan"]) == ("lock-free", "hot.toml")
    assert curve["points"][0]["stopped"] in ("tight", "budget")
    assert (tmp_path / "c.csv").read_text().count("\n") == 2
    assert "hot.toml" in (tmp_path / "c.html").read_text()


def test_a_folder_gets_page_json_and_csv_always_and_a_picture_where_there_is_a_browser(
    squall: Squall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = squall(*BRISK, "--out", str(tmp_path))
    assert said.exit_code == PASS
    assert said.err.startswith("squall: no picture: no Chromium on the PATH")
    assert {each.suffix for each in tmp_path.iterdir()} == {".html", ".json", ".csv"}
    assert 'id="parts"' not in (tmp_path / "capacity.html").read_text(), "of the whole desk, nobody tells the parts"
    line = _one_line(squall(*BRISK, "--png", str(tmp_path / "c.png")))
    assert line.startswith(f"--png {tmp_path / 'c.png'}: no Chromium on the PATH (looked for chromium,")
    assert _one_line(squall(*BRISK, "--out", str(tmp_path / "none"))) == f"--out {tmp_path / 'none'}: no such folder"
    camera = tmp_path / "chromium"
    camera.write_text(
        '#!/bin/sh\nfor each; do case $each in --screenshot=*) echo a picture > "${each#*=}";; esac; done\n'
    )
    camera.chmod(0o755)
    assert squall(*BRISK, "--out", str(tmp_path)).err == ""
    assert (tmp_path / "capacity.png").read_text() == "a picture\n"


def test_a_fit_to_measurements_goes_to_a_table_a_page_csv_and_json(squall: Squall, tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    rows = [f"{rate},{10 + rate / 200},{12 + rate / 20},1000" for rate in range(100, 700, 100)]
    file.write_text("\n".join(["rate_per_s,p50_us,p99_us,n", *rows]))
    page, lines, table = tmp_path / "f.html", tmp_path / "f.csv", ("capacity", "fit", str(file), "--sla", "p99<30us")
    told = json.loads(squall(*table, "--json", "-", "--html", str(page), "--csv", str(lines)).out)
    assert told["schema"] == 1
    assert [point["held_out"] for point in told["fit"]["points"]] == [False, True, False, False, False, True]
    assert [each["rate_per_s"] for each in told["fit"]["predictions"]] == [750, 900, 1_200]
    assert "m.csv" in page.read_text()
    assert lines.read_text().count("\n") == 1 + 6 + 3
    file.write_text(file.read_text().replace("200,11.0,22.0,1000", "200,11.0,-22,1000"))
    line = _one_line(squall(*table))
    assert line == f"{file}:3: p99_us: expected a number above 0, at most 3.6e+09, found '-22'"
    line = _one_line(squall("capacity", "fit", str(file), "--png", str(tmp_path / "none" / "f.png")))
    assert line.startswith(f"--png {tmp_path / 'none' / 'f.png'}: no such folder")
    line = _one_line(squall("capacity", "--figure", "fit", str(file)))
    assert line == "--figure: expected behind fit, found before it"


@pytest.mark.parametrize(
    ("points", "crossing"),
    [
        ([(100, 50), (200, 90), (300, 110), (400, 500)], 250.0),
        ([(100, 99), (200, 100)], 200.0),
        ([(100, 100), (200, 101)], None),
        ([(100, 150), (200, 50), (300, 150)], None),
        ([(100, 50), (200, 90)], None),
        ([(100, 150), (200, 190)], None),
        ([], None),
    ],
)
def test_the_sla_breaks_where_the_curve_first_rises_through_it(
    points: list[tuple[float, int]], crossing: float | None
) -> None:
    assert crossing_per_s(points, 100) == crossing


# --- as a person meets it ---


def test_help_and_version_are_for_the_asking() -> None:
    runner = CliRunner()
    assert runner.invoke(cli, ["--version"]).output.startswith("squall, version ")
    for command in ("run", "list", "verify", "prove", "capacity"):
        shown = runner.invoke(cli, [command, "--help"])
        assert shown.exit_code == PASS
        assert "Usage: " in shown.output
        assert command in runner.invoke(cli, ["-h"]).output


def test_the_exit_code_reaches_the_shell() -> None:
    assert _in_a_process("run", *DOUBLING).exit_code == VIOLATED
    assert "did you mean calm?" in _one_line(_in_a_process("run", "calmm"))


def test_a_users_own_file_is_found_from_where_the_user_stands(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FILE.read_text())
    said = _in_a_process("run", "mine.py:sound", "--json", "-", cwd=tmp_path)
    assert said.exit_code == PASS
    assert json.loads(said.out)["scenario"] == "mine.py:sound"
    assert said.err == ""
