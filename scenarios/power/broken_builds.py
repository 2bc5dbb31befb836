"""Builds of Squall that are broken on purpose: copies of the source with one planted bug, described as data."""

import shutil
import tomllib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

ROOT: Final = Path(__file__).resolve().parents[2]
PARTS: Final = ("sim", "system", "faults", "scenarios", "reports")


class BugError(ValueError):
    """A planted bug that cannot be planted: one line with the file, the bug and what is wrong."""


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """Replace *old*, which occurs once in *file* (its path in the project), by *new*."""

    file: str
    old: str
    new: str


class Bug(Struct, frozen=True, forbid_unknown_fields=True):
    """One broken build. *origin*: an erratum, a history, ``protection removed``, ``mutation``; or a control.

    A bug is made of edits, or of settings (``section.key=value``) that take a protection away.
    """

    name: str
    origin: str
    what: str
    edits: tuple[Edit, ...] = ()
    settings: tuple[str, ...] = ()


class _Zoo(Struct, frozen=True, forbid_unknown_fields=True):
    bug: tuple[Bug, ...]


def load_bugs(path: Path) -> tuple[Bug, ...]:
    """All bugs of a TOML file with a list ``[[bug]]``. BugError where the file, or one of them, is none."""
    try:
        zoo = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Zoo)
    except OSError as error:
        raise BugError(f"{path.name}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BugError(f"{path.name}: {error}") from None
    taken: dict[str, Bug] = {}
    for bug in zoo.bug:
        if bug.name in taken:
            raise BugError(f"{path.name}: two bugs are called {bug.name!r}")
        if not bug.edits and not bug.settings:
            raise BugError(f"{path.name}: {bug.name}: expected edits or settings, found neither")
        taken[bug.name] = bug
    return zoo.bug


def check_edits(bug: Bug, root: Path = ROOT) -> None:
    """BugError where the source has changed under a bug, so that it could not be planted any more."""
    texts: dict[str, str] = {}
    for edit in bug.edits:
        path = root / edit.file
        if edit.file not in texts:
            if not path.is_file():
                raise BugError(f"{bug.name}: no file {edit.file}")
            texts[edit.file] = path.read_text(encoding="utf-8")
        found = texts[edit.file].count(edit.old)
        if found != 1:
            raise BugError(f"{bug.name}: {edit.file}: expected the text to replace once, found it {found} times")
        texts[edit.file] = texts[edit.file].replace(edit.old, edit.new)


def plant(bug: Bug, into: Path, root: Path = ROOT) -> Path:
    """Copy the source to the empty folder *into* and break it there; returns what goes first on the import path.

    *root* is a checkout of squall, or a project of one's own, of which everything is copied that is not hidden.
    """
    check_edits(bug, root)
    ignored = shutil.ignore_patterns("__pycache__", ".*", "node_modules", "venv")
    if root != ROOT:
        shutil.copytree(root, into, ignore=ignored, symlinks=True)
    elif not (root / PARTS[0]).is_dir():
        raise BugError(f"{bug.name}: expected a checkout of squall's sources, found it installed without them: {root}")
    else:
        # What is compiled already comes along, as old as its source: only what is edited is compiled anew.
        shutil.copytree(root / "squall", into / "squall", symlinks=True)
        for part in PARTS:
            shutil.copytree(root / part, into / part)
    for edit in bug.edits:
        path = into / edit.file
        path.write_text(path.read_text(encoding="utf-8").replace(edit.old, edit.new), encoding="utf-8")
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()
    return into
