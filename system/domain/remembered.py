"""What the portfolio keeps on its disk: the highest equity there has been, and the prices at the end of each horizon.

Positions are told anew to each life; these two nobody else has. A drawdown that a restart forgets is none, and value at
risk without a past says nothing for as long as it takes to have one again.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from squall.system.domain.ids import Symbol


class Remembered(Struct, frozen=True, gc=False, array_like=True):
    """One record: what was new at some marks."""

    peak: int
    """In parts of `portfolio.Money`."""
    marks: dict[Symbol, int]
    """Where these marks ended a horizon; otherwise none."""
    day: int = 0
    """Of which day the peak is. What was written before days were is of day 0."""


_DECODER: Final = msgspec.msgpack.Decoder(Remembered)

encode_remembered: Final[Callable[[Remembered], bytes]] = msgspec.msgpack.Encoder().encode


def recalled(records: Iterable[bytes], observations: int, day: int) -> tuple[int, list[dict[Symbol, int]]]:
    """The highest peak of this day in a file, 0 where there is none, and its latest marks, of whichever days: those of
    so many horizons."""
    peak, past = 0, list[dict[Symbol, int]]()
    for data in records:
        record = _DECODER.decode(data)
        if record.day == day:
            peak = max(peak, record.peak)
        if record.marks:
            past.append(record.marks)
    return peak, past[-observations - 1 :]
