"""The page says everything, loads nothing, and is the same every time."""

import json
import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from msgspec.structs import replace
from plotly.offline import get_plotlyjs

from squall.reports.html import render_html, write_html
from squall.reports.timeline import fault_labels, timeline
from squall.scenarios.result import CheckResult, FaultResult, Lane, RunResult, Span, Verdict
from tests.reports.results import S, a_passed_run, a_violated_run, an_inconclusive_run

HOSTILE = "</script><script>alert(1)</script><b onmouseover=x>\"'&<!--"
ALL = pytest.mark.parametrize(
    "result", [a_violated_run(), a_passed_run(), an_inconclusive_run()], ids=lambda r: r.scenario
)


class Page(HTMLParser):
    """What a browser would see: text outside of scripts and styles, elements, and what they load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[tuple[str, str, str | None]] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(page)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = tag if tag in ("script", "style") else ""
        self.loads += [
            (tag, name, value) for name, value in attrs if name in ("src", "href", "srcset", "data", "action")
        ]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside:
            self.words.append(data.strip())


def figure_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="timeline-figure">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


@ALL
def test_the_page_holds_each_promise_and_each_fault(result: RunResult) -> None:
    text = Page(render_html(result)).text
    for check in result.checks:
        assert check.name in text
        assert check.detail in text
    for fault in result.faults:
        assert fault.kind in text
        assert fault.target in text
        assert (fault.what or "touched nothing") in text
    assert "No fault was injected." in text or result.faults


@ALL
def test_the_page_opens_with_the_verdict_in_a_word_and_how_to_replay_it(result: RunResult) -> None:
    text = Page(render_html(result)).text
    words = {Verdict.PASS: "✔ Passed", Verdict.VIOLATED: "✖ Violated", Verdict.INCONCLUSIVE: "? Inconclusive"}
    places = [
        text.index(part)
        for part in (
            words[result.verdict],
            result.proves,
            result.digest,
            result.replay_command,
            "Promises",
            "Timeline",
        )
    ]
    assert places == sorted(places)


def test_a_violation_is_told_in_one_sentence_and_a_chain_of_causes() -> None:
    result = a_violated_run()
    text = Page(render_html(result)).text
    assert "no duplicate orders (safety) was violated at 12.903417 s, record 13,377: pulse-ACME-231" in text
    places = [text.index(step.words) for step in result.story]
    assert places == sorted(places)
    assert "+500 ms execution hears nothing" in text


def test_an_inconclusive_page_says_what_stayed_open() -> None:
    text = Page(render_html(an_inconclusive_run())).text
    assert "reached: a retransmission: it never came" in text
    assert "packet-loss on execution -> exchange-a touched nothing" in text


def test_metrics_are_in_human_units() -> None:
    text = Page(render_html(a_violated_run())).text
    assert "latency p50 p99 p99.9 max" in text
    assert "order to ack 412 µs 1.24 ms 803 ms 1.2 s" in text
    assert "messages per order 15.56" in text


@ALL
def test_the_page_loads_nothing_from_anywhere(result: RunResult) -> None:
    page = render_html(result)
    assert Page(page).loads == []
    ours = page.replace(get_plotlyjs(), "")
    assert not re.search(r"https?:|@import|url\(|//[a-z]", ours.replace("http-equiv", ""))
    assert "default-src 'none'" in page


def test_the_page_tells_neither_the_wall_time_nor_the_machine() -> None:
    result = a_violated_run()
    assert render_html(result) == render_html(replace(result, wall_s=99.5))


def test_the_page_is_the_same_in_fresh_processes_under_any_hash_seed() -> None:
    program = (
        "import hashlib; from squall.reports.html import render_html;"
        "from tests.reports.results import a_violated_run;"
        "print(hashlib.sha256(render_html(a_violated_run()).encode()).hexdigest())"
    )
    root = Path(__file__).parents[2]
    digests = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    ]
    assert digests[0] == digests[1]
    assert len(digests[0].strip()) == 64


def hostile_run() -> RunResult:
    return replace(
        a_violated_run(),
        scenario=HOSTILE,
        proves=HOSTILE,
        replay_command=HOSTILE,
        checks=(CheckResult(HOSTILE, HOSTILE, Verdict.VIOLATED, HOSTILE, 5, 5),),
        faults=(FaultResult(HOSTILE, HOSTILE, 0, S, 1, HOSTILE),),
        lanes=(Lane(HOSTILE, (Span(0, S, HOSTILE, HOSTILE),)),),
        metrics={HOSTILE: HOSTILE, "orders": HOSTILE},
        versions={HOSTILE: HOSTILE},
    )


def test_hostile_text_stays_text() -> None:
    page = render_html(hostile_run())
    seen = Page(page)
    assert seen.tags.count("script") == 3
    assert seen.tags.count("b") == 0
    assert seen.handlers == []
    assert HOSTILE in seen.text
    # plotly reads a little HTML in its texts, so they are escaped once more within the figure
    figure = figure_of(page)
    for bar in figure["data"]:
        assert not any("<b onmouseover" in text for text in bar.get("text", []))
    assert unescape(figure["data"][0]["text"][0]) == HOSTILE


@ALL
def test_plotly_accepts_the_figure(result: RunResult) -> None:
    """plotly's own validators know every name and value that its drawing code does."""
    figure = timeline(result)
    drawn = go.Figure(data=figure["data"], layout=figure["layout"])
    assert len(drawn.data) == len(figure["data"])


