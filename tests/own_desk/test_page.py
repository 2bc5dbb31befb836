"""docs/own-desk.md shows what is in the files, names the bugs that are planted, and its commands run."""

import re
import shlex
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from click.testing import CliRunner

from squall.cli import cli
from squall.sim.guard import Guard
from squall.sim.scan import CapturedError, replaced
from tests.own_desk.bugs import COROUTINES, EXAMPLES, HANDLERS

PAGE = (EXAMPLES.parent / "own-desk.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
SNIPPETS = [block for language, block in BLOCKS if language == "python"]
COMMANDS = [
    line for language, block in BLOCKS if not language for line in block.splitlines() if line.startswith("squall ")
]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_is_in_a_file_word_by_word(snippet: str) -> None:
    files = (*EXAMPLES.glob("*.py"), EXAMPLES.parents[1] / "tests" / "lives" / "test_order_lives.py")
    assert any(snippet in file.read_text() for file in files), snippet


def test_there_is_something_to_check() -> None:
    assert len(SNIPPETS) > 4
    assert len(COMMANDS) == 4


def test_an_oms_of_ones_own_has_fifty_lines() -> None:
    (oms,) = [block for block in SNIPPETS if block.startswith("class Oms(")]
    assert sum(1 for line in oms.splitlines() if line.strip()) <= 50


@pytest.mark.parametrize("bug", HANDLERS + COROUTINES, ids=lambda bug: bug.name)
def test_every_planted_bug_stands_on_the_page_with_what_finds_it(bug) -> None:  # type: ignore[no-untyped-def]
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {bug.name} |")]
    assert all(promise in row for promise in bug.found_by)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent.parent)
    # The whole of a campaign's seeds is run elsewhere.
    words = shlex.split(command.replace("1:61", "1:4 --jobs 1"))
    result = CliRunner().invoke(cli, words[1:])
    assert result.exit_code == 0, result.output


def test_the_refusal_that_the_page_shows_is_what_is_said(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("\n" * 9 + "from time import time\n\ndef price(now=time): ...\n")
    spec = spec_from_file_location("own_on_the_page", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["own_on_the_page"] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        with pytest.raises(CapturedError) as caught, Guard(), replaced((module,)):
            pass
    finally:
        del sys.modules["own_on_the_page"]
    assert f"\n{caught.value}\n" in PAGE
