"""A page as a picture, through a browser where there is one."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from squall.commands.exits import BadInput

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1280, 1900
LONGEST_S: Final = 120
_QUIET: Final = (
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


class PictureError(ValueError):
    """Why there is no picture: one line."""


def browser() -> str:
    """The browser that takes pictures; `PictureError` where there is none."""
    found = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if found is None:
        raise PictureError(
            f"no Chromium on the PATH (looked for {', '.join(BROWSERS)}): install it to take the picture"
        )
    return found


def can_take(path: str | None) -> None:
    """Refuse ``--png`` before anything runs where there is no browser."""
    if path is not None:
        try:
            browser()
        except PictureError as error:
            raise BadInput(f"--png {path}: {error}") from None


def photograph(page: Path, picture: Path, height: int = HEIGHT) -> None:
    """The page, *height* pixels of it, as a PNG. What stood there stays where that fails (`PictureError`)."""
    program = browser()
    with tempfile.TemporaryDirectory() as profile:
        fresh = Path(profile) / "picture.png"
        command = [
            program,
            *_QUIET,
            f"--user-data-dir={profile}/profile",
            f"--window-size={WIDTH},{height}",
            f"--screenshot={fresh}",
            page.resolve().as_uri(),
        ]
        try:
            ran = subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=False)
        except subprocess.TimeoutExpired:
            raise PictureError(f"{program}: no picture of {page} within {LONGEST_S} s") from None
        if not fresh.is_file():
            last = ran.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise PictureError(f"{program}: no picture of {page}: {last[0]}")
        shutil.copyfile(fresh, picture)


def photograph_text(html: str, picture: Path, height: int = HEIGHT) -> None:
    """The same of a page that is not in a file."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(html, encoding="utf-8")
        photograph(page, picture, height)
