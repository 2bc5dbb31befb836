"""The terminal's summary opens with the verdict, fits the line, and is plain in a pipe."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from squall.reports.lines import COLUMNS
from squall.reports.summary import capacity_table, print_summary, prove_table
from squall.scenarios.result import CapacityCurve, CapacityPoint, CapacitySla, ProveRow, RunResult, Verdict
from tests.reports.results import a_passed_run, a_violated_run, an_inconclusive_run

ALL = pytest.mark.parametrize(
    "result", [a_violated_run(), a_passed_run(), an_inconclusive_run()], ids=lambda r: r.scenario
)


def summary(result: RunResult, **console: object) -> str:
    out = io.StringIO()
    print_summary(result, Console(file=out, **console))  # type: ignore[arg-type]
    return out.getvalue()


def rows() -> list[ProveRow]:
    kept, broken = Verdict.PASS, Verdict.VIOLATED
    return [
        ProveRow(
            "breaker.enabled",
            "exchange-api-timeouts",
            "breaker opened",
            kept,
            broken,
            "breaker opened",
            12,
            True,
        ),
        ProveRow(
            "feed.arbitration",
            "packet-loss",
            "no data missing",
            kept,
            broken,
            "order to fill",
            3,
            False,
            ("a=b",),
        ),
        ProveRow("oms.output_commit", "host-lost", "nothing sent twice", kept, kept, None, 0, False),
    ]


@ALL
def test_the_summary_opens_with_the_verdict(result: RunResult) -> None:
    first = summary(result).splitlines()[0]
    word = {Verdict.PASS: "✔ PASSED", Verdict.VIOLATED: "✖ VIOLATED", Verdict.INCONCLUSIVE: "? INCONCLUSIVE"}
    assert first == f"{word[result.verdict]}  {result.scenario}, seed {result.seed}"


@ALL
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_pipe_gets_plain_lines_of_at_most_100_columns(result: RunResult, width: int) -> None:
    text = summary(result, width=width)
    assert "\x1b" not in text
    assert all(len(line) <= COLUMNS for line in text.splitlines())
    assert text == summary(result)
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_a_narrow_terminal_gets_its_own_width() -> None:
    result = a_violated_run()
    text = summary(result, width=72, force_terminal=True, color_system=None)
    longest = max(len(line) for line in text.splitlines() if result.replay_command not in line)
    assert longest <= 72


def test_the_first_violation_comes_with_its_causes_and_the_command_on_one_line() -> None:
    result = replace(a_violated_run(), replay_command="squall run x --set " + "y" * 200)
    lines = summary(result, width=80).splitlines()
    text = "\n".join(lines)
    assert "no duplicate orders (safety) was violated at 12.903417 s, record 13,377" in text
    steps = [next(i for i, line in enumerate(lines) if line.startswith(f"{n + 1}.")) for n in range(len(result.story))]
    assert steps == sorted(steps)
    assert f"Replay  {result.replay_command}" in lines


def test_a_passed_summary_needs_no_replay() -> None:
    assert "Replay" not in summary(a_passed_run())


@ALL
def test_promises_faults_figures_and_digest_follow(result: RunResult) -> None:
    text = summary(result)
    for check in result.checks:
        assert check.name in text
    for fault in result.faults:
        assert fault.target in text
    assert text.splitlines()[-1] == f"Digest  {result.digest}"


def test_the_key_figures_are_in_human_units() -> None:
    text = summary(a_violated_run())
    assert "412 µs / 1.24 ms" in text
    assert "orders 1,204 · fills 1,171 · messages 18,733 · messages per order 15.56 · orders 20.07/s" in text


def test_a_terminal_of_ascii_gets_ascii() -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    print_summary(a_violated_run(), Console(file=terminal))
    assert raw.getvalue().startswith(b"x VIOLATED")
    assert b"412 us / 1.24 ms" in raw.getvalue()


def test_hostile_text_neither_marks_up_nor_steers_the_terminal() -> None:
    text = summary(replace(a_passed_run(), scenario="[red]x[/red]\x1b[2J\r"), force_terminal=True)
    assert "[red]x[/red]?[2J?" in text


def test_the_table_of_proofs_says_what_is_missing() -> None:
    out = io.StringIO()
    prove_table(rows(), Console(file=out))
    text = " ".join(out.getvalue().split())
    assert "✔ breaker.enabled exchange-api-timeouts pass violated breaker opened ✖" in text
    assert "no data missing: broken was order to fill instead" in text
    assert "pass, idle pass nothing sent twice: not broken without it; never seen to act" in text
    assert "Fixed in both arms, since safeguards cover for one another feed.arbitration a=b" in text
    assert text.endswith("1 of 3 protections proven.")
    assert all(len(line) <= COLUMNS for line in out.getvalue().splitlines())


def test_the_table_of_capacity_names_the_load_that_breaks_the_sla() -> None:
    points = (
        CapacityPoint(100.0, 46_000, 81_000, 92_000, (79_000, 84_000), 99.8, {"oms1/core0": 0.12, "risk/core0": 0.4}),
        CapacityPoint(200.0, 51_000, 140_000, 190_000, (130_000, 155_000), 199.1, {}),
    )
    sla = CapacitySla("signal_to_wire_p99_ns", 100_000, 132.2, (120.0, 140.0))
    out = io.StringIO()
    capacity_table((CapacityCurve("default", None, points, sla),), Console(file=out))
    text = " ".join(out.getvalue().split())
    assert "default, healthy" in text
    assert "100 99.8 46 µs 81 µs 79 µs – 84 µs 92 µs risk/core0 40%" in text
    assert "SLA signal to wire p99 < 100 µs: broken from 132.2 orders/s (between 120 and 140)." in text


def test_an_identity_is_not_torn_at_its_hyphens() -> None:
    lines = summary(a_violated_run(), width=60, force_terminal=True, color_system=None).splitlines()
    assert not any(line.endswith("-") for line in lines)


def test_a_curve_that_never_crosses_says_on_which_side_it_lies() -> None:
    point = CapacityPoint(100.0, 1, 200_000, 3, (1, 2), 1.0, {})
    out = io.StringIO()
    sla = CapacitySla("signal_to_wire_p99_ns", 100_000)
    capacity_table((CapacityCurve("default", "storm", (point,), sla),), Console(file=out))
    assert "default, under storm" in out.getvalue()
    text = " ".join(out.getvalue().split())
    assert "broken at the first rate already, 100 orders/s, and at 1 of 1 rate tried." in text