def test_an_unmeasured_bucket_is_a_gap_not_a_zero() -> None:
    p50 = next(trace for trace in timeline(a_violated_run())["data"] if trace["name"] == "p50")
    assert p50["y"][51] is None
    assert p50["connectgaps"] is False
    assert p50["y"][50] == a_violated_run().latencies[0].p50_ns[50]


def test_latencies_are_on_log_axes_that_hold_every_value() -> None:
    result = a_violated_run()
    figure = timeline(result)
    for trace in figure["data"]:
        axis = figure["layout"]["yaxis" + trace["yaxis"][1:]]
        if axis.get("type") != "log":
            continue
        low, high = axis["range"]
        assert all(10**low <= value <= 10**high for value in trace["y"] if value is not None)
        assert len(axis["tickvals"]) >= 2


def test_every_window_is_shaded_and_a_crash_is_a_line() -> None:
    result = a_violated_run()
    shapes = timeline(result)["layout"]["shapes"]
    bands = [(shape["x0"], shape["x1"]) for shape in shapes if shape["type"] == "rect"]
    assert bands == [(f.start_ns / S, f.end_ns / S) for f in result.faults if f.end_ns > f.start_ns]
    assert any(shape["type"] == "line" and shape["x0"] == 51.0 for shape in shapes)


def test_labels_of_overlapping_faults_stand_in_rows_of_their_own() -> None:
    faults = tuple(FaultResult("crash", f"host-{i}", i, i, 1) for i in range(3))
    assert [label.row for label in fault_labels(faults, 60 * S)] == [0, 1, 2]


def test_a_last_bucket_cut_short_is_a_rate_over_what_there_was_of_it() -> None:
    run = a_passed_run()
    short = replace(run, virtual_ns=59 * S + S // 2)
    orders = next(trace for trace in timeline(short)["data"] if trace["name"] == "orders")
    assert orders["y"][58:] == [20.0, 40.0]


def test_a_result_with_nothing_in_it_is_still_a_page() -> None:
    empty = replace(an_inconclusive_run(), checks=(), faults=(), latencies=(), counts=(), virtual_ns=0)
    text = Page(render_html(empty)).text
    assert "The scenario promises nothing." in text
    assert "No fault was injected." in text
    assert "Nothing was measured." in text
    assert "nothing was recorded over time" in str(timeline(empty)["layout"]["annotations"])


def test_the_file_is_the_rendered_page(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_html(a_passed_run(), target)
    assert target.read_bytes() == render_html(a_passed_run()).encode()
