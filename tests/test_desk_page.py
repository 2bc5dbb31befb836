"""docs/desk.md shows the table of an order's life and the messages of today; `make docs` brings it up to date."""

import subprocess
import sys

import pytest

from tests.lint_rules import ROOT

PAGE = (ROOT / "docs" / "desk.md").read_text()


def _made(expression: str) -> str:
    script = f"import sys; import make_desk as m; sys.stdout.write({expression})"
    made = subprocess.run([sys.executable, "-c", script], cwd=ROOT / "docs", capture_output=True, text=True, check=True)
    return made.stdout


def test_the_page_shows_the_table_and_the_messages_of_today() -> None:
    assert _made("m.with_sections(m.PAGE.read_text(), m.sections())") == PAGE


def test_each_entry_of_the_table_is_on_the_page() -> None:
    entries = _made("chr(10).join(f'{s.value} {t.value}' for s, row in m.TRANSITIONS.items() for t in row)")
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and line.count(" | ") == 2]
    shown = {(row[0].strip("| "), word) for row in rows for word in row[1].split(", ")}
    for state, trigger in map(str.split, entries.splitlines()):
        assert (state.replace("_", " "), trigger.replace("_", " ")) in shown


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _made("m.with_sections('no markers', {'lifecycle': ''})")
    assert "expected one <!-- lifecycle -->" in refused.value.stderr
