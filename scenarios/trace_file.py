"""Writes a trace as JSON Lines: a header first, one record a line, the whole file or none of it."""

from io import BufferedWriter
from pathlib import Path
from typing import Final

import msgspec

from squall.sim.trace import Record

_ENCODER: Final = msgspec.json.Encoder()


class TraceFile:
    """A sink. It writes beside its target until `keep` puts the file in place; `discard` leaves nothing behind."""

    def __init__(self, target: Path, scenario: str, seed: int) -> None:
        self._target = target
        self._part = target.with_name(f".{target.name}.part")
        self._file: BufferedWriter | None = self._part.open("wb")
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
        """One record, one line."""
        self._write(record)

    def keep(self) -> None:
        """The run is over: put the file in place."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._part.replace(self._target)

    def discard(self) -> None:
        """The run failed: leave nothing behind."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._part.unlink(missing_ok=True)
