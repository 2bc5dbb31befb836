"""A campaign on a terminal, in JSON, in Markdown and in JUnit; and a run in the latter two."""

import io
import re
from xml.etree import ElementTree

import msgspec
import pytest
from rich.console import Console

from squall.reports.campaign import novelty_in_words, print_campaign
from squall.reports.junit import campaign_junit, run_junit
from squall.reports.lines import COLUMNS
from squall.reports.machine import campaign_json, encode
from squall.reports.markdown import campaign_markdown, run_markdown
from squall.scenarios.result import Behaviour, CampaignResult, RunResult, Verdict
from tests.reports.campaigns import a_violated_campaign, group, tally
from tests.reports.results import a_passed_run, a_violated_run, an_inconclusive_run


def _printed(result: CampaignResult) -> str:
    file = io.StringIO()
    print_campaign(result, Console(file=file, width=COLUMNS))
    return file.getvalue()


# --- a terminal ---


def test_each_way_of_failing_is_a_line_with_the_command_that_shows_it_most_simply() -> None:
    said = _printed(a_violated_campaign())
    assert said.splitlines()[0] == "✖ VIOLATED  3,020 seeds of 4 scenarios, 3 violated, 30 seeds/s on 2 cores"
    assert "3  no order is sent twice  # was sent twice: exchange-a accepted # lots as #  [ack-lost]" in said
    assert "      simplest  squall run ack-lost --seed 17\n" in said


def test_lost_seeds_conditions_never_reached_and_what_was_run_before_are_told() -> None:
    said = _printed(a_violated_campaign())
    assert "20 seeds had been run before." in said
    assert "calm  seed 4  died  its process died" in said
    assert "1000 (1000 unreached)" in said
    assert "never: a feed: gap" in said
    assert "Interrupted" not in said
    assert "Interrupted after 3,020 of 9,000 seeds." in _printed(a_violated_campaign(interrupted=True, asked=9_000))


def test_the_canary_is_reported_apart() -> None:
    found = _printed(a_violated_campaign())
    assert "The canary canary was found, on 19 of 20 seeds." in found
    silent = tally("canary", Verdict.VIOLATED, seeds=20, passed=20, canary=True)
    missed = _printed(a_violated_campaign(scenarios=(silent,), groups=(), lost=()))
    assert "THE CANARY canary WAS NOT FOUND: it has to be violated, and was on 0 of 20 seeds." in missed


def test_one_sees_when_more_seeds_stop_paying() -> None:
    assert "The last 1,000 seeds brought 1 new behaviour" in novelty_in_words(a_violated_campaign())
    assert "(1,000 seeds: 40 new, then 1,000 seeds: 3 new, then 1,000 seeds: 1 new)" in novelty_in_words(
        a_violated_campaign()
    )
    assert novelty_in_words(a_violated_campaign(novelty=((6, 41),))) == "The first 6 seeds brought 41 new."


def test_moves_and_reached_conditions_are_told_with_how_often_and_steps_of_orders_are_counted() -> None:
    seen = (
        Behaviour("breaker closed → open", 2, 3, "calm", 1),
        Behaviour("breaker open → half open", 2, 1_234, "calm", 1),
        Behaviour("order sent → acknowledged, host crash", 1, 1, "calm", 1),
        Behaviour("order sent → acknowledged, packet loss", 1, 1, "calm", 1),
        Behaviour("reached: oms2 leads", 7, 7, "calm", 3),
    )
    said = _printed(a_violated_campaign(behaviours=seen))
    assert "2 steps of orders under kinds of fault: --markdown and --json list them.\n" in said
    assert "breaker: closed → open 3, open → half open 1,234\n" in said
    assert "reached: oms2 leads 7\n" in said


def test_many_ways_of_failing_are_cut_short_and_counted() -> None:
    many = tuple(group(f"promise {number}") for number in range(30))
    said = _printed(a_violated_campaign(groups=many))
    assert "promise 19" in said
    assert "promise 20" not in said
    assert "… and 10 more groups." in said


# --- JSON ---


def test_the_json_has_everything_under_names_that_stay() -> None:
    told = msgspec.json.decode(encode(campaign_json(a_violated_campaign())))
    assert told["schema"] == 1
    assert told["verdict"] == "violated"
    assert {key: told["groups"][0][key] for key in ("promise", "seeds", "seed", "command", "at_ns")} == {
        "promise": "no order is sent twice",
        "seeds": 3,
        "seed": 17,
        "command": "squall run ack-lost --seed 17",
        "at_ns": 5_750_406_493,
    }
    assert told["scenarios"][2]["never_reached"] == ["a feed: gap"]
    assert told["novelty"] == [{"seeds": 1000, "new": 40}, {"seeds": 2000, "new": 3}, {"seeds": 3000, "new": 1}]


# --- JUnit ---


