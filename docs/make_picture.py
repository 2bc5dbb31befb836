"""Takes the picture in the README: `python docs/make_picture.py report.html [docs/report.png]`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTH, HEIGHT = 1280, 1900
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--virtual-time-budget=4000",
)


def main(arguments: list[str]) -> str | None:
    """Photograph the page; returns what went wrong, in one line."""
    if len(arguments) not in (1, 2):
        return "usage: make_picture.py REPORT.html [PICTURE.png]"
    page = Path(arguments[0]).resolve()
    picture = Path(arguments[1] if len(arguments) == 2 else Path(__file__).with_name("report.png")).resolve()
    if not page.is_file():
        return f"{page}: no such report; `squall run SCENARIO --html {arguments[0]}` writes one"
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return f"no Chromium on the PATH (looked for {', '.join(BROWSERS)}): install it to take the picture"
    with tempfile.TemporaryDirectory() as profile:
        # Into the temporary folder first: a picture that fails leaves the old one in place.
        fresh = Path(profile) / "picture.png"
        command = [
            browser,
            *QUIET,
            f"--user-data-dir={profile}/profile",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={fresh}",
            page.as_uri(),
        ]
        try:
            ran = subprocess.run(command, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            return f"{browser}: no picture of {page} within 120 s"
        if not fresh.is_file():
            last = ran.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            return f"{browser}: no picture of {page}: {last[0]}"
        shutil.copyfile(fresh, picture)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
