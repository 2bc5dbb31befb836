"""Work in steps: the same from one process and from several, each step when the one before is whole."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from squall.scenarios.steps import Here, Pool

Numbers = Generator[Sequence[int], list[int], Any]


def doubled(piece: int) -> int:
    if piece < 0:
        raise ValueError(f"expected a number, found {piece}")
    return 2 * piece


def grown(start: int, steps: int) -> Numbers:
    """Doubles a number and its neighbour so many times over; returns their sums, in order."""
    sums = []
    for _ in range(steps):
        one, other = yield [start, start + 1]
        assert other == one + 2, "they come in their order"
        start = one
        sums.append(one + other)
    return sums


def everything(working: Here | Pool) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def then(key: str, value: Any) -> Iterator[tuple[str, Numbers]]:
        found[key] = value
        if key in ("a", "c"):
            yield f"{key}+", grown(sum(value), 1)

    working.work([("a", grown(1, 3)), ("b", grown(2, 0)), ("c", grown(5, 1)), ("d", grown(3, 2))], doubled, then)
    return found


def test_what_follows_is_done_too_and_steps_may_end_before_the_first() -> None:
    assert everything(Here()) == {"a": [6, 10, 18], "a+": [138], "b": [], "c": [22], "c+": [90], "d": [14, 26]}


@pytest.mark.parametrize("jobs", [2, 3])
def test_several_come_to_the_same_as_one(jobs: int) -> None:
    with ThreadPoolExecutor(jobs) as executor:
        assert everything(Pool(cast(Any, executor), jobs)) == everything(Here())


def test_a_piece_that_fails_ends_the_work_with_its_error() -> None:
    with ThreadPoolExecutor(2) as executor, pytest.raises(ValueError, match="expected a number, found -1"):
        Pool(cast(Any, executor), 2).work([("a", grown(-1, 1)), ("b", grown(1, 5))], doubled, lambda *_: ())
