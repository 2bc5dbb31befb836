"""Writes a trace as JSON Lines: a header first, one record a line, the whole file or none of it."""

from contextlib import suppress
from errno import EINVAL, ELOOP
from io import BufferedWriter
from os import strerror
from pathlib import Path
from stat import S_IFDIR, S_IFIFO, S_IFMT, S_IFSOCK
from typing import Any, Final

import msgspec

from squall.sim.trace import Record

_ENCODER: Final = msgspec.json.Encoder()


class NotAFileError(OSError):
    """Something that is no file stands in its place."""


def _readable(value: Any) -> Any:
    """Events and messages with the names of their fields: in the digest they are arrays, for speed."""
    if isinstance(value, msgspec.Struct):
        named = {name: _readable(getattr(value, name)) for name in value.__struct_fields__}
        return {"type": type(value).__name__, **named}
    if isinstance(value, tuple):
        return [_readable(each) for each in value]
    return value


def real_file(path: Path) -> Path:
    """Where a file of this name lies behind all symbolic links; it need not be there yet.

    OSError where something else is there: a device, a pipe or a socket must be neither written to nor replaced.
    """
    try:
        target = path.resolve()
    except RuntimeError:
        raise OSError(ELOOP, strerror(ELOOP)) from None
    if target.exists() and not target.is_file():
        kinds = {S_IFDIR: "folder", S_IFIFO: "pipe", S_IFSOCK: "socket"}
        kind = kinds.get(S_IFMT(target.stat().st_mode), "device")
        raise NotAFileError(EINVAL, f"expected a file, found a {kind}")
    return target


class TraceFile:
    """A sink. It writes beside its target until `keep` puts the file in place; `discard` leaves nothing.

    OSError where the file cannot be opened, or cannot be kept. A symbolic link stays: what it points to is written.
    """

    def __init__(self, target: Path, scenario: str, seed: int) -> None:
        self._target = target = real_file(target)
        self._part = target.with_name(f".{target.name}.part")
        self._file: BufferedWriter | None = self._part.open("wb")
        self._error: OSError | None = None
        header = {
            "schema": 1,
            "scenario": scenario,
            "seed": seed,
            "fields": list(Record.__struct_fields__),
        }
        self._write(header)

    def _write(self, value: object) -> None:
        if self._file is not None:
            self._file.write(_ENCODER.encode(value) + b"\n")

    def write(self, record: Record) -> None:
        """One record, one line.

        A full disk is not told before `keep`: we are called from within a program's handler, where an error
        would pass for the program's own.
        """
        if self._error is None:
            try:
                self._write([_readable(getattr(record, name)) for name in Record.__struct_fields__])
            except OSError as error:
                self._error = error

    def keep(self) -> None:
        """The run is over: put the file in place. OSError, and nothing left behind, where it is not whole."""
        if self._file is None:
            return
        try:
            if self._error is not None:
                raise self._error
            self._file.close()
            self._part.replace(self._target)
        except OSError:
            self.discard()
            raise
        self._file = None

    def discard(self) -> None:
        """The run failed: leave nothing behind."""
        if self._file is not None:
            with suppress(OSError):  # what it still holds may not fit on the disk either
                self._file.close()
            self._file = None
            self._part.unlink(missing_ok=True)
