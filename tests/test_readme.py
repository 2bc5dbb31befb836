"""The README shows what the demo really prints; `make docs` brings it up to date."""

import re
import subprocess
import sys
from pathlib import Path

from tests.lint_rules import ROOT


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    script = (
        "import sys; from pathlib import Path; import make_readme as m; "
        "sys.stdout.write(m.section(m.demo_output(Path(sys.argv[1]))))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script, str(page)],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"<!-- demo -->\n{shown}\n<!-- /demo -->" in (ROOT / "README.md").read_text()
    assert page.stat().st_size > 10_000
    assert (ROOT / "docs" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_every_page_that_a_document_links_to_exists() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: no {target}"
