"""The README's picture: what is missing is said in one line."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docs" / "make_picture.py"


def run(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_a_missing_browser_is_named_in_one_line(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("<p>hello</p>")
    ran = run(str(page), str(tmp_path / "out.png"), path=str(tmp_path))
    assert ran.returncode == 1
    assert ran.stderr.startswith("no Chromium on the PATH")
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "out.png").exists()


def test_a_missing_report_is_named_in_one_line(tmp_path: Path) -> None:
    ran = run(str(tmp_path / "none.html"), path=str(tmp_path))
    assert ran.returncode == 1
    assert "none.html: no such report" in ran.stderr
    assert ran.stderr.count("\n") == 1
