"""Takes the picture in the README: `python docs/make_picture.py report.html [docs/report.png]`."""

import sys
from pathlib import Path

from squall.commands.picture import PictureError, photograph


def main(arguments: list[str]) -> str | None:
    """Photograph the page; returns what went wrong, in one line."""
    if len(arguments) not in (1, 2):
        return "usage: make_picture.py REPORT.html [PICTURE.png]"
    page = Path(arguments[0]).resolve()
    picture = Path(arguments[1] if len(arguments) == 2 else Path(__file__).with_name("report.png")).resolve()
    if not page.is_file():
        return f"{page}: no such report; `squall run SCENARIO --html {arguments[0]}` writes one"
    try:
        photograph(page, picture)
    except PictureError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
