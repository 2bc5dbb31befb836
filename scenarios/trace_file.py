"""Writes a trace as JSON Lines: a header first, one record a line, the whole file or none of it."""

from contextlib import suppress
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final

import msgspec

from squall.sim.trace import Record

_ENCODER: Final = msgspec.json.Encoder()


def _readable(value: Any) -> Any:
    """Events and messages with the names of their fields: in the digest they are arrays, for speed."""
    if isinstance(value, msgspec.Struct):
        named = {name: _readable(getattr(value, name)) for name in value.__struct_fields__}
        return {"type": type(value).__name__, **named}
    if isinstance(value, tuple):
        return [_readable(each) for each in value]
    return value


class TraceFile:
    """A sink. It writes beside its target until `keep` puts the file in place; `discard` leaves nothing.

    OSError where the file cannot be opened, or cannot be kept.
    """

    def __init__(self, target: Path, scenario: str, seed: int) -> None:
        self._target = target
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
