"""docs/capacity.md shows what a study and a fit say today; `make docs` brings it up to date."""

import re
import subprocess
import sys

import pytest

from squall.scenarios.capacity import parse_rates, parse_sla
from squall.scenarios.figure import FIGURE_NS, RATES
from squall.scenarios.study import Asked, measure_point
from tests.lint_rules import ROOT
from tests.profiles import PROFILE

PAGE = (ROOT / "docs" / "capacity.md").read_text()
POINTS = {"ci": [("kernel-bypass", 500)], "nightly": [(name, rate) for name in FIGURE_NS for rate in RATES[1:]]}[
    PROFILE
]


def _made(expression: str) -> str:
    script = f"import sys; import make_capacity as m; sys.stdout.write({expression})"
    made = subprocess.run([sys.executable, "-c", script], cwd=ROOT / "docs", capture_output=True, text=True, check=True)
    return made.stdout


@pytest.mark.parametrize(("name", "rate"), POINTS)
def test_the_figure_s_table_has_what_is_measured_today(name: str, rate: int) -> None:
    """A point on every change, all of them at night: each takes seconds, and is the same on any machine."""
    asked = Asked(parse_rates("500:3000:500"), parse_sla("p99<100us"), 1)
    (row,) = [line.split(" | ") for line in PAGE.splitlines() if line.startswith(f"| `{name}` | ")]
    drawn_ns = FIGURE_NS[name][RATES.index(rate)]
    ours_ns = measure_point(name, rate, asked).point.p99_ns
    assert row[1 + RATES.index(rate)].strip(" |") == f"{ours_ns / 1_000:.0f} / {drawn_ns / 1_000:.0f}"


def test_the_fit_on_the_page_reads_as_it_does_today() -> None:
    """Figures apart: the last digit of a search is the machine's."""
    today, page = _made("m.fit_section()"), _made("m.shown(m.PAGE.read_text(), 'fit')")
    said, found = ([re.sub(r"[\d.,+-]+|[nµm]s|  +", "", line) for line in text.splitlines()] for text in (page, today))
    assert said == found


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _made("m.with_sections('no markers', {'fit': ''})")
    assert "expected <!-- fit -->" in refused.value.stderr
