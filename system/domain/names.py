"""Names that were given once and must not be given again, in memory that does not grow with their number."""

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct


class _Run(Struct):
    """Numbers from *first* to *last*, all of them."""

    first: int
    last: int


class Names:
    """A set of names. Those that end in a number are kept as runs of numbers behind what precedes them.

    A strategy numbers its orders one by one (``pulse-ACME-17``), so a day of them is a run or two a symbol. Names
    without a number, or with one that begins with a zero, are kept as they are.
    """

    __slots__ = ("_count", "_odd", "_runs")

    def __init__(self, runs: dict[str, list[tuple[int, int]]] | None = None, odd: tuple[str, ...] = ()) -> None:
        self._runs = {stem: [_Run(*run) for run in each] for stem, each in (runs or {}).items()}
        self._odd: dict[str, None] = dict.fromkeys(odd)
        self._count = len(odd) + sum(run.last - run.first + 1 for each in self._runs.values() for run in each)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, name: str) -> bool:
        stem, number = _split(name)
        if number is None:
            return name in self._odd
        runs = self._runs.get(stem)
        if not runs:
            return False
        if number >= runs[-1].first:  # nearly always
            return number <= runs[-1].last
        at = _place(runs, number)
        return at > 0 and number <= runs[at - 1].last

    def add(self, name: str) -> None:
        """Nothing changes where it is there already."""
        stem, number = _split(name)
        if number is None:
            self._count += name not in self._odd
            self._odd[name] = None
            return
        runs = self._runs.setdefault(stem, [])
        if runs and number == runs[-1].last + 1:  # nearly always
            runs[-1].last = number
            self._count += 1
            return
        at = _place(runs, number)
        if at and number <= runs[at - 1].last:
            return
        self._count += 1
        if at and number == runs[at - 1].last + 1:
            runs[at - 1].last = number
        else:
            runs.insert(at, _Run(number, number))
            at += 1
        if at < len(runs) and runs[at].first == number + 1:
            runs[at - 1].last = runs.pop(at).last

    def runs(self) -> dict[str, list[tuple[int, int]]]:
        """What it holds, for a snapshot: from this and `odd` another one is made."""
        return {stem: [(run.first, run.last) for run in each] for stem, each in self._runs.items()}

    def odd(self) -> tuple[str, ...]:
        return tuple(self._odd)

    def pieces(self) -> Iterator[int]:
        """How many things are kept for each stem, and for all odd names: what the memory report counts."""
        yield from (len(each) for each in self._runs.values())
        yield len(self._odd)


def _place(runs: list[_Run], number: int) -> int:
    """Where a run that begins with *number* would stand behind its equals."""
    return bisect_right(runs, number, key=lambda run: run.first)


@lru_cache(maxsize=1_024)  # each name is looked up, and then added, by everybody who folds the same log
def _split(name: str) -> tuple[str, int | None]:
    """What precedes the number that a name ends in, and the number; None where there is none to go by."""
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    if not digits or (digits[0] == "0" and len(digits) > 1) or not digits.isascii():
        return name, None
    return stem, int(digits)
