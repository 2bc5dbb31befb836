"""Regenerates what README.md shows of a run: its output, and a picture where there is a Chromium."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from make_picture import main as take_picture  # beside this file

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = ROOT / "README.md"
BEGIN, END = "<!-- demo -->", "<!-- /demo -->"

DEMO: Final = ("run", "exchange-api-timeouts", "--seed", "1")
"""What `make demo` runs."""
COLUMNS: Final = "100"


def demo_output(page: Path) -> str:
    """What the demo prints, at a fixed width and without colours; its page goes to *page*."""
    squall = Path(sys.executable).with_name("squall")
    done = subprocess.run(
        [squall, *DEMO, "--html", str(page)],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": COLUMNS, "NO_COLOR": "1", "TERM": "dumb", "PATH": "", "LANG": "C.UTF-8"},
    )
    if done.returncode != 0:
        raise SystemExit(f"squall {' '.join(DEMO)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    shown = done.stdout.replace(str(page), "out/exchange-api-timeouts.html")
    return "\n".join(line.rstrip() for line in shown.splitlines()).strip("\n")


def section(output: str) -> str:
    """What stands between the markers."""
    command = f"squall {' '.join(DEMO)} --html out/exchange-api-timeouts.html"
    picture = "![The report's timeline: the fault's window, the breaker's state, latencies](docs/report.png)"
    return f"```\n$ {command}\n{output}\n```\n\n{picture}"


def with_section(readme: str, text: str) -> str:
    """The README with *text* between its markers; ValueError where they are missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md: expected {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> None:
    """Rewrite README.md's section, and docs/report.png where there is a Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        output = demo_output(page)
        README.write_text(with_section(README.read_text(), section(output)))
        print(f"{README.name}: output of squall {' '.join(DEMO)}")
        wrong = take_picture([str(page)])
        print("docs/report.png: new" if wrong is None else f"docs/report.png: left alone; {wrong}")


if __name__ == "__main__":
    main()
