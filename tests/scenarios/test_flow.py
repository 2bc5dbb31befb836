"""The flow from market data to positions: it balances whatever breaks, and in `production-flow` it is the chapter's."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.reports.flow import caption, sankey
from squall.reports.html import render_html
from squall.reports.machine import run_json
from squall.scenarios.checks.flow import nothing_from_nowhere, shares_of
from squall.scenarios.configuration import configuration
from squall.scenarios.find import campaign_scenarios, choose
from squall.scenarios.flow import ROUTER, SOURCES, FlowBook, chart_of
from squall.scenarios.flow_figure import FIGURE_10_2, FlowFigure
from squall.scenarios.flow_ledger import Ledger
from squall.scenarios.result import FlowChart, RunResult, Verdict
from squall.scenarios.run import judge, run
from tests.profiles import PROFILE
from tests.scenarios.runs import SECOND, brief, library_run

EXAMPLES, SEEDS = {"ci": (2, (1,)), "nightly": (60, tuple(range(1, 11)))}[PROFILE]
NOWHERE = frozenset({"source"})


# --- the ledger ---


def test_what_leaves_a_node_without_having_come_is_named() -> None:
    ledger = Ledger()
    ledger.cross("source", "node", "one")
    ledger.cross("node", "end", "one")
    ledger.cross("node", "end", "two")
    assert [each.words for each in ledger.unbalanced(NOWHERE)] == ["node: two left once and had come never"]


def test_what_leaves_by_two_ways_is_named_though_the_sums_agree() -> None:
    ledger = Ledger()
    for unit in ("one", "two"):
        ledger.cross("source", "node", unit)
    ledger.cross("node", "end", "one")
    ledger.cross("node", "elsewhere", "one")
    assert ledger.entered("node") == ledger.left("node")
    assert [each.words for each in ledger.unbalanced(NOWHERE)] == ["node: one left twice and had come once"]
    assert ledger.entered("node") != ledger.left("node") + ledger.there("node")


WAYS = st.lists(st.lists(st.sampled_from("abc"), max_size=4), max_size=12)
"""Of each thing, the nodes that it comes by."""


@given(WAYS, st.integers(0, 11))
def test_any_ways_balance_and_one_more_exit_never_does(ways: list[list[str]], astray: int) -> None:
    ledger = Ledger()
    stands: Counter[str] = Counter()
    """The slow reference: where each thing is in the end."""
    for number, way in enumerate(ways):
        at = "source"
        for node in way:
            ledger.cross(at, node, f"{number}")
            at = node
        stands[at] += 1
    assert not list(ledger.unbalanced(NOWHERE))
    for node in "abc":
        assert ledger.there(node) == ledger.entered(node) - ledger.left(node) == stands[node]
    ledger.cross("a", "end", f"{astray}")
    here = astray < len(ways) and ways[astray].count("a") > ways[astray][:-1].count("a")
    assert bool(list(ledger.unbalanced(NOWHERE))) is not here


# --- runs ---


@pytest.mark.parametrize(
    ("name", "seed"),
    [("production-mix", 1), ("dark-day", 2), ("execution-day", 4)],
)
def test_whatever_breaks_the_flow_balances(name: str, seed: int) -> None:
    choice = choose(name, seed=seed)
    books: list[FlowBook] = []
    judge(choice, choice.settled(), watch=lambda stage: books.append(FlowBook(stage)))
    ledger = books[0].settled()
    assert not list(ledger.unbalanced(SOURCES))
    chart = chart_of(ledger, SECOND)
    assert sum(node.inner for node in chart.nodes) >= 8
    assert_drawn_whole(chart)


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(campaign_scenarios()), st.integers(0, 100_000))
def test_over_seeds_and_plans_of_faults_the_flow_balances(name: str, seed: int) -> None:
    choice = choose(name, seed=seed)
    books: list[FlowBook] = []
    judge(choice, choice.settled(), watch=lambda stage: books.append(FlowBook(stage)))
    assert [each.words for each in books[0].settled().unbalanced(SOURCES)] == []


def assert_drawn_whole(chart: FlowChart) -> None:
    """By what is drawn alone: at every node that something passes through, as much comes in as goes out."""
    drawn = sankey(chart)["data"][0]
    into: Counter[int] = Counter()
    out_of: Counter[int] = Counter()
    for source, target, value in zip(*(drawn["link"][key] for key in ("source", "target", "value")), strict=True):
        out_of[source] += value
        into[target] += value
    through = [number for number in range(len(drawn["node"]["label"])) if into[number] and out_of[number]]
    assert through
    assert all(into[number] == out_of[number] for number in through)


def test_an_order_that_two_venues_took_left_the_router_twice() -> None:
    choice = choose("ack-lost", overrides=("execution.resolve_in_doubt=off", "execution.keep_cl_ord_id=off"))
    books: list[FlowBook] = []
    judged = judge(choice, choice.settled(), watch=lambda stage: books.append(FlowBook(stage)))
    wrong = list(books[0].settled().unbalanced(SOURCES))
    assert any(each.node == ROUTER and each.left > each.came == 1 for each in wrong)
    ruling = nothing_from_nowhere().judge(judged.stage).ruling()
    assert ruling.verdict is Verdict.PASS, "a judge that saw nothing has nothing to say"
    chart = chart_of(books[0].settled(), SECOND)
    assert "do not balance: at execution router" in caption(chart)


# --- the chapter's figure ---


def production() -> RunResult:
    return library_run("production-flow")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_shares_of_the_figure_come_out_of_what_the_desk_does(seed: int) -> None:
    """At night for ten seeds: each share within 3 points, and three standard errors of so many."""
    result = production() if seed == 1 else run(choose("production-flow", seed=seed))
    assert result.verdict is Verdict.PASS
    assert result.flow is not None
    compared = [link for link in result.flow.links if link.deviation is not None]
    assert len(compared) == 19
    assert all(abs(link.deviation or 0.0) <= 0.03 + 3 * link.chance for link in compared)
    assert 50 < (result.flow.scale or 0) < 200
    assert_drawn_whole(result.flow)


def test_the_json_and_the_page_have_the_flow_and_its_deviations() -> None:
    result = production()
    document: dict[str, Any] = run_json(result)["flow"]
    first = next(link for link in document["links"] if link["figure_share"] is not None)
    assert first["deviation"] == pytest.approx(first["share"] - first["figure_share"])
    page = render_html(result)
    assert '"type":"sankey"' in page
    assert "of the figure's are one here" in page or "of the figure&#39;s are one here" in page


def test_a_figure_that_the_desk_does_not_reproduce_is_a_violation_that_names_the_share() -> None:
    impossible = FlowFigure(
        "figure 0", {("execution router", "exchange-a"): 1, ("execution router", "dark-pool"): 99}, 100
    )
    promise = shares_of(impossible, 8)
    result = run(brief(promises=(promise,)))
    (check,) = [each for each in result.checks if each.name == promise.name]
    assert check.verdict is Verdict.VIOLATED
    assert check.detail.startswith("execution router → dark-pool: 0.0% of 15, in figure 0 99.0%")


def test_a_flow_without_a_figure_is_drawn_where_it_is_asked_for() -> None:
    assert run(brief()).flow is None
    result = run(brief(), flow=True)
    assert result.flow is not None
    assert result.flow.figure is None
    assert "nodes balance" in caption(result.flow)
    assert {link.target for link in result.flow.links if link.source == "strategy engine"} == {
        "order validation",
        "no signal",
    }


def test_the_figure_is_the_chapters_and_balances_but_where_the_errata_say() -> None:
    counts = FIGURE_10_2.counts
    into: Counter[str] = Counter()
    out_of: Counter[str] = Counter()
    for (source, target), count in counts.items():
        out_of[source] += count
        into[target] += count
    wrong = {name for name in into if out_of[name] and into[name] != out_of[name]}
    assert wrong == {"execution router"}
    assert (into["execution router"], out_of["execution router"]) == (6_500, 6_700)


def test_numbers_of_a_workload_that_there_were_not_always_are_recorded_only_where_they_are_used() -> None:
    """So that runs that do not know them keep their digests."""
    recorded = {}
    for name in ("calm", "production-flow"):
        choice = choose(name)
        scenario = choice.settled()
        workload = configuration(scenario, choice.seed, choice.with_faults)["workload"]
        assert isinstance(workload, dict)
        recorded[name] = set(scenario.workload.__struct_fields__) - set(workload)
    assert recorded == {"calm": {"refractory_ns", "dark_share"}, "production-flow": set()}
