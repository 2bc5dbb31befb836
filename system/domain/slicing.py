"""Cutting a parent order into slices of whole lots: evenly over time, along a volume profile, or by a share of volume.

A schedule is a *trajectory*: how much is to have been let out by when. Slices are differences of that trajectory,
rounded as it goes along (cumulative rounding), rather than each by itself with the remainders shared out afterwards
(largest remainder). Both sum exactly to the parent. Cumulative rounding is also never further than half a step from the
ideal at any boundary, never goes back, needs no ties broken, and one boundary can be known without the others, which
is what catching up after a pause asks for.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from msgspec import Struct


class Window(Struct, frozen=True, gc=False):
    """From when until when, on the wall clock; half-open. ValueError where it is empty."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            raise ValueError(f"window: found {self.start_ns} to {self.end_ns} ns, expected an end after the start")

    @property
    def length_ns(self) -> int:
        return self.end_ns - self.start_ns


class Slice(Struct, frozen=True, gc=False):
    """So many lots are due from this moment on."""

    at_ns: int
    lots: int


def twap(lots: int, window: Window, slices: int, step_lots: int = 1) -> tuple[Slice, ...]:
    """Evenly over time: *slices* of one length, and as equal as whole steps of *step_lots* allow."""
    return _sliced(lots, _evenly(window, slices), (1,) * slices, step_lots)


def vwap(lots: int, window: Window, day: Window, profile: Sequence[int], step_lots: int = 1) -> tuple[Slice, ...]:
    """Along the volume that is expected of the *day*, which *profile* cuts into intervals of one length.

    There is one slice for each interval of the profile that the window touches, with the share of its volume that the
    window has: a schedule that starts in mid-day keeps to the rest of the profile, and ends with its window. Where no
    volume is expected in the whole window it is even over time.
    """
    if not profile or min(profile) < 0:
        raise ValueError(f"profile: found {tuple(profile)}, expected volumes of at least 0")
    edges = (*_evenly(day, len(profile)), day.end_ns)
    starts: list[int] = []
    weights: list[int] = []
    for (from_ns, to_ns), volume in zip(pairwise(edges), profile, strict=True):
        from_ns, to_ns = max(from_ns, window.start_ns), min(to_ns, window.end_ns)
        if from_ns < to_ns:
            starts.append(from_ns)
            # Intervals differ in length by up to a nanosecond, which is not worth a fraction.
            weights.append(volume * (to_ns - from_ns))
    if not starts:
        raise ValueError(f"window: found {window}, expected one that touches the day, {day}")
    if not any(weights):
        return twap(lots, window, len(starts), step_lots)
    return _sliced(lots, starts, weights, step_lots)


def along(trajectory: Sequence[int], window: Window) -> tuple[Slice, ...]:
    """As the holdings fall: *trajectory* is what is left at each edge of intervals of one length, down to 0."""
    starts = _evenly(window, len(trajectory) - 1)
    sold = [before - after for before, after in pairwise(trajectory)]
    return tuple(Slice(at_ns, lots) for at_ns, lots in zip(starts, sold, strict=True))


def followed_lots(traded_lots: int, percent: int, step_lots: int = 1) -> int:
    """What an order that wants this share of all volume may have traded of it by now: rounded down, it is a cap."""
    return traded_lots * percent // 100 // step_lots * step_lots


def due_lots(slices: Sequence[Slice], now_ns: int) -> int:
    """How much of a schedule is to have been let out by now."""
    return sum(each.lots for each in slices if each.at_ns <= now_ns)


def next_slice_ns(slices: Sequence[Slice], now_ns: int) -> int | None:
    """When the next slice with anything in it begins; None after the last one."""
    return min((each.at_ns for each in slices if each.at_ns > now_ns and each.lots), default=None)


def split(lots: int, weights: Sequence[int], step_lots: int = 1) -> tuple[int, ...]:
    """Shares in proportion to the weights, in whole steps, which sum to *lots* exactly: see above.

    ValueError where the lots are not a whole number of steps, or where nobody has any weight.
    """
    whole = sum(weights)
    if lots < 0 or lots % step_lots:
        raise ValueError(f"lots: found {lots}, expected a whole number of steps of {step_lots}")
    if whole <= 0 or min(weights) < 0:
        raise ValueError(f"weights: found {tuple(weights)}, expected some, and none below 0")
    edges = [nearest(lots // step_lots * upto, whole) * step_lots for upto in accumulate(weights, initial=0)]
    return tuple(after - before for before, after in pairwise(edges))


def nearest(numerator: int, denominator: int) -> int:
    """The whole number that is nearest to the fraction; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _evenly(window: Window, slices: int) -> tuple[int, ...]:
    """Where each of so many parts of the window begins: none is off by as much as a nanosecond."""
    if slices < 1:
        raise ValueError(f"slices: found {slices}, expected at least 1")
    return tuple(window.start_ns + window.length_ns * index // slices for index in range(slices))


def _sliced(lots: int, starts: Sequence[int], weights: Sequence[int], step_lots: int) -> tuple[Slice, ...]:
    shares = split(lots, weights, step_lots)
    return tuple(Slice(at_ns, share) for at_ns, share in zip(starts, shares, strict=True))
