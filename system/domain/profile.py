"""Which volume profile a VWAP follows: what was recorded where that is enough, and else what is usual, saying why."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

USUAL_PROFILE: Final = (18, 11, 9, 8, 7, 7, 8, 9, 11, 12)
"""Volume over the day in tenths, in percent: busy at the opening and before the close."""
SCALE: Final = 1_000
"""Lots a bar, in thousandths."""


class Basis(Enum):
    """What a profile rests on."""

    RECORDED = "recorded volume"
    UNANSWERED = "usual volume: the tick store has not answered"
    THIN = "usual volume: too little was recorded"


def profile_of(recorded: Sequence[int] | None, bars_min: int) -> tuple[tuple[int, ...], Basis]:
    """*recorded*: for each part of the day what was traded in it, and in how many bars; None where nobody has said it.

    What counts is what is traded in a bar: a part of which bars are missing, or that today has come to already and
    another one has not, is not a quieter or a busier one for it.
    """
    if recorded is None:
        return USUAL_PROFILE, Basis.UNANSWERED
    lots, bars = recorded[::2], recorded[1::2]
    if not any(lots) or min(bars) < bars_min:
        return USUAL_PROFILE, Basis.THIN
    return tuple(traded * SCALE // counted for traded, counted in zip(lots, bars, strict=True)), Basis.RECORDED