def _suite(xml: str) -> ElementTree.Element:
    (suite,) = ElementTree.fromstring(xml)
    return suite


def test_a_run_is_one_test_case_with_a_failure_for_each_broken_promise() -> None:
    result = a_violated_run()
    suite = _suite(run_junit(result))
    (case,) = suite.findall("testcase")
    failures = case.findall("failure")
    broken = [check for check in result.checks if check.verdict is Verdict.VIOLATED]
    assert suite.get("failures") == str(len(failures)) == str(len(broken))
    assert case.get("name") == result.scenario
    assert str(failures[0].text).endswith(f"again: {result.replay_command}")
    assert str(result.seed) in str(case.findtext("system-out"))


@pytest.mark.parametrize(("result", "errors"), [(a_passed_run(), "0"), (an_inconclusive_run(), "1")])
def test_a_run_that_proved_nothing_is_not_green(result: RunResult, errors: str) -> None:
    suite = _suite(run_junit(result))
    assert (suite.get("failures"), suite.get("errors")) == ("0", errors)


def test_a_campaign_is_a_test_case_for_each_scenario_with_failures_in_groups() -> None:
    suite = _suite(campaign_junit(a_violated_campaign()))
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    (failure,) = cases["ack-lost"].findall("failure")
    assert str(failure.get("message")).startswith("3 seeds: no order is sent twice: # was sent twice")
    assert "simplest: squall run ack-lost --seed 17" in str(failure.text)
    assert [error.get("type") for error in cases["calm"].findall("error")] == ["no verdict"] * 2
    (unsure,) = cases["feed-gap"].findall("error")
    assert unsure.get("message") == "never: a feed: gap"
    assert not cases["canary"].findall("failure")


def test_a_canary_that_was_not_found_is_a_failure() -> None:
    silent = tally("canary", Verdict.VIOLATED, seeds=20, passed=20, canary=True)
    suite = _suite(campaign_junit(a_violated_campaign(scenarios=(silent,), groups=(), lost=())))
    assert suite.get("failures") == "1"


def test_what_xml_cannot_hold_does_not_break_the_file() -> None:
    nasty = group("<&> \x00\x1b", how="]]> \x07 é → µ")
    suite = _suite(campaign_junit(a_violated_campaign(groups=(nasty,))))
    assert "<&> ??" in str(suite.find("testcase/failure").get("message"))  # type: ignore[union-attr]


# --- Markdown ---


def test_a_run_in_markdown_opens_with_the_verdict_and_the_command() -> None:
    result = a_violated_run()
    lines = run_markdown(result).splitlines()
    assert lines[0] == f"## ✖ Violated: {result.scenario}, seed {result.seed}"
    assert result.replay_command in lines
    assert f"Digest `{result.digest}`" in lines


def test_a_campaign_in_markdown_has_its_groups_and_their_commands() -> None:
    said = campaign_markdown(a_violated_campaign())
    assert "**no order is sent twice** — \\# was sent twice" in said
    assert "\n```\nsquall run ack-lost --seed 17\n```\n" in said
    assert "| ? Inconclusive | feed-gap | 1,000 | 0 | 0 | 1,000 | 0 | never: a feed: gap |" in said


def test_text_from_outside_cannot_draw_in_the_summary() -> None:
    said = campaign_markdown(a_violated_campaign(groups=(group("a|b <script> `x` [y](z)\n# title", command="a ```b"),)))
    assert "a\\|b \\<script\\> \\`x\\` \\[y\\](z) \\# title" in said
    assert "\n````\na ```b\n````\n" in said


def test_a_job_summary_stays_under_a_mebibyte_and_says_what_it_leaves_out() -> None:
    many = tuple(Behaviour(f"behaviour {number} →", 1, 1, "calm", number) for number in range(40_000))
    said = campaign_markdown(a_violated_campaign(behaviours=many))
    assert 900_000 < len(said.encode()) < 1 << 20
    assert said.startswith("## ✖ Violated")
    assert said.endswith("The JSON has all of it.*\n")
    shown = said.count("| behaviour ")
    assert f"\n*{40_000 - shown + 1:,} more lines were left out: a summary holds" in said


def test_a_campaign_that_fails_in_more_ways_than_a_summary_holds_shows_whole_ones_and_counts_the_rest() -> None:
    """The verdict and the scenarios come first; no block of code is cut in two."""
    many = tuple(
        group(f"promise {number}", how="é" * 500, command=f"squall run x --seed {number}") for number in range(5_000)
    )
    said = campaign_markdown(a_violated_campaign(groups=many))
    assert 900_000 < len(said.encode()) < 1 << 20
    assert said.startswith("## ✖ Violated")
    assert said.count("```") % 2 == 0
    assert "| ✖ Violated | ack-lost |" in said
    assert re.search(r"\n\*[\d,]+ more lines were left out", said)
