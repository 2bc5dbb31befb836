"""How long to wait before something is tried again, so that many who try do not keep each other from succeeding."""

from typing import Final

MOST_DOUBLINGS: Final = 30


def wait_ns(interval_ns: int, longest_ns: int, failures: int, draw: float) -> int:
    """Twice as long with each failure after the first, and from then on up to a half shorter, by *draw* in [0, 1).

    The draw spreads those who failed together: without it they come back together.
    """
    if failures <= 1:
        return interval_ns
    longest = min(interval_ns << min(failures - 1, MOST_DOUBLINGS), longest_ns)
    return longest - int(longest * draw / 2)
